//! Which country an event came from, and how that is known. The IP address is not looked at.

use hashbrown::HashMap;
use serde::Serialize;
use std::sync::LazyLock;

/// What a country was derived from, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountryBasis {
    /// The sender says so (`context.location.country`).
    Location,
    /// The network in front of Mainspring says so (`CF-IPCountry` and the like).
    NetworkEdge,
    /// The time zone of the device.
    TimeZone,
    /// The region of the device's language.
    Locale,
}

/// What a country can be read from; empty texts are no hint.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hints<'a> {
    pub(super) location: &'a str,
    pub(super) edge: &'a str,
    pub(super) time_zone: &'a str,
    pub(super) locale: &'a str,
}

static ZONES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| pairs(include_str!("places/zones.txt")).collect());
static NAMES: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
    pairs(include_str!("places/countries.txt")).map(|(code, name)| (name.to_lowercase(), code)).collect()
});
static CODES: LazyLock<hashbrown::HashSet<&str>> =
    LazyLock::new(|| pairs(include_str!("places/countries.txt")).map(|(code, _)| code).collect());

fn pairs(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '))
}

/// The ISO 3166 code and its basis.
pub(super) fn country(hints: &Hints<'_>) -> Option<(&'static str, CountryBasis)> {
    let of_locale = || {
        let mut parts = hints.locale.split(['-', '_']).skip(1);
        parts.find_map(code)
    };
    code(hints.location)
        .or_else(|| named(hints.location))
        .map(|code| (code, CountryBasis::Location))
        .or_else(|| code(hints.edge).map(|code| (code, CountryBasis::NetworkEdge)))
        .or_else(|| ZONES.get(hints.time_zone).map(|code| (*code, CountryBasis::TimeZone)))
        .or_else(|| of_locale().map(|code| (code, CountryBasis::Locale)))
}

/// The code of a country's name.
fn named(text: &str) -> Option<&'static str> {
    let text = text.trim();
    if text.is_empty() { None } else { NAMES.get(&text.to_lowercase()).copied() }
}

fn code(text: &str) -> Option<&'static str> {
    let text = text.trim();
    (text.len() == 2).then(|| text.to_ascii_uppercase()).and_then(|upper| CODES.get(upper.as_str()).copied())
}
