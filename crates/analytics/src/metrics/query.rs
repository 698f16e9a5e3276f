//! A question, as it is asked and as it is planned.

use crate::attribution::{Goal, JourneyKey, JourneyKind, LOOKBACK_DAYS, LOOKBACK_DAYS_MAX, parse_model};
use crate::facts::{Agents, Day, Grain, date_of, day_of, period_before};
use crate::metric_registry::Dimension;
use crate::metric_registry::Metric;
use jiff::ToSpan;
use jiff::civil::Date;
use kernel::limits;
use kernel::problem::Problem;
use kernel::time::Timestamp;
use science::attribution::Model;
use serde::{Deserialize, Serialize};

/// The model when nothing is said.
pub const MODEL: Model = Model::WShape;
/// Longest range, in days.
const RANGE_DAYS_MAX: i32 = 3_700;
/// Most values of one filter.
const FILTER_VALUES_MAX: usize = 200;

/// Dates in the workspace's time zone; both are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DateRange {
    /// The first date.
    #[schema(value_type = String, format = Date, example = "2026-01-01")]
    pub from: Date,
    /// The last date.
    #[schema(value_type = String, format = Date, example = "2026-03-31")]
    pub to: Date,
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilterOp {
    /// Equal to one of the values.
    In,
    /// Equal to none of the values.
    NotIn,
    /// Contains one of the values, whatever the case.
    Contains,
    /// Contains none of the values, whatever the case.
    NotContains,
}

/// Keeps part of what is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// A dimension, but of time or model.
    #[schema(example = "channel")]
    pub dimension: String,
    /// How to compare.
    pub op: FilterOp,
    /// With what: names as they are shown, ids of companies.
    pub values: Vec<String>,
}

/// What to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Nothing.
    #[default]
    None,
    /// The period before, of the same length; whole months are compared with whole months, and a month, quarter or year
    /// up to today with as many days of the one before.
    Previous,
    /// The same dates a year before.
    Year,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Names of metrics; at least one.
    #[schema(example = json!(["spend", "new_leads", "cost_per_lead"]))]
    pub metrics: Vec<String>,
    /// What to split by, in this order.
    #[serde(default)]
    #[schema(example = json!(["channel"]))]
    pub dimensions: Vec<String>,
    /// What to keep.
    #[serde(default)]
    pub filters: Vec<Filter>,
    /// Which dates.
    pub range: DateRange,
    /// Splits by time first; the same as naming it as the first dimension.
    #[serde(default)]
    pub grain: Option<Grain>,
    /// What to compare with.
    #[serde(default)]
    pub compare: Compare,
    /// The attribution model; `w_shape` when absent.
    #[serde(default)]
    #[schema(example = "linear")]
    pub model: Option<String>,
    /// The models of the dimension `model`; all with a fixed meaning when absent.
    #[serde(default)]
    pub models: Option<Vec<String>>,
    /// How long before the goal a touch may lie; 180 days when absent.
    #[serde(default)]
    pub lookback_days: Option<u32>,
    /// Whose touches count; everybody's in the company when absent.
    #[serde(default)]
    pub journey: Option<JourneyKind>,
    /// The goal of the metrics `goals` and `goal_value`: `deal_created`, `deal_won` or `event:NAME`.
    #[serde(default)]
    pub goal: Option<String>,
    /// Whose sessions are counted.
    #[serde(default)]
    pub agents: Agents,
    /// What was known at this moment: events received by then under the merges and rules of then, people, companies, deals and
    /// the ledger as they were recorded. What is known now when absent.
    #[serde(default)]
    #[schema(example = "2026-10-01T00:00:00Z")]
    pub as_of: Option<Timestamp>,
    /// The metric to sort by, largest first; the first one when absent. Rows split by time stay in its order.
    #[serde(default)]
    pub order_by: Option<String>,
    /// Most rows; 1 000 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
}

impl Query {
    /// These metrics over these dates, everything else as usual.
    #[must_use]
    pub fn new(metrics: &[&str], range: DateRange) -> Self {
        Self {
            metrics: metrics.iter().map(|metric| (*metric).to_owned()).collect(),
            dimensions: Vec::new(),
            filters: Vec::new(),
            range,
            grain: None,
            compare: Compare::None,
            model: None,
            models: None,
            lookback_days: None,
            journey: None,
            goal: None,
            agents: Agents::Human,
            as_of: None,
            order_by: None,
            limit: None,
        }
    }

    /// The same question, split by these dimensions.
    #[must_use]
    pub fn by(mut self, dimensions: &[Dimension]) -> Self {
        self.dimensions = dimensions.iter().map(|dimension| dimension.as_str().to_owned()).collect();
        self
    }
}

/// A filter whose dimension is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFilter {
    /// The dimension.
    pub dimension: Dimension,
    /// How to compare.
    pub op: FilterOp,
    /// With what.
    pub values: Vec<String>,
}

/// A question whose every name is known and allowed.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The metrics.
    pub metrics: Vec<&'static Metric>,
    /// The dimensions.
    pub dimensions: Vec<Dimension>,
    /// The filters.
    pub filters: Vec<PlannedFilter>,
    /// The first and the last day.
    pub range: (Day, Day),
    /// The first and the last day of the comparison.
    pub compare: Option<(Day, Day)>,
    /// Today.
    pub today: Day,
    /// The model.
    pub model: Model,
    /// The models of the dimension `model`: `model` first.
    pub models: Vec<Model>,
    /// How far back, in days.
    pub lookback_days: u32,
    /// Whose touches.
    pub kind: JourneyKind,
    /// The goal of `goals` and `goal_value`.
    pub goal: Option<Goal>,
    /// Whose sessions.
    pub agents: Agents,
    /// Place of the metric to sort by.
    pub order: usize,
    /// Most rows.
    pub limit: usize,
}

impl Plan {
    /// Resolves every name and refuses what would give a wrong number, naming the field.
    ///
    /// # Errors
    /// 422 with the field and the reason.
    pub fn new(query: &Query, today: Day) -> Result<Self, Problem> {
        let metrics = metrics(query)?;
        let dimensions = dimensions(query, &metrics)?;
        let filters = filters(query, &metrics)?;
        let (from, to) = (day_of(query.range.from), day_of(query.range.to));
        if from > to {
            return Err(Problem::invalid("range.to", "The last date lies before the first one."));
        }
        if to - from >= RANGE_DAYS_MAX {
            return Err(Problem::invalid("range", format!("At most {RANGE_DAYS_MAX} days in one question.")));
        }
        let (model, models) = models(query, &metrics, &dimensions)?;
        let goal = query.goal.as_deref().map(str::parse).transpose()?;
        if let Some(place) = metrics.iter().position(|metric| metric.id.starts_with("goal")).filter(|_| goal.is_none())
        {
            let message = "This metric needs `goal`: deal_created, deal_won, or event: and the name of an event.";
            return Err(Problem::invalid(format!("metrics[{place}]"), message));
        }
        let lookback_days = query.lookback_days.unwrap_or(LOOKBACK_DAYS);
        if lookback_days == 0 || lookback_days > LOOKBACK_DAYS_MAX {
            let message = format!("The lookback is from 1 to {LOOKBACK_DAYS_MAX} days.");
            return Err(Problem::invalid("lookback_days", message));
        }
        check_agents(query, &metrics, &dimensions, &filters)?;
        let order = match &query.order_by {
            None => 0,
            Some(id) => metrics
                .iter()
                .position(|metric| metric.id == id.as_str())
                .ok_or_else(|| Problem::invalid("order_by", "Sort by one of the metrics of the question."))?,
        };
        let limit = query.limit.unwrap_or(1_000) as usize;
        if limit == 0 || limit > limits::QUERY_ROWS_MAX {
            return Err(Problem::invalid("limit", format!("From 1 to {} rows.", limits::QUERY_ROWS_MAX)));
        }
        Ok(Self {
            metrics,
            dimensions,
            filters,
            range: (from, to),
            compare: compare_range((from, to), today, query.compare),
            today,
            model,
            models,
            lookback_days,
            kind: query.journey.unwrap_or_default(),
            goal,
            agents: query.agents,
            order,
            limit,
        })
    }

    /// The journeys to a goal under this plan.
    #[must_use]
    pub fn journeys(&self, goal: Goal) -> JourneyKey {
        JourneyKey { goal, lookback_days: self.lookback_days, kind: self.kind }
    }

    /// Whether the question is split or filtered by a dimension.
    #[must_use]
    pub fn asks(&self, dimension: Dimension) -> bool {
        self.dimensions.contains(&dimension) || self.filters.iter().any(|filter| filter.dimension == dimension)
    }

    /// Whether the question is split or filtered by what a session says of itself.
    #[must_use]
    pub fn asks_touch(&self) -> bool {
        Dimension::OF_TOUCH.iter().any(|dimension| self.asks(*dimension))
    }

    /// The first dimension of time and its place.
    #[must_use]
    pub fn time(&self) -> Option<(usize, Grain)> {
        self.dimensions.iter().enumerate().find_map(|(place, dimension)| Some((place, dimension.grain()?)))
    }
}

fn metrics(query: &Query) -> Result<Vec<&'static Metric>, Problem> {
    if query.metrics.is_empty() || query.metrics.len() > limits::QUERY_METRICS_MAX {
        return Err(Problem::invalid("metrics", format!("From 1 to {} metrics.", limits::QUERY_METRICS_MAX)));
    }
    let find = |(place, id): (usize, &String)| {
        Metric::find(id).ok_or_else(|| {
            let name: String = id.chars().take(64).collect();
            let message = format!("There is no metric `{name}`. GET /api/v1/metrics-registry lists all.");
            Problem::invalid(format!("metrics[{place}]"), message)
        })
    };
    query.metrics.iter().enumerate().map(find).collect()
}

fn dimension(name: &str, field: impl Into<String>) -> Result<Dimension, Problem> {
    Dimension::parse(name).ok_or_else(|| {
        let known: Vec<&str> = Dimension::ALL.iter().map(|dimension| dimension.as_str()).collect();
        let name: String = name.chars().take(64).collect();
        Problem::invalid(field, format!("There is no dimension `{name}`. There are: {}.", known.join(", ")))
    })
}

fn dimensions(query: &Query, metrics: &[&Metric]) -> Result<Vec<Dimension>, Problem> {
    let mut dimensions = Vec::new();
    if let Some(grain) = query.grain {
        dimensions.extend(Dimension::ALL.iter().copied().find(|dimension| dimension.grain() == Some(grain)));
    }
    for (place, name) in query.dimensions.iter().enumerate() {
        let field = format!("dimensions[{place}]");
        let dimension = dimension(name, field.clone())?;
        if dimensions.contains(&dimension) {
            continue;
        }
        if let Some(refusal) = metrics.iter().find_map(|metric| metric.refusal(dimension)) {
            return Err(Problem::invalid(field, refusal));
        }
        dimensions.push(dimension);
    }
    if dimensions.len() > limits::QUERY_DIMENSIONS_MAX {
        return Err(Problem::invalid("dimensions", format!("At most {}.", limits::QUERY_DIMENSIONS_MAX)));
    }
    Ok(dimensions)
}

fn filters(query: &Query, metrics: &[&Metric]) -> Result<Vec<PlannedFilter>, Problem> {
    if query.filters.len() > limits::QUERY_DIMENSIONS_MAX {
        return Err(Problem::invalid("filters", format!("At most {}.", limits::QUERY_DIMENSIONS_MAX)));
    }
    let plan = |(place, filter): (usize, &Filter)| {
        let field = format!("filters[{place}].dimension");
        let dimension = dimension(&filter.dimension, field.clone())?;
        if dimension.grain().is_some() || dimension == Dimension::Model {
            return Err(Problem::invalid(field, "Time is chosen with `range`, the model with `model`."));
        }
        if let Some(refusal) = metrics.iter().find_map(|metric| metric.refusal(dimension)) {
            return Err(Problem::invalid(field, refusal));
        }
        if filter.values.is_empty() || filter.values.len() > FILTER_VALUES_MAX {
            let message = format!("From 1 to {FILTER_VALUES_MAX} values.");
            return Err(Problem::invalid(format!("filters[{place}].values"), message));
        }
        Ok(PlannedFilter { dimension, op: filter.op, values: filter.values.clone() })
    };
    query.filters.iter().enumerate().map(plan).collect()
}

fn models(query: &Query, metrics: &[&Metric], dimensions: &[Dimension]) -> Result<(Model, Vec<Model>), Problem> {
    let model = query.model.as_deref().map_or(Ok(MODEL), |text| parse_model(text, "model"))?;
    let mut models = vec![model.clone()];
    if dimensions.contains(&Dimension::Model) {
        let named = match &query.models {
            None => Model::named(),
            Some(texts) if texts.is_empty() || texts.len() > 20 => {
                return Err(Problem::invalid("models", "From 1 to 20 models."));
            }
            Some(texts) => {
                let parse = |(place, text): (usize, &String)| parse_model(text, format!("models[{place}]"));
                texts.iter().enumerate().map(parse).collect::<Result<_, _>>()?
            }
        };
        models.extend(named.into_iter().filter(|other| *other != model));
    }
    let careless = models.iter().find(|model| !model.conserves());
    let barred = metrics.iter().find(|metric| metric.needs_conserving_credit());
    if let (Some(model), Some(metric)) = (careless, barred) {
        let message = format!(
            "{} may not be computed under `{model}`: its credits sum to more than the value, so the result would be \
             wrong. Choose a model that conserves.",
            metric.words.name
        );
        return Err(Problem::invalid("model", message));
    }
    Ok((model, models))
}

fn check_agents(
    query: &Query,
    metrics: &[&Metric],
    dimensions: &[Dimension],
    filters: &[PlannedFilter],
) -> Result<(), Problem> {
    let machines = query.agents != Agents::Human;
    let pages = dimensions.contains(&Dimension::Page) || filters.iter().any(|one| one.dimension == Dimension::Page);
    if machines && pages {
        return Err(Problem::invalid(
            "agents",
            "Which pages a machine saw is not kept; ask for people, or without pages.",
        ));
    }
    let wrong =
        metrics.iter().position(|metric| !["sessions", "engaged_sessions", "engagement_rate"].contains(&metric.id));
    match wrong.filter(|_| machines) {
        None => Ok(()),
        Some(place) => Err(Problem::invalid(
            "agents",
            format!("{} is about people only; machines have sessions alone.", metrics[place].words.name),
        )),
    }
}

/// The dates to compare with. A period that is not over yet is compared with the same part of the one before: a month, a
/// quarter or a year that runs up to today, or later, with as many days from the start of the one before it.
#[must_use]
pub fn compare_range((from, to): (Day, Day), today: Day, compare: Compare) -> Option<(Day, Day)> {
    let over = if today < from { to } else { to.min(today) };
    match compare {
        Compare::None => None,
        Compare::Year => {
            let before = |day: Day| day_of(date_of(day).saturating_sub(1.year()));
            Some((before(from), before(over)))
        }
        Compare::Previous => Some(period_before((from, to), today)),
    }
}
