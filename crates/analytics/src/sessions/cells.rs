//! Sessions of people that no number follows, counted: how many of a day are alike.

use super::model::Session;
use crate::facts::Day;
use lake::AgentClass;
use std::collections::HashMap;

/// Channel, source, medium, campaign, content, landing page, country and device.
pub const CELL_CODES: usize = 8;

/// What a cell is told by where it does not matter who caused the sessions: the day and the codes.
pub type CellName = (Day, [u32; CELL_CODES]);

/// Sessions of one day that are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The day.
    pub day: Day,
    /// Codes of channel, source, medium, campaign, content, landing page, country and device.
    pub codes: [u32; CELL_CODES],
    /// Who caused them.
    pub agent_class: AgentClass,
    /// Whether they were engaged.
    pub engaged: bool,
    /// How many.
    pub sessions: u32,
}

/// What a cell is about but for where it was: channel, source, medium, campaign, content, and who.
type Kind = ([u32; 5], AgentClass, bool);
/// Landing page, country and device.
type Place = [u32; 3];

/// Cells in the order of days: 16 bytes each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cells {
    kinds: Vec<Kind>,
    places: Vec<Place>,
    cells: Vec<(Day, u32, u32, u32)>,
}

/// What sessions are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct CellKey {
    day: Day,
    codes: [u32; CELL_CODES],
    agent_class: u8,
    engaged: bool,
}

impl CellKey {
    pub(super) fn of(session: &Session) -> Self {
        Self {
            day: session.day,
            codes: session.codes(),
            agent_class: session.agent_class as u8,
            engaged: session.engaged,
        }
    }

    /// The same with other codes.
    pub(super) fn recoded(self, mut code: impl FnMut(u32) -> u32) -> Self {
        Self { codes: self.codes.map(&mut code), ..self }
    }
}

/// Counts that may be taken away again.
pub(super) type Counts = HashMap<CellKey, i64>;

impl Cells {
    pub(super) fn of(counts: &Counts) -> Self {
        let mut order: Vec<(&CellKey, u32)> = counts
            .iter()
            .filter_map(|(key, count)| Some((key, u32::try_from(*count).ok().filter(|count| *count > 0)?)))
            .collect();
        order.sort_unstable();
        let mut found = Self { cells: Vec::with_capacity(order.len()), ..Self::default() };
        let (mut kinds, mut places) = (HashMap::new(), HashMap::new());
        for (key, count) in order {
            let [channel, source, medium, campaign, content, landing, country, device] = key.codes;
            let class = AgentClass::ALL[usize::from(key.agent_class) % AgentClass::ALL.len()];
            let kind = ([channel, source, medium, campaign, content], class, key.engaged);
            let kind = numbered(&mut kinds, &mut found.kinds, kind);
            let place = numbered(&mut places, &mut found.places, [landing, country, device]);
            found.cells.push((key.day, kind, place, count));
        }
        found.kinds.shrink_to_fit();
        found.places.shrink_to_fit();
        found
    }

    /// As counts.
    pub(super) fn counts(&self) -> Counts {
        let key = |cell: Cell| CellKey {
            day: cell.day,
            codes: cell.codes,
            agent_class: cell.agent_class as u8,
            engaged: cell.engaged,
        };
        self.all().map(|cell| (key(cell), i64::from(cell.sessions))).collect()
    }

    fn cell(&self, (day, kind, place, sessions): (Day, u32, u32, u32)) -> Cell {
        let (how, agent_class, engaged) = self.kinds[kind as usize];
        let place = self.places[place as usize];
        let mut codes = [0; CELL_CODES];
        codes[..5].copy_from_slice(&how);
        codes[5..].copy_from_slice(&place);
        Cell { day, codes, agent_class, engaged, sessions }
    }

    fn all(&self) -> impl Iterator<Item = Cell> {
        self.cells.iter().map(|cell| self.cell(*cell))
    }

    /// The cells of `[from, to]`, by day.
    pub fn between(&self, from: Day, to: Day) -> impl Iterator<Item = Cell> {
        let low = self.cells.partition_point(|cell| cell.0 < from);
        let high = self.cells.partition_point(|cell| cell.0 <= to);
        self.cells[low..high.max(low)].iter().map(|cell| self.cell(*cell))
    }

    /// How many sessions.
    #[must_use]
    pub fn sessions(&self) -> u64 {
        self.cells.iter().map(|cell| u64::from(cell.3)).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// About how many bytes they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.cells.len() * size_of::<(Day, u32, u32, u32)>()
            + self.kinds.len() * size_of::<Kind>()
            + self.places.len() * size_of::<Place>()
    }
}

/// The number of a value among all that were seen.
pub(super) fn numbered<K: std::hash::Hash + Eq + Copy>(known: &mut HashMap<K, u32>, all: &mut Vec<K>, key: K) -> u32 {
    *known.entry(key).or_insert_with(|| {
        all.push(key);
        u32::try_from(all.len() - 1).unwrap_or(u32::MAX)
    })
}
