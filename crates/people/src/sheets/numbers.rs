//! Amounts and whole numbers as people and programs write them.
//!
//! **Invariant:** whether 1.234 is about one or about a thousand is decided once for a column, never for a cell.

use kernel::money::{Currency, parse_decimal};
use serde::{Deserialize, Serialize};

/// Which mark stands before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// 1,234.50
    Point,
    /// 1.234,50
    Comma,
}

/// What currency a cell names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// None.
    Nothing,
    /// This one.
    Currency(Currency),
    /// A dollar sign: one of several dollars (or a peso).
    Dollar,
    /// A yen or yuan sign.
    Yen,
    /// A crown of one of the northern countries.
    Crown,
}

impl Named {
    /// Whether an amount so marked can be in this currency.
    pub(crate) fn allows(self, currency: Currency) -> bool {
        let code = currency.as_str();
        match self {
            Named::Nothing => true,
            Named::Currency(named) => named == currency,
            Named::Dollar => {
                ["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP"].contains(&code)
            }
            Named::Yen => ["JPY", "CNY"].contains(&code),
            Named::Crown => ["SEK", "NOK", "DKK", "ISK", "CZK"].contains(&code),
        }
    }
}

/// What a cell says about the mark of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It reads the same either way.
    Plain,
    /// Only this mark makes a number of it.
    Only(DecimalMark),
    /// Both make a number of it, and not the same.
    Either,
    /// It is not a number.
    NotANumber,
}

/// What a cell says about the mark of its column.
pub(crate) fn evidence(text: &str) -> Evidence {
    let point = read(text, Some(DecimalMark::Point)).map(|(micros, _)| micros);
    let comma = read(text, Some(DecimalMark::Comma)).map(|(micros, _)| micros);
    match (point, comma) {
        (Some(a), Some(b)) if a == b => Evidence::Plain,
        (Some(_), Some(_)) => Evidence::Either,
        (Some(_), None) => Evidence::Only(DecimalMark::Point),
        (None, Some(_)) => Evidence::Only(DecimalMark::Comma),
        (None, None) => Evidence::NotANumber,
    }
}

/// Reads an amount: micros, and what it says about its currency. Signs, parentheses for less than nothing, currency
/// signs and codes on either side, groups of three. Without a mark, a number whose mark matters is not read.
pub(crate) fn read(text: &str, mark: Option<DecimalMark>) -> Option<(i64, Named)> {
    let mut text = text.trim();
    if text.len() > 64 {
        return None;
    }
    let mut negative = false;
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        (negative, text) = (true, inner.trim());
    }
    let start = text.find(|letter: char| letter.is_ascii_digit())?;
    let start = if start > 0 && matches!(text.as_bytes()[start - 1], b'.' | b',') { start - 1 } else { start };
    let end = text.rfind(|letter: char| letter.is_ascii_digit())? + 1;
    let (before, number, after) = (&text[..start], &text[start..end], &text[end..]);
    let (before, signs_before) = without_sign(before);
    let (after, signs_after) = without_sign(after);
    match (signs_before + signs_after, negative) {
        (0, _) => {}
        (1, false) => negative = before_is_minus(text, start, end),
        _ => return None,
    }
    let named = match (currency(&before)?, currency(&after)?) {
        (Named::Nothing, named) | (named, Named::Nothing) => named,
        (a, b) if a == b => a,
        (sign, Named::Currency(code)) | (Named::Currency(code), sign) if sign.allows(code) => Named::Currency(code),
        _ => return None,
    };
    let plain = plain_number(number, mark)?;
    let micros = parse_decimal(&plain).ok()?;
    Some((if negative { -micros } else { micros }, named))
}

/// A plain decimal number (`1234.5678901`), with all its places.
pub(crate) fn read_number(text: &str, mark: Option<DecimalMark>) -> Option<String> {
    plain_number(text.trim(), mark).filter(|plain| plain.bytes().any(|byte| byte.is_ascii_digit()))
}

fn without_sign(text: &str) -> (String, usize) {
    let is_sign = |letter: &char| matches!(letter, '-' | '−' | '–' | '+');
    let rest = text.chars().filter(|letter| !is_sign(letter)).collect::<String>();
    (rest.trim().to_owned(), text.chars().filter(is_sign).count())
}

fn before_is_minus(text: &str, start: usize, end: usize) -> bool {
    [&text[..start], &text[end..]].iter().any(|part| part.contains(['-', '−', '–']))
}

/// A whole number: both marks can only group.
pub(crate) fn read_integer(text: &str, mark: Option<DecimalMark>) -> Option<i64> {
    let digits: String = text.trim().chars().filter(|letter| !is_group_space(*letter)).collect();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits.parse().ok();
    }
    let grouped = [',', '.'].iter().any(|group| {
        let mut parts = digits.split(*group);
        parts.next().is_some_and(|first| (1..=3).contains(&first.len()) && all_digits(first))
            && parts.all(|part| part.len() == 3 && all_digits(part))
    });
    if grouped && !digits.starts_with('0') {
        return digits.replace([',', '.'], "").parse().ok();
    }
    let (micros, _) = read(text, Some(mark.unwrap_or(DecimalMark::Point)))?;
    (micros % kernel::money::UNIT == 0).then_some(micros / kernel::money::UNIT)
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_group_space(letter: char) -> bool {
    matches!(letter, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’')
}

/// `1.234,50` → `1234.50`, when the groups are groups.
fn plain_number(number: &str, mark: Option<DecimalMark>) -> Option<String> {
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(number.to_owned());
    }
    let (decimal, group) = match mark {
        Some(DecimalMark::Comma) => (',', '.'),
        Some(DecimalMark::Point) => ('.', ','),
        None => {
            let point = plain_number(number, Some(DecimalMark::Point));
            let comma = plain_number(number, Some(DecimalMark::Comma));
            return if point.is_none() || comma.is_none() || point == comma { point.or(comma) } else { None };
        }
    };
    let (whole, fraction) = match number.rsplit_once(decimal) {
        Some((whole, fraction)) => (whole, fraction),
        None => (number, ""),
    };
    if !all_digits(fraction) || whole.contains(decimal) {
        return None;
    }
    let separator = whole.chars().find(|letter| !letter.is_ascii_digit());
    let Some(separator) = separator else {
        return Some(format!("{whole}.{fraction}").trim_end_matches('.').to_owned());
    };
    if separator != group && !is_group_space(separator) {
        return None;
    }
    let mut groups = whole.split(separator);
    let first = groups.next()?;
    if first.is_empty() || first.len() > 3 || !all_digits(first) || first == "0" {
        return None;
    }
    let rest: Vec<&str> = groups.collect();
    // Groups of two before the last are how lakhs and crores are written.
    let well_formed = rest.iter().enumerate().all(|(place, part)| {
        all_digits(part) && (part.len() == 3 || (part.len() == 2 && place + 1 < rest.len() && separator == ','))
    });
    well_formed.then(|| format!("{first}{}.{fraction}", rest.concat()).trim_end_matches('.').to_owned())
}

/// What a sign or a code stands for; none when the text is neither.
fn currency(text: &str) -> Option<Named> {
    let code = |code: &str| code.parse().ok().map(Named::Currency);
    let upper = text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{a0}').to_uppercase();
    match upper.as_str() {
        "" => Some(Named::Nothing),
        "€" => code("EUR"),
        "£" => code("GBP"),
        "$" => Some(Named::Dollar),
        "¥" | "円" => Some(Named::Yen),
        "KR" | "KR." => Some(Named::Crown),
        "US$" | "$US" => code("USD"),
        "CA$" | "C$" => code("CAD"),
        "AU$" | "A$" => code("AUD"),
        "R$" => code("BRL"),
        "₹" => code("INR"),
        "₩" => code("KRW"),
        "₽" => code("RUB"),
        "₺" => code("TRY"),
        "ZŁ" => code("PLN"),
        "KČ" => code("CZK"),
        "FR." | "SFR" => code("CHF"),
        other if other.len() == 3 && other.bytes().all(|byte| byte.is_ascii_uppercase()) => code(other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn micros(text: &str, mark: Option<DecimalMark>) -> Option<i64> {
        read(text, mark).map(|(micros, _)| micros)
    }

    #[test]
    fn amounts_of_many_countries() {
        let cases = [
            ("1234.5", Some(DecimalMark::Point)),
            ("1,234.50", Some(DecimalMark::Point)),
            ("1.234,50", Some(DecimalMark::Comma)),
            ("1 234,50", Some(DecimalMark::Comma)),
            ("1\u{202f}234,50 €", Some(DecimalMark::Comma)),
            ("1'234.50", Some(DecimalMark::Point)),
            ("€1,234.50", None),
            ("1.234,50 EUR", None),
            ("US$ 1,234.50", None),
            ("+1234.50", Some(DecimalMark::Point)),
        ];
        for (text, mark) in cases {
            assert_eq!(micros(text, mark), Some(1_234_500_000), "{text}");
        }
        for text in ["(1,234.50)", "-1,234.50", "−$1,234.50", "$-1,234.50", "1,234.50-", "($1,234.50)"] {
            assert_eq!(micros(text, Some(DecimalMark::Point)), Some(-1_234_500_000), "{text}");
        }
        assert_eq!(micros("12,34,567.5", Some(DecimalMark::Point)), Some(1_234_567_500_000));
        assert_eq!(micros(".5", Some(DecimalMark::Point)), Some(500_000));
        assert_eq!(micros("1.234", None), None, "one or a thousand");
        for text in ["", "abc", "1,23,4.5.6", "1.2.3", "--5", "12%", "5 apples", "(-5)", "1,2345.0"] {
            assert_eq!(micros(text, Some(DecimalMark::Point)), None, "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_places_and_lose_their_groups() {
        let number = |text: &str, mark| read_number(text, mark);
        assert_eq!(number("1,234.5", Some(DecimalMark::Point)).as_deref(), Some("1234.5"));
        assert_eq!(number("17.250", Some(DecimalMark::Comma)).as_deref(), Some("17250"));
        assert_eq!(number("0,91841234567", None).as_deref(), Some("0.91841234567"));
        for text in ["", "cheap", ".", "-1", "1,23,4"] {
            assert_eq!(number(text, Some(DecimalMark::Point)), None, "{text}");
        }
    }

    #[test]
    fn signs_name_currencies_or_families_of_them() {
        let eur: Currency = "EUR".parse().unwrap();
        let usd: Currency = "USD".parse().unwrap();
        assert_eq!(read("€5", None).unwrap().1, Named::Currency(eur));
        assert_eq!(read("5 usd", None).unwrap().1, Named::Currency(usd));
        assert_eq!(read("$5.00 USD", None).unwrap().1, Named::Currency(usd));
        assert_eq!(read("$5", None).unwrap().1, Named::Dollar);
        assert!(Named::Dollar.allows(usd) && !Named::Dollar.allows(eur));
        assert_eq!(read("€5 USD", None), None);
    }

    #[test]
    fn a_cell_says_what_it_knows_about_its_column() {
        assert_eq!(evidence("1234"), Evidence::Plain);
        assert_eq!(evidence("1234.5"), Evidence::Only(DecimalMark::Point));
        assert_eq!(evidence("1,234"), Evidence::Either);
        assert_eq!(evidence("0.125"), Evidence::Only(DecimalMark::Point));
        assert_eq!(evidence("12,5"), Evidence::Only(DecimalMark::Comma));
        assert_eq!(evidence("1.234.567"), Evidence::Only(DecimalMark::Comma));
        assert_eq!(evidence("x"), Evidence::NotANumber);
    }

    #[test]
    fn whole_numbers_may_be_grouped_either_way() {
        for text in ["1234", "1,234", "1.234", "1 234", "1'234"] {
            assert_eq!(read_integer(text, None), Some(1234), "{text}");
        }
        assert_eq!(read_integer("12.0", None), Some(12));
        assert_eq!(read_integer("1.5", None), None);
        assert_eq!(read_integer("-7", None), Some(-7));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
            let _ = read(&text, Some(DecimalMark::Point));
            let _ = read_integer(&text, None);
        }

        #[test]
        fn every_amount_is_read_back_in_both_forms(cents in -99_999_999_999_i64..99_999_999_999) {
            let (whole, rest) = (cents.abs() / 100, cents.abs() % 100);
            let digits = whole.to_string();
            let mut grouped = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place) % 3 == 0 { grouped.push(','); }
                grouped.push(digit);
            }
            let sign = if cents < 0 { "-" } else { "" };
            let english = format!("{sign}{grouped}.{rest:02}");
            let german = format!("{sign}{}\u{2c}{rest:02} €", grouped.replace(',', "."));
            prop_assert_eq!(micros(&english, Some(DecimalMark::Point)), Some(cents * 10_000));
            prop_assert_eq!(micros(&german, Some(DecimalMark::Comma)), Some(cents * 10_000));
        }
    }
}
