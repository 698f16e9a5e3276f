//! The registry of metrics: what there is to count, by what it can be split, and what each number means in words.
//!
//! **Invariant:** a metric is a formula over measures; what splits all of its measures splits it, nothing else does.

mod measures;
mod registry;
#[cfg(test)]
mod tests;

pub use measures::{Dimension, Direction, Formula, Measure, Unit};
pub use registry::{METRICS, Metric, Words};
