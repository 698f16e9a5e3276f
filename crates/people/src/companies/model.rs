//! Companies as callers see them.

use crate::upsert::Source;
use kernel::ids::{CompanyId, PersonId};
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// A company as an import, a group call, a person's row or the API describes it. At least one of `id`, `external`,
/// `domain` and `name` must say which one it is.
#[derive(Debug, Clone, PartialEq)]
pub struct CompanyInput {
    /// The company itself, when it is known; then the keys below are added to it.
    pub id: Option<CompanyId>,
    /// Keys other systems gave it: system and key. `group` is the system of group calls.
    pub external: Vec<(String, String)>,
    /// A web domain or an address in it; reduced to the registrable domain. Domains of mail providers are ignored.
    pub domain: String,
    /// The name. Alone it finds a company of exactly this name (case and spacing aside).
    pub name: String,
    /// The domain of the e-mail address of somebody in it. A hint, taken only where the name alone would decide: a company
    /// of that domain that nobody has named yet is meant, or a new one gets the domain if it is nobody's.
    pub email_domain: String,
    /// Further values (`industry`, `employees`, `country` …).
    pub properties: Map<String, Json>,
    /// Whether a company that nobody has spoken of yet is left alone: a context's group id says no more than that there
    /// is one, and the group call that says which may be on its way.
    pub known_only: bool,
    /// When these values were stated.
    pub at: Timestamp,
    /// When the company came into being in the other system; `at` when it is not known.
    pub created_at: Option<Timestamp>,
    /// Where they come from.
    pub source: Source,
}

impl CompanyInput {
    /// An input that says nothing yet.
    #[must_use]
    pub fn new(at: Timestamp, source: Source) -> Self {
        Self {
            id: None,
            external: Vec::new(),
            domain: String::new(),
            name: String::new(),
            email_domain: String::new(),
            properties: Map::new(),
            known_only: false,
            at,
            created_at: None,
            source,
        }
    }
}

/// How it is known that a person belongs to a company; the later ones win over the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MembershipSource {
    /// The domain of an e-mail address.
    Domain,
    /// An import.
    Import,
    /// A group call.
    Group,
    /// Somebody said so.
    Manual,
}

impl MembershipSource {
    /// The source as the database writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            MembershipSource::Domain => "domain",
            MembershipSource::Import => "import",
            MembershipSource::Group => "group",
            MembershipSource::Manual => "manual",
        }
    }

    /// The source of this text; a domain when it is none of the others.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "import" => MembershipSource::Import,
            "group" => MembershipSource::Group,
            "manual" => MembershipSource::Manual,
            _ => MembershipSource::Domain,
        }
    }

    /// Whether somebody or some system said so, rather than a rule inferring it.
    #[must_use]
    pub fn is_explicit(self) -> bool {
        self != MembershipSource::Domain
    }
}

/// A company in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CompanySummary {
    /// The id.
    pub id: CompanyId,
    /// The name; its domain when nobody said a name.
    pub name: String,
    /// The registrable domain, `example.com`; empty when it is not known.
    pub domain: String,
    /// Industry, when known.
    pub industry: String,
    /// Country, when known.
    pub country: String,
    /// People in it.
    pub people: u64,
    /// Deals with it.
    pub deals: u64,
    /// When it became known.
    pub created_at: Timestamp,
    /// How it became known: `event:…`, `import:…`, `user:…`.
    pub origin: String,
}

/// A person of a company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Member {
    /// The person.
    pub person: PersonId,
    /// Name, e-mail address, or neither.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// The role in the company, when known.
    pub role: String,
    /// Since when.
    pub since: Timestamp,
    /// How it is known.
    pub source: MembershipSource,
}

/// One key of a company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CompanyKey {
    /// `domain`, `group`, or the name of another system.
    pub kind: String,
    /// The key.
    pub value: String,
    /// Where it came from.
    pub source: String,
    /// When it was learned.
    pub at: Timestamp,
}

/// One value of a record with its source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Property {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Json,
    /// When it was stated.
    pub at: Timestamp,
    /// Where it came from: `event:…`, `import:…`, `user:…`.
    pub source: String,
}

/// One company, with its people and how it is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Company {
    /// The facts of the list.
    #[serde(flatten)]
    pub summary: CompanySummary,
    /// Its keys.
    pub keys: Vec<CompanyKey>,
    /// Its values.
    pub properties: Vec<Property>,
    /// Its people, the latest first; at most 500.
    pub members: Vec<Member>,
    /// Its deals, the latest first; at most 500.
    pub company_deals: Vec<CompanyDeal>,
}

/// A deal of a company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CompanyDeal {
    /// The deal.
    pub id: kernel::ids::DealId,
    /// Its name.
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// `open`, `won` or `lost`.
    pub outcome: String,
    /// Its amount, when known.
    pub amount: Option<kernel::money::Money>,
}

/// A company as other areas need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyFact {
    /// The id.
    pub id: CompanyId,
    /// The name.
    pub name: String,
    /// The registrable domain.
    pub domain: String,
}

/// A company with everything that is known of it now.
#[derive(Debug, Clone, PartialEq)]
pub struct CompanyKnown {
    /// The id.
    pub id: CompanyId,
    /// What is known, by name: `name`, `domain`, `industry`, `country` and what else was stated.
    pub values: BTreeMap<String, Json>,
}
