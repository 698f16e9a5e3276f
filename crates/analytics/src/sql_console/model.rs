//! What the console is asked and what it answers.

use crate::drill::SqlSettings;
use crate::metrics::AsOf;
use kernel::ids::QueryId;
use kernel::time::Timestamp;
use lake::SqlFormat;
use serde::{Deserialize, Serialize};

/// A question in SQL.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlRequest {
    /// One `select` statement.
    #[schema(
        example = "select channel, sum(micros) / 1e6 as revenue from credits where goal = 'deal_won' and model = 'linear' group by channel"
    )]
    pub sql: String,
    /// How the tables that follow from journeys are written.
    #[serde(default)]
    pub settings: SqlSettings,
    /// Most rows; 1 000 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Answers from what was known at this moment: only events received up to then are there, of the persons that were one
    /// then. For questions over `events` alone; every other table is as it is known now.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
    /// A name of your choice for this run, to follow and cancel it by: 1 to 64 letters, digits, `-` and `_`.
    #[serde(default)]
    #[schema(example = "weekly-report-1")]
    pub run: Option<String>,
}

/// A question whose answer is wanted as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlExportRequest {
    /// One `select` statement.
    pub sql: String,
    /// The form of the file.
    pub format: ExportFormat,
    /// How the tables that follow from journeys are written.
    #[serde(default)]
    pub settings: SqlSettings,
    /// Takes so many rows. When absent, an answer with more rows than a file may have ends the download with an error, so
    /// that no file is silently incomplete.
    #[serde(default)]
    pub limit: Option<u32>,
    /// As in a question.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
    /// As in a question.
    #[serde(default)]
    pub run: Option<String>,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Comma-separated values, safe to open in a spreadsheet.
    Csv,
    /// A stream of Arrow IPC.
    Arrow,
    /// A Parquet file.
    Parquet,
}

impl ExportFormat {
    pub(super) fn format(self) -> SqlFormat {
        match self {
            Self::Csv => SqlFormat::Csv,
            Self::Arrow => SqlFormat::Arrow,
            Self::Parquet => SqlFormat::Parquet,
        }
    }

    /// The media type, and the end of the file's name.
    pub(super) fn media(self) -> (&'static str, &'static str) {
        match self {
            Self::Csv => ("text/csv; charset=utf-8", "csv"),
            Self::Arrow => ("application/vnd.apache.arrow.stream", "arrows"),
            Self::Parquet => ("application/vnd.apache.parquet", "parquet"),
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SqlColumnInfo {
    /// Its name.
    pub name: String,
    /// `int`, `float`, `text`, `bool`, `timestamp` or another type of the engine.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A table that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SqlTableInfo {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub description: String,
    /// Its columns.
    pub columns: Vec<SqlColumnInfo>,
}

/// The answer to a question in SQL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SqlResult {
    /// The columns.
    pub columns: Vec<SqlColumnInfo>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<serde_json::Value>>,
    /// Whether rows were left out.
    pub truncated: bool,
    /// How far the events behind the tables were read.
    pub watermark: AsOf,
    /// The moment whose knowledge it answers from, when one was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub as_of: Option<Timestamp>,
    /// Rows of events that were read for it.
    pub rows_read: u64,
}

/// How a question would be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SqlPlanInfo {
    /// The optimised plan: what is computed, from the inside out.
    pub logical: String,
    /// The plan that runs: how it is computed.
    pub physical: String,
    /// What is read of the events, one entry each time they are read.
    pub reads: Vec<SqlReadInfo>,
}

/// What one reading of the events opens and what it passes over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SqlReadInfo {
    /// The columns that are unpacked.
    pub columns: Vec<String>,
    /// The least `at`, when the question bounds it.
    pub at_from: Option<Timestamp>,
    /// The first `at` that is beyond, when the question bounds it.
    pub at_to: Option<Timestamp>,
    /// People whose rows alone are read, when the question names them.
    pub people: Option<usize>,
    /// Buckets of people there are.
    pub buckets: usize,
    /// Buckets that are opened.
    pub buckets_read: usize,
    /// Files there are.
    pub files: usize,
    /// Files that are opened.
    pub files_read: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// Bytes of the files that are opened; of them only the wanted columns are read.
    pub bytes_read: u64,
    /// Rows there are, in files and in memory.
    pub rows: u64,
    /// Rows in what is opened.
    pub rows_read: u64,
    /// Of those, the rows in memory, which are in no file yet.
    pub rows_hot: u64,
    /// The files by month.
    pub months: Vec<SqlMonthInfo>,
}

/// The files of a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SqlMonthInfo {
    /// `2026-03`.
    pub month: String,
    /// Files there are.
    pub files: usize,
    /// Files that are opened.
    pub files_read: usize,
    /// Rows in those that are opened.
    pub rows_read: u64,
}

impl From<lake::SqlPlan> for SqlPlanInfo {
    fn from(plan: lake::SqlPlan) -> Self {
        let read = |read: lake::SqlRead| SqlReadInfo {
            columns: read.columns,
            at_from: read.at_from.map(Timestamp::from_micros),
            at_to: read.at_to.map(Timestamp::from_micros),
            people: read.people,
            buckets: read.buckets,
            buckets_read: read.buckets_read,
            files: read.files,
            files_read: read.files_read,
            bytes: read.bytes,
            bytes_read: read.bytes_read,
            rows: read.rows,
            rows_read: read.rows_read,
            rows_hot: read.rows_hot,
            months: read
                .months
                .into_iter()
                .map(|lake::SqlMonth { month, files, files_read, rows_read }| SqlMonthInfo {
                    month,
                    files,
                    files_read,
                    rows_read,
                })
                .collect(),
        };
        Self { logical: plan.logical, physical: plan.physical, reads: plan.reads.into_iter().map(read).collect() }
    }
}

/// What a run gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Rows.
    Rows,
    /// A plan.
    Plan,
    /// A file.
    File,
}

/// A question that is being answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SqlRunInfo {
    /// Its name, to cancel it by.
    pub run: String,
    /// Who asks: `user:usr_…` or `key:key_…`.
    pub actor: String,
    /// What it gives.
    pub kind: RunKind,
    /// The statement.
    pub sql: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether it waits for its turn; few questions run at the same time.
    pub waiting: bool,
    /// Rows of events that it will read at most; 0 before it is planned.
    pub rows_planned: u64,
    /// Rows of events read so far.
    pub rows_read: u64,
    /// Bytes of them, unpacked.
    pub bytes_read: u64,
    /// Rows of the answer so far.
    pub rows_given: u64,
}

/// How an answer is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChartSpec {
    /// The form.
    pub kind: ChartKind,
    /// The column along the axis.
    pub x: String,
    /// The columns whose numbers are drawn.
    pub y: Vec<String>,
    /// The column whose values become one series each; with one column in `y`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Whether bars of one place stand on each other.
    #[serde(default)]
    pub stacked: bool,
}

/// The form of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// A line, for time.
    Line,
    /// Bars, for amounts in time.
    Bar,
    /// Horizontal bars, for categories.
    Rows,
}

/// A question that somebody keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SavedQuery {
    /// The id.
    pub id: QueryId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The statement.
    pub sql: String,
    /// How the tables that follow from journeys are written.
    pub settings: SqlSettings,
    /// How the answer is drawn.
    pub chart: Option<ChartSpec>,
    /// Whose it is: `user:usr_…` or `key:key_…`.
    pub owner: String,
    /// Whether everybody who may ask in SQL sees it.
    pub shared: bool,
    /// Counts its changes.
    pub version: i64,
    /// When it was saved first.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Who changed it last.
    pub updated_by: String,
    /// When it was put away.
    pub archived_at: Option<Timestamp>,
    /// Whether the caller may change it.
    pub editable: bool,
}

/// A question to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSavedQuery {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The statement.
    pub sql: String,
    /// How the tables that follow from journeys are written.
    #[serde(default)]
    pub settings: SqlSettings,
    /// How the answer is drawn.
    #[serde(default)]
    pub chart: Option<ChartSpec>,
    /// Whether everybody who may ask in SQL sees it.
    #[serde(default)]
    pub shared: bool,
}

/// What to change of a saved question; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedQueryChange {
    /// The version the change was made from. When it is no longer the present one, the change is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// How the tables that follow from journeys are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<SqlSettings>,
    /// How the answer is drawn; null for as a table.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
    #[schema(value_type = Option<ChartSpec>)]
    pub chart: Option<Option<ChartSpec>>,
    /// Whether everybody who may ask in SQL sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<bool>,
    /// True puts it away, false takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// Tells null from absent.
mod given {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::<T>::deserialize(from).map(Some)
    }

    #[expect(clippy::ref_option, reason = "the form that serde calls")]
    pub(super) fn serialize<T: Serialize, S: Serializer>(value: &Option<Option<T>>, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(to)
    }
}
