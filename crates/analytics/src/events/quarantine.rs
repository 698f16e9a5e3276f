//! The quarantine: rejected messages, and doubts about events that were stored.
//!
//! **Invariant:** a row is one message; the same message sent again raises `seen`, so a loop of a broken sender does not
//! fill the disk.

use super::model::{FateStatus, QuarantineFilter, Quarantined};
use kernel::ids::QuarantineId;
use kernel::page::Page;
use kernel::problem::Problem;
use kernel::time::Timestamp;
use people::erasure::holds;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows that are kept; the oldest go first. Stated in the guide.
pub const ROWS_MAX: i64 = 100_000;
/// Bytes of messages that are kept; the oldest go first. Stated in the guide.
pub const BYTES_MAX: i64 = 256 << 20;
/// Bytes that come in between two looks for what is too much.
const PRUNE_EVERY_BYTES: u64 = 16 << 20;
/// What a row takes besides its message.
const ROW_BYTES: u64 = 1_000;

/// The quarantine of one workspace. Clones share it.
#[derive(Debug, Clone)]
pub struct Quarantine {
    db: Db,
    /// Bytes that came in since the last look.
    added: Arc<AtomicU64>,
}

/// A message to put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The new row's id.
    pub id: QuarantineId,
    /// What makes two messages the same one.
    pub fingerprint: String,
    /// Rejected or suspicious.
    pub status: FateStatus,
    /// The code of the reason.
    pub code: String,
    /// The reason in words.
    pub reason: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// Call, name, message id, user id, anonymous id, write key, library, message: as in [`Quarantined`].
    pub texts: [String; 8],
}

const COLUMNS: &[&str] = &[
    "id",
    "fingerprint",
    "status",
    "code",
    "reason",
    "received_at_us",
    "last_received_at_us",
    "seen",
    "kind",
    "name",
    "message_id",
    "user_id",
    "anonymous_id",
    "write_key",
    "library",
    "raw",
];

impl FromRow for Quarantined {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.id("id")?,
            status: FateStatus::parse(&row.text("status")?).unwrap_or(FateStatus::Rejected),
            code: row.text("code")?,
            reason: row.text("reason")?,
            received_at: row.time("received_at_us")?,
            last_received_at: row.time("last_received_at_us")?,
            seen: row.int("seen")?.cast_unsigned(),
            offset: row.opt_int("event_offset")?.map(i64::cast_unsigned),
            kind: row.text("kind")?,
            name: row.text("name")?,
            message_id: row.text("message_id")?,
            user_id: row.text("user_id")?,
            anonymous_id: row.text("anonymous_id")?,
            write_key: row.text("write_key")?,
            library: row.text("library")?,
            raw: row.text("raw")?,
        })
    }
}

impl Quarantine {
    /// The quarantine in a workspace's database.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db, added: Arc::default() }
    }

    /// Puts messages in, in one transaction; it is durable when this returns.
    ///
    /// # Errors
    /// [`DbError`]; then none is in.
    pub async fn insert(&self, entries: Vec<Entry>) -> Result<(), DbError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        let mut rows = Vec::with_capacity(entries.len());
        let mut seen = std::collections::HashSet::new();
        let mut bytes = 0;
        for entry in entries.into_iter().filter(|entry| seen.insert(entry.fingerprint.clone())) {
            let Entry { id, fingerprint, status, code, reason, received_at, texts } = entry;
            let [kind, name, message_id, user_id, anonymous_id, write_key, library, raw] = texts;
            bytes += raw.len() as u64 + ROW_BYTES;
            rows.push(params![
                id.as_str().to_owned(),
                fingerprint,
                status.as_str(),
                code,
                reason,
                received_at,
                received_at,
                1_i64,
                kind,
                name,
                message_id,
                user_id,
                anonymous_id,
                write_key,
                library,
                raw
            ]);
        }
        let again = "on conflict (fingerprint) do update set seen = quarantine.seen + 1, \
                     last_received_at_us = excluded.last_received_at_us";
        tx.insert_many("quarantine", COLUMNS, rows, again).await?;
        tx.commit().await?;
        self.added.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Notes where a suspicious event was stored.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn stored_at(&self, fingerprint: &str, offset: u64) -> Result<(), DbError> {
        let text = "update quarantine set event_offset = $1 where fingerprint = $2 and event_offset is null";
        self.db.execute(text, params![offset.cast_signed(), fingerprint]).await.map(|_| ())
    }

    /// One page, the last received first.
    ///
    /// # Errors
    /// [`Problem`] for a cursor that is none, or when the database fails.
    pub async fn list(&self, filter: &QuarantineFilter) -> Result<Page<Quarantined>, Problem> {
        let request = filter.page();
        let (before, before_id) = match &request.cursor {
            None => (i64::MAX, String::new()),
            Some(cursor) => {
                let parts = cursor.split_once('~');
                let parsed = parts.and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id.to_owned())));
                parsed.ok_or_else(|| Problem::invalid("cursor", "This is not a cursor of this list."))?
            }
        };
        let limit = request.rows();
        let mut items: Vec<Quarantined> = self
            .db
            .query(
                "select id, status, code, reason, received_at_us, last_received_at_us, seen, event_offset, kind, name,
                        message_id, user_id, anonymous_id, write_key, library, raw
                 from quarantine
                 where (last_received_at_us < $1 or (last_received_at_us = $1 and id < $2))
                   and ($3 = '' or status = $3) and ($4 = '' or code = $4)
                 order by last_received_at_us desc, id desc limit $5",
                params![
                    before,
                    before_id,
                    filter.status.map_or("", FateStatus::as_str),
                    filter.code.clone().unwrap_or_default(),
                    i64::from(limit) + 1
                ],
            )
            .await?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let last = items.last().filter(|_| more);
        let next_cursor = last.map(|row| format!("{}~{}", row.last_received_at.micros(), row.id));
        Ok(Page { items, next_cursor, total: None })
    }

    /// Removes the oldest rows beyond [`ROWS_MAX`] and [`BYTES_MAX`]; looks only when much has come in since.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn prune(&self) -> Result<u64, DbError> {
        if self.added.load(Ordering::Relaxed) < PRUNE_EVERY_BYTES {
            return Ok(0);
        }
        self.added.store(0, Ordering::Relaxed);
        self.prune_to(ROWS_MAX, BYTES_MAX).await
    }

    /// Removes the messages of people who are erased: those with one of these values as user or anonymous id, and those whose
    /// text holds one of `telling` (in lower case); how many.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn forget(&self, values: &[String], telling: &[String]) -> Result<u64, DbError> {
        let mut removed = 0;
        for value in values {
            let text = "delete from quarantine where user_id = $1 or anonymous_id = $1";
            removed += self.db.execute(text, params![value.as_str()]).await?;
        }
        for text in telling {
            let pattern: String = text
                .chars()
                .flat_map(|letter| matches!(letter, '%' | '_' | '\\').then_some('\\').into_iter().chain([letter]))
                .collect();
            let sql = "select id, raw, reason, user_id from quarantine where lower(raw) like $1 escape '\\' \
                 or lower(reason) like $1 escape '\\' or lower(user_id) like $1 escape '\\'";
            let found: Vec<(QuarantineId, String, String, String)> =
                self.db.query(sql, params![format!("%{pattern}%")]).await?;
            for (id, raw, reason, user_id) in found {
                if [raw, reason, user_id].iter().any(|one| holds(&one.to_lowercase(), text)) {
                    removed += self.db.execute("delete from quarantine where id = $1", params![id]).await?;
                }
            }
        }
        Ok(removed)
    }

    pub(super) async fn prune_to(&self, rows_max: i64, bytes_max: i64) -> Result<u64, DbError> {
        self.db
            .execute(
                "delete from quarantine where id in (
                   select id from (
                     select id, row_number() over newest_first as place, sum(octet_length(raw)) over newest_first as bytes
                     from quarantine
                     window newest_first as (order by last_received_at_us desc, id desc)) as sized
                   where place > $1 or bytes > $2)",
                params![rows_max, bytes_max],
            )
            .await
    }
}
