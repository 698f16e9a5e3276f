//! One consistent look at the lake: which files and which hot rows make up every admitted event, once.
//!
//! **Invariant:** a view never changes; seals and merges make a new state beside it and remove files after its last use.

use crate::catalog::Rederived;
use crate::error::LakeError;
use crate::event::{Col, Columns};
use crate::fold::KnownAt;
use crate::hot::{Chunk, HotBucket};
use crate::lake::Watermark;
use crate::parquet::{AT, DataFile, OFFSET, PERSON, RECEIVED, Selection, data_error, integers, known_before};
use datafusion::arrow::array::{BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use kernel::time::{DAY, TimeRange};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// The bucket of a person.
pub(crate) fn bucket_of(person: u64, buckets: u16) -> usize {
    usize::try_from(xxh3_64(&person.to_le_bytes()) % u64::from(buckets.max(1))).unwrap_or(0)
}

/// Which people are folded under another.
#[derive(Debug, Default)]
pub(crate) struct Merges {
    /// As it was given, to know it again.
    given: Arc<HashMap<u64, u64>>,
    pub(crate) canonical: Arc<HashMap<u64, u64>>,
    /// The people of each bucket who are merged or have others merged into them.
    pub(crate) touched: Vec<HashSet<i64>>,
}

impl Merges {
    pub(crate) fn new(canonical: Arc<HashMap<u64, u64>>, buckets: u16) -> Self {
        let given = Arc::clone(&canonical);
        let canonical = resolved(canonical);
        let mut touched = vec![HashSet::new(); usize::from(buckets)];
        for person in canonical.iter().flat_map(|(person, into)| [person, into]) {
            touched[bucket_of(*person, buckets)].insert(person.cast_signed());
        }
        Self { given, canonical, touched }
    }

    /// The map they were made from.
    pub(crate) fn given(&self) -> Arc<HashMap<u64, u64>> {
        Arc::clone(&self.given)
    }

    /// Whether they were made from this very map.
    pub(crate) fn are_of(&self, given: &Arc<HashMap<u64, u64>>) -> bool {
        Arc::ptr_eq(&self.given, given)
    }

    pub(crate) fn canonical_of(&self, person: u64) -> u64 {
        self.canonical.get(&person).copied().unwrap_or(person)
    }

    /// Some canonical people with everybody merged into them, by bucket.
    pub(crate) fn members_of_all(&self, canonical: &HashSet<i64>, buckets: u16) -> Vec<HashSet<i64>> {
        let mut members = vec![HashSet::new(); usize::from(buckets)];
        let merged = self.canonical.iter().filter(|(_, into)| canonical.contains(&into.cast_signed()));
        for person in merged.map(|(person, _)| person.cast_signed()).chain(canonical.iter().copied()) {
            members[bucket_of(person.cast_unsigned(), buckets)].insert(person);
        }
        members
    }

    /// A person with everybody merged into it, by bucket.
    pub(crate) fn members(&self, person: u64, buckets: u16) -> Vec<HashSet<i64>> {
        let canonical = self.canonical_of(person);
        let mut members = vec![HashSet::new(); usize::from(buckets)];
        members[bucket_of(canonical, buckets)].insert(canonical.cast_signed());
        for (merged, _) in self.canonical.iter().filter(|(_, into)| **into == canonical) {
            members[bucket_of(*merged, buckets)].insert(merged.cast_signed());
        }
        members
    }
}

/// The same merges with every chain followed to its end (a ring ends where it began).
fn resolved(merges: Arc<HashMap<u64, u64>>) -> Arc<HashMap<u64, u64>> {
    if merges.iter().all(|(from, to)| from != to && !merges.contains_key(to)) {
        return merges;
    }
    let mut ends = HashMap::new();
    for (from, to) in merges.iter() {
        let mut end = *to;
        for _ in 0..merges.len() {
            match merges.get(&end) {
                Some(next) if next != from => end = *next,
                _ => break,
            }
        }
        if end != *from && !merges.contains_key(&end) {
            ends.insert(*from, end);
        }
    }
    Arc::new(ends)
}

/// The files of each bucket.
pub(crate) type Files = Arc<Vec<Vec<Arc<DataFile>>>>;

/// What a question reads.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) buckets: u16,
    pub(crate) files: Files,
    pub(crate) hot: Vec<HotBucket>,
    pub(crate) sealing: Arc<Vec<HotBucket>>,
    pub(crate) merges: Arc<Merges>,
    pub(crate) watermark: Watermark,
    /// Events received after this moment are left out; none when all are known.
    pub(crate) received_to: Option<i64>,
    /// The re-derivations that took effect, in order.
    pub(crate) rederived: Arc<Vec<Rederived>>,
    /// What this re-derivation and later ones changed is read as it was before; none when all are known.
    pub(crate) undo_from: Option<u64>,
}

/// Where rows lie.
enum Part {
    File(Arc<DataFile>),
    Chunk(Arc<Chunk>),
    /// The rows of a tail, already with the columns that are asked for.
    Batch(RecordBatch),
}

/// A sorted stretch of one bucket's rows.
pub(crate) struct Source {
    part: Part,
    /// Rows received after this moment are left out.
    received_to: Option<i64>,
    /// What this re-derivation and later ones changed is read as it was before.
    undo_from: Option<u64>,
    /// Rows that happened outside are left out.
    range: Option<TimeRange>,
}

/// Some people.
#[derive(Debug, Clone, Default)]
pub(crate) struct Whom {
    all: HashSet<i64>,
    in_order: Vec<i64>,
}

impl Whom {
    pub(crate) fn new(all: HashSet<i64>) -> Self {
        let mut in_order: Vec<i64> = all.iter().copied().collect();
        in_order.sort_unstable();
        Self { all, in_order }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn contains(&self, person: i64) -> bool {
        self.all.contains(&person)
    }

    /// Whether one of them has a number in this range.
    pub(crate) fn any_in(&self, first: i64, last: i64) -> bool {
        let place = self.in_order.partition_point(|person| *person < first);
        self.in_order.get(place).is_some_and(|person| *person <= last)
    }
}

/// What is read of a source.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) columns: Columns,
    pub(crate) properties: &'a [String],
    /// Of these people alone.
    pub(crate) people: Option<&'a Whom>,
    /// Without the parts of files in which there is no event of one of these names.
    pub(crate) names: Option<&'a [String]>,
}

impl Wanted<'_> {
    /// These columns of all rows.
    pub(crate) fn columns(columns: Columns) -> Self {
        Self { columns, ..Self::default() }
    }
}

/// Batches of one source, in order.
pub(crate) type Batches = Box<dyn Iterator<Item = Result<RecordBatch, LakeError>> + Send>;

impl View {
    /// The view as it was known at a moment.
    pub(crate) fn known_at(mut self, known: &KnownAt) -> Self {
        self.received_to = Some(known.at.micros());
        let rules_at = known.rules_at.unwrap_or(known.at).micros();
        self.undo_from = self.rederived.iter().find(|one| one.at > rules_at).map(|one| one.id);
        self.merges = Arc::new(Merges::new(Arc::clone(&known.merges), self.buckets));
        self
    }

    /// The sources of a bucket that may have rows in the range, in the order of their places in the log where those are
    /// apart; those of a tail have these columns.
    pub(crate) fn sources(&self, bucket: usize, range: TimeRange, columns: Columns) -> Result<Vec<Source>, LakeError> {
        let mut sources = Vec::new();
        for file in self.files_of(bucket, range) {
            // Most files hold only what was known, or nothing of it: those are not filtered row by row.
            let received = if self.received_to.is_some() { file.received()? } else { None };
            let received_to = match (self.received_to, received) {
                (Some(to), Some((first, _))) if first > to => continue,
                (Some(to), Some((_, last))) if last <= to => None,
                (to, _) => to,
            };
            // Most files have nothing that was derived again.
            let undo_from = self.undo_from.filter(|_| columns.has_derived());
            let undo_from = if undo_from.is_some() && file.has_superseded()? { undo_from } else { None };
            sources.push(Source { part: Part::File(file), received_to, undo_from, range: None });
        }
        let received_to = self.received_to;
        let columns = if received_to.is_some() { columns.with_received_at() } else { columns };
        for hot in [&self.sealing[bucket], &self.hot[bucket]] {
            let chunks = hot.chunks.iter().cloned();
            // A re-derivation brings what it changes into files first.
            let source = |part| Source { part, received_to, undo_from: None, range: None };
            sources.extend(chunks.map(|chunk| source(Part::Chunk(chunk))));
            if !hot.tail.is_empty() {
                sources.push(source(Part::Batch(hot.tail_batch(columns)?)));
            }
        }
        Ok(sources)
    }

    /// For each range the numbers of the files its events lie in, when all of them are sealed.
    pub(crate) fn sealed(&self, ranges: &[TimeRange]) -> Result<Vec<Option<Vec<u64>>>, LakeError> {
        let mut hot_days: BTreeSet<i64> = BTreeSet::new();
        for bucket in self.hot.iter().chain(self.sealing.iter()).filter(|bucket| bucket.rows() > 0) {
            let chunks = bucket.chunks.iter().map(|chunk| chunk.batch(Columns::NONE));
            let tail = (!bucket.tail.is_empty()).then(|| bucket.tail_batch(Columns::NONE));
            for batch in chunks.chain(tail) {
                hot_days.extend(integers(&batch?, AT)?.iter().map(|at| at.div_euclid(DAY)));
            }
        }
        let sealed = |range: &TimeRange| {
            let days = range.from.micros().div_euclid(DAY)..=(range.to.micros() - 1).div_euclid(DAY);
            if hot_days.range(days).next().is_some() {
                return None;
            }
            let files = self.files.iter().flatten().filter(|file| overlaps(file, *range));
            let mut files: Vec<u64> = files.map(|file| file.entry.id).collect();
            files.sort_unstable();
            Some(files)
        };
        Ok(ranges.iter().map(sealed).collect())
    }

    /// When the last event happened, microseconds UTC.
    pub(crate) fn last_at(&self) -> Option<i64> {
        let mut last = self.files.iter().flatten().map(|file| file.entry.at_max).max();
        for hot in self.hot.iter().chain(self.sealing.iter()) {
            hot.moments(|at| last = last.max(Some(at)));
        }
        last
    }

    /// The people of a bucket with events after a place in the log in a range, by the numbers they had then.
    pub(crate) fn people_since(&self, bucket: usize, offset: u64, range: TimeRange) -> Result<HashSet<u64>, LakeError> {
        let mut people = HashSet::new();
        let new = self.files_of(bucket, range).into_iter().filter(|file| file.entry.offset_max > offset);
        let mut add = |batch: &RecordBatch| {
            let (person, at, places) = (integers(batch, PERSON)?, integers(batch, AT)?, integers(batch, OFFSET)?);
            for (row, place) in places.iter().enumerate().filter(|(_, place)| place.cast_unsigned() > offset) {
                debug_assert!(*place > 0, "places begin at 1");
                if range.from.micros() <= at[row] && (at[row] < range.to.micros() || range.to == TimeRange::ALL.to) {
                    people.insert(person[row].cast_unsigned());
                }
            }
            Ok::<(), LakeError>(())
        };
        for file in new {
            for batch in file.keys()? {
                add(&batch?)?;
            }
        }
        for hot in [&self.sealing[bucket], &self.hot[bucket]] {
            for batch in hot.batches(Columns::NONE.with_offset())? {
                add(&batch)?;
            }
        }
        Ok(people)
    }

    fn files_of(&self, bucket: usize, range: TimeRange) -> Vec<Arc<DataFile>> {
        let mut files: Vec<_> = self.files[bucket].iter().filter(|file| overlaps(file, range)).cloned().collect();
        files.sort_by_key(|file| file.entry.offset_min);
        files
    }

    /// Whether the order of the sources does not decide between two events of one moment: two files hold events of the same
    /// time from the same stretch of the log.
    pub(crate) fn needs_offsets(&self, bucket: usize, range: TimeRange) -> bool {
        let files = self.files_of(bucket, range);
        files.iter().enumerate().any(|(place, one)| {
            files[place + 1..].iter().any(|other| {
                other.entry.offset_min <= one.entry.offset_max
                    && other.entry.at_min <= one.entry.at_max
                    && one.entry.at_min <= other.entry.at_max
            })
        })
    }
}

fn overlaps(file: &DataFile, range: TimeRange) -> bool {
    file.entry.at_max >= range.from.micros() && file.entry.at_min < range.to.micros()
}

impl Source {
    /// Whether it may have rows from this log offset on.
    pub(crate) fn reaches(&self, offset: u64) -> bool {
        match &self.part {
            Part::File(file) => file.entry.offset_max >= offset,
            Part::Chunk(_) | Part::Batch(_) => true,
        }
    }

    /// When its first and its last event happened, microseconds UTC; none when it is empty.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        match &self.part {
            Part::File(file) => Some((file.entry.at_min, file.entry.at_max)),
            Part::Chunk(chunk) => chunk.span(),
            Part::Batch(batch) => {
                let at = integers(batch, AT).ok()?;
                Some((*at.iter().min()?, *at.iter().max()?))
            }
        }
    }

    /// The same with events of this range only.
    pub(crate) fn within(mut self, range: TimeRange) -> Self {
        let (from, to) = (range.from.micros(), range.to.micros());
        let is_inside = match &self.part {
            // The end of all time is in the range of all time.
            Part::File(file) => from <= file.entry.at_min && (file.entry.at_max < to || to == i64::MAX),
            Part::Chunk(_) | Part::Batch(_) => from == i64::MIN && to == i64::MAX,
        };
        self.range = (!is_inside).then_some(range);
        self
    }

    /// The rows that are wanted. Rows of other people and names may come along; a property comes in a column of its own or
    /// within the JSON of all.
    pub(crate) fn batches(&self, wanted: &Wanted<'_>) -> Result<Batches, LakeError> {
        let Wanted { columns, properties, people, names } = *wanted;
        let wanted = columns;
        let json = if properties.is_empty() { columns } else { columns.and(Columns::of(&[Col::Properties])) };
        let received = |columns: Columns| if self.received_to.is_some() { columns.with_received_at() } else { columns };
        let stored = |columns: Columns| {
            let columns = received(columns);
            if self.undo_from.is_some() { columns.with_superseded() } else { columns }
        };
        let batches: Batches = match &self.part {
            Part::File(file) => {
                let selection = match (people, names) {
                    (Some(people), _) => file.rows_of(people)?,
                    (None, Some(names)) => file.groups_of(names)?,
                    (None, None) => Some(Selection::All),
                };
                match selection {
                    Some(selection) if file.keeps(properties)? => {
                        Box::new(file.read_with(stored(columns), properties, &selection)?)
                    }
                    Some(selection) => Box::new(file.read(stored(json), &selection)?),
                    None => Box::new(std::iter::empty()),
                }
            }
            Part::Chunk(chunk) => Box::new(std::iter::once(chunk.batch(received(json)))),
            Part::Batch(batch) => Box::new(std::iter::once(Ok(batch.clone()))),
        };
        let batches: Batches = match self.undo_from {
            Some(from) => Box::new(batches.map(move |batch| known_before(&batch?, from))),
            None => batches,
        };
        let (received_to, range) = (self.received_to, self.range);
        if received_to.is_none() && range.is_none() {
            return Ok(batches);
        }
        Ok(Box::new(batches.map(move |batch| without_received(kept(batch?, received_to, range)?, wanted))))
    }
}

/// The rows that were received by a moment and happened in a range.
fn kept(batch: RecordBatch, received_to: Option<i64>, range: Option<TimeRange>) -> Result<RecordBatch, LakeError> {
    let mut keep = vec![true; batch.num_rows()];
    if let Some(to) = received_to {
        let received = integers(&batch, RECEIVED)?;
        keep.iter_mut().zip(received.iter()).for_each(|(keep, received)| *keep = *received <= to);
    }
    if let Some(range) = range {
        let (from, to) = (range.from.micros(), range.to.micros());
        let at = integers(&batch, AT)?;
        // The end of all time is in the range of all time.
        let inside = |at: i64| from <= at && (at < to || to == i64::MAX);
        keep.iter_mut().zip(at.iter()).for_each(|(keep, at)| *keep &= inside(*at));
    }
    if keep.iter().all(|keep| *keep) {
        return Ok(batch);
    }
    filter_record_batch(&batch, &BooleanArray::from(keep)).map_err(data_error)
}

/// Without the column that was read to leave rows out, unless it is wanted.
fn without_received(batch: RecordBatch, wanted: Columns) -> Result<RecordBatch, LakeError> {
    if wanted.has_received_at() {
        return Ok(batch);
    }
    let fields = batch.schema_ref().fields().iter().enumerate();
    let places: Vec<usize> = fields.filter(|(_, field)| field.name() != RECEIVED).map(|(place, _)| place).collect();
    batch.project(&places).map_err(data_error)
}
