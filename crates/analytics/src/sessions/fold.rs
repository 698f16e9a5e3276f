//! One pass over the events of a month: sessions, the pages each of them viewed, and what stays open.

use super::cells::CellKey;
use super::extra::Extra;
use super::model::{DIRECT, NO_TOUCH_TEXT, NOT_SET_TEXT, Session};
use super::month::{Kept, MonthSums};
use crate::facts::Calendar;
use kernel::time::SECOND;
use lake::folds::sessions::{COLUMNS, SessionFold, SessionRow, Sessionizer};
use lake::{AgentClass, Col, Columns, Dict, EventKind, EventRef, Fold, Recoder};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Texts that stand for nothing where they are shown have the first codes, then Direct.
const UNSAID: [u32; 2] = [1, 2];
const DIRECT_CODE: u32 = 3;
/// Marks a code of what was carried in: it is of another dictionary than the codes of events.
const CARRIED: u32 = 1 << 31;

/// A dictionary in which the texts with a meaning have their codes.
pub(super) fn texts() -> Dict {
    let mut texts = Dict::new();
    for text in [NOT_SET_TEXT, NO_TOUCH_TEXT, DIRECT] {
        texts.intern(text);
    }
    texts
}

/// What one person has open when a month ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Open {
    sessionizer: Sessionizer,
    /// Moment and path of the views that the open session may hold.
    views: Vec<(i64, u32)>,
}

impl Open {
    fn recode(&mut self, mut code: impl FnMut(u32) -> u32) {
        for session in self.sessionizer.open_mut() {
            session.codes_mut().into_iter().for_each(|place| *place = code(*place));
        }
        self.views.iter_mut().for_each(|(_, path)| *path = code(*path));
    }

    fn recoded(&self, code: impl FnMut(u32) -> u32) -> Self {
        let mut open = self.clone();
        open.recode(code);
        open
    }
}

/// What is open when a month ends, by person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Carried(pub(super) HashMap<u64, Open>);

impl Carried {
    pub(super) fn recoded(&self, mut code: impl FnMut(u32) -> u32) -> Self {
        Self(self.0.iter().map(|(person, open)| (*person, open.recoded(&mut code))).collect())
    }

    /// Who has something else open here than there.
    pub(super) fn differing(&self, other: &Carried) -> Vec<u64> {
        let changed =
            self.0.iter().filter(|(person, open)| other.0.get(person) != Some(open)).map(|(person, _)| *person);
        changed.chain(other.0.keys().filter(|person| !self.0.contains_key(person)).copied()).collect()
    }
}

/// What is done with a session.
#[derive(Debug, Clone)]
pub(super) enum Purpose {
    /// Kept or counted.
    Facts,
    /// The rows of those that are only counted, of these days.
    Counted(Extra),
    /// The first human one of each of these people.
    First(Arc<HashSet<u64>>),
}

/// Cuts the sessions of a month.
#[derive(Debug, Clone)]
pub(super) struct MonthFold {
    pub(super) settings: SessionFold,
    pub(super) calendar: Arc<Calendar>,
    pub(super) kept: Kept,
    pub(super) purpose: Purpose,
    /// What was open before, with codes of `texts`.
    pub(super) from: Arc<Carried>,
    pub(super) texts: Arc<Dict>,
    /// The end of the month: what an event from here on may prolong stays open.
    pub(super) until: i64,
    /// Events after this one in the log are not looked at.
    pub(super) offset_max: u64,
}

/// What a pass found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) sums: MonthSums,
    pub(super) texts: Dict,
    /// Those who had something open and did something.
    pub(super) taken: HashSet<u64>,
    recoder: Recoder,
    carried: Recoder,
}

/// The state of one person.
#[derive(Debug, Default)]
pub(super) struct PersonMonth {
    begun: bool,
    open: Open,
    ended: Vec<SessionRow>,
}

fn is_machine(class: AgentClass) -> bool {
    matches!(class, AgentClass::Bot | AgentClass::AiAgent)
}

impl MonthFold {
    /// What a person who has something open did not go on with.
    pub(super) fn unseen(&self, person: u64, open: &Open, last: bool, sums: &mut MonthSums) {
        let (mut open, mut ended) = (open.clone(), Vec::new());
        if last {
            std::mem::take(&mut open.sessionizer).finish(&self.settings, |session| ended.push(session));
        } else {
            open.sessionizer.end_before(&self.settings, self.until, |session| ended.push(session));
        }
        self.put(person, ended, &open.views, &self.texts, sums);
        self.carry(person, open, sums);
    }

    fn carry(&self, person: u64, mut open: Open, sums: &mut MonthSums) {
        if open.sessionizer.is_idle() {
            return;
        }
        let since = open.sessionizer.human_since().unwrap_or(i64::MAX);
        open.views.retain(|(at, _)| *at >= since);
        sums.to.0.insert(person, open);
    }

    /// Takes the sessions of a person that ended; codes are of `texts`.
    fn put(&self, person: u64, mut ended: Vec<SessionRow>, views: &[(i64, u32)], texts: &Dict, sums: &mut MonthSums) {
        ended.sort_unstable_by_key(|session| (session.start, session.offset));
        let mut next_view = 0;
        let until = self.kept.until(person);
        for mut row in ended {
            let kept = until.is_some_and(|until| row.start <= until);
            row.person = person;
            let mut paths: Vec<u32> = Vec::new();
            if !is_machine(row.agent_class) {
                while let Some((at, path)) = views.get(next_view).filter(|(at, _)| *at <= row.end) {
                    if *at >= row.start && !paths.contains(path) {
                        paths.push(*path);
                    }
                    next_view += 1;
                }
            }
            let session = compact(&row, &self.calendar);
            match &self.purpose {
                Purpose::First(people) => {
                    if session.is_human() && people.contains(&person) {
                        sums.rows.push((session, Vec::new()));
                        return;
                    }
                    continue;
                }
                Purpose::Counted(days) => {
                    if !kept && days.has(&session, texts, &self.texts) {
                        paths.iter_mut().for_each(|path| *path = said(*path));
                        sums.rows.push((session, paths));
                    }
                    continue;
                }
                Purpose::Facts if kept => {
                    paths.iter_mut().for_each(|path| *path = said(*path));
                    sums.rows.push((session, paths));
                }
                Purpose::Facts => *sums.counts.entry(CellKey::of(&session)).or_default() += 1,
            }
            if session.is_human() {
                sums.touched.add(&row, session, texts);
            }
        }
    }
}

/// What says in words that it says nothing is nothing: two rows of one name would open to each other.
fn said(code: u32) -> u32 {
    if UNSAID.contains(&code) { 0 } else { code }
}

fn compact(row: &SessionRow, calendar: &Calendar) -> Session {
    let channel = said(row.channel);
    // No channel and no evidence of a source is what Direct means.
    let channel = if channel == 0 && row.channel == 0 && row.is_direct { DIRECT_CODE } else { channel };
    Session {
        person: row.person,
        start: row.start,
        offset: row.offset,
        day: calendar.day(row.start),
        seconds: u32::try_from(row.engaged_us() / SECOND).unwrap_or(0),
        pages: row.pages,
        channel,
        source: said(row.source),
        medium: said(row.medium),
        campaign: said(row.campaign),
        campaign_id: said(row.campaign_id),
        content: said(row.content),
        landing: said(row.landing_path),
        country: said(row.country),
        device: said(row.device),
        agent_class: row.agent_class,
        engaged: row.engaged,
        direct: channel == DIRECT_CODE,
    }
}

impl MonthSums {
    /// Adds others, whose codes are moved by `code`.
    pub(super) fn merge(&mut self, from: MonthSums, mut code: impl FnMut(u32) -> u32) {
        self.rows.reserve_exact(from.rows.len());
        for (mut session, mut pages) in from.rows {
            session.codes_mut().into_iter().for_each(|place| *place = code(*place));
            pages.iter_mut().for_each(|page| *page = code(*page));
            self.rows.push((session, pages));
        }
        for (key, count) in from.counts {
            *self.counts.entry(key.recoded(&mut code)).or_default() += count;
        }
        self.touched.merge(&from.touched, &mut code);
        self.to.0.extend(from.to.recoded(&mut code).0);
    }
}

impl Found {
    /// What was found, with codes of `texts`.
    pub(super) fn into_sums(self, texts: &mut Dict) -> (MonthSums, HashSet<u64>) {
        let (mut sums, mut recoder) = (MonthSums::default(), Recoder::default());
        sums.merge(self.sums, |code| recoder.code(code, &self.texts, texts));
        (sums, self.taken)
    }
}

impl Fold for MonthFold {
    type State = PersonMonth;
    type Output = Found;

    fn columns(&self) -> Columns {
        self.settings.columns().and(Columns::of(COLUMNS).without(Col::Name))
    }

    fn literals(&self) -> Vec<String> {
        self.settings.literals()
    }

    fn init(&self) -> PersonMonth {
        PersonMonth::default()
    }

    fn reset(&self, state: &mut PersonMonth) {
        state.begun = false;
        state.open.sessionizer = Sessionizer::default();
        state.open.views.clear();
        state.ended.clear();
    }

    fn step(&self, state: &mut PersonMonth, event: &EventRef<'_>) {
        if event.offset() > self.offset_max {
            return;
        }
        if !state.begun {
            state.begun = true;
            if let Some(open) = self.from.0.get(&event.person()) {
                state.open = open.recoded(|code| code | CARRIED);
            }
        }
        if matches!(event.kind(), EventKind::Page | EventKind::Screen) && !is_machine(event.agent_class()) {
            state.open.views.push((event.at(), event.code(Col::Path)));
        }
        let ended = &mut state.ended;
        state.open.sessionizer.step(&self.settings, event, |session| ended.push(session));
    }

    fn finish(&self, person: u64, state: &mut PersonMonth, dict: &Dict, output: &mut Found) {
        if !state.begun {
            return;
        }
        if !self.from.0.is_empty() && self.from.0.contains_key(&person) {
            output.taken.insert(person);
        }
        let (mut open, mut ended) = (std::mem::take(&mut state.open), std::mem::take(&mut state.ended));
        open.sessionizer.end_before(&self.settings, self.until, |session| ended.push(session));
        let Found { sums, texts, recoder, carried, .. } = output;
        let mut code = |code: u32| match code & CARRIED {
            0 => recoder.code(code, dict, texts),
            _ => carried.code(code & !CARRIED, &self.texts, texts),
        };
        open.recode(&mut code);
        for session in &mut ended {
            session.codes_mut().into_iter().for_each(|place| *place = code(*place));
        }
        self.put(person, ended, &open.views, texts, sums);
        self.carry(person, open, sums);
    }

    fn output(&self) -> Found {
        let (recoder, carried) = (Recoder::default(), Recoder::default());
        Found { sums: MonthSums::default(), texts: texts(), taken: HashSet::new(), recoder, carried }
    }

    fn close(&self, _dict: &Dict, output: &mut Found) {
        (output.recoder, output.carried) = (Recoder::default(), Recoder::default());
    }

    fn weight(&self, output: &Found) -> usize {
        let sums = &output.sums;
        sums.rows.len() * (size_of::<(Session, Vec<u32>)>() + 16) + sums.counts.len() * 2 * size_of::<(CellKey, i64)>()
    }

    fn merge(&self, into: &mut Found, from: Found) {
        let Found { sums, texts, .. } = into;
        let mut recoder = Recoder::default();
        sums.merge(from.sums, |code| recoder.code(code, &from.texts, texts));
        into.taken.extend(from.taken);
    }
}

/// Sessions that were found in another way than by a lake: those of a test or a tool.
#[derive(Debug, Clone, Default)]
pub struct TouchRows {
    /// The sessions.
    pub rows: Vec<SessionRow>,
    /// For each session, where its pages end in `pages` (they begin where those of the one before end).
    pub page_ends: Vec<u32>,
    /// Codes of the distinct paths of each session.
    pub pages: Vec<u32>,
    /// The texts of all codes.
    pub texts: Dict,
}

impl TouchRows {
    /// `page_ends` is as long as `rows`.
    #[must_use]
    pub fn new(rows: Vec<SessionRow>, page_ends: Vec<u32>, pages: Vec<u32>, texts: Dict) -> Self {
        Self { rows, page_ends, pages, texts }
    }

    /// As a pass over a lake would have found them.
    pub(super) fn sums(self, calendar: &Calendar, kept: &Kept, into: &mut Dict) -> MonthSums {
        let (mut sums, mut recoder) = (MonthSums::default(), Recoder::default());
        for (place, mut row) in self.rows.into_iter().enumerate() {
            let from = if place == 0 { 0 } else { self.page_ends[place - 1] as usize };
            let to = self.page_ends.get(place).map_or(from, |end| *end as usize);
            let mut code = |code: u32| recoder.code(code, &self.texts, into);
            row.codes_mut().into_iter().for_each(|place| *place = code(*place));
            let pages = self.pages[from..to].iter().map(|page| said(code(*page))).collect();
            let session = compact(&row, calendar);
            if session.is_human() {
                sums.touched.add(&row, session, into);
            }
            if kept.has(session.person, session.start) {
                sums.rows.push((session, pages));
            } else {
                *sums.counts.entry(CellKey::of(&session)).or_default() += 1;
            }
        }
        sums
    }
}
