//! What every request passes through: its id, its log line and numbers, panics, time limits, headers.

use super::error::{problem_response, with_status};
use super::extract::ClientAddress;
use crate::world::World;
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt as _;
use kernel::problem::{Class, Problem};
use rand::Rng as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

tokio::task_local! {
    static REQUEST_ID: String;
}

static REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the present request: it stands in its log lines, in its response header, and in a failure of our own.
pub(super) fn opaque_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_else(|_| "outside-a-request".to_owned())
}

/// Gives the request its id, then logs and counts how it ended. A panic becomes a problem.
pub(super) async fn observe(State(world): State<World>, request: Request, next: Next) -> Response {
    let id = format!("{:016x}", world.rng().next_u64());
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let started = Instant::now();
    let run = REQUEST_ID.scope(id.clone(), async {
        AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            problem_response(Problem::new(Class::Internal, "internal", format!("a handler panicked: {text}")))
        })
    });
    let mut response = run.await;
    let (status, took) = (response.status().as_u16(), started.elapsed());
    tracing::debug!(%id, %method, %route, status, took_ms = took.as_secs_f64() * 1000.0, "request");
    let labels = [("method", method_label(&method).to_owned()), ("route", route), ("status", status.to_string())];
    metrics::counter!("mainspring_http_requests_total", &labels).increment(1);
    metrics::histogram!("mainspring_http_request_seconds", &labels[..2]).record(took.as_secs_f64());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID_HEADER.clone(), value);
    }
    response
}

/// The method as a label: a caller may send any word, and each would be kept for ever.
fn method_label(method: &Method) -> &'static str {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.iter().zip(names).find(|(known, _)| *known == method).map_or("other", |(_, name)| name)
}

/// Longest an ordinary request may take: beyond the longest SQL question.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(kernel::limits::SQL_SECONDS_MAX + 10);

/// Ends a request that takes too long.
pub(super) async fn deadline(request: Request, next: Next) -> Response {
    tokio::time::timeout(REQUEST_TIME_MAX, next.run(request)).await.unwrap_or_else(|_| {
        let message = format!("The request took longer than {} s and was given up.", REQUEST_TIME_MAX.as_secs());
        problem_response(Problem::new(Class::Unavailable, "too_slow", message).retry_after(5))
    })
}

/// Finds out where the request comes from.
pub(super) async fn address(State(trust_proxy): State<bool>, mut request: Request, next: Next) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    // The last address was added by the proxy that speaks to us; those before it are the caller's own claims.
    let told = trust_proxy.then(|| {
        let header = request.headers().get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        header.rsplit(',').next()?.trim().parse::<IpAddr>().ok()
    });
    let address = told.flatten().unwrap_or(peer);
    request.extensions_mut().insert(ClientAddress(address));
    next.run(request).await
}

/// Headers that keep a browser from doing what a page was not meant to do. A handler's own value stays.
pub(super) async fn harden(request: Request, next: Next) -> Response {
    let private = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; \
                  script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'";
    for (name, value) in [
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if private {
        headers.entry("cache-control").or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// Nothing is there.
pub(super) async fn not_found(request: Request<Body>) -> Response {
    let message = format!("There is nothing at {}.", request.uri().path().chars().take(200).collect::<String>());
    problem_response(Problem::new(Class::NotFound, "no_such_route", message))
}

/// Something is there, but not for this method. HTTP wants 405, which no class of problem has.
pub(super) async fn wrong_method(request: Request<Body>) -> Response {
    let message = format!("{} is not possible at {}.", request.method(), request.uri().path());
    let problem = Problem::new(Class::NotFound, "method_not_allowed", message);
    with_status(&problem, axum::http::StatusCode::METHOD_NOT_ALLOWED)
}
