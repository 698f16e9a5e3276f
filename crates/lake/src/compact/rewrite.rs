//! Writing files again with other rows, and the one switch that puts them in the place of the old ones.

use super::{Pending, Upkeep, abandon};
use crate::catalog::Switch;
use crate::error::LakeError;
use crate::fold::Cancel;
use crate::lake::Inner;
use crate::parquet::{DataFile, FileWriter, NewFile, Selection};
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long one looks again for what must happen beside: events to be admitted, readers to let go of a file.
const WAIT_STEPS: u32 = 600;
const WAIT_STEP: Duration = if cfg!(test) { Duration::from_millis(1) } else { Duration::from_millis(50) };

type Report = dyn Fn(u64, u64) + Send + Sync;

/// Whom long upkeep tells how far it is, and how it is stopped. Stopped before its switch, it has changed nothing.
#[derive(Clone, Default)]
pub struct RewriteProgress {
    report: Option<Arc<Report>>,
    /// Set it to stop.
    pub cancel: Cancel,
}

impl RewriteProgress {
    /// Calls `report` with the files done and the files in all.
    pub fn to(report: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        Self { report: Some(Arc::new(report)), cancel: Cancel::default() }
    }

    pub(super) fn check(&self) -> Result<(), LakeError> {
        if self.cancel.is_cancelled() { Err(LakeError::Cancelled) } else { Ok(()) }
    }

    pub(super) fn tell(&self, done: usize, total: usize) -> Result<(), LakeError> {
        self.check()?;
        if let Some(report) = &self.report {
            report(done as u64, total as u64);
        }
        Ok(())
    }
}

impl fmt::Debug for RewriteProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RewriteProgress")
            .field("reports", &self.report.is_some())
            .field("cancel", &self.cancel)
            .finish()
    }
}

/// A file and which of its rows stay.
pub(super) struct Kept {
    pub(super) file: Arc<DataFile>,
    pub(super) rows: Vec<Range<usize>>,
}

impl Kept {
    /// Everything but these rows stays.
    pub(super) fn without(file: Arc<DataFile>, gone: &[Range<usize>]) -> Self {
        let mut rows = Vec::with_capacity(gone.len() + 1);
        let mut place = 0;
        for range in gone {
            if range.start > place {
                rows.push(place..range.start);
            }
            place = range.end;
        }
        let end = usize::try_from(file.entry.rows).unwrap_or(usize::MAX);
        if end > place {
            rows.push(place..end);
        }
        Self { file, rows }
    }

    pub(super) fn count(&self) -> u64 {
        self.rows.iter().map(|range| range.len() as u64).sum()
    }
}

/// Writes the rows that stay, as they are; `write` decides where.
pub(super) fn copy_kept(kept: &Kept, mut writer: FileWriter<'_>) -> Result<crate::FileEntry, LakeError> {
    for batch in kept.file.read(kept.file.columns()?, &Selection::Rows(kept.rows.clone()))? {
        writer.write(&batch?)?;
    }
    let entry = writer.finish()?;
    if entry.rows == kept.count() {
        return Ok(entry);
    }
    let (path, expected, found) = (kept.file.path().display(), kept.count(), entry.rows);
    Err(LakeError::Data(format!("{path}: {expected} rows were to stay, {found} were written")))
}

impl Inner {
    /// Puts new files in the place of these, in one switch; a file of which nothing stays gets none. An error before the
    /// switch leaves everything as it was.
    pub(super) async fn replace(
        self: &Arc<Self>,
        upkeep: &mut Upkeep,
        kept: Vec<Kept>,
        progress: &RewriteProgress,
    ) -> Result<(), LakeError> {
        if kept.is_empty() {
            return Ok(());
        }
        let remove_files: Vec<u64> = kept.iter().map(|kept| kept.file.entry.id).collect();
        let (inner, mut ids, progress) = (Arc::clone(self), Upkeep::new(upkeep.next_id, Vec::new()), progress.clone());
        let work = move || {
            let mut pending = Pending { changes_rows: true, ..Pending::default() };
            let written = inner.write_kept(&kept, &mut ids, &mut pending, &progress);
            (pending, ids.next_id, written)
        };
        let (mut pending, next_id, written) = tokio::task::spawn_blocking(work).await.map_err(|_| LakeError::Closed)?;
        upkeep.next_id = next_id;
        if let Err(error) = written {
            abandon(&pending);
            return Err(error);
        }
        let add_files = pending.files.iter().map(|file| file.entry.clone()).collect();
        pending.switch = Switch { add_files, remove_files, next_id: upkeep.id(), ..Switch::default() };
        self.switch(upkeep, pending).await
    }

    fn write_kept(
        &self,
        kept: &[Kept],
        ids: &mut Upkeep,
        pending: &mut Pending,
        progress: &RewriteProgress,
    ) -> Result<(), LakeError> {
        for (place, one) in kept.iter().enumerate() {
            progress.tell(place, kept.len())?;
            if one.rows.is_empty() {
                continue;
            }
            let new = NewFile { id: ids.id(), bucket: one.file.entry.bucket, month: one.file.entry.month };
            let (columns, promoted) = (one.file.columns()?, self.promoted());
            let writer = FileWriter::create(&self.config.folder, new, columns, &promoted, &self.config.faults)?;
            let entry = copy_kept(one, writer)?;
            pending.files.push(Arc::new(DataFile::new(&self.config.folder, entry)));
        }
        progress.tell(kept.len(), kept.len())
    }

    /// Everything that is stored now is in files, and the log holds none of it: returns its last offset.
    ///
    /// Waits for the consumer to come that far.
    pub(super) async fn empty_log(&self) -> Result<u64, LakeError> {
        let up_to = self.log.roll().await?;
        self.wait_for(|inner| inner.state.read().admitted >= up_to).await.then_some(up_to).ok_or_else(|| {
            LakeError::Data(format!("event {up_to} has not been resolved to a person yet; try again when it is"))
        })
    }

    /// Looks again and again whether it is so; false when it does not become so in time.
    pub(super) async fn wait_for(&self, is_so: impl Fn(&Self) -> bool) -> bool {
        for _ in 0..WAIT_STEPS {
            if is_so(self) {
                return true;
            }
            tokio::time::sleep(WAIT_STEP).await;
        }
        is_so(self)
    }
}

/// Whether a file is there.
pub(super) fn exists(folder: &Path, path: &str) -> bool {
    folder.join(path).exists()
}
