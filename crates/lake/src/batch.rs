//! Events as the log holds them: encoded once, then read where they lie.
//!
//! **Invariant:** the bytes of an event never change between the request that brought it and the hot rows that show it.

use crate::error::LakeError;
use crate::event::{Draft, Event};
use crate::stored::{Head, Stored};
use std::cell::Cell;
use std::sync::Arc;

/// Events to be appended together, encoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewEvents {
    bytes: Vec<u8>,
    /// Where each event ends.
    ends: Vec<u32>,
}

impl NewEvents {
    /// None yet, with room for so many.
    #[must_use]
    pub fn with_capacity(events: usize, bytes: usize) -> Self {
        let mut space = SPACE.take();
        space.reserve(bytes);
        Self { bytes: space, ends: Vec::with_capacity(events) }
    }

    /// Adds an event.
    ///
    /// # Errors
    /// [`LakeError::Data`] when it cannot be encoded; nothing of it is kept.
    pub fn push(&mut self, event: &Draft<'_>) -> Result<(), LakeError> {
        let before = self.bytes.len();
        let written = postcard::serialize_with_flavor(event, Tail(&mut self.bytes));
        let end = u32::try_from(self.bytes.len()).map_err(|_| LakeError::Data("an append beyond 4 GB".into()));
        match written.map_err(|error| LakeError::Data(error.to_string())).and(end) {
            Ok(end) => {
                self.ends.push(end);
                Ok(())
            }
            Err(error) => {
                self.bytes.truncate(before);
                Err(error)
            }
        }
    }

    /// These events.
    pub(crate) fn of(events: &[Event]) -> Result<Self, LakeError> {
        let mut new = Self::with_capacity(events.len(), events.len() * 1024);
        events.iter().try_for_each(|event| new.push(&event.draft()))?;
        Ok(new)
    }

    /// Reads the bytes of a record of the log.
    pub(crate) fn read(bytes: Vec<u8>, events: u32) -> Result<Self, String> {
        let (mut rest, mut ends) = (bytes.as_slice(), Vec::with_capacity(events as usize));
        for _ in 0..events {
            rest = Stored::read(rest).map_err(|error| error.to_string())?.1;
            ends.push(u32::try_from(bytes.len() - rest.len()).map_err(|error| error.to_string())?);
        }
        if rest.is_empty() { Ok(Self { bytes, ends }) } else { Err("bytes after the last event".into()) }
    }

    /// Bytes that are known to be events which end there.
    pub(crate) fn known(bytes: Vec<u8>, ends: Vec<u32>) -> Self {
        Self { bytes, ends }
    }

    /// Where each event ends.
    pub(crate) fn into_ends(mut self) -> Vec<u32> {
        std::mem::take(&mut self.ends)
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn row(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[row] as usize]
    }
}

thread_local! {
    /// Space of events that were written away, for the next ones: a fresh hundred kilobytes for every request would be
    /// cleared by the system each time.
    static SPACE: Cell<Vec<u8>> = Cell::default();
}

/// A thread keeps no more space than this.
const SPACE_MAX: usize = 1 << 20;

impl Drop for NewEvents {
    fn drop(&mut self) {
        let mut space = std::mem::take(&mut self.bytes);
        if (1..=SPACE_MAX).contains(&space.capacity()) {
            space.clear();
            // A thread that ends has none any more.
            let _ = SPACE.try_with(|kept| kept.set(space));
        }
    }
}

/// Lets the encoder write behind what is there.
struct Tail<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Tail<'_> {
    type Output = ();

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// A stretch of the events of one append.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) events: Arc<NewEvents>,
    /// Offset of the first event of the append.
    pub(crate) first: u64,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Piece {
    pub(crate) fn len(&self) -> usize {
        self.to - self.from
    }

    /// Offset of the last event.
    pub(crate) fn last(&self) -> u64 {
        self.first + self.to as u64 - 1
    }

    /// Takes at most `most` events off the front.
    pub(crate) fn take(&mut self, most: usize) -> Piece {
        let to = self.to.min(self.from + most);
        let taken = Piece { events: Arc::clone(&self.events), to, ..*self };
        self.from = to;
        taken
    }
}

/// Events from the log, in its order, read where they lie.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pieces: Vec<Piece>,
    /// Piece and row of each event.
    rows: Vec<(u32, u32)>,
}

impl Batch {
    pub(crate) fn of(pieces: Vec<Piece>) -> Self {
        let count = pieces.iter().map(Piece::len).sum();
        let mut rows = Vec::with_capacity(count);
        for (piece, number) in pieces.iter().zip(0..) {
            rows.extend((piece.from..piece.to).map(|row| (number, u32::try_from(row).unwrap_or(u32::MAX))));
        }
        Self { pieces, rows }
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The place in the log of the event at `place` of the batch.
    #[must_use]
    pub fn offset(&self, place: usize) -> u64 {
        let (piece, row) = self.rows[place];
        self.pieces[piece as usize].first + u64::from(row)
    }

    /// The place in the log of the last event.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.len().checked_sub(1).map(|place| self.offset(place))
    }

    pub(crate) fn bytes(&self, place: usize) -> &[u8] {
        let (piece, row) = self.rows[place];
        self.pieces[piece as usize].events.row(row as usize)
    }

    /// The event at `place` of the batch.
    ///
    /// # Errors
    /// [`LakeError::Data`] when its bytes are not an event.
    pub fn event(&self, place: usize) -> Result<Stored<'_>, LakeError> {
        Ok(Stored::read(self.bytes(place))?.0)
    }

    /// The message id of the event at `place` of the batch.
    ///
    /// # Errors
    /// As [`Batch::event`].
    pub fn event_id(&self, place: usize) -> Result<&str, LakeError> {
        Ok(self.head(place)?.event_id)
    }

    pub(crate) fn head(&self, place: usize) -> Result<Head<'_>, LakeError> {
        Stored::head(self.bytes(place))
    }

    /// Takes out the events for which `out` says so.
    pub fn split(&mut self, out: &[bool]) -> Batch {
        if !out.contains(&true) {
            return Batch::default();
        }
        let mut taken = Batch { pieces: self.pieces.clone(), rows: Vec::new() };
        let mut kept = Vec::with_capacity(self.rows.len());
        for (row, out) in self.rows.drain(..).zip(out) {
            if *out { &mut taken.rows } else { &mut kept }.push(row);
        }
        self.rows = kept;
        taken
    }
}

impl From<(u64, NewEvents)> for Batch {
    /// Events and the offset of the first of them.
    fn from((first, events): (u64, NewEvents)) -> Self {
        Self::of(vec![Piece { first, from: 0, to: events.len(), events: Arc::new(events) }])
    }
}

/// Whose an event is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owner {
    /// The person.
    pub person: u64,
    /// The company; empty when there is none.
    pub company: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{START, event};

    fn new(count: u64) -> NewEvents {
        let events: Vec<Event> = (0..count).map(|place| event(&format!("e{place}"), place, START, "Seen")).collect();
        NewEvents::of(&events).unwrap()
    }

    #[test]
    fn a_batch_is_taken_in_parts_and_split() {
        let new = new(10);
        assert_eq!(NewEvents::read(new.bytes().to_vec(), 10), Ok(new.clone()));
        assert!(NewEvents::read(new.bytes().to_vec(), 9).is_err());
        assert!(NewEvents::read(new.bytes()[..50].to_vec(), 1).is_err());
        let mut piece = Piece { events: Arc::new(new), first: 21, from: 0, to: 10 };
        let front = piece.take(3);
        assert_eq!((front.last(), piece.len(), piece.last()), (23, 7, 30));
        let mut batch = Batch::of(vec![front, piece]);
        let out: Vec<bool> = (0..10).map(|place| place % 4 == 1).collect();
        let taken = batch.split(&out);
        let ids = |batch: &Batch| -> Vec<(u64, String)> {
            let one = |place| (batch.offset(place), batch.event_id(place).unwrap().to_owned());
            (0..batch.len()).map(one).collect()
        };
        assert_eq!(ids(&taken), [(22, "e1".into()), (26, "e5".into()), (30, "e9".into())]);
        assert_eq!(ids(&batch).len(), 7);
        assert_eq!(batch.head(6).unwrap().event_id, "e8");
        assert_eq!(batch.last(), Some(29));
    }
}
