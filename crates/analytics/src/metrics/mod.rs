//! Metrics: the only way to a number.
//!
//! **Invariant:** a metric is a formula over whole numbers (micros, millionths, counts), so that rows of an additive
//! metric sum to its total exactly.
//! **Invariant:** a question that would give a wrong number is refused, naming the field and the reason.

mod api;
mod bridge;
mod engine;
mod query;
mod service;
mod sums;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_cases;
#[cfg(test)]
mod tests_counted;

pub use crate::attribution::parse_model;
pub use crate::facts::{Agents, AsOf};
pub use crate::facts_then::Step;
pub use crate::metric_registry::{Dimension, Direction, Formula, Measure, Unit};
pub use crate::metric_registry::{METRICS, Metric, Words};
pub use crate::spend::{
    CampaignTouch, NoSpend, PlanFact, RATE_AGE_DAYS_MAX, RateTable, SpendFact, SpendFacts, SpendMatch, SpendSource,
    StaleRate, TouchIndex,
};
pub use api::routes;
pub use bridge::{BridgeStep, MetricBridge, QueryBridge};
pub use query::{Compare, DateRange, Filter, FilterOp, MODEL, Plan, PlannedFilter, Query, compare_range};
pub use service::Metrics;
pub use table::{Cell, Figure, KeyPart, MetricColumn, Span, Table, TableRow};

/// What the other slices of this area build on.
pub(crate) mod internal {
    pub(crate) use super::engine::{Key, Record, Run, Subject};
    pub(crate) use super::query::{Plan, PlannedFilter};
    pub(crate) use super::sums::{Sums, is_distinct};
    pub(crate) use super::table::{Cell, Figure, Span, answer, part};
    pub(crate) use crate::attribution::{converting_session, first_session};
    pub(crate) use crate::facts::{AsOf, elapsed};
    pub(crate) use crate::metric_registry::{Dimension, Formula, Measure, Unit};
    pub(crate) use crate::spend::spread;
}
