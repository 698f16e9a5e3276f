//! The table of jobs.

use super::model::{Job, JobState};
use crate::params;
use crate::sql::{Db, DbError, FromRow, Row, Tx, placeholders};
use kernel::ids::JobId;
use kernel::page::{Page, PageRequest};
use kernel::scope::Actor;
use kernel::time::Timestamp;

const COLUMNS: &str = "id, kind, job_key, state, progress_done, progress_total, note, error, attempts, cancel_asked, \
                       actor, created_us, started_us, finished_us";

pub(super) struct NewJob<'a> {
    pub(super) id: JobId,
    pub(super) kind: &'a str,
    pub(super) key: Option<&'a str>,
    pub(super) payload: &'a serde_json::Value,
    pub(super) actor: &'a Actor,
    pub(super) now: Timestamp,
}

/// Adds a job, or finds the live one of its key.
pub(super) async fn enqueue(tx: &mut Tx, job: NewJob<'_>) -> Result<JobId, DbError> {
    let actor = serde_json::to_string(job.actor).unwrap_or_default();
    let added = tx
        .execute(
            "insert into jobs (id, kind, job_key, payload, actor, state, attempts, run_after_us, cancel_asked, \
             progress_done, progress_total, note, created_us) \
             values ($1, $2, $3, $4, $5, 'queued', 0, $6, false, 0, 0, '', $6) \
             on conflict (kind, job_key) where state in ('queued', 'running') do nothing",
            params![&job.id, job.kind, job.key, job.payload, actor, job.now],
        )
        .await?;
    if added == 1 {
        return Ok(job.id);
    }
    let live = "select id from jobs where kind = $1 and job_key = $2 and state in ('queued', 'running')";
    let found: Option<(JobId,)> = tx.query_optional(live, params![job.kind, job.key]).await?;
    Ok(found.map_or(job.id, |(id,)| id))
}

pub(super) async fn get(db: &Db, id: &JobId) -> Result<Option<Job>, DbError> {
    db.query_optional(&format!("select {COLUMNS} from jobs where id = $1"), params![id]).await
}

pub(super) async fn list(db: &Db, state: Option<JobState>, page: &PageRequest) -> Result<Page<Job>, DbError> {
    let rows = page.rows();
    let sql = format!("select {COLUMNS} from jobs where id < $1 and (state = $2 or $2 = '') order by id desc limit $3");
    let before = page.cursor.as_deref().unwrap_or("k");
    let mut items: Vec<Job> = db.query(&sql, params![before, state.map_or("", JobState::as_str), rows + 1]).await?;
    let more = items.len() > rows as usize;
    items.truncate(rows as usize);
    let next_cursor = items.last().filter(|_| more).map(|job| job.id.to_string());
    Ok(Page { items, next_cursor, total: None })
}

/// A claimed job.
pub(super) struct Claimed {
    pub(super) id: JobId,
    pub(super) kind: String,
    pub(super) payload: serde_json::Value,
    pub(super) actor: Actor,
    pub(super) attempts: u32,
}

impl FromRow for Claimed {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.id("id")?,
            kind: row.text("kind")?,
            payload: row.json("payload")?,
            actor: row.json("actor")?,
            attempts: row.get("attempts")?,
        })
    }
}

/// Whether anything could be claimed: asked first, because a claim takes SQLite's one writer.
pub(super) async fn is_due(db: &Db, now: Timestamp) -> Result<bool, DbError> {
    let sql = "select 1 from jobs where (state = 'queued' and run_after_us <= $1) \
               or (state = 'running' and lease_until_us <= $1) limit 1";
    Ok(db.query_optional::<(i64,)>(sql, params![now]).await?.is_some())
}

/// Takes the job that has been due for longest, of a kind this process knows; a job whose worker fell silent is due too.
pub(super) async fn claim(
    db: &Db,
    kinds: &[&'static str],
    owner: &str,
    now: Timestamp,
    lease_us: i64,
) -> Result<Option<Claimed>, DbError> {
    let sql = format!(
        "update jobs set state = 'running', attempts = attempts + 1, started_us = $1, lease_owner = $2, \
         lease_until_us = $3 where id = (select id from jobs where ((state = 'queued' and run_after_us <= $1) \
         or (state = 'running' and lease_until_us <= $1)) and kind in ({}) order by run_after_us, id limit 1{}) \
         returning id, kind, payload, actor, attempts",
        placeholders(4, kinds.len()),
        db.pick("", " for update skip locked")
    );
    let mut values = params![now, owner, now.plus(lease_us)];
    values.extend(kinds.iter().map(|kind| (*kind).into()));
    let mut tx = db.begin().await?;
    let claimed = tx.query_optional(&sql, values).await?;
    tx.commit().await?;
    Ok(claimed)
}

/// Ends every lease: what was running is due.
pub(super) async fn release_all(db: &Db, now: Timestamp) -> Result<u64, DbError> {
    let sql = "update jobs set lease_until_us = $1 where state = 'running' and lease_until_us > $1";
    db.execute(sql, params![now]).await
}

/// Whether a worker still holds its job.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// It does.
    Yes {
        /// Whether somebody asked the job to stop.
        cancel_asked: bool,
    },
    /// The lease went to another.
    No,
}

async fn held(tx: &mut Tx, id: &JobId, owner: &str) -> Result<Held, DbError> {
    let sql = "select cancel_asked from jobs where id = $1 and lease_owner = $2 and state = 'running'";
    let found: Option<(bool,)> = tx.query_optional(sql, params![id, owner]).await?;
    Ok(found.map_or(Held::No, |(cancel_asked,)| Held::Yes { cancel_asked }))
}

pub(super) async fn report(
    db: &Db,
    id: &JobId,
    owner: &str,
    (done, total): (u64, u64),
    note: &str,
) -> Result<Held, DbError> {
    let mut tx = db.begin().await?;
    let sql = "update jobs set progress_done = $3, progress_total = $4, note = $5 \
               where id = $1 and lease_owner = $2 and state = 'running'";
    tx.execute(sql, params![id, owner, done, total, note]).await?;
    let held = held(&mut tx, id, owner).await?;
    tx.commit().await?;
    Ok(held)
}

/// Extends the lease.
pub(super) async fn heartbeat(db: &Db, id: &JobId, owner: &str, until: Timestamp) -> Result<Held, DbError> {
    let mut tx = db.begin().await?;
    let sql = "update jobs set lease_until_us = $3 where id = $1 and lease_owner = $2 and state = 'running'";
    tx.execute(sql, params![id, owner, until]).await?;
    let held = held(&mut tx, id, owner).await?;
    tx.commit().await?;
    Ok(held)
}

/// What a run came to.
pub(super) enum Ended {
    /// Final.
    As(JobState),
    /// To be run again from this moment on, counted as a try or not.
    Again { at: Timestamp, counted: bool },
}

pub(super) async fn end(
    db: &Db,
    id: &JobId,
    owner: &str,
    ended: Ended,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), DbError> {
    match ended {
        Ended::As(state) => {
            let sql = "update jobs set state = $3, error = $4, finished_us = $5, lease_owner = null, \
                       lease_until_us = null where id = $1 and lease_owner = $2 and state = 'running'";
            db.execute(sql, params![id, owner, state.as_str(), error, now]).await?;
        }
        Ended::Again { at, counted } => {
            let sql = "update jobs set state = 'queued', error = $3, run_after_us = $4, attempts = attempts - $5, \
                       lease_owner = null, lease_until_us = null \
                       where id = $1 and lease_owner = $2 and state = 'running'";
            db.execute(sql, params![id, owner, error, at, i64::from(!counted)]).await?;
        }
    }
    Ok(())
}

/// Cancels a queued job, or asks a running one to stop; false when it is final or unknown.
pub(super) async fn cancel(tx: &mut Tx, id: &JobId, now: Timestamp) -> Result<bool, DbError> {
    let queued = "update jobs set state = 'cancelled', cancel_asked = true, finished_us = $2 \
                  where id = $1 and state = 'queued'";
    let running = "update jobs set cancel_asked = true where id = $1 and state = 'running'";
    Ok(tx.execute(queued, params![id, now]).await? == 1 || tx.execute(running, params![id]).await? == 1)
}

/// Deletes jobs that ended before a moment.
pub(super) async fn forget(db: &Db, before: Timestamp) -> Result<u64, DbError> {
    db.execute("delete from jobs where finished_us < $1", params![before]).await
}
