//! The real program, started as a process and talked to over HTTP.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod crash;
mod imports;
mod roles;
mod server;
mod sql;
mod truth;
mod upkeep;
