//! Properties of an event by name: what its JSON says at the top, in one spelling.
//!
//! A question about a property needs its value alone, so a fold gets it as codes, like a column. A file may keep some
//! properties as columns of their own ([`crate::Lake::promote`]); then nothing is parsed. Both ways give the same texts.

use crate::error::LakeError;
use crate::event::Col;
use crate::parquet::{data_error, strings};
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringDictionaryBuilder};
use datafusion::arrow::datatypes::{DataType, Field, UInt32Type};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The value of a property as a text: `"pro"`, `12.5`, `true`; objects and lists as JSON without spaces. Empty when the event
/// does not have it, or has null.
fn spelled(raw: &RawValue) -> Cow<'_, str> {
    let raw = raw.get();
    match raw.as_bytes().first() {
        None | Some(b'n') => Cow::Borrowed(""),
        // A text without escapes is spelled one way only.
        Some(b'"') if !raw.contains('\\') => Cow::Borrowed(raw),
        Some(b't' | b'f' | b'0'..=b'9' | b'-') => Cow::Borrowed(raw),
        Some(_) => serde_json::from_str::<Value>(raw).map_or(Cow::Borrowed(""), |value| value.to_string().into()),
    }
}

/// Takes the wanted values out of an object; of a key that is there twice the last one.
struct Take<'a, F> {
    names: &'a [String],
    take: F,
}

impl<'de, F: FnMut(usize, &str)> Visitor<'de> for Take<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(place) = map.next_key_seed(Place(self.names))? {
            match place {
                Some(place) => (self.take)(place, &spelled(map.next_value::<&RawValue>()?)),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Which of the names a key is.
struct Place<'a>(&'a [String]);

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Place<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|name| name == key))
    }
}

/// Calls `take` with the place of a name and its value for each of the properties that the JSON object says. What is not an
/// object says nothing.
pub(crate) fn values_of(json: &str, names: &[String], take: impl FnMut(usize, &str)) {
    if json.len() > 2 {
        // What a property of a damaged object said before the damage is kept out by nobody: objects were parsed at the door.
        let _ = serde_json::Deserializer::from_str(json).deserialize_map(Take { names, take });
    }
}

/// The name of the column of a file that keeps a property.
pub(crate) fn column_name(property: &str) -> String {
    format!("property:{property}")
}

/// The columns that keep these properties.
pub(crate) fn fields(properties: &[String]) -> impl Iterator<Item = Field> {
    let kind = || DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8));
    properties.iter().map(move |name| Field::new(column_name(name), kind(), false))
}

/// The columns that keep these properties of the rows of a batch, which has their JSON.
pub(crate) fn columns_of(batch: &RecordBatch, properties: &[String]) -> Result<Vec<ArrayRef>, LakeError> {
    if properties.is_empty() {
        return Ok(Vec::new());
    }
    let texts = strings(batch, Col::Properties.name()).map_err(data_error)?;
    let mut builders: Vec<StringDictionaryBuilder<UInt32Type>> =
        std::iter::repeat_with(StringDictionaryBuilder::new).take(properties.len()).collect();
    let mut values = vec![String::new(); properties.len()];
    for row in 0..batch.num_rows() {
        values.iter_mut().for_each(String::clear);
        values_of(texts.get(row), properties, |place, value| value.clone_into(&mut values[place]));
        for (builder, value) in builders.iter_mut().zip(&values) {
            builder.append(value).map_err(data_error)?;
        }
    }
    Ok(builders.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: &str) -> Vec<(usize, String)> {
        let names = ["plan".to_owned(), "seats".to_owned(), "größe".to_owned()];
        let mut said = Vec::new();
        values_of(json, &names, |place, value| said.push((place, value.to_owned())));
        said
    }

    #[test]
    fn a_value_has_one_spelling() {
        assert_eq!(
            said(r#"{"plan":"pro","x":{"plan":1},"seats": 12.50}"#),
            [(0, "\"pro\"".into()), (1, "12.50".into())]
        );
        assert_eq!(said(r#"{"plan":"pr\u006f"}"#), [(0, "\"pro\"".into())]);
        assert_eq!(said(r#"{"pl\u0061n":true}"#), [(0, "true".into())]);
        assert_eq!(said(r#"{"plan": [1,  {"a" : null}]}"#), [(0, r#"[1,{"a":null}]"#.into())]);
        assert_eq!(said(r#"{"plan":null,"größe":"\"ü\""}"#), [(0, String::new()), (2, r#""\"ü\"""#.into())]);
        assert_eq!(said(r#"{"plan":1,"plan":2}"#), [(0, "1".into()), (0, "2".into())]);
        for nothing in ["", "{}", "[1]", "3", "\"plan\"", "{\"other\":1}"] {
            assert_eq!(said(nothing), [], "{nothing}");
        }
    }
}
