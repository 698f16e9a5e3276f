//! The engine of Explore: from a question to folds over the lake, and from what they found to an answer.
//!
//! **Invariant:** a number of people and the list of those behind it come from the same fold, so that they agree when they are
//! of one watermark.

mod conditions;
mod funnel;
mod kept;
mod paths;
mod plan;
mod reader;
mod retention;
#[cfg(test)]
mod tests;
mod trends;

pub(crate) use conditions::value_test;
pub(crate) use kept::Kept;
pub(crate) use plan::check;
pub(crate) use reader::Reader;

use crate::explore_model::{Ask, Cell, Exploration, ExploreAnswer, Found};
use crate::facts::Day;
use crate::metrics::{AsOf, Span};
use kernel::problem::{Class, Problem};
use kernel::time::Timestamp;

/// How far events were read, seen at a moment.
pub(crate) fn as_of(watermark: lake::Watermark, now: Timestamp) -> AsOf {
    let waiting = watermark.appended_offset > watermark.offset;
    let lag = u64::try_from(now.since(Timestamp::from_micros(watermark.at)) / kernel::time::SECOND).unwrap_or(0);
    AsOf {
        offset: watermark.offset,
        at: (watermark.at != 0).then(|| Timestamp::from_micros(watermark.at)),
        lag_seconds: if waiting { lag.max(1) } else { 0 },
    }
}

impl Reader {
    /// Answers a question that was checked.
    pub(crate) async fn answer(&self, asked: &Exploration) -> Result<ExploreAnswer, Problem> {
        // Before anything is read: what comes in meanwhile may or may not be counted.
        let watermark = as_of(self.watermark(), self.now);
        if let Ask::Retention(ask) = &asked.ask {
            let plan = retention::plan(self, asked, ask)?;
            let found = Found::Retention(plan.answer(self.now).await?);
            return Ok(answer(found, plan.days(), None, plan.segment_people(), watermark));
        }
        let own = self.own(asked)?;
        let compared = self.compared(asked)?;
        let found = match &asked.ask {
            Ask::Trends(ask) => Found::Trends(trends::answer(&own, compared.as_ref(), asked, ask).await?),
            Ask::Funnel(ask) => Found::Funnel(funnel::answer(&own, compared.as_ref(), asked, ask).await?),
            Ask::Paths(ask) => Found::Paths(paths::answer(&own, asked, ask).await?),
            Ask::Retention(_) => return Err(another_kind()),
        };
        let days = compared.as_ref().map(|stretch| stretch.dates.days);
        Ok(answer(found, own.dates.days, days, own.segment_people(), watermark))
    }

    /// Who is behind a number of an answer.
    pub(crate) async fn people(&self, asked: &Exploration, cell: &Cell, shown: &Found) -> Result<Vec<u64>, Problem> {
        match (&asked.ask, shown) {
            (Ask::Trends(ask), Found::Trends(shown)) => {
                trends::people(&self.own(asked)?, asked, ask, cell, shown).await
            }
            (Ask::Funnel(ask), Found::Funnel(shown)) => {
                funnel::people(&self.own(asked)?, asked, ask, cell, shown).await
            }
            (Ask::Retention(ask), Found::Retention(shown)) => {
                retention::plan(self, asked, ask)?.people(cell, shown).await
            }
            (Ask::Paths(ask), Found::Paths(shown)) => paths::people(&self.own(asked)?, asked, ask, cell, shown).await,
            _ => Err(another_kind()),
        }
    }
}

fn answer(
    found: Found,
    range: (Day, Day),
    compared: Option<(Day, Day)>,
    segment_people: Option<u64>,
    watermark: AsOf,
) -> ExploreAnswer {
    let (range, compared) = (Span::of(range), compared.map(Span::of));
    ExploreAnswer { found, range, compared, segment_people, watermark, took_ms: 0, from_cache: false }
}

fn another_kind() -> Problem {
    Problem::new(Class::Internal, "internal", "The answer is not of the question's kind.")
}
