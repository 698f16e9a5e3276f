//! The audit trail over HTTP.

use super::chain::{AuditEntry, Chain};
use crate::http::{Access, ApiQuery, ApiResult, Routes, Scoped};
use crate::sql::{Databases, DbError};
use axum::Json;
use axum::extract::State;
use kernel::page::{Page, PageRequest};
use kernel::scope::{Permission, Scope};
use serde::Serialize;
use utoipa_axum::routes;

/// The routes of this slice.
#[must_use]
pub fn routes(databases: Databases) -> Routes {
    Routes::new().add(Access::Needs(Permission::AuditRead), routes!(list), databases.clone()).add(
        Access::Needs(Permission::AuditRead),
        routes!(check),
        databases,
    )
}

/// Entries of a workspace, newest first: its own records' and its accounts'.
pub(super) async fn page_of(
    databases: &Databases,
    scope: &Scope,
    page: &PageRequest,
) -> Result<Page<AuditEntry>, DbError> {
    let (id, rows) = (scope.workspace.id.as_str(), page.rows());
    let (before, control) = (page.cursor.as_deref(), databases.control());
    let own = databases.workspace(&scope.workspace).await?;
    let mut items = Chain::Workspace.list(&own, id, before, rows + 1).await?;
    items.extend(Chain::Control.list(&control, id, before, rows + 1).await?);
    items.sort_by(|one, other| other.id.cmp(&one.id));
    let more = items.len() > rows as usize;
    items.truncate(rows as usize);
    let next_cursor = items.last().filter(|_| more).map(|entry| entry.id.to_string());
    Ok(Page { items, next_cursor, total: None })
}

/// Who changed what, newest first.
#[utoipa::path(get, path = "/audit", operation_id = "audit_list", tag = "audit", params(PageRequest),
    responses((status = 200, description = "One page of entries", body = Page<AuditEntry>)))]
async fn list(
    State(databases): State<Databases>,
    Scoped(scope): Scoped,
    ApiQuery(page): ApiQuery<PageRequest>,
) -> ApiResult<Json<Page<AuditEntry>>> {
    Ok(Json(page_of(&databases, &scope, &page).await?))
}

/// Whether the chain of the audit trail holds.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct AuditCheck {
    /// Whether every entry is as it was written.
    intact: bool,
    /// Entries that hold together from the start.
    entries: u64,
    /// The number of the first entry that is missing, changed or out of place.
    broken_at: Option<i64>,
}

/// Follows the chain of this workspace's entries and says whether one was changed, removed or put in between.
#[utoipa::path(get, path = "/audit/check", operation_id = "audit_check", tag = "audit",
    responses((status = 200, description = "The result", body = AuditCheck)))]
async fn check(State(databases): State<Databases>, Scoped(scope): Scoped) -> ApiResult<Json<AuditCheck>> {
    let report = Chain::Workspace.verify(&databases.workspace(&scope.workspace).await?).await?;
    Ok(Json(AuditCheck { intact: report.broken_at.is_none(), entries: report.entries, broken_at: report.broken_at }))
}
