//! What is to be explained, and whose touches count.

use crate::facts::Facts;
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

/// Which journeys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JourneyKey {
    /// The goal.
    pub goal: Goal,
    /// How far back, in days.
    pub lookback_days: u32,
    /// Whose touches.
    pub kind: JourneyKind,
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
