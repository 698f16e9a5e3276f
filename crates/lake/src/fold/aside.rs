//! Rows of merged people, taken out of their own buckets to be folded in the bucket of the person they belong to.

use super::block::{Block, Codes, EventRef, Small};
use super::dict::{Dict, Recoder};
use crate::event::{Col, Columns};
use std::sync::Arc;

/// Rows for one bucket, in no order; codes are of `dict` once it is given. Their places in the log are always read: rows of
/// two people of one moment meet in one order.
#[derive(Default)]
pub(super) struct Aside {
    person: Vec<i64>,
    at: Vec<i64>,
    offset: Vec<i64>,
    received_at: Vec<i64>,
    kind: Vec<u32>,
    agent_class: Vec<u32>,
    value: Vec<Option<i64>>,
    codes: Vec<Vec<u32>>,
}

impl Aside {
    pub(super) fn is_empty(&self) -> bool {
        self.person.is_empty()
    }

    /// Adds an event under the person it belongs to.
    pub(super) fn push(&mut self, person: u64, event: &EventRef<'_>, columns: Columns) {
        if self.codes.is_empty() {
            self.codes = vec![Vec::new(); Col::COUNT];
        }
        self.person.push(person.cast_signed());
        self.at.push(event.at());
        self.offset.push(event.offset().cast_signed());
        self.received_at.push(event.received_at());
        if columns.has_kind() {
            self.kind.push(event.kind() as u32);
        }
        if columns.has_agent_class() {
            self.agent_class.push(event.agent_class() as u32);
        }
        self.value.push(event.value());
        for column in Col::ALL.iter().filter(|column| columns.has(**column)) {
            self.codes[*column as usize].push(event.code(*column));
        }
    }

    /// The rows in order, with codes of `to`.
    pub(super) fn block(&self, from: &Dict, to: &mut Dict, columns: Columns) -> Block {
        let mut order: Vec<usize> = (0..self.person.len()).collect();
        order.sort_unstable_by_key(|row| (self.person[*row], self.at[*row], self.offset[*row]));
        let numbers = |column: &[i64]| order.iter().map(|row| column[*row]).collect::<Vec<i64>>().into();
        let small = |column: &[u32]| Small {
            keys: order.iter().map(|row| column[*row]).collect::<Vec<u32>>().into(),
            map: Arc::new((0..=u8::MAX).collect()),
        };
        let mut recoder = Recoder::default();
        let mut codes: Vec<Option<Codes>> = vec![None; Col::COUNT];
        for column in Col::ALL.iter().filter(|column| columns.has(**column)) {
            let texts = &self.codes[*column as usize];
            let moved = order.iter().map(|row| recoder.code(texts[*row], from, to));
            codes[*column as usize] = Some(Codes::apart(moved.collect()));
        }
        let value = columns.has_value().then(|| {
            let values: Vec<i64> = order.iter().map(|row| self.value[*row].unwrap_or(0)).collect();
            let valid: Vec<bool> = order.iter().map(|row| self.value[*row].is_some()).collect();
            (values.into(), Some(valid.into()))
        });
        Block {
            person: numbers(&self.person),
            at: numbers(&self.at),
            offset: Some(numbers(&self.offset)),
            received_at: columns.has_received_at().then(|| numbers(&self.received_at)),
            kind: columns.has_kind().then(|| small(&self.kind)),
            agent_class: columns.has_agent_class().then(|| small(&self.agent_class)),
            value,
            codes,
        }
    }
}
