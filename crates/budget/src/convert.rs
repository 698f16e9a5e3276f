//! Currencies: which rate is in force on a day, and what an amount is worth at it.
//!
//! **Invariant:** a conversion names its rate and the day of the rate; without one there is no number, never a guess.
//! **Invariant:** an amount and its reversal convert to amounts that cancel.

use analytics::metrics::RateTable;
use jiff::civil::Date;
use kernel::money::{Currency, Money, Rate};

/// Rates into one currency, under the rule that deals are converted by too.
#[derive(Debug, Clone)]
pub(crate) struct Rates {
    to: Currency,
    table: RateTable,
}

/// What an amount is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worth {
    /// It is in the currency already.
    Same(i64),
    /// Converted at the rate of a day.
    Converted(i64, Rate, Date),
    /// There is no rate, or the newest one (named) is too old, or the result does not fit.
    Unknown(Option<Date>),
}

impl Worth {
    /// The micros, where they are known.
    pub(crate) fn micros(self) -> Option<i64> {
        match self {
            Worth::Same(micros) | Worth::Converted(micros, ..) => Some(micros),
            Worth::Unknown(_) => None,
        }
    }

    /// The rate and its day.
    pub(crate) fn rate(self) -> Option<(Rate, Date)> {
        match self {
            Worth::Converted(_, rate, date) => Some((rate, date)),
            _ => None,
        }
    }
}

impl Rates {
    /// The rates into `to` among all that are known. A rate from `to` is turned around where the direct one is missing.
    pub(crate) fn new(to: Currency, known: impl Iterator<Item = (Currency, Currency, Date, Rate)>) -> Self {
        let (mut table, mut turned) = (RateTable::default(), Vec::new());
        for (from, into, date, rate) in known {
            if into == to && from != to {
                table.insert(from, date, rate);
            } else if from == to && into != to {
                turned.push((into, date, rate));
            }
        }
        for (from, date, rate) in turned {
            if let Some(rate) = inverse(rate).filter(|_| !table.has(from, date)) {
                table.insert(from, date, rate);
            }
        }
        Self { to, table }
    }

    /// What an amount of a day is worth.
    pub(crate) fn worth(&self, money: Money, date: Date) -> Worth {
        if money.currency == self.to {
            return Worth::Same(money.micros);
        }
        let Some((rate, found)) = self.table.on(money.currency, date) else {
            return Worth::Unknown(self.table.before(money.currency, date).map(|(_, found)| found));
        };
        match money.convert(rate, self.to) {
            Ok(converted) => Worth::Converted(converted.micros, rate, found),
            Err(_) => Worth::Unknown(Some(found)),
        }
    }

    /// What an amount planned for a month is worth: at the rate of its first day, and until that day comes, at the newest
    /// one there is.
    pub(crate) fn planned(&self, money: Money, month: Date) -> Worth {
        self.worth(money, self.newest(money.currency).map_or(month, |newest| newest.min(month)))
    }

    /// Every rate, for the seam to the metrics.
    pub(crate) fn table(&self) -> &RateTable {
        &self.table
    }

    /// The newest rate of a currency.
    pub(crate) fn newest(&self, currency: Currency) -> Option<Date> {
        self.table.newest(currency)
    }
}

/// A rate the other way round, rounded to the billionth; none when nothing is left of it.
fn inverse(rate: Rate) -> Option<Rate> {
    let one = 1_000_000_000_i128 * 1_000_000_000;
    let nanos = i128::from(rate.nanos);
    let turned = (one + nanos / 2).checked_div(nanos)?;
    i64::try_from(turned).ok().filter(|nanos| *nanos > 0).map(|nanos| Rate { nanos })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    fn rates(lines: &[(&str, &str, &str, &str)]) -> Rates {
        let known = lines
            .iter()
            .map(|(from, to, date, rate)| (currency(from), currency(to), date.parse().unwrap(), rate.parse().unwrap()));
        Rates::new(currency("EUR"), known)
    }

    #[test]
    fn the_nearest_earlier_rate_converts_unless_it_is_too_old() {
        let rates = rates(&[("USD", "EUR", "2026-03-06", "0.9"), ("USD", "EUR", "2026-03-10", "0.95")]);
        let worth = |date: &str| rates.worth(Money::new(1_000_000, currency("USD")), date.parse().unwrap());
        assert_eq!(worth("2026-03-05"), Worth::Unknown(None), "never a later rate");
        let friday: Date = "2026-03-06".parse().unwrap();
        assert_eq!(worth("2026-03-08"), Worth::Converted(900_000, "0.9".parse().unwrap(), friday));
        assert_eq!(worth("2026-03-20").micros(), Some(950_000));
        assert_eq!(worth("2026-03-21"), Worth::Unknown(Some("2026-03-10".parse().unwrap())));
    }

    #[test]
    fn a_plan_of_a_coming_month_is_worth_the_newest_rate() {
        let rates = rates(&[("USD", "EUR", "2026-01-01", "0.8"), ("USD", "EUR", "2026-03-10", "0.95")]);
        let planned = |month: &str| rates.planned(Money::new(1_000_000, currency("USD")), month.parse().unwrap());
        assert_eq!(planned("2026-01-01").micros(), Some(800_000));
        assert_eq!(planned("2026-12-01").micros(), Some(950_000));
        assert_eq!(planned("2026-02-01").micros(), None, "a month that had no rate when it began");
        assert_eq!(planned("2025-12-01").micros(), None, "before the first rate");
    }

    #[test]
    fn a_rate_the_other_way_round_is_turned() {
        let rates = rates(&[("EUR", "USD", "2026-03-06", "1.25"), ("USD", "EUR", "2026-03-07", "0.9")]);
        let worth = |date: &str| rates.worth(Money::new(10_000_000, currency("USD")), date.parse().unwrap());
        assert_eq!(worth("2026-03-06").micros(), Some(8_000_000));
        assert_eq!(worth("2026-03-07").micros(), Some(9_000_000));
    }

    proptest! {
        /// The remainder of a conversion is at most half a micro, and a reversal cancels it exactly.
        #[test]
        fn a_conversion_is_exact_to_half_a_micro_and_cancels(micros in -1_000_000_000_000_i64..1_000_000_000_000, nanos in 1_i64..5_000_000_000) {
            let date: Date = "2026-03-06".parse().unwrap();
            let rates = Rates::new(currency("EUR"), std::iter::once((currency("USD"), currency("EUR"), date, Rate { nanos })));
            let worth = |micros| rates.worth(Money::new(micros, currency("USD")), date).micros().unwrap();
            let exact = i128::from(micros) * i128::from(nanos);
            let remainder = exact - i128::from(worth(micros)) * 1_000_000_000;
            prop_assert!(remainder.abs() <= 500_000_000);
            prop_assert_eq!(worth(micros) + worth(-micros), 0);
        }
    }
}
