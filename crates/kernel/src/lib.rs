//! The vocabulary every other crate speaks: typed ids, money, time, scope, problems, pages and limits.
//!
//! **Invariant:** nothing here does I/O, is async, or reads a clock or a random source that it was not given.
//! **Invariant:** this crate depends on no other crate of the workspace.

pub mod ids;
pub mod limits;
pub mod money;
pub mod page;
pub mod problem;
pub mod scope;
pub mod time;
