//! Pure maths: identity rules, attribution models, and what chance does to a number.
//!
//! **Invariant:** nothing here does I/O, reads a clock or a random source: the same input always gives the same output.

pub mod attribution;
pub mod chance;
pub mod identity;
