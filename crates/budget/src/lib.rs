//! Money: what was spent, what was planned, and what it paid for.
//!
//! **Invariant:** the metrics never depend on this crate; it implements their seam, `analytics::metrics::SpendSource`.

mod convert;
pub mod importers;
mod join;
pub mod ledger;
mod ledger_history;
mod summary;
#[cfg(test)]
mod tests_bridge;
#[cfg(test)]
mod tests_entered;
#[cfg(test)]
mod tests_life;
#[cfg(test)]
mod tests_then;
