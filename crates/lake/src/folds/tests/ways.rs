//! Journeys and profiles against the plainest computation, and the limits of a fold.

use super::super::counts::CountFold;
use super::super::cube::CubeFold;
use super::super::filter::EventFilter;
use super::super::profile::{Field, ProfileFold};
use super::super::sessions::SessionFold;
use super::oracles::{CHANNELS, History, history, run};
use crate::sequences::funnel::{FunnelFold, FunnelOrder};
use crate::sequences::journeys::{JourneyCount, JourneyFold};
use crate::sequences::paths::PathsFold;
use crate::sequences::retention::RetentionFold;
use crate::tests::{START, event, open, pump};
use crate::{Col, Event, FoldOptions, Lake, LakeError, Progress, RewriteProgress};
use kernel::time::{DAY, HOUR, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

fn expected_journeys(history: &History) -> BTreeMap<Vec<&'static str>, JourneyCount> {
    let mut counts: BTreeMap<Vec<&str>, JourneyCount> = BTreeMap::new();
    for events in history.people().values() {
        let mut touches: Vec<(i64, &str)> = Vec::new();
        for (at, _, name, channel) in events {
            if *name == 1 && *channel > 0 {
                touches.push((*at, CHANNELS[*channel]));
            } else if *name == 0 {
                touches.retain(|(touch, _)| at - touch <= 20 * DAY);
                let count = counts.entry(touches.drain(..).map(|touch| touch.1).collect()).or_default();
                count.conversions += 1;
                count.value += i128::from((at - START) / HOUR * 10);
            }
        }
        if !touches.is_empty() {
            counts.entry(touches.into_iter().map(|touch| touch.1).collect()).or_default().nothing += 1;
        }
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn journeys_are_the_sequences_of_touches(history in history()) {
        let folder = tempfile::tempdir().unwrap();
        let found = run(async {
            let lake = history.lake(folder.path()).await;
            let (touch, conversion) = (EventFilter::named("b"), EventFilter::named("a"));
            let fold = JourneyFold::new(Col::Channel, &touch, &conversion, 20 * DAY);
            lake.fold(&fold, &FoldOptions::default()).await.unwrap()
        });
        let expected = expected_journeys(&history);
        prop_assert_eq!(found.paths().collect::<BTreeMap<_, _>>(), expected.clone());
        let mut coalitions: BTreeMap<BTreeSet<&str>, (u64, i128, u64)> = BTreeMap::new();
        for (path, count) in expected {
            let sum = coalitions.entry(path.into_iter().collect()).or_default();
            *sum = (sum.0 + count.conversions, sum.1 + count.value, sum.2 + count.nothing);
        }
        let sums = |count: JourneyCount| (count.conversions, count.value, count.nothing);
        let found: BTreeMap<_, _> = found.coalitions().into_iter().map(|(set, count)| (set, sums(count))).collect();
        prop_assert_eq!(found, coalitions);
    }

    #[test]
    fn a_profile_is_what_was_said_first_and_last(history in history()) {
        let folder = tempfile::tempdir().unwrap();
        let found = run(async {
            let lake = history.lake(folder.path()).await;
            let fold = ProfileFold::new(&[Field::Column(Col::Channel), Field::Property("plan".into())]);
            lake.fold(&fold, &FoldOptions::default()).await.unwrap()
        });
        let found: BTreeMap<u64, Vec<(&str, &str)>> = found.people().collect();
        let mut expected: BTreeMap<u64, Vec<(String, String)>> = BTreeMap::new();
        for (person, events) in history.people() {
            let said: Vec<&str> =
                events.iter().map(|event| CHANNELS[event.3]).filter(|channel| !channel.is_empty()).collect();
            let channel = (said.first().copied().unwrap_or(""), said.last().copied().unwrap_or(""));
            // Each event says the plan of the person it was recorded for.
            let plan = |place: usize| format!("p{}", history.rows[place].0 % 3);
            let plans = (plan(events[0].1), plan(events[events.len() - 1].1));
            expected.insert(person, vec![(channel.0.to_owned(), channel.1.to_owned()), plans]);
        }
        let found: BTreeMap<u64, Vec<(String, String)>> = found
            .into_iter()
            .map(|(person, pairs)| (person, pairs.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect()))
            .collect();
        prop_assert_eq!(found, expected);
    }
}

/// What every fold says of a lake, in words.
async fn everything(lake: &Lake) -> Vec<String> {
    let options = FoldOptions::default();
    let (a, b) = (EventFilter::named("a"), EventFilter::named("b"));
    let steps = ["a", "b", "c"].map(EventFilter::named);
    let bounds: Vec<i64> = (0..=12).map(|week| START + week * 7 * DAY).collect();
    let mut said = Vec::new();
    for fold in [
        FunnelFold::new(&steps, 10 * DAY),
        FunnelFold::new(&steps, 10 * DAY).ordered(FunnelOrder::Strict),
        FunnelFold::new(&steps, 10 * DAY).by(Col::Channel),
    ] {
        said.push(format!("{:?}", lake.fold(&fold, &options).await.unwrap().groups));
    }
    for fold in [RetentionFold::new(&a, &b, &bounds), RetentionFold::new(&any(), &any(), &bounds)] {
        said.push(format!("{:?}", lake.fold(&fold, &options).await.unwrap()));
    }
    for fold in [
        CubeFold::new(&any(), &[Col::Channel], &bounds),
        CubeFold::new(&a, &[Col::Channel, Col::Name], &bounds).with_value(),
    ] {
        let cube = lake.fold(&fold, &options).await.unwrap();
        said.push(format!("{:?}", cube.rows().collect::<BTreeMap<_, _>>()));
    }
    let paths = PathsFold::new(Col::Channel, &a, &b, 20 * DAY, 7 * DAY);
    let paths = lake.fold(&paths, &options).await.unwrap();
    let credits: Vec<String> = paths.credits.iter().map(|(text, credit)| format!("{text} {credit:.9}")).collect();
    said.push(format!("{} {credits:?} {:?}", paths.conversions, paths.transitions));
    let journeys = lake.fold(&JourneyFold::new(Col::Channel, &a, &b, 20 * DAY), &options).await.unwrap();
    said.push(format!("{:?}", journeys.paths().collect::<BTreeMap<_, _>>()));
    let profiles = ProfileFold::new(&[Field::Column(Col::Channel), Field::Property("plan".into())]);
    let profiles = lake.fold(&profiles, &options).await.unwrap();
    said.push(format!("{:?}", profiles.people().collect::<BTreeMap<_, _>>()));
    let counts = lake.fold(&CountFold::default(), &options).await.unwrap();
    said.push(format!("{:?}", counts.into_map()));
    let sessions = lake.fold(&SessionFold::default(), &options).await.unwrap();
    let mut rows: Vec<String> = sessions
        .rows
        .iter()
        .map(|row| format!("{} {} {} {} {}", row.person, row.start, row.end, row.events, sessions.text(row.channel)))
        .collect();
    rows.sort();
    said.push(rows.join("; "));
    said
}

fn any() -> EventFilter {
    EventFilter::default()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Whether a person's events come one by one, each from a place of its own, or all at once: every fold says the same.
    #[test]
    fn a_fold_in_pieces_is_the_fold_at_once(mut history in history()) {
        history.rows.truncate(40);
        let pieces = History { seals: (0..60).collect(), ..history.clone() };
        let whole = History { seals: Vec::new(), ..history };
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        run(async {
            let pieces = everything(&pieces.lake(one.path()).await).await;
            let lake = whole.lake(other.path()).await;
            let hot = everything(&lake).await;
            lake.seal().await.unwrap();
            let sealed = everything(&lake).await;
            for ((pieces, hot), sealed) in pieces.iter().zip(&hot).zip(&sealed) {
                assert_eq!(hot, sealed);
                assert_eq!(pieces, sealed);
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Which properties files keep as columns changes no answer: none, some of them, all, from files and from memory.
    #[test]
    fn a_property_kept_as_a_column_says_the_same(mut history in history(), at in 0..60_usize) {
        history.rows.truncate(60);
        let folder = tempfile::tempdir().unwrap();
        run(async {
            let lake = history.lake(folder.path()).await;
            let before = everything(&lake).await;
            let (names, none) = (vec!["plan".to_owned(), "absent".to_owned()], RewriteProgress::default());
            lake.promote(names[..1].to_vec());
            // What is hot and what is merged from now on keeps it; the rest does not.
            let late = event("late", 1, START + i64::try_from(at).unwrap() * HOUR, "a");
            lake.append(vec![late]).await.unwrap();
            pump(&lake).await;
            let more = everything(&lake).await;
            lake.seal().await.unwrap();
            assert_eq!(everything(&lake).await, more);
            lake.write_promoted(&none).await.unwrap();
            assert_eq!(lake.write_promoted(&none).await.unwrap(), 0);
            assert_eq!(everything(&lake).await, more);
            lake.promote(names);
            assert!(lake.write_promoted(&none).await.unwrap() > 0);
            assert_eq!(everything(&lake).await, more);
            assert_eq!(lake.check().await.unwrap().problems, Vec::<String>::new());
            lake.promote(Vec::new());
            assert_eq!(lake.write_promoted(&none).await.unwrap(), 0, "columns stay until a file is written again");
            assert_ne!(before, more);
        });
    }
}

/// Somebody who comes before and after the end of a month, on one day of a zone, is one person of that day.
#[test]
fn a_day_across_the_end_of_a_month_counts_each_person_once() {
    let folder = tempfile::tempdir().unwrap();
    run(async {
        let lake = open(folder.path()).await;
        // 2026-03-31T22:30Z and 2026-04-01T01:30Z are the same day east of Greenwich.
        let end: i64 = "2026-04-01T00:00:00Z".parse::<Timestamp>().unwrap().micros();
        let seen =
            |id: &str, person: u64, at: i64| Event { channel: "Email".into(), ..event(id, person, end + at, "a") };
        let events = vec![
            seen("1", 1, -2 * HOUR),
            seen("2", 1, 2 * HOUR),
            seen("3", 2, 2 * HOUR),
            seen("4", 3, -3 * HOUR),
            seen("5", 1, -20 * DAY),
            seen("6", 1, 20 * DAY),
        ];
        lake.append(events).await.unwrap();
        pump(&lake).await;
        let bounds: Vec<i64> = (-30..=31).map(|day| end + day * DAY - 2 * HOUR).collect();
        let fold = CubeFold::new(&any(), &[Col::Channel], &bounds);
        let counts = async || {
            let cube = lake.fold(&fold, &FoldOptions::default()).await.unwrap();
            let row: Vec<(u64, u64)> =
                cube.rows().flat_map(|(_, cells)| cells).map(|cell| (cell.events, cell.people)).collect();
            row.into_iter().filter(|cell| *cell != (0, 0)).collect::<Vec<_>>()
        };
        let expected = [(1, 1), (1, 1), (3, 2), (1, 1)];
        assert_eq!(counts().await, expected);
        lake.seal().await.unwrap();
        assert_eq!(counts().await, expected, "from the files of two months");
        lake.set_merges(Arc::new(HashMap::from([(2, 1)])));
        assert_eq!(counts().await, [(1, 1), (1, 1), (3, 1), (1, 1)]);
    });
}

/// A fold shows how far it is, and stops when its output grows beyond what it may take.
#[test]
fn a_fold_has_a_limit_and_a_progress() {
    let folder = tempfile::tempdir().unwrap();
    run(async {
        let lake = open(folder.path()).await;
        let touch = |place: i64| Event {
            path: format!("/p{place}"),
            ..event(&format!("t{place}"), u64::try_from(place % 40).unwrap(), START + place * HOUR, "a")
        };
        lake.append((0..400).map(touch).collect()).await.unwrap();
        pump(&lake).await;
        lake.seal().await.unwrap();
        let fold = JourneyFold::new(Col::Path, &EventFilter::named("a"), &EventFilter::named("b"), DAY);
        let progress = Progress::default();
        assert_eq!(progress.buckets(), (0, 0));
        let options = FoldOptions { progress: progress.clone(), ..FoldOptions::default() };
        assert_eq!(lake.fold(&fold, &options).await.unwrap().paths().count(), 40);
        assert_eq!(progress.buckets(), (4, 4));
        let options = FoldOptions { memory_bytes_max: 2_000, ..FoldOptions::default() };
        assert!(matches!(lake.fold(&fold, &options).await, Err(LakeError::TooLarge)));
    });
}
