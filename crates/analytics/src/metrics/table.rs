//! From records to a table: rows, totals, comparison.

use super::engine::Key;
use super::query::Plan;
use super::sums::{Sum, Sums, overlaps};
use crate::facts::{AsOf, Day, Facts, Grain, date_of, elapsed};
use crate::metric_registry::Metric;
use crate::metric_registry::{Dimension, Direction, Measure, Unit};
use hashbrown::HashMap;
use kernel::money::{Currency, Money};
use kernel::time::Timestamp;
use science::chance::Estimate;
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
    /// Whether the two lie further apart than chance alone puts them, at 90 %. Deals, leads and visits come at random
    /// moments; what is booked, such as spend, has no chance in it. Absent where nothing is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub significant: Option<bool>,
    /// How far apart chance alone puts them, at 90 %, in units of the value; absent where it has no part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The variance of what chance could have made of the value.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) variance: f64,
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
    /// As of which moment this was known; absent when it is what is known now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// How far the events were read.
    pub watermark: AsOf,
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
            let old = before.as_ref().and_then(|(range, sums)| {
                let old = previous.get(&key)?;
                let (from, to) = days_within(plan, *old, *range);
                Some((to - from + 1, sums, sums.rows.get(old)?))
            });
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
            Some((range, sums)) if likens(plan, metric) => {
                compared(cell, sums.total_cell(metric, range.1 - range.0 + 1))
            }
            Some(_) => cell,
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
        as_of: facts.sessions.known.as_ref().map(|known| known.at),
        watermark,
    }
}

fn column(plan: &Plan, metric: &Metric) -> MetricColumn {
    let overlapping = metric.formula.measures().iter().any(|measure| overlaps(plan, *measure));
    MetricColumn {
        id: metric.id.to_owned(),
        name: metric.words.name.clone(),
        unit: metric.unit,
        direction: metric.direction,
        additive: metric.is_additive() && !overlapping && !plan.dimensions.contains(&Dimension::Model),
    }
}

/// A row of the comparison: its days, and its sums.
type Old<'a> = (i32, &'a Sums, &'a Vec<Sum>);

/// Whether a metric can be compared: the plan of a whole range says nothing against a part of the range before.
fn likens(plan: &Plan, metric: &Metric) -> bool {
    metric.formula.measures() != [Measure::Plan] || plan.range.1 <= plan.today
}

/// The days of a row within a range.
fn days_within(plan: &Plan, key: Key, range: (Day, Day)) -> (Day, Day) {
    plan.time().map_or(range, |(place, grain)| {
        let start = key[place].cast_signed();
        (start.max(range.0), (grain.next(start) - 1).min(range.1))
    })
}

fn row(facts: &Facts, plan: &Plan, key: Key, now: &Sums, old: Option<Old<'_>>, compares: bool) -> TableRow {
    let within = days_within(plan, key, plan.range);
    let period = plan.time().map(|(place, grain)| grain.next(key[place].cast_signed()) - 1);
    let empty: Vec<Sum> = now.measures.iter().map(|measure| Sum::new(*measure, false)).collect();
    let sums = now.rows.get(&key).unwrap_or(&empty);
    let cells = plan.metrics.iter().map(|metric| {
        let days = elapsed(within, plan.today);
        let cell = now.cell(metric, sums, days);
        match old {
            _ if !likens(plan, metric) => cell,
            Some((days, before, sums)) => compared(cell, before.cell(metric, sums, days)),
            None if compares => compared(cell, now.cell(metric, &empty, days)),
            None => cell,
        }
    });
    TableRow {
        cells: cells.collect(),
        key: plan.dimensions.iter().zip(key).map(|(dimension, code)| part(facts, plan, *dimension, code)).collect(),
        incomplete: within.1 >= plan.today || period.is_some_and(|end| end >= plan.today),
    }
}

fn compared(cell: Cell, old: Cell) -> Cell {
    let (Some(now), Some(before)) = (&cell.value, &old.value) else { return Cell { previous: old.value, ..cell } };
    let (now, before) = (now.number(), before.number());
    let change = (before != 0.0).then(|| (now - before) / before.abs());
    let estimate = |value: f64, variance: f64| Estimate { value, variance };
    let noise = estimate(now, cell.variance).noise_against(estimate(before, old.variance));
    let significant = Some((now - before).abs() > noise);
    Cell { previous: old.value, change, significant, noise: (noise > 0.0).then_some(noise), ..cell }
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
            // Two companies may have one name: the order is the same whoever asks.
            let labels = |row: &TableRow| row.key.iter().map(|part| part.label.clone()).collect::<Vec<_>>();
            let values = |row: &TableRow| row.key.iter().map(|part| part.value.clone()).collect::<Vec<_>>();
            labels(row).cmp(&labels(other)).then_with(|| values(row).cmp(&values(other)))
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
    if asks(&Measure::is_booked) {
        let missing = facts.spend.entries.iter().filter(|entry| entry.micros.is_none()).count();
        if missing > 0 {
            notes.push(format!("{missing} entries of spend have no exchange rate and are not in these numbers."));
        }
        let missing = facts.spend.plan.iter().filter(|plan| plan.micros.is_none()).count();
        if missing > 0 {
            notes.push(format!("{missing} lines of the plan have no exchange rate and are not in these numbers."));
        }
    }
    if asks(&|measure| measure.is_money() && !measure.is_booked()) {
        let missing = facts.unconverted_deals();
        if missing > 0 {
            notes.push(format!("{missing} deals have no exchange rate: they are counted, and worth nothing here."));
        }
    }
    for metric in &plan.metrics {
        if metric.formula.measures().iter().any(|measure| overlaps(plan, *measure)) && !plan.dimensions.is_empty() {
            notes.push(format!("{}: the rows overlap and sum to more than the total.", metric.words.name));
        }
    }
    notes
}
