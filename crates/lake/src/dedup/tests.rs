use super::*;
use crate::config::Faults;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;

fn run(folder: &Path, id: u64, hashes: &BTreeSet<u128>) -> Run {
    let sorted = hashes.iter().map(|hash| Ok(*hash));
    let entry = write_run(folder, id, hashes.len() as u64, sorted, &Faults::default()).unwrap();
    Run::open(folder, entry).unwrap()
}

fn hash(number: u64) -> u128 {
    xxh3_128(&number.to_le_bytes())
}

#[test]
fn a_run_knows_exactly_its_hashes_with_and_without_the_filter_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let hashes: BTreeSet<u128> = (0..5000).map(hash).collect();
    let run = run(folder.path(), 1, &hashes);
    for round in 0..2 {
        for number in 0..10_000 {
            assert_eq!(run.contains(hash(number)).unwrap(), number < 5000, "{number} in round {round}");
        }
        run.load_filter().unwrap();
    }
    assert_eq!(run.check().unwrap(), Vec::<String>::new());
}

#[test]
fn runs_merge_and_damage_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let parts: Vec<BTreeSet<u128>> =
        (0..4_u64).map(|part| (0..700).map(|number| hash(number * 4 + part)).collect()).collect();
    let runs: Vec<Arc<Run>> = parts.iter().zip(1..).map(|(part, id)| Arc::new(run(folder.path(), id, part))).collect();
    let entry = merge_runs(folder.path(), 9, &runs, &Faults::default()).unwrap();
    assert_eq!(entry.entries, 2800);
    let merged = Run::open(folder.path(), entry.clone()).unwrap();
    assert!((0..2800).all(|number| merged.contains(hash(number)).unwrap()));
    assert!((2800..9000).all(|number| !merged.contains(hash(number)).unwrap()));
    let path = folder.path().join(&entry.path);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[5000] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(!Run::open(folder.path(), entry.clone()).unwrap().check().unwrap().is_empty());
    std::fs::write(&path, &bytes[..6000]).unwrap();
    assert!(matches!(Run::open(folder.path(), entry), Err(LakeError::Corrupt { .. })));
}

#[test]
fn hashes_that_share_their_first_half_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let hashes: BTreeSet<u128> = (0..2000_u128).map(|low| (7 << 64) | (low * 2)).collect();
    let run = run(folder.path(), 1, &hashes);
    for low in 0..4000_u128 {
        assert_eq!(run.contains((7 << 64) | low).unwrap(), low % 2 == 0);
    }
}

#[test]
fn an_event_without_id_is_never_a_duplicate_and_a_second_pass_is_not_one_of_itself() {
    let dedup = Dedup::new(Vec::new(), 0);
    let events = [(1, ""), (2, ""), (3, "a"), (4, "a"), (5, "b")];
    for _ in 0..2 {
        let found = dedup.duplicates(events.iter().map(|event| Ok(*event))).unwrap();
        assert_eq!(found, [false, false, false, true, false]);
    }
    let failing = [Ok((6, "c")), Err(crate::LakeError::Closed)];
    assert!(dedup.duplicates(failing.into_iter()).is_err());
    assert_eq!(dedup.duplicates([Ok((7, "c"))].into_iter()).unwrap(), [false], "a failure notes nothing");
}

proptest! {
    #[test]
    fn any_run_answers_as_the_set_it_was_made_of(
        numbers in proptest::collection::btree_set(any::<u128>(), 0..900),
        others in proptest::collection::vec(any::<u128>(), 50),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let run = run(folder.path(), 1, &numbers);
        for number in numbers.iter().take(300).chain(&others) {
            prop_assert_eq!(run.contains(*number).unwrap(), numbers.contains(number));
        }
    }
}
