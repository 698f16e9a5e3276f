//! Ingest, channels, metrics, attribution and dashboards.

mod answers;
pub mod attribution;
pub mod channel_rules;
pub mod channels;
pub mod dashboards;
pub mod drill;
pub mod events;
pub mod explore;
mod explore_engine;
pub mod explore_model;
pub mod facts;
pub mod facts_then;
pub mod ingest;
pub mod messages;
pub mod metric_registry;
pub mod metrics;
pub mod rederivation;
pub mod sessions;
pub mod spend;
pub mod sql_console;
pub mod upkeep;
