//! Is it alive, is it ready, and its numbers.

use super::routes::{Access, Routes};
use crate::sql::Databases;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa_axum::routes;

/// `/healthz`, `/readyz` and `/metrics`.
#[must_use]
pub fn health_routes(databases: Databases) -> Routes {
    Routes::at_root().add(Access::Public, routes!(healthz), ()).add(Access::Public, routes!(readyz), databases).add(
        Access::Public,
        routes!(metrics),
        (),
    )
}

/// Whether the process answers at all.
#[utoipa::path(get, path = "/healthz", operation_id = "health_live", tag = "health",
    responses((status = 200, description = "The process is alive", body = String)))]
async fn healthz() -> &'static str {
    "ok"
}

/// Whether the process can do its work: its databases answer.
#[utoipa::path(get, path = "/readyz", operation_id = "health_ready", tag = "health", responses(
    (status = 200, description = "Ready", body = String),
    (status = 503, description = "Not ready; the text says why", body = String)))]
async fn readyz(State(databases): State<Databases>) -> impl IntoResponse {
    match databases.control().query_one::<(i64,)>("select 1", vec![]).await {
        Ok(_) => (StatusCode::OK, "ready"),
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
        }
    }
}

/// Counts and durations in the text form of Prometheus.
#[utoipa::path(get, path = "/metrics", operation_id = "health_metrics", tag = "health",
    responses((status = 200, description = "Metrics in the text form of Prometheus", body = String)))]
async fn metrics() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], crate::telemetry::render_metrics())
}
