//! Days, weeks, months and quarters of a workspace's time zone, as small numbers.
//!
//! **Invariant:** a day is the civil date of a moment in the zone, so days of 23 and 25 hours count as one.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Days since 1970-01-01 in the civil calendar.
pub type Day = i32;

const EPOCH: Date = Date::constant(1970, 1, 1);
/// Farthest day that is computed with: beyond the year 9000 on either side nothing is meant.
const DAY_MAX: Day = 2_900_000;

/// The number of a date.
#[must_use]
pub fn day_of(date: Date) -> Day {
    i32::try_from(date.duration_since(EPOCH).as_hours() / 24).unwrap_or(0)
}

/// The date of a number.
#[must_use]
pub fn date_of(day: Day) -> Date {
    EPOCH.saturating_add(SignedDuration::from_hours(24 * i64::from(day.clamp(-DAY_MAX / 4, DAY_MAX))))
}

/// A length of time on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// One date.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
}

impl Grain {
    /// The first day of the period a day is in.
    #[must_use]
    pub fn start(self, day: Day) -> Day {
        let date = date_of(day);
        match self {
            Grain::Day => day,
            Grain::Week => day - i32::from(date.weekday().to_monday_zero_offset()),
            Grain::Month => day - i32::from(date.day()) + 1,
            Grain::Quarter => {
                let month = (date.month() - 1) / 3 * 3 + 1;
                Date::new(date.year(), month, 1).map_or(day, day_of)
            }
        }
    }

    /// The first day of the next period.
    #[must_use]
    pub fn next(self, start: Day) -> Day {
        match self {
            Grain::Day => start + 1,
            Grain::Week => start + 7,
            Grain::Month => day_of(date_of(start).saturating_add(1.month())),
            Grain::Quarter => day_of(date_of(start).saturating_add(3.months())),
        }
    }

    /// The starts of all periods that touch `[from, to]`, in order.
    #[must_use]
    pub fn periods(self, from: Day, to: Day) -> Vec<Day> {
        let mut starts = Vec::new();
        let mut start = self.start(from);
        while start <= to && starts.len() < 20_000 {
            starts.push(start);
            start = self.next(start);
        }
        starts
    }
}

fn months_between(first: Date, last: Date) -> i32 {
    (i32::from(last.year()) - i32::from(first.year())) * 12 + i32::from(last.month()) - i32::from(first.month())
}

/// The months of the calendar period that begins on a day and runs on another: a month, else a quarter, else a year.
fn running_months(first: Date, now: Date) -> Option<i32> {
    if first.day() != 1 {
        return None;
    }
    let so_far = months_between(first, now);
    let begins = |months: i8| (first.month() - 1) % months == 0;
    [1_i8, 3, 12].into_iter().find(|months| begins(*months) && so_far < i32::from(*months)).map(i32::from)
}

/// The period before one. Whole months stand against as many months before; a month, a quarter or a year that runs up to
/// today or later, against as many days from the start of the one before; anything else against as many days.
#[must_use]
pub fn period_before((from, to): (Day, Day), today: Day) -> (Day, Day) {
    let over = if today < from { to } else { to.min(today) };
    let (first, last) = (date_of(from), date_of(to));
    let months = if first.day() == 1 && last == last.last_of_month() {
        Some(months_between(first, last) + 1)
    } else {
        running_months(first, date_of(over)).filter(|_| to >= today)
    };
    let start = months.map_or(from - (to - from + 1), |months| day_of(first.saturating_sub(months.months())));
    let whole = over == to && (to < today || last == last.last_of_month() || months.is_none());
    let end = if whole { from - 1 } else { (start + (over - from)).min(from - 1) };
    (start, end)
}

/// Days of a range that are not in the future; at least one.
#[must_use]
pub fn elapsed((from, to): (Day, Day), today: Day) -> i32 {
    if today < from { to - from + 1 } else { to.min(today) - from + 1 }
}

/// The days of a zone over a span of time, found by a search instead of by calendar arithmetic.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    first: Day,
    starts: Vec<i64>,
}

impl Calendar {
    /// For moments mostly in `[from, to]`; any other moment works too, only slower.
    #[must_use]
    pub fn new(zone: TimeZone, from: i64, to: i64) -> Self {
        let day = |at: i64| day_of(Timestamp::from_micros(at).date_in(&zone));
        let (first, last) = if from <= to { (day(from), day(to).min(day(from) + 40_000)) } else { (0, -1) };
        let starts = (first..=last + 1).map(|day| Timestamp::start_of(date_of(day), &zone).micros()).collect();
        Self { zone, first, starts }
    }

    /// The zone.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The day of a moment.
    #[must_use]
    pub fn day(&self, at: i64) -> Day {
        let place = self.starts.partition_point(|start| *start <= at);
        if place == 0 || place == self.starts.len() {
            return day_of(Timestamp::from_micros(at).date_in(&self.zone));
        }
        self.first + i32::try_from(place - 1).unwrap_or(0)
    }

    /// The last moment that a moment stands for. A date without a time is kept as the first moment of its day, so that
    /// moment stands for the whole day; every other one for itself.
    #[must_use]
    pub fn reach(&self, at: i64) -> i64 {
        let day = self.day(at);
        let start = |day: Day| Timestamp::start_of(date_of(day), &self.zone).micros();
        if at == start(day) { start(day + 1) - 1 } else { at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        day_of(text.parse().unwrap())
    }

    #[test]
    fn periods_follow_the_calendar() {
        assert_eq!(day("1970-01-01"), 0);
        assert_eq!(date_of(day("2026-02-28") + 1).to_string(), "2026-03-01");
        assert_eq!(date_of(day("1969-12-31")).to_string(), "1969-12-31");
        let cases = [
            (Grain::Week, "2026-03-01", "2026-02-23"),
            (Grain::Week, "2026-03-02", "2026-03-02"),
            (Grain::Month, "2026-03-31", "2026-03-01"),
            (Grain::Quarter, "2026-06-30", "2026-04-01"),
            (Grain::Quarter, "2026-12-31", "2026-10-01"),
        ];
        for (grain, inside, start) in cases {
            assert_eq!(date_of(grain.start(day(inside))).to_string(), start, "{grain:?} {inside}");
        }
        assert_eq!(Grain::Month.periods(day("2026-01-15"), day("2026-03-01")).len(), 3);
        assert_eq!(Grain::Quarter.next(day("2026-10-01")), day("2027-01-01"));
    }

    #[test]
    fn the_first_moment_of_a_day_stands_for_the_day() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().micros();
        let calendar = Calendar::new(zone, at("2026-03-01T00:00:00Z"), at("2026-04-10T00:00:00Z"));
        let cases = [
            ("2026-03-28T23:00:00Z", "2026-03-29T21:59:59.999999Z"),
            ("2026-03-28T23:00:01Z", "2026-03-28T23:00:01Z"),
            ("2026-03-29T00:00:00Z", "2026-03-29T00:00:00Z"),
            ("2027-01-05T23:00:00Z", "2027-01-06T22:59:59.999999Z"),
        ];
        for (moment, reach) in cases {
            assert_eq!(calendar.reach(at(moment)), at(reach), "{moment}");
        }
    }

    #[test]
    fn a_day_follows_the_zone_over_the_change_of_clocks() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().micros();
        let calendar = Calendar::new(zone.clone(), at("2026-03-01T00:00:00Z"), at("2026-04-10T00:00:00Z"));
        for hour in 0..24 * 60 {
            let moment = at("2026-02-20T00:30:00Z") + hour * kernel::time::HOUR;
            assert_eq!(calendar.day(moment), day_of(Timestamp::from_micros(moment).date_in(&zone)), "{hour}");
        }
    }
}
