//! Problems as responses.

use crate::sql::DbError;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use kernel::problem::{Class, Problem};

/// A failed request: a [`Problem`] that becomes `application/problem+json`.
#[derive(Debug)]
pub struct ApiError(pub Problem);

/// What a handler returns.
pub type ApiResult<T> = Result<T, ApiError>;

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        problem_response(self.0)
    }
}

/// The response of a problem. A failure of our own is logged here, once, and the caller sees its id only.
#[must_use]
pub fn problem_response(problem: Problem) -> Response {
    let problem = if problem.class == Class::Internal { opaque(&problem) } else { problem };
    let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with_status(&problem, status)
}

/// The response of a problem, with a status that no class of problem has.
pub(super) fn with_status(problem: &Problem, status: StatusCode) -> Response {
    let body = serde_json::json!({
        "type": format!("https://mainspring-ops.github.io/docs/reference/problems#{}", problem.code),
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": problem.message,
        "code": problem.code,
        "message": problem.message,
        "field": problem.field,
        "doc": problem.doc,
        "retry_after_seconds": problem.retry_after_seconds,
    });
    let body = match body {
        serde_json::Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => serde_json::Map::new(),
    };
    let mut response = (status, serde_json::Value::Object(body).to_string()).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = problem.retry_after_seconds {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn opaque(problem: &Problem) -> Problem {
    let id = super::layers::opaque_id();
    tracing::error!(%id, code = %problem.code, message = %problem.message, "a request failed");
    let message = format!("Mainspring failed to do this. The server's log has the cause under {id}.");
    Problem::new(Class::Internal, "internal", message)
}
