//! Pure maths: identity rules and attribution models.
//!
//! **Invariant:** nothing here does I/O, reads a clock or a random source: the same input always gives the same output.

pub mod attribution;
pub mod identity;
