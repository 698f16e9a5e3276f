//! The event store: append log, Parquet, catalog, folds and SQL. The only crate that knows DataFusion.
//!
//! An event is appended to a log, resolved to a person by its consumer, admitted (visible from then on), and sealed with
//! many others into Parquet files by bucket of person and month. Questions are asked as a [`Fold`] over each person's
//! events in time order, or in SQL.
//!
//! **Invariant:** an event whose append returned is never lost, and every fold and every SQL answer sees every admitted
//! event exactly once, also while it is being sealed or merged.
//! **Invariant:** an `event_id` is stored once, for ever.
//! **Invariant:** nothing outside this crate sees Arrow, Parquet or DataFusion.

mod batch;
mod catalog;
mod check;
mod compact;
mod config;
mod consume;
mod dedup;
mod error;
mod event;
mod fold;
pub mod folds;
mod hot;
mod lake;
mod log;
mod parquet;
pub mod predicates;
mod property;
mod query;
mod renewed;
mod repair;
pub mod sequences;
mod snapshot;
mod stored;
pub mod tally;
#[cfg(test)]
mod tests;
mod timeline;
mod value;
mod view;

pub use batch::{Batch, NewEvents, Owner};
pub use catalog::{
    Catalog, CatalogError, CatalogState, FileCatalog, FileEntry, GoneEntry, Rederived, RunEntry, Switch,
};
pub use compact::{
    Derive, DeriveRow, ErasedFile, Erasure, ErasureProof, Moved, Rederivation, Retained, RewriteProgress, Verdict,
};
pub use config::{Faults, LakeConfig};
pub use error::LakeError;
pub use event::{AgentClass, Col, Columns, Draft, Event, EventKind};
pub use fold::{Cancel, Dict, EventRef, Fold, FoldOptions, KnownAt, Progress, Recoder, Run, RunCodes};
pub use lake::{Appended, CheckReport, Lake, Sealed, SqlTurn, Watermark};
pub use parquet::Derivation;
pub use query::{
    SqlAnswer, SqlColumn, SqlFile, SqlFormat, SqlLimits, SqlMonth, SqlPlan, SqlProgress, SqlQuestion, SqlRead,
    SqlTable, SqlType, SqlValue, SqlWatch,
};
pub use renewed::{FoundIn, Reversible, moved};
pub use repair::{Finding, Orphan, RepairAction, RepairReport, repair, sweep_orphans};
pub use snapshot::{MonthStamp, Snapshot};
pub use stored::Stored;
pub use value::{Amount, NumberTest, Property, ValueTest, micros};
