//! Rows as a fold sees them: numbers and codes, column by column.

use super::dict::Dict;
use crate::event::{AgentClass, Col, EventKind};
use datafusion::arrow::buffer::{NullBuffer, ScalarBuffer};
use std::sync::Arc;

/// A text column: keys of its own dictionary, and what each key is in the dictionary of the run.
#[derive(Debug, Clone)]
pub(crate) struct Codes {
    pub(crate) keys: ScalarBuffer<u32>,
    pub(crate) map: Arc<Vec<u32>>,
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
    pub(crate) offset: ScalarBuffer<i64>,
    pub(crate) received_at: Option<ScalarBuffer<i64>>,
    pub(crate) kind: Small,
    pub(crate) agent_class: Small,
    pub(crate) value: Option<(ScalarBuffer<i64>, Option<NullBuffer>)>,
    pub(crate) codes: Vec<Option<Codes>>,
}

impl Block {
    pub(crate) fn empty() -> Self {
        let none = || Small { keys: Vec::new().into(), map: Arc::default() };
        Self {
            person: Vec::new().into(),
            at: Vec::new().into(),
            offset: Vec::new().into(),
            received_at: None,
            kind: none(),
            agent_class: none(),
            value: None,
            codes: Vec::new(),
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.person.len()
    }

    pub(crate) fn code(&self, row: usize, column: Col) -> u32 {
        match &self.codes[column as usize] {
            Some(codes) => codes.map[codes.keys[row] as usize],
            None => 0,
        }
    }

    pub(crate) fn kind(&self, row: usize) -> EventKind {
        EventKind::ALL[usize::from(self.kind.map[self.kind.keys[row] as usize]) % EventKind::ALL.len()]
    }

    pub(crate) fn agent_class(&self, row: usize) -> AgentClass {
        let number = self.agent_class.map[self.agent_class.keys[row] as usize];
        AgentClass::ALL[usize::from(number) % AgentClass::ALL.len()]
    }

    pub(crate) fn value(&self, row: usize) -> Option<i64> {
        let (values, nulls) = self.value.as_ref()?;
        nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)).then(|| values[row])
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
    /// When it happened, microseconds UTC.
    #[must_use]
    pub fn at(&self) -> i64 {
        self.block.at[self.row]
    }

    /// Place in the log.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.block.offset[self.row].cast_unsigned()
    }

    /// When it was received, microseconds UTC; 0 when the fold did not ask for it.
    #[must_use]
    pub fn received_at(&self) -> i64 {
        self.block.received_at.as_ref().map_or(0, |received| received[self.row])
    }

    /// Which call it came from.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        self.block.kind(self.row)
    }

    /// Who caused it.
    #[must_use]
    pub fn agent_class(&self) -> AgentClass {
        self.block.agent_class(self.row)
    }

    /// Value in micros; none when there is none or the fold did not ask for it.
    #[must_use]
    pub fn value(&self) -> Option<i64> {
        self.block.value(self.row)
    }

    /// The code of a text column, the same for equal texts within one run; 0 (empty) when the fold did not ask for it.
    #[must_use]
    pub fn code(&self, column: Col) -> u32 {
        self.block.code(self.row, column)
    }

    /// The text of a column.
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
