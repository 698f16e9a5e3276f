//! Erasing people: every row of theirs leaves the files, and a search afterwards proves it.
//!
//! The order of work: begin a new segment of the log and wait until what is before it has its persons; seal, so that all of
//! it is in files and the old segments go; write the files that hold rows of these people again without them, beside the old
//! ones; switch the catalog once; write what lies in `orphaned/` again too. A crash before the switch has erased nothing, one
//! after it leaves old files that the next start removes. Erasing again is finding nothing.
//!
//! **Invariant:** hashes of event ids stay: an event that is sent again after it was erased is still a duplicate.

use super::orphans;
use super::rewrite::{Kept, RewriteProgress, exists};
use super::{Inner, Upkeep};
use crate::error::LakeError;
use crate::event::Columns;
use crate::lake::Lake;
use crate::parquet::{AT, DataFile, OFFSET, PERSON, integers};
use crate::view::{View, bucket_of};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// A file that holds rows which go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedFile {
    /// Path below the lake's folder.
    pub path: String,
    /// Rows in it.
    pub rows_before: u64,
    /// Rows that stay.
    pub rows_after: u64,
    /// The first log offset among the rows that go.
    pub first_offset: u64,
}

/// What a search for erased people found, in the files and in memory.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ErasureProof {
    /// Files of the catalog that were searched.
    pub files_searched: u64,
    /// Rows in them and in memory.
    pub rows_searched: u64,
    /// Rows of these people among them that were stored before the erasure: 0.
    pub rows_left: u64,
    /// Rows of these people that were stored since.
    pub rows_since: u64,
    /// Segments of the log that hold events from before the erasure: 0.
    pub log_segments_left: u64,
    /// Old files that somebody still reads: none.
    pub old_files_left: Vec<String>,
    /// Files in `orphaned/` that were searched.
    pub orphans_searched: u64,
    /// Those that cannot be read, so that nobody can tell whose rows they hold: none.
    pub orphans_unreadable: Vec<String>,
}

impl ErasureProof {
    /// Whether nothing from before the erasure is left.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rows_left == 0
            && self.log_segments_left == 0
            && self.old_files_left.is_empty()
            && self.orphans_unreadable.is_empty()
    }
}

/// What [`Lake::erase`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Erasure {
    /// Everything up to this log offset was searched.
    pub up_to: u64,
    /// The persons, with everybody merged into them.
    pub persons: Vec<u64>,
    /// The files that held rows of theirs.
    pub files: Vec<ErasedFile>,
    /// The search afterwards.
    pub proof: ErasureProof,
}

impl Erasure {
    /// Rows that were erased.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows_before - file.rows_after).sum()
    }

    /// Takes over what an earlier try, which was planned and then cut off, had done: when its rows are gone, it had switched.
    pub fn continue_from(&mut self, earlier: &Erasure) {
        if self.files.iter().all(|file| file.first_offset > earlier.up_to) {
            let mut files = earlier.files.clone();
            files.append(&mut self.files);
            self.files = files;
        }
    }
}

/// The rows of a file that a question is about.
pub(super) struct Found {
    pub(super) ranges: Vec<Range<usize>>,
    pub(super) rows: u64,
    pub(super) first_offset: u64,
    pub(super) last_offset: u64,
}

/// The rows whose (person, at) is asked for.
pub(super) fn find(file: &Arc<DataFile>, wanted: impl Fn(i64, i64) -> bool) -> Result<Found, LakeError> {
    let mut found = Found { ranges: Vec::new(), rows: 0, first_offset: u64::MAX, last_offset: 0 };
    let mut place = 0;
    for batch in file.keys()? {
        let batch = batch?;
        let (person, at, offset) = (integers(&batch, PERSON)?, integers(&batch, AT)?, integers(&batch, OFFSET)?);
        for row in (0..person.len()).filter(|row| wanted(person[*row], at[*row])) {
            let here = place + row;
            match found.ranges.last_mut() {
                Some(last) if last.end == here => last.end += 1,
                _ => found.ranges.push(here..here + 1),
            }
            found.rows += 1;
            found.first_offset = found.first_offset.min(offset[row].cast_unsigned());
            found.last_offset = found.last_offset.max(offset[row].cast_unsigned());
        }
        place += person.len();
    }
    Ok(found)
}

impl Lake {
    /// Which files hold rows of these people, with everybody merged into them; nothing is changed. Everything stored up to
    /// now is brought into files first. To be kept before [`Lake::erase`], so that a report can tell what was erased when the
    /// process ends in between.
    ///
    /// # Errors
    /// As [`Lake::erase`].
    pub async fn locate(&self, persons: &[u64]) -> Result<Erasure, LakeError> {
        let up_to = self.inner.empty_log().await?;
        let mut upkeep = self.inner.upkeep.lock().await;
        self.inner.into_files(&mut upkeep).await?;
        let people = self.inner.members_of(persons);
        let (inner, found) = (Arc::clone(&self.inner), people.clone());
        let work = move || inner.rows_of_people(&found, &RewriteProgress::default());
        let kept = spawn_blocking(work).await.map_err(|_| LakeError::Closed)??;
        let files = kept.into_iter().map(|(_, file)| file).collect();
        let persons = people.iter().map(|person| person.cast_unsigned()).collect();
        Ok(Erasure { up_to, persons, files, proof: ErasureProof::default() })
    }

    /// Removes every event of these people, with everybody merged into them, that was stored up to now: from memory, log,
    /// files and `orphaned/`; then searches for what is left. May be called again after any failure.
    ///
    /// # Errors
    /// [`LakeError::Data`] when the consumer does not come as far as what is stored, [`LakeError::Cancelled`], or when a
    /// file cannot be read or written: then nothing or everything was erased, and the next call goes on.
    pub async fn erase(&self, persons: &[u64], progress: &RewriteProgress) -> Result<Erasure, LakeError> {
        // What is being written again may hold their rows.
        let alone = self.inner.rewriting.lock().await;
        let mut erasure = Erasure { up_to: self.inner.empty_log().await?, ..Erasure::default() };
        {
            let mut upkeep = self.inner.upkeep.lock().await;
            self.inner.into_files(&mut upkeep).await?;
            let people = self.inner.members_of(persons);
            erasure.persons = people.iter().map(|person| person.cast_unsigned()).collect();
            let (inner, wanted, told) = (Arc::clone(&self.inner), people.clone(), progress.clone());
            let work = move || inner.rows_of_people(&wanted, &told);
            let found = spawn_blocking(work).await.map_err(|_| LakeError::Closed)??;
            let (kept, files): (Vec<Kept>, Vec<ErasedFile>) = found.into_iter().unzip();
            erasure.files = files;
            self.inner.replace(&mut upkeep, kept, progress).await?;
            let inner = Arc::clone(&self.inner);
            let work = move || orphans::erase(&inner.config.folder, &people, &inner.config.faults);
            erasure.files.extend(spawn_blocking(work).await.map_err(|_| LakeError::Closed)??);
        }
        drop(alone);
        erasure.proof = self.prove_erased(&erasure.persons, erasure.up_to).await?;
        Ok(erasure)
    }

    /// Searches every file, in every bucket, and memory for rows of exactly these persons.
    ///
    /// # Errors
    /// [`LakeError::Corrupt`] when a file of the catalog cannot be read.
    pub async fn prove_erased(&self, persons: &[u64], up_to: u64) -> Result<ErasureProof, LakeError> {
        let people: HashSet<i64> = persons.iter().map(|person| person.cast_signed()).collect();
        let old: Vec<String> = {
            let upkeep = self.inner.upkeep.lock().await;
            upkeep.gone.iter().map(|gone| gone.path.clone()).collect()
        };
        // Whoever reads an old file ends soon, or at least one learns that it does not.
        let folder = self.inner.config.folder.clone();
        self.inner.wait_for(|_| !old.iter().any(|path| exists(&folder, path))).await;
        let old_files_left = old.into_iter().filter(|path| exists(&folder, path)).collect();
        let log_segments_left = self.inner.log.segments_up_to(up_to);
        let view = self.inner.view();
        let work = move || {
            let mut proof = ErasureProof { old_files_left, log_segments_left, ..ErasureProof::default() };
            search(&view, &people, up_to, &mut proof)?;
            orphans::search(&folder, &people, &mut proof)?;
            Ok(proof)
        };
        spawn_blocking(work).await.map_err(|_| LakeError::Closed)?
    }
}

fn search(view: &View, people: &HashSet<i64>, up_to: u64, proof: &mut ErasureProof) -> Result<(), LakeError> {
    let count = |batch: &_, proof: &mut ErasureProof| -> Result<(), LakeError> {
        let (person, offset) = (integers(batch, PERSON)?, integers(batch, OFFSET)?);
        proof.rows_searched += person.len() as u64;
        for row in (0..person.len()).filter(|row| people.contains(&person[*row])) {
            let is_old = offset[row].cast_unsigned() <= up_to;
            *(if is_old { &mut proof.rows_left } else { &mut proof.rows_since }) += 1;
        }
        Ok(())
    };
    for file in view.files.iter().flatten() {
        proof.files_searched += 1;
        for batch in file.keys()? {
            count(&batch?, proof)?;
        }
    }
    for hot in view.hot.iter().chain(view.sealing.iter()) {
        for batch in hot.batches(Columns::NONE.with_offset())? {
            count(&batch, proof)?;
        }
    }
    Ok(())
}

impl Inner {
    /// These people with everybody merged into them, and everybody they are merged with.
    fn members_of(&self, persons: &[u64]) -> BTreeSet<i64> {
        let merges = Arc::clone(&self.state.read().merges);
        let mut people: BTreeSet<i64> = persons.iter().map(|person| person.cast_signed()).collect();
        for person in persons {
            people.extend(merges.members(*person, self.config.buckets).into_iter().flatten());
        }
        people
    }

    /// Brings what is hot into files and drops the log before.
    pub(super) async fn into_files(self: &Arc<Self>, upkeep: &mut Upkeep) -> Result<(), LakeError> {
        self.settle(upkeep).await?;
        self.seal_hot(upkeep).await?;
        let sealed = self.state.read().sealed;
        self.log.drop_sealed(sealed)
    }

    /// The files that hold rows of these people, with the rows that stay.
    fn rows_of_people(
        &self,
        people: &BTreeSet<i64>,
        progress: &RewriteProgress,
    ) -> Result<Vec<(Kept, ErasedFile)>, LakeError> {
        let bucket = |person: &i64| bucket_of(person.cast_unsigned(), self.config.buckets);
        let buckets: BTreeSet<usize> = people.iter().map(bucket).collect();
        let view = self.view();
        let mut found = Vec::new();
        for file in buckets.into_iter().flat_map(|bucket| &view.files[bucket]) {
            progress.tell(0, 0)?;
            let theirs = find(file, |person, _| people.contains(&person))?;
            if theirs.rows == 0 {
                continue;
            }
            let kept = Kept::without(Arc::clone(file), &theirs.ranges);
            let file = ErasedFile {
                path: file.entry.path.clone(),
                rows_before: file.entry.rows,
                rows_after: kept.count(),
                first_offset: theirs.first_offset,
            };
            found.push((kept, file));
        }
        Ok(found)
    }
}
