//! Walks: what people do after their first event of a kind, or before their last.
//!
//! **Invariant:** who stands at a stop goes on to exactly one stop of the next step, or ends: the links out of a stop sum
//! to it.

use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold, Recoder, Run};
use crate::folds::filter::{EventFilter, Filters, Literals, Masks};
use crate::folds::predicates::AtFinish;
use crate::renewed::Reversible;
use hashbrown::HashMap;

/// Most stops of a walk beside its anchor.
pub const STOPS_MAX: usize = 16;

/// Bits of the filters.
const ANCHOR: u32 = 1;
const STOP: u32 = 2;

/// Before the first stop the anchor, after the last one the end: no stop has the empty text.
const EDGE: u32 = 0;
/// Every stop that is not told apart.
const OTHER: u32 = u32::MAX;

/// Which way a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// What people do after their first event of the anchor.
    #[default]
    After,
    /// What they did before their last one.
    Before,
}

/// Follows people from an anchor.
#[derive(Debug, Clone)]
pub struct WalkFold {
    filters: Filters,
    literals: Literals,
    columns: Columns,
    node: Col,
    way: Way,
    steps: usize,
    collapse: bool,
    window_us: i64,
    detail: Detail,
    listed: Option<ListedCodes>,
}

/// What is told apart.
#[derive(Debug, Clone)]
enum Detail {
    /// Every pair of stops.
    Links,
    /// Every stop.
    Stops,
    /// Of each step the pairs of these stops.
    Shown(Vec<Vec<u32>>),
}

/// Whose numbers are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// Those who came to this step, or ended there; 0 is the anchor.
    Anyhow(usize),
    /// Those who stand at this text there.
    At(usize, String),
    /// Those who stand there at none of these.
    Outside(usize, Vec<String>),
    /// Those who went no further than to the step before.
    Ended(usize),
}

/// The same with codes.
#[derive(Debug, Clone)]
struct ListedCodes {
    step: usize,
    /// The codes, and whether the stop must be one of them; any when none.
    codes: Option<(Vec<u32>, bool)>,
}

/// One person: the stops after the anchor, or before it, the nearest first.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    anchored: bool,
    anchor_at: i64,
    /// Whether nothing that comes can change the stops.
    is_over: bool,
    /// The stop before, for those that repeat it.
    last: u32,
    stops: Vec<u32>,
    /// Backwards: the stops so far with their moments, the last one last.
    trail: Vec<(u32, i64)>,
    masks: Masks,
}

/// Where somebody stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop<'a> {
    /// Where all walks start.
    Anchor,
    /// At this text.
    At(&'a str),
    /// At a text that is not told apart.
    Other,
    /// Nowhere: the walk is over.
    End,
}

/// What all walks add up to.
#[derive(Debug, Clone, Default)]
pub struct Walks {
    /// People with an anchor.
    pub people: u64,
    /// For each step people by the stop before it and the stop at it; those before it are not told apart where every stop is.
    links: Vec<HashMap<(u32, u32), u64>>,
    /// What the codes are, once the output was closed.
    texts: Dict,
    /// The numbers of the people asked for, in no order.
    pub listed: Vec<u64>,
}

impl Walks {
    /// For each step how many people went on from one stop to another, in no order.
    pub fn links(&self) -> impl Iterator<Item = impl Iterator<Item = (Stop<'_>, Stop<'_>, u64)>> {
        let stop = |code, edge| match code {
            EDGE => edge,
            OTHER => Stop::Other,
            code => Stop::At(self.texts.text(code)),
        };
        let pair =
            move |((from, to), people): (&(u32, u32), &u64)| (stop(*from, Stop::Anchor), stop(*to, Stop::End), *people);
        self.links.iter().map(move |links| links.iter().map(pair))
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let links: usize = self.links.iter().map(HashMap::capacity).sum();
        links * (size_of::<((u32, u32), u64)>() + 1) + self.texts.bytes() + self.listed.len() * size_of::<u64>()
    }

    /// Moves on to the people of another output: each number of it with its place in this one.
    fn each(&mut self, other: &Self, mut take: impl FnMut(&mut u64, u64)) {
        take(&mut self.people, other.people);
        let mut moved = Recoder::default();
        let texts = &mut self.texts;
        let mut code = |code| match code {
            EDGE | OTHER => code,
            code => moved.code(code, &other.texts, texts),
        };
        for (own, links) in self.links.iter_mut().zip(&other.links) {
            for ((from, to), people) in links {
                take(own.entry((code(*from), code(*to))).or_default(), *people);
            }
        }
    }
}

impl WalkFold {
    /// From the anchor to at most so many of these stops, each called by the text of a column; events without one are passed
    /// over. At most [`STOPS_MAX`] steps.
    #[must_use]
    pub fn new(anchor: &EventFilter, stop: &EventFilter, node: Col, way: Way, steps: usize) -> Self {
        let mut literals = Literals::default();
        let filters = Filters::new(&[anchor, stop], &mut literals);
        Self {
            filters,
            literals,
            columns: Columns::of(&[Col::Name, node]).and(anchor.columns()).and(stop.columns()),
            node,
            way,
            steps: steps.min(STOPS_MAX),
            collapse: false,
            window_us: i64::MAX,
            detail: Detail::Links,
            listed: None,
        }
    }

    /// The same stop again and again counts as one.
    #[must_use]
    pub fn collapsed(self) -> Self {
        Self { collapse: true, ..self }
    }

    /// Only stops at most so many microseconds from the anchor.
    #[must_use]
    pub fn within(self, window_us: i64) -> Self {
        Self { window_us, ..self }
    }

    /// Every stop is told apart, and not every pair: takes less memory where there are very many.
    #[must_use]
    pub fn stops(self) -> Self {
        Self { detail: Detail::Stops, ..self }
    }

    /// Only pairs of these stops of each step are told apart; all others are one.
    #[must_use]
    pub fn showing(mut self, shown: &[Vec<String>]) -> Self {
        let literals = &mut self.literals;
        let codes = |texts: &Vec<String>| texts.iter().map(|text| literals.code(text)).collect();
        self.detail = Detail::Shown(shown.iter().map(codes).collect());
        self
    }

    /// With the numbers of some people.
    #[must_use]
    pub fn listing(mut self, listed: &Listed) -> Self {
        let codes = |texts: &[String], literals: &mut Literals| texts.iter().map(|text| literals.code(text)).collect();
        let literals = &mut self.literals;
        let (step, codes) = match listed {
            Listed::Anyhow(step) => (*step, None),
            Listed::At(step, text) => (*step, Some((codes(std::slice::from_ref(text), literals), true))),
            Listed::Outside(step, texts) => {
                let mut codes: Vec<u32> = codes(texts, literals);
                codes.push(EDGE);
                (*step, Some((codes, false)))
            }
            Listed::Ended(step) => (*step, Some((vec![EDGE], true))),
        };
        self.listed = Some(ListedCodes { step, codes });
        self
    }

    /// One event of a walk forwards; whether another one can change something.
    #[inline]
    fn after(&self, state: &mut Walk, at: i64, code: u32, mask: u32) -> bool {
        if !state.anchored {
            if mask & ANCHOR != 0 {
                (state.anchored, state.anchor_at, state.last) = (true, at, code);
            }
            return true;
        }
        if at.saturating_sub(state.anchor_at) > self.window_us {
            return false;
        }
        if mask & STOP != 0 && code != EDGE {
            if !self.collapse || state.last != code {
                state.stops.push(code);
            }
            state.last = code;
        }
        state.stops.len() < self.steps
    }

    /// One event of a walk backwards.
    #[inline]
    fn before(&self, state: &mut Walk, at: i64, code: u32, mask: u32) {
        if mask & ANCHOR != 0 {
            (state.anchored, state.anchor_at) = (true, at);
            state.stops.clear();
            let near = |(_, then): &&(u32, i64)| at.saturating_sub(*then) <= self.window_us;
            let skip = usize::from(self.collapse && state.trail.last().is_some_and(|last| last.0 == code));
            let back = state.trail.iter().rev().skip(skip).filter(near);
            state.stops.extend(back.take(self.steps).map(|(code, _)| *code));
        }
        if mask & STOP == 0 || code == EDGE {
            return;
        }
        match state.trail.last_mut() {
            Some(last) if self.collapse && last.0 == code => last.1 = at,
            _ => {
                if state.trail.len() > self.steps {
                    state.trail.remove(0);
                }
                state.trail.push((code, at));
            }
        }
    }

    /// Consecutive events of one person, whose names were fitted.
    #[inline]
    fn walk(&self, state: &mut Walk, run: Run<'_>) {
        if state.is_over {
            return;
        }
        let (at, nodes) = (run.at(), run.codes(self.node));
        for (place, name) in run.codes(Col::Name).keys().iter().enumerate() {
            let mask = state.masks.admitted(&self.filters, *name, &run, place);
            if mask == 0 {
                continue;
            }
            match self.way {
                Way::Before => self.before(state, at[place], nodes.at(place), mask),
                Way::After if self.after(state, at[place], nodes.at(place), mask) => {}
                Way::After => {
                    state.is_over = true;
                    return;
                }
            }
        }
    }

    /// What a stop is counted as at a step.
    #[inline]
    fn counted(&self, step: usize, code: u32) -> u32 {
        match &self.detail {
            Detail::Shown(shown) if code != EDGE => {
                if shown.get(step).is_some_and(|shown| shown.contains(&code)) {
                    code
                } else {
                    OTHER
                }
            }
            _ => code,
        }
    }

    /// A person who is finished.
    #[inline]
    fn count(&self, person: u64, state: &Walk, output: &mut Walks) {
        if !state.anchored {
            return;
        }
        output.people += 1;
        let is_listed = |step: usize, code: u32| {
            self.listed.as_ref().is_some_and(|listed| {
                let fits = |(codes, among): &(Vec<u32>, bool)| codes.contains(&code) == *among;
                listed.step == step && (step == 0 || listed.codes.as_ref().is_none_or(fits))
            })
        };
        let mut listed = is_listed(0, EDGE);
        let mut from = EDGE;
        for step in 0..self.steps.min(state.stops.len() + 1) {
            let code = state.stops.get(step).copied().unwrap_or(EDGE);
            let to = self.counted(step, code);
            *output.links[step].entry((from, to)).or_default() += 1;
            listed |= is_listed(step + 1, code);
            if !matches!(self.detail, Detail::Stops) {
                from = to;
            }
        }
        if listed {
            output.listed.push(person);
        }
    }
}

impl AtFinish for WalkFold {}

impl Reversible for WalkFold {
    fn take_away(&self, from: &mut Walks, less: &Walks) -> bool {
        let mut fits = from.links.len() == less.links.len();
        from.each(less, |people, less| match people.checked_sub(less) {
            Some(left) => *people = left,
            None => fits = false,
        });
        from.links.iter_mut().for_each(|links| links.retain(|_, people| *people > 0));
        fits
    }
}

impl Fold for WalkFold {
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

    fn init(&self) -> Walk {
        Walk::default()
    }

    fn reset(&self, state: &mut Walk) {
        (state.anchored, state.is_over) = (false, false);
        state.stops.clear();
        state.trail.clear();
    }

    fn step(&self, state: &mut Walk, event: &EventRef<'_>) {
        let mask = self.filters.admit(self.filters.by_name(event.code(Col::Name)), event);
        if mask == 0 || state.is_over {
            return;
        }
        match self.way {
            Way::After => state.is_over = !self.after(state, event.at(), event.code(self.node), mask),
            Way::Before => self.before(state, event.at(), event.code(self.node), mask),
        }
    }

    fn steps(&self, state: &mut Walk, run: Run<'_>, _output: &mut Walks) {
        state.masks.fit(&self.filters, run.codes(Col::Name));
        self.walk(state, run);
    }

    fn people(&self, state: &mut Walk, people: Run<'_>, output: &mut Walks) {
        state.masks.fit(&self.filters, people.codes(Col::Name));
        people.each_person(|person, run| {
            self.reset(state);
            self.walk(state, run);
            self.count(person, state, output);
        });
    }

    fn finish(&self, person: u64, state: &mut Walk, _dict: &Dict, output: &mut Walks) {
        self.count(person, state, output);
    }

    fn output(&self) -> Walks {
        Walks { links: vec![HashMap::new(); self.steps], ..Walks::default() }
    }

    fn close(&self, dict: &Dict, output: &mut Walks) {
        let open =
            Walks { people: 0, listed: Vec::new(), texts: dict.clone(), links: std::mem::take(&mut output.links) };
        output.links = vec![HashMap::new(); self.steps];
        output.each(&open, |people, more| *people += more);
    }

    fn weight(&self, output: &Walks) -> usize {
        output.bytes()
    }

    fn merge(&self, into: &mut Walks, from: Walks) {
        into.each(&from, |people, more| *people += more);
        into.listed.extend(from.listed);
    }
}
