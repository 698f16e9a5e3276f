//! Whose sessions can be touches, and up to when. Pure.

use super::build::{DealInput, PersonInput};
use kernel::time::DAY;
use std::collections::HashMap;

/// Follows a person at least up to a moment.
pub(crate) fn follow(people: &mut HashMap<u64, i64>, person: u64, until: i64) {
    let known = people.entry(person).or_insert(until);
    *known = until.max(*known);
}

/// Up to when the sessions of people can be touches: of a lead, until it became one; of the people of a deal and of its
/// company, until the last goal of it.
pub(crate) fn followed(people: &[PersonInput], deals: &[DealInput]) -> HashMap<u64, i64> {
    // A moment may stand for its day, and a deal may be won at any moment that stands in it.
    let reach = |at: i64| at.saturating_add(2 * DAY);
    let goal = |deal: &DealInput| {
        let stages = deal.stages.iter().map(|stage| stage.1);
        reach(stages.chain(deal.closed_at).fold(deal.created_at, i64::max))
    };
    let mut companies: HashMap<&str, i64> = HashMap::new();
    let mut found = HashMap::new();
    for deal in deals {
        for part in &deal.people {
            follow(&mut found, part.person, goal(deal));
        }
        if let Some(company) = &deal.company {
            let until = companies.entry(company).or_insert(i64::MIN);
            *until = goal(deal).max(*until);
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
