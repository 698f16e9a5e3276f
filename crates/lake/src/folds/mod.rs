//! The folds every area uses: sessions, counts by name, first event. Others live with the feature that asks.

pub mod counts;
pub mod first_event;
pub mod sessions;
#[cfg(test)]
mod tests;
