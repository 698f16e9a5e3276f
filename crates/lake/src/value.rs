//! The value of a property as text, as a number or as yes and no, and what it must obey.

use crate::event::Columns;
use crate::fold::EventRef;
use crate::folds::filter::{Literals, TextTest};
use std::borrow::Cow;

/// Millionths: numbers are compared and added up to six places.
const PLACES: u32 = 6;

/// What an event says under a key, as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property<'a>(&'a str);

impl<'a> Property<'a> {
    /// A value as JSON; none for what says nothing: null and the empty text.
    #[must_use]
    pub fn of(json: &'a str) -> Option<Self> {
        (!matches!(json, "" | "null" | "\"\"")).then_some(Self(json))
    }

    /// As text: a text without its quotes, anything else as it is written.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        let raw = self.0;
        match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
            Some(_) => serde_json::from_str::<String>(raw).map_or(Cow::Borrowed(raw), Cow::Owned),
            None => Cow::Borrowed(raw),
        }
    }

    /// As a number in millionths, also when it is written as a text.
    #[must_use]
    pub fn number(self) -> Option<i128> {
        micros(&self.text())
    }

    /// As yes or no, also when it is written as a text.
    #[must_use]
    pub fn flag(self) -> Option<bool> {
        match &*self.text() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

/// A decimal number in millionths, rounded half away from zero; none for what is none, and for what is beyond 2^90.
#[must_use]
pub fn micros(text: &str) -> Option<i128> {
    let text = text.trim();
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 21 || !is_plain(whole) || !is_plain(part) {
        return scientific(text);
    }
    let mut number: i128 = whole.parse().ok()?;
    for place in 0..PLACES as usize {
        number = number * 10 + i128::from(part.as_bytes().get(place).map_or(0, |digit| digit - b'0'));
    }
    if part.as_bytes().get(PLACES as usize).is_some_and(|digit| *digit >= b'5') {
        number += 1;
    }
    Some(if is_negative { -number } else { number })
}

/// A number with an exponent.
#[expect(clippy::cast_possible_truncation, reason = "what does not fit was sent away")]
fn scientific(text: &str) -> Option<i128> {
    const MOST: f64 = (1_u128 << 90) as f64;
    if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E')) {
        return None;
    }
    let number = text.parse::<f64>().ok()? * 1e6;
    (number.abs() < MOST).then(|| number.round() as i128)
}

/// What the value of a property must obey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueTest {
    /// As text it is one of these; an empty text stands for an event that does not say.
    Is(Vec<String>),
    /// As text it obeys; an event that does not say has the empty text.
    Text(TextTest),
    /// It is a number that obeys.
    Number(NumberTest),
    /// It is yes or no.
    Flag(bool),
}

/// What a number in millionths must obey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberTest {
    /// One of these.
    Is(Vec<i128>),
    /// None of these.
    IsNot(Vec<i128>),
    /// Less than this.
    Less(i128),
    /// This or less.
    AtMost(i128),
    /// More than this.
    More(i128),
    /// This or more.
    AtLeast(i128),
}

impl ValueTest {
    /// Whether what an event says obeys.
    #[must_use]
    pub fn admits(&self, value: Option<Property<'_>>) -> bool {
        let text = || value.map(Property::text).unwrap_or_default();
        match self {
            Self::Is(texts) => {
                let text = text();
                texts.iter().any(|one| *one == *text)
            }
            Self::Text(test) => test.admits(&text()),
            Self::Number(test) => value.and_then(Property::number).is_some_and(|number| test.admits(number)),
            Self::Flag(flag) => value.and_then(Property::flag) == Some(*flag),
        }
    }
}

impl NumberTest {
    fn admits(&self, number: i128) -> bool {
        match self {
            Self::Is(numbers) => numbers.contains(&number),
            Self::IsNot(numbers) => !numbers.contains(&number),
            Self::Less(limit) => number < *limit,
            Self::AtMost(limit) => number <= *limit,
            Self::More(limit) => number > *limit,
            Self::AtLeast(limit) => number >= *limit,
        }
    }
}

/// A number of an event that is added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amount {
    /// Its value.
    Value,
    /// A property that is a number.
    Property(String),
}

impl Amount {
    /// For a fold with these literals and properties.
    pub(crate) fn at(&self, literals: &mut Literals) -> AmountAt {
        match self {
            Self::Value => AmountAt::Value,
            Self::Property(key) => AmountAt::Property(literals.property(key)),
        }
    }

    /// The columns it reads.
    #[must_use]
    pub fn columns(&self) -> Columns {
        match self {
            Self::Value => Columns::NONE.with_value(),
            Self::Property(_) => Columns::NONE,
        }
    }
}

/// An amount inside a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AmountAt {
    /// Nothing is added up.
    None,
    /// The value.
    Value,
    /// The property at this place.
    Property(usize),
}

impl AmountAt {
    /// In millionths; none when the event has none.
    #[inline]
    pub(crate) fn of(self, event: &EventRef<'_>) -> Option<i128> {
        match self {
            Self::None => None,
            Self::Value => event.value().map(i128::from),
            Self::Property(place) => Property::of(event.dict().text(event.property(place))).and_then(Property::number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"plan":"pro","seats":12.5,"trial":true,"deep":{"plan":"no"},"none":null,"empty":"","n":"1e3",
        "quoted":"a \"b\" ü","pl\u0061ce":"x","twice":1,"twice":2,"far":1e300,"list":[1,2]}"#;

    fn json(key: &str) -> String {
        let mut found = String::new();
        crate::property::values_of(JSON, &[key.to_owned()], |_, value| value.clone_into(&mut found));
        found
    }

    fn text(key: &str) -> Option<String> {
        Property::of(&json(key)).map(|value| value.text().into_owned())
    }

    #[test]
    fn a_property_is_what_stands_at_the_top_under_its_key() {
        let cases = [
            ("plan", Some("pro")),
            ("seats", Some("12.5")),
            ("trial", Some("true")),
            ("quoted", Some("a \"b\" ü")),
            ("place", Some("x")),
            ("twice", Some("2")),
            ("list", Some("[1,2]")),
            ("none", None),
            ("empty", None),
            ("missing", None),
        ];
        for (key, expected) in cases {
            assert_eq!(text(key).as_deref(), expected, "{key}");
        }
    }

    #[test]
    fn numbers_are_exact_to_six_places() {
        let cases = [
            ("12.5", Some(12_500_000)),
            ("-0.000001", Some(-1)),
            ("0.0000005", Some(1)),
            ("0.00000049", Some(0)),
            ("1e3", Some(1_000_000_000)),
            ("2.5E-1", Some(250_000)),
            ("123456789012345678901", Some(123_456_789_012_345_678_901_000_000)),
            (" 7 ", Some(7_000_000)),
            ("", None),
            ("-", None),
            ("1,5", None),
            ("inf", None),
            ("NaN", None),
            ("1e300", None),
            ("pro", None),
        ];
        for (text, expected) in cases {
            assert_eq!(micros(text), expected, "{text}");
        }
    }

    #[test]
    fn a_value_obeys_by_its_type() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let cases = [
            ("plan", ValueTest::Is(texts(&["free", "pro"])), true),
            ("seats", ValueTest::Is(texts(&["12.5"])), true),
            ("missing", ValueTest::Is(texts(&[""])), true),
            ("plan", ValueTest::Is(texts(&[""])), false),
            ("missing", ValueTest::Text(TextTest::IsNot(texts(&["pro"]))), true),
            ("plan", ValueTest::Text(TextTest::Contains(texts(&["pr"]))), true),
            ("seats", ValueTest::Number(NumberTest::More(12_000_000)), true),
            ("seats", ValueTest::Number(NumberTest::AtMost(12_500_000)), true),
            ("seats", ValueTest::Number(NumberTest::Less(12_500_000)), false),
            ("n", ValueTest::Number(NumberTest::Is(vec![1_000_000_000])), true),
            ("plan", ValueTest::Number(NumberTest::IsNot(vec![1])), false),
            ("missing", ValueTest::Number(NumberTest::AtLeast(0)), false),
            ("trial", ValueTest::Flag(true), true),
            ("trial", ValueTest::Flag(false), false),
            ("missing", ValueTest::Flag(false), false),
        ];
        for (key, test, admits) in cases {
            assert_eq!(test.admits(Property::of(&json(key))), admits, "{key} {test:?}");
        }
    }
}
