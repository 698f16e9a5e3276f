//! One event, and the names of its columns.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Which call of the tracking API an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Something that a person did, under a name.
    #[default]
    Track,
    /// A page was viewed.
    Page,
    /// A screen of an app was viewed.
    Screen,
    /// Traits and identifiers of a person.
    Identify,
    /// A person belongs to a company.
    Group,
    /// Two identifiers are one person.
    Alias,
}

impl EventKind {
    /// Every kind, in the order of its number.
    pub const ALL: [EventKind; 6] = [Self::Track, Self::Page, Self::Screen, Self::Identify, Self::Group, Self::Alias];

    /// The text in the column `kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Identify => "identify",
            Self::Group => "group",
            Self::Alias => "alias",
        }
    }

    /// The kind with this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Who caused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentClass {
    /// A person.
    Human,
    /// A crawler, monitor or script.
    Bot,
    /// An AI agent that reads or acts for somebody.
    AiAgent,
    /// Nothing in the event tells.
    #[default]
    Unknown,
}

impl AgentClass {
    /// Every class, in the order of its number.
    pub const ALL: [AgentClass; 4] = [Self::Human, Self::Bot, Self::AiAgent, Self::Unknown];

    /// The text in the column `agent_class`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Bot => "bot",
            Self::AiAgent => "ai_agent",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is a bot or an AI agent.
    #[inline]
    #[must_use]
    pub const fn is_machine(self) -> bool {
        matches!(self, Self::Bot | Self::AiAgent)
    }

    /// The class with this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == text)
    }
}

macro_rules! text_columns {
    ($($(#[$doc:meta])* $variant:ident $field:ident $coded:literal;)+) => {
        /// One event: one row of the lake. A text is empty where the event does not say.
        #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
        pub struct Event {
            /// Place in the log, from 1; assigned by [`crate::Lake::append`].
            #[serde(skip)]
            pub offset: u64,
            /// The person, resolved by identity; 0 until then.
            #[serde(skip)]
            pub person: u64,
            /// When it happened: microseconds UTC, corrected for the skew of the sender's clock.
            pub at: i64,
            /// When it was received: microseconds UTC.
            pub received_at: i64,
            /// Which call it came from.
            pub kind: EventKind,
            /// Who caused it.
            pub agent_class: AgentClass,
            /// Version of the channel rules that set `channel`.
            pub channel_rule: u32,
            /// Value in micros of `currency`'s unit.
            pub value: Option<i64>,
            $($(#[$doc])* pub $field: String,)+
        }

        /// One event on its way into the log: as [`Event`], with texts that are borrowed where they can be. In bytes both are
        /// the same.
        #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
        pub struct Draft<'a> {
            /// When it happened: microseconds UTC, corrected for the skew of the sender's clock.
            pub at: i64,
            /// When it was received: microseconds UTC.
            pub received_at: i64,
            /// Which call it came from.
            pub kind: EventKind,
            /// Who caused it.
            pub agent_class: AgentClass,
            /// Version of the channel rules that set `channel`.
            pub channel_rule: u32,
            /// Value in micros of `currency`'s unit.
            pub value: Option<i64>,
            $($(#[$doc])* pub $field: Cow<'a, str>,)+
        }

        /// A text column of an event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Col {
            $($(#[$doc])* $variant,)+
        }

        impl Col {
            /// Every text column, in the order of the file.
            pub const ALL: &'static [Col] = &[$(Col::$variant),+];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// The column's name in Parquet and SQL.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field)),+ }
            }

            /// Whether the column is dictionary-coded; the others are nearly unique and stand as they are.
            #[must_use]
            pub const fn is_coded(self) -> bool {
                match self { $(Self::$variant => $coded),+ }
            }
        }

        impl Event {
            /// The text of a column.
            #[must_use]
            pub fn text(&self, column: Col) -> &str {
                match column { $(Col::$variant => &self.$field),+ }
            }

            /// The same with borrowed texts.
            #[must_use]
            pub fn draft(&self) -> Draft<'_> {
                Draft {
                    at: self.at,
                    received_at: self.received_at,
                    kind: self.kind,
                    agent_class: self.agent_class,
                    channel_rule: self.channel_rule,
                    value: self.value,
                    $($field: Cow::Borrowed(&self.$field),)+
                }
            }

            /// The text of a column, to write.
            pub fn text_mut(&mut self, column: Col) -> &mut String {
                match column { $(Col::$variant => &mut self.$field),+ }
            }
        }
    };
}

text_columns! {
    /// The sender's message id; an event is stored once per id.
    EventId event_id false;
    /// Name of what happened; `Page viewed`, `Screen viewed`, `Identified`, `Grouped`, `Aliased` for the other calls.
    Name name true;
    /// The browser's or device's own id.
    AnonymousId anonymous_id true;
    /// The sender's id of a known person.
    UserId user_id true;
    /// The company (its id as text).
    Company company true;
    /// Full address of the page.
    Url url false;
    /// Host of the page.
    Host host true;
    /// Path of the page.
    Path path true;
    /// Title of the page.
    Title title true;
    /// Address of the page before.
    Referrer referrer true;
    /// Host of the page before.
    ReferrerHost referrer_host true;
    /// Campaign source.
    Source source true;
    /// Campaign medium.
    Medium medium true;
    /// Campaign name.
    Campaign campaign true;
    /// Campaign id (`utm_id`).
    CampaignId campaign_id true;
    /// Campaign content: which creative.
    Content content true;
    /// Campaign term: which keyword.
    Term term true;
    /// Channel, by the rules of `channel_rule`.
    Channel channel true;
    /// Kind of the click id: `gclid`, `fbclid`, ….
    ClickIdKind click_id_kind true;
    /// Click id of an ad platform.
    ClickId click_id true;
    /// `desktop`, `mobile`, `tablet`, `server` or `other`.
    Device device true;
    /// Browser family.
    Browser browser true;
    /// Operating system family.
    Os os true;
    /// ISO 3166 code of the country.
    Country country true;
    /// Why `agent_class` is what it is.
    AgentReason agent_reason true;
    /// ISO 4217 code of `value`.
    Currency currency true;
    /// Consent under which the event was collected.
    Consent consent true;
    /// Id of the write key it came with.
    WriteKey write_key true;
    /// Name and version of the sending library.
    Library library true;
    /// Properties as a JSON object.
    Properties properties false;
    /// The original JSON.
    Raw raw false;
}

impl Col {
    /// Whether the column has few different texts, so that nearly all of it is codes.
    pub(crate) const fn is_short(self) -> bool {
        self.is_coded()
            && !matches!(self, Self::AnonymousId | Self::UserId | Self::Title | Self::Referrer | Self::ClickId)
    }
}

/// Which columns a reader wants. `person` and `at` always come; what is not wanted is neither read nor unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Columns(u64);

impl Columns {
    const VALUE: u64 = 1 << 62;
    const RECEIVED: u64 = 1 << 63;
    const RULE: u64 = 1 << 61;
    const OFFSET: u64 = 1 << 60;
    const KIND: u64 = 1 << 59;
    const AGENT: u64 = 1 << 58;
    const SUPERSEDED: u64 = 1 << 57;
    /// No more than what always comes.
    pub const NONE: Columns = Columns(0);
    /// Everything an event has; not what it had before it was derived again.
    pub const ALL: Columns = Columns(!Self::SUPERSEDED);

    /// These text columns.
    #[must_use]
    pub fn of(columns: &[Col]) -> Self {
        Self(columns.iter().fold(0, |set, column| set | 1 << (*column as u8)))
    }

    /// And the column `value`.
    #[must_use]
    pub const fn with_value(self) -> Self {
        Self(self.0 | Self::VALUE)
    }

    /// And the column `offset`.
    #[must_use]
    pub const fn with_offset(self) -> Self {
        Self(self.0 | Self::OFFSET)
    }

    /// And the column `kind`.
    #[must_use]
    pub const fn with_kind(self) -> Self {
        Self(self.0 | Self::KIND)
    }

    /// And the column `agent_class`.
    #[must_use]
    pub const fn with_agent_class(self) -> Self {
        Self(self.0 | Self::AGENT)
    }

    /// And the column `received_at`.
    #[must_use]
    pub const fn with_received_at(self) -> Self {
        Self(self.0 | Self::RECEIVED)
    }

    /// And the column `channel_rule`.
    pub(crate) const fn with_rule(self) -> Self {
        Self(self.0 | Self::RULE)
    }

    /// And the column `superseded`: what was derived before.
    pub(crate) const fn with_superseded(self) -> Self {
        Self(self.0 | Self::SUPERSEDED)
    }

    /// And the columns of `other`.
    #[must_use]
    pub const fn and(self, other: Columns) -> Self {
        Self(self.0 | other.0)
    }

    /// Less one text column.
    #[must_use]
    pub const fn without(self, column: Col) -> Self {
        Self(self.0 & !(1 << (column as u8)))
    }

    /// Whether a text column is wanted.
    #[must_use]
    pub const fn has(self, column: Col) -> bool {
        self.0 & (1 << (column as u8)) != 0
    }

    /// Whether `value` is wanted.
    #[must_use]
    pub const fn has_value(self) -> bool {
        self.0 & Self::VALUE != 0
    }

    /// Whether `offset` is wanted.
    #[must_use]
    pub const fn has_offset(self) -> bool {
        self.0 & Self::OFFSET != 0
    }

    /// Whether `kind` is wanted.
    #[must_use]
    pub const fn has_kind(self) -> bool {
        self.0 & Self::KIND != 0
    }

    /// Whether `agent_class` is wanted.
    #[must_use]
    pub const fn has_agent_class(self) -> bool {
        self.0 & Self::AGENT != 0
    }

    /// Whether `received_at` is wanted.
    #[must_use]
    pub const fn has_received_at(self) -> bool {
        self.0 & Self::RECEIVED != 0
    }

    /// Whether `superseded` is wanted.
    pub(crate) const fn has_superseded(self) -> bool {
        self.0 & Self::SUPERSEDED != 0
    }

    /// Whether a column is wanted that rules derive.
    pub(crate) const fn has_derived(self) -> bool {
        self.has(Col::Channel) || self.has(Col::AgentReason) || self.has_agent_class() || self.has_rule()
    }

    /// Whether `channel_rule` is wanted.
    pub(crate) const fn has_rule(self) -> bool {
        self.0 & Self::RULE != 0
    }
}

/// Months since year 0 of a moment in UTC: `2026-03` is `2026 * 12 + 2`.
pub(crate) fn month_of(at: i64) -> i32 {
    // Days to a civil date after H. Hinnant, "chrono-compatible low-level date algorithms": eras of 400 years that
    // begin on the first of March.
    let days = at.div_euclid(kernel::time::DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (month, carry) = if shifted < 10 { (shifted + 2, 0) } else { (shifted - 10, 1) };
    i32::try_from((year_of_era + era * 400 + carry) * 12 + month).unwrap_or(0)
}

/// The first moment of a month as [`month_of`] counts.
pub(crate) fn month_start(month: i32) -> i64 {
    // The inverse of the algorithm in [`month_of`].
    let (year, month) = (i64::from(month.div_euclid(12)), i64::from(month.rem_euclid(12)));
    let (shifted, year) = if month >= 2 { (month - 2, year) } else { (month + 10, year - 1) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * shifted + 2) / 5;
    (era * 146_097 + day_of_era - 719_468) * kernel::time::DAY
}

/// The first moment after a month.
pub(crate) fn month_end(month: i32) -> i64 {
    month_start(month.saturating_add(1))
}

/// `2026-03` for a month as [`month_of`] counts.
pub(crate) fn month_text(month: i32) -> String {
    format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::time::Timestamp;

    #[test]
    fn a_month_begins_where_the_one_before_ends() {
        for month in 1_900 * 12..2_400 * 12 {
            let start = month_start(month);
            assert_eq!((month_of(start - 1), month_of(start)), (month - 1, month), "{}", month_text(month));
        }
    }

    #[test]
    fn months_follow_the_calendar() {
        for text in [
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00Z",
            "2024-02-29T12:00:00Z",
            "2024-03-01T00:00:00Z",
            "2026-12-31T23:59:59.999999Z",
            "2027-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
        ] {
            let moment: Timestamp = text.parse().unwrap();
            assert_eq!(month_text(month_of(moment.micros())), text[..7], "{text}");
        }
        assert!(month_of(i64::MIN) < month_of(0) && month_of(0) < month_of(i64::MAX));
    }

    #[test]
    fn a_set_of_columns_has_what_was_put_in() {
        let set = Columns::of(&[Col::Channel, Col::Raw]).with_value();
        assert!(set.has(Col::Channel) && set.has(Col::Raw) && set.has_value());
        assert!(!set.has(Col::Name) && !set.has_received_at() && !set.has_rule());
    }
}
