//! What an event is worth: `revenue`, else `value`, else `total`, in micros; and its currency.

use super::reason::Doubt;
use super::wire::{Bag, Raw, Text, loose_text};
use kernel::money::{Currency, parse_decimal};
use std::borrow::Cow;

/// Value in micros, currency (empty: the workspace's own), and what is wrong with them.
pub(super) fn worth(bag: &Bag<'_>) -> (Option<i64>, String, Option<Doubt>) {
    let amounts = [("revenue", bag.revenue), ("value", bag.value), ("total", bag.total)];
    let present =
        amounts.into_iter().find_map(|(field, raw)| raw.filter(|raw| raw.get() != "null").map(|raw| (field, raw)));
    let Some((field, raw)) = present else { return (None, String::new(), None) };
    let Some(micros) = micros(raw) else {
        // Only `revenue` must be money; `value` and `total` are common names for other things as well.
        let found = raw.get().chars().take(32).collect();
        return (None, String::new(), (field == "revenue").then_some(Doubt::Amount { field, found }));
    };
    let currency = bag.currency.map(loose_text).filter(|text| !text.trim().is_empty());
    match currency.map(|text| text.parse::<Currency>().map_err(|_| text.chars().take(16).collect::<String>())) {
        None => match sign(raw) {
            Ok(currency) => (Some(micros), currency.to_owned(), None),
            Err(sign) => (None, String::new(), Some(Doubt::Currency(sign.to_owned()))),
        },
        Some(Ok(currency)) => (Some(micros), currency.to_string(), None),
        Some(Err(found)) => (None, String::new(), Some(Doubt::Currency(found))),
    }
}

/// The currency that a sign before an amount names; a sign of several currencies names none.
fn sign(raw: Raw<'_>) -> Result<&'static str, &'static str> {
    if !raw.get().starts_with('"') {
        return Ok("");
    }
    let text = loose_text(raw);
    let named = [("€", Ok("EUR")), ("£", Ok("GBP")), ("$", Err("$")), ("¥", Err("¥"))];
    named.into_iter().find(|(sign, _)| text.trim().starts_with(sign)).map_or(Ok(""), |(_, named)| named)
}

/// A number, or a text that is one (`"19.99"`, `"$19.99"`). More than six places are cut, exponents are read.
fn micros(raw: Raw<'_>) -> Option<i64> {
    // A plain number is its own text.
    let plain = raw.get().len() <= 15 && raw.get().bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let text = if plain { Text(Cow::Borrowed(raw.get())) } else { loose_text(raw) };
    let text = text.trim().trim_start_matches(['$', '€', '£', '¥']).trim();
    if raw.get() == "true" || raw.get() == "false" || text.is_empty() {
        return None;
    }
    let short = match text.split_once('.') {
        Some((whole, places)) if places.len() > 6 && places.bytes().all(|byte| byte.is_ascii_digit()) => {
            parse_decimal(&format!("{whole}.{}", &places[..6]))
        }
        _ => parse_decimal(text),
    };
    short.ok().or_else(|| {
        let number = text.parse::<f64>().ok().filter(|number| number.abs() < 9e12)?;
        parse_decimal(&format!("{number:.6}")).ok()
    })
}
