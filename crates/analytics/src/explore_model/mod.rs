//! What Explore can be asked, and what it answers: values only.

mod answered;
mod asked;

pub use answered::{
    Between, Cohort, ColumnChoice, ExploreAnswer, ExploreChoices, ExplorePeriod, Found, FunnelAnswer, FunnelPart,
    FunnelStep, PathLink, PathStopCount, PathsAnswer, PeopleBehind, PersonBehind, RetentionAnswer, RetentionMean,
    TextChoice, TrendLine, TrendsAnswer,
};
pub use asked::{
    Ask, Breakdown, Cell, CohortLength, Column, Condition, EventChoice, Exploration, FunnelAsk, FunnelExclusion,
    Granularity, Group, Match, PathDirection, PathNode, PathsAsk, PeopleRequest, RetentionAsk, ReturnRule, Segment,
    SegmentCondition, StepOrder, StepOutcome, Stop, TrendMeasure, TrendsAsk,
};
