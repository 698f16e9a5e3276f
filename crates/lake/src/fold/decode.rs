//! From Arrow batches to blocks of codes.

use super::block::{Block, Codes, Small, Table};
use super::dict::Dict;
use crate::error::LakeError;
use crate::event::{AgentClass, Col, Columns, EventKind};
use crate::parquet::{AGENT, AT, KIND, OFFSET, PERSON, RECEIVED, VALUE, data_error, integers, strings};
use crate::property::{column_name, values_of};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use datafusion::arrow::buffer::ScalarBuffer;
use datafusion::arrow::datatypes::{Int64Type, UInt32Type};
use std::sync::Arc;

/// What a dictionary of a source was translated to; batches of one row group share their dictionary.
struct Known<T> {
    values: ArrayRef,
    map: T,
}

/// Decodes the batches of one source.
pub(super) struct Decoder {
    columns: Columns,
    kind: Option<Known<Arc<Vec<u8>>>>,
    agent: Option<Known<Arc<Vec<u8>>>>,
    texts: Vec<Option<Known<Table>>>,
    properties: Arc<[String]>,
    /// As `texts`, for the properties.
    values: Vec<Option<Known<Table>>>,
}

fn split<'a>(batch: &'a RecordBatch, name: &str) -> Result<(ScalarBuffer<u32>, &'a ArrayRef), LakeError> {
    let column = batch.column_by_name(name).and_then(|column| column.as_dictionary_opt::<UInt32Type>());
    let column = column.ok_or_else(|| data_error(format!("{name} is not coded")))?;
    Ok((column.keys().values().clone(), column.values()))
}

fn map<N, T: Clone>(
    known: &mut Option<Known<T>>,
    values: &ArrayRef,
    number: impl FnMut(&str) -> N,
    table: impl FnOnce(Vec<N>) -> T,
) -> Result<T, LakeError> {
    if let Some(known) = known.as_ref().filter(|known| Arc::ptr_eq(&known.values, values)) {
        return Ok(known.map.clone());
    }
    let texts: &StringArray = values.as_string_opt().ok_or_else(|| data_error("a dictionary is not of texts"))?;
    let map = table((0..texts.len()).map(|place| texts.value(place)).map(number).collect());
    *known = Some(Known { values: Arc::clone(values), map: map.clone() });
    Ok(map)
}

fn kind_number(text: &str) -> u8 {
    EventKind::parse(text).unwrap_or_default() as u8
}

fn agent_number(text: &str) -> u8 {
    AgentClass::parse(text).unwrap_or_default() as u8
}

impl Decoder {
    pub(super) fn new(columns: Columns, properties: &Arc<[String]>) -> Self {
        let none = |count: usize| std::iter::repeat_with(|| None).take(count).collect();
        let (texts, values) = (none(Col::COUNT), none(properties.len()));
        Self { columns, kind: None, agent: None, texts, properties: Arc::clone(properties), values }
    }

    pub(super) fn block(&mut self, batch: &RecordBatch, dict: &mut Dict) -> Result<Block, LakeError> {
        let mut kind = None;
        if self.columns.has_kind() {
            let (keys, values) = split(batch, KIND)?;
            kind = Some(Small { keys, map: map(&mut self.kind, values, kind_number, Arc::new)? });
        }
        let mut agent_class = None;
        if self.columns.has_agent_class() {
            let (keys, values) = split(batch, AGENT)?;
            agent_class = Some(Small { keys, map: map(&mut self.agent, values, agent_number, Arc::new)? });
        }
        let value = batch.column_by_name(VALUE).filter(|_| self.columns.has_value());
        let value = value.and_then(|column| column.as_primitive_opt::<Int64Type>());
        let mut codes: Vec<Option<Codes>> = vec![None; Col::COUNT];
        let columns = self.columns;
        for column in Col::ALL.iter().filter(|column| columns.has(**column)) {
            codes[*column as usize] = Some(self.codes(batch, *column, dict)?);
        }
        let received = self.columns.has_received_at();
        Ok(Block {
            person: integers(batch, PERSON)?,
            at: integers(batch, AT)?,
            offset: if self.columns.has_offset() { Some(integers(batch, OFFSET)?) } else { None },
            received_at: if received { Some(integers(batch, RECEIVED)?) } else { None },
            kind,
            agent_class,
            value: value.map(|numbers| (numbers.values().clone(), numbers.nulls().cloned())),
            codes,
            properties: self.properties(batch, dict)?,
        })
    }

    /// The values of the properties: from columns of their own, or else out of the JSON of all.
    fn properties(&mut self, batch: &RecordBatch, dict: &mut Dict) -> Result<Vec<Codes>, LakeError> {
        let Some(first) = self.properties.first() else { return Ok(Vec::new()) };
        if batch.column_by_name(&column_name(first)).is_some() {
            let column = |(name, known): (&String, &mut Option<Known<Table>>)| {
                let (keys, values) = split(batch, &column_name(name))?;
                Ok(Codes { keys, table: map(known, values, |text| dict.intern(text), Table::new)? })
            };
            return self.properties.iter().zip(&mut self.values).map(column).collect();
        }
        let texts = strings(batch, Col::Properties.name())?;
        let mut codes = vec![Vec::with_capacity(batch.num_rows()); self.properties.len()];
        for row in 0..batch.num_rows() {
            codes.iter_mut().for_each(|codes| codes.push(0));
            values_of(texts.get(row), &self.properties, |place, value| codes[place][row] = dict.intern(value));
        }
        Ok(codes.into_iter().map(Codes::apart).collect())
    }

    fn codes(&mut self, batch: &RecordBatch, column: Col, dict: &mut Dict) -> Result<Codes, LakeError> {
        if column.is_coded() {
            let (keys, values) = split(batch, column.name())?;
            let table = map(&mut self.texts[column as usize], values, |text| dict.intern(text), Table::new)?;
            return Ok(Codes { keys, table });
        }
        let texts = batch.column_by_name(column.name()).and_then(|texts| texts.as_string_opt::<i32>());
        let texts = texts.ok_or_else(|| data_error(format!("{} is not a text", column.name())))?;
        Ok(Codes::apart((0..texts.len()).map(|row| dict.intern(texts.value(row))).collect()))
    }
}
