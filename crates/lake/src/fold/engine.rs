//! Runs a fold over a view: bucket by bucket on a few threads, each bucket a merge of its sorted sources.

use super::aside::Aside;
use super::block::{Block, EventRef};
use super::decode::Decoder;
use super::dict::Dict;
use super::{Cancel, Fold, FoldOptions};
use crate::error::LakeError;
use crate::event::Columns;
use crate::view::{Batches, View, bucket_of};
use kernel::time::TimeRange;
use parking_lot::Mutex;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all buckets of a run share.
struct Run<'a> {
    view: &'a View,
    columns: Columns,
    range: TimeRange,
    literals: Vec<String>,
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
    let run = Run {
        view,
        columns: fold.columns(),
        range: options.range,
        literals: fold.literals(),
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
    parallel(&givers, threads, |bucket| run.give(bucket, &moving[bucket]), |rows| given.push(rows))?;
    let mut total: Option<F::Output> = None;
    let work = |bucket| run.bucket(fold, bucket, wanted.as_ref(), &given);
    parallel(&buckets, threads, work, |output| match &mut total {
        Some(total) => fold.merge(total, output),
        None => total = Some(output),
    })?;
    Ok(total.unwrap_or_else(|| fold.output()))
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

/// One source while it is merged.
struct Cursor {
    batches: Batches,
    decoder: Decoder,
    block: Block,
    row: usize,
}

/// (person, at, offset): the order of rows.
type Key = (i64, i64, i64);

impl Cursor {
    fn key(&self) -> Key {
        (self.block.person[self.row], self.block.at[self.row], self.block.offset[self.row])
    }

    /// Moves on to the next block; whether there is one.
    fn load(&mut self, dict: &mut Dict) -> Result<bool, LakeError> {
        self.row = 0;
        for batch in self.batches.by_ref() {
            let batch = batch?;
            if batch.num_rows() > 0 {
                self.block = self.decoder.block(&batch, dict)?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Run<'_> {
    fn check(&self) -> Result<(), LakeError> {
        if self.cancels.iter().any(Cancel::is_cancelled) { Err(LakeError::Cancelled) } else { Ok(()) }
    }

    /// Takes the rows of merged people out of a bucket.
    fn give(&self, bucket: usize, people: &HashSet<i64>) -> Result<Given, LakeError> {
        let mut dict = Dict::new();
        let mut given: Vec<Aside> =
            std::iter::repeat_with(Aside::default).take(usize::from(self.view.buckets)).collect();
        for source in self.view.sources(bucket, self.range, self.columns)? {
            self.check()?;
            let mut decoder = Decoder::new(self.columns);
            for batch in source.batches(self.columns, Some(people))? {
                let block = decoder.block(&batch?, &mut dict)?;
                for row in (0..block.rows()).filter(|row| people.contains(&block.person[*row])) {
                    if self.holds(block.at[row]) {
                        let person = self.view.merges.canonical_of(block.person[row].cast_unsigned());
                        let event = EventRef { block: &block, row, dict: &dict };
                        given[bucket_of(person, self.view.buckets)].push(person, &event, self.columns);
                    }
                }
            }
        }
        Ok((dict, given))
    }

    fn holds(&self, at: i64) -> bool {
        // The end of all time is in the range of all time.
        self.range.from.micros() <= at && (at < self.range.to.micros() || self.range.to.micros() == i64::MAX)
    }

    /// Folds one bucket: its own people, and the rows of merged people that were given to it.
    fn bucket<F: Fold>(
        &self,
        fold: &F,
        bucket: usize,
        wanted: Option<&HashSet<i64>>,
        given: &[Given],
    ) -> Result<F::Output, LakeError> {
        let mut dict = Dict::with_literals(&self.literals);
        let mut cursors = Vec::new();
        for source in self.view.sources(bucket, self.range, self.columns)? {
            self.check()?;
            let batches = source.batches(self.columns, wanted)?;
            let mut cursor = Cursor { batches, decoder: Decoder::new(self.columns), block: Block::empty(), row: 0 };
            if cursor.load(&mut dict)? {
                cursors.push(cursor);
            }
        }
        for (from, asides) in given {
            if !asides[bucket].is_empty() {
                let block = asides[bucket].block(from, &mut dict, self.columns);
                let batches: Batches = Box::new(std::iter::empty());
                cursors.push(Cursor { batches, decoder: Decoder::new(self.columns), block, row: 0 });
            }
        }
        let own = cursors.len() - given.iter().filter(|(_, asides)| !asides[bucket].is_empty()).count();
        let merged = self.view.merges.by_bucket.get(bucket).filter(|people| !people.is_empty());
        let mut people = People { fold, current: None, skip: false, output: fold.output() };
        let mut heap: BinaryHeap<Reverse<(Key, usize)>> =
            cursors.iter().enumerate().map(|(place, cursor)| Reverse((cursor.key(), place))).collect();
        while let Some(Reverse((_, place))) = heap.pop() {
            let until = heap.peek().map_or((i64::MAX, i64::MAX, i64::MAX), |Reverse((key, _))| *key);
            let cursor = &mut cursors[place];
            let more = loop {
                let rows = cursor.block.rows();
                while cursor.row < rows && cursor.key() <= until {
                    let person = cursor.block.person[cursor.row];
                    if people.current.as_ref().is_none_or(|(current, _)| *current != person) {
                        let skip = wanted.is_some_and(|wanted| !wanted.contains(&person))
                            || (place < own && merged.is_some_and(|merged| merged.contains(&person)));
                        people.begin(person, skip, &dict);
                    }
                    if !people.skip && self.holds(cursor.block.at[cursor.row]) {
                        people.step(&EventRef { block: &cursor.block, row: cursor.row, dict: &dict });
                    }
                    cursor.row += 1;
                }
                if cursor.row < rows {
                    break true;
                }
                self.check()?;
                if !cursor.load(&mut dict)? {
                    break false;
                }
            };
            if more {
                heap.push(Reverse((cursor.key(), place)));
            }
        }
        Ok(people.close(&dict))
    }
}

/// The person whose events pass, and the output.
struct People<'a, F: Fold> {
    fold: &'a F,
    /// The person, and its state once an event counted.
    current: Option<(i64, Option<F::State>)>,
    skip: bool,
    output: F::Output,
}

impl<F: Fold> People<'_, F> {
    fn begin(&mut self, person: i64, skip: bool, dict: &Dict) {
        self.end(dict);
        self.current = Some((person, None));
        self.skip = skip;
    }

    fn step(&mut self, event: &EventRef<'_>) {
        if let Some((_, state)) = &mut self.current {
            let state = state.get_or_insert_with(|| self.fold.init());
            self.fold.step(state, event);
        }
    }

    fn end(&mut self, dict: &Dict) {
        if let Some((person, Some(state))) = self.current.take() {
            self.fold.finish(person.cast_unsigned(), state, dict, &mut self.output);
        }
    }

    fn close(mut self, dict: &Dict) -> F::Output {
        self.end(dict);
        self.fold.close(dict, &mut self.output);
        self.output
    }
}
