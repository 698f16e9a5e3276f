//! Is it alive, is it ready, and its numbers.
//!
//! **Invariant:** the numbers name workspaces, so they are for whoever has the token, or for this machine alone.

use super::error::ApiResult;
use super::extract::ClientAddress;
use super::routes::{Access, Routes};
use crate::auth::token_hash;
use crate::config::ServerConfig;
use crate::sql::Databases;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use kernel::problem::{Class, Problem};
use std::sync::Arc;
use utoipa_axum::routes;

/// Who may read the numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsAccess {
    /// The token to be sent; empty: none, and only this machine may ask.
    pub token: String,
    /// Whether the address of a request is what a proxy says.
    pub trust_proxy: bool,
}

impl MetricsAccess {
    /// As a server is set up; none when it is not to show its numbers.
    #[must_use]
    pub fn of(server: &ServerConfig) -> Option<Self> {
        server.metrics.then(|| Self { token: server.metrics_token.clone(), trust_proxy: server.trust_proxy })
    }

    fn check(&self, headers: &HeaderMap, from: ClientAddress) -> Result<(), Problem> {
        if self.token.is_empty() {
            // A proxy on this machine speaks from here on behalf of others.
            let on_behalf =
                !self.trust_proxy && ["x-forwarded-for", "forwarded"].iter().any(|name| headers.contains_key(*name));
            if from.0.to_canonical().is_loopback() && !on_behalf {
                return Ok(());
            }
            let message = "Without a token the numbers are shown on the machine itself only. Set server.metrics_token.";
            return Err(Problem::new(Class::Forbidden, "metrics_local_only", message));
        }
        let sent =
            headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| text.split_once(' '));
        let sent = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        // Hashes are compared, so that the time it takes says nothing about the token.
        if sent.is_some_and(|sent| token_hash(sent) == token_hash(&self.token)) {
            return Ok(());
        }
        let message = "Send server.metrics_token as `Authorization: Bearer …`.";
        Err(Problem::new(Class::Unauthenticated, "metrics_token_needed", message))
    }
}

/// Whether a part of the program can do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// For some workspaces it cannot, and why; the others are served.
    Partly(String),
    /// It cannot, and why.
    No(String),
}

/// A part of the program that can tell whether it is ready. Asked often, so it answers from memory.
pub trait Ready: Send + Sync + 'static {
    /// How it stands now. The text is shown to anybody.
    fn readiness(&self) -> Readiness;
}

#[derive(Clone)]
struct Parts {
    databases: Databases,
    others: Vec<Arc<dyn Ready>>,
}

/// `/healthz`, `/readyz` and, when somebody may read them, `/metrics`.
#[must_use]
pub fn health_routes(databases: Databases, others: Vec<Arc<dyn Ready>>, numbers: Option<MetricsAccess>) -> Routes {
    let parts = Parts { databases, others };
    let routes =
        Routes::at_root().add(Access::Public, routes!(healthz), ()).add(Access::Public, routes!(readyz), parts);
    match numbers {
        Some(numbers) => routes.add(Access::Public, routes!(metrics), numbers),
        None => routes,
    }
}

/// Whether the process answers at all.
#[utoipa::path(get, path = "/healthz", operation_id = "health_live", tag = "health",
    responses((status = 200, description = "The process is alive", body = String)))]
async fn healthz() -> &'static str {
    "ok"
}

/// Whether the process can do its work: its databases answer, and events are taken in.
#[utoipa::path(get, path = "/readyz", operation_id = "health_ready", tag = "health", responses(
    (status = 200, description = "Ready; the text says what is not, when some workspaces are not served", body = String),
    (status = 503, description = "Not ready; the text says why", body = String)))]
async fn readyz(State(parts): State<Parts>) -> impl IntoResponse {
    if let Err(error) = parts.databases.control().query_one::<(i64,)>("select 1", vec![]).await {
        tracing::error!(%error, "not ready");
        return (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer".to_owned());
    }
    let mut notes = Vec::new();
    let mut status = StatusCode::OK;
    for part in &parts.others {
        match part.readiness() {
            Readiness::Ready => {}
            Readiness::Partly(note) => notes.push(note),
            Readiness::No(why) => {
                status = StatusCode::SERVICE_UNAVAILABLE;
                notes.push(why);
            }
        }
    }
    match (status, notes.is_empty()) {
        (_, true) => (status, "ready".to_owned()),
        (StatusCode::OK, false) => (status, format!("ready, but {}", notes.join("; "))),
        (_, false) => (status, notes.join("; ")),
    }
}

/// Counts and durations in the text form of Prometheus. Without `server.metrics_token`, for the machine itself only.
#[utoipa::path(get, path = "/metrics", operation_id = "health_metrics", tag = "health",
    responses((status = 200, description = "Metrics in the text form of Prometheus", body = String)))]
async fn metrics(
    State(access): State<MetricsAccess>,
    address: ClientAddress,
    headers: HeaderMap,
) -> ApiResult<impl IntoResponse> {
    access.check(&headers, address)?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], crate::telemetry::render_metrics()))
}
