//! Deals as callers see them.

use crate::companies::{CompanyInput, Property};
use crate::upsert::Source;
use kernel::ids::{CompanyId, DealId, PersonId};
use kernel::money::Money;
use kernel::time::Timestamp;
use science::identity::Kind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// How a deal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DealOutcome {
    /// Still open.
    Open,
    /// Won.
    Won,
    /// Lost.
    Lost,
}

impl DealOutcome {
    /// The outcome as the API and the database write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            DealOutcome::Open => "open",
            DealOutcome::Won => "won",
            DealOutcome::Lost => "lost",
        }
    }

    /// The outcome of this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "open" => Some(DealOutcome::Open),
            "won" => Some(DealOutcome::Won),
            "lost" => Some(DealOutcome::Lost),
            _ => None,
        }
    }
}

/// Which deal a row means: its id, or the key another system gave it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DealKey {
    /// The deal itself.
    Id(DealId),
    /// System and key.
    External(String, String),
    /// None yet: a new deal.
    New,
    /// The deal of this name (case and spacing aside) with the row's company: for files without ids.
    Name(String),
}

/// A person who takes part in a deal, as a row describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct DealPersonInput {
    /// Identifiers of the person; a person who is not known yet is created from them.
    pub identifiers: Vec<(Kind, String)>,
    /// The role: `decision_maker`, `champion` …; empty when it is not known.
    pub role: String,
    /// The deal's main contact.
    pub primary: bool,
}

/// A deal as an import or the API describes it. An absent value says nothing and changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct DealInput {
    /// Which deal; a new one when nothing is found.
    pub key: DealKey,
    /// The name; needed for a new deal.
    pub name: Option<String>,
    /// The pipeline, by name; the first one when absent. It is made when there is none of this name.
    pub pipeline: Option<String>,
    /// The stage, by name; the first one when absent. It is made when there is none of this name.
    pub stage: Option<String>,
    /// How it stands, when the file says so apart from its stage.
    pub outcome: Option<DealOutcome>,
    /// The amount.
    pub amount: Option<Money>,
    /// When it was created in the other system.
    pub created_at: Option<Timestamp>,
    /// When it was, or is to be, closed.
    pub closed_at: Option<Timestamp>,
    /// When the stage was entered; `at` when it is not known.
    pub stage_entered_at: Option<Timestamp>,
    /// The company.
    pub company: Option<CompanyInput>,
    /// People who take part.
    pub people: Vec<DealPersonInput>,
    /// Who owns it, as text.
    pub owner: Option<String>,
    /// Why it was lost or won.
    pub reason: Option<String>,
    /// Further values.
    pub properties: Map<String, Json>,
    /// The line of the file, shown when a number opens to its rows; empty for the API.
    pub source_row: String,
    /// When these values were stated.
    pub at: Timestamp,
    /// Where they come from.
    pub source: Source,
}

impl DealInput {
    /// An input that says nothing but which deal it is about.
    #[must_use]
    pub fn new(key: DealKey, at: Timestamp, source: Source) -> Self {
        Self {
            key,
            name: None,
            pipeline: None,
            stage: None,
            outcome: None,
            amount: None,
            created_at: None,
            closed_at: None,
            stage_entered_at: None,
            company: None,
            people: Vec::new(),
            owner: None,
            reason: None,
            properties: Map::new(),
            source_row: String::new(),
            at,
            source,
        }
    }
}

/// One entry of a deal into a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct StageEntryInput {
    /// Which deal; it must exist.
    pub deal: DealKey,
    /// The stage, by name, in the deal's own pipeline; it is made when there is none of this name.
    pub stage: String,
    /// When the deal entered it.
    pub entered_at: Timestamp,
    /// Where it comes from.
    pub source: Source,
}

/// One person's part in a deal, as a row of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct DealRoleInput {
    /// Which deal; it must exist.
    pub deal: DealKey,
    /// Who.
    pub person: DealPersonInput,
    /// When it was stated.
    pub at: Timestamp,
    /// Where it comes from.
    pub source: Source,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Stage {
    /// The key, unique in the workspace: `sales/demo`.
    pub key: String,
    /// The name.
    pub name: String,
    /// Its place, from 1.
    pub place: u32,
    /// How likely a deal in it is to be won, in percent.
    pub probability_percent: u32,
    /// What a deal in it is.
    pub outcome: DealOutcome,
}

/// A pipeline with its stages in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pipeline {
    /// The key, unique in the workspace: `sales`.
    pub key: String,
    /// The name.
    pub name: String,
    /// The stages.
    pub stages: Vec<Stage>,
}

/// A deal in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DealSummary {
    /// The id.
    pub id: DealId,
    /// The name.
    pub name: String,
    /// The company.
    pub company: Option<CompanyId>,
    /// The company's name.
    pub company_name: String,
    /// The pipeline's key.
    pub pipeline: String,
    /// The stage's key.
    pub stage: String,
    /// The stage's name.
    pub stage_name: String,
    /// How it stands.
    pub outcome: DealOutcome,
    /// The amount, when known.
    pub amount: Option<Money>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was, or is to be, closed.
    pub closed_at: Option<Timestamp>,
    /// Who owns it.
    pub owner: String,
}

/// A person who takes part in a deal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DealPerson {
    /// The person.
    pub person: PersonId,
    /// Name, e-mail address, or neither.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// The role.
    pub role: String,
    /// The deal's main contact.
    pub primary: bool,
    /// Where it comes from.
    pub source: String,
}

/// One entry into a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StageEntry {
    /// The stage's key.
    pub stage: String,
    /// The stage's name.
    pub name: String,
    /// When it was entered.
    pub entered_at: Timestamp,
    /// When it was left; absent while the deal is in it.
    pub left_at: Option<Timestamp>,
    /// Where it comes from.
    pub source: String,
}

/// One deal with its people, its stages and its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Deal {
    /// The facts of the list.
    #[serde(flatten)]
    pub summary: DealSummary,
    /// Why it was lost or won.
    pub reason: String,
    /// Keys other systems gave it, as `system:key`.
    pub keys: Vec<String>,
    /// Who takes part.
    pub people: Vec<DealPerson>,
    /// The stages it went through, the first one first.
    pub stages: Vec<StageEntry>,
    /// Its values.
    pub properties: Vec<Property>,
    /// Where it came from.
    pub origin: String,
}

/// A person's part in a deal, as other areas need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealPart {
    /// The person (a home: apply the merges).
    pub person: PersonId,
    /// The role.
    pub role: String,
    /// The main contact.
    pub primary: bool,
}

/// A deal as other areas need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealFact {
    /// The id.
    pub deal: DealId,
    /// The name.
    pub name: String,
    /// The company.
    pub company: Option<CompanyId>,
    /// Who takes part.
    pub people: Vec<DealPart>,
    /// The amount; `None` when nobody said one.
    pub amount: Option<Money>,
    /// The pipeline's key.
    pub pipeline: String,
    /// The stage's key.
    pub stage: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was closed; for an open deal, when it is to be.
    pub closed_at: Option<Timestamp>,
    /// How it stands.
    pub outcome: DealOutcome,
    /// Stage keys and when each was entered, the first one first.
    pub stages: Vec<(String, Timestamp)>,
    /// Where it came from: `import:…#line`, `user:…`.
    pub source_row: String,
}
