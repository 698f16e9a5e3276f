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

/// The live stream of one workspace.
#[derive(Debug)]
pub struct Live {
    ring: Mutex<Ring>,
    sender: broadcast::Sender<Arc<Fate>>,
}

#[derive(Debug)]
struct Ring {
    next: u64,
    fates: VecDeque<Arc<Fate>>,
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
            if ring.fates.len() == RING_MAX {
                ring.fates.pop_front();
            }
            ring.fates.push_back(fate.clone());
            // Nobody watching is no failure. Sent under the lock, so that watchers see them in order.
            let _ = self.sender.send(fate);
        }
    }

    /// Puts fates from before the start of this process under what has come in since; oldest first. Before anybody looks: it
    /// numbers them all anew.
    pub fn refill(&self, fates: Vec<Fate>) {
        let mut ring = self.ring.lock();
        let room = RING_MAX.saturating_sub(ring.fates.len());
        let mut newer: Vec<Arc<Fate>> = ring.fates.drain(..).collect();
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
            ring.fates.push_back(Arc::new(fate));
        }
    }

    /// Forgets the fates that are asked for; how many.
    pub fn forget(&self, is_theirs: impl Fn(&Fate) -> bool) -> usize {
        let mut ring = self.ring.lock();
        let before = ring.fates.len();
        ring.fates.retain(|fate| !is_theirs(fate));
        before - ring.fates.len()
    }

    /// The newest fates that pass, newest first, older than `before`.
    #[must_use]
    pub fn recent(&self, filter: &FateFilter, before: Option<u64>, limit: usize) -> Vec<Arc<Fate>> {
        let ring = self.ring.lock();
        let older = ring.fates.iter().rev().filter(|fate| before.is_none_or(|before| fate.sequence < before));
        older.filter(|fate| filter.takes(fate)).take(limit).cloned().collect()
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
