//! Erasing people and dropping what is old: gone from everywhere, and nothing else with it.

use super::{START, assert_sound, event, open, open_with, pump, small, trace};
use crate::{Event, Faults, FoldOptions, Lake, LakeConfig, LakeError, RewriteProgress};
use kernel::time::{DAY, SECOND};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MARK: &str = "erika@example.com";

/// Thirty events of five people over two months; those of person 2 carry its address.
fn events(round: u64) -> Vec<Event> {
    let one = |place: u64| {
        let person = 1 + place % 5;
        let at = START + (place % 2) as i64 * 30 * DAY + (round * 100 + place) as i64 * SECOND;
        let mut event = event(&format!("r{round}-{place}"), person, at, "Seen");
        if person == 2 {
            event.raw = format!("{{\"messageId\":\"r{round}-{place}\",\"email\":\"{MARK}\"}}");
            event.title = MARK.to_owned();
        }
        event
    };
    (0..30).map(one).collect()
}

async fn fill(lake: &Lake, rounds: std::ops::Range<u64>) {
    for round in rounds {
        lake.append(events(round)).await.unwrap();
        pump(lake).await;
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Whether any byte of the folder, packed or not, tells of the address: files of events are read as rows.
fn tells(folder: &Path) -> Vec<PathBuf> {
    let has = |bytes: &[u8]| bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes());
    let mut found = Vec::new();
    for path in files(folder) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_told = if name.contains(".parquet") {
            crate::parquet::tests::texts(folder, &path).iter().any(|text| has(text.as_bytes()))
        } else {
            has(&std::fs::read(&path).unwrap())
        };
        if is_told {
            found.push(path);
        }
    }
    found
}

/// AN-DSR: what was erased is absent from a scan of every byte; the report says per file what went.
#[tokio::test]
async fn an_erased_person_is_in_no_byte_of_the_folder_and_everybody_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open_with(LakeConfig { segment_bytes: 1 << 20, ..small(folder.path()) }).await.unwrap();
    fill(&lake, 0..2).await;
    lake.seal().await.unwrap();
    fill(&lake, 2..3).await;
    // Person 4 was found to be person 2.
    lake.set_merges(Arc::new(HashMap::from([(4, 2)])));
    let mut expected = trace(&lake, &FoldOptions::default()).await;
    assert_eq!(expected.remove(&2).unwrap().len(), 36);
    assert!(!tells(folder.path()).is_empty(), "the scan finds what is there");

    let plan = lake.locate(&[4]).await.unwrap();
    assert_eq!(trace(&lake, &FoldOptions::default()).await.len(), 4, "locating changes nothing");
    let erasure = lake.erase(&[4], &RewriteProgress::default()).await.unwrap();
    assert_eq!((erasure.rows(), erasure.persons.as_slice()), (36, [2, 4].as_slice()));
    assert_eq!(plan.files, erasure.files);
    assert!(erasure.files.iter().all(|file| file.rows_after < file.rows_before));
    let proof = &erasure.proof;
    assert!(proof.holds() && proof.files_searched > 0 && proof.rows_searched == 54, "{proof:?}");
    assert_eq!(trace(&lake, &FoldOptions::default()).await, expected);
    assert_eq!(tells(folder.path()), Vec::<PathBuf>::new());
    assert_sound(&lake).await;

    // What is sent again is a duplicate still; what is new is not the lake's to refuse.
    fill(&lake, 0..3).await;
    assert_eq!(trace(&lake, &FoldOptions::default()).await, expected);
    lake.append(vec![event("new", 2, START, "New")]).await.unwrap();
    pump(&lake).await;
    let proof = lake.prove_erased(&erasure.persons, erasure.up_to).await.unwrap();
    assert!(proof.holds() && proof.rows_since == 1, "{proof:?}");
    assert!(!lake.prove_erased(&[1], erasure.up_to).await.unwrap().holds(), "a proof can fail");
}

#[tokio::test]
async fn an_old_file_goes_with_its_last_reader_and_the_proof_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    fill(&lake, 0..2).await;
    lake.seal().await.unwrap();
    let reading = lake.inner.view();
    let erasure = lake.erase(&[2], &RewriteProgress::default()).await.unwrap();
    assert!(!erasure.proof.holds());
    let mut old = erasure.proof.old_files_left.clone();
    old.sort();
    let mut expected: Vec<String> = erasure.files.iter().map(|file| file.path.clone()).collect();
    expected.sort();
    assert_eq!(old, expected);
    drop(reading);
    assert!(lake.prove_erased(&erasure.persons, erasure.up_to).await.unwrap().holds());
    assert!(old.iter().all(|path| !folder.path().join(path).exists()));
}

/// A crash right after the switch leaves the old files: the next start removes them, for the catalog knows that it took
/// them out, and sets nothing aside.
#[tokio::test]
async fn a_crash_after_the_switch_leaves_nothing_of_the_person() {
    let (folder, crashed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let lake = open(folder.path()).await;
    fill(&lake, 0..2).await;
    lake.seal().await.unwrap();
    drop(lake);
    let (from, to) = (folder.path().to_owned(), crashed.path().to_owned());
    let faults = Faults::new(move |step| {
        if step == "switch.after" {
            copy(&from, &to);
        }
        Ok(())
    });
    let lake = open_with(LakeConfig { faults, ..small(folder.path()) }).await.unwrap();
    let plan = lake.locate(&[2]).await.unwrap();
    let erased = lake.erase(&[2], &RewriteProgress::default()).await.unwrap();
    let expected = trace(&lake, &FoldOptions::default()).await;
    drop(lake);

    assert!(!tells(crashed.path()).is_empty(), "the crash left the old files");
    let lake = open(crashed.path()).await;
    assert_eq!(tells(crashed.path()), Vec::<PathBuf>::new());
    assert!(!crashed.path().join("orphaned").exists());
    let mut again = lake.erase(&[2], &RewriteProgress::default()).await.unwrap();
    assert_eq!((again.rows(), again.proof.holds()), (0, true));
    again.continue_from(&plan);
    assert_eq!(again.files, erased.files, "the report tells what the try before the crash did");
    assert_eq!(trace(&lake, &FoldOptions::default()).await, expected);
    lake.append(vec![event("more", 1, START, "More")]).await.unwrap();
    pump(&lake).await;
    lake.seal().await.unwrap();
    let catalog: crate::CatalogState =
        serde_json::from_slice(&std::fs::read(crashed.path().join("catalog.json")).unwrap()).unwrap();
    assert!(catalog.gone.len() <= 8, "what is gone is forgotten: {:?}", catalog.gone);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn what_was_set_aside_is_searched_and_written_again_too() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open_with(LakeConfig { buckets: 1, ..small(folder.path()) }).await.unwrap();
    fill(&lake, 0..2).await;
    lake.seal().await.unwrap();
    let aside = folder.path().join("orphaned/events/bucket=00/month=2026-01");
    std::fs::create_dir_all(&aside).unwrap();
    for (place, path) in files(&folder.path().join("events")).iter().enumerate() {
        std::fs::copy(path, aside.join(format!("{place}.parquet.{place}"))).unwrap();
    }
    let orphans = files(&aside).len() as u64;
    let erasure = lake.erase(&[2], &RewriteProgress::default()).await.unwrap();
    assert_eq!((erasure.rows(), erasure.proof.orphans_searched), (24, orphans));
    assert!(erasure.proof.holds());
    assert_eq!(tells(folder.path()), Vec::<PathBuf>::new());
    let left: u64 = files(&aside).iter().map(|path| crate::parquet::tests::rows(folder.path(), path)).sum();
    assert_eq!(left, 48, "the rows of others lie there still");
    std::fs::write(aside.join("9.parquet"), b"not one").unwrap();
    let proof = lake.prove_erased(&[2], erasure.up_to).await.unwrap();
    assert!(!proof.holds() && proof.orphans_unreadable.len() == 1, "{proof:?}");
}

#[tokio::test]
async fn stopped_or_failed_before_the_switch_an_erasure_has_changed_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let broken = Arc::new(Mutex::new(""));
    let step = Arc::clone(&broken);
    let faults = Faults::new(move |at| match at == *step.lock() {
        true => Err(std::io::Error::from(std::io::ErrorKind::StorageFull)),
        false => Ok(()),
    });
    let lake = open_with(LakeConfig { faults, buckets: 1, ..small(folder.path()) }).await.unwrap();
    fill(&lake, 0..2).await;
    lake.seal().await.unwrap();
    let (before, stored) = (trace(&lake, &FoldOptions::default()).await, files(&folder.path().join("events")));
    let progress = RewriteProgress::default();
    progress.cancel.cancel();
    assert!(matches!(lake.erase(&[2], &progress).await, Err(LakeError::Cancelled)));
    for step in ["file.create", "file.write", "file.sync", "file.rename", "file.folder", "switch.before"] {
        *broken.lock() = step;
        assert!(lake.erase(&[2], &RewriteProgress::default()).await.is_err(), "{step}");
        assert_eq!(trace(&lake, &FoldOptions::default()).await, before, "{step}");
        assert_eq!(files(&folder.path().join("events")), stored, "{step}");
    }
    *broken.lock() = "";
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    let progress = RewriteProgress::to(move |done, total| list.lock().push((done, total)));
    assert_eq!(lake.erase(&[2], &progress).await.unwrap().rows(), 12);
    let told = told.lock().clone();
    assert!(told.last().is_some_and(|(done, total)| done == total && *total > 0), "{told:?}");
    assert_sound(&lake).await;
}

#[tokio::test]
async fn an_erasure_waits_for_what_has_no_person_yet() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    lake.append(events(0)).await.unwrap();
    let error = lake.erase(&[2], &RewriteProgress::default()).await.unwrap_err();
    assert!(error.to_string().contains("not been resolved"), "{error}");
    pump(&lake).await;
    let erasure = lake.erase(&[2], &RewriteProgress::default()).await.unwrap();
    assert!(erasure.proof.holds() && erasure.rows() == 6);
}

#[tokio::test]
async fn what_happened_before_a_moment_is_dropped_and_what_comes_again_is_a_duplicate() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    fill(&lake, 0..2).await;
    lake.seal().await.unwrap();
    let bound = START + 30 * DAY + 50 * SECOND;
    let mut expected = trace(&lake, &FoldOptions::default()).await;
    expected.values_mut().for_each(|seen| seen.retain(|(at, ..)| *at >= bound));
    expected.retain(|_, seen| !seen.is_empty());
    let retained = lake.drop_before(bound, &RewriteProgress::default()).await.unwrap();
    assert_eq!((retained.rows_removed, retained.rows_kept), (45, 15));
    assert!(retained.files_removed > 0 && retained.files_rewritten > 0, "{retained:?}");
    assert_eq!(trace(&lake, &FoldOptions::default()).await, expected);
    fill(&lake, 0..2).await;
    assert_eq!(trace(&lake, &FoldOptions::default()).await, expected);
    assert_eq!(lake.drop_before(bound, &RewriteProgress::default()).await.unwrap().rows_removed, 0);
    assert_sound(&lake).await;
}
