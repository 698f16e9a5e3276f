use crate::tests::{START, event, open, open_with, pump, small};
use crate::{Event, Faults, LakeConfig, LakeError};
use parking_lot::{Condvar, Mutex};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn one(id: &str) -> Vec<Event> {
    vec![event(id, 1, START, "Seen")]
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("log")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

async fn ids(folder: &Path) -> Result<Vec<String>, LakeError> {
    let lake = open_with(small(folder)).await?;
    let mut ids = Vec::new();
    while (ids.len() as u64) < lake.watermark().appended_offset {
        ids.extend(lake.next(2).await?.into_iter().map(|event| event.event_id));
    }
    Ok(ids)
}

/// Three appends in one segment; returns the folder, the segment's bytes, and where each record ends.
async fn three(folder: &Path) -> (PathBuf, Vec<u8>, Vec<usize>) {
    let config = LakeConfig { segment_bytes: 1 << 20, ..small(folder) };
    let lake = open_with(config).await.unwrap();
    let mut ends = Vec::new();
    let path = segments(folder).remove(0);
    for id in ["a", "b", "c"] {
        lake.append(one(id)).await.unwrap();
        ends.push(usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap());
    }
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes, ends)
}

#[tokio::test]
async fn a_tail_torn_at_any_byte_is_cut_off_and_the_log_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes, ends) = three(folder.path()).await;
    for length in ends[1]..ends[2] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert_eq!(ids(folder.path()).await.unwrap(), ["a", "b"], "cut at {length}");
    }
    for length in [ends[1] + 1, ends[2] - 1] {
        // Zeroes where the file system gave length but no data.
        let mut torn = bytes[..length].to_vec();
        torn.resize(bytes.len() + 300, 0);
        std::fs::write(&path, &torn).unwrap();
        assert_eq!(ids(folder.path()).await.unwrap(), ["a", "b"], "zeroes from {length}");
    }
    let lake = open(folder.path()).await;
    assert_eq!(lake.append(one("d")).await.unwrap().first, 3);
    drop(lake);
    assert_eq!(ids(folder.path()).await.unwrap(), ["a", "b", "d"]);
}

#[tokio::test]
async fn damage_before_the_tail_is_reported_never_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes, ends) = three(folder.path()).await;
    for place in [30, 40, ends[0] - 1, ends[0] + 2, ends[1] - 20] {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x40;
        std::fs::write(&path, &damaged).unwrap();
        let error = ids(folder.path()).await.unwrap_err();
        assert!(matches!(error, LakeError::Corrupt { .. }), "byte {place}: {error}");
        assert_eq!(std::fs::read(&path).unwrap(), damaged, "nothing was changed");
    }
}

#[tokio::test]
async fn a_missing_segment_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    for place in 0..20 {
        lake.append(one(&place.to_string())).await.unwrap();
    }
    drop(lake);
    let segments = segments(folder.path());
    assert!(segments.len() > 2, "small segments roll");
    assert_eq!(ids(folder.path()).await.unwrap().len(), 20);
    std::fs::remove_file(&segments[1]).unwrap();
    assert!(matches!(ids(folder.path()).await, Err(LakeError::Corrupt { .. })));
}

#[tokio::test]
async fn a_segment_that_a_crash_left_without_header_is_no_loss() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    lake.append(one("a")).await.unwrap();
    drop(lake);
    for bytes in [&b""[..], &b"MSLOG"[..], &[0_u8; 24][..]] {
        std::fs::write(folder.path().join("log/00000000000000000002.log"), bytes).unwrap();
        assert_eq!(ids(folder.path()).await.unwrap(), ["a"]);
    }
    let lake = open(folder.path()).await;
    assert_eq!(lake.append(one("b")).await.unwrap().first, 2);
}

#[tokio::test]
async fn sealed_segments_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    for place in 0..20 {
        lake.append(one(&place.to_string())).await.unwrap();
    }
    pump(&lake).await;
    lake.seal().await.unwrap();
    assert_eq!(segments(folder.path()).len(), 1);
    drop(lake);
    let lake = open(folder.path()).await;
    assert_eq!(lake.append(one("next")).await.unwrap().first, 21);
    assert_eq!(lake.next(5).await.unwrap()[0].event_id, "next");
}

/// A full disk or a failed sync: the batch is refused, the log refuses more until it was cut back, and then goes on.
#[tokio::test]
async fn a_failed_write_or_sync_refuses_until_the_log_is_healthy() {
    for step in ["log.write", "log.sync"] {
        let folder = tempfile::tempdir().unwrap();
        let broken: Arc<Mutex<Vec<&str>>> = Arc::default();
        let list = Arc::clone(&broken);
        let faults = Faults::new(move |at| {
            if list.lock().contains(&at) { Err(std::io::Error::other("no space left on device")) } else { Ok(()) }
        });
        let lake = open_with(LakeConfig { faults, ..small(folder.path()) }).await.unwrap();
        lake.append(one("a")).await.unwrap();
        *broken.lock() = vec![step, "log.heal"];
        for id in ["b", "c"] {
            let error = lake.append(one(id)).await.unwrap_err();
            assert!(matches!(&error, LakeError::Unhealthy(why) if why.contains("no space")), "{error}");
        }
        *broken.lock() = vec!["log.segment"];
        assert!(lake.append(one("d")).await.is_err(), "no new segment, no append");
        broken.lock().clear();
        assert_eq!(lake.append(one("e")).await.unwrap().first, 2, "{step}");
        assert_eq!(lake.watermark().appended_offset, 2);
        pump(&lake).await;
        drop(lake);
        assert_eq!(ids(folder.path()).await.unwrap(), ["a", "e"], "{step}: a refused batch leaves no trace");
    }
}

#[tokio::test]
async fn a_crash_right_after_a_failed_write_keeps_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let broken = Arc::new(AtomicUsize::new(0));
    let flag = Arc::clone(&broken);
    let faults = Faults::new(move |at| {
        if at == "log.write" && flag.load(Ordering::SeqCst) > 0 { Err(std::io::Error::other("full")) } else { Ok(()) }
    });
    let lake = open_with(LakeConfig { faults, ..small(folder.path()) }).await.unwrap();
    lake.append(one("a")).await.unwrap();
    broken.store(1, Ordering::SeqCst);
    assert!(lake.append(one("b")).await.is_err());
    drop(lake);
    assert_eq!(ids(folder.path()).await.unwrap(), ["a"]);
}

#[tokio::test]
async fn many_appends_share_one_sync() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Arc::new((Mutex::new((0_usize, false)), Condvar::new()));
    let held = Arc::clone(&gate);
    let faults = Faults::new(move |step| {
        if step == "log.sync" {
            let mut state = held.0.lock();
            state.0 += 1;
            held.1.notify_all();
            while state.0 == 1 && !state.1 {
                held.1.wait(&mut state);
            }
        }
        Ok(())
    });
    let lake = open_with(LakeConfig { faults, ..small(folder.path()) }).await.unwrap();
    let first = tokio::spawn({
        let lake = lake.clone();
        async move { lake.append(one("first")).await }
    });
    tokio::task::yield_now().await;
    let waiting = Arc::clone(&gate);
    tokio::task::spawn_blocking(move || {
        let mut state = waiting.0.lock();
        while state.0 == 0 {
            waiting.1.wait(&mut state);
        }
    })
    .await
    .unwrap();
    let appends: Vec<String> = (0..50).map(|place| format!("e{place}")).collect();
    let together = futures::future::join_all(appends.iter().map(|id| lake.append(one(id))));
    let open_gate = async {
        gate.0.lock().1 = true;
        gate.1.notify_all();
    };
    // The appends are polled first: all fifty wait when the first sync is let go.
    let (results, ()) = tokio::join!(biased; together, open_gate);
    assert!(results.iter().all(Result::is_ok));
    first.await.unwrap().unwrap();
    assert_eq!(gate.0.lock().0, 2, "one sync for the first, one for the fifty");
}

#[tokio::test]
async fn the_check_reads_every_record() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    for place in 0..10 {
        lake.append(one(&place.to_string())).await.unwrap();
    }
    let report = lake.check().await.unwrap();
    assert_eq!((report.log_events, report.problems.len()), (10, 0));
    let path = segments(folder.path()).remove(0);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[60] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(lake.check().await.unwrap().problems.len(), 1);
}

/// What does not fit into memory is read from the log again, while the log goes on: nothing twice, nothing left out.
#[tokio::test]
async fn what_waits_beyond_the_memory_for_it_comes_from_the_disk_in_order() {
    for ready_bytes_max in [0, 300, 2_000, 1 << 20] {
        let folder = tempfile::tempdir().unwrap();
        let lake = open_with(LakeConfig { ready_bytes_max, ..small(folder.path()) }).await.unwrap();
        let (mut sent, mut taken) = (Vec::new(), Vec::new());
        for round in 0..40 {
            for place in 0..(round * 7) % 5 {
                let id = format!("r{round}-{place}");
                lake.append((0..=place).map(|part| event(&format!("{id}-{part}"), 1, START, "Seen")).collect())
                    .await
                    .unwrap();
                sent.extend((0..=place).map(|part| format!("{id}-{part}")));
            }
            if round == 20 {
                taken.clear();
                lake.rewind();
            }
            // It falls behind, and now and then catches up.
            let most = if round % 10 == 9 { sent.len() } else { taken.len() + 2 };
            while taken.len() < most.min(sent.len()) {
                taken.extend(lake.next(3).await.unwrap().into_iter().map(|event| (event.offset, event.event_id)));
            }
        }
        while taken.len() < sent.len() {
            taken.extend(lake.next(3).await.unwrap().into_iter().map(|event| (event.offset, event.event_id)));
        }
        let expected: Vec<(u64, String)> = (1..).zip(sent).collect();
        assert_eq!(taken, expected, "with {ready_bytes_max} bytes");
        // And it is bounded: one append more than may be, at most.
        let (mut most, mut one_max) = (0, 0);
        for round in 0..60 {
            let events = (0..10).map(|part| event(&format!("b{round}-{part}"), 1, START, "Seen")).collect();
            lake.append(events).await.unwrap();
            let ready = lake.inner.log.shared.ready.lock();
            most = most.max(ready.bytes);
            one_max = ready.pieces.iter().map(|packed| packed.payload.bytes.len()).max().unwrap_or(0).max(one_max);
            assert_eq!(ready.bytes, ready.pieces.iter().map(|packed| packed.payload.bytes.len()).sum::<usize>());
        }
        assert!(most <= ready_bytes_max.max(one_max), "{most} bytes where {ready_bytes_max} may wait");
    }
}

/// What a failed write left in a segment is not read as if it had been stored, also when it was whole.
#[tokio::test]
async fn a_batch_that_was_refused_is_not_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let broken = Arc::new(AtomicUsize::new(0));
    let flag = Arc::clone(&broken);
    let faults = Faults::new(move |at| {
        if at == "log.sync" && flag.load(Ordering::SeqCst) > 0 { Err(std::io::Error::other("lost")) } else { Ok(()) }
    });
    let config = LakeConfig { faults, ready_bytes_max: 0, segment_bytes: 1 << 20, ..small(folder.path()) };
    let lake = open_with(config).await.unwrap();
    for id in ["a", "b", "c"] {
        lake.append(one(id)).await.unwrap();
    }
    let mut ids: Vec<String> = lake.next(2).await.unwrap().into_iter().map(|event| event.event_id).collect();
    broken.store(1, Ordering::SeqCst);
    assert!(lake.append(one("refused")).await.is_err());
    broken.store(0, Ordering::SeqCst);
    for id in ["d", "e"] {
        lake.append(one(id)).await.unwrap();
    }
    while ids.len() < 5 {
        ids.extend(lake.next(2).await.unwrap().into_iter().map(|event| event.event_id));
    }
    assert_eq!(ids, ["a", "b", "c", "d", "e"]);
}

/// A log of the version before, whose records are not packed, is read as it is.
#[tokio::test]
async fn a_record_that_is_not_packed_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    lake.append((0..40).map(|place| event(&format!("e{place}"), 1, START, "Seen")).collect()).await.unwrap();
    drop(lake);
    let path = segments(folder.path()).remove(0);
    let bytes = std::fs::read(&path).unwrap();
    let (segment, record) = bytes.split_at(super::writer::SEGMENT_HEADER);
    let head = super::record::head(record).unwrap();
    assert!(head.is_packed);
    let events = super::record::unpack(true, record[super::record::HEADER..].to_vec()).unwrap();
    let mut plain = segment.to_vec();
    let payload = super::record::Payload { bytes: events, is_packed: false };
    super::record::frame(&mut plain, (head.durable, 1), head.events, &payload);
    std::fs::write(&path, plain).unwrap();
    assert_eq!(ids(folder.path()).await.unwrap().len(), 40);
}

/// A disk that does not come after makes no heap of what waits for it.
#[tokio::test]
async fn what_waits_for_the_disk_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let held = Arc::clone(&gate);
    let faults = Faults::new(move |step| {
        if step == "log.sync" {
            let mut open = held.0.lock();
            while !*open {
                held.1.wait(&mut open);
            }
        }
        Ok(())
    });
    let lake = open_with(LakeConfig { faults, queue_bytes_max: 1_000, ..small(folder.path()) }).await.unwrap();
    let append = |place: u64| {
        let lake = lake.clone();
        tokio::spawn(async move { lake.append(one(&format!("e{place}"))).await })
    };
    let appends: Vec<_> = (0..50).map(append).collect();
    let refused = loop {
        tokio::task::yield_now().await;
        let ended = appends.iter().filter(|append| append.is_finished()).count();
        if ended > 20 {
            break ended;
        }
    };
    assert!(refused < 50, "some wait");
    *gate.0.lock() = true;
    gate.1.notify_all();
    let mut stored = 0;
    for append in appends {
        match append.await.unwrap() {
            Ok(_) => stored += 1,
            Err(error) => assert!(matches!(error, LakeError::Overloaded { .. }), "{error}"),
        }
    }
    assert_eq!(lake.watermark().appended_offset, stored, "who was refused left nothing");
    pump(&lake).await;
    lake.append(one("last")).await.unwrap();
}
