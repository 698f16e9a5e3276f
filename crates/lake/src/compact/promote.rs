//! Properties that questions often ask for, kept by the files as columns of their own.
//!
//! **Invariant:** what a question answers does not depend on which properties a file keeps.

use super::{Pending, RewriteProgress, merge};
use crate::catalog::Switch;
use crate::error::LakeError;
use crate::lake::{Inner, Lake};
use crate::parquet::{DataFile, NewFile};
use std::collections::HashSet;
use std::sync::Arc;

impl Lake {
    /// From now on files keep these properties as columns, as they are written: by a seal, a merge, or
    /// [`Lake::write_promoted`]. Keys at the top of `properties`, each once.
    pub fn promote(&self, properties: Vec<String>) {
        self.inner.state.write().promoted = properties.into();
    }

    /// The properties that new files keep as columns.
    #[must_use]
    pub fn promoted(&self) -> Arc<[String]> {
        self.inner.promoted()
    }

    /// Writes the files again that do not keep all promoted properties, the newest first, each for itself: stopped, it goes
    /// on where it was the next time. Returns how many it wrote.
    ///
    /// # Errors
    /// [`LakeError::Cancelled`], or what writing or the catalog said; the files that were done stay done.
    pub async fn write_promoted(&self, progress: &RewriteProgress) -> Result<u64, LakeError> {
        let inner = &self.inner;
        // A file that a merge made meanwhile keeps them already.
        let all = inner.without_promoted()?.len();
        let (mut done, mut tried) = (0, HashSet::new());
        loop {
            progress.tell(done, all.max(done))?;
            // Not while files that are replaced are derived again, nor that while this writes one.
            let _alone = inner.rewriting.lock().await;
            let mut upkeep = inner.upkeep.lock().await;
            inner.settle(&mut upkeep).await?;
            let next = inner.without_promoted()?.into_iter().find(|file| !tried.contains(&file.entry.id));
            let Some(file) = next else { return Ok(done as u64) };
            tried.insert(file.entry.id);
            let new = NewFile { id: upkeep.id(), bucket: file.entry.bucket, month: file.entry.month };
            let remove_files = vec![file.entry.id];
            let writer = Arc::clone(inner);
            let work =
                move || merge::merge(&writer.config.folder, new, &[file], &writer.promoted(), &writer.config.faults);
            let entry = tokio::task::spawn_blocking(work).await.map_err(|_| LakeError::Closed)??;
            let file = Arc::new(DataFile::new(&inner.config.folder, entry.clone()));
            let switch = Switch { add_files: vec![entry], remove_files, next_id: upkeep.id(), ..Switch::default() };
            inner.switch(&mut upkeep, Pending { switch, files: vec![file], ..Pending::default() }).await?;
            done += 1;
        }
    }
}

impl Inner {
    pub(crate) fn promoted(&self) -> Arc<[String]> {
        Arc::clone(&self.state.read().promoted)
    }

    /// The files that do not keep all promoted properties, the newest month first.
    fn without_promoted(&self) -> Result<Vec<Arc<DataFile>>, LakeError> {
        let (files, promoted) = {
            let state = self.state.read();
            (Arc::clone(&state.files), Arc::clone(&state.promoted))
        };
        let mut lacking = Vec::new();
        for file in files.iter().flatten() {
            if !file.keeps(&promoted)? {
                lacking.push(Arc::clone(file));
            }
        }
        lacking.sort_by_key(|file| (std::cmp::Reverse(file.entry.month), file.entry.id));
        Ok(lacking)
    }
}
