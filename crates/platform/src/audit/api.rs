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

/// The newest entries of a workspace: its own records' and its accounts'.
///
/// # Errors
/// [`DbError`].
pub async fn newest(databases: &Databases, scope: &Scope, limit: u32) -> Result<Vec<AuditEntry>, DbError> {
    both(databases, scope, None, limit).await
}

async fn both(
    databases: &Databases,
    scope: &Scope,
    before: Option<&str>,
    limit: u32,
) -> Result<Vec<AuditEntry>, DbError> {
    let (id, control) = (scope.workspace.id.as_str(), databases.control());
    let own = databases.workspace(&scope.workspace).await?;
    let mut items = Chain::Workspace.list(&own, id, before, limit).await?;
    items.extend(Chain::Control.list(&control, id, before, limit).await?);
    items.sort_by(|one, other| other.id.cmp(&one.id));
    items.truncate(limit as usize);
    Ok(items)
}

/// Entries of a workspace, newest first: its own records' and its accounts'.
pub(super) async fn page_of(
    databases: &Databases,
    scope: &Scope,
    page: &PageRequest,
) -> Result<Page<AuditEntry>, DbError> {
    let rows = page.rows();
    let mut items = both(databases, scope, page.cursor.as_deref(), rows + 1).await?;
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

/// Whether the chains of the audit trail hold.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct AuditCheck {
    /// Whether every entry is as it was written: this workspace's, and those about accounts.
    intact: bool,
    /// Entries of this workspace that hold together from the start.
    entries: u64,
    /// The number of this workspace's first entry that is missing, changed or out of place.
    broken_at: Option<i64>,
    /// Whether every entry about accounts (members, keys, settings; of all workspaces, which share that chain) is as it
    /// was written.
    accounts_intact: bool,
}

/// Follows the chains of this workspace's entries and of those about accounts, and says whether one was changed, removed
/// or put in between.
#[utoipa::path(get, path = "/audit/check", operation_id = "audit_check", tag = "audit",
    responses((status = 200, description = "The result", body = AuditCheck)))]
async fn check(State(databases): State<Databases>, Scoped(scope): Scoped) -> ApiResult<Json<AuditCheck>> {
    let report = Chain::Workspace.verify(&databases.workspace(&scope.workspace).await?).await?;
    let accounts = Chain::Control.verify(&databases.control()).await?;
    let accounts_intact = accounts.broken_at.is_none();
    let intact = accounts_intact && report.broken_at.is_none();
    Ok(Json(AuditCheck { intact, entries: report.entries, broken_at: report.broken_at, accounts_intact }))
}
