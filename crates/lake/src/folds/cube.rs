//! The cube: events, people and value by period and by texts, counted on codes. The engine under every standard report.

use super::filter::{EventFilter, Filters, Literals};
use super::periods::Periods;
use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold, Recoder, Run, RunCodes};
use hashbrown::HashMap;

/// Most columns a cube is divided by.
pub const COLUMNS_MAX: usize = 4;

/// Most cells of one cube; an event that would make one more is counted in [`Cube::dropped`].
pub const CELLS_MAX: usize = 1 << 20;

/// Counts events and people, and adds up values, by period and up to [`COLUMNS_MAX`] columns.
#[derive(Debug, Clone)]
pub struct CubeFold {
    /// Events outside are not counted. All time when empty.
    periods: Periods,
    by: Vec<Col>,
    filter: EventFilter,
    filters: Filters,
    literals: Vec<String>,
    has_value: bool,
}

impl CubeFold {
    /// The events that the filter admits, by these columns; further ones than [`COLUMNS_MAX`] are left out. `bounds` says
    /// where each period begins, and where the last one ends, microseconds UTC, ascending; all time when empty.
    #[must_use]
    pub fn new(filter: &EventFilter, by: &[Col], bounds: &[i64]) -> Self {
        let mut literals = Literals::default();
        let filters = Filters::new(&[filter], &mut literals);
        Self {
            periods: Periods::new(bounds),
            by: by[..by.len().min(COLUMNS_MAX)].to_vec(),
            filter: filter.clone(),
            filters,
            literals: literals.0,
            has_value: false,
        }
    }

    /// With the sum of `value`.
    #[must_use]
    pub fn with_value(mut self) -> Self {
        self.has_value = true;
        self
    }

    /// Counts a run: events that follow each other in one cell are added to it at once.
    fn count(
        &self,
        state: &mut Place,
        run: Run<'_>,
        output: &mut Cube,
        admits: impl Fn(usize) -> bool,
        key: impl Fn(usize) -> Key,
    ) {
        let at = run.at();
        let mut held = Held::default();
        for (place, at) in at.iter().enumerate() {
            if !admits(place) {
                continue;
            }
            if *at < state.from || *at >= state.to {
                let Some(place) = self.place(*at) else { continue };
                output.add(&mut held, state.period);
                *state = place;
            }
            let key = key(place);
            if held.key != key {
                output.add(&mut held, state.period);
                held.key = key;
            }
            held.events += 1;
            if self.has_value {
                held.value += i128::from(run.event(place).value().unwrap_or(0));
            }
        }
        output.add(&mut held, state.period);
    }

    fn place(&self, at: i64) -> Option<Place> {
        if self.periods.len() == 0 {
            return Some(Place { period: 0, from: i64::MIN, to: i64::MAX });
        }
        let period = self.periods.find(at)?;
        let (from, to) = self.periods.of(period);
        Some(Place { period, from, to })
    }

    fn is_everything(&self) -> bool {
        self.filter == EventFilter::default()
    }
}

/// What is counted of one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CubeCell {
    /// Events.
    pub events: u64,
    /// Different people.
    pub people: u64,
    /// Sum of their values, in micros; 0 unless it was asked for.
    pub value: i128,
    /// The last person counted here, by its turn in the bucket.
    turn: u32,
}

/// Where a person's next event is likely to be counted.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    period: usize,
    from: i64,
    to: i64,
}

/// Events of one cell that were not added to it yet.
#[derive(Default)]
struct Held {
    key: Key,
    events: u64,
    value: i128,
}

type Key = [u32; COLUMNS_MAX];

/// One row of cells for each combination of texts.
#[derive(Debug, Clone, Default)]
struct Slices {
    keys: Vec<Key>,
    /// By code of the only column, or by combination.
    by_code: Vec<u32>,
    by_key: HashMap<Key, u32>,
    /// Period after period for each key.
    cells: Vec<CubeCell>,
}

impl Slices {
    const NONE: u32 = u32::MAX;

    /// The place of a key's cells; none when there are too many.
    fn of(&mut self, key: Key, columns: usize, periods: usize) -> Option<usize> {
        let known = if columns <= 1 {
            self.by_code.get(key[0] as usize).copied().filter(|place| *place != Self::NONE)
        } else {
            self.by_key.get(&key).copied()
        };
        if let Some(place) = known {
            return Some(place as usize * periods);
        }
        if self.cells.len() + periods > CELLS_MAX.max(periods) {
            return None;
        }
        let place = u32::try_from(self.keys.len()).ok()?;
        self.keys.push(key);
        self.cells.resize(self.cells.len() + periods, CubeCell::default());
        if columns <= 1 {
            if self.by_code.len() <= key[0] as usize {
                self.by_code.resize(key[0] as usize + 1, Self::NONE);
            }
            self.by_code[key[0] as usize] = place;
        } else {
            self.by_key.insert(key, place);
        }
        Some(place as usize * periods)
    }
}

/// Cells by period and by texts.
#[derive(Debug, Clone, Default)]
pub struct Cube {
    slices: Slices,
    periods: usize,
    columns: usize,
    turn: u32,
    /// The texts of [`Cube::rows`].
    texts: Dict,
    /// Events that were not counted because there were more than [`CELLS_MAX`] cells.
    pub dropped: u64,
}

impl Cube {
    /// The texts of each combination, one a column, and its cells, one a period.
    pub fn rows(&self) -> impl Iterator<Item = (Vec<&str>, &[CubeCell])> {
        let cells = self.slices.cells.chunks(self.periods.max(1));
        let texts = |key: &Key| key[..self.columns].iter().map(|code| self.texts.text(*code)).collect();
        self.slices.keys.iter().map(texts).zip(cells)
    }

    fn add(&mut self, held: &mut Held, period: usize) {
        let (events, value) = (std::mem::take(&mut held.events), std::mem::take(&mut held.value));
        if events == 0 {
            return;
        }
        let Some(first) = self.slices.of(held.key, self.columns, self.periods) else {
            self.dropped += events;
            return;
        };
        let cell = &mut self.slices.cells[first + period];
        cell.events += events;
        cell.value += value;
        if cell.turn != self.turn {
            cell.turn = self.turn;
            cell.people += 1;
        }
    }
}

impl Fold for CubeFold {
    type State = Place;
    type Output = Cube;

    fn columns(&self) -> Columns {
        let columns = Columns::of(&self.by).and(self.filter.columns());
        let columns = if self.is_everything() { columns } else { columns.and(Columns::of(&[Col::Name])) };
        if self.has_value { columns.with_value() } else { columns }
    }

    fn literals(&self) -> Vec<String> {
        self.literals.clone()
    }

    /// In no period yet.
    fn init(&self) -> Place {
        Place { period: 0, from: i64::MAX, to: i64::MIN }
    }

    fn reset(&self, _state: &mut Place) {}

    /// Nothing: see [`CubeFold::steps`].
    fn step(&self, _state: &mut Place, _event: &EventRef<'_>) {}

    fn steps(&self, state: &mut Place, run: Run<'_>, output: &mut Cube) {
        let names = (!self.is_everything()).then(|| run.codes(Col::Name));
        let admits = |place: usize| {
            names.is_none_or(|names| {
                let mask = self.filters.by_name(names.at(place));
                mask != 0 && self.filters.admit(mask, &run.event(place)) != 0
            })
        };
        let mut columns: [Option<RunCodes<'_>>; COLUMNS_MAX] = [None; COLUMNS_MAX];
        for (codes, column) in columns.iter_mut().zip(&self.by) {
            *codes = Some(run.codes(*column));
        }
        match (columns, names.is_some() || self.has_value) {
            ([Some(codes), None, ..], false) => {
                self.count(state, run, output, |_| true, |place| [codes.at(place), 0, 0, 0]);
            }
            _ => self.count(state, run, output, admits, |place| {
                columns.map(|codes| codes.map_or(0, |codes| codes.at(place)))
            }),
        }
    }

    fn finish(&self, _person: u64, _state: &mut Place, _dict: &Dict, output: &mut Cube) {
        output.turn += 1;
    }

    fn output(&self) -> Cube {
        let periods = self.periods.len().max(1);
        Cube { periods, columns: self.by.len(), turn: 1, ..Cube::default() }
    }

    fn close(&self, dict: &Dict, output: &mut Cube) {
        let mut recoder = Recoder::default();
        for key in &mut output.slices.keys {
            for code in &mut key[..output.columns] {
                *code = recoder.code(*code, dict, &mut output.texts);
            }
        }
        output.slices.by_code.clear();
        output.slices.by_key.clear();
        for (place, key) in output.slices.keys.iter().enumerate() {
            output.slices.by_key.insert(*key, u32::try_from(place).unwrap_or(Slices::NONE));
        }
    }

    fn merge(&self, into: &mut Cube, from: Cube) {
        into.dropped += from.dropped;
        let mut recoder = Recoder::default();
        // After `close`, keys are found by themselves, however few columns there are.
        for (key, cells) in from.slices.keys.iter().zip(from.slices.cells.chunks(from.periods.max(1))) {
            let mut moved = [0; COLUMNS_MAX];
            for (code, old) in moved.iter_mut().zip(&key[..from.columns]) {
                *code = recoder.code(*old, &from.texts, &mut into.texts);
            }
            let Some(first) = into.slices.of(moved, COLUMNS_MAX, into.periods) else {
                into.dropped += cells.iter().map(|cell| cell.events).sum::<u64>();
                continue;
            };
            for (into, from) in into.slices.cells[first..].iter_mut().zip(cells) {
                into.events += from.events;
                into.people += from.people;
                into.value += from.value;
            }
        }
    }
}
