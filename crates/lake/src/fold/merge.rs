//! One bucket: its sorted sources merged person by person.
//!
//! Sources are compared once a person, not once an event: a person's events of one source are a run, and a run that ends
//! before the next one begins goes to the fold whole.

use super::aside::{Given, Giver};
use super::block::{Block, EventRef, Run};
use super::decode::Decoder;
use super::dict::Dict;
use super::{Cancel, Fold};
use crate::error::LakeError;
use crate::event::Columns;
use crate::view::{Batches, Whom};
use std::sync::Arc;

/// One source while it is merged.
struct Cursor {
    batches: Batches,
    decoder: Decoder,
    block: Block,
    row: usize,
}

/// The order of two events of one person: moment, place in the log where it was read, order of the sources.
type Key = (i64, i64, usize);

impl Cursor {
    /// Moves on to the next block; whether there is one.
    fn load(&mut self, dict: &mut Dict) -> Result<bool, LakeError> {
        self.row = 0;
        for batch in self.batches.by_ref() {
            let batch = batch?;
            if batch.num_rows() > 0 {
                self.block = self.decoder.block(&batch, dict)?;
                return Ok(true);
            }
        }
        self.block = Block::empty();
        Ok(false)
    }

    /// Where the rows of the person at the head end in this block.
    fn run_end(&self) -> usize {
        let people = &self.block.person[..];
        let person = people[self.row];
        // Most runs are short.
        for (place, other) in people[self.row + 1..].iter().take(8).enumerate() {
            if *other != person {
                return self.row + 1 + place;
            }
        }
        let (mut end, mut step) = (people.len().min(self.row + 9), 8);
        // The rows are sorted, so a row further on of the same person says that all between are.
        while end + step < people.len() && people[end + step] == person {
            end += step + 1;
            step *= 2;
        }
        let most = people.len().min(end + step + 1);
        end + people[end..most].partition_point(|other| *other == person)
    }

    /// Up to which row of this block there are all events of this source of people below `limit`, from the head on; the last
    /// person of a block may have more in the next one.
    fn whole_end(&self, limit: i64) -> usize {
        let people = &self.block.person[..];
        let limit = limit.min(people[people.len() - 1]);
        let (mut end, mut step) = (self.row, 16);
        while end + step < people.len() && people[end + step] < limit {
            end += step + 1;
            step *= 2;
        }
        let most = people.len().min(end + step + 1);
        end + people[end..most].partition_point(|person| *person < limit)
    }

    fn key(&self, row: usize, place: usize) -> Key {
        (self.block.at[row], self.block.offset.as_ref().map_or(0, |offset| offset[row]), place)
    }
}

/// Who takes the events that the merge brings into order. Called once for many people, not once an event, so the merge is
/// compiled once for every fold.
pub(super) trait Take {
    /// All events of people one after the other, while nobody is at hand.
    fn people(&mut self, people: Run<'_>);

    /// Consecutive events of the person at hand.
    fn take(&mut self, run: Run<'_>);

    /// The person had no more.
    fn finish(&mut self, person: u64, dict: &Dict);

    /// About how many bytes the output takes.
    fn weight(&self) -> usize;
}

/// A fold over one person after the other.
pub(super) struct People<'a, F: Fold> {
    fold: &'a F,
    /// One state for all people, one after the other.
    state: F::State,
    /// Whether it is that of the person at hand.
    began: bool,
    output: F::Output,
}

impl<'a, F: Fold> People<'a, F> {
    pub(super) fn new(fold: &'a F) -> Self {
        Self { fold, state: fold.init(), began: false, output: fold.output() }
    }

    /// Whether people may come once for each of these stretches of time.
    pub(super) fn come_by_stretches(&mut self, spans: &[(i64, i64)]) -> bool {
        self.fold.by_stretches(spans, &mut self.output)
    }

    /// After the last person.
    pub(super) fn close(mut self, dict: &Dict) -> F::Output {
        self.fold.close(dict, &mut self.output);
        self.output
    }
}

impl<F: Fold> Take for People<'_, F> {
    fn people(&mut self, people: Run<'_>) {
        self.fold.people(&mut self.state, people, &mut self.output);
    }

    fn take(&mut self, run: Run<'_>) {
        if !self.began {
            self.began = true;
            self.fold.reset(&mut self.state);
        }
        self.fold.steps(&mut self.state, run, &mut self.output);
    }

    fn weight(&self) -> usize {
        self.fold.weight(&self.output)
    }

    fn finish(&mut self, person: u64, dict: &Dict) {
        if std::mem::take(&mut self.began) {
            self.fold.finish(person, &mut self.state, dict, &mut self.output);
        }
    }
}

/// Who of a bucket is folded.
pub(super) enum Whose<'a> {
    /// These alone; few.
    Only(&'a Whom),
    /// All but these, in order.
    AllBut(&'a [i64]),
}

impl Whose<'_> {
    /// Whether somebody is wanted, and who the next one is of whom it may be otherwise. Asked in ascending order.
    fn next(&mut self, person: i64) -> (bool, i64) {
        match self {
            Self::Only(people) => (people.contains(person), person + 1),
            Self::AllBut(people) => {
                while people.first().is_some_and(|other| *other < person) {
                    *people = &people[1..];
                }
                match people.first() {
                    Some(other) if *other == person => (false, person + 1),
                    Some(other) => (true, *other),
                    None => (true, USED_UP),
                }
            }
        }
    }
}

/// The merge of one bucket.
pub(super) struct Merge<'a> {
    people: &'a mut dyn Take,
    dict: Dict,
    memory_bytes_max: usize,
    cancels: &'a [Cancel],
    /// Who takes the events of those who are not wanted; nobody when none.
    giver: Option<Giver<'a>>,
    cursors: Vec<Cursor>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(people: &'a mut dyn Take, dict: Dict, memory_bytes_max: usize, cancels: &'a [Cancel]) -> Self {
        Self { people, dict, memory_bytes_max, cancels, giver: None, cursors: Vec::new() }
    }

    /// Sets the events aside of those who are not wanted.
    pub(super) fn giving(mut self, giver: Giver<'a>) -> Self {
        self.giver = Some(giver);
        self
    }

    pub(super) fn check(&self) -> Result<(), LakeError> {
        if self.cancels.iter().any(Cancel::is_cancelled) {
            return Err(LakeError::Cancelled);
        }
        if self.people.weight() > self.memory_bytes_max { Err(LakeError::TooLarge) } else { Ok(()) }
    }

    /// Adds a source, which comes after those before where nothing else decides.
    pub(super) fn open(&mut self, batches: Batches, decoder: Decoder) -> Result<(), LakeError> {
        let mut cursor = Cursor { batches, decoder, block: Block::empty(), row: 0 };
        if cursor.load(&mut self.dict)? {
            self.add(cursor);
        }
        Ok(())
    }

    /// Adds rows that are in memory.
    pub(super) fn give(&mut self, rows: impl FnOnce(&mut Dict) -> Block) {
        let block = rows(&mut self.dict);
        if block.rows() > 0 {
            let batches: Batches = Box::new(std::iter::empty());
            self.add(Cursor { batches, decoder: Decoder::new(Columns::NONE, &Arc::default()), block, row: 0 });
        }
    }

    fn add(&mut self, cursor: Cursor) {
        self.cursors.push(cursor);
    }

    /// Brings everybody who is wanted; the sources are used up then, and others may be added.
    pub(super) fn run(&mut self, mut whose: Whose<'_>) -> Result<(), LakeError> {
        let mut heads = Heads::new(self.cursors.iter().map(|cursor| cursor.block.person[0]));
        let (mut all, mut active, mut ends): (Vec<usize>, Vec<usize>, Vec<usize>) = Default::default();
        while let Some(person) = heads.least() {
            // Nobody else has events of the people below this one, and all of them are wanted or none.
            let (is_wanted, until) = whose.next(person);
            let limit = heads.second().min(until);
            if is_wanted && limit > person {
                let place = heads.first();
                let head = self.alone(place, limit)?;
                heads.set(place, head.unwrap_or(USED_UP));
                continue;
            }
            // The order of the sources decides where nothing else does.
            heads.all_least(&mut all);
            if !is_wanted {
                self.skip(person, &all)?;
            } else if self.are_in_order(&all, &mut ends) {
                for (place, end) in all.iter().zip(&ends) {
                    self.feed(*place, *end);
                    self.cursors[*place].row = *end;
                }
                self.people.finish(person.cast_unsigned(), &self.dict);
            } else {
                active.clone_from(&all);
                self.person(person, &mut active)?;
                self.people.finish(person.cast_unsigned(), &self.dict);
            }
            for place in &all {
                let cursor = &self.cursors[*place];
                heads.set(*place, cursor.block.person.get(cursor.row).copied().unwrap_or(USED_UP));
            }
        }
        self.cursors.clear();
        Ok(())
    }

    /// The dictionary of all codes, and what was set aside.
    pub(super) fn close(self) -> Given {
        (self.dict, self.giver.map(|giver| giver.rows).unwrap_or_default())
    }

    /// Brings the people of one cursor below `limit`, at least the one at its head; who is at its head then.
    fn alone(&mut self, place: usize, limit: i64) -> Result<Option<i64>, LakeError> {
        loop {
            let cursor = &self.cursors[place];
            let end = cursor.whole_end(limit);
            if end > cursor.row {
                self.people.people(Run { block: &cursor.block, from: cursor.row, to: end, dict: &self.dict });
                // Short of the end of the block: somebody is always left there.
                self.cursors[place].row = end;
            }
            let cursor = &self.cursors[place];
            let person = cursor.block.person[cursor.row];
            if person >= limit {
                return Ok(Some(person));
            }
            // The last one of a block may have more in the next one.
            let head = loop {
                let end = self.cursors[place].run_end();
                self.feed(place, end);
                match self.advance(place, end)? {
                    Some(head) if head == person => {}
                    head => break head,
                }
            };
            self.people.finish(person.cast_unsigned(), &self.dict);
            if head.is_none_or(|head| head >= limit) {
                return Ok(head);
            }
        }
    }

    /// Whether the runs at the heads of these cursors follow each other in time and end before their blocks do; where each
    /// ends. So it is where every source is a month.
    fn are_in_order(&self, all: &[usize], ends: &mut Vec<usize>) -> bool {
        ends.clear();
        let mut last: Option<Key> = None;
        for place in all {
            let cursor = &self.cursors[*place];
            let end = cursor.run_end();
            if end == cursor.block.rows() || last.is_some_and(|last| cursor.key(cursor.row, *place) < last) {
                return false;
            }
            last = Some(cursor.key(end - 1, *place));
            ends.push(end);
        }
        true
    }

    /// Brings the events of one person; `active` are the cursors that have some.
    fn person(&mut self, person: i64, active: &mut Vec<usize>) -> Result<(), LakeError> {
        while !active.is_empty() {
            let (first, until) = self.next(active);
            let place = active[first];
            let cursor = &self.cursors[place];
            let mut end = cursor.run_end();
            if until.is_some_and(|until| cursor.key(end - 1, place) > until) {
                let rows = cursor.row..end;
                let before = |row: usize| until.is_none_or(|until| cursor.key(row, place) < until);
                end = rows.start + partition(rows.len(), |step| before(rows.start + step));
            }
            self.feed(place, end);
            match self.advance(place, end)? {
                Some(head) if head == person => {}
                _ => {
                    active.remove(first);
                }
            }
        }
        Ok(())
    }

    /// Which of the active cursors has the next event, and the key of the first event after it elsewhere.
    fn next(&self, active: &[usize]) -> (usize, Option<Key>) {
        let head = |place: usize| self.cursors[place].key(self.cursors[place].row, place);
        let (mut first, mut best, mut second) = (0, head(active[0]), None);
        for (index, place) in active.iter().enumerate().skip(1) {
            let key = head(*place);
            if key < best {
                second = Some(best);
                (first, best) = (index, key);
            } else if second.is_none_or(|second| key < second) {
                second = Some(key);
            }
        }
        (first, second)
    }

    /// Hands on the rows from the head of a cursor up to `end`.
    fn feed(&mut self, place: usize, end: usize) {
        let cursor = &self.cursors[place];
        self.people.take(Run { block: &cursor.block, from: cursor.row, to: end, dict: &self.dict });
    }

    /// Moves a cursor on; who is at its head then, none when it is used up.
    fn advance(&mut self, place: usize, to: usize) -> Result<Option<i64>, LakeError> {
        let cursor = &mut self.cursors[place];
        cursor.row = to;
        if to == cursor.block.rows() && !cursor.load(&mut self.dict)? {
            return Ok(None);
        }
        let head = cursor.block.person[cursor.row];
        if cursor.row == 0 {
            self.check()?;
        }
        Ok(Some(head))
    }

    /// Goes past the events of one person, who is not wanted.
    fn skip(&mut self, person: i64, active: &[usize]) -> Result<(), LakeError> {
        for place in active {
            while {
                let cursor = &self.cursors[*place];
                let end = cursor.run_end();
                if let Some(giver) = &mut self.giver {
                    let rows = cursor.row..end;
                    rows.for_each(|row| giver.push(&EventRef { block: &cursor.block, row, dict: &self.dict }));
                }
                self.advance(*place, end)? == Some(person)
            } {}
        }
        Ok(())
    }
}

/// The head of a cursor that has no more rows; no person has this number (see [`crate::Lake::admit`]).
pub(crate) const USED_UP: i64 = i64::MAX;

/// The heads of all cursors, the least one first: a tournament, in which a new head plays against one other a round.
struct Heads {
    /// The last winner at place 1, the two it came from at 2 and 3, and so on; the cursors in the second half.
    nodes: Vec<Head>,
}

#[derive(Clone, Copy)]
struct Head {
    person: i64,
    cursor: u32,
}

impl Heads {
    fn new(people: impl ExactSizeIterator<Item = i64>) -> Self {
        let size = people.len().next_power_of_two().max(2);
        let mut nodes = vec![Head { person: USED_UP, cursor: 0 }; 2 * size];
        for (place, person) in people.enumerate() {
            nodes[size + place] = Head { person, cursor: u32::try_from(place).unwrap_or(0) };
        }
        let mut heads = Self { nodes };
        (1..size).rev().for_each(|game| heads.play(game));
        heads
    }

    fn play(&mut self, game: usize) {
        let (one, other) = (self.nodes[2 * game], self.nodes[2 * game + 1]);
        self.nodes[game] = if other.person < one.person { other } else { one };
    }

    /// The least head; none when all cursors are used up.
    fn least(&self) -> Option<i64> {
        Some(self.nodes[1].person).filter(|person| *person != USED_UP)
    }

    /// The cursor with the least head.
    fn first(&self) -> usize {
        self.nodes[1].cursor as usize
    }

    /// The least head of the other cursors: the winner played against every one of them that can be it.
    fn second(&self) -> i64 {
        let mut game = self.nodes.len() / 2 + self.first();
        let mut least = USED_UP;
        while game > 1 {
            least = least.min(self.nodes[game ^ 1].person);
            game /= 2;
        }
        least
    }

    /// The cursors whose head is the least one, in order.
    fn all_least(&self, all: &mut Vec<usize>) {
        all.clear();
        let (least, leaves) = (self.nodes[1].person, self.nodes.len() / 2);
        let mut game = 1;
        // Depth first, the lower cursors first; what is greater at a game is greater everywhere below it.
        loop {
            if self.nodes[game].person != least {
                game += 1;
            } else if game < leaves {
                game *= 2;
                continue;
            } else {
                all.push(game - leaves);
                game += 1;
            }
            game >>= game.trailing_zeros();
            if game <= 1 {
                return;
            }
        }
    }

    fn set(&mut self, cursor: usize, person: i64) {
        let mut game = self.nodes.len() / 2 + cursor;
        self.nodes[game].person = person;
        while game > 1 {
            game /= 2;
            self.play(game);
        }
    }
}

/// How many of the first `count` places are before.
fn partition(count: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
