//! Whose sessions can be touches, and up to when. Pure.

use super::build::{DealInput, PersonInput};
use super::model::Facts;
use crate::attribution::GoalRow;
use kernel::time::DAY;
use std::collections::{HashMap, HashSet};

/// Follows a person at least up to a moment.
pub(crate) fn follow(people: &mut HashMap<u64, i64>, person: u64, until: i64) {
    let known = people.entry(person).or_insert(until);
    *known = until.max(*known);
}

/// Up to when the sessions of people can be touches: of a lead, until it became one; of the people of a deal and of its
/// company, until the last goal of it; of whoever reached a goal and of the people of their company, until they last did
/// (`goals`: person and moment).
pub(crate) fn followed(people: &[PersonInput], deals: &[DealInput], goals: &HashMap<u64, i64>) -> HashMap<u64, i64> {
    // A moment may stand for its day, and a deal may be won at any moment that stands in it.
    let reach = |at: i64| at.saturating_add(2 * DAY);
    let goal = |deal: &DealInput| {
        let stages = deal.stages.iter().map(|stage| stage.1);
        reach(stages.chain(deal.closed_at).fold(deal.created_at, i64::max))
    };
    let mut companies: HashMap<&str, i64> = HashMap::new();
    let mut found = goals.clone();
    for deal in deals {
        for part in &deal.people {
            follow(&mut found, part.person, goal(deal));
        }
        if let Some(company) = &deal.company {
            let until = companies.entry(company).or_insert(i64::MIN);
            *until = goal(deal).max(*until);
        }
    }
    for person in people.iter().filter(|_| !goals.is_empty()) {
        if let (Some(company), Some(at)) = (&person.company, goals.get(&person.person)) {
            let until = companies.entry(company).or_insert(i64::MIN);
            *until = (*at).max(*until);
        }
    }
    for person in people {
        if let Some(lead_at) = person.lead_at {
            follow(&mut found, person.person, reach(lead_at));
        }
        if let Some(until) = person.company.as_deref().and_then(|company| companies.get(company)) {
            follow(&mut found, person.person, *until);
        }
    }
    found
}

/// Visits that led to a goal and have no place in the facts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// How many people reached it of whom, or of whose company, some are missing.
    pub(crate) people: usize,
    /// The first occurrence of such a person.
    pub(crate) first: u64,
}

/// What is missing of the visits that led to the occurrences of a goal.
pub(crate) fn missing(facts: &Facts, rows: &[GoalRow]) -> Option<Missing> {
    let kept = facts.sessions.kept();
    if kept.is_everybody() {
        return None;
    }
    let until = |person: u64| kept.until(person).unwrap_or(i64::MIN);
    let of_company = |company: u32| {
        let people = facts.company_people.get(&company).into_iter().flatten();
        people.map(|person| until(*person)).min().unwrap_or(i64::MAX)
    };
    let mut companies: HashMap<u32, i64> = HashMap::new();
    let (mut people, mut first) = (HashSet::new(), u64::MAX);
    for row in rows {
        let company = facts.company_of(row.person);
        let colleagues =
            if company == 0 { i64::MAX } else { *companies.entry(company).or_insert_with(|| of_company(company)) };
        if until(row.person).min(colleagues) < row.at {
            people.insert(row.person);
            first = first.min(row.offset);
        }
    }
    (!people.is_empty()).then_some(Missing { people: people.len(), first })
}
