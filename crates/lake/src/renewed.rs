//! What a fold found, brought up to the newest events: what the people whose events, or whose being one, changed had added is
//! taken away, and what they add now is put in its place.
//!
//! **Invariant:** what is renewed is what the fold finds when it is run again over everything.

use crate::error::LakeError;
use crate::event::Columns;
use crate::fold::{self, Cancel, Dict, EventRef, Fold, FoldOptions};
use crate::folds::predicates::AtFinish;
use crate::lake::{CancelOnDrop, Inner};
use crate::snapshot::Snapshot;
use kernel::time::{TimeRange, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use tokio::task::spawn_blocking;

/// After more new events than these everything is folded anew.
const EVENTS_MAX: u64 = if cfg!(test) { 40 } else { 1_000_000 };
/// So it is when one in so many events is new, unless they are few.
const EVENTS_SHARE: u64 = if cfg!(test) { 4 } else { 50 };
const EVENTS_FEW: u64 = if cfg!(test) { 10 } else { 10_000 };
/// And when more people than these are one with others than before.
const MOVED_MAX: usize = if cfg!(test) { 20 } else { 100_000 };

/// A fold whose output is a sum over people, so that what some of them added can be taken away.
pub trait Reversible: AtFinish {
    /// Takes away what some of the people added. What is left is what the fold finds of the others; where it is `false`, they
    /// had not added that, and what is left means nothing.
    #[must_use]
    fn take_away(&self, from: &mut Self::Output, less: &Self::Output) -> bool;
}

/// Takes numbers from numbers, place by place; `false` when one is too small, or when they are not as many.
pub(crate) fn take_off(from: &mut [u64], less: &[u64]) -> bool {
    from.len() == less.len()
        && from.iter_mut().zip(less).all(|(from, less)| {
            let left = from.checked_sub(*less);
            *from = left.unwrap_or(*from);
            left.is_some()
        })
}

/// What an output was found in.
#[derive(Debug, Clone)]
pub struct FoundIn {
    lake: Weak<Inner>,
    offset: u64,
    removals: u64,
    merges: Arc<HashMap<u64, u64>>,
    range: TimeRange,
    /// Whether no event was at or after the end of the range.
    is_open: bool,
}

impl FoundIn {
    /// Whose events were folded under whom. The map stays in memory as long as this does.
    #[must_use]
    pub fn merges(&self) -> &Arc<HashMap<u64, u64>> {
        &self.merges
    }

    /// Whether no event was at or after the end of the range, so that it may end later.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether what was found in this range then is what would have been found in that one.
    fn covers(&self, range: TimeRange) -> bool {
        let ends = self.range.to == range.to || (self.is_open && self.range.to <= range.to);
        self.range.from == range.from && ends
    }
}

/// Whose events may be folded under somebody else although no event of theirs is new.
#[must_use]
pub fn moved<S: std::hash::BuildHasher>(before: &HashMap<u64, u64, S>, after: &HashMap<u64, u64, S>) -> HashSet<u64> {
    let mut moved = HashSet::new();
    for person in before.keys().chain(after.keys()) {
        let (old, new) = (before.get(person), after.get(person));
        if old != new {
            moved.extend([Some(person), old, new].into_iter().flatten());
        }
    }
    moved
}

/// The same fold over the events up to a place in the log, and over all.
#[derive(Clone)]
struct Twice<F> {
    fold: F,
    offset: u64,
}

/// One person in both.
struct Both<S> {
    then: S,
    now: S,
    /// Whether there was an event then.
    came: bool,
}

impl<F: AtFinish> Fold for Twice<F> {
    type State = Both<F::State>;
    type Output = (F::Output, F::Output);

    fn columns(&self) -> Columns {
        self.fold.columns().with_offset()
    }

    fn properties(&self) -> Vec<String> {
        self.fold.properties()
    }

    fn literals(&self) -> Vec<String> {
        self.fold.literals()
    }

    fn init(&self) -> Self::State {
        Both { then: self.fold.init(), now: self.fold.init(), came: false }
    }

    fn reset(&self, state: &mut Self::State) {
        self.fold.reset(&mut state.then);
        self.fold.reset(&mut state.now);
        state.came = false;
    }

    fn step(&self, state: &mut Self::State, event: &EventRef<'_>) {
        if event.offset() <= self.offset {
            state.came = true;
            self.fold.step(&mut state.then, event);
        }
        self.fold.step(&mut state.now, event);
    }

    fn finish(&self, person: u64, state: &mut Self::State, dict: &Dict, output: &mut Self::Output) {
        if state.came {
            self.fold.finish(person, &mut state.then, dict, &mut output.0);
        }
        self.fold.finish(person, &mut state.now, dict, &mut output.1);
    }

    fn output(&self) -> Self::Output {
        (self.fold.output(), self.fold.output())
    }

    fn close(&self, dict: &Dict, output: &mut Self::Output) {
        self.fold.close(dict, &mut output.0);
        self.fold.close(dict, &mut output.1);
    }

    fn weight(&self, output: &Self::Output) -> usize {
        self.fold.weight(&output.0) + self.fold.weight(&output.1)
    }

    fn merge(&self, into: &mut Self::Output, from: Self::Output) {
        self.fold.merge(&mut into.0, from.0);
        self.fold.merge(&mut into.1, from.1);
    }
}

/// Who changed: those with new events, and those who are one with others than before.
#[derive(Default)]
struct Changed {
    came: Arc<HashSet<u64>>,
    moved: Arc<HashSet<u64>>,
    /// The events of now under the merges of then, when somebody moved.
    before: Option<Snapshot>,
}

impl Snapshot {
    /// What is found in a range of this moment is found in.
    #[must_use]
    pub fn found_in(&self, range: TimeRange) -> FoundIn {
        let watermark = self.watermark();
        FoundIn {
            lake: Arc::downgrade(&self.lake.inner),
            offset: watermark.offset,
            removals: watermark.removals,
            merges: self.merges(),
            range,
            is_open: self.view.last_at().is_none_or(|last| Timestamp::from_micros(last) < range.to),
        }
    }

    /// What a fold finds in the options' range, from what the same fold found before; none when that is of no use: when
    /// events were removed or derived again since, when the range is another one, when so much changed that it is folded as
    /// fast anew, or when before and after together take more memory than a fold may. A range that ended after the last event
    /// may end later now.
    ///
    /// # Errors
    /// As [`crate::Lake::fold`].
    pub async fn renew<F>(
        &self,
        fold: &F,
        (known, then): (Arc<F::Output>, &FoundIn),
        options: &FoldOptions,
    ) -> Result<Option<Arc<F::Output>>, LakeError>
    where
        F: Reversible + Clone + 'static,
        F::Output: Clone + Send + Sync + 'static,
        F::State: 'static,
    {
        if !self.can_renew(then, options.range) {
            return Ok(None);
        }
        match self.brought_up(fold, (known, then), options).await {
            Err(LakeError::TooLarge) => Ok(None),
            renewed => renewed,
        }
    }

    fn can_renew(&self, then: &FoundIn, range: TimeRange) -> bool {
        let now = self.watermark();
        let is_same = Weak::ptr_eq(&then.lake, &Arc::downgrade(&self.lake.inner))
            && (then.removals == now.removals && then.offset <= now.offset)
            && then.covers(range);
        is_same && now.offset - then.offset <= (now.offset / EVENTS_SHARE).clamp(EVENTS_FEW, EVENTS_MAX)
    }

    async fn brought_up<F>(
        &self,
        fold: &F,
        (known, then): (Arc<F::Output>, &FoundIn),
        options: &FoldOptions,
    ) -> Result<Option<Arc<F::Output>>, LakeError>
    where
        F: Reversible + Clone + 'static,
        F::Output: Clone + Send + Sync + 'static,
        F::State: 'static,
    {
        let Some(changed) = self.changed(then, options.range).await? else { return Ok(None) };
        let twice = Twice { fold: fold.clone(), offset: then.offset };
        let mut changes: Vec<(F::Output, F::Output)> = Vec::new();
        if !changed.came.is_empty() {
            let options = FoldOptions { people: Some(changed.came), ..options.clone() };
            changes.push(self.fold(&twice, &options).await?);
        }
        if let Some(before) = changed.before {
            let options = FoldOptions { people: Some(changed.moved), ..options.clone() };
            let (old, _) = before.fold(&twice, &options).await?;
            changes.push((old, self.fold(fold, &options).await?));
        }
        if changes.is_empty() {
            return Ok(Some(known));
        }
        let (fold, bytes_max) = (fold.clone(), options.memory_bytes_max);
        let work = move || {
            let mut found = F::Output::clone(&known);
            for (old, new) in changes {
                if !fold.take_away(&mut found, &old) {
                    tracing::error!("what people had added was not in what was kept; everything is folded anew");
                    return None;
                }
                fold.merge(&mut found, new);
            }
            Some(found).filter(|found| fold.weight(found) <= bytes_max).map(Arc::new)
        };
        spawn_blocking(work).await.map_err(|_| LakeError::Data("a fold failed".into()))
    }

    /// Who changed since; none when too many are one with others than before.
    async fn changed(&self, then: &FoundIn, range: TimeRange) -> Result<Option<Changed>, LakeError> {
        if self.watermark().offset == then.offset && Arc::ptr_eq(&self.merges(), &then.merges) {
            return Ok(Some(Changed::default()));
        }
        let permit = self.lake.fold_permit().await?;
        let stop = Cancel::default();
        let _guard = CancelOnDrop(stop.clone());
        let (snapshot, then) = (self.clone(), then.clone());
        let work = move || {
            let _permit = permit;
            snapshot.changed_since(&then, range, &stop)
        };
        spawn_blocking(work).await.map_err(|_| LakeError::Data("a fold failed".into()))?
    }

    /// The same; blocks the thread.
    fn changed_since(&self, then: &FoundIn, range: TimeRange, stop: &Cancel) -> Result<Option<Changed>, LakeError> {
        let merges = self.merges();
        let mut changed =
            if Arc::ptr_eq(&merges, &then.merges) { HashSet::new() } else { moved(&then.merges, &merges) };
        if changed.len() > MOVED_MAX {
            return Ok(None);
        }
        let mut came: HashSet<u64> = HashSet::new();
        if self.watermark().offset > then.offset {
            let threads = self.lake.config().fold_threads;
            came = fold::people_since(&self.view, then.offset, range, threads, stop)?;
        }
        // Whoever is one with somebody who moved is folded with them.
        let is_of = |person: &u64| {
            let ends = [then.merges.get(person), merges.get(person), Some(person)];
            ends.into_iter().flatten().any(|end| changed.contains(end))
        };
        let with_them: Vec<u64> = came.iter().copied().filter(is_of).collect();
        for person in with_them {
            came.remove(&person);
            changed.insert(person);
        }
        let before = (!changed.is_empty()).then(|| self.under(Arc::clone(&then.merges)));
        Ok(Some(Changed { came: Arc::new(came), moved: Arc::new(changed), before }))
    }
}

#[cfg(test)]
mod tests;
