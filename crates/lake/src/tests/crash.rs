//! A failure or a crash at any step of a seal or a merge leaves every event there, once.

use super::{START, Seen, assert_sound, event, open, open_with, pump, small, trace};
use crate::{
    Catalog, CatalogError, CatalogState, Event, Faults, FileCatalog, FoldOptions, Lake, LakeConfig, LakeError, Switch,
};
use async_trait::async_trait;
use kernel::time::{DAY, SimClock, Timestamp};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const STEPS: [&str; 9] = [
    "file.create",
    "file.write",
    "file.sync",
    "file.rename",
    "file.folder",
    "run.write",
    "run.rename",
    "switch.before",
    "switch.after",
];

fn events(round: u64) -> Vec<Event> {
    let id = |place: u64| format!("r{round}-{place}");
    (0..30).map(|place| event(&id(place), 1 + place % 7, START + (place % 3) as i64 * 20 * DAY, "Seen")).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

type Copies = Arc<Mutex<Vec<(PathBuf, &'static str, usize)>>>;

/// Settings whose every step copies the folder, as a crash at that moment would leave it.
fn copying(folder: &Path, copies: &Path) -> (LakeConfig, Copies, Arc<AtomicUsize>) {
    let (taken, round): (Copies, _) = (Copies::default(), Arc::new(AtomicUsize::new(0)));
    let (list, now) = (Arc::clone(&taken), Arc::clone(&round));
    let (source, target) = (folder.to_owned(), copies.to_owned());
    let faults = Faults::new(move |step| {
        if STEPS.contains(&step) {
            let mut list = list.lock();
            let to = target.join(list.len().to_string());
            copy(&source, &to);
            list.push((to, step, now.load(Ordering::SeqCst)));
        }
        Ok(())
    });
    (LakeConfig { faults, ..small(folder) }, taken, round)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_step_of_a_seal_or_merge_leaves_every_event_once() {
    let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (config, taken, round) = copying(folder.path(), copies.path());
    let lake = open_with(config).await.unwrap();
    let mut expected: Vec<BTreeMap<u64, Vec<Seen>>> = Vec::new();
    for number in 0..4 {
        lake.append(events(number)).await.unwrap();
        pump(&lake).await;
        expected.push(trace(&lake, &FoldOptions::default()).await);
        round.store(expected.len() - 1, Ordering::SeqCst);
        lake.seal().await.unwrap();
        assert_eq!(trace(&lake, &FoldOptions::default()).await, expected[expected.len() - 1]);
    }
    let taken = taken.lock().clone();
    let steps: BTreeSet<&str> = taken.iter().map(|(_, step, _)| *step).collect();
    assert_eq!(steps.len(), STEPS.len(), "every step was passed");
    // All copies of the last round, which merges, and every seventh before.
    for (place, (copy, step, round)) in
        taken.iter().enumerate().filter(|(place, (_, _, round))| *round == 3 || place % 7 == 0)
    {
        let lake = open(copy).await;
        pump(&lake).await;
        assert_eq!(trace(&lake, &FoldOptions::default()).await, expected[*round], "crash {place} at {step}");
        // Sending everything again adds nothing (AN: a message id counts once).
        lake.append(events(0)).await.unwrap();
        pump(&lake).await;
        let people = |traces: &BTreeMap<u64, Vec<Seen>>| traces.values().map(Vec::len).sum::<usize>();
        assert_eq!(people(&trace(&lake, &FoldOptions::default()).await), people(&expected[*round]));
        lake.seal().await.unwrap();
        assert_sound(&lake).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_at_any_step_changes_nothing_and_the_next_seal_makes_up() {
    for step in STEPS {
        let folder = tempfile::tempdir().unwrap();
        let broken = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&broken);
        let faults = Faults::new(move |at| {
            if at == step && flag.load(Ordering::SeqCst) { Err(std::io::Error::other("no space left")) } else { Ok(()) }
        });
        let lake = open_with(LakeConfig { faults, ..small(folder.path()) }).await.unwrap();
        for round in 0..4 {
            lake.append(events(round)).await.unwrap();
            pump(&lake).await;
            let expected = trace(&lake, &FoldOptions::default()).await;
            broken.store(true, Ordering::SeqCst);
            // A switch that happened counts as done although its answer was lost.
            assert_eq!(lake.seal().await.is_ok(), step == "switch.after", "{step}");
            assert_eq!(trace(&lake, &FoldOptions::default()).await, expected, "{step}");
            assert!(!lake.seal_if_due().await.unwrap_or(true), "{step}: not due again at once");
            assert_eq!(unfinished_files(folder.path()), 0, "{step}");
            broken.store(false, Ordering::SeqCst);
            lake.append(vec![event(&format!("more-{round}"), 3, START, "More")]).await.unwrap();
            pump(&lake).await;
            let expected = trace(&lake, &FoldOptions::default()).await;
            lake.seal().await.unwrap();
            assert_eq!(trace(&lake, &FoldOptions::default()).await, expected, "{step}");
            assert_sound(&lake).await;
        }
        let expected = trace(&lake, &FoldOptions::default()).await;
        drop(lake);
        let lake = open(folder.path()).await;
        assert_eq!(trace(&lake, &FoldOptions::default()).await, expected, "{step}");
        assert_sound(&lake).await;
    }
}

/// A catalog whose answers are lost on demand.
struct Shaky {
    inner: FileCatalog,
    lose_switch: AtomicBool,
    lose_load: AtomicBool,
}

#[async_trait]
impl Catalog for Shaky {
    async fn load(&self) -> Result<CatalogState, CatalogError> {
        if self.lose_load.load(Ordering::SeqCst) {
            return Err(CatalogError("the database is away".into()));
        }
        self.inner.load().await
    }

    async fn switch(&self, switch: &Switch) -> Result<(), CatalogError> {
        self.inner.switch(switch).await?;
        if self.lose_switch.load(Ordering::SeqCst) { Err(CatalogError("the answer was lost".into())) } else { Ok(()) }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_in_doubt_is_settled_before_anything_else_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let inner = FileCatalog::new(folder.path().join("catalog.json"));
    let catalog = Arc::new(Shaky { inner, lose_switch: AtomicBool::new(true), lose_load: AtomicBool::new(false) });
    let clock = Arc::new(SimClock::new(Timestamp::from_micros(START)));
    let lake = Lake::open(small(folder.path()), Arc::clone(&catalog) as Arc<dyn Catalog>, clock).await.unwrap();
    lake.append(events(0)).await.unwrap();
    pump(&lake).await;
    catalog.lose_load.store(true, Ordering::SeqCst);
    assert!(matches!(lake.seal().await, Err(LakeError::Catalog(_))));
    let expected = trace(&lake, &FoldOptions::default()).await;
    assert_eq!(expected.values().map(Vec::len).sum::<usize>(), 30);
    assert!(lake.seal().await.is_err(), "still in doubt");
    lake.append(events(1)).await.unwrap();
    pump(&lake).await;
    catalog.lose_load.store(false, Ordering::SeqCst);
    catalog.lose_switch.store(false, Ordering::SeqCst);
    lake.seal().await.unwrap();
    assert_eq!(trace(&lake, &FoldOptions::default()).await.values().map(Vec::len).sum::<usize>(), 60);
    assert_sound(&lake).await;
}

/// How many files below the folder were begun and not finished.
fn unfinished_files(folder: &Path) -> usize {
    let count = |path: PathBuf| match path.is_dir() {
        true => unfinished_files(&path),
        false => usize::from(path.extension().is_some_and(|kind| kind == "new")),
    };
    std::fs::read_dir(folder).unwrap().map(|entry| count(entry.unwrap().path())).sum()
}

/// Every event file and run below the folder, by its path in it.
fn stored_files(folder: &Path) -> BTreeSet<PathBuf> {
    fn collect(root: &Path, folder: &Path, found: &mut BTreeSet<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, &path, found);
            } else if path.extension().is_some_and(|kind| kind == "parquet" || kind == "run") {
                found.insert(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    for name in ["events", "dedup"] {
        collect(folder, &folder.join(name), &mut found);
    }
    found
}

#[tokio::test]
async fn a_catalog_older_than_the_folder_removes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = folder.path().join("catalog.json");
    // Without merges, so within one month: an older catalog then finds all its files, and only the log tells that it is
    // older.
    let config = || LakeConfig { files_max: 100, runs_max: 100, ..small(folder.path()) };
    let events = |round: u64| {
        let one = |place: u64| event(&format!("r{round}-{place}"), 1 + place % 7, START + place as i64, "Seen");
        (0..30).map(one).collect::<Vec<Event>>()
    };
    let mut older = Vec::new();
    for round in 0..3 {
        let lake = open_with(config()).await.unwrap();
        lake.append(events(round)).await.unwrap();
        pump(&lake).await;
        lake.seal().await.unwrap();
        drop(lake);
        older.push(std::fs::read(&catalog).unwrap());
    }
    let before = stored_files(folder.path());
    for restored in [Some(&older[0]), None] {
        match restored {
            Some(bytes) => std::fs::write(&catalog, bytes).unwrap(),
            None => std::fs::remove_file(&catalog).unwrap(),
        }
        let refused = open_with(config()).await.err().unwrap();
        assert!(matches!(refused, LakeError::Corrupt { .. }), "{refused}");
        assert_eq!(stored_files(folder.path()), before);
    }
    std::fs::write(&catalog, &older[2]).unwrap();
    let lake = open_with(config()).await.unwrap();
    assert_eq!(trace(&lake, &FoldOptions::default()).await.values().map(Vec::len).sum::<usize>(), 90);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_file_that_no_catalog_lists_is_set_aside_and_scratch_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await);
    let bucket = folder.path().join("events/bucket=00/month=2026-01");
    for _ in 0..2 {
        std::fs::create_dir_all(&bucket).unwrap();
        std::fs::write(bucket.join("000000000009.parquet"), b"rows").unwrap();
        std::fs::write(bucket.join("000000000010.parquet.new"), b"half").unwrap();
        std::fs::write(bucket.join("notes.txt"), b"mine").unwrap();
        drop(open(folder.path()).await);
        let names: Vec<_> = std::fs::read_dir(&bucket).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["notes.txt"]);
    }
    let aside = folder.path().join("orphaned/events/bucket=00/month=2026-01");
    assert_eq!(std::fs::read(aside.join("000000000009.parquet")).unwrap(), b"rows");
    assert_eq!(std::fs::read(aside.join("000000000009.parquet.1")).unwrap(), b"rows");
}
