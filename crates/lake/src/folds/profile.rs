//! What was first and last known of each person: the profile at the end of a range, which is a person as of a moment.

use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold, Recoder};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;

/// What is looked up in an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    /// A column.
    Column(Col),
    /// A property, by its key at the top of `properties`.
    Property(String),
}

/// The first and the last text that each person's events say of some fields. What an event does not say, or says to be empty
/// or null, changes nothing.
#[derive(Debug, Clone)]
pub struct ProfileFold {
    fields: Vec<Field>,
}

/// The first text of a field and the last one, by code; 0 when there is none.
pub type FirstLast = (u32, u32);

/// One person on the way.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Texts of columns, by code.
    columns: Vec<FirstLast>,
    /// Texts of properties.
    properties: Vec<(Option<String>, Option<String>)>,
}

/// Profiles of people.
#[derive(Debug, Clone, Default)]
pub struct ProfilesAt {
    /// The people, each with a pair for each field; people of whom nothing is known are left out.
    rows: Vec<(u64, Vec<FirstLast>)>,
    texts: Dict,
    bytes: usize,
}

impl ProfilesAt {
    /// Each person, and for each field the first and the last text; empty when there is none. In no order.
    pub fn people(&self) -> impl Iterator<Item = (u64, Vec<(&str, &str)>)> {
        let texts = |pair: &FirstLast| (self.texts.text(pair.0), self.texts.text(pair.1));
        self.rows.iter().map(move |(person, pairs)| (*person, pairs.iter().map(texts).collect()))
    }
}

impl ProfileFold {
    /// Of these fields.
    #[must_use]
    pub fn new(fields: &[Field]) -> Self {
        Self { fields: fields.to_vec() }
    }

    fn properties(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter_map(|field| match field {
            Field::Property(key) => Some(key.as_str()),
            Field::Column(_) => None,
        })
    }
}

/// A JSON value as text: a string without its quotes, others as they are written; none for null and the empty string.
fn text_of(value: &RawValue) -> Option<String> {
    let raw = value.get();
    let text = if raw.starts_with('"') { serde_json::from_str::<Cow<'_, str>>(raw).ok()? } else { Cow::Borrowed(raw) };
    (!text.is_empty() && raw != "null").then(|| text.into_owned())
}

impl Fold for ProfileFold {
    type State = Known;
    type Output = ProfilesAt;

    fn columns(&self) -> Columns {
        let column = |field: &Field| match field {
            Field::Column(column) => *column,
            Field::Property(_) => Col::Properties,
        };
        Columns::of(&self.fields.iter().map(column).collect::<Vec<_>>())
    }

    fn init(&self) -> Known {
        let properties = self.properties().count();
        Known { columns: vec![(0, 0); self.fields.len() - properties], properties: vec![(None, None); properties] }
    }

    fn step(&self, state: &mut Known, event: &EventRef<'_>) {
        let mut place = 0;
        for field in &self.fields {
            if let Field::Column(column) = field {
                let (code, known) = (event.code(*column), &mut state.columns[place]);
                if code != 0 {
                    *known = (if known.0 == 0 { code } else { known.0 }, code);
                }
                place += 1;
            }
        }
        if state.properties.is_empty() {
            return;
        }
        // What is not an object says nothing.
        let said: HashMap<Cow<'_, str>, &RawValue> =
            serde_json::from_str(event.text(Col::Properties)).unwrap_or_default();
        for (key, known) in self.properties().zip(&mut state.properties) {
            if let Some(text) = said.get(key).and_then(|value| text_of(value)) {
                known.0.get_or_insert_with(|| text.clone());
                known.1 = Some(text);
            }
        }
    }

    fn finish(&self, person: u64, state: &mut Known, dict: &Dict, output: &mut ProfilesAt) {
        let mut columns = state.columns.iter();
        let mut properties = state.properties.iter();
        let mut pairs = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            let pair = match field {
                Field::Column(_) => columns.next().map(|(first, last)| (dict.text(*first), dict.text(*last))),
                Field::Property(_) => properties
                    .next()
                    .map(|(first, last)| (first.as_deref().unwrap_or_default(), last.as_deref().unwrap_or_default())),
            };
            let (first, last) = pair.unwrap_or_default();
            pairs.push((output.texts.intern(first), output.texts.intern(last)));
        }
        if pairs.iter().any(|pair| *pair != (0, 0)) {
            output.bytes += size_of::<(u64, Vec<FirstLast>)>() + pairs.len() * size_of::<FirstLast>();
            output.rows.push((person, pairs));
        }
    }

    fn output(&self) -> ProfilesAt {
        ProfilesAt::default()
    }

    fn weight(&self, output: &ProfilesAt) -> usize {
        output.bytes + output.texts.len() * size_of::<Box<str>>()
    }

    fn merge(&self, into: &mut ProfilesAt, from: ProfilesAt) {
        let mut recoder = Recoder::default();
        for (person, mut pairs) in from.rows {
            for (first, last) in &mut pairs {
                *first = recoder.code(*first, &from.texts, &mut into.texts);
                *last = recoder.code(*last, &from.texts, &mut into.texts);
            }
            into.rows.push((person, pairs));
        }
        into.bytes += from.bytes;
    }
}
