//! The facts in memory: what every number is counted from.

use super::calendar::{Calendar, Day};
use crate::facts::spend::{SpendFacts, TouchIndex};
use kernel::money::{Currency, Money};
use kernel::time::Timestamp;
use lake::{AgentClass, Dict, Watermark};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Code of the text that stands where a value has no touch.
pub const NO_TOUCH: u32 = u32::MAX;
/// What [`NO_TOUCH`] is called.
pub const NO_TOUCH_TEXT: &str = "No touch known";
/// What the empty text is called.
pub const NOT_SET_TEXT: &str = "(not set)";
/// The channel of visits that nobody sent.
pub const DIRECT: &str = "Direct";

/// One session. Texts are codes of [`Facts::texts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// The person.
    pub person: u64,
    /// Its first event, microseconds UTC.
    pub start: i64,
    /// Log offset of its first event.
    pub offset: u64,
    /// The day of its start in the workspace's zone.
    pub day: Day,
    /// Its length.
    pub seconds: u32,
    /// Page and screen views.
    pub pages: u32,
    /// Channel.
    pub channel: u32,
    /// Source.
    pub source: u32,
    /// Medium.
    pub medium: u32,
    /// Campaign.
    pub campaign: u32,
    /// Campaign id.
    pub campaign_id: u32,
    /// Content.
    pub content: u32,
    /// Path of its first page.
    pub landing: u32,
    /// Country.
    pub country: u32,
    /// Device.
    pub device: u32,
    /// Who caused it.
    pub agent_class: AgentClass,
    /// Whether it was engaged.
    pub engaged: bool,
    /// Whether nobody sent it.
    pub direct: bool,
}

impl Session {
    /// Whether it can be a touch: bots and AI agents are kept, and apart.
    #[must_use]
    pub fn is_human(&self) -> bool {
        !matches!(self.agent_class, AgentClass::Bot | AgentClass::AiAgent)
    }
}

/// Whose sessions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Agents {
    /// People, and what nothing marks as a machine.
    #[default]
    Human,
    /// Crawlers, monitors and scripts.
    Bot,
    /// AI agents.
    AiAgent,
    /// Everybody.
    All,
}

impl Agents {
    /// Whether a session is one of theirs.
    #[must_use]
    pub fn has(self, session: &Session) -> bool {
        match self {
            Agents::Human => session.is_human(),
            Agents::Bot => session.agent_class == AgentClass::Bot,
            Agents::AiAgent => session.agent_class == AgentClass::AiAgent,
            Agents::All => true,
        }
    }
}

/// Sessions of a workspace: the part of the facts that follows the events alone.
#[derive(Debug)]
pub struct SessionFacts {
    /// How far the events were read.
    pub watermark: Watermark,
    /// The texts of the codes.
    pub texts: Dict,
    /// The sessions, by person, then start.
    pub rows: Vec<Session>,
    /// Places in `rows`, by day.
    pub by_day: Vec<u32>,
    /// Place of the first human session of each campaign.
    pub campaign_starts: Vec<u32>,
    /// Where the pages of each session end in `pages`.
    pub page_ends: Vec<u32>,
    /// Codes of the distinct paths that each session viewed.
    pub pages: Vec<u32>,
    /// Days in the workspace's zone.
    pub calendar: Calendar,
    /// The touches by the keys that spend is joined on.
    pub touches: Arc<TouchIndex>,
}

impl SessionFacts {
    /// Places of the sessions of a person.
    #[must_use]
    pub fn of(&self, person: u64) -> Range<usize> {
        let from = self.rows.partition_point(|session| session.person < person);
        let length = self.rows[from..].partition_point(|session| session.person == person);
        from..from + length
    }

    /// Codes of the distinct paths of a session.
    #[must_use]
    pub fn pages_of(&self, place: usize) -> &[u32] {
        let end = self.page_ends.get(place).copied().unwrap_or(0) as usize;
        let from = if place == 0 { 0 } else { self.page_ends[place - 1] as usize };
        self.pages.get(from..end).unwrap_or(&[])
    }

    /// Places of the sessions that start in `[from, to]`, by day.
    #[must_use]
    pub fn between(&self, from: Day, to: Day) -> &[u32] {
        let low = self.by_day.partition_point(|place| self.rows[*place as usize].day < from);
        let high = self.by_day.partition_point(|place| self.rows[*place as usize].day <= to);
        &self.by_day[low..high.max(low)]
    }
}

/// A person as metrics need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub person: u64,
    /// When first seen, microseconds UTC.
    pub created_at: i64,
    /// When the person became known: a lead.
    pub lead_at: Option<i64>,
    /// Code of the company's id; 0 for none.
    pub company: u32,
    /// Code of the country of the profile; 0 when unknown.
    pub country: u32,
}

/// How a deal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Still open.
    Open,
    /// Won.
    Won,
    /// Lost.
    Lost,
}

impl Outcome {
    /// As text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Open => "open",
            Outcome::Won => "won",
            Outcome::Lost => "lost",
        }
    }
}

/// A person's part in a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The person.
    pub person: u64,
    /// The role; may be empty.
    pub role: String,
    /// The main contact.
    pub primary: bool,
}

/// A deal as metrics need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// Code of the company's id; 0 for none.
    pub company: u32,
    /// Who takes part.
    pub people: Vec<Part>,
    /// The amount as booked; `None` when nobody said one (it counts as zero).
    pub amount: Option<Money>,
    /// The pipeline's key.
    pub pipeline: String,
    /// The stage's key.
    pub stage: String,
    /// How it stands.
    pub outcome: Outcome,
    /// When it was created.
    pub created_at: i64,
    /// When it was won.
    pub won_at: Option<i64>,
    /// The stages it entered, in order.
    pub stages: Vec<(String, i64)>,
    /// The amount in the workspace's currency at the rate of the day it was created; `None` without a rate.
    pub created_value: Option<i64>,
    /// The same at the rate of the day it was won.
    pub won_value: Option<i64>,
    /// Where it was imported from, in words.
    pub source_row: String,
}

/// How far the events behind an answer were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AsOf {
    /// The last event that is counted.
    pub offset: u64,
    /// When it was received; absent when there is no event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// How long newer events or people have been waiting to be counted; 0 when there are none.
    pub lag_seconds: u64,
}

/// What a metric may be counted from, as of one watermark.
#[derive(Debug)]
pub struct Facts {
    /// The sessions.
    pub sessions: Arc<SessionFacts>,
    /// The texts of all codes (those of the sessions, and more).
    pub texts: Dict,
    /// The people, by number.
    pub people: Vec<Person>,
    /// For each session, the place of its person in `people`; `u32::MAX` for none.
    pub person_of: Vec<u32>,
    /// The people of each company, by the code of its id.
    pub company_people: HashMap<u32, Vec<u64>>,
    /// Names of the companies, by the code of their id.
    pub company_names: HashMap<u32, String>,
    /// The deals.
    pub deals: Vec<Deal>,
    /// The ledger.
    pub spend: Arc<SpendFacts>,
    /// Codes of channel, source, medium, campaign and content of each entry of the ledger.
    pub spend_codes: Vec<[u32; 5]>,
    /// The currency of all micros.
    pub currency: Currency,
    /// When they were put together.
    pub built_at: Timestamp,
    /// What was computed from them, for as long as they live.
    pub memo: crate::attribution::Memo,
}

impl Facts {
    /// The person of this number.
    #[must_use]
    pub fn person(&self, number: u64) -> Option<&Person> {
        self.people.binary_search_by_key(&number, |person| person.person).ok().map(|place| &self.people[place])
    }

    /// The day of a moment in the workspace's zone.
    #[must_use]
    pub fn day(&self, at: i64) -> Day {
        self.sessions.calendar.day(at)
    }

    /// The text of a code as it is shown.
    #[must_use]
    pub fn shown(&self, code: u32) -> &str {
        match code {
            NO_TOUCH => NO_TOUCH_TEXT,
            0 => NOT_SET_TEXT,
            _ => self.texts.text(code),
        }
    }

    /// The code of a text as it is shown.
    #[must_use]
    pub fn code(&self, shown: &str) -> Option<u32> {
        match shown {
            NO_TOUCH_TEXT => Some(NO_TOUCH),
            NOT_SET_TEXT | "" => Some(0),
            _ => self.texts.find(shown),
        }
    }

    /// The company of a session's person, by the code of its id; 0 for none.
    #[must_use]
    pub fn company_of_session(&self, place: usize) -> u32 {
        let person = self.person_of.get(place).copied().unwrap_or(u32::MAX);
        self.people.get(person as usize).map_or(0, |person| person.company)
    }

    /// How many deals have an amount in a currency without a rate: they are counted, and worth nothing until it exists.
    #[must_use]
    pub fn unconverted_deals(&self) -> usize {
        self.deals.iter().filter(|deal| deal.created_value.is_none()).count()
    }
}
