//! How many identifiers of a kind one person may have.

use super::identifier::Kind;

/// The limits of AN 1.6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Most user ids of one person; an explicit alias may exceed it.
    pub user_ids_max: u32,
    /// Most anonymous ids of one person.
    ///
    /// A browser that forgets its cookies weekly makes 52 a year, and a person has several; five would cut real people
    /// into pieces. A thousand still stops a server that sends a fresh id with each event.
    pub anonymous_ids_max: u32,
    /// Most identifiers of each other kind.
    pub others_max: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self { user_ids_max: 1, anonymous_ids_max: 1_000, others_max: 5 }
    }
}

impl Rules {
    /// Most identifiers of this kind that one person may have.
    #[must_use]
    pub fn limit(&self, kind: &Kind) -> u32 {
        match kind {
            Kind::UserId => self.user_ids_max,
            Kind::AnonymousId => self.anonymous_ids_max,
            Kind::Email | Kind::Phone | Kind::External(_) => self.others_max,
        }
    }
}
