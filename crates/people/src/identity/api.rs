//! Identity over HTTP: taking a merge back.

use super::Identity;
use axum::extract::State;
use axum::http::StatusCode;
use kernel::ids::PersonId;
use kernel::scope::Permission;
use platform::http::{Access, ApiJson, ApiPath, ApiResult, Routes, Scoped, routes};
use serde::Deserialize;

/// The routes of this slice.
#[must_use]
pub fn routes(identity: Identity) -> Routes {
    Routes::new().add(Access::Needs(Permission::PeopleWrite), routes!(separate), identity)
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Separation {
    /// The other side of the merge, as `identifiers.merges` of the person names it.
    other: PersonId,
}

/// Takes a merge back: both sides are again what they were without it, and later events do not join them. Numbers follow
/// within seconds; the audit trail keeps who did it.
#[utoipa::path(post, path = "/people/{id}/separate", operation_id = "people_separate", tag = "people",
    params(("id" = PersonId, Path, description = "One side of the merge")), request_body = Separation,
    responses((status = 204, description = "They are two persons"),
        (status = 404, description = "`merge_not_found`: no merge of these two stands")))]
async fn separate(
    State(identity): State<Identity>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<PersonId>,
    ApiJson(separation): ApiJson<Separation>,
) -> ApiResult<StatusCode> {
    identity.separate(&scope, id, separation.other).await?;
    Ok(StatusCode::NO_CONTENT)
}
