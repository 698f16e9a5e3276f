//! Persons as callers see them.

use super::visitors::Visitors;
use crate::companies::Property;
use kernel::ids::{CompanyId, DealId, PersonId};
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A person in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PersonSummary {
    /// The id.
    pub id: PersonId,
    /// The name; empty when nobody said one.
    pub name: String,
    /// The e-mail address; empty when it is not known.
    pub email: String,
    /// The job title.
    pub title: String,
    /// The company.
    pub company: Option<CompanyId>,
    /// The company's name.
    pub company_name: String,
    /// The country.
    pub country: String,
    /// The city.
    pub city: String,
    /// Whether an e-mail address, a user id or a key of another system is known.
    pub known: bool,
    /// When that became so.
    pub lead_at: Option<Timestamp>,
    /// When the person came into being.
    pub created_at: Timestamp,
    /// The first event; absent when there was none yet.
    pub first_seen: Option<Timestamp>,
    /// The last event; absent when there was none yet.
    pub last_seen: Option<Timestamp>,
    /// How the person became known: `event:…`, `import:…`, `user:…`.
    pub origin: String,
}

/// The order of a list of people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeopleSort {
    /// Whoever was active last comes first.
    #[default]
    LastSeen,
    /// The newest first.
    Created,
    /// By name.
    Name,
}

/// How a person came into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    /// From an event.
    Event,
    /// From an import.
    Import,
    /// By hand or through the API.
    Manual,
}

/// What a list of people is narrowed by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PeopleFilter {
    /// Part of a name or e-mail address.
    pub q: String,
    /// Known people only, or anonymous visitors only.
    pub known: Option<bool>,
    /// People of a company.
    pub company: Option<CompanyId>,
    /// People of a country, as it is written.
    pub country: String,
    /// How they came into being.
    pub origin: Option<OriginKind>,
    /// The order.
    pub sort: PeopleSort,
}

/// Why an identifier belongs to a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IdentifierEdge {
    /// `user_id`, `email`, `anonymous_id`, `phone`, or `ext:` and the name of another system.
    pub kind: String,
    /// The value.
    pub value: String,
    /// The person it came to: this one, or one that was merged into it.
    pub home: PersonId,
    /// `linked`, or `unlinked` when it was taken away.
    pub state: String,
    /// When it was linked, by the time of its source.
    pub at: Timestamp,
    /// Its source: `event:…` with the offset in the log, `import:…`, `user:…`.
    pub source: String,
    /// The message id of that event.
    pub event_id: String,
    /// The identifier that was known already and brought this one; empty for the first ones of a person.
    pub via: String,
    /// When it was taken away.
    pub ended_at: Option<Timestamp>,
}

/// Why two persons are one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MergeEvidence {
    /// One home.
    pub person: PersonId,
    /// The other.
    pub other: PersonId,
    /// `merged`, or `separated` when it was taken back by hand.
    pub state: String,
    /// The identifier of the one …
    pub identifier: String,
    /// … and of the other, that came together …
    pub other_identifier: String,
    /// … in this event.
    pub source: String,
    /// Its message id.
    pub event_id: String,
    /// When.
    pub at: Timestamp,
    /// When it was taken back.
    pub ended_at: Option<Timestamp>,
    /// By whom.
    pub ended_by: Option<String>,
}

/// An identifier that was left out of this person's events: the other person may be the same one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RefusedIdentifier {
    /// The identifier, as `kind:value`.
    pub identifier: String,
    /// `blocked`, `too_long`, `malformed`, `over_limit`, `shared_device`, `separated`.
    pub reason: String,
    /// Whose it is, when somebody's.
    pub owner: Option<PersonId>,
    /// The first time.
    pub at: Timestamp,
    /// Its source.
    pub source: String,
}

/// Why this is one person: everything that identity recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Identifiers {
    /// The persons that are one, the oldest first.
    pub persons: Vec<PersonId>,
    /// The identifiers and where each came from; at most 1 000.
    pub edges: Vec<IdentifierEdge>,
    /// What joined the persons.
    pub merges: Vec<MergeEvidence>,
    /// What was left out; at most 1 000.
    pub refused: Vec<RefusedIdentifier>,
}

/// A place in a company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Place {
    /// The company.
    pub company: CompanyId,
    /// Its name.
    pub name: String,
    /// The role.
    pub role: String,
    /// `domain`, `import`, `group`, `manual`.
    pub how: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Where it came from.
    pub source: String,
}

/// A deal a person takes part in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PersonDeal {
    /// The deal.
    pub id: DealId,
    /// Its name.
    pub name: String,
    /// `open`, `won` or `lost`.
    pub outcome: String,
    /// The person's role in it.
    pub role: String,
}

/// One person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Person {
    /// The facts of the list.
    #[serde(flatten)]
    pub summary: PersonSummary,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The phone number.
    pub phone: String,
    /// The id that was asked for, when it was merged into this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_from: Option<PersonId>,
    /// Every value, with its time and source.
    pub traits: Vec<Property>,
    /// Places in companies, the one that counts first.
    pub places: Vec<Place>,
    /// Deals.
    pub deals: Vec<PersonDeal>,
    /// Why this is one person.
    pub identifiers: Identifiers,
}

/// One event of a timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TimelineEvent {
    /// The offset in the log.
    pub offset: u64,
    /// When.
    pub at: Timestamp,
    /// `track`, `page`, `screen`, `identify`, `group`, `alias`.
    pub kind: String,
    /// The name of what happened.
    pub name: String,
    /// The page.
    pub url: String,
    /// Its title.
    pub title: String,
    /// The page before.
    pub referrer: String,
    /// The channel.
    pub channel: String,
    /// Campaign source.
    pub source: String,
    /// Campaign medium.
    pub medium: String,
    /// Campaign name.
    pub campaign: String,
    /// Device.
    pub device: String,
    /// Country.
    pub country: String,
    /// `human`, `bot`, `ai_agent` or `unknown`.
    pub agent_class: String,
    /// The home it came to: the person, or one that was merged into it.
    pub person: PersonId,
    /// Whether the person was still anonymous when it happened: it was learned later who it was.
    pub before_known: bool,
    /// Properties.
    #[schema(value_type = Object)]
    pub properties: serde_json::Value,
}

/// A person as other areas need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonFact {
    /// The canonical person.
    pub person: PersonId,
    /// When an e-mail address, a user id or a key of another system first became known.
    pub lead_at: Option<Timestamp>,
    /// When the person came into being.
    pub created_at: Timestamp,
    /// The company.
    pub company: Option<CompanyId>,
    /// The country.
    pub country: String,
}

impl PersonFact {
    /// Whether nothing is known of the person but when it came.
    #[must_use]
    pub fn is_visitor(&self) -> bool {
        self.lead_at.is_none() && self.company.is_none() && self.country.is_empty()
    }
}

/// Every person of a workspace, in the order of ids.
#[derive(Debug, Clone, Default)]
pub struct PeopleFacts {
    /// The persons of whom something is known.
    pub people: Vec<PersonFact>,
    /// The others.
    pub visitors: Visitors,
    /// The number of the write these facts are of.
    pub changes: i64,
}

impl PeopleFacts {
    /// One person; give the canonical one.
    #[must_use]
    pub fn get(&self, person: u64) -> Option<PersonFact> {
        if let Ok(place) = self.people.binary_search_by_key(&person, |fact| fact.person.number()) {
            return self.people.get(place).cloned();
        }
        let created_at = Timestamp::from_micros(self.visitors.get(person)?);
        let person = PersonId::from_number(person).ok()?;
        Some(PersonFact { person, lead_at: None, created_at, company: None, country: String::new() })
    }

    /// How many persons there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people.len() + self.visitors.len()
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
