//! From hot to sealed, and from many small files to few: the upkeep of the files.
//!
//! Every piece of work has the same shape: write new files beside the old ones, make them durable, switch the catalog
//! once, then change what is in memory. A crash before the switch leaves orphans, which the next start sets aside.
//!
//! **Invariant:** hot events stay visible until the moment the files that hold them do; both change under one lock.
//! **Invariant:** when a switch fails, the catalog is read to learn whether it happened, before anything else is sealed.

mod erase;
mod merge;
mod orphans;
mod promote;
mod rederive;
mod retain;
mod rewrite;
mod seal;
mod sweep;

pub use erase::{ErasedFile, Erasure, ErasureProof};
pub(crate) use orphans::{files_below, opened};
pub use rederive::{Derive, DeriveRow, Moved, Rederivation, Verdict};
pub use retain::Retained;
pub use rewrite::RewriteProgress;
pub(crate) use seal::Sealer;
pub(crate) use sweep::{ORPHANED, free_name, open_files, sweep};

use crate::catalog::{CatalogState, GoneEntry, Switch};
use crate::dedup::{Run, merge_runs};
use crate::error::LakeError;
use crate::hot::HotBucket;
use crate::lake::Inner;
use crate::parquet::{DataFile, NewFile, sync_folder};
use std::sync::Arc;

/// Runs of more ids than this are never merged again: that bounds the filter that is built in memory.
const RUN_ENTRIES_MAX: u64 = 16 << 20;

/// The late rows of a month that is over are merged into its file when they are one in so many of its rows: each row is
/// then written again a bounded number of times.
const LATE_PART: u64 = 4;

/// A seal that failed is not due again for this many microseconds.
const RETRY_US: i64 = 5 * kernel::time::SECOND;

/// What only one seal or switch at a time may hold.
#[derive(Default)]
pub(crate) struct Upkeep {
    pub(crate) next_id: u64,
    /// A switch of which it is not known whether it happened.
    doubt: Option<Pending>,
    /// What switches took out and the catalog does not know to be removed.
    gone: Vec<GoneEntry>,
}

/// New files that a switch is to make part of the lake.
#[derive(Default)]
struct Pending {
    switch: Switch,
    files: Vec<Arc<DataFile>>,
    run: Option<Run>,
    /// Whether rows go or become others: answers from before are stale then.
    changes_rows: bool,
}

impl Upkeep {
    pub(crate) fn new(next_id: u64, gone: Vec<GoneEntry>) -> Self {
        Self { next_id: next_id.max(1), doubt: None, gone }
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }
}

/// Those of what was taken out that are not in the folder any more, for good.
fn forgettable(folder: &std::path::Path, gone: &[GoneEntry]) -> Vec<u64> {
    let removed = gone.iter().filter(|gone| {
        let path = folder.join(&gone.path);
        // A name that comes back after a power cut would be taken for an orphan.
        !path.exists() && path.parent().is_none_or(|parent| !parent.exists() || sync_folder(parent).is_ok())
    });
    removed.map(|gone| gone.id).collect()
}

/// Removes the files of a switch that did not happen.
fn abandon(pending: &Pending) {
    pending.files.iter().for_each(|file| file.doom());
    if let Some(run) = &pending.run {
        run.doom();
    }
}

impl Inner {
    /// Seals what is hot.
    pub(crate) async fn seal(self: &Arc<Self>) -> Result<(), LakeError> {
        let mut upkeep = self.upkeep.lock().await;
        let done = match self.settle(&mut upkeep).await {
            Ok(()) => self.seal_hot(&mut upkeep).await,
            failed => failed,
        };
        self.state.write().seal_not_before = if done.is_ok() { i64::MIN } else { self.now() + RETRY_US };
        done
    }

    /// Merges what became too many; seals go on meanwhile. Whoever writes files again or merges already is left alone: what
    /// it leaves is merged after the next seal.
    pub(crate) async fn merge(self: &Arc<Self>) -> Result<(), LakeError> {
        let Ok(_alone) = self.rewriting.try_lock() else { return Ok(()) };
        self.merge_files().await?;
        self.merge_ids().await
    }

    /// Learns what became of a switch in doubt.
    async fn settle(&self, upkeep: &mut Upkeep) -> Result<(), LakeError> {
        if upkeep.doubt.is_none() {
            return Ok(());
        }
        let state = self.catalog.load().await?;
        if let Some(pending) = upkeep.doubt.take() {
            self.conclude(upkeep, pending, &state);
        }
        Ok(())
    }

    fn conclude(&self, upkeep: &mut Upkeep, pending: Pending, state: &CatalogState) -> bool {
        // Every switch carries a `next_id` that none before it had.
        if state.next_id == pending.switch.next_id {
            self.install(upkeep, pending);
            return true;
        }
        upkeep.next_id = upkeep.next_id.max(state.next_id);
        abandon(&pending);
        false
    }

    /// Switches the catalog, then what is in memory.
    async fn switch(&self, upkeep: &mut Upkeep, mut pending: Pending) -> Result<(), LakeError> {
        pending.switch.buckets = self.config.buckets;
        pending.switch.forget = forgettable(&self.config.folder, &upkeep.gone);
        let switched = match self.config.faults.check("switch.before") {
            Ok(()) => self.catalog.switch(&pending.switch).await,
            Err(error) => Err(crate::catalog::CatalogError(error.to_string())),
        };
        let switched = switched.and_then(|()| {
            self.config.faults.check("switch.after").map_err(|error| crate::catalog::CatalogError(error.to_string()))
        });
        let Err(error) = switched else {
            self.install(upkeep, pending);
            return Ok(());
        };
        match self.catalog.load().await {
            Ok(state) => {
                if self.conclude(upkeep, pending, &state) {
                    Ok(())
                } else {
                    Err(error.into())
                }
            }
            Err(second) => {
                tracing::error!(%error, %second, "it is not known whether the event files were switched");
                upkeep.doubt = Some(pending);
                Err(error.into())
            }
        }
    }

    /// The switch happened: the same in memory, at once for every question that begins from now on.
    fn install(&self, upkeep: &mut Upkeep, pending: Pending) {
        let Pending { switch, files, run, changes_rows } = pending;
        upkeep.gone.retain(|gone| !switch.forget.contains(&gone.id));
        let runs = self.dedup.runs();
        let runs = runs.iter().filter(|run| switch.remove_runs.contains(&run.entry.id));
        upkeep.gone.extend(runs.map(|run| GoneEntry { id: run.entry.id, path: run.entry.path.clone() }));
        self.dedup.switch(run, &switch.remove_runs);
        let mut replaced: Vec<Arc<DataFile>> = Vec::new();
        {
            let mut state = self.state.write();
            let mut buckets = state.files.to_vec();
            for bucket in &mut buckets {
                replaced.extend(bucket.extract_if(.., |file| switch.remove_files.contains(&file.entry.id)));
            }
            for file in files {
                buckets[usize::from(file.entry.bucket)].push(file);
            }
            for bucket in &mut buckets {
                bucket.sort_by_key(|file| (file.entry.month, file.entry.id));
            }
            state.files = Arc::new(buckets);
            state.removals += u64::from(changes_rows);
            if let Some(rederived) = switch.rederived {
                state.rederived = Arc::new(state.rederived.iter().copied().chain([rederived]).collect());
            }
            if let Some((offset, _)) = switch.sealed {
                let none = vec![HotBucket::default(); usize::from(self.config.buckets)];
                state.sealing = Arc::new(none);
                state.sealed = offset;
                state.hot_since = state.hot.iter().any(|hot| hot.rows() > 0).then(|| self.now());
            }
        }
        for file in &replaced {
            upkeep.gone.push(GoneEntry { id: file.entry.id, path: file.entry.path.clone() });
            file.doom();
        }
        drop(replaced);
        if let Some((offset, _)) = switch.sealed {
            self.sealed.notify_waiters();
            self.dedup.sealed(offset);
            // What stays of the log is read over at the next start and dropped by the next seal.
            if let Err(error) = self.log.drop_sealed(offset) {
                tracing::warn!(%error, "sealed segments of the log stay");
            }
        }
    }

    /// Merges the files of each bucket and month that has too many.
    async fn merge_files(self: &Arc<Self>) -> Result<(), LakeError> {
        while let Some(inputs) = self.mergeable() {
            let id = self.upkeep.lock().await.id();
            let new = NewFile { id, bucket: inputs[0].entry.bucket, month: inputs[0].entry.month };
            let remove_files = inputs.iter().map(|file| file.entry.id).collect();
            let inner = Arc::clone(self);
            let work =
                move || merge::merge(&inner.config.folder, new, &inputs, &inner.promoted(), &inner.config.faults);
            let entry = tokio::task::spawn_blocking(work).await.map_err(|_| LakeError::Closed)??;
            let files = vec![Arc::new(DataFile::new(&self.config.folder, entry.clone()))];
            let switch = Switch { add_files: vec![entry], remove_files, ..Switch::default() };
            self.switch_merged(Pending { switch, files, ..Pending::default() }).await?;
        }
        Ok(())
    }

    /// Switches to what a merge wrote, between two seals.
    async fn switch_merged(&self, mut pending: Pending) -> Result<(), LakeError> {
        let mut upkeep = self.upkeep.lock().await;
        if let Err(error) = self.settle(&mut upkeep).await {
            abandon(&pending);
            return Err(error);
        }
        pending.switch.next_id = upkeep.id();
        self.switch(&mut upkeep, pending).await
    }

    /// The files of a bucket and month to merge next, if there are any: the smallest ones of too many, or all of a month
    /// that a later one has followed. A question opens every file of a bucket, so a month that is over should be one; late
    /// events join it once they are worth writing it again.
    fn mergeable(&self) -> Option<Vec<Arc<DataFile>>> {
        let files = Arc::clone(&self.state.read().files);
        let newest = files.iter().flatten().map(|file| file.entry.month).max()?;
        for month in files.iter().flat_map(|bucket| bucket.chunk_by(|a, b| a.entry.month == b.entry.month)) {
            let rows = month.iter().map(|file| file.entry.rows);
            let (total, largest) = (rows.clone().sum::<u64>(), rows.max().unwrap_or(0));
            let is_over = month[0].entry.month < newest;
            if is_over && month.len() > 1 && (total - largest) * LATE_PART >= largest {
                return Some(month.to_vec());
            }
            if month.len() > self.config.files_max {
                let mut smallest = month.to_vec();
                smallest.sort_by_key(|file| file.entry.rows);
                smallest.truncate(self.config.files_max.max(2));
                return Some(smallest);
            }
        }
        None
    }

    /// Merges runs of event ids when there are too many.
    async fn merge_ids(self: &Arc<Self>) -> Result<(), LakeError> {
        loop {
            let mut runs = self.dedup.runs().to_vec();
            runs.retain(|run| run.entry.entries < RUN_ENTRIES_MAX);
            if runs.len() <= self.config.runs_max {
                return Ok(());
            }
            runs.sort_by_key(|run| run.entry.entries);
            runs.truncate(self.config.runs_max.max(2));
            let remove_runs = runs.iter().map(|run| run.entry.id).collect();
            let (inner, id) = (Arc::clone(self), self.upkeep.lock().await.id());
            let work = move || {
                let entry = merge_runs(&inner.config.folder, id, &runs, &inner.config.faults)?;
                Run::open(&inner.config.folder, entry)
            };
            let run = tokio::task::spawn_blocking(work).await.map_err(|_| LakeError::Closed)??;
            let switch = Switch { add_runs: vec![run.entry.clone()], remove_runs, ..Switch::default() };
            self.switch_merged(Pending { switch, run: Some(run), ..Pending::default() }).await?;
        }
    }
}
