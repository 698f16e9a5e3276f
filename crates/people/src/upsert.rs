//! What creating and changing records in bulk has in common: where a value came from, what became of a row, and the
//! document of values in which the newest one wins.
//!
//! **Invariant:** a value is replaced only by one that is as new or newer by the time of its source, so the order in
//! which sources arrive does not change the result.
//! **Invariant:** an update carries what is needed to take it back, and is taken back only where nothing changed since.

use kernel::ids::ImportId;
use kernel::scope::Actor;
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Where a record or a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// An event of the log.
    Event {
        /// Its offset in the log.
        offset: u64,
    },
    /// An import.
    Import(ImportId),
    /// Somebody, through the API.
    Actor(Actor),
}

impl Source {
    /// One text for the database: `event:17`, `import:imp_…`, `user:usr_…`.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Source::Event { offset } => format!("event:{offset}"),
            Source::Import(id) => format!("import:{id}"),
            Source::Actor(actor) => actor.label(),
        }
    }
}

/// Why a row cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clash {
    /// A stable code: `two_people`, `two_companies`, `no_key`, `unknown_deal` …
    pub code: String,
    /// The field that is to blame, when one is.
    pub field: Option<String>,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl Clash {
    /// A clash of the row as a whole.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), field: None, message: message.into() }
    }

    /// The same clash, blaming a field.
    #[must_use]
    pub fn at(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
}

/// A value that an update changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The field.
    pub field: String,
    /// What it said before.
    pub from: Option<String>,
    /// What it says now.
    pub to: String,
}

/// What became of one row of an upsert.
#[derive(Debug, Clone, PartialEq)]
pub enum Upserted<I> {
    /// A new record.
    Created {
        /// Its id.
        id: I,
        /// Give this back to take it back.
        undo: Json,
    },
    /// A record that has other values now.
    Updated {
        /// Its id.
        id: I,
        /// Which.
        changes: Vec<Changed>,
        /// The image before: give this back to take it back.
        undo: Json,
    },
    /// The record already said this.
    Unchanged {
        /// Its id.
        id: I,
    },
    /// The row contradicts what is known; nothing was written.
    Conflict(Clash),
    /// The row has no usable key, or a value is wrong; nothing was written.
    Rejected(Clash),
}

impl<I> Upserted<I> {
    /// The record, when the row has one.
    pub fn id(&self) -> Option<&I> {
        match self {
            Upserted::Created { id, .. } | Upserted::Updated { id, .. } | Upserted::Unchanged { id } => Some(id),
            Upserted::Conflict(_) | Upserted::Rejected(_) => None,
        }
    }
}

/// What became of taking one row back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reverted {
    /// The record is as it was.
    Done,
    /// The record was changed since, or something rests on it; it is left as it is.
    Refused(Clash),
}

/// One value with its time and source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stated(
    /// The value.
    pub Json,
    /// When it was stated, in microseconds.
    pub i64,
    /// Where it came from, as [`Source::text`].
    pub String,
);

/// The values of a record by name, each with its time and source. Stored as one JSON text, `[[time, source, {name: value}]]`:
/// most values of a record were stated together, so time and source stand there once.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "StoredDocument")]
pub struct Document(pub BTreeMap<String, Stated>);

/// A stored text: as it is written, or one time and source a value, as it was once.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredDocument {
    Together(Vec<(i64, String, BTreeMap<String, Json>)>),
    Single(BTreeMap<String, Stated>),
}

impl From<StoredDocument> for Document {
    fn from(stored: StoredDocument) -> Self {
        Self(match stored {
            StoredDocument::Single(values) => values,
            StoredDocument::Together(groups) => {
                let stated = |(at, source, values): (i64, String, BTreeMap<String, Json>)| {
                    values.into_iter().map(move |(name, value)| (name, Stated(value, at, source.clone())))
                };
                groups.into_iter().flat_map(stated).collect()
            }
        })
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut groups: Vec<(i64, &str, BTreeMap<&str, &Json>)> = Vec::new();
        for (name, Stated(value, at, source)) in &self.0 {
            match groups.iter_mut().find(|group| (group.0, group.1) == (*at, source.as_str())) {
                Some(group) => {
                    group.2.insert(name, value);
                }
                None => groups.push((*at, source, BTreeMap::from([(name.as_str(), value)]))),
            }
        }
        groups.serialize(to)
    }
}

impl Document {
    /// The document of a stored text; an empty one when it cannot be read.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The text to store.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "[]".to_owned())
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name).map(|stated| &stated.0)
    }

    /// The value of a name as text; numbers and booleans are written out, nothing else is.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(plain_text)
    }

    /// States a value: it stands when it is as new or newer than the one there (two sources of one moment are decided by
    /// the greater source text, then the greater value, so that no order of arrival matters). Returns whether the value
    /// itself is another one now.
    pub fn state(&mut self, name: &str, value: Json, at: Timestamp, source: &str) -> bool {
        let Some(old) = self.0.get_mut(name) else {
            if !value.is_null() {
                self.0.insert(name.to_owned(), Stated(value, at.micros(), source.to_owned()));
                return true;
            }
            return false;
        };
        if at.micros() < old.1 {
            return false;
        }
        if at.micros() == old.1
            && source_order(source, &old.2).then_with(|| value.to_string().cmp(&old.0.to_string())).is_le()
        {
            return false;
        }
        let changed = old.0 != value;
        *old = Stated(value, at.micros(), source.to_owned());
        changed
    }

    /// The newest value of each name of both documents.
    #[must_use]
    pub fn newest(mut self, other: &Document) -> Self {
        for (name, Stated(value, at, source)) in &other.0 {
            self.state(name, value.clone(), Timestamp::from_micros(*at), source);
        }
        self
    }
}

/// Offsets are numbers, so `event:9` is older than `event:10`.
fn source_order(a: &str, b: &str) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// A scalar as text: what a column, a search or a comparison sees.
#[must_use]
pub fn plain_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(answer) => Some(answer.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The text of an undo for one document: what each changed name said before, and what it must still say.
#[must_use]
pub fn document_undo(before: &Document, after: &Document, names: &[String]) -> Json {
    let one = |document: &Document, name: &String| serde_json::to_value(document.0.get(name)).unwrap_or(Json::Null);
    names
        .iter()
        .map(|name| (name.clone(), serde_json::json!([one(before, name), one(after, name)])))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Takes a document back by what [`document_undo`] wrote. `false`, and nothing changed, when a name says something else
/// by now.
pub fn revert_document(document: &mut Document, undo: &Json) -> bool {
    let Some(names) = undo.as_object() else { return false };
    let still =
        names.iter().all(|(name, pair)| serde_json::to_value(document.0.get(name)).ok().as_ref() == pair.get(1));
    if !still {
        return false;
    }
    for (name, pair) in names {
        match pair.get(0).and_then(|before| serde_json::from_value::<Stated>(before.clone()).ok()) {
            Some(stated) => {
                document.0.insert(name.clone(), stated);
            }
            None => {
                document.0.remove(name);
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn an_older_statement_never_replaces_a_newer_one() {
        let mut document = Document::default();
        assert!(document.state("plan", json!("pro"), at(20), "event:2"));
        assert!(!document.state("plan", json!("free"), at(10), "event:1"));
        assert!(!document.state("plan", json!("pro"), at(30), "event:3"), "the same value is no change");
        assert!(!document.state("plan", json!("team"), at(25), "event:4"), "but it is newer knowledge");
        assert_eq!(document.text("plan").as_deref(), Some("pro"));
    }

    #[test]
    fn a_change_is_taken_back_only_where_nothing_changed_since() {
        let mut before = Document::default();
        before.state("title", json!("CTO"), at(1), "event:1");
        let mut after = before.clone();
        after.state("title", json!("CEO"), at(2), "import:imp_1");
        after.state("city", json!("Graz"), at(2), "import:imp_1");
        let undo = document_undo(&before, &after, &["title".to_owned(), "city".to_owned()]);
        let mut now = after.clone();
        assert!(revert_document(&mut now, &undo));
        assert_eq!(now, before);
        let mut changed = after.clone();
        changed.state("title", json!("Chair"), at(3), "event:9");
        let kept = changed.clone();
        assert!(!revert_document(&mut changed, &undo));
        assert_eq!(changed, kept);
    }

    #[test]
    fn a_stored_text_names_each_time_and_source_once_and_older_texts_are_read() {
        let mut document = Document::default();
        document.state("city", json!("Graz"), at(2), "import:imp_1");
        document.state("plan", json!("pro"), at(3), "event:4");
        document.state("title", json!({ "en": "CTO" }), at(2), "import:imp_1");
        let text = document.to_text();
        assert_eq!(text, r#"[[2,"import:imp_1",{"city":"Graz","title":{"en":"CTO"}}],[3,"event:4",{"plan":"pro"}]]"#);
        assert_eq!(Document::parse(&text), document);
        let older =
            r#"{"city":["Graz",2,"import:imp_1"],"plan":["pro",3,"event:4"],"title":[{"en":"CTO"},2,"import:imp_1"]}"#;
        assert_eq!(Document::parse(older), document);
        assert_eq!(Document::parse("{}"), Document::default());
        assert_eq!(Document::parse(&Document::default().to_text()), Document::default());
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(
            (statements, shuffled) in prop::collection::vec((0_u8..3, 0_i64..4, 0_u8..3, 0_u8..4), 0..12)
                .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        ) {
            let fold = |all: &[(u8, i64, u8, u8)]| {
                let mut document = Document::default();
                for (name, when, value, source) in all {
                    document.state(&format!("n{name}"), json!(value), at(*when), &format!("event:{source}"));
                }
                document
            };
            prop_assert_eq!(fold(&statements), fold(&shuffled));
            let document = fold(&statements);
            prop_assert_eq!(Document::parse(&document.to_text()), document);
        }
    }
}
