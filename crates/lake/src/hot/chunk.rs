//! A few hundred hot rows of one bucket, sorted and packed.
//!
//! The original JSON and the properties are most of an event and are read rarely: they are packed together, the properties
//! as a part of the JSON where they are one.

use super::Row;
use crate::error::LakeError;
use crate::event::{Col, Columns};
use crate::parquet::{AT, data_error, events_to_batch, integers, schema_of};
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray, StringBuilder};
use datafusion::arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use memchr::memmem;
use std::sync::Arc;

/// Fast; what it saves is memory for minutes, and the sealed file is packed anew.
const ZSTD_LEVEL: i32 = 1;
const PACKED: [Col; 2] = [Col::Properties, Col::Raw];

/// Packed rows, sorted by (person, at, offset).
#[derive(Debug)]
pub(crate) struct Chunk {
    batch: RecordBatch,
    /// The original messages one after the other, and behind them the properties that are no part of theirs.
    packed: Vec<u8>,
    /// Bytes of that unpacked.
    length: usize,
    /// Where the messages end in it.
    messages: ScalarBuffer<i32>,
    /// Where the properties of each row are in it: mostly inside the message, which holds them word by word.
    properties: Vec<(u32, u32)>,
    /// When the first and the last one happened; none when there are none.
    span: Option<(i64, i64)>,
    bytes: usize,
}

impl Chunk {
    /// Packs rows that are in order.
    pub(crate) fn pack(rows: &[Row<'_>]) -> Result<Self, LakeError> {
        let columns = PACKED.iter().fold(Columns::ALL, |columns, packed| columns.without(*packed));
        let batch = events_to_batch(rows, columns)?;
        let most = rows.iter().map(|row| row.text(Col::Raw).len() + row.text(Col::Properties).len()).sum();
        let mut text = Vec::with_capacity(most);
        let mut ends = Vec::with_capacity(rows.len() + 1);
        ends.push(0);
        for row in rows {
            text.extend_from_slice(row.text(Col::Raw).as_bytes());
            ends.push(i32::try_from(text.len()).map_err(data_error)?);
        }
        let mut properties = Vec::with_capacity(rows.len());
        for (row, start) in rows.iter().zip(&ends) {
            let (raw, own) = (row.text(Col::Raw), row.text(Col::Properties));
            let start = match memmem::find(raw.as_bytes(), own.as_bytes()) {
                Some(place) => usize::try_from(*start).map_err(data_error)? + place,
                None => {
                    text.extend_from_slice(own.as_bytes());
                    text.len() - own.len()
                }
            };
            let place = |place: usize| u32::try_from(place).map_err(data_error);
            properties.push((place(start)?, place(start + own.len())?));
        }
        let mut packed = zstd::bulk::compress(&text, ZSTD_LEVEL).map_err(data_error)?;
        packed.shrink_to_fit();
        let bytes = batch.get_array_memory_size() + packed.len() + ends.len() * 4 + properties.len() * 8;
        let at = || rows.iter().map(|row| row.at);
        let span = at().min().zip(at().max());
        Ok(Self { batch, packed, length: text.len(), messages: ends.into(), properties, span, bytes })
    }

    /// When its first and its last event happened, microseconds UTC.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        self.span
    }

    pub(crate) fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// When each row happened.
    pub(crate) fn moments(&self) -> Vec<i64> {
        integers(&self.batch, AT).map_or_else(|_| Vec::new(), |moments| moments.to_vec())
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes in memory when everything is unpacked.
    pub(crate) fn unpacked_bytes(&self) -> usize {
        self.bytes + self.length
    }

    /// The rows with these columns.
    pub(crate) fn batch(&self, columns: Columns) -> Result<RecordBatch, LakeError> {
        let schema = schema_of(columns);
        let unpacked = if PACKED.iter().any(|column| columns.has(*column)) { Some(self.unpack()?) } else { None };
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let packed = PACKED.iter().position(|column| column.name() == field.name());
            arrays.push(match (packed, &unpacked) {
                (Some(place), Some(texts)) => Arc::clone(&texts[place]),
                _ => Arc::clone(
                    self.batch
                        .column_by_name(field.name())
                        .ok_or_else(|| data_error(format!("no column {}", field.name())))?,
                ),
            });
        }
        RecordBatch::try_new(schema, arrays).map_err(data_error)
    }

    /// Properties and messages. The messages are not copied once more.
    fn unpack(&self) -> Result<[ArrayRef; 2], LakeError> {
        let text = zstd::bulk::decompress(&self.packed, self.length).map_err(data_error)?;
        let mut properties = StringBuilder::with_capacity(self.rows(), 0);
        for (start, end) in &self.properties {
            let own = text.get(*start as usize..*end as usize).ok_or_else(|| data_error("properties outside"))?;
            properties.append_value(std::str::from_utf8(own).map_err(data_error)?);
        }
        let messages = OffsetBuffer::new(self.messages.clone());
        let messages = StringArray::try_new(messages, Buffer::from_vec(text), None).map_err(data_error)?;
        Ok([Arc::new(properties.finish()), Arc::new(messages)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hot::{Part, sorted};
    use crate::parquet::strings;
    use crate::tests::{START, event};

    /// Properties that are part of their message, and such that are not, come back as they were.
    #[test]
    fn texts_come_back_as_they_were() {
        let pairs = [
            (r#"{"a":1}"#, r#"{"type":"track","properties":{"a":1}}"#),
            (r#"{"b":"ä"}"#, r#"{"properties":{"b":"\u00e4"}}"#),
            ("{}", "{}"),
            ("", ""),
            ("{}", ""),
            (r#"{"ü":2}"#, r#"{"traits":{"ü":2},"ü":"ö"}"#),
        ];
        let events = pairs.iter().zip(0..).map(|((properties, raw), place)| {
            let mut event = event(&format!("e{place}"), 1, START + place, "Seen");
            (*properties).clone_into(&mut event.properties);
            (*raw).clone_into(&mut event.raw);
            Arc::new(event)
        });
        let part = Part::of(&events.collect::<Vec<_>>()).unwrap();
        let chunk = Chunk::pack(&sorted(&[part]).unwrap()).unwrap();
        let batch = chunk.batch(Columns::of(&PACKED)).unwrap();
        for (name, of) in [("properties", 0), ("raw", 1)] {
            let texts = strings(&batch, name).unwrap();
            for (row, pair) in pairs.iter().enumerate() {
                assert_eq!(texts.get(row), [pair.0, pair.1][of], "{name} of {row}");
            }
        }
        assert_eq!(chunk.length, pairs.iter().map(|pair| pair.1.len()).sum::<usize>() + 10 + 2);
    }
}
