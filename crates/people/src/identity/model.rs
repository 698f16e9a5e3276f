//! What goes into identity, and what comes out.

use crate::companies::CompanyInput;
use crate::upsert::Source;
use kernel::ids::{CompanyId, PersonId};
use kernel::time::Timestamp;
use science::identity::Kind;
use serde_json::{Map, Value as Json};

/// What kind of call an event was, as far as identity cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ObservationKind {
    /// Track, page or screen.
    #[default]
    Activity,
    /// Identify: its traits are the person's.
    Identify,
    /// Group: its traits are the company's.
    Group,
    /// Alias: `previous_id` and `user_id` are one person.
    Alias,
}

/// An event as identity sees it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observation {
    /// The offset in the log.
    pub offset: u64,
    /// When it happened.
    pub at: Timestamp,
    /// When it arrived.
    pub received_at: Timestamp,
    /// What kind of call it was.
    pub kind: ObservationKind,
    /// The client's message id.
    pub event_id: String,
    /// The user id.
    pub user_id: Option<String>,
    /// The anonymous id.
    pub anonymous_id: Option<String>,
    /// The id before, of an alias.
    pub previous_id: Option<String>,
    /// The group id, of a group call or of the context.
    pub group_id: Option<String>,
    /// An e-mail address from the traits.
    pub email: Option<String>,
    /// A phone number from the traits.
    pub phone: Option<String>,
    /// Keys of other systems: system and key.
    pub external: Vec<(String, String)>,
    /// Traits of the person.
    pub traits: Option<Map<String, Json>>,
    /// Traits of the company, of a group call; none when the group id is that of a context.
    pub group_traits: Option<Map<String, Json>>,
    /// Whether a person is behind it. A bot never becomes a person: see [`Resolved::person`].
    pub human: bool,
}

/// Whose an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The person to store with the event: the *home* of its most important identifier, which never changes. Merges are
    /// applied when the event is read (`Identity::merges`), so that they can be taken back.
    ///
    /// For a bot, and for an event that names nobody, it is a number from a hash: `is_light` tells.
    pub person: PersonId,
    /// The company the person belongs to at this moment.
    pub company: Option<CompanyId>,
}

/// A person as an import or the API describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonInput {
    /// Typed identifiers, raw: [`Kind::Email`], [`Kind::UserId`], [`Kind::External`] (`hubspot`) …
    pub identifiers: Vec<(Kind, String)>,
    /// Values. Well-known names: `name first_name last_name phone title country city`; `email` follows the identifier.
    pub traits: Map<String, Json>,
    /// Their company.
    pub company: Option<CompanyInput>,
    /// Their role in it.
    pub company_role: String,
    /// When these values were stated: the moment of the import.
    pub at: Timestamp,
    /// When the record came into being in the other system; `at` when it is not known. It is also when the person
    /// became a lead, unless that is known to be earlier.
    pub created_at: Option<Timestamp>,
    /// Where they come from.
    pub source: Source,
}

impl PersonInput {
    /// An input that says nothing yet.
    #[must_use]
    pub fn new(at: Timestamp, source: Source) -> Self {
        Self {
            identifiers: Vec::new(),
            traits: Map::new(),
            company: None,
            company_role: String::new(),
            at,
            created_at: None,
            source,
        }
    }
}
