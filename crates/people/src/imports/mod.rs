//! Imports: files of people, companies, deals and spend; a dry run before anything is written, and a way back.
//!
//! A file is uploaded, recognised and mapped; checked (every row is tried and taken back);
//! applied in batches; and can be undone, all but what was changed since.
//!
//! **Invariant:** every row of a file has exactly one outcome; the counts add up to its rows.
//! **Invariant:** killed at any moment and started again, an import comes to what one run comes to.
//! **Invariant:** the same file imported again changes nothing.

mod api;
mod apply;
mod check;
mod errors;
mod jobs;
mod model;
mod run;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use crate::import_files::Upload;
pub use crate::importers::{
    Change, ColumnMapping, FieldChange, FieldKind, FieldSpec, FieldValue, ImportContext, Importer, ImporterError,
    ImporterSpec, MappedRow, Mapping, Outcome, Question, RowOutcome, RowProblem, Undone, row_key,
};
pub use crate::sheets::{DateOrder, DecimalMark};
pub use api::routes;
pub use model::{Counts, Import, ImportState, Phase, RowReport, SheetColumn, SheetForm, UndoReport};
pub use run::{Progress, Silent};
pub use service::{Imports, KindInfo, MappingChange, PresetInfo};
pub use store::begun_after;
