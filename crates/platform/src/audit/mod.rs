//! The audit trail: who changed what, when, in a chain of hashes.
//!
//! A change and its entry commit together. What changes a workspace's own database is recorded there; what changes
//! accounts (members, keys, settings) is recorded in the control database, with the workspace's id. The API shows both.
//!
//! **Invariant:** each entry's hash covers its content and the hash before it, so a changed, missing or inserted entry
//! breaks the chain from there on.

mod api;
mod chain;

pub use api::{newest, routes};
pub use chain::{AuditEntry, Chain, ChainReport, NewEntry, record, verify};
