//! What Explore can be asked, and what it answers: values only.

mod answered;
mod asked;
mod condition;
mod opened;

pub use answered::{
    Between, BracketMean, Cohort, ColumnChoice, ExploreAnswer, ExploreBridge, ExploreChoices, ExplorePeriod, Found,
    FunnelAnswer, FunnelPart, FunnelStep, PathLink, PathStopCount, PathsAnswer, PeopleBehind, PersonBehind,
    PropertyChoice, RetentionAnswer, RetentionMean, RetentionPart, TextChoice, TrendLine, TrendsAnswer,
};
pub use asked::{
    Ask, Bracket, Breakdown, CohortLength, Exploration, FunnelAsk, FunnelExclusion, Granularity, PathDirection,
    PathNode, PathsAsk, RetentionAsk, ReturnRule, StepOrder, TrendMeasure, TrendsAsk,
};
pub use condition::{
    Column, Condition, EventChoice, Match, PropertyCondition, PropertyOp, PropertyType, Segment, SegmentCondition,
};
pub use opened::{Cell, Group, PeopleRequest, StepOutcome, Stop};
