//! Ad-hoc questions: SQL over the events and over tables the caller brings.
//!
//! **Invariant:** SQL reads and never writes, sees no file and no address, and stops at its limits.
//! **Invariant:** one question runs on one thread of its own, so that it takes no more than one core from the server.

mod answer;
mod events;
mod export;
mod facade;
mod functions;
mod prune;
mod question;
mod refusal;
mod session;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_files;
#[cfg(test)]
mod tests_watch;
mod values;

pub use answer::{SqlAnswer, SqlColumn, SqlLimits, SqlTable, SqlType, SqlValue};
pub use question::{SqlFile, SqlFormat, SqlMonth, SqlPlan, SqlProgress, SqlQuestion, SqlRead, SqlWatch};
