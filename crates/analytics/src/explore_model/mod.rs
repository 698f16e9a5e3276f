//! What Explore can be asked, and what it answers: values only.

mod answered;
mod asked;
mod opened;

pub use answered::{
    Between, Cohort, ColumnChoice, ExploreAnswer, ExploreBridge, ExploreChoices, ExplorePeriod, Found, FunnelAnswer,
    FunnelPart, FunnelStep, PathLink, PathStopCount, PathsAnswer, PeopleBehind, PersonBehind, RetentionAnswer,
    RetentionMean, TextChoice, TrendLine, TrendsAnswer,
};
pub use asked::{
    Ask, Breakdown, CohortLength, Column, Condition, EventChoice, Exploration, FunnelAsk, FunnelExclusion, Granularity,
    Match, PathDirection, PathNode, PathsAsk, RetentionAsk, ReturnRule, Segment, SegmentCondition, StepOrder,
    TrendMeasure, TrendsAsk,
};
pub use opened::{Cell, Group, PeopleRequest, StepOutcome, Stop};
