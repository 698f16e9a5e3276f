//! The SQL console over HTTP.

use super::{
    NewSavedQuery, SavedQuery, SavedQueryChange, SqlConsole, SqlExportRequest, SqlPlanInfo, SqlRequest, SqlResult,
    SqlRunInfo, SqlTableInfo,
};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use kernel::ids::QueryId;
use kernel::scope::Permission;
use platform::http::{Access, ApiJson, ApiPath, ApiQuery, ApiResult, Routes, Scoped, routes};
use serde::Deserialize;

/// The routes of this slice.
#[must_use]
pub fn routes(console: SqlConsole) -> Routes {
    let access = Access::Needs(Permission::SqlRun);
    Routes::new()
        .add(access, routes!(run), console.clone())
        .add(access, routes!(explain), console.clone())
        .add_slow(access, routes!(export), console.clone())
        .add(access, routes!(schema), console.clone())
        .add(access, routes!(running), console.clone())
        .add(access, routes!(cancel), console.clone())
        .add(access, routes!(saved, save), console.clone())
        .add(access, routes!(saved_one, change_saved), console)
}

/// Answers one read-only statement over events, people, companies, deals, ledger, credits, sessions and audit. It is
/// cancelled when the connection is closed.
#[utoipa::path(post, path = "/sql", operation_id = "sql_run", tag = "analytics", request_body = SqlRequest,
    responses((status = 200, description = "The rows", body = SqlResult),
        (status = 409, description = "The question was cancelled"),
        (status = 422, description = "The statement is refused or wrong")))]
async fn run(
    State(console): State<SqlConsole>,
    Scoped(scope): Scoped,
    ApiJson(request): ApiJson<SqlRequest>,
) -> ApiResult<Json<SqlResult>> {
    Ok(Json(console.run(&scope, request).await?))
}

/// How a statement would be answered: its plan, and which files of the events it opens. Nothing is read.
#[utoipa::path(post, path = "/sql/explain", operation_id = "sql_explain", tag = "analytics", request_body = SqlRequest,
    responses((status = 200, description = "The plan", body = SqlPlanInfo),
        (status = 422, description = "The statement is refused or wrong")))]
async fn explain(
    State(console): State<SqlConsole>,
    Scoped(scope): Scoped,
    ApiJson(request): ApiJson<SqlRequest>,
) -> ApiResult<Json<SqlPlanInfo>> {
    Ok(Json(console.explain(&scope, request).await?))
}

/// Answers a statement as a CSV, Arrow or Parquet file, which is sent while it is made. A download that breaks off is not
/// complete.
#[utoipa::path(post, path = "/sql/export", operation_id = "sql_export", tag = "analytics",
    request_body = SqlExportRequest,
    responses((status = 200, description = "The file", content(
            (Vec<u8> = "text/csv"), (Vec<u8> = "application/vnd.apache.arrow.stream"),
            (Vec<u8> = "application/vnd.apache.parquet"))),
        (status = 422, description = "The statement is refused or wrong"),
        (status = 429, description = "Another file is being made")))]
async fn export(
    State(console): State<SqlConsole>,
    Scoped(scope): Scoped,
    ApiJson(request): ApiJson<SqlExportRequest>,
) -> ApiResult<Response> {
    let (media, ending) = request.format.media();
    let file = console.export(&scope, request).await?;
    // The stream ends after its first error: the connection breaks off, which its reader sees.
    let pieces = futures::stream::unfold(Some(file), |file| async move {
        let mut file = file?;
        let piece = file.next().await?.map_err(std::io::Error::other);
        let rest = piece.is_ok().then_some(file);
        Some((piece, rest))
    });
    let disposition = format!("attachment; filename=\"answer.{ending}\"");
    let headers = [(CONTENT_TYPE, media.to_owned()), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, Body::from_stream(pieces.fuse())).into_response())
}

/// The tables and their columns.
#[utoipa::path(get, path = "/sql/schema", operation_id = "sql_schema", tag = "analytics",
    responses((status = 200, description = "The tables", body = Vec<SqlTableInfo>)))]
async fn schema(State(console): State<SqlConsole>) -> ApiResult<Json<Vec<SqlTableInfo>>> {
    Ok(Json(console.schema()))
}

/// What is being answered at the moment: the caller's own questions; everybody's with `jobs.write`.
#[utoipa::path(get, path = "/sql/runs", operation_id = "sql_runs", tag = "analytics",
    responses((status = 200, description = "The running questions, the oldest first", body = Vec<SqlRunInfo>)))]
async fn running(State(console): State<SqlConsole>, Scoped(scope): Scoped) -> ApiResult<Json<Vec<SqlRunInfo>>> {
    Ok(Json(console.running(&scope)?))
}

/// Cancels a running question: one's own, or anybody's with `jobs.write`.
#[utoipa::path(post, path = "/sql/runs/{run}/cancel", operation_id = "sql_cancel", tag = "analytics",
    params(("run" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is being stopped"),
        (status = 404, description = "No such question is being answered")))]
async fn cancel(
    State(console): State<SqlConsole>,
    Scoped(scope): Scoped,
    ApiPath(run): ApiPath<String>,
) -> ApiResult<StatusCode> {
    console.cancel(&scope, &run)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which saved questions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SavedFilter {
    /// Those that were put away too.
    #[serde(default)]
    archived: bool,
}

/// The saved questions: one's own and the shared ones.
#[utoipa::path(get, path = "/sql/queries", operation_id = "sql_queries", tag = "analytics", params(SavedFilter),
    responses((status = 200, description = "The questions, by name", body = Vec<SavedQuery>)))]
async fn saved(
    State(console): State<SqlConsole>,
    Scoped(scope): Scoped,
    ApiQuery(filter): ApiQuery<SavedFilter>,
) -> ApiResult<Json<Vec<SavedQuery>>> {
    Ok(Json(console.saved(&scope, filter.archived).await?))
}

/// Saves a question.
#[utoipa::path(post, path = "/sql/queries", operation_id = "sql_save", tag = "analytics", request_body = NewSavedQuery,
    responses((status = 201, description = "The question", body = SavedQuery)))]
async fn save(
    State(console): State<SqlConsole>,
    Scoped(scope): Scoped,
    ApiJson(new): ApiJson<NewSavedQuery>,
) -> ApiResult<(StatusCode, Json<SavedQuery>)> {
    Ok((StatusCode::CREATED, Json(console.save(&scope, new).await?)))
}

/// One saved question.
#[utoipa::path(get, path = "/sql/queries/{id}", operation_id = "sql_query", tag = "analytics",
    params(("id" = QueryId, Path, description = "The question")),
    responses((status = 200, description = "The question", body = SavedQuery)))]
async fn saved_one(
    State(console): State<SqlConsole>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<QueryId>,
) -> ApiResult<Json<SavedQuery>> {
    Ok(Json(console.saved_one(&scope, &id).await?))
}

/// Changes a saved question, puts it away or takes it back. Its owner may, and for a shared one whoever has
/// `workspace.write`.
#[utoipa::path(patch, path = "/sql/queries/{id}", operation_id = "sql_change", tag = "analytics",
    params(("id" = QueryId, Path, description = "The question")), request_body = SavedQueryChange,
    responses((status = 200, description = "The question", body = SavedQuery),
        (status = 409, description = "It was changed meanwhile")))]
async fn change_saved(
    State(console): State<SqlConsole>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<QueryId>,
    ApiJson(change): ApiJson<SavedQueryChange>,
) -> ApiResult<Json<SavedQuery>> {
    Ok(Json(console.change_saved(&scope, &id, change).await?))
}
