//! What the records of a run add up to: the sums of every row, and the cells made of them.

use super::engine::{Key, Record, Run};
use super::query::Plan;
use super::table::{Cell, Figure};
use crate::facts::{Day, Facts};
use crate::metric_registry::Metric;
use crate::metric_registry::{Dimension, Formula, Measure, Unit};
use hashbrown::HashMap;
use kernel::money::{Currency, Money};
use science::chance::{Estimate, Spread};

const MICROS_A_DAY: f64 = kernel::time::DAY as f64;

/// What was added up of one measure in one row.
#[derive(Debug, Clone)]
pub(super) enum Sum {
    /// Everything counts.
    Plain {
        sum: i64,
        spread: Spread,
    },
    /// A unit counts once.
    Distinct {
        last: u64,
        sum: i64,
        spread: Spread,
    },
    Samples(Vec<i64>),
}

#[expect(clippy::cast_precision_loss, reason = "what chance does is shown to three digits; what is summed stays whole")]
impl Sum {
    pub(super) fn new(measure: Measure, distinct: bool) -> Self {
        let spread = Spread::default();
        match (measure, distinct) {
            (Measure::TimeToWin, _) => Sum::Samples(Vec::new()),
            (_, true) => Sum::Distinct { last: u64::MAX, sum: 0, spread },
            (_, false) => Sum::Plain { sum: 0, spread },
        }
    }

    fn add(&mut self, record: &Record) {
        let Record { value, unit, times, .. } = *record;
        match self {
            Sum::Plain { sum, spread } => {
                *sum = sum.saturating_add(value.saturating_mul(i64::from(times)));
                if record.is_counted() {
                    spread.add_apart(value as f64, times);
                } else {
                    spread.add(value as f64, unit);
                }
            }
            Sum::Distinct { last, .. } if *last == unit => {}
            Sum::Distinct { last, sum, spread } => {
                (*last, *sum) = (unit, sum.saturating_add(value));
                spread.add(value as f64, unit);
            }
            Sum::Samples(values) => values.push(value),
        }
    }

    fn whole(&self) -> i64 {
        match self {
            Sum::Plain { sum, .. } | Sum::Distinct { sum, .. } => *sum,
            Sum::Samples(values) => i64::try_from(values.len()).unwrap_or(i64::MAX),
        }
    }

    fn estimate(&self, measure: Measure) -> Estimate {
        let (sum, spread) = match self {
            Sum::Plain { sum, spread } | Sum::Distinct { sum, spread, .. } => (*sum as f64, spread),
            Sum::Samples(values) => return Estimate { value: values.len() as f64, variance: values.len() as f64 },
        };
        if measure.is_booked() { Estimate::exact(sum) } else { Estimate { value: sum, variance: spread.variance() } }
    }

    /// The middle one of the samples.
    fn median(&self) -> Option<Estimate> {
        let Sum::Samples(values) = self else { return None };
        Estimate::median(&mut values.iter().map(|value| *value as f64).collect::<Vec<f64>>())
    }
}

/// The sums of one run.
pub(crate) struct Sums {
    pub(super) measures: Vec<Measure>,
    pub(super) rows: HashMap<Key, Vec<Sum>>,
    totals: Vec<Sum>,
    currency: Currency,
}

impl Sums {
    /// Over a range; of one row alone when `only` is its key.
    pub(crate) fn of(facts: &Facts, plan: &Plan, range: (Day, Day), only: Option<Key>) -> Self {
        let run = Run::new(facts, plan, range);
        let mut measures: Vec<Measure> = plan.metrics.iter().flat_map(|metric| metric.formula.measures()).collect();
        measures.sort_unstable();
        measures.dedup();
        let empty = |model: u32| {
            let sum = |measure: &Measure| Sum::new(*measure, is_distinct(plan, *measure, model));
            measures.iter().map(sum).collect::<Vec<Sum>>()
        };
        // A row is of one model, also the one that is asked for alone.
        let place = plan.dimensions.iter().position(|dimension| *dimension == Dimension::Model);
        let mut totals = empty(only.zip(place).map_or(0, |(key, place)| key[place]));
        let mut rows: HashMap<Key, Vec<Sum>> = HashMap::new();
        for (place, measure) in measures.iter().enumerate() {
            run.visit(*measure, &mut |record| {
                if let Some(only) = only {
                    if run.key(record) == only {
                        totals[place].add(record);
                    }
                    return;
                }
                // Under several models the total is that of the chosen one: models do not add up.
                if record.model == 0 {
                    totals[place].add(record);
                }
                if !plan.dimensions.is_empty() {
                    let row = rows.entry(run.key(record)).or_insert_with(|| empty(record.model));
                    row[place].add(record);
                }
            });
        }
        Self { measures, rows, totals, currency: facts.currency }
    }

    fn get<'a>(&self, sums: &'a [Sum], measure: Measure) -> Option<&'a Sum> {
        self.measures.iter().position(|known| *known == measure).and_then(|place| sums.get(place))
    }

    /// A measure's total as it is added up: micros, millionths or a count.
    pub(crate) fn total(&self, measure: Measure) -> i64 {
        self.get(&self.totals, measure).map_or(0, Sum::whole)
    }

    pub(crate) fn total_cell(&self, metric: &Metric, days: i32) -> Cell {
        self.cell(metric, &self.totals, days)
    }

    pub(super) fn cell(&self, metric: &Metric, sums: &[Sum], days: i32) -> Cell {
        let whole = |measure: Measure| self.get(sums, measure).map_or(0, Sum::whole);
        // Micros, millionths and counts as what they are.
        let real = |measure: Measure| {
            let unit = if measure.is_money() || measure.is_share() { 1e6 } else { 1.0 };
            self.get(sums, measure).map_or(Estimate::default(), |sum| sum.estimate(measure)).per(unit)
        };
        let figure = |figure: Figure, variance: f64| Cell { value: Some(figure), variance, ..Cell::default() };
        let number = |estimate: Estimate| figure(Figure::Number(estimate.value), estimate.variance);
        let money = |micros: i64, variance: f64| figure(Figure::Money(Money::new(micros, self.currency)), variance);
        let none = |reason: String| Cell { reason: Some(reason), ..Cell::default() };
        let over = |top: Measure, bottom: Measure| {
            let quotient = real(top).over(real(bottom));
            quotient.ok_or_else(|| none(format!("There is no {} to divide by.", bottom.title())))
        };
        let cell = match metric.formula {
            Formula::Plain(measure) if measure.is_money() => Ok(money(whole(measure), real(measure).variance)),
            Formula::Plain(measure) => Ok(number(real(measure))),
            Formula::PerMonth(measure) => Ok(number(real(measure).per(f64::from(days.max(1)) / 30.0))),
            Formula::Median(measure) => {
                let median = self.get(sums, measure).and_then(Sum::median);
                let days = median.map(|median| number(median.per(MICROS_A_DAY)));
                days.ok_or_else(|| none("No deal with a touch was won.".to_owned()))
            }
            Formula::Quotient(top, bottom) if metric.unit == Unit::Money => {
                over(top, bottom).map(|quotient| money(divided(whole(top), whole(bottom), bottom), quotient.variance))
            }
            Formula::Quotient(top, bottom) => over(top, bottom).map(number),
            Formula::Return(top, bottom) => {
                over(top, bottom).map(|quotient| number(Estimate { value: quotient.value - 1.0, ..quotient }))
            }
            Formula::Payback(top, bottom) => over(top, bottom).map(|quotient| number(quotient.per(1.0 / 12.0))),
        };
        cell.unwrap_or_else(|none| none)
    }
}

/// Micros by a count (or by millionths of one), rounded half away from zero to the micro.
pub(crate) fn divided(micros: i64, by: i64, measure: Measure) -> i64 {
    let scale: i128 = if measure.is_share() { 1_000_000 } else { 1 };
    let (top, bottom) = (i128::from(micros) * scale, i128::from(by));
    let away = if (top < 0) == (bottom < 0) { 1 } else { -1 };
    let carry = if (top % bottom).abs() * 2 >= bottom.abs() { away } else { 0 };
    i64::try_from(top / bottom + carry).unwrap_or(i64::MAX)
}

/// Whether records of one unit count once in a row of the model at this place.
pub(crate) fn is_distinct(plan: &Plan, measure: Measure, model: u32) -> bool {
    let pages = plan.asks(Dimension::Page);
    measure.is_distinct()
        || (pages && matches!(measure, Measure::Sessions | Measure::EngagedSessions))
        || (measure.is_credit() && plan.models.get(model as usize).is_some_and(|model| !model.conserves()))
}

/// Whether rows of a measure sum to more than the whole, under any of the models.
pub(crate) fn overlaps(plan: &Plan, measure: Measure) -> bool {
    (0..plan.models.len()).any(|model| is_distinct(plan, measure, u32::try_from(model).unwrap_or(u32::MAX)))
}
