//! What a job sees of the world while it runs.

use super::model::JobError;
use super::{Jobs, store};
use crate::sql::Db;
use async_trait::async_trait;
use kernel::ids::JobId;
use kernel::scope::Scope;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// One kind of job.
#[async_trait]
pub trait JobHandler: Send + Sync + 'static {
    /// Its name, `<slice>.<verb>`: `import.apply`.
    fn kind(&self) -> &'static str;

    /// Does the work. Running it again after a crash, at any point, must come to the same.
    async fn run(&self, job: &JobContext) -> Result<(), JobError>;
}

/// Why a running job has to end.
#[derive(Debug, Default)]
pub(super) struct Stop {
    cancelled: AtomicBool,
    interrupted: AtomicBool,
}

impl Stop {
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    pub(super) fn check(&self) -> Result<(), JobError> {
        if self.cancelled.load(Ordering::Relaxed) {
            Err(JobError::Cancelled)
        } else if self.interrupted.load(Ordering::Relaxed) {
            Err(JobError::Interrupted)
        } else {
            Ok(())
        }
    }
}

/// A running job: for whom, with what, and how to report.
pub struct JobContext {
    /// The workspace, with every permission; the actor is whoever asked for the job.
    pub scope: Scope,
    /// The job's id.
    pub id: JobId,
    /// What was given to [`Jobs::enqueue`].
    pub payload: serde_json::Value,
    /// Which try this is; 1 is the first.
    pub attempt: u32,
    pub(super) db: Db,
    pub(super) jobs: Jobs,
    pub(super) stop: Arc<Stop>,
    pub(super) owner: String,
    pub(super) reported: Mutex<Option<(Instant, String)>>,
}

/// Reports closer together than this are not written.
const REPORT_EVERY: Duration = Duration::from_millis(250);

impl JobContext {
    /// Reports how far the job is; `total` 0 means unknown. Call it often: it is cheap, and it is where a job learns that it
    /// has to stop. Not while holding a transaction: on SQLite there is one at a time, and this begins one.
    ///
    /// # Errors
    /// [`JobError::Cancelled`] or [`JobError::Interrupted`]: hand it on with `?`.
    pub async fn progress(&self, done: u64, total: u64, note: &str) -> Result<(), JobError> {
        self.stop.check()?;
        let due = {
            let mut reported = self.reported.lock();
            let last = reported.as_ref();
            let due = last.is_none_or(|(at, text)| done == total || text != note || at.elapsed() >= REPORT_EVERY);
            if due {
                *reported = Some((Instant::now(), note.to_owned()));
            }
            due
        };
        if due {
            let state = store::report(&self.db, &self.id, &self.owner, (done, total), note).await?;
            match state {
                store::Held::Yes { cancel_asked: false } => {}
                store::Held::Yes { cancel_asked: true } => self.stop.cancel(),
                store::Held::No => self.stop.interrupt(),
            }
            let _ = self.jobs.0.changed.send(self.id.clone());
        }
        self.stop.check()
    }

    /// Whether the job has to stop, for work that cannot await.
    ///
    /// # Errors
    /// As [`JobContext::progress`].
    pub fn check(&self) -> Result<(), JobError> {
        self.stop.check()
    }
}
