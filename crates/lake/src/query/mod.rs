//! Ad-hoc questions: SQL over the events and over tables the caller brings, and one person's timeline.
//!
//! **Invariant:** SQL reads and never writes, sees no file and no address, and stops at its limits.
//! **Invariant:** one question runs on one thread of its own, so that it takes no more than one core from the server.

mod answer;
mod events;
mod functions;
mod session;
#[cfg(test)]
mod tests;
mod timeline;
mod values;

pub use answer::{SqlAnswer, SqlColumn, SqlLimits, SqlTable, SqlType, SqlValue};
pub(crate) use session::sql;
pub(crate) use timeline::{event_at, events_of};
