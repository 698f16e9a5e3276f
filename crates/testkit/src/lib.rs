//! For tests only: a database per test on both backends, a clock and a random source.
//!
//! A test of a store loops over [`databases()`]; a test of a slice over [`platforms()`]. Both give SQLite always, and Postgres
//! when `MAINSPRING_TEST_PG_URL` is set, which `cargo xtask test` does. What they give is gone when it is dropped.

mod client;
mod databases;
mod platforms;
mod postgres;

pub use client::{Answer, Client};
pub use databases::{TestDb, databases};
pub use platforms::{Backend, TestPlatform, backends, platform, platforms};

use kernel::time::Timestamp;

/// The moment simulated worlds begin: 2026-03-02T09:00:00Z, a Monday.
pub const START: Timestamp = Timestamp::from_micros(1_772_442_000_000_000);
