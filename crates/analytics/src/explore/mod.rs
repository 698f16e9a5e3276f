//! Explore: what people did — trends, funnels, retention and paths, with the people behind every number.
//!
//! **Invariant:** what is more than a limit is refused, naming the field; nothing is left out silently.

mod api;
mod choices;
mod saved;
mod service;
mod store;
mod suggest;
#[cfg(test)]
mod tests;

pub use api::routes;
pub use saved::{SaveRequest, SavedChange, SavedExploration, SavedFilter};
pub use service::Explore;
