//! How sure a return is: the bootstrap over deals.
//!
//! A channel's revenue is the sum of what a few hundred deals happened to be worth. Drawing as many deals again from the
//! same deals, with replacement, many times over, shows how much that sum moves by chance alone.

use serde::{Deserialize, Serialize};

/// Draws.
const DRAWS: usize = 400;
/// Deals below which no interval means anything.
const DEALS_MIN: usize = 5;

/// A return with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoiInterval {
    /// The return: 0.5 is 50 % more than was spent.
    pub value: f64,
    /// Nine times in ten, chance alone would have left it above this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// And below this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Deals with any credit behind it.
    pub deals: usize,
    /// Whether chance alone could turn a gain into a loss or the reverse, or there are too few deals to tell.
    pub is_noise: bool,
    /// That in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The sequence of splitmix64 (Steele, Lea, Flood 2014): the same seed gives the same interval on every machine.
struct Draws(u64);

impl Draws {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from((u128::from(mixed) * below as u128) >> 64).unwrap_or(0)
    }
}

/// The 90 % interval of the sum of credits under redrawing `goals` goals; `credits` are (goal, micros). Deterministic.
pub(super) fn interval(goals: usize, credits: &[(usize, i64)], seed: u64) -> Option<(i64, i64)> {
    if goals == 0 || credits.len() < DEALS_MIN {
        return None;
    }
    let mut draws = Draws(seed);
    let mut times = vec![0_i64; goals];
    let mut sums: Vec<i64> = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        times.fill(0);
        for _ in 0..goals {
            times[draws.next(goals)] += 1;
        }
        sums.push(
            credits.iter().map(|(goal, micros)| times[*goal].saturating_mul(*micros)).fold(0, i64::saturating_add),
        );
    }
    sums.sort_unstable();
    Some((sums[DRAWS / 20], sums[DRAWS - 1 - DRAWS / 20]))
}

/// The return of a channel; `None` when nothing was spent.
#[expect(clippy::cast_precision_loss, reason = "a ratio shown to three digits")]
pub(super) fn roi(spend: i64, goals: usize, credits: &[(usize, i64)], seed: u64) -> Option<RoiInterval> {
    if spend <= 0 {
        return None;
    }
    let of = |revenue: i64| (revenue - spend) as f64 / spend as f64;
    let revenue: i64 = credits.iter().map(|(_, micros)| micros).sum();
    let interval = interval(goals, credits, seed).map(|(low, high)| (of(low), of(high)));
    let note = match interval {
        None => Some(format!("Only {} won deals have credit here: too few to tell.", credits.len())),
        Some((low, high)) if low < 0.0 && high > 0.0 => {
            Some("Chance alone could turn this gain into a loss, or the reverse.".to_owned())
        }
        Some(_) => None,
    };
    Some(RoiInterval {
        value: of(revenue),
        low: interval.map(|(low, _)| low),
        high: interval.map(|(_, high)| high),
        deals: credits.len(),
        is_noise: note.is_some(),
        note,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_repeatable_and_holds_the_value() {
        let credits: Vec<(usize, i64)> = (0..60).map(|goal| (goal, 1_000_000 * (1 + goal as i64 % 7))).collect();
        let sum: i64 = credits.iter().map(|(_, micros)| micros).sum();
        let (low, high) = interval(100, &credits, 7).unwrap();
        assert_eq!(interval(100, &credits, 7), Some((low, high)));
        assert!(low < sum && sum < high);
        // The sum of Poisson draws of these credits has a standard deviation near sqrt(Σ v² − (Σ v)²/n).
        assert!(sum - low < sum / 3 && high - sum < sum / 3);
    }

    #[test]
    fn few_deals_are_called_noise() {
        let few = roi(1_000_000, 10, &[(0, 9_000_000), (3, 1_000_000)], 1).unwrap();
        assert!(few.is_noise && few.low.is_none() && few.note.is_some());
        assert_eq!(roi(0, 10, &[(0, 1)], 1), None);
        let credits: Vec<(usize, i64)> = (0..40).map(|goal| (goal, 10_000_000)).collect();
        let sure = roi(100_000_000, 50, &credits, 1).unwrap();
        assert!(!sure.is_noise && sure.low.unwrap() > 0.0, "{sure:?}");
        let even = roi(400_000_000, 50, &credits, 1).unwrap();
        assert!(even.is_noise, "a return of zero cannot be told from a gain or a loss");
    }
}
