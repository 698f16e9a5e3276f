//! Erasures over HTTP.

use super::{Erasure, Erasures};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use kernel::ids::PersonId;
use kernel::page::{Page, PageRequest};
use kernel::scope::Permission;
use platform::http::{Access, ApiJson, ApiPath, ApiQuery, ApiResult, Routes, Scoped, routes};
use serde::Deserialize;

/// The routes of this slice.
#[must_use]
pub fn routes(erasures: Erasures) -> Routes {
    Routes::new()
        .add(Access::Needs(Permission::PeopleErase), routes!(erase), erasures.clone())
        .add(Access::Needs(Permission::PeopleRead), routes!(get), erasures.clone())
        .add(Access::Needs(Permission::PeopleRead), routes!(list), erasures)
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ErasureRequest {
    /// Whether the person's keys are refused from now on, in events and imports; else only what happened before is.
    keep_out: bool,
}

/// Erases a person, with everybody merged into it: profile, keys, events and every copy. It cannot be undone. The job of the
/// answer does it; `GET /people/{id}/erasure` has the report when it is done.
#[utoipa::path(post, path = "/people/{id}/erase", operation_id = "people_erase", tag = "people",
    params(("id" = PersonId, Path, description = "The person")), request_body = ErasureRequest,
    responses((status = 202, description = "The erasure, with the job to follow", body = Erasure),
        (status = 404, description = "`person_not_found`")))]
async fn erase(
    State(erasures): State<Erasures>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<PersonId>,
    ApiJson(request): ApiJson<ErasureRequest>,
) -> ApiResult<(StatusCode, Json<Erasure>)> {
    Ok((StatusCode::ACCEPTED, Json(erasures.request(&scope, id, request.keep_out).await?)))
}

/// The last erasure of a person, with its report when it is done.
#[utoipa::path(get, path = "/people/{id}/erasure", operation_id = "people_erasure", tag = "people",
    params(("id" = PersonId, Path, description = "The person, or anybody merged into it")),
    responses((status = 200, description = "The erasure", body = Erasure),
        (status = 404, description = "`erasure_not_found`")))]
async fn get(
    State(erasures): State<Erasures>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<PersonId>,
) -> ApiResult<Json<Erasure>> {
    Ok(Json(erasures.of_person(&scope, id).await?))
}

/// Erasures, newest first.
#[utoipa::path(get, path = "/erasures", operation_id = "erasures_list", tag = "people", params(PageRequest),
    responses((status = 200, description = "One page of erasures", body = Page<Erasure>)))]
async fn list(
    State(erasures): State<Erasures>,
    Scoped(scope): Scoped,
    ApiQuery(page): ApiQuery<PageRequest>,
) -> ApiResult<Json<Page<Erasure>>> {
    Ok(Json(erasures.list(&scope, &page).await?))
}
