//! The SQL console over HTTP.

use super::{SqlConsole, SqlRequest, SqlResult, SqlTableInfo};
use axum::Json;
use axum::extract::State;
use kernel::scope::Permission;
use platform::http::{Access, ApiJson, ApiResult, Routes, Scoped, routes};

/// The routes of this slice.
#[must_use]
pub fn routes(console: SqlConsole) -> Routes {
    let access = Access::Needs(Permission::SqlRun);
    Routes::new().add(access, routes!(run), console.clone()).add(access, routes!(schema), console)
}

/// Answers one read-only statement over events, people, companies, deals, ledger, credits, sessions and audit.
#[utoipa::path(post, path = "/sql", operation_id = "sql_run", tag = "analytics", request_body = SqlRequest,
    responses((status = 200, description = "The rows", body = SqlResult),
        (status = 422, description = "The statement is refused or wrong")))]
async fn run(
    State(console): State<SqlConsole>,
    Scoped(scope): Scoped,
    ApiJson(request): ApiJson<SqlRequest>,
) -> ApiResult<Json<SqlResult>> {
    Ok(Json(console.run(&scope, request).await?))
}

/// The tables and their columns.
#[utoipa::path(get, path = "/sql/schema", operation_id = "sql_schema", tag = "analytics",
    responses((status = 200, description = "The tables", body = Vec<SqlTableInfo>)))]
async fn schema(State(console): State<SqlConsole>) -> ApiResult<Json<Vec<SqlTableInfo>>> {
    Ok(Json(console.schema()))
}
