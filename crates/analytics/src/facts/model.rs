//! The facts in memory: what every number is counted from.

use super::calendar::Day;
use crate::sessions::{NO_TOUCH_TEXT, NOT_SET_TEXT, Session, SessionFacts};
use crate::spend::SpendFacts;
use kernel::money::{Currency, Money};
use kernel::time::Timestamp;
use lake::Dict;
use people::profiles::Visitors;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// Code of the text that stands where a value has no touch.
pub const NO_TOUCH: u32 = u32::MAX;
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
    /// First human sessions of people whose sessions are only counted; brought for a question that asks for them.
    pub firsts: HashMap<u64, Session>,
    /// The people, by number.
    pub people: Arc<Vec<Person>>,
    /// Persons of whom nothing is known but when they came, where they are too many to be among the people.
    pub visitors: Visitors,
    /// How many of them came on each day.
    pub visitors_by_day: Arc<Vec<(Day, u32)>>,
    /// Day and place of the people who became known, by day.
    pub leads_by_day: Arc<Vec<(Day, u32)>>,
    /// The people of each company, by the code of its id.
    pub company_people: Arc<HashMap<u32, Vec<u64>>>,
    /// Names of the companies, by the code of their id.
    pub company_names: Arc<HashMap<u32, String>>,
    /// The deals.
    pub deals: Arc<Vec<Deal>>,
    /// The ledger.
    pub spend: Arc<SpendFacts>,
    /// Codes of channel, source, medium, campaign and content of each entry of the ledger.
    pub spend_codes: Arc<Vec<[u32; 5]>>,
    /// The currency of all micros.
    pub currency: Currency,
    /// When they were put together.
    pub built_at: Timestamp,
    /// What was computed from them, for as long as they live.
    pub memo: Arc<crate::attribution::Memo>,
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

    /// The company of a person, by the code of its id; 0 for none.
    #[must_use]
    pub fn company_of(&self, person: u64) -> u32 {
        self.person(person).map_or(0, |person| person.company)
    }

    /// The same facts with other sessions, whose codes are of `texts`; places of sessions stay what they were.
    #[must_use]
    pub fn with_sessions(&self, sessions: SessionFacts, texts: Dict) -> Self {
        Self {
            sessions: Arc::new(sessions),
            texts,
            firsts: HashMap::new(),
            people: self.people.clone(),
            visitors: self.visitors.clone(),
            leads_by_day: self.leads_by_day.clone(),
            visitors_by_day: self.visitors_by_day.clone(),
            company_people: self.company_people.clone(),
            company_names: self.company_names.clone(),
            deals: self.deals.clone(),
            spend: self.spend.clone(),
            spend_codes: self.spend_codes.clone(),
            currency: self.currency,
            built_at: self.built_at,
            memo: Arc::new(self.memo.of_other_sessions()),
        }
    }

    /// How many deals have an amount in a currency without a rate: they are counted, and worth nothing until it exists.
    #[must_use]
    pub fn unconverted_deals(&self) -> usize {
        self.deals.iter().filter(|deal| deal.created_value.is_none()).count()
    }
}
