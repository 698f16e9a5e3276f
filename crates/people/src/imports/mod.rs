//! Imports: files of people, companies, deals and spend.

mod importer;

pub use importer::{
    Change, FieldChange, FieldKind, FieldSpec, FieldValue, ImportContext, Importer, ImporterError, ImporterSpec,
    MappedRow, Outcome, RowOutcome, RowProblem, UndoReport, Undone, row_key,
};
