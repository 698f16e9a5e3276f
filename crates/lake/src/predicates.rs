//! Predicates: who did something, did not do it, did it so many times, for so much, or one thing after another in a time;
//! and another fold over nobody but those.

use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold, Run};
use crate::folds::filter::{EventFilter, FILTERS_MAX, Filters, Literals, Masks, names_of};
use crate::renewed::Reversible;
use crate::value::{Amount, AmountAt};
use hashbrown::HashSet;
use kernel::time::TimeRange;
use std::sync::Arc;

/// Something that holds of a person or does not.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// There are so many such events, or more.
    Count {
        /// The events.
        filter: EventFilter,
        /// How many.
        at_least: u64,
    },
    /// The amounts of such events add up to so much, or more.
    Sum {
        /// The events.
        filter: EventFilter,
        /// What is added up.
        of: Amount,
        /// How much, in millionths.
        at_least: i128,
    },
    /// Such events follow each other in this order, whatever lies between: the last one at most so many microseconds after the
    /// first.
    Sequence {
        /// The events; one event is one step at most.
        steps: Vec<EventFilter>,
        /// How long it may take.
        within_us: i64,
    },
    /// The person is one of these.
    Among(Arc<HashSet<u64>>),
}

impl Predicate {
    fn filters(&self) -> &[EventFilter] {
        match self {
            Self::Count { filter, .. } | Self::Sum { filter, .. } => std::slice::from_ref(filter),
            Self::Sequence { steps, .. } => steps,
            Self::Among(_) => &[],
        }
    }
}

/// A predicate, and whether it must hold or must not.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The predicate.
    pub predicate: Predicate,
    /// `false`: it must not hold.
    pub holds: bool,
}

/// Who is meant: people with an event in the range of whom the tests hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Who {
    /// The tests, with at most [`FILTERS_MAX`] filters in all; a test with a further one never holds.
    pub tests: Vec<Test>,
    /// Whether one of them is enough.
    pub any: bool,
    /// When the events are that are looked at.
    pub range: TimeRange,
}

/// Finds the people that are meant.
#[derive(Debug, Clone)]
pub struct PredicateFold {
    who: Who,
    /// Of each test the place of its first filter.
    first: Vec<usize>,
    /// What each test adds up.
    amounts: Vec<AmountAt>,
    filters: Filters,
    literals: Literals,
    names: Option<Vec<String>>,
    columns: Columns,
}

/// One person: how far each test is.
#[derive(Debug, Clone)]
pub struct Standing {
    came: bool,
    /// How many events, or how much.
    sums: Vec<i128>,
    /// When the latest attempt began that took the step of this filter; none when none did.
    began: Vec<Option<i64>>,
    masks: Masks,
}

impl PredicateFold {
    /// Of these tests.
    #[must_use]
    pub fn new(who: Who) -> Self {
        Self::beside(who, Literals::default())
    }

    /// Beside another fold with these literals and properties, which keep their codes and places.
    fn beside(who: Who, mut literals: Literals) -> Self {
        let all: Vec<&EventFilter> = who.tests.iter().flat_map(|test| test.predicate.filters()).collect();
        let mut place = 0;
        let first = who.tests.iter().map(|test| {
            place += test.predicate.filters().len();
            place - test.predicate.filters().len()
        });
        let first = first.collect();
        let mut columns = all.iter().fold(Columns::of(&[Col::Name]), |columns, filter| columns.and(filter.columns()));
        let mut amounts = Vec::new();
        for test in &who.tests {
            let Predicate::Sum { of, .. } = &test.predicate else {
                amounts.push(AmountAt::None);
                continue;
            };
            columns = columns.and(of.columns());
            amounts.push(of.at(&mut literals));
        }
        // Whoever must not do something may have no event of it at all, and nobody is known by membership alone.
        let by_events = who.tests.iter().all(|test| test.holds && !test.predicate.filters().is_empty());
        let names = names_of(all.iter().copied()).filter(|_| by_events);
        let filters = Filters::new(&all, &mut literals);
        Self { first, amounts, filters, literals, names, columns, who }
    }

    #[inline]
    fn take(&self, state: &mut Standing, mask: u32, event: &EventRef<'_>) {
        for (test, (Test { predicate, .. }, first)) in self.who.tests.iter().zip(&self.first).enumerate() {
            let is = |step: usize| step < FILTERS_MAX && mask & (1 << step) != 0;
            match predicate {
                Predicate::Count { .. } => state.sums[test] += i128::from(is(*first)),
                Predicate::Sum { .. } if is(*first) => state.sums[test] += self.amounts[test].of(event).unwrap_or(0),
                Predicate::Sum { .. } | Predicate::Among(_) => {}
                Predicate::Sequence { steps, within_us } => {
                    // The last step first: what this event adds to one must not count as there for the next.
                    for step in (0..steps.len()).rev().filter(|step| is(first + step)) {
                        let began = if step == 0 { Some(event.at()) } else { state.began[first + step - 1] };
                        let began = began.filter(|began| event.at().saturating_sub(*began) <= *within_us);
                        state.began[first + step] = began.max(state.began[first + step]);
                    }
                }
            }
        }
    }

    fn is_seen(&self, at: i64) -> bool {
        // The end of all time is in the range of all time.
        self.who.range.from.micros() <= at
            && (at < self.who.range.to.micros() || self.who.range.to == TimeRange::ALL.to)
    }

    /// Whether the person is meant whose events have passed.
    fn means(&self, person: u64, state: &Standing) -> bool {
        let held = |(place, test): (usize, &Test)| {
            let holds = match &test.predicate {
                Predicate::Count { at_least, .. } => state.sums[place] >= i128::from(*at_least),
                Predicate::Sum { at_least, .. } => state.sums[place] >= *at_least,
                Predicate::Sequence { steps, .. } => {
                    steps.is_empty() || state.began[self.first[place] + steps.len() - 1].is_some()
                }
                Predicate::Among(people) => people.contains(&person),
            };
            holds == test.holds
        };
        let mut tests = self.who.tests.iter().enumerate();
        state.came && if self.who.any { tests.any(held) } else { tests.all(held) }
    }

    /// Consecutive events of one person.
    #[inline]
    fn walk(&self, state: &mut Standing, run: Run<'_>) {
        let mut masks = std::mem::take(&mut state.masks);
        masks.fit(&self.filters, run.codes(Col::Name));
        let at = run.at();
        state.came |= self.is_seen(at[0]) || self.is_seen(at[at.len() - 1]) || at.iter().any(|at| self.is_seen(*at));
        for (place, key) in run.codes(Col::Name).keys().iter().enumerate() {
            let mask = masks.admitted(&self.filters, *key, &run, place);
            if mask != 0 && self.is_seen(at[place]) {
                self.take(state, mask, &run.event(place));
            }
        }
        state.masks = masks;
    }
}

impl Fold for PredicateFold {
    type State = Standing;
    type Output = Vec<u64>;

    fn columns(&self) -> Columns {
        self.columns
    }

    fn literals(&self) -> Vec<String> {
        self.literals.texts.clone()
    }

    fn properties(&self) -> Vec<String> {
        self.literals.properties.clone()
    }

    fn names(&self) -> Option<Vec<String>> {
        self.names.clone()
    }

    fn weight(&self, output: &Vec<u64>) -> usize {
        output.len() * size_of::<u64>()
    }

    fn init(&self) -> Standing {
        let filters = self.who.tests.iter().map(|test| test.predicate.filters().len()).sum();
        let (sums, began) = (vec![0; self.who.tests.len()], vec![None; filters]);
        Standing { came: false, sums, began, masks: Masks::default() }
    }

    fn reset(&self, state: &mut Standing) {
        state.came = false;
        state.sums.fill(0);
        state.began.fill(None);
    }

    fn step(&self, state: &mut Standing, event: &EventRef<'_>) {
        if self.is_seen(event.at()) {
            state.came = true;
            let mask = self.filters.admit(self.filters.by_name(event.code(Col::Name)), event);
            if mask != 0 {
                self.take(state, mask, event);
            }
        }
    }

    fn steps(&self, state: &mut Standing, run: Run<'_>, _output: &mut Vec<u64>) {
        self.walk(state, run);
    }

    fn finish(&self, person: u64, state: &mut Standing, _dict: &Dict, output: &mut Vec<u64>) {
        if self.means(person, state) {
            output.push(person);
        }
    }

    fn output(&self) -> Vec<u64> {
        Vec::new()
    }

    fn merge(&self, into: &mut Vec<u64>, from: Vec<u64>) {
        into.extend(from);
    }
}

/// A fold whose output changes in [`Fold::finish`] alone, so that a person can still be left out when the last event has
/// passed.
pub trait AtFinish: Fold {}

/// Another fold over the people that are meant, in the same pass; over everybody when nobody is named.
#[derive(Debug, Clone)]
pub struct Within<F> {
    fold: F,
    who: Option<PredicateFold>,
}

/// How many people were meant, and what was found of them.
#[derive(Debug, Clone, Default)]
pub struct Found<T> {
    /// How many; 0 when nobody was named.
    pub people: u64,
    /// The output of the other fold.
    pub found: T,
}

impl<F: AtFinish> Within<F> {
    /// A fold over the people that are meant.
    #[must_use]
    pub fn new(fold: F, who: Option<Who>) -> Self {
        let who = who.map(|who| {
            let literals = Literals { texts: fold.literals(), properties: fold.properties() };
            PredicateFold::beside(who, literals)
        });
        Self { fold, who }
    }
}

impl<F: AtFinish> Fold for Within<F> {
    type State = (F::State, Option<Standing>);
    type Output = Found<F::Output>;

    fn columns(&self) -> Columns {
        self.who.iter().fold(self.fold.columns(), |columns, who| columns.and(who.columns))
    }

    fn literals(&self) -> Vec<String> {
        self.who.as_ref().map_or_else(|| self.fold.literals(), PredicateFold::literals)
    }

    fn properties(&self) -> Vec<String> {
        self.who.as_ref().map_or_else(|| self.fold.properties(), PredicateFold::properties)
    }

    fn names(&self) -> Option<Vec<String>> {
        let own = self.fold.names()?;
        let Some(who) = &self.who else { return Some(own) };
        Some(own.into_iter().chain(who.names.clone()?).collect())
    }

    fn weight(&self, output: &Self::Output) -> usize {
        self.fold.weight(&output.found)
    }

    fn init(&self) -> Self::State {
        (self.fold.init(), self.who.as_ref().map(PredicateFold::init))
    }

    fn reset(&self, (state, standing): &mut Self::State) {
        self.fold.reset(state);
        if let (Some(who), Some(standing)) = (&self.who, standing) {
            who.reset(standing);
        }
    }

    fn step(&self, (state, standing): &mut Self::State, event: &EventRef<'_>) {
        self.fold.step(state, event);
        if let (Some(who), Some(standing)) = (&self.who, standing) {
            who.step(standing, event);
        }
    }

    fn steps(&self, (state, standing): &mut Self::State, run: Run<'_>, output: &mut Self::Output) {
        self.fold.steps(state, run, &mut output.found);
        if let (Some(who), Some(standing)) = (&self.who, standing) {
            who.walk(standing, run);
        }
    }

    fn people(&self, state: &mut Self::State, people: Run<'_>, output: &mut Self::Output) {
        if self.who.is_none() {
            return self.fold.people(&mut state.0, people, &mut output.found);
        }
        people.each_person(|person, run| {
            self.reset(state);
            self.steps(state, run, output);
            self.finish(person, state, run.dict(), output);
        });
    }

    fn finish(&self, person: u64, (state, standing): &mut Self::State, dict: &Dict, output: &mut Self::Output) {
        if let (Some(who), Some(standing)) = (&self.who, standing) {
            if !who.means(person, standing) {
                return;
            }
            output.people += 1;
        }
        self.fold.finish(person, state, dict, &mut output.found);
    }

    fn output(&self) -> Self::Output {
        Found { people: 0, found: self.fold.output() }
    }

    fn close(&self, dict: &Dict, output: &mut Self::Output) {
        self.fold.close(dict, &mut output.found);
    }

    fn merge(&self, into: &mut Self::Output, from: Self::Output) {
        into.people += from.people;
        self.fold.merge(&mut into.found, from.found);
    }
}

impl AtFinish for PredicateFold {}

impl<F: AtFinish> AtFinish for Within<F> {}

impl<F: Reversible> Reversible for Within<F> {
    fn take_away(&self, from: &mut Self::Output, less: &Self::Output) -> bool {
        let Some(people) = from.people.checked_sub(less.people) else { return false };
        from.people = people;
        self.fold.take_away(&mut from.found, &less.found)
    }
}
