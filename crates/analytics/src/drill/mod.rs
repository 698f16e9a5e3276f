//! Drill: what is behind a number — its formula with the numbers put in, its rows, and the same question in SQL.
//!
//! **Invariant:** the rows of a part re-add to the part, to the micro, because they are the records it was summed from.

mod rows;
mod sql_text;
mod window;

pub use rows::{DrillPart, DrillRow};
pub use sql_text::SqlSettings;
pub use window::Window;

use crate::facts::{Day, Facts, NO_TOUCH, day_of};
use crate::metrics::internal::{AsOf, Cell, Dimension, Figure, Formula, Key, Measure, Plan, Span, Sums, Unit, elapsed};
use crate::metrics::{Metric, Query};
use kernel::problem::Problem;
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most rows of a part in one answer.
const ROWS_MAX: u32 = 1_000;

/// Which number to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrillRequest {
    /// The question the number came from.
    pub query: Query,
    /// The metric.
    #[schema(example = "cost_per_lead")]
    pub metric: String,
    /// The values of the row's key, one a dimension; absent for the total. With `as_of` also of a row that was not there yet:
    /// nothing is known of it.
    #[serde(default)]
    pub key: Option<Vec<String>>,
    /// Most rows of each part; 100 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the part whose rows should go on.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// What is behind a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DrillAnswer {
    /// The metric.
    pub metric: String,
    /// Its name.
    pub name: String,
    /// What its numbers are.
    pub unit: Unit,
    /// What it means.
    pub definition: String,
    /// Which decision it serves.
    pub decision: String,
    /// The formula in words.
    pub formula: String,
    /// The formula with the numbers put in.
    pub formula_with_numbers: String,
    /// The number.
    pub value: Cell,
    /// The dates.
    pub range: Span,
    /// What narrows the number down, in words.
    pub filters: Vec<String>,
    /// What goes into the formula, with the rows behind it.
    pub parts: Vec<DrillPart>,
    /// Whether the rows are hidden, because the caller may not read people, deals or the ledger.
    pub rows_hidden: bool,
    /// The same question for the SQL console; empty with `as_of`: its tables of people, deals and money are those of now.
    pub sql: String,
    /// What the SQL console must be told for the same answer.
    pub sql_settings: SqlSettings,
    /// As of which moment this was known; absent when it is what is known now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// How far the events were read.
    pub watermark: AsOf,
}

/// What is opened: the question with the one metric, the key, and how many rows.
struct Opened {
    plan: Plan,
    metric: &'static Metric,
    key: Option<Key>,
    limit: u32,
}

fn opened(facts: &Facts, request: &DrillRequest, today: Day, may_be_unseen: bool) -> Result<Opened, Problem> {
    let mut plan = Plan::new(&request.query, today)?;
    let metric = *plan
        .metrics
        .iter()
        .find(|metric| metric.id == request.metric)
        .ok_or_else(|| Problem::invalid("metric", "Open one of the metrics of the question."))?;
    plan.metrics = vec![metric];
    plan.order = 0;
    let key = request.key.as_deref().map(|key| parse_key(facts, &plan, key, may_be_unseen)).transpose()?;
    let limit = request.limit.unwrap_or(100);
    if limit == 0 || limit > ROWS_MAX {
        return Err(Problem::invalid("limit", format!("From 1 to {ROWS_MAX} rows.")));
    }
    Ok(Opened { plan, metric, key, limit })
}

/// The plan of the one metric that is opened, and its days.
///
/// # Errors
/// As [`drill`].
pub(crate) fn plan_of(facts: &Facts, request: &DrillRequest, today: Day) -> Result<(Plan, (Day, Day)), Problem> {
    // Pages of visits that are only counted are seen when they are brought.
    let Opened { plan, key, .. } = opened(facts, request, today, true)?;
    let days = narrowed(&plan, key.as_ref());
    Ok((plan, days))
}

/// Which of the sessions that are only counted must be seen one by one to show the rows that are asked for.
///
/// # Errors
/// As [`drill`].
pub(crate) fn windows(facts: &Facts, request: &DrillRequest, today: Day) -> Result<Vec<Window>, Problem> {
    let Opened { plan, metric, key, limit } = opened(facts, request, today, facts.sessions.known.is_some())?;
    let measures = metric.formula.measures().into_iter().filter(|measure| measure.is_of_sessions());
    let cursor = request.cursor.as_deref();
    Ok(measures.map(|measure| Window::new(facts, &plan, measure, key.as_ref(), (limit, cursor))).collect())
}

/// Opens a number. Where sessions are only counted, `seen` has those that are to be shown: the facts with them, and which
/// they are.
///
/// # Errors
/// 422 when the question, the metric or the key is not one.
pub fn drill(
    facts: &Facts,
    request: &DrillRequest,
    today: Day,
    watermark: AsOf,
    seen: Option<(&Facts, &[Window])>,
) -> Result<DrillAnswer, Problem> {
    let Opened { plan, metric, key, limit } = opened(facts, request, today, facts.sessions.known.is_some())?;
    let range = narrowed(&plan, key.as_ref());
    let as_of = facts.sessions.known.as_ref().map(|known| known.at);
    let sums = Sums::of(facts, &plan, plan.range, key);
    let value = sums.total_cell(metric, elapsed(range, today));
    let parts: Vec<DrillPart> = metric
        .formula
        .measures()
        .into_iter()
        .map(|measure| {
            let window = seen
                .and_then(|(facts, windows)| Some((facts, windows.iter().find(|window| window.measure == measure)?)));
            let page = (limit, request.cursor.as_deref());
            rows::part(facts, &plan, (measure, sums.total(measure)), key.as_ref(), page, window)
        })
        .collect();
    Ok(DrillAnswer {
        metric: metric.id.to_owned(),
        name: metric.words.name.clone(),
        unit: metric.unit,
        definition: metric.words.definition.clone(),
        decision: metric.words.decision.clone(),
        formula: metric.words.formula.clone(),
        formula_with_numbers: with_numbers(metric, &parts, &value, elapsed(range, today)),
        value,
        range: Span::of(range),
        filters: filters_in_words(facts, &plan, key.as_ref().zip(request.key.as_deref())),
        parts,
        rows_hidden: false,
        sql: match as_of {
            None => sql_text::of_metric(facts, &plan, metric, range, key.as_ref()),
            Some(_) => String::new(),
        },
        sql_settings: SqlSettings::of(&plan, key.as_ref()),
        as_of,
        watermark,
    })
}

/// The code of what the facts have not seen. No record has it.
const UNSEEN: u32 = NO_TOUCH - 1;

/// The codes of a key as the table gave it. What may be unseen, for example because it came after the moment that is asked
/// about, is the key of a row of which nothing is known.
fn parse_key(facts: &Facts, plan: &Plan, values: &[String], may_be_unseen: bool) -> Result<Key, Problem> {
    if values.len() != plan.dimensions.len() {
        let message =
            format!("The key has {} values, the question {} dimensions.", values.len(), plan.dimensions.len());
        return Err(Problem::invalid("key", message));
    }
    let mut key = Key::default();
    for (place, (dimension, value)) in plan.dimensions.iter().zip(values).enumerate() {
        let bad = || Problem::invalid(format!("key[{place}]"), "There is no such row in this question.");
        key[place] = if dimension.grain().is_some() {
            value.parse::<jiff::civil::Date>().map(|date| day_of(date).cast_unsigned()).map_err(|_| bad())?
        } else if *dimension == Dimension::Model {
            let found = plan.models.iter().position(|model| model.to_string() == *value).ok_or_else(bad)?;
            u32::try_from(found).unwrap_or(0)
        } else {
            facts.code(value).or(may_be_unseen.then_some(UNSEEN)).ok_or_else(bad)?
        };
    }
    Ok(key)
}

/// The range cut to the period of the key.
fn narrowed(plan: &Plan, key: Option<&Key>) -> (Day, Day) {
    let mut range = plan.range;
    for (place, dimension) in plan.dimensions.iter().enumerate() {
        if let (Some(grain), Some(key)) = (dimension.grain(), key) {
            let start = key[place].cast_signed();
            range = (range.0.max(start), range.1.min(grain.next(start) - 1));
        }
    }
    range
}

fn filters_in_words(facts: &Facts, plan: &Plan, key: Option<(&Key, &[String])>) -> Vec<String> {
    use crate::metrics::FilterOp;
    let mut words: Vec<String> = plan
        .filters
        .iter()
        .map(|filter| {
            let op = match filter.op {
                FilterOp::In => "is",
                FilterOp::NotIn => "is not",
                FilterOp::Contains => "contains",
                FilterOp::NotContains => "does not contain",
            };
            format!("{} {op} {}", filter.dimension.title(), filter.values.join(" or "))
        })
        .collect();
    if let Some((key, values)) = key {
        let parts = plan.dimensions.iter().zip(key).zip(values);
        words.extend(parts.map(|((dimension, code), value)| {
            let label = match *code {
                UNSEEN => value.clone(),
                code => crate::metrics::internal::part(facts, plan, *dimension, code).label,
            };
            format!("{} is {label}", dimension.title())
        }));
    }
    let credit = plan.metrics.iter().flat_map(|metric| metric.formula.measures());
    if credit.into_iter().any(|measure| {
        !matches!(
            measure,
            Measure::Spend
                | Measure::Plan
                | Measure::PlanToDate
                | Measure::Sessions
                | Measure::EngagedSessions
                | Measure::People
        )
    }) {
        words.push(format!("Attribution model: {}", plan.model.title()));
        words.push(format!("Lookback: {} days", plan.lookback_days));
        words.push(format!("Journeys of: {}", plan.kind.as_str()));
    }
    words
}

fn with_numbers(metric: &Metric, parts: &[DrillPart], value: &Cell, days: i32) -> String {
    let shown = |place: usize| parts.get(place).map_or_else(String::new, |part| text(&part.value));
    let result = value.value.as_ref().map_or_else(
        || value.reason.clone().unwrap_or_else(|| "not known".to_owned()),
        |figure| match (metric.unit, figure) {
            (Unit::Share, Figure::Number(number)) => format!("{:.1} %", number * 100.0),
            (Unit::Days, figure) => format!("{} days", text(figure)),
            (Unit::Months, figure) => format!("{} months", text(figure)),
            (_, figure) => text(figure),
        },
    );
    match metric.formula {
        Formula::Plain(measure) => format!("{} = {result}", measure.title()),
        Formula::Median(measure) => format!(
            "median over {} rows of {} = {result}",
            parts.first().map_or(0, |part| part.rows_total),
            measure.title()
        ),
        Formula::PerMonth(_) => format!("30 × {} ÷ {days} days = {result}", shown(0)),
        Formula::Quotient(..) => format!("{} ÷ {} = {result}", shown(0), shown(1)),
        Formula::Return(..) => format!("({} − {}) ÷ {} = {result}", shown(0), shown(1), shown(1)),
        Formula::Payback(..) => format!("12 × {} ÷ {} = {result}", shown(0), shown(1)),
    }
}

/// A number in words, without grouping: the browser knows the reader's locale, a formula does not need it.
fn text(figure: &Figure) -> String {
    match figure {
        Figure::Money(money) => money.to_string(),
        Figure::Number(number) if number.fract() == 0.0 => format!("{number:.0}"),
        Figure::Number(number) => format!("{number:.3}"),
    }
}
