//! The folds every area uses: sessions, counts by name, first event, profile, cube, retention, predicates. Those over the order of events
//! are in `sequences`; others live with the feature that asks.

pub mod counts;
pub mod cube;
pub mod filter;
pub mod first_event;
pub(crate) mod periods;
pub mod predicates;
pub mod profile;
pub mod retention;
pub mod sessions;
#[cfg(test)]
pub(crate) mod tests;
