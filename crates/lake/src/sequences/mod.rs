//! Folds over the order of a person's events: funnels, paths with credit, journeys.

pub mod funnel;
pub mod journeys;
pub mod paths;
