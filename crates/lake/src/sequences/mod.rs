//! Folds over the order of a person's events: funnels, retention, paths with credit, journeys, walks from an event.

pub mod funnel;
pub mod journeys;
pub mod paths;
pub mod retention;
pub mod walks;
