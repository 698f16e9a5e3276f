//! From a question to filters and periods of the lake; refuses what is too much or means nothing, naming the field.

use super::conditions::{check_property, filter, who};
use crate::explore_model::{
    Ask, Breakdown, Cell, CohortLength, EventChoice, Exploration, FunnelAsk, Granularity, PathsAsk, RetentionAsk,
    TrendMeasure, TrendsAsk,
};
use crate::facts::{Day, Grain, date_of, day_of};
use crate::metrics::{Compare, compare_range};
use jiff::tz::TimeZone;
use kernel::problem::Problem;
use kernel::time::{HOUR, MINUTE, SECOND, TimeRange, Timestamp};
use lake::folds::filter::{EventFilter, TextTest};
use lake::sequences::funnel::STEPS_MAX;
use lake::sequences::retention::PERIODS_MAX;
use lake::tally::session_columns;

/// Longest range, in days.
const RANGE_DAYS_MAX: i32 = 3_700;
/// Most lines of a trend.
pub(super) const SERIES_MAX: usize = 5;
/// Most points of a line.
pub(super) const POINTS_MAX: usize = 1_000;
/// Most parts of a breakdown.
const TOP_MAX: usize = 20;
/// Most brackets of a retention.
const BRACKETS_MAX: usize = 12;
/// Most exclusions of a funnel.
const EXCLUSIONS_MAX: usize = 8;
/// Longest window, in minutes: 366 days.
const WINDOW_MAX: u32 = 366 * 24 * 60;
/// Most stops of a path beside its anchor.
pub(super) const STOPS_MAX: usize = 6;
/// Most names a path passes over.
const WITHOUT_MAX: usize = 20;

/// One period of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    /// Where it begins, microseconds UTC.
    pub(super) from: i64,
    /// Where it ends.
    pub(super) to: i64,
    /// Whether the range or the present moment cuts it.
    pub(super) partial: bool,
}

/// A span of dates in a zone, seen at a moment.
#[derive(Debug, Clone)]
pub(super) struct Dates {
    /// The first and the last day.
    pub(super) days: (Day, Day),
    /// The zone.
    pub(super) zone: TimeZone,
    /// Now.
    pub(super) now: Timestamp,
}

impl Dates {
    /// The dates of a question.
    pub(super) fn of(asked: &Exploration, zone: TimeZone, now: Timestamp) -> Result<Self, Problem> {
        let days = (day_of(asked.range.from), day_of(asked.range.to));
        if days.0 > days.1 {
            return Err(Problem::invalid("range.to", "The last date lies before the first one."));
        }
        if days.1 - days.0 >= RANGE_DAYS_MAX {
            return Err(Problem::invalid("range", format!("At most {RANGE_DAYS_MAX} days in one question.")));
        }
        Ok(Self { days, zone, now })
    }

    /// The dates to compare with.
    pub(super) fn before(&self, compare: Compare) -> Option<Self> {
        let today = day_of(self.now.date_in(&self.zone));
        compare_range(self.days, today, compare).map(|days| Self { days, ..self.clone() })
    }

    fn start(&self, day: Day) -> i64 {
        Timestamp::start_of(date_of(day), &self.zone).micros()
    }

    /// As moments.
    pub(super) fn range(&self) -> TimeRange {
        let moment = |day| Timestamp::from_micros(self.start(day));
        TimeRange { from: moment(self.days.0), to: moment(self.days.1 + 1) }
    }

    /// The points of a line.
    pub(super) fn points(&self, length: Granularity) -> Result<Vec<Period>, Problem> {
        let grain = match length {
            Granularity::Hour => return self.hours(),
            Granularity::Day => Grain::Day,
            Granularity::Week => Grain::Week,
            Granularity::Month => Grain::Month,
        };
        let points = self.periods(grain);
        if points.len() > POINTS_MAX {
            return Err(too_many_points());
        }
        Ok(points)
    }

    fn hours(&self) -> Result<Vec<Period>, Problem> {
        let range = self.range();
        let (from, to) = (range.from.micros(), range.to.micros());
        if (to - from) / HOUR > POINTS_MAX as i64 {
            return Err(too_many_points());
        }
        let mut hours = Vec::new();
        let mut at = from;
        while at < to {
            let end = (at + HOUR).min(to);
            hours.push(Period { from: at, to: end, partial: self.now.micros() < end });
            at = end;
        }
        Ok(hours)
    }

    fn periods(&self, grain: Grain) -> Vec<Period> {
        let (first, last) = self.days;
        let period = |start: Day| {
            let (from, to) = (start.max(first), grain.next(start).min(last + 1));
            let end = self.start(to);
            let cut = from != start || to != grain.next(start) || self.now.micros() < end;
            Period { from: self.start(from), to: end, partial: cut }
        };
        grain.periods(first, last).into_iter().map(period).collect()
    }

    /// Widened to whole periods of this length.
    pub(super) fn widened(self, length: CohortLength) -> Self {
        let grain = grain(length);
        let days = (grain.start(self.days.0), grain.next(grain.start(self.days.1)) - 1);
        Self { days, ..self }
    }

    /// The cohorts of a range that was widened.
    pub(super) fn cohorts(&self, length: CohortLength) -> Result<Vec<Period>, Problem> {
        let cohorts = self.periods(grain(length));
        if cohorts.len() > PERIODS_MAX {
            let message = format!(
                "The range has {} periods of this length; at most {PERIODS_MAX}. Ask for longer periods or a shorter range.",
                cohorts.len()
            );
            return Err(Problem::invalid("ask.period", message));
        }
        Ok(cohorts)
    }
}

const fn grain(length: CohortLength) -> Grain {
    match length {
        CohortLength::Day => Grain::Day,
        CohortLength::Week => Grain::Week,
        CohortLength::Month => Grain::Month,
    }
}

fn too_many_points() -> Problem {
    let message = format!("At most {POINTS_MAX} points on a line. Ask for longer points or a shorter range.");
    Problem::invalid("ask.granularity", message)
}

/// Where periods begin, and where the last one ends.
pub(super) fn bounds(periods: &[Period]) -> Vec<i64> {
    periods.iter().map(|period| period.from).chain(periods.last().map(|period| period.to)).collect()
}

fn check_breakdown(breakdown: Option<&Breakdown>) -> Result<(), Problem> {
    match breakdown {
        Some(one) => check_top(one.top, "ask.breakdown.top"),
        None => Ok(()),
    }
}

fn check_top(top: usize, field: &str) -> Result<(), Problem> {
    if top == 0 || top > TOP_MAX {
        return Err(Problem::invalid(field, format!("From 1 to {TOP_MAX}.")));
    }
    Ok(())
}

fn check_window(minutes: u32) -> Result<(), Problem> {
    if minutes == 0 || minutes > WINDOW_MAX {
        return Err(Problem::invalid("ask.window_minutes", format!("From 1 to {WINDOW_MAX} minutes (366 days).")));
    }
    Ok(())
}

/// A window in microseconds.
pub(super) fn micros(minutes: u32) -> i64 {
    i64::from(minutes) * MINUTE
}

/// The lines of a trend.
pub(super) fn trends(ask: &TrendsAsk, humans_only: bool) -> Result<Vec<EventFilter>, Problem> {
    if ask.series.is_empty() || ask.series.len() > SERIES_MAX {
        return Err(Problem::invalid("ask.series", format!("From 1 to {SERIES_MAX} events.")));
    }
    check_breakdown(ask.breakdown.as_ref())?;
    if ask.breakdown.is_some() && ask.series.len() > 1 {
        return Err(Problem::invalid("ask.breakdown", "Only one event can be broken down at a time."));
    }
    if let Some(breakdown) = ask.breakdown.as_ref().filter(|_| ask.measure.is_of_sessions())
        && !session_columns().contains(&breakdown.column.col())
    {
        let message =
            "A session has no such column of its own; break it down by where it came from, page, country or device.";
        return Err(Problem::invalid("ask.breakdown.column", message));
    }
    match &ask.property {
        Some(key) if ask.measure.is_of_property() => check_property(key, "ask.property")?,
        None if ask.measure.is_of_property() => {
            return Err(Problem::invalid("ask.property", "The sum or the mean of which property?"));
        }
        Some(_) => return Err(Problem::invalid("ask.property", "This measure is of no property; leave it out.")),
        None => {}
    }
    let one = |(place, choice): (usize, &EventChoice)| filter(choice, humans_only, &format!("ask.series[{place}]"));
    ask.series.iter().enumerate().map(one).collect()
}

/// Whether a measure adds up values.
pub(super) fn is_money(measure: TrendMeasure) -> bool {
    matches!(measure, TrendMeasure::Value | TrendMeasure::ValuePerEvent)
}

/// The steps and the exclusions of a funnel.
pub(super) fn funnel(
    ask: &FunnelAsk,
    humans_only: bool,
) -> Result<(Vec<EventFilter>, Vec<lake::sequences::funnel::Exclusion>), Problem> {
    if ask.steps.len() < 2 || ask.steps.len() > STEPS_MAX {
        return Err(Problem::invalid("ask.steps", format!("From 2 to {STEPS_MAX} steps.")));
    }
    if ask.exclusions.len() > EXCLUSIONS_MAX {
        return Err(Problem::invalid("ask.exclusions", format!("At most {EXCLUSIONS_MAX} exclusions.")));
    }
    check_breakdown(ask.breakdown.as_ref())?;
    check_window(ask.window_minutes)?;
    let one = |(place, choice): (usize, &EventChoice)| filter(choice, humans_only, &format!("ask.steps[{place}]"));
    let steps = ask.steps.iter().enumerate().map(one).collect::<Result<_, _>>()?;
    let one = |(place, exclusion): (usize, &crate::explore_model::FunnelExclusion)| {
        let field = format!("ask.exclusions[{place}]");
        if exclusion.after.is_some_and(|after| after + 1 >= ask.steps.len()) {
            let message = "There is no step after that one; steps are counted from 0.";
            return Err(Problem::invalid(format!("{field}.after"), message));
        }
        let filter = filter(&exclusion.event, humans_only, &format!("{field}.event"))?;
        Ok(lake::sequences::funnel::Exclusion { filter, after: exclusion.after })
    };
    Ok((steps, ask.exclusions.iter().enumerate().map(one).collect::<Result<_, _>>()?))
}

/// The event that begins a retention, and the one that is a return.
pub(super) fn retention(ask: &RetentionAsk, humans_only: bool) -> Result<[EventFilter; 2], Problem> {
    check_breakdown(ask.breakdown.as_ref())?;
    if ask.brackets.len() > BRACKETS_MAX {
        return Err(Problem::invalid("ask.brackets", format!("At most {BRACKETS_MAX} brackets.")));
    }
    for (place, bracket) in ask.brackets.iter().enumerate() {
        if bracket.from > bracket.to || bracket.to >= PERIODS_MAX {
            let message = format!("From 0 to {}, the first not after the last.", PERIODS_MAX - 1);
            return Err(Problem::invalid(format!("ask.brackets[{place}]"), message));
        }
    }
    Ok([filter(&ask.first, humans_only, "ask.first")?, filter(&ask.back, humans_only, "ask.back")?])
}

/// The anchor of a path, and the events it can stop at.
pub(super) fn paths(ask: &PathsAsk, humans_only: bool) -> Result<[EventFilter; 2], Problem> {
    if ask.steps == 0 || ask.steps > STOPS_MAX {
        return Err(Problem::invalid("ask.steps", format!("From 1 to {STOPS_MAX} steps.")));
    }
    check_top(ask.top, "ask.top")?;
    if let Some(minutes) = ask.window_minutes {
        check_window(minutes)?;
    }
    if ask.without.len() > WITHOUT_MAX {
        return Err(Problem::invalid("ask.without", format!("At most {WITHOUT_MAX} names.")));
    }
    let anchor = filter(&ask.anchor, humans_only, "ask.anchor")?;
    let mut stop = EventFilter { humans_only, ..EventFilter::default() };
    if !ask.without.is_empty() {
        stop.texts.push((lake::Col::Name, TextTest::IsNot(ask.without.clone())));
    }
    Ok([anchor, stop])
}

/// Refuses a question, and a cell of another kind than its own, before anything is read.
pub(crate) fn check(asked: &Exploration, cell: Option<&Cell>) -> Result<(), Problem> {
    let alone = matches!(asked.ask, Ask::Retention(_) | Ask::Paths(_));
    if alone && asked.compare != Compare::None {
        let message =
            "Cohorts stand beside each other already, and paths cannot be laid over each other; leave it out.";
        return Err(Problem::invalid("compare", message));
    }
    if let Some(one) = &asked.segment {
        who(one, asked.humans_only, TimeRange::ALL)?;
    }
    let same = match &asked.ask {
        Ask::Trends(ask) => {
            trends(ask, asked.humans_only)?;
            matches!(cell, None | Some(Cell::Trends { .. }))
        }
        Ask::Funnel(ask) => {
            funnel(ask, asked.humans_only)?;
            matches!(cell, None | Some(Cell::Funnel { .. }))
        }
        Ask::Retention(ask) => {
            retention(ask, asked.humans_only)?;
            matches!(cell, None | Some(Cell::Retention { .. }))
        }
        Ask::Paths(ask) => {
            paths(ask, asked.humans_only)?;
            matches!(cell, None | Some(Cell::Paths { .. }))
        }
    };
    if same { Ok(()) } else { Err(Problem::invalid("cell.kind", "The cell is not of the question's kind.")) }
}

/// Seconds of a span.
pub(super) fn seconds(micros: i64) -> i64 {
    micros / SECOND
}
