//! Retention: of those who first did something in a period, how many did something in the periods after it.

use super::filter::{EventFilter, Filters, Literals, Masks, names_of};
use super::periods::Periods;
use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold, Run};
use std::ops::RangeInclusive;

/// Periods that a person's return is kept for.
pub const PERIODS_MAX: usize = 128;

/// Cohorts by the period of a person's first event, and their returns.
#[derive(Debug, Clone)]
pub struct RetentionFold {
    periods: Periods,
    filters: Filters,
    literals: Vec<String>,
    names: Option<Vec<String>>,
    columns: Columns,
    /// Whether both filters admit every event, so that only moments are read.
    is_any: bool,
    /// For each bracket a bit for each period after the first one that is in it.
    brackets: Vec<u128>,
}

/// One person: the period of the first event, and a bit for each period from it on in which there was a return.
#[derive(Debug, Clone, Default)]
pub struct Returns {
    cohort: Option<usize>,
    /// The period of the last event looked at, where it begins and ends; none at first.
    period: usize,
    from: i64,
    to: i64,
    seen: u128,
    masks: Masks,
}

/// People by cohort.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retention {
    /// For each cohort how many people there are.
    pub people: Vec<u64>,
    /// For each cohort how many came back in exactly the period so many after the first (place 0: in the first itself).
    pub exact: Vec<Vec<u64>>,
    /// As `exact`, in that period or any later one.
    pub unbounded: Vec<Vec<u64>>,
    /// For each cohort how many came back in at least one period of each bracket.
    pub brackets: Vec<Vec<u64>>,
}

impl RetentionFold {
    /// Cohorts by `first`, returns by `back`, over at most [`PERIODS_MAX`] periods; `bounds` says where each begins, and
    /// where the last one ends, microseconds UTC, ascending.
    #[must_use]
    pub fn new(first: &EventFilter, back: &EventFilter, bounds: &[i64]) -> Self {
        let mut literals = Literals::default();
        let filters = Filters::new(&[first, back], &mut literals);
        let is_any = *first == EventFilter::default() && *back == EventFilter::default();
        let columns = first.columns().and(back.columns());
        let columns = if is_any { columns } else { columns.and(Columns::of(&[Col::Name])) };
        let periods = Periods::new(&bounds[..bounds.len().min(PERIODS_MAX + 1)]);
        let names = names_of([first, back]);
        Self { periods, filters, literals: literals.0, names, columns, is_any, brackets: Vec::new() }
    }

    /// And returns by brackets of periods after the first, each given by its first and its last one (0: the first itself).
    /// What is beyond [`PERIODS_MAX`] is empty.
    #[must_use]
    pub fn bracketed(mut self, brackets: &[RangeInclusive<usize>]) -> Self {
        let mask = |bracket: &RangeInclusive<usize>| {
            bracket.clone().take_while(|period| *period < PERIODS_MAX).fold(0, |mask, period| mask | 1 << period)
        };
        self.brackets = brackets.iter().map(mask).collect();
        self
    }

    #[inline]
    fn take(&self, state: &mut Returns, at: i64, mask: u32) {
        if at < state.from || at >= state.to {
            let Some(found) = self.periods.find(at) else { return };
            (state.period, state.from, state.to) = found;
        }
        let period = state.period;
        if mask & 1 != 0 {
            state.cohort.get_or_insert(period);
        }
        if let Some(cohort) = state.cohort.filter(|_| mask & 2 != 0) {
            state.seen |= 1 << (period - cohort);
        }
    }
}

impl RetentionFold {
    /// Events of one person, whose names were fitted.
    #[inline]
    fn walk(&self, state: &mut Returns, run: Run<'_>) {
        let at = run.at();
        for (place, name) in run.codes(Col::Name).keys().iter().enumerate() {
            let mut mask = state.masks.of(*name);
            if self.filters.is_careful(mask) {
                mask = self.filters.admit(mask, &run.event(place));
            }
            if mask != 0 {
                self.take(state, at[place], mask);
            }
        }
    }

    /// A person who is finished.
    #[inline]
    fn count(&self, state: &Returns, output: &mut Retention) {
        let Some(cohort) = state.cohort else { return };
        output.people[cohort] += 1;
        for (people, mask) in output.brackets[cohort].iter_mut().zip(&self.brackets) {
            *people += u64::from(state.seen & mask != 0);
        }
        let mut seen = state.seen;
        while seen != 0 {
            output.exact[cohort][seen.trailing_zeros() as usize] += 1;
            seen &= seen - 1;
        }
        if state.seen != 0 {
            output.unbounded[cohort][127 - state.seen.leading_zeros() as usize] += 1;
        }
    }
}

impl Fold for RetentionFold {
    type State = Returns;
    type Output = Retention;

    fn columns(&self) -> Columns {
        self.columns
    }

    fn literals(&self) -> Vec<String> {
        self.literals.clone()
    }

    fn names(&self) -> Option<Vec<String>> {
        self.names.clone()
    }

    fn init(&self) -> Returns {
        Returns::default()
    }

    fn reset(&self, state: &mut Returns) {
        (state.cohort, state.seen) = (None, 0);
        (state.from, state.to) = (0, 0);
    }

    fn step(&self, state: &mut Returns, event: &EventRef<'_>) {
        let mask = if self.is_any { 3 } else { self.filters.admit(self.filters.by_name(event.code(Col::Name)), event) };
        if mask != 0 {
            self.take(state, event.at(), mask);
        }
    }

    fn steps(&self, state: &mut Returns, run: Run<'_>, _output: &mut Retention) {
        if !self.is_any {
            state.masks.fit(&self.filters, run.codes(Col::Name));
            return self.walk(state, run);
        }
        for at in run.at() {
            // Within a period nothing changes any more.
            if *at < state.from || *at >= state.to {
                self.take(state, *at, 3);
            }
        }
    }

    fn people(&self, state: &mut Returns, people: Run<'_>, output: &mut Retention) {
        if !self.is_any {
            state.masks.fit(&self.filters, people.codes(Col::Name));
            return people.each_person(|_, run| {
                self.reset(state);
                self.walk(state, run);
                self.count(state, output);
            });
        }
        let (first, last) = self.periods.span();
        let (at, people) = (people.at(), people.persons().chunk_by(|one, other| one == other));
        let mut from = 0;
        for rows in people {
            let run = &at[from..from + rows.len()];
            from += rows.len();
            self.reset(state);
            if run[0] >= last || run[run.len() - 1] < first {
                continue;
            }
            for at in run {
                if *at < state.from || *at >= state.to {
                    self.take(state, *at, 3);
                }
            }
            self.count(state, output);
        }
    }

    fn finish(&self, _person: u64, state: &mut Returns, _dict: &Dict, output: &mut Retention) {
        self.count(state, output);
    }

    fn output(&self) -> Retention {
        let periods = self.periods.len();
        let none = || (0..periods).map(|cohort| vec![0; periods - cohort]).collect();
        let brackets = vec![vec![0; self.brackets.len()]; periods];
        Retention { people: vec![0; periods], exact: none(), unbounded: none(), brackets }
    }

    fn close(&self, _dict: &Dict, output: &mut Retention) {
        // Until here: how many came back in that period last.
        for cohort in &mut output.unbounded {
            for place in (1..cohort.len()).rev() {
                cohort[place - 1] += cohort[place];
            }
        }
    }

    fn merge(&self, into: &mut Retention, from: Retention) {
        let add = |into: &mut [u64], from: &[u64]| into.iter_mut().zip(from).for_each(|(into, from)| *into += from);
        add(&mut into.people, &from.people);
        for (into, from) in into.exact.iter_mut().zip(&from.exact) {
            add(into, from);
        }
        for (into, from) in into.unbounded.iter_mut().zip(&from.unbounded) {
            add(into, from);
        }
        for (into, from) in into.brackets.iter_mut().zip(&from.brackets) {
            add(into, from);
        }
    }
}
