//! What a start finds in the folder: every file of the catalog must be there, everything else is set aside.

use crate::catalog::{CatalogState, RunEntry};
use crate::dedup::Run;
use crate::error::LakeError;
use crate::parquet::{DataFile, sync_folder};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where files go that the catalog does not list. Nothing reads them; a person may.
pub(crate) const ORPHANED: &str = "orphaned";

/// Clears away what the catalog does not list: scratch files are removed, and so is what the catalog itself took out and a
/// crash kept from being removed (its rows are in other files, or were erased). Other whole files are moved to `orphaned/`:
/// a crash between writing and switching leaves such files, and so does a catalog that was restored from an older moment:
/// what may be the only copy of an event is never removed here.
///
/// To be called after [`open_files`] and the opening of the log: they tell a catalog that does not fit the folder.
pub(crate) fn sweep(folder: &Path, state: &CatalogState) -> Result<usize, LakeError> {
    let listed: HashSet<PathBuf> = state
        .files
        .iter()
        .map(|file| &file.path)
        .chain(state.runs.iter().map(|run| &run.path))
        .map(|path| folder.join(path))
        .collect();
    let mut swept = 0;
    for gone in state.gone.iter().map(|gone| folder.join(&gone.path)).filter(|path| !listed.contains(path)) {
        swept += usize::from(remove_gone(&gone)?);
    }
    for name in ["events", "dedup"] {
        let path = folder.join(name);
        fs::create_dir_all(&path).map_err(LakeError::io(&path))?;
        sweep_folder(folder, &path, &listed, &mut swept)?;
    }
    Ok(swept)
}

/// Removes a file, durably, if it is there.
fn remove_gone(path: &Path) -> Result<bool, LakeError> {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(LakeError::io(path)(error)),
    }
    tracing::info!(path = %path.display(), "removed a file that the catalog had taken out");
    path.parent().map_or(Ok(()), sync_folder)?;
    Ok(true)
}

fn sweep_folder(lake: &Path, folder: &Path, listed: &HashSet<PathBuf>, swept: &mut usize) -> Result<(), LakeError> {
    for entry in fs::read_dir(folder).map_err(LakeError::io(folder))? {
        let entry = entry.map_err(LakeError::io(folder))?;
        let path = entry.path();
        if entry.file_type().map_err(LakeError::io(&path))?.is_dir() {
            sweep_folder(lake, &path, listed, swept)?;
        } else if is_scratch(&path) {
            tracing::info!(path = %path.display(), "removed a file that was not written to its end");
            fs::remove_file(&path).map_err(LakeError::io(&path))?;
            *swept += 1;
        } else if is_ours(&path) && !listed.contains(&path) {
            set_aside(lake, &path)?;
            *swept += 1;
        }
    }
    Ok(())
}

/// Moves a file to `orphaned/`, below the path it had; beside what lies there already.
fn set_aside(lake: &Path, path: &Path) -> Result<(), LakeError> {
    let target = lake.join(ORPHANED).join(path.strip_prefix(lake).unwrap_or(path));
    let parent = target.parent().unwrap_or(lake);
    fs::create_dir_all(parent).map_err(LakeError::io(parent))?;
    let target = free_name(&target);
    tracing::warn!(path = %path.display(), to = %target.display(), "set aside a file that the catalog does not list");
    fs::rename(path, &target).map_err(LakeError::io(path))
}

/// The path itself, or the first one with a number behind it under which nothing lies.
pub(crate) fn free_name(path: &Path) -> PathBuf {
    let numbered = |number: u32| PathBuf::from(format!("{}.{number}", path.display()));
    let free = std::iter::once(path.to_owned()).chain((1..).map(numbered)).find(|path| !path.exists());
    free.unwrap_or_else(|| path.to_owned())
}

fn is_scratch(path: &Path) -> bool {
    path.extension().is_some_and(|kind| kind == "new")
}

/// Whether the lake writes files of this name: what a person put into the folder stays.
fn is_ours(path: &Path) -> bool {
    path.extension().and_then(|kind| kind.to_str()).is_some_and(|kind| ["parquet", "run"].contains(&kind))
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
