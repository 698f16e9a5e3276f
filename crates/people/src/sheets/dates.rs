//! Dates and moments as people and programs write them.
//!
//! **Invariant:** whether 03/04 is in March or in April is decided once for a column, never for a cell.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Which of the two small numbers of a date is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// 31/12/2025.
    DayFirst,
    /// 12/31/2025.
    MonthFirst,
}

/// A cell that was understood: a date, and where it says so a time and an offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) date: Date,
    pub(crate) time: Option<Time>,
    pub(crate) offset: Option<Offset>,
}

impl Written {
    /// The moment; without an offset it is in `zone`, and a date alone is its first moment.
    pub(crate) fn moment(&self, zone: &TimeZone) -> Option<Timestamp> {
        let Some(time) = self.time else { return Some(Timestamp::start_of(self.date, zone)) };
        let local = DateTime::from_parts(self.date, time);
        let moment = match self.offset {
            Some(offset) => offset.to_timestamp(local).ok()?,
            None => local.to_zoned_datetime(zone.clone()).ok()?.timestamp(),
        };
        Some(Timestamp::from_micros(moment.as_microsecond()))
    }
}

/// What a cell says about the order of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It can only be read one way, whatever the order.
    Plain,
    /// Only this order makes a date of it.
    Only(DateOrder),
    /// Both orders make a date of it, and not the same.
    Either,
    /// It is not a date.
    NotADate,
}

/// What a cell says about the order of its column.
pub(crate) fn evidence(text: &str) -> Evidence {
    let day_first = read(text, Some(DateOrder::DayFirst));
    let month_first = read(text, Some(DateOrder::MonthFirst));
    match (day_first, month_first) {
        (Some(a), Some(b)) if a == b => Evidence::Plain,
        // Nobody writes 3.4.2025 for the fourth of March.
        (Some(_), Some(_)) if text.bytes().filter(|byte| *byte == b'.').count() >= 2 && !text.contains('/') => {
            Evidence::Only(DateOrder::DayFirst)
        }
        (Some(_), Some(_)) => Evidence::Either,
        (Some(_), None) => Evidence::Only(DateOrder::DayFirst),
        (None, Some(_)) => Evidence::Only(DateOrder::MonthFirst),
        (None, None) => Evidence::NotADate,
    }
}

/// Reads a cell. Without an order, a date whose order matters is not read.
pub(crate) fn read(text: &str, order: Option<DateOrder>) -> Option<Written> {
    let text = text.trim();
    if !text.is_ascii() && text.chars().count() > 60 || text.len() > 80 {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && let Some(written) = bare_number(text)
    {
        return Some(written);
    }
    let (date_text, time_text) = cut(text);
    let date = calendar(date_text, order)?;
    if time_text.is_empty() {
        return Some(Written { date, time: None, offset: None });
    }
    let (time, offset) = clock(time_text)?;
    Some(Written { date, time: Some(time), offset })
}

/// A number alone: 20250304, days since 1899-12-30 as spreadsheets count them, seconds or milliseconds since 1970.
fn bare_number(text: &str) -> Option<Written> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.contains('.') {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    match (whole.len(), fraction.is_empty()) {
        (8, true) => {
            let date = date(number / 10_000, number / 100 % 100, number % 100)?;
            Some(Written { date, time: None, offset: None })
        }
        (5, _) => {
            let date = jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().try_days(number).ok()?).ok()?;
            let time = if fraction.is_empty() { None } else { Some(part_of_a_day(fraction)?) };
            Some(Written { date, time, offset: None })
        }
        (10, _) => from_epoch(number.checked_mul(1_000_000)?),
        (13, true) => from_epoch(number.checked_mul(1_000)?),
        _ => None,
    }
}

fn part_of_a_day(fraction: &str) -> Option<Time> {
    let digits = &fraction[..fraction.len().min(12)];
    let scale = 10_i64.pow(u32::try_from(digits.len()).ok()?);
    let seconds = (digits.parse::<i64>().ok()? * 86_400 + scale / 2) / scale;
    Time::midnight().checked_add(jiff::Span::new().try_seconds(seconds.min(86_399)).ok()?).ok()
}

fn from_epoch(micros: i64) -> Option<Written> {
    let local = Offset::UTC.to_datetime(jiff::Timestamp::from_microsecond(micros).ok()?);
    Some(Written { date: local.date(), time: Some(local.time()), offset: Some(Offset::UTC) })
}

/// Cuts a cell into its date and its time: at a `T` between digits, or before the word with the first colon.
fn cut(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    if bytes.len() > 11 && bytes[10] == b'T' && bytes[9].is_ascii_digit() {
        return (&text[..10], &text[11..]);
    }
    let Some(colon) = text.find(':') else { return (text, "") };
    let Some(space) = text[..colon].rfind(|letter: char| letter.is_whitespace() || letter == ',') else {
        return (text, "");
    };
    let after = space + text[space..].chars().next().map_or(1, char::len_utf8);
    let date = text[..space].trim_end_matches(|letter: char| letter.is_whitespace() || letter == ',');
    let date = ["at", "um", "à", "a las"]
        .iter()
        .find_map(|word| date.strip_suffix(word).filter(|rest| rest.ends_with(char::is_whitespace)))
        .unwrap_or(date);
    (date.trim_end_matches(|letter: char| letter.is_whitespace() || letter == ','), &text[after..])
}

fn calendar(text: &str, order: Option<DateOrder>) -> Option<Date> {
    let mut numbers: [(i64, usize); 3] = [(0, 0); 3];
    let (mut count, mut month, mut month_at) = (0, None, 0);
    let (mut separators, mut place) = (String::new(), 0);
    while place < text.len() {
        let rest = &text[place..];
        let first = rest.chars().next()?;
        if first.is_ascii_digit() {
            let length = rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
            if count == 3 || length > 4 {
                return None;
            }
            numbers[count] = (rest[..length].parse().ok()?, length);
            count += 1;
            place += length;
        } else if first.is_alphabetic() {
            let length = rest.find(|letter: char| !letter.is_alphabetic()).unwrap_or(rest.len());
            match word(&rest[..length])? {
                Word::Month(number) if month.is_none() => (month, month_at) = (Some(number), count),
                Word::Month(_) => return None,
                Word::Filler => {}
            }
            place += length;
        } else {
            if !matches!(first, '/' | '-' | '.' | ',' | ' ' | '\u{a0}' | '\u{202f}') {
                return None;
            }
            separators.push(first);
            place += first.len_utf8();
        }
    }
    match (month, count) {
        (Some(month), 2) => named_month(month, month_at, numbers[0], numbers[1]),
        (None, 3) => three_numbers(numbers, order).filter(|_| separators.chars().count() >= 2),
        _ => None,
    }
}

fn named_month(month: i64, month_at: usize, first: (i64, usize), second: (i64, usize)) -> Option<Date> {
    // 2025 March 4, March 4 2025, 4 March 2025, 4-Mar-25.
    let (year, day) = if first.1 == 4 { (first, second) } else { (second, first) };
    if day.1 > 2 || (month_at == 2 && first.1 != 4) {
        return None;
    }
    date(full_year(year)?, month, day.0)
}

fn three_numbers(numbers: [(i64, usize); 3], order: Option<DateOrder>) -> Option<Date> {
    let [first, second, third] = numbers;
    if first.1 == 4 {
        return date(first.0, second.0, third.0).filter(|_| second.1 <= 2 && third.1 <= 2);
    }
    if first.1 > 2 || second.1 > 2 {
        return None;
    }
    let year = full_year(third)?;
    if first.0 == second.0 {
        return date(year, first.0, second.0);
    }
    match order? {
        DateOrder::DayFirst => date(year, second.0, first.0),
        DateOrder::MonthFirst => date(year, first.0, second.0),
    }
}

fn full_year((number, digits): (i64, usize)) -> Option<i64> {
    match digits {
        4 => Some(number),
        2 => Some(if number < 70 { 2000 + number } else { 1900 + number }),
        _ => None,
    }
}

fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    if !(1900..=2200).contains(&year) {
        return None;
    }
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

enum Word {
    Month(i64),
    Filler,
}

/// Months in English, German, French and Spanish.
const MONTHS: &[(&str, i64)] = &[
    ("january januar janvier enero jänner ene", 1),
    ("february februar février fevrier febrero fév fev", 2),
    ("march märz maerz mars marzo mrz mär", 3),
    ("april avril abril avr abr", 4),
    ("may mai mayo", 5),
    ("june juni juin junio", 6),
    ("july juli juillet julio juil", 7),
    ("august août aout agosto aoû ago", 8),
    ("september septembre septiembre sept", 9),
    ("october oktober octobre octubre okt", 10),
    ("november novembre noviembre", 11),
    ("december dezember décembre decembre diciembre dez déc dic", 12),
];
/// Words of a date that say nothing new.
const FILLERS: &[&str] = &[
    "de",
    "del",
    "st",
    "nd",
    "rd",
    "th",
    "er",
    "of",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mo",
    "di",
    "mi",
    "do",
    "fr",
    "sa",
    "so",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "lunes",
    "martes",
    "miércoles",
    "jueves",
    "viernes",
    "sábado",
    "domingo",
    "den",
    "le",
    "el",
];

/// English, German, French and Spanish; a month by three letters or more, where that is enough to tell.
fn word(text: &str) -> Option<Word> {
    let lower = text.to_lowercase();
    if FILLERS.contains(&lower.as_str()) {
        return Some(Word::Filler);
    }
    let letters = lower.chars().count();
    let is_month = |name: &str| name == lower || (letters >= 3 && name.starts_with(&lower));
    let found = MONTHS.iter().filter(|(names, _)| names.split(' ').any(is_month));
    let mut found = found.map(|(_, number)| *number);
    let month = found.next()?;
    found.next().is_none().then_some(Word::Month(month))
}

/// `09:30`, `9:30:15.250 pm`, `09:30Z`, `09:30 +02:00`, `10:00:00 GMT`.
fn clock(text: &str) -> Option<(Time, Option<Offset>)> {
    let end =
        text.find(|letter: char| !letter.is_ascii_digit() && letter != ':' && letter != '.').unwrap_or(text.len());
    let mut parts = text[..end].split(':');
    let mut hour: i8 = parts.next()?.parse().ok()?;
    let minute: i8 = parts.next()?.parse().ok()?;
    let (second, nanos) = match parts.next() {
        None => (0, 0),
        Some(text) => {
            let (second, fraction) = text.split_once('.').unwrap_or((text, ""));
            let digits = &fraction[..fraction.len().min(9)];
            let nanos = if digits.is_empty() { 0 } else { format!("{digits:0<9}").parse().ok()? };
            (second.parse().ok()?, nanos)
        }
    };
    let mut rest = text[end..].trim().to_ascii_lowercase().replace(['\u{a0}', '\u{202f}'], "");
    for (mark, afternoon) in [("a.m.", false), ("p.m.", true), ("am", false), ("pm", true)] {
        if let Some(after) = rest.strip_prefix(mark) {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if afternoon { 12 } else { 0 };
            rest = after.trim().to_owned();
            break;
        }
    }
    let time = Time::new(hour, minute, second, nanos).ok()?;
    if parts.next().is_some() {
        return None;
    }
    Some((time, offset(&rest)?))
}

fn offset(text: &str) -> Option<Option<Offset>> {
    if text.is_empty() || text == "uhr" || text == "h" {
        return Some(None);
    }
    let text = text.strip_prefix("utc").or_else(|| text.strip_prefix("gmt")).unwrap_or(text).trim();
    if text.is_empty() || text == "z" {
        return Some(Some(Offset::UTC));
    }
    let sign = match text.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|letter| *letter != ':').collect();
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i32>().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    Some(Some(Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_of_many_countries_and_programs() {
        let day = Some(DateOrder::DayFirst);
        let cases = [
            ("2025-03-04", None),
            ("2025/3/4", None),
            ("2025.03.04", None),
            ("20250304", None),
            ("45720", None),
            ("04/03/2025", day),
            ("4.3.25", day),
            ("04-03-2025", day),
            ("03/04/2025", Some(DateOrder::MonthFirst)),
            ("Mar 4, 2025", None),
            ("March 4th, 2025", None),
            ("Tue, 04 Mar 2025", None),
            ("4. März 2025", None),
            ("04-Mar-25", None),
            ("4 de marzo de 2025", None),
            ("4 mars 2025", None),
            ("2025 March 4", None),
        ];
        for (text, order) in cases {
            assert_eq!(read(text, order).map(|w| w.date), Some(jiff::civil::date(2025, 3, 4)), "{text}");
        }
        for text in
            ["", "soon", "2025-13-01", "31/02/2025", "4/3", "1/2/3/2025", "12345678901", "2025-03-04-05", "5/Mar"]
        {
            assert_eq!(read(text, day), None, "{text}");
        }
        for (text, month) in [
            ("1 août 2025", 8),
            ("1 dic 2025", 12),
            ("1. Dez. 2025", 12),
            ("1 juin 2025", 6),
            ("1 juil. 2025", 7),
            ("1 ene 2025", 1),
        ] {
            assert_eq!(read(text, None).map(|w| w.date.month()), Some(month), "{text}");
        }
    }

    #[test]
    fn times_follow_their_offset_or_the_workspace() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let cases = [
            ("2025-03-04T09:30:00Z", "2025-03-04T09:30:00Z"),
            ("2025-03-04T09:30:00.250+02:00", "2025-03-04T07:30:00.25Z"),
            ("2025-03-04T09:30:00.000+0000", "2025-03-04T09:30:00Z"),
            ("2025-03-04 09:30", "2025-03-04T08:30:00Z"),
            ("2025-07-04 09:30", "2025-07-04T07:30:00Z"),
            ("Mar 4, 2025, 3:05 PM", "2025-03-04T14:05:00Z"),
            ("3/4/2025 12:00 AM", "2025-03-03T23:00:00Z"),
            ("2025-03-04", "2025-03-03T23:00:00Z"),
            ("45720.5", "2025-03-04T11:00:00Z"),
            ("1741080600", "2025-03-04T09:30:00Z"),
            ("1741080600000", "2025-03-04T09:30:00Z"),
            ("Tue, 04 Mar 2025 10:00:00 GMT", "2025-03-04T10:00:00Z"),
            ("4. März 2025 um 10:30 Uhr", "2025-03-04T09:30:00Z"),
        ];
        for (text, expected) in cases {
            let moment = read(text, Some(DateOrder::MonthFirst)).and_then(|written| written.moment(&zone));
            assert_eq!(moment, Some(expected.parse().unwrap()), "{text}");
        }
        assert_eq!(read("2025-03-04 25:00", None), None);
        assert_eq!(read("2025-03-04 10:00 EST", None), None, "an abbreviation of a zone means several zones");
    }

    #[test]
    fn a_cell_says_what_it_knows_about_its_column() {
        assert_eq!(evidence("2025-03-04"), Evidence::Plain);
        assert_eq!(evidence("03/03/2025"), Evidence::Plain);
        assert_eq!(evidence("31/03/2025"), Evidence::Only(DateOrder::DayFirst));
        assert_eq!(evidence("3/31/25"), Evidence::Only(DateOrder::MonthFirst));
        assert_eq!(evidence("03/04/2025"), Evidence::Either);
        assert_eq!(evidence("03.04.2025"), Evidence::Only(DateOrder::DayFirst));
        assert_eq!(evidence("n/a"), Evidence::NotADate);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
            let _ = read(&text, Some(DateOrder::DayFirst));
        }

        #[test]
        fn date_like_text_never_panics(text in "[0-9./: TZ+,aprmDezé-]{0,30}") {
            let _ = evidence(&text);
        }
    }
}
