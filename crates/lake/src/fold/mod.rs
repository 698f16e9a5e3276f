//! The fold: a pure function over one person's events in time order, run over sealed and hot events alike.
//!
//! **Invariant:** `step` sees each admitted event of the range once, person by person, ordered by (at, offset), whatever
//! files and memory it lies in and in whatever order it arrived.
//! **Invariant:** a merged person's events come under the canonical person, in one order with the others.

mod aside;
mod block;
mod decode;
mod dict;
mod engine;
mod merge;
mod stretches;

pub use block::{EventRef, Run, RunCodes};
pub use dict::{Dict, Recoder};

/// Numbers of people are below this one.
pub(crate) const PERSON_END: u64 = merge::USED_UP.cast_unsigned();

pub(crate) use engine::{decode_only, people_since, run};

use crate::event::Columns;
use kernel::time::{TimeRange, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A computation over each person's events. Outputs of different people merge in any grouping.
pub trait Fold: Send + Sync {
    /// What is carried along one person's events.
    type State;
    /// What many people add up to.
    type Output: Send;

    /// The columns `step` reads.
    fn columns(&self) -> Columns;

    /// Properties of events that `step` reads, by the keys at the top of their JSON: the value of the one at place `i` comes as
    /// a code, [`EventRef::property`]`(i)`. Read from a column of its own where a file keeps one.
    fn properties(&self) -> Vec<String> {
        Vec::new()
    }

    /// Texts to compare codes with: literal `i` has the code [`Dict::literal`]`(i)`. Distinct and not empty.
    fn literals(&self) -> Vec<String> {
        Vec::new()
    }

    /// Names of events: when given, an event of another name changes nothing, and a person without one of these counts for
    /// nothing, so that the others need not be read. They may come all the same.
    fn names(&self) -> Option<Vec<String>> {
        None
    }

    /// The state before a person's first event.
    fn init(&self) -> Self::State;

    /// Makes the state of a person who is finished that of the next one: as [`Fold::init`], without its allocations.
    fn reset(&self, state: &mut Self::State) {
        *state = self.init();
    }

    /// One event.
    fn step(&self, state: &mut Self::State, event: &EventRef<'_>);

    /// Consecutive events of one person, and the output so far. A fold that is run over everything reads whole columns here
    /// instead of event after event; it must do what `step` and `finish` do together.
    fn steps(&self, state: &mut Self::State, run: Run<'_>, _output: &mut Self::Output) {
        run.events().for_each(|event| self.step(state, &event));
    }

    /// All events of people one after the other. What it does must be what [`Fold::reset`], [`Fold::steps`] and
    /// [`Fold::finish`] do person by person.
    fn people(&self, state: &mut Self::State, people: Run<'_>, output: &mut Self::Output) {
        people.each_person(|person, run| {
            self.reset(state);
            self.steps(state, run, output);
            self.finish(person, state, run.dict(), output);
        });
    }

    /// Whether people may come once for each of these stretches of time, one stretch after the other, instead of once: when
    /// what is kept of a person in one stretch is not needed in the next. Asked before anybody comes; each stretch is the
    /// moment of its first and of its last event, microseconds UTC, and ends before the next one begins. Stretches are
    /// months, so a fold that may be run so has no files to merge.
    fn by_stretches(&self, _spans: &[(i64, i64)], _output: &mut Self::Output) -> bool {
        false
    }

    /// After a person's last event. Codes in the state are of `dict`; one output sees one `dict` until it is closed.
    fn finish(&self, person: u64, state: &mut Self::State, dict: &Dict, output: &mut Self::Output);

    /// The output of nobody.
    fn output(&self) -> Self::Output;

    /// After the last person of a run: the last moment at which codes of `dict` mean something to the output.
    fn close(&self, _dict: &Dict, _output: &mut Self::Output) {}

    /// About how many bytes an output takes beyond a fixed size; looked at now and then, against
    /// [`FoldOptions::memory_bytes_max`].
    fn weight(&self, _output: &Self::Output) -> usize {
        0
    }

    /// Adds an output to another; both were closed.
    fn merge(&self, into: &mut Self::Output, from: Self::Output);
}

/// What was known at a moment.
#[derive(Debug, Clone)]
pub struct KnownAt {
    /// Events received later are left out.
    pub at: Timestamp,
    /// Whose events were then folded under whom, as for [`crate::Lake::set_merges`].
    pub merges: Arc<HashMap<u64, u64>>,
    /// As of which moment what rules derived counts; none: that of `at`.
    pub rules_at: Option<Timestamp>,
}

impl KnownAt {
    /// What was known at a moment, under the merges of then.
    #[must_use]
    pub fn new(at: Timestamp, merges: Arc<HashMap<u64, u64>>) -> Self {
        Self { at, merges, rules_at: None }
    }
}

/// What to fold over.
#[derive(Debug, Clone)]
pub struct FoldOptions {
    /// Events with `at` in this range.
    pub range: TimeRange,
    /// Only this person (with all that is merged into it).
    pub person: Option<u64>,
    /// Only these people (with all that is merged into them).
    pub people: Option<Arc<HashSet<u64>>>,
    /// Only what was known at a moment; everything when none.
    pub as_of: Option<KnownAt>,
    /// Most bytes of an output, of one bucket or of all together; a fold that would take more stops with
    /// [`crate::LakeError::TooLarge`].
    pub memory_bytes_max: usize,
    /// Shows how far the fold is.
    pub progress: Progress,
    /// Stops the fold.
    pub cancel: Cancel,
}

impl Default for FoldOptions {
    fn default() -> Self {
        Self {
            range: TimeRange::ALL,
            person: None,
            people: None,
            as_of: None,
            memory_bytes_max: kernel::limits::FOLD_MEMORY_BYTES_MAX,
            progress: Progress::default(),
            cancel: Cancel::default(),
        }
    }
}

impl FoldOptions {
    /// Everybody, in this range.
    #[must_use]
    pub fn over(range: TimeRange) -> Self {
        Self { range, ..Self::default() }
    }
}

/// How far a fold is; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<(AtomicUsize, AtomicUsize)>);

impl Progress {
    /// Buckets of people that are folded, and how many there are; none of none before the fold began.
    #[must_use]
    pub fn buckets(&self) -> (usize, usize) {
        (self.0.0.load(Ordering::Relaxed), self.0.1.load(Ordering::Relaxed))
    }

    pub(crate) fn begin(&self, buckets: usize) {
        self.0.0.store(0, Ordering::Relaxed);
        self.0.1.store(buckets, Ordering::Relaxed);
    }

    pub(crate) fn done(&self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A switch that stops work; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Stops the work that looks at this switch or a clone.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was switched.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
