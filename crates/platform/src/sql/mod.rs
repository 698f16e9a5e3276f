//! The databases: one SQL text for SQLite and Postgres, typed parameters and rows, migrations.
//!
//! Statements use the portable subset: `text`, `bigint`, `boolean`, `double precision` and bytes; `$1` placeholders;
//! moments as `*_us bigint`; JSON as text that SQL never looks into.
//!
//! **Invariant:** this folder is the only place that names `sqlx`.
//! **Invariant:** what a user typed reaches a statement as a parameter, never as text.

mod bulk;
mod databases;
mod db;
mod error;
mod migrate;
mod row;
mod scratch;

mod value;

pub use databases::{DatabaseSettings, Databases};
pub use db::{Db, Tx};
pub use error::DbError;
pub use row::{Cell, FromRow, Row};
pub use scratch::Scratch;
pub use value::{ToValue, Value, placeholder_rows, placeholders};
