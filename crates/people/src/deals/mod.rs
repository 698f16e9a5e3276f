//! Deals: pipelines, stages with their history, amounts, and the people who take part.

mod model;

pub use model::{
    Deal, DealFact, DealInput, DealKey, DealOutcome, DealPart, DealPerson, DealPersonInput, DealRoleInput, DealSummary,
    Pipeline, Stage, StageEntry, StageEntryInput,
};
