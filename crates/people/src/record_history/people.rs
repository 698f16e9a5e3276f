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
pub(super) struct Version {
    fact: PersonFact,
    state: String,
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
            state: row.text("state")?,
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
    let mut reading = Reading::new(&db, at);
    loop {
        let page = reading.standing(AT_ONCE).await?;
        if page.is_empty() {
            return Ok(reading.then);
        }
        reading.take(page).await?;
    }
}

/// Reads everybody as of a moment, a page of persons after the other: no more than a page is in memory beside the answer.
///
/// People change meanwhile. So what stands is read first, and then, of the same persons, what stood before: whoever changes
/// in between was read as it stands, and whoever changed before has left its version where it is read now.
pub(super) struct Reading<'a> {
    db: &'a Db,
    at: Timestamp,
    /// The last person that was taken in.
    after: i64,
    /// Who was taken in.
    pub(super) then: PeopleThen,
}

impl<'a> Reading<'a> {
    pub(super) fn new(db: &'a Db, at: Timestamp) -> Self {
        Self { db, at, after: -1, then: PeopleThen::default() }
    }

    /// What stands of the next persons.
    pub(super) async fn standing(&self, most: i64) -> Result<Vec<Version>, DbError> {
        let sql = "select person, state, created_us, lead_us, company, country, known_us, known_by_event as by_event \
            from people where person > $1 order by person limit $2";
        self.db.query(sql, params![self.after, most]).await
    }

    /// Takes these persons in, each as it was at the moment.
    pub(super) async fn take(&mut self, page: Vec<Version>) -> Result<(), DbError> {
        let Some(last) = page.last().map(|version| version.fact.person.column()) else { return Ok(()) };
        let mut before = self.before(last).await?;
        self.after = last;
        let mut visitors = Vec::new();
        // Who was erased was nobody at any moment.
        for version in page.into_iter().filter(|version| version.state != "erased") {
            let person = version.fact.person;
            let stands = if version.known() <= self.at.micros() {
                Some(version)
            } else {
                self.note(&version);
                before.remove(&person)
            };
            match stands.filter(|version| version.state == "live") {
                Some(version) if version.fact.is_visitor() => {
                    visitors.push((person.number(), Some(version.fact.created_at.micros())));
                }
                Some(version) => self.then.people.push(version.fact),
                None => {}
            }
        }
        self.then.visitors = self.then.visitors.with(&visitors);
        Ok(())
    }

    /// Of the persons up to `last` who changed since, what each was at the moment.
    async fn before(&mut self, last: i64) -> Result<HashMap<PersonId, Version>, DbError> {
        let sql = "select distinct person from person_was where person > $1 and person <= $2 and until_us > $3 \
            and known_us > $3 and not by_event";
        let stated: Vec<(u64,)> = self.db.query(sql, params![self.after, last, self.at]).await?;
        self.then.stated_since.extend(stated.into_iter().map(|row| row.0));
        let sql = "select person, state, created_us, lead_us, company, country, known_us, by_event from person_was \
            where person > $1 and person <= $2 and until_us > $3 and (known_us is null or known_us <= $3)";
        let mut found = HashMap::new();
        for version in self.db.query::<Version>(sql, params![self.after, last, self.at]).await? {
            if version.known() <= self.at.micros() {
                found.insert(version.fact.person, version);
            } else {
                self.note(&version);
            }
        }
        Ok(found)
    }

    /// Notes who said a version that was not known yet.
    fn note(&mut self, version: &Version) {
        if !version.by_event {
            self.then.stated_since.insert(version.fact.person.number());
        }
    }
}
