//! What can go wrong in the lake.

use crate::catalog::CatalogError;
use kernel::problem::{Class, Problem};
use std::path::{Path, PathBuf};

/// A failure of the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// More is waiting to be resolved than may wait; try again.
    #[error("more events are waiting than may wait; try again in {retry_after_s} s")]
    Overloaded {
        /// Seconds after which to try again.
        retry_after_s: u64,
    },
    /// The log could not be written; nothing of the batch counts as stored.
    #[error("the event log cannot be written: {0}")]
    Unhealthy(String),
    /// A file is not what was written.
    #[error(
        "{path} is damaged at byte {position}: {why}. Restore the file from a backup; nothing was skipped or changed"
    )]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// Where in it.
        position: u64,
        /// What does not fit.
        why: String,
    },
    /// Another process has the folder open.
    #[error("{0} is in use by another Mainspring process")]
    Locked(PathBuf),
    /// Whose bucket a person is in depends on their number: files of one number cannot be read under another.
    #[error(
        "the events of this workspace are stored in {stored} buckets, but events.buckets is {configured}. Set it back to \
         {stored}; the number is fixed once events are stored"
    )]
    Buckets {
        /// What the stored events are divided into.
        stored: u16,
        /// What the settings say.
        configured: u16,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The catalog could not be read or switched.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A Parquet file could not be read or written.
    #[error("{0}")]
    Data(String),
    /// A question in SQL that is refused or wrong; the text is for its author.
    #[error("{0}")]
    Sql(String),
    /// A question took longer or more memory than it may.
    #[error("{0}")]
    Limit(String),
    /// A fold would take more memory than it may.
    #[error("The answer would take more memory than it may. Ask for a shorter time, or for fewer groups.")]
    TooLarge,
    /// As many questions run as may, and none ended in time.
    #[error("Other questions are being answered. Ask again in {retry_after_s} s.")]
    Busy {
        /// Seconds after which to try again.
        retry_after_s: u64,
    },
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The lake is closed.
    #[error("the event store is closed")]
    Closed,
}

impl LakeError {
    /// For `map_err`: the failure of a file operation, with the path.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> LakeError + '_ {
        move |source| LakeError::Io { path: path.to_owned(), source }
    }
}

impl From<LakeError> for Problem {
    fn from(error: LakeError) -> Self {
        match &error {
            LakeError::Overloaded { retry_after_s } => {
                Problem::new(Class::Unavailable, "lake_overloaded", error.to_string()).retry_after(*retry_after_s)
            }
            LakeError::Unhealthy(_) => {
                Problem::new(Class::Unavailable, "log_unhealthy", "Events cannot be stored at the moment.")
                    .retry_after(5)
            }
            LakeError::Sql(message) => Problem::new(Class::Invalid, "sql_refused", message.clone()).at("sql"),
            LakeError::Limit(message) => Problem::new(Class::Invalid, "sql_limit", message.clone()).at("sql"),
            LakeError::TooLarge => Problem::new(Class::Invalid, "answer_too_large", error.to_string()),
            LakeError::Busy { retry_after_s } => {
                Problem::new(Class::TooMany, "too_many_questions", error.to_string()).retry_after(*retry_after_s)
            }
            LakeError::Cancelled => {
                Problem::new(Class::Conflict, "cancelled", "The question was cancelled before its answer was there.")
            }
            LakeError::Closed => Problem::new(Class::Unavailable, "lake_closed", error.to_string()).retry_after(1),
            LakeError::Buckets { .. } => Problem::new(Class::Unavailable, "lake_buckets", error.to_string()),
            _ => Problem::new(Class::Internal, "lake_failed", "The event store failed; the log has the cause."),
        }
    }
}
