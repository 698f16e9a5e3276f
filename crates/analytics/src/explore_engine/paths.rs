//! Paths: what people do after their first event of a kind, or before their last.
//!
//! **Invariant:** who stands at a stop goes on to exactly one stop of the next step, or ends: the links out of a stop sum
//! to it.

use super::plan::{self, STOPS_MAX, micros};
use super::reader::Stretch;
use crate::explore_model::{Cell, Exploration, PathDirection, PathNode, PathsAsk, Stop};
use crate::explore_model::{PathLink, PathStopCount, PathsAnswer};
use kernel::problem::Problem;
use lake::folds::filter::{EventFilter, Filters, Literals};
use lake::folds::predicates::AtFinish;
use lake::{Col, Columns, Dict, EventRef, Fold};
use std::collections::BTreeMap;

/// Bits of the filters.
const ANCHOR: u32 = 1;
const STOP: u32 = 2;

/// Follows people from an anchor.
#[derive(Debug, Clone)]
pub(super) struct PathFold {
    filters: Filters,
    literals: Literals,
    columns: Columns,
    node: Col,
    direction: PathDirection,
    steps: usize,
    collapse: bool,
    window_us: i64,
    /// For each step after the anchor, the codes of the stops that are shown; none while they are not known.
    shown: Option<Vec<Vec<u32>>>,
    listed: Option<(usize, Option<usize>)>,
}

/// One person: the stops after the anchor, or before it, the nearest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Walk {
    anchored: bool,
    anchor_at: i64,
    /// The stop before, for those that repeat it.
    last: u32,
    stops: Vec<u32>,
    /// Backwards: the stops so far with their moments, the last one last.
    trail: Vec<(u32, i64)>,
}

/// What all walks add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Walks {
    by_code: Vec<BTreeMap<u32, u64>>,
    /// People with an anchor.
    anchored: u64,
    /// While the stops are not known: people by text, for each step after the anchor.
    texts: Vec<BTreeMap<String, u64>>,
    /// People by place of the stop, for each step after the anchor.
    stops: Vec<Vec<u64>>,
    /// People by places of two stops, for each pair of steps; the first is from the anchor.
    links: Vec<BTreeMap<(usize, usize), u64>>,
    /// The people of the stop that was asked for.
    pub(super) people: Vec<u64>,
}

impl PathFold {
    fn new(ask: &PathsAsk, [anchor, stop]: &[EventFilter; 2]) -> Self {
        let node = match ask.node {
            PathNode::Name => Col::Name,
            PathNode::Path => Col::Path,
            PathNode::Channel => Col::Channel,
        };
        let mut literals = Literals::default();
        let filters = Filters::new(&[anchor, stop], &mut literals);
        Self {
            filters,
            literals,
            columns: Columns::of(&[Col::Name, node]).and(anchor.columns()).and(stop.columns()),
            node,
            direction: ask.direction,
            steps: ask.steps,
            collapse: ask.collapse,
            window_us: ask.window_minutes.map_or(i64::MAX, micros),
            shown: None,
            listed: None,
        }
    }

    /// The same fold, once the stops of each step are known.
    fn showing(&self, shown: &[Vec<String>]) -> Self {
        let mut literals = self.literals.clone();
        let codes =
            |texts: &Vec<String>, literals: &mut Literals| texts.iter().map(|text| literals.code(text)).collect();
        let shown = shown.iter().map(|texts| codes(texts, &mut literals)).collect();
        Self { literals, shown: Some(shown), ..self.clone() }
    }

    /// With the people at a stop: the step (0 is the anchor) and its place; all who came this far when none.
    fn listing(mut self, step: usize, place: Option<usize>) -> Self {
        self.listed = Some((step, place));
        self
    }

    fn after(&self, state: &mut Walk, at: i64, code: u32, mask: u32) {
        if !state.anchored {
            if mask & ANCHOR != 0 {
                (state.anchored, state.anchor_at, state.last) = (true, at, code);
            }
            return;
        }
        let near = at.saturating_sub(state.anchor_at) <= self.window_us;
        if mask & STOP == 0 || code == 0 || state.stops.len() == self.steps || !near {
            return;
        }
        if !self.collapse || state.last != code {
            state.stops.push(code);
        }
        state.last = code;
    }

    fn before(&self, state: &mut Walk, at: i64, code: u32, mask: u32) {
        if mask & ANCHOR != 0 {
            (state.anchored, state.anchor_at) = (true, at);
            state.stops.clear();
            let near = |(_, then): &&(u32, i64)| at.saturating_sub(*then) <= self.window_us;
            let skip = usize::from(self.collapse && state.trail.last().is_some_and(|last| last.0 == code));
            let back = state.trail.iter().rev().skip(skip).filter(near);
            state.stops.extend(back.take(self.steps).map(|(code, _)| *code));
        }
        if mask & STOP == 0 || code == 0 {
            return;
        }
        match state.trail.last_mut() {
            Some(last) if self.collapse && last.0 == code => last.1 = at,
            _ => {
                if state.trail.len() > STOPS_MAX {
                    state.trail.remove(0);
                }
                state.trail.push((code, at));
            }
        }
    }

    /// The place of a stop: among those shown, after them "other", and after that the end.
    fn place(&self, step: usize, code: Option<u32>) -> usize {
        let Some(shown) = self.shown.as_ref().and_then(|shown| shown.get(step)) else { return 0 };
        match code {
            None => shown.len() + 1,
            Some(code) => shown.iter().position(|one| *one == code).unwrap_or(shown.len()),
        }
    }
}

impl AtFinish for PathFold {}

impl Fold for PathFold {
    type State = Walk;
    type Output = Walks;

    fn columns(&self) -> Columns {
        self.columns
    }

    fn literals(&self) -> Vec<String> {
        self.literals.texts.clone()
    }

    fn properties(&self) -> Vec<String> {
        self.literals.properties.clone()
    }

    fn weight(&self, output: &Walks) -> usize {
        let codes: usize = output.by_code.iter().map(BTreeMap::len).sum();
        (codes + output.people.len()) * 2 * size_of::<u64>()
    }

    fn init(&self) -> Walk {
        Walk::default()
    }

    fn reset(&self, state: &mut Walk) {
        state.anchored = false;
        state.stops.clear();
        state.trail.clear();
    }

    fn step(&self, state: &mut Walk, event: &EventRef<'_>) {
        let mask = self.filters.admit(self.filters.by_name(event.code(Col::Name)), event);
        if mask != 0 {
            let code = event.code(self.node);
            match self.direction {
                PathDirection::After => self.after(state, event.at(), code, mask),
                PathDirection::Before => self.before(state, event.at(), code, mask),
            }
        }
    }

    fn finish(&self, person: u64, state: &mut Walk, _dict: &Dict, output: &mut Walks) {
        if !state.anchored {
            return;
        }
        output.anchored += 1;
        if self.shown.is_none() {
            for (step, code) in state.stops.iter().enumerate() {
                *output.by_code[step].entry(*code).or_default() += 1;
            }
            return;
        }
        let mut listed = matches!(self.listed, Some((0, _)));
        let mut from = 0;
        for step in 0..self.steps.min(state.stops.len() + 1) {
            let place = self.place(step, state.stops.get(step).copied());
            output.stops[step][place] += 1;
            *output.links[step].entry((from, place)).or_default() += 1;
            listed |=
                self.listed.is_some_and(|(wanted, stop)| wanted == step + 1 && stop.is_none_or(|stop| stop == place));
            from = place;
        }
        if listed {
            output.people.push(person);
        }
    }

    fn output(&self) -> Walks {
        let stops = self.shown.iter().flatten().map(|texts| vec![0; texts.len() + 2]).collect();
        let (by_code, texts) = (vec![BTreeMap::new(); self.steps], vec![BTreeMap::new(); self.steps]);
        Walks { by_code, texts, stops, links: vec![BTreeMap::new(); self.steps], ..Walks::default() }
    }

    fn close(&self, dict: &Dict, output: &mut Walks) {
        for (codes, texts) in output.by_code.iter_mut().zip(&mut output.texts) {
            for (code, people) in std::mem::take(codes) {
                *texts.entry(dict.text(code).to_owned()).or_default() += people;
            }
        }
    }

    fn merge(&self, into: &mut Walks, from: Walks) {
        into.anchored += from.anchored;
        for (into, from) in into.texts.iter_mut().zip(from.texts) {
            from.into_iter().for_each(|(text, people)| *into.entry(text).or_default() += people);
        }
        for (into, from) in into.stops.iter_mut().zip(from.stops) {
            into.iter_mut().zip(from).for_each(|(into, people)| *into += people);
        }
        for (into, from) in into.links.iter_mut().zip(from.links) {
            from.into_iter().for_each(|(pair, people)| *into.entry(pair).or_default() += people);
        }
        into.people.extend(from.people);
    }
}

/// The largest stops of a step, of equals the first by name.
fn largest(texts: &BTreeMap<String, u64>, top: usize) -> Vec<String> {
    let mut all: Vec<(&String, &u64)> = texts.iter().collect();
    all.sort_by(|one, other| other.1.cmp(one.1).then_with(|| one.0.cmp(other.0)));
    all.into_iter().take(top).map(|(text, _)| text.clone()).collect()
}

/// What the anchor is called.
fn anchor(ask: &PathsAsk) -> Stop {
    Stop::Value(ask.anchor.name.clone().unwrap_or_default())
}

/// Answers.
pub(super) async fn answer(stretch: &Stretch<'_>, asked: &Exploration, ask: &PathsAsk) -> Result<PathsAnswer, Problem> {
    let fold = PathFold::new(ask, &plan::paths(ask, asked.humans_only)?);
    let seen = stretch.fold(fold.clone()).await?;
    let shown: Vec<Vec<String>> = seen.texts.iter().map(|texts| largest(texts, ask.top)).collect();
    let found = stretch.fold(fold.showing(&shown)).await?;
    let mut steps = vec![vec![PathStopCount { stop: anchor(ask), people: found.anchored }]];
    // Places without anybody are left out; where the others are then.
    let mut moved: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::from([(0, 0)])];
    for (texts, people) in shown.iter().zip(&found.stops) {
        let stops = texts.iter().cloned().map(Stop::Value).chain([Stop::Other, Stop::End]);
        let held: Vec<(usize, PathStopCount)> = stops
            .zip(people)
            .enumerate()
            .filter(|(_, (_, people))| **people > 0)
            .map(|(place, (stop, people))| (place, PathStopCount { stop, people: *people }))
            .collect();
        moved.push(held.iter().enumerate().map(|(new, (old, _))| (*old, new)).collect());
        steps.push(held.into_iter().map(|(_, stop)| stop).collect());
    }
    let mut links = Vec::new();
    for (step, pairs) in found.links.iter().enumerate() {
        for ((from, to), people) in pairs {
            if let (Some(from), Some(to)) = (moved[step].get(from), moved[step + 1].get(to)) {
                links.push(PathLink { step, from: *from, to: *to, people: *people });
            }
        }
    }
    Ok(PathsAnswer { steps, links })
}

/// Who is behind a stop.
pub(super) async fn people(
    stretch: &Stretch<'_>,
    asked: &Exploration,
    ask: &PathsAsk,
    cell: &Cell,
    shown: &PathsAnswer,
) -> Result<Vec<u64>, Problem> {
    let Cell::Paths { step, stop } = cell else { return Ok(Vec::new()) };
    let Some(stops) = shown.steps.get(*step) else {
        return Err(Problem::invalid("cell.step", "There is no such step in the answer; the anchor is step 0."));
    };
    if stop.as_ref().is_some_and(|stop| !stops.iter().any(|one| one.stop == *stop)) {
        return Err(Problem::invalid("cell.stop", "There is no such stop at this step of the answer."));
    }
    let texts = |stops: &Vec<PathStopCount>| {
        let text = |one: &PathStopCount| match &one.stop {
            Stop::Value(text) => Some(text.clone()),
            Stop::Other | Stop::End => None,
        };
        stops.iter().filter_map(text).collect::<Vec<String>>()
    };
    let known: Vec<Vec<String>> = shown.steps.iter().skip(1).map(texts).collect();
    let place = match stop.as_ref().filter(|_| *step > 0) {
        None => None,
        Some(Stop::Value(text)) => known[step - 1].iter().position(|one| one == text),
        Some(Stop::Other) => Some(known[step - 1].len()),
        Some(Stop::End) => Some(known[step - 1].len() + 1),
    };
    let fold = PathFold::new(ask, &plan::paths(ask, asked.humans_only)?).showing(&known).listing(*step, place);
    Ok(stretch.fold(fold).await?.people)
}
