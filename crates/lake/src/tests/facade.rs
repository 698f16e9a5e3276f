//! What callers rely on: order, locks, limits, merges, questions during seals.

use super::{START, assert_sound, cancelled, event, open, open_with, pump, small, trace};
use crate::folds::counts::CountFold;
use crate::{Event, FoldOptions, LakeConfig, LakeError, SqlLimits, SqlQuestion};
use kernel::time::{DAY, SECOND};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn many(count: u64, people: u64) -> Vec<Event> {
    (0..count)
        .map(|place| event(&format!("m{place}"), 1 + place % people, START + place as i64 * SECOND, "Page viewed"))
        .collect()
}

#[tokio::test]
async fn two_lakes_cannot_open_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    assert!(matches!(open_with(small(folder.path())).await, Err(LakeError::Locked(_))));
    drop(lake);
    open(folder.path()).await;
}

#[tokio::test]
async fn the_number_of_buckets_is_fixed_by_the_first_seal() {
    let folder = tempfile::tempdir().unwrap();
    let with = |buckets| LakeConfig { buckets, ..small(folder.path()) };
    let lake = open_with(with(4)).await.unwrap();
    lake.append(many(10, 5)).await.unwrap();
    pump(&lake).await;
    drop(lake);
    // What is only in the log is divided anew by every start.
    let lake = open_with(with(6)).await.unwrap();
    pump(&lake).await;
    lake.seal().await.unwrap();
    drop(lake);
    for other in [5, 7, 16] {
        let refused = open_with(with(other)).await.err().unwrap();
        assert!(matches!(refused, LakeError::Buckets { stored: 6, configured } if configured == other), "{refused}");
    }
    assert_sound(&open_with(with(6)).await.unwrap()).await;
}

#[tokio::test]
async fn a_merge_is_visible_at_once_and_undoing_it_restores_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    for round in 0..3 {
        let events = (0..20).map(|place| {
            event(&format!("{round}-{place}"), 1 + place % 5, START + (place as i64 * 7 + round) * SECOND, "Seen")
        });
        lake.append(events.collect()).await.unwrap();
        pump(&lake).await;
        if round < 2 {
            lake.seal().await.unwrap();
        }
    }
    let apart = trace(&lake, &FoldOptions::default()).await;
    lake.set_merges(Arc::new(HashMap::from([(2, 1), (3, 1), (5, 4)])));
    let merged = trace(&lake, &FoldOptions::default()).await;
    assert_eq!(merged.keys().copied().collect::<Vec<_>>(), [1, 4]);
    let mut together = [apart[&1].clone(), apart[&2].clone(), apart[&3].clone()].concat();
    together.sort();
    assert_eq!(merged[&1], together);
    let limits = SqlLimits::default();
    let answer = lake.sql("select count(distinct person) from events", vec![], limits).await.unwrap();
    assert_eq!(answer.rows, [[serde_json::json!(2)]]);
    let timeline = lake.events_of(&[2], None, 100).await.unwrap();
    assert_eq!(timeline.len(), together.len(), "a merged person's timeline is that of the whole person");
    assert!(timeline.iter().all(|event| event.person == 1));
    lake.set_merges(Arc::default());
    assert_eq!(trace(&lake, &FoldOptions::default()).await, apart);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_question_sees_every_event_once_while_seals_and_merges_run() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    let done = Arc::new(AtomicBool::new(false));
    let (asker, stop) = (lake.clone(), Arc::clone(&done));
    let asking = tokio::spawn(async move {
        let mut last = 0;
        let mut asked = 0;
        while !stop.load(Ordering::SeqCst) || asked < 3 {
            let (counts, watermark) = asker.fold_at(&CountFold::default(), &FoldOptions::default()).await.unwrap();
            let events: u64 = counts.into_map().values().map(|count| count.events).sum();
            assert_eq!(events, watermark.offset, "a fold sees what was admitted, no more and no less");
            assert!(events >= last);
            last = events;
            let answer = asker.sql("select count(*) from events", vec![], SqlLimits::default()).await.unwrap();
            assert!(answer.rows[0][0].as_u64().unwrap() >= last);
            asked += 1;
        }
    });
    for batch in many(600, 23).chunks(40) {
        lake.append(batch.to_vec()).await.unwrap();
        pump(&lake).await;
        lake.seal().await.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    asking.await.unwrap();
    assert_sound(&lake).await;
    let files = walk(folder.path().join("events"));
    assert_eq!(files as u64, lake.check().await.unwrap().files, "replaced files are gone");
}

fn walk(folder: std::path::PathBuf) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { walk(path) } else { 1 }).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appenders_get_their_own_offsets_and_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    let append = |name: &'static str| {
        let lake = lake.clone();
        tokio::spawn(async move {
            let mut offsets = Vec::new();
            for place in 0..40 {
                let one = event(&format!("{name}{place}"), 1, START, name);
                let appended =
                    lake.append(vec![one.clone(), Event { event_id: format!("{name}{place}b"), ..one }]).await.unwrap();
                offsets.extend(appended.first..=appended.last);
            }
            offsets
        })
    };
    let (one, other) = (append("a"), append("b"));
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    let all: BTreeSet<u64> = one.iter().chain(&other).copied().collect();
    assert_eq!(all, (1..=160).collect());
    assert!(one.is_sorted() && other.is_sorted());
    pump(&lake).await;
    assert_eq!(trace(&lake, &FoldOptions::default()).await[&1].len(), 160);
}

#[tokio::test]
async fn a_restart_replays_what_was_not_sealed_and_knows_old_ids() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    lake.append(many(50, 5)).await.unwrap();
    pump(&lake).await;
    lake.seal().await.unwrap();
    lake.append(vec![event("late", 2, START - 40 * DAY, "Late")]).await.unwrap();
    pump(&lake).await;
    let before = trace(&lake, &FoldOptions::default()).await;
    drop(lake);
    let lake = open(folder.path()).await;
    assert_eq!(lake.watermark().offset, 50);
    assert_eq!(lake.next(10).await.unwrap().len(), 1);
    lake.rewind();
    lake.append(many(50, 5)).await.unwrap();
    pump(&lake).await;
    assert_eq!(trace(&lake, &FoldOptions::default()).await, before);
    assert_eq!(lake.watermark().offset, 101);
}

#[tokio::test]
async fn what_waits_is_bounded_and_admitting_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let config = LakeConfig { pending_bytes_max: 3_000, ..small(folder.path()) };
    let lake = open_with(config).await.unwrap();
    // Counted as they lie in the log: these are too short to be packed.
    let mut stored = 0;
    let error = loop {
        match lake.append(vec![event(&format!("e{stored}"), 1, START, "Seen")]).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LakeError::Overloaded { retry_after_s: 1 }), "{error}");
    assert!((10..30).contains(&stored), "{stored} events of more than a hundred bytes fit in 3 000");
    pump(&lake).await;
    lake.append(vec![event("x", 1, START, "X")]).await.unwrap();
}

#[tokio::test]
async fn admitting_twice_or_out_of_order_is_refused_or_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    lake.append(many(10, 2)).await.unwrap();
    let mut events = lake.next(10).await.unwrap();
    events.iter_mut().for_each(|event| event.person = 1);
    assert!(lake.admit(events.clone(), 11).await.is_err(), "beyond what is stored");
    assert!(lake.admit(events.clone(), 9).await.is_err(), "an event after the offset");
    lake.admit(events.clone(), 10).await.unwrap();
    lake.admit(events, 10).await.unwrap();
    assert_eq!(trace(&lake, &FoldOptions::default()).await[&1].len(), 10);
}

#[tokio::test]
async fn a_cancelled_fold_stops_and_a_seal_is_due_by_count() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    assert!(!lake.seal_if_due().await.unwrap());
    lake.append(many(19, 5)).await.unwrap();
    pump(&lake).await;
    assert!(!lake.seal_if_due().await.unwrap());
    lake.append(vec![event("last", 1, START, "X")]).await.unwrap();
    pump(&lake).await;
    assert!(lake.seal_if_due().await.unwrap());
    assert!(!lake.seal_if_due().await.unwrap());
    let error = lake.fold(&CountFold::default(), &cancelled()).await.unwrap_err();
    assert!(matches!(error, LakeError::Cancelled));
}

#[tokio::test]
async fn an_event_is_found_by_its_offset_whole() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    let mut sent = many(30, 4);
    lake.append(sent.clone()).await.unwrap();
    pump(&lake).await;
    for round in 0..2 {
        for (place, event) in sent.iter_mut().enumerate() {
            event.offset = place as u64 + 1;
            event.person = event.user_id.parse().unwrap();
            assert_eq!(lake.event_at(event.offset).await.unwrap().as_ref(), Some(&*event), "round {round}");
        }
        lake.seal().await.unwrap();
    }
    assert_eq!(lake.event_at(31).await.unwrap(), None);
    let page = lake.events_of(&[1], None, 3).await.unwrap();
    let last = page.last().unwrap();
    let next = lake.events_of(&[1], Some((last.at, last.offset)), 3).await.unwrap();
    assert_eq!(page.iter().chain(&next).map(|event| event.offset).collect::<Vec<_>>(), [29, 25, 21, 17, 13, 9]);
}

#[tokio::test]
async fn a_damaged_or_missing_file_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    lake.append(many(30, 4)).await.unwrap();
    pump(&lake).await;
    lake.seal().await.unwrap();
    let file = first_parquet(&folder.path().join("events"));
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle..middle + 40].fill(0xA5);
    std::fs::write(&file, &bytes).unwrap();
    assert!(!lake.check().await.unwrap().problems.is_empty());
    drop(lake);
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(open_with(small(folder.path())).await, Err(LakeError::Io { .. })));
}

#[tokio::test]
async fn a_month_that_a_later_one_has_followed_becomes_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open_with(LakeConfig { files_max: 100, ..small(folder.path()) }).await.unwrap();
    let put = async |name: &str, start: i64, count: i64| {
        let one = |place: i64| event(&format!("{name}{place}"), 1, start + place * SECOND, "Seen");
        lake.append((0..count).map(one).collect()).await.unwrap();
        pump(&lake).await;
        lake.seal().await.unwrap();
        lake.check().await.unwrap().files
    };
    assert_eq!(put("a", START, 20).await, 1);
    assert_eq!(put("b", START + SECOND / 2, 20).await, 2, "the month goes on");
    let february = START + 31 * DAY;
    assert_eq!(put("c", february, 20).await, 2, "one file each");
    assert_eq!(put("late", START + SECOND / 4, 9).await, 3, "nine late rows are not worth writing forty again");
    assert_eq!(put("later", START + SECOND / 5, 1).await, 2, "ten are");
    let all = trace(&lake, &FoldOptions::default()).await;
    assert_eq!(all[&1].len(), 70);
    assert_sound(&lake).await;
}

fn first_parquet(folder: &std::path::Path) -> std::path::PathBuf {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    if entries[0].is_dir() { first_parquet(&entries[0]) } else { entries.remove(0) }
}

/// Who asks while as many questions run as may is told to come back, before anything is built for the question.
#[tokio::test]
async fn a_question_waits_for_its_turn_and_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let wait = std::time::Duration::from_millis(50);
    let lake = open_with(LakeConfig { sql_max: 1, sql_wait_max: wait, ..small(folder.path()) }).await.unwrap();
    let turn = lake.sql_turn().await.unwrap();
    let refused = lake.sql("select 1", vec![], SqlLimits::default()).await.unwrap_err();
    assert!(matches!(refused, LakeError::Busy { .. }), "{refused:?}");
    let problem = kernel::problem::Problem::from(refused);
    assert_eq!((problem.status(), problem.retry_after_seconds), (429, Some(1)));
    let answer = lake.sql_in(turn, SqlQuestion { text: "select 1".into(), ..SqlQuestion::default() }).await.unwrap();
    assert_eq!(answer.rows, [[serde_json::json!(1)]]);
    lake.sql("select 1", vec![], SqlLimits::default()).await.unwrap();
}

#[tokio::test]
async fn a_number_that_no_person_can_have_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    lake.append(many(1, 1)).await.unwrap();
    let mut events = lake.next(1).await.unwrap();
    events[0].person = i64::MAX.cast_unsigned();
    assert!(matches!(lake.admit(events.clone(), 1).await, Err(LakeError::Data(_))));
    events[0].person -= 1;
    lake.admit(events, 1).await.unwrap();
    let counts = lake.fold(&CountFold::default(), &FoldOptions::default()).await.unwrap().into_map();
    assert_eq!(counts["Page viewed"].people, 1);
}
