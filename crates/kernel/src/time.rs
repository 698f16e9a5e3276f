//! Time as a value: microseconds in UTC, and the clock that is handed to whoever needs to know what time it is.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};

/// A moment, in microseconds since 1970-01-01T00:00:00Z. Shown and parsed as RFC 3339.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, format = DateTime, example = "2026-03-01T09:30:00Z")]
pub struct Timestamp(i64);

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Microseconds in a day of 24 hours.
pub const DAY: i64 = 24 * HOUR;

/// A text that is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date and time; write it like 2026-03-01T09:30:00Z")]
pub struct BadTimestamp(pub String);

impl Timestamp {
    /// The moment this many microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This moment moved by `micros`, held at the ends of what can be shown.
    #[must_use]
    pub fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The calendar date in a time zone.
    #[must_use]
    pub fn date_in(self, zone: &jiff::tz::TimeZone) -> jiff::civil::Date {
        zone.to_datetime(self.to_jiff()).date()
    }

    /// The first moment of a date in a time zone (the later one where the clock jumps over midnight).
    #[must_use]
    pub fn start_of(date: jiff::civil::Date, zone: &jiff::tz::TimeZone) -> Self {
        date.to_zoned_datetime(zone.clone()).map_or(Self(0), |zoned| Self(zoned.timestamp().as_microsecond()))
    }

    /// The same moment as a `jiff` timestamp; the ends of `jiff`'s range where it does not reach.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_jiff())
    }
}

impl FromStr for Timestamp {
    type Err = BadTimestamp;
    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        if let Some(micros) = usual(text.as_bytes()) {
            return Ok(Self(micros));
        }
        text.parse::<jiff::Timestamp>()
            .map(|moment| Self(moment.as_microsecond()))
            .map_err(|_| BadTimestamp(text.chars().take(64).collect()))
    }
}

/// A moment as browsers write it, `2026-03-01T09:30:00.000Z`; none when it is written otherwise. Every event has several.
fn usual(text: &[u8]) -> Option<i64> {
    let text: &[u8; 24] = text.try_into().ok()?;
    let number = |places: std::ops::Range<usize>| {
        text[places]
            .iter()
            .try_fold(0_i64, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
    };
    let signs = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
    if signs.iter().any(|(place, sign)| text[*place] != *sign) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second, millis) = (number(11..13)?, number(14..16)?, number(17..19)?, number(20..23)?);
    // A leap day is left to the calendar.
    let days = *[31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].get(usize::try_from(month - 1).ok()?)?;
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days from a civil date after H. Hinnant, "chrono-compatible low-level date algorithms".
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    Some(days * DAY + ((hour * 60 + minute) * 60 + second) * SECOND + millis * 1_000)
}

impl TryFrom<String> for Timestamp {
    type Error = BadTimestamp;
    fn try_from(text: String) -> Result<Self, BadTimestamp> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(moment: Timestamp) -> String {
        moment.to_string()
    }
}

/// A half-open span of time: `from` is in it, `to` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TimeRange {
    /// The first moment inside.
    pub from: Timestamp,
    /// The first moment after.
    pub to: Timestamp,
}

impl TimeRange {
    /// All of time.
    pub const ALL: TimeRange = TimeRange { from: Timestamp(i64::MIN), to: Timestamp(i64::MAX) };

    /// Whether a moment is inside.
    #[must_use]
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.from <= moment && moment < self.to
    }
}

/// Where "now" comes from. Handed down as an argument; nothing else may ask what time it is.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_microsecond())
    }
}

/// A clock that stands still until it is moved: tests, rehearsals and forks.
#[derive(Debug)]
pub struct SimClock(AtomicI64);

impl SimClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.0))
    }

    /// Moves the clock by `micros`.
    pub fn advance(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets the clock.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_round_trips_as_text() {
        let moment: Timestamp = "2026-03-01T09:30:00.123456Z".parse().unwrap();
        assert_eq!(moment.to_string().parse::<Timestamp>().unwrap(), moment);
    }

    /// What is read without the calendar's help is what the calendar says.
    #[test]
    fn a_usual_moment_is_read_as_any_other() {
        let mut place = 0_u64;
        let mut draw = |below: u64| {
            place = place.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (place >> 33) % below
        };
        let mut usual_ones = 0;
        for _ in 0..20_000 {
            let text = format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                draw(10_000),
                draw(14),
                draw(33),
                draw(25),
                draw(61),
                draw(61),
                draw(1_000)
            );
            let calendar = text.parse::<jiff::Timestamp>().ok().map(|moment| moment.as_microsecond());
            assert_eq!(text.parse::<Timestamp>().ok().map(Timestamp::micros), calendar, "{text}");
            usual_ones += usize::from(usual(text.as_bytes()).is_some());
        }
        assert!(usual_ones > 10_000, "{usual_ones}");
        for text in [
            "2026-03-01 09:30:00.000Z",
            "2026-03-01T09:30:00.0000",
            "2026-03-01t09:30:00.000z",
            "+026-03-01T09:30:00.00Z",
        ] {
            assert_eq!(usual(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_day_follows_the_zone_not_utc() {
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        let moment: Timestamp = "2026-03-28T23:30:00Z".parse().unwrap();
        assert_eq!(moment.date_in(&zone).to_string(), "2026-03-29");
        let next = Timestamp::start_of("2026-03-30".parse().unwrap(), &zone);
        let this = Timestamp::start_of("2026-03-29".parse().unwrap(), &zone);
        assert_eq!(next.since(this), 23 * HOUR, "the day the clock jumps forward has 23 hours");
    }
}
