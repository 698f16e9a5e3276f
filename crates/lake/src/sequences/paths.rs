//! Touch after touch: credit by time decay, and how often one channel follows another on the way to a conversion.
//!
//! A touch is an event that the filter admits and whose column says something. A journey begins with a person's first touch,
//! or with the first one after a conversion, and ends with a conversion, or with the person's last event when there is none.

use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold, Run};
use crate::folds::filter::{EventFilter, Filters, Literals, Masks, names_of};
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// Where a journey goes from or to besides the texts of the column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stop {
    /// Before the first touch.
    Start,
    /// A touch.
    At(String),
    /// A conversion.
    Conversion,
    /// The journey ends without one.
    Nothing,
}

/// Credits conversions to touches and counts transitions.
#[derive(Debug, Clone)]
pub struct PathsFold {
    column: Col,
    /// Touches before a conversion by more than this many microseconds get no credit.
    lookback_us: i64,
    /// After so many microseconds a touch counts half.
    half_life_us: i64,
    filters: Filters,
    literals: Literals,
    names: Option<Vec<String>>,
    columns: Columns,
}

impl PathsFold {
    /// Touches by a column, conversions by another filter.
    #[must_use]
    pub fn new(
        column: Col,
        touch: &EventFilter,
        conversion: &EventFilter,
        lookback_us: i64,
        half_life_us: i64,
    ) -> Self {
        let mut literals = Literals::default();
        let filters = Filters::new(&[touch, conversion], &mut literals);
        let columns = touch.columns().and(conversion.columns()).and(Columns::of(&[column, Col::Name]));
        let names = names_of([touch, conversion]);
        Self { column, lookback_us, half_life_us, filters, literals, names, columns }
    }

    /// Events of one person, whose names were fitted.
    #[inline]
    fn walk(&self, state: &mut Journey, run: Run<'_>, output: &mut Paths) {
        let (at, codes, names) = (run.at(), run.codes(self.column), run.codes(Col::Name).keys());
        let (keys, table) = (codes.keys(), codes.table().1);
        for (place, name) in names.iter().enumerate() {
            let mask = state.masks.admitted(&self.filters, *name, &run, place);
            if mask != 0 {
                self.take(state, at[place], table[keys[place] as usize], mask, output);
            }
        }
    }

    #[inline]
    fn take(&self, state: &mut Journey, at: i64, code: u32, mask: u32, output: &mut Paths) {
        if mask & 1 != 0 && code != 0 {
            output.transition(state.last, code + FIRST_CODE);
            state.last = code + FIRST_CODE;
            state.touches.push((at, code));
        }
        if mask & 2 != 0 {
            output.conversions += 1;
            output.transition(state.last, CONVERSION);
            let from = state.touches.partition_point(|(touch, _)| at - touch > self.lookback_us);
            self.credit(&state.touches[from..], output);
            state.touches.clear();
            state.last = START;
        }
    }

    /// Time decay: a touch weighs `2^(-age / half life)`, and the weights of a conversion add up to one. Only the ratios of the
    /// weights count, so ages are taken from the last touch: its weight is one, however short the half life is.
    fn credit(&self, touches: &[(i64, u32)], output: &mut Paths) {
        let Some((newest, _)) = touches.last() else {
            output.uncredited += 1;
            return;
        };
        #[expect(clippy::cast_precision_loss, reason = "microseconds of centuries are below 2^53")]
        let weight = |touch: i64| (-((newest - touch) as f64) / self.half_life_us.max(1) as f64).exp2();
        let sum: f64 = touches.iter().map(|(touch, _)| weight(*touch)).sum();
        for (touch, code) in touches {
            let place = *code as usize;
            if output.credit.len() <= place {
                output.credit.resize(place + 1, 0.0);
            }
            output.credit[place] += weight(*touch) / sum;
        }
    }
}

const START: u32 = 0;
const CONVERSION: u32 = 1;
const NOTHING: u32 = 2;
const FIRST_CODE: u32 = 3;

/// One person on the way.
#[derive(Debug, Clone, Default)]
pub struct Journey {
    last: u32,
    touches: Vec<(i64, u32)>,
    masks: Masks,
}

/// Credit and transitions.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    /// Conversions.
    pub conversions: u64,
    /// Conversions without a touch in the lookback.
    pub uncredited: u64,
    /// Conversions credited to each text; they add up to the conversions less the uncredited ones.
    pub credits: BTreeMap<String, f64>,
    /// How often one stop followed another.
    pub transitions: BTreeMap<(Stop, Stop), u64>,
    credit: Vec<f64>,
    /// From × to, of the first [`DENSE`] stops; empty until the first.
    counts: Vec<u64>,
    /// The others: a column may have very many texts.
    rare: HashMap<(u32, u32), u64>,
}

/// Stops whose transitions are counted in a square, half a megabyte of it.
const DENSE: usize = 256;

impl Paths {
    #[inline]
    fn transition(&mut self, from: u32, to: u32) {
        if from.max(to) as usize >= DENSE {
            *self.rare.entry((from, to)).or_default() += 1;
            return;
        }
        if self.counts.is_empty() {
            self.counts = vec![0; DENSE * DENSE];
        }
        self.counts[from as usize * DENSE + to as usize] += 1;
    }
}

fn stop(place: u32, dict: &Dict) -> Stop {
    match place {
        START => Stop::Start,
        CONVERSION => Stop::Conversion,
        NOTHING => Stop::Nothing,
        code => Stop::At(dict.text(code - FIRST_CODE).to_owned()),
    }
}

impl Fold for PathsFold {
    type State = Journey;
    type Output = Paths;

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

    fn init(&self) -> Journey {
        Journey::default()
    }

    fn reset(&self, state: &mut Journey) {
        state.last = START;
        state.touches.clear();
    }

    /// Nothing: see [`PathsFold::steps`].
    fn step(&self, _state: &mut Journey, _event: &EventRef<'_>) {}

    fn steps(&self, state: &mut Journey, run: Run<'_>, output: &mut Paths) {
        state.masks.fit(&self.filters, run.codes(Col::Name));
        self.walk(state, run, output);
    }

    fn people(&self, state: &mut Journey, people: Run<'_>, output: &mut Paths) {
        state.masks.fit(&self.filters, people.codes(Col::Name));
        people.each_person(|person, run| {
            self.reset(state);
            self.walk(state, run, output);
            self.finish(person, state, run.dict(), output);
        });
    }

    fn finish(&self, _person: u64, state: &mut Journey, _dict: &Dict, output: &mut Paths) {
        if state.last != START {
            output.transition(state.last, NOTHING);
        }
    }

    fn output(&self) -> Paths {
        Paths::default()
    }

    fn close(&self, dict: &Dict, output: &mut Paths) {
        for (code, credit) in output.credit.drain(..).enumerate().filter(|(_, credit)| *credit > 0.0) {
            let text = dict.text(u32::try_from(code).unwrap_or(0)).to_owned();
            *output.credits.entry(text).or_default() += credit;
        }
        let counts = std::mem::take(&mut output.counts).into_iter().enumerate();
        let place = |place: usize| u32::try_from(place).unwrap_or(START);
        let dense = counts.map(|(at, count)| ((place(at / DENSE), place(at % DENSE)), count));
        for ((from, to), count) in dense.chain(output.rare.drain()).filter(|(_, count)| *count > 0) {
            *output.transitions.entry((stop(from, dict), stop(to, dict))).or_default() += count;
        }
    }

    fn merge(&self, into: &mut Paths, from: Paths) {
        into.conversions += from.conversions;
        into.uncredited += from.uncredited;
        for (text, credit) in from.credits {
            *into.credits.entry(text).or_default() += credit;
        }
        for (pair, count) in from.transitions {
            *into.transitions.entry(pair).or_default() += count;
        }
    }
}
