//! What is kept of questions.
//!
//! Trends are put together from parts: what was counted of a month that is over is kept as long as its files, and who is one
//! with whom, stay as they are. A question that comes again, or whose dates moved, reads only what is new. Funnels, retention
//! and paths are kept whole, before they are shown: when the question comes again, what the people who did something since
//! had added is taken away, and what they add now is put in its place ([`lake::Snapshot::renew`]).
//!
//! **Invariant:** an answer from what is kept is the answer without it. What is not exact so is not kept: for the parts of a
//! trend a segment looks at the whole range.

use super::plan::{Period, bounds};
use super::reader::Stretch;
use crate::answers::Cache;
use crate::explore_model::{Granularity, TrendMeasure, TrendsAsk};
use kernel::problem::Problem;
use kernel::time::{DAY, TimeRange, Timestamp};
use lake::folds::filter::EventFilter;
use lake::tally::{Tally, TallyFold, TallyPart};
use lake::{FoundIn, LakeError, Sealed};
use std::any::Any;
use std::ops::Range;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Weeks of one part.
const WEEKS: i64 = 4;

/// By question parts of trends, and what folds found with what they found it in; both in the same memory.
pub(crate) struct Kept {
    held: Cache<Held, Option<Sealed>>,
    /// How often what was found before was brought up to date.
    #[cfg(test)]
    pub(super) renewed: std::sync::atomic::AtomicUsize,
}

enum Held {
    Part(Arc<TallyPart>),
    Found(FoundIn, Arc<dyn Any + Send + Sync>),
}

impl Kept {
    /// Keeps so many bytes in all.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            held: Cache::new(bytes_max),
            #[cfg(test)]
            renewed: Default::default(),
        }
    }

    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.held.weight()
    }

    fn part(&self, key: &str, sealed: &Sealed) -> Option<Arc<TallyPart>> {
        match &*self.held.get(key, &Some(sealed.clone()))? {
            Held::Part(part) => Some(Arc::clone(part)),
            Held::Found(..) => None,
        }
    }

    /// What a fold found before.
    pub(super) fn found<T: Send + Sync + 'static>(&self, key: &str) -> Option<(Arc<T>, FoundIn)> {
        match &*self.held.get(key, &None)? {
            Held::Found(found_in, found) => Some((Arc::clone(found).downcast().ok()?, found_in.clone())),
            Held::Part(_) => None,
        }
    }

    pub(super) fn keep<T: Send + Sync + 'static>(&self, key: String, found: Arc<T>, found_in: FoundIn, bytes: usize) {
        let (weight, merges) = (bytes + key.len() + size_of::<(Held, T)>(), Arc::clone(found_in.merges()));
        self.held.put_with(key, None, Arc::new(Held::Found(found_in, found)), weight, Some(merges));
    }

    /// Forgets all that is of one owner.
    pub(crate) fn forget(&self, owner: &str) {
        self.held.forget(&format!("{owner} "));
    }
}

/// What the parts of a question have in common.
pub(super) struct Question<'a> {
    pub(super) ask: &'a TrendsAsk,
    pub(super) filters: &'a [EventFilter],
    pub(super) periods: &'a [Period],
}

impl Question<'_> {
    /// Where the parts begin and end: a calendar month of hours or days, four weeks, a month.
    fn parts(&self, stretch: &Stretch<'_>) -> Vec<Range<usize>> {
        let of = |period: &Period| {
            let date = Timestamp::from_micros(period.from).date_in(&stretch.dates.zone);
            match self.ask.granularity {
                Granularity::Hour | Granularity::Day | Granularity::Month => {
                    i64::from(date.year()) * 12 + i64::from(date.month())
                }
                Granularity::Week => (period.from.div_euclid(DAY) + 4).div_euclid(7 * WEEKS),
            }
        };
        let mut parts: Vec<Range<usize>> = Vec::new();
        let mut first = 0;
        for group in self.periods.chunk_by(|one, other| of(one) == of(other)) {
            parts.push(first..first + group.len());
            first += group.len();
        }
        parts
    }

    /// What a part depends on beside its events.
    fn key(&self, owner: &str, session_timeout_us: i64, part: &Range<usize>) -> String {
        let ends = bounds(&self.periods[part.clone()]);
        let measure = (self.has_people(), self.ask.measure.is_of_sessions().then_some(session_timeout_us));
        let (amount, column) = (self.amount(), self.ask.breakdown.as_ref().map(|one| one.column));
        format!("{owner} {measure:?} {amount:?} {column:?} {:?} {ends:?}", self.filters)
    }

    /// What is added up, as far as it makes another part.
    fn amount(&self) -> (bool, Option<&str>) {
        (super::plan::is_money(self.ask.measure), self.ask.property.as_deref())
    }

    /// Whether the measure needs to know who came.
    fn has_people(&self) -> bool {
        matches!(
            self.ask.measure,
            TrendMeasure::People | TrendMeasure::EventsPerPerson | TrendMeasure::SessionsPerPerson
        )
    }

    /// The events that a part reads: those of a session can begin before it and end after it.
    fn read(&self, part: &Range<usize>) -> TimeRange {
        let (from, to) = (self.periods[part.start].from, self.periods[part.end - 1].to);
        let around = if self.ask.measure.is_of_sessions() { DAY } else { 0 };
        let moment = Timestamp::from_micros;
        TimeRange { from: moment(from - around), to: moment(to + around) }
    }
}

/// The tally of a question, from parts as far as they are kept; none when it cannot be put together. `fold` makes the fold
/// of some periods.
pub(super) async fn tally(
    stretch: &Stretch<'_>,
    question: &Question<'_>,
    fold: impl Fn(&[i64]) -> TallyFold,
) -> Result<Option<Tally>, Problem> {
    let Some((kept, owner)) = stretch.kept() else { return Ok(None) };
    let parts = question.parts(stretch);
    if parts.len() < 2 {
        return Ok(None);
    }
    let lake = &stretch.reader.lake;
    let reads: Vec<TimeRange> = parts.iter().map(|part| question.read(part)).collect();
    let sealed = lake.sealed(&reads)?;
    let key = |part: &Range<usize>| question.key(owner, stretch.reader.session_timeout_us, part);
    let mut found: Vec<Option<Arc<TallyPart>>> = Vec::with_capacity(parts.len());
    for (part, sealed) in parts.iter().zip(&sealed) {
        found.push(sealed.as_ref().and_then(|sealed| kept.part(&key(part), sealed)));
    }
    // What is missing is read in runs, each at once.
    let (mut place, mut whole) = (0, None);
    while place < parts.len() {
        if found[place].is_some() {
            place += 1;
            continue;
        }
        let end = (place..parts.len()).find(|at| found[*at].is_some()).unwrap_or(parts.len());
        let periods = &question.periods[parts[place].start..parts[end - 1].end];
        let mut of = Vec::with_capacity(periods.len());
        for (number, part) in parts[place..end].iter().enumerate() {
            of.extend(part.clone().map(|_| u32::try_from(number).unwrap_or(u32::MAX)));
        }
        let range = TimeRange { from: reads[place].from, to: reads[end - 1].to };
        let fold = fold(&bounds(periods)).in_parts(&of, question.has_people());
        let tally = stretch.fold_part(fold, range).await?;
        if tally.dropped > 0 {
            return Ok(None);
        }
        let is_whole = place == 0 && end == parts.len();
        if !tally.can_be_joined() {
            return Ok(Some(tally).filter(|_| is_whole));
        }
        for (at, part) in (place..end).zip(tally.split()) {
            found[at] = Some(Arc::new(part));
        }
        whole = Some(tally).filter(|_| is_whole);
        place = end;
    }
    // What a part is of keeps the map of merges; where that is another one before and after, the part is not kept.
    let merges = lake.snapshot().merges_as_set();
    let after = lake.sealed(&reads)?;
    for (at, part) in found.iter().enumerate() {
        // What is as it was before was folded as it was.
        if let (Some(part), Some(before)) = (part, &sealed[at])
            && after[at].as_ref() == Some(before)
        {
            let held = Arc::new(Held::Part(Arc::clone(part)));
            kept.held.put_with(key(&parts[at]), Some(before.clone()), held, part.bytes(), Some(Arc::clone(&merges)));
        }
    }
    if whole.is_some() {
        return Ok(whole);
    }
    let by_text = question.ask.breakdown.is_some();
    let join = move || Tally::joined(&found.iter().flatten().map(AsRef::as_ref).collect::<Vec<_>>(), by_text);
    spawn_blocking(join).await.map_err(|_| LakeError::Data("parts could not be joined".into()).into())
}
