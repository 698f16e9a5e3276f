use super::*;
use crate::config::Faults;
use crate::event::{AgentClass, Col, Columns, Event, EventKind};
use crate::hot::{Chunk, Part, sorted};
use crate::tests::START;
use crate::view::Whom;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::UInt32Type;
use datafusion::parquet::basic::Encoding;
use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};
use std::collections::HashSet;
use std::sync::Arc;

fn full_event(place: u64) -> Arc<Event> {
    let mut event = Event {
        offset: 100 + place,
        person: place / 3 + 1,
        at: START + i64::try_from(place).unwrap(),
        received_at: START + 5,
        kind: EventKind::ALL[usize::try_from(place % 6).unwrap()],
        agent_class: AgentClass::ALL[usize::try_from(place % 4).unwrap()],
        channel_rule: 7,
        value: place.is_multiple_of(2).then_some(-12_345),
        ..Event::default()
    };
    for column in Col::ALL {
        *event.text_mut(*column) = format!("{} {} ✓", column.name(), place % 5);
    }
    Arc::new(event)
}

/// How many rows a file below a folder has, whoever lists it.
pub(crate) fn rows(folder: &std::path::Path, path: &std::path::Path) -> u64 {
    unlisted(folder, path).rows_stored().unwrap()
}

/// Every text in a file below a folder, whoever lists it.
pub(crate) fn texts(folder: &std::path::Path, path: &std::path::Path) -> Vec<String> {
    let mut texts = Vec::new();
    for batch in Arc::new(unlisted(folder, path)).read(Columns::ALL, &Selection::All).unwrap() {
        let batch = batch.unwrap();
        let rows = Rows::new(&batch).unwrap();
        for event in (0..batch.num_rows()).map(|row| rows.event(row)) {
            texts.extend(Col::ALL.iter().map(|column| event.text(*column).to_owned()));
        }
    }
    texts
}

fn unlisted(folder: &std::path::Path, path: &std::path::Path) -> DataFile {
    let entry = crate::FileEntry {
        id: 0,
        path: path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(),
        bucket: 0,
        month: 0,
        rows: 0,
        bytes: 0,
        at_min: 0,
        at_max: 0,
        offset_min: 0,
        offset_max: 0,
    };
    DataFile::new(folder, entry)
}

fn sealed(folder: &std::path::Path, events: &[Arc<Event>]) -> Arc<DataFile> {
    let faults = Faults::default();
    let new = NewFile { id: 1, bucket: 3, month: 2026 * 12 };
    let mut writer = FileWriter::create(folder, new, Columns::ALL, &[], &faults).unwrap();
    for part in events.chunks(100) {
        let part = [Part::of(part).unwrap()];
        writer.write(&events_to_batch(&sorted(&part).unwrap(), Columns::ALL).unwrap()).unwrap();
    }
    Arc::new(DataFile::new(folder, writer.finish().unwrap()))
}

#[test]
fn an_event_comes_back_whole_from_a_file_and_from_a_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let events: Vec<Arc<Event>> = (0..250).map(full_event).collect();
    let file = sealed(folder.path(), &events);
    assert_eq!(file.entry.path, "events/bucket=03/month=2026-01/000000000001.parquet");
    assert_eq!((file.entry.rows, file.entry.offset_min, file.entry.offset_max), (250, 100, 349));
    assert_eq!((file.entry.at_min, file.entry.at_max), (START, START + 249));
    let mut read = Vec::new();
    for batch in file.read(Columns::ALL, &Selection::All).unwrap() {
        let batch = batch.unwrap();
        let rows = Rows::new(&batch).unwrap();
        read.extend((0..batch.num_rows()).map(|row| Arc::new(rows.event(row))));
    }
    assert_eq!(read, events);
    let part = [Part::of(&events).unwrap()];
    let chunk = Chunk::pack(&sorted(&part).unwrap()).unwrap();
    let batch = chunk.batch(Columns::ALL).unwrap();
    let rows = Rows::new(&batch).unwrap();
    assert_eq!((0..250).map(|row| Arc::new(rows.event(row))).collect::<Vec<_>>(), events);
    assert!(chunk.batch(Columns::of(&[Col::Name])).unwrap().column_by_name("raw").is_none());
}

#[test]
fn rows_of_some_people_are_read_alone() {
    let folder = tempfile::tempdir().unwrap();
    let events: Vec<Arc<Event>> = (0..250).map(full_event).collect();
    let file = sealed(folder.path(), &events);
    let people = Whom::new(HashSet::from([2, 3, 50, 999]));
    let selection = file.rows_of(&people).unwrap().unwrap();
    let mut offsets = Vec::new();
    for batch in file.read(Columns::NONE.with_offset(), &selection).unwrap() {
        offsets.extend(integers(&batch.unwrap(), OFFSET).unwrap().iter().copied());
    }
    assert_eq!(offsets, [103, 104, 105, 106, 107, 108, 247, 248, 249]);
    assert!(file.rows_of(&Whom::new(HashSet::from([999]))).unwrap().is_none());
}

/// DESIGN §6: `at` delta-coded without a dictionary, texts dictionary-coded and read as codes.
#[test]
fn the_physical_form_is_as_designed() {
    let folder = tempfile::tempdir().unwrap();
    let file = sealed(folder.path(), &(0..250).map(full_event).collect::<Vec<_>>());
    let reader = SerializedFileReader::new(std::fs::File::open(file.path()).unwrap()).unwrap();
    for column in reader.metadata().row_group(0).columns() {
        let encodings: Vec<Encoding> = column.encodings().collect();
        let has_dictionary = column.dictionary_page_offset().is_some();
        match column.column_path().string().as_str() {
            PERSON | AT | OFFSET | RECEIVED => {
                assert!(encodings.contains(&Encoding::DELTA_BINARY_PACKED) && !has_dictionary);
            }
            "event_id" | "url" | "properties" | "raw" => assert!(!has_dictionary),
            "channel" | "name" | "kind" => assert!(has_dictionary),
            _ => {}
        }
    }
    let batch = file.read(Columns::of(&[Col::Channel]), &Selection::All).unwrap().next().unwrap().unwrap();
    let channel = batch.column_by_name("channel").unwrap().as_dictionary::<UInt32Type>();
    assert_eq!(channel.values().len(), 5);
}

#[test]
fn a_failed_step_is_an_error_and_leaves_no_file_under_its_name() {
    for step in ["file.create", "file.write", "file.sync", "file.rename"] {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::new(move |at| if at == step { Err(std::io::Error::other("full")) } else { Ok(()) });
        let new = NewFile { id: 1, bucket: 0, month: 2026 * 12 };
        let write = || {
            let mut writer = FileWriter::create(folder.path(), new, Columns::ALL, &[], &faults)?;
            writer.write(&events_to_batch(&sorted(&[Part::of(&[full_event(0)])?])?, Columns::ALL)?)?;
            writer.finish()
        };
        assert!(write().is_err(), "{step}");
        assert!(!folder.path().join("events/bucket=00/month=2026-01/000000000001.parquet").exists());
    }
}

/// A file says which names of events are not in a part of it.
#[test]
fn parts_without_the_wanted_events_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let named = |place: u64| {
        // The second row group alone has `Paid`.
        let name = if place < 65_536 { "Seen" } else { "Paid" };
        Arc::new(Event { person: place + 1, offset: place, name: name.to_owned(), ..Event::default() })
    };
    let events: Vec<Arc<Event>> = (0..66_000).map(named).collect();
    let file = sealed(folder.path(), &events);
    let rows = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let selection = file.groups_of(&names).unwrap()?;
        let batches = file.read(Columns::NONE, &selection).unwrap();
        Some(batches.map(|batch| batch.unwrap().num_rows()).sum::<usize>())
    };
    assert_eq!(rows(&["Paid"]), Some(464));
    assert_eq!(rows(&["Seen", "Never"]), Some(65_536));
    assert_eq!(rows(&["Paid", "Seen"]), Some(66_000));
    assert_eq!(rows(&["Never"]), None);
}
