//! Sessions in memory.

use super::cells::{CELL_CODES, Cell};
use super::month::{Kept, Month, MonthRows, Touching};
use super::renew::Settings;
use crate::facts::{Calendar, Day};
use crate::spend::TouchIndex;
use lake::{AgentClass, Dict, KnownAt, Watermark};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// What stands where a value has no touch.
pub const NO_TOUCH_TEXT: &str = "No touch known";
/// What the empty text is called.
pub const NOT_SET_TEXT: &str = "(not set)";
/// The channel of visits that nobody sent.
pub const DIRECT: &str = "Direct";

/// One session. Texts are codes of [`SessionFacts::texts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// The person.
    pub person: u64,
    /// Its first event, microseconds UTC.
    pub start: i64,
    /// Log offset of its first event.
    pub offset: u64,
    /// The day of its start in the workspace's zone.
    pub day: Day,
    /// Its length.
    pub seconds: u32,
    /// Page and screen views.
    pub pages: u32,
    /// Channel.
    pub channel: u32,
    /// Source.
    pub source: u32,
    /// Medium.
    pub medium: u32,
    /// Campaign.
    pub campaign: u32,
    /// Campaign id.
    pub campaign_id: u32,
    /// Content.
    pub content: u32,
    /// Path of its first page.
    pub landing: u32,
    /// Country.
    pub country: u32,
    /// Device.
    pub device: u32,
    /// Who caused it.
    pub agent_class: AgentClass,
    /// Whether it was engaged.
    pub engaged: bool,
    /// Whether nobody sent it.
    pub direct: bool,
}

impl Session {
    /// Whether it can be a touch: bots and AI agents are kept, and apart.
    #[must_use]
    pub fn is_human(&self) -> bool {
        !matches!(self.agent_class, AgentClass::Bot | AgentClass::AiAgent)
    }

    /// What it is counted by, in the order of [`Cell::codes`].
    #[must_use]
    pub fn codes(&self) -> [u32; CELL_CODES] {
        [self.channel, self.source, self.medium, self.campaign, self.content, self.landing, self.country, self.device]
    }

    pub(super) fn codes_mut(&mut self) -> [&mut u32; 9] {
        [
            &mut self.channel,
            &mut self.source,
            &mut self.medium,
            &mut self.campaign,
            &mut self.campaign_id,
            &mut self.content,
            &mut self.landing,
            &mut self.country,
            &mut self.device,
        ]
    }
}

/// Whose sessions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Agents {
    /// People, and what nothing marks as a machine.
    #[default]
    Human,
    /// Crawlers, monitors and scripts.
    Bot,
    /// AI agents.
    AiAgent,
    /// Everybody.
    All,
}

impl Agents {
    /// Whether a session caused by such a one is theirs.
    #[must_use]
    pub fn has(self, class: AgentClass) -> bool {
        match self {
            Agents::Human => !matches!(class, AgentClass::Bot | AgentClass::AiAgent),
            Agents::Bot => class == AgentClass::Bot,
            Agents::AiAgent => class == AgentClass::AiAgent,
            Agents::All => true,
        }
    }
}

/// Sessions of a workspace: the part of the facts that follows the events alone. A session has a place, which is a number
/// for as long as these facts live.
#[derive(Debug, Clone)]
pub struct SessionFacts {
    /// How far the events were read.
    pub watermark: Watermark,
    /// The texts of the codes.
    pub texts: Arc<Dict>,
    /// Days in the workspace's zone.
    pub calendar: Calendar,
    /// The touches by the keys that spend is joined on.
    pub touches: Arc<TouchIndex>,
    /// First human session of each campaign, in the order of days.
    pub campaign_starts: Vec<Session>,
    /// What they are of: what was known at a moment; none for everything that is known.
    pub known: Option<KnownAt>,
    /// The months, and at the end what was still open; each with the place of its first session.
    pub(super) months: Vec<(usize, Month)>,
    pub(super) settings: Settings,
    pub(super) kept: Kept,
    pub(super) merges: Arc<HashMap<u64, u64>>,
}

impl SessionFacts {
    /// The same events, of the persons as these sessions know them.
    #[must_use]
    pub fn persons_of(&self, snapshot: &lake::Snapshot) -> lake::Snapshot {
        snapshot.under(Arc::clone(&self.merges))
    }

    /// How many sessions have a place: all, or those of the people that numbers follow.
    #[must_use]
    pub fn len(&self) -> usize {
        self.months.last().map_or(0, |(first, month)| first + month.rows.len())
    }

    /// Whether no session has a place.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many sessions there are, with a place or without.
    #[must_use]
    pub fn sessions(&self) -> u64 {
        self.len() as u64 + self.months.iter().map(|(_, month)| month.cells.sessions()).sum::<u64>()
    }

    /// Whether every session has a place.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.kept.is_everybody()
    }

    /// The people whose sessions have a place, unless it is everybody.
    #[must_use]
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// About how many bytes they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.months.iter().map(|(_, month)| month.bytes()).sum()
    }

    fn month_of(&self, place: usize) -> Option<(usize, &MonthRows)> {
        let number = self.months.partition_point(|(first, _)| *first <= place).checked_sub(1)?;
        let (first, month) = self.months.get(number)?;
        Some((place - first, &*month.rows))
    }

    /// The session at a place.
    #[must_use]
    pub fn get(&self, place: u32) -> Option<Session> {
        let (local, rows) = self.month_of(place as usize)?;
        rows.get(local)
    }

    /// The session at a place, as a touch.
    #[must_use]
    pub fn touch(&self, place: u32) -> Option<Touching> {
        let (local, rows) = self.month_of(place as usize)?;
        rows.touch(local)
    }

    /// Every session that has a place, in the order of places.
    pub fn rows(&self) -> impl Iterator<Item = Session> {
        self.months.iter().flat_map(|(_, month)| month.rows.all())
    }

    /// Places of the sessions of a person, by start within each lane of humans and machines.
    pub fn of(&self, person: u64) -> impl DoubleEndedIterator<Item = (u32, Session)> {
        self.of_between(person, i64::MIN, i64::MAX)
    }

    /// As [`SessionFacts::of`], but those that start in `[from, to]`.
    pub fn of_between(&self, person: u64, from: i64, to: i64) -> impl DoubleEndedIterator<Item = (u32, Session)> {
        let months = self.months.iter().filter(move |(_, month)| month.rows.reaches(from, to));
        months.flat_map(move |(first, month)| {
            let place = move |local: usize| u32::try_from(first + local).unwrap_or(u32::MAX);
            let sessions = month.rows.of(person, from, to);
            sessions.filter_map(move |local| Some((place(local), month.rows.get(local)?)))
        })
    }

    /// Codes of the distinct paths of a session.
    #[must_use]
    pub fn pages_of(&self, place: u32) -> &[u32] {
        self.month_of(place as usize).map_or(&[], |(local, rows)| rows.pages_of(local))
    }

    /// The sessions that start in `[from, to]`, by month, then day.
    pub fn between(&self, from: Day, to: Day) -> impl Iterator<Item = (u32, Session)> {
        self.months.iter().flat_map(move |(first, month)| {
            let places = month.rows.between(from, to).iter();
            places.filter_map(move |local| {
                let place = u32::try_from(first + *local as usize).unwrap_or(u32::MAX);
                Some((place, month.rows.get(*local as usize)?))
            })
        })
    }

    /// All sessions that start in `[from, to]`, with a place or without, counted.
    pub fn all_cells(&self, from: Day, to: Day) -> impl Iterator<Item = Cell> {
        self.months.iter().flat_map(move |(_, month)| month.cells.between(from, to).chain(month.kept.between(from, to)))
    }

    /// The sessions without a place that start in `[from, to]`, counted.
    pub fn cells(&self, from: Day, to: Day) -> impl Iterator<Item = Cell> {
        self.months.iter().flat_map(move |(_, month)| month.cells.between(from, to))
    }
}
