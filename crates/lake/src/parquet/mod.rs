//! The sealed form of events: Parquet files sorted by (person, at, offset), and the Arrow batches between them and memory.
//!
//! **Invariant:** a file is never changed after it was renamed to its name; rows are ordered by (person, at, offset).
//! **Invariant:** `at`, `person` and `offset` are delta-coded without a dictionary; texts that repeat are dictionary-coded
//! and read back as codes.

mod batch;
mod file;
mod schema;
mod superseded;
#[cfg(test)]
pub(crate) mod tests;
mod write;

pub(crate) use batch::{Rows, Texts, events_to_batch, integers, strings};
pub(crate) use file::{DataFile, Selection};
pub(crate) use schema::{AGENT, AT, KIND, OFFSET, PERSON, RECEIVED, RULE, SUPERSEDED, VALUE, schema_of};
pub use superseded::Derivation;
pub(crate) use superseded::{History, known_before, overlay, rederivations};
pub(crate) use write::{FileWriter, NewFile, Scratch, WrittenFile, sync_folder};

use crate::error::LakeError;

/// For `map_err`: what Arrow or Parquet said.
pub(crate) fn data_error(error: impl std::fmt::Display) -> LakeError {
    LakeError::Data(format!("event files: {error}"))
}
