//! The folds every area uses: sessions, counts by name, first event, profile, cube, predicates. Those over the order of events
//! are in `sequences`; others live with the feature that asks.

pub mod counts;
pub mod cube;
pub mod filter;
pub mod first_event;
pub(crate) mod periods;
pub mod profile;
pub mod sessions;
/// Beside this folder, which is long enough.
pub use crate::predicates;

#[cfg(test)]
pub(crate) mod tests;
