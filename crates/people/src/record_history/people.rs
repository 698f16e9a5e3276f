//! Everybody as of a moment.

use crate::profiles::{PersonFact, Visitors};
use kernel::ids::PersonId;
use kernel::scope::Scope;
use kernel::time::Timestamp;
use platform::Platform;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row};
use std::collections::{HashMap, HashSet};

/// Rows that are read at once.
const AT_ONCE: i64 = 50_000;

/// The people who were known at a moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PeopleThen {
    /// Those of whom something was known, by number.
    pub people: Vec<PersonFact>,
    /// The others.
    pub visitors: Visitors,
    /// Those of whom a file or somebody, and not an event alone, has said something else since.
    pub stated_since: HashSet<u64>,
}

/// One version of a person.
struct Version {
    fact: PersonFact,
    is_live: bool,
    known: Option<i64>,
    by_event: bool,
}

impl FromRow for Version {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            fact: PersonFact {
                person: row.get("person")?,
                created_at: row.get("created_us")?,
                lead_at: row.get("lead_us")?,
                company: row.get("company")?,
                country: row.text("country")?,
            },
            is_live: row.text("state")? == "live",
            known: row.opt_int("known_us")?,
            by_event: row.bool("by_event")?,
        })
    }
}

impl Version {
    fn known(&self) -> i64 {
        self.known.unwrap_or_else(|| self.fact.person.made_at().micros())
    }
}

/// The people as they were known at a moment.
///
/// # Errors
/// [`DbError`] when the database fails.
pub async fn people_at(platform: &Platform, scope: &Scope, at: Timestamp) -> Result<PeopleThen, DbError> {
    let db = platform.db(scope).await?;
    let mut then = PeopleThen::default();
    let mut before = versions_before(&db, at, &mut then.stated_since).await?;
    let sql = "select person, state, created_us, lead_us, company, country, known_us, known_by_event as by_event \
        from people where person > $1 order by person limit $2";
    let mut after = -1;
    loop {
        let page: Vec<Version> = db.query(sql, params![after, AT_ONCE]).await?;
        let Some(last) = page.last() else { break };
        after = last.fact.person.column();
        let mut visitors = Vec::new();
        for version in page {
            let person = version.fact.person;
            let stands = if version.known() <= at.micros() {
                Some(version)
            } else {
                if !version.by_event {
                    then.stated_since.insert(person.number());
                }
                before.remove(&person)
            };
            match stands.filter(|version| version.is_live) {
                Some(version) if version.fact.is_visitor() => {
                    visitors.push((person.number(), Some(version.fact.created_at.micros())));
                }
                Some(version) => then.people.push(version.fact),
                None => {}
            }
        }
        then.visitors = then.visitors.with(&visitors);
    }
    Ok(then)
}

/// Of the people who changed since, what each was at the moment.
async fn versions_before(
    db: &Db,
    at: Timestamp,
    stated_since: &mut HashSet<u64>,
) -> Result<HashMap<PersonId, Version>, DbError> {
    let sql = "select person, state, created_us, lead_us, company, country, known_us, by_event from person_was \
        where until_us > $1";
    let mut found = HashMap::new();
    for version in db.query::<Version>(sql, params![at]).await? {
        let person = version.fact.person;
        if version.known() <= at.micros() {
            found.insert(person, version);
        } else if !version.by_event {
            stated_since.insert(person.number());
        }
    }
    Ok(found)
}
