//! What can be asked, as the API takes it.

use super::condition::{Column, EventChoice, Segment};
use crate::metrics::{Compare, DateRange};
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Splits by the texts of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExploreBreakdown)]
pub struct Breakdown {
    /// The column.
    pub column: Column,
    /// How many of the largest are shown; the rest is added up as "other".
    #[serde(default = "top")]
    #[schema(minimum = 1, maximum = 20)]
    pub top: usize,
}

/// What is counted of the events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrendMeasure {
    /// Events.
    Events,
    /// Different people.
    #[default]
    People,
    /// Events per person who did any.
    EventsPerPerson,
    /// Sum of the values.
    Value,
    /// Sum of the values, shared among the events.
    ValuePerEvent,
    /// Sum of a property that is a number.
    PropertySum,
    /// Its mean over the events that have it.
    PropertyMean,
    /// Sessions with such an event, in the period they began in.
    Sessions,
    /// Those sessions per person who had any.
    SessionsPerPerson,
    /// The share of them that were engaged: longer than 10 seconds, or two views.
    EngagedShare,
    /// Their mean length from the first event to the last, in seconds.
    SessionSeconds,
}

impl TrendMeasure {
    /// Whether it is about sessions.
    #[must_use]
    pub const fn is_of_sessions(self) -> bool {
        matches!(self, Self::Sessions | Self::SessionsPerPerson | Self::EngagedShare | Self::SessionSeconds)
    }

    /// Whether it is about a property.
    #[must_use]
    pub const fn is_of_property(self) -> bool {
        matches!(self, Self::PropertySum | Self::PropertyMean)
    }
}

/// Length of a point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// One hour.
    Hour,
    /// One date.
    #[default]
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

/// How something develops over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrendsAsk {
    /// The events, each a line.
    pub series: Vec<EventChoice>,
    /// What is counted.
    #[serde(default)]
    pub measure: TrendMeasure,
    /// The property that `property_sum` and `property_mean` are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// Length of a point.
    #[serde(default)]
    pub granularity: Granularity,
    /// Splits the one line there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<Breakdown>,
}

/// What may lie between two steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepOrder {
    /// Any other events.
    #[default]
    Loose,
    /// Nothing: the very next event of the person is the next step.
    Strict,
}

/// An event that must not happen on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FunnelExclusion {
    /// The event.
    pub event: EventChoice,
    /// Only between this step (from 0) and the next one; between any two when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<usize>,
}

/// How many people take steps in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FunnelAsk {
    /// The steps, 2 to 16.
    pub steps: Vec<EventChoice>,
    /// What may lie between them.
    #[serde(default)]
    pub order: StepOrder,
    /// What must not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<FunnelExclusion>,
    /// Longest time from the first to the last step, in minutes; 14 days when absent.
    #[serde(default = "window")]
    #[schema(minimum = 1, maximum = 527_040)]
    pub window_minutes: u32,
    /// Splits people by what the event of their first step says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<Breakdown>,
}

/// Length of a cohort and of each period after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CohortLength {
    /// One date.
    Day,
    /// Monday to Sunday.
    #[default]
    Week,
    /// A calendar month.
    Month,
}

/// When somebody counts as having come back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReturnRule {
    /// In exactly that period.
    #[default]
    Exact,
    /// In that period or any later one.
    Unbounded,
}

/// Some periods after the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bracket {
    /// The first of them; 0 is the cohort's own.
    #[schema(maximum = 127)]
    pub from: usize,
    /// The last of them.
    #[schema(maximum = 127)]
    pub to: usize,
}

/// Who comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionAsk {
    /// The event that puts a person into the cohort of its period: the first one in the range.
    #[serde(default)]
    pub first: EventChoice,
    /// The event that counts as coming back.
    #[serde(default)]
    pub back: EventChoice,
    /// Length of a period.
    #[serde(default)]
    pub period: CohortLength,
    /// When it counts.
    #[serde(default)]
    pub rule: ReturnRule,
    /// Also who came back in at least one period of each of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub brackets: Vec<Bracket>,
    /// Splits people by what their first event says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<Breakdown>,
}

/// Which way a path is followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PathDirection {
    /// What people do after their first such event.
    #[default]
    After,
    /// What people did before their last such event.
    Before,
}

/// What a stop of a path is called by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PathNode {
    /// The event's name.
    #[default]
    Name,
    /// The page's path; events without one are passed over.
    Path,
    /// The channel; events without one are passed over.
    Channel,
}

/// What people do before or after something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PathsAsk {
    /// Where paths start, or end.
    pub anchor: EventChoice,
    /// Which way.
    #[serde(default)]
    pub direction: PathDirection,
    /// Stops beside the anchor.
    #[serde(default = "stops")]
    #[schema(minimum = 1, maximum = 6)]
    pub steps: usize,
    /// What a stop is called by.
    #[serde(default)]
    pub node: PathNode,
    /// Stops shown at each step; the rest is added up as "other".
    #[serde(default = "top")]
    #[schema(minimum = 1, maximum = 20)]
    pub top: usize,
    /// Names of events that are passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Whether the same stop again and again counts as one.
    #[serde(default = "yes")]
    pub collapse: bool,
    /// Longest time between the anchor and a stop, in minutes; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 527_040)]
    pub window_minutes: Option<u32>,
}

/// The question itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ask {
    /// How something develops.
    Trends(TrendsAsk),
    /// Where people are lost.
    Funnel(FunnelAsk),
    /// Who comes back.
    Retention(RetentionAsk),
    /// What happens before or after.
    Paths(PathsAsk),
}

impl Ask {
    /// Its kind, as the API writes it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Ask::Trends(_) => "trends",
            Ask::Funnel(_) => "funnel",
            Ask::Retention(_) => "retention",
            Ask::Paths(_) => "paths",
        }
    }
}

/// A question about what people did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exploration {
    /// Which dates, in the workspace's time zone. Events outside are not seen at all.
    pub range: DateRange,
    /// What to compare with; trends and funnels only.
    #[serde(default)]
    pub compare: Compare,
    /// Whether events of bots and AI agents are left out.
    #[serde(default = "yes")]
    pub humans_only: bool,
    /// The people who count; everybody when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// Only what was known at this moment: events received by then, under the merges of people known then. Everything when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The question.
    pub ask: Ask,
}

impl Exploration {
    /// Every event it names.
    fn events(&self) -> Vec<&EventChoice> {
        let mut all: Vec<&EventChoice> = match &self.ask {
            Ask::Trends(ask) => ask.series.iter().collect(),
            Ask::Funnel(ask) => ask.steps.iter().chain(ask.exclusions.iter().map(|one| &one.event)).collect(),
            Ask::Retention(ask) => vec![&ask.first, &ask.back],
            Ask::Paths(ask) => vec![&ask.anchor],
        };
        all.extend(self.segment.iter().flat_map(|segment| &segment.conditions).map(|condition| &condition.event));
        all
    }

    /// The properties of events that it looks at; one that is looked at twice may stand here twice.
    pub(crate) fn properties(&self) -> Vec<&str> {
        let conditions = self.events().into_iter().flat_map(|event| &event.properties);
        let measured = match &self.ask {
            Ask::Trends(ask) => ask.property.as_deref(),
            _ => None,
        };
        conditions.map(|condition| condition.property.as_str()).chain(measured).collect()
    }
}

const fn top() -> usize {
    5
}

const fn stops() -> usize {
    4
}

const fn window() -> u32 {
    14 * 24 * 60
}

const fn yes() -> bool {
    true
}
