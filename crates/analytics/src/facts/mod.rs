//! Facts: sessions, people, deals and spend of a workspace in memory, as of one watermark; what every metric counts.
//!
//! **Invariant:** facts never change once built: two numbers from the same facts agree.
//! **Invariant:** money is integer micros of the workspace's currency, converted once, at the rate of its own date.
//! **Invariant:** nothing that cannot be converted or attributed disappears: it is counted and shown as such.

mod build;
mod calendar;
mod follow;
mod goals;
mod live;
mod model;
mod source;
mod store;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod tests_live;
#[cfg(test)]
pub(crate) mod tests_world;

pub use crate::sessions::{Agents, DIRECT, Kept, NO_TOUCH_TEXT, NOT_SET_TEXT, Session, SessionFacts, TouchRows};
pub use build::{DealInput, Inputs, PersonInput};
pub use calendar::{Calendar, Day, Grain, date_of, day_of, elapsed, period_before};
#[cfg(test)]
pub(crate) use follow::missing;
pub(crate) use follow::{follow, followed};
pub use goals::Followed;
pub(crate) use goals::GOAL_PEOPLE_MAX;
pub use live::LiveSource;
pub use model::{AsOf, Deal, Facts, NO_TOUCH, Outcome, Part, Person};
pub use source::{Choices, EventStamp, FactSource, Records, RecordsThen, RecordsVersion, SessionsWanted};
pub(crate) use store::aside;
pub use store::{FactStore, Ready};
