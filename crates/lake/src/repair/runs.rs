//! Runs of event ids: what is missing or torn is made again from the event files.

use super::{Finding, RepairAction, Repairing, move_file};
use crate::catalog::{CatalogState, FileEntry};
use crate::compact::{ORPHANED, free_name};
use crate::dedup::{Run, write_run};
use crate::error::LakeError;
use crate::event::{Col, Columns};
use crate::parquet::{DataFile, Selection, strings};
use std::collections::BTreeSet;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_128;

impl Repairing<'_> {
    /// Looks at every run; when one is not whole, the ids of all event files that no other run has become a new one.
    pub(super) fn runs(&mut self, state: &CatalogState, files: &[FileEntry]) -> Result<(), LakeError> {
        let folder = self.config.folder.clone();
        let (mut whole, mut torn) = (Vec::new(), Vec::new());
        for entry in &state.runs {
            let checked = Run::open(&folder, entry.clone()).and_then(|run| Ok((run.check()?, run)));
            match checked {
                Ok((problems, run)) if problems.is_empty() => whole.push(run),
                Ok((problems, _)) => torn.push((entry.clone(), problems.join("; "))),
                Err(error) => torn.push((entry.clone(), error.to_string())),
            }
        }
        if torn.is_empty() {
            return Ok(());
        }
        for (entry, problem) in &torn {
            self.findings.push(Finding {
                path: entry.path.clone(),
                problem: problem.clone(),
                action: RepairAction::Rebuild,
                rows: entry.entries,
                rows_lost: 0,
                offsets: None,
                elsewhere:
                    "ids of events that were erased or dropped by age are in no file: should one of those be sent \
                            again, it is taken for new"
                        .to_owned(),
            });
            self.switch.remove_runs.push(entry.id);
        }
        if !self.apply {
            return Ok(());
        }
        let hashes = ids_of(&folder, files, &whole)?;
        for (entry, _) in &torn {
            let path = folder.join(&entry.path);
            if path.exists() {
                move_file(&path, &free_name(&folder.join(ORPHANED).join(&entry.path)))?;
            }
        }
        let id = self.id();
        let count = hashes.len() as u64;
        let run = write_run(&folder, id, count, hashes.into_iter().map(Ok), &self.config.faults)?;
        self.switch.add_runs.push(run);
        Ok(())
    }
}

/// The hashes of the event ids of these files that none of the runs has.
fn ids_of(folder: &std::path::Path, files: &[FileEntry], runs: &[Run]) -> Result<BTreeSet<u128>, LakeError> {
    let mut hashes = BTreeSet::new();
    for entry in files {
        // One that was put back or corrected lies where its entry says by now.
        let file = Arc::new(DataFile::new(folder, entry.clone()));
        for batch in file.read(Columns::of(&[Col::EventId]), &Selection::All)? {
            let batch = batch?;
            let ids = strings(&batch, Col::EventId.name())?;
            for row in 0..batch.num_rows() {
                let id = ids.get(row);
                let hash = xxh3_128(id.as_bytes());
                let mut is_known = id.is_empty();
                for run in runs {
                    is_known = is_known || run.contains(hash)?;
                }
                if !is_known {
                    hashes.insert(hash);
                }
            }
        }
    }
    Ok(hashes)
}
