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
}

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
        for (person, mask) in people {
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

    fn unpack(&self, moved: &[u64; KNOWN + 1]) -> Vec<(u64, u64)> {
        let sets: Vec<u64> = self.sets.iter().map(|mask| remapped(*mask, moved)).collect();
        let (mut bytes, mut person) = (&self.bytes[..], 0);
        let mut people = Vec::with_capacity(bytes.len() / 2);
        while !bytes.is_empty() {
            person += take(&mut bytes);
            people.push((person, sets.get(take(&mut bytes) as usize).copied().unwrap_or(REST)));
        }
        people
    }
}

/// Both lists as one, with the rows of whoever is in both.
fn united(one: &[(u64, u64)], other: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut all = Vec::with_capacity(one.len().max(other.len()) * 5 / 4);
    let (mut a, mut b) = (one, other);
    while let (Some(first), Some(second)) = (a.first(), b.first()) {
        if first.0 == second.0 {
            all.push((first.0, first.1 | second.1));
            (a, b) = (&a[1..], &b[1..]);
        } else if first.0 < second.0 {
            all.push(*first);
            a = &a[1..];
        } else {
            all.push(*second);
            b = &b[1..];
        }
    }
    all.extend_from_slice(a);
    all.extend_from_slice(b);
    all
}

impl TallyPart {
    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts: usize = self.texts.iter().map(|text| text.len() + size_of::<String>()).sum();
        let members = self.members.as_ref().map_or(0, |members| members.bytes.len() + members.sets.len() * 8);
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
        let (width, mut first, mut people) = (all.width(), 0, Vec::new());
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
            people.extend(part.members.as_ref().map(|members| members.unpack(&moved)));
            first += part.periods;
        }
        if !people.is_empty() {
            if all.texts.len() > KNOWN || all.vague != 0 {
                return None;
            }
            all.count_people(people);
        }
        Some(all)
    }

    /// Counts each person of several lists once in the whole range.
    fn count_people(&mut self, mut lists: Vec<Vec<(u64, u64)>>) {
        while lists.len() > 1 {
            let pairs = lists.chunks(2).map(|pair| match pair {
                [one, other] => united(one, other),
                _ => pair.concat(),
            });
            lists = pairs.collect();
        }
        let (width, last) = (self.width(), self.periods);
        let mut sets: HashMap<u64, u64> = HashMap::new();
        let (mut held, mut count) = (0, 0);
        for (_, mask) in lists.into_iter().flatten() {
            if mask != held {
                *sets.entry(held).or_default() += count;
                (held, count) = (mask, 0);
            }
            count += 1;
        }
        *sets.entry(held).or_default() += count;
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
