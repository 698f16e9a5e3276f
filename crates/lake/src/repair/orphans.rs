//! What was set aside: how old it is, and whether its rows are in the lake too.

use crate::catalog::Catalog;
use crate::compact::{ORPHANED, files_below, opened};
use crate::config::LakeConfig;
use crate::error::LakeError;
use crate::lake::lock;
use crate::parquet::{DataFile, OFFSET, integers, sync_folder};
use kernel::time::Timestamp;
use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// A file that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orphan {
    /// Path below the workspace's folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last written.
    pub written: Timestamp,
    /// Its events; none when it cannot be read as an event file.
    pub rows: Option<u64>,
    /// Those of them that no file of the catalog has. An event that was erased, dropped by age, or a duplicate counts too.
    pub rows_only_here: u64,
    /// Whether it was removed.
    pub removed: bool,
}

/// Lists what was set aside in the folder of a lake that nobody has open. With `remove_before`, files that were written
/// before and hold no event that is only there are removed; with `everything` also those that do, or cannot be read.
///
/// # Errors
/// [`LakeError::Locked`] when the lake is open, or when a file of the catalog cannot be read.
pub async fn sweep_orphans(
    config: &LakeConfig,
    catalog: Arc<dyn Catalog>,
    remove_before: Option<Timestamp>,
    everything: bool,
) -> Result<Vec<Orphan>, LakeError> {
    std::fs::create_dir_all(&config.folder).map_err(LakeError::io(&config.folder))?;
    let guard = lock(&config.folder)?;
    let state = catalog.load().await?;
    let folder = config.folder.clone();
    let work = move || {
        let _guard = guard;
        let paths = files_below(&folder.join(ORPHANED))?;
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let mut known = RoaringTreemap::new();
        for entry in &state.files {
            offsets(&Arc::new(DataFile::new(&folder, entry.clone())), |offset| {
                known.insert(offset);
            })?;
        }
        let look = |path: PathBuf| look(&folder, &path, &known, state.sealed_offset, remove_before, everything);
        paths.into_iter().map(look).collect()
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| LakeError::Closed)?
}

fn offsets(file: &Arc<DataFile>, mut each: impl FnMut(u64)) -> Result<(), LakeError> {
    for batch in file.keys()? {
        for offset in integers(&batch?, OFFSET)?.iter() {
            each(offset.cast_unsigned());
        }
    }
    Ok(())
}

fn look(
    folder: &Path,
    path: &Path,
    known: &RoaringTreemap,
    sealed: u64,
    remove_before: Option<Timestamp>,
    everything: bool,
) -> Result<Orphan, LakeError> {
    let metadata = std::fs::metadata(path).map_err(LakeError::io(path))?;
    let written = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let written = Timestamp::from_micros(written.map_or(0, |at| i64::try_from(at.as_micros()).unwrap_or(i64::MAX)));
    let is_run = path.to_string_lossy().contains(".run");
    let (mut rows, mut only_here) = (0, 0);
    let read = opened(folder, path).and_then(|file| {
        offsets(&file, |offset| {
            rows += 1;
            // What is not sealed is still in the log.
            only_here += u64::from(offset <= sealed && !known.contains(offset));
        })
    });
    let mut orphan = Orphan {
        path: path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned(),
        bytes: metadata.len(),
        written,
        rows: read.is_ok().then_some(rows),
        rows_only_here: only_here,
        removed: false,
    };
    // A run holds nothing but hashes of ids.
    let is_safe = is_run || (orphan.rows.is_some() && only_here == 0);
    if remove_before.is_some_and(|before| written < before) && (is_safe || everything) {
        std::fs::remove_file(path).map_err(LakeError::io(path))?;
        path.parent().map_or(Ok(()), sync_folder)?;
        orphan.removed = true;
    }
    Ok(orphan)
}
