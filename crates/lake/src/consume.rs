//! The way of an event through the lake: appended to the log, taken from it by its one consumer, admitted.
//!
//! **Invariant:** what is admitted becomes visible at once, after every event before it.

use crate::batch::{Batch, NewEvents, Owner};
use crate::error::LakeError;
use crate::event::Event;
use crate::fold;
use crate::hot::Part;
use crate::lake::{Appended, Inner, Lake};
use crate::stored::Stored;
use crate::view::bucket_of;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// So few events are admitted at once, without a thread for it.
const SMALL: usize = 64;

impl Lake {
    /// Stores events; they are durable when it returns. `offset` and `person` are not read.
    ///
    /// # Errors
    /// [`LakeError::Overloaded`] when too much waits, [`LakeError::Unhealthy`] when the log cannot be written: then
    /// nothing of the batch counts as stored.
    pub async fn append(&self, events: Vec<Event>) -> Result<Appended, LakeError> {
        self.append_new(NewEvents::of(&events)?).await
    }

    /// As [`Lake::append`], of events that are encoded already.
    ///
    /// # Errors
    /// As [`Lake::append`].
    pub async fn append_new(&self, events: NewEvents) -> Result<Appended, LakeError> {
        self.inner.log.append(events).await
    }

    /// For the one consumer: the next events of the log, in order, at least one and at most `max`; waits for them.
    ///
    /// # Errors
    /// [`LakeError::Corrupt`] when the log cannot be read back.
    pub async fn next(&self, max: usize) -> Result<Vec<Event>, LakeError> {
        let batch = self.next_batch(max).await?;
        (0..batch.len()).map(|place| Ok(batch.event(place)?.event(batch.offset(place), 0))).collect()
    }

    /// As [`Lake::next`], where the events lie.
    ///
    /// # Errors
    /// As [`Lake::next`].
    pub async fn next_batch(&self, max: usize) -> Result<Batch, LakeError> {
        Ok(Batch::of(self.inner.log.next(max).await?))
    }

    /// For the one consumer, after it failed: [`Lake::next`] starts again after the last admitted event.
    pub fn rewind(&self) {
        let admitted = self.inner.state.read().admitted;
        self.inner.log.rewind(admitted);
    }

    /// Takes out of `events` those whose `event_id` came before, and returns them. Events that were handed out and
    /// not admitted may be passed again; they are not duplicates of themselves.
    ///
    /// # Errors
    /// [`LakeError::Io`] when a run cannot be read.
    pub async fn dedup(&self, events: &mut Vec<Event>) -> Result<Vec<Event>, LakeError> {
        let dedup = &self.inner.dedup;
        let repeated = dedup.duplicates(events.iter().map(|event| Ok((event.offset, event.event_id.as_str()))))?;
        let mut repeated = repeated.into_iter();
        Ok(events.extract_if(.., |_| repeated.next().unwrap_or(false)).collect())
    }

    /// As [`Lake::dedup`], where the events lie: those that stay, and those that came before.
    ///
    /// # Errors
    /// As [`Lake::dedup`].
    pub async fn dedup_batch(&self, batch: Batch) -> Result<(Batch, Batch), LakeError> {
        let inner = Arc::clone(&self.inner);
        spawn_blocking(move || inner.dedup_batch(batch)).await.map_err(|_| LakeError::Closed)?
    }

    /// Makes events with their persons visible, all at once; the log is consumed up to `up_to`. Does nothing when
    /// `up_to` was admitted before.
    ///
    /// # Errors
    /// [`LakeError::Data`] when an event is not after what was admitted, or after `up_to`.
    pub async fn admit(&self, events: Vec<Event>, up_to: u64) -> Result<(), LakeError> {
        let mut rows = Vec::with_capacity(events.len());
        for event in events {
            let new = NewEvents::of(std::slice::from_ref(&event))?;
            let owner = Owner { person: event.person, company: event.company };
            rows.push((event.offset, owner, new));
        }
        let inner = Arc::clone(&self.inner);
        let is_small = rows.len() < SMALL;
        let admit = move || {
            let rows = rows.iter().map(|(offset, owner, new)| (*offset, owner.clone(), new.bytes()));
            inner.admit(rows, up_to)
        };
        if is_small { admit() } else { spawn_blocking(admit).await.map_err(|_| LakeError::Closed)? }
    }

    /// As [`Lake::admit`], where the events lie; one owner for each.
    ///
    /// # Errors
    /// As [`Lake::admit`].
    pub async fn admit_batch(&self, batch: Arc<Batch>, owners: Vec<Owner>, up_to: u64) -> Result<(), LakeError> {
        if owners.len() != batch.len() {
            return Err(LakeError::Data(format!("{} owners for {} events", owners.len(), batch.len())));
        }
        let inner = Arc::clone(&self.inner);
        let is_small = batch.len() < SMALL;
        let admit = move || inner.admit_batch(&batch, owners, up_to);
        if is_small { admit() } else { spawn_blocking(admit).await.map_err(|_| LakeError::Closed)? }
    }
}

/// What is done for every event stands in functions that are neither generic nor `async`: those are compiled where they
/// are used, which may be where nothing is optimised.
impl Inner {
    fn dedup_batch(&self, mut batch: Batch) -> Result<(Batch, Batch), LakeError> {
        let ids = (0..batch.len()).map(|place| Ok((batch.offset(place), batch.head(place)?.event_id)));
        let repeated = self.dedup.duplicates(ids)?;
        let repeats = batch.split(&repeated);
        Ok((batch, repeats))
    }

    fn admit_batch(&self, batch: &Batch, owners: Vec<Owner>, up_to: u64) -> Result<(), LakeError> {
        let rows = owners.into_iter().enumerate();
        self.admit(rows.map(|(place, owner)| (batch.offset(place), owner, batch.bytes(place))), up_to)
    }

    /// Offset, owner and bytes of each event.
    fn admit<'a>(&self, events: impl Iterator<Item = (u64, Owner, &'a [u8])>, up_to: u64) -> Result<(), LakeError> {
        let _turn = self.admitting.lock();
        let (admitted, mut hot) = {
            let state = self.state.read();
            (state.admitted, state.hot.clone())
        };
        if up_to <= admitted {
            return Ok(());
        }
        let stored = self.log.stored();
        if up_to > stored {
            return Err(LakeError::Data(format!("event {up_to} cannot be admitted: {stored} are stored")));
        }
        let mut received = None;
        let mut by_bucket: Vec<Part> = hot.iter().map(|_| Part::default()).collect();
        for (offset, owner, bytes) in events {
            if owner.person >= fold::PERSON_END {
                return Err(LakeError::Data(format!("{} is no person's number", owner.person)));
            }
            if offset <= admitted || offset > up_to {
                return Err(LakeError::Data(format!("event {offset} is not among {} to {up_to}", admitted + 1)));
            }
            let head = Stored::head(bytes)?;
            received = received.max(Some(head.received_at));
            by_bucket[bucket_of(owner.person, self.config.buckets)].push(offset, head.at, owner, bytes);
        }
        for (bucket, part) in hot.iter_mut().zip(by_bucket).filter(|(_, part)| part.len() > 0) {
            bucket.push(part)?;
        }
        let now = self.now();
        let mut state = self.state.write();
        state.hot = hot;
        state.admitted = up_to;
        state.admitted_at = received.unwrap_or(state.admitted_at).max(state.admitted_at);
        state.hot_since.get_or_insert(now);
        drop(state);
        self.log.admitted(up_to);
        Ok(())
    }
}
