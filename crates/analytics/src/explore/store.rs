//! All SQL of saved explorations.

use super::saved::{LISTED_MAX, SavedExploration, SavedFilter};
use kernel::ids::ExplorationId;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Tx};

const COLUMNS: &str = "id, name, request, rolling, pinned, owner, created_us, updated_us, archived_us";

impl FromRow for SavedExploration {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let request = row.text("request")?;
        let exploration = serde_json::from_str(&request)
            .map_err(|error| DbError::Column { column: "request".to_owned(), reason: error.to_string() })?;
        Ok(Self {
            id: row.get("id")?,
            name: row.text("name")?,
            exploration,
            rolling: row.get("rolling")?,
            pinned: row.get("pinned")?,
            owner: row.text("owner")?,
            created_at: row.get("created_us")?,
            updated_at: row.get("updated_us")?,
            archived_at: row.get("archived_us")?,
        })
    }
}

fn request(saved: &SavedExploration) -> Result<String, DbError> {
    let failed = |error: serde_json::Error| DbError::Column { column: "request".to_owned(), reason: error.to_string() };
    serde_json::to_string(&saved.exploration).map_err(failed)
}

pub(super) async fn list(db: &Db, filter: SavedFilter) -> Result<Vec<SavedExploration>, DbError> {
    let archived = if filter.archived { "archived_us is not null" } else { "archived_us is null" };
    let pinned = if filter.pinned { "and pinned" } else { "" };
    let sql =
        format!("select {COLUMNS} from explorations where {archived} {pinned} order by name, id limit {LISTED_MAX}");
    db.query(&sql, params![]).await
}

pub(super) async fn get(tx: &mut Tx, id: &ExplorationId) -> Result<Option<SavedExploration>, DbError> {
    tx.query_optional(&format!("select {COLUMNS} from explorations where id = $1"), params![id]).await
}

/// How many there are that are not archived; of those on Home only, if asked.
pub(super) async fn count(tx: &mut Tx, pinned: bool) -> Result<u64, DbError> {
    let pinned = if pinned { "and pinned" } else { "" };
    let sql = format!("select count(*) from explorations where archived_us is null {pinned}");
    Ok(tx.query_one::<(i64,)>(&sql, params![]).await?.0.unsigned_abs())
}

pub(super) async fn insert(tx: &mut Tx, saved: &SavedExploration) -> Result<(), DbError> {
    tx.execute(
        "insert into explorations (id, name, kind, request, rolling, pinned, owner, created_us, updated_us)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            &saved.id,
            &saved.name,
            saved.exploration.ask.kind(),
            request(saved)?,
            saved.rolling,
            saved.pinned,
            &saved.owner,
            saved.created_at,
            saved.updated_at
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, saved: &SavedExploration) -> Result<(), DbError> {
    tx.execute(
        "update explorations set name = $2, kind = $3, request = $4, rolling = $5, pinned = $6, updated_us = $7,
             archived_us = $8 where id = $1",
        params![
            &saved.id,
            &saved.name,
            saved.exploration.ask.kind(),
            request(saved)?,
            saved.rolling,
            saved.pinned,
            saved.updated_at,
            saved.archived_at
        ],
    )
    .await?;
    Ok(())
}
