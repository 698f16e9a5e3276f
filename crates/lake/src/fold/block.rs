//! Rows as a fold sees them: numbers and codes, column by column.

use super::dict::Dict;
use crate::event::{AgentClass, Col, EventKind};
use datafusion::arrow::buffer::{NullBuffer, ScalarBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A text column: keys of its own dictionary, and what each key is in the dictionary of the run.
#[derive(Debug, Clone)]
pub(crate) struct Codes {
    pub(crate) keys: ScalarBuffer<u32>,
    pub(crate) table: Table,
}

/// A dictionary of a column as codes of a run.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Of this table alone, in this process.
    id: u64,
    map: Arc<Vec<u32>>,
}

impl Table {
    pub(crate) fn new(map: Vec<u32>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), map: Arc::new(map) }
    }
}

impl Codes {
    /// A column whose rows have texts of their own.
    pub(crate) fn apart(codes: Vec<u32>) -> Self {
        let rows = u32::try_from(codes.len()).unwrap_or(0);
        Self { keys: (0..rows).collect::<Vec<u32>>().into(), table: Table::new(codes) }
    }
}

/// A column of few values: keys, and the number of the value of each key.
#[derive(Debug, Clone)]
pub(crate) struct Small {
    pub(crate) keys: ScalarBuffer<u32>,
    pub(crate) map: Arc<Vec<u8>>,
}

/// Rows of one source, sorted by (person, at, offset).
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) person: ScalarBuffer<i64>,
    pub(crate) at: ScalarBuffer<i64>,
    pub(crate) offset: Option<ScalarBuffer<i64>>,
    pub(crate) received_at: Option<ScalarBuffer<i64>>,
    pub(crate) kind: Option<Small>,
    pub(crate) agent_class: Option<Small>,
    pub(crate) value: Option<(ScalarBuffer<i64>, Option<NullBuffer>)>,
    pub(crate) codes: Vec<Option<Codes>>,
    /// Values of the properties that the fold named.
    pub(crate) properties: Vec<Codes>,
}

impl Block {
    pub(crate) fn empty() -> Self {
        Self {
            person: Vec::new().into(),
            at: Vec::new().into(),
            offset: None,
            received_at: None,
            kind: None,
            agent_class: None,
            value: None,
            codes: Vec::new(),
            properties: Vec::new(),
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.person.len()
    }

    #[inline]
    pub(crate) fn code(&self, row: usize, column: Col) -> u32 {
        match &self.codes[column as usize] {
            Some(codes) => codes.table.map[codes.keys[row] as usize],
            None => 0,
        }
    }

    #[inline]
    pub(crate) fn property(&self, row: usize, place: usize) -> u32 {
        debug_assert!(place < self.properties.len(), "a fold reads a property that it did not name");
        self.properties.get(place).map_or(0, |codes| codes.table.map[codes.keys[row] as usize])
    }

    #[inline]
    pub(crate) fn kind(&self, row: usize) -> EventKind {
        EventKind::ALL[usize::from(small(self.kind.as_ref(), row)) % EventKind::ALL.len()]
    }

    #[inline]
    pub(crate) fn agent_class(&self, row: usize) -> AgentClass {
        class(small(self.agent_class.as_ref(), row))
    }

    #[inline]
    pub(crate) fn value(&self, row: usize) -> Option<i64> {
        let (values, nulls) = self.value.as_ref()?;
        nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)).then(|| values[row])
    }
}

/// The number of a row's value; the fold asked for the column.
#[inline]
fn small(column: Option<&Small>, row: usize) -> u8 {
    debug_assert!(column.is_some(), "a fold reads a column that it did not name");
    column.map_or(0, |column| column.map[column.keys[row] as usize])
}

/// The class with a number.
#[inline]
fn class(number: u8) -> AgentClass {
    AgentClass::ALL[usize::from(number) % AgentClass::ALL.len()]
}

/// Consecutive events of one person, column by column.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    pub(crate) block: &'a Block,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) dict: &'a Dict,
}

impl<'a> Run<'a> {
    /// Whose events these are: the canonical person.
    #[inline]
    #[must_use]
    pub fn person(&self) -> u64 {
        self.block.person[self.from].cast_unsigned()
    }

    /// When each happened, microseconds UTC, in order.
    #[inline]
    #[must_use]
    pub fn at(&self) -> &'a [i64] {
        &self.block.at[self.from..self.to]
    }

    /// Whose event each is: equal numbers stand for the same person.
    #[inline]
    #[must_use]
    pub fn persons(&self) -> &'a [i64] {
        &self.block.person[self.from..self.to]
    }

    /// The codes of a text column.
    #[inline]
    #[must_use]
    pub fn codes(&self, column: Col) -> RunCodes<'a> {
        debug_assert!(self.block.codes[column as usize].is_some(), "a fold reads a column that it did not name");
        match &self.block.codes[column as usize] {
            Some(codes) => {
                RunCodes { keys: &codes.keys[self.from..self.to], map: &codes.table.map, table: codes.table.id }
            }
            None => RunCodes { keys: &[], map: &[], table: 0 },
        }
    }

    /// The codes of the values of a property, by its place in [`super::Fold::properties`].
    #[inline]
    #[must_use]
    pub fn property(&self, place: usize) -> RunCodes<'a> {
        debug_assert!(place < self.block.properties.len(), "a fold reads a property that it did not name");
        match self.block.properties.get(place) {
            Some(codes) => {
                RunCodes { keys: &codes.keys[self.from..self.to], map: &codes.table.map, table: codes.table.id }
            }
            None => RunCodes { keys: &[], map: &[], table: 0 },
        }
    }

    /// Whether some of these events may be of bots or AI agents; none is, when false.
    #[inline]
    #[must_use]
    pub fn has_machines(&self) -> bool {
        let classes = self.block.agent_class.as_ref();
        classes.is_some_and(|classes| classes.map.iter().any(|number| class(*number).is_machine()))
    }

    /// Whether the event at a place of the run is of a bot or an AI agent.
    #[inline]
    #[must_use]
    pub fn is_machine(&self, place: usize) -> bool {
        self.block.agent_class(self.from + place).is_machine()
    }

    /// Each person's events, when they are of several people.
    #[inline]
    pub fn each_person(self, mut take: impl FnMut(u64, Run<'a>)) {
        let people = &self.block.person[..self.to];
        let mut from = self.from;
        while let Some(person) = people.get(from) {
            let mut to = from + 1;
            while to < people.len() && people[to] == *person {
                to += 1;
            }
            take(person.cast_unsigned(), Run { from, to, ..self });
            from = to;
        }
    }

    /// Each event.
    #[inline]
    pub fn events(self) -> impl Iterator<Item = EventRef<'a>> {
        (self.from..self.to).map(move |row| EventRef { block: self.block, row, dict: self.dict })
    }

    /// The event at a place of the run.
    #[inline]
    #[must_use]
    pub fn event(&self, place: usize) -> EventRef<'a> {
        EventRef { block: self.block, row: self.from + place, dict: self.dict }
    }

    /// The dictionary of the codes.
    #[must_use]
    pub fn dict(&self) -> &'a Dict {
        self.dict
    }
}

/// The codes of a text column of a [`Run`].
#[derive(Debug, Clone, Copy)]
pub struct RunCodes<'a> {
    keys: &'a [u32],
    map: &'a [u32],
    table: u64,
}

impl<'a> RunCodes<'a> {
    /// The keys in order: places in [`RunCodes::table`].
    #[inline]
    #[must_use]
    pub fn keys(&self) -> &'a [u32] {
        self.keys
    }

    /// The code of each key, and the number of this table, which no other one has: a fold that computes something for each
    /// key does it once a table.
    #[inline]
    #[must_use]
    pub fn table(&self) -> (u64, &'a [u32]) {
        (self.table, self.map)
    }

    /// The code at a place of the run.
    #[inline]
    #[must_use]
    pub fn at(&self, place: usize) -> u32 {
        self.map[self.keys[place] as usize]
    }

    /// The codes in order.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = u32> + 'a {
        let map = self.map;
        self.keys.iter().map(move |key| map[*key as usize])
    }
}

/// One event inside a fold.
#[derive(Debug, Clone, Copy)]
pub struct EventRef<'a> {
    pub(crate) block: &'a Block,
    pub(crate) row: usize,
    pub(crate) dict: &'a Dict,
}

impl<'a> EventRef<'a> {
    /// Whose it is: the canonical person.
    #[inline]
    #[must_use]
    pub fn person(&self) -> u64 {
        self.block.person[self.row].cast_unsigned()
    }

    /// When it happened, microseconds UTC.
    #[inline]
    #[must_use]
    pub fn at(&self) -> i64 {
        self.block.at[self.row]
    }

    /// Place in the log.
    #[inline]
    #[must_use]
    pub fn offset(&self) -> u64 {
        debug_assert!(self.block.offset.is_some(), "a fold reads a column that it did not name");
        self.block.offset.as_ref().map_or(0, |offset| offset[self.row].cast_unsigned())
    }

    /// When it was received, microseconds UTC; 0 when the fold did not ask for it.
    #[inline]
    #[must_use]
    pub fn received_at(&self) -> i64 {
        self.block.received_at.as_ref().map_or(0, |received| received[self.row])
    }

    /// Which call it came from.
    #[inline]
    #[must_use]
    pub fn kind(&self) -> EventKind {
        self.block.kind(self.row)
    }

    /// Who caused it.
    #[inline]
    #[must_use]
    pub fn agent_class(&self) -> AgentClass {
        self.block.agent_class(self.row)
    }

    /// Value in micros; none when there is none or the fold did not ask for it.
    #[inline]
    #[must_use]
    pub fn value(&self) -> Option<i64> {
        self.block.value(self.row)
    }

    /// The code of a text column, the same for equal texts within one run; 0 (empty) when the fold did not ask for it.
    #[inline]
    #[must_use]
    pub fn code(&self, column: Col) -> u32 {
        self.block.code(self.row, column)
    }

    /// The code of the value of a property, by its place in [`super::Fold::properties`]; 0 (empty) when the event does not
    /// have it or has null. Its text is JSON: a text is in quotes.
    #[inline]
    #[must_use]
    pub fn property(&self, place: usize) -> u32 {
        self.block.property(self.row, place)
    }

    /// The text of a column.
    #[inline]
    #[must_use]
    pub fn text(&self, column: Col) -> &'a str {
        self.dict.text(self.code(column))
    }

    /// The dictionary of the codes.
    #[must_use]
    pub fn dict(&self) -> &'a Dict {
        self.dict
    }
}
