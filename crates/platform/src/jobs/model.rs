//! A job, its states, and how it fails.

use crate::sql::{DbError, FromRow, Row};
use kernel::ids::JobId;
use kernel::problem::Problem;
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for a worker, or for its next try.
    Queued,
    /// A worker has it.
    Running,
    /// It did what it had to.
    Done,
    /// It gave up; `error` says why.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl JobState {
    /// As the database writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A background job as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What it does: `import.apply`.
    #[schema(example = "import.apply")]
    pub kind: String,
    /// What it is about, for example the id of an import.
    pub key: Option<String>,
    /// Where it stands.
    pub state: JobState,
    /// Steps done.
    pub done: u64,
    /// Steps in all; 0 while that is unknown.
    pub total: u64,
    /// What it is doing, or what came of it.
    pub note: String,
    /// Why it failed, or why its last try did.
    pub error: Option<String>,
    /// How often it was started.
    pub attempts: u32,
    /// Whether it was asked to stop and has not yet.
    pub cancelling: bool,
    /// Who asked for it: `user:usr_…`, `key:key_…` or `system:<name>`.
    pub requested_by: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// When it reached its final state.
    pub finished_at: Option<Timestamp>,
}

impl FromRow for Job {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let actor: kernel::scope::Actor = row.json("actor")?;
        let state = JobState::parse(&row.text("state")?).ok_or_else(|| DbError::Column {
            column: "state".to_owned(),
            reason: "is not a state of a job".to_owned(),
        })?;
        Ok(Self {
            id: row.id("id")?,
            kind: row.text("kind")?,
            key: row.opt_text("job_key")?,
            state,
            done: row.get("progress_done")?,
            total: row.get("progress_total")?,
            note: row.text("note")?,
            error: row.opt_text("error")?,
            attempts: row.get("attempts")?,
            cancelling: row.bool("cancel_asked")? && !state.is_final(),
            requested_by: actor.label(),
            created_at: row.time("created_us")?,
            started_at: row.opt_time("started_us")?,
            finished_at: row.opt_time("finished_us")?,
        })
    }
}

/// How a run of a job ends early.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Somebody asked it to stop. Hand it on with `?`.
    #[error("cancelled")]
    Cancelled,
    /// The worker lost its lease, or the process stops; another run follows.
    #[error("interrupted; it will be continued")]
    Interrupted,
    /// It may work at another time: the job is tried again, later and later.
    #[error("{0}")]
    Retry(String),
    /// It can never work: the job fails at once.
    #[error("{0}")]
    Failed(String),
    /// The database failed: tried again.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<Problem> for JobError {
    /// Our fault or a busy moment is tried again; a request that is wrong stays wrong.
    fn from(problem: Problem) -> Self {
        if problem.status() >= 500 { Self::Retry(problem.message) } else { Self::Failed(problem.message) }
    }
}
