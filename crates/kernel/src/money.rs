//! Money: integer micros of a currency's unit, checked arithmetic, never a float.
//!
//! **Invariant:** a division hands out every micro: the parts of [`Money::split`] sum to the whole.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Micros in one unit of a currency: ad platforms bill in them.
pub const UNIT: i64 = 1_000_000;

/// What can be wrong with money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three capital letters.
    #[error("`{0}` is not a currency code; write three letters, for example EUR")]
    Currency(String),
    /// Not a decimal number, or with more than six places.
    #[error("`{0}` is not an amount; write a decimal number with at most six places, for example 1234.50")]
    Amount(String),
    /// Two currencies where one was needed.
    #[error("{0} and {1} cannot be added without a rate")]
    Mixed(Currency, Currency),
    /// Larger than about nine trillion units.
    #[error("the amount is too large")]
    Overflow,
    /// A split over weights that sum to nothing.
    #[error("an amount cannot be split over weights that are all zero")]
    NoWeight,
    /// A rate that is not a positive number.
    #[error("`{0}` is not an exchange rate; write a positive decimal number, for example 1.0842")]
    Rate(String),
}

/// An ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "EUR")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The code, three capital letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let upper = text.trim().to_ascii_uppercase();
        match upper.as_bytes() {
            [a, b, c] if upper.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(MoneyError::Currency(text.chars().take(16).collect())),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.as_str().to_owned()
    }
}

/// An amount of one currency. In JSON: `{"amount": "1234.5", "currency": "EUR"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "MoneyText", into = "MoneyText")]
pub struct Money {
    /// Millionths of the currency's unit.
    pub micros: i64,
    /// Which currency.
    pub currency: Currency,
}

/// The form of [`Money`] in JSON.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MoneyText {
    /// A decimal number with at most six places.
    #[schema(example = "1234.5")]
    amount: String,
    /// Three capital letters.
    currency: Currency,
}

impl utoipa::PartialSchema for Money {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        MoneyText::schema()
    }
}

impl utoipa::ToSchema for Money {
    fn name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("Money")
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        MoneyText::schemas(schemas);
    }
}

impl TryFrom<MoneyText> for Money {
    type Error = MoneyError;
    fn try_from(text: MoneyText) -> Result<Self, MoneyError> {
        Ok(Self { micros: parse_decimal(&text.amount)?, currency: text.currency })
    }
}

impl From<Money> for MoneyText {
    fn from(money: Money) -> Self {
        Self { amount: format_decimal(money.micros), currency: money.currency }
    }
}

impl Money {
    /// This many micros of a currency.
    #[must_use]
    pub const fn new(micros: i64, currency: Currency) -> Self {
        Self { micros, currency }
    }

    /// The sum, in one currency.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] for two currencies, [`MoneyError::Overflow`] when it does not fit.
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        let micros = self.micros.checked_add(other.micros).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(micros, self.currency))
    }

    /// Parts in proportion to `weights`, by largest remainder (ties to the earlier part); they sum to the whole.
    ///
    /// # Errors
    /// [`MoneyError::NoWeight`] when all weights are zero.
    pub fn split(self, weights: &[u64]) -> Result<Vec<Money>, MoneyError> {
        let parts = split_micros(self.micros, weights)?;
        Ok(parts.into_iter().map(|micros| Self::new(micros, self.currency)).collect())
    }

    /// The same value in another currency at `rate`, rounded half away from zero to the micro.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when it does not fit.
    pub fn convert(self, rate: Rate, to: Currency) -> Result<Money, MoneyError> {
        let product = i128::from(self.micros) * i128::from(rate.nanos);
        let half = if product < 0 { -500_000_000 } else { 500_000_000 };
        let micros = i64::try_from((product + half) / 1_000_000_000).map_err(|_| MoneyError::Overflow)?;
        Ok(Self::new(micros, to))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", format_decimal(self.micros), self.currency)
    }
}

/// Units of the target currency for one unit of the source, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// Billionths.
    pub nanos: i64,
}

impl Rate {
    /// One to one.
    pub const ONE: Rate = Rate { nanos: 1_000_000_000 };
}

impl FromStr for Rate {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match scaled(text.trim(), 9) {
            Some(nanos) if nanos > 0 => Ok(Self { nanos }),
            _ => Err(MoneyError::Rate(text.chars().take(32).collect())),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&unscaled(self.nanos, 9))
    }
}

/// Splits `total` in proportion to `weights`: largest remainder, ties to the earlier part, the parts sum to `total`.
///
/// # Errors
/// [`MoneyError::NoWeight`] when all weights are zero.
pub fn split_micros(total: i64, weights: &[u64]) -> Result<Vec<i64>, MoneyError> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    if sum == 0 {
        return Err(MoneyError::NoWeight);
    }
    let size = u128::from(total.unsigned_abs());
    let mut parts: Vec<u128> = Vec::with_capacity(weights.len());
    let mut remainders: Vec<(u128, usize)> = Vec::with_capacity(weights.len());
    for (place, weight) in weights.iter().enumerate() {
        let product = size * u128::from(*weight);
        parts.push(product / sum);
        remainders.push((product % sum, place));
    }
    let handed: u128 = parts.iter().sum();
    let missing = usize::try_from(size - handed).unwrap_or(0);
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, place) in remainders.iter().take(missing) {
        parts[*place] += 1;
    }
    let sign = if total < 0 { -1 } else { 1 };
    Ok(parts.into_iter().map(|part| sign * i64::try_from(part).unwrap_or(i64::MAX)).collect())
}

/// Micros of a plain decimal number (`-1234.5`), at most six places; no grouping, no exponent.
///
/// # Errors
/// [`MoneyError::Amount`].
pub fn parse_decimal(text: &str) -> Result<i64, MoneyError> {
    scaled(text.trim(), 6).ok_or_else(|| MoneyError::Amount(text.chars().take(32).collect()))
}

/// The decimal number of these micros, without trailing zeros.
#[must_use]
pub fn format_decimal(micros: i64) -> String {
    unscaled(micros, 6)
}

fn scaled(text: &str, places: u32) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
        return None;
    }
    let missing = places.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let parse = |part: &str| if part.is_empty() { Some(0) } else { part.parse::<i128>().ok() };
    let value = parse(whole)?.checked_mul(10_i128.pow(places))? + parse(fraction)? * 10_i128.pow(missing);
    i64::try_from(if negative { -value } else { value }).ok()
}

fn unscaled(value: i64, places: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let scale = 10_u64.pow(u32::try_from(places).unwrap_or(0));
    let (whole, fraction) = (value.unsigned_abs() / scale, value.unsigned_abs() % scale);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let text = format!("{fraction:0places$}");
    format!("{sign}{whole}.{}", text.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_parse_and_print() {
        let cases = [
            ("0", 0),
            ("1", 1_000_000),
            ("-1234.5", -1_234_500_000),
            ("0.000001", 1),
            (".5", 500_000),
            ("7.50000000", 7_500_000),
        ];
        for (text, micros) in cases {
            assert_eq!(parse_decimal(text), Ok(micros), "{text}");
        }
        for text in ["", "-", ".", "1,5", "1e3", "0.0000001", "99999999999999999999", "1.2.3", "٣"] {
            assert!(parse_decimal(text).is_err(), "{text}");
        }
        assert_eq!(format_decimal(-1_234_500_000), "-1234.5");
    }

    #[test]
    fn conversion_rounds_half_away_from_zero() {
        let eur: Currency = "EUR".parse().unwrap();
        let usd: Currency = "USD".parse().unwrap();
        let rate: Rate = "1.5".parse().unwrap();
        assert_eq!(Money::new(1, eur).convert(rate, usd).unwrap().micros, 2);
        assert_eq!(Money::new(-1, eur).convert(rate, usd).unwrap().micros, -2);
    }

    #[test]
    fn two_currencies_do_not_add() {
        let eur = Money::new(1, "EUR".parse().unwrap());
        let usd = Money::new(1, "USD".parse().unwrap());
        assert!(matches!(eur.plus(usd), Err(MoneyError::Mixed(..))));
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(total in any::<i64>(), weights in prop::collection::vec(0_u64..1_000_000_000, 1..40)) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            prop_assume!(total > i64::MIN + 1);
            let parts = split_micros(total, &weights).unwrap();
            prop_assert_eq!(parts.iter().map(|part| i128::from(*part)).sum::<i128>(), i128::from(total));
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(*weight > 0 || *part == 0, "a part without weight gets nothing");
            }
        }

        #[test]
        fn an_amount_round_trips(micros in any::<i64>()) {
            prop_assert_eq!(parse_decimal(&format_decimal(micros)), Ok(micros));
        }
    }
}
