//! Funnels: how many people took the steps in order, within a time, and how long it took them.
//!
//! A person may try again and again; what counts is the furthest step of any attempt. An attempt begins with every event of
//! the first step, and of two attempts that are equally far the later one goes on: it has more time left, so no completion is
//! missed. One event takes one step at most.

use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold, Run};
use crate::folds::filter::{EventFilter, Filters, Literals, Masks, names_of};
use crate::folds::predicates::AtFinish;
use crate::renewed::{Reversible, take_off};
use std::collections::BTreeMap;

/// Most steps of a funnel.
pub const STEPS_MAX: usize = 16;

/// What may lie between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FunnelOrder {
    /// Any other events.
    #[default]
    Loose,
    /// Nothing: the next event of the person is the next step.
    Strict,
}

/// A step that must not be taken on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// The events.
    pub filter: EventFilter,
    /// Between this step (from 0) and the next one; between any two when none.
    pub after: Option<usize>,
}

/// A funnel over at most [`STEPS_MAX`] steps; further ones are left out.
#[derive(Debug, Clone)]
pub struct FunnelFold {
    window_us: i64,
    order: FunnelOrder,
    breakdown: Option<Col>,
    listed: Option<Listed>,
    /// Groups whose people are not listed.
    unlisted: Vec<String>,
    steps: usize,
    /// The exclusions: their bit among the filters, and the step after which they count.
    exclusions: Vec<(u32, Option<usize>)>,
    filters: Filters,
    literals: Literals,
    names: Option<Vec<String>>,
    columns: Columns,
    /// Whether only the names and moments of events count, and who caused them.
    is_plain: bool,
}

/// Whose numbers are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Those who came this far (steps taken, from 1).
    pub steps: usize,
    /// Whether those who went further are left out.
    pub stopped: bool,
    /// Of which group of the breakdown; of all when none.
    pub group: Option<String>,
    /// How many at most.
    pub people_max: usize,
}

impl FunnelFold {
    /// These steps, the last at most `window_us` microseconds after the first.
    #[must_use]
    pub fn new(steps: &[EventFilter], window_us: i64) -> Self {
        Self::with_exclusions(steps, &[], window_us)
    }

    /// And steps that must not be taken on the way.
    #[must_use]
    pub fn with_exclusions(steps: &[EventFilter], exclusions: &[Exclusion], window_us: i64) -> Self {
        let steps = &steps[..steps.len().min(STEPS_MAX)];
        let exclusions = &exclusions[..exclusions.len().min(32 - steps.len())];
        let all: Vec<&EventFilter> = steps.iter().chain(exclusions.iter().map(|one| &one.filter)).collect();
        let mut literals = Literals::default();
        let filters = Filters::new(&all, &mut literals);
        let columns = all.iter().fold(Columns::of(&[Col::Name]), |columns, filter| columns.and(filter.columns()));
        let bit = |place: usize| 1_u32 << (steps.len() + place);
        Self {
            window_us,
            order: FunnelOrder::Loose,
            breakdown: None,
            listed: None,
            unlisted: Vec::new(),
            steps: steps.len(),
            exclusions: exclusions.iter().enumerate().map(|(place, one)| (bit(place), one.after)).collect(),
            filters,
            literals,
            names: names_of(all),
            columns,
            is_plain: false,
        }
        .settled()
    }

    /// With this order.
    #[must_use]
    pub fn ordered(mut self, order: FunnelOrder) -> Self {
        self.order = order;
        self.settled()
    }

    /// By the text that the event of the first step of the furthest attempt has in this column.
    #[must_use]
    pub fn by(mut self, column: Col) -> Self {
        self.columns = self.columns.and(Columns::of(&[column]));
        self.breakdown = Some(column);
        self.settled()
    }

    /// With the numbers of some people.
    #[must_use]
    pub fn listing(mut self, listed: Listed) -> Self {
        self.listed = Some(listed);
        self
    }

    /// Of those who are listed only who is in none of these groups.
    #[must_use]
    pub fn outside(mut self, groups: &[String]) -> Self {
        self.unlisted = groups.to_vec();
        self
    }

    /// One event: `mask` says of which steps and exclusions it may be.
    #[inline]
    fn take(&self, state: &mut Attempts, at: i64, mask: u32, group: impl Fn() -> u32) {
        if !self.exclusions.is_empty() {
            self.exclude(state, mask);
        }
        let mut open = mask & ((1 << self.steps) - 1);
        while open != 0 {
            // The last step first: what this event adds to one must not count as there for the next.
            let step = 31 - open.leading_zeros() as usize;
            open &= !(1 << step);
            if step == 0 {
                state.set(0, Attempt { start: at, group: group() }, at);
            } else if state.is_live(step - 1) {
                let attempt = state.attempts[step - 1];
                if at - attempt.start <= self.window_us {
                    state.set(step, attempt, at);
                }
            }
        }
        if self.order == FunnelOrder::Strict {
            // What was not set by this very event is over.
            state.live &= state.fresh;
        }
        state.fresh = 0;
    }

    fn exclude(&self, state: &mut Attempts, mask: u32) {
        for (bit, after) in &self.exclusions {
            if mask & bit != 0 {
                match after {
                    Some(step) => state.end(*step),
                    None => (0..self.steps.saturating_sub(1)).for_each(|step| state.end(step)),
                }
            }
        }
    }

    /// Decides whether only the names and moments of events count, and who caused them.
    fn settled(mut self) -> Self {
        let is_loose = self.order == FunnelOrder::Loose;
        self.is_plain = is_loose && self.exclusions.is_empty() && self.breakdown.is_none() && self.filters.are_plain();
        self
    }

    /// Events of one person in a plain funnel. Most events are of no step or of the first one: those are taken without a branch,
    /// since what comes next cannot be foretold.
    #[inline]
    fn walk_plain(&self, state: &mut Attempts, at: &[i64], keys: &[u32], masks: &Masks) {
        let (mut start, mut began) = (0, 0);
        for (key, at) in keys.iter().zip(at) {
            let mask = masks.of(*key);
            if mask > 1 {
                if began != 0 {
                    state.set(0, Attempt { start, group: 0 }, start);
                    began = 0;
                }
                self.take(state, *at, mask, || 0);
            } else {
                start = if mask != 0 { *at } else { start };
                began |= mask;
            }
        }
        if began != 0 {
            state.set(0, Attempt { start, group: 0 }, start);
        }
    }

    /// Events of one person, whose names `masks` fits.
    #[inline]
    fn walk(&self, state: &mut Attempts, run: Run<'_>, masks: &Masks) {
        if self.is_plain && !self.filters.leaves_out(&run) {
            return self.walk_plain(state, run.at(), run.codes(Col::Name).keys(), masks);
        }
        let (at, is_strict) = (run.at(), self.order == FunnelOrder::Strict);
        for (key, (place, at)) in run.codes(Col::Name).keys().iter().zip(at.iter().enumerate()) {
            let mask = masks.admitted(&self.filters, *key, &run, place);
            if mask != 0 || is_strict {
                self.take(state, *at, mask, || self.breakdown.map_or(0, |column| run.event(place).code(column)));
            }
        }
    }
}

/// Where an attempt began.
#[derive(Debug, Clone, Copy, Default)]
struct Attempt {
    start: i64,
    group: u32,
}

/// The latest attempt at each step.
#[derive(Debug, Clone)]
pub struct Attempts {
    attempts: [Attempt; STEPS_MAX],
    /// A bit for each step at which an attempt stands.
    live: u32,
    /// A bit for each step that this event set.
    fresh: u32,
    /// Steps taken by the furthest attempt, the group it began in, and how long it took to each step.
    furthest: usize,
    group: u32,
    took: [i64; STEPS_MAX],
    masks: Masks,
}

impl Attempts {
    fn is_live(&self, step: usize) -> bool {
        self.live & (1 << step) != 0
    }

    fn end(&mut self, step: usize) {
        self.live &= !(1 << step);
    }

    fn set(&mut self, step: usize, attempt: Attempt, at: i64) {
        self.attempts[step] = attempt;
        self.live |= 1 << step;
        self.fresh |= 1 << step;
        if step >= self.furthest {
            self.furthest = step + 1;
            self.group = attempt.group;
            self.took[step] = at - attempt.start;
        }
    }
}

/// One group of a funnel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FunnelGroup {
    /// People who took at least so many steps (place 0: the first step).
    pub people: Vec<u64>,
    /// Microseconds from the first step to this one, added up over those people: their first completion of it.
    pub took_us: Vec<i64>,
    /// How many of those took less than each of [`TOOK_LIMITS_US`], and the rest.
    pub took: Vec<[u64; TOOK_LIMITS_US.len() + 1]>,
}

/// Limits of the histogram of times, in microseconds: a minute, an hour, a day, 3 days, a week, 2 weeks, 30 and 90 days.
pub const TOOK_LIMITS_US: [i64; 8] = {
    use kernel::time::{DAY, HOUR, MINUTE};
    [MINUTE, HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY]
};

impl FunnelGroup {
    fn reach(&mut self, steps: usize) {
        if self.people.len() < steps {
            self.people.resize(steps, 0);
            self.took_us.resize(steps, 0);
            self.took.resize(steps, [0; TOOK_LIMITS_US.len() + 1]);
        }
    }

    fn count(&mut self, state: &Attempts) {
        self.reach(state.furthest);
        // The first step takes no time.
        self.people[0] += 1;
        self.took[0][0] += 1;
        for step in 1..state.furthest {
            self.people[step] += 1;
            self.took_us[step] += state.took[step];
            self.took[step][TOOK_LIMITS_US.partition_point(|limit| *limit <= state.took[step])] += 1;
        }
    }

    /// Takes away what some of its people added; `false` when they had not added that.
    fn take_away(&mut self, less: &FunnelGroup) -> bool {
        let steps = less.people.len();
        if self.people.len() < steps || !take_off(&mut self.people[..steps], &less.people) {
            return false;
        }
        let mut fits = true;
        for step in 0..steps {
            // Times are not negative, so no sum of them is.
            self.took_us[step] -= less.took_us[step];
            fits &= self.took_us[step] >= 0 && take_off(&mut self.took[step], &less.took[step]);
        }
        // A step that nobody took is not there.
        let steps = self.people.iter().take_while(|people| **people > 0).count();
        self.people.truncate(steps);
        self.took_us.truncate(steps);
        self.took.truncate(steps);
        fits
    }

    /// Adds another group to it.
    pub fn add(&mut self, other: &FunnelGroup) {
        self.reach(other.people.len());
        for step in 0..other.people.len() {
            self.people[step] += other.people[step];
            self.took_us[step] += other.took_us[step];
            for (into, from) in self.took[step].iter_mut().zip(other.took[step]) {
                *into += from;
            }
        }
    }
}

/// A funnel, by group; one group with an empty name without a breakdown.
#[derive(Debug, Clone, Default)]
pub struct Funnel {
    by_code: Vec<FunnelGroup>,
    /// The groups.
    pub groups: BTreeMap<String, FunnelGroup>,
    /// The numbers of the people asked for, in no order.
    pub people: Vec<u64>,
}

impl Funnel {
    /// The group of a code; `texts` is how many codes there are about.
    #[inline]
    fn group(&mut self, code: usize, texts: usize) -> &mut FunnelGroup {
        if self.by_code.len() <= code {
            self.by_code.resize(texts.max(code + 1), FunnelGroup::default());
        }
        &mut self.by_code[code]
    }
}

impl AtFinish for FunnelFold {}

impl Reversible for FunnelFold {
    fn take_away(&self, from: &mut Funnel, less: &Funnel) -> bool {
        for (text, less) in &less.groups {
            let Some(group) = from.groups.get_mut(text) else { return false };
            if !group.take_away(less) {
                return false;
            }
            if group.people.is_empty() {
                from.groups.remove(text);
            }
        }
        true
    }
}

impl Fold for FunnelFold {
    type State = Attempts;
    type Output = Funnel;

    fn columns(&self) -> Columns {
        self.columns
    }

    fn literals(&self) -> Vec<String> {
        self.literals.texts.clone()
    }

    fn properties(&self) -> Vec<String> {
        self.literals.properties.clone()
    }

    /// In a strict order every event counts: it may come between two steps.
    fn names(&self) -> Option<Vec<String>> {
        self.names.clone().filter(|_| self.order == FunnelOrder::Loose)
    }

    fn init(&self) -> Attempts {
        Attempts {
            attempts: [Attempt::default(); STEPS_MAX],
            live: 0,
            fresh: 0,
            furthest: 0,
            group: 0,
            took: [0; STEPS_MAX],
            masks: Masks::default(),
        }
    }

    fn reset(&self, state: &mut Attempts) {
        (state.live, state.fresh, state.furthest) = (0, 0, 0);
    }

    fn step(&self, state: &mut Attempts, event: &EventRef<'_>) {
        let mask = self.filters.admit(self.filters.by_name(event.code(Col::Name)), event);
        if mask != 0 || self.order == FunnelOrder::Strict {
            self.take(state, event.at(), mask, || self.breakdown.map_or(0, |column| event.code(column)));
        }
    }

    fn steps(&self, state: &mut Attempts, run: Run<'_>, _output: &mut Funnel) {
        let mut masks = std::mem::take(&mut state.masks);
        masks.fit(&self.filters, run.codes(Col::Name));
        self.walk(state, run, &masks);
        state.masks = masks;
    }

    fn people(&self, state: &mut Attempts, people: Run<'_>, output: &mut Funnel) {
        let mut masks = std::mem::take(&mut state.masks);
        masks.fit(&self.filters, people.codes(Col::Name));
        people.each_person(|person, run| {
            self.reset(state);
            self.walk(state, run, &masks);
            self.finish(person, state, run.dict(), output);
        });
        state.masks = masks;
    }

    fn finish(&self, person: u64, state: &mut Attempts, dict: &Dict, output: &mut Funnel) {
        if state.furthest == 0 {
            return;
        }
        output.group(state.group as usize, dict.len()).count(state);
        if let Some(listed) = &self.listed {
            let far = state.furthest >= listed.steps && (!listed.stopped || state.furthest == listed.steps);
            let group = || {
                let text = dict.text(state.group);
                listed.group.as_ref().is_none_or(|group| text == group) && !self.unlisted.iter().any(|one| one == text)
            };
            if far && output.people.len() < listed.people_max && group() {
                output.people.push(person);
            }
        }
    }

    fn output(&self) -> Funnel {
        Funnel::default()
    }

    fn close(&self, dict: &Dict, output: &mut Funnel) {
        for (code, group) in output.by_code.drain(..).enumerate().filter(|(_, group)| !group.people.is_empty()) {
            let code = u32::try_from(code).unwrap_or(0);
            output.groups.entry(dict.text(code).to_owned()).or_default().add(&group);
        }
    }

    fn weight(&self, output: &Funnel) -> usize {
        let step = 2 * size_of::<u64>() + size_of::<[u64; TOOK_LIMITS_US.len() + 1]>();
        let group = size_of::<FunnelGroup>() + self.steps * step;
        output.people.len() * size_of::<u64>()
            + output.by_code.len() * size_of::<FunnelGroup>()
            + output.groups.len() * (group + 2 * size_of::<String>())
    }

    fn merge(&self, into: &mut Funnel, from: Funnel) {
        for (text, group) in from.groups {
            into.groups.entry(text).or_default().add(&group);
        }
        into.people.extend(from.people);
        if let Some(listed) = &self.listed {
            into.people.truncate(listed.people_max);
        }
    }
}
