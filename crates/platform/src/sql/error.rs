//! What can go wrong between a store and its database.

use kernel::problem::{Class, Problem};
use sqlx::error::{DatabaseError, ErrorKind};

/// A failure of the database, or of what a store asked of it.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database refused or failed.
    #[error("database: {0}")]
    Database(#[source] sqlx::Error),
    /// `query_one` found no row.
    #[error("the row that was asked for does not exist")]
    NoRow,
    /// A column is absent, of another type, or holds what its type cannot be.
    #[error("column `{column}`: {reason}")]
    Column {
        /// The name of the column, or its place.
        column: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The rows of one `insert_many` differ in their number or types of values.
    #[error("rows for `{table}` differ in shape: {reason}")]
    Shape {
        /// The table they were for.
        table: String,
        /// How they differ.
        reason: String,
    },
    /// A migration that is recorded as applied has another text now.
    #[error("migration {0} was changed after it was applied; migrations are append-only, so restore its text")]
    MigrationChanged(String),
    /// The database holds a migration that this program does not know.
    #[error("the data was written by a newer Mainspring (it holds migration {0}); install that version or a later one")]
    MigrationUnknown(String),
    /// A folder or file could not be made.
    #[error("{path}: {source}")]
    File {
        /// The path.
        path: String,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The configured address of the database cannot be read.
    #[error("`database.url` is not a Postgres address: {0}")]
    BadUrl(String),
}

impl DbError {
    /// Whether a unique key or primary key was already taken.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        self.kind() == Some(ErrorKind::UniqueViolation)
    }

    /// Whether a foreign key points nowhere, or a row is still pointed at.
    #[must_use]
    pub fn is_foreign_key_violation(&self) -> bool {
        self.kind() == Some(ErrorKind::ForeignKeyViolation)
    }

    /// Whether the same transaction may succeed when it is run again: a deadlock, a serialisation failure, a busy file.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        matches!(error.code().as_deref(), Some("40001" | "40P01" | "5" | "517" | "6" | "261"))
    }

    fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Database(sqlx::Error::Database(error)) => Some(DatabaseError::kind(&**error)),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::NoRow,
            sqlx::Error::ColumnNotFound(column) => {
                Self::Column { column, reason: "the query does not return it".to_owned() }
            }
            sqlx::Error::ColumnDecode { index, source } => Self::Column { column: index, reason: source.to_string() },
            other => Self::Database(other),
        }
    }
}

impl From<DbError> for Problem {
    /// 500 with the cause in the message; the HTTP edge logs it once and shows the caller an opaque id instead.
    fn from(error: DbError) -> Self {
        match &error {
            DbError::Database(sqlx::Error::PoolTimedOut) => {
                Problem::new(Class::Unavailable, "database_busy", "The database is busy. Try again in a moment.")
                    .retry_after(2)
            }
            DbError::Database(sqlx::Error::Io(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed) => {
                tracing::error!(%error, "the database does not answer");
                Problem::new(
                    Class::Unavailable,
                    "database_away",
                    "The database does not answer. Try again in a moment.",
                )
                .retry_after(5)
            }
            error if error.is_retryable() => {
                Problem::new(Class::Unavailable, "database_busy", "The database is busy. Try again in a moment.")
                    .retry_after(2)
            }
            _ => Problem::new(Class::Internal, "internal", error.to_string()),
        }
    }
}
