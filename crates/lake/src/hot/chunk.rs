//! A few hundred hot rows of one bucket, sorted and packed.
//!
//! The original JSON and the properties are most of an event and are read rarely: they are deflated together, row by row
//! side by side, since one mostly repeats the other.

use crate::error::LakeError;
use crate::event::{Col, Columns, Event};
use crate::parquet::{data_error, events_to_batch, schema_of};
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use std::io::{Read, Write};
use std::sync::Arc;

const PACKED: [Col; 2] = [Col::Properties, Col::Raw];

/// Packed rows, sorted by (person, at, offset).
#[derive(Debug)]
pub(crate) struct Chunk {
    batch: RecordBatch,
    packed: Vec<u8>,
    /// Where the texts of `PACKED` end in the inflated bytes, row by row.
    ends: Vec<u32>,
    bytes: usize,
}

impl Chunk {
    pub(crate) fn pack(events: &[Arc<Event>]) -> Result<Self, LakeError> {
        let mut events = events.to_vec();
        events.sort_unstable_by_key(|event| (event.person, event.at, event.offset));
        let columns = PACKED.iter().fold(Columns::ALL, |columns, packed| columns.without(*packed));
        let batch = events_to_batch(&events, columns)?;
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let mut ends = Vec::with_capacity(events.len() * PACKED.len());
        let mut end = 0_u32;
        for event in &events {
            for column in PACKED {
                let text = event.text(column);
                encoder.write_all(text.as_bytes()).map_err(data_error)?;
                end = end.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
                ends.push(end);
            }
        }
        let mut packed = encoder.finish().map_err(data_error)?;
        packed.shrink_to_fit();
        let bytes = batch.get_array_memory_size() + packed.len() + ends.len() * 4;
        Ok(Self { batch, packed, ends, bytes })
    }

    pub(crate) fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes in memory when everything is unpacked.
    pub(crate) fn unpacked_bytes(&self) -> usize {
        self.bytes + self.ends.last().map_or(0, |end| *end as usize)
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

    fn unpack(&self) -> Result<[ArrayRef; 2], LakeError> {
        let mut text = String::with_capacity(self.ends.last().map_or(0, |end| *end as usize));
        DeflateDecoder::new(self.packed.as_slice()).read_to_string(&mut text).map_err(data_error)?;
        let column = |place: usize| -> ArrayRef {
            let starts = |index: usize| if index == 0 { 0 } else { self.ends[index - 1] as usize };
            Arc::new(StringArray::from_iter_values((0..self.rows()).map(|row| {
                let index = row * PACKED.len() + place;
                &text[starts(index)..self.ends[index] as usize]
            })))
        };
        Ok([column(0), column(1)])
    }
}
