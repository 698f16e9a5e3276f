//! Ingest, channels, metrics, attribution and dashboards.

pub mod attribution;
pub mod channels;
pub mod dashboards;
pub mod drill;
pub mod events;
pub mod facts;
pub mod ingest;
pub mod messages;
pub mod metrics;
pub mod sql_console;
pub mod upkeep;
