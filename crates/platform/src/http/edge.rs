//! The whole server put together: routes behind the gate, and the layers around them.

use super::gate::{Authenticator, Gate};
use super::layers;
use super::routes::{Access, RouteRecord, Routes};
use crate::world::World;
use axum::extract::{DefaultBodyLimit, Extension, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse as _;
use axum::routing::MethodRouter;
use kernel::problem::Problem;
use std::sync::Arc;
use tower::ServiceExt as _;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use utoipa::PartialSchema as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

/// Limits of the edge.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// Requests a user, key or (for public routes) address may make in a minute.
    pub requests_per_minute: u32,
    /// Whether `X-Forwarded-For` is believed: only behind a proxy that sets it.
    pub trust_proxy: bool,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self { requests_per_minute: 1_200, trust_proxy: false }
    }
}

/// The server in the making.
pub struct Edge {
    gate: Gate,
    world: World,
    settings: EdgeSettings,
    routes: Routes,
    open: axum::Router,
    open_records: Vec<RouteRecord>,
    pages: Option<MethodRouter>,
    documented: Option<fn(&OpenApi) -> axum::Router>,
}

impl Edge {
    /// A server without routes.
    #[must_use]
    pub fn new(authenticator: Arc<dyn Authenticator>, world: World, settings: EdgeSettings) -> Self {
        let gate = Gate::new(authenticator, settings.requests_per_minute);
        Self {
            gate,
            world,
            settings,
            routes: Routes::at_root(),
            open: axum::Router::new(),
            open_records: Vec::new(),
            pages: None,
            documented: None,
        }
    }

    /// Adds the routes of a slice.
    #[must_use]
    pub fn routes(mut self, routes: Routes) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Adds routes that look after themselves: they pass the layers, but not the gate. Their methods and paths go into
    /// the list of routes.
    #[must_use]
    pub fn add_open(mut self, router: axum::Router, list: &[(&'static str, &str)]) -> Self {
        self.open = self.open.merge(router);
        self.open_records.extend(list.iter().map(|(method, path)| RouteRecord {
            method,
            path: (*path).to_owned(),
            operation: String::new(),
            access: Access::Open,
        }));
        self
    }

    /// Routes made of the finished OpenAPI document, for whoever wants to read it. They pass the layers, not the gate.
    #[must_use]
    pub fn documented(mut self, routes: fn(&OpenApi) -> axum::Router, list: &[(&'static str, &str)]) -> Self {
        self = self.add_open(axum::Router::new(), list);
        self.documented = Some(routes);
        self
    }

    /// What answers where no route does, outside `/api/` and `/v1/`: the pages of the web app.
    #[must_use]
    pub fn pages(mut self, pages: MethodRouter) -> Self {
        self.pages = Some(pages);
        self
    }

    /// The server, its OpenAPI document, and the list of its routes.
    pub fn into_parts(self) -> (axum::Router, OpenApi, Vec<RouteRecord>) {
        let (router, mut document, mut records) = self.routes.into_parts();
        finish_document(&mut document);
        records.extend(self.open_records);
        let documented = self.documented.map(|routes| routes(&document)).unwrap_or_default();
        let router = router.merge(self.open).merge(documented).method_not_allowed_fallback(layers::wrong_method);
        let router = match self.pages {
            Some(pages) => router.fallback(move |request: Request| pages_or_nothing(pages.clone(), request)),
            None => router.fallback(layers::not_found),
        };
        // A stream of events must not wait for the compressor to have enough.
        let compress = CompressionLayer::new()
            .compress_when(DefaultPredicate::new().and(NotForContentType::const_new("application/octet-stream")));
        let router = router
            .layer(DefaultBodyLimit::max(kernel::limits::BODY_BYTES_MAX))
            .layer(Extension(self.gate))
            .layer(from_fn(layers::harden))
            .layer(compress)
            .layer(from_fn_with_state(self.world, layers::observe))
            .layer(from_fn_with_state(self.settings.trust_proxy, layers::address));
        (router, document, records)
    }
}

async fn pages_or_nothing(pages: MethodRouter, request: Request) -> axum::response::Response {
    let path = request.uri().path();
    if ["/api/", "/v1/"].iter().any(|prefix| path.starts_with(prefix)) {
        return layers::not_found(request).await;
    }
    match pages.oneshot(request).await {
        Ok(response) => response.into_response(),
        Err(never) => match never {},
    }
}

/// Completes an OpenAPI document: what it is about, how one signs in, the schema of a problem.
pub fn finish_document(document: &mut OpenApi) {
    document.info.title = "Mainspring".to_owned();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document.info.description = Some(
        "Everything the web app does. Sign in with `POST /api/v1/session`, or send an API key as `Authorization: Bearer`. \
         `Mainspring-Workspace` names the workspace; left out, it is the caller's first."
            .to_owned(),
    );
    let components = document.components.get_or_insert_default();
    components.schemas.insert(<Problem as utoipa::ToSchema>::name().into_owned(), Problem::schema());
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(super::gate::SESSION_COOKIE)));
    components.add_security_scheme("session", cookie);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
}
