//! The book of credits: for every goal, what each touch got under a model; and the memory of books already written.

use super::journeys::{Goal, JourneyKind, Journeys, NONE, converting_session};
use super::occurrences::GoalRow;
use crate::facts::Facts;
use parking_lot::Mutex;
use science::attribution::{Model, credits};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Most books kept beside one set of facts; older ones are written again when asked for.
const BOOKS_MAX: usize = 48;
/// Most lines of all books that are kept: 32 bytes each.
const BOOK_ROWS_MAX: usize = 4_000_000;
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
    pub share: i64,
    /// Whether it is the first touch of the journey.
    pub first: bool,
}

/// Every credit under one model.
#[derive(Debug)]
pub struct Book {
    /// The model.
    pub model: Model,
    /// The goals.
    pub journeys: Arc<Journeys>,
    /// The lines, goal by goal, touch by touch. Under a conserving model the micros of a goal sum to its value and the
    /// shares to one million; a goal without a touch has one line without a session.
    pub rows: Vec<CreditRow>,
}

impl Book {
    fn write(facts: &Facts, model: &Model, journeys: Arc<Journeys>) -> Self {
        let mut rows = Vec::new();
        for (item, place) in journeys.items.iter().zip(0_u32..) {
            let value = item.value.unwrap_or(0);
            if item.touches.is_empty() {
                rows.push(CreditRow { item: place, session: NONE, micros: value, share: 1_000_000, first: true });
                continue;
            }
            let shares = credits(model, &item.journey(facts), value);
            let lines = item.touches.iter().zip(shares).enumerate().map(|(rank, (session, credit))| CreditRow {
                item: place,
                session: *session,
                micros: credit.micros,
                share: credit.share,
                first: rank == 0,
            });
            rows.extend(lines);
        }
        Self { model: model.clone(), journeys, rows }
    }
}

/// Which journeys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JourneyKey {
    /// The goal.
    pub goal: Goal,
    /// How far back, in days.
    pub lookback_days: u32,
    /// Whose touches.
    pub kind: JourneyKind,
}

/// What was computed from one set of facts. Lives and dies with them.
#[derive(Debug, Default)]
pub struct Memo {
    /// Those asked for last at the end.
    events: Mutex<Vec<(String, Arc<Vec<GoalRow>>)>>,
    journeys: Mutex<HashMap<JourneyKey, Arc<Journeys>>>,
    books: Mutex<HashMap<(JourneyKey, Model), Arc<Book>>>,
    leads: Mutex<HashMap<u32, Arc<Vec<AtomicU32>>>>,
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
        if leads.len() >= BOOKS_MAX && !leads.contains_key(&lookback_days) {
            leads.clear();
        }
        let none = || Arc::new(self.people.iter().map(|_| AtomicU32::new(NOT_LOOKED)).collect());
        leads.entry(lookback_days).or_insert_with(none).clone()
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
            return known.clone();
        }
        let events = match &key.goal {
            Goal::Event(name) => match self.memo.events(name) {
                Some(events) => events,
                // Not remembered: once the occurrences are brought, the journeys are there.
                None => return Arc::default(),
            },
            Goal::DealCreated | Goal::DealWon => Arc::default(),
        };
        let journeys = Arc::new(Journeys::new(self, &key.goal, key.lookback_days, key.kind, &events));
        let mut kept = self.memo.journeys.lock();
        if kept.len() >= BOOKS_MAX {
            kept.clear();
        }
        kept.insert(key.clone(), journeys.clone());
        journeys
    }

    /// The book of a goal under a model.
    #[must_use]
    pub fn book(&self, key: &JourneyKey, model: &Model) -> Arc<Book> {
        let name = (key.clone(), model.clone());
        if let Some(known) = self.memo.books.lock().get(&name) {
            return known.clone();
        }
        let book = Arc::new(Book::write(self, model, self.journeys(key)));
        let mut kept = self.memo.books.lock();
        let rows = kept.values().map(|book| book.rows.len()).sum::<usize>() + book.rows.len();
        if kept.len() >= BOOKS_MAX || rows > BOOK_ROWS_MAX {
            kept.clear();
        }
        kept.insert(name, book.clone());
        book
    }
}
