//! The background jobs of imports.

use super::Imports;
use super::model::ImportState;
use async_trait::async_trait;
use kernel::ids::ImportId;
use platform::jobs::{JobContext, JobError, JobHandler};
use std::sync::Arc;

/// What a job does with its import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Check,
    Apply,
    Undo,
}

impl Work {
    pub(super) fn kind(self) -> &'static str {
        match self {
            Work::Check => "import.check",
            Work::Apply => "import.apply",
            Work::Undo => "import.undo",
        }
    }

    /// What an import is in when this is stopped.
    pub(super) fn cancelled(self) -> ImportState {
        if self == Work::Check { ImportState::Mapped } else { ImportState::Cancelled }
    }
}

struct Handler {
    imports: Imports,
    work: Work,
}

#[async_trait]
impl JobHandler for Handler {
    fn kind(&self) -> &'static str {
        self.work.kind()
    }

    async fn run(&self, job: &JobContext) -> Result<(), JobError> {
        let id: Option<ImportId> = job.payload.get("import").and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| JobError::Failed("The job names no import.".to_owned()))?;
        self.imports.work(&job.scope, &id, self.work, job).await
    }
}

/// Makes the jobs known.
pub(super) fn register(imports: &Imports) {
    for work in [Work::Check, Work::Apply, Work::Undo] {
        imports.platform.jobs.register(Arc::new(Handler { imports: imports.clone(), work }));
    }
}
