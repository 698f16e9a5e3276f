//! How the value of a deal is shared among the touches that led to it.
//!
//! **Invariant:** under every model that [`Model::conserves`], the credits of a journey sum to its value exactly, none
//! has the other sign, and the order in which the touches are given does not matter.
//! **Invariant:** integers only: proportions are exact, and the one rounding is the largest-remainder split of
//! [`kernel::money::split_micros`].
//!
//! # Journeys with fewer touches than positions
//! - No touch: no credit; the caller shows the value as "No touch known".
//! - One touch: it gets everything, under every model.
//! - A touch on several positions gets the sum of their shares (first and lead creation in a W: 30 + 30).
//! - A position nobody stands on (no lead known, a lead before the first touch, a milestone after the goal, no other
//!   touches for "the rest") drops out: the other shares keep their proportions. Two touches under U 40/20/40 get
//!   50/50, under J 20/20/60 25/75.
//! - When no position of a model is taken at all, every touch gets the same.
//!
//! Sources: the published definitions of U, W, full path, J and inverse J; both W variants are named apart.

mod credit;
mod custom;
mod decay;
mod model;
#[cfg(test)]
mod tests;

pub use credit::{Credit, Journey, Roles, Touch, credits, roles, weights, why};
pub use custom::{BadWeights, CustomWeights, Shares};
pub use model::{BadModel, HALF_LIFE_DAYS, HALF_LIFE_DAYS_MAX, Model};
