//! Extractors: the scope of a request, and bodies, queries and paths whose errors name the field.

use super::error::ApiError;
use axum::body::Bytes;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use kernel::ids::{SessionId, UserId};
use kernel::problem::{Class, Problem};
use kernel::scope::Scope;
use serde::de::DeserializeOwned;
use std::net::IpAddr;

/// Who asks, in which workspace: checked against the route's permission before the handler runs.
#[derive(Debug, Clone)]
pub struct Scoped(pub Scope);

/// The user who is signed in, for routes that need no workspace.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The user.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// In the workspace of the request, when the user belongs to one.
    pub scope: Option<Scope>,
}

/// Where a request comes from; the proxy's word is taken only where the configuration trusts it.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub IpAddr);

macro_rules! from_extension {
    ($($type:ty, $what:literal;)+) => {$(
        impl<S: Send + Sync> FromRequestParts<S> for $type {
            type Rejection = ApiError;
            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
                parts.extensions.get::<$type>().cloned().ok_or_else(|| {
                    ApiError(Problem::new(Class::Internal, "internal", concat!("a handler asked for ", $what, " its route does not give")))
                })
            }
        }
    )+};
}

from_extension! {
    Scoped, "a scope";
    SignedIn, "a user";
    ClientAddress, "an address";
}

/// A JSON body. What is wrong with it is said with the field's name.
#[derive(Debug, Clone, Copy)]
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            let message = "Send the body as JSON, with `Content-Type: application/json`.";
            return Err(Problem::new(Class::UnsupportedMedia, "json_expected", message).into());
        }
        let body = Bytes::from_request(request, state).await.map_err(|error| body_problem(&error))?;
        read_json(&body).map(Self).map_err(ApiError)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
}

fn body_problem(error: &BytesRejection) -> Problem {
    match error {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::new(Class::TooLarge, "body_too_large", "The body is larger than this route accepts.")
        }
        _ => Problem::new(Class::Malformed, "body_unreadable", "The body could not be read to its end."),
    }
}

/// Reads JSON; a field that is wrong is named by its path.
pub(super) fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_syntax() || error.is_eof() {
            return Problem::new(Class::Malformed, "json_malformed", format!("The body is not JSON: {error}."));
        }
        let text = error.to_string();
        let place = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
        let field = super::locate::field_at(body, error.line(), error.column(), place);
        let problem = Problem::new(Class::Invalid, "invalid_field", sentence(place));
        if let Some(field) = field { problem.at(field) } else { problem }
    })
}

/// `missing field x` → `Missing field x.`
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// The parameters of the query string.
#[derive(Debug, Clone, Copy)]
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Query::<T>::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|error| {
            let text = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            // axum names the parameter first: `limit: invalid digit found in string`.
            let problem = match text.split_once(": ") {
                Some((field, reason)) if !field.contains(' ') => Problem::invalid(field, sentence(reason)),
                _ => {
                    let named = text.split('`').nth(1).map(str::to_owned);
                    let problem = Problem::new(Class::Invalid, "invalid_field", sentence(&text));
                    if let Some(field) = named { problem.at(field) } else { problem }
                }
            };
            ApiError(problem)
        })
    }
}

/// The parameters in the path.
#[derive(Debug, Clone, Copy)]
pub struct ApiPath<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for ApiPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let PathRejection::FailedToDeserializePathParams(error) =
            (match Path::<T>::from_request_parts(parts, state).await {
                Ok(path) => return Ok(Self(path.0)),
                Err(error) => error,
            })
        else {
            return Err(Problem::new(Class::Internal, "internal", "a path without its parameters").into());
        };
        // A malformed id names nothing that exists.
        let (field, text) = match error.into_kind() {
            ErrorKind::ParseErrorAtKey { key, value, .. } => (Some(key), format!("`{value}` names nothing here.")),
            ErrorKind::DeserializeError { key, message, .. } => (Some(key), sentence(&message)),
            other => (None, sentence(&other.to_string())),
        };
        let problem = Problem::new(Class::NotFound, "not_found", text);
        Err(ApiError(if let Some(field) = field { problem.at(field) } else { problem }))
    }
}
