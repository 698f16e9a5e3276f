//! What a tally adds up to.
//!
//! **Invariant:** people of a set of texts are counted, never added up: somebody with two texts is one person.

use crate::folds::cube::CELLS_MAX;
use hashbrown::HashMap;
use std::collections::BTreeSet;

/// Texts whose combinations are counted: those seen first in a bucket, so the frequent ones.
pub(super) const KNOWN: usize = 63;
/// Stands for all texts beyond [`KNOWN`].
pub(super) const REST: u64 = 1 << KNOWN;
/// Most combinations that are kept; beyond, they are given up.
const TOGETHER_MAX: usize = 1 << 18;
const NONE: u32 = u32::MAX;
/// The row of the texts that have none of their own.
const UNSHOWN: &str = "\u{0}";

/// What was counted of one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TallyCell {
    /// Events; with sessions, sessions.
    pub events: u64,
    /// Different people.
    pub people: u64,
    /// Events that have an amount; with sessions, engaged ones.
    pub marked: u64,
    /// Sum of the amounts, in millionths; with sessions, how long they were, in microseconds.
    pub sum: i128,
}

impl TallyCell {
    /// Adds what can be added: everything but people.
    pub fn add_events(&mut self, other: &Self) {
        self.events += other.events;
        self.marked += other.marked;
        self.sum += other.sum;
    }

    /// Takes away what [`TallyCell::add_events`] adds.
    pub fn take_events(&mut self, other: &Self) {
        self.events = self.events.saturating_sub(other.events);
        self.marked = self.marked.saturating_sub(other.marked);
        self.sum -= other.sum;
    }
}

/// One person's events that follow each other in one cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Touch {
    /// Code of the text, or place of the series.
    pub(super) key: u32,
    pub(super) period: u32,
    pub(super) events: u64,
    pub(super) marked: u64,
    pub(super) sum: i128,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    events: u64,
    people: u32,
    /// The last person counted here, by its turn in the bucket.
    turn: u32,
}

/// Cells by row and period. A row is a text of the column, or a series when there is none.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub(super) periods: usize,
    by_text: bool,
    has_sums: bool,
    turn: u32,
    /// Of each row its key, while it is counted.
    keys: Vec<u32>,
    by_key: Vec<u32>,
    /// The periods of each row, and after them the whole range.
    counts: Vec<Count>,
    sums: Vec<(u64, i128)>,
    /// Sums by part, series and code of the currency.
    pub(super) by_currency: HashMap<(u32, u32, u32), i128>,
    /// Of each period in which part of the range it lies; empty when the range is one.
    pub(super) parts: Vec<u32>,
    /// Of each part who came, with a bit for each row.
    pub(super) members: Vec<Vec<(u64, u64)>>,
    /// The rest once it is closed.
    pub(super) texts: Vec<String>,
    by_text_place: HashMap<String, u32>,
    pub(super) cells: Vec<TallyCell>,
    pub(super) currencies: HashMap<(u32, u32, String), i128>,
    /// People with any text, by period and in the whole range.
    pub(super) whole: Vec<u64>,
    /// People by period and the set of their texts there, when it has two or more.
    pub(super) together: HashMap<(u32, u64), u64>,
    pub(super) together_lost: bool,
    /// Known rows of which a part of the people were counted among the rest in some bucket.
    pub(super) vague: u64,
    /// Events that were not counted because there were too many cells.
    pub dropped: u64,
    /// The numbers of the people asked for, in no order.
    pub listed: Vec<u64>,
}

pub(super) fn bit(row: usize) -> u64 {
    1 << row.min(KNOWN)
}

/// The bits of other rows.
pub(super) fn remapped(mask: u64, moved: &[u64; KNOWN + 1]) -> u64 {
    let (mut open, mut into) = (mask, 0);
    while open != 0 {
        into |= moved[open.trailing_zeros() as usize];
        open &= open - 1;
    }
    into
}

impl Tally {
    pub(super) fn new(periods: usize, by_text: bool, has_sums: bool) -> Self {
        Self { periods, by_text, has_sums, turn: 0, whole: vec![0; periods + 1], ..Self::default() }
    }

    /// In parts, each of which keeps who came in it when `has_members`; `parts` says of each period in which it lies.
    pub(super) fn in_parts(mut self, parts: &[u32], has_members: bool) -> Self {
        self.parts = parts.to_vec();
        if has_members {
            let count = parts.last().map_or(0, |last| *last as usize + 1);
            self.members = vec![Vec::new(); count];
        }
        self
    }

    pub(super) fn width(&self) -> usize {
        self.periods + 1
    }

    #[inline]
    fn row(&mut self, key: u32) -> Option<usize> {
        match self.by_key.get(key as usize) {
            Some(row) if *row != NONE => Some(*row as usize),
            _ => self.new_row(key),
        }
    }

    fn new_row(&mut self, key: u32) -> Option<usize> {
        let (row, width) = (self.keys.len(), self.width());
        if (row + 1) * width > CELLS_MAX.max(width) {
            return None;
        }
        if self.by_key.len() <= key as usize {
            self.by_key.resize(key as usize + 1, NONE);
        }
        self.by_key[key as usize] = u32::try_from(row).ok()?;
        self.keys.push(key);
        self.counts.resize((row + 1) * width, Count::default());
        if self.has_sums {
            self.sums.resize((row + 1) * width, (0, 0));
        }
        Some(row)
    }

    /// Counts one person, period by period.
    pub(super) fn add(&mut self, person: u64, touches: &[Touch]) {
        self.turn += 1;
        let (turn, width, last) = (self.turn, self.width(), self.periods);
        let (mut period, mut here, mut all) = (NONE, 0, 0);
        for touch in touches {
            let Some(row) = self.row(touch.key) else {
                self.dropped += touch.events;
                continue;
            };
            for cell in [row * width + touch.period as usize, row * width + last] {
                let count = &mut self.counts[cell];
                count.events += touch.events;
                if count.turn != turn {
                    count.turn = turn;
                    count.people += 1;
                }
                if self.has_sums {
                    self.sums[cell].0 += touch.marked;
                    self.sums[cell].1 += touch.sum;
                }
            }
            if self.by_text {
                if touch.period != period {
                    self.came_together(period, here);
                    (period, here) = (touch.period, 0);
                }
                here |= bit(row);
            }
            all |= bit(row);
            if !self.members.is_empty() {
                let part = self.parts[touch.period as usize] as usize;
                match self.members[part].last_mut() {
                    Some(last) if last.0 == person => last.1 |= bit(row),
                    _ => self.members[part].push((person, bit(row))),
                }
            }
        }
        if self.by_text {
            self.came_together(period, here);
            self.came_together(u32::try_from(last).unwrap_or(NONE), all);
        }
    }

    /// One person had these texts in a period.
    #[inline]
    fn came_together(&mut self, period: u32, mask: u64) {
        if mask == 0 {
            return;
        }
        self.whole[period as usize] += 1;
        if mask & (mask - 1) != 0 {
            self.put_together(period, mask, 1);
        }
    }

    pub(super) fn put_together(&mut self, period: u32, mask: u64, people: u64) {
        if self.together_lost {
            return;
        }
        *self.together.entry((period, mask)).or_default() += people;
        if self.together.len() > TOGETHER_MAX {
            self.together_lost = true;
            self.together = HashMap::new();
        }
    }

    /// With texts instead of codes; when only some are shown, keys are places among them.
    pub(super) fn close<'a>(&mut self, dict: impl Fn(u32) -> &'a str, shown: Option<&[String]>) {
        let sums = std::mem::take(&mut self.sums);
        let cell = |(place, count): (usize, &Count)| {
            let (marked, sum) = sums.get(place).copied().unwrap_or_default();
            TallyCell { events: count.events, people: u64::from(count.people), marked, sum }
        };
        self.cells = std::mem::take(&mut self.counts).iter().enumerate().map(cell).collect();
        let text = |key: &u32| match shown {
            Some(shown) => shown.get(*key as usize).map_or(UNSHOWN, |text| text).to_owned(),
            None if self.by_text => dict(*key).to_owned(),
            None => key.to_string(),
        };
        self.texts = std::mem::take(&mut self.keys).iter().map(text).collect();
        let places = self.texts.iter().enumerate();
        self.by_text_place = places.map(|(row, text)| (text.clone(), u32::try_from(row).unwrap_or(NONE))).collect();
        self.by_key = Vec::new();
        for ((part, series, code), sum) in self.by_currency.drain() {
            *self.currencies.entry((part, series, dict(code).to_owned())).or_default() += sum;
        }
    }

    /// The closed row of a text; none when there are too many.
    pub(super) fn place_of(&mut self, text: &str) -> Option<usize> {
        if let Some(row) = self.by_text_place.get(text) {
            return Some(*row as usize);
        }
        let (row, width) = (self.texts.len(), self.width());
        if (row + 1) * width > CELLS_MAX.max(width) {
            return None;
        }
        self.by_text_place.insert(text.to_owned(), u32::try_from(row).ok()?);
        self.texts.push(text.to_owned());
        self.cells.resize((row + 1) * width, TallyCell::default());
        Some(row)
    }

    /// Adds the tally of other people over the same periods; both are closed.
    pub(super) fn merge(&mut self, from: &Tally) {
        let width = self.width();
        self.dropped += from.dropped;
        self.listed.extend(&from.listed);
        for (into, people) in self.whole.iter_mut().zip(&from.whole) {
            *into += people;
        }
        for (currency, sum) in &from.currencies {
            *self.currencies.entry(currency.clone()).or_default() += sum;
        }
        let mut moved = [REST; KNOWN + 1];
        for (row, (text, cells)) in from.texts.iter().zip(from.cells.chunks(width)).enumerate() {
            let Some(place) = self.place_of(text) else {
                self.dropped += cells.last().map_or(0, |cell| cell.events);
                continue;
            };
            for (into, cell) in self.cells[place * width..].iter_mut().zip(cells) {
                into.add_events(cell);
                into.people += cell.people;
            }
            if row < KNOWN {
                moved[row] = bit(place);
            }
            if row >= KNOWN || from.vague & bit(row) != 0 {
                self.vague |= bit(place) & !REST;
            }
        }
        self.together_lost |= from.together_lost;
        for (into, members) in self.members.iter_mut().zip(&from.members) {
            into.extend(members.iter().map(|(person, mask)| (*person, remapped(*mask, &moved))));
        }
        for ((period, mask), people) in &from.together {
            let into = remapped(*mask, &moved);
            if into & (into - 1) != 0 {
                self.put_together(*period, into, *people);
            }
        }
    }

    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        self.listed.len() * size_of::<u64>()
            + self.counts.len() * size_of::<Count>()
            + self.cells.len() * size_of::<TallyCell>()
            + self.members.iter().map(Vec::len).sum::<usize>() * size_of::<(u64, u64)>()
            + self.sums.len() * size_of::<(u64, i128)>()
            + self.together.len() * 2 * size_of::<((u32, u64), u64)>()
    }

    /// The texts of the column, each with its cells: the periods, and after them the whole range.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &[TallyCell])> {
        self.texts.iter().map(String::as_str).zip(self.cells.chunks(self.width()))
    }

    /// The cells of a text; none when it never was there.
    #[must_use]
    pub fn row_of(&self, text: &str) -> Option<&[TallyCell]> {
        let row = *self.by_text_place.get(text)? as usize;
        self.cells.chunks(self.width()).nth(row)
    }

    /// The cells of a series, when there is no column.
    #[must_use]
    pub fn series(&self, series: usize) -> Vec<TallyCell> {
        let none = || vec![TallyCell::default(); self.width()];
        self.row_of(&series.to_string()).map_or_else(none, <[TallyCell]>::to_vec)
    }

    /// All texts together.
    #[must_use]
    pub fn whole(&self) -> Vec<TallyCell> {
        let mut all = vec![TallyCell::default(); self.width()];
        for (_, cells) in self.rows() {
            all.iter_mut().zip(cells).for_each(|(all, cell)| all.add_events(cell));
        }
        all.iter_mut().zip(&self.whole).for_each(|(all, people)| all.people = *people);
        all
    }

    /// All texts but these together; none when it is not known how many people that are.
    #[must_use]
    pub fn outside(&self, texts: &[String]) -> Option<Vec<TallyCell>> {
        if self.together_lost {
            return None;
        }
        let (mut rest, mut out) = (self.whole(), 0);
        for text in texts {
            let Some(row) = self.by_text_place.get(text) else { continue };
            let row = *row as usize;
            if row >= KNOWN || self.vague & bit(row) != 0 {
                return None;
            }
            out |= bit(row);
            for (rest, cell) in rest.iter_mut().zip(&self.cells[row * self.width()..]) {
                rest.take_events(cell);
                rest.people = rest.people.wrapping_sub(cell.people);
            }
        }
        // Whoever has several of them was taken away as often; who has one of them and another stays.
        for ((period, mask), people) in &self.together {
            let taken = u64::from((mask & out).count_ones());
            let back = if mask & !out == 0 { taken.saturating_sub(1) } else { taken };
            let rest = &mut rest[*period as usize];
            rest.people = rest.people.wrapping_add(people * back);
        }
        Some(rest)
    }

    /// The currencies in which a series has values whose sum is not zero; empty for those that name none.
    #[must_use]
    pub fn currencies(&self) -> BTreeSet<(usize, &str)> {
        let mut sums: HashMap<(usize, &str), i128> = HashMap::new();
        for ((_, series, text), sum) in &self.currencies {
            *sums.entry((*series as usize, text.as_str())).or_default() += sum;
        }
        sums.into_iter().filter(|(_, sum)| *sum != 0).map(|(currency, _)| currency).collect()
    }
}
