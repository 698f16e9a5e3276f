//! The folds every area uses: sessions, counts by name, first event, profile, cube, funnel, retention, paths, journeys.
//! Others live with the feature that asks.

pub mod counts;
pub mod cube;
pub mod filter;
pub mod first_event;
pub mod funnel;
pub mod journeys;
pub mod paths;
mod periods;
pub mod profile;
pub mod retention;
pub mod sessions;
#[cfg(test)]
mod tests;
