//! Imports over HTTP.

use super::model::{Import, Phase, RowReport};
use super::service::{Imports, KindInfo, MappingChange};
use crate::importers::Outcome;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use kernel::ids::ImportId;
use kernel::page::{Page, PageRequest};
use kernel::problem::{Class, Problem};
use kernel::scope::Permission;
use platform::http::{Access, ApiError, ApiJson, ApiPath, ApiQuery, ApiResult, Routes, Scoped, routes};
use serde::Deserialize;

/// The routes of this slice.
#[must_use]
pub fn routes(imports: Imports) -> Routes {
    let read = Access::Needs(Permission::ImportsRead);
    let write = Access::Needs(Permission::ImportsWrite);
    Routes::new()
        .add(read, routes!(kinds), imports.clone())
        .add(read, routes!(list), imports.clone())
        .add_slow(write, routes!(upload), imports.clone())
        .add(read, routes!(get), imports.clone())
        .add(write, routes!(set_mapping), imports.clone())
        .add(write, routes!(check), imports.clone())
        .add(read, routes!(rows), imports.clone())
        .add(write, routes!(apply), imports.clone())
        .add(write, routes!(undo), imports.clone())
        .add(write, routes!(cancel), imports.clone())
        .add_slow(read, routes!(errors), imports)
}

/// The kinds of import: their fields, and the files that are recognised.
#[utoipa::path(get, path = "/imports/kinds", operation_id = "imports_kinds", tag = "imports",
    responses((status = 200, description = "The kinds", body = Vec<KindInfo>)))]
async fn kinds(State(imports): State<Imports>, Scoped(_scope): Scoped) -> Json<Vec<KindInfo>> {
    Json(imports.kinds())
}

/// Imports, newest first. Open questions are told by a single import only.
#[utoipa::path(get, path = "/imports", operation_id = "imports_list", tag = "imports", params(PageRequest),
    responses((status = 200, description = "One page of imports", body = Page<Import>)))]
async fn list(
    State(imports): State<Imports>,
    Scoped(scope): Scoped,
    ApiQuery(page): ApiQuery<PageRequest>,
) -> ApiResult<Json<Page<Import>>> {
    Ok(Json(imports.list(&scope, &page).await?))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// The name of the file.
    filename: Option<String>,
    /// What its rows are; `auto`, or absent: by its headers.
    kind: Option<String>,
}

/// Uploads a file. The body is the file itself, of any encoding; nothing is imported yet.
#[utoipa::path(post, path = "/imports", operation_id = "imports_upload", tag = "imports", params(UploadQuery),
    request_body(content = Vec<u8>, content_type = "text/csv", description = "The file"),
    responses((status = 201, description = "The import: how the file is written, and how it may be mapped", body = Import)))]
async fn upload(
    State(imports): State<Imports>,
    Scoped(scope): Scoped,
    ApiQuery(query): ApiQuery<UploadQuery>,
    body: Body,
) -> ApiResult<Response> {
    let kind = query.kind.as_deref().filter(|kind| *kind != "auto");
    let mut upload = imports.begin_upload(&scope).await?;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| {
            ApiError(Problem::new(Class::Malformed, "body_unreadable", "The file did not arrive to its end."))
        })?;
        upload.write(&piece).await?;
    }
    let import = imports.finish_upload(&scope, upload, query.filename.as_deref().unwrap_or("file.csv"), kind).await?;
    Ok((axum::http::StatusCode::CREATED, Json(import)).into_response())
}

/// One import.
#[utoipa::path(get, path = "/imports/{id}", operation_id = "imports_get", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    responses((status = 200, description = "The import as it stands", body = Import)))]
async fn get(
    State(imports): State<Imports>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<ImportId>,
) -> ApiResult<Json<Import>> {
    Ok(Json(imports.get(&scope, &id).await?))
}

/// Changes how a file is read.
#[utoipa::path(put, path = "/imports/{id}/mapping", operation_id = "imports_set_mapping", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")), request_body = MappingChange,
    responses((status = 200, description = "The import, with what is still open", body = Import)))]
async fn set_mapping(
    State(imports): State<Imports>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<ImportId>,
    ApiJson(change): ApiJson<MappingChange>,
) -> ApiResult<Json<Import>> {
    Ok(Json(imports.set_mapping(&scope, &id, change).await?))
}

/// Starts the dry run: what would become of every row. Nothing is written.
#[utoipa::path(post, path = "/imports/{id}/check", operation_id = "imports_check", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    responses((status = 200, description = "The import, with the job to follow", body = Import)))]
async fn check(
    State(imports): State<Imports>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<ImportId>,
) -> ApiResult<Json<Import>> {
    Ok(Json(imports.check(&scope, &id).await?))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct RowsQuery {
    /// Of the dry run (`check`), of what was written (`apply`), or what could not be taken back (`undo`). `check` when absent.
    #[param(inline)]
    phase: Option<Phase>,
    /// Only rows of this outcome.
    #[param(inline)]
    outcome: Option<Outcome>,
    /// Rows per page: 1 to 500; 50 when absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Rows of the report in the order of the file: every row that is not imported with its reason, and a sample of the others.
#[utoipa::path(get, path = "/imports/{id}/rows", operation_id = "imports_rows", tag = "imports",
    params(("id" = ImportId, Path, description = "The import"), RowsQuery),
    responses((status = 200, description = "One page of rows", body = Page<RowReport>)))]
async fn rows(
    State(imports): State<Imports>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<ImportId>,
    ApiQuery(query): ApiQuery<RowsQuery>,
) -> ApiResult<Json<Page<RowReport>>> {
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    let phase = query.phase.unwrap_or(Phase::Check);
    Ok(Json(imports.rows(&scope, &id, phase, query.outcome, &page).await?))
}

/// Starts to write; an import that stopped is continued.
#[utoipa::path(post, path = "/imports/{id}/apply", operation_id = "imports_apply", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    responses((status = 200, description = "The import, with the job to follow", body = Import)))]
async fn apply(
    State(imports): State<Imports>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<ImportId>,
) -> ApiResult<Json<Import>> {
    Ok(Json(imports.apply(&scope, &id).await?))
}

/// Starts to take back what the import changed. What was changed since is left, and listed.
#[utoipa::path(post, path = "/imports/{id}/undo", operation_id = "imports_undo", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    responses((status = 200, description = "The import, with the job to follow", body = Import)))]
async fn undo(
    State(imports): State<Imports>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<ImportId>,
) -> ApiResult<Json<Import>> {
    Ok(Json(imports.undo(&scope, &id).await?))
}

/// Stops what runs. What is written stays, and can be undone or continued.
#[utoipa::path(post, path = "/imports/{id}/cancel", operation_id = "imports_cancel", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    responses((status = 200, description = "The import, stopped or stopping", body = Import)))]
async fn cancel(
    State(imports): State<Imports>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<ImportId>,
) -> ApiResult<Json<Import>> {
    Ok(Json(imports.cancel(&scope, &id).await?))
}

/// The rows that were not imported, as CSV: the file's own columns, the line, the reason.
#[utoipa::path(get, path = "/imports/{id}/errors.csv", operation_id = "imports_errors", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    responses((status = 200, description = "The error file", body = String, content_type = "text/csv")))]
async fn errors(
    State(imports): State<Imports>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<ImportId>,
) -> ApiResult<Response> {
    let (import, pieces) = imports.error_file(&scope, &id).await?;
    let pieces =
        stream::unfold(pieces, |mut pieces| async move { pieces.recv().await.map(|piece| (piece, pieces)) }).fuse();
    let disposition = format!("attachment; filename=\"errors-{}.csv\"", import.id);
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
