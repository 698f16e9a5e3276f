//! The same question in SQL, for the console and for doubters.

use crate::attribution::JourneyKind;
use crate::facts::{Day, Facts, date_of};
use crate::metrics::internal::{Dimension, Formula, Key, Measure, Plan, PlannedFilter, part};
use crate::metrics::{Agents, FilterOp, Metric};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// How the table `credits` (and what follows from journeys) is written for a question in SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlSettings {
    /// The models in the table; all with a fixed meaning when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
    /// How far back, in days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookback_days: Option<u32>,
    /// Whose touches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journey: Option<JourneyKind>,
    /// One more goal in the table: an event by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<String>,
}

impl SqlSettings {
    pub(super) fn of(plan: &Plan, key: Option<&Key>) -> Self {
        Self {
            models: Some(vec![model_of(plan, key)]),
            lookback_days: Some(plan.lookback_days),
            journey: Some(plan.kind),
            goal: plan.goal.as_ref().map(ToString::to_string),
        }
    }
}

fn model_of(plan: &Plan, key: Option<&Key>) -> String {
    let place = plan.dimensions.iter().position(|dimension| *dimension == Dimension::Model);
    let number = place.and_then(|place| key.map(|key| key[place] as usize)).unwrap_or(0);
    plan.models.get(number).unwrap_or(&plan.model).to_string()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A metric in SQL; money in units of the currency.
pub(super) fn of_metric(facts: &Facts, plan: &Plan, metric: &Metric, range: (Day, Day), key: Option<&Key>) -> String {
    let whole = |measure: Measure| of_measure(facts, plan, measure, range, key);
    let real = |measure: Measure| {
        let scale = if measure.is_money() || measure.is_share() { " / 1e6" } else { "" };
        format!("({}){scale}", whole(measure))
    };
    let none_if_zero = |measure: Measure| format!("nullif({}, 0)", real(measure));
    match metric.formula {
        Formula::Plain(measure) => format!("select {} as {}", real(measure), metric.id),
        Formula::Median(measure) => format!("select ({}) / 86400e6 as {}", whole(measure), metric.id),
        Formula::PerMonth(measure) => {
            let days = crate::metrics::internal::elapsed(range, plan.today);
            format!("select 30.0 * {} / {days} as {}", real(measure), metric.id)
        }
        Formula::Quotient(top, bottom) => {
            format!("select 1.0 * {}\n     / {} as {}", real(top), none_if_zero(bottom), metric.id)
        }
        Formula::Return(top, bottom) => {
            format!("select 1.0 * ({} - {})\n     / {} as {}", real(top), real(bottom), none_if_zero(bottom), metric.id)
        }
        Formula::Payback(top, bottom) => {
            format!("select 12.0 * {}\n     / {} as {}", real(top), none_if_zero(bottom), metric.id)
        }
    }
}

struct Shape {
    table: &'static str,
    value: &'static str,
    day: &'static str,
    prefix: &'static str,
    only: Vec<String>,
    /// The column whose values count once, for measures that overlap.
    once: Option<&'static str>,
}

fn shape(plan: &Plan, measure: Measure, key: Option<&Key>) -> Shape {
    use Measure as M;
    let sessions =
        |only: Vec<String>| Shape { table: "sessions", value: "count(*)", day: "day", prefix: "", only, once: None };
    let people = |day, prefix, only| Shape { table: "people", value: "count(*)", day, prefix, only, once: None };
    let credits = |goal: &str, value, only: &[&str]| {
        let own = [format!("goal = {}", quoted(goal)), format!("model = {}", quoted(&model_of(plan, key)))];
        let only = own.into_iter().chain(only.iter().map(|text| (*text).to_owned())).collect();
        Shape { table: "credits", value, day: "day", prefix: "", only, once: None }
    };
    let agents = match plan.agents {
        Agents::Human => Some("agent_class in ('human', 'unknown')"),
        Agents::Bot => Some("agent_class = 'bot'"),
        Agents::AiAgent => Some("agent_class = 'ai_agent'"),
        Agents::All => None,
    };
    let agents: Vec<String> = agents.into_iter().map(str::to_owned).collect();
    let goal = plan.goal.as_ref().map(ToString::to_string).unwrap_or_default();
    let ledger = |kind: &str| {
        let only = vec![format!("kind = '{kind}'")];
        Shape { table: "ledger", value: "coalesce(sum(micros), 0)", day: "day", prefix: "", only, once: None }
    };
    let mut shape = match measure {
        M::Sessions => sessions(agents),
        M::EngagedSessions => sessions(agents.into_iter().chain(["engaged".to_owned()]).collect()),
        M::CampaignsStarted => sessions(vec!["campaign_first".to_owned()]),
        M::People => people("created_day", "first_", vec![]),
        M::Leads => people("lead_day", "lead_", vec!["lead_day is not null".to_owned()]),
        M::LeadsWithSession => people("lead_day", "lead_", vec!["lead_has_session".to_owned()]),
        M::DealsCreated => credits("deal_created", "coalesce(sum(share), 0)", &[]),
        M::DealsWon => credits("deal_won", "coalesce(sum(share), 0)", &[]),
        M::Pipeline => credits("deal_created", "coalesce(sum(micros), 0)", &[]),
        M::MarketingPipeline => credits("deal_created", "coalesce(sum(micros), 0)", &["marketing"]),
        M::Revenue => credits("deal_won", "coalesce(sum(micros), 0)", &[]),
        M::MarketingRevenue => credits("deal_won", "coalesce(sum(micros), 0)", &["marketing"]),
        M::SourcedRevenue => credits("deal_won", "coalesce(sum(value_micros), 0)", &["first_touch", "marketing"]),
        M::InfluencedRevenue => Shape { once: Some("value_micros"), ..credits("deal_won", "", &["marketing"]) },
        M::Goals => credits(&goal, "coalesce(sum(share), 0)", &[]),
        M::GoalValue => credits(&goal, "coalesce(sum(micros), 0)", &[]),
        M::TimeToWin => credits(
            "deal_won",
            "median(cast(microseconds_before as double))",
            &["first_touch", "session_offset is not null"],
        ),
        M::Spend => ledger("actual"),
        M::Plan => ledger("plan"),
        M::PlanToDate => {
            let mut plan_to_date = ledger("plan");
            plan_to_date.only.push(format!("day <= '{}'", date_of(plan.today)));
            plan_to_date
        }
        M::AssistedPipeline => {
            Shape { table: "deal_pages", value: "", day: "day", prefix: "", only: vec![], once: Some("value_micros") }
        }
    };
    let place = plan.dimensions.iter().position(|dimension| *dimension == Dimension::Model);
    let model = place.zip(key).and_then(|(place, key)| plan.models.get(key[place] as usize)).unwrap_or(&plan.model);
    if shape.once.is_none() && measure.is_credit() && !model.conserves() {
        shape.once = Some(if measure.is_share() { "share" } else { "micros" });
    }
    shape
}

/// A measure in SQL, as it is added up: micros, millionths or a count.
pub(super) fn of_measure(facts: &Facts, plan: &Plan, measure: Measure, range: (Day, Day), key: Option<&Key>) -> String {
    let shape = shape(plan, measure, key);
    let mut wheres = shape.only.clone();
    wheres.push(format!("{} between '{}' and '{}'", shape.day, date_of(range.0), date_of(range.1)));
    let column = |dimension: Dimension| match dimension {
        Dimension::Company => "company".to_owned(),
        Dimension::Page => "page".to_owned(),
        other => format!("{}{}", shape.prefix, other.as_str()),
    };
    let mut pages: Vec<String> = Vec::new();
    let mut narrow = |dimension: Dimension, text: String| {
        if dimension == Dimension::Page && shape.table == "sessions" { pages.push(text) } else { wheres.push(text) }
    };
    let mut unseen: Vec<String> = Vec::new();
    for filter in &plan.filters {
        let negated = matches!(filter.op, FilterOp::NotIn | FilterOp::NotContains);
        if filter.dimension == Dimension::Page && shape.table == "sessions" && negated {
            // Of no page of the visit, so it cannot be asked page by page.
            let op = if filter.op == FilterOp::NotIn { FilterOp::In } else { FilterOp::Contains };
            let seen = condition(facts, "page", &PlannedFilter { op, ..filter.clone() });
            unseen.push(format!("event_offset not in (select event_offset from session_pages where {seen})"));
        } else {
            narrow(filter.dimension, condition(facts, &column(filter.dimension), filter));
        }
    }
    if let Some(key) = key {
        for (dimension, code) in plan.dimensions.iter().zip(key) {
            if dimension.grain().is_none() && *dimension != Dimension::Model {
                let value = part(facts, plan, *dimension, *code).value;
                narrow(*dimension, format!("{} = {}", column(*dimension), quoted(&value)));
            }
        }
    }
    if !pages.is_empty() {
        let pages = pages.join(" and ");
        wheres.push(format!("event_offset in (select event_offset from session_pages where {pages})"));
    }
    wheres.extend(unseen);
    let wheres = wheres.join(" and ");
    match shape.once {
        None => format!("select {} from {} where {wheres}", shape.value, shape.table),
        Some(value) => format!(
            "select coalesce(sum(value), 0) from (select goal_id, max({value}) as value from {} where {wheres} group by goal_id)",
            shape.table
        ),
    }
}

fn condition(facts: &Facts, column: &str, filter: &PlannedFilter) -> String {
    let negated = matches!(filter.op, FilterOp::NotIn | FilterOp::NotContains);
    let contains = matches!(filter.op, FilterOp::Contains | FilterOp::NotContains);
    let mut values: Vec<String> = filter.values.clone();
    let mut text = String::new();
    if filter.dimension == Dimension::Company {
        // Companies are filtered by name or id; the tables name them by id.
        let named = |name: &str| {
            filter
                .values
                .iter()
                .any(|value| if contains { name.to_lowercase().contains(&value.to_lowercase()) } else { name == value })
        };
        let ids =
            facts.company_names.iter().filter(|(_, name)| named(name)).map(|(code, _)| facts.shown(*code).to_owned());
        // An id is no text that somebody looks for a part of.
        if contains {
            values.clear();
        }
        values.extend(ids);
        values.sort();
    }
    let joined = values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ");
    if contains && filter.dimension == Dimension::Company {
        text = if values.is_empty() { "1 = 0".to_owned() } else { format!("{column} in ({joined})") };
    } else if contains {
        let parts =
            filter.values.iter().map(|value| format!("strpos(lower({column}), {}) > 0", quoted(&value.to_lowercase())));
        let _ = write!(text, "({})", parts.collect::<Vec<String>>().join(" or "));
    } else {
        let _ = write!(text, "{column} in ({joined})");
    }
    if negated { format!("not ({text})") } else { text }
}
