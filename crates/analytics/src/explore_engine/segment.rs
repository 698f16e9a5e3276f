//! Segments: which people count, computed by a fold, and a fold over nobody else.

use super::plan;
use crate::explore_model::{Match, Segment};
use hashbrown::HashSet;
use kernel::problem::Problem;
use lake::folds::filter::{EventFilter, Filters, Literals};
use lake::{Col, Columns, Dict, EventRef, Fold, Run};
use std::sync::Arc;

/// People by number.
pub(super) type PeopleSet = Arc<HashSet<u64>>;

/// Who did something often enough, and did not do something else.
#[derive(Debug, Clone)]
pub(super) struct SegmentFold {
    filters: Filters,
    literals: Vec<String>,
    columns: Columns,
    /// The names of the filters, when each has one.
    names: Option<Vec<String>>,
    /// For each filter: whether it must be done, and how often.
    wanted: Vec<(bool, u64)>,
    all: Match,
}

impl SegmentFold {
    /// The people of a segment.
    pub(super) fn new(segment: &Segment, humans_only: bool) -> Result<Self, Problem> {
        let filters = plan::segment(segment, humans_only)?;
        let wanted = segment.conditions.iter().map(|condition| (condition.did, condition.times)).collect();
        Ok(Self::of(&filters, wanted, segment.all))
    }

    /// Whoever has such an event.
    pub(super) fn did(filter: &EventFilter) -> Self {
        Self::of(std::slice::from_ref(filter), vec![(true, 1)], Match::All)
    }

    fn of(filters: &[EventFilter], wanted: Vec<(bool, u64)>, all: Match) -> Self {
        let mut literals = Literals::default();
        let names = filters.iter().map(|filter| filter.name.clone()).collect();
        let columns = filters.iter().fold(Columns::of(&[Col::Name]), |columns, filter| columns.and(filter.columns()));
        let filters = Filters::new(&filters.iter().collect::<Vec<_>>(), &mut literals);
        Self { filters, literals: literals.0, columns, names, wanted, all }
    }
}

impl Fold for SegmentFold {
    type State = Vec<u64>;
    type Output = Vec<u64>;

    fn columns(&self) -> Columns {
        self.columns
    }

    fn literals(&self) -> Vec<String> {
        self.literals.clone()
    }

    /// Whoever must do something is known by its events alone.
    fn names(&self) -> Option<Vec<String>> {
        self.wanted.iter().all(|(did, _)| *did).then(|| self.names.clone()).flatten()
    }

    fn weight(&self, output: &Vec<u64>) -> usize {
        output.len() * size_of::<u64>()
    }

    fn init(&self) -> Vec<u64> {
        vec![0; self.wanted.len()]
    }

    fn reset(&self, state: &mut Vec<u64>) {
        state.fill(0);
    }

    fn step(&self, state: &mut Vec<u64>, event: &EventRef<'_>) {
        let mut mask = self.filters.admit(self.filters.by_name(event.code(Col::Name)), event);
        while mask != 0 {
            state[mask.trailing_zeros() as usize] += 1;
            mask &= mask - 1;
        }
    }

    fn steps(&self, state: &mut Vec<u64>, run: Run<'_>, _output: &mut Vec<u64>) {
        for (place, name) in run.codes(Col::Name).iter().enumerate() {
            if self.filters.by_name(name) != 0 {
                self.step(state, &run.event(place));
            }
        }
    }

    fn finish(&self, person: u64, state: &mut Vec<u64>, _dict: &Dict, output: &mut Vec<u64>) {
        let mut held = state.iter().zip(&self.wanted).map(|(count, (did, times))| (count >= times) == *did);
        let belongs = match self.all {
            Match::All => held.all(|held| held),
            Match::Any => held.any(|held| held),
        };
        if belongs {
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

/// Another fold, over these people only; over everybody when none are given.
#[derive(Debug, Clone)]
pub(super) struct Among<F> {
    pub(super) fold: F,
    pub(super) people: Option<PeopleSet>,
}

impl<F> Among<F> {
    fn has(&self, person: u64) -> bool {
        self.people.as_ref().is_none_or(|people| people.contains(&person))
    }
}

impl<F: Fold> Fold for Among<F> {
    type State = F::State;
    type Output = F::Output;

    fn columns(&self) -> Columns {
        self.fold.columns()
    }

    fn literals(&self) -> Vec<String> {
        self.fold.literals()
    }

    fn names(&self) -> Option<Vec<String>> {
        self.fold.names()
    }

    fn weight(&self, output: &F::Output) -> usize {
        self.fold.weight(output)
    }

    fn init(&self) -> F::State {
        self.fold.init()
    }

    fn reset(&self, state: &mut F::State) {
        self.fold.reset(state);
    }

    fn step(&self, state: &mut F::State, event: &EventRef<'_>) {
        if self.has(event.person()) {
            self.fold.step(state, event);
        }
    }

    fn steps(&self, state: &mut F::State, run: Run<'_>, output: &mut F::Output) {
        if self.has(run.person()) {
            self.fold.steps(state, run, output);
        }
    }

    fn finish(&self, person: u64, state: &mut F::State, dict: &Dict, output: &mut F::Output) {
        if self.has(person) {
            self.fold.finish(person, state, dict, output);
        }
    }

    fn output(&self) -> F::Output {
        self.fold.output()
    }

    fn close(&self, dict: &Dict, output: &mut F::Output) {
        self.fold.close(dict, output);
    }

    fn merge(&self, into: &mut F::Output, from: F::Output) {
        self.fold.merge(into, from);
    }
}
