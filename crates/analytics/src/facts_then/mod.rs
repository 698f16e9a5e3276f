//! Facts as of a moment: what a number was counted from then, and the steps from there to what it is counted from now.
//!
//! Events are those received by then, under the merges and rules of then; people, companies, deals and the ledger are as they
//! were recorded ([decision 16](../../../../docs/decisions/0016-what-a-record-was.md)). They are put together beside the
//! facts of now, which they neither wait for nor hold up.
//!
//! **Invariant:** the facts of a moment that is over are the same whenever they are asked for; only what was erased, or grew
//! too old to be kept, is missing later.
//! **Invariant:** at most [`KEPT_MAX`] moments stay in memory, and none for long after it was last asked for.

mod moments;
mod shelf;
mod steps;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_asked;
#[cfg(test)]
mod tests_known;
mod turns;
mod watermark;

pub use moments::FactsThen;
pub use shelf::KEPT_MAX;
pub use steps::{Ladder, Step};
