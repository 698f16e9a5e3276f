//! Admitted events that are not sealed yet: per bucket a short tail of rows and packed chunks behind it.
//!
//! **Invariant:** a bucket's rows are in its chunks or in its tail, once. Chunks are sorted and never change.

mod chunk;

pub(crate) use chunk::Chunk;

use crate::batch::Owner;
use crate::error::LakeError;
use crate::event::{Columns, Event};
use crate::parquet::events_to_batch;
use crate::stored::Stored;
use datafusion::arrow::array::RecordBatch;
use std::ops::Deref;
use std::sync::Arc;

/// A tail of this many rows becomes a chunk.
const TAIL_ROWS: usize = if cfg!(test) { 8 } else { 1024 };
/// So does one of this many bytes.
const TAIL_BYTES: usize = 1 << 20;

/// One hot row, read where it lies.
#[derive(Debug, Clone)]
pub(crate) struct Row<'a> {
    pub(crate) person: u64,
    pub(crate) offset: u64,
    event: Stored<'a>,
}

impl<'a> Deref for Row<'a> {
    type Target = Stored<'a>;

    fn deref(&self) -> &Stored<'a> {
        &self.event
    }
}

/// Rows that were admitted together, as the log holds them.
#[derive(Debug, Default)]
pub(crate) struct Part {
    bytes: Vec<u8>,
    rows: Vec<PartRow>,
}

#[derive(Debug)]
struct PartRow {
    offset: u64,
    at: i64,
    end: usize,
    owner: Owner,
}

impl Part {
    pub(crate) fn push(&mut self, offset: u64, at: i64, owner: Owner, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.rows.push(PartRow { offset, at, end: self.bytes.len(), owner });
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    fn weight(&self) -> usize {
        self.bytes.len() + self.rows.len() * size_of::<PartRow>()
    }

    fn row(&self, place: usize) -> Result<Row<'_>, LakeError> {
        let row = &self.rows[place];
        let start = place.checked_sub(1).map_or(0, |before| self.rows[before].end);
        let event = Stored::read(&self.bytes[start..row.end])?.0.of_company(&row.owner.company);
        Ok(Row { person: row.owner.person, offset: row.offset, event })
    }

    /// Rows of some events, for a test.
    #[cfg(test)]
    pub(crate) fn of(events: &[Arc<Event>]) -> Result<Arc<Self>, LakeError> {
        let mut part = Self::default();
        for event in events {
            let new = crate::batch::NewEvents::of(&[Event::clone(event)])?;
            let owner = Owner { person: event.person, company: event.company.clone() };
            part.push(event.offset, event.at, owner, new.bytes());
        }
        Ok(Arc::new(part))
    }
}

/// The rows of some parts, sorted by (person, at, offset).
pub(crate) fn sorted(parts: &[Arc<Part>]) -> Result<Vec<Row<'_>>, LakeError> {
    let mut order = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        order.extend(
            part.rows.iter().enumerate().map(|(place, row)| ((row.owner.person, row.at, row.offset), part, place)),
        );
    }
    order.sort_unstable_by_key(|(key, ..)| *key);
    order.into_iter().map(|(_, part, place)| part.row(place)).collect()
}

/// The hot rows of one bucket.
#[derive(Debug, Clone, Default)]
pub(crate) struct HotBucket {
    pub(crate) chunks: Vec<Arc<Chunk>>,
    pub(crate) tail: Vec<Arc<Part>>,
    tail_rows: usize,
    tail_bytes: usize,
}

impl HotBucket {
    pub(crate) fn rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.rows()).sum::<usize>()
            + self.tail.iter().map(|part| part.len()).sum::<usize>()
    }

    /// Adds rows; a tail that grew long becomes a chunk.
    pub(crate) fn push(&mut self, part: Part) -> Result<(), LakeError> {
        self.tail_rows += part.len();
        self.tail_bytes += part.weight();
        self.tail.push(Arc::new(part));
        if self.tail_rows >= TAIL_ROWS || self.tail_bytes >= TAIL_BYTES {
            self.chunks.push(Arc::new(Chunk::pack(&sorted(&self.tail)?)?));
            self.tail = Vec::new();
            (self.tail_rows, self.tail_bytes) = (0, 0);
        }
        Ok(())
    }

    /// Adds the rows of another, which came later.
    pub(crate) fn absorb(&mut self, other: HotBucket) {
        self.chunks.extend(other.chunks);
        self.tail.extend(other.tail);
        self.tail_rows += other.tail_rows;
        self.tail_bytes += other.tail_bytes;
    }

    /// When each row happened.
    pub(crate) fn moments(&self, mut take: impl FnMut(i64)) {
        self.chunks.iter().for_each(|chunk| chunk.moments().iter().for_each(|at| take(*at)));
        self.tail.iter().flat_map(|part| &part.rows).for_each(|row| take(row.at));
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes()).sum::<usize>() + self.tail_bytes
    }

    /// The events of the tail.
    pub(crate) fn tail_events(&self) -> impl Iterator<Item = Result<Event, LakeError>> {
        let rows = self.tail.iter().flat_map(|part| (0..part.len()).map(|place| part.row(place)));
        rows.map(|row| row.map(|row| row.event.event(row.offset, row.person)))
    }

    /// The rows of the tail with these columns, in order.
    pub(crate) fn tail_batch(&self, columns: Columns) -> Result<RecordBatch, LakeError> {
        events_to_batch(&sorted(&self.tail)?, columns)
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
