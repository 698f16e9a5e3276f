//! The HTTP edge: problems, extractors, permissions and limits.
//!
//! A slice writes axum functions with `#[utoipa::path]` and hands them to [`Routes`] together with what they need
//! ([`Access`]). The edge authenticates, checks the permission and puts a [`Scoped`] into the request, so that a handler
//! cannot run without the check.
//!
//! **Invariant:** a route that was not given an [`Access`] does not exist.
//! **Invariant:** every failure leaves as `application/problem+json`; a failure of our own shows an opaque id only.

mod edge;
mod error;
mod extract;
mod gate;
mod health;
mod layers;
mod locate;
mod routes;
mod serve;
mod sse;
#[cfg(test)]
mod tests;

pub use edge::{Edge, EdgeSettings, finish_document};
pub use error::{ApiError, ApiResult, problem_response};
pub use extract::{ApiJson, ApiPath, ApiQuery, ClientAddress, Scoped, SignedIn};
pub(crate) use gate::session_cookie_header;
pub use gate::{Authenticator, Caller, Credentials, Stranger, WORKSPACE_HEADER};
pub use health::{MetricsAccess, Readiness, Ready, health_routes};
pub use routes::{Access, RouteRecord, Routes};
pub use serve::{serve, shutdown_signal};
pub use sse::sse;
pub use utoipa_axum::{PathItemExt, paste, routes};
