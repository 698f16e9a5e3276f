//! Whose turn it is to put a moment together.
//!
//! **Invariant:** a workspace has one turn, and few of all workspaces are taken at a time: what is put together takes as much
//! memory as the facts of now.
//! **Invariant:** no more than [`WAITING_MAX`] wait for the turn of a workspace; who comes then is told when to come again.

use kernel::problem::{Class, Problem};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// Most moments that are put together at a time, of all workspaces.
pub(super) const AT_ONCE_MAX: usize = 2;
/// Most that wait for the turn of a workspace.
pub(super) const WAITING_MAX: usize = 16;
/// When who was sent away should come again, in seconds.
const RETRY_AFTER_S: u64 = 5;

/// Those who wait in one workspace.
#[derive(Default)]
struct Line {
    turn: Arc<tokio::sync::Mutex<()>>,
    waiting: AtomicUsize,
}

/// The turns of all workspaces.
pub(super) struct Turns {
    lines: Mutex<HashMap<String, Arc<Line>>>,
    at_once: Arc<Semaphore>,
}

/// A turn. It lasts until its last clone is gone: what goes on beside whoever asked holds one.
#[derive(Clone)]
pub(crate) struct Turn {
    _held: Arc<(OwnedMutexGuard<()>, OwnedSemaphorePermit, Arc<Line>)>,
}

/// Somebody who waits.
struct Waits(Arc<Line>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self { lines: Mutex::default(), at_once: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }
}

impl Turns {
    /// Waits for the turn of a workspace.
    pub(super) async fn take(&self, workspace: &str) -> Result<Turn, Problem> {
        let waits = self.wait(workspace)?;
        let own = waits.0.turn.clone().lock_owned().await;
        let stopped = |_| Problem::new(Class::Unavailable, "stopping", "Mainspring is being stopped. Try again.");
        let one = self.at_once.clone().acquire_owned().await.map_err(stopped)?;
        Ok(Turn { _held: Arc::new((own, one, waits.0.clone())) })
    }

    fn wait(&self, workspace: &str) -> Result<Waits, Problem> {
        let mut lines = self.lines.lock();
        // Nobody waits in the others, and nobody has their turn.
        lines.retain(|_, line| Arc::strong_count(line) > 1);
        let line = lines.entry(workspace.to_owned()).or_default();
        if line.waiting.load(Ordering::Acquire) >= WAITING_MAX {
            let message = format!(
                "{WAITING_MAX} questions about moments of the past are waiting already. Ask again in {RETRY_AFTER_S} s."
            );
            return Err(Problem::new(Class::TooMany, "too_many_questions", message).retry_after(RETRY_AFTER_S));
        }
        line.waiting.fetch_add(1, Ordering::AcqRel);
        Ok(Waits(line.clone()))
    }

    /// How many wait in a workspace.
    #[cfg(test)]
    pub(super) fn waiting(&self, workspace: &str) -> usize {
        self.lines.lock().get(workspace).map_or(0, |line| line.waiting.load(Ordering::Acquire))
    }
}
