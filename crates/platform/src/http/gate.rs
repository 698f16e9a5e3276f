//! The gate in front of every route: who calls, in which workspace, and whether they may.

use super::error::problem_response;
use super::extract::{ClientAddress, Scoped, SignedIn};
use super::routes::Access;
use async_trait::async_trait;
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use kernel::ids::{SessionId, UserId};
use kernel::problem::{Class, Problem};
use kernel::scope::Scope;
use std::num::NonZeroU32;
use std::sync::Arc;

/// The header that names the workspace of a request; `?workspace=` does too.
pub const WORKSPACE_HEADER: &str = "mainspring-workspace";
/// A header no page of another origin can set without asking: required where the browser sends a cookie by itself.
const CLIENT_HEADER: &str = "mainspring-client";

/// What a request brings to say who it is.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// The session cookie.
    Session(String),
    /// An API key.
    Key(String),
}

/// Who calls.
#[derive(Debug, Clone)]
pub struct Caller {
    /// In the workspace of the request; none for a user who belongs to no workspace.
    pub scope: Option<Scope>,
    /// The user and the session, when a user is signed in.
    pub user: Option<(UserId, SessionId)>,
    /// Whether the user has to choose a password before anything else.
    pub must_change_password: bool,
}

/// Turns credentials into a caller.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// Who this is, in the workspace of this short name (or the caller's first).
    async fn caller(&self, credentials: &Credentials, workspace: Option<&str>) -> Result<Caller, Problem>;
}

/// What the gate needs, put into each request by the edge.
#[derive(Clone)]
pub(super) struct Gate(Arc<Inner>);

struct Inner {
    authenticator: Arc<dyn Authenticator>,
    limiter: DefaultKeyedRateLimiter<String>,
}

impl Gate {
    pub(super) fn new(authenticator: Arc<dyn Authenticator>, requests_per_minute: u32) -> Self {
        let rate = NonZeroU32::new(requests_per_minute).unwrap_or(NonZeroU32::MIN);
        Self(Arc::new(Inner { authenticator, limiter: RateLimiter::keyed(Quota::per_minute(rate)) }))
    }

    fn limit(&self, who: String) -> Result<(), Problem> {
        if self.0.limiter.len() > 50_000 {
            self.0.limiter.retain_recent();
        }
        let Err(early) = self.0.limiter.check_key(&who) else { return Ok(()) };
        let seconds = early.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
        let message = format!("Too many requests. Try again in {seconds} s.");
        Err(Problem::new(Class::TooMany, "too_many_requests", message).retry_after(seconds))
    }

    /// Charges the address of somebody who is not known. Apart from what else comes from there: a sender with a wrong
    /// key must not keep the others of its office from signing in, or from being told to.
    fn of_stranger(&self, at: &str, address: &str, problem: Problem) -> Problem {
        self.limit(format!("{at} {address}")).err().unwrap_or(problem)
    }
}

/// The account of whoever calls a route that looks after itself: there, too, who is not known is counted, by itself.
#[derive(Clone)]
pub struct Stranger(Option<(Gate, String)>);

impl Stranger {
    /// What a caller is told who is not known: the problem, or to wait.
    #[must_use]
    pub fn told(&self, problem: Problem) -> Problem {
        match &self.0 {
            Some((gate, address)) => gate.of_stranger("stranger at an open route", address, problem),
            None => problem,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Stranger {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let gate = parts.extensions.get::<Gate>().cloned();
        Ok(Self(gate.map(|gate| (gate, address_of(&parts.extensions)))))
    }
}

fn address_of(extensions: &Extensions) -> String {
    let address = extensions.get::<ClientAddress>().map(|address| address.0.to_string());
    address.unwrap_or_else(|| "unknown".to_owned())
}

/// Runs in front of each handler that [`super::Routes`] holds.
pub(super) async fn guard(mut request: Request, next: Next) -> Response {
    match admit(&mut request).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem_response(problem),
    }
}

async fn admit(request: &mut Request) -> Result<(), Problem> {
    let broken = |what: &str| Problem::new(Class::Internal, "internal", format!("a route without {what}"));
    let access = request.extensions().get::<Access>().copied().ok_or_else(|| broken("access"))?;
    let gate = request.extensions().get::<Gate>().cloned().ok_or_else(|| broken("a gate"))?;
    if matches!(access, Access::Public | Access::Open) {
        return gate.limit(address_of(request.extensions()));
    }
    let address = address_of(request.extensions());
    let stranger = |problem: Problem| match problem.class {
        Class::Unauthenticated => gate.of_stranger("stranger", &address, problem),
        _ => problem,
    };
    // Who brings nothing guesses nothing: that is a browser before its user signs in, and is always told to.
    let Some(credentials) = credentials(request.headers()) else {
        let message = "Sign in, or send an API key as `Authorization: Bearer …`.";
        return Err(Problem::new(Class::Unauthenticated, "not_signed_in", message));
    };
    refuse_forgery(request, &credentials)?;
    let workspace = workspace_of(request);
    let caller = gate.0.authenticator.caller(&credentials, workspace.as_deref()).await.map_err(stranger)?;
    gate.limit(label(&caller))?;
    if let Access::Needs(permission) = access {
        if caller.must_change_password {
            let message = "Choose your own password first: the present one was made for you.";
            return Err(Problem::new(Class::Forbidden, "password_change_needed", message));
        }
        let Some(scope) = &caller.scope else {
            let message = "You do not belong to a workspace yet. Ask an owner to add you.";
            return Err(Problem::new(Class::Forbidden, "no_workspace", message));
        };
        scope.require(permission)?;
    }
    if access == Access::SignedIn && caller.user.is_none() {
        let message = "This is for people who are signed in, not for API keys.";
        return Err(Problem::new(Class::Forbidden, "needs_a_person", message));
    }
    if let Some(scope) = &caller.scope {
        request.extensions_mut().insert(Scoped(scope.clone()));
    }
    if let Some((user, session)) = caller.user {
        request.extensions_mut().insert(SignedIn { user, session, scope: caller.scope });
    }
    Ok(())
}

fn label(caller: &Caller) -> String {
    match (&caller.scope, &caller.user) {
        (_, Some((user, _))) => user.to_string(),
        (Some(scope), None) => scope.actor.label(),
        (None, None) => "nobody".to_owned(),
    }
}

/// A key wins over a cookie: whoever sends one means it.
fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some((scheme, key)) = bearer.and_then(|text| text.split_once(' '))
        && scheme.eq_ignore_ascii_case("bearer")
    {
        return Some(Credentials::Key(key.trim().to_owned()));
    }
    session_cookie(headers).map(Credentials::Session)
}

/// The session token in the cookies of a request.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        (name == SESSION_COOKIE).then(|| value.to_owned())
    })
}

/// The name of the session cookie.
pub(crate) const SESSION_COOKIE: &str = "mainspring_session";

/// The header that sets the session cookie, or takes it away.
pub(crate) fn session_cookie_header(token: Option<&str>, seconds: i64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let (token, seconds) = (token.unwrap_or(""), if token.is_some() { seconds } else { 0 });
    let text = format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn refuse_forgery(request: &Request, credentials: &Credentials) -> Result<(), Problem> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || matches!(credentials, Credentials::Key(_)) || request.headers().contains_key(CLIENT_HEADER) {
        return Ok(());
    }
    let message = "A change made with a session cookie needs the header `Mainspring-Client`, which only Mainspring's own \
                   pages can send.";
    Err(Problem::new(Class::Forbidden, "client_header_missing", message))
}

fn workspace_of(request: &Request) -> Option<String> {
    if let Some(value) = request.headers().get(WORKSPACE_HEADER) {
        return value.to_str().ok().map(str::to_owned);
    }
    let pairs = request.uri().query()?.split('&');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == "workspace")
        .map(|(_, slug)| slug.to_owned())
}
