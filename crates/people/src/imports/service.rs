//! The facade: upload, map, check, apply, undo.

use super::jobs::{self, Work};
use super::model::{Counts, Import, ImportState, Phase, RowReport};
use super::run::{Progress, RunError, as_problem};
use super::store::{self, ImportRow};
use crate::import_files::SheetFile;
use crate::import_files::{Received, Upload, disk};
use crate::import_files::{form_of, questions_of, read_form};
use crate::importers::{self, Mapping, Question};
use crate::importers::{Importer, ImporterSpec, Outcome};
use crate::sheets::{DELIMITERS, encoding_named};
use kernel::ids::{ImportId, JobId};
use kernel::limits::{IMPORT_COLUMNS_MAX, NAME_CHARS_MAX};
use kernel::page::{Page, PageRequest};
use kernel::problem::{Class, Problem};
use kernel::scope::{Permission, Scope};
use platform::Platform;
use platform::jobs::{JobError, JobState};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A kind of import, for the mapping screen.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct KindInfo {
    /// What it takes.
    #[serde(flatten)]
    pub spec: ImporterSpec,
    /// The files that are recognised by their headers.
    pub presets: Vec<PresetInfo>,
}

/// A file of a well-known system.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PresetInfo {
    /// The id: `hubspot_deals`.
    pub id: String,
    /// The name: `HubSpot deals`.
    pub title: String,
}

/// A new mapping, and where it was found wrongly, how the file is written.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingChange {
    /// The mapping. Without one, it is proposed anew, of the kind when that is given.
    pub mapping: Option<Mapping>,
    /// What the rows are, for a new proposal.
    pub kind: Option<String>,
    /// The encoding: `utf-8`, `windows-1252`, `utf-16le` …
    pub encoding: Option<String>,
    /// The mark between cells: `,` `;` `|` or a tab.
    pub delimiter: Option<String>,
}

/// Imports of all workspaces. Cheap to clone.
#[derive(Clone)]
pub struct Imports {
    pub(super) platform: Platform,
    importers: Arc<Vec<Arc<dyn Importer>>>,
}

impl Imports {
    /// Imports of people, companies, deals, stage history and contact roles, and of what the others bring. Registers
    /// the background jobs.
    #[must_use]
    pub fn new(platform: &Platform, others: Vec<Arc<dyn Importer>>) -> Self {
        let mut importers = importers::all(&platform.world);
        importers.extend(others);
        let imports = Self { platform: platform.clone(), importers: Arc::new(importers) };
        jobs::register(&imports);
        imports
    }

    /// The kinds of import with their fields and presets.
    #[must_use]
    pub fn kinds(&self) -> Vec<KindInfo> {
        let presets = |kind: &str| {
            let own = importers::all_presets().iter().filter(|preset| preset.kind == kind);
            own.map(|preset| PresetInfo { id: preset.id.clone(), title: preset.title.clone() }).collect()
        };
        self.specs().into_iter().map(|spec| KindInfo { presets: presets(spec.kind), spec: spec.clone() }).collect()
    }

    pub(super) fn specs(&self) -> Vec<&'static ImporterSpec> {
        self.importers.iter().map(|importer| importer.spec()).collect()
    }

    pub(super) fn importer(&self, kind: &str) -> Result<Arc<dyn Importer>, Problem> {
        let found = self.importers.iter().find(|importer| importer.spec().kind == kind);
        found.cloned().ok_or_else(|| Problem::invalid("kind", format!("`{kind}` is not a kind of import.")))
    }

    /// Refuses who may import, but not write what this kind of file holds. A kind that is not known writes nothing.
    fn may_write(&self, scope: &Scope, kind: &str) -> Result<(), Problem> {
        self.importer(kind).map_or(Ok(()), |importer| scope.require(importer.permission()))
    }

    pub(super) fn path_of(&self, scope: &Scope, id: &ImportId) -> PathBuf {
        self.folder(scope).join(format!("{id}.csv"))
    }

    fn folder(&self, scope: &Scope) -> PathBuf {
        self.platform.databases.folder(&scope.workspace).join("blobs").join("imports")
    }

    /// Begins to receive a file.
    ///
    /// # Errors
    /// 403 `forbidden`.
    pub async fn begin_upload(&self, scope: &Scope) -> Result<Upload, Problem> {
        scope.require(Permission::ImportsWrite)?;
        let id = ImportId::new(self.platform.world.now(), &mut self.platform.world.rng());
        Upload::begin(&self.folder(scope), id).await
    }

    /// Keeps a received file: finds how it is written, what it holds and how it may be mapped. `kind` none: by its headers.
    ///
    /// # Errors
    /// 400 `empty_file`, 403 `forbidden` for records the caller may not write, 422 for a kind that is not known or a file with too many columns.
    pub async fn finish_upload(
        &self,
        scope: &Scope,
        upload: Upload,
        filename: &str,
        kind: Option<&str>,
    ) -> Result<Import, Problem> {
        scope.require(Permission::ImportsWrite)?;
        if let Some(kind) = kind {
            self.importer(kind)?;
        }
        let id = upload.id.clone();
        let received = upload.finish().await?;
        let row = self.new_row(scope, id, &received, filename, kind).await;
        let row = match row.and_then(|row| self.may_write(scope, &row.mapping.kind).map(|()| row)) {
            Ok(row) => row,
            Err(problem) => {
                // The file belongs to no import; what cannot be removed is swept with the workspace.
                let _ = tokio::fs::remove_file(&received.path).await;
                return Err(problem);
            }
        };
        let mut tx = self.platform.db(scope).await?.begin().await?;
        store::insert(&mut tx, &row).await?;
        let details = serde_json::json!({ "filename": row.filename, "bytes": row.bytes, "sha256": row.sha256 });
        let now = self.platform.world.now();
        platform::audit::record(&mut tx, scope, now, "import.upload", row.id.as_str(), &details).await?;
        tx.commit().await?;
        self.get(scope, &row.id).await
    }

    async fn new_row(
        &self,
        scope: &Scope,
        id: ImportId,
        received: &Received,
        filename: &str,
        kind: Option<&str>,
    ) -> Result<ImportRow, Problem> {
        let found = read_form(&received.path, received.encoding.name(), None).map_err(|error| disk(&error))?;
        let columns = found.columns.len();
        if columns > IMPORT_COLUMNS_MAX {
            let message = format!("The file has {columns} columns, at most {IMPORT_COLUMNS_MAX} are read.");
            return Err(Problem::new(Class::Invalid, "too_many_columns", message));
        }
        let mapping = importers::propose(&found, &self.specs(), kind);
        let open = importers::questions(&found, &self.specs(), &mapping);
        let now = self.platform.world.now();
        let name: String = filename.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS_MAX).collect();
        Ok(ImportRow {
            id,
            created_at: now,
            created_by: scope.actor.label(),
            filename: if name.trim().is_empty() { "file.csv".to_owned() } else { name },
            bytes: received.bytes,
            sha256: received.sha256.clone(),
            state: if open.is_empty() { ImportState::Mapped } else { ImportState::Uploaded },
            form: form_of(&found, received.encoding.name()),
            mapping,
            rows_total: None,
            checked: None,
            started_at: None,
            applied: Counts::default(),
            applied_line: 0,
            undo: super::UndoReport::default(),
            finished_at: None,
            job: None,
            error: None,
        })
    }

    /// Uploads a file of this machine, for commands.
    ///
    /// # Errors
    /// As [`Imports::finish_upload`], and when the file cannot be read.
    pub async fn upload_path(&self, scope: &Scope, path: &Path, kind: Option<&str>) -> Result<Import, Problem> {
        let unreadable = |error: std::io::Error| {
            Problem::new(Class::Malformed, "unreadable_file", format!("{} cannot be read: {error}.", path.display()))
        };
        let mut file = tokio::fs::File::open(path).await.map_err(unreadable)?;
        let mut upload = self.begin_upload(scope).await?;
        let mut piece = vec![0; 256 * 1024];
        loop {
            let read = tokio::io::AsyncReadExt::read(&mut file, &mut piece).await.map_err(unreadable)?;
            if read == 0 {
                break;
            }
            upload.write(&piece[..read]).await?;
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.finish_upload(scope, upload, &name, kind).await
    }

    /// One import.
    ///
    /// # Errors
    /// 404 `import_not_found`.
    pub async fn get(&self, scope: &Scope, id: &ImportId) -> Result<Import, Problem> {
        scope.require(Permission::ImportsRead)?;
        let db = self.platform.db(scope).await?;
        let row = store::get(&db, id).await?.ok_or_else(|| Problem::not_found("import", id))?;
        let same_as = store::same_as(&db, &row).await?;
        let open = if matches!(row.state, ImportState::Uploaded) {
            let file = SheetFile { path: self.path_of(scope, id), form: row.form.clone() };
            questions_of(&self.specs(), &file, &row.mapping).map_err(|error| disk(&error))?
        } else {
            Vec::new()
        };
        Ok(view(row, same_as, open))
    }

    /// Imports, the newest first.
    ///
    /// # Errors
    /// 403 `forbidden`.
    pub async fn list(&self, scope: &Scope, page: &PageRequest) -> Result<Page<Import>, Problem> {
        scope.require(Permission::ImportsRead)?;
        let db = self.platform.db(scope).await?;
        let mut rows = store::list(&db, page).await?;
        let wanted = page.rows() as usize;
        let next_cursor = (rows.len() > wanted).then(|| rows[wanted - 1].id.to_string());
        rows.truncate(wanted);
        let items = rows.into_iter().map(|row| view(row, None, Vec::new())).collect();
        Ok(Page { items, next_cursor, total: None })
    }

    /// Changes how a file is read. A dry run that was made is void.
    ///
    /// # Errors
    /// 409 `import_busy` once rows were written, 422 for an encoding, a mark or a system that is not one.
    pub async fn set_mapping(&self, scope: &Scope, id: &ImportId, change: MappingChange) -> Result<Import, Problem> {
        scope.require(Permission::ImportsWrite)?;
        let db = self.platform.db(scope).await?;
        let mut tx = db.begin().await?;
        let mut row = store::get_in(&mut tx, id).await?.ok_or_else(|| Problem::not_found("import", id))?;
        if !store::OPEN.contains(&row.state) || row.applied_line > 0 {
            return Err(busy(row.state, "mapped"));
        }
        let encoding = change.encoding.as_deref().unwrap_or(&row.form.encoding);
        let encoding = encoding_named(encoding)
            .ok_or_else(|| Problem::invalid("encoding", format!("`{encoding}` is not an encoding; try utf-8.")))?;
        let delimiter = change.delimiter.as_deref().unwrap_or(&row.form.delimiter).bytes().next();
        let delimiter = delimiter.filter(|mark| DELIMITERS.contains(mark)).ok_or_else(|| {
            Problem::invalid("delimiter", "The mark between cells is a comma, a semicolon, a tab or a bar.")
        })?;
        let found =
            read_form(&self.path_of(scope, id), encoding.name(), Some(delimiter)).map_err(|error| disk(&error))?;
        row.mapping = match change.mapping {
            Some(mapping) => mapping,
            None => importers::propose(&found, &self.specs(), change.kind.as_deref()),
        };
        if !is_system(&row.mapping.system) {
            let message = "The name of a system has 1 to 64 lower-case letters, digits, hyphens or underscores.";
            return Err(Problem::invalid("mapping.system", message));
        }
        self.may_write(scope, &row.mapping.kind)?;
        row.form = form_of(&found, encoding.name());
        let open = importers::questions(&found, &self.specs(), &row.mapping);
        row.state = if open.is_empty() { ImportState::Mapped } else { ImportState::Uploaded };
        if !store::set_mapping(&mut tx, &row).await? {
            let now = store::get_in(&mut tx, id).await?.ok_or_else(|| Problem::not_found("import", id))?;
            return Err(busy(now.state, "mapped"));
        }
        tx.commit().await?;
        Ok(view(row, None, open))
    }

    /// Starts the dry run in the background.
    ///
    /// # Errors
    /// 409 `import_busy`, 422 `mapping_incomplete`.
    pub async fn check(&self, scope: &Scope, id: &ImportId) -> Result<Import, Problem> {
        self.enqueue(scope, id, Work::Check).await
    }

    /// Starts writing in the background; continues where it stopped.
    ///
    /// # Errors
    /// 409 `import_busy` unless it was checked, or stopped before its end.
    pub async fn apply(&self, scope: &Scope, id: &ImportId) -> Result<Import, Problem> {
        self.enqueue(scope, id, Work::Apply).await
    }

    /// Starts taking back what the import changed.
    ///
    /// # Errors
    /// 409 `import_busy` unless something was written.
    pub async fn undo(&self, scope: &Scope, id: &ImportId) -> Result<Import, Problem> {
        self.enqueue(scope, id, Work::Undo).await
    }

    async fn enqueue(&self, scope: &Scope, id: &ImportId, work: Work) -> Result<Import, Problem> {
        let mut tx = self.platform.db(scope).await?.begin().await?;
        self.start(&mut tx, scope, id, work).await?;
        let payload = serde_json::json!({ "import": id });
        let job = self.platform.jobs.enqueue(&mut tx, scope, work.kind(), Some(id.as_str()), &payload).await?;
        store::set_job(&mut tx, id, &job).await?;
        tx.commit().await?;
        self.get(scope, id).await
    }

    async fn start(&self, tx: &mut platform::sql::Tx, scope: &Scope, id: &ImportId, work: Work) -> Result<(), Problem> {
        use ImportState as S;
        scope.require(Permission::ImportsWrite)?;
        let row = store::get_in(tx, id).await?.ok_or_else(|| Problem::not_found("import", id))?;
        self.may_write(scope, &row.mapping.kind)?;
        let (from, to): (&[S], S) = match work {
            Work::Check if row.applied_line > 0 => (&[], S::Checking),
            Work::Check => (&[S::Mapped, S::Checking, S::Checked, S::Failed], S::Checking),
            Work::Apply => (&[S::Checked, S::Applying, S::Failed, S::Cancelled], S::Applying),
            Work::Undo => (&[S::Applied, S::Undoing, S::Failed, S::Cancelled], S::Undoing),
        };
        if work == Work::Check && row.state == S::Uploaded {
            let message = "The mapping has open questions; answer them first.";
            return Err(Problem::new(Class::Invalid, "mapping_incomplete", message));
        }
        let checked = row.checked.is_some() || work == Work::Check;
        // What was begun to be undone is not continued: the rows before would be missing.
        let forward = work != Work::Apply || row.undo == super::UndoReport::default();
        if !checked || !forward || !store::transition(tx, id, from, to).await? {
            return Err(busy(row.state, to.as_str()));
        }
        let (action, now) = (work.kind(), self.platform.world.now());
        platform::audit::record(tx, scope, now, action, id.as_str(), &serde_json::json!({})).await?;
        Ok(())
    }

    /// Runs one of the three to its end in this task.
    pub(super) async fn work(
        &self,
        scope: &Scope,
        id: &ImportId,
        work: Work,
        progress: &dyn Progress,
    ) -> Result<(), JobError> {
        let ended: Result<ImportState, RunError> = match work {
            Work::Check => self.run_check(scope, id, progress).await,
            Work::Apply => self.run_apply(scope, id, progress).await,
            Work::Undo => self.run_undo(scope, id, progress).await,
        };
        self.end(scope, id, ended, work.cancelled()).await
    }

    async fn now(&self, scope: &Scope, id: &ImportId, work: Work, progress: &dyn Progress) -> Result<Import, Problem> {
        let mut tx = self.platform.db(scope).await?.begin().await?;
        self.start(&mut tx, scope, id, work).await?;
        tx.commit().await?;
        self.work(scope, id, work, progress).await.map_err(as_problem)?;
        self.get(scope, id).await
    }

    /// The dry run, here and now; for commands.
    ///
    /// # Errors
    /// As [`Imports::check`]; 422 `import_failed` with the reason.
    pub async fn check_now(&self, scope: &Scope, id: &ImportId, progress: &dyn Progress) -> Result<Import, Problem> {
        self.now(scope, id, Work::Check, progress).await
    }

    /// Writes, here and now; for commands.
    ///
    /// # Errors
    /// As [`Imports::apply`]; 422 `import_failed` with the reason.
    pub async fn apply_now(&self, scope: &Scope, id: &ImportId, progress: &dyn Progress) -> Result<Import, Problem> {
        self.now(scope, id, Work::Apply, progress).await
    }

    /// Takes back, here and now; for commands.
    ///
    /// # Errors
    /// As [`Imports::undo`]; 422 `import_failed` with the reason.
    pub async fn undo_now(&self, scope: &Scope, id: &ImportId, progress: &dyn Progress) -> Result<Import, Problem> {
        self.now(scope, id, Work::Undo, progress).await
    }

    /// Stops what runs. What is written stays, and can be undone or continued.
    ///
    /// # Errors
    /// 409 `import_busy` when nothing runs.
    pub async fn cancel(&self, scope: &Scope, id: &ImportId) -> Result<Import, Problem> {
        scope.require(Permission::ImportsWrite)?;
        let import = self.get(scope, id).await?;
        let work = match import.state {
            ImportState::Checking => Work::Check,
            ImportState::Applying => Work::Apply,
            ImportState::Undoing => Work::Undo,
            other => return Err(busy(other, "cancelled")),
        };
        let live = match &import.job {
            Some(job) => self.stop_job(scope, job).await?,
            None => false,
        };
        if !live {
            // It waited, or its worker is gone: nobody else will move it on.
            let mut tx = self.platform.db(scope).await?.begin().await?;
            store::transition(&mut tx, id, &[import.state], work.cancelled()).await?;
            tx.commit().await?;
        }
        self.get(scope, id).await
    }

    /// Whether the job is still running and will end the import itself.
    async fn stop_job(&self, scope: &Scope, job: &JobId) -> Result<bool, Problem> {
        match self.platform.jobs.cancel(scope, job).await {
            Ok(job) => Ok(job.state == JobState::Running),
            Err(problem) if problem.code == "job_finished" => Ok(false),
            Err(problem) => Err(problem),
        }
    }

    /// Rows of a report: all that are not imported, and a sample of the others.
    ///
    /// # Errors
    /// 404 `import_not_found`, 422 for a cursor that is none.
    pub async fn rows(
        &self,
        scope: &Scope,
        id: &ImportId,
        phase: Phase,
        outcome: Option<Outcome>,
        page: &PageRequest,
    ) -> Result<Page<RowReport>, Problem> {
        let import = self.get(scope, id).await?;
        let after = match &page.cursor {
            None => 0,
            Some(text) => text.parse().map_err(|_| Problem::invalid("cursor", "This is not a cursor of this list."))?,
        };
        let db = self.platform.db(scope).await?;
        let mut items = store::rows_after(&db, &import.id, phase, outcome, after, page.rows() + 1).await?;
        let wanted = page.rows() as usize;
        let next_cursor = (items.len() > wanted).then(|| items[wanted - 1].line.to_string());
        items.truncate(wanted);
        Ok(Page { items, next_cursor, total: None })
    }
}

fn busy(state: ImportState, wanted: &str) -> Problem {
    let message = format!("The import is {}; it cannot become {wanted} now.", state.as_str());
    Problem::new(Class::Conflict, "import_busy", message)
}

fn is_system(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

fn view(row: ImportRow, same_as: Option<ImportId>, questions: Vec<Question>) -> Import {
    let preset = row.mapping.preset.as_deref().and_then(importers::preset_named);
    Import {
        id: row.id,
        filename: row.filename,
        bytes: row.bytes,
        sha256: row.sha256,
        state: row.state,
        kind: row.mapping.kind.clone(),
        form: row.form,
        questions,
        preset_title: preset.map(|preset| preset.title.clone()),
        mapping: row.mapping,
        same_as,
        rows_total: row.rows_total,
        checked: row.checked,
        applied: row.applied,
        undo: row.undo,
        job: row.job,
        error: row.error,
        created_at: row.created_at,
        created_by: row.created_by,
        finished_at: row.finished_at,
    }
}
