//! A question, and what can be seen of it and done to it while it is answered.

use super::answer::{SqlColumn, SqlLimits, SqlTable};
use crate::error::LakeError;
use crate::fold::{Cancel, KnownAt};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};

/// A question in SQL with all it needs.
#[derive(Debug, Clone, Default)]
pub struct SqlQuestion {
    /// One statement that reads.
    pub text: String,
    /// Tables beside `events`.
    pub tables: Vec<SqlTable>,
    /// Where it stops.
    pub limits: SqlLimits,
    /// Events as they were known at a moment: those received by then, of the persons that were one then.
    pub as_of: Option<KnownAt>,
    /// Follows and stops it.
    pub watch: SqlWatch,
}

/// Follows a question and stops it; clones share it.
#[derive(Debug, Clone, Default)]
pub struct SqlWatch {
    cancel: Cancel,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    planned: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    given: AtomicU64,
}

/// How far a question has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SqlProgress {
    /// Rows of events that its scans will read at most; 0 while it is planned.
    pub rows_planned: u64,
    /// Rows of events read so far.
    pub rows_read: u64,
    /// Bytes of them, unpacked.
    pub bytes_read: u64,
    /// Rows of the answer so far.
    pub rows_given: u64,
}

impl SqlWatch {
    /// Stops the question.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> SqlProgress {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        SqlProgress {
            rows_planned: read(&self.counts.planned),
            rows_read: read(&self.counts.rows),
            bytes_read: read(&self.counts.bytes),
            rows_given: read(&self.counts.given),
        }
    }

    pub(super) fn planned(&self, rows: u64) {
        self.counts.planned.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn read(&self, rows: usize, bytes: usize) {
        self.counts.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.counts.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn given(&self, rows: usize) {
        self.counts.given.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// Returns once the question is stopped.
    pub(super) async fn cancelled(&self) {
        while !self.is_cancelled() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// Stops the question when whoever waits for it goes away.
pub(super) struct CancelOnDrop(pub(super) SqlWatch);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// How a question would be answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SqlPlan {
    /// The optimised plan: what is computed.
    pub logical: String,
    /// The plan that runs: how it is computed.
    pub physical: String,
    /// What is read of the events, one entry each time they are read.
    pub reads: Vec<SqlRead>,
}

/// What one reading of the events opens and what it passes over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SqlRead {
    /// The columns that are unpacked.
    pub columns: Vec<String>,
    /// The least `at`, in microseconds, when the question bounds it.
    pub at_from: Option<i64>,
    /// The first `at` that is beyond, in microseconds, when the question bounds it.
    pub at_to: Option<i64>,
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
    pub months: Vec<SqlMonth>,
}

/// The files of a month.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SqlMonth {
    /// `2026-03`.
    pub month: String,
    /// Files there are.
    pub files: usize,
    /// Files that are opened.
    pub files_read: usize,
    /// Rows in those that are opened.
    pub rows_read: u64,
}

/// A form of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SqlFormat {
    /// Comma-separated, with a mark of UTF-8, safe to open in a spreadsheet: text that a spreadsheet would compute starts
    /// with a quote.
    Csv,
    /// A stream of Arrow IPC.
    Arrow,
    /// A Parquet file.
    Parquet,
}

/// An answer as a file, piece by piece as it is computed. Dropped, the question is cancelled.
pub struct SqlFile {
    /// The columns.
    pub columns: Vec<SqlColumn>,
    pub(super) first: Option<Bytes>,
    pub(super) pieces: mpsc::Receiver<Bytes>,
    pub(super) end: Option<oneshot::Receiver<Result<(), LakeError>>>,
    pub(super) _stop: CancelOnDrop,
}

impl SqlFile {
    /// The next piece; none after the last. A file that ends with an error is not complete.
    ///
    /// # Errors
    /// As [`crate::Lake::sql`].
    pub async fn next(&mut self) -> Option<Result<Bytes, LakeError>> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        if let Some(piece) = self.pieces.recv().await {
            return Some(Ok(piece));
        }
        match self.end.take()?.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Err(error)),
            Err(_) => Some(Err(LakeError::Data("the question could not be answered".into()))),
        }
    }
}
