//! The facade: one lake is one workspace's events.

use crate::catalog::Catalog;
use crate::config::LakeConfig;
use crate::error::LakeError;
use crate::event::Event;
use crate::fold::{Fold, FoldOptions};
use crate::query::{SqlAnswer, SqlLimits, SqlTable};
use kernel::time::Clock;
use std::collections::HashMap;
use std::sync::Arc;

/// The log offsets a batch was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first event.
    pub first: u64,
    /// Offset of the last event.
    pub last: u64,
}

/// How far the lake has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watermark {
    /// Every event up to this log offset is visible (or was a duplicate, or was rejected).
    pub offset: u64,
    /// `received_at` of the last admitted event, microseconds; 0 when none.
    pub at: i64,
    /// The last log offset that is stored.
    pub appended_offset: u64,
}

/// What [`Lake::check`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckReport {
    /// Log segments read.
    pub segments: u64,
    /// Events in them.
    pub log_events: u64,
    /// Parquet files read.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Hashes of event ids in the runs.
    pub event_ids: u64,
    /// What is wrong; empty when the lake is sound.
    pub problems: Vec<String>,
}

/// One workspace's events. Clones share it.
#[derive(Clone)]
pub struct Lake {
    config: Arc<LakeConfig>,
}

const NOT_YET: &str = "this part of the lake is not open yet";

impl Lake {
    /// Opens the lake in a folder, or makes it; repairs what a crash left and takes the folder for this process.
    ///
    /// # Errors
    /// [`LakeError::Locked`] when another process has it, [`LakeError::Corrupt`] when a file was damaged.
    pub async fn open(config: LakeConfig, catalog: Arc<dyn Catalog>, clock: Arc<dyn Clock>) -> Result<Self, LakeError> {
        let _ = (catalog, clock);
        Ok(Self { config: Arc::new(config) })
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &LakeConfig {
        &self.config
    }

    /// Stores events; they are durable when it returns. `offset` and `person` are not read.
    ///
    /// # Errors
    /// [`LakeError::Overloaded`] when too much waits, [`LakeError::Unhealthy`] when the log cannot be written: then
    /// nothing of the batch counts as stored.
    pub async fn append(&self, events: Vec<Event>) -> Result<Appended, LakeError> {
        let _ = events;
        Err(LakeError::Unhealthy(NOT_YET.into()))
    }

    /// For the one consumer: the next events of the log, in order, at least one and at most `max`; waits for them.
    ///
    /// # Errors
    /// [`LakeError::Corrupt`] when the log cannot be read back.
    pub async fn next(&self, max: usize) -> Result<Vec<Event>, LakeError> {
        let _ = max;
        Err(LakeError::Closed)
    }

    /// For the one consumer, after it failed: [`Lake::next`] starts again after the last admitted event.
    pub fn rewind(&self) {}

    /// Takes out of `events` those whose `event_id` came before, and returns them. Events that were handed out and
    /// not admitted may be passed again; they are not duplicates of themselves.
    ///
    /// # Errors
    /// [`LakeError::Io`] when a run cannot be read.
    pub async fn dedup(&self, events: &mut Vec<Event>) -> Result<Vec<Event>, LakeError> {
        let _ = events;
        Err(LakeError::Unhealthy(NOT_YET.into()))
    }

    /// Makes events with their persons visible, all at once; the log is consumed up to `up_to`.
    ///
    /// # Errors
    /// [`LakeError::Data`] when the events are not after what was admitted, or beyond `up_to`.
    pub async fn admit(&self, events: Vec<Event>, up_to: u64) -> Result<(), LakeError> {
        let _ = (events, up_to);
        Err(LakeError::Unhealthy(NOT_YET.into()))
    }

    /// Writes the hot events to Parquet, switches the catalog, drops the log before, merges small files.
    ///
    /// # Errors
    /// When it fails, everything stays visible as it was and the next call tries again.
    pub async fn seal(&self) -> Result<(), LakeError> {
        Err(LakeError::Unhealthy(NOT_YET.into()))
    }

    /// [`Lake::seal`] when the hot events are too many, too large or too old; whether it did.
    ///
    /// # Errors
    /// As [`Lake::seal`].
    pub async fn seal_if_due(&self) -> Result<bool, LakeError> {
        Ok(false)
    }

    /// From now on the events of each key are folded under its value; canonical persons are no keys.
    pub fn set_merges(&self, merges: Arc<HashMap<u64, u64>>) {
        let _ = merges;
    }

    /// How far the lake has come.
    #[must_use]
    pub fn watermark(&self) -> Watermark {
        Watermark::default()
    }

    /// Folds every admitted event of the options' range. Dropping the future cancels it.
    ///
    /// # Errors
    /// [`LakeError::Cancelled`], or [`LakeError::Data`] when a file cannot be read.
    pub async fn fold<F: Fold + Clone + 'static>(&self, fold: &F, options: &FoldOptions) -> Result<F::Output, LakeError>
    where
        F::Output: 'static,
    {
        let _ = (fold, options);
        Err(LakeError::Unhealthy(NOT_YET.into()))
    }

    /// Answers one read-only question over `events` and the tables the caller brings.
    ///
    /// # Errors
    /// [`LakeError::Sql`] when it is refused or wrong, [`LakeError::Limit`] when it runs too long or too large.
    pub async fn sql(&self, text: &str, tables: Vec<SqlTable>, limits: SqlLimits) -> Result<SqlAnswer, LakeError> {
        let _ = (text, tables, limits);
        Err(LakeError::Sql(NOT_YET.into()))
    }

    /// Full events of these people, newest first, before a place in that order.
    ///
    /// # Errors
    /// [`LakeError::Data`] when a file cannot be read.
    pub async fn events_of(
        &self,
        persons: &[u64],
        before: Option<(i64, u64)>,
        limit: usize,
    ) -> Result<Vec<Event>, LakeError> {
        let _ = (persons, before, limit);
        Err(LakeError::Unhealthy(NOT_YET.into()))
    }

    /// The full event at a log offset, if it is visible.
    ///
    /// # Errors
    /// [`LakeError::Data`] when a file cannot be read.
    pub async fn event_at(&self, offset: u64) -> Result<Option<Event>, LakeError> {
        let _ = offset;
        Err(LakeError::Unhealthy(NOT_YET.into()))
    }

    /// Reads everything and reports what does not fit together.
    ///
    /// # Errors
    /// Only when the check itself cannot run; damage is in the report.
    pub async fn check(&self) -> Result<CheckReport, LakeError> {
        Ok(CheckReport::default())
    }
}
