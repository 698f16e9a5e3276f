//! Who an event belongs to: typed identifiers, merges and their reversal.
//!
//! The rules are those of AN 1.6 (flat matching): an event that matches nobody creates a person, one person is
//! attached to, several are merged unless a rule forbids it; a limit that would overflow demotes the event's
//! least important identifier, and matching starts again. [`decide`](fn@decide) is the whole of it, a function of the event's
//! identifiers and of what is known about them ([`View`]); [`Graph`] keeps what it decides and can take it back.
//!
//! **Invariant:** an identifier belongs to at most one person at a time (its *home*); merging never moves it.
//! **Invariant:** a merge is an edge between two homes, with its evidence. Taking an edge away leaves exactly the
//! components of the others, so a merge is reversible however much has happened since.
//! **Invariant:** the name of a component (its canonical person) is its oldest member, so it does not depend on the order
//! of merges.
//!
//! Deliberately absent: limits with a time window. A limit that forgets makes the result depend on the order of arrival.

mod decide;
mod graph;
mod identifier;
#[cfg(test)]
mod laws;
mod rules;
#[cfg(test)]
mod tests;

pub use decide::{Decision, MergeEdge, Outcome, Refused, View, decide};
pub use graph::{Graph, flatten};
pub use identifier::{Identifier, Kind, Refusal, looks_like_device_id, normal_email, normal_phone};
pub use rules::Rules;
