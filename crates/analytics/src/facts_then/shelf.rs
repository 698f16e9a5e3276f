//! The facts of the last moments that were asked for.

use super::watermark::Counted;
use crate::attribution::Goal;
use crate::facts::{Choices, EventStamp, Facts};
use kernel::scope::Scope;
use kernel::time::{MINUTE, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most moments whose facts are kept, of all workspaces together.
pub const KEPT_MAX: usize = 2;
/// How long facts are kept after they were last asked for.
pub(super) const IDLE: Duration = Duration::from_secs(600);
/// A moment is over when everything received by it is counted: some time after it.
const SETTLES_AFTER: i64 = MINUTE;

/// What facts are of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub(super) workspace: String,
    pub(super) at: Timestamp,
    zone: String,
    currency: kernel::money::Currency,
}

impl Key {
    pub(super) fn new(scope: &Scope, at: Timestamp, choices: &Choices) -> Self {
        Self {
            workspace: scope.workspace.id.to_string(),
            at,
            zone: choices.zone.iana_name().unwrap_or("UTC").to_owned(),
            currency: choices.currency,
        }
    }
}

/// How the workspace stands when facts are looked for, read before anything else is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) now: Timestamp,
    pub(super) events: EventStamp,
    pub(super) erasures: u64,
}

impl Seen {
    /// Whether everything that was known at a moment is there to be read.
    pub(super) fn is_settled(&self, at: Timestamp) -> bool {
        let over = at.micros().saturating_add(SETTLES_AFTER);
        let watermark = &self.events.watermark;
        over < self.now.micros() && (over < watermark.at || watermark.offset == watermark.appended_offset)
    }
}

/// Facts of a moment.
#[derive(Clone)]
pub(super) struct Of {
    pub(super) facts: Arc<Facts>,
    pub(super) counted: Counted,
}

/// Facts that are kept.
pub(super) struct OnShelf {
    pub(super) key: Key,
    /// The event that was the goal; matters where not everybody's sessions are kept.
    pub(super) goal: Option<String>,
    /// How the workspace stood before they were read.
    pub(super) seen: Seen,
    pub(super) of: Of,
    pub(super) used: Instant,
}

/// Those that are kept.
#[derive(Default)]
pub(super) struct Shelf {
    kept: Vec<OnShelf>,
    /// Whether somebody comes to take away what was not asked for lately.
    is_swept: bool,
}

/// The name of a goal that is an event.
pub(super) fn event_of(goal: Option<&Goal>) -> Option<&str> {
    match goal {
        Some(Goal::Event(name)) => Some(name),
        _ => None,
    }
}

impl Shelf {
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// The facts of a moment, if they are what would be read now.
    pub(super) fn find(&mut self, key: &Key, goal: Option<&Goal>, seen: &Seen) -> Option<Of> {
        let place = self.kept.iter().position(|one| one.key == *key)?;
        let one = &mut self.kept[place];
        let is_of_all =
            one.of.facts.sessions.is_whole() || event_of(goal).is_none() || one.goal.as_deref() == event_of(goal);
        let same_past =
            one.seen.events.watermark.removals == seen.events.watermark.removals && one.seen.erasures == seen.erasures;
        // What was read too early to have everything serves until everything is there, as long as nothing comes.
        let is_newest = one.seen.events.is_same(&seen.events) && !seen.is_settled(key.at);
        if is_of_all && same_past && (one.seen.is_settled(key.at) || is_newest) {
            one.used = Instant::now();
            return Some(one.of.clone());
        }
        self.kept.remove(place);
        None
    }

    /// Keeps one more, in the place of the one that was not asked for longest. Whether somebody must come to sweep.
    pub(super) fn put(&mut self, one: OnShelf) -> bool {
        if self.kept.len() >= KEPT_MAX
            && let Some(oldest) = (0..self.kept.len()).min_by_key(|place| self.kept[*place].used)
        {
            self.kept.remove(oldest);
        }
        self.kept.push(one);
        !std::mem::replace(&mut self.is_swept, true)
    }

    /// Takes away what was not asked for lately. In how long there will be something again; none when nothing is left.
    pub(super) fn sweep(&mut self, now: Instant) -> Option<Duration> {
        let idle = |one: &OnShelf| now.saturating_duration_since(one.used);
        self.kept.retain(|one| idle(one) < IDLE);
        let longest = self.kept.iter().map(idle).max();
        self.is_swept = longest.is_some();
        longest.map(|longest| IDLE.saturating_sub(longest))
    }
}
