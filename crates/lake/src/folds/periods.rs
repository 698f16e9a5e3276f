//! Periods: days, weeks, months of whatever zone, given by where each begins.

/// Where each period begins, and where the last one ends, microseconds UTC, ascending.
#[derive(Debug, Clone, Default)]
pub(crate) struct Periods {
    bounds: Vec<i64>,
    first: i64,
    last: i64,
    /// Periods in a microsecond, on average.
    rate: f64,
}

impl Periods {
    pub(crate) fn new(bounds: &[i64]) -> Self {
        let bounds = if bounds.len() < 2 { Vec::new() } else { bounds.to_vec() };
        let (first, last) = (bounds.first().copied().unwrap_or(0), bounds.last().copied().unwrap_or(0));
        #[expect(clippy::cast_precision_loss, reason = "a guess")]
        let rate = bounds.len().saturating_sub(1) as f64 / last.saturating_sub(first).max(1) as f64;
        Self { bounds, first, last, rate }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// Where all begin and end; equal when there is none.
    pub(crate) fn span(&self) -> (i64, i64) {
        (self.first, self.last)
    }

    /// Which periods have moments of more than one of these stretches, each from its first to its last moment and before the
    /// next one.
    pub(super) fn shared(&self, spans: &[(i64, i64)]) -> Vec<bool> {
        let mut shared = vec![false; self.len()];
        let mut last = None;
        for (first, end) in spans {
            // Where the stretch enters the periods, and where it leaves them.
            let (begin, end) = ((*first).max(self.first), (*end).min(self.last - 1));
            let (Some(begin), Some(end)) = (self.find(begin), self.find(end)) else { continue };
            if last.is_some_and(|last| last >= begin.0) {
                shared[begin.0] = true;
            }
            last = last.max(Some(end.0));
        }
        shared
    }

    /// The period of a moment, where it begins and where it ends: a guess by how many there are, then the few steps to it,
    /// since periods are nearly equal.
    #[inline]
    pub(crate) fn find(&self, at: i64) -> Option<(usize, i64, i64)> {
        if at < self.first || at >= self.last {
            return None;
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a guess of a number that is not negative; it is put right below"
        )]
        let guess = ((at - self.first) as f64 * self.rate) as usize;
        let mut period = guess.min(self.bounds.len() - 2);
        loop {
            let (from, to) = (self.bounds[period], self.bounds[period + 1]);
            if at < from {
                period -= 1;
            } else if at >= to {
                period += 1;
            } else {
                return Some((period, from, to));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_period_is_shared_by_stretches_that_both_have_moments_in_it(
            mut bounds in prop::collection::btree_set(-50..50_i64, 0..9),
            mut ends in prop::collection::btree_set(-60..60_i64, 0..12),
        ) {
            let all: Vec<i64> = std::mem::take(&mut bounds).into_iter().collect();
            let ends: Vec<i64> = std::mem::take(&mut ends).into_iter().collect();
            let spans: Vec<(i64, i64)> = ends.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            let has = |period: &[i64], span: &(i64, i64)| span.0 < period[1] && span.1 >= period[0];
            let is_shared = |period: &[i64]| spans.iter().filter(|span| has(period, span)).count() > 1;
            let expected: Vec<bool> = all.windows(2).map(is_shared).collect();
            prop_assert_eq!(Periods::new(&all).shared(&spans), expected);
        }

        #[test]
        fn a_moment_is_in_the_period_that_holds_it(mut bounds in prop::collection::btree_set(-50..50_i64, 0..9), at in -60..60_i64) {
            let all: Vec<i64> = std::mem::take(&mut bounds).into_iter().collect();
            let expected = all.windows(2).position(|pair| pair[0] <= at && at < pair[1]);
            prop_assert_eq!(Periods::new(&all).find(at).map(|found| found.0), expected);
        }
    }
}
