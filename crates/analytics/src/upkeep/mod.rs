//! Upkeep of events: how long they are kept, and which of their properties files keep as columns.
//!
//! A workspace may say for how many months events are kept; without it they are kept for ever. Whole months go: the job
//! runs once a month has become too old, and takes files out whole without reading them.
//!
//! **Invariant:** nothing is dropped that a workspace did not ask to be dropped; who asked, and what went, is in the audit
//! trail.

mod api;
mod properties;
#[cfg(test)]
mod tests;

pub use api::routes;
pub use properties::{PropertyUse, PropertyUses};

use crate::ingest::Lakes;
use async_trait::async_trait;
use jiff::Span;
use jiff::tz::TimeZone;
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope, WorkspaceRef};
use kernel::time::Timestamp;
use platform::Platform;
use platform::jobs::{JobContext, JobError, JobHandler};
use platform::params;
use platform::sql::{Db, DbError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longest time that can be said, in months.
const MONTHS_MAX: u32 = 1_200;
/// How often the months of workspaces are looked at.
const LOOK: Duration = Duration::from_secs(3_600);
const KIND: &str = "events.drop_old";
/// Names in `meta`.
const KEPT: &str = "events_kept_months";
const DROPPED: &str = "events_dropped";

/// How long events are kept, and what went for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventsKept {
    /// Events of so many whole months are kept, besides those of the running one; absent: for ever.
    pub months: Option<u32>,
    /// What the last run dropped.
    pub dropped: Option<EventsDropped>,
}

/// What a run dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventsDropped {
    /// Everything that happened before.
    pub before: Timestamp,
    /// When it ran.
    pub at: Timestamp,
    /// Events that went.
    pub events: u64,
    /// Files that went whole.
    pub files: u64,
}

/// The upkeep of the events of all workspaces. Clones share it.
#[derive(Clone)]
pub struct Upkeep {
    platform: Platform,
    lakes: Lakes,
    uses: PropertyUses,
    stop: CancellationToken,
}

/// The first moment that is kept at `now`: the beginning of a month in UTC.
fn bound(now: Timestamp, months: u32) -> Result<Timestamp, Problem> {
    let first = now.date_in(&TimeZone::UTC).first_of_month();
    let first = first.checked_sub(Span::new().months(i64::from(months)));
    let first = first.map_err(|error| Problem::invalid("months", error.to_string()))?;
    Ok(Timestamp::start_of(first, &TimeZone::UTC))
}

async fn read<T: serde::de::DeserializeOwned>(db: &Db, name: &str) -> Result<Option<T>, DbError> {
    let found: Option<(String,)> = db.query_optional("select value from meta where name = $1", params![name]).await?;
    Ok(found.and_then(|(text,)| serde_json::from_str(&text).ok()))
}

async fn write(tx: &mut Tx, name: &str, value: &impl Serialize) -> Result<(), DbError> {
    let text = serde_json::to_string(value).unwrap_or_default();
    let sql = "insert into meta (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value";
    tx.execute(sql, params![name, text]).await.map(|_| ())
}

impl Upkeep {
    /// The upkeep on this platform; makes its job known. Nothing runs until [`Upkeep::start`].
    #[must_use]
    pub fn new(platform: &Platform, lakes: &Lakes) -> Self {
        let (lakes, uses, stop) = (lakes.clone(), PropertyUses::default(), CancellationToken::new());
        let upkeep = Self { platform: platform.clone(), lakes, uses, stop };
        platform.jobs.register(Arc::new(Handler(upkeep.clone())));
        platform.jobs.register(Arc::new(properties::Handler(upkeep.clone())));
        upkeep
    }

    /// Where questions say which properties they ask for.
    #[must_use]
    pub fn property_uses(&self) -> PropertyUses {
        self.uses.clone()
    }

    /// How long events are kept.
    ///
    /// # Errors
    /// [`Problem`] without permission, or when the database fails.
    pub async fn kept(&self, scope: &Scope) -> Result<EventsKept, Problem> {
        scope.require(Permission::WorkspaceRead)?;
        let db = self.platform.db(scope).await?;
        Ok(EventsKept { months: read(&db, KEPT).await?, dropped: read(&db, DROPPED).await? })
    }

    /// Says how long events are kept; `None`: for ever. What is too old goes at once.
    ///
    /// # Errors
    /// [`Problem`] without permission, or for a number of months that is none.
    pub async fn keep(&self, scope: &Scope, months: Option<u32>) -> Result<EventsKept, Problem> {
        scope.require(Permission::WorkspaceWrite)?;
        if months.is_some_and(|months| !(1..=MONTHS_MAX).contains(&months)) {
            let message = format!("Say a number from 1 to {MONTHS_MAX}, or nothing to keep events for ever.");
            return Err(Problem::invalid("months", message));
        }
        let (db, now) = (self.platform.db(scope).await?, self.platform.world.now());
        let before: Option<u32> = read(&db, KEPT).await?;
        let mut tx = db.begin().await?;
        match months {
            Some(months) => write(&mut tx, KEPT, &months).await?,
            None => {
                tx.execute("delete from meta where name = $1", params![KEPT]).await?;
            }
        }
        let details = json!({ "months": months, "before": before });
        platform::audit::record(&mut tx, scope, now, "events.keep", scope.workspace.id.as_str(), &details).await?;
        tx.commit().await?;
        self.look(scope).await?;
        self.kept(scope).await
    }

    /// Asks for the job when a month has become too old since it last ran.
    ///
    /// # Errors
    /// [`Problem`] when the database fails.
    pub async fn look(&self, scope: &Scope) -> Result<(), Problem> {
        let db = self.platform.db(scope).await?;
        let Some(months) = read::<u32>(&db, KEPT).await? else { return Ok(()) };
        let bound = bound(self.platform.world.now(), months)?;
        let last: Option<EventsDropped> = read(&db, DROPPED).await?;
        if last.is_some_and(|last| last.before >= bound) {
            return Ok(());
        }
        let mut tx = db.begin().await?;
        self.platform.jobs.enqueue(&mut tx, scope, KIND, Some("events"), &json!({})).await?;
        Ok(tx.commit().await?)
    }

    /// Looks at all workspaces now and then, until [`Upkeep::close`].
    pub fn start(&self) {
        let upkeep = self.clone();
        tokio::spawn(async move {
            let mut look = tokio::time::interval(LOOK);
            loop {
                tokio::select! {
                    () = upkeep.stop.cancelled() => return,
                    _ = look.tick() => upkeep.look_at_all().await,
                }
            }
        });
    }

    /// Ends what [`Upkeep::start`] began.
    pub fn close(&self) {
        self.stop.cancel();
    }

    async fn look_at_all(&self) {
        let workspaces: Vec<WorkspaceRef> = self.platform.accounts.workspaces().await.unwrap_or_default();
        for workspace in workspaces {
            let scope = Scope::system(workspace, "upkeep");
            let workspace = &scope.workspace.slug;
            if let Err(problem) = self.look(&scope).await {
                tracing::warn!(%workspace, %problem, "whether events are too old could not be looked at");
            }
            if let Err(problem) = self.look_at_properties(&scope).await {
                tracing::warn!(%workspace, %problem, "which properties files keep could not be looked at");
            }
        }
    }

    async fn drop_old(&self, job: &JobContext) -> Result<(), JobError> {
        let scope = &job.scope;
        let db = self.platform.db(scope).await?;
        // What was said when it was asked for may be taken back by now.
        let Some(months) = read::<u32>(&db, KEPT).await? else { return Ok(()) };
        let now = self.platform.world.now();
        let before = bound(now, months)?;
        job.progress(0, 0, "Dropping events that are too old").await?;
        let lake = self.lakes.get(&scope.workspace).await.map_err(|error| JobError::Retry(error.to_string()))?;
        let gone = lake.drop_before(before.micros(), &lake::RewriteProgress::default()).await;
        let gone = gone.map_err(|error| JobError::Retry(error.to_string()))?;
        let dropped = EventsDropped { before, at: now, events: gone.rows_removed, files: gone.files_removed };
        let mut tx = db.begin().await?;
        write(&mut tx, DROPPED, &dropped).await?;
        let details = json!({ "before": before, "events": dropped.events, "files": dropped.files });
        platform::audit::record(&mut tx, scope, now, "events.dropped", scope.workspace.id.as_str(), &details).await?;
        Ok(tx.commit().await?)
    }
}

struct Handler(Upkeep);

#[async_trait]
impl JobHandler for Handler {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &JobContext) -> Result<(), JobError> {
        self.0.drop_old(job).await
    }
}
