//! One person as the database holds it, and what is shown of a component of merged persons.

use crate::record_history::{PersonWas, Said};
use crate::upsert::{Document, Source};
use hashbrown::HashMap;
use kernel::ids::{CompanyId, PersonId};
use kernel::limits::{EVENT_PROPERTIES_MAX, NAME_CHARS_MAX};
use kernel::time::Timestamp;
use platform::params;
use platform::sql::{DbError, FromRow, Row, Value};
use serde_json::{Map, Value as Json};

/// When something happened in an event; 0 stands for never.
pub(crate) const NEVER: i64 = 0;

/// What one row learned by itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Own {
    pub(crate) created: i64,
    pub(crate) first_seen: i64,
    pub(crate) last_seen: i64,
    pub(crate) lead: Option<i64>,
    pub(crate) traits: Document,
}

impl Own {
    /// Takes in an event or an import at `at`.
    pub(crate) fn see(&mut self, at: i64) {
        self.first_seen = if self.first_seen == NEVER { at } else { self.first_seen.min(at) };
        self.last_seen = self.last_seen.max(at);
    }

    /// Takes in that the person was known at `at`. Returns whether that is news.
    pub(crate) fn lead_at(&mut self, at: i64) -> bool {
        let news = self.lead.is_none_or(|lead| at < lead);
        if news {
            self.lead = Some(at);
        }
        news
    }

    /// What two rows know together: the result does not depend on the order.
    fn with(mut self, other: &Own) -> Own {
        self.created = self.created.min(other.created);
        self.first_seen = match (self.first_seen, other.first_seen) {
            (NEVER, seen) | (seen, NEVER) => seen,
            (a, b) => a.min(b),
        };
        self.last_seen = self.last_seen.max(other.last_seen);
        self.lead = self.lead.into_iter().chain(other.lead).min();
        self.traits = self.traits.newest(&other.traits);
        self
    }
}

/// One row of `people`.
#[derive(Debug, Clone)]
pub(crate) struct PersonRow {
    pub(crate) person: u64,
    pub(crate) state: String,
    pub(crate) own: Own,
    pub(crate) origin: String,
    pub(crate) company: Option<CompanyId>,
    /// What the database says of it; none for a new row.
    pub(crate) was: Option<PersonWas>,
}

pub(super) const READ: &str = "person, state, own_created_us, own_first_seen_us, own_last_seen_us, own_lead_us, traits, \
    origin, company, created_us, lead_us, country, known_us, known_by_event";

impl FromRow for PersonRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            person: row.get::<PersonId>("person")?.number(),
            state: row.text("state")?,
            own: Own {
                created: row.int("own_created_us")?,
                first_seen: row.int("own_first_seen_us")?,
                last_seen: row.int("own_last_seen_us")?,
                lead: row.opt_int("own_lead_us")?,
                traits: Document::parse(&row.text("traits")?),
            },
            origin: row.text("origin")?,
            company: row.get("company")?,
            was: Some(PersonWas::from_row(row)?),
        })
    }
}

/// The columns of `people`, in the order of [`PersonRow::values`].
pub(super) const COLUMNS: [&str; 26] = [
    "person",
    "state",
    "changed",
    "own_created_us",
    "own_first_seen_us",
    "own_last_seen_us",
    "own_lead_us",
    "traits",
    "created_us",
    "first_seen_us",
    "last_seen_us",
    "lead_us",
    "origin",
    "company",
    "email",
    "phone",
    "name",
    "first_name",
    "last_name",
    "title",
    "country",
    "city",
    "sort_name",
    "search",
    "known_us",
    "known_by_event",
];

impl PersonRow {
    pub(crate) fn new(person: u64, created: Timestamp, source: &Source) -> Self {
        let own = Own {
            created: created.micros(),
            first_seen: NEVER,
            last_seen: NEVER,
            lead: None,
            traits: Document::default(),
        };
        Self { person, state: "live".to_owned(), own, origin: source.text(), company: None, was: None }
    }

    /// The values of a row; `shown` is what its component knows, where the row stands for one. With what the row was, where
    /// metrics count something else now.
    pub(super) fn values(&self, changes: i64, shown: Option<&Own>, said: Said) -> (Vec<Value>, Option<Vec<Value>>) {
        let shown = shown.unwrap_or(&self.own);
        let text = |name: &str| -> String {
            shown.traits.text(name).map(|text| text.chars().take(NAME_CHARS_MAX).collect()).unwrap_or_default()
        };
        let (first, last, email) = (text("first_name"), text("last_name"), text("email"));
        let mut name = text("name");
        if name.is_empty() {
            name = format!("{first} {last}").trim().to_owned();
        }
        let sort_name = if name.is_empty() { email.to_lowercase() } else { name.to_lowercase() };
        let search = format!("{} {}", name.to_lowercase(), email.to_lowercase());
        let is = PersonWas {
            person: self.person,
            state: self.state.clone(),
            created: shown.created,
            lead: shown.lead,
            company: self.company.clone(),
            country: text("country"),
            known: Some(said.at),
            by_event: said.by_event,
        };
        let (is, was) = is.after(self.was.as_ref());
        let values = params![
            self.person,
            &self.state,
            changes,
            self.own.created,
            self.own.first_seen,
            self.own.last_seen,
            self.own.lead,
            self.own.traits.to_text(),
            shown.created,
            shown.first_seen,
            shown.last_seen,
            shown.lead,
            &self.origin,
            self.company.as_ref(),
            email,
            text("phone"),
            name,
            first,
            last,
            text("title"),
            is.country,
            text("city"),
            sort_name,
            search,
            is.known,
            is.by_event
        ];
        (values, was)
    }
}

/// What the members of a component know together.
pub(crate) fn together<'a>(members: impl IntoIterator<Item = &'a Own>) -> Option<Own> {
    let mut members = members.into_iter();
    let first = members.next()?.clone();
    Some(members.fold(first, Own::with))
}

/// The name under which a trait is kept: the well-known ones have one spelling.
fn trait_name(name: &str) -> &str {
    match name {
        "firstName" | "firstname" | "given_name" => "first_name",
        "lastName" | "lastname" | "family_name" => "last_name",
        "fullName" | "full_name" => "name",
        "createdAt" => "created_at",
        "jobTitle" | "job_title" => "title",
        other => other,
    }
}

/// States traits. E-mail is left to whoever decided whether the address is this person's. Returns the names whose
/// statement changed, each with the text before and now where the value itself is another.
pub(super) fn state_traits(
    document: &mut Document,
    traits: &Map<String, Json>,
    at: Timestamp,
    source: &str,
) -> Vec<(String, Option<String>, Option<String>)> {
    let mut changed = Vec::new();
    let mut state = |name: &str, value: &Json| {
        if value.is_null() || (document.0.len() >= EVENT_PROPERTIES_MAX && document.get(name).is_none()) {
            return;
        }
        let before = document.get(name).map(|old| crate::upsert::plain_text(old).unwrap_or_else(|| old.to_string()));
        if document.state(name, value.clone(), at, source) {
            let now = crate::upsert::plain_text(value).unwrap_or_else(|| value.to_string());
            changed.push((name.to_owned(), before, Some(now)));
        }
    };
    for (name, value) in traits {
        if name == "address" {
            for part in ["country", "city"] {
                if let Some(value) = value.get(part).filter(|_| !traits.contains_key(part)) {
                    state(part, value);
                }
            }
        }
        if name != "email" {
            state(trait_name(name), value);
        }
    }
    changed
}

/// Rows by person.
pub(crate) type Rows = HashMap<u64, PersonRow>;
