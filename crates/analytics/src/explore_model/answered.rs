//! What is answered, as the API gives it.

use super::asked::ReturnRule;
use super::opened::{Group, Stop};
use crate::metrics::{AsOf, Figure, Span};
use kernel::ids::PersonId;
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One period of an axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExplorePeriod {
    /// Where it begins.
    pub from: Timestamp,
    /// Where it ends; not in it.
    pub to: Timestamp,
    /// Whether the range, or the present moment, cuts it.
    pub partial: bool,
}

/// One line of a trend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrendLine {
    /// Which of the events of the question, from 0.
    pub series: usize,
    /// Which part of the breakdown; absent for all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// Over the whole range; people count once. Absent when there is nothing to divide by.
    pub total: Option<Figure>,
    /// The same of the comparison.
    pub previous_total: Option<Figure>,
    /// A value a period; absent before anything can have happened, and when there is nothing to divide by.
    pub values: Vec<Option<Figure>>,
    /// The values of the comparison, as many.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub previous: Vec<Option<Figure>>,
}

/// How something developed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrendsAnswer {
    /// The points.
    pub periods: Vec<ExplorePeriod>,
    /// The points of the comparison, in the same order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub previous_periods: Vec<ExplorePeriod>,
    /// The lines: each event as a whole, then the parts of the breakdown, the largest first, then the rest.
    pub lines: Vec<TrendLine>,
    /// How many parts the breakdown has in all.
    pub groups: usize,
}

/// Between which times most lie; from a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Between {
    /// Not less, in seconds.
    pub from_seconds: i64,
    /// Less than this, in seconds; absent: no limit.
    pub to_seconds: Option<i64>,
}

/// One step of a funnel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FunnelStep {
    /// People who took this step after those before it.
    pub people: u64,
    /// People of the comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_people: Option<u64>,
    /// Of those who took the first step; 0.25 is 25 %. Absent when nobody did.
    pub of_first: Option<f64>,
    /// Of those who took the step before. Absent when nobody did.
    pub of_before: Option<f64>,
    /// People who took this step and not the next; absent for the last one.
    pub dropped: Option<u64>,
    /// Mean time from the first step to this one, in seconds; absent for the first one.
    pub took_mean_seconds: Option<f64>,
    /// Where the median of that time lies.
    pub took_median: Option<Between>,
    /// People by that time: less than each of `took_limits_seconds`, and the rest.
    pub took: Vec<u64>,
}

/// One part of a funnel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FunnelPart {
    /// Which part of the breakdown; absent for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// The steps.
    pub steps: Vec<FunnelStep>,
    /// Whether its rate from the first to the last step differs from that of all others by more than chance alone
    /// does in 95 of 100 cases; absent where there are too few people to say.
    pub differs: Option<bool>,
}

/// Where people are lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FunnelAnswer {
    /// Everybody, then the parts of the breakdown, the largest first, then the rest.
    pub parts: Vec<FunnelPart>,
    /// How many parts the breakdown has in all.
    pub groups: usize,
    /// Limits of the histograms, in seconds.
    pub took_limits_seconds: Vec<i64>,
}

/// Those whose first event was in one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cohort {
    /// When it was.
    pub period: ExplorePeriod,
    /// How many they are.
    pub people: u64,
    /// How many came back so many periods later (place 0: in the first itself); absent for a period that has not
    /// begun.
    pub back: Vec<Option<u64>>,
    /// From this place on the period is not over yet.
    pub partial_from: usize,
    /// How many came back in each bracket; absent for one that has not begun.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub brackets: Vec<Option<u64>>,
}

/// The returns of one bracket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BracketMean {
    /// Its first period.
    pub from: usize,
    /// Its last period.
    pub to: usize,
    /// Over all cohorts for which it is over.
    pub mean: RetentionMean,
    /// How many of the cohorts it is over for: the first ones.
    pub cohorts_over: usize,
}

/// One part of a retention.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetentionPart {
    /// Which part of the breakdown.
    pub group: Group,
    /// How many people it has.
    pub people: u64,
    /// As `mean` of the answer.
    pub mean: Vec<RetentionMean>,
    /// The same for each bracket.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub brackets: Vec<RetentionMean>,
}

/// Who came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetentionAnswer {
    /// When it counts.
    pub rule: ReturnRule,
    /// The cohorts, the first one first.
    pub cohorts: Vec<Cohort>,
    /// Over all cohorts for which the period is over: how many came back of how many, a place each.
    pub mean: Vec<RetentionMean>,
    /// The brackets that were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub brackets: Vec<BracketMean>,
    /// The parts of the breakdown, the largest first, then the rest.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parts: Vec<RetentionPart>,
    /// How many parts the breakdown has in all.
    #[serde(default)]
    pub groups: usize,
}

/// Returns over several cohorts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetentionMean {
    /// People of the cohorts.
    pub people: u64,
    /// How many came back.
    pub back: u64,
    /// The share; absent when there is nobody.
    pub share: Option<f64>,
}

/// A stop at one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PathStopCount {
    /// The stop.
    pub stop: Stop,
    /// How many people.
    pub people: u64,
}

/// How many went from a stop of one step to one of the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PathLink {
    /// The step it begins at, from 0.
    pub step: usize,
    /// The place of its stop in that step.
    pub from: usize,
    /// The place of the other stop in the next step.
    pub to: usize,
    /// How many people.
    pub people: u64,
}

/// What people do before or after something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PathsAnswer {
    /// The stops of each step, the largest first, then the rest and the end. The first step is the anchor.
    pub steps: Vec<Vec<PathStopCount>>,
    /// Between them.
    pub links: Vec<PathLink>,
}

/// The answer itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Found {
    /// How something developed.
    Trends(TrendsAnswer),
    /// Where people are lost.
    Funnel(FunnelAnswer),
    /// Who came back.
    Retention(RetentionAnswer),
    /// What happens before or after.
    Paths(PathsAnswer),
}

/// An answer, with how it was come by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExploreAnswer {
    /// The answer.
    pub found: Found,
    /// The dates, widened to whole periods where the question needs that.
    pub range: Span,
    /// The dates compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<Span>,
    /// How many people the segment has in the range; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment_people: Option<u64>,
    /// How far the events were read.
    pub watermark: AsOf,
    /// How long the computation took, in milliseconds.
    pub took_ms: u64,
    /// Whether it was computed for an earlier question that was the same.
    pub from_cache: bool,
}

/// From the answer that was given at a moment to that of today, for the number that says most: the total of the first line,
/// the people of the last step, those of all cohorts, those at the anchor. Money in units of the workspace's currency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExploreBridge {
    /// As it was known then.
    pub then: f64,
    /// What events add that were received later.
    pub late_events: f64,
    /// What changes of the channel and visitor rules add that reached these events since.
    pub rule_changes: f64,
    /// What people add who were merged or separated since.
    pub merges: f64,
    /// As it is known now: the sum of the others.
    pub now: f64,
}

/// A person behind a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PersonBehind {
    /// The id.
    pub id: PersonId,
    /// The name; empty when nobody said one.
    pub name: String,
    /// The e-mail address; empty when it is not known.
    pub email: String,
    /// The company's name; empty when it is not known.
    pub company: String,
    /// Whether it is somebody in the list of people; bots and AI agents are not.
    pub listed: bool,
    /// The last event of all; absent when it is not known.
    pub last_seen: Option<Timestamp>,
}

/// Who is behind a number: one page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PeopleBehind {
    /// How many they are in all.
    pub people: u64,
    /// These of them, the one who came first into the workspace first.
    pub items: Vec<PersonBehind>,
    /// Give this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How far the events were read.
    pub watermark: AsOf,
}

/// A column that can be asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ColumnChoice {
    /// The name in the API.
    pub id: super::condition::Column,
    /// The name for people.
    pub name: String,
}

/// A text that stands in events, with how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TextChoice {
    /// The text; empty for events that do not say.
    pub value: String,
    /// How many events.
    pub events: u64,
    /// How many people.
    pub people: u64,
}

/// What a question can be made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExploreChoices {
    /// The names of events, the one of most people first.
    pub names: Vec<TextChoice>,
    /// How many names there are in all.
    pub names_total: usize,
    /// The columns.
    pub columns: Vec<ColumnChoice>,
    /// The columns that sessions can be broken down by.
    pub session_columns: Vec<super::condition::Column>,
    /// The properties that companies have, by name.
    pub company_properties: Vec<String>,
}

/// A property that stands in events, with how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PropertyChoice {
    /// The key.
    pub property: String,
    /// What most of its values are.
    #[serde(rename = "type")]
    pub kind: super::condition::PropertyType,
    /// How many of the events that were looked at have it.
    pub events: u64,
}
