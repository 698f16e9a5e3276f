//! Runs a fold over a view: bucket by bucket on a few threads, each bucket a merge of its sorted sources.

use super::aside::{Aside, Given, Giver};
use super::block::EventRef;
use super::decode::Decoder;
use super::dict::Dict;
use super::merge::{Merge, People, Whose};
use super::stretches::Stretches;
use super::{Cancel, Fold, FoldOptions};
use crate::error::LakeError;
use crate::event::{Col, Columns};
use crate::view::{View, Wanted, Whom, bucket_of};
use kernel::time::TimeRange;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all buckets of a run share.
struct Job<'a> {
    view: &'a View,
    columns: Columns,
    properties: Arc<[String]>,
    range: TimeRange,
    literals: Vec<String>,
    names: Option<Vec<String>>,
    memory_bytes_max: usize,
    cancels: [Cancel; 2],
}

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
        properties: fold.properties().into(),
        range: options.range,
        literals: fold.literals(),
        names: fold.names(),
        memory_bytes_max: options.memory_bytes_max,
        cancels: [options.cancel.clone(), stop.clone()],
    };
    let all: Vec<usize> = (0..usize::from(view.buckets)).collect();
    let mut total =
        Total { fold, output: None, memory_bytes_max: options.memory_bytes_max, too_large: Cancel::default() };
    let too_large = total.too_large.clone();
    let within = || if too_large.is_cancelled() { Err(LakeError::TooLarge) } else { Ok(()) };
    let mut doubt: Vec<HashSet<i64>> = vec![HashSet::new(); all.len()];
    if let Some(person) = options.person {
        let canonical = view.merges.canonical_of(person);
        let (members, bucket) = (view.merges.members(person, view.buckets), bucket_of(canonical, view.buckets));
        if members.iter().map(HashSet::len).sum::<usize>() > 1 {
            doubt = members;
        } else {
            let only = Whom::new(members.into_iter().nth(bucket).unwrap_or_default());
            total.add(job.bucket(fold, bucket, Some(&only))?.0);
        }
    } else if let Some(people) = &options.people {
        let (only, one) = apart(view, people);
        let work = |bucket: usize| within().and_then(|()| job.bucket(fold, bucket, Some(&only[bucket])));
        let some = all.iter().copied().filter(|bucket| !only[*bucket].is_empty());
        parallel(&some.collect::<Vec<_>>(), threads, work, |(output, _)| total.add(output))?;
        doubt = view.merges.members_of_all(&one, view.buckets);
    } else {
        options.progress.begin(all.len());
        let mut given: Vec<Given> = Vec::new();
        let work = |bucket| within().and_then(|()| job.bucket(fold, bucket, None));
        parallel(&all, threads, work, |(output, rows)| {
            total.add(output);
            given.push(rows);
            options.progress.done();
        })?;
        // Those that were set aside, whose events were brought into order by the moment alone.
        given.retain(|(_, rows)| rows.iter().any(|rows| !rows.is_empty()));
        if !given.is_empty() {
            let work = |bucket| within().and_then(|()| job.aside(fold, bucket, &given));
            let mut unclear: HashSet<i64> = HashSet::new();
            parallel(&all, threads, work, |(output, in_doubt)| {
                total.add(output);
                unclear.extend(in_doubt);
            })?;
            doubt = view.merges.members_of_all(&unclear, view.buckets);
        }
    }
    // Those whose events are told apart by their places in the log only.
    let givers: Vec<usize> = all.iter().copied().filter(|bucket| !doubt[*bucket].is_empty()).collect();
    if !givers.is_empty() {
        let mut given: Vec<Given> = Vec::new();
        parallel(&givers, threads, |bucket| job.give(bucket, &doubt[bucket]), |rows| given.push(rows))?;
        let exact = Job { columns: job.columns.with_offset(), names: None, ..job };
        let work = |bucket| within().and_then(|()| exact.aside(fold, bucket, &given));
        parallel(&all, threads, work, |(output, _)| total.add(output))?;
    }
    within().map(|()| total.output.unwrap_or_else(|| fold.output()))
}

/// By bucket those who are one with nobody; and the canonical people of the others.
fn apart(view: &View, people: &HashSet<u64>) -> (Vec<Whom>, HashSet<i64>) {
    let (mut alone, mut one) = (vec![HashSet::new(); usize::from(view.buckets)], HashSet::new());
    for person in people {
        let bucket = bucket_of(*person, view.buckets);
        if view.merges.touched.get(bucket).is_some_and(|touched| touched.contains(&person.cast_signed())) {
            one.insert(view.merges.canonical_of(*person).cast_signed());
        } else {
            alone[bucket].insert(person.cast_signed());
        }
    }
    (alone.into_iter().map(Whom::new).collect(), one)
}

/// The people with events after a place in the log in a range, by the numbers they had then; blocks the thread.
pub(crate) fn people_since(
    view: &View,
    offset: u64,
    range: TimeRange,
    threads: usize,
    stop: &Cancel,
) -> Result<HashSet<u64>, LakeError> {
    let buckets: Vec<usize> = (0..usize::from(view.buckets)).collect();
    let work = |bucket| {
        if stop.is_cancelled() { Err(LakeError::Cancelled) } else { view.people_since(bucket, offset, range) }
    };
    let mut people = HashSet::new();
    parallel(&buckets, threads, work, |found| people.extend(found))?;
    Ok(people)
}

/// The sum of all outputs so far.
struct Total<'a, F: Fold> {
    fold: &'a F,
    output: Option<F::Output>,
    memory_bytes_max: usize,
    /// Switched when it takes more than it may.
    too_large: Cancel,
}

impl<F: Fold> Total<'_, F> {
    fn add(&mut self, output: F::Output) {
        match &mut self.output {
            Some(total) => self.fold.merge(total, output),
            None => self.output = Some(output),
        }
        if self.output.as_ref().is_some_and(|total| self.fold.weight(total) > self.memory_bytes_max) {
            self.too_large.cancel();
        }
    }
}

/// Reads the columns of every bucket; returns the rows.
pub(crate) fn decode_only(view: &View, columns: Columns, threads: usize) -> Result<u64, LakeError> {
    let buckets: Vec<usize> = (0..usize::from(view.buckets)).collect();
    let read = |bucket: usize| {
        let mut rows = 0;
        for source in view.sources(bucket, TimeRange::ALL, columns)? {
            for batch in source.batches(&Wanted::columns(columns))? {
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

    /// Sets rows with these columns aside.
    fn giver(&self, columns: Columns) -> Giver<'_> {
        Giver::new(&self.view.merges, columns, self.properties.len(), self.view.buckets)
    }

    /// What is read of rows in memory, which have their properties as JSON only.
    fn hot(&self, columns: Columns) -> Columns {
        if self.properties.is_empty() { columns } else { columns.and(Columns::of(&[Col::Properties])) }
    }

    /// Takes the rows of these people out of a bucket, with their places in the log.
    fn give(&self, bucket: usize, people: &HashSet<i64>) -> Result<Given, LakeError> {
        let mut dict = Dict::new();
        let columns = self.columns.with_offset();
        let mut giver = self.giver(columns);
        let people = Whom::new(people.clone());
        let wanted = Wanted { properties: &self.properties, people: Some(&people), ..Wanted::columns(columns) };
        for source in self.view.sources(bucket, self.range, self.hot(columns))? {
            self.check()?;
            let mut decoder = Decoder::new(columns, &self.properties);
            for batch in source.within(self.range).batches(&wanted)? {
                let block = decoder.block(&batch?, &mut dict)?;
                for row in (0..block.rows()).filter(|row| people.contains(block.person[*row])) {
                    giver.push(&EventRef { block: &block, row, dict: &dict });
                }
            }
        }
        Ok((dict, giver.rows))
    }

    /// Folds the people of one bucket whose rows were set aside, but not those whose order is in doubt, and returns who that
    /// is.
    fn aside<F: Fold>(&self, fold: &F, bucket: usize, given: &[Given]) -> Result<(F::Output, HashSet<i64>), LakeError> {
        let rows = || given.iter().map(|(dict, rows)| (dict, &rows[bucket])).filter(|(_, rows)| !rows.is_empty());
        let is_exact = self.columns.has_offset();
        let doubt = if is_exact { HashSet::new() } else { Aside::in_doubt(rows().map(|(_, rows)| rows)) };
        let mut people = People::new(fold);
        let dict = Dict::with_literals(&self.literals);
        let mut merge = Merge::new(&mut people, dict, self.memory_bytes_max, &self.cancels);
        for (from, rows) in rows() {
            merge.give(|dict| rows.block(from, dict, self.columns, &doubt));
        }
        merge.run(Whose::AllBut(&[]))?;
        let (dict, _) = merge.close();
        Ok((people.close(&dict), doubt))
    }

    /// Folds one bucket: these people alone, or all but those who are merged or have others merged into them, whose rows are
    /// set aside.
    fn bucket<F: Fold>(&self, fold: &F, bucket: usize, only: Option<&Whom>) -> Result<(F::Output, Given), LakeError> {
        let mut touched: Vec<i64> = Vec::new();
        if only.is_none() {
            touched.extend(self.view.merges.touched.get(bucket).into_iter().flatten());
            touched.sort_unstable();
        }
        let needs_offsets = self.view.needs_offsets(bucket, self.range);
        let columns = if needs_offsets { self.columns.with_offset() } else { self.columns };
        let mut people = People::new(fold);
        let mut stretches = Stretches::of(self.view.sources(bucket, self.range, self.hot(columns))?);
        if only.is_some() || stretches.len() < 2 || !people.come_by_stretches(stretches.spans()) {
            stretches = stretches.into_one();
        }
        let dict = Dict::with_literals(&self.literals);
        let mut merge = Merge::new(&mut people, dict, self.memory_bytes_max, &self.cancels);
        if only.is_none() {
            merge = merge.giving(self.giver(columns));
        }
        let names = self.names.as_deref();
        let wanted = Wanted { properties: &self.properties, people: only, names, ..Wanted::columns(columns) };
        for sources in stretches.sources() {
            for source in sources {
                merge.check()?;
                let batches = source.within(self.range).batches(&wanted)?;
                merge.open(batches, Decoder::new(columns, &self.properties))?;
            }
            merge.run(only.map_or(Whose::AllBut(&touched), Whose::Only))?;
        }
        let (dict, rows) = merge.close();
        Ok((people.close(&dict), (dict, rows)))
    }
}
