//! What is kept of one month.

use super::cells::CELL_CODES;
use super::cells::{CellKey, Cells, Counts, numbered};
use super::fold::Carried;
use super::model::Session;
use super::touched::Touched;
use crate::facts::Day;
use lake::AgentClass;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
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

    /// The same people under the numbers they have by merges.
    #[must_use]
    pub fn under(self, merges: &HashMap<u64, u64>) -> Self {
        match self {
            Kept::People(people) if people.keys().any(|person| merges.contains_key(person)) => {
                let mut all = HashMap::with_capacity(people.len());
                for (person, until) in people.iter() {
                    let known = all.entry(merges.get(person).copied().unwrap_or(*person)).or_insert(*until);
                    *known = (*until).max(*known);
                }
                Kept::People(Arc::new(all))
            }
            kept => kept,
        }
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

/// What attribution needs of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touching {
    /// When it began, microseconds UTC.
    pub start: i64,
    /// Its first event.
    pub offset: u64,
    /// Channel, source, medium, campaign, content, landing page, country and device.
    pub codes: [u32; CELL_CODES],
    /// Whether it came from nowhere else.
    pub direct: bool,
}

/// Sessions that are kept whole, by person, then start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MonthRows {
    rows: Vec<Row>,
    /// What many sessions have in common.
    origins: Vec<Origin>,
    scenes: Vec<Scene>,
    /// The first start of each day, and the day.
    days: Vec<(i64, Day)>,
    /// Places in `rows`, by start and offset.
    by_day: Vec<u32>,
    /// Where the pages of each session end in `pages`.
    page_ends: Vec<u32>,
    pages: Vec<u32>,
}

/// A session in 40 bytes: of what it says, only what is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    person: u64,
    start: i64,
    offset: u64,
    seconds: u32,
    pages: u32,
    origin: u32,
    scene: u32,
}

/// Where it came from, and who caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Origin {
    channel: u32,
    source: u32,
    medium: u32,
    campaign: u32,
    campaign_id: u32,
    content: u32,
    agent_class: AgentClass,
    engaged: bool,
    direct: bool,
}

/// Landing page, country and device.
type Scene = [u32; 3];

impl Origin {
    fn of(session: &Session) -> Self {
        let Session { channel, source, medium, campaign, campaign_id, content, agent_class, engaged, direct, .. } =
            *session;
        Self { channel, source, medium, campaign, campaign_id, content, agent_class, engaged, direct }
    }
}

impl MonthRows {
    /// Of sessions with their pages, in any order.
    pub(super) fn new(mut found: Vec<(Session, Vec<u32>)>) -> Self {
        found.sort_unstable_by_key(|(session, _)| (session.person, session.start, session.offset));
        let mut rows = Self { rows: Vec::with_capacity(found.len()), ..Self::default() };
        rows.page_ends.reserve_exact(found.len());
        let (mut origins, mut scenes, mut days) = (HashMap::new(), HashMap::new(), BTreeMap::new());
        for (session, pages) in found {
            rows.pages.extend(pages);
            rows.page_ends.push(u32::try_from(rows.pages.len()).unwrap_or(u32::MAX));
            let first = days.entry(session.day).or_insert(session.start);
            *first = session.start.min(*first);
            let scene = [session.landing, session.country, session.device];
            rows.rows.push(Row {
                person: session.person,
                start: session.start,
                offset: session.offset,
                seconds: session.seconds,
                pages: session.pages,
                origin: numbered(&mut origins, &mut rows.origins, Origin::of(&session)),
                scene: numbered(&mut scenes, &mut rows.scenes, scene),
            });
        }
        rows.pages.shrink_to_fit();
        rows.origins.shrink_to_fit();
        rows.scenes.shrink_to_fit();
        rows.days = days.into_iter().map(|(day, start)| (start, day)).collect();
        rows.by_day = (0..u32::try_from(rows.rows.len()).unwrap_or(u32::MAX)).collect();
        let sorted = &rows.rows;
        rows.by_day.sort_unstable_by_key(|place| {
            let row = &sorted[*place as usize];
            (row.start, row.offset, *place)
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

    fn session(&self, row: &Row) -> Session {
        let Origin { channel, source, medium, campaign, campaign_id, content, agent_class, engaged, direct } =
            self.origins[row.origin as usize];
        let [landing, country, device] = self.scenes[row.scene as usize];
        // A later start is never of an earlier day.
        let day = self.days[self.days.partition_point(|(start, _)| *start <= row.start) - 1].1;
        Session {
            person: row.person,
            start: row.start,
            offset: row.offset,
            day,
            seconds: row.seconds,
            pages: row.pages,
            channel,
            source,
            medium,
            campaign,
            campaign_id,
            content,
            landing,
            country,
            device,
            agent_class,
            engaged,
            direct,
        }
    }

    /// The session at a place of these rows.
    pub(super) fn get(&self, local: usize) -> Option<Session> {
        self.rows.get(local).map(|row| self.session(row))
    }

    /// The session at a place of these rows, as a touch.
    pub(super) fn touch(&self, local: usize) -> Option<Touching> {
        let row = self.rows.get(local)?;
        let (origin, [landing, country, device]) =
            (&self.origins[row.origin as usize], self.scenes[row.scene as usize]);
        let Origin { channel, source, medium, campaign, content, direct, .. } = *origin;
        let codes = [channel, source, medium, campaign, content, landing, country, device];
        Some(Touching { start: row.start, offset: row.offset, codes, direct })
    }

    /// All, in the order of places.
    pub(super) fn all(&self) -> impl Iterator<Item = Session> {
        self.rows.iter().map(|row| self.session(row))
    }

    /// Places of the sessions of a person that start in `[from, to]`.
    pub(super) fn of(&self, person: u64, from: i64, to: i64) -> Range<usize> {
        let low = self.rows.partition_point(|row| (row.person, row.start) < (person, from));
        low..low + self.rows[low..].partition_point(|row| row.person == person && row.start <= to)
    }

    /// The first and the last start; the last lies before the first when there is none.
    pub(super) fn starts(&self) -> (i64, i64) {
        let at = |place: &u32| self.rows[*place as usize].start;
        self.by_day.first().zip(self.by_day.last()).map_or((i64::MAX, i64::MIN), |(first, last)| (at(first), at(last)))
    }

    pub(super) fn reaches(&self, from: i64, to: i64) -> bool {
        let (first, last) = self.starts();
        first <= to && last >= from
    }

    pub(super) fn pages_of(&self, local: usize) -> &[u32] {
        let end = self.page_ends.get(local).copied().unwrap_or(0) as usize;
        let from = if local == 0 { 0 } else { self.page_ends[local - 1] as usize };
        self.pages.get(from..end).unwrap_or(&[])
    }

    /// Places of the sessions of some days, by start.
    pub(super) fn between(&self, from: Day, to: Day) -> &[u32] {
        let start = |day: Day| {
            let place = self.days.partition_point(|(_, known)| *known < day);
            self.days.get(place).map_or(i64::MAX, |(start, _)| *start)
        };
        let until = |at: i64| self.by_day.partition_point(|place| self.rows[*place as usize].start < at);
        let low = until(start(from));
        let high = to.checked_add(1).map_or(self.by_day.len(), |day| until(start(day)));
        &self.by_day[low..high.max(low)]
    }

    /// The sessions and their pages, but those of some people.
    pub(super) fn without(&self, people: &HashSet<u64>) -> Vec<(Session, Vec<u32>)> {
        let kept = self.rows.iter().enumerate().filter(|(_, row)| !people.contains(&row.person));
        kept.map(|(local, row)| (self.session(row), self.pages_of(local).to_vec())).collect()
    }

    fn bytes(&self) -> usize {
        let shared = self.origins.len() * size_of::<Origin>() + self.scenes.len() * size_of::<Scene>();
        self.rows.len() * (size_of::<Row>() + 8) + self.pages.len() * 4 + shared
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
        for session in rows.all() {
            *kept.entry(CellKey::of(&session)).or_default() += 1;
        }
        Self { kept: Arc::new(Cells::of(&kept)), rows: Arc::new(rows), ..Self::default() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes() + self.cells.bytes() + self.kept.bytes() + self.touched.bytes()
    }
}
