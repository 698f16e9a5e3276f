//! Home, in one call: what changed, six tiles, pipeline and spend over time, channels, content, what needs a decision.

use super::changes::{Change, changes};
use super::decisions::{Decision, decisions};
use super::roi::{RoiInterval, roi};
use crate::attribution::JourneyKind;
use crate::facts::{Day, Facts, Grain, day_of};
use crate::metrics::internal::{Key, Measure, Run, Subject, answer};
use crate::metrics::{
    AsOf, Cell, Compare, DateRange, Dimension, Direction, Figure, KeyPart, Metric, Plan, Query, Span, Table, Unit,
};
use jiff::civil::Date;
use kernel::money::Currency;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

/// Most points of a trend.
const POINTS_MAX: usize = 18;
/// The metrics of the tiles, in their order; each may have a second one beside it, and a plan line.
const TILES: &[(&str, Option<&str>, bool)] = &[
    ("pipeline_contribution", Some("pipeline_contribution_share"), false),
    ("marketing_sourced_revenue", Some("won_revenue"), false),
    ("cac", Some("deals_won"), false),
    ("payback_months", None, false),
    ("spend", Some("spend_to_plan"), true),
    ("campaign_velocity", Some("campaigns_started"), false),
];
const CHANNEL_METRICS: &[&str] = &[
    "spend",
    "new_leads",
    "cost_per_lead",
    "deals_created",
    "pipeline_created",
    "deals_won",
    "attributed_revenue",
    "revenue_contribution",
];

/// What the reader chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeRequest {
    /// The dates.
    pub range: DateRange,
    /// What to compare with.
    pub compare: Compare,
    /// The attribution model.
    pub model: Option<String>,
    /// How far back, in days.
    pub lookback_days: Option<u32>,
    /// Whose touches.
    pub journey: Option<JourneyKind>,
}

/// One point of a trend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrendPoint {
    /// The period: its first date, and what to call it.
    pub period: KeyPart,
    /// The value; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Figure>,
    /// Whether the period is not over yet.
    pub incomplete: bool,
}

/// One figure of the first row, with the decision it serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tile {
    /// The metric; open it with a drill on `query`.
    pub metric: String,
    /// Its name.
    pub name: String,
    /// What its numbers are.
    pub unit: Unit,
    /// Which way is good.
    pub direction: Direction,
    /// Which decision it serves.
    pub decision: String,
    /// Its value and comparison.
    pub value: Cell,
    /// A second metric beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<Beside>,
    /// At most 18 points.
    pub trend: Vec<TrendPoint>,
    /// The plan for the same dates; absent where nothing is planned, which is not a plan of zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Figure>,
    /// The plan, point by point.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub plan_trend: Vec<TrendPoint>,
}

/// The smaller figure of a tile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Beside {
    /// The metric.
    pub metric: String,
    /// Its name.
    pub name: String,
    /// What its numbers are.
    pub unit: Unit,
    /// Its value and comparison.
    pub value: Cell,
}

/// Pipeline, spend and plan of one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OverTimePoint {
    /// The period.
    pub period: KeyPart,
    /// Pipeline created.
    pub pipeline: Figure,
    /// The part of it that marketing touches have.
    pub pipeline_contribution: Figure,
    /// Spend.
    pub spend: Figure,
    /// Plan; absent where nothing is planned, which is not a plan of zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Figure>,
    /// Whether the period is not over yet.
    pub incomplete: bool,
}

/// Pipeline and spend over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OverTime {
    /// The length of the periods.
    pub grain: Grain,
    /// The periods.
    pub points: Vec<OverTimePoint>,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChannelRow {
    /// The channel.
    pub channel: KeyPart,
    /// Spend.
    pub spend: Cell,
    /// New leads.
    pub leads: Cell,
    /// Cost per lead.
    pub cost_per_lead: Cell,
    /// Deals created, shared by the model.
    pub opportunities: Cell,
    /// Pipeline created, shared by the model.
    pub pipeline: Cell,
    /// Deals won, shared by the model.
    pub won: Cell,
    /// Won revenue, shared by the model.
    pub revenue: Cell,
    /// The return with its interval; absent where nothing was spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roi: Option<RoiInterval>,
}

/// A page that deals saw before they were created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContentRow {
    /// The page.
    pub page: KeyPart,
    /// Pipeline of the deals whose people saw it; rows overlap.
    pub pipeline: Cell,
}

/// Home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Home {
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
    /// The question behind every number here: put a metric and dimensions in, and drill.
    pub query: Query,
    /// The largest movements and their causes.
    pub changes: Vec<Change>,
    /// Six figures.
    pub tiles: Vec<Tile>,
    /// Pipeline and spend over time.
    pub over_time: OverTime,
    /// The channels, by spend and revenue.
    pub channels: Vec<ChannelRow>,
    /// All channels together, "No touch known" included.
    pub channel_totals: ChannelRow,
    /// Pages that assisted pipeline.
    pub content: Vec<ContentRow>,
    /// What needs a decision.
    pub decisions: Vec<Decision>,
    /// What a reader must know.
    pub notes: Vec<String>,
    /// How far the events were read.
    pub watermark: AsOf,
}

/// The finest grain with at most 18 periods.
fn grain((from, to): (Day, Day)) -> Grain {
    let fits = |grain: &Grain| grain.periods(from, to).len() <= POINTS_MAX;
    [Grain::Day, Grain::Week, Grain::Month].into_iter().find(fits).unwrap_or(Grain::Quarter)
}

/// Puts Home together.
///
/// # Errors
/// 422 naming the field.
pub(super) fn home(
    facts: &Facts,
    request: &HomeRequest,
    today: Day,
    as_of: AsOf,
    rejected: (u64, u64),
) -> Result<Home, Problem> {
    let mut base = Query::new(&["spend"], request.range);
    base.compare = request.compare;
    base.model.clone_from(&request.model);
    base.lookback_days = request.lookback_days;
    base.journey = request.journey;
    let ask = |metrics: &[&str], dimensions: &[Dimension], limit: u32| -> Result<Table, Problem> {
        let mut query = base.clone().by(dimensions);
        query.metrics = metrics.iter().map(|metric| (*metric).to_owned()).collect();
        query.limit = Some(limit);
        Ok(answer(facts, &Plan::new(&query, today)?, as_of))
    };
    let grain = grain((day_of(request.range.from), day_of(request.range.to)));
    let time = Dimension::ALL.iter().copied().find(|dimension| dimension.grain() == Some(grain));
    let mut shown: Vec<&str> =
        TILES.iter().flat_map(|(metric, beside, _)| [Some(*metric), *beside]).flatten().collect();
    shown.extend(["plan", "pipeline_created"]);
    let totals = ask(&shown, &[], 1)?;
    let trends = ask(&shown, time.as_slice(), 1_000)?;
    let channels = ask(CHANNEL_METRICS, &[Dimension::Channel], 100)?;
    let content = ask(&["content_assisted_pipeline"], &[Dimension::Page], 10)?;
    let intervals = intervals(facts, &base, today)?;
    let planned = planned_days(facts, &base, today)?;
    let mut notes = totals.notes.clone();
    notes.extend(channels.notes.iter().filter(|note| !totals.notes.contains(note)).cloned());
    Ok(Home {
        changes: if request.compare == Compare::None { Vec::new() } else { changes(facts, &base, today, as_of)? },
        tiles: tiles(&totals, &trends, (grain, &planned)),
        over_time: over_time(facts, &trends, (grain, &planned)),
        channel_totals: channel_row(facts, &channels, &channels.totals, None, &intervals),
        channels: channel_rows(facts, &channels, &intervals),
        content: content
            .rows
            .into_iter()
            .filter_map(|row| {
                Some(ContentRow { page: row.key.into_iter().next()?, pipeline: row.cells.into_iter().next()? })
            })
            .collect(),
        decisions: decisions(facts, &base, today, rejected)?,
        range: totals.range,
        comparison: totals.comparison,
        incomplete: totals.incomplete,
        model: totals.model,
        currency: facts.currency,
        query: base,
        notes,
        watermark: as_of,
    })
}

fn place(table: &Table, metric: &str) -> usize {
    table.metrics.iter().position(|column| column.id == metric).unwrap_or(0)
}

fn trend(table: &Table, metric: &str) -> Vec<TrendPoint> {
    let place = place(table, metric);
    let point = |row: &crate::metrics::TableRow| {
        let period = row.key.first()?.clone();
        Some(TrendPoint { period, value: row.cells.get(place)?.value.clone(), incomplete: row.incomplete })
    };
    table.rows.iter().filter_map(point).take(POINTS_MAX).collect()
}

/// The days that have a plan.
fn planned_days(facts: &Facts, base: &Query, today: Day) -> Result<BTreeSet<Day>, Problem> {
    let mut query = base.clone();
    query.metrics = vec!["plan".to_owned()];
    let plan = Plan::new(&query, today)?;
    let mut days = BTreeSet::new();
    Run::new(facts, &plan, plan.range).visit(Measure::Plan, &mut |record| {
        days.insert(record.day);
    });
    Ok(days)
}

/// Whether any day of a period has a plan.
fn has_plan((grain, planned): (Grain, &BTreeSet<Day>), period: &KeyPart) -> bool {
    let start = period.value.parse::<Date>().map(day_of);
    start.is_ok_and(|start| planned.range(start..grain.next(start)).next().is_some())
}

fn tiles(totals: &Table, trends: &Table, plans: (Grain, &BTreeSet<Day>)) -> Vec<Tile> {
    let plan_trend = || {
        trend(trends, "plan").into_iter().map(|point| {
            let value = point.value.filter(|_| has_plan(plans, &point.period));
            TrendPoint { value, ..point }
        })
    };
    let cell = |metric: &str| totals.totals.get(place(totals, metric)).cloned().unwrap_or_default();
    let tile = |(id, beside, planned): &(&str, Option<&str>, bool)| {
        let metric = Metric::find(id)?;
        let beside = beside.and_then(Metric::find).map(|metric| Beside {
            metric: metric.id.to_owned(),
            name: metric.words.name.clone(),
            unit: metric.unit,
            value: cell(metric.id),
        });
        Some(Tile {
            metric: metric.id.to_owned(),
            name: metric.words.name.clone(),
            unit: metric.unit,
            direction: metric.direction,
            decision: metric.words.decision.clone(),
            value: cell(metric.id),
            beside,
            trend: trend(trends, metric.id),
            plan: cell("plan").value.filter(|_| *planned && !plans.1.is_empty()),
            plan_trend: if *planned { plan_trend().collect() } else { Vec::new() },
        })
    };
    TILES.iter().filter_map(tile).collect()
}

fn over_time(facts: &Facts, trends: &Table, plans: (Grain, &BTreeSet<Day>)) -> OverTime {
    let zero = Figure::Money(kernel::money::Money::new(0, facts.currency));
    let places = ["pipeline_created", "pipeline_contribution", "spend", "plan"].map(|metric| place(trends, metric));
    let point = |row: &crate::metrics::TableRow| {
        let [pipeline, pipeline_contribution, spend, plan] = places
            .map(|place| row.cells.get(place).and_then(|cell| cell.value.clone()).unwrap_or_else(|| zero.clone()));
        let period = row.key.first()?.clone();
        let plan = has_plan(plans, &period).then_some(plan);
        Some(OverTimePoint { period, pipeline, pipeline_contribution, spend, plan, incomplete: row.incomplete })
    };
    OverTime { grain: plans.0, points: trends.rows.iter().filter_map(point).collect() }
}

/// Credits of won deals by channel, and how many goals there were.
struct Intervals {
    goals: usize,
    by_channel: HashMap<u32, Vec<(usize, i64)>>,
    all: Vec<(usize, i64)>,
    seed: u64,
}

fn intervals(facts: &Facts, base: &Query, today: Day) -> Result<Intervals, Problem> {
    let mut query = base.clone().by(&[Dimension::Channel]);
    query.metrics = vec!["revenue_contribution".to_owned()];
    let plan = Plan::new(&query, today)?;
    let run = Run::new(facts, &plan, plan.range);
    let mut numbers: HashMap<u32, usize> = HashMap::new();
    let mut sums: HashMap<(u32, usize), i64> = HashMap::new();
    // Every deal won takes part in the draw, also those without marketing: else the sample would be too small.
    run.visit(Measure::Revenue, &mut |record| {
        if let Subject::Credit { goal, .. } = record.subject {
            let next = numbers.len();
            numbers.entry(goal).or_insert(next);
        }
    });
    run.visit(Measure::MarketingRevenue, &mut |record| {
        if let Subject::Credit { goal, micros, .. } = record.subject {
            let key: Key = run.key(record);
            let number = numbers.get(&goal).copied().unwrap_or(0);
            *sums.entry((key[0], number)).or_default() += micros;
        }
    });
    let mut by_channel: HashMap<u32, Vec<(usize, i64)>> = HashMap::new();
    let mut whole: HashMap<usize, i64> = HashMap::new();
    for ((channel, goal), micros) in sums {
        by_channel.entry(channel).or_default().push((goal, micros));
        *whole.entry(goal).or_default() += micros;
    }
    by_channel.values_mut().for_each(|credits| credits.sort_unstable());
    let mut all: Vec<(usize, i64)> = whole.into_iter().collect();
    all.sort_unstable();
    // The same question gets the same interval.
    let seed = u64::from(plan.range.0.cast_unsigned()) << 32 | u64::from(plan.range.1.cast_unsigned());
    Ok(Intervals { goals: numbers.len(), by_channel, all, seed })
}

fn channel_rows(facts: &Facts, table: &Table, intervals: &Intervals) -> Vec<ChannelRow> {
    let mut rows: Vec<ChannelRow> =
        table.rows.iter().map(|row| channel_row(facts, table, &row.cells, row.key.first(), intervals)).collect();
    let number = |cell: &Cell| cell.value.as_ref().map_or(0.0, Figure::number);
    rows.sort_by(|a, b| {
        number(&b.spend)
            .total_cmp(&number(&a.spend))
            .then_with(|| number(&b.revenue).total_cmp(&number(&a.revenue)))
            .then_with(|| number(&b.pipeline).total_cmp(&number(&a.pipeline)))
            .then_with(|| a.channel.label.cmp(&b.channel.label))
    });
    rows
}

fn channel_row(
    facts: &Facts,
    table: &Table,
    cells: &[Cell],
    key: Option<&KeyPart>,
    intervals: &Intervals,
) -> ChannelRow {
    let cell = |metric: &str| cells.get(place(table, metric)).cloned().unwrap_or_default();
    let spend = match cell("spend").value {
        Some(Figure::Money(money)) => money.micros,
        _ => 0,
    };
    let credits = match key {
        None => Some(&intervals.all),
        Some(key) => facts.code(&key.value).and_then(|code| intervals.by_channel.get(&code)),
    };
    let (credits, seed) = (credits.map_or(&[][..], Vec::as_slice), intervals.seed);
    let total = KeyPart { value: String::new(), label: "All channels".to_owned() };
    ChannelRow {
        channel: key.cloned().unwrap_or(total),
        spend: cell("spend"),
        leads: cell("new_leads"),
        cost_per_lead: cell("cost_per_lead"),
        opportunities: cell("deals_created"),
        pipeline: cell("pipeline_created"),
        won: cell("deals_won"),
        revenue: cell("attributed_revenue"),
        roi: roi(spend, intervals.goals, credits, seed),
    }
}
