//! What every feature stands on: databases, jobs, HTTP, sign-in, workspaces, audit, configuration and telemetry.
//!
//! **Invariant:** `sqlx` is named in [`sql`] only, `axum` in [`http`] and in `api.rs` files only.
//! **Invariant:** the time and chance are arguments; nothing here reads a clock by itself.

pub mod accounts;
pub mod audit;
mod auth;
mod background;
pub mod config;
pub mod http;
pub mod jobs;
mod naming;
mod platform;
pub mod sql;
pub mod telemetry;
pub mod world;

pub use background::Background;
pub use platform::Platform;
pub use world::World;

/// Every event is dozens of small allocations; and what a large question used goes back to the system afterwards. It stands
/// here and not in the program, because what lies around each call is compiled with it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
