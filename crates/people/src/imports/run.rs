//! What check, apply and undo have in common: the import that is run, its parts, and how it can fail.

use super::Imports;
use super::model::ImportState;
use super::store::{self, ImportRow};
use crate::import_files::SheetFile;
use crate::import_files::questions_of;
use crate::importers::RowMapper;
use crate::importers::{ImportContext, Importer, ImporterError, MappedRow, RowOutcome};
use async_trait::async_trait;
use kernel::ids::ImportId;
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::Timestamp;
use platform::jobs::{JobContext, JobError};
use platform::sql::{Db, DbError, Tx};
use std::sync::Arc;

/// Rows given to an importer at a time, within the transaction of a batch: each slice costs a dozen statements, and each of
/// them a change of threads on SQLite.
const SLICE_ROWS: usize = 256;

/// How a run tells how far it is, and learns that it has to stop.
#[async_trait]
pub trait Progress: Send + Sync {
    /// `done` of `total` rows.
    ///
    /// # Errors
    /// [`JobError::Cancelled`] or [`JobError::Interrupted`].
    async fn report(&self, done: u64, total: u64, note: &str) -> Result<(), JobError>;
}

#[async_trait]
impl Progress for JobContext {
    async fn report(&self, done: u64, total: u64, note: &str) -> Result<(), JobError> {
        self.progress(done, total, note).await
    }
}

/// For commands that show nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

#[async_trait]
impl Progress for Silent {
    async fn report(&self, _: u64, _: u64, _: &str) -> Result<(), JobError> {
        Ok(())
    }
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    /// Somebody stopped it, the process ends, or the database failed.
    #[error(transparent)]
    Job(#[from] JobError),
    /// It cannot go on; the import is failed with these words.
    #[error("{0}")]
    Failed(String),
}

impl From<DbError> for RunError {
    fn from(error: DbError) -> Self {
        RunError::Job(JobError::Database(error))
    }
}

impl From<ImporterError> for RunError {
    fn from(error: ImporterError) -> Self {
        match error {
            ImporterError::Database(error) => error.into(),
            ImporterError::Failed(reason) => RunError::Failed(reason),
        }
    }
}

impl From<std::io::Error> for RunError {
    fn from(error: std::io::Error) -> Self {
        RunError::Failed(format!("The file cannot be read: {error}."))
    }
}

/// An import that is being run.
pub(super) struct Run {
    pub(super) db: Db,
    pub(super) row: ImportRow,
    pub(super) importer: Arc<dyn Importer>,
    pub(super) context: ImportContext,
    pub(super) mapper: Arc<RowMapper>,
    pub(super) file: SheetFile,
}

impl Run {
    /// Gets an import ready; `now` is its moment unless it has one already.
    pub(super) async fn open(
        imports: &Imports,
        scope: &Scope,
        id: &ImportId,
        now: Timestamp,
    ) -> Result<Self, RunError> {
        let db = imports.platform.db(scope).await?;
        let row = store::get(&db, id).await?.ok_or_else(|| RunError::Failed(format!("There is no import {id}.")))?;
        let path = imports.path_of(scope, id);
        let file = SheetFile { path, form: row.form.clone() };
        let importer = imports.importer(&row.mapping.kind).map_err(|problem| RunError::Failed(problem.message))?;
        let settings = imports.platform.accounts.settings(&scope.workspace).await;
        let settings = settings.map_err(JobError::from)?;
        if let Some(question) = questions_of(&imports.specs(), &file, &row.mapping)?.into_iter().next() {
            return Err(RunError::Failed(question.message));
        }
        let columns: Vec<String> = row.form.columns.iter().map(|column| column.name.clone()).collect();
        let zone = settings.zone();
        let mapper = RowMapper::new(importer.spec(), &row.mapping, &columns, settings.currency, zone.clone())
            .map_err(|problem| RunError::Failed(problem.message))?;
        let context = ImportContext {
            scope: scope.clone(),
            import: id.clone(),
            system: row.mapping.system.clone(),
            feed: columns.join("\u{1f}").to_lowercase(),
            now: row.started_at.unwrap_or(now),
            zone,
            currency: settings.currency,
        };
        Ok(Self { db, row, importer, context, mapper: Arc::new(mapper), file })
    }

    /// The importer's outcomes, one a row.
    pub(super) async fn outcomes(&self, tx: &mut Tx, rows: &[MappedRow]) -> Result<Vec<RowOutcome>, RunError> {
        let mut outcomes = Vec::with_capacity(rows.len());
        for slice in rows.chunks(SLICE_ROWS) {
            outcomes.extend(self.importer.apply(&self.context, tx, slice).await?);
        }
        if outcomes.len() == rows.len() {
            return Ok(outcomes);
        }
        let kind = self.importer.spec().kind;
        Err(RunError::Failed(format!("The importer of {kind} answered {} of {} rows.", outcomes.len(), rows.len())))
    }
}

impl Imports {
    /// Ends a run: keeps the new state, and hands on why it ended early.
    pub(super) async fn end(
        &self,
        scope: &Scope,
        id: &ImportId,
        ended: Result<ImportState, RunError>,
        cancelled: ImportState,
    ) -> Result<(), JobError> {
        let (state, error, answer) = match ended {
            Ok(state) => (state, None, Ok(())),
            Err(RunError::Job(JobError::Cancelled)) => (cancelled, None, Err(JobError::Cancelled)),
            Err(RunError::Job(other)) => return Err(other),
            Err(RunError::Failed(reason)) => (ImportState::Failed, Some(reason.clone()), Err(JobError::Failed(reason))),
        };
        let mut tx = self.platform.db(scope).await?.begin().await?;
        store::finish(&mut tx, id, state, self.platform.world.now(), error.as_deref()).await?;
        let action = format!("import.{}", state.as_str());
        let details = serde_json::json!({ "error": error });
        platform::audit::record(&mut tx, scope, self.platform.world.now(), &action, id.as_str(), &details).await?;
        tx.commit().await?;
        answer
    }
}

/// A run's failure for whoever called it directly.
pub(super) fn as_problem(error: JobError) -> Problem {
    use kernel::problem::Class;
    match error {
        JobError::Failed(reason) => Problem::new(Class::Invalid, "import_failed", reason),
        JobError::Cancelled => Problem::new(Class::Conflict, "import_cancelled", "The import was cancelled."),
        JobError::Database(error) => error.into(),
        other => Problem::new(Class::Unavailable, "import_interrupted", other.to_string()),
    }
}
