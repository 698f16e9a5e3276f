//! What signing in rests on: hashes of passwords and tokens, and the wait of who guesses.
//!
//! **Invariant:** a secret is kept as a hash only.

mod failures;
mod secret;
#[cfg(test)]
mod tests;

pub(crate) use failures::Failures;
pub use secret::PasswordCost;
pub(crate) use secret::{check_password, fits, hash_password, one_time_password, random_text, token_hash};
