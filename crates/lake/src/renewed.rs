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
const EVENTS_MAX: u64 = 1_000_000;
/// So it is when one in so many events is new, unless they are few.
const EVENTS_SHARE: u64 = 50;
const EVENTS_FEW: u64 = 10_000;

/// A fold whose output is a sum over people, so that what some of them added can be taken away.
pub trait Reversible: AtFinish {
    /// Takes away what some of the people added. What is left is what the fold finds of the others.
    fn take_away(&self, from: &mut Self::Output, less: &Self::Output);
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
struct Changed {
    came: Arc<HashSet<u64>>,
    moved: Arc<HashSet<u64>>,
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
    /// events were removed or derived again since, when the range is another one, or when so much came in that it is
    /// folded as fast anew. A range that ended after the last event may end later now.
    ///
    /// # Errors
    /// As [`crate::Lake::fold`].
    pub async fn renew<F>(
        &self,
        fold: &F,
        (known, then): (&F::Output, &FoundIn),
        options: &FoldOptions,
    ) -> Result<Option<F::Output>, LakeError>
    where
        F: Reversible + Clone + 'static,
        F::Output: Clone + Send + 'static,
        F::State: 'static,
    {
        let now = self.watermark();
        let is_same = Weak::ptr_eq(&then.lake, &Arc::downgrade(&self.lake.inner))
            && (then.removals == now.removals && then.offset <= now.offset)
            && then.covers(options.range);
        if !is_same || now.offset - then.offset > (now.offset / EVENTS_SHARE).clamp(EVENTS_FEW, EVENTS_MAX) {
            return Ok(None);
        }
        let Changed { came, moved } = self.changed(then, options.range).await?;
        let mut found = known.clone();
        if !came.is_empty() {
            let options = FoldOptions { people: Some(came), ..options.clone() };
            let twice = Twice { fold: fold.clone(), offset: then.offset };
            let (old, new) = self.fold(&twice, &options).await?;
            fold.take_away(&mut found, &old);
            fold.merge(&mut found, new);
        }
        if !moved.is_empty() {
            let options = FoldOptions { people: Some(moved), ..options.clone() };
            let twice = Twice { fold: fold.clone(), offset: then.offset };
            let (old, _) = self.under(Arc::clone(&then.merges)).fold(&twice, &options).await?;
            fold.take_away(&mut found, &old);
            fold.merge(&mut found, self.fold(fold, &options).await?);
        }
        Ok(Some(found))
    }

    async fn changed(&self, then: &FoundIn, range: TimeRange) -> Result<Changed, LakeError> {
        let mut came: HashSet<u64> = HashSet::new();
        if self.watermark().offset > then.offset {
            let permit = self.lake.fold_permit().await?;
            let stop = Cancel::default();
            let _guard = CancelOnDrop(stop.clone());
            let (view, threads, offset) = (self.view.clone(), self.lake.config().fold_threads, then.offset);
            let work = move || {
                let _permit = permit;
                fold::people_since(&view, offset, range, threads, &stop)
            };
            came = spawn_blocking(work).await.map_err(|_| LakeError::Data("a fold failed".into()))??;
        }
        let merges = self.merges();
        let mut changed =
            if Arc::ptr_eq(&merges, &then.merges) { HashSet::new() } else { moved(&then.merges, &merges) };
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
        Ok(Changed { came: Arc::new(came), moved: Arc::new(changed) })
    }
}
