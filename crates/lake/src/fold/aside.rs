//! Rows of people who are merged or have others merged into them, set aside to be folded under the person they belong to.

use super::block::{Block, Codes, EventRef, Small};
use super::dict::{Dict, Recoder};
use crate::event::{Col, Columns};
use crate::view::{Merges, bucket_of};
use std::collections::HashSet;
use std::sync::Arc;

/// Rows that one bucket gave away: the dictionary of their codes, and the rows for each bucket.
pub(super) type Given = (Dict, Vec<Aside>);

/// Where the rows of some people go.
pub(super) struct Giver<'a> {
    pub(super) merges: &'a Merges,
    pub(super) columns: Columns,
    pub(super) properties: usize,
    /// For each bucket.
    pub(super) rows: Vec<Aside>,
}

impl<'a> Giver<'a> {
    pub(super) fn new(merges: &'a Merges, columns: Columns, properties: usize, buckets: u16) -> Self {
        Self {
            merges,
            columns,
            properties,
            rows: std::iter::repeat_with(Aside::default).take(usize::from(buckets)).collect(),
        }
    }

    /// Sets an event aside, under the person it belongs to.
    pub(super) fn push(&mut self, event: &EventRef<'_>) {
        let own = event.block.person[event.row];
        let person = self.merges.canonical_of(own.cast_unsigned());
        let buckets = u16::try_from(self.rows.len()).unwrap_or(u16::MAX);
        self.rows[bucket_of(person, buckets)].push(person, own, event, self.columns, self.properties);
    }
}

/// Rows for one bucket. Those of one of the merged people are in order where nothing but their order tells it.
#[derive(Default)]
pub(super) struct Aside {
    person: Vec<i64>,
    /// Whose they were before a merge.
    own: Vec<i64>,
    at: Vec<i64>,
    offset: Vec<i64>,
    received_at: Vec<i64>,
    kind: Vec<u32>,
    agent_class: Vec<u32>,
    value: Vec<Option<i64>>,
    codes: Vec<Vec<u32>>,
    properties: Vec<Vec<u32>>,
}

impl Aside {
    pub(super) fn is_empty(&self) -> bool {
        self.person.is_empty()
    }

    /// Of whom two of the people that are merged did something at the same moment: whose came first is not known without
    /// their places in the log.
    pub(super) fn in_doubt<'a>(given: impl Iterator<Item = &'a Aside>) -> HashSet<i64> {
        let mut keys: Vec<(i64, i64, i64)> = Vec::new();
        for rows in given {
            keys.extend((0..rows.person.len()).map(|row| (rows.person[row], rows.at[row], rows.own[row])));
        }
        keys.sort_unstable();
        let meet =
            |pair: &&[(i64, i64, i64)]| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1) && pair[0].2 != pair[1].2;
        keys.windows(2).filter(meet).map(|pair| pair[0].0).collect()
    }

    /// Adds an event under the person it belongs to.
    fn push(&mut self, person: u64, own: i64, event: &EventRef<'_>, columns: Columns, properties: usize) {
        if self.codes.is_empty() {
            self.codes = vec![Vec::new(); Col::COUNT];
            self.properties = vec![Vec::new(); properties];
        }
        self.person.push(person.cast_signed());
        self.own.push(own);
        self.at.push(event.at());
        self.offset.push(if columns.has_offset() { event.offset().cast_signed() } else { 0 });
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
        self.properties.iter_mut().enumerate().for_each(|(place, codes)| codes.push(event.property(place)));
    }

    /// The rows in order, with codes of `to`, without those of some people.
    pub(super) fn block(&self, from: &Dict, to: &mut Dict, columns: Columns, without: &HashSet<i64>) -> Block {
        let mut order: Vec<usize> =
            (0..self.person.len()).filter(|row| !without.contains(&self.person[*row])).collect();
        order.sort_by_key(|row| (self.person[*row], self.at[*row], self.offset[*row]));
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
        let mut moved =
            |texts: &Vec<u32>| Codes::apart(order.iter().map(|row| recoder.code(texts[*row], from, to)).collect());
        let properties = self.properties.iter().map(&mut moved).collect();
        let value = columns.has_value().then(|| {
            let values: Vec<i64> = order.iter().map(|row| self.value[*row].unwrap_or(0)).collect();
            let valid: Vec<bool> = order.iter().map(|row| self.value[*row].is_some()).collect();
            (values.into(), Some(valid.into()))
        });
        Block {
            person: numbers(&self.person),
            at: numbers(&self.at),
            offset: columns.has_offset().then(|| numbers(&self.offset)),
            received_at: columns.has_received_at().then(|| numbers(&self.received_at)),
            kind: columns.has_kind().then(|| small(&self.kind)),
            agent_class: columns.has_agent_class().then(|| small(&self.agent_class)),
            value,
            codes,
            properties,
        }
    }
}
