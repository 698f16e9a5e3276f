//! Which properties questions ask for, and the ones that event files keep as columns for it.
//!
//! A property is a value inside the JSON of an event. A question about one parses the JSON of every event it reads, unless
//! the files keep it as a column: the few properties that are asked for most are kept so.
//!
//! **Invariant:** what a question answers does not depend on it; only how long it takes.

use super::{Upkeep, read, write};
use async_trait::async_trait;
use kernel::ids::WorkspaceId;
use kernel::limits::PROPERTIES_KEPT_MAX;
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};
use kernel::time::{DAY, Timestamp};
use lake::RewriteProgress;
use parking_lot::Mutex;
use platform::jobs::{JobContext, JobError, JobHandler};
use platform::params;
use platform::sql::{Db, DbError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(super) const KIND: &str = "events.keep_properties";
/// Name in `meta`.
const KEPT: &str = "properties_kept";
/// Uses are counted over so many days.
const DAYS: i64 = 90;
/// A property is kept from so many uses on...
const USES_MIN: i64 = 20;
/// ...and let go below so many, so that one at the edge does not come and go.
const USES_STAY: i64 = 5;
/// Files are written again at most once in so many days.
const REST_DAYS: i64 = 7;
/// Different names that are counted between two looks; further ones are not.
const NAMES_MAX: usize = 1_000;
/// How often a run tells how far it is.
const TELL: Duration = Duration::from_secs(1);
/// Longest name of a property that is kept, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// What is kept now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    names: Vec<String>,
    /// Since when these.
    since: Timestamp,
}

/// A property that questions ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PropertyUse {
    /// Its key in the properties of events.
    pub name: String,
    /// Questions that asked for it in the last 90 days.
    pub uses: u64,
    /// Whether event files keep it as a column.
    pub kept: bool,
}

/// Counts, by workspace, how often questions ask for a property. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct PropertyUses(Arc<Mutex<HashMap<WorkspaceId, HashMap<String, i64>>>>);

impl PropertyUses {
    /// A question asked for these.
    pub fn note<'a>(&self, workspace: &WorkspaceId, names: impl IntoIterator<Item = &'a str>) {
        let mut names = names.into_iter().filter(|name| name.len() <= NAME_BYTES_MAX).peekable();
        if names.peek().is_none() {
            return;
        }
        let mut all = self.0.lock();
        let counts = all.entry(workspace.clone()).or_default();
        for name in names {
            if let Some(count) = counts.get_mut(name) {
                *count += 1;
            } else if counts.len() < NAMES_MAX {
                counts.insert(name.to_owned(), 1);
            }
        }
    }

    fn take(&self, workspace: &WorkspaceId) -> HashMap<String, i64> {
        self.0.lock().remove(workspace).unwrap_or_default()
    }
}

/// The properties that files keep, as they were chosen last.
///
/// # Errors
/// When the database fails.
async fn kept_of(db: &Db) -> Result<Vec<String>, DbError> {
    Ok(read::<Kept>(db, KEPT).await?.unwrap_or_default().names)
}

/// Those to keep, most used first, of how often each was asked for and what is kept now.
fn choose(uses: &[(String, i64)], kept: &[String]) -> Vec<String> {
    let mut chosen: Vec<&(String, i64)> =
        uses.iter().filter(|(name, uses)| *uses >= if kept.contains(name) { USES_STAY } else { USES_MIN }).collect();
    chosen.sort_by(|one, other| (other.1, &one.0).cmp(&(one.1, &other.0)));
    chosen.truncate(PROPERTIES_KEPT_MAX);
    chosen.into_iter().map(|(name, _)| name.clone()).collect()
}

impl Upkeep {
    /// The properties that questions ask for, most used first.
    ///
    /// # Errors
    /// [`Problem`] without permission, or when the database fails.
    pub async fn properties(&self, scope: &Scope) -> Result<Vec<PropertyUse>, Problem> {
        scope.require(Permission::WorkspaceRead)?;
        self.count(scope).await?;
        let db = self.platform.db(scope).await?;
        let (kept, uses) = (kept_of(&db).await?, self.uses(&db).await?);
        let of =
            |(name, uses): (String, i64)| PropertyUse { kept: kept.contains(&name), uses: uses.unsigned_abs(), name };
        Ok(uses.into_iter().map(of).collect())
    }

    /// Writes down what was asked for since the last time.
    async fn count(&self, scope: &Scope) -> Result<(), Problem> {
        let counts = self.uses.take(&scope.workspace.id);
        if counts.is_empty() {
            return Ok(());
        }
        let day = self.platform.world.now().micros().div_euclid(DAY);
        let mut tx = self.platform.db(scope).await?.begin().await?;
        for (name, uses) in counts {
            let sql = "insert into property_uses (name, day, uses) values ($1, $2, $3) \
                       on conflict (name, day) do update set uses = property_uses.uses + excluded.uses";
            tx.execute(sql, params![name, day, uses]).await?;
        }
        tx.execute("delete from property_uses where day <= $1", params![day - DAYS]).await?;
        Ok(tx.commit().await?)
    }

    async fn uses(&self, db: &Db) -> Result<Vec<(String, i64)>, DbError> {
        let first = self.platform.world.now().micros().div_euclid(DAY) - DAYS;
        let sql = "select name, cast(sum(uses) as bigint) from property_uses where day > $1 \
                   group by name order by 2 desc, 1 limit 200";
        db.query(sql, params![first]).await
    }

    /// Chooses which properties files keep; asks for the job when that changes.
    ///
    /// # Errors
    /// [`Problem`] when the database fails.
    pub async fn look_at_properties(&self, scope: &Scope) -> Result<(), Problem> {
        self.count(scope).await?;
        let db = self.platform.db(scope).await?;
        let now = self.platform.world.now();
        let kept: Kept = read(&db, KEPT).await?.unwrap_or_default();
        let is_early = !kept.names.is_empty() && now.micros() - kept.since.micros() < REST_DAYS * DAY;
        let names = choose(&self.uses(&db).await?, &kept.names);
        let is_same = names.len() == kept.names.len() && names.iter().all(|name| kept.names.contains(name));
        if is_early || is_same {
            // What files keep is not known to a lake that was opened since.
            self.lakes.get(&scope.workspace).await?.promote(kept.names);
            return Ok(());
        }
        let mut tx = db.begin().await?;
        write(&mut tx, KEPT, &Kept { names, since: now }).await?;
        self.platform.jobs.enqueue(&mut tx, scope, KIND, Some("properties"), &json!({})).await?;
        Ok(tx.commit().await?)
    }

    async fn keep_properties(&self, job: &JobContext) -> Result<(), JobError> {
        let scope = &job.scope;
        let db = self.platform.db(scope).await?;
        let names = kept_of(&db).await?;
        let lake = self.lakes.get(&scope.workspace).await.map_err(|error| JobError::Retry(error.to_string()))?;
        lake.promote(names);
        job.progress(0, 0, "Writing event files with columns for properties").await?;
        let told = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
        let counts = Arc::clone(&told);
        let progress = RewriteProgress::to(move |done, total| {
            counts.0.store(done, Ordering::Relaxed);
            counts.1.store(total, Ordering::Relaxed);
        });
        let writing = lake.write_promoted(&progress);
        tokio::pin!(writing);
        loop {
            tokio::select! {
                written = &mut writing => {
                    return written.map(|_| ()).map_err(|error| JobError::Retry(error.to_string()));
                }
                () = tokio::time::sleep(TELL) => {
                    let (done, total) = (told.0.load(Ordering::Relaxed), told.1.load(Ordering::Relaxed));
                    if let Err(stop) = job.progress(done, total, "Writing event files with columns for properties").await {
                        // It stops after the file at hand; what is written stays.
                        progress.cancel.cancel();
                        let _ = (&mut writing).await;
                        return Err(stop);
                    }
                }
            }
        }
    }
}

pub(super) struct Handler(pub(super) Upkeep);

#[async_trait]
impl JobHandler for Handler {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &JobContext) -> Result<(), JobError> {
        self.0.keep_properties(job).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_most_is_kept_and_stays_for_a_while() {
        let uses =
            |pairs: &[(&str, i64)]| pairs.iter().map(|(name, uses)| ((*name).to_owned(), *uses)).collect::<Vec<_>>();
        let kept = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(choose(&uses(&[("plan", 20), ("seats", 19), ("tier", 40)]), &[]), kept(&["tier", "plan"]));
        assert_eq!(choose(&uses(&[("plan", 5), ("seats", 4)]), &kept(&["plan", "seats"])), kept(&["plan"]));
        let many: Vec<(String, i64)> = (0..40).map(|place| (format!("p{place:02}"), 100 - place / 20)).collect();
        let chosen = choose(&many, &[]);
        assert_eq!((chosen.len(), chosen[0].as_str()), (PROPERTIES_KEPT_MAX, "p00"), "no more than files may keep");
    }
}
