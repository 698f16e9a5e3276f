//! Persons, companies, deals, identity and imports.
//!
//! **Invariant:** every way a person, company or deal comes into being (events, imports, the API) goes through the same
//! entry points, so that the same key never makes two of them.

mod bounded;
mod bulk;
pub mod companies;
pub mod deals;
pub mod erasure;
pub mod identity;
mod identity_cache;
mod import_files;
mod importer;
mod importers;
pub mod imports;
pub mod merge_history;
mod pipelines;
pub mod profiles;
pub mod record_history;
mod sheets;
mod stage_words;
pub mod upsert;
