//! One question's way to the lake: its dates, and the people who count in each range.

use super::conditions::who;
use super::kept::Kept;
use super::plan::Dates;
use crate::explore_model::Exploration;
use jiff::tz::TimeZone;
use kernel::money::Currency;
use kernel::problem::Problem;
use kernel::time::{DAY, TimeRange, Timestamp};
use lake::folds::predicates::{AtFinish, Found, Test, Who, Within};
use lake::{Fold as _, FoldOptions, KnownAt, Lake, LakeError, Reversible, Snapshot, Watermark};
use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

/// What a computation needs beside the question.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) lake: Lake,
    pub(crate) zone: TimeZone,
    pub(crate) currency: Currency,
    pub(crate) now: Timestamp,
    /// A session ends after so many microseconds without an event.
    pub(crate) session_timeout_us: i64,
    /// The conditions of the segment on companies, each as people.
    pub(crate) companies: Vec<Test>,
    /// What counts as known; everything when none.
    pub(crate) known: Option<KnownAt>,
    /// What was found before, and whose it is; nothing is kept when none.
    pub(crate) kept: Option<(Arc<Kept>, String)>,
    /// Most bytes of what is found of a question before it is known what of it is shown.
    pub(crate) found_bytes_max: usize,
}

/// A range of a question, with the people who count in it.
pub(super) struct Stretch<'a> {
    pub(super) reader: &'a Reader,
    pub(super) dates: Dates,
    range: TimeRange,
    who: Option<Who>,
    people: OnceLock<u64>,
}

impl Reader {
    /// The question's own range.
    pub(super) fn own<'a>(&'a self, asked: &Exploration) -> Result<Stretch<'a>, Problem> {
        self.stretch(asked, Dates::of(asked, self.zone.clone(), self.now)?)
    }

    /// The range it is compared with.
    pub(super) fn compared<'a>(&'a self, asked: &Exploration) -> Result<Option<Stretch<'a>>, Problem> {
        let dates = Dates::of(asked, self.zone.clone(), self.now)?.before(asked.compare);
        dates.map(|dates| self.stretch(asked, dates)).transpose()
    }

    /// These dates.
    pub(super) fn stretch<'a>(&'a self, asked: &Exploration, dates: Dates) -> Result<Stretch<'a>, Problem> {
        let range = dates.range();
        let who = match &asked.segment {
            None => None,
            Some(segment) => {
                let mut who = who(segment, asked.humans_only, range)?;
                who.tests.extend(self.companies.iter().cloned());
                Some(who)
            }
        };
        Ok(Stretch { reader: self, dates, range, who, people: OnceLock::new() })
    }

    pub(crate) fn watermark(&self) -> Watermark {
        self.lake.watermark()
    }
}

impl Stretch<'_> {
    /// Folds the events of the people who count.
    pub(super) async fn fold<F: AtFinish + Clone + 'static>(&self, fold: F) -> Result<F::Output, Problem>
    where
        F::State: 'static,
        F::Output: 'static,
    {
        self.fold_over(&self.moment(), fold, self.range).await
    }

    /// As [`Stretch::fold`], with a day before and after, so that what begins or ends in the range is seen whole.
    pub(super) async fn fold_around<F: AtFinish + Clone + 'static>(&self, fold: F) -> Result<F::Output, Problem>
    where
        F::State: 'static,
        F::Output: 'static,
    {
        let around = TimeRange { from: self.range.from.plus(-DAY), to: self.range.to.plus(DAY) };
        self.fold_over(&self.moment(), fold, around).await
    }

    /// As [`Stretch::fold`], for a fold that looks at a part of the range only.
    pub(super) async fn fold_in<F: AtFinish + Clone + 'static>(
        &self,
        fold: F,
        part: TimeRange,
    ) -> Result<F::Output, Problem>
    where
        F::State: 'static,
        F::Output: 'static,
    {
        // Who counts is known by the whole range.
        self.fold_over(&self.moment(), fold, if self.who.is_some() { self.range } else { part }).await
    }

    /// As [`Stretch::fold`], from what the same question found before where that is kept; none when it takes more memory than
    /// a fold may.
    pub(super) async fn fold_if_small<F>(&self, fold: F) -> Result<Option<Arc<Found<F::Output>>>, Problem>
    where
        F: Reversible + Clone + Debug + 'static,
        F::State: 'static,
        F::Output: Clone + Send + Sync + 'static,
    {
        match self.renewed(fold).await {
            Ok(found) => {
                if self.who.is_some() {
                    self.people.get_or_init(|| found.people);
                }
                Ok(Some(found))
            }
            Err(LakeError::TooLarge) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// As [`Stretch::fold_if_small`], of what is always small.
    pub(super) async fn fold_kept<F>(&self, fold: F) -> Result<Arc<Found<F::Output>>, Problem>
    where
        F: Reversible + Clone + Debug + 'static,
        F::State: 'static,
        F::Output: Clone + Send + Sync + 'static,
    {
        self.fold_if_small(fold).await?.ok_or_else(|| LakeError::TooLarge.into())
    }

    async fn renewed<F>(&self, fold: F) -> Result<Arc<Found<F::Output>>, LakeError>
    where
        F: Reversible + Clone + Debug + 'static,
        F::State: 'static,
        F::Output: Clone + Send + Sync + 'static,
    {
        let memory_bytes_max = self.reader.found_bytes_max;
        let options = FoldOptions { memory_bytes_max, ..FoldOptions::over(self.range) };
        let (snapshot, within) = (self.moment(), Within::new(fold.clone(), self.who.clone()));
        let Some((kept, owner)) = self.reader.kept.as_ref().filter(|_| self.is_kept()) else {
            return Ok(Arc::new(snapshot.fold(&within, &options).await?));
        };
        let found_in = snapshot.found_in(self.range);
        let key = self.key(owner, &fold, found_in.is_open());
        let known = match kept.found::<Found<F::Output>>(&key) {
            // What is closed now may have been open then.
            None if !found_in.is_open() => kept.found(&self.key(owner, &fold, true)),
            known => known,
        };
        let renewed = match known {
            Some((known, then)) => snapshot.renew(&within, (known, &then), &options).await?,
            None => None,
        };
        let found = match renewed {
            Some(found) => {
                #[cfg(test)]
                kept.renewed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                found
            }
            None => Arc::new(snapshot.fold(&within, &options).await?),
        };
        // What was removed meanwhile is not to stay in memory.
        if self.reader.watermark().removals == snapshot.watermark().removals {
            kept.keep(key, Arc::clone(&found), found_in, within.weight(&found));
        }
        Ok(found)
    }

    /// Nothing is kept when only what was known counts, or who the people of a company are.
    fn is_kept(&self) -> bool {
        self.reader.known.is_none() && self.reader.companies.is_empty()
    }

    /// What is found depends on, beside the events: the fold with all that makes it, who counts, and the range. A range that
    /// ends after all events is one with those that end later.
    fn key(&self, owner: &str, fold: &impl Debug, is_open: bool) -> String {
        let (from, to) = (self.range.from.micros(), Some(self.range.to.micros()).filter(|_| !is_open));
        let who = self.who.as_ref().map(|who| (who.any, &who.tests, Some(who.range).filter(|own| *own != self.range)));
        format!("{owner} {from} {to:?} {who:?} {fold:?}")
    }

    /// The events of now, or those known at the moment that is asked for.
    pub(super) fn moment(&self) -> Snapshot {
        let snapshot = self.reader.lake.snapshot();
        match &self.reader.known {
            Some(known) => snapshot.known_at(known),
            None => snapshot,
        }
    }

    /// As [`Stretch::fold`], of one moment.
    pub(super) async fn fold_of<F: AtFinish + Clone + 'static>(
        &self,
        moment: &Snapshot,
        fold: F,
    ) -> Result<F::Output, Problem>
    where
        F::State: 'static,
        F::Output: 'static,
    {
        self.fold_over(moment, fold, self.range).await
    }

    /// Where parts are kept that hold for whoever asks; none when who counts depends on the whole range, or what is known does.
    pub(super) fn kept(&self) -> Option<(&Kept, &str)> {
        let (kept, owner) = self.reader.kept.as_ref()?;
        (self.who.is_none() && self.reader.known.is_none()).then_some((kept, owner.as_str()))
    }

    /// Folds everybody's events of a range.
    pub(super) async fn fold_part<F: AtFinish + Clone + 'static>(
        &self,
        fold: F,
        range: TimeRange,
    ) -> Result<F::Output, Problem>
    where
        F::State: 'static,
        F::Output: 'static,
    {
        self.fold_over(&self.moment(), fold, range).await
    }

    async fn fold_over<F: AtFinish + Clone + 'static>(
        &self,
        moment: &Snapshot,
        fold: F,
        range: TimeRange,
    ) -> Result<F::Output, Problem>
    where
        F::State: 'static,
        F::Output: 'static,
    {
        let found = moment.fold(&Within::new(fold, self.who.clone()), &FoldOptions::over(range)).await?;
        if self.who.is_some() {
            self.people.get_or_init(|| found.people);
        }
        Ok(found.found)
    }

    /// How many people count, once something was folded; none when everybody does.
    pub(super) fn segment_people(&self) -> Option<u64> {
        self.people.get().copied()
    }

    /// The moment the question is asked at.
    pub(super) fn now(&self) -> Timestamp {
        self.reader.now
    }

    /// The workspace's currency.
    pub(super) fn currency(&self) -> Currency {
        self.reader.currency
    }
}
