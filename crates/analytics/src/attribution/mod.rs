//! Attribution: journeys to a goal, and the book of credits under each model.
//!
//! **Invariant:** under a conserving model the credits of a goal sum to its value, to the micro. A goal without any
//! touch keeps its value on a line of its own, "No touch known", so that totals equal the CRM's.
//! **Invariant:** only sessions of humans are touches, and none after the goal.

mod api;
mod book;
mod compare;
mod goal;
mod journeys;
mod occurrences;
mod shares;
#[cfg(test)]
mod tests;

pub use api::routes;
pub use book::{CreditRow, Memo};
pub use compare::{
    AttributionAnswer, AttributionRequest, DealAttribution, DealTouch, JourneyCounts, ModelColumn, ModelRow,
    TouchCredit, compare, of_deal,
};
pub use goal::{Goal, JourneyKey, JourneyKind, LOOKBACK_DAYS, LOOKBACK_DAYS_MAX, NONE, parse_model};
pub(crate) use goal::{converting_session, first_session};
pub use journeys::{Item, Journeys, Walk};
pub use occurrences::{GoalFold, GoalRow};
pub use shares::{Share, TouchKind};
