//! The live debugger: what became of every message, as it comes in, and the quarantine.
//!
//! **Invariant:** every message of a sender has one fate here: accepted, duplicate, suspicious or rejected, and the last
//! two are kept with their reason over a restart.

mod api;
mod live;
mod model;
mod quarantine;

#[cfg(test)]
mod tests;

pub use api::routes;
pub use live::{Fates, Live, RING_MAX};
pub use model::{Fate, FateFilter, FateStatus, QuarantineFilter, Quarantined};
pub use quarantine::{BYTES_MAX, Entry, Quarantine, ROWS_MAX};
