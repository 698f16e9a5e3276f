//! How far a number moves by chance alone, so that a difference can be told from noise.
//!
//! Deals, leads and visits happen at random moments: their number in a period varies as a Poisson variable does, and a sum
//! of their values as a compound Poisson variable, whose variance is λ·E\[X²\] (Wald). The sum of the squared values that
//! were seen estimates it without bias. What is booked, such as spend, does not vary.
//!
//! **Invariant:** an exact number has no variance, and nothing here ever makes one smaller than that.

/// Half the width of a two-sided 90 % band of a normal variable, in standard deviations.
pub const BAND_90: f64 = 1.644_853_626_951_472_2;

/// A number, and the variance of what chance could have made of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its variance, in the square of its unit; 0 where it is exact.
    pub variance: f64,
}

impl Estimate {
    /// A number that chance has no part in.
    #[must_use]
    pub fn exact(value: f64) -> Self {
        Self { value, variance: 0.0 }
    }

    /// The same in a unit that is so many times larger.
    #[must_use]
    pub fn per(self, unit: f64) -> Self {
        Self { value: self.value / unit, variance: self.variance / (unit * unit) }
    }

    /// One by the other, to first order (delta method) as if they were independent: for a part of a whole that is more than
    /// the truth, never less. `None` when `bottom` is zero.
    #[must_use]
    pub fn over(self, bottom: Self) -> Option<Self> {
        if bottom.value == 0.0 {
            return None;
        }
        let value = self.value / bottom.value;
        let variance = (self.variance + value * value * bottom.variance) / (bottom.value * bottom.value);
        Some(Self { value, variance })
    }

    /// The middle one of these values, with the asymptotic variance of a median under a normal spread, π/2 · σ²/n. `None`
    /// without values.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of values far below 2^52")]
    pub fn median(values: &mut [f64]) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        let (n, middle) = (values.len(), values.len() / 2);
        let value = match n {
            0 => return None,
            odd if odd % 2 == 1 => values[middle],
            _ => f64::midpoint(values[middle - 1], values[middle]),
        };
        let mean = values.iter().sum::<f64>() / n as f64;
        let spread = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n.max(2) - 1) as f64;
        Some(Self { value, variance: std::f64::consts::FRAC_PI_2 * spread / n as f64 })
    }

    /// How far this and the other may lie apart by chance, at 90 %; 0 where both are exact.
    #[must_use]
    pub fn noise_against(self, other: Self) -> f64 {
        BAND_90 * (self.variance + other.variance).sqrt()
    }
}

/// The estimate of a sum while its values pass. Values of one unit (the shares of one deal) must come one after the other:
/// they vary together and count as one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spread {
    unit: Option<u64>,
    of_unit: f64,
    squares: f64,
}

impl Spread {
    /// Passes a value.
    pub fn add(&mut self, value: f64, unit: u64) {
        if self.unit != Some(unit) {
            self.squares += self.of_unit * self.of_unit;
            (self.unit, self.of_unit) = (Some(unit), 0.0);
        }
        self.of_unit += value;
    }

    /// Passes a value of so many units that vary each by itself.
    pub fn add_apart(&mut self, value: f64, units: u32) {
        self.squares += self.of_unit * self.of_unit + value * value * f64::from(units);
        (self.unit, self.of_unit) = (None, 0.0);
    }

    /// The variance of the sum, in the square of the values' unit.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.squares + self.of_unit * self.of_unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
    }

    #[test]
    fn a_count_varies_by_its_root_and_a_unit_counts_once() {
        let mut count = Spread::default();
        (0..100).for_each(|unit| count.add(1.0, unit));
        assert!(near(count.variance(), 100.0));
        count.add_apart(1.0, 44);
        count.add(2.0, 200);
        assert!(near(count.variance(), 148.0));
        let mut shares = Spread::default();
        for (value, unit) in [(0.5, 1), (0.5, 1), (3.0, 2)] {
            shares.add(value, unit);
        }
        assert!(near(shares.variance(), 10.0));
    }

    #[test]
    fn four_deals_more_than_thirty_are_noise_and_thirty_more_are_not() {
        let deals = |count: f64| Estimate { value: count, variance: count };
        assert!(deals(34.0).noise_against(deals(30.0)) > 4.0);
        assert!(deals(60.0).noise_against(deals(30.0)) < 30.0);
        assert!(near(Estimate::exact(5.0).noise_against(Estimate::exact(9.0)), 0.0));
    }

    #[test]
    fn the_median_of_known_values() {
        let of = |mut values: Vec<f64>| Estimate::median(&mut values);
        assert_eq!(of(vec![]), None);
        assert_eq!(of(vec![4.0]), Some(Estimate::exact(4.0)));
        let four = of(vec![4.0, 1.0, 2.0, 3.0]).unwrap();
        assert!(near(four.value, 2.5) && near(four.variance, std::f64::consts::FRAC_PI_2 * (5.0 / 3.0) / 4.0));
    }

    proptest! {
        #[test]
        fn a_quotient_in_another_unit_keeps_its_relative_error(top in 1.0..1e9, bottom in 1.0..1e9, factor in 1e-6..1e6) {
            let one = Estimate { value: top, variance: top }.over(Estimate { value: bottom, variance: bottom }).unwrap();
            let other = one.per(factor);
            prop_assert!(near(one.variance.sqrt() / one.value, other.variance.sqrt() / other.value));
            let relative = 1.0 / top + 1.0 / bottom;
            prop_assert!(near(one.variance / one.value / one.value, relative));
        }

        #[test]
        fn the_order_of_units_does_not_matter(values in prop::collection::vec(-1e6..1e6, 0..40)) {
            let spread = |order: &[(u64, f64)]| {
                let mut spread = Spread::default();
                order.iter().for_each(|(unit, value)| spread.add(*value, *unit));
                spread.variance()
            };
            let mut order: Vec<(u64, f64)> = (0..).zip(values).collect();
            let forward = spread(&order);
            order.reverse();
            let backward = spread(&order);
            prop_assert!((forward - backward).abs() <= 1e-6 * forward.max(1.0));
        }
    }
}
