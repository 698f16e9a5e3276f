//! Trends: how events, people, values or sessions develop, whole or broken down.
//!
//! **Invariant:** people of the rest of a breakdown are counted, not added up: somebody in two parts of it is one person.

use super::kept::{self, Question};
use super::plan::{self, Period, bounds};
use super::reader::Stretch;
use crate::explore_model::{Breakdown, Cell, Exploration, Group, TrendMeasure, TrendsAsk};
use crate::explore_model::{ExplorePeriod, TrendLine, TrendsAnswer};
use crate::metrics::Figure;
use kernel::money::{Currency, Money};
use kernel::problem::Problem;
use kernel::time::{TimeRange, Timestamp};
use lake::folds::filter::EventFilter;
use lake::folds::sessions::SessionFold;
use lake::tally::{Listed, Tally, TallyCell, TallyFold};
use lake::{Amount, Col};
use std::collections::BTreeSet;

/// The points of a line, and after them the whole range.
type Line = Vec<TallyCell>;

/// One range of one question.
struct Count<'a> {
    stretch: &'a Stretch<'a>,
    ask: &'a TrendsAsk,
    filters: &'a [EventFilter],
    periods: Vec<Period>,
}

/// The lines of a breakdown.
struct Broken {
    whole: Line,
    parts: Vec<(String, Line)>,
    /// All other parts, when there are some.
    other: Option<Line>,
    groups: usize,
}

pub(super) fn period(period: &Period) -> ExplorePeriod {
    let moment = Timestamp::from_micros;
    ExplorePeriod { from: moment(period.from), to: moment(period.to), partial: period.partial }
}

impl<'a> Count<'a> {
    fn new(stretch: &'a Stretch<'a>, ask: &'a TrendsAsk, filters: &'a [EventFilter]) -> Result<Self, Problem> {
        Ok(Self { stretch, ask, filters, periods: stretch.dates.points(ask.granularity)? })
    }

    fn fold(&self, bounds: &[i64]) -> TallyFold {
        let fold = if self.ask.measure.is_of_sessions() {
            let settings = SessionFold::ending_after(self.stretch.reader.session_timeout_us);
            TallyFold::of_sessions(self.filters, bounds, settings)
        } else {
            TallyFold::new(self.filters, bounds)
        };
        match (&self.ask.property, self.ask.measure) {
            (_, measure) if plan::is_money(measure) => fold.with(Amount::Value),
            (Some(key), measure) if measure.is_of_property() => fold.with(Amount::Property(key.clone())),
            _ => fold,
        }
    }

    async fn tally(&self, fold: TallyFold) -> Result<Tally, Problem> {
        if self.ask.measure.is_of_sessions() {
            return self.stretch.fold_around(fold).await;
        }
        self.stretch.fold(fold).await
    }

    /// The same from parts that were kept, if it can be.
    async fn kept(&self, column: Option<Col>) -> Result<Option<Tally>, Problem> {
        let question = Question { ask: self.ask, filters: self.filters, periods: &self.periods };
        let fold = |ends: &[i64]| match column {
            Some(column) => self.fold(ends).by(column),
            None => self.fold(ends),
        };
        kept::tally(self.stretch, &question, fold).await
    }

    /// Every series as a whole.
    async fn lines(&self) -> Result<(Vec<Line>, Tally), Problem> {
        let tally = match self.kept(None).await? {
            Some(tally) => tally,
            None => self.tally(self.fold(&bounds(&self.periods))).await?,
        };
        Ok(((0..self.filters.len()).map(|series| tally.series(series)).collect(), tally))
    }

    /// The only series, broken down: by these parts, or by the largest. One reading is enough unless the column has so many
    /// texts that it is not known who of the rest is also in a part.
    async fn broken(&self, breakdown: &Breakdown, shown: Option<&[String]>) -> Result<(Broken, Tally), Problem> {
        let (column, ends) = (breakdown.column.col(), bounds(&self.periods));
        let mut tally = match self.kept(Some(column)).await? {
            Some(tally) => tally,
            None => self.tally(self.fold(&ends).by(column)).await?,
        };
        let is_fine = tally.dropped == 0;
        if !is_fine {
            let whole: Vec<i64> = ends.first().copied().into_iter().chain(ends.last().copied()).collect();
            tally = self.tally(self.fold(&whole).by(column)).await?;
        }
        if tally.dropped > 0 {
            let message = "The column has too many different texts for this question. Narrow it with a condition.";
            return Err(Problem::invalid("ask.breakdown", message));
        }
        let top = shown.map_or_else(|| largest(&tally, self.ask.measure, breakdown.top), <[String]>::to_vec);
        let groups = tally.rows().filter(|(_, cells)| cells.last().is_some_and(|all| all.events > 0)).count();
        let has_other = groups > top.len() || shown.is_some();
        let mut other = if is_fine && has_other { tally.outside(&top) } else { None };
        if other.is_none() && (has_other || !is_fine) {
            let few = self.tally(self.fold(&ends).showing(column, &top)).await?;
            other = few.outside(&top);
            tally = few;
        }
        let none = || vec![TallyCell::default(); self.periods.len() + 1];
        let parts = top.into_iter().map(|text| {
            let line = tally.row_of(&text).map_or_else(none, <[TallyCell]>::to_vec);
            (text, line)
        });
        let broken =
            Broken { parts: parts.collect(), whole: tally.whole(), other: other.filter(|_| has_other), groups };
        Ok((broken, tally))
    }

    /// The one currency of the values; two cannot be added up.
    fn currency_of(&self, tally: &Tally) -> Result<Currency, Problem> {
        let own = self.stretch.currency();
        if !plan::is_money(self.ask.measure) {
            return Ok(own);
        }
        let named = |text: &str| if text.is_empty() { own.to_string() } else { text.to_owned() };
        let found: BTreeSet<String> = tally.currencies().into_iter().map(|(_, text)| named(text)).collect();
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
}

/// The parts that are shown: the largest by the measure, of equals the first by name.
fn largest(tally: &Tally, measure: TrendMeasure, top: usize) -> Vec<String> {
    let size = |cell: &TallyCell| match measure {
        TrendMeasure::People => i128::from(cell.people),
        TrendMeasure::Events | TrendMeasure::EventsPerPerson => i128::from(cell.events),
        TrendMeasure::Value | TrendMeasure::ValuePerEvent | TrendMeasure::PropertySum => cell.sum,
        TrendMeasure::PropertyMean => i128::from(cell.marked),
        TrendMeasure::Sessions
        | TrendMeasure::SessionsPerPerson
        | TrendMeasure::EngagedShare
        | TrendMeasure::SessionSeconds => i128::from(cell.events),
    };
    let totals = tally.rows().filter_map(|(text, cells)| Some((text, cells.last()?)));
    let mut all: Vec<(&str, i128)> =
        totals.filter(|(_, cell)| cell.events > 0).map(|(text, cell)| (text, size(cell))).collect();
    all.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
    all.into_iter().take(top).map(|(part, _)| part.to_owned()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of events are far below 2^52")]
fn figure(cell: &TallyCell, measure: TrendMeasure, currency: Currency) -> Option<Figure> {
    let money = |micros: i128| i64::try_from(micros).ok().map(|micros| Figure::Money(Money::new(micros, currency)));
    let ratio = |part: f64, whole: u64| (whole > 0).then(|| Figure::Number(part / whole as f64));
    match measure {
        TrendMeasure::Events | TrendMeasure::Sessions => Some(Figure::Number(cell.events as f64)),
        TrendMeasure::People => Some(Figure::Number(cell.people as f64)),
        TrendMeasure::EventsPerPerson | TrendMeasure::SessionsPerPerson => ratio(cell.events as f64, cell.people),
        TrendMeasure::Value => money(cell.sum),
        TrendMeasure::ValuePerEvent if cell.events == 0 => None,
        TrendMeasure::ValuePerEvent => {
            let events = i128::from(cell.events);
            let half = if cell.sum < 0 { -events / 2 } else { events / 2 };
            money((cell.sum + half) / events)
        }
        TrendMeasure::PropertySum => Some(Figure::Number(cell.sum as f64 / 1e6)),
        TrendMeasure::PropertyMean => ratio(cell.sum as f64 / 1e6, cell.marked),
        TrendMeasure::EngagedShare => ratio(cell.marked as f64, cell.events),
        TrendMeasure::SessionSeconds => ratio(cell.sum as f64 / 1e6, cell.events),
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
    let count = Count::new(now, ask, &filters)?;
    let before = before.map(|stretch| Count::new(stretch, ask, &filters)).transpose()?;
    let (mut lines, mut groups) = (Vec::new(), 0);
    let show = if let Some(breakdown) = &ask.breakdown {
        let (own, tally) = count.broken(breakdown, None).await?;
        let show = Show { ask, currency: count.currency_of(&tally)?, now: now.now(), periods: &count.periods };
        let shown: Vec<String> = own.parts.iter().map(|(text, _)| text.clone()).collect();
        let compared = match &before {
            None => None,
            Some(before) => {
                let (broken, tally) = before.broken(breakdown, Some(&shown)).await?;
                show.check(before.currency_of(&tally)?, now)?;
                Some(broken)
            }
        };
        let of = |place: usize| compared.as_ref().map(|broken| &broken.parts[place].1);
        lines.push(show.line(0, None, &own.whole, compared.as_ref().map(|broken| &broken.whole)));
        for (place, (text, line)) in own.parts.iter().enumerate() {
            lines.push(show.line(0, Some(Group::Value(text.clone())), line, of(place)));
        }
        if let Some(other) = &own.other {
            let compared = compared.as_ref().and_then(|broken| broken.other.as_ref());
            lines.push(show.line(0, Some(Group::Other), other, compared));
        }
        groups = own.groups;
        show
    } else {
        let (own, tally) = count.lines().await?;
        let show = Show { ask, currency: count.currency_of(&tally)?, now: now.now(), periods: &count.periods };
        let compared = match &before {
            None => None,
            Some(before) => {
                let (lines, tally) = before.lines().await?;
                show.check(before.currency_of(&tally)?, now)?;
                Some(lines)
            }
        };
        for (series, line) in own.iter().enumerate() {
            lines.push(show.line(series, None, line, compared.as_ref().map(|lines| &lines[series])));
        }
        show
    };
    Ok(TrendsAnswer {
        periods: show.periods.iter().map(period).collect(),
        previous_periods: before.iter().flat_map(|before| before.periods.iter().map(period)).collect(),
        lines,
        groups,
    })
}

/// From counts to figures.
struct Show<'a> {
    ask: &'a TrendsAsk,
    currency: Currency,
    now: Timestamp,
    periods: &'a [Period],
}

impl Show<'_> {
    /// Refuses to compare values of two currencies.
    fn check(&self, other: Currency, now: &Stretch<'_>) -> Result<(), Problem> {
        if other == self.currency || other == now.currency() {
            return Ok(());
        }
        let own = self.currency;
        let message = format!("The values are in {own} now and in {other} before. Add a condition on the currency.");
        Err(Problem::invalid("ask.measure", message))
    }

    fn line(&self, series: usize, group: Option<Group>, now: &Line, before: Option<&Line>) -> TrendLine {
        let figure = |cell: &TallyCell| figure(cell, self.ask.measure, self.currency);
        let begun = |period: &Period| period.from <= self.now.micros();
        let values = self.periods.iter().zip(now);
        let previous = |before: &Line| {
            let known = before[..before.len() - 1].iter().map(figure);
            known.chain(std::iter::repeat(None)).take(self.periods.len()).collect()
        };
        TrendLine {
            series,
            group,
            total: now.last().and_then(figure),
            previous_total: before.and_then(|before| before.last().and_then(figure)),
            values: values.map(|(period, cell)| figure(cell).filter(|_| begun(period))).collect(),
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
    if *series >= filters.len() {
        return Err(Problem::invalid("cell.series", "There is no such event in the question."));
    }
    let count = Count::new(stretch, ask, &filters)?;
    let Some(range) = period.map_or(Some(None), |place| count.periods.get(place).map(Some)) else {
        return Err(Problem::invalid("cell.period", "There is no such point in the answer."));
    };
    let mut listed = Listed { series: *series, period: *period, ..Listed::default() };
    let mut column: Option<Col> = None;
    if let Some(group) = group {
        column = ask.breakdown.as_ref().map(|breakdown| breakdown.column.col());
        if column.is_none() || !shown.lines.iter().any(|line| line.group.as_ref() == Some(group)) {
            return Err(Problem::invalid("cell.group", "There is no such part in the answer."));
        }
        let values = shown.lines.iter().filter_map(|line| match &line.group {
            Some(Group::Value(value)) => Some(value.clone()),
            _ => None,
        });
        match group {
            Group::Value(value) => listed.text = Some(value.clone()),
            Group::Other => listed.outside = values.collect(),
        }
    }
    let fold = count.fold(&bounds(&count.periods));
    let fold = column.map_or(fold.clone(), |column| fold.by(column)).listing(&listed);
    if ask.measure.is_of_sessions() {
        return Ok(stretch.fold_around(fold).await?.listed);
    }
    let moment = Timestamp::from_micros;
    let part = range.map(|period| TimeRange { from: moment(period.from), to: moment(period.to) });
    Ok(stretch.fold_in(fold, part.unwrap_or_else(|| stretch.dates.range())).await?.listed)
}
