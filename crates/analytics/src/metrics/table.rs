//! From records to a table: rows, totals, comparison.

use super::engine::{Key, Run};
use super::measures::{Dimension, Direction, Formula, Measure, Unit};
use super::query::Plan;
use super::registry::Metric;
use crate::facts::{Day, Facts, Grain, date_of};
use hashbrown::HashMap;
use kernel::money::{Currency, Money};
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A number as JSON shows it: money as `{amount, currency}`, everything else as a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Figure {
    /// Money.
    Money(Money),
    /// Anything else: a count, a share (0.25 is 25 %), days.
    Number(f64),
}

impl Figure {
    /// The number, money in units of its currency. For charts and comparisons, never for sums.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a picture of the amount; sums are made of micros")]
    pub fn number(&self) -> f64 {
        match self {
            Figure::Money(money) => money.micros as f64 / 1e6,
            Figure::Number(number) => *number,
        }
    }
}

/// One value of the table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cell {
    /// The value; absent when there is none (`reason` says why), which is not zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Figure>,
    /// The value of the comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Figure>,
    /// Value less previous, as a part of previous; 0.1 is +10 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One part of a row's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyPart {
    /// What to give back for the drill.
    pub value: String,
    /// What to show.
    pub label: String,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TableRow {
    /// One part a dimension. Their values are the drill's `key`.
    pub key: Vec<KeyPart>,
    /// One cell a metric.
    pub cells: Vec<Cell>,
    /// Whether its period is not over yet.
    pub incomplete: bool,
}

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MetricColumn {
    /// The metric.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its numbers are.
    pub unit: Unit,
    /// Which way is good.
    pub direction: Direction,
    /// Whether the rows sum to the total.
    pub additive: bool,
}

/// How far the events behind an answer were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AsOf {
    /// The last event that is counted.
    pub offset: u64,
    /// When it was received; absent when there is no event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// How long newer events have been waiting to be counted; 0 when there are none.
    pub lag_seconds: u64,
}

/// A stretch of dates in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Span {
    /// The first date.
    #[schema(format = Date)]
    pub from: String,
    /// The last date.
    #[schema(format = Date)]
    pub to: String,
}

impl Span {
    pub(crate) fn of((from, to): (Day, Day)) -> Self {
        Self { from: date_of(from).to_string(), to: date_of(to).to_string() }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Table {
    /// What the parts of the keys are.
    pub dimensions: Vec<Dimension>,
    /// What the cells are.
    pub metrics: Vec<MetricColumn>,
    /// The rows.
    pub rows: Vec<TableRow>,
    /// Rows beyond the limit; the totals include them.
    pub rows_left_out: usize,
    /// Over everything, computed for itself, never summed up from rounded rows.
    pub totals: Vec<Cell>,
    /// The dates.
    pub range: Span,
    /// The dates of the comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Span>,
    /// Whether the range is not over yet; the comparison then ends after as many days.
    pub incomplete: bool,
    /// The attribution model.
    pub model: String,
    /// The currency of money.
    #[schema(value_type = String)]
    pub currency: Currency,
    /// What a reader must know.
    pub notes: Vec<String>,
    /// How far the events were read.
    pub watermark: AsOf,
}

/// What was added up of one measure in one row.
#[derive(Debug, Clone)]
enum Sum {
    Plain(i64),
    Distinct { last: u64, sum: i64 },
    Samples(Vec<i64>),
}

impl Sum {
    fn new(measure: Measure, distinct: bool) -> Self {
        match (measure, distinct) {
            (Measure::TimeToWin, _) => Sum::Samples(Vec::new()),
            (_, true) => Sum::Distinct { last: u64::MAX, sum: 0 },
            (_, false) => Sum::Plain(0),
        }
    }

    fn add(&mut self, value: i64, unit: u64) {
        match self {
            Sum::Plain(sum) => *sum = sum.saturating_add(value),
            Sum::Distinct { last, .. } if *last == unit => {}
            Sum::Distinct { last, sum } => (*last, *sum) = (unit, sum.saturating_add(value)),
            Sum::Samples(values) => values.push(value),
        }
    }

    fn whole(&self) -> i64 {
        match self {
            Sum::Plain(sum) | Sum::Distinct { sum, .. } => *sum,
            Sum::Samples(values) => i64::try_from(values.len()).unwrap_or(i64::MAX),
        }
    }

    /// Twice the median, so that it stays whole.
    fn twice_median(&self) -> Option<i64> {
        let Sum::Samples(values) = self else { return None };
        let mut values = values.clone();
        values.sort_unstable();
        let middle = values.len() / 2;
        match values.len() {
            0 => None,
            odd if odd % 2 == 1 => Some(2 * values[middle]),
            _ => Some(values[middle - 1] + values[middle]),
        }
    }
}

/// The sums of one run.
pub(crate) struct Sums {
    measures: Vec<Measure>,
    rows: HashMap<Key, Vec<Sum>>,
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
        let distinct: Vec<bool> = measures.iter().map(|measure| is_distinct(plan, *measure)).collect();
        let empty = || measures.iter().zip(&distinct).map(|(measure, distinct)| Sum::new(*measure, *distinct));
        let mut totals: Vec<Sum> = empty().collect();
        let mut rows: HashMap<Key, Vec<Sum>> = HashMap::new();
        for (place, measure) in measures.iter().enumerate() {
            run.visit(*measure, &mut |record| {
                if let Some(only) = only {
                    if run.key(record) == only {
                        totals[place].add(record.value, record.unit);
                    }
                    return;
                }
                // Under several models the total is that of the chosen one: models do not add up.
                if record.model == 0 {
                    totals[place].add(record.value, record.unit);
                }
                if !plan.dimensions.is_empty() {
                    let row = rows.entry(run.key(record)).or_insert_with(|| empty().collect());
                    row[place].add(record.value, record.unit);
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

    #[expect(clippy::cast_precision_loss, reason = "ratios are shown to three digits; what is summed stays whole")]
    fn cell(&self, metric: &Metric, sums: &[Sum], days: i32) -> Cell {
        let whole = |measure: Measure| self.get(sums, measure).map_or(0, Sum::whole);
        // Micros, millionths and counts as what they are.
        let real =
            |measure: Measure| whole(measure) as f64 / if measure.is_money() || measure.is_share() { 1e6 } else { 1.0 };
        let value = |figure: Figure| Cell { value: Some(figure), ..Cell::default() };
        let none = |reason: String| Cell { reason: Some(reason), ..Cell::default() };
        let zero = |bottom: Measure| none(format!("There is no {} to divide by.", bottom.title()));
        match metric.formula {
            Formula::Plain(measure) if measure.is_money() => {
                value(Figure::Money(Money::new(whole(measure), self.currency)))
            }
            Formula::Plain(measure) => value(Figure::Number(real(measure))),
            Formula::PerMonth(measure) => value(Figure::Number(real(measure) * 30.0 / f64::from(days.max(1)))),
            Formula::Median(measure) => match self.get(sums, measure).and_then(Sum::twice_median) {
                Some(twice) => value(Figure::Number(twice as f64 / 2.0 / kernel::time::DAY as f64)),
                None => none("No deal with a touch was won.".to_owned()),
            },
            Formula::Quotient(_, bottom) | Formula::Return(_, bottom) | Formula::Payback(_, bottom)
                if whole(bottom) == 0 =>
            {
                zero(bottom)
            }
            Formula::Quotient(top, bottom) if metric.unit == Unit::Money => {
                value(Figure::Money(Money::new(divided(whole(top), whole(bottom), bottom), self.currency)))
            }
            Formula::Quotient(top, bottom) => value(Figure::Number(real(top) / real(bottom))),
            Formula::Return(top, bottom) => {
                value(Figure::Number((whole(top) - whole(bottom)) as f64 / whole(bottom) as f64))
            }
            Formula::Payback(top, bottom) => value(Figure::Number(12.0 * real(top) / real(bottom))),
        }
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

/// Whether records of one unit count once in a row.
pub(crate) fn is_distinct(plan: &Plan, measure: Measure) -> bool {
    let pages = plan.dimensions.contains(&Dimension::Page)
        || plan.filters.iter().any(|filter| filter.dimension == Dimension::Page);
    measure.is_distinct()
        || (pages && matches!(measure, Measure::Sessions | Measure::EngagedSessions))
        || (measure.is_credit() && plan.models.iter().any(|model| !model.conserves()))
}

/// Days of a range that are not in the future; at least one.
pub(crate) fn elapsed((from, to): (Day, Day), today: Day) -> i32 {
    if today < from { to - from + 1 } else { to.min(today) - from + 1 }
}

/// Answers a plan.
#[must_use]
pub(crate) fn answer(facts: &Facts, plan: &Plan, watermark: AsOf) -> Table {
    let now = Sums::of(facts, plan, plan.range, None);
    let before = plan.compare.map(|range| (range, Sums::of(facts, plan, range, None)));
    let mut keys: Vec<Key> = now.rows.keys().copied().collect();
    let mut previous: HashMap<Key, Key> = HashMap::new();
    if let Some((range, sums)) = &before {
        for key in sums.rows.keys() {
            if let Some(shifted) = shift(plan, *key, *range, plan.range) {
                previous.insert(shifted, *key);
                if !now.rows.contains_key(&shifted) {
                    keys.push(shifted);
                }
            }
        }
    }
    if let ([dimension], Some((_, grain))) = (plan.dimensions.as_slice(), plan.time()) {
        // A line needs every period, also those where nothing happened.
        debug_assert_eq!(dimension.grain(), Some(grain));
        for start in grain.periods(plan.range.0, plan.range.1) {
            let mut key = Key::default();
            key[0] = start.cast_unsigned();
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    let mut rows: Vec<(Key, TableRow)> = keys
        .into_iter()
        .map(|key| {
            let old =
                before.as_ref().and_then(|(range, sums)| Some((*range, sums, sums.rows.get(previous.get(&key)?)?)));
            (key, row(facts, plan, key, &now, old, before.is_some()))
        })
        .collect();
    sort(plan, &mut rows);
    let rows_left_out = rows.len().saturating_sub(plan.limit);
    rows.truncate(plan.limit);
    let totals = plan.metrics.iter().map(|metric| {
        let cell = now.total_cell(metric, elapsed(plan.range, plan.today));
        match &before {
            None => cell,
            Some((range, sums)) => compared(cell, sums.total_cell(metric, range.1 - range.0 + 1)),
        }
    });
    Table {
        dimensions: plan.dimensions.clone(),
        metrics: plan.metrics.iter().map(|metric| column(plan, metric)).collect(),
        totals: totals.collect(),
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        rows_left_out,
        range: Span::of(plan.range),
        comparison: plan.compare.map(Span::of),
        incomplete: plan.range.1 >= plan.today,
        model: plan.model.to_string(),
        currency: facts.currency,
        notes: notes(facts, plan),
        watermark,
    }
}

fn column(plan: &Plan, metric: &Metric) -> MetricColumn {
    let overlapping = metric.formula.measures().iter().any(|measure| is_distinct(plan, *measure));
    MetricColumn {
        id: metric.id.to_owned(),
        name: metric.words.name.clone(),
        unit: metric.unit,
        direction: metric.direction,
        additive: metric.is_additive() && !overlapping && !plan.dimensions.contains(&Dimension::Model),
    }
}

type Old<'a> = ((Day, Day), &'a Sums, &'a Vec<Sum>);

fn row(facts: &Facts, plan: &Plan, key: Key, now: &Sums, old: Option<Old<'_>>, compares: bool) -> TableRow {
    let period = plan.time().map(|(place, grain)| {
        let start = key[place].cast_signed();
        (start, grain.next(start) - 1)
    });
    let within = |range: (Day, Day)| match period {
        Some((start, end)) => (start.max(range.0), end.min(range.1)),
        None => range,
    };
    let empty: Vec<Sum> = now.measures.iter().map(|measure| Sum::new(*measure, false)).collect();
    let sums = now.rows.get(&key).unwrap_or(&empty);
    let cells = plan.metrics.iter().map(|metric| {
        let days = elapsed(within(plan.range), plan.today);
        let cell = now.cell(metric, sums, days);
        match old {
            Some((_, before, sums)) => compared(cell, before.cell(metric, sums, days)),
            None if compares => compared(cell, now.cell(metric, &empty, days)),
            None => cell,
        }
    });
    TableRow {
        cells: cells.collect(),
        key: plan.dimensions.iter().zip(key).map(|(dimension, code)| part(facts, plan, *dimension, code)).collect(),
        incomplete: within(plan.range).1 >= plan.today || period.is_some_and(|(_, end)| end >= plan.today),
    }
}

fn compared(cell: Cell, old: Cell) -> Cell {
    let change = match (&cell.value, &old.value) {
        (Some(now), Some(before)) if before.number() != 0.0 => {
            Some((now.number() - before.number()) / before.number().abs())
        }
        _ => None,
    };
    Cell { previous: old.value, change, ..cell }
}

/// The key of the same row in another range: its period moves to the one with the same number.
fn shift(plan: &Plan, mut key: Key, from: (Day, Day), to: (Day, Day)) -> Option<Key> {
    for (place, grain) in plan.dimensions.iter().enumerate().filter_map(|(place, d)| Some((place, d.grain()?))) {
        let (old, new) = (grain.periods(from.0, from.1), grain.periods(to.0, to.1));
        let number = old.binary_search(&key[place].cast_signed()).ok()?;
        key[place] = new.get(number)?.cast_unsigned();
    }
    Some(key)
}

fn sort(plan: &Plan, rows: &mut [(Key, TableRow)]) {
    let time = plan.time().map(|(place, _)| place);
    rows.sort_by(|(key, row), (other_key, other)| {
        let number = |row: &TableRow| row.cells[plan.order].value.as_ref().map_or(f64::NEG_INFINITY, Figure::number);
        let by_time = time
            .map_or(std::cmp::Ordering::Equal, |place| key[place].cast_signed().cmp(&other_key[place].cast_signed()));
        by_time.then_with(|| number(other).total_cmp(&number(row))).then_with(|| {
            let labels = |row: &TableRow| row.key.iter().map(|part| part.label.clone()).collect::<Vec<_>>();
            labels(row).cmp(&labels(other))
        })
    });
}

/// How a code is shown and given back.
pub(crate) fn part(facts: &Facts, plan: &Plan, dimension: Dimension, code: u32) -> KeyPart {
    if let Some(grain) = dimension.grain() {
        let date = date_of(code.cast_signed());
        let label = match grain {
            Grain::Day => date.to_string(),
            Grain::Week => format!("Week of {date}"),
            Grain::Month => format!("{:04}-{:02}", date.year(), date.month()),
            Grain::Quarter => format!("{:04} Q{}", date.year(), (date.month() - 1) / 3 + 1),
        };
        return KeyPart { value: date.to_string(), label };
    }
    if dimension == Dimension::Model {
        let model = plan.models.get(code as usize);
        let text = |text: Option<String>| text.unwrap_or_default();
        return KeyPart { value: text(model.map(ToString::to_string)), label: text(model.map(|model| model.title())) };
    }
    let value = facts.shown(code).to_owned();
    let label = match dimension {
        Dimension::Company => facts.company_names.get(&code).cloned().unwrap_or_else(|| value.clone()),
        _ => value.clone(),
    };
    KeyPart { value, label }
}

fn notes(facts: &Facts, plan: &Plan) -> Vec<String> {
    let mut notes = Vec::new();
    let asks = |wanted: &dyn Fn(Measure) -> bool| {
        plan.metrics.iter().any(|metric| metric.formula.measures().into_iter().any(wanted))
    };
    if asks(&|measure| matches!(measure, Measure::Spend | Measure::Plan)) {
        let missing = facts.spend.entries.iter().filter(|entry| entry.micros.is_none()).count();
        if missing > 0 {
            notes.push(format!("{missing} entries of spend have no exchange rate and are not in these numbers."));
        }
    }
    if asks(&|measure| measure.is_money() && !matches!(measure, Measure::Spend | Measure::Plan)) {
        let missing = facts.unconverted_deals();
        if missing > 0 {
            notes.push(format!("{missing} deals have no exchange rate: they are counted, and worth nothing here."));
        }
    }
    for metric in &plan.metrics {
        if metric.formula.measures().iter().any(|measure| is_distinct(plan, *measure)) && !plan.dimensions.is_empty() {
            notes.push(format!("{}: the rows overlap and sum to more than the total.", metric.words.name));
        }
    }
    notes
}
