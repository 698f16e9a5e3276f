//! Metrics: the only way to a number.

pub mod spend;

pub use spend::{
    CampaignTouch, NoSpend, PlanFact, RateTable, SpendFact, SpendFacts, SpendMatch, SpendSource, StaleRate, TouchIndex,
};
