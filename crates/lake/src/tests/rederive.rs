//! Deriving again: all events at once, what was known before stays known, and nothing of it is left after an erasure.

use super::{ByVersion, START, assert_sound, event, open_at, pump, small};
use crate::{
    Derive, Event, Faults, KnownAt, Lake, LakeConfig, LakeError, Rederivation, RewriteProgress, SqlLimits, SqlQuestion,
};
use kernel::time::{DAY, SECOND, SimClock, TimeRange, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn clock() -> Arc<SimClock> {
    Arc::new(SimClock::new(Timestamp::from_micros(START)))
}

fn events(version: u32, numbers: std::ops::Range<i64>, received_at: i64) -> Vec<Event> {
    let one = |number: i64| {
        let at = START + (number % 3) * 30 * DAY + number * SECOND;
        let person = 1 + number.unsigned_abs() % 7;
        ByVersion(version).stamped(Event { received_at, ..event(&format!("n{number}"), person, at, "Seen") })
    };
    numbers.map(one).collect()
}

/// Every derived column of every event.
async fn rows(lake: &Lake, as_of: Option<i64>) -> Vec<Vec<serde_json::Value>> {
    let text = "select event_id, channel, channel_rule, agent_class, agent_reason from events order by event_id";
    let as_of = as_of.map(|at| KnownAt::new(Timestamp::from_micros(at), Arc::default()));
    let limits = SqlLimits { rows: 10_000, ..SqlLimits::default() };
    let question = SqlQuestion { text: text.to_owned(), limits, as_of, ..SqlQuestion::default() };
    lake.sql_in(lake.sql_turn().await.unwrap(), question).await.unwrap().rows
}

async fn derive(lake: &Lake, version: u32) -> Rederivation {
    lake.rederive(Box::new(ByVersion(version)), &RewriteProgress::default()).await.unwrap()
}

fn expected(versions: &[u32], numbers: std::ops::Range<i64>) -> Vec<Vec<serde_json::Value>> {
    let mut all: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for event in events(versions[0], numbers, 0) {
        let mut now = ByVersion(versions[0]).of(&event.event_id);
        for version in &versions[1..] {
            let new = ByVersion(*version).of(&event.event_id);
            if (&new.channel, new.agent_class) != (&now.channel, now.agent_class) {
                now = new;
            }
        }
        let row = serde_json::json!([
            event.event_id,
            now.channel,
            now.channel_rule,
            now.agent_class.as_str(),
            now.agent_reason
        ]);
        all.insert(event.event_id.clone(), serde_json::from_value(row).unwrap());
    }
    all.into_values().collect()
}

/// DESIGN §5: derived columns are derived again over history; §6 and the item 5: as of a moment they are what they
/// were then, in SQL too, whether rows are in files or in memory, and after files were merged.
#[tokio::test]
async fn history_follows_the_rules_and_a_moment_keeps_its_answer() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let mut lake = open_at(small(folder.path()), clock.clone()).await.unwrap();
    lake.append(events(1, 0..60, START)).await.unwrap();
    pump(&lake).await;
    lake.seal().await.unwrap();
    lake.append(events(1, 60..90, START)).await.unwrap();
    pump(&lake).await;
    let removals = lake.watermark().removals;
    let first = rows(&lake, None).await;
    assert_eq!(first, expected(&[1], 0..90));

    clock.advance(10 * SECOND);
    let preview =
        lake.rederive_preview(Box::new(ByVersion(2)), TimeRange::ALL, &RewriteProgress::default()).await.unwrap();
    assert_eq!(rows(&lake, None).await, first, "a preview writes nothing");
    let done = derive(&lake, 2).await;
    assert_eq!(done.at, Some(START + 10 * SECOND));
    assert_eq!((done.events, done.changed, &done.channels), (90, preview.changed, &preview.channels));
    assert!(done.changed > 20 && done.changed < 90 && !done.classes.is_empty(), "{done:?}");
    let moved: u64 = done.channels.iter().map(|moved| moved.events).sum();
    assert!(moved <= done.changed && moved > 0);
    let second = rows(&lake, None).await;
    assert_eq!(second, expected(&[1, 2], 0..90));
    assert_eq!(lake.watermark().removals, removals + 1, "who kept answers learns of it");

    clock.advance(10 * SECOND);
    lake.append(events(2, 90..120, START + 20 * SECOND)).await.unwrap();
    pump(&lake).await;
    let third = rows(&lake, None).await;
    clock.advance(10 * SECOND);
    derive(&lake, 3).await;
    assert_eq!(derive(&lake, 3).await.files, 0, "twice is once");
    lake.append(events(3, 120..150, START + 40 * SECOND)).await.unwrap();
    pump(&lake).await;
    for _ in 0..4 {
        for (at, answer) in
            [(START + 9 * SECOND, &first), (START + 10 * SECOND, &second), (START + 29 * SECOND, &third)]
        {
            assert_eq!(&rows(&lake, Some(at)).await, answer, "as of {}", at - START);
        }
        let now = rows(&lake, None).await;
        assert_eq!(rows(&lake, Some(START + 1_000 * SECOND)).await, now);
        assert_sound(&lake).await;
        // Merges files; then from what is on the disk.
        lake.append(events(3, 150..151, START + 50 * SECOND)).await.unwrap();
        pump(&lake).await;
        lake.seal().await.unwrap();
        drop(lake);
        lake = open_at(small(folder.path()), clock.clone()).await.unwrap();
    }
    // Who is erased is gone from what was, too.
    lake.erase(&[3], &RewriteProgress::default()).await.unwrap();
    let theirs = |answer: &[Vec<serde_json::Value>]| -> Vec<Vec<serde_json::Value>> {
        let number = |row: &[serde_json::Value]| row[0].as_str().unwrap()[1..].parse::<u64>().unwrap();
        answer.iter().filter(|row| 1 + number(row) % 7 != 3).cloned().collect()
    };
    assert_eq!(rows(&lake, Some(START + 9 * SECOND)).await, theirs(&first));
    assert_eq!(rows(&lake, Some(START + 29 * SECOND)).await, theirs(&third));
    assert_sound(&lake).await;
}

/// Only files in which something changes are written again.
#[tokio::test]
async fn a_file_in_which_nothing_changes_stays() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let lake = open_at(small(folder.path()), clock).await.unwrap();
    lake.append(events(1, 0..60, START)).await.unwrap();
    pump(&lake).await;
    lake.seal().await.unwrap();
    let before: Vec<u64> = lake.inner.view().files.iter().flatten().map(|file| file.entry.id).collect();
    struct OneOnly;
    impl Derive for OneOnly {
        fn columns(&self) -> crate::Columns {
            crate::Columns::of(&[crate::Col::EventId])
        }
        fn derive(&mut self, row: &crate::DeriveRow<'_>) -> crate::Verdict {
            match row.text(crate::Col::EventId) {
                "n7" => crate::Verdict::New(ByVersion(9).of("n7")),
                "n8" => crate::Verdict::Missing,
                _ => crate::Verdict::Same,
            }
        }
    }
    let done = lake.rederive(Box::new(OneOnly), &RewriteProgress::default()).await.unwrap();
    assert_eq!((done.events, done.changed, done.missing, done.files), (60, 1, 1, 1));
    let after: Vec<u64> = lake.inner.view().files.iter().flatten().map(|file| file.entry.id).collect();
    assert_eq!(before.iter().filter(|id| !after.contains(id)).count(), 1);
    assert_sound(&lake).await;
}

fn scratch(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let mut found = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        found += if path.is_dir() {
            scratch(&path)
        } else {
            usize::from(path.extension().is_some_and(|kind| kind == "new"))
        };
    }
    found
}

/// Stopped anywhere, or failing anywhere, it has changed nothing and leaves nothing; the next try does all.
#[tokio::test]
async fn stopped_or_failed_it_has_changed_nothing() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let countdown = Arc::new(AtomicUsize::new(usize::MAX));
    let count = countdown.clone();
    let faults = Faults::new(move |step| {
        let is_ours = step.starts_with("file.") || step.starts_with("switch.");
        let left = if is_ours { count.fetch_sub(1, Ordering::SeqCst) } else { usize::MAX };
        if left == 0 && step != "switch.after" { Err(std::io::Error::other(step)) } else { Ok(()) }
    });
    let config = LakeConfig { faults, ..small(folder.path()) };
    let lake = open_at(config, clock.clone()).await.unwrap();
    lake.append(events(1, 0..60, START)).await.unwrap();
    pump(&lake).await;
    lake.seal().await.unwrap();
    let before = rows(&lake, None).await;
    clock.advance(SECOND);
    let mut failed = 0;
    for step in 0..200 {
        countdown.store(step, Ordering::SeqCst);
        let result = lake.rederive(Box::new(ByVersion(2)), &RewriteProgress::default()).await;
        countdown.store(usize::MAX, Ordering::SeqCst);
        match result {
            Ok(_) => break,
            Err(error) => assert!(matches!(error, LakeError::Io { .. } | LakeError::Catalog(_)), "{error}"),
        }
        failed += 1;
        assert_eq!(rows(&lake, None).await, before, "failed at step {step}");
        assert_eq!(scratch(folder.path()), 0);
    }
    assert!(failed > 20, "{failed}");
    assert_eq!(rows(&lake, None).await, expected(&[1, 2], 0..60));

    let before = rows(&lake, None).await;
    let steps = AtomicUsize::new(usize::MAX);
    for stop_at in 0..100 {
        steps.store(stop_at, Ordering::SeqCst);
        let cancel = crate::Cancel::default();
        let left = Arc::new(AtomicUsize::new(stop_at));
        let (switch, stop) = (left.clone(), cancel.clone());
        let mut progress = RewriteProgress::to(move |_, _| {
            if switch.fetch_sub(1, Ordering::SeqCst) == 0 {
                stop.cancel();
            }
        });
        progress.cancel = cancel;
        match lake.rederive(Box::new(ByVersion(3)), &progress).await {
            Ok(_) => break,
            Err(error) => assert!(matches!(error, LakeError::Cancelled), "{error}"),
        }
        assert_eq!(rows(&lake, None).await, before, "stopped at {stop_at}");
        assert_eq!(scratch(folder.path()), 0);
    }
    assert_eq!(rows(&lake, None).await, expected(&[1, 2, 3], 0..60));
    assert_sound(&lake).await;
}

/// Events come in, are sealed and merged while it runs: none is missed, none is derived by the wrong rules.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_come_in_while_it_runs_are_right() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let lake = open_at(small(folder.path()), clock.clone()).await.unwrap();
    lake.append(events(1, 0..120, START)).await.unwrap();
    pump(&lake).await;
    lake.seal().await.unwrap();
    clock.advance(SECOND);
    let (beside, told) = (lake.clone(), Arc::new(AtomicUsize::new(0)));
    let turn = told.clone();
    // From the first report on: new events by the new rules, sealed and merged with the old ones.
    let progress = RewriteProgress::to(move |_, _| {
        turn.fetch_add(1, Ordering::SeqCst);
    });
    let sending = tokio::spawn(async move {
        while told.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        for round in 0..20_i64 {
            let from = 120 + round * 10;
            beside.append(events(2, from..from + 10, START)).await.unwrap();
            pump(&beside).await;
            beside.seal().await.unwrap();
        }
    });
    let done = lake.rederive(Box::new(ByVersion(2)), &progress).await.unwrap();
    sending.await.unwrap();
    assert!(done.changed > 20);
    let mut all = expected(&[1, 2], 0..120);
    all.extend(expected(&[2], 120..320));
    all.sort_by_key(|row| row[0].as_str().unwrap().to_owned());
    assert_eq!(rows(&lake, None).await, all);
    assert_sound(&lake).await;
}
