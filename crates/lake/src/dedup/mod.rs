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
use crate::event::Event;
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
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

    /// Takes the duplicates out of `events` and returns them.
    pub(crate) fn dedup(&self, events: &mut Vec<Event>) -> Result<Vec<Event>, LakeError> {
        let runs = Arc::clone(&self.runs.read());
        let mut duplicates = Vec::new();
        let mut kept = Vec::with_capacity(events.len());
        let mut hot = self.hot.lock();
        // Looked up before anything is noted, so that an error leaves the ids as they were.
        let mut sealed = Vec::with_capacity(events.len());
        for event in events.iter() {
            let hash = xxh3_128(event.event_id.as_bytes());
            let known = event.event_id.is_empty() || hot.contains_key(&hash);
            sealed.push((hash, !known && contains(&runs, hash)?));
        }
        for (event, (hash, sealed)) in std::mem::take(events).into_iter().zip(sealed) {
            let before =
                if event.event_id.is_empty() { event.offset } else { *hot.get(&hash).unwrap_or(&event.offset) };
            if sealed || before != event.offset {
                duplicates.push(event);
            } else {
                if !event.event_id.is_empty() {
                    hot.insert(hash, event.offset);
                }
                kept.push(event);
            }
        }
        *events = kept;
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
