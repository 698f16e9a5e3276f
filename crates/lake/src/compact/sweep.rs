//! What a start finds in the folder: every file of the catalog must be there, everything else goes.

use crate::catalog::{CatalogState, RunEntry};
use crate::dedup::Run;
use crate::error::LakeError;
use crate::parquet::DataFile;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Removes files that the catalog does not list: what a crash left between writing and switching.
pub(crate) fn sweep(folder: &Path, state: &CatalogState) -> Result<usize, LakeError> {
    let listed: HashSet<PathBuf> = state
        .files
        .iter()
        .map(|file| &file.path)
        .chain(state.runs.iter().map(|run| &run.path))
        .map(|path| folder.join(path))
        .collect();
    let mut removed = 0;
    for name in ["events", "dedup"] {
        let path = folder.join(name);
        fs::create_dir_all(&path).map_err(LakeError::io(&path))?;
        sweep_folder(&path, &listed, &mut removed)?;
    }
    Ok(removed)
}

fn sweep_folder(folder: &Path, listed: &HashSet<PathBuf>, removed: &mut usize) -> Result<(), LakeError> {
    for entry in fs::read_dir(folder).map_err(LakeError::io(folder))? {
        let entry = entry.map_err(LakeError::io(folder))?;
        let path = entry.path();
        if entry.file_type().map_err(LakeError::io(&path))?.is_dir() {
            sweep_folder(&path, listed, removed)?;
        } else if is_ours(&path) && !listed.contains(&path) {
            tracing::info!(path = %path.display(), "removed a file that no catalog lists");
            fs::remove_file(&path).map_err(LakeError::io(&path))?;
            *removed += 1;
        }
    }
    Ok(())
}

/// Whether the lake writes files of this name: what a person put into the folder stays.
fn is_ours(path: &Path) -> bool {
    path.extension().and_then(|kind| kind.to_str()).is_some_and(|kind| ["parquet", "run", "new"].contains(&kind))
}

/// The files of each bucket, and the runs.
pub(crate) type Opened = (Vec<Vec<Arc<DataFile>>>, Vec<Run>);

/// Opens what the catalog lists; an error when one is missing or has another size.
pub(crate) fn open_files(folder: &Path, state: &CatalogState, buckets: u16) -> Result<Opened, LakeError> {
    let mut files: Vec<Vec<Arc<DataFile>>> = vec![Vec::new(); usize::from(buckets)];
    for entry in &state.files {
        let path = folder.join(&entry.path);
        let found = fs::metadata(&path).map_err(LakeError::io(&path))?.len();
        if found != entry.bytes {
            let why = format!("it has {found} bytes, the catalog says {}", entry.bytes);
            return Err(LakeError::Corrupt { path, position: 0, why });
        }
        let bucket = files.get_mut(usize::from(entry.bucket)).ok_or_else(|| {
            LakeError::Data(format!("the catalog has bucket {}, the lake has {buckets}", entry.bucket))
        })?;
        bucket.push(Arc::new(DataFile::new(folder, entry.clone())));
    }
    for bucket in &mut files {
        bucket.sort_by_key(|file| (file.entry.month, file.entry.id));
    }
    let open = |entry: &RunEntry| Run::open(folder, entry.clone());
    let runs = state.runs.iter().map(open).collect::<Result<Vec<Run>, LakeError>>()?;
    Ok((files, runs))
}
