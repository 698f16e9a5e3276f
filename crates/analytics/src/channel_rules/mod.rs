//! A workspace's own rules: channel rules that stand before those of the program, sites that it adds to the lists of known
//! sites, and rules that say who visits. Pure: text in, answers out; [`crate::rederivation`] keeps the versions.
//!
//! Source and medium are what was observed: rules decide the channel and the class of the visitor, never those.
//!
//! **Invariant:** the same evidence and the same version give the same answer, and [`RuleSet::explain`] reads the very rules
//! that [`RuleSet::classify`] runs.

mod check;
mod engine;
mod model;
#[cfg(test)]
mod tests;
mod words;

pub use engine::{RuleSet, Sight};
pub use model::{
    ChannelRule, Condition, ConditionField, ConditionTest, KnownSite, RuleBook, SiteList, VisitorClass, VisitorRule,
    VisitorTest,
};
pub use words::differences;
