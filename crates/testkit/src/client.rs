//! A caller of routes, without a socket: the whole edge with its gate and layers, in process.

use crate::TestPlatform;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use platform::http::{Edge, EdgeSettings, Routes};
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt as _;

/// Calls routes, with a session cookie, an API key or nothing.
#[derive(Clone)]
pub struct Client {
    router: Router,
    headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; null when there is none.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of a problem; empty when it is none.
    #[must_use]
    pub fn code(&self) -> String {
        serde_json::from_slice::<Value>(&self.body)
            .ok()
            .and_then(|body| body.get("code").and_then(Value::as_str).map(str::to_owned))
            .unwrap_or_default()
    }

    /// The same answer, after checking its status.
    ///
    /// # Panics
    /// When the status is another.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The session token the answer sets.
    #[must_use]
    pub fn session_token(&self) -> Option<String> {
        let cookie = self.headers.get("set-cookie")?.to_str().ok()?;
        let token = cookie.strip_prefix("mainspring_session=")?.split(';').next()?;
        (!token.is_empty()).then(|| token.to_owned())
    }
}

impl Client {
    /// Calls the routes of a platform; nobody is signed in.
    #[must_use]
    pub fn new(platform: &platform::Platform, routes: Vec<Routes>) -> Self {
        Self::with(platform, routes, EdgeSettings { requests_per_minute: 1_000_000, trust_proxy: true })
    }

    /// The same with limits of one's own.
    #[must_use]
    pub fn with(platform: &platform::Platform, routes: Vec<Routes>, settings: EdgeSettings) -> Self {
        let edge = Edge::new(Arc::new(platform.accounts.clone()), platform.world.clone(), settings);
        let (router, _, _) = routes.into_iter().fold(edge, Edge::routes).into_parts();
        Self { router, headers: Vec::new() }
    }

    /// Calls a router that was put together elsewhere.
    #[must_use]
    pub fn of(router: Router) -> Self {
        Self { router, headers: Vec::new() }
    }

    /// The same client with a header on each request.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same client without a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// The same client with a session, as the web app sends it.
    #[must_use]
    pub fn session(self, token: &str) -> Self {
        self.header("cookie", &format!("other=1; mainspring_session={token}")).header("mainspring-client", "test")
    }

    /// The same client with an API key.
    #[must_use]
    pub fn key(self, secret: &str) -> Self {
        self.without("cookie").header("authorization", &format!("Bearer {secret}"))
    }

    /// Sends a request with a JSON body, or with none.
    ///
    /// # Panics
    /// When the request cannot be built.
    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bytes = body.map(|body| Bytes::from(body.to_string()));
        let kind = bytes.is_some().then_some("application/json");
        self.raw(method, path, bytes.unwrap_or_default(), kind).await
    }

    /// Sends bytes.
    ///
    /// # Panics
    /// When the request cannot be built.
    pub async fn raw(&self, method: &str, path: &str, body: Bytes, content_type: Option<&str>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(kind) = content_type {
            request = request.header("content-type", kind);
        }
        let request = request.body(Body::from(body)).expect("a request");
        let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let (status, headers) = (response.status(), response.headers().clone());
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
        Answer { status: StatusCode::as_u16(&status), headers, body }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// POST with JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    /// PUT with JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some(body)).await
    }

    /// PATCH with JSON.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }
}

impl TestPlatform {
    /// A client of these routes, with the owner signed in.
    #[must_use]
    pub fn client(&self, routes: Vec<Routes>) -> Client {
        Client::new(&self.platform, routes).session(&self.set_up.session.token)
    }
}
