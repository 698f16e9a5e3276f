//! The job that brings history to the newest version.

use super::derive::Follow;
use super::model::{RulesApplied, moved};
use super::{ChannelRules, store};
use async_trait::async_trait;
use kernel::ids::JobId;
use kernel::scope::Scope;
use kernel::time::Timestamp;
use lake::{LakeError, Rederivation, RewriteProgress};
use platform::jobs::{JobContext, JobError, JobHandler, Jobs};
use platform::sql::{DbError, Tx};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const KIND: &str = "channels.rederive";
/// How often the job tells how far the files are.
const TELL: Duration = Duration::from_millis(250);

pub(super) async fn enqueue(jobs: &Jobs, tx: &mut Tx, scope: &Scope, version: u32) -> Result<JobId, DbError> {
    let key = format!("version {version}");
    jobs.enqueue(tx, scope, KIND, Some(&key), &json!({ "version": version })).await
}

pub(super) struct Handler(pub(super) ChannelRules);

#[async_trait]
impl JobHandler for Handler {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &JobContext) -> Result<(), JobError> {
        self.0.work(job).await
    }
}

/// A failure of the lake: most pass, for the consumer catches up and disks are given room.
fn lake_failed(error: LakeError) -> JobError {
    match error {
        LakeError::Cancelled => JobError::Cancelled,
        other => JobError::Retry(other.to_string()),
    }
}

impl ChannelRules {
    async fn work(&self, job: &JobContext) -> Result<(), JobError> {
        let scope = &job.scope;
        let asked = job.payload.get("version").and_then(serde_json::Value::as_u64).unwrap_or(0);
        job.progress(0, 0, "Taking the rules into use").await?;
        let retry = |error: String| JobError::Retry(error);
        let rules = self.activate(&scope.workspace).await.map_err(|problem| retry(problem.to_string()))?;
        if u64::from(rules.version()) != asked {
            job.progress(0, 0, &format!("Version {} has overtaken it", rules.version())).await?;
            return Ok(());
        }
        let version = rules.version();
        let done = self.derive(job, Follow::new(rules)).await?;
        let now = self.platform.world.now();
        let applied = RulesApplied {
            at: done.at.map_or(now, Timestamp::from_micros),
            events: done.events,
            changed: done.changed,
            missing: done.missing,
            files: done.files,
            channels: moved(done.channels),
            classes: moved(done.classes),
        };
        let db = self.platform.db(scope).await?;
        let mut tx = db.begin().await?;
        // A try that was cut off after the switch has left nothing to change for this one.
        store::set_applied(&mut tx, version, &applied).await?;
        let details = json!({
            "version": version,
            "events": applied.events,
            "changed": applied.changed,
            "missing": applied.missing,
            "files": applied.files,
        });
        platform::audit::record(&mut tx, scope, now, "channels.rederived", &version.to_string(), &details).await?;
        Ok(tx.commit().await?)
    }

    async fn derive(&self, job: &JobContext, follow: Follow) -> Result<Rederivation, JobError> {
        let lake = self.lakes.get(&job.scope.workspace).await.map_err(|error| JobError::Retry(error.to_string()))?;
        let told = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
        let counts = Arc::clone(&told);
        let progress = RewriteProgress::to(move |done, total| {
            counts.0.store(done, Ordering::Relaxed);
            counts.1.store(total, Ordering::Relaxed);
        });
        let deriving = lake.rederive(Box::new(follow), &progress);
        tokio::pin!(deriving);
        loop {
            tokio::select! {
                done = &mut deriving => return done.map_err(lake_failed),
                () = tokio::time::sleep(TELL) => {
                    let (done, total) = (told.0.load(Ordering::Relaxed), told.1.load(Ordering::Relaxed));
                    if let Err(stop) = job.progress(done, total, "Deriving history again").await {
                        progress.cancel.cancel();
                        // It may have switched before it looked: then it is done.
                        return (&mut deriving).await.map_err(|_| stop);
                    }
                }
            }
        }
    }
}
