//! The days of the company's life: which there are, how busy each is, and when in the day people come.

use crate::draw::{Draw, floor};
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};
use kernel::time::{DAY, HOUR, MINUTE, SECOND};

/// Whole months the company is shown for; the days of a month that is not over at its end come on top.
pub const MONTHS: i64 = 18;

/// How much demand each calendar month has, January first: quiet in August and at the end of December.
pub const SEASON: [f64; 12] = [1.02, 1.04, 1.12, 1.02, 0.98, 0.96, 0.82, 0.70, 1.14, 1.18, 1.10, 0.68];

/// How much grows from the first day to the last.
pub const GROWTH: f64 = 1.45;

const WEEKDAY: [f64; 7] = [1.12, 1.2, 1.18, 1.1, 0.92, 0.26, 0.30];
const HOURS: [f64; 24] = [
    0.2, 0.1, 0.1, 0.1, 0.2, 0.4, 1.0, 2.4, 5.0, 8.4, 9.6, 8.8, 6.2, 7.2, 8.8, 8.4, 7.4, 5.6, 3.6, 2.6, 2.4, 2.0, 1.2,
    0.6,
];

/// One day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day {
    pub(crate) date: Date,
    /// Relative to an average day.
    pub(crate) demand: f64,
    /// Relative to an average weekday: work done at a desk.
    pub(crate) work: f64,
}

/// The days, in order.
pub(crate) struct Calendar {
    pub(crate) days: Vec<Day>,
    pub(crate) start: Date,
    pub(crate) end: Date,
    start_us: i64,
}

impl Calendar {
    /// Eighteen whole months and the days of the month that `end` is in, before `end`.
    pub(crate) fn new(end: Date) -> Self {
        let start = end.first_of_month().saturating_sub(Span::new().months(MONTHS));
        let start_us = micros_of(start);
        let count = (micros_of(end) - start_us) / DAY;
        let days = (0..count).map(|number| day(start.saturating_add(number.days()), number, count));
        Self { days: days.collect(), start, end, start_us }
    }

    /// Microseconds at the start (UTC) of a day.
    pub(crate) fn at(&self, day: i64) -> i64 {
        self.start_us + day * DAY
    }

    /// The number of the day a moment is in; may lie outside the company's life.
    pub(crate) fn day_of(&self, at: i64) -> i64 {
        (at - self.start_us).div_euclid(DAY)
    }

    /// The number of days.
    pub(crate) fn len(&self) -> i64 {
        i64::try_from(self.days.len()).unwrap_or(0)
    }

    /// The first moment after the last day.
    pub(crate) fn end_us(&self) -> i64 {
        self.at(self.len())
    }

    /// The day of this number; the nearest one where it lies outside.
    pub(crate) fn day(&self, number: i64) -> &Day {
        let last = self.days.len().saturating_sub(1);
        &self.days[usize::try_from(number.max(0)).unwrap_or(0).min(last)]
    }

    /// The months, each by its first day; the last one may not be over.
    pub(crate) fn months(&self) -> Vec<Date> {
        let mut months: Vec<Date> = self.days.iter().map(|day| day.date.first_of_month()).collect();
        months.dedup();
        months
    }

    /// A date of the calendar, also before its start.
    pub(crate) fn date(&self, number: i64) -> Date {
        self.start.saturating_add(number.days())
    }

    /// A number of days, drawn in proportion to `weights`, one for each day of the calendar.
    pub(crate) fn draw_day(&self, draw: &mut Draw, sums: &[f64]) -> i64 {
        let total = sums.last().copied().unwrap_or(0.0);
        let wanted = draw.unit() * total;
        i64::try_from(sums.partition_point(|sum| *sum <= wanted)).unwrap_or(0).min(self.len() - 1)
    }
}

/// Running sums of weights, for [`Calendar::draw_day`].
pub(crate) fn running(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    weights
        .map(|weight| {
            sum += weight;
            sum
        })
        .collect()
}

/// Microseconds after local midnight at which somebody comes to a website, by the hours of an office.
pub(crate) fn time_of_day(draw: &mut Draw) -> i64 {
    let hour = i64::try_from(draw.weighted(&HOURS)).unwrap_or(12);
    hour * HOUR + draw.whole(0, 59) * MINUTE + draw.whole(0, 59) * SECOND + draw.whole(0, 999) * 1_000
}

/// Microseconds after midnight UTC at which a sales desk in Europe writes something down: always the same date in
/// every zone of Europe.
pub(crate) fn desk_time(draw: &mut Draw) -> i64 {
    draw.whole(8, 15) * HOUR + draw.whole(0, 59) * MINUTE
}

#[expect(clippy::cast_precision_loss, reason = "the number of a day is small")]
fn day(date: Date, number: i64, count: i64) -> Day {
    let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
    let growth = 1.0 + (GROWTH - 1.0) * number as f64 / count as f64;
    let mut season = SEASON[usize::try_from(date.month() - 1).unwrap_or(0)];
    if date.month() == 12 && date.day() > 21 || date.month() == 1 && date.day() < 4 {
        season *= 0.35;
    }
    let work = if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) { 0.06 } else { season.min(1.0) };
    Day { date, demand: growth * season * WEEKDAY[weekday], work }
}

/// Microseconds at midnight UTC of a date.
pub(crate) fn micros_of(date: Date) -> i64 {
    kernel::time::Timestamp::start_of(date, &jiff::tz::TimeZone::UTC).micros()
}

/// `2026-03-14T09:26:53.589Z`, fast: it is written for every message.
pub(crate) fn iso(at: i64) -> String {
    use std::fmt::Write;
    let (date, rest) = civil(at);
    let millis = rest / 1_000;
    let mut text = String::with_capacity(24);
    let (year, month, day) = (date.year(), date.month(), date.day());
    let (hour, minute, second) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60);
    let _ = write!(text, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", millis % 1_000);
    text
}

/// `2026-03-14 09:26`, as a CRM writes it.
pub(crate) fn minute(at: i64) -> String {
    let (date, rest) = civil(at);
    let minutes = rest / MINUTE;
    format!("{date} {:02}:{:02}", minutes / 60, minutes % 60)
}

/// The date (UTC) and the microseconds after its midnight.
pub(crate) fn civil(at: i64) -> (Date, i64) {
    let days = at.div_euclid(DAY);
    (Date::new(1970, 1, 1).unwrap_or(Date::MIN).saturating_add(days.days()), at.rem_euclid(DAY))
}

/// A length of time in microseconds from a number of days.
#[expect(clippy::cast_precision_loss, reason = "a day in microseconds fits the precision of an f64")]
pub(crate) fn days(number: f64) -> i64 {
    if number < 0.0 { -floor(-number * DAY as f64) } else { floor(number * DAY as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_spans_eighteen_months() {
        let calendar = Calendar::new("2026-11-01".parse().unwrap());
        assert_eq!(calendar.start.to_string(), "2025-05-01");
        assert_eq!(calendar.months().len(), 18);
        assert_eq!(calendar.days.len(), 549);
        assert_eq!(calendar.days.last().unwrap().date.to_string(), "2026-10-31");
    }

    #[test]
    fn the_days_of_a_running_month_come_on_top() {
        let calendar = Calendar::new("2026-11-24".parse().unwrap());
        assert_eq!(calendar.start.to_string(), "2025-05-01");
        assert_eq!((calendar.months().len(), calendar.days.len()), (19, 549 + 23));
        assert_eq!(calendar.days.last().unwrap().date.to_string(), "2026-11-23");
        // A month as long as none eighteen months before it.
        let calendar = Calendar::new("2026-08-31".parse().unwrap());
        assert_eq!((calendar.start.to_string(), calendar.months().len()), ("2025-02-01".to_owned(), 19));
    }

    #[test]
    fn moments_print_as_the_wire_and_as_the_crm_write_them() {
        let at = micros_of("2026-03-14".parse().unwrap()) + 9 * HOUR + 26 * MINUTE + 53 * SECOND + 589_000;
        assert_eq!(iso(at), "2026-03-14T09:26:53.589Z");
        assert_eq!(minute(at), "2026-03-14 09:26");
    }
}
