//! Attribution: journeys to a goal, and the book of credits under each model.
//!
//! **Invariant:** under a conserving model the credits of a goal sum to its value, to the micro. A goal without any
//! touch keeps its value on a line of its own, "No touch known", so that totals equal the CRM's.
//! **Invariant:** only sessions of humans are touches, and none after the goal.

mod book;
mod journeys;

pub use book::{Book, CreditRow, JourneyKey, Memo};
pub use journeys::{Goal, Item, JourneyKind, Journeys, LOOKBACK_DAYS, LOOKBACK_DAYS_MAX, NONE};
