//! What conditions on properties can be made of: keys, and the values of one, of the events that came in last.

use crate::explore_model::PropertyType;
use lake::folds::filter::{EventFilter, Filters, Literals};
use lake::{Col, Columns, Dict, EventRef, Fold, Property};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Events of one bucket of people whose properties are looked at.
const EVENTS_MAX: usize = 20_000;
/// Different texts that are kept of one bucket.
const TEXTS_MAX: usize = 5_000;

/// Counts keys of properties, or the values of one key, over a part of the events: enough to offer them.
#[derive(Debug, Clone)]
pub(crate) struct SuggestFold {
    filters: Filters,
    literals: Literals,
    columns: Columns,
    name: Option<String>,
    key: Option<String>,
}

/// How often something was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) events: u64,
    pub(crate) people: u64,
    numbers: u64,
    flags: u64,
}

impl Seen {
    /// What most of the values are.
    pub(crate) const fn kind(&self) -> PropertyType {
        if self.numbers * 2 > self.events {
            PropertyType::Number
        } else if self.flags * 2 > self.events {
            PropertyType::Bool
        } else {
            PropertyType::Text
        }
    }

    fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.people += other.people;
        self.numbers += other.numbers;
        self.flags += other.flags;
    }
}

/// Texts and how often they were seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Suggestions {
    looked: usize,
    pub(crate) texts: BTreeMap<String, Seen>,
}

impl SuggestFold {
    /// Over people's events of this name: their keys, or the values of one.
    pub(crate) fn new(name: Option<&str>, key: Option<&str>) -> Self {
        let mut literals = Literals::default();
        let filter = EventFilter { name: name.map(str::to_owned), humans_only: true, ..EventFilter::default() };
        let filters = Filters::new(&[&filter], &mut literals);
        let columns = filter.columns().and(Columns::of(&[Col::Name]));
        // One property is read by itself; to know which there are takes all of them.
        let columns = if key.is_some() { columns } else { columns.and(Columns::of(&[Col::Properties])) };
        Self { filters, literals, columns, name: filter.name, key: key.map(str::to_owned) }
    }

    fn put(person: &mut BTreeMap<String, Seen>, text: String, value: Property<'_>) {
        let seen = person.entry(text).or_default();
        seen.events += 1;
        seen.people = 1;
        seen.numbers += u64::from(value.number().is_some());
        seen.flags += u64::from(value.flag().is_some());
    }
}

impl Fold for SuggestFold {
    type State = (usize, BTreeMap<String, Seen>);
    type Output = Suggestions;

    fn columns(&self) -> Columns {
        self.columns
    }

    fn literals(&self) -> Vec<String> {
        self.literals.texts.clone()
    }

    fn properties(&self) -> Vec<String> {
        self.key.iter().cloned().collect()
    }

    fn names(&self) -> Option<Vec<String>> {
        self.name.clone().map(|name| vec![name])
    }

    fn init(&self) -> Self::State {
        (0, BTreeMap::new())
    }

    fn step(&self, (looked, seen): &mut Self::State, event: &EventRef<'_>) {
        let is_it = self.filters.admit(self.filters.by_name(event.code(Col::Name)), event) != 0;
        if !is_it || *looked >= EVENTS_MAX {
            return;
        }
        *looked += 1;
        if self.key.is_some() {
            if let Some(value) = Property::of(event.dict().text(event.property(0))) {
                Self::put(seen, value.text().into_owned(), value);
            }
            return;
        }
        let all: BTreeMap<String, &RawValue> = serde_json::from_str(event.text(Col::Properties)).unwrap_or_default();
        for (key, value) in all {
            if let Some(value) = Property::of(value.get()) {
                Self::put(seen, key, value);
            }
        }
    }

    fn finish(&self, _person: u64, (looked, seen): &mut Self::State, _dict: &Dict, output: &mut Suggestions) {
        if output.looked < EVENTS_MAX {
            output.looked += *looked;
            for (text, seen) in std::mem::take(seen) {
                if output.texts.len() < TEXTS_MAX || output.texts.contains_key(&text) {
                    output.texts.entry(text).or_default().add(&seen);
                }
            }
        }
    }

    fn output(&self) -> Suggestions {
        Suggestions::default()
    }

    fn merge(&self, into: &mut Suggestions, from: Suggestions) {
        for (text, seen) in from.texts {
            into.texts.entry(text).or_default().add(&seen);
        }
    }
}
