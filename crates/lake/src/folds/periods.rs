//! Periods: days, weeks, months of whatever zone, given by where each begins.

/// Where each period begins, and where the last one ends, microseconds UTC, ascending.
#[derive(Debug, Clone, Default)]
pub(super) struct Periods {
    bounds: Vec<i64>,
    /// Periods in a microsecond, on average.
    rate: f64,
}

impl Periods {
    pub(super) fn new(bounds: &[i64]) -> Self {
        let (first, last) = (bounds.first().copied().unwrap_or(0), bounds.last().copied().unwrap_or(0));
        #[expect(clippy::cast_precision_loss, reason = "a guess")]
        let rate = bounds.len().saturating_sub(1).max(1) as f64 / last.saturating_sub(first).max(1) as f64;
        Self { bounds: bounds.to_vec(), rate }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// Where all begin and end; none when there is none.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        Some((*self.bounds.first()?, *self.bounds.last()?)).filter(|_| self.len() > 0)
    }

    /// Where a period begins and ends.
    pub(super) fn of(&self, period: usize) -> (i64, i64) {
        (self.bounds[period], self.bounds[period + 1])
    }

    /// The period of a moment: a guess by how many there are, then the few steps to it, since periods are nearly equal.
    #[inline]
    pub(super) fn find(&self, at: i64) -> Option<usize> {
        let (first, last) = self.span()?;
        if at < first || at >= last {
            return None;
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a guess of a number that is not negative; it is put right below"
        )]
        let guess = ((at - first) as f64 * self.rate) as usize;
        let mut period = guess.min(self.len() - 1);
        while at < self.bounds[period] {
            period -= 1;
        }
        while at >= self.bounds[period + 1] {
            period += 1;
        }
        Some(period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_moment_is_in_the_period_that_holds_it(mut bounds in prop::collection::btree_set(-50..50_i64, 0..9), at in -60..60_i64) {
            let all: Vec<i64> = std::mem::take(&mut bounds).into_iter().collect();
            let expected = all.windows(2).position(|pair| pair[0] <= at && at < pair[1]);
            prop_assert_eq!(Periods::new(&all).find(at), expected);
        }
    }
}
