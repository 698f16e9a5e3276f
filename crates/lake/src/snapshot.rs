//! One moment of a lake, for questions that must agree with each other, and what it holds of each month.
//!
//! **Invariant:** everything that is folded of one snapshot is of the same events, whatever arrives meanwhile.

use crate::error::LakeError;
use crate::event::{month_end, month_of, month_start};
use crate::fold::{self, Cancel, Fold, FoldOptions, KnownAt};
use crate::lake::{CancelOnDrop, Lake, Watermark};
use crate::view::{Merges, View};
use kernel::time::{TimeRange, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use xxhash_rust::xxh3::xxh3_64;

/// What a lake holds of a calendar month, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthStamp {
    /// Year × 12 + month − 1.
    pub month: i32,
    /// Changes with every event of the month that is new or removed, and when its files are written again.
    pub stamp: u64,
    /// How many events.
    pub events: u64,
}

impl MonthStamp {
    /// The moments of the month.
    #[must_use]
    pub fn range(&self) -> TimeRange {
        TimeRange {
            from: Timestamp::from_micros(month_start(self.month)),
            to: Timestamp::from_micros(month_end(self.month)),
        }
    }
}

/// A lake at one moment. Files that are replaced meanwhile stay until the last snapshot of them is gone.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) lake: Lake,
    pub(crate) view: View,
}

impl Lake {
    /// This moment of the lake.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { lake: self.clone(), view: self.inner.view() }
    }
}

impl Snapshot {
    /// How far the lake had come.
    #[must_use]
    pub fn watermark(&self) -> Watermark {
        self.view.watermark
    }

    /// Whose events are folded under whom; chains are followed to their ends.
    #[must_use]
    pub fn merges(&self) -> Arc<HashMap<u64, u64>> {
        Arc::clone(&self.view.merges.canonical)
    }

    /// The map they were set as; another one only where that has chains.
    #[must_use]
    pub fn merges_as_set(&self) -> Arc<HashMap<u64, u64>> {
        self.view.merges.given()
    }

    /// The same events under other merges.
    #[must_use]
    pub fn under(&self, merges: Arc<HashMap<u64, u64>>) -> Self {
        let merges = Arc::new(Merges::new(merges, self.view.buckets));
        Self { lake: self.lake.clone(), view: View { merges, ..self.view.clone() } }
    }

    /// The same, as it was known at a moment: later events are left out, merges and rules are those of then.
    #[must_use]
    pub fn known_at(&self, known: &KnownAt) -> Self {
        Self { lake: self.lake.clone(), view: self.view.clone().known_at(known) }
    }

    /// The months that have events, in order; where it is of what was known at a moment, also those that had none yet.
    #[must_use]
    pub fn months(&self) -> Vec<MonthStamp> {
        let mut months: BTreeMap<i32, (Vec<u64>, u64, u64)> = BTreeMap::new();
        for file in self.view.files.iter().flatten() {
            let month = months.entry(file.entry.month).or_default();
            month.0.push(file.entry.id);
            month.2 += file.entry.rows;
        }
        for hot in self.view.hot.iter().chain(self.view.sealing.iter()) {
            hot.moments(|at| months.entry(month_of(at)).or_default().1 += 1);
        }
        let stamp = |(month, (mut files, hot, rows)): (i32, (Vec<u64>, u64, u64))| {
            files.sort_unstable();
            let bytes: Vec<u8> = files.iter().chain([&hot]).flat_map(|number| number.to_le_bytes()).collect();
            MonthStamp { month, stamp: xxh3_64(&bytes), events: rows + hot }
        };
        months.into_iter().map(stamp).collect()
    }

    /// As [`Lake::fold`], over the events of this moment.
    ///
    /// # Errors
    /// As [`Lake::fold`].
    pub async fn fold<F: Fold + Clone + 'static>(&self, fold: &F, options: &FoldOptions) -> Result<F::Output, LakeError>
    where
        F::Output: 'static,
    {
        let permit = self.lake.fold_permit().await?;
        let stop = Cancel::default();
        let _guard = CancelOnDrop(stop.clone());
        let (fold, options, view) = (fold.clone(), options.clone(), self.view.clone());
        let threads = self.lake.config().fold_threads;
        let work = move || {
            let _permit = permit;
            fold::run(&view, &fold, &options, threads, &stop)
        };
        spawn_blocking(work).await.map_err(|_| LakeError::Data("a fold failed".into()))?
    }
}
