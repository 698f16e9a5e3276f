//! What goes wrong, in the form the API shows it (RFC 9457).

use serde::{Deserialize, Serialize};

/// The classes of failure, each one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// 400: the request cannot be read.
    Malformed,
    /// 401: nobody is signed in, or the key is not known.
    Unauthenticated,
    /// 403: known, but not allowed.
    Forbidden,
    /// 404: there is no such thing, or it is not visible here.
    NotFound,
    /// 409: the thing is in a state that does not permit this.
    Conflict,
    /// 413: larger than its limit.
    TooLarge,
    /// 415: a form of content that is not understood.
    UnsupportedMedia,
    /// 422: readable, but a field is wrong.
    Invalid,
    /// 429: too many requests.
    TooMany,
    /// 500: our fault.
    Internal,
    /// 503: not now; `Retry-After` says when.
    Unavailable,
}

impl Class {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Class::Malformed => 400,
            Class::Unauthenticated => 401,
            Class::Forbidden => 403,
            Class::NotFound => 404,
            Class::Conflict => 409,
            Class::TooLarge => 413,
            Class::UnsupportedMedia => 415,
            Class::Invalid => 422,
            Class::TooMany => 429,
            Class::Internal => 500,
            Class::Unavailable => 503,
        }
    }
}

/// A failure as a caller sees it: what happened, which field, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Problem {
    /// The class; gives the HTTP status.
    #[serde(skip_deserializing, skip_serializing, default = "internal")]
    #[schema(ignore)]
    pub class: Class,
    /// A stable, documented code such as `deal_not_found`.
    pub code: String,
    /// What happened, why, and what to do about it.
    pub message: String,
    /// The field of the request that is wrong, as a JSON path (`filters[0].value`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// Where the documentation explains it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doc: Option<String>,
    /// Seconds after which the caller should try again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after_seconds: Option<u64>,
}

fn internal() -> Class {
    Class::Internal
}

impl Problem {
    /// A problem of this class.
    pub fn new(class: Class, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class, code: code.into(), message: message.into(), field: None, doc: None, retry_after_seconds: None }
    }

    /// 422: one field is wrong.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::Invalid, "invalid_field", message).at(field)
    }

    /// 404 for a kind of thing, for example `Problem::not_found("deal", id)`.
    pub fn not_found(kind: &str, id: impl std::fmt::Display) -> Self {
        Self::new(Class::NotFound, format!("{kind}_not_found"), format!("There is no {kind} {id} in this workspace."))
    }

    /// The same problem, naming the field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The same problem, saying when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.class.status()
    }
}
