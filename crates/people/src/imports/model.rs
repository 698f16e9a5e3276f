//! An import as callers see it.

use crate::importers::{FieldChange, Outcome, RowProblem};
use crate::importers::{Mapping, Question};
use kernel::ids::{ImportId, JobId};
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// The file is here; the mapping has open questions.
    Uploaded,
    /// The mapping is complete.
    Mapped,
    /// The dry run is under way.
    Checking,
    /// The dry run is done: it is known what would happen.
    Checked,
    /// Rows are being written.
    Applying,
    /// Every row has its outcome.
    Applied,
    /// Changes are being taken back.
    Undoing,
    /// Changes are taken back, but for the refused ones.
    Undone,
    /// It stopped with an error; it can be continued or undone.
    Failed,
    /// Somebody stopped it; it can be continued or undone.
    Cancelled,
}

impl ImportState {
    const ALL: [ImportState; 10] = [
        ImportState::Uploaded,
        ImportState::Mapped,
        ImportState::Checking,
        ImportState::Checked,
        ImportState::Applying,
        ImportState::Applied,
        ImportState::Undoing,
        ImportState::Undone,
        ImportState::Failed,
        ImportState::Cancelled,
    ];

    /// The state as the API and the database write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ImportState::Uploaded => "uploaded",
            ImportState::Mapped => "mapped",
            ImportState::Checking => "checking",
            ImportState::Checked => "checked",
            ImportState::Applying => "applying",
            ImportState::Applied => "applied",
            ImportState::Undoing => "undoing",
            ImportState::Undone => "undone",
            ImportState::Failed => "failed",
            ImportState::Cancelled => "cancelled",
        }
    }

    /// The state of this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// How many rows had each outcome. They add up to the rows of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Counts {
    /// New records.
    pub create: u64,
    /// Changed records.
    pub update: u64,
    /// Records that already said this.
    pub unchanged: u64,
    /// Rows that contradict what is known.
    pub conflict: u64,
    /// Rows that cannot be imported.
    pub rejected: u64,
    /// Totals rows, repeated headers, empty rows.
    pub skipped: u64,
    /// Lines of earlier files that this one restates with fewer rows, and takes back. They are no rows of the file.
    pub withdrawn: u64,
    /// Lines that it would take back, but leaves: rows that conflict or are rejected may be about them.
    pub kept: u64,
}

impl Counts {
    /// Counts one row.
    pub fn add(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Create => &mut self.create,
            Outcome::Update => &mut self.update,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Conflict => &mut self.conflict,
            Outcome::Rejected => &mut self.rejected,
            Outcome::Skipped => &mut self.skipped,
        };
        *count += 1;
    }

    /// Whether every row says what it was to say. Only then is it known what the file no longer says.
    #[must_use]
    pub fn all_taken(&self) -> bool {
        self.conflict + self.rejected == 0
    }

    /// All rows.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.create + self.update + self.unchanged + self.conflict + self.rejected + self.skipped
    }
}

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SheetColumn {
    /// The name: that of the header, made different and never empty.
    pub name: String,
    /// The first different values, at most five.
    pub samples: Vec<String>,
}

/// How a file is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SheetForm {
    /// The encoding: `UTF-8`, `windows-1252`, `UTF-16LE`.
    pub encoding: String,
    /// The mark between cells.
    pub delimiter: String,
    /// The line of the header; 0 when the file has none.
    pub header_line: u64,
    /// The columns.
    pub columns: Vec<SheetColumn>,
}

/// One uploaded file and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Import {
    /// The id.
    pub id: ImportId,
    /// The name of the file.
    pub filename: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Where the import stands.
    pub state: ImportState,
    /// What its rows are.
    pub kind: String,
    /// How the file is written.
    pub form: SheetForm,
    /// How it is read.
    pub mapping: Mapping,
    /// What the mapping leaves open; a dry run needs none.
    pub questions: Vec<Question>,
    /// The preset's name, when the file was recognised.
    pub preset_title: Option<String>,
    /// An earlier import that applied exactly this file.
    pub same_as: Option<ImportId>,
    /// Rows of the file, once they were counted.
    pub rows_total: Option<u64>,
    /// What the dry run found.
    pub checked: Option<Counts>,
    /// What was written so far.
    pub applied: Counts,
    /// What undoing did so far.
    pub undo: UndoReport,
    /// The job that runs or ran last.
    pub job: Option<JobId>,
    /// Why it failed.
    pub error: Option<String>,
    /// When the file was uploaded.
    pub created_at: Timestamp,
    /// By whom: `user:usr_…`, `key:key_…`.
    pub created_by: String,
    /// When it was applied or undone to the end.
    pub finished_at: Option<Timestamp>,
}

/// What undoing an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UndoReport {
    /// Changes taken back.
    pub reverted: u64,
    /// Changes left as they are because the record was changed since; the import's rows list them.
    pub refused: u64,
}

/// One row in the report of an import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RowReport {
    /// The line of the file on which it begins.
    pub line: u64,
    /// What became of it, or would.
    pub outcome: Outcome,
    /// The record. In a dry run of a new record it is a placeholder.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record: Option<String>,
    /// Why it is not imported, or not taken back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<RowProblem>,
    /// What it changes.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub changes: Vec<FieldChange>,
    /// What the row says: fields, or the file's columns when it could not be read; long texts are cut.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub values: BTreeMap<String, String>,
}

/// Which rows of a report are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// What the dry run found.
    Check,
    /// What was written.
    Apply,
    /// What could not be taken back.
    Undo,
}

impl Phase {
    /// As the database writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Check => "check",
            Phase::Apply => "apply",
            Phase::Undo => "undo",
        }
    }
}
