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
mod tests_then;
