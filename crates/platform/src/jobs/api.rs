//! Background jobs over HTTP: list, look, cancel, follow.

use super::{Job, JobState, Jobs};
use crate::http::{Access, ApiPath, ApiQuery, ApiResult, Routes, Scoped, sse};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use kernel::ids::JobId;
use kernel::page::{Page, PageRequest};
use kernel::scope::Permission;
use serde::Deserialize;
use utoipa_axum::routes;

/// The routes of this slice.
#[must_use]
pub fn routes(jobs: Jobs) -> Routes {
    Routes::new()
        .add(Access::Needs(Permission::JobsRead), routes!(list), jobs.clone())
        .add(Access::Needs(Permission::JobsRead), routes!(get), jobs.clone())
        .add(Access::Needs(Permission::JobsRead), routes!(watch), jobs.clone())
        .add(Access::Needs(Permission::JobsWrite), routes!(cancel), jobs)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only jobs in this state.
    state: Option<JobState>,
    /// Rows per page: 1 to 500; 50 when absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Background jobs, newest first.
#[utoipa::path(get, path = "/jobs", operation_id = "jobs_list", tag = "jobs", params(ListQuery),
    responses((status = 200, description = "One page of jobs", body = Page<Job>)))]
async fn list(
    State(jobs): State<Jobs>,
    Scoped(scope): Scoped,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> ApiResult<Json<Page<Job>>> {
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    Ok(Json(jobs.list(&scope, query.state, &page).await?))
}

/// One background job.
#[utoipa::path(get, path = "/jobs/{id}", operation_id = "jobs_get", tag = "jobs",
    params(("id" = JobId, Path, description = "The job")),
    responses((status = 200, description = "The job as it stands", body = Job)))]
async fn get(State(jobs): State<Jobs>, Scoped(scope): Scoped, ApiPath(id): ApiPath<JobId>) -> ApiResult<Json<Job>> {
    Ok(Json(jobs.get(&scope, &id).await?))
}

/// Stops a background job: at once when it waits, at its next step when it runs.
#[utoipa::path(post, path = "/jobs/{id}/cancel", operation_id = "jobs_cancel", tag = "jobs",
    params(("id" = JobId, Path, description = "The job")),
    responses((status = 200, description = "The job, cancelled or cancelling", body = Job)))]
async fn cancel(State(jobs): State<Jobs>, Scoped(scope): Scoped, ApiPath(id): ApiPath<JobId>) -> ApiResult<Json<Job>> {
    Ok(Json(jobs.cancel(&scope, &id).await?))
}

/// Follows a background job: one event with the whole job for each change, the last one with its final state.
#[utoipa::path(get, path = "/jobs/{id}/watch", operation_id = "jobs_watch", tag = "jobs",
    params(("id" = JobId, Path, description = "The job")),
    responses((status = 200, description = "A stream of jobs", body = Job, content_type = "text/event-stream")))]
async fn watch(
    State(jobs): State<Jobs>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<JobId>,
) -> ApiResult<impl IntoResponse> {
    Ok(sse(jobs.watch(&scope, &id).await?))
}
