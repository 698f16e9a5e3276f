//! Which event ids were stored before: exact and for ever, in little memory.
//!
//! An id is known by its 128-bit hash. The ids of hot events are in a map with the log offset they belong to, so that an
//! event that is passed again (its consumer starts again) is not a duplicate of itself. Sealed ids are in sorted runs on
//! disk behind a filter.
//!
//! **Invariant:** the run with a seal's ids joins the catalog in the same switch as the seal's files.

mod run;
#[cfg(test)]
mod tests;

pub(crate) use run::{Run, merge_runs, write_run};

use crate::error::LakeError;
use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_128;

/// The ids of one lake.
pub(crate) struct Dedup {
    hot: Mutex<HashMap<u128, u64>>,
    runs: RwLock<Arc<Vec<Arc<Run>>>>,
    filter_bytes_max: usize,
}

impl Dedup {
    pub(crate) fn new(runs: Vec<Run>, filter_bytes_max: usize) -> Self {
        let mut runs: Vec<Arc<Run>> = runs.into_iter().map(Arc::new).collect();
        load_filters(&mut runs, filter_bytes_max);
        Self { hot: Mutex::default(), runs: RwLock::new(Arc::new(runs)), filter_bytes_max }
    }

    /// Of each event, by its offset and its id, whether it is a duplicate. Those that are not are noted.
    pub(crate) fn duplicates<'a>(
        &self,
        events: impl ExactSizeIterator<Item = Result<(u64, &'a str), LakeError>>,
    ) -> Result<Vec<bool>, LakeError> {
        let runs = Arc::clone(&self.runs.read());
        let mut hashed = Vec::with_capacity(events.len());
        for event in events {
            let (offset, id) = event?;
            hashed.push((offset, (!id.is_empty()).then(|| xxh3_128(id.as_bytes()))));
        }
        let mut hot = self.hot.lock();
        // Looked up before anything is noted, so that an error leaves the ids as they were.
        let mut duplicates = Vec::with_capacity(hashed.len());
        for (offset, hash) in &hashed {
            duplicates.push(match hash {
                None => false,
                Some(hash) => match hot.get(hash) {
                    Some(before) => before != offset,
                    None => contains(&runs, *hash)?,
                },
            });
        }
        for ((offset, hash), is_duplicate) in hashed.iter().zip(&mut duplicates) {
            if let Some(hash) = hash.filter(|_| !*is_duplicate) {
                // One id twice in this batch: the first is stored.
                *is_duplicate = hot.entry(hash).or_insert(*offset) != offset;
            }
        }
        Ok(duplicates)
    }

    /// The hashes of the hot ids up to an offset, sorted.
    pub(crate) fn hashes_up_to(&self, offset: u64) -> Vec<u128> {
        let hot = self.hot.lock();
        let mut hashes: Vec<u128> = hot.iter().filter(|(_, place)| **place <= offset).map(|(hash, _)| *hash).collect();
        drop(hot);
        hashes.sort_unstable();
        hashes
    }

    /// The ids up to an offset are in the runs now.
    pub(crate) fn sealed(&self, offset: u64) {
        let mut hot = self.hot.lock();
        hot.retain(|_, place| *place > offset);
        hot.shrink_to_fit();
    }

    pub(crate) fn runs(&self) -> Arc<Vec<Arc<Run>>> {
        Arc::clone(&self.runs.read())
    }

    /// Adds a run and removes others, whose files go with their last reader.
    pub(crate) fn switch(&self, add: Option<Run>, remove: &[u64]) {
        let mut runs: Vec<Arc<Run>> = self.runs().to_vec();
        for gone in runs.extract_if(.., |run| remove.contains(&run.entry.id)) {
            gone.doom();
        }
        runs.extend(add.map(Arc::new));
        load_filters(&mut runs, self.filter_bytes_max);
        *self.runs.write() = Arc::new(runs);
    }
}

fn contains(runs: &[Arc<Run>], hash: u128) -> Result<bool, LakeError> {
    for run in runs {
        if run.contains(hash)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Keeps the filters of the small runs in memory, as many as may be; the others are probed on disk.
fn load_filters(runs: &mut [Arc<Run>], bytes_max: usize) {
    runs.sort_by_key(|run| run.entry.entries);
    let mut left = bytes_max;
    for run in runs {
        let bytes = run.filter_bytes();
        if bytes <= left {
            left -= bytes;
            if let Err(error) = run.load_filter() {
                tracing::warn!(%error, "the filter of a run stays on disk");
            }
        }
    }
}
