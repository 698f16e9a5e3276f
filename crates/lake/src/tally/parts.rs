//! Parts of a tally that are kept: what was counted of some periods that are over, with who came in them, so that a longer
//! range is put together without reading the events again.
//!
//! **Invariant:** a tally that is put together is the tally of the whole range, cell by cell.

use super::counts::{KNOWN, REST, Tally, TallyCell, bit, remapped};
use hashbrown::HashMap;

/// What was counted of some periods that follow each other.
#[derive(Debug, Clone)]
pub struct TallyPart {
    texts: Vec<String>,
    /// The periods of each text.
    cells: Vec<TallyCell>,
    periods: usize,
    whole: Vec<u64>,
    together: Vec<(u32, u64, u64)>,
    together_lost: bool,
    vague: u64,
    currencies: HashMap<(u32, String), i128>,
    members: Option<Members>,
}

/// People with their rows, packed: a person as the distance from the one before, the set of rows as a place among all sets.
#[derive(Debug, Clone, Default)]
struct Members {
    bytes: Vec<u8>,
    sets: Vec<u64>,
    /// After every so many people: the last one, and where the next one is.
    places: Vec<(u64, usize)>,
}

/// People between two places.
const PLACE_EVERY: usize = 1024;
/// Places of all parts in one window: about so many times [`PLACE_EVERY`] people are looked at together.
const WINDOW_PLACES: usize = 8;

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[inline]
fn take(bytes: &mut &[u8]) -> u64 {
    let (mut number, mut shift) = (0, 0);
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
        shift += 7;
    }
    number
}

impl Members {
    fn pack(mut people: Vec<(u64, u64)>) -> Self {
        people.sort_unstable();
        let (mut packed, mut places, mut last) = (Self::default(), HashMap::new(), 0);
        for (number, (person, mask)) in people.into_iter().enumerate() {
            if number > 0 && number.is_multiple_of(PLACE_EVERY) {
                packed.places.push((last, packed.bytes.len()));
            }
            let next = packed.sets.len() as u64;
            let place = *places.entry(mask).or_insert(next);
            if place == next {
                packed.sets.push(mask);
            }
            put(&mut packed.bytes, person - last);
            put(&mut packed.bytes, place);
            last = person;
        }
        packed.bytes.shrink_to_fit();
        packed
    }

    /// The people from a number on.
    fn from<'a>(&'a self, first: u64, moved: &[u64; KNOWN + 1]) -> Reading<'a> {
        let place = self.places.partition_point(|(last, _)| *last < first);
        let (last, byte) = place.checked_sub(1).map_or((0, 0), |place| self.places[place]);
        let sets = self.sets.iter().map(|mask| remapped(*mask, moved)).collect();
        let mut reading = Reading { bytes: &self.bytes[byte..], last, head: None, sets };
        reading.next();
        while reading.head.is_some_and(|(person, _)| person < first) {
            reading.next();
        }
        reading
    }
}

/// The people of one part, one after the other.
struct Reading<'a> {
    bytes: &'a [u8],
    last: u64,
    head: Option<(u64, u64)>,
    /// The rows of each set.
    sets: Vec<u64>,
}

impl Reading<'_> {
    #[inline]
    fn next(&mut self) {
        if self.bytes.is_empty() {
            self.head = None;
            return;
        }
        self.last += take(&mut self.bytes);
        let set = take(&mut self.bytes) as usize;
        self.head = Some((self.last, self.sets.get(set).copied().unwrap_or(REST)));
    }
}

/// The rows of the people of one window, each person once: a table that stays in the processor's memory.
struct Window {
    people: Vec<(u64, u64)>,
    used: Vec<u32>,
}

impl Window {
    const NOBODY: u64 = u64::MAX;

    fn new() -> Self {
        Self { people: vec![(Self::NOBODY, 0); 1 << 15], used: Vec::new() }
    }

    #[inline]
    fn add(&mut self, person: u64, mask: u64) {
        if self.used.len() * 2 > self.people.len() {
            self.grow();
        }
        let last = self.people.len() - 1;
        let mut slot = (person.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & last;
        loop {
            let held = &mut self.people[slot];
            if held.0 == person {
                held.1 |= mask;
                return;
            }
            if held.0 == Self::NOBODY {
                *held = (person, mask);
                self.used.push(slot as u32);
                return;
            }
            slot = (slot + 1) & last;
        }
    }

    fn grow(&mut self) {
        let size = self.people.len() * 4;
        let people = std::mem::replace(&mut self.people, vec![(Self::NOBODY, 0); size]);
        for slot in std::mem::take(&mut self.used) {
            let (person, mask) = people[slot as usize];
            self.add(person, mask);
        }
    }

    /// Empties it; `take` gets the rows of each person.
    fn each(&mut self, mut take: impl FnMut(u64)) {
        for slot in self.used.drain(..) {
            let (_, mask) = std::mem::replace(&mut self.people[slot as usize], (Self::NOBODY, 0));
            take(mask);
        }
    }
}

/// How many people had which set of rows in some lists of people, within some windows, each from its number up to the next.
fn sets_in(lists: &[(&Members, [u64; KNOWN + 1])], windows: &[u64]) -> HashMap<u64, u64> {
    let mut sets: HashMap<u64, u64> = HashMap::new();
    let Some((first, ends)) = windows.split_first() else { return sets };
    let mut readings: Vec<Reading<'_>> = lists.iter().map(|(members, moved)| members.from(*first, moved)).collect();
    let mut window = Window::new();
    let (mut held, mut count) = (0, 0);
    for end in ends {
        for reading in &mut readings {
            while let Some((person, mask)) = reading.head.filter(|(person, _)| person < end) {
                window.add(person, mask);
                reading.next();
            }
        }
        window.each(|mask| {
            if mask != held {
                *sets.entry(held).or_default() += count;
                (held, count) = (mask, 0);
            }
            count += 1;
        });
    }
    *sets.entry(held).or_default() += count;
    sets
}

/// The same of everybody, on a few threads.
fn sets_of(lists: &[(&Members, [u64; KNOWN + 1])]) -> HashMap<u64, u64> {
    let mut places: Vec<u64> = lists.iter().flat_map(|(members, _)| &members.places).map(|(last, _)| *last).collect();
    places.sort_unstable();
    let mut windows: Vec<u64> = vec![0];
    windows.extend(places.into_iter().skip(WINDOW_PLACES - 1).step_by(WINDOW_PLACES));
    windows.push(u64::MAX);
    let threads = if windows.len() < 32 { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    let each = windows.len().div_ceil(threads);
    std::thread::scope(|scope| {
        let work = |part: usize| {
            let (from, to) = (part * each, (part * each + each + 1).min(windows.len()));
            let windows = windows.get(from..to).unwrap_or_default();
            scope.spawn(move || sets_in(lists, windows))
        };
        let running: Vec<_> = (0..threads).map(work).collect();
        let mut sets = HashMap::new();
        for one in running {
            let found = one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            found.into_iter().for_each(|(mask, people)| *sets.entry(mask).or_default() += people);
        }
        sets
    })
}

impl TallyPart {
    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts: usize = self.texts.iter().map(|text| text.len() + size_of::<String>()).sum();
        let members = self
            .members
            .as_ref()
            .map_or(0, |members| members.bytes.len() + members.sets.len() * 8 + members.places.len() * 16);
        size_of::<Self>()
            + texts
            + self.cells.len() * size_of::<TallyCell>()
            + self.together.len() * size_of::<(u32, u64, u64)>()
            + members
    }
}

impl Tally {
    /// The parts of a tally that was made in parts ([`super::TallyFold::in_parts`]), one after the other.
    #[must_use]
    pub fn split(&self) -> Vec<TallyPart> {
        let (parts, width) = (&self.parts, self.width());
        let count = parts.last().map_or(0, |last| *last as usize + 1);
        let mut found = Vec::with_capacity(count);
        for part in 0..count {
            let number = part as u32;
            let from = parts.partition_point(|one| *one < number);
            let to = parts.partition_point(|one| *one <= number);
            let cells = self.cells.chunks(width).flat_map(|cells| &cells[from..to]).copied();
            let inside = |period: u32| from <= period as usize && (period as usize) < to;
            let together = self.together.iter().filter(|((period, _), _)| inside(*period));
            let currencies = self.currencies.iter().filter(|((part, ..), _)| *part == number);
            found.push(TallyPart {
                texts: self.texts.clone(),
                cells: cells.collect(),
                periods: to - from,
                whole: self.whole[from..to].to_vec(),
                together: together.map(|((period, mask), people)| (period - from as u32, *mask, *people)).collect(),
                together_lost: self.together_lost,
                vague: self.vague,
                currencies: currencies.map(|((_, series, text), sum)| ((*series, text.clone()), *sum)).collect(),
                members: self.members.get(part).map(|people| Members::pack(people.clone())),
            });
        }
        found
    }

    /// Whether parts of it can be put together again: not, when people were counted by too many texts.
    #[must_use]
    pub fn can_be_joined(&self) -> bool {
        self.members.is_empty() || (self.texts.len() <= KNOWN && self.vague == 0)
    }

    /// The tally of the whole range; none when there are too many texts to know who had which of them in several parts.
    /// Without people where the parts have none.
    #[must_use]
    pub fn joined(parts: &[&TallyPart], by_text: bool) -> Option<Self> {
        let periods = parts.iter().map(|part| part.periods).sum();
        let mut all = Self::new(periods, by_text, false);
        let (width, mut first, mut people) = (all.width(), 0, Vec::with_capacity(parts.len()));
        for part in parts {
            let mut moved = [REST; KNOWN + 1];
            for (row, text) in part.texts.iter().enumerate() {
                let cells = &part.cells[row * part.periods..(row + 1) * part.periods];
                if cells.iter().all(|cell| cell.events == 0) {
                    continue;
                }
                let place = all.place_of(text)?;
                for (at, cell) in cells.iter().enumerate() {
                    all.cells[place * width + first + at] = *cell;
                    all.cells[place * width + periods].add_events(cell);
                }
                if row < KNOWN {
                    moved[row] = bit(place);
                }
                if row >= KNOWN || part.vague & bit(row) != 0 {
                    all.vague |= bit(place) & !REST;
                }
            }
            all.whole[first..first + part.periods].copy_from_slice(&part.whole);
            all.together_lost |= part.together_lost;
            for (period, mask, people) in &part.together {
                let into = remapped(*mask, &moved);
                if into & into.wrapping_sub(1) != 0 {
                    all.put_together(first as u32 + period, into, *people);
                }
            }
            for ((series, text), sum) in &part.currencies {
                *all.currencies.entry((0, *series, text.clone())).or_default() += sum;
            }
            people.extend(part.members.as_ref().map(|members| (members, moved)));
            first += part.periods;
        }
        if !people.is_empty() {
            if all.texts.len() > KNOWN || all.vague != 0 {
                return None;
            }
            all.count_people(&people);
        }
        Some(all)
    }

    /// Counts each person of several lists once in the whole range.
    fn count_people(&mut self, lists: &[(&Members, [u64; KNOWN + 1])]) {
        let (width, last) = (self.width(), self.periods);
        let sets = sets_of(lists);
        for (mask, people) in sets {
            let mut open = mask;
            while open != 0 {
                let row = open.trailing_zeros() as usize;
                self.cells[row * width + last].people += people;
                open &= open - 1;
            }
            if mask != 0 {
                self.whole[last] += people;
            }
            if mask & mask.wrapping_sub(1) != 0 {
                self.put_together(last as u32, mask, people);
            }
        }
    }
}
