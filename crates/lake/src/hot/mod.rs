//! Admitted events that are not sealed yet: per bucket a short tail of rows and packed chunks behind it.
//!
//! **Invariant:** a bucket's rows are in its chunks or in its tail, once. Chunks are sorted and never change.

mod chunk;

pub(crate) use chunk::Chunk;

use crate::error::LakeError;
use crate::event::{Columns, Event};
use crate::parquet::events_to_batch;
use datafusion::arrow::array::RecordBatch;
use std::sync::Arc;

/// A tail of this many rows becomes a chunk.
const TAIL_ROWS: usize = if cfg!(test) { 8 } else { 512 };
/// So does one of this many bytes.
const TAIL_BYTES: usize = 512 << 10;

/// The hot rows of one bucket.
#[derive(Debug, Clone, Default)]
pub(crate) struct HotBucket {
    pub(crate) chunks: Vec<Arc<Chunk>>,
    pub(crate) tail: Vec<Arc<Event>>,
    tail_bytes: usize,
}

impl HotBucket {
    pub(crate) fn rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.rows()).sum::<usize>() + self.tail.len()
    }

    /// Adds rows; a tail that grew long becomes a chunk.
    pub(crate) fn push(&mut self, events: Vec<Arc<Event>>) -> Result<(), LakeError> {
        self.tail_bytes += events.iter().map(|event| weight(event)).sum::<usize>();
        self.tail.extend(events);
        if self.tail.len() >= TAIL_ROWS || self.tail_bytes >= TAIL_BYTES {
            self.chunks.push(Arc::new(Chunk::pack(&self.tail)?));
            self.tail = Vec::new();
            self.tail_bytes = 0;
        }
        Ok(())
    }

    /// Adds the rows of another, which came later.
    pub(crate) fn absorb(&mut self, other: HotBucket) {
        self.chunks.extend(other.chunks);
        self.tail.extend(other.tail);
        self.tail_bytes += other.tail_bytes;
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes()).sum::<usize>() + self.tail_bytes
    }

    /// The rows of the tail with these columns, in order.
    pub(crate) fn tail_batch(&self, columns: Columns) -> Result<RecordBatch, LakeError> {
        let mut events: Vec<Arc<Event>> = self.tail.clone();
        events.sort_unstable_by_key(|event| (event.person, event.at, event.offset));
        events_to_batch(&events, columns)
    }

    /// Every sorted piece with these columns.
    pub(crate) fn batches(&self, columns: Columns) -> Result<Vec<RecordBatch>, LakeError> {
        let mut batches = Vec::with_capacity(self.chunks.len() + 1);
        for chunk in &self.chunks {
            batches.push(chunk.batch(columns)?);
        }
        if !self.tail.is_empty() {
            batches.push(self.tail_batch(columns)?);
        }
        Ok(batches)
    }
}

/// About how many bytes an event takes in memory as a row.
pub(crate) fn weight(event: &Event) -> usize {
    size_of::<Event>() + crate::event::Col::ALL.iter().map(|column| event.text(*column).len()).sum::<usize>()
}
