//! Trends: how events, people or value develop, whole or broken down.
//!
//! **Invariant:** people of the rest of a breakdown are counted, not added up: somebody in two parts of it is one person.

use super::plan::{self, Period, bounds};
use super::reader::Stretch;
use super::segment::SegmentFold;
use crate::explore_model::{Breakdown, Cell, Exploration, Group, TrendMeasure, TrendsAsk};
use crate::explore_model::{ExplorePeriod, TrendLine, TrendsAnswer};
use crate::metrics::Figure;
use kernel::money::{Currency, Money};
use kernel::problem::Problem;
use kernel::time::{TimeRange, Timestamp};
use lake::Col;
use lake::folds::cube::{Cube, CubeFold};
use lake::folds::filter::{EventFilter, TextTest};
use std::collections::{BTreeMap, BTreeSet};

/// What was counted of one cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    events: u64,
    people: u64,
    value: i128,
}

/// One line: the whole range, and a cell a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Counted {
    total: Tally,
    points: Vec<Tally>,
}

/// One range of one question.
struct Count<'a> {
    stretch: &'a Stretch<'a>,
    periods: Vec<Period>,
    has_value: bool,
}

pub(super) fn period(period: &Period) -> ExplorePeriod {
    let moment = Timestamp::from_micros;
    ExplorePeriod { from: moment(period.from), to: moment(period.to), partial: period.partial }
}

fn tally(cell: &lake::folds::cube::CubeCell) -> Tally {
    Tally { events: cell.events, people: cell.people, value: cell.value }
}

impl Count<'_> {
    async fn cube(&self, filter: &EventFilter, by: &[Col], bounds: &[i64]) -> Result<Cube, Problem> {
        let fold = CubeFold::new(filter, by, bounds);
        let cube = self.stretch.fold(if self.has_value { fold.with_value() } else { fold }).await?;
        if cube.dropped > 0 {
            let message = "The column has too many different texts for this question. Narrow it with a condition.";
            return Err(Problem::invalid("ask.breakdown", message));
        }
        Ok(cube)
    }

    fn whole(&self) -> Vec<i64> {
        self.periods.first().zip(self.periods.last()).map(|(one, other)| vec![one.from, other.to]).unwrap_or_default()
    }

    /// One line over all events of a filter.
    async fn line(&self, filter: &EventFilter) -> Result<Counted, Problem> {
        let total = self.cube(filter, &[], &self.whole()).await?;
        let points = self.cube(filter, &[], &bounds(&self.periods)).await?;
        let total = total.rows().next().map(|(_, cells)| tally(&cells[0])).unwrap_or_default();
        let points = points.rows().next().map(|(_, cells)| cells.iter().map(tally).collect());
        Ok(Counted { total, points: points.unwrap_or_else(|| vec![Tally::default(); self.periods.len()]) })
    }

    /// Every part of a column over the whole range.
    async fn totals(&self, filter: &EventFilter, column: Col) -> Result<BTreeMap<String, Tally>, Problem> {
        let cube = self.cube(filter, &[column], &self.whole()).await?;
        Ok(cube.rows().map(|(texts, cells)| (texts[0].to_owned(), tally(&cells[0]))).collect())
    }

    /// A line for each of these parts of a column.
    async fn parts(
        &self,
        filter: &EventFilter,
        column: Col,
        parts: &[String],
        totals: &BTreeMap<String, Tally>,
    ) -> Result<Vec<Counted>, Problem> {
        let mut narrowed = filter.clone();
        narrowed.is.push((column, parts.to_vec()));
        let cube = self.cube(&narrowed, &[column], &bounds(&self.periods)).await?;
        let points: BTreeMap<&str, Vec<Tally>> =
            cube.rows().map(|(texts, cells)| (texts[0], cells.iter().map(tally).collect())).collect();
        let none = || vec![Tally::default(); self.periods.len()];
        let part = |part: &String| Counted {
            total: totals.get(part).copied().unwrap_or_default(),
            points: points.get(part.as_str()).cloned().unwrap_or_else(none),
        };
        Ok(parts.iter().map(part).collect())
    }
}

/// A filter of everything that is in none of these parts.
fn outside(filter: &EventFilter, column: Col, parts: &[String]) -> EventFilter {
    let mut rest = filter.clone();
    rest.texts.push((column, TextTest::IsNot(parts.to_vec())));
    rest
}

/// The parts that are shown: the largest by the measure, of equals the first by name.
fn largest(totals: &BTreeMap<String, Tally>, measure: TrendMeasure, top: usize) -> Vec<String> {
    let size = |tally: &Tally| match measure {
        TrendMeasure::People => i128::from(tally.people),
        TrendMeasure::Events | TrendMeasure::EventsPerPerson => i128::from(tally.events),
        TrendMeasure::Value | TrendMeasure::ValuePerEvent => tally.value,
    };
    let mut all: Vec<(&String, i128)> = totals.iter().map(|(part, tally)| (part, size(tally))).collect();
    all.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
    all.into_iter().take(top).map(|(part, _)| part.clone()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of events are far below 2^52")]
fn figure(tally: &Tally, measure: TrendMeasure, currency: Currency) -> Option<Figure> {
    let money = |micros: i128| i64::try_from(micros).ok().map(|micros| Figure::Money(Money::new(micros, currency)));
    match measure {
        TrendMeasure::Events => Some(Figure::Number(tally.events as f64)),
        TrendMeasure::People => Some(Figure::Number(tally.people as f64)),
        TrendMeasure::EventsPerPerson if tally.people == 0 => None,
        TrendMeasure::EventsPerPerson => Some(Figure::Number(tally.events as f64 / tally.people as f64)),
        TrendMeasure::Value => money(tally.value),
        TrendMeasure::ValuePerEvent if tally.events == 0 => None,
        TrendMeasure::ValuePerEvent => {
            let events = i128::from(tally.events);
            let half = if tally.value < 0 { -events / 2 } else { events / 2 };
            money((tally.value + half) / events)
        }
    }
}

/// The one currency of the values; two cannot be added up.
async fn currency_of(count: &Count<'_>, filters: &[EventFilter]) -> Result<Currency, Problem> {
    let own = count.stretch.currency();
    let mut found: BTreeSet<String> = BTreeSet::new();
    for filter in filters {
        let totals = count.totals(filter, Col::Currency).await?;
        let named = |text: String| if text.is_empty() { own.to_string() } else { text };
        found.extend(totals.into_iter().filter(|(_, tally)| tally.value != 0).map(|(text, _)| named(text)));
    }
    let mixed = || {
        let list: Vec<String> = found.iter().take(5).cloned().collect();
        let message = format!(
            "The events carry values in {}, which cannot be added up. Add a condition on the currency.",
            list.join(" and ")
        );
        Problem::invalid("ask.measure", message)
    };
    match found.iter().next() {
        None => Ok(own),
        Some(one) if found.len() == 1 => one.parse().map_err(|_| mixed()),
        Some(_) => Err(mixed()),
    }
}

/// Answers.
pub(super) async fn answer(
    now: &Stretch<'_>,
    before: Option<&Stretch<'_>>,
    asked: &Exploration,
    ask: &TrendsAsk,
) -> Result<TrendsAnswer, Problem> {
    let filters = plan::trends(ask, asked.humans_only)?;
    let has_value = plan::is_money(ask.measure);
    let count = Count { periods: now.dates.points(ask.granularity)?, stretch: now, has_value };
    let before = match before {
        None => None,
        Some(stretch) => Some(Count { periods: stretch.dates.points(ask.granularity)?, stretch, has_value }),
    };
    let currency = if has_value { currency_of(&count, &filters).await? } else { now.currency() };
    if let Some(before) = before.as_ref().filter(|_| has_value) {
        let other = currency_of(before, &filters).await?;
        if other != currency && other != now.currency() {
            let message =
                format!("The values are in {currency} now and in {other} before. Add a condition on the currency.");
            return Err(Problem::invalid("ask.measure", message));
        }
    }
    let show = Show { ask, currency, now: now.now(), periods: &count.periods };
    let mut lines = Vec::new();
    for (series, filter) in filters.iter().enumerate() {
        let compared = match &before {
            Some(before) => Some(before.line(filter).await?),
            None => None,
        };
        lines.push(show.line(series, None, &count.line(filter).await?, compared.as_ref()));
    }
    let mut groups = 0;
    if let (Some(breakdown), Some(filter)) = (&ask.breakdown, filters.first()) {
        groups = broken_down(&show, (&count, before.as_ref()), filter, breakdown, &mut lines).await?;
    }
    Ok(TrendsAnswer {
        periods: count.periods.iter().map(period).collect(),
        previous_periods: before.iter().flat_map(|before| before.periods.iter().map(period)).collect(),
        lines,
        groups,
    })
}

/// Adds the lines of a breakdown; how many parts there are.
async fn broken_down(
    show: &Show<'_>,
    (count, before): (&Count<'_>, Option<&Count<'_>>),
    filter: &EventFilter,
    breakdown: &Breakdown,
    lines: &mut Vec<TrendLine>,
) -> Result<usize, Problem> {
    let column = breakdown.column.col();
    let totals = count.totals(filter, column).await?;
    let top = largest(&totals, show.ask.measure, breakdown.top);
    let now = count.parts(filter, column, &top, &totals).await?;
    let compared = match before {
        Some(before) => {
            let totals = before.totals(filter, column).await?;
            before.parts(filter, column, &top, &totals).await?.into_iter().map(Some).collect()
        }
        None => vec![None; top.len()],
    };
    for ((part, now), before) in top.iter().zip(&now).zip(&compared) {
        lines.push(show.line(0, Some(Group::Value(part.clone())), now, before.as_ref()));
    }
    if totals.len() > top.len() {
        let rest = outside(filter, column, &top);
        let compared = match before {
            Some(before) => Some(before.line(&rest).await?),
            None => None,
        };
        lines.push(show.line(0, Some(Group::Other), &count.line(&rest).await?, compared.as_ref()));
    }
    Ok(totals.len())
}

/// From counts to figures.
struct Show<'a> {
    ask: &'a TrendsAsk,
    currency: Currency,
    now: Timestamp,
    periods: &'a [Period],
}

impl Show<'_> {
    fn line(&self, series: usize, group: Option<Group>, now: &Counted, before: Option<&Counted>) -> TrendLine {
        let figure = |tally: &Tally| figure(tally, self.ask.measure, self.currency);
        let begun = |period: &Period| period.from <= self.now.micros();
        let values = self.periods.iter().zip(&now.points);
        let previous = |before: &Counted| {
            let known = before.points.iter().map(figure);
            known.chain(std::iter::repeat(None)).take(self.periods.len()).collect()
        };
        TrendLine {
            series,
            group,
            total: figure(&now.total),
            previous_total: before.and_then(|before| figure(&before.total)),
            values: values.map(|(period, tally)| figure(tally).filter(|_| begun(period))).collect(),
            previous: before.map(previous).unwrap_or_default(),
        }
    }
}

/// Who is behind a point, or a total.
pub(super) async fn people(
    stretch: &Stretch<'_>,
    asked: &Exploration,
    ask: &TrendsAsk,
    cell: &Cell,
    shown: &TrendsAnswer,
) -> Result<Vec<u64>, Problem> {
    let Cell::Trends { series, period, group } = cell else { return Ok(Vec::new()) };
    let filters = plan::trends(ask, asked.humans_only)?;
    let Some(mut filter) = filters.into_iter().nth(*series) else {
        return Err(Problem::invalid("cell.series", "There is no such event in the question."));
    };
    if let Some(group) = group {
        let column = ask.breakdown.as_ref().map(|breakdown| breakdown.column.col());
        let known = shown.lines.iter().any(|line| line.group.as_ref() == Some(group));
        let Some(column) = column.filter(|_| known) else {
            return Err(Problem::invalid("cell.group", "There is no such part in the answer."));
        };
        let values = shown.lines.iter().filter_map(|line| match &line.group {
            Some(Group::Value(value)) => Some(value.clone()),
            _ => None,
        });
        match group {
            Group::Value(value) => filter.is.push((column, vec![value.clone()])),
            Group::Other => filter = outside(&filter, column, &values.collect::<Vec<_>>()),
        }
    }
    let range = match period {
        None => stretch.dates.range(),
        Some(place) => {
            let periods = stretch.dates.points(ask.granularity)?;
            let Some(period) = periods.get(*place) else {
                return Err(Problem::invalid("cell.period", "There is no such point in the answer."));
            };
            TimeRange { from: Timestamp::from_micros(period.from), to: Timestamp::from_micros(period.to) }
        }
    };
    stretch.fold_in(SegmentFold::did(&filter), range).await
}
