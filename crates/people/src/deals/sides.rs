//! What a row about a deal says besides: persons and companies, found or made, and taken back with it.
//!
//! **Invariant:** undoing a row leaves no person and no company that only the row brought.

use super::model::DealPersonInput;
use crate::bulk::Held;
use crate::companies::revert_companies;
use crate::identity::{PersonInput, revert_people, upsert_people_held};
use crate::upsert::{Clash, Source, Upserted};
use kernel::ids::{CompanyId, PersonId};
use kernel::time::Timestamp;
use platform::World;
use platform::sql::{DbError, Tx};
use serde_json::{Map, Value as Json, json};
use std::str::FromStr;

/// A person of a row.
#[derive(Clone)]
pub(super) struct Found {
    /// As the row describes it.
    pub(super) input: DealPersonInput,
    /// Who it is; or why nobody.
    pub(super) person: Result<PersonId, Clash>,
    /// What takes back what the row said of the person.
    undo: Option<Json>,
}

/// The persons of a row, when the deal was created, when the row was stated, and by whom.
pub(super) type Named<'a> = (&'a [DealPersonInput], Option<Timestamp>, Timestamp, &'a Source);

/// Finds or makes the persons of rows. Whoever takes part in a deal was known when it was created.
pub(super) async fn resolve_people<'a>(
    tx: &mut Tx,
    world: &World,
    held: Held,
    rows: impl Iterator<Item = Named<'a>>,
) -> Result<Vec<Vec<Found>>, DbError> {
    let mut inputs = Vec::new();
    let mut shape: Vec<Vec<DealPersonInput>> = Vec::new();
    for (people, created, at, source) in rows {
        for person in people {
            let mut input = PersonInput::new(at, source.clone());
            input.identifiers.clone_from(&person.identifiers);
            input.created_at = created.filter(|created| *created < at);
            inputs.push(input);
        }
        shape.push(people.to_vec());
    }
    let mut done = upsert_people_held(tx, world, held, &inputs).await?.into_iter();
    let mut found = |input: DealPersonInput| {
        let (person, undo) = match done.next() {
            Some(Upserted::Conflict(clash) | Upserted::Rejected(clash)) => (Err(clash), None),
            Some(Upserted::Created { id, undo } | Upserted::Updated { id, undo, .. }) => (Ok(id), Some(undo)),
            Some(Upserted::Unchanged { id }) => (Ok(id), None),
            None => (Err(Clash::new("no_key", "The row names no person.")), None),
        };
        Found { input, person, undo }
    };
    Ok(shape.into_iter().map(|people| people.into_iter().map(&mut found).collect()).collect())
}

/// Keeps in a row's undo what it said of persons.
pub(super) fn people_undo(people: &[Found], undo: &mut Map<String, Json>) {
    let made = people.iter().filter_map(|one| Some(json!([one.person.as_ref().ok()?.to_string(), one.undo.as_ref()?])));
    let made: Vec<Json> = made.collect();
    if !made.is_empty() {
        undo.insert("people".to_owned(), made.into());
    }
}

/// Keeps in a row's undo what it said of its company.
pub(super) fn company_undo(company: Option<&Upserted<CompanyId>>, undo: &mut Map<String, Json>) {
    if let Some(Upserted::Created { id, undo: own } | Upserted::Updated { id, undo: own, .. }) = company {
        undo.insert("companies".to_owned(), json!([[id.as_str(), own]]));
    }
}

/// The persons and companies of rows that are taken back, in the order of these.
#[derive(Default)]
pub(super) struct Sides {
    people: Vec<(PersonId, Json)>,
    companies: Vec<(CompanyId, Json)>,
}

impl Sides {
    /// Adds those of a row.
    pub(super) fn add(&mut self, undo: &Json) {
        self.people.extend(pairs(undo, "people"));
        self.companies.extend(pairs(undo, "companies"));
    }

    /// Takes them back, after the deals. Whoever takes part elsewhere, or was changed since, stays.
    pub(super) async fn revert(self, tx: &mut Tx, world: &World) -> Result<(), DbError> {
        if !self.people.is_empty() {
            revert_people(tx, world, &self.people).await?;
        }
        if !self.companies.is_empty() {
            revert_companies(tx, world, &self.companies).await?;
        }
        Ok(())
    }
}

fn pairs<I: FromStr>(undo: &Json, name: &str) -> impl Iterator<Item = (I, Json)> {
    let all = undo.get(name).and_then(Json::as_array).cloned().unwrap_or_default();
    all.into_iter().filter_map(|pair| Some((pair.get(0)?.as_str()?.parse().ok()?, pair.get(1)?.clone())))
}
