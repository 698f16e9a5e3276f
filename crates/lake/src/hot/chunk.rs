//! A few hundred hot rows of one bucket, sorted and packed.
//!
//! The original JSON and the properties are most of an event and are read rarely: they are packed together, row by row
//! side by side, since one mostly repeats the other.

use super::Row;
use crate::error::LakeError;
use crate::event::{Col, Columns};
use crate::parquet::{data_error, events_to_batch, schema_of};
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use std::sync::Arc;

/// Fast; what it saves is memory for minutes, and the sealed file is packed anew.
const ZSTD_LEVEL: i32 = 1;
const PACKED: [Col; 2] = [Col::Properties, Col::Raw];

/// Packed rows, sorted by (person, at, offset).
#[derive(Debug)]
pub(crate) struct Chunk {
    batch: RecordBatch,
    packed: Vec<u8>,
    /// Where the texts of `PACKED` end in the inflated bytes, row by row.
    ends: Vec<u32>,
    /// When the first and the last one happened; none when there are none.
    span: Option<(i64, i64)>,
    bytes: usize,
}

impl Chunk {
    /// Packs rows that are in order.
    pub(crate) fn pack(rows: &[Row<'_>]) -> Result<Self, LakeError> {
        let columns = PACKED.iter().fold(Columns::ALL, |columns, packed| columns.without(*packed));
        let batch = events_to_batch(rows, columns)?;
        let mut text =
            Vec::with_capacity(rows.iter().flat_map(|row| PACKED.map(|column| row.text(column).len())).sum());
        let mut ends = Vec::with_capacity(rows.len() * PACKED.len());
        for row in rows {
            for column in PACKED {
                text.extend_from_slice(row.text(column).as_bytes());
                ends.push(u32::try_from(text.len()).map_err(data_error)?);
            }
        }
        let mut packed = zstd::bulk::compress(&text, ZSTD_LEVEL).map_err(data_error)?;
        packed.shrink_to_fit();
        let bytes = batch.get_array_memory_size() + packed.len() + ends.len() * 4;
        let at = || rows.iter().map(|row| row.at);
        let span = at().min().zip(at().max());
        Ok(Self { batch, packed, ends, span, bytes })
    }

    /// When its first and its last event happened, microseconds UTC.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        self.span
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
        let length = self.ends.last().map_or(0, |end| *end as usize);
        let text = String::from_utf8(zstd::bulk::decompress(&self.packed, length).map_err(data_error)?);
        let text = text.map_err(data_error)?;
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
