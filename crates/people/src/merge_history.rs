//! Which persons were one at a moment, as it was known then.

use crate::identity::Merges;
use kernel::scope::Scope;
use kernel::time::Timestamp;
use platform::Platform;
use platform::params;
use platform::sql::DbError;
use std::sync::Arc;

/// Person → canonical person under the merges that were known at a moment and not taken back by then.
///
/// # Errors
/// [`DbError`] when the database fails.
pub async fn merges_at(platform: &Platform, scope: &Scope, at: Timestamp) -> Result<Merges, DbError> {
    let sql = "select person, other from person_merge_edges where known_us <= $1 \
        and (state = 'merged' or ended_us > $1)";
    let edges: Vec<(u64, u64)> = platform.db(scope).await?.query(sql, params![at]).await?;
    Ok(Arc::new(science::identity::flatten(edges).into_iter().collect()))
}
