//! What a repair finds and puts right; that it destroys nothing.

use super::*;
use crate::tests::{START, assert_sound, event, open, pump, small, trace};
use crate::{Event, FileCatalog, FoldOptions, Lake};
use kernel::time::SECOND;
use std::path::PathBuf;

async fn filled(folder: &Path) -> Lake {
    let lake = open(folder).await;
    for round in 0..3 {
        let one = |place: u64| {
            event(&format!("r{round}-{place}"), 1 + place % 7, START + (round * 100 + place) as i64 * SECOND, "Seen")
        };
        lake.append((0..40).map(one).collect::<Vec<Event>>()).await.unwrap();
        pump(&lake).await;
        lake.seal().await.unwrap();
    }
    lake
}

async fn run(folder: &Path, apply: bool) -> RepairReport {
    let catalog = Arc::new(FileCatalog::new(folder.join("catalog.json")));
    repair(&small(folder), catalog, apply).await.unwrap()
}

fn below(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let mut files = crate::compact::files_below(folder).unwrap();
    files.retain(|path| path.to_string_lossy().contains(kind));
    files
}

fn bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = crate::compact::files_below(folder).unwrap();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn actions(report: &RepairReport) -> Vec<RepairAction> {
    report.findings.iter().map(|finding| finding.action).collect()
}

#[tokio::test]
async fn a_sound_lake_has_no_findings_and_an_open_one_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let catalog = Arc::new(FileCatalog::new(folder.path().join("catalog.json")));
    assert!(matches!(repair(&small(folder.path()), catalog, true).await, Err(LakeError::Locked(_))));
    drop(lake);
    let before = bytes(folder.path());
    for apply in [false, true] {
        let report = run(folder.path(), apply).await;
        assert!(report.findings.is_empty() && report.is_sound(), "{report:?}");
        assert_eq!(bytes(folder.path()), before);
    }
}

#[tokio::test]
async fn a_missing_file_is_put_back_from_aside_else_forgotten_with_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let expected = trace(&lake, &FoldOptions::default()).await;
    drop(lake);
    let files = below(&folder.path().join("events"), ".parquet");
    let aside = folder.path().join("orphaned/events").join(files[0].file_name().unwrap());
    move_file(&files[0], &aside).unwrap();
    let report = run(folder.path(), false).await;
    assert_eq!((actions(&report), report.is_sound()), (vec![RepairAction::PutBack], false));
    assert!(aside.exists(), "a dry run changes nothing");
    assert!(run(folder.path(), true).await.is_sound());
    let lake = open(folder.path()).await;
    assert_eq!(trace(&lake, &FoldOptions::default()).await, expected);
    assert_sound(&lake).await;
    drop(lake);

    let rows = crate::parquet::tests::rows(folder.path(), &files[0]);
    std::fs::remove_file(&files[0]).unwrap();
    let report = run(folder.path(), true).await;
    assert_eq!((actions(&report), report.rows_lost()), (vec![RepairAction::Forget], rows));
    assert!(
        report.findings[0].offsets.is_some() && report.findings[0].elsewhere.contains("the log holds"),
        "{report:?}"
    );
    let lake = open(folder.path()).await;
    let left: u64 = trace(&lake, &FoldOptions::default()).await.values().map(|seen| seen.len() as u64).sum();
    assert_eq!(left, 120 - rows);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_nothing_else_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()).await);
    let file = below(&folder.path().join("events"), ".parquet").remove(0);
    let rows = crate::parquet::tests::rows(folder.path(), &file);
    let mut damaged = std::fs::read(&file).unwrap();
    let middle = damaged.len() / 3;
    damaged[middle..middle + 40].fill(0xA5);
    std::fs::write(&file, &damaged).unwrap();
    let before = bytes(folder.path());
    let report = run(folder.path(), false).await;
    assert_eq!((actions(&report), report.rows_lost()), (vec![RepairAction::Salvage], rows));
    assert_eq!(bytes(folder.path()), before);
    let report = run(folder.path(), true).await;
    assert!(report.is_sound() && report.rows_lost() == rows, "{report:?}");
    let aside = below(&folder.path().join("orphaned"), ".parquet");
    assert_eq!(aside.len(), 1);
    assert_eq!(std::fs::read(&aside[0]).unwrap(), damaged, "it is kept as it is");
    let lake = open(folder.path()).await;
    let left: u64 = trace(&lake, &FoldOptions::default()).await.values().map(|seen| seen.len() as u64).sum();
    assert_eq!(left, 120 - rows);
    assert_sound(&lake).await;
    drop(lake);
    assert!(run(folder.path(), true).await.findings.is_empty());
}

#[tokio::test]
async fn wrong_numbers_are_corrected_and_a_torn_run_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let expected = trace(&lake, &FoldOptions::default()).await;
    drop(lake);
    let catalog = folder.path().join("catalog.json");
    let mut state: CatalogState = serde_json::from_slice(&std::fs::read(&catalog).unwrap()).unwrap();
    state.files[0].rows += 5;
    state.files[0].at_max -= 1;
    std::fs::write(&catalog, serde_json::to_vec(&state).unwrap()).unwrap();
    for run in below(&folder.path().join("dedup"), ".run") {
        let mut torn = std::fs::read(&run).unwrap();
        torn.truncate(torn.len() / 2);
        std::fs::write(&run, torn).unwrap();
    }
    let report = run(folder.path(), true).await;
    let mut found = actions(&report);
    found.dedup();
    assert_eq!(found, [RepairAction::Correct, RepairAction::Rebuild], "{report:?}");
    let lake = open(folder.path()).await;
    assert_eq!(trace(&lake, &FoldOptions::default()).await, expected);
    assert_sound(&lake).await;
    // The ids are known again.
    lake.append(vec![event("r0-3", 4, START, "Seen"), event("new", 4, START, "New")]).await.unwrap();
    pump(&lake).await;
    assert_eq!(trace(&lake, &FoldOptions::default()).await.values().map(Vec::len).sum::<usize>(), 121);
    lake.seal().await.unwrap();
    let erased = lake.erase(&[1], &crate::RewriteProgress::default()).await.unwrap();
    assert!(erased.proof.holds(), "a corrected file is not taken for an old one: {:?}", erased.proof);
}

#[tokio::test]
async fn what_was_set_aside_goes_when_it_is_old_and_its_rows_are_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()).await);
    let aside = folder.path().join("orphaned/events");
    std::fs::create_dir_all(&aside).unwrap();
    let files = below(&folder.path().join("events"), ".parquet");
    std::fs::copy(&files[0], aside.join("a.parquet")).unwrap();
    std::fs::copy(&files[1], aside.join("b.parquet")).unwrap();
    std::fs::write(aside.join("c.parquet"), b"torn").unwrap();
    // The rows of `b` are nowhere else: the catalog lost its file.
    std::fs::remove_file(&files[1]).unwrap();
    let catalog = folder.path().join("catalog.json");
    let mut state: CatalogState = serde_json::from_slice(&std::fs::read(&catalog).unwrap()).unwrap();
    state.files.retain(|file| !files[1].ends_with(&file.path));
    std::fs::write(&catalog, serde_json::to_vec(&state).unwrap()).unwrap();
    let sweep = async |before: Option<i64>, everything| {
        let catalog = Arc::new(FileCatalog::new(&catalog));
        let before = before.map(kernel::time::Timestamp::from_micros);
        sweep_orphans(&small(folder.path()), catalog, before, everything).await.unwrap()
    };
    let found = sweep(None, false).await;
    assert_eq!(found.len(), 3);
    assert!(found[0].rows.is_some_and(|rows| rows > 0) && found[0].rows_only_here == 0, "{found:?}");
    assert_eq!(found[1].rows, Some(found[1].rows_only_here), "{found:?}");
    assert_eq!((found[2].rows, found.iter().any(|one| one.removed)), (None, false));
    assert!(!sweep(Some(1), true).await.iter().any(|one| one.removed), "none is that old");
    let removed = |found: &[Orphan]| found.iter().map(|one| one.removed).collect::<Vec<_>>();
    assert_eq!(removed(&sweep(Some(i64::MAX), false).await), [true, false, false]);
    assert_eq!(removed(&sweep(Some(i64::MAX), true).await), [true, true]);
    assert_eq!(sweep(None, false).await, []);
}
