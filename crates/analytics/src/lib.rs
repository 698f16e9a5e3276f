//! Ingest, channels, metrics, attribution and dashboards.
