//! What is kept of one month.

use super::cells::{CellKey, Cells, Counts};
use super::fold::Carried;
use super::model::Session;
use super::touched::Touched;
use crate::facts::Day;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Whose sessions are kept whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Kept {
    /// Everybody's.
    #[default]
    Everybody,
    /// Those of these (canonical) people that start up to a moment of each, microseconds UTC; the others are counted.
    People(Arc<HashMap<u64, i64>>),
}

impl Kept {
    /// Whether it is everybody.
    #[must_use]
    pub fn is_everybody(&self) -> bool {
        matches!(self, Kept::Everybody)
    }

    /// Whether a person's session that starts at a moment is.
    #[must_use]
    pub fn has(&self, person: u64, start: i64) -> bool {
        self.until(person).is_some_and(|until| start <= until)
    }

    /// Up to when a person's are.
    #[must_use]
    pub fn until(&self, person: u64) -> Option<i64> {
        match self {
            Kept::Everybody => Some(i64::MAX),
            Kept::People(people) => people.get(&person).copied(),
        }
    }
}

/// Sessions that are kept whole, by person, then start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MonthRows {
    pub(super) rows: Vec<Session>,
    /// Places in `rows`, by day, start and offset.
    by_day: Vec<u32>,
    /// Where the pages of each session end in `pages`.
    page_ends: Vec<u32>,
    pages: Vec<u32>,
    /// The first and the last start.
    starts: (i64, i64),
}

impl MonthRows {
    /// Of sessions with their pages, in any order.
    pub(super) fn new(mut found: Vec<(Session, Vec<u32>)>) -> Self {
        found.sort_by_key(|(session, _)| (session.person, session.start, session.offset));
        let mut rows = Self { rows: Vec::with_capacity(found.len()), starts: (i64::MAX, i64::MIN), ..Self::default() };
        for (session, pages) in found {
            rows.starts = (rows.starts.0.min(session.start), rows.starts.1.max(session.start));
            rows.pages.extend(pages);
            rows.page_ends.push(u32::try_from(rows.pages.len()).unwrap_or(u32::MAX));
            rows.rows.push(session);
        }
        rows.pages.shrink_to_fit();
        rows.by_day = (0..u32::try_from(rows.rows.len()).unwrap_or(u32::MAX)).collect();
        let sorted = &rows.rows;
        rows.by_day.sort_by_key(|place| {
            let session = &sorted[*place as usize];
            (session.day, session.start, session.offset)
        });
        rows
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The first and the last start; the last lies before the first when there is none.
    pub(super) fn starts(&self) -> (i64, i64) {
        if self.rows.is_empty() { (i64::MAX, i64::MIN) } else { self.starts }
    }

    pub(super) fn reaches(&self, from: i64, to: i64) -> bool {
        self.starts.0 <= to && self.starts.1 >= from
    }

    pub(super) fn pages_of(&self, local: usize) -> &[u32] {
        let end = self.page_ends.get(local).copied().unwrap_or(0) as usize;
        let from = if local == 0 { 0 } else { self.page_ends[local - 1] as usize };
        self.pages.get(from..end).unwrap_or(&[])
    }

    pub(super) fn between(&self, from: Day, to: Day) -> &[u32] {
        let low = self.by_day.partition_point(|place| self.rows[*place as usize].day < from);
        let high = self.by_day.partition_point(|place| self.rows[*place as usize].day <= to);
        &self.by_day[low..high.max(low)]
    }

    /// The sessions and their pages, but those of some people.
    pub(super) fn without(&self, people: &HashSet<u64>) -> Vec<(Session, Vec<u32>)> {
        let kept = self.rows.iter().enumerate().filter(|(_, session)| !people.contains(&session.person));
        kept.map(|(local, session)| (*session, self.pages_of(local).to_vec())).collect()
    }

    fn bytes(&self) -> usize {
        self.rows.len() * (size_of::<Session>() + 8) + self.pages.len() * 4
    }
}

/// What is kept of one month, and what it was made of.
#[derive(Debug, Clone, Default)]
pub(super) struct Month {
    /// Year × 12 + month − 1, UTC.
    pub(super) number: i32,
    /// Of its events.
    pub(super) stamp: u64,
    /// What was open when it began.
    pub(super) from: Arc<Carried>,
    pub(super) rows: Arc<MonthRows>,
    pub(super) cells: Arc<Cells>,
    /// The sessions of `rows`, counted as well: most questions need no more.
    pub(super) kept: Arc<Cells>,
    pub(super) touched: Arc<Touched>,
    /// What is open when it ends.
    pub(super) to: Arc<Carried>,
}

/// Sums of a month while they are made.
#[derive(Debug, Default)]
pub(super) struct MonthSums {
    pub(super) rows: Vec<(Session, Vec<u32>)>,
    pub(super) counts: Counts,
    pub(super) touched: Touched,
    pub(super) to: Carried,
}

impl Month {
    pub(super) fn new((number, stamp): (i32, u64), from: Arc<Carried>, sums: MonthSums) -> Self {
        Self {
            number,
            stamp,
            from,
            cells: Arc::new(Cells::of(&sums.counts)),
            touched: Arc::new(sums.touched),
            to: Arc::new(sums.to),
            ..Self::of_rows(MonthRows::new(sums.rows))
        }
    }

    /// Of rows that are brought for a question.
    pub(super) fn of_rows(rows: MonthRows) -> Self {
        let mut kept = Counts::new();
        for session in &rows.rows {
            *kept.entry(CellKey::of(session)).or_default() += 1;
        }
        Self { kept: Arc::new(Cells::of(&kept)), rows: Arc::new(rows), ..Self::default() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes() + self.cells.bytes() + self.kept.bytes() + self.touched.bytes()
    }
}
