//! Full events of a few people, newest first, and single events by their offset.

use crate::error::LakeError;
use crate::event::{Columns, Event};
use crate::hot::HotBucket;
use crate::parquet::{AT, DataFile, OFFSET, PERSON, Rows, Selection, integers};
use crate::view::View;
use std::collections::HashSet;
use std::sync::Arc;

/// Where a row is.
enum Place<'a> {
    File(&'a Arc<DataFile>, usize),
    Memory(Box<Event>),
}

struct Found<'a> {
    at: i64,
    offset: u64,
    place: Place<'a>,
}

impl Found<'_> {
    fn key(&self) -> (i64, u64) {
        (self.at, self.offset)
    }
}

/// Keeps the newest `limit` of those found.
fn keep_newest(found: &mut Vec<Found<'_>>, limit: usize) {
    found.sort_unstable_by_key(|found| std::cmp::Reverse(found.key()));
    found.truncate(limit);
}

/// Events of these people and of all that is merged into them, newest first, before a place in that order.
pub(crate) fn events_of(
    view: &View,
    persons: &[u64],
    before: Option<(i64, u64)>,
    limit: usize,
) -> Result<Vec<Event>, LakeError> {
    let mut people = vec![HashSet::new(); usize::from(view.buckets)];
    for person in persons {
        for (all, members) in people.iter_mut().zip(view.merges.members(*person, view.buckets)) {
            all.extend(members);
        }
    }
    let wanted = |at: i64, offset: u64| before.is_none_or(|before| (at, offset) < before);
    let mut found: Vec<Found<'_>> = Vec::new();
    for (bucket, people) in people.iter().enumerate().filter(|(_, people)| !people.is_empty()) {
        for hot in [&view.sealing[bucket], &view.hot[bucket]] {
            let is_wanted =
                |event: &Event| people.contains(&event.person.cast_signed()) && wanted(event.at, event.offset);
            for event in hot_events(hot, &is_wanted)? {
                found.push(Found { at: event.at, offset: event.offset, place: Place::Memory(Box::new(event)) });
            }
        }
        keep_newest(&mut found, limit);
        let mut files: Vec<&Arc<DataFile>> = view.files[bucket].iter().collect();
        files.sort_by_key(|file| std::cmp::Reverse(file.entry.at_max));
        for file in files {
            let oldest = found.last().filter(|_| found.len() >= limit).map(|found| found.at);
            if oldest.is_some_and(|oldest| file.entry.at_max < oldest) {
                break;
            }
            if before.is_some_and(|(at, _)| file.entry.at_min > at) {
                continue;
            }
            let mut base = 0;
            for batch in file.keys()? {
                let batch = batch?;
                let (person, at) = (integers(&batch, PERSON)?, integers(&batch, AT)?);
                let offset = integers(&batch, OFFSET)?;
                for row in (0..batch.num_rows()).filter(|row| people.contains(&person[*row])) {
                    let (at, offset) = (at[row], offset[row].cast_unsigned());
                    if wanted(at, offset) {
                        found.push(Found { at, offset, place: Place::File(file, base + row) });
                    }
                }
                base += batch.num_rows();
            }
            keep_newest(&mut found, limit);
        }
    }
    let mut events = full(found)?;
    for event in &mut events {
        event.person = view.merges.canonical_of(event.person);
    }
    Ok(events)
}

/// The full events of those found, in the same order.
fn full(found: Vec<Found<'_>>) -> Result<Vec<Event>, LakeError> {
    let mut events: Vec<Event> = Vec::with_capacity(found.len());
    let mut in_files: Vec<(&Arc<DataFile>, usize)> = Vec::new();
    for found in found {
        match found.place {
            Place::Memory(event) => events.push(*event),
            Place::File(file, row) => in_files.push((file, row)),
        }
    }
    in_files.sort_unstable_by_key(|(file, row)| (file.entry.id, *row));
    for rows in in_files.chunk_by(|(one, _), (other, _)| one.entry.id == other.entry.id) {
        let ranges = rows.iter().map(|(_, row)| *row..*row + 1).collect();
        for batch in rows[0].0.read(Columns::ALL, &Selection::Rows(ranges))? {
            let batch = batch?;
            let read = Rows::new(&batch)?;
            events.extend((0..batch.num_rows()).map(|row| read.event(row)));
        }
    }
    events.sort_unstable_by_key(|event| std::cmp::Reverse((event.at, event.offset)));
    Ok(events)
}

fn hot_events(hot: &HotBucket, wanted: &dyn Fn(&Event) -> bool) -> Result<Vec<Event>, LakeError> {
    let mut events = hot.tail_events().collect::<Result<Vec<Event>, LakeError>>()?;
    events.retain(wanted);
    for chunk in &hot.chunks {
        let keys = chunk.batch(Columns::NONE.with_offset())?;
        let (person, at, offset) = (integers(&keys, PERSON)?, integers(&keys, AT)?, integers(&keys, OFFSET)?);
        let row_wanted = |row: &usize| {
            let (person, offset) = (person[*row].cast_unsigned(), offset[*row].cast_unsigned());
            wanted(&Event { person, offset, at: at[*row], ..Event::default() })
        };
        let rows: Vec<usize> = (0..keys.num_rows()).filter(row_wanted).collect();
        if !rows.is_empty() {
            let batch = chunk.batch(Columns::ALL)?;
            let read = Rows::new(&batch)?;
            events.extend(rows.into_iter().map(|row| read.event(row)));
        }
    }
    Ok(events)
}

/// The event at an offset of the log.
pub(crate) fn event_at(view: &View, offset: u64) -> Result<Option<Event>, LakeError> {
    let mut event = None;
    for hot in view.sealing.iter().chain(&view.hot) {
        event = event.or(hot_events(hot, &|event| event.offset == offset)?.pop());
    }
    if event.is_none() {
        event = sealed_at(view, offset)?;
    }
    if let Some(event) = &mut event {
        event.person = view.merges.canonical_of(event.person);
    }
    Ok(event)
}

fn sealed_at(view: &View, offset: u64) -> Result<Option<Event>, LakeError> {
    let files = view.files.iter().flatten();
    for file in files.filter(|file| (file.entry.offset_min..=file.entry.offset_max).contains(&offset)) {
        let mut base = 0;
        for batch in file.keys()? {
            let batch = batch?;
            if let Some(row) = integers(&batch, OFFSET)?.iter().position(|found| found.cast_unsigned() == offset) {
                let place = Place::File(file, base + row);
                return Ok(full(vec![Found { at: 0, offset, place }])?.pop());
            }
            base += batch.num_rows();
        }
    }
    Ok(None)
}
