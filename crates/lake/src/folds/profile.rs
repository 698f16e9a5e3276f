//! What was first and last known of each person: the profile at the end of a range, which is a person as of a moment.

use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold, Recoder};
use std::borrow::Cow;

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

/// One person on the way: what was first and last said of each field, by code.
#[derive(Debug, Clone, Default)]
pub struct Known(Vec<FirstLast>);

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

    fn keys(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter_map(|field| match field {
            Field::Property(key) => Some(key.as_str()),
            Field::Column(_) => None,
        })
    }
}

impl Field {
    fn column(&self) -> Option<Col> {
        match self {
            Self::Column(column) => Some(*column),
            Self::Property(_) => None,
        }
    }
}

/// The value of a property without the quotes of JSON.
fn plain(value: &str) -> Cow<'_, str> {
    if value.starts_with('"') {
        serde_json::from_str(value).map_or(Cow::Borrowed(value), Cow::Owned)
    } else {
        value.into()
    }
}

impl Fold for ProfileFold {
    type State = Known;
    type Output = ProfilesAt;

    fn columns(&self) -> Columns {
        let columns: Vec<Col> = self.fields.iter().filter_map(Field::column).collect();
        Columns::of(&columns)
    }

    fn properties(&self) -> Vec<String> {
        self.keys().map(str::to_owned).collect()
    }

    fn init(&self) -> Known {
        Known(vec![(0, 0); self.fields.len()])
    }

    fn step(&self, state: &mut Known, event: &EventRef<'_>) {
        let mut place = 0;
        for (field, known) in self.fields.iter().zip(&mut state.0) {
            let code = match field {
                Field::Column(column) => event.code(*column),
                Field::Property(_) => {
                    place += 1;
                    event.property(place - 1)
                }
            };
            // An empty text says nothing, nor does one in quotes.
            let is_said = code != 0 && (matches!(field, Field::Column(_)) || event.dict().text(code) != "\"\"");
            if is_said {
                *known = (if known.0 == 0 { code } else { known.0 }, code);
            }
        }
    }

    fn finish(&self, person: u64, state: &mut Known, dict: &Dict, output: &mut ProfilesAt) {
        let mut pairs = Vec::with_capacity(self.fields.len());
        for (field, (first, last)) in self.fields.iter().zip(&state.0) {
            let texts = [*first, *last].map(|code| match field {
                Field::Column(_) => Cow::Borrowed(dict.text(code)),
                Field::Property(_) => plain(dict.text(code)),
            });
            pairs.push((output.texts.intern(&texts[0]), output.texts.intern(&texts[1])));
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
