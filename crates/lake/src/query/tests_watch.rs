//! Following and stopping a question, explaining it, and asking as of a moment.

use super::tests::filled;
use super::*;
use crate::tests::{START, event, pump};
use crate::{KnownAt, Lake, LakeError};
use kernel::time::{DAY, SECOND, Timestamp};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Goes on for hours when nobody stops it.
const ENDLESS: &str = "select count(*) from events a, events b, events c, events d, events e \
                       where a.name || b.name || c.name > d.name || e.name";

fn known(at: i64, merges: &[(u64, u64)]) -> KnownAt {
    KnownAt::new(Timestamp::from_micros(at), Arc::new(merges.iter().copied().collect()))
}

fn question(text: &str) -> SqlQuestion {
    SqlQuestion { text: text.to_owned(), ..SqlQuestion::default() }
}

/// All turns are free: no thread of a question is left. Fails after the lake's patience.
async fn all_turns(lake: &Lake) -> Vec<crate::SqlTurn> {
    let mut turns = Vec::new();
    for _ in 0..lake.config().sql_max {
        turns.push(lake.sql_turn().await.unwrap());
    }
    turns
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_question_ends_soon_with_its_thread() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let asked = question(ENDLESS);
    let watch = asked.watch.clone();
    let (own, turn) = (lake.clone(), lake.sql_turn().await.unwrap());
    let running = tokio::spawn(async move { own.sql_in(turn, asked).await });
    while watch.progress().rows_read < 120 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let progress = watch.progress();
    assert_eq!(progress.rows_planned, 5 * 120, "each of the five readings is planned");
    assert!(progress.bytes_read > 0 && progress.rows_read <= progress.rows_planned, "{progress:?}");
    let started = Instant::now();
    watch.cancel();
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(error, LakeError::Cancelled), "{error}");
    all_turns(&lake).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

/// Joins that make many rows of few: nothing is read for long, and still it hears.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joins_that_only_multiply_are_stopped_too() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let rows = (0..6).fold("select \"offset\" as o from events".to_owned(), |sql, _| {
        format!("select e.\"offset\" + x.o as o from events e cross join ({sql}) x")
    });
    let text = format!("select count(*) from events a join ({rows}) x on a.\"offset\" + x.o > 7");
    let started = Instant::now();
    let limits = SqlLimits { seconds: 1, ..SqlLimits::default() };
    let error = lake.sql(&text, vec![], limits).await.unwrap_err();
    assert!(matches!(error, LakeError::Limit(_)), "{error}");
    let (asked, turn) = (question(&text), lake.sql_turn().await.unwrap());
    let gone = tokio::time::timeout(Duration::from_millis(200), lake.sql_in(turn, asked)).await;
    assert!(gone.is_err());
    all_turns(&lake).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_ends_when_nobody_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let (asked, turn) = (question(ENDLESS), lake.sql_turn().await.unwrap());
    let watch = asked.watch.clone();
    let gone = tokio::time::timeout(Duration::from_millis(200), lake.sql_in(turn, asked)).await;
    assert!(gone.is_err() && watch.is_cancelled());
    let started = Instant::now();
    all_turns(&lake).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_plan_says_which_files_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let plan = async |text: &str| lake.sql_plan(lake.sql_turn().await.unwrap(), question(text)).await.unwrap();
    let all = plan("select count(*) from events").await;
    assert!(all.logical.contains("TableScan: events") && all.physical.contains("Aggregate"), "{all:?}");
    let [read] = &all.reads[..] else { panic!("{all:?}") };
    assert_eq!((read.rows, read.rows_read, read.rows_hot), (120, 120, 40));
    assert_eq!((read.files, read.buckets), (read.files_read, read.buckets_read));
    assert_eq!((read.at_from, read.at_to, read.people), (None, None, None));
    let months: Vec<_> = read.months.iter().map(|month| month.month.as_str()).collect();
    assert_eq!(months, ["2026-01", "2026-02"]);

    let late = plan("explain select name from events where at >= timestamp '2026-02-01T00:00:00Z'").await;
    let [read] = &late.reads[..] else { panic!("{late:?}") };
    assert_eq!((read.rows, read.rows_read), (120, 80));
    assert_eq!(read.at_from, Some(1_769_904_000_000_000));
    assert_eq!((read.months[0].files_read, read.months[0].rows_read, read.months[1].rows_read), (0, 0, 40));
    assert!(read.months[0].files > 0 && read.bytes_read < read.bytes && read.files_read < read.files, "{read:?}");

    let one = plan("select name from events where person in ('per_0000000000003', 'per_0000000000004')").await;
    let [read] = &one.reads[..] else { panic!("{one:?}") };
    assert_eq!(read.people, Some(2));
    assert!(read.buckets_read <= 2 && read.rows_read < read.rows, "{read:?}");

    let error = lake.sql_plan(lake.sql_turn().await.unwrap(), question("explain drop table events")).await.unwrap_err();
    assert!(matches!(error, LakeError::Sql(_)), "{error}");
}

#[tokio::test]
async fn naming_people_reads_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let count = async |filter: &str| {
        let text = format!("select count(*) from events where {filter}");
        lake.sql(&text, vec![], SqlLimits::default()).await.unwrap().rows[0][0].clone()
    };
    let cases = async || {
        let mut counts = Vec::new();
        for filter in [
            "person = 'per_0000000000003'",
            "'per_0000000000003' = person",
            "person in ('per_0000000000001', 'per_0000000000003', 'x')",
            "person in ('per_0000000000001', 'per_0000000000002', 'per_0000000000003', 'per_0000000000004', 'per_0000000000005')",
            "person = 'per_0000000000003' or person = 'per_0000000000004'",
            "person = 'per_0000000000003' or name = 'Paid'",
            "person = 'per_0000000000003' and person = 'per_0000000000004'",
            "person <> 'per_0000000000003'",
            "person not in ('per_0000000000003', 'per_0000000000004')",
            "person = 'nobody'",
            "person = 'per_0000000000003' and at >= timestamp '2026-02-01T00:00:00Z'",
        ] {
            // The same question in a form that no pruning understands.
            let blind = filter.replace("person", "concat(person, '')");
            let (seen, blind) = (count(filter).await, count(&blind).await);
            assert_eq!(seen, blind, "{filter}");
            counts.push(seen);
        }
        counts
    };
    let before = cases().await;
    assert_eq!((&before[0], &before[9]), (&json!(21), &json!(0)));
    // Person 3 becomes a part of person 4: it has no rows of its own any more.
    lake.set_merges(Arc::new([(3, 4)].into()));
    let after = cases().await;
    assert_eq!((&after[0], &after[4]), (&json!(0), &before[4]));
    lake.set_merges(Arc::default());
    assert_eq!(cases().await, before);
}

#[tokio::test]
async fn as_of_shows_what_was_received_by_then() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    // An event of the first day that comes a month late.
    let late = crate::Event { received_at: START + 30 * DAY, ..event("late", 9, START + 5 * SECOND, "Late") };
    let until = START + 26 * DAY;
    let ask = async |text: &str, as_of: Option<i64>| {
        let as_of = as_of.map(|at| known(at, &[]));
        let asked = SqlQuestion { as_of, ..question(text) };
        lake.sql_in(lake.sql_turn().await.unwrap(), asked).await.unwrap().rows
    };
    let all = "select name, count(*), max(received_at) from events group by name order by name";
    let saved = ask(all, Some(until)).await;
    let early = "select count(*) from events where at < timestamp '2026-02-01T00:00:00Z'";
    assert_eq!(ask(early, None).await, [[json!(40)]]);
    lake.append(vec![late]).await.unwrap();
    pump(&lake).await;
    for sealed in [false, true] {
        if sealed {
            lake.seal().await.unwrap();
        }
        assert_eq!(ask(early, None).await, [[json!(41)]], "sealed: {sealed}");
        assert_eq!(ask(early, Some(until)).await, [[json!(40)]], "sealed: {sealed}");
        assert_eq!(ask(all, Some(until)).await, saved, "later it is the answer of then; sealed: {sealed}");
        assert_eq!(ask("select count(*) from events", Some(until)).await, [[json!(80)]]);
        assert_eq!(ask("select count(*) from events", Some(START)).await, [[json!(0)]]);
        assert_eq!(ask("select count(*) from events", Some(START + 1)).await, [[json!(1)]], "the moment itself counts");
        assert_eq!(ask("select name from events limit 100", Some(until)).await.len(), 80);
        assert_eq!(
            ask("select count(*) from events where person = 'per_0000000000009'", Some(until)).await,
            [[json!(0)]]
        );
    }
}

#[tokio::test]
async fn as_of_knows_the_persons_that_were_one_then() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    lake.set_merges(Arc::new([(3, 4), (5, 4)].into()));
    let ask = async |merges: Option<&[(u64, u64)]>, person: &str| {
        let text = format!("select count(*) from events where person = '{person}'");
        let as_of = merges.map(|merges| known(START + 60 * DAY, merges));
        let asked = SqlQuestion { as_of, ..question(&text) };
        lake.sql_in(lake.sql_turn().await.unwrap(), asked).await.unwrap().rows[0][0].as_u64().unwrap()
    };
    let (three, four) = ("per_0000000000003", "per_0000000000004");
    let all = ask(None, four).await;
    assert_eq!((ask(None, three).await, all), (0, 60));
    assert_eq!((ask(Some(&[]), three).await, ask(Some(&[]), four).await), (21, 21), "before both merges");
    assert_eq!((ask(Some(&[(3, 4)]), three).await, ask(Some(&[(3, 4)]), four).await), (0, 42), "between them");
    assert_eq!(ask(Some(&[(3, 4), (5, 4)]), four).await, all);
}

#[tokio::test]
async fn errors_say_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    for (text, place) in [
        ("selec 1", "(line 1, column 1)"),
        ("select name\nfrom events\nwhere nmae = 'x'", "(line 3, column 7)"),
        ("select name\nfrom evnts", "(line 2, column 6)"),
        ("select e.nmae from events e", "(line 1, column 8)"),
        ("select lenght(name) from events", "(line 1, column 8)"),
        ("select name from events group by", ""),
    ] {
        let error = lake.sql(text, vec![], SqlLimits::default()).await.unwrap_err().to_string();
        assert!(error.ends_with(place) && !error.contains("datafusion"), "{text}: {error}");
    }
}
