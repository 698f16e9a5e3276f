//! What an importer is: the fields it takes, and what happens to a row. Those of people, companies, deals, stage history
//! and contact roles stand in [`crate::importers`]; other areas (spend) bring their own and are handed in when the program
//! is wired.
//!
//! **Invariant:** a dry run is the importer's own [`Importer::apply`] in a transaction that is then rolled back, so what
//! is promised and what is done come from the same code.
//! **Invariant:** every row given to an importer comes back with exactly one [`RowOutcome`], in the same order.

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::ids::ImportId;
use kernel::money::Currency;
use kernel::scope::{Permission, Scope};
use kernel::time::Timestamp;
use platform::sql::{DbError, Tx};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a column of a file can be turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Any text, trimmed.
    Text,
    /// An e-mail address; kept as written, compared in lower case.
    Email,
    /// A telephone number; kept as written.
    Phone,
    /// A country as two capital letters (ISO 3166-1), from a code or a name.
    Country,
    /// A web domain: scheme, `www.`, path and port are taken off, in lower case.
    Domain,
    /// A calendar date.
    Date,
    /// A moment; a date alone is its first moment in the workspace's time zone.
    Moment,
    /// An amount in micros; its currency is another field.
    Money,
    /// A currency code.
    Currency,
    /// A number, handed on as plain text (`1234.5`) with all its places.
    Number,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
}

/// One field that an importer takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldSpec {
    /// The name in mappings and reports: `campaign_id`.
    pub name: &'static str,
    /// The name on the mapping screen: `Campaign ID`.
    pub title: &'static str,
    /// What its text is turned into.
    pub kind: FieldKind,
    /// A row without it is rejected.
    pub required: bool,
    /// It helps to find the record a row means. A mapping needs at least one of them where the spec has any.
    pub key: bool,
    /// Other headers that mean this field, in lower case with single spaces; used to propose a mapping for a file
    /// that no preset recognises.
    pub synonyms: &'static [&'static str],
}

impl FieldSpec {
    /// A field that is neither required nor a key.
    #[must_use]
    pub const fn new(name: &'static str, title: &'static str, kind: FieldKind) -> Self {
        Self { name, title, kind, required: false, key: false, synonyms: &[] }
    }

    /// The same field, without which a row is rejected.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same field, as one by which records are found.
    #[must_use]
    pub const fn key(mut self) -> Self {
        self.key = true;
        self
    }

    /// The same field with other headers that mean it.
    #[must_use]
    pub const fn known_as(mut self, synonyms: &'static [&'static str]) -> Self {
        self.synonyms = synonyms;
        self
    }
}

/// What an importer takes. The place of a field in `fields` is its place in [`MappedRow`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImporterSpec {
    /// The kind of import: `people`, `companies`, `deals`, `stage_history`, `contact_roles`, `spend`.
    pub kind: &'static str,
    /// Its name on screen: `Ad spend`.
    pub title: &'static str,
    /// The fields, in the order of the mapping screen.
    pub fields: &'static [FieldSpec],
    /// Columns that are mapped to no field may be kept as properties of the record.
    pub keeps_properties: bool,
}

impl ImporterSpec {
    /// The place of a field.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

/// A cell that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// For [`FieldKind::Text`], `Email`, `Phone`, `Country`, `Domain` and `Number`.
    Text(String),
    /// For [`FieldKind::Date`].
    Date(Date),
    /// For [`FieldKind::Moment`].
    Moment(Timestamp),
    /// For [`FieldKind::Money`], in micros.
    Micros(i64),
    /// For [`FieldKind::Currency`].
    Currency(Currency),
    /// For [`FieldKind::Integer`].
    Integer(i64),
    /// For [`FieldKind::Boolean`].
    Boolean(bool),
}

/// One row of a file, turned into the fields of an importer. An empty cell is absent: it never clears a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MappedRow {
    /// The line of the file on which the row begins; the header's line is 1 when nothing stands above it.
    pub line: u64,
    /// The values, in the order of [`ImporterSpec::fields`].
    pub values: Vec<Option<FieldValue>>,
    /// Columns kept as properties: name and text, never empty.
    pub properties: Vec<(Arc<str>, String)>,
}

impl MappedRow {
    /// The text at a place.
    #[must_use]
    pub fn text(&self, place: usize) -> Option<&str> {
        match self.values.get(place)? {
            Some(FieldValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The date at a place.
    #[must_use]
    pub fn date(&self, place: usize) -> Option<Date> {
        match self.values.get(place)? {
            Some(FieldValue::Date(date)) => Some(*date),
            _ => None,
        }
    }

    /// The moment at a place.
    #[must_use]
    pub fn moment(&self, place: usize) -> Option<Timestamp> {
        match self.values.get(place)? {
            Some(FieldValue::Moment(moment)) => Some(*moment),
            _ => None,
        }
    }

    /// The amount at a place, in micros.
    #[must_use]
    pub fn micros(&self, place: usize) -> Option<i64> {
        match self.values.get(place)? {
            Some(FieldValue::Micros(micros)) => Some(*micros),
            _ => None,
        }
    }

    /// The currency at a place.
    #[must_use]
    pub fn currency(&self, place: usize) -> Option<Currency> {
        match self.values.get(place)? {
            Some(FieldValue::Currency(currency)) => Some(*currency),
            _ => None,
        }
    }

    /// The whole number at a place.
    #[must_use]
    pub fn integer(&self, place: usize) -> Option<i64> {
        match self.values.get(place)? {
            Some(FieldValue::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// The yes or no at a place.
    #[must_use]
    pub fn boolean(&self, place: usize) -> Option<bool> {
        match self.values.get(place)? {
            Some(FieldValue::Boolean(answer)) => Some(*answer),
            _ => None,
        }
    }
}

/// What becomes of a row. Every row of a file has exactly one, so the counts add up to the rows of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A new record.
    Create,
    /// An existing record gets other values.
    Update,
    /// The record already says this.
    Unchanged,
    /// The row contradicts what is known (its keys belong to two records); nothing is written.
    Conflict,
    /// The row cannot be read or a value is wrong; nothing is written.
    Rejected,
    /// Not data: a totals row, a repeated header, an empty line. Nothing is written.
    Skipped,
}

impl Outcome {
    /// Every outcome, in the order of reports.
    pub const ALL: [Outcome; 6] =
        [Outcome::Create, Outcome::Update, Outcome::Unchanged, Outcome::Conflict, Outcome::Rejected, Outcome::Skipped];

    /// The outcome as the API and the database write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Create => "create",
            Outcome::Update => "update",
            Outcome::Unchanged => "unchanged",
            Outcome::Conflict => "conflict",
            Outcome::Rejected => "rejected",
            Outcome::Skipped => "skipped",
        }
    }

    /// The outcome of this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }

    /// Whether something is written.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(self, Outcome::Create | Outcome::Update)
    }
}

/// Why a row is not imported, or what stands in the way of undoing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RowProblem {
    /// A stable code such as `bad_date`, `missing_field`, `two_people`, `unknown_deal`.
    pub code: String,
    /// The field, when one is to blame.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// What is wrong and what to do about it, with the value.
    pub message: String,
}

impl RowProblem {
    /// A problem of the row as a whole.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), field: None, message: message.into() }
    }

    /// The same problem, blaming a field.
    #[must_use]
    pub fn at(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
}

/// A value that a row changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldChange {
    /// The field or property.
    pub field: String,
    /// What the record says before; absent when it says nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<String>,
    /// What the row says.
    pub to: String,
}

/// What an importer did, or in a dry run would do, with one row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowOutcome {
    /// The outcome. Importers return all but [`Outcome::Skipped`], which is the reader's.
    pub outcome: Outcome,
    /// The record: the id of a person, a company, a deal, a ledger line.
    pub record: Option<String>,
    /// Why, for a conflict or a rejection.
    pub problem: Option<RowProblem>,
    /// What an update changes.
    pub changes: Vec<FieldChange>,
    /// What the importer needs to take the row back: the image before, and enough of the image after to notice that
    /// somebody else changed the record since. Present when the outcome writes; a row that changes nothing has one where
    /// the importer keeps that it was stated.
    pub undo: Option<serde_json::Value>,
}

impl RowOutcome {
    /// A new record.
    #[must_use]
    pub fn created(record: String, undo: serde_json::Value) -> Self {
        Self { outcome: Outcome::Create, record: Some(record), problem: None, changes: Vec::new(), undo: Some(undo) }
    }

    /// A changed record.
    #[must_use]
    pub fn updated(record: String, changes: Vec<FieldChange>, undo: serde_json::Value) -> Self {
        Self { outcome: Outcome::Update, record: Some(record), problem: None, changes, undo: Some(undo) }
    }

    /// A record that already says this.
    #[must_use]
    pub fn unchanged(record: String) -> Self {
        let outcome = Outcome::Unchanged;
        Self { outcome, record: Some(record), problem: None, changes: Vec::new(), undo: None }
    }

    /// A row that contradicts what is known.
    #[must_use]
    pub fn conflict(problem: RowProblem) -> Self {
        let outcome = Outcome::Conflict;
        Self { outcome, record: None, problem: Some(problem), changes: Vec::new(), undo: None }
    }

    /// A row that cannot be imported.
    #[must_use]
    pub fn rejected(problem: RowProblem) -> Self {
        let outcome = Outcome::Rejected;
        Self { outcome, record: None, problem: Some(problem), changes: Vec::new(), undo: None }
    }
}

/// A change that an import made, given back to the importer to undo it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The line of the file.
    pub line: u64,
    /// [`Outcome::Create`] or [`Outcome::Update`]; [`Outcome::Unchanged`] of a row that was stated again.
    pub outcome: Outcome,
    /// The record.
    pub record: String,
    /// What [`RowOutcome::undo`] held.
    pub undo: serde_json::Value,
}

/// What became of undoing one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// The record is as it was before the row.
    Reverted,
    /// The record was changed since, or something else rests on it; it is left as it is.
    Refused(RowProblem),
}

/// What every row of an import has in common.
#[derive(Debug, Clone)]
pub struct ImportContext {
    /// The workspace, and who asked for the import.
    pub scope: Scope,
    /// The import.
    pub import: ImportId,
    /// The system the file came from: `hubspot`, `salesforce`, `google_ads`; `file` when it is not known. Ids in the
    /// file are unique within it.
    pub system: String,
    /// What files of one kind have in common where the system is not known: the names of their columns.
    pub feed: String,
    /// The moment of the import: the same for every row, also after a restart. See [`ImportContext::row_at`].
    pub now: Timestamp,
    /// The workspace's time zone.
    pub zone: TimeZone,
    /// The workspace's currency: what an amount without one is in.
    pub currency: Currency,
}

impl ImportContext {
    /// The moment at which a row states its values: later lines are later, so that of two rows about one record the
    /// later one wins.
    #[must_use]
    pub fn row_at(&self, row: &MappedRow) -> Timestamp {
        self.now.plus(i64::try_from(row.line).unwrap_or(i64::MAX))
    }
}

/// Why a batch could not be handled at all; the import stops and can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum ImporterError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Anything else, in words for whoever runs the import.
    #[error("{0}")]
    Failed(String),
}

/// One kind of import.
///
/// A dry run calls [`Importer::apply`] in a transaction that is rolled back, a batch at a time; rows of one file that
/// share a key are given in one batch. So `apply` must leave nothing behind outside the transaction (register caches to
/// drop with [`Tx::after_commit`]), and given the same rows again it must answer [`Outcome::Unchanged`].
#[async_trait]
pub trait Importer: Send + Sync + 'static {
    /// What it takes.
    fn spec(&self) -> &'static ImporterSpec;

    /// What somebody must be allowed, besides imports, to write such records.
    fn permission(&self) -> Permission;

    /// Adds the keys of a row (see [`row_key`]), normalised as the store compares them. Nothing for a row without keys.
    fn keys(&self, context: &ImportContext, row: &MappedRow, keys: &mut Vec<u64>);

    /// Writes rows, in order (a later row about the same record changes it again), and says what became of each.
    ///
    /// # Errors
    /// [`ImporterError`]; the transaction is then rolled back. A wrong row is an outcome, not an error.
    async fn apply(
        &self,
        context: &ImportContext,
        tx: &mut Tx,
        rows: &[MappedRow],
    ) -> Result<Vec<RowOutcome>, ImporterError>;

    /// Called when every row was given to [`Importer::apply`]: takes back what an earlier file said under the keys of this
    /// one and this one no longer says. In an import it is called once, in a transaction of its own that is its last; in
    /// a dry run with every transaction that is tried, which has all rows of its keys. Gives back the changes, to be
    /// counted as withdrawn and undone with the import. Called again it must find nothing to do. When a row of the file
    /// was rejected or in conflict, what it gives back is counted as kept, and rolled back.
    ///
    /// # Errors
    /// [`ImporterError`]; the transaction is then rolled back.
    async fn finish(&self, _context: &ImportContext, _tx: &mut Tx) -> Result<Vec<Change>, ImporterError> {
        Ok(Vec::new())
    }

    /// Takes changes back, in the given order (the last one first), and says what became of each.
    ///
    /// # Errors
    /// [`ImporterError`]; the transaction is then rolled back.
    async fn undo(
        &self,
        context: &ImportContext,
        tx: &mut Tx,
        changes: &[Change],
    ) -> Result<Vec<Undone>, ImporterError>;
}

/// A key of a record as a number: rows of one file with a key in common may mean the same record, and a dry run keeps
/// them together.
#[must_use]
pub fn row_key(kind: &str, value: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(value.as_bytes(), xxhash_rust::xxh3::xxh3_64(kind.as_bytes()))
}
