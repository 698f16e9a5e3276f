//! Ad-hoc questions: SQL over the events and over tables the caller brings, and one person's timeline.
//!
//! **Invariant:** SQL reads and never writes, sees no file and no address, and stops at its limits.

mod answer;

pub use answer::{SqlAnswer, SqlColumn, SqlLimits, SqlTable, SqlType, SqlValue};
