//! Event files: missing, damaged, or not what the catalog says.

use super::{Finding, RepairAction, Repairing, move_file};
use crate::catalog::{CatalogState, FileEntry};
use crate::compact::{ORPHANED, files_below, free_name};
use crate::error::LakeError;
use crate::event::Columns;
use crate::parquet::{AT, DataFile, FileWriter, OFFSET, integers};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The numbers of the rows that can be read.
fn measured(entry: &FileEntry) -> FileEntry {
    FileEntry { rows: 0, at_min: i64::MAX, at_max: i64::MIN, offset_min: u64::MAX, offset_max: 0, ..entry.clone() }
}

/// Reads a file to its end: its true numbers, or why it cannot be read.
fn read(folder: &Path, entry: &FileEntry) -> Result<FileEntry, LakeError> {
    let file = Arc::new(DataFile::new(folder, entry.clone()));
    let mut found = measured(entry);
    found.bytes = std::fs::metadata(file.path()).map_err(LakeError::io(file.path()))?.len();
    for group in 0..file.groups()? {
        for batch in file.read_group(Columns::ALL, group)? {
            let batch = batch?;
            found.rows += batch.num_rows() as u64;
            for at in integers(&batch, AT)?.iter() {
                found.at_min = found.at_min.min(*at);
                found.at_max = found.at_max.max(*at);
            }
            for offset in integers(&batch, OFFSET)?.iter() {
                found.offset_min = found.offset_min.min(offset.cast_unsigned());
                found.offset_max = found.offset_max.max(offset.cast_unsigned());
            }
        }
    }
    Ok(found)
}

impl Repairing<'_> {
    /// Looks at every event file; returns those that are whole in the end.
    pub(super) fn files(&mut self, state: &CatalogState) -> Result<Vec<FileEntry>, LakeError> {
        let mut sound = Vec::new();
        for entry in &state.files {
            let path = self.config.folder.join(&entry.path);
            let found = if path.exists() {
                match read(&self.config.folder, entry) {
                    Ok(found) if found == *entry => Some(entry.clone()),
                    Ok(found) => Some(self.correct(entry, found)),
                    Err(error) => self.salvage(entry, &path, &error)?,
                }
            } else {
                self.missing(entry, &path)?
            };
            sound.extend(found);
        }
        Ok(sound)
    }

    /// The file can be read, and the catalog has other numbers.
    fn correct(&mut self, entry: &FileEntry, found: FileEntry) -> FileEntry {
        let FileEntry { rows, bytes, at_min, at_max, offset_min, offset_max, .. } = &found;
        let problem = format!(
            "the catalog says {} rows in {} bytes, from {} to {}, offsets {} to {}; the file has {rows} in {bytes}, from \
             {at_min} to {at_max}, offsets {offset_min} to {offset_max}",
            entry.rows, entry.bytes, entry.at_min, entry.at_max, entry.offset_min, entry.offset_max
        );
        let lost = entry.rows.saturating_sub(*rows);
        self.found(entry, problem, RepairAction::Correct, lost);
        let corrected = FileEntry { id: self.id(), ..found };
        self.switch.remove_files.push(entry.id);
        self.switch.add_files.push(corrected.clone());
        corrected
    }

    /// The file is not there: it may have been set aside.
    fn missing(&mut self, entry: &FileEntry, path: &Path) -> Result<Option<FileEntry>, LakeError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let aside = files_below(&self.config.folder.join(ORPHANED))?;
        for candidate in aside.iter().filter(|other| other.to_string_lossy().contains(&name)) {
            let relative = candidate.strip_prefix(&self.config.folder).unwrap_or(candidate);
            let there = FileEntry { path: relative.to_string_lossy().into_owned(), ..entry.clone() };
            let is_it = read(&self.config.folder, &there).is_ok_and(|found| found == there);
            if !is_it {
                continue;
            }
            self.found(entry, format!("it is missing; {} is it", there.path), RepairAction::PutBack, 0);
            if self.apply {
                move_file(candidate, path)?;
            }
            return Ok(Some(entry.clone()));
        }
        self.found(entry, "it is missing".to_owned(), RepairAction::Forget, entry.rows);
        self.switch.remove_files.push(entry.id);
        Ok(None)
    }

    /// The file cannot be read: what can be of it, row group by row group, becomes a new one.
    fn salvage(&mut self, entry: &FileEntry, path: &Path, error: &LakeError) -> Result<Option<FileEntry>, LakeError> {
        let folder = self.config.folder.clone();
        let file = Arc::new(DataFile::new(&folder, entry.clone()));
        let groups: Vec<usize> = (0..file.groups().unwrap_or(0)).filter(|group| is_readable(&file, *group)).collect();
        let rows: u64 = groups.iter().filter_map(|group| file.group_rows(*group).ok()).sum();
        let lost = entry.rows.saturating_sub(rows);
        let what = format!("it cannot be read: {error}; {rows} of {} rows can be", entry.rows);
        self.found(entry, what, RepairAction::Salvage, lost);
        self.switch.remove_files.push(entry.id);
        let mut saved = None;
        if rows > 0 {
            let id = self.id();
            let new = path.with_file_name(format!("{id:012}.parquet"));
            let relative = new.strip_prefix(&folder).unwrap_or(&new).to_string_lossy().into_owned();
            let new = FileEntry { id, path: relative, rows, ..entry.clone() };
            let new = if self.apply { write_groups(&folder, &file, &groups, new, self.config)? } else { new };
            self.switch.add_files.push(new.clone());
            saved = Some(new);
        }
        if self.apply {
            move_file(path, &aside(&folder, path))?;
        }
        Ok(saved)
    }

    fn found(&mut self, entry: &FileEntry, problem: String, action: RepairAction, rows_lost: u64) {
        let in_log = self.log_from.is_some_and(|from| from <= entry.offset_max);
        let elsewhere = match (rows_lost, in_log) {
            (0, _) => String::new(),
            (_, true) => format!("the log holds events from offset {} on", self.log_from.unwrap_or(0)),
            (_, false) if action == RepairAction::Salvage => "the damaged file is kept in orphaned/".to_owned(),
            (_, false) => "neither in the log nor in orphaned/; a backup may have the file".to_owned(),
        };
        self.findings.push(Finding {
            path: entry.path.clone(),
            problem,
            action,
            rows: entry.rows,
            rows_lost,
            offsets: (rows_lost > 0).then_some((entry.offset_min, entry.offset_max)),
            elsewhere,
        });
    }
}

fn aside(folder: &Path, path: &Path) -> PathBuf {
    free_name(&folder.join(ORPHANED).join(path.strip_prefix(folder).unwrap_or(path)))
}

fn is_readable(file: &Arc<DataFile>, group: usize) -> bool {
    let batches = file.columns().and_then(|columns| file.read_group(columns, group));
    batches.is_ok_and(|mut batches| batches.all(|batch| batch.is_ok()))
}

fn write_groups(
    folder: &Path,
    file: &Arc<DataFile>,
    groups: &[usize],
    new: FileEntry,
    config: &crate::LakeConfig,
) -> Result<FileEntry, LakeError> {
    let columns = file.columns()?;
    let mut writer = FileWriter::create_at(folder, new, columns, &[], &config.faults)?;
    for group in groups {
        for batch in file.read_group(columns, *group)? {
            writer.write(&batch?)?;
        }
    }
    writer.finish()
}
