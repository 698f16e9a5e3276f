//! Ways to a conversion: how many people took each sequence of touches, with and without converting at its end.
//!
//! What an attribution model needs that looks at the order of touches only (the positional models, Markov chains of any
//! order, Shapley values) follows from these counts, so events are read once however many models are compared.
//!
//! A touch is an event that the filter admits and whose column says something. A journey begins with a person's first touch,
//! or with the first one after a conversion, and ends with a conversion, or with the person's last event when there is none.

use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold, Recoder, Run};
use crate::folds::filter::{EventFilter, Filters, Literals, Masks, names_of};
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Counts journeys by their sequence of touches.
#[derive(Debug, Clone)]
pub struct JourneyFold {
    column: Col,
    lookback_us: i64,
    filters: Filters,
    literals: Literals,
    names: Option<Vec<String>>,
    columns: Columns,
}

/// How often a sequence of touches was a journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JourneyCount {
    /// Journeys that ended with a conversion.
    pub conversions: u64,
    /// What those were worth together, in micros.
    pub value: i128,
    /// Journeys that ended without one.
    pub nothing: u64,
}

impl JourneyCount {
    fn add(&mut self, other: &JourneyCount) {
        self.conversions += other.conversions;
        self.value += other.value;
        self.nothing += other.nothing;
    }
}

/// One person on the way.
#[derive(Debug, Clone, Default)]
pub struct Way {
    at: Vec<i64>,
    codes: Vec<u32>,
    masks: Masks,
}

/// Journeys by their touches.
#[derive(Debug, Clone, Default)]
pub struct Journeys {
    counts: HashMap<Box<[u32]>, JourneyCount>,
    /// The texts of the codes, once it is closed.
    texts: Dict,
    bytes: usize,
}

impl Journeys {
    /// Each sequence of touches, in order, and how often it was a journey. The empty one stands for conversions without a
    /// touch in the lookback.
    pub fn paths(&self) -> impl Iterator<Item = (Vec<&str>, JourneyCount)> {
        self.counts.iter().map(|(codes, count)| (codes.iter().map(|code| self.texts.text(*code)).collect(), *count))
    }

    /// By the set of different touches: what Shapley values are computed from.
    #[must_use]
    pub fn coalitions(&self) -> BTreeMap<BTreeSet<&str>, JourneyCount> {
        let mut coalitions: BTreeMap<BTreeSet<&str>, JourneyCount> = BTreeMap::new();
        for (path, count) in self.paths() {
            coalitions.entry(path.into_iter().collect()).or_default().add(&count);
        }
        coalitions
    }

    fn add(&mut self, path: &[u32], count: &JourneyCount) {
        if let Some(known) = self.counts.get_mut(path) {
            return known.add(count);
        }
        self.bytes += size_of_val(path) + ENTRY_BYTES;
        self.counts.insert(path.into(), *count);
    }
}

/// About what an entry takes beside its path.
const ENTRY_BYTES: usize = size_of::<(Box<[u32]>, JourneyCount)>() * 2;

impl JourneyFold {
    /// Touches by a column, conversions by another filter; touches before a conversion by more than `lookback_us`
    /// microseconds do not count for it.
    #[must_use]
    pub fn new(column: Col, touch: &EventFilter, conversion: &EventFilter, lookback_us: i64) -> Self {
        let mut literals = Literals::default();
        let filters = Filters::new(&[touch, conversion], &mut literals);
        let columns = touch.columns().and(conversion.columns()).and(Columns::of(&[column, Col::Name])).with_value();
        let names = names_of([touch, conversion]);
        Self { column, lookback_us, filters, literals, names, columns }
    }

    fn walk(&self, state: &mut Way, run: Run<'_>, output: &mut Journeys) {
        let (at, codes, names) = (run.at(), run.codes(self.column), run.codes(Col::Name).keys());
        for (place, name) in names.iter().enumerate() {
            let mask = state.masks.admitted(&self.filters, *name, &run, place);
            if mask & 1 != 0 && codes.at(place) != 0 {
                state.at.push(at[place]);
                state.codes.push(codes.at(place));
            }
            if mask & 2 != 0 {
                let from = state.at.partition_point(|touch| at[place] - touch > self.lookback_us);
                let value = i128::from(run.event(place).value().unwrap_or(0));
                output.add(&state.codes[from..], &JourneyCount { conversions: 1, value, nothing: 0 });
                state.at.clear();
                state.codes.clear();
            }
        }
    }
}

impl Fold for JourneyFold {
    type State = Way;
    type Output = Journeys;

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

    fn init(&self) -> Way {
        Way::default()
    }

    fn reset(&self, state: &mut Way) {
        state.at.clear();
        state.codes.clear();
    }

    /// Nothing: see [`JourneyFold::steps`].
    fn step(&self, _state: &mut Way, _event: &EventRef<'_>) {}

    fn steps(&self, state: &mut Way, run: Run<'_>, output: &mut Journeys) {
        state.masks.fit(&self.filters, run.codes(Col::Name));
        self.walk(state, run, output);
    }

    fn finish(&self, _person: u64, state: &mut Way, _dict: &Dict, output: &mut Journeys) {
        if !state.codes.is_empty() {
            output.add(&state.codes, &JourneyCount { nothing: 1, ..JourneyCount::default() });
        }
    }

    fn output(&self) -> Journeys {
        Journeys::default()
    }

    fn close(&self, dict: &Dict, output: &mut Journeys) {
        let (mut texts, mut recoder) = (Dict::new(), Recoder::default());
        let counts = output.counts.drain().map(|(mut path, count)| {
            path.iter_mut().for_each(|code| *code = recoder.code(*code, dict, &mut texts));
            (path, count)
        });
        let counts: HashMap<Box<[u32]>, JourneyCount> = counts.collect();
        output.counts = counts;
        output.texts = texts;
    }

    fn weight(&self, output: &Journeys) -> usize {
        output.bytes
    }

    fn merge(&self, into: &mut Journeys, from: Journeys) {
        let mut recoder = Recoder::default();
        for (mut path, count) in from.counts {
            path.iter_mut().for_each(|code| *code = recoder.code(*code, &from.texts, &mut into.texts));
            into.add(&path, &count);
        }
    }
}
