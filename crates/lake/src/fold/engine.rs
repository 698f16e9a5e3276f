//! Runs a fold over a view: bucket by bucket on a few threads, each bucket a merge of its sorted sources.

use super::aside::Aside;
use super::block::EventRef;
use super::decode::Decoder;
use super::dict::Dict;
use super::merge::{Merge, People, Whose};
use super::{Cancel, Fold, FoldOptions};
use crate::error::LakeError;
use crate::event::Columns;
use crate::view::{View, bucket_of};
use kernel::time::TimeRange;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all buckets of a run share.
struct Job<'a> {
    view: &'a View,
    columns: Columns,
    range: TimeRange,
    literals: Vec<String>,
    names: Option<Vec<String>>,
    memory_bytes_max: usize,
    cancels: [Cancel; 2],
}

/// Rows that one bucket gave away: the dictionary of their codes, and the rows for each bucket.
type Given = (Dict, Vec<Aside>);

/// Folds the view; blocks the thread.
pub(crate) fn run<F: Fold>(
    view: &View,
    fold: &F,
    options: &FoldOptions,
    threads: usize,
    stop: &Cancel,
) -> Result<F::Output, LakeError> {
    let job = Job {
        view,
        columns: fold.columns(),
        range: options.range,
        literals: fold.literals(),
        names: fold.names(),
        memory_bytes_max: options.memory_bytes_max,
        cancels: [options.cancel.clone(), stop.clone()],
    };
    let all: Vec<usize> = (0..usize::from(view.buckets)).collect();
    // Whose rows move to another person, by bucket; and who is folded.
    let (moving, wanted, buckets) = match options.person {
        None => (view.merges.by_bucket.clone(), None, all.clone()),
        Some(person) => {
            let canonical = view.merges.canonical_of(person);
            let bucket = bucket_of(canonical, view.buckets);
            let mut moving = view.merges.members(person, view.buckets);
            moving[bucket].remove(&canonical.cast_signed());
            (moving, Some(HashSet::from([canonical.cast_signed()])), vec![bucket])
        }
    };
    let givers: Vec<usize> =
        all.into_iter().filter(|bucket| moving.get(*bucket).is_some_and(|people| !people.is_empty())).collect();
    let mut given: Vec<Given> = Vec::new();
    parallel(&givers, threads, |bucket| job.give(bucket, &moving[bucket]), |rows| given.push(rows))?;
    let mut total: Option<F::Output> = None;
    let too_large = Cancel::default();
    options.progress.begin(buckets.len());
    let work = |bucket| {
        if too_large.is_cancelled() {
            Err(LakeError::TooLarge)
        } else {
            job.bucket(fold, bucket, wanted.as_ref(), &given)
        }
    };
    parallel(&buckets, threads, work, |output| {
        match &mut total {
            Some(total) => fold.merge(total, output),
            None => total = Some(output),
        }
        if total.as_ref().is_some_and(|total| fold.weight(total) > options.memory_bytes_max) {
            too_large.cancel();
        }
        options.progress.done();
    })?;
    if too_large.is_cancelled() {
        return Err(LakeError::TooLarge);
    }
    Ok(total.unwrap_or_else(|| fold.output()))
}

/// Reads the columns of every bucket; returns the rows.
pub(crate) fn decode_only(view: &View, columns: Columns, threads: usize) -> Result<u64, LakeError> {
    let buckets: Vec<usize> = (0..usize::from(view.buckets)).collect();
    let read = |bucket: usize| {
        let mut rows = 0;
        for source in view.sources(bucket, TimeRange::ALL, columns)? {
            for batch in source.batches(columns, None, None)? {
                rows += batch?.num_rows() as u64;
            }
        }
        Ok(rows)
    };
    let mut rows = 0;
    parallel(&buckets, threads, read, |read| rows += read)?;
    Ok(rows)
}

/// Results that wait for those before them.
struct Waiting<T, G> {
    results: BTreeMap<usize, T>,
    taken: usize,
    take: G,
    failed: Option<LakeError>,
}

/// Does the work for each place on at most `threads` threads; `take` gets the results in the order of the places, each as
/// soon as those before it are there, so that few are held at a time.
fn parallel<T: Send>(
    places: &[usize],
    threads: usize,
    work: impl Fn(usize) -> Result<T, LakeError> + Sync,
    take: impl FnMut(T) + Send,
) -> Result<(), LakeError> {
    let next = AtomicUsize::new(0);
    let waiting = Mutex::new(Waiting { results: BTreeMap::new(), taken: 0, take, failed: None });
    let run = || {
        while let Some((index, place)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            places.get(index).map(|place| (index, *place))
        } {
            let result = work(place);
            let mut waiting = waiting.lock();
            match result {
                Ok(result) => waiting.put(index, result),
                Err(error) => {
                    next.store(places.len(), Ordering::Relaxed);
                    waiting.failed.get_or_insert(error);
                }
            }
        }
    };
    let threads = threads.clamp(1, places.len().max(1));
    if threads == 1 {
        run();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(run);
            }
        });
    }
    waiting.into_inner().failed.map_or(Ok(()), Err)
}

impl<T, G: FnMut(T)> Waiting<T, G> {
    fn put(&mut self, index: usize, result: T) {
        self.results.insert(index, result);
        while let Some(result) = self.results.remove(&self.taken) {
            (self.take)(result);
            self.taken += 1;
        }
    }
}

impl Job<'_> {
    fn check(&self) -> Result<(), LakeError> {
        if self.cancels.iter().any(Cancel::is_cancelled) { Err(LakeError::Cancelled) } else { Ok(()) }
    }

    /// Takes the rows of merged people out of a bucket.
    fn give(&self, bucket: usize, people: &HashSet<i64>) -> Result<Given, LakeError> {
        let mut dict = Dict::new();
        let mut given: Vec<Aside> =
            std::iter::repeat_with(Aside::default).take(usize::from(self.view.buckets)).collect();
        let columns = self.columns.with_offset();
        for source in self.view.sources(bucket, self.range, columns)? {
            self.check()?;
            let mut decoder = Decoder::new(columns);
            for batch in source.within(self.range).batches(columns, Some(people), None)? {
                let block = decoder.block(&batch?, &mut dict)?;
                for row in (0..block.rows()).filter(|row| people.contains(&block.person[*row])) {
                    let person = self.view.merges.canonical_of(block.person[row].cast_unsigned());
                    let event = EventRef { block: &block, row, dict: &dict };
                    given[bucket_of(person, self.view.buckets)].push(person, &event, columns);
                }
            }
        }
        Ok((dict, given))
    }

    /// Folds one bucket: its own people, and the rows of merged people that were given to it.
    fn bucket<F: Fold>(
        &self,
        fold: &F,
        bucket: usize,
        wanted: Option<&HashSet<i64>>,
        given: &[Given],
    ) -> Result<F::Output, LakeError> {
        let asides = || given.iter().map(|(dict, asides)| (dict, &asides[bucket])).filter(|(_, rows)| !rows.is_empty());
        let mut columns = self.columns;
        if asides().next().is_some() || self.view.needs_offsets(bucket, self.range) {
            columns = columns.with_offset();
        }
        let mut merged: Vec<i64> = Vec::new();
        let whose = match wanted {
            Some(wanted) => Whose::Only(wanted),
            None => {
                merged.extend(self.view.merges.by_bucket.get(bucket).into_iter().flatten());
                merged.sort_unstable();
                Whose::AllBut(&merged)
            }
        };
        let mut people = People::new(fold);
        let mut merge = Merge::new(&mut people, &self.literals, self.memory_bytes_max, &self.cancels);
        for source in self.view.sources(bucket, self.range, columns)? {
            merge.check()?;
            let batches = source.within(self.range).batches(columns, whose.only(), self.names.as_deref())?;
            merge.open(batches, columns)?;
        }
        for (from, rows) in asides() {
            merge.give(|dict| rows.block(from, dict, columns));
        }
        let dict = merge.run(whose)?;
        Ok(people.close(&dict))
    }
}
