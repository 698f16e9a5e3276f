//! Why an event is not taken, or is taken with a doubt: the closed lists.

use kernel::limits;

/// Why an event is rejected. It is kept in the quarantine with this reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Not JSON, or not an object.
    #[error("the message cannot be read: {0}")]
    Unreadable(String),
    /// Larger than one message may be.
    #[error("the message has {0} bytes; at most {max} are taken", max = limits::EVENT_BYTES_MAX)]
    TooLarge(usize),
    /// `type` is missing or not one of the six.
    #[error("`type` is `{0}`; it must be track, page, screen, identify, group or alias")]
    Type(String),
    /// Neither `userId` nor `anonymousId`.
    #[error("neither `userId` nor `anonymousId` is there; one of them says who did it")]
    NobodyNamed,
    /// `track` without `event`.
    #[error("`event` is missing; a track call names what happened")]
    NoEventName,
    /// `event` is too long.
    #[error("`event` has {0} characters; at most {max} are taken", max = limits::EVENT_NAME_CHARS_MAX)]
    EventNameTooLong(usize),
    /// `group` without `groupId`.
    #[error("`groupId` is missing or empty; a group call names the company")]
    NoGroupId,
    /// `alias` without `previousId` or without `userId`.
    #[error("`{0}` is missing; an alias call names the old and the new id")]
    AliasIncomplete(&'static str),
    /// An id is too long.
    #[error("`{field}` has {found} characters; at most {most} are taken")]
    IdTooLong {
        /// Which id.
        field: &'static str,
        /// Its length.
        found: usize,
        /// The limit.
        most: usize,
    },
    /// An id has characters that cannot be seen.
    #[error("`{0}` contains a control character")]
    ControlCharacter(&'static str),
    /// Too many properties or traits.
    #[error("`{field}` has {found} entries; at most {max} are taken", max = limits::EVENT_PROPERTIES_MAX)]
    TooManyProperties {
        /// `properties` or `traits`.
        field: &'static str,
        /// How many.
        found: usize,
    },
    /// Properties or traits that are no object.
    #[error("`{0}` is not an object")]
    NotAnObject(&'static str),
    /// A time that cannot be read.
    #[error("`{field}` is `{found}`, which is not a date and time; write it like 2026-03-01T09:30:00.000Z")]
    Timestamp {
        /// Which time.
        field: &'static str,
        /// What was sent.
        found: String,
    },
}

impl Rejection {
    /// A stable, documented code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::TooLarge(_) => "message_too_large",
            Self::Type(_) => "unknown_type",
            Self::NobodyNamed => "no_identifier",
            Self::NoEventName => "no_event_name",
            Self::EventNameTooLong(_) => "event_name_too_long",
            Self::NoGroupId => "no_group_id",
            Self::AliasIncomplete(_) => "alias_incomplete",
            Self::IdTooLong { .. } => "identifier_too_long",
            Self::ControlCharacter(_) => "control_character",
            Self::TooManyProperties { .. } => "too_many_properties",
            Self::NotAnObject(_) => "not_an_object",
            Self::Timestamp { .. } => "bad_timestamp",
        }
    }
}

/// What is doubtful about an event that is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// It claims to happen after it was received.
    #[error("its time lay {0} s after its receipt; the time of receipt is used")]
    Future(i64),
    /// It claims to be older than anything can be.
    #[error("its time was {0}, before the year 2000; the time of receipt is used")]
    Ancient(String),
    /// The sender's clock is far off.
    #[error("the sender's clock is {0} s off; its times were corrected")]
    Clock(i64),
    /// The context cannot be read; the event was taken without it.
    #[error("`context` cannot be read and was left out: {0}")]
    Context(String),
    /// An amount that is no number.
    #[error("`{field}` is `{found}`, which is no amount; the event has no value")]
    Amount {
        /// Which property.
        field: &'static str,
        /// What was sent.
        found: String,
    },
    /// A currency that is no code.
    #[error("`currency` is `{0}`, which is no currency code; the event has no value")]
    Currency(String),
    /// It could not be linked to a person by its identifiers.
    #[error("it was stored, but its identifiers could not be resolved: {0}")]
    Unresolved(String),
}

impl Doubt {
    /// A stable, documented code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Future(_) => "future_time",
            Self::Ancient(_) => "ancient_time",
            Self::Clock(_) => "clock_skew",
            Self::Context(_) => "bad_context",
            Self::Amount { .. } => "bad_amount",
            Self::Currency(_) => "bad_currency",
            Self::Unresolved(_) => "unresolved",
        }
    }
}
