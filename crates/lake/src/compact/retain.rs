//! Dropping what is older than a bound.

use super::erase::find;
use super::rewrite::{Kept, RewriteProgress};
use crate::error::LakeError;
use crate::lake::{Inner, Lake};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// What [`Lake::drop_before`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Retained {
    /// Everything that happened before this moment went, microseconds.
    pub before: i64,
    /// Files that went whole.
    pub files_removed: u64,
    /// Files that were written again without their old rows.
    pub files_rewritten: u64,
    /// Rows that went.
    pub rows_removed: u64,
    /// Rows of the files that were written again and stay.
    pub rows_kept: u64,
}

impl Lake {
    /// Removes every event that happened before a moment: one switch. An event that old which arrives later stays until the
    /// next call. Files that hold nothing else are not read.
    ///
    /// # Errors
    /// As [`Lake::erase`].
    pub async fn drop_before(&self, before: i64, progress: &RewriteProgress) -> Result<Retained, LakeError> {
        let _alone = self.inner.rewriting.lock().await;
        self.inner.empty_log().await?;
        let mut upkeep = self.inner.upkeep.lock().await;
        self.inner.into_files(&mut upkeep).await?;
        let (inner, told) = (Arc::clone(&self.inner), progress.clone());
        let work = move || inner.rows_from(before, &told);
        let kept = spawn_blocking(work).await.map_err(|_| LakeError::Closed)??;
        let mut retained = Retained { before, ..Retained::default() };
        for kept in &kept {
            let is_whole = kept.rows.is_empty();
            *(if is_whole { &mut retained.files_removed } else { &mut retained.files_rewritten }) += 1;
            retained.rows_removed += kept.file.entry.rows - kept.count();
            retained.rows_kept += kept.count();
        }
        self.inner.replace(&mut upkeep, kept, progress).await?;
        Ok(retained)
    }
}

impl Inner {
    /// The files that hold rows from before a moment, with the rows that stay.
    fn rows_from(&self, before: i64, progress: &RewriteProgress) -> Result<Vec<Kept>, LakeError> {
        let mut found = Vec::new();
        for file in self.view().files.iter().flatten().filter(|file| file.entry.at_min < before) {
            progress.tell(0, 0)?;
            if file.entry.at_max < before {
                found.push(Kept { file: Arc::clone(file), rows: Vec::new() });
                continue;
            }
            let old = find(file, |_, at| at < before)?;
            if old.rows > 0 {
                found.push(Kept::without(Arc::clone(file), &old.ranges));
            }
        }
        Ok(found)
    }
}
