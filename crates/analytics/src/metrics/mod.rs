//! Metrics: the only way to a number.
//!
//! **Invariant:** a metric is a formula over whole numbers (micros, millionths, counts), so that rows of an additive
//! metric sum to its total exactly.
//! **Invariant:** a question that would give a wrong number is refused, naming the field and the reason.

mod api;
mod engine;
mod measures;
mod query;
mod registry;
mod service;
mod sums;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_cases;
#[cfg(test)]
mod tests_registry;

pub use crate::facts::spend::{
    CampaignTouch, NoSpend, PlanFact, RATE_AGE_DAYS_MAX, RateTable, SpendFact, SpendFacts, SpendMatch, SpendSource,
    StaleRate, TouchIndex,
};
pub use api::routes;
pub use measures::{Dimension, Direction, Formula, Measure, Unit};
pub use query::{
    Agents, Compare, DateRange, Filter, FilterOp, MODEL, Plan, PlannedFilter, Query, compare_range, parse_model,
};
pub use registry::{METRICS, Metric, Words};
pub use service::Metrics;
pub use table::{AsOf, Cell, Figure, KeyPart, MetricColumn, Span, Table, TableRow};

/// What the other slices of this area build on.
pub(crate) mod internal {
    pub(crate) use super::engine::{Key, Record, Run, Subject, converting_session, first_session, spread};
    pub(crate) use super::measures::{Dimension, Formula, Measure, Unit};
    pub(crate) use super::query::{Plan, PlannedFilter};
    pub(crate) use super::sums::{Sums, elapsed, is_distinct};
    pub(crate) use super::table::{AsOf, Cell, Figure, Span, answer, part};
}
