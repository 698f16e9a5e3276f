//! What the lake holds in memory while more comes than it can put away.

use super::{START, assert_sound, event, open_with, pump, small};
use crate::{Event, Faults, Lake, LakeConfig};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What the ingest pump does, with the room it waits for; it never seals. Counts what it admitted.
async fn consume(lake: Lake, admitted: Arc<AtomicUsize>) {
    loop {
        lake.room().await;
        let mut events: Vec<Event> = lake.next(7).await.unwrap();
        let up_to = events.last().unwrap().offset;
        lake.dedup(&mut events).await.unwrap();
        for event in &mut events {
            event.person = event.user_id.parse().unwrap();
        }
        admitted.fetch_add(events.len(), Ordering::SeqCst);
        lake.admit(events, up_to).await.unwrap();
    }
}

fn hot_rows(lake: &Lake) -> usize {
    lake.inner.state.read().hot_size().0
}

/// Waits until the number stays as it is.
async fn at_rest(number: &AtomicUsize) -> usize {
    let (mut before, mut same) = (number.load(Ordering::SeqCst), 0);
    while same < 10 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let now = number.load(Ordering::SeqCst);
        same = if now == before { same + 1 } else { 0 };
        before = now;
    }
    before
}

/// 20 hot events make a seal due, 30 are the most: then nothing more is admitted, the log holds the rest, and a seal that
/// fails changes nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot_events_are_bounded_while_seals_fail_and_go_on_after() {
    let folder = tempfile::tempdir().unwrap();
    let broken = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&broken);
    let faults = Faults::new(move |step| {
        let fails = step == "file.write" && flag.load(Ordering::SeqCst);
        if fails { Err(std::io::Error::other("no space left on device")) } else { Ok(()) }
    });
    let lake = open_with(LakeConfig { faults, ..small(folder.path()) }).await.unwrap();
    for place in 0..200 {
        lake.append(vec![event(&format!("e{place}"), place % 9, START, "Seen")]).await.unwrap();
    }
    let admitted = Arc::new(AtomicUsize::new(0));
    let consumer = tokio::spawn(consume(lake.clone(), Arc::clone(&admitted)));
    for _ in 0..3 {
        let now = at_rest(&admitted).await;
        assert!((30..37).contains(&now), "{now} were admitted");
        assert_eq!(hot_rows(&lake), now);
        assert!(lake.seal().await.is_err());
    }
    broken.store(false, Ordering::SeqCst);
    let mut most = 0;
    while admitted.load(Ordering::SeqCst) < 200 {
        at_rest(&admitted).await;
        most = most.max(hot_rows(&lake));
        lake.seal().await.unwrap();
    }
    at_rest(&admitted).await;
    lake.seal().await.unwrap();
    assert!(most < 37, "{most} were hot");
    assert_eq!((lake.watermark().offset, hot_rows(&lake)), (200, 0));
    assert_sound(&lake).await;
    consumer.abort();
}

/// How nice this thread is to others, where the system says it.
fn niceness() -> Option<i32> {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").ok()?;
    stat.rsplit(") ").next()?.split(' ').nth(16)?.parse().ok()
}

fn yield_to_others() {
    let low = thread_priority::ThreadPriorityValue::try_from(34).unwrap();
    thread_priority::set_current_thread_priority(thread_priority::ThreadPriority::Crossplatform(low)).unwrap();
}

/// A seal runs on the threads it is asked for on, which may yield to others, until too many events wait: then on one of
/// the lake's own.
#[test]
fn a_seal_that_is_waited_for_yields_to_nobody() {
    let threads = |name: &str, start: fn()| {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(1).thread_name(name).on_thread_start(start).enable_all().build().unwrap()
    };
    let (ordinary, yielding) = (threads("ordinary", || ()), threads("yielding", yield_to_others));
    let usual = niceness();
    let folder = tempfile::tempdir().unwrap();
    let seen: Arc<Mutex<BTreeMap<String, Option<i32>>>> = Arc::default();
    let log = Arc::clone(&seen);
    let faults = Faults::new(move |step| {
        if step.starts_with("file.") {
            log.lock().insert(std::thread::current().name().unwrap_or_default().to_owned(), niceness());
        }
        Ok(())
    });
    let config = LakeConfig { faults, pending_bytes_max: 400, ..small(folder.path()) };
    let lake = ordinary.block_on(open_with(config)).unwrap();
    for (round, waiting) in [(0, 0), (1, 15), (2, 0)] {
        let where_it_runs = if waiting > 0 { "lake-seal" } else { "yielding" };
        ordinary.block_on(async {
            let some = |name: &str, count: u64| {
                let events = (0..count).map(|place| event(&format!("{name}{round}-{place}"), place % 9, START, "Seen"));
                events.collect::<Vec<Event>>()
            };
            pump(&lake).await;
            lake.append(some("e", 20)).await.unwrap();
            pump(&lake).await;
            if waiting > 0 {
                lake.append(some("w", waiting)).await.unwrap();
            }
        });
        assert_eq!(lake.pressed().is_some(), waiting > 0);
        let sealed = lake.clone();
        yielding.block_on(async move { tokio::spawn(async move { sealed.seal().await }).await.unwrap().unwrap() });
        let seen = std::mem::take(&mut *seen.lock());
        // Merges, which follow the seal, always yield.
        assert!(seen.contains_key(where_it_runs), "{seen:?}");
        assert_eq!(seen.contains_key("lake-seal"), where_it_runs == "lake-seal", "{seen:?}");
        assert!(seen.get("lake-seal").is_none_or(|nice| *nice == usual), "a thread there yields to nobody: {seen:?}");
    }
    drop(lake);
}
