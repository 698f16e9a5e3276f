//! The folds every area uses: sessions, counts by name, first event, cube, funnel, retention, paths. Others live with the
//! feature that asks.

pub mod counts;
pub mod cube;
pub mod filter;
pub mod first_event;
pub mod funnel;
pub mod paths;
mod periods;
pub mod retention;
pub mod sessions;
#[cfg(test)]
mod tests;
