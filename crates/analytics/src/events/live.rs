//! The live stream of a workspace: the last fates in memory, and everybody who watches.
//!
//! **Invariant:** bounded: the ring holds [`RING_MAX`] fates, and a watcher that is too slow loses the oldest, and is
//! told so by the gap in `sequence`.

use super::model::{Fate, FateFilter};
use futures::{Stream, StreamExt as _, stream};
use kernel::ids::QuarantineId;
use parking_lot::Mutex;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Fates that are remembered.
pub const RING_MAX: usize = 2_000;
/// Fates a slow watcher may be behind.
const BEHIND_MAX: usize = 1_024;

/// What became of many messages, each told when it is asked for.
pub trait Fates: Send + Sync {
    /// How many.
    fn count(&self) -> usize;
    /// What became of the message with this number, from 0, in the order of the log.
    fn fate(&self, number: usize) -> Option<Fate>;
}

/// The live stream of one workspace.
#[derive(Debug)]
pub struct Live {
    ring: Mutex<Ring>,
    sender: broadcast::Sender<Arc<Fate>>,
}

struct Ring {
    next: u64,
    fates: VecDeque<Slot>,
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring").field("next", &self.next).field("fates", &self.fates.len()).finish()
    }
}

/// A fate, or where it can be had.
enum Slot {
    Told(Arc<Fate>),
    Later { sequence: u64, fates: Arc<dyn Fates>, number: usize },
}

impl Slot {
    fn sequence(&self) -> u64 {
        match self {
            Self::Told(fate) => fate.sequence,
            Self::Later { sequence, .. } => *sequence,
        }
    }

    fn tell(&self) -> Option<Arc<Fate>> {
        match self {
            Self::Told(fate) => Some(Arc::clone(fate)),
            Self::Later { sequence, fates, number } => {
                fates.fate(*number).map(|fate| Arc::new(Fate { sequence: *sequence, ..fate }))
            }
        }
    }
}

impl Ring {
    fn push(&mut self, slot: Slot) {
        if self.fates.len() == RING_MAX {
            self.fates.pop_front();
        }
        self.fates.push_back(slot);
    }
}

impl Default for Live {
    fn default() -> Self {
        let ring = Ring { next: 1, fates: VecDeque::new() };
        Self { ring: Mutex::new(ring), sender: broadcast::Sender::new(BEHIND_MAX) }
    }
}

impl Live {
    /// Adds fates, oldest first; each gets its `sequence`.
    pub fn push(&self, fates: impl IntoIterator<Item = Fate>) {
        let mut ring = self.ring.lock();
        for mut fate in fates {
            fate.sequence = ring.next;
            ring.next += 1;
            let fate = Arc::new(fate);
            ring.push(Slot::Told(fate.clone()));
            // Nobody watching is no failure. Sent under the lock, so that watchers see them in order.
            let _ = self.sender.send(fate);
        }
    }

    /// As [`Live::push`]; a fate is told when somebody watches or asks. Of more than a watcher may be behind, the newest.
    pub fn push_later(&self, fates: Arc<dyn Fates>) {
        let mut ring = self.ring.lock();
        let count = fates.count();
        let watched = if self.sender.receiver_count() > 0 { count.saturating_sub(BEHIND_MAX) } else { count };
        let first = ring.next;
        ring.next += count as u64;
        for number in count.saturating_sub(RING_MAX)..count {
            let slot = Slot::Later { sequence: first + number as u64, fates: Arc::clone(&fates), number };
            let told = if number >= watched { slot.tell() } else { None };
            let Some(told) = told else {
                ring.push(slot);
                continue;
            };
            ring.push(Slot::Told(told.clone()));
            let _ = self.sender.send(told);
        }
    }

    /// Puts fates from before the start of this process under what has come in since; oldest first. Before anybody looks: it
    /// numbers them all anew.
    pub fn refill(&self, fates: Vec<Fate>) {
        let mut ring = self.ring.lock();
        let room = RING_MAX.saturating_sub(ring.fates.len());
        let mut newer: Vec<Arc<Fate>> = ring.fates.drain(..).filter_map(|slot| slot.tell()).collect();
        let known: HashSet<u64> = newer.iter().filter_map(|fate| fate.offset).collect();
        let kept: HashSet<QuarantineId> = newer.iter().filter_map(|fate| fate.quarantine.clone()).collect();
        let is_new = |fate: &Fate| match (fate.offset, &fate.quarantine) {
            (Some(offset), _) => !known.contains(&offset),
            (None, Some(id)) => !kept.contains(id),
            (None, None) => true,
        };
        let skip = fates.len().saturating_sub(room);
        let older = fates.into_iter().skip(skip);
        let mut all: Vec<Fate> = older.filter(is_new).collect();
        all.extend(newer.drain(..).map(Arc::unwrap_or_clone));
        for mut fate in all {
            fate.sequence = ring.next;
            ring.next += 1;
            ring.fates.push_back(Slot::Told(Arc::new(fate)));
        }
    }

    /// Forgets the fates that are asked for; how many.
    pub fn forget(&self, is_theirs: impl Fn(&Fate) -> bool) -> usize {
        let mut ring = self.ring.lock();
        let before = ring.fates.len();
        ring.fates.retain(|slot| slot.tell().is_none_or(|fate| !is_theirs(&fate)));
        before - ring.fates.len()
    }

    /// The newest fates that pass, newest first, older than `before`.
    #[must_use]
    pub fn recent(&self, filter: &FateFilter, before: Option<u64>, limit: usize) -> Vec<Arc<Fate>> {
        let ring = self.ring.lock();
        let older = ring.fates.iter().rev().filter(|slot| before.is_none_or(|before| slot.sequence() < before));
        older.filter_map(Slot::tell).filter(|fate| filter.takes(fate)).take(limit).collect()
    }

    /// What comes in from now on, and passes.
    pub fn watch(&self, filter: FateFilter) -> impl Stream<Item = Arc<Fate>> + Send + use<> {
        let receiver = self.sender.subscribe();
        let all = stream::unfold(receiver, |mut receiver| async move {
            loop {
                match receiver.recv().await {
                    Ok(fate) => return Some((fate, receiver)),
                    // The watcher was too slow; it goes on with what is still there.
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        });
        all.filter(move |fate| std::future::ready(filter.takes(fate)))
    }
}
