//! The book of credits: for every goal, what each touch got under a model; and the memory of pages already written.
//!
//! A page is that of some goals that follow each other in time: a question about some days writes the pages of those days.

use super::goal::{Goal, JourneyKey, NONE, converting_session};
use super::journeys::{BLOCK, Item, Journeys, Walk, Walks};
use super::occurrences::GoalRow;
use super::shares;
use crate::answers::Cache;
use crate::facts::{Day, Facts, Followed};
use parking_lot::Mutex;
use science::attribution::{Model, credits};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Most kinds of journeys, and lookbacks of leads, kept beside one set of facts; those asked for longest ago go.
const JOURNEYS_MAX: usize = 48;
/// Most bytes of all pages of a kind that are kept beside one set of facts, and of what led to the goals.
const PAGES_BYTES_MAX: usize = 24 << 20;
const WALKS_BYTES_MAX: usize = 24 << 20;
/// Most events whose occurrences are kept beside one set of facts, those not counted that a question holds.
const EVENTS_MAX: usize = 8;

/// One line: what one touch got of one goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditRow {
    /// Place of the goal in the journeys.
    pub item: u32,
    /// Place of the session; [`NONE`] on the line "No touch known".
    pub session: u32,
    /// The part of the value, in micros.
    pub micros: i64,
    /// The part of one goal, in millionths.
    pub share: u32,
    /// Whether it is the first touch of the journey.
    pub first: bool,
}

/// The lines of a block of goals.
fn page(facts: &Facts, journeys: &Journeys, model: &Model, block: usize) -> Vec<CreditRow> {
    let mut rows = Vec::new();
    for place in (block * BLOCK..journeys.items.len()).take(BLOCK) {
        journeys.walk(facts, place, |walk| lines(facts, &walk, model, &mut rows));
    }
    rows.shrink_to_fit();
    rows
}

/// The lines of a goal.
fn lines(facts: &Facts, walk: &Walk<'_>, model: &Model, rows: &mut Vec<CreditRow>) {
    let (value, item) = (walk.item.value.unwrap_or(0), walk.place);
    if walk.touches.is_empty() {
        rows.push(CreditRow { item, session: NONE, micros: value, share: 1_000_000, first: true });
        return;
    }
    let shares = credits(model, &walk.journey(facts), value);
    rows.extend(walk.touches.iter().zip(shares).enumerate().map(|(rank, (session, credit))| CreditRow {
        item,
        session: *session,
        micros: credit.micros,
        share: u32::try_from(credit.share).unwrap_or(0),
        first: rank == 0,
    }));
}

/// Values by key; the one asked for longest ago goes when there are too many.
#[derive(Debug)]
struct Newest<K, V>(Vec<(K, Arc<V>)>);

impl<K, V> Default for Newest<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq, V> Newest<K, V> {
    fn get(&mut self, key: &K) -> Option<Arc<V>> {
        let place = self.0.iter().position(|(known, _)| known == key)?;
        self.0[place..].rotate_left(1);
        self.0.last().map(|(_, value)| value.clone())
    }

    fn find(&self, is_meant: impl Fn(&V) -> bool) -> Option<Arc<V>> {
        self.0.iter().find(|(_, value)| is_meant(value)).map(|(_, value)| value.clone())
    }

    fn put(&mut self, key: K, value: Arc<V>, most: usize) {
        self.0.retain(|(known, _)| *known != key);
        if self.0.len() >= most {
            self.0.remove(0);
        }
        self.0.push((key, value));
    }
}

/// The occurrences of an event.
struct Brought {
    name: String,
    rows: Arc<Vec<GoalRow>>,
    /// The last event that was read for them.
    up_to: u64,
}

/// What was computed from one set of facts. Lives and dies with them.
pub struct Memo {
    /// Those asked for last at the end.
    events: Mutex<Vec<Brought>>,
    /// Goals whose visits are kept.
    followed: Mutex<Vec<Followed>>,
    journeys: Mutex<Newest<JourneyKey, Journeys>>,
    pages: Cache<Vec<CreditRow>, ()>,
    pub(super) walks: Cache<Walks, ()>,
    pub(super) shares: Cache<shares::Page, ()>,
    leads: Mutex<Newest<u32, Vec<AtomicU32>>>,
    no_events: Arc<Vec<GoalRow>>,
}

impl Default for Memo {
    fn default() -> Self {
        let (pages, walks, shares) =
            (Cache::new(PAGES_BYTES_MAX), Cache::new(WALKS_BYTES_MAX), Cache::new(PAGES_BYTES_MAX));
        let (events, followed) = (Mutex::default(), Mutex::default());
        let (journeys, leads) = (Mutex::default(), Mutex::default());
        Self { events, followed, journeys, pages, walks, shares, leads, no_events: Arc::default() }
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

/// What was not looked for yet; no session has this place.
const NOT_LOOKED: u32 = NONE - 1;

impl Memo {
    /// Says which goals' visits are kept.
    pub(crate) fn follow(&self, goals: Vec<Followed>) {
        *self.followed.lock() = goals;
    }

    /// The last event that was read to learn who reached a goal; none where nobody is followed for that.
    pub(crate) fn follows(&self, name: &str) -> Option<u64> {
        self.followed.lock().iter().find(|goal| goal.name == name).map(|goal| goal.up_to)
    }

    /// The occurrences of an event, if they were brought.
    #[must_use]
    pub fn events(&self, name: &str) -> Option<Arc<Vec<GoalRow>>> {
        self.events_up_to(name, 0)
    }

    /// The same, if they were read at least up to an event.
    #[must_use]
    pub fn events_up_to(&self, name: &str, up_to: u64) -> Option<Arc<Vec<GoalRow>>> {
        let mut events = self.events.lock();
        let place = events.iter().position(|known| known.name == name && known.up_to >= up_to)?;
        events[place..].rotate_left(1);
        events.last().map(|known| known.rows.clone())
    }

    /// Brings the occurrences of an event; they stay at least as long as somebody holds what this returns.
    #[must_use]
    pub fn bring(&self, name: &str, rows: Vec<GoalRow>) -> Arc<Vec<GoalRow>> {
        self.bring_up_to(name, rows, u64::MAX)
    }

    /// The same, read up to an event; those that were read less far go.
    #[must_use]
    pub fn bring_up_to(&self, name: &str, rows: Vec<GoalRow>, up_to: u64) -> Arc<Vec<GoalRow>> {
        if let Some(known) = self.events_up_to(name, up_to) {
            return known;
        }
        let rows = Arc::new(rows);
        let mut events = self.events.lock();
        events.retain(|known| known.name != name);
        while events.len() >= EVENTS_MAX
            && let Some(oldest) = events.iter().position(|known| Arc::strong_count(&known.rows) == 1)
        {
            events.remove(oldest);
        }
        events.push(Brought { name: name.to_owned(), rows: rows.clone(), up_to });
        rows
    }

    /// For the same facts with other sessions: the occurrences alone, for places of sessions mean something else there.
    pub(crate) fn of_other_sessions(&self) -> Self {
        let events = self.events.lock();
        let same = |known: &Brought| Brought { name: known.name.clone(), rows: known.rows.clone(), up_to: known.up_to };
        let (events, followed) = (events.iter().map(same).collect(), self.followed.lock().clone());
        Self { events: Mutex::new(events), followed: Mutex::new(followed), ..Self::default() }
    }
}

impl Facts {
    /// For each person, by place, where the session that made it a lead is remembered.
    #[must_use]
    pub(crate) fn lead_sessions(&self, lookback_days: u32) -> Arc<Vec<AtomicU32>> {
        let mut leads = self.memo.leads.lock();
        if let Some(known) = leads.get(&lookback_days) {
            return known;
        }
        let none: Arc<Vec<AtomicU32>> = Arc::new(self.people.iter().map(|_| AtomicU32::new(NOT_LOOKED)).collect());
        leads.put(lookback_days, none.clone(), JOURNEYS_MAX);
        none
    }

    /// Place of the session that made the person at this place a lead, remembered in what [`Facts::lead_sessions`] gave.
    #[must_use]
    pub(crate) fn lead_session(&self, known: &[AtomicU32], place: usize, lookback_days: u32) -> u32 {
        let (Some(person), Some(known)) = (self.people.get(place), known.get(place)) else { return NONE };
        let (found, Some(lead_at)) = (known.load(Ordering::Relaxed), person.lead_at) else { return NONE };
        if found != NOT_LOOKED {
            return found;
        }
        let found = converting_session(self, person.person, lead_at, lookback_days);
        known.store(found, Ordering::Relaxed);
        found
    }

    /// The journeys of a goal. An event goal has none until its occurrences were brought.
    #[must_use]
    pub fn journeys(&self, key: &JourneyKey) -> Arc<Journeys> {
        let known = self.memo.journeys.lock().get(key);
        let events = match &key.goal {
            Goal::Event(name) => match self.memo.events(name) {
                Some(events) => events,
                // Not remembered: once the occurrences are brought, the journeys are there.
                None => return Arc::new(Journeys::new(self, key, &self.memo.no_events)),
            },
            Goal::DealCreated | Goal::DealWon => self.memo.no_events.clone(),
        };
        // Occurrences that were read further are other journeys.
        if let Some(known) = known.filter(|known| known.is_of(&events)) {
            return known;
        }
        let like = self.memo.journeys.lock().find(|journeys| journeys.key.goal == key.goal && journeys.is_of(&events));
        let journeys = like.map_or_else(|| Journeys::new(self, key, &events), |like| like.seen_by(key));
        let journeys = Arc::new(journeys);
        self.memo.journeys.lock().put(key.clone(), journeys.clone(), JOURNEYS_MAX);
        journeys
    }

    /// Every credit under a model of the goals that were reached from one day to another, goal by goal, touch by touch.
    /// Under a conserving model the micros of a goal sum to its value and the shares to one million; a goal without a touch
    /// has one line without a session.
    pub fn credits(
        &self,
        journeys: &Journeys,
        model: &Model,
        days: (Day, Day),
        take: &mut dyn FnMut(&Item, &CreditRow),
    ) {
        let within = journeys.within(days);
        if within.is_empty() {
            return;
        }
        for block in within.start / BLOCK..=(within.end - 1) / BLOCK {
            let page = self.page(journeys, model, block);
            for row in page.iter().filter(|row| within.contains(&(row.item as usize))) {
                take(&journeys.items[row.item as usize], row);
            }
        }
    }

    fn page(&self, journeys: &Journeys, model: &Model, block: usize) -> Arc<Vec<CreditRow>> {
        let is_known = !matches!(journeys.key.goal, Goal::Event(_)) || !journeys.items.is_empty();
        // Occurrences that were read further are more, and never fewer.
        let name = format!("{:?} {} {model:?} {block}", journeys.key, journeys.items.len());
        if let Some(known) = self.memo.pages.get(&name, &()) {
            return known;
        }
        let page = Arc::new(page(self, journeys, model, block));
        if is_known {
            let weight = page.len() * size_of::<CreditRow>() + name.len();
            self.memo.pages.put(name, (), page.clone(), weight);
        }
        page
    }
}
