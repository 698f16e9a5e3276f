//! Retention: of those who first did something in a period, how many did something in the periods after it.

use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold, Run};
use crate::folds::filter::{EventFilter, Filters, Literals, Masks, names_of};
use crate::folds::periods::Periods;
use crate::predicates::AtFinish;
use crate::renewed::{Reversible, take_off};
use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

/// Periods that a person's return is kept for.
pub const PERIODS_MAX: usize = 128;

/// Cohorts by the period of a person's first event, and their returns.
#[derive(Debug, Clone)]
pub struct RetentionFold {
    periods: Periods,
    filters: Filters,
    literals: Literals,
    names: Option<Vec<String>>,
    columns: Columns,
    /// Whether both filters admit every event, so that only moments are read.
    is_any: bool,
    /// The same, with those of bots and AI agents left out.
    humans_only: bool,
    /// For each bracket a bit for each period after the first one that is in it, and the last of them.
    brackets: Vec<(u128, usize)>,
    /// The column of the cohort's event that people are divided by, and how many periods are over.
    by: Option<(Col, usize)>,
    listed: Option<Listed>,
}

/// Which returns count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// None is needed: everybody of the cohort.
    Anyhow,
    /// In exactly the period so many after the first.
    Exact(usize),
    /// In that period or any later one.
    Unbounded(usize),
    /// In the bracket at this place.
    Bracket(usize),
}

/// Whose numbers are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Of this cohort; when none, of all for which what is asked lies in the first `over` periods.
    pub cohort: Option<usize>,
    /// Who came back.
    pub back: Back,
    /// How many periods are over.
    pub over: usize,
    /// Of this group only.
    pub group: Option<String>,
    /// Of none of these groups.
    pub outside: Vec<String>,
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
    /// The group that the event of the cohort puts the person into.
    group: u32,
    masks: Masks,
}

/// Returns of one group, over those cohorts for which the period is over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupReturns {
    /// For each cohort how many people there are.
    pub people: Vec<u64>,
    /// How many came back in exactly the period so many after the first.
    pub exact: Vec<u64>,
    /// As `exact`, in that period or any later one.
    pub unbounded: Vec<u64>,
    /// How many came back in at least one period of each bracket.
    pub brackets: Vec<u64>,
}

impl GroupReturns {
    /// Adds another group to it.
    pub fn add(&mut self, other: &Self) {
        let add = |into: &mut Vec<u64>, from: &[u64]| {
            into.resize(into.len().max(from.len()), 0);
            into.iter_mut().zip(from).for_each(|(into, from)| *into += from);
        };
        add(&mut self.people, &other.people);
        add(&mut self.exact, &other.exact);
        add(&mut self.unbounded, &other.unbounded);
        add(&mut self.brackets, &other.brackets);
    }

    fn bytes(&self) -> usize {
        (3 * self.people.len() + self.brackets.len()) * size_of::<u64>() + size_of::<Self>()
    }
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
    by_code: HashMap<u32, GroupReturns>,
    /// The groups, when people are divided.
    pub groups: BTreeMap<String, GroupReturns>,
    /// The numbers of the people asked for, in no order.
    pub listed: Vec<u64>,
}

impl RetentionFold {
    /// Cohorts by `first`, returns by `back`, over at most [`PERIODS_MAX`] periods; `bounds` says where each begins, and
    /// where the last one ends, microseconds UTC, ascending.
    #[must_use]
    pub fn new(first: &EventFilter, back: &EventFilter, bounds: &[i64]) -> Self {
        let mut literals = Literals::default();
        let filters = Filters::new(&[first, back], &mut literals);
        let humans_only = first.humans_only;
        let any = EventFilter { humans_only, ..EventFilter::default() };
        let is_any = *first == any && *back == any;
        let columns = first.columns().and(back.columns());
        let columns = if is_any { columns } else { columns.and(Columns::of(&[Col::Name])) };
        let periods = Periods::new(&bounds[..bounds.len().min(PERIODS_MAX + 1)]);
        let names = names_of([first, back]);
        let (brackets, by, listed) = (Vec::new(), None, None);
        Self { periods, filters, literals, names, columns, is_any, humans_only, brackets, by, listed }
    }

    /// And returns by brackets of periods after the first, each given by its first and its last one (0: the first itself).
    /// What is beyond [`PERIODS_MAX`] is empty.
    #[must_use]
    pub fn bracketed(mut self, brackets: &[RangeInclusive<usize>]) -> Self {
        let mask = |bracket: &RangeInclusive<usize>| {
            bracket.clone().take_while(|period| *period < PERIODS_MAX).fold(0, |mask, period| mask | 1 << period)
        };
        self.brackets = brackets.iter().map(|bracket| (mask(bracket), *bracket.end())).collect();
        self
    }

    /// And by the text that the event of the cohort has in a column; `over` says how many of the periods are over.
    #[must_use]
    pub fn by(mut self, column: Col, over: usize) -> Self {
        self.columns = self.columns.and(Columns::of(&[column, Col::Name]));
        (self.by, self.is_any) = (Some((column, over)), false);
        self
    }

    /// With the numbers of some people.
    #[must_use]
    pub fn listing(mut self, listed: Listed) -> Self {
        self.listed = Some(listed);
        self
    }

    #[inline]
    fn take(&self, state: &mut Returns, at: i64, mask: u32, group: impl Fn() -> u32) {
        if at < state.from || at >= state.to {
            let Some(found) = self.periods.find(at) else { return };
            (state.period, state.from, state.to) = found;
        }
        let period = state.period;
        if mask & 1 != 0 && state.cohort.is_none() {
            (state.cohort, state.group) = (Some(period), group());
        }
        if let Some(cohort) = state.cohort.filter(|_| mask & 2 != 0) {
            state.seen |= 1 << (period - cohort);
        }
    }
}

impl RetentionFold {
    /// Events of one person, of which all count; `careful` tells that some may be of machines.
    #[inline]
    fn walk_any(&self, state: &mut Returns, run: Run<'_>, careful: bool) {
        for (place, at) in run.at().iter().enumerate() {
            // Within a period nothing changes any more.
            if (*at < state.from || *at >= state.to) && !(careful && run.is_machine(place)) {
                self.take(state, *at, 3, || 0);
            }
        }
    }

    /// Whether who caused an event must be looked at, when all count.
    #[inline]
    fn is_careful(&self, run: &Run<'_>) -> bool {
        self.humans_only && run.has_machines()
    }

    /// Events of one person, whose names were fitted.
    #[inline]
    fn walk(&self, state: &mut Returns, run: Run<'_>) {
        let at = run.at();
        for (place, name) in run.codes(Col::Name).keys().iter().enumerate() {
            let mask = state.masks.admitted(&self.filters, *name, &run, place);
            if mask != 0 {
                self.take(state, at[place], mask, || self.by.map_or(0, |(column, _)| run.event(place).code(column)));
            }
        }
    }

    /// A person who is finished.
    #[inline]
    fn count(&self, person: u64, state: &Returns, dict: &Dict, output: &mut Retention) {
        let Some(cohort) = state.cohort else { return };
        output.people[cohort] += 1;
        for (people, (mask, _)) in output.brackets[cohort].iter_mut().zip(&self.brackets) {
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
        if let Some((_, over)) = self.by {
            self.count_group(state, cohort, over, output.by_code.entry(state.group).or_default());
        }
        if let Some(listed) = &self.listed
            && self.is_listed(listed, cohort, state, dict)
        {
            output.listed.push(person);
        }
    }

    /// What a person adds to its group: what is over, that is.
    fn count_group(&self, state: &Returns, cohort: usize, over: usize, group: &mut GroupReturns) {
        let periods = self.periods.len();
        if group.people.is_empty() {
            let none = || vec![0; periods];
            let brackets = vec![0; self.brackets.len()];
            *group = GroupReturns { people: none(), exact: none(), unbounded: none(), brackets };
        }
        group.people[cohort] += 1;
        for after in 0..over.saturating_sub(cohort) {
            group.exact[after] += u64::from(state.seen >> after & 1 != 0);
            group.unbounded[after] += u64::from(state.seen >> after != 0);
        }
        for (people, (mask, last)) in group.brackets.iter_mut().zip(&self.brackets) {
            *people += u64::from(cohort + last < over && state.seen & mask != 0);
        }
    }

    fn is_listed(&self, listed: &Listed, cohort: usize, state: &Returns, dict: &Dict) -> bool {
        let (last, back) = match listed.back {
            Back::Anyhow => (0, true),
            Back::Exact(after) => (after, after < PERIODS_MAX && state.seen >> after & 1 != 0),
            Back::Unbounded(after) => (after, after < PERIODS_MAX && state.seen >> after != 0),
            Back::Bracket(place) => {
                let (mask, last) = self.brackets.get(place).copied().unwrap_or_default();
                (last, state.seen & mask != 0)
            }
        };
        let is_of = match listed.cohort {
            Some(one) => one == cohort,
            None => listed.back == Back::Anyhow || cohort + last < listed.over,
        };
        let text = || dict.text(state.group);
        back && is_of
            && listed.group.as_ref().is_none_or(|group| group == text())
            && (listed.outside.is_empty() || !listed.outside.iter().any(|group| group == text()))
    }
}

impl AtFinish for RetentionFold {}

impl Reversible for RetentionFold {
    fn take_away(&self, from: &mut Retention, less: &Retention) -> bool {
        let all = |from: &mut [Vec<u64>], less: &[Vec<u64>]| {
            from.len() == less.len() && from.iter_mut().zip(less).all(|(from, less)| take_off(from, less))
        };
        let fits = take_off(&mut from.people, &less.people)
            && all(&mut from.exact, &less.exact)
            && all(&mut from.unbounded, &less.unbounded)
            && all(&mut from.brackets, &less.brackets);
        if !fits {
            return false;
        }
        for (text, less) in &less.groups {
            let Some(group) = from.groups.get_mut(text) else { return false };
            let fits = take_off(&mut group.people, &less.people)
                && take_off(&mut group.exact, &less.exact)
                && take_off(&mut group.unbounded, &less.unbounded)
                && take_off(&mut group.brackets, &less.brackets);
            if !fits {
                return false;
            }
            if group.people.iter().all(|people| *people == 0) {
                from.groups.remove(text);
            }
        }
        true
    }
}

impl Fold for RetentionFold {
    type State = Returns;
    type Output = Retention;

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

    fn init(&self) -> Returns {
        Returns::default()
    }

    fn reset(&self, state: &mut Returns) {
        (state.cohort, state.seen) = (None, 0);
        (state.from, state.to) = (0, 0);
    }

    fn step(&self, state: &mut Returns, event: &EventRef<'_>) {
        let mask = match (self.is_any, self.humans_only) {
            (true, humans_only) => 3 * u32::from(!(humans_only && event.agent_class().is_machine())),
            (false, _) => self.filters.admit(self.filters.by_name(event.code(Col::Name)), event),
        };
        if mask != 0 {
            self.take(state, event.at(), mask, || self.by.map_or(0, |(column, _)| event.code(column)));
        }
    }

    fn steps(&self, state: &mut Returns, run: Run<'_>, _output: &mut Retention) {
        if !self.is_any {
            state.masks.fit(&self.filters, run.codes(Col::Name));
            return self.walk(state, run);
        }
        self.walk_any(state, run, self.is_careful(&run));
    }

    fn people(&self, state: &mut Returns, people: Run<'_>, output: &mut Retention) {
        if !self.is_any {
            state.masks.fit(&self.filters, people.codes(Col::Name));
            return people.each_person(|person, run| {
                self.reset(state);
                self.walk(state, run);
                self.count(person, state, run.dict(), output);
            });
        }
        let (first, last) = self.periods.span();
        let dict = people.dict();
        if self.is_careful(&people) {
            return people.each_person(|person, run| {
                self.reset(state);
                self.walk_any(state, run, true);
                self.count(person, state, run.dict(), output);
            });
        }
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
                    self.take(state, *at, 3, || 0);
                }
            }
            self.count(rows[0].cast_unsigned(), state, dict, output);
        }
    }

    fn finish(&self, person: u64, state: &mut Returns, dict: &Dict, output: &mut Retention) {
        self.count(person, state, dict, output);
    }

    fn output(&self) -> Retention {
        let periods = self.periods.len();
        let none = || (0..periods).map(|cohort| vec![0; periods - cohort]).collect();
        let brackets = vec![vec![0; self.brackets.len()]; periods];
        Retention { people: vec![0; periods], exact: none(), unbounded: none(), brackets, ..Retention::default() }
    }

    fn weight(&self, output: &Retention) -> usize {
        let groups = output.by_code.values().next().or_else(|| output.groups.values().next());
        groups.map_or(0, GroupReturns::bytes) * (output.by_code.len() + output.groups.len())
            + (output.listed.len() + self.periods.len() * (self.periods.len() + 4)) * size_of::<u64>()
    }

    fn close(&self, dict: &Dict, output: &mut Retention) {
        for (code, group) in output.by_code.drain() {
            output.groups.insert(dict.text(code).to_owned(), group);
        }
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
        for (text, group) in from.groups {
            into.groups.entry(text).or_default().add(&group);
        }
        into.listed.extend(from.listed);
    }
}
