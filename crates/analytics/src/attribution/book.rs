//! The book of credits: for every goal, what each touch got under a model; and the memory of pages already written.
//!
//! A page is that of some goals that follow each other in time: a question about some days writes the pages of those days.

use super::goal::{Goal, JourneyKey, NONE, converting_session};
use super::journeys::{BLOCK, Item, Journeys};
use super::occurrences::GoalRow;
use crate::answers::Cache;
use crate::facts::{Day, Facts};
use parking_lot::Mutex;
use science::attribution::{Model, credits};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Most kinds of journeys, and lookbacks of leads, kept beside one set of facts; those asked for longest ago go.
const JOURNEYS_MAX: usize = 48;
/// Most bytes of all pages that are kept beside one set of facts.
const PAGES_BYTES_MAX: usize = 32 << 20;
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
        let walk = journeys.walk(facts, place);
        let (value, item) = (walk.item.value.unwrap_or(0), walk.place);
        if walk.touches.is_empty() {
            rows.push(CreditRow { item, session: NONE, micros: value, share: 1_000_000, first: true });
            continue;
        }
        let shares = credits(model, &walk.journey(facts), value);
        let lines = walk.touches.iter().zip(shares).enumerate().map(|(rank, (session, credit))| CreditRow {
            item,
            session: *session,
            micros: credit.micros,
            share: u32::try_from(credit.share).unwrap_or(0),
            first: rank == 0,
        });
        rows.extend(lines);
    }
    rows.shrink_to_fit();
    rows
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

    fn put(&mut self, key: K, value: Arc<V>, most: usize) {
        self.0.retain(|(known, _)| *known != key);
        if self.0.len() >= most {
            self.0.remove(0);
        }
        self.0.push((key, value));
    }
}

/// What was computed from one set of facts. Lives and dies with them.
pub struct Memo {
    /// Those asked for last at the end.
    events: Mutex<Vec<(String, Arc<Vec<GoalRow>>)>>,
    journeys: Mutex<Newest<JourneyKey, Journeys>>,
    pages: Cache<Vec<CreditRow>, ()>,
    leads: Mutex<Newest<u32, Vec<AtomicU32>>>,
}

impl Default for Memo {
    fn default() -> Self {
        let pages = Cache::new(PAGES_BYTES_MAX);
        Self { events: Mutex::default(), journeys: Mutex::default(), pages, leads: Mutex::default() }
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
    /// The occurrences of an event, if they were brought.
    #[must_use]
    pub fn events(&self, name: &str) -> Option<Arc<Vec<GoalRow>>> {
        let mut events = self.events.lock();
        let place = events.iter().position(|(known, _)| known == name)?;
        events[place..].rotate_left(1);
        events.last().map(|(_, rows)| rows.clone())
    }

    /// Brings the occurrences of an event; they stay at least as long as somebody holds what this returns.
    #[must_use]
    pub fn bring(&self, name: &str, rows: Vec<GoalRow>) -> Arc<Vec<GoalRow>> {
        if let Some(known) = self.events(name) {
            return known;
        }
        let rows = Arc::new(rows);
        let mut events = self.events.lock();
        while events.len() >= EVENTS_MAX
            && let Some(oldest) = events.iter().position(|(_, rows)| Arc::strong_count(rows) == 1)
        {
            events.remove(oldest);
        }
        events.push((name.to_owned(), rows.clone()));
        rows
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
        if let Some(known) = self.memo.journeys.lock().get(key) {
            return known;
        }
        let events = match &key.goal {
            Goal::Event(name) => match self.memo.events(name) {
                Some(events) => events,
                // Not remembered: once the occurrences are brought, the journeys are there.
                None => return Arc::new(Journeys::new(self, key, &[])),
            },
            Goal::DealCreated | Goal::DealWon => Arc::default(),
        };
        let journeys = Arc::new(Journeys::new(self, key, &events));
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
        let name = format!("{:?} {model:?} {block}", journeys.key);
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
