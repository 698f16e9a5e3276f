//! What became of a message, as the live page shows it.

use kernel::ids::{KeyId, PersonId, QuarantineId};
use kernel::page::PageRequest;
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FateStatus {
    /// Stored.
    Accepted,
    /// Its message id came before; the first one is stored.
    Duplicate,
    /// Not stored as an event; kept in the quarantine with its reason.
    Rejected,
    /// Stored, with a doubt that is kept in the quarantine.
    Suspicious,
}

impl FateStatus {
    /// The value as the API and the database write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
            Self::Suspicious => "suspicious",
        }
    }

    /// The value of this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Accepted, Self::Duplicate, Self::Rejected, Self::Suspicious]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// What became of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fate {
    /// Its place in the stream of this process; newer ones are larger.
    pub sequence: u64,
    /// What became of it.
    pub status: FateStatus,
    /// The code of the rejection or the doubt; empty when it was simply accepted.
    pub code: String,
    /// The reason in words; empty when it was simply accepted.
    pub reason: String,
    /// Its place in the log: the key of `GET /events/{offset}`. Absent when it was rejected.
    pub offset: Option<u64>,
    /// Its row in the quarantine, when it has one.
    pub quarantine: Option<QuarantineId>,
    /// When it happened.
    pub at: Timestamp,
    /// When it was received.
    pub received_at: Timestamp,
    /// `track`, `page`, `screen`, `identify`, `group`, `alias`, or what the sender wrote.
    pub kind: String,
    /// The event's name.
    pub name: String,
    /// The person it was resolved to.
    pub person: Option<PersonId>,
    /// The sender's user id.
    pub user_id: String,
    /// The sender's anonymous id.
    pub anonymous_id: String,
    /// The sender's message id.
    pub message_id: String,
    /// The write key it came with.
    pub write_key: String,
    /// The sending library.
    pub library: String,
    /// The channel.
    pub channel: String,
    /// The page.
    pub url: String,
    /// `human`, `bot`, `ai_agent` or `unknown`.
    pub agent_class: String,
    /// Why.
    pub agent_reason: String,
}

/// Which fates to show. Everything that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FateFilter {
    /// `accepted`, `duplicate`, `rejected` or `suspicious`.
    pub status: Option<FateStatus>,
    /// A person's id, or a part of a user id or an anonymous id.
    pub person: Option<String>,
    /// A part of the event's name.
    pub name: Option<String>,
    /// The id of a write key.
    pub key: Option<KeyId>,
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.trim().to_lowercase())
}

impl FateFilter {
    /// Whether a fate is to be shown.
    #[must_use]
    pub fn takes(&self, fate: &Fate) -> bool {
        let person = |wanted: &String| {
            fate.person.is_some_and(|person| person.to_string() == wanted.trim())
                || contains(&fate.user_id, wanted)
                || contains(&fate.anonymous_id, wanted)
        };
        self.status.is_none_or(|status| status == fate.status)
            && self.person.as_ref().is_none_or(person)
            && self.name.as_ref().is_none_or(|name| contains(&fate.name, name))
            && self.key.as_ref().is_none_or(|key| key.as_str() == fate.write_key)
    }
}

/// Which rows of the quarantine to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QuarantineFilter {
    /// `rejected` or `suspicious`.
    pub status: Option<FateStatus>,
    /// The code of the reason.
    pub code: Option<String>,
    /// Rows per page: 1 to 500; 50 when absent.
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl QuarantineFilter {
    /// The page that is asked for.
    #[must_use]
    pub fn page(&self) -> PageRequest {
        PageRequest { limit: self.limit, cursor: self.cursor.clone() }
    }
}

/// A message in the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Quarantined {
    /// The row.
    pub id: QuarantineId,
    /// `rejected` or `suspicious`.
    pub status: FateStatus,
    /// The code of the reason.
    pub code: String,
    /// The reason in words.
    pub reason: String,
    /// When it was first received.
    pub received_at: Timestamp,
    /// When it was last received.
    pub last_received_at: Timestamp,
    /// How often the same message came.
    pub seen: u64,
    /// Its place in the log, for a suspicious event that was stored.
    pub offset: Option<u64>,
    /// The call.
    pub kind: String,
    /// The event's name.
    pub name: String,
    /// The sender's message id.
    pub message_id: String,
    /// The sender's user id.
    pub user_id: String,
    /// The sender's anonymous id.
    pub anonymous_id: String,
    /// The write key it came with.
    pub write_key: String,
    /// The sending library.
    pub library: String,
    /// The message as it was received, without write key and IP address.
    pub raw: String,
}
