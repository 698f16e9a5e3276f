//! The cube: events, people and value by period and by texts, counted on codes. The engine under every standard report.

use super::filter::{EventFilter, Filters, Literals, Masks, names_of};
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
    literals: Literals,
    has_value: bool,
    /// Whether the filter admits every event.
    is_everything: bool,
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
            literals,
            has_value: false,
            is_everything: *filter == EventFilter::default(),
        }
    }

    /// With the sum of `value`.
    #[must_use]
    pub fn with_value(mut self) -> Self {
        self.has_value = true;
        self
    }

    /// Counts a run: events that follow each other in one cell are added to it at once.
    #[inline]
    fn count<K: Copy + PartialEq>(
        &self,
        state: &mut Place,
        run: Run<'_>,
        output: &mut Cube,
        admits: impl Fn(usize) -> bool,
        key: impl Fn(usize) -> K,
        row: impl Fn(&mut Slices, K, usize) -> Option<usize>,
    ) {
        let (periods, turn) = (output.periods, output.turn);
        let who = Who { turn, person: run.person() };
        let mut add = |key: K, period: usize, events: u64, value: i128| match row(&mut output.slices, key, periods) {
            Some(first) => output.slices.add(first + period, who, events, value),
            None => output.dropped += events,
        };
        let (mut held, mut events, mut value) = (None, 0, 0);
        for (place, at) in run.at().iter().enumerate() {
            if !admits(place) {
                continue;
            }
            let key = key(place);
            let is_elsewhere = *at < state.from || *at >= state.to;
            if is_elsewhere || held != Some(key) {
                if let Some(held) = held.filter(|_| events > 0) {
                    add(held, state.period, events, value);
                    (events, value) = (0, 0);
                }
                if is_elsewhere {
                    held = None;
                    let Some(found) = self.place(*at) else { continue };
                    *state = Place { masks: std::mem::take(&mut state.masks), ..found };
                }
                held = Some(key);
            }
            events += 1;
            if self.has_value {
                value += i128::from(run.event(place).value().unwrap_or(0));
            }
        }
        if let Some(held) = held.filter(|_| events > 0) {
            add(held, state.period, events, value);
        }
    }

    /// The only column, when everything is counted by it: the plainest case, and the most frequent one.
    #[inline]
    fn plain_column(&self) -> Option<Col> {
        match &self.by[..] {
            [column] if self.is_everything && !self.has_value => Some(*column),
            _ => None,
        }
    }

    /// Counts everything of the people one after the other by one column. The last one may have more.
    fn plain(&self, people: Run<'_>, column: Col, output: &mut Cube) {
        let (at, persons, codes) = (people.at(), people.persons(), people.codes(column));
        let (keys, table) = (codes.keys(), codes.table().1);
        let Cube { slices, periods, turn, dropped, .. } = output;
        let (mut period, mut from, mut to) = (0, i64::MAX, i64::MIN);
        if self.periods.len() == 0 {
            (from, to) = (i64::MIN, i64::MAX);
        }
        let (mut cell, mut events, mut person) = (0, 0, persons.first().copied().unwrap_or(0));
        let who = |turn: u32, person: i64| Who { turn, person: person.cast_unsigned() };
        for (row, at) in at.iter().enumerate() {
            if persons[row] != person {
                slices.add(cell, who(*turn, person), std::mem::take(&mut events), 0);
                *turn += 1;
                person = persons[row];
            }
            if *at < from || *at >= to {
                let Some(found) = self.periods.find(*at) else { continue };
                (period, from, to) = found;
            }
            let Some(first) = slices.of_code(table[keys[row] as usize], *periods) else {
                *dropped += 1;
                continue;
            };
            if first + period != cell {
                slices.add(cell, who(*turn, person), std::mem::take(&mut events), 0);
                cell = first + period;
            }
            events += 1;
        }
        slices.add(cell, who(*turn, person), events, 0);
    }

    /// Counts one person's events, or some of them; the names were fitted.
    #[inline]
    fn walk(&self, state: &mut Place, run: Run<'_>, output: &mut Cube) {
        let mut columns: [Option<RunCodes<'_>>; COLUMNS_MAX] = [None; COLUMNS_MAX];
        for (codes, column) in columns.iter_mut().zip(&self.by) {
            *codes = Some(run.codes(*column));
        }
        let key = |place: usize| columns.map(|codes| codes.map_or(0, |codes| codes.at(place)));
        let row = |slices: &mut Slices, key: Key, periods: usize| slices.of(key, self.by.len(), periods);
        if self.is_everything {
            return self.count(state, run, output, |_| true, key, row);
        }
        let (names, masks) = (run.codes(Col::Name).keys(), std::mem::take(&mut state.masks));
        let admits = |place: usize| masks.admitted(&self.filters, names[place], &run, place) != 0;
        self.count(state, run, output, admits, key, row);
        state.masks = masks;
    }

    fn place(&self, at: i64) -> Option<Place> {
        if self.periods.len() == 0 {
            return Some(Place { period: 0, from: i64::MIN, to: i64::MAX, masks: Masks::default() });
        }
        let (period, from, to) = self.periods.find(at)?;
        Some(Place { period, from, to, masks: Masks::default() })
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
}

/// Where a person's next event is likely to be counted.
#[derive(Debug, Clone)]
pub struct Place {
    period: usize,
    from: i64,
    to: i64,
    masks: Masks,
}

/// A cell while it is counted: four of them in a line of the processor's cache.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    events: u64,
    people: u32,
    /// The last person counted here, by its turn in the bucket.
    turn: u32,
}

/// Whose events are counted.
#[derive(Debug, Clone, Copy)]
struct Who {
    /// Which one in the bucket; never 0. Somebody who comes once a stretch of time has a turn in each.
    turn: u32,
    person: u64,
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
    counts: Vec<Count>,
    /// The same for values; empty until there is one.
    values: Vec<i128>,
    /// The periods in which somebody may come more than once; empty when there are none.
    shared: Vec<bool>,
    /// Who was counted in the cells of those, by the place of the cell.
    came: Vec<(u32, u64)>,
}

impl Slices {
    const NONE: u32 = u32::MAX;

    #[inline]
    fn add(&mut self, cell: usize, who: Who, events: u64, value: i128) {
        if events == 0 {
            return;
        }
        let count = &mut self.counts[cell];
        count.events += events;
        if count.turn != who.turn {
            count.turn = who.turn;
            if !self.shared.is_empty() && self.shared[cell % self.shared.len()] {
                // There are fewer cells than 2^32.
                self.came.push((u32::try_from(cell).unwrap_or(0), who.person));
            } else {
                count.people += 1;
            }
        }
        if value != 0 {
            self.values.resize(self.counts.len(), 0);
            self.values[cell] += value;
        }
    }

    /// As [`Slices::of`], for the only column.
    #[inline]
    fn of_code(&mut self, code: u32, periods: usize) -> Option<usize> {
        match self.by_code.get(code as usize) {
            Some(place) if *place != Self::NONE => Some(*place as usize * periods),
            _ => self.of([code, 0, 0, 0], 1, periods),
        }
    }

    /// Counts those who came, each once a cell.
    fn count_came(&mut self) {
        let mut came = std::mem::take(&mut self.came);
        came.sort_unstable();
        came.dedup();
        came.iter().for_each(|(cell, _)| self.counts[*cell as usize].people += 1);
    }

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
        if self.counts.len() + periods > CELLS_MAX.max(periods) {
            return None;
        }
        let place = u32::try_from(self.keys.len()).ok()?;
        self.keys.push(key);
        self.counts.resize(self.counts.len() + periods, Count::default());
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
    /// The counted cells, once the cube is closed.
    cells: Vec<CubeCell>,
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
        let cells = self.cells.chunks(self.periods.max(1));
        let texts = |key: &Key| key[..self.columns].iter().map(|code| self.texts.text(*code)).collect();
        self.slices.keys.iter().map(texts).zip(cells)
    }

    /// The place of a key's closed cells; none when there are too many.
    fn row(&mut self, key: Key) -> Option<usize> {
        if let Some(place) = self.slices.by_key.get(&key) {
            return Some(*place as usize * self.periods);
        }
        if self.cells.len() + self.periods > CELLS_MAX.max(self.periods) {
            return None;
        }
        let place = u32::try_from(self.slices.keys.len()).ok()?;
        self.slices.keys.push(key);
        self.slices.by_key.insert(key, place);
        self.cells.resize(self.cells.len() + self.periods, CubeCell::default());
        Some(place as usize * self.periods)
    }
}

impl Fold for CubeFold {
    type State = Place;
    type Output = Cube;

    fn columns(&self) -> Columns {
        let columns = Columns::of(&self.by).and(self.filter.columns());
        let columns = if self.is_everything { columns } else { columns.and(Columns::of(&[Col::Name])) };
        if self.has_value { columns.with_value() } else { columns }
    }

    fn literals(&self) -> Vec<String> {
        self.literals.texts.clone()
    }

    fn properties(&self) -> Vec<String> {
        self.literals.properties.clone()
    }

    fn names(&self) -> Option<Vec<String>> {
        names_of([&self.filter])
    }

    /// In no period yet.
    fn init(&self) -> Place {
        Place { period: 0, from: i64::MAX, to: i64::MIN, masks: Masks::default() }
    }

    fn reset(&self, _state: &mut Place) {}

    /// Nothing: see [`CubeFold::steps`].
    fn step(&self, _state: &mut Place, _event: &EventRef<'_>) {}

    fn steps(&self, state: &mut Place, run: Run<'_>, output: &mut Cube) {
        if let Some(column) = self.plain_column() {
            return self.plain(run, column, output);
        }
        if !self.is_everything {
            state.masks.fit(&self.filters, run.codes(Col::Name));
        }
        self.walk(state, run, output);
    }

    fn people(&self, state: &mut Place, people: Run<'_>, output: &mut Cube) {
        if let Some(column) = self.plain_column() {
            self.plain(people, column, output);
            output.turn += 1;
            return;
        }
        if !self.is_everything {
            state.masks.fit(&self.filters, people.codes(Col::Name));
        }
        people.each_person(|_, run| {
            self.walk(state, run, output);
            output.turn += 1;
        });
    }

    /// Nothing is kept of a person but in which cells they were counted, so only the periods that two stretches share need
    /// more; when those are many, merging costs less.
    fn by_stretches(&self, spans: &[(i64, i64)], output: &mut Cube) -> bool {
        let shared = self.periods.shared(spans);
        let count = shared.iter().filter(|shared| **shared).count();
        if shared.is_empty() || count * 3 > shared.len() {
            return false;
        }
        output.slices.shared = if count > 0 { shared } else { Vec::new() };
        true
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
        let slices = &mut output.slices;
        slices.count_came();
        slices.values.resize(slices.counts.len(), 0);
        let counts = std::mem::take(&mut slices.counts).into_iter().zip(std::mem::take(&mut slices.values));
        let cell =
            |(count, value): (Count, i128)| CubeCell { events: count.events, people: u64::from(count.people), value };
        output.cells = counts.map(cell).collect();
        output.slices.by_code.clear();
        output.slices.by_key.clear();
        for (place, key) in output.slices.keys.iter().enumerate() {
            output.slices.by_key.insert(*key, u32::try_from(place).unwrap_or(Slices::NONE));
        }
    }

    fn weight(&self, output: &Cube) -> usize {
        let slices = &output.slices;
        let came = slices.came.len() * size_of::<(u32, u64)>();
        came + slices.counts.len() * size_of::<Count>() + output.cells.len() * size_of::<CubeCell>()
    }

    fn merge(&self, into: &mut Cube, from: Cube) {
        into.dropped += from.dropped;
        let mut recoder = Recoder::default();
        // After `close`, keys are found by themselves, however few columns there are.
        for (key, cells) in from.slices.keys.iter().zip(from.cells.chunks(from.periods.max(1))) {
            let mut moved = [0; COLUMNS_MAX];
            for (code, old) in moved.iter_mut().zip(&key[..from.columns]) {
                *code = recoder.code(*old, &from.texts, &mut into.texts);
            }
            let Some(first) = into.row(moved) else {
                into.dropped += cells.iter().map(|cell| cell.events).sum::<u64>();
                continue;
            };
            for (into, from) in into.cells[first..].iter_mut().zip(cells) {
                into.events += from.events;
                into.people += from.people;
                into.value += from.value;
            }
        }
    }
}
