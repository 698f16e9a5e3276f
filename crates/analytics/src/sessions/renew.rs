//! Brings sessions up to the newest events: folds the months that changed, and in the others the people that did.

use super::fold::{Carried, Found, MonthFold, Purpose, TouchRows, texts};
use super::model::SessionFacts;
use super::month::{Kept, Month, MonthRows, MonthSums};
use super::touched::Touched;
use crate::facts::Calendar;
use jiff::tz::TimeZone;
use kernel::time::DAY;
use lake::folds::sessions::SessionFold;
use lake::{Dict, FoldOptions, LakeError, MonthStamp, Snapshot, Watermark};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Changes of more people than this are cheaper found by a fold of the whole month.
const PEOPLE_APART_MAX: usize = 100_000;

/// How sessions are cut and counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// A session ends after this many microseconds without an event.
    pub timeout_us: i64,
    /// The zone its days begin in.
    pub zone: TimeZone,
}

impl Settings {
    pub(super) fn fold(&self) -> SessionFold {
        SessionFold::ending_after(self.timeout_us)
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// How sessions are cut and counted.
    pub settings: Settings,
    /// Whose are kept whole.
    pub kept: Kept,
    /// Most that are kept whole.
    pub kept_max: usize,
    /// What is known already.
    pub before: Option<Arc<SessionFacts>>,
}

/// The sessions of a moment of the lake.
///
/// # Errors
/// [`LakeError::TooLarge`] when more would be kept whole than may be; those of [`lake::Lake::fold`].
pub async fn renew(snapshot: &Snapshot, wanted: &Wanted) -> Result<SessionFacts, LakeError> {
    let stamps = snapshot.months();
    let removals = snapshot.watermark().removals;
    // What was counted of people whose events are gone cannot be taken away person by person.
    let before = wanted.before.as_deref().filter(|before| {
        before.settings == wanted.settings
            && before.watermark.removals == removals
            && before.kept.is_everybody() == wanted.kept.is_everybody()
    });
    let mut run = Run {
        snapshot,
        wanted,
        before,
        moved: before.map_or_else(HashSet::new, |before| moved(before, wanted, &snapshot.merges())),
        texts: before.map_or_else(texts, |before| Dict::clone(&before.texts)),
    };
    let mut months: Vec<Month> = Vec::with_capacity(stamps.len() + 1);
    let mut from = Arc::new(Carried::default());
    let mut kept = 0;
    for stamp in &stamps {
        let month = run.month(stamp, &from).await?;
        from = Arc::clone(&month.to);
        kept += month.rows.len();
        months.push(month);
        if kept > wanted.kept_max {
            return Err(LakeError::TooLarge);
        }
    }
    months.push(run.rest(&from));
    let Run { texts, .. } = run;
    Ok(SessionFacts::of_months(months, (snapshot.watermark(), texts), wanted, snapshot.merges()))
}

/// Whose sessions may have changed although no event did: those who were merged or separated, and those who are kept from
/// now on or no longer.
fn moved(before: &SessionFacts, wanted: &Wanted, merges: &HashMap<u64, u64>) -> HashSet<u64> {
    let mut moved = lake::moved(&before.merges, merges);
    if let (Kept::People(old), Kept::People(new)) = (&before.kept, &wanted.kept) {
        moved.extend(old.iter().filter(|(person, until)| new.get(person) != Some(until)).map(|(person, _)| person));
        moved.extend(new.keys().filter(|person| !old.contains_key(person)));
    }
    moved
}

struct Run<'a> {
    snapshot: &'a Snapshot,
    wanted: &'a Wanted,
    before: Option<&'a SessionFacts>,
    moved: HashSet<u64>,
    texts: Dict,
}

impl Run<'_> {
    async fn month(&mut self, stamp: &MonthStamp, from: &Arc<Carried>) -> Result<Month, LakeError> {
        let known = self.before.and_then(|before| {
            let mut months = before.months.iter().map(|(_, month)| month);
            months.find(|month| month.number == stamp.month && month.stamp == stamp.stamp)
        });
        if let (Some(known), Some(before)) = (known, self.before) {
            let people: HashSet<u64> = self.moved.iter().copied().chain(known.from.differing(from)).collect();
            if people.is_empty() {
                return Ok(Month { from: Arc::clone(from), ..known.clone() });
            }
            if people.len() <= PEOPLE_APART_MAX
                && let Some(month) = self.some(stamp, (known, before), from, people).await?
            {
                return Ok(month);
            }
        }
        let fold = self.fold(stamp, from, &self.wanted.kept);
        let found = self.snapshot.fold(&fold, &FoldOptions::over(stamp.range())).await?;
        let sums = self.sums(&fold, found, None);
        Ok(Month::new((stamp.month, stamp.stamp), Arc::clone(from), sums))
    }

    /// A month whose events are the same and some of whose people are not; none when it has to be folded whole.
    async fn some(
        &mut self,
        stamp: &MonthStamp,
        (known, before): (&Month, &SessionFacts),
        from: &Arc<Carried>,
        people: HashSet<u64>,
    ) -> Result<Option<Month>, LakeError> {
        let people = Arc::new(people);
        let options = FoldOptions { people: Some(Arc::clone(&people)), ..FoldOptions::over(stamp.range()) };
        let fold = self.fold(stamp, &known.from, &before.kept);
        let under = self.snapshot.under(Arc::clone(&before.merges));
        let found = under.fold(&fold, &options).await?;
        let old = self.sums(&fold, found, Some(&people));
        let fold = self.fold(stamp, from, &self.wanted.kept);
        let found = self.snapshot.fold(&fold, &options).await?;
        let new = self.sums(&fold, found, Some(&people));
        let mut sums = MonthSums {
            rows: known.rows.without(&people),
            counts: known.cells.counts(),
            touched: Touched::clone(&known.touched),
            to: Carried::clone(&known.to),
        };
        if old.touched != new.touched {
            if !sums.touched.take_away(&old.touched) {
                return Ok(None);
            }
            sums.touched.merge(&new.touched, |code| code);
        }
        for (key, count) in old.counts {
            *sums.counts.entry(key).or_default() -= count;
        }
        for (key, count) in new.counts {
            *sums.counts.entry(key).or_default() += count;
        }
        sums.rows.extend(new.rows);
        sums.to.0.retain(|person, _| !people.contains(person));
        sums.to.0.extend(new.to.0);
        Ok(Some(Month::new((stamp.month, stamp.stamp), Arc::clone(from), sums)))
    }

    fn fold(&self, stamp: &MonthStamp, from: &Arc<Carried>, kept: &Kept) -> MonthFold {
        let range = stamp.range();
        month_fold(&self.wanted.settings, (range.from.micros(), range.to.micros()), from, kept, &self.texts)
    }

    /// What a fold found, with those who had something open and did nothing.
    fn sums(&mut self, fold: &MonthFold, found: Found, people: Option<&HashSet<u64>>) -> MonthSums {
        let (mut sums, taken) = found.into_sums(&mut self.texts);
        let whose = |person: &u64| !taken.contains(person) && people.is_none_or(|people| people.contains(person));
        for (person, open) in fold.from.0.iter().filter(|(person, _)| whose(person)) {
            fold.unseen(*person, open, false, &mut sums);
        }
        sums
    }

    /// What is open at the end of all events.
    fn rest(&self, from: &Arc<Carried>) -> Month {
        let fold = month_fold(&self.wanted.settings, (0, i64::MAX), from, &self.wanted.kept, &self.texts);
        let mut sums = MonthSums::default();
        for (person, open) in &from.0 {
            fold.unseen(*person, open, true, &mut sums);
        }
        Month::new((i32::MAX, 0), Arc::clone(from), sums)
    }
}

/// The fold of `[from, to)`.
pub(super) fn month_fold(
    settings: &Settings,
    (start, end): (i64, i64),
    from: &Arc<Carried>,
    kept: &Kept,
    texts: &Dict,
) -> MonthFold {
    let calendar = match end {
        i64::MAX => Calendar::new(settings.zone.clone(), 0, -1),
        _ => Calendar::new(settings.zone.clone(), start - 3 * DAY, end),
    };
    MonthFold {
        settings: settings.fold(),
        calendar: Arc::new(calendar),
        kept: kept.clone(),
        purpose: Purpose::Facts,
        // A clone of the texts only where something needs them.
        texts: Arc::new(if from.0.is_empty() { Dict::new() } else { texts.clone() }),
        from: Arc::clone(from),
        until: end,
        offset_max: u64::MAX,
    }
}

impl SessionFacts {
    /// Of sessions that were found in another way; everybody's.
    #[must_use]
    pub fn new(found: TouchRows, watermark: Watermark, zone: TimeZone) -> Self {
        Self::of_rows(found, watermark, zone, Kept::Everybody)
    }

    /// As [`SessionFacts::new`], with those of some people kept whole and the others counted.
    #[must_use]
    pub fn of_rows(found: TouchRows, watermark: Watermark, zone: TimeZone, kept: Kept) -> Self {
        let settings = Settings { timeout_us: 30 * kernel::time::MINUTE, zone };
        let wanted = Wanted { settings, kept, kept_max: usize::MAX, before: None };
        let mut texts = texts();
        let calendar = Calendar::new(wanted.settings.zone.clone(), 0, -1);
        let sums = found.sums(&calendar, &wanted.kept, &mut texts);
        let month = Month::new((0, 0), Arc::default(), sums);
        Self::of_months(vec![month], (watermark, texts), &wanted, Arc::default())
    }

    fn of_months(
        months: Vec<Month>,
        (watermark, texts): (Watermark, Dict),
        wanted: &Wanted,
        merges: Arc<HashMap<u64, u64>>,
    ) -> Self {
        let mut touched = Touched::default();
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        for month in &months {
            touched.merge(&month.touched, |code| code);
            let starts = month.rows.starts();
            (first, last) = (first.min(starts.0), last.max(starts.1));
        }
        let mut place = 0;
        let numbered = months.into_iter().map(|month| {
            let first = place;
            place += month.rows.len();
            (first, month)
        });
        Self {
            months: numbered.collect(),
            calendar: Calendar::new(wanted.settings.zone.clone(), first, last),
            campaign_starts: touched.campaign_starts(),
            known: None,
            touches: Arc::new(touched.index(&texts)),
            watermark,
            texts: Arc::new(texts),
            settings: wanted.settings.clone(),
            kept: wanted.kept.clone(),
            merges,
        }
    }

    /// The same, with rows added whose codes are of `texts`, which begin with those of these facts; nothing is counted any
    /// more.
    pub(super) fn with_rows(&self, rows: MonthRows, texts: &Dict) -> Self {
        let mut months: Vec<(usize, Month)> = self.months.clone();
        months.iter_mut().for_each(|(_, month)| month.cells = Arc::default());
        months.push((self.len(), Month::of_rows(rows)));
        Self { months, texts: Arc::new(texts.clone()), ..self.clone() }
    }
}
