//! One question's way to the lake: its dates, and the people who count in each range.

use super::plan::Dates;
use super::segment::{Among, PeopleSet, SegmentFold};
use crate::explore_model::Exploration;
use jiff::tz::TimeZone;
use kernel::money::Currency;
use kernel::problem::Problem;
use kernel::time::{TimeRange, Timestamp};
use lake::{Fold, FoldOptions, KnownAt, Lake, Watermark};
use std::sync::Arc;

/// What a computation needs beside the question.
pub(crate) struct Reader {
    pub(crate) lake: Lake,
    pub(crate) zone: TimeZone,
    pub(crate) currency: Currency,
    pub(crate) now: Timestamp,
    /// What counts as known; everything when none.
    pub(crate) known: Option<KnownAt>,
}

/// A range of a question, with the people who count in it.
pub(super) struct Stretch<'a> {
    reader: &'a Reader,
    pub(super) dates: Dates,
    range: TimeRange,
    people: Option<PeopleSet>,
}

impl Reader {
    /// The question's own range.
    pub(super) async fn own<'a>(&'a self, asked: &Exploration) -> Result<Stretch<'a>, Problem> {
        self.stretch(asked, Dates::of(asked, self.zone.clone(), self.now)?).await
    }

    /// The range it is compared with.
    pub(super) async fn compared<'a>(&'a self, asked: &Exploration) -> Result<Option<Stretch<'a>>, Problem> {
        let Some(dates) = Dates::of(asked, self.zone.clone(), self.now)?.before(asked.compare) else { return Ok(None) };
        Ok(Some(self.stretch(asked, dates).await?))
    }

    /// These dates.
    pub(super) async fn stretch<'a>(&'a self, asked: &Exploration, dates: Dates) -> Result<Stretch<'a>, Problem> {
        let range = dates.range();
        let people = match &asked.segment {
            None => None,
            Some(segment) => {
                let fold = SegmentFold::new(segment, asked.humans_only)?;
                let people = self.lake.fold(&fold, &self.options(range)).await?;
                Some(Arc::new(people.into_iter().collect()))
            }
        };
        Ok(Stretch { reader: self, dates, range, people })
    }

    fn options(&self, range: TimeRange) -> FoldOptions {
        FoldOptions { as_of: self.known.clone(), ..FoldOptions::over(range) }
    }

    pub(crate) fn watermark(&self) -> Watermark {
        self.lake.watermark()
    }
}

impl Stretch<'_> {
    /// Folds the events of the people who count.
    pub(super) async fn fold<F: Fold + Clone + 'static>(&self, fold: F) -> Result<F::Output, Problem>
    where
        F::Output: 'static,
    {
        self.fold_in(fold, self.range).await
    }

    /// As [`Stretch::fold`], in a part of the range.
    pub(super) async fn fold_in<F: Fold + Clone + 'static>(
        &self,
        fold: F,
        range: TimeRange,
    ) -> Result<F::Output, Problem>
    where
        F::Output: 'static,
    {
        let options = self.reader.options(range);
        let found = match &self.people {
            None => self.reader.lake.fold(&fold, &options).await,
            Some(_) => self.reader.lake.fold(&Among { fold, people: self.people.clone() }, &options).await,
        };
        Ok(found?)
    }

    /// How many people count; none when everybody does.
    pub(super) fn segment_people(&self) -> Option<u64> {
        self.people.as_ref().map(|people| people.len() as u64)
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
