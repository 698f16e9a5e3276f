//! Ingest, channels, metrics, attribution and dashboards.

pub mod metrics;
