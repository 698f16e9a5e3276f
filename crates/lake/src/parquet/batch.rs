//! Between events and Arrow batches.

use super::data_error;
use super::schema::{AGENT, AT, KIND, OFFSET, PERSON, RECEIVED, RULE, VALUE, schema_of};
use crate::error::LakeError;
use crate::event::{AgentClass, Col, Columns, Event, EventKind};
use crate::hot::Row;
use datafusion::arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, DictionaryArray, Int64Array, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray, UInt32Array,
};
use datafusion::arrow::buffer::ScalarBuffer;
use datafusion::arrow::datatypes::{Int64Type, TimestampMicrosecondType, UInt32Type};
use hashbrown::HashMap;
use std::sync::Arc;

/// A column of integers or moments of a batch.
pub(crate) fn integers(batch: &RecordBatch, name: &str) -> Result<ScalarBuffer<i64>, LakeError> {
    let column = batch.column_by_name(name).ok_or_else(|| data_error(format!("no column {name}")))?;
    if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
        return Ok(numbers.values().clone());
    }
    let moments = column.as_primitive_opt::<TimestampMicrosecondType>();
    Ok(moments.ok_or_else(|| data_error(format!("{name} is not a number")))?.values().clone())
}

/// A text column of a batch, plain or coded.
pub(crate) enum Texts<'a> {
    Plain(&'a StringArray),
    Coded(&'a [u32], &'a StringArray),
}

impl<'a> Texts<'a> {
    pub(crate) fn get(&self, row: usize) -> &'a str {
        match self {
            Texts::Plain(texts) => texts.value(row),
            Texts::Coded(keys, texts) => texts.value(keys[row] as usize),
        }
    }
}

/// The text column with this name.
pub(crate) fn strings<'a>(batch: &'a RecordBatch, name: &str) -> Result<Texts<'a>, LakeError> {
    let column = batch.column_by_name(name).ok_or_else(|| data_error(format!("no column {name}")))?;
    if let Some(texts) = column.as_string_opt::<i32>() {
        return Ok(Texts::Plain(texts));
    }
    let wrong = || data_error(format!("{name} is not a text"));
    let coded = column.as_dictionary_opt::<UInt32Type>().ok_or_else(wrong)?;
    let texts = coded.values().as_string_opt::<i32>().ok_or_else(wrong)?;
    Ok(Texts::Coded(coded.keys().values(), texts))
}

fn moments(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
}

/// Most texts are as the one before, since the rows of a person lie together: those are not looked up.
fn coded<'a>(texts: impl ExactSizeIterator<Item = &'a str>) -> Result<ArrayRef, LakeError> {
    let mut keys: Vec<u32> = Vec::with_capacity(texts.len());
    let mut values = StringBuilder::new();
    let mut known: HashMap<&'a str, u32> = HashMap::new();
    let mut before: Option<(&'a str, u32)> = None;
    for text in texts {
        let key = match before {
            Some((same, key)) if same == text => key,
            _ => *known.entry(text).or_insert_with(|| {
                values.append_value(text);
                u32::try_from(values.len() - 1).unwrap_or(u32::MAX)
            }),
        };
        before = Some((text, key));
        keys.push(key);
    }
    let coded = DictionaryArray::<UInt32Type>::try_new(UInt32Array::from(keys), Arc::new(values.finish()));
    Ok(Arc::new(coded.map_err(data_error)?))
}

/// A batch of these columns, in the order of the events.
pub(crate) fn events_to_batch(events: &[Row<'_>], columns: Columns) -> Result<RecordBatch, LakeError> {
    let schema = schema_of(columns);
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        arrays.push(match field.name().as_str() {
            PERSON => Arc::new(Int64Array::from_iter_values(events.iter().map(|event| event.person.cast_signed()))),
            AT => moments(events.iter().map(|event| event.at)),
            OFFSET => Arc::new(Int64Array::from_iter_values(events.iter().map(|event| event.offset.cast_signed()))),
            RECEIVED => moments(events.iter().map(|event| event.received_at)),
            KIND => coded(events.iter().map(|event| event.kind.as_str()))?,
            AGENT => coded(events.iter().map(|event| event.agent_class.as_str()))?,
            RULE => Arc::new(Int64Array::from_iter_values(events.iter().map(|event| i64::from(event.channel_rule)))),
            VALUE => Arc::new(events.iter().map(|event| event.value).collect::<Int64Array>()),
            name => text_array(events, name)?,
        });
    }
    RecordBatch::try_new(schema, arrays).map_err(data_error)
}

fn text_array(events: &[Row<'_>], name: &str) -> Result<ArrayRef, LakeError> {
    let column = Col::ALL.iter().copied().find(|column| column.name() == name);
    let column = column.ok_or_else(|| data_error(format!("no column {name}")))?;
    let texts = events.iter().map(|event| event.text(column));
    Ok(if column.is_coded() { coded(texts)? } else { Arc::new(StringArray::from_iter_values(texts)) })
}

/// A batch of all columns, read as events.
pub(crate) struct Rows<'a> {
    numbers: [ScalarBuffer<i64>; 5],
    value: &'a Int64Array,
    kind: Texts<'a>,
    agent: Texts<'a>,
    texts: Vec<(Col, Texts<'a>)>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(batch: &'a RecordBatch) -> Result<Self, LakeError> {
        let number = |name| integers(batch, name);
        let value = batch.column_by_name(VALUE).and_then(|column| column.as_primitive_opt::<Int64Type>());
        let mut texts = Vec::with_capacity(Col::COUNT);
        for column in Col::ALL {
            texts.push((*column, strings(batch, column.name())?));
        }
        Ok(Self {
            numbers: [number(PERSON)?, number(AT)?, number(OFFSET)?, number(RECEIVED)?, number(RULE)?],
            value: value.ok_or_else(|| data_error("no column value"))?,
            kind: strings(batch, KIND)?,
            agent: strings(batch, AGENT)?,
            texts,
        })
    }

    pub(crate) fn event(&self, row: usize) -> Event {
        let [person, at, offset, received_at, rule] = &self.numbers;
        let mut event = Event {
            person: person[row].cast_unsigned(),
            at: at[row],
            offset: offset[row].cast_unsigned(),
            received_at: received_at[row],
            channel_rule: u32::try_from(rule[row]).unwrap_or(0),
            value: self.value.is_valid(row).then(|| self.value.value(row)),
            kind: EventKind::parse(self.kind.get(row)).unwrap_or_default(),
            agent_class: AgentClass::parse(self.agent.get(row)).unwrap_or_default(),
            ..Event::default()
        };
        for (column, texts) in &self.texts {
            texts.get(row).clone_into(event.text_mut(*column));
        }
        event
    }
}
