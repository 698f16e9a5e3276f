//! Which touches led to a goal: whose sessions, how far back, and the milestones on the way.

use super::occurrences::GoalRow;
use crate::facts::{Day, Facts};
use kernel::money::{Currency, Money};
use kernel::problem::Problem;
use science::attribution::Model;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Days a touch may lie before the goal when nothing is said.
pub const LOOKBACK_DAYS: u32 = 180;
/// Longest lookback, in days.
pub const LOOKBACK_DAYS_MAX: u32 = 3_650;
/// No deal, no session.
pub const NONE: u32 = u32::MAX;

/// What is to be explained.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Goal {
    /// A deal was created; worth its amount.
    DealCreated,
    /// A deal was won; worth its amount.
    DealWon,
    /// An event of this name happened; worth its value.
    Event(String),
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Goal::DealCreated => f.write_str("deal_created"),
            Goal::DealWon => f.write_str("deal_won"),
            Goal::Event(name) => write!(f, "event:{name}"),
        }
    }
}

impl FromStr for Goal {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        match text.trim() {
            "deal_created" => Ok(Goal::DealCreated),
            "deal_won" => Ok(Goal::DealWon),
            other => match other.strip_prefix("event:").map(str::trim) {
                Some(name) if !name.is_empty() && name.chars().count() <= kernel::limits::EVENT_NAME_CHARS_MAX => {
                    Ok(Goal::Event(name.to_owned()))
                }
                _ => Err(Problem::invalid(
                    "goal",
                    format!(
                        "`{}` is not a goal; use deal_created, deal_won, or event: and the name of an event.",
                        other.chars().take(64).collect::<String>()
                    ),
                )),
            },
        }
    }
}

/// A model by its name.
///
/// # Errors
/// 422 naming the field.
pub fn parse_model(text: &str, field: impl Into<String>) -> Result<Model, Problem> {
    text.parse::<Model>().map_err(|error| Problem::invalid(field, error.to_string()))
}

/// Whose touches count.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum JourneyKind {
    /// Those of the people with a role in the deal; of the company's people when no role is recorded.
    Person,
    /// Those of everybody in the deal's company, and of the people with a role.
    #[default]
    Company,
}

impl JourneyKind {
    /// As text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            JourneyKind::Person => "person",
            JourneyKind::Company => "company",
        }
    }
}

/// One goal that was reached, and its touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Place of the deal; [`NONE`] for an event.
    pub deal: u32,
    /// The person of an event; 0 for a deal.
    pub person: u64,
    /// Log offset of an event; 0 for a deal.
    pub offset: u64,
    /// When it was reached.
    pub at: i64,
    /// Up to when touches count: `at`, or the end of its day where `at` is a date without a time.
    pub reach: i64,
    /// The day of that in the workspace's zone.
    pub day: Day,
    /// What it is worth, in micros; `None` without an exchange rate (counted, worth nothing).
    pub value: Option<i64>,
    /// Code of the company's id; 0 for none.
    pub company: u32,
    /// Places of the sessions that are its touches, earliest first.
    pub touches: Vec<u32>,
    /// The earliest lead among its people, not after the goal.
    pub lead_at: Option<i64>,
    /// When the opportunity was created.
    pub opportunity_at: Option<i64>,
    /// Every conversion of its people, not after the goal.
    pub conversions: Vec<i64>,
    /// Whether its people were taken from the company because the deal names none.
    pub suggested: bool,
}

/// Every goal of a kind, by time.
#[derive(Debug, Default)]
pub struct Journeys {
    /// The goals.
    pub items: Vec<Item>,
}

impl Journeys {
    /// The journeys of a goal. `events` are its occurrences when the goal is an event.
    #[must_use]
    pub fn new(facts: &Facts, goal: &Goal, lookback_days: u32, kind: JourneyKind, events: &[GoalRow]) -> Self {
        let lookback = i64::from(lookback_days) * kernel::time::DAY;
        let mut items: Vec<Item> = match goal {
            Goal::DealCreated | Goal::DealWon => deal_items(facts, *goal == Goal::DealWon, lookback, kind),
            Goal::Event(_) => events.iter().map(|event| event_item(facts, event, lookback, kind)).collect(),
        };
        items.sort_by_key(|item| (item.at, item.deal, item.offset));
        Self { items }
    }
}

/// Place of a person's first human session; [`NONE`] when there is none.
pub(crate) fn first_session(facts: &Facts, person: u64) -> u32 {
    let humans = facts.sessions.of(person).filter(|(_, session)| session.is_human());
    humans.min_by_key(|(_, session)| (session.start, session.offset)).map_or(NONE, |(place, _)| place)
}

/// Place of the session that made a person a lead: the last one before that was not Direct, else the last one.
pub(crate) fn converting_session(facts: &Facts, person: u64, at: i64, lookback_days: u32) -> u32 {
    let from = at.saturating_sub(i64::from(lookback_days) * kernel::time::DAY);
    let until = facts.sessions.calendar.reach(at);
    let mut newest = NONE;
    for (place, session) in facts.sessions.of_between(person, from, until).rev().filter(|(_, one)| one.is_human()) {
        if !session.direct {
            return place;
        }
        newest = if newest == NONE { place } else { newest };
    }
    newest
}

fn deal_items(facts: &Facts, won: bool, lookback: i64, kind: JourneyKind) -> Vec<Item> {
    let mut items = Vec::new();
    for (deal, place) in facts.deals.iter().zip(0_u32..) {
        let (at, value) = match (won, deal.won_at) {
            (true, None) => continue,
            (true, Some(at)) => (at, deal.won_value),
            (false, _) => (deal.created_at, deal.created_value),
        };
        let mut people: Vec<u64> = deal.people.iter().map(|part| part.person).collect();
        let suggested = people.is_empty();
        if suggested || kind == JourneyKind::Company {
            people.extend(facts.company_people.get(&deal.company).into_iter().flatten());
        }
        let mut item = Item {
            deal: place,
            person: 0,
            offset: 0,
            at,
            reach: facts.sessions.calendar.reach(at),
            day: facts.day(at),
            value,
            company: deal.company,
            touches: Vec::new(),
            lead_at: None,
            opportunity_at: Some(facts.sessions.calendar.reach(deal.created_at)),
            conversions: Vec::new(),
            suggested: suggested && !people.is_empty(),
        };
        item.opportunity_at = item.opportunity_at.filter(|created| *created <= item.reach);
        item.follow(facts, people, lookback);
        items.push(item);
    }
    items
}

fn event_item(facts: &Facts, event: &GoalRow, lookback: i64, kind: JourneyKind) -> Item {
    let day = facts.day(event.at);
    let company = facts.person(event.person).map_or(0, |person| person.company);
    let mut people = vec![event.person];
    if kind == JourneyKind::Company {
        people.extend(facts.company_people.get(&company).into_iter().flatten());
    }
    // An event that names no currency is in the workspace's.
    let currency: Currency = event.currency.parse().unwrap_or(facts.currency);
    let value = event.value.map_or(Some(0), |micros| {
        facts.spend.rates.convert(Money::new(micros, currency), facts.currency, crate::facts::date_of(day))
    });
    let mut item = Item {
        deal: NONE,
        person: event.person,
        offset: event.offset,
        at: event.at,
        reach: event.at,
        day,
        value,
        company,
        touches: Vec::new(),
        lead_at: None,
        opportunity_at: None,
        conversions: Vec::new(),
        suggested: false,
    };
    item.follow(facts, people, lookback);
    item
}

impl Item {
    /// Collects touches and milestones of these people.
    fn follow(&mut self, facts: &Facts, mut people: Vec<u64>, lookback: i64) {
        people.sort_unstable();
        people.dedup();
        let mut touches: Vec<(i64, u64, u32)> = Vec::new();
        let from = self.at.saturating_sub(lookback);
        for person in people {
            let within = facts.sessions.of_between(person, from, self.reach).filter(|(_, session)| session.is_human());
            touches.extend(within.map(|(place, session)| (session.start, session.offset, place)));
            let lead_at = facts.person(person).and_then(|person| person.lead_at);
            let lead_at = lead_at.map(|at| facts.sessions.calendar.reach(at)).filter(|at| *at <= self.reach);
            self.conversions.extend(lead_at);
            self.lead_at = [self.lead_at, lead_at].into_iter().flatten().min();
        }
        self.conversions.extend(self.opportunity_at);
        touches.sort_unstable();
        self.touches = touches.into_iter().map(|(_, _, place)| place).collect();
    }

    /// The journey as the models read it.
    #[must_use]
    pub fn journey<'a>(&self, facts: &'a Facts) -> science::attribution::Journey<'a> {
        let touch = |place: &u32| {
            let session = facts.sessions.get(*place)?;
            Some(science::attribution::Touch {
                at: session.start,
                id: session.offset,
                channel: facts.shown(session.channel),
                direct: session.direct,
            })
        };
        science::attribution::Journey {
            touches: self.touches.iter().filter_map(touch).collect(),
            goal_at: self.reach,
            lead_at: self.lead_at,
            opportunity_at: self.opportunity_at,
            conversions: self.conversions.clone(),
        }
    }
}
