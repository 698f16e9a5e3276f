//! What was set aside in `orphaned/`: nobody reads it, but it holds rows of people.

use super::erase::{ErasedFile, ErasureProof, find};
use super::rewrite::{Kept, copy_kept};
use super::sweep::ORPHANED;
use crate::catalog::FileEntry;
use crate::config::Faults;
use crate::error::LakeError;
use crate::parquet::{DataFile, FileWriter, sync_folder};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files below a folder, in order; none when it is not there.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries.map_err(LakeError::io(&folder))?,
        };
        for entry in entries {
            let entry = entry.map_err(LakeError::io(&folder))?;
            let is_folder = entry.file_type().map_err(LakeError::io(&folder))?.is_dir();
            if is_folder { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files.sort();
    Ok(files)
}

/// The event files that were set aside.
fn events(folder: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let mut files = files_below(&folder.join(ORPHANED))?;
    files.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".parquet")));
    Ok(files)
}

/// An event file that no catalog lists.
pub(crate) fn opened(folder: &Path, path: &Path) -> Result<Arc<DataFile>, LakeError> {
    let relative = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
    let mut entry = FileEntry {
        id: 0,
        path: relative,
        bucket: 0,
        month: 0,
        rows: 0,
        bytes: 0,
        at_min: i64::MAX,
        at_max: i64::MIN,
        offset_min: u64::MAX,
        offset_max: 0,
    };
    entry.rows = DataFile::new(folder, entry.clone()).rows_stored()?;
    Ok(Arc::new(DataFile::new(folder, entry)))
}

/// Writes the files that hold rows of these people again without them, each under its own name; one of which nothing stays
/// is removed. What cannot be read is left for [`search`] to report.
pub(super) fn erase(folder: &Path, people: &BTreeSet<i64>, faults: &Faults) -> Result<Vec<ErasedFile>, LakeError> {
    let mut erased = Vec::new();
    for path in events(folder)? {
        let Ok(file) = opened(folder, &path) else { continue };
        let Ok(theirs) = find(&file, |person, _| people.contains(&person)) else { continue };
        if theirs.rows == 0 {
            continue;
        }
        let kept = Kept::without(Arc::clone(&file), &theirs.ranges);
        if kept.rows.is_empty() {
            fs::remove_file(&path).map_err(LakeError::io(&path))?;
            path.parent().map_or(Ok(()), sync_folder)?;
        } else {
            let columns = file.columns()?;
            copy_kept(&kept, FileWriter::create_at(folder, file.entry.clone(), columns, &[], faults)?)?;
        }
        erased.push(ErasedFile {
            path: file.entry.path.clone(),
            rows_before: file.entry.rows,
            rows_after: kept.count(),
            first_offset: theirs.first_offset,
        });
    }
    Ok(erased)
}

/// Searches what was set aside for rows of these people.
pub(super) fn search(folder: &Path, people: &HashSet<i64>, proof: &mut ErasureProof) -> Result<(), LakeError> {
    for path in events(folder)? {
        let found = opened(folder, &path).and_then(|file| find(&file, |person, _| people.contains(&person)));
        proof.orphans_searched += 1;
        match found {
            Ok(found) => proof.rows_left += found.rows,
            Err(error) => proof.orphans_unreadable.push(error.to_string()),
        }
    }
    Ok(())
}
