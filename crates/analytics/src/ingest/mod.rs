//! Ingest: messages become events in the lake of a workspace.
//!
//! [`crate::messages`] reads them; the log makes them durable; the pump resolves them to people and makes them visible.
//!
//! **Invariant:** what was answered with 200 is durable: in the log, or in the quarantine with its reason.

mod api;
mod catalog;
mod doubts;
mod intake;
mod lakes;
mod pump;
mod told;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_doubts;
#[cfg(test)]
mod tests_limits;
#[cfg(test)]
mod tests_pressure;

pub use api::{SENDER_ROUTES, sender_routes};
pub use catalog::adopt;
pub use lakes::{Lakes, OpenError};
pub use pump::Resolver;
