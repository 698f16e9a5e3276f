//! Chance as a value: one named stream of numbers per thing that is drawn.
//!
//! **Invariant:** what is drawn for one thing never depends on how many other things were drawn before it, so that a
//! change in one place of the company leaves the rest as it was.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of chance.
pub(crate) struct Draw(ChaCha8Rng);

/// Spreads the bits of a number (the finaliser of SplitMix64).
pub(crate) fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// One number for a thing of a kind.
pub(crate) fn key(seed: u64, kind: &str, number: u64) -> u64 {
    let name = kind
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    mix(mix(seed ^ name).wrapping_add(number))
}

impl Draw {
    /// The stream of the `number`th thing of a kind.
    pub(crate) fn of(seed: u64, kind: &str, number: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(key(seed, kind, number)))
    }

    /// All 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `0..1`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something of this probability happens.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number in `0..below` (0 when `below` is 0).
    pub(crate) fn below(&mut self, below: usize) -> usize {
        let wide = u128::from(self.0.next_u64()) * below as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn whole(&mut self, low: i64, high: i64) -> i64 {
        let span = usize::try_from(high - low + 1).unwrap_or(1);
        low + i64::try_from(self.below(span)).unwrap_or(0)
    }

    /// A number from `low` to `high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// One of a list.
    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// The place of one of a list of weights, in proportion to them.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> usize {
        let sum: f64 = weights.iter().sum();
        let mut left = self.unit() * sum;
        for (place, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return place;
            }
        }
        weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0)
    }

    /// A number of the bell curve around 0 with deviation 1 (Box and Muller).
    pub(crate) fn bell(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A number whose logarithm is a bell curve, with this median, held inside the limits.
    pub(crate) fn skewed(&mut self, median: f64, spread: f64, low: f64, high: f64) -> f64 {
        (median * (spread * self.bell()).exp()).clamp(low, high)
    }
}

/// The whole part of a number that is not negative.
#[expect(clippy::cast_possible_truncation, reason = "callers hold the number inside the range of an i64")]
pub(crate) fn floor(number: f64) -> i64 {
    number as i64
}

/// A count times the scale of the company, at least one.
#[expect(clippy::cast_precision_loss, reason = "counts of a simulated company are small")]
pub(crate) fn scaled(count: usize, scale: f64) -> usize {
    usize::try_from(floor((count as f64 * scale).ceil())).unwrap_or(0).max(1)
}
