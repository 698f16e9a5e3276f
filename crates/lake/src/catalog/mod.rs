//! Which files make up the lake: one state, changed by whole switches.
//!
//! **Invariant:** a file is part of the lake exactly while the catalog lists it. What lies in the folder besides is an
//! orphan of a crash or of an older catalog and is set aside when the lake is opened.
//! **Invariant:** a [`Switch`] happens whole or not at all.

mod file;
#[cfg(test)]
mod tests;

pub use file::FileCatalog;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// The catalog could not be read or switched.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the catalog of event files: {0}")]
pub struct CatalogError(pub String);

/// A sealed Parquet file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Unique among files and runs, never used again.
    pub id: u64,
    /// Path below the lake's folder, with `/`.
    pub path: String,
    /// Bucket of people.
    pub bucket: u16,
    /// Year × 12 + month − 1, UTC.
    pub month: i32,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Smallest `at`, microseconds.
    pub at_min: i64,
    /// Largest `at`, microseconds.
    pub at_max: i64,
    /// Smallest log offset.
    pub offset_min: u64,
    /// Largest log offset.
    pub offset_max: u64,
}

/// A sealed run of the hashes of event ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEntry {
    /// Unique among files and runs, never used again.
    pub id: u64,
    /// Path below the lake's folder, with `/`.
    pub path: String,
    /// Hashes in it.
    pub entries: u64,
    /// Its size.
    pub bytes: u64,
}

/// A file or run that the catalog listed and no longer does, because others took its place or its rows were to go. It is
/// removed as soon as nobody reads it; after a crash by the next start, instead of being set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoneEntry {
    /// The id it had.
    pub id: u64,
    /// Path below the lake's folder, with `/`.
    pub path: String,
}

/// A re-derivation that took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rederived {
    /// Its number; later ones have larger ones.
    pub id: u64,
    /// From this moment on questions see what it derived, microseconds.
    pub at: i64,
}

/// What makes up the lake at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CatalogState {
    /// Every event up to this log offset is in the files (or was a duplicate, or was rejected).
    pub sealed_offset: u64,
    /// `received_at` of the last event admitted when that was sealed, microseconds; 0 when none.
    pub sealed_at: i64,
    /// The next id to give out.
    pub next_id: u64,
    /// Into how many buckets people are divided; 0 until the first switch.
    #[serde(default)]
    pub buckets: u16,
    /// The Parquet files.
    pub files: Vec<FileEntry>,
    /// The runs of event ids.
    pub runs: Vec<RunEntry>,
    /// What was taken out and may still lie in the folder.
    #[serde(default)]
    pub gone: Vec<GoneEntry>,
    /// The re-derivations that changed a row, in order.
    #[serde(default)]
    pub rederived: Vec<Rederived>,
}

/// A change of the catalog: happens whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Switch {
    /// Files to add.
    pub add_files: Vec<FileEntry>,
    /// Ids of files to remove.
    pub remove_files: Vec<u64>,
    /// Runs to add.
    pub add_runs: Vec<RunEntry>,
    /// Ids of runs to remove.
    pub remove_runs: Vec<u64>,
    /// Ids of files and runs that were taken out before and are no longer in the folder.
    #[serde(default)]
    pub forget: Vec<u64>,
    /// The re-derivation that takes effect with it.
    #[serde(default)]
    pub rederived: Option<Rederived>,
    /// The new sealed offset and `sealed_at`; none when they stay.
    pub sealed: Option<(u64, i64)>,
    /// The new `next_id`.
    pub next_id: u64,
    /// Into how many buckets people are divided; 0 when it is not said.
    pub buckets: u16,
}

impl CatalogState {
    /// The state after a switch. What it removes is `gone` until a later switch forgets it.
    pub fn apply(&mut self, switch: &Switch) {
        self.gone.retain(|gone| !switch.forget.contains(&gone.id));
        let files = self.files.iter().filter(|file| switch.remove_files.contains(&file.id));
        let gone = files.map(|file| GoneEntry { id: file.id, path: file.path.clone() });
        let runs = self.runs.iter().filter(|run| switch.remove_runs.contains(&run.id));
        self.gone.extend(gone.chain(runs.map(|run| GoneEntry { id: run.id, path: run.path.clone() })));
        self.gone.sort_by_key(|gone| gone.id);
        self.files.retain(|file| !switch.remove_files.contains(&file.id));
        self.files.extend(switch.add_files.iter().cloned());
        self.runs.retain(|run| !switch.remove_runs.contains(&run.id));
        self.runs.extend(switch.add_runs.iter().cloned());
        if let Some((offset, at)) = switch.sealed {
            self.sealed_offset = offset;
            self.sealed_at = at;
        }
        self.rederived.extend(switch.rederived);
        self.next_id = switch.next_id;
        if switch.buckets != 0 {
            self.buckets = switch.buckets;
        }
    }
}

/// Where the state is kept. One lake is its only writer.
#[async_trait]
pub trait Catalog: Send + Sync + 'static {
    /// The state; the empty one for a new lake.
    async fn load(&self) -> Result<CatalogState, CatalogError>;

    /// Makes a change, durably, in one transaction. After an error the lake loads the state to see which it was.
    async fn switch(&self, switch: &Switch) -> Result<(), CatalogError>;
}
