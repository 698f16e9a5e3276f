//! The chain of one database: append, read, verify.

use crate::params;
use crate::sql::{Db, DbError, FromRow, Row, Tx};
use kernel::ids::AuditId;
use kernel::scope::{Actor, Scope};
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Which chain: the two kinds of database carry one each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// Accounts: users, workspaces, members, keys.
    Control,
    /// One workspace's own records.
    Workspace,
}

impl Chain {
    fn table(self) -> &'static str {
        match self {
            Self::Control => "control_audit",
            Self::Workspace => "audit",
        }
    }

    fn head(self) -> &'static str {
        match self {
            Self::Control => "control_audit_head",
            Self::Workspace => "audit_head",
        }
    }

    /// Appends an entry; the caller's transaction keeps it together with the change itself.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn append(self, tx: &mut Tx, entry: NewEntry<'_>) -> Result<(), DbError> {
        // The update locks the head, so that two transactions never append after the same entry.
        let sql = format!("update {} set sequence = sequence + 1 where only_row = 1", self.head());
        tx.execute(&sql, vec![]).await?;
        let sql = format!("select sequence, hash from {} where only_row = 1", self.head());
        let (sequence, previous): (i64, String) = tx.query_one(&sql, vec![]).await?;
        let content = Content {
            sequence,
            at_us: entry.at.micros(),
            workspace_id: entry.workspace_id,
            actor: &entry.actor.label(),
            action: entry.action,
            target: entry.target,
            details: &entry.details.to_string(),
        };
        let hash = content.hash(&previous);
        let id = AuditId::new(entry.at, &mut Derived::new(sequence, &hash));
        let sql = format!(
            "insert into {} (sequence, id, at_us, workspace_id, actor, action, target, details, hash) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            self.table()
        );
        let values = params![
            sequence,
            id,
            content.at_us,
            content.workspace_id,
            content.actor,
            content.action,
            content.target,
            content.details,
            &hash
        ];
        tx.execute(&sql, values).await?;
        let sql = format!("update {} set hash = $1 where only_row = 1", self.head());
        tx.execute(&sql, params![hash]).await?;
        Ok(())
    }

    /// The newest entries of a workspace that are older than `before`.
    pub(super) async fn list(
        self,
        db: &Db,
        workspace_id: &str,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, DbError> {
        let sql = format!(
            "select id, at_us, actor, action, target, details from {} \
             where workspace_id = $1 and id < $2 order by id desc limit $3",
            self.table()
        );
        db.query(&sql, params![workspace_id, before.unwrap_or("b"), limit]).await
    }

    /// Follows the chain from its first entry to the head of this moment, and says where it breaks. What is appended
    /// meanwhile is no break.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn verify(self, db: &Db) -> Result<ChainReport, DbError> {
        let (end, end_hash) = self.end(db).await?;
        let (mut expected, mut previous, mut after) = (1_i64, String::new(), 0_i64);
        let broken = |at: i64| ChainReport { entries: at.cast_unsigned() - 1, broken_at: Some(at) };
        loop {
            let sql = format!(
                "select sequence, at_us, workspace_id, actor, action, target, details, hash from {} \
                 where sequence > $1 and sequence <= $2 order by sequence limit 1000",
                self.table()
            );
            let rows: Vec<Link> = db.query(&sql, params![after, end]).await?;
            let Some(last) = rows.last() else { break };
            after = last.sequence;
            for row in &rows {
                if row.sequence != expected || row.hash != row.content().hash(&previous) {
                    return Ok(broken(expected));
                }
                previous.clone_from(&row.hash);
                expected += 1;
            }
        }
        if end != expected - 1 || end_hash != previous {
            return Ok(broken(expected));
        }
        // An entry and the head that counts it commit together: seen before the head is read, it is within it.
        let sql = format!("select coalesce(max(sequence), 0) from {}", self.table());
        let (last,): (i64,) = db.query_one(&sql, vec![]).await?;
        if last > self.end(db).await?.0 {
            return Ok(broken(expected));
        }
        Ok(ChainReport { entries: end.cast_unsigned(), broken_at: None })
    }

    /// The number and the hash of the last entry.
    async fn end(self, db: &Db) -> Result<(i64, String), DbError> {
        db.query_one(&format!("select sequence, hash from {} where only_row = 1", self.head()), vec![]).await
    }
}

/// What is about to be recorded.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    /// When it happened.
    pub at: Timestamp,
    /// The workspace, or empty for what belongs to none.
    pub workspace_id: &'a str,
    /// Who did it.
    pub actor: &'a Actor,
    /// What was done: `deal.create`, `member.remove`.
    pub action: &'a str,
    /// The id of what it was done to.
    pub target: &'a str,
    /// The values that changed; never a secret.
    pub details: &'a serde_json::Value,
}

/// Records a change of a workspace's database, in the transaction that makes it.
///
/// # Errors
/// [`DbError`].
pub async fn record(
    tx: &mut Tx,
    scope: &Scope,
    now: Timestamp,
    action: &str,
    target: &str,
    details: &serde_json::Value,
) -> Result<(), DbError> {
    let workspace_id = scope.workspace.id.as_str();
    Chain::Workspace.append(tx, NewEntry { at: now, workspace_id, actor: &scope.actor, action, target, details }).await
}

/// Follows the chain of a workspace's database.
///
/// # Errors
/// [`DbError`].
pub async fn verify(db: &Db) -> Result<ChainReport, DbError> {
    Chain::Workspace.verify(db).await
}

/// What became of following a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChainReport {
    /// Entries that hold together from the start.
    pub entries: u64,
    /// The number of the first entry that is missing, changed or out of place.
    pub broken_at: Option<i64>,
}

/// One entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it: `user:usr_…`, `key:key_…` or `system:<job>`.
    #[schema(example = "user:usr_01k8x0w3c5r7n0000000000000")]
    pub actor: String,
    /// What was done.
    #[schema(example = "member.add")]
    pub action: String,
    /// The id of what it was done to.
    pub target: String,
    /// The values that changed.
    pub details: serde_json::Value,
}

impl FromRow for AuditEntry {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.id("id")?,
            at: row.time("at_us")?,
            actor: row.text("actor")?,
            action: row.text("action")?,
            target: row.text("target")?,
            details: row.json("details")?,
        })
    }
}

struct Link {
    sequence: i64,
    at_us: i64,
    workspace_id: String,
    actor: String,
    action: String,
    target: String,
    details: String,
    hash: String,
}

impl Link {
    fn content(&self) -> Content<'_> {
        Content {
            sequence: self.sequence,
            at_us: self.at_us,
            workspace_id: &self.workspace_id,
            actor: &self.actor,
            action: &self.action,
            target: &self.target,
            details: &self.details,
        }
    }
}

impl FromRow for Link {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            sequence: row.int("sequence")?,
            at_us: row.int("at_us")?,
            workspace_id: row.text("workspace_id")?,
            actor: row.text("actor")?,
            action: row.text("action")?,
            target: row.text("target")?,
            details: row.text("details")?,
            hash: row.text("hash")?,
        })
    }
}

struct Content<'a> {
    sequence: i64,
    at_us: i64,
    workspace_id: &'a str,
    actor: &'a str,
    action: &'a str,
    target: &'a str,
    details: &'a str,
}

impl Content<'_> {
    /// Each part goes in with its length, so that no two contents read the same.
    fn hash(&self, previous: &str) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.sequence.to_be_bytes());
        hasher.update(self.at_us.to_be_bytes());
        for part in [previous, self.workspace_id, self.actor, self.action, self.target, self.details] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        hex::encode(hasher.finalize())
    }
}

/// The chance in an entry's id: its number first, so that the ids of one millisecond keep the order of the chain, then its
/// hash.
struct Derived {
    numbers: [u64; 2],
    place: usize,
}

impl Derived {
    fn new(sequence: i64, hash: &str) -> Self {
        let tail = u64::from_str_radix(hash.get(..16).unwrap_or("0"), 16).unwrap_or(0);
        Self { numbers: [sequence.cast_unsigned() & 0xFFFF, tail], place: 0 }
    }
}

impl rand::TryRng for Derived {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::try_from(self.try_next_u64()? >> 32).unwrap_or(0))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.place += 1;
        Ok(self.numbers[(self.place - 1) % 2])
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(())
    }
}
