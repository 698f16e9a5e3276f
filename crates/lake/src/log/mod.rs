//! The append log: where an event becomes durable, and from where its consumer reads it.
//!
//! **Invariant:** an append is answered after its bytes were written and synced; many share one sync.
//! **Invariant:** after a failed write or sync nothing is appended until the log was cut back to what is known to be
//! durable and a new segment was begun. A failed sync is never tried again as if it could still succeed.
//! **Invariant:** a torn tail that was never acknowledged is cut off on opening; damage before it is an error.

mod reader;
mod record;
mod segment;
#[cfg(test)]
mod tests;
mod writer;

use crate::batch::{NewEvents, Piece};
use crate::config::LakeConfig;
use crate::error::LakeError;
use crate::lake::Appended;
use parking_lot::{Condvar, Mutex};
use reader::Cursor;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use tokio::sync::{Notify, oneshot};

pub(crate) use segment::{LogReport, first_offset};

/// A segment file and the offset of its first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    first: u64,
    path: PathBuf,
}

struct Request {
    payload: record::Payload,
    /// Where each event ends, once it is unpacked.
    ends: Vec<u32>,
    reply: oneshot::Sender<Result<Appended, LakeError>>,
}

#[derive(Default)]
struct Queue {
    requests: VecDeque<Request>,
    /// Who waits for a new segment to be begun.
    rolls: Vec<oneshot::Sender<Result<u64, LakeError>>>,
    /// Bytes of their payloads.
    bytes: usize,
    closed: bool,
}

/// The events of an append as they were written: that is a fifth of what they take unpacked.
struct Packed {
    first: u64,
    ends: Vec<u32>,
    payload: record::Payload,
}

impl Packed {
    fn last(&self) -> u64 {
        self.first + self.ends.len() as u64 - 1
    }

    fn unpack(self) -> Result<Piece, LakeError> {
        let bytes = record::unpack(self.payload.is_packed, self.payload.bytes).map_err(LakeError::Data)?;
        let events = NewEvents::known(bytes, self.ends);
        Ok(Piece { first: self.first, from: 0, to: events.len(), events: Arc::new(events) })
    }
}

/// What waits for the consumer: a bounded part of it in memory, the rest is read again from the segments.
#[derive(Default)]
struct Ready {
    pieces: VecDeque<Packed>,
    /// What was not handed out yet of an append before them.
    left: Option<Piece>,
    /// Bytes of the payloads in `pieces`.
    bytes: usize,
    /// Last offset that was handed out.
    handed: u64,
    /// Up to here events come from the disk, after it from `pieces`.
    on_disk: u64,
    /// `pieces` were full: what was appended after them is on disk only.
    spilled: bool,
    /// Appended and not yet admitted: last offset and bytes of each append.
    waiting: VecDeque<(u64, usize)>,
    /// Counts the rewinds: a cursor from before one is stale.
    rewinds: u64,
    closed: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    ready: Mutex<Ready>,
    arrived: Notify,
    segments: Mutex<Vec<Segment>>,
    stored: AtomicU64,
    waiting_bytes: AtomicUsize,
    ready_bytes_max: usize,
}

/// The log of one lake.
pub(crate) struct Log {
    shared: Arc<Shared>,
    folder: PathBuf,
    waiting_bytes_max: usize,
    queue_bytes_max: usize,
    cursor: tokio::sync::Mutex<Option<(u64, Cursor)>>,
    writer: Option<JoinHandle<()>>,
}

impl Log {
    /// Opens the log in `folder`; everything up to `sealed` is elsewhere.
    pub(crate) fn open(config: &LakeConfig, folder: &Path, sealed: u64) -> Result<Self, LakeError> {
        std::fs::create_dir_all(folder).map_err(LakeError::io(folder))?;
        let recovered = segment::recover(folder, sealed)?;
        let stored = recovered.next - 1;
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            wake: Condvar::new(),
            ready: Mutex::new(Ready { handed: sealed, on_disk: stored, ..Ready::default() }),
            arrived: Notify::new(),
            segments: Mutex::new(recovered.segments.clone()),
            stored: AtomicU64::new(stored),
            waiting_bytes: AtomicUsize::new(0),
            ready_bytes_max: config.ready_bytes_max,
        });
        let writer = writer::Writer::open(config, folder, recovered, Arc::clone(&shared))?;
        let thread = std::thread::Builder::new().name("lake-log".into());
        let thread = thread.spawn(move || writer.run()).map_err(LakeError::io(folder))?;
        Ok(Self {
            shared,
            folder: folder.to_owned(),
            waiting_bytes_max: config.pending_bytes_max,
            queue_bytes_max: config.queue_bytes_max,
            cursor: tokio::sync::Mutex::new(None),
            writer: Some(thread),
        })
    }

    /// Stores events; returns when they are durable.
    pub(crate) async fn append(&self, events: NewEvents) -> Result<Appended, LakeError> {
        if events.is_empty() {
            let stored = self.stored();
            return Ok(Appended { first: stored + 1, last: stored });
        }
        let bytes = events.bytes().len();
        if bytes > record::PAYLOAD_MAX {
            let most = record::PAYLOAD_MAX;
            return Err(LakeError::Data(format!("an append of {bytes} bytes; at most {most}")));
        }
        // Before the work of packing is done in vain.
        if self.shared.waiting_bytes.load(Ordering::Acquire) >= self.waiting_bytes_max {
            return Err(LakeError::Overloaded { retry_after_s: 1 });
        }
        let payload = record::pack(events.bytes());
        let ends = events.into_ends();
        let bytes = payload.bytes.len();
        let before = self.shared.waiting_bytes.fetch_add(bytes, Ordering::AcqRel);
        if before > 0 && before + bytes > self.waiting_bytes_max {
            self.shared.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
            return Err(LakeError::Overloaded { retry_after_s: 1 });
        }
        let (reply, answer) = oneshot::channel();
        let is_first = {
            let mut queue = self.shared.queue.lock();
            let is_full = !queue.requests.is_empty() && queue.bytes + bytes > self.queue_bytes_max;
            if queue.closed || is_full {
                self.shared.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
                return Err(if is_full { LakeError::Overloaded { retry_after_s: 1 } } else { LakeError::Closed });
            }
            queue.bytes += bytes;
            queue.requests.push_back(Request { payload, ends, reply });
            queue.requests.len() == 1
        };
        // The others find the writer awake.
        if is_first {
            self.shared.wake.notify_one();
        }
        answer.await.unwrap_or(Err(LakeError::Closed))
    }

    /// Begins a new segment, so that what was stored up to now can be removed once it is sealed. Returns the last offset
    /// of the segments before.
    pub(crate) async fn roll(&self) -> Result<u64, LakeError> {
        let (reply, answer) = oneshot::channel();
        {
            let mut queue = self.shared.queue.lock();
            if queue.closed {
                return Err(LakeError::Closed);
            }
            queue.rolls.push(reply);
        }
        self.shared.wake.notify_one();
        answer.await.unwrap_or(Err(LakeError::Closed))
    }

    /// How many segments still hold events up to this offset.
    pub(crate) fn segments_up_to(&self, offset: u64) -> u64 {
        self.shared.segments.lock().iter().filter(|segment| segment.first <= offset).count() as u64
    }

    /// The next events in order, at least one; waits for them.
    pub(crate) async fn next(&self, max: usize) -> Result<Vec<Piece>, LakeError> {
        let mut cursor = self.cursor.lock().await;
        loop {
            let arrived = self.shared.arrived.notified();
            let (handed, on_disk, rewinds) = {
                let mut ready = self.shared.ready.lock();
                if ready.closed {
                    return Err(LakeError::Closed);
                }
                if ready.handed >= ready.on_disk {
                    let (left, packed) = ready.take(max.max(1));
                    if left.is_some() || !packed.is_empty() {
                        let rewinds = ready.rewinds;
                        drop(ready);
                        match self.unpack(left, packed, max.max(1), rewinds)? {
                            Some(pieces) => return Ok(pieces),
                            None => continue,
                        }
                    }
                    // Nothing is in memory: what was spilled comes next, until the disk has no more than was handed out.
                    let stored = self.stored();
                    ready.spilled &= stored > ready.handed;
                    if ready.spilled {
                        ready.on_disk = stored;
                    }
                }
                (ready.handed, ready.on_disk, ready.rewinds)
            };
            if handed >= on_disk {
                *cursor = None;
                arrived.await;
                continue;
            }
            let mut reading = match cursor.take() {
                Some((turn, cursor)) if turn == rewinds && cursor.handed() == handed => cursor,
                _ => Cursor::after(handed, self.shared.segments.lock().clone()),
            };
            let segments = self.shared.segments.lock().clone();
            let read = move || reading.read(max.max(1), on_disk, segments).map(|pieces| (reading, pieces));
            let (reading, pieces) = tokio::task::spawn_blocking(read).await.map_err(|_| LakeError::Closed)??;
            let mut ready = self.shared.ready.lock();
            if ready.rewinds == rewinds {
                ready.handed = reading.handed();
                *cursor = Some((rewinds, reading));
                return Ok(pieces);
            }
        }
    }

    /// What was taken out of memory, unpacked; what is too much of it is left for the next time. None when the consumer
    /// started again meanwhile.
    fn unpack(
        &self,
        left: Option<Piece>,
        packed: Vec<Packed>,
        max: usize,
        rewinds: u64,
    ) -> Result<Option<Vec<Piece>>, LakeError> {
        let mut pieces: Vec<Piece> = left.into_iter().collect();
        for one in packed {
            pieces.push(one.unpack()?);
        }
        let over = pieces.iter().map(Piece::len).sum::<usize>().saturating_sub(max);
        let rest = pieces.last_mut().filter(|_| over > 0).map(|last| {
            let taken = last.take(last.len() - over);
            std::mem::replace(last, taken)
        });
        let mut ready = self.shared.ready.lock();
        if ready.rewinds != rewinds {
            return Ok(None);
        }
        if let Some(last) = pieces.last() {
            ready.handed = last.last();
            ready.on_disk = ready.handed;
        }
        ready.left = rest;
        Ok(Some(pieces))
    }

    /// The consumer starts again after `admitted`.
    pub(crate) fn rewind(&self, admitted: u64) {
        let mut ready = self.shared.ready.lock();
        ready.pieces.clear();
        ready.left = None;
        ready.bytes = 0;
        ready.spilled = false;
        ready.rewinds += 1;
        ready.handed = admitted;
        ready.on_disk = self.stored();
        drop(ready);
        self.shared.arrived.notify_one();
    }

    /// Everything up to here was admitted: room for more.
    pub(crate) fn admitted(&self, up_to: u64) {
        let mut ready = self.shared.ready.lock();
        while let Some((last, bytes)) = ready.waiting.front().copied().filter(|(last, _)| *last <= up_to) {
            ready.waiting.pop_front();
            debug_assert!(last <= up_to);
            self.shared.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
        }
    }

    /// Bytes that wait to be admitted.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.shared.waiting_bytes.load(Ordering::Acquire)
    }

    /// Last offset that is durable.
    pub(crate) fn stored(&self) -> u64 {
        self.shared.stored.load(Ordering::Acquire)
    }

    /// Removes segments whose events are all sealed.
    pub(crate) fn drop_sealed(&self, sealed: u64) -> Result<(), LakeError> {
        let mut segments = self.shared.segments.lock();
        while segments.len() > 1 && segments[1].first <= sealed + 1 {
            let path = &segments[0].path;
            std::fs::remove_file(path).map_err(LakeError::io(path))?;
            segments.remove(0);
        }
        Ok(())
    }

    /// Reads every segment and reports what is in them.
    pub(crate) fn check(&self) -> Result<LogReport, LakeError> {
        let segments = self.shared.segments.lock().clone();
        segment::check(&self.folder, &segments, self.stored())
    }
}

impl Ready {
    /// Adds what was appended, in memory where there is room for it.
    fn push(&mut self, packed: Packed, most: usize) {
        let bytes = packed.payload.bytes.len();
        self.waiting.push_back((packed.last(), bytes));
        self.spilled |= !self.pieces.is_empty() && self.bytes + bytes > most;
        if !self.spilled {
            self.bytes += bytes;
            self.pieces.push_back(packed);
        }
    }

    /// Takes out at least `max` events when there are as many: what was left of an append, and whole appends.
    fn take(&mut self, max: usize) -> (Option<Piece>, Vec<Packed>) {
        let left = self.left.take();
        let mut room = max.saturating_sub(left.as_ref().map_or(0, Piece::len));
        let mut taken = Vec::new();
        while room > 0
            && let Some(packed) = self.pieces.pop_front()
        {
            room = room.saturating_sub(packed.ends.len());
            self.bytes -= packed.payload.bytes.len();
            taken.push(packed);
        }
        (left, taken)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.shared.queue.lock().closed = true;
        self.shared.wake.notify_one();
        self.shared.ready.lock().closed = true;
        self.shared.arrived.notify_one();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!(folder = %self.folder.display(), "the log's thread failed");
        }
    }
}
