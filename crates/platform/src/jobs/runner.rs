//! The workers: claim, run, keep the lease, record the end.

use super::Jobs;
use super::context::{JobContext, Stop};
use super::model::{JobError, JobState};
use super::store::{self, Claimed, Ended, Held};
use crate::sql::{Db, DbError};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use kernel::ids::JobId;
use kernel::scope::{Scope, WorkspaceRef};
use kernel::time::{HOUR, MINUTE};
use parking_lot::Mutex;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Names the workspaces whose jobs are to be run.
pub type WorkspaceList = Arc<dyn Fn() -> BoxFuture<'static, Result<Vec<WorkspaceRef>, DbError>> + Send + Sync>;

/// Running workers.
#[must_use = "the workers stop when this is dropped"]
pub struct JobRunner {
    stop: watch::Sender<bool>,
    workers: Vec<tokio::task::JoinHandle<()>>,
}

impl JobRunner {
    /// Lets the workers finish or hand back what they run, and waits for them.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        for worker in std::mem::take(&mut self.workers) {
            let _ = worker.await;
        }
    }
}

impl Drop for JobRunner {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

pub(super) fn start(jobs: Jobs, workspaces: WorkspaceList) -> JobRunner {
    let (stop, stopped) = watch::channel(false);
    let process = JobId::new(jobs.0.world.now(), &mut jobs.0.world.rng());
    let workers = (0..jobs.0.settings.workers.max(1))
        .map(|number| {
            let owner = format!("{process}/{number}");
            tokio::spawn(work(jobs.clone(), workspaces.clone(), owner, stopped.clone(), number == 0))
        })
        .collect();
    JobRunner { stop, workers }
}

async fn work(
    jobs: Jobs,
    workspaces: WorkspaceList,
    owner: String,
    mut stopped: watch::Receiver<bool>,
    keeps_house: bool,
) {
    let (mut broken, mut kept_house) = (0_u32, jobs.0.world.now());
    while !*stopped.borrow() {
        // Listening begins before looking, so that a job enqueued in between is not slept over.
        let woken = jobs.0.work.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        match round(&jobs, &workspaces, &owner, &stopped).await {
            Ok(true) => {
                broken = 0;
                continue;
            }
            Ok(false) => {
                broken = 0;
                if keeps_house && jobs.0.world.now().since(kept_house) >= HOUR {
                    kept_house = jobs.0.world.now();
                    keep_house(&jobs, &workspaces).await;
                }
            }
            Err(error) => {
                broken = broken.saturating_add(1);
                tracing::error!(%error, "jobs: looking for work failed");
            }
        }
        let pause = jobs.0.settings.poll * 2_u32.saturating_pow(broken.min(5));
        tokio::select! {
            () = woken => {}
            _ = stopped.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Upkeep of every database; what fails is tried again an hour later.
async fn keep_house(jobs: &Jobs, workspaces: &WorkspaceList) {
    let kept = async {
        jobs.0.databases.control().upkeep().await?;
        for workspace in workspaces().await? {
            jobs.upkeep(&workspace).await?;
        }
        Ok::<_, DbError>(())
    };
    if let Err(error) = kept.await {
        tracing::error!(%error, "jobs: upkeep failed");
    }
}

/// Runs at most one job of each workspace; true when any ran.
async fn round(
    jobs: &Jobs,
    workspaces: &WorkspaceList,
    owner: &str,
    stopped: &watch::Receiver<bool>,
) -> Result<bool, DbError> {
    let mut ran = false;
    for workspace in workspaces().await? {
        if *stopped.borrow() {
            return Ok(false);
        }
        ran |= run_until(jobs, &workspace, owner, Some(stopped.clone())).await?;
    }
    Ok(ran)
}

pub(super) async fn run_one(jobs: &Jobs, workspace: &WorkspaceRef, owner: &str) -> Result<bool, DbError> {
    run_until(jobs, workspace, owner, None).await
}

async fn run_until(
    jobs: &Jobs,
    workspace: &WorkspaceRef,
    owner: &str,
    stopped: Option<watch::Receiver<bool>>,
) -> Result<bool, DbError> {
    let db = jobs.0.databases.workspace(workspace).await?;
    let now = jobs.0.world.now();
    let kinds: Vec<&'static str> = jobs.0.handlers.read().keys().copied().collect();
    if kinds.is_empty() || !store::is_due(&db, now).await? {
        return Ok(false);
    }
    let Some(claimed) = store::claim(&db, &kinds, owner, now, jobs.0.settings.lease_us).await? else {
        return Ok(false);
    };
    let id = claimed.id.clone();
    let _ = jobs.0.changed.send(id.clone());
    run(jobs, workspace, &db, claimed, owner, stopped).await?;
    let _ = jobs.0.changed.send(id);
    Ok(true)
}

async fn run(
    jobs: &Jobs,
    workspace: &WorkspaceRef,
    db: &Db,
    claimed: Claimed,
    owner: &str,
    stopped: Option<watch::Receiver<bool>>,
) -> Result<(), DbError> {
    let settings = &jobs.0.settings;
    if claimed.attempts > settings.attempts_max {
        let error = "the worker died each time this job ran";
        return store::end(db, &claimed.id, owner, Ended::As(JobState::Failed), Some(error), jobs.0.world.now()).await;
    }
    let Some(handler) = jobs.0.handlers.read().get(claimed.kind.as_str()).cloned() else { return Ok(()) };
    let stop = Arc::new(Stop::default());
    let mut scope = Scope::system(workspace.clone(), &claimed.kind);
    scope.actor = claimed.actor;
    let context = JobContext {
        scope,
        id: claimed.id.clone(),
        payload: claimed.payload,
        attempt: claimed.attempts,
        db: db.clone(),
        jobs: jobs.clone(),
        stop: stop.clone(),
        owner: owner.to_owned(),
        reported: Mutex::new(None),
    };
    let work = AssertUnwindSafe(handler.run(&context)).catch_unwind();
    let outcome = tokio::select! {
        outcome = work => outcome.unwrap_or_else(|panic| Err(JobError::Retry(panic_text(&*panic)))),
        never = keep(jobs, db, &claimed.id, owner, &stop, stopped) => match never {},
    };
    let now = jobs.0.world.now();
    let (ended, error) = match outcome {
        Ok(()) => (Ended::As(JobState::Done), None),
        Err(JobError::Cancelled) => (Ended::As(JobState::Cancelled), None),
        Err(JobError::Interrupted) => (Ended::Again { at: now, counted: false }, None),
        Err(error @ JobError::Failed(_)) => (Ended::As(JobState::Failed), Some(error.to_string())),
        Err(error) if claimed.attempts >= settings.attempts_max => {
            (Ended::As(JobState::Failed), Some(error.to_string()))
        }
        Err(error) => {
            let at = now.plus(backoff(settings.backoff_us, claimed.attempts, jobs));
            (Ended::Again { at, counted: true }, Some(error.to_string()))
        }
    };
    if let Some(error) = &error {
        tracing::warn!(job = %claimed.id, kind = %claimed.kind, attempt = claimed.attempts, %error, "a job failed");
    }
    store::end(db, &claimed.id, owner, ended, error.as_deref(), now).await
}

/// Doubles with each try up to an hour, spread by up to a quarter so that jobs that failed together do not return
/// together.
fn backoff(first_us: i64, attempts: u32, jobs: &Jobs) -> i64 {
    use rand::RngExt as _;
    let plain = first_us.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(60 * MINUTE);
    plain.saturating_add(jobs.0.world.rng().random_range(0..=plain.max(4) / 4))
}

/// Keeps the lease of a running job, and tells it when it has to stop. Never ends by itself.
async fn keep(
    jobs: &Jobs,
    db: &Db,
    id: &JobId,
    owner: &str,
    stop: &Stop,
    mut stopped: Option<watch::Receiver<bool>>,
) -> std::convert::Infallible {
    let third = u64::try_from(jobs.0.settings.lease_us / 3).unwrap_or(1_000_000).clamp(10_000, 20_000_000);
    let mut changes = jobs.0.changed.subscribe();
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_micros(third)) => {}
            () = async { while changes.recv().await.is_ok_and(|changed| changed != *id) {} } => {}
            () = told(&mut stopped) => stop.interrupt(),
        }
        let until = jobs.0.world.now().plus(jobs.0.settings.lease_us);
        match store::heartbeat(db, id, owner, until).await {
            Ok(Held::Yes { cancel_asked: false }) => {}
            Ok(Held::Yes { cancel_asked: true }) => stop.cancel(),
            Ok(Held::No) => stop.interrupt(),
            Err(error) => tracing::error!(job = %id, %error, "jobs: the lease could not be extended"),
        }
    }
}

/// Waits until the process is to stop; afterwards, and without such a signal, for ever.
async fn told(stopped: &mut Option<watch::Receiver<bool>>) {
    if let Some(signal) = stopped {
        let _ = signal.wait_for(|stop| *stop).await;
        *stopped = None;
    } else {
        std::future::pending::<()>().await;
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the job panicked: {}", text.unwrap_or_else(|| "without a message".to_owned()))
}
