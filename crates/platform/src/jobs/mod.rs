//! Background jobs: rows that are claimed with a lease, so that work survives a crash and can be spread.
//!
//! A job carries ids, not data. It is enqueued in the transaction that makes it necessary, and running it twice must equal
//! running it once: a worker that dies gives its job to another after the lease.
//!
//! **Invariant:** a job and the change that needs it commit together.
//! **Invariant:** at most one job of a kind and key is live (queued or running).

mod api;
mod context;
mod model;
mod runner;
mod store;

pub use api::routes;
pub use context::{JobContext, JobHandler};
pub use model::{Job, JobError, JobState};
pub use runner::{JobRunner, WorkspaceList};

use crate::sql::{Databases, DbError, Tx};
use crate::world::World;
use futures::Stream;
use kernel::ids::JobId;
use kernel::page::{Page, PageRequest};
use kernel::problem::{Class, Problem};
use kernel::scope::Scope;
use kernel::time::{DAY, MINUTE, SECOND};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, broadcast};

/// Microseconds for which a job that has ended stays in the list.
const KEPT_US: i64 = 90 * DAY;

/// How jobs are run.
#[derive(Debug, Clone)]
pub struct JobSettings {
    /// Jobs that run at the same time in this process.
    pub workers: usize,
    /// Microseconds a worker may be silent before its job is given to another.
    pub lease_us: i64,
    /// How often a job is tried.
    pub attempts_max: u32,
    /// Microseconds before the second try; doubled for each further one.
    pub backoff_us: i64,
    /// How long an idle worker sleeps when nothing wakes it.
    pub poll: Duration,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self { workers: 2, lease_us: MINUTE, attempts_max: 5, backoff_us: 5 * SECOND, poll: Duration::from_secs(2) }
    }
}

/// All background jobs. Cheap to clone.
#[derive(Clone)]
pub struct Jobs(Arc<Shared>);

struct Shared {
    databases: Databases,
    world: World,
    settings: JobSettings,
    handlers: RwLock<HashMap<&'static str, Arc<dyn JobHandler>>>,
    work: Arc<Notify>,
    changed: broadcast::Sender<JobId>,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds: Vec<_> = self.0.handlers.read().keys().copied().collect();
        f.debug_struct("Jobs").field("kinds", &kinds).field("settings", &self.0.settings).finish()
    }
}

impl Jobs {
    /// No jobs yet; nothing runs until [`Jobs::start`].
    #[must_use]
    pub fn new(databases: Databases, world: World, settings: JobSettings) -> Self {
        Self(Arc::new(Shared {
            databases,
            world,
            settings,
            handlers: RwLock::default(),
            work: Arc::new(Notify::new()),
            changed: broadcast::channel(256).0,
        }))
    }

    /// Makes a kind of job known. Call it while wiring, before [`Jobs::start`].
    pub fn register(&self, handler: Arc<dyn JobHandler>) {
        self.0.handlers.write().insert(handler.kind(), handler);
    }

    /// Enqueues a job in the transaction that needs it; workers wake when that commits. With a key, a live job of the same
    /// kind and key is returned instead of a second one.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn enqueue(
        &self,
        tx: &mut Tx,
        scope: &Scope,
        kind: &str,
        key: Option<&str>,
        payload: &serde_json::Value,
    ) -> Result<JobId, DbError> {
        let now = self.0.world.now();
        let id = JobId::new(now, &mut self.0.world.rng());
        let id = store::enqueue(tx, store::NewJob { id, kind, key, payload, actor: &scope.actor, now }).await?;
        let work = self.0.work.clone();
        tx.after_commit(move || work.notify_waiters());
        Ok(id)
    }

    /// One job.
    ///
    /// # Errors
    /// 404 `job_not_found`.
    pub async fn get(&self, scope: &Scope, id: &JobId) -> Result<Job, Problem> {
        let db = self.0.databases.workspace(&scope.workspace).await?;
        store::get(&db, id).await?.ok_or_else(|| Problem::not_found("job", id))
    }

    /// Jobs, newest first, of one state if given.
    ///
    /// # Errors
    /// A database failure.
    pub async fn list(&self, scope: &Scope, state: Option<JobState>, page: &PageRequest) -> Result<Page<Job>, Problem> {
        let db = self.0.databases.workspace(&scope.workspace).await?;
        Ok(store::list(&db, state, page).await?)
    }

    /// Cancels a job: at once when it is queued; a running one is asked to stop and does so at its next progress report.
    ///
    /// # Errors
    /// 404 `job_not_found`, 409 `job_finished`.
    pub async fn cancel(&self, scope: &Scope, id: &JobId) -> Result<Job, Problem> {
        let db = self.0.databases.workspace(&scope.workspace).await?;
        let now = self.0.world.now();
        let mut tx = db.begin().await?;
        if !store::cancel(&mut tx, id, now).await? {
            let job = self.get(scope, id).await?;
            let message = format!("The job has already finished ({}); it cannot be cancelled.", job.state.as_str());
            return Err(Problem::new(Class::Conflict, "job_finished", message));
        }
        crate::audit::record(&mut tx, scope, now, "job.cancel", id.as_str(), &serde_json::json!({})).await?;
        tx.commit().await?;
        let _ = self.0.changed.send(id.clone());
        self.get(scope, id).await
    }

    /// The states of a job as they change, the present one first, ending with its final one.
    ///
    /// # Errors
    /// 404 `job_not_found`.
    pub async fn watch(&self, scope: &Scope, id: &JobId) -> Result<impl Stream<Item = Job> + Send + use<>, Problem> {
        let first = self.get(scope, id).await?;
        let (jobs, scope, id) = (self.clone(), scope.clone(), id.clone());
        let changes = self.0.changed.subscribe();
        let start = (Some(first), changes, None::<Job>);
        Ok(futures::stream::unfold(start, move |(next, mut changes, last)| {
            let (jobs, scope, id) = (jobs.clone(), scope.clone(), id.clone());
            async move {
                if last.as_ref().is_some_and(|job| job.state.is_final()) {
                    return None;
                }
                let job = match next {
                    Some(job) => job,
                    None => jobs.changed(&scope, &id, &mut changes, last.as_ref()).await?,
                };
                Some((job.clone(), (None, changes, Some(job))))
            }
        }))
    }

    /// Waits until a job differs from `last`. A change in another process is seen by looking now and then.
    async fn changed(
        &self,
        scope: &Scope,
        id: &JobId,
        changes: &mut broadcast::Receiver<JobId>,
        last: Option<&Job>,
    ) -> Option<Job> {
        loop {
            let job = self.get(scope, id).await.ok()?;
            if last != Some(&job) {
                return Some(job);
            }
            let _ = tokio::time::timeout(Duration::from_secs(1), async {
                while changes.recv().await.is_ok_and(|changed| changed != *id) {}
            })
            .await;
        }
    }

    /// Makes what a process before this one left running due at once, rather than after its lease. Only for whoever is alone
    /// with the workspace: the holder of its events.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn take_over(&self, workspace: &kernel::scope::WorkspaceRef) -> Result<(), DbError> {
        let db = self.0.databases.workspace(workspace).await?;
        if store::release_all(&db, self.0.world.now()).await? > 0 {
            self.wake();
        }
        Ok(())
    }

    /// Starts the workers; they look for work in every workspace of the list.
    pub fn start(&self, workspaces: WorkspaceList) -> JobRunner {
        runner::start(self.clone(), workspaces)
    }

    /// Runs jobs of one workspace in this task until none is due; returns how many ran. For commands and tests.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn run_due(&self, workspace: &kernel::scope::WorkspaceRef) -> Result<usize, DbError> {
        let mut ran = 0;
        while runner::run_one(self, workspace, "inline").await? {
            ran += 1;
        }
        Ok(ran)
    }

    /// Forgets jobs that ended long ago and keeps the workspace's database in shape. An idle worker does this each hour.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn upkeep(&self, workspace: &kernel::scope::WorkspaceRef) -> Result<(), DbError> {
        let db = self.0.databases.workspace(workspace).await?;
        store::forget(&db, self.0.world.now().plus(-KEPT_US)).await?;
        db.upkeep().await
    }

    /// Wakes idle workers: something may be due.
    pub fn wake(&self) {
        self.0.work.notify_waiters();
    }
}
