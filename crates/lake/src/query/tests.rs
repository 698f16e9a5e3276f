use super::*;
use crate::folds::counts::CountFold;
use crate::tests::{START, event, open, pump};
use crate::{FoldOptions, Lake, LakeError};
use kernel::time::{DAY, SECOND};
use serde_json::json;

pub(super) async fn filled(folder: &std::path::Path) -> Lake {
    let lake = open(folder).await;
    for round in 0..3_i64 {
        let events = (0..40_i64).map(|place| {
            let at = START + round * 25 * DAY + place * SECOND;
            let name = ["Page viewed", "Signed up", "Paid"][usize::try_from(place % 3).unwrap()];
            event(&format!("{round}-{place}"), 1 + place.unsigned_abs() % 6, at, name)
        });
        lake.append(events.collect()).await.unwrap();
        pump(&lake).await;
        if round < 2 {
            lake.seal().await.unwrap();
        }
    }
    lake
}

async fn ask(lake: &Lake, text: &str) -> Result<SqlAnswer, LakeError> {
    lake.sql(text, vec![], SqlLimits::default()).await
}

#[tokio::test]
async fn sql_counts_what_a_fold_counts() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let counts = lake.fold(&CountFold::default(), &FoldOptions::default()).await.unwrap().into_map();
    let expected: Vec<_> =
        counts.iter().map(|(name, count)| vec![json!(name), json!(count.events), json!(count.people)]).collect();
    let answer = ask(
        &lake,
        "select name, count(*) as events, count(distinct person) as people from events group by name order by name",
    );
    let answer = answer.await.unwrap();
    assert_eq!(answer.rows, expected);
    let columns: Vec<_> = answer.columns.iter().map(|column| (column.name.as_str(), column.kind.as_str())).collect();
    assert_eq!(columns, [("name", "text"), ("events", "int"), ("people", "int")]);
}

#[tokio::test]
async fn columns_have_their_natural_form() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let text =
        "select person, at, kind, agent_class, value, \"offset\", properties from events order by \"offset\" limit 2";
    let answer = ask(&lake, text).await.unwrap();
    assert_eq!(
        answer.rows[1],
        [
            json!("per_0000000000002"),
            json!("2026-01-15T00:00:01Z"),
            json!("track"),
            json!("unknown"),
            json!(0),
            json!(2),
            json!("{\"plan\":\"p2\"}")
        ]
    );
    assert_eq!(answer.rows[0][4], json!(null));
    assert_eq!(answer.columns[1].kind, "timestamp");
    let one = ask(&lake, "select count(*) from events where person = 'per_0000000000003'").await.unwrap();
    assert_eq!(one.rows, [[json!(21)]]);
}

#[tokio::test]
async fn a_range_of_time_reads_the_same_rows_with_fewer_files() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    for (filter, expected) in [
        ("at >= timestamp '2026-02-01T00:00:00Z'", 80),
        ("at < timestamp '2026-02-01T00:00:00Z'", 40),
        ("at = timestamp '2026-01-15T00:00:01Z'", 1),
        ("timestamp '2026-02-01T00:00:00Z' <= at and at < timestamp '2026-03-01T00:00:00Z'", 40),
        ("at between timestamp '2026-01-15T00:00:00Z' and timestamp '2026-01-15T00:00:09Z'", 10),
        ("at >= '2026-02-01'", 80),
    ] {
        let answer = ask(&lake, &format!("select count(*) from events where {filter}")).await.unwrap();
        assert_eq!(answer.rows, [[json!(expected)]], "{filter}");
    }
}

#[tokio::test]
async fn a_range_of_offsets_opens_no_older_file() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    for (filter, expected) in [
        ("\"offset\" > 70", 50),
        ("\"offset\" >= 70", 51),
        ("70 < \"offset\" and \"offset\" < 80", 9),
        ("\"offset\" = 90", 1),
        ("\"offset\" > -1", 120),
        ("not \"offset\" > 70", 70),
        ("\"offset\" > 70 or \"offset\" = 1", 51),
    ] {
        let rows = ask(&lake, &format!("select count(*) from events where {filter}")).await.unwrap().rows;
        assert_eq!(rows, [[json!(expected)]], "{filter}");
    }
    // The files of the first seal hold the offsets up to 40, in the first month.
    let old = folder.path().join("events");
    for bucket in std::fs::read_dir(old).unwrap() {
        let _ = std::fs::remove_dir_all(bucket.unwrap().path().join("month=2026-01"));
    }
    ask(&lake, "select count(*) from events").await.unwrap_err();
    let rows = ask(&lake, "select count(*) from events where \"offset\" > 40").await.unwrap().rows;
    assert_eq!(rows, [[json!(80)]]);
}

#[tokio::test]
async fn tables_of_the_caller_join_with_events() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let people = SqlTable {
        name: "people".into(),
        columns: vec![
            ("person".into(), SqlType::Text),
            ("score".into(), SqlType::Float),
            ("known".into(), SqlType::Bool),
            ("created_at".into(), SqlType::Timestamp),
            ("deals".into(), SqlType::Int),
        ],
        rows: vec![
            vec![
                SqlValue::Text("per_0000000000001".into()),
                SqlValue::Float(1.5),
                SqlValue::Bool(true),
                SqlValue::Timestamp(START),
                SqlValue::Int(3),
            ],
            vec![
                SqlValue::Text("per_0000000000002".into()),
                SqlValue::Null,
                SqlValue::Null,
                SqlValue::Null,
                SqlValue::Int(4),
            ],
        ],
    };
    let empty = SqlTable { name: "deals".into(), columns: vec![("deal".into(), SqlType::Text)], rows: vec![] };
    let text = "select p.score, p.known, p.created_at, p.deals, count(*) from people p join events e on e.person = p.person \
                left join deals d on d.deal = p.person group by 1, 2, 3, 4 order by p.deals";
    let answer = lake.sql(text, vec![people, empty], SqlLimits::default()).await.unwrap();
    assert_eq!(answer.rows[0], [json!(1.5), json!(true), json!("2026-01-15T00:00:00Z"), json!(3), json!(21)]);
    assert_eq!(answer.rows[1], [json!(null), json!(null), json!(null), json!(4), json!(21)]);
}

#[tokio::test]
async fn explaining_and_showing_are_possible() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    for text in [
        "explain select * from events",
        "show tables",
        "show columns from events",
        "describe events",
        "with x as (select 1 as one) select one from x",
    ] {
        assert!(!ask(&lake, text).await.unwrap_or_else(|error| panic!("{text}: {error}")).rows.is_empty(), "{text}");
    }
}

/// AN: SQL reads and never writes, and sees no file.
#[tokio::test]
async fn hostile_sql_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let secret = folder.path().join("secret.csv");
    std::fs::write(&secret, "a,b\n1,2\n").unwrap();
    let path = secret.display();
    let hostile = [
        "create table x as select 1".to_owned(),
        "create view x as select 1".to_owned(),
        "create schema x".to_owned(),
        format!("create external table x stored as csv location '{path}'"),
        "drop table events".to_owned(),
        "insert into events select * from events".to_owned(),
        "update events set name = 'x'".to_owned(),
        "delete from events".to_owned(),
        "truncate table events".to_owned(),
        "alter table events rename to x".to_owned(),
        format!("copy events to '{path}.out'"),
        format!("copy (select 1) to '{path}.out' stored as csv"),
        "select 1 as a into x from events".to_owned(),
        "with x as (insert into events select * from events) select 1".to_owned(),
        "set datafusion.execution.batch_size = 1".to_owned(),
        "reset datafusion.execution.batch_size".to_owned(),
        "show all".to_owned(),
        "begin".to_owned(),
        "prepare p as select 1".to_owned(),
        "execute p".to_owned(),
        "explain create table x as select 1".to_owned(),
        "explain analyze insert into events select * from events".to_owned(),
        format!("explain copy events to '{path}.out'"),
        format!("select * from '{path}'"),
        format!("select * from \"{path}\""),
        "select * from 'https://example.com/x.parquet'".to_owned(),
        format!("select * from read_csv('{path}')"),
        format!("select * from read_parquet('{path}')"),
        format!("select * from parquet_metadata('{path}')"),
        "select 1; select 2".to_owned(),
        "select 1; drop table events".to_owned(),
        "select repeat('x', 2000000000)".to_owned(),
        "select count(*) from events where repeat(name, 100000000) > 'a'".to_owned(),
        "select lpad('x', 2000000000)".to_owned(),
        "select rpad('x', 2000000000, 'y')".to_owned(),
        "select range(0, 2000000000)".to_owned(),
        "select generate_series(0, 2000000000)".to_owned(),
        "select unnest(generate_series(0, 2000000000))".to_owned(),
        "select array_repeat(1, 2000000000)".to_owned(),
        "select list_repeat('x', 2000000000)".to_owned(),
        "select array_resize([1], 2000000000, 0)".to_owned(),
        "select list_resize([1], 2000000000, 0)".to_owned(),
        "select left(a.t || b.name, 1) from (select string_agg(url, '') as t from events) a, events b".to_owned(),
        "select length(string_agg(url, '') over ()) from events".to_owned(),
        "select array_length(array_agg(url) over ()) from events".to_owned(),
        format!("select regexp_match(properties, '{}.*{}') from events", "(".repeat(240), ")".repeat(240)),
        String::new(),
        "not sql at all".to_owned(),
        format!("select {}1{}", "(".repeat(3_000), ")".repeat(3_000)),
        format!("select '{}'", "x".repeat(40_000)),
    ];
    for text in hostile {
        let shown: String = text.chars().take(80).collect();
        let error = ask(&lake, &text).await.expect_err(&shown);
        assert!(matches!(error, LakeError::Sql(_)), "{shown}: {error:?}");
    }
    assert!(!folder.path().join("secret.csv.out").exists());
    assert_eq!(ask(&lake, "select count(*) from events").await.unwrap().rows, [[json!(120)]]);
}

/// Most memory this process ever held, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// What a function gives is bounded before it is made, also where it is worked out while planning.
#[tokio::test]
async fn texts_that_grow_are_refused_before_they_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let before = peak();
    let nested = |call: &dyn Fn(String) -> String| (0..12).fold("'aaaaaaaa'".to_owned(), |text, _| call(text));
    let chain = |first: &str, next: &str| {
        let steps: Vec<String> =
            (1..=30).map(|step| format!(", t{step} as (select {next} as s from t{})", step - 1)).collect();
        format!("with t0 as (select {first} as s from events limit 1){} select length(s) from t30", steps.concat())
    };
    let long = |letter: &str| format!("replace('{}', '{letter}', '{}')", letter.repeat(40), letter.repeat(1_000));
    let attacks = [
        format!("select length({})", nested(&|text| format!("replace({text}, 'a', 'aaaaaaaaaaaaaaaa')"))),
        format!("select length({})", nested(&|text| format!("regexp_replace({text}, 'a', 'aaaaaaaaaaaaaaaa', 'g')"))),
        format!("select length({})", nested(&|text| format!("regexp_replace({text}, '(.*)', '\\1\\1\\1\\1\\1\\1\\1\\1')"))),
        format!("select length({}) from events", nested(&|text| format!("replace({text} || name, 'a', 'aaaaaaaaaaaaaaaa')"))),
        chain("'aaaaaaaa'", "s || s"),
        chain("name", "s || s"),
        chain("'aaaaaaaa'", "concat(s, s)"),
        chain("name", "concat_ws(s, s, s)"),
        chain("name", "overlay(s placing s from 1 for 0)"),
        chain("name", "replace(s, left(s, 1), s)"),
        "with recursive t as (select name as s from events union all select s || s from t) select sum(length(s)) from t".into(),
format!("select {} as a, {} as b from events", long("a"), long("b")),
    ];
    for text in attacks {
        let shown: String = text.chars().take(120).collect();
        let error = ask(&lake, &text).await.expect_err(&shown);
        assert!(matches!(error, LakeError::Limit(_)), "{shown}: {error:?}");
        let grown = peak().saturating_sub(before) >> 20;
        assert!(grown < 400, "{shown}: {grown} MB");
    }
    for text in [chain("[1, 2]", "[s, s]"), chain("[1, 2]", "s || s"), chain("1", "struct(s, s)")] {
        let shown: String = text.chars().take(120).collect();
        let error = ask(&lake, &text).await.expect_err(&shown);
        assert!(matches!(error, LakeError::Limit(_) | LakeError::Sql(_)), "{shown}: {error:?}");
    }
}

#[tokio::test]
async fn texts_are_joined_and_replaced_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    for (expression, expected) in [
        ("name || '!'", json!("Page viewed!")),
        ("'a' || 'b' || 3", json!("ab3")),
        ("name || null", json!(null)),
        ("concat(name, null, 7)", json!("Page viewed7")),
        ("concat_ws('-', 'a', null, 'b')", json!("a-b")),
        ("replace(name, 'e', 'ee')", json!("Pagee vieeweed")),
        ("regexp_replace(name, '(\\w+) (\\w+)', '\\2 \\1')", json!("viewed Page")),
        ("overlay('abcd' placing 'xx' from 2 for 2)", json!("axxd")),
        ("[name, 'b'][2]", json!("b")),
        ("array_has([1, 2], 2)", json!(true)),
    ] {
        let text = format!("select {expression} from events order by \"offset\" limit 1");
        let rows = ask(&lake, &text).await.unwrap_or_else(|error| panic!("{expression}: {error}")).rows;
        assert_eq!(rows, [[expected]], "{expression}");
    }
    // What it could become is more than a call may give, what it becomes is not.
    let many = "select sum(length(regexp_replace(left(a.properties, 9) || b.name, '(.*)', 'a long text of many letters \\1')))";
    ask(&lake, &format!("{many} from events a, events b")).await.unwrap();
    let named = ask(&lake, "select name || kind from events limit 1").await.unwrap();
    assert_eq!(named.columns[0].name, "events.name || events.kind");
}

#[tokio::test]
async fn errors_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    for (text, part) in [
        ("select nmae from events", "nmae"),
        ("select * from evnts", "evnts"),
        ("selec 1", "found: selec"),
        ("select 1; select 2", "Only one question"),
        ("delete from events", "Only one question that reads"),
    ] {
        let error = ask(&lake, text).await.unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
        assert!(!error.contains("DataFusion") && !error.contains('\n'), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_stops_at_its_limits() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let rows = SqlLimits { rows: 7, ..SqlLimits::default() };
    let answer = lake.sql("select name from events", vec![], rows).await.unwrap();
    assert_eq!((answer.rows.len(), answer.truncated), (7, true));
    let exact = SqlLimits { rows: 120, ..SqlLimits::default() };
    assert!(!lake.sql("select name from events", vec![], exact).await.unwrap().truncated);
    let memory = SqlLimits { memory: 1 << 20, ..SqlLimits::default() };
    let wide = "select count(distinct a.event_id || b.event_id || c.name) from events a, events b, events c";
    let error = lake.sql(wide, vec![], memory).await.unwrap_err();
    assert!(matches!(error, LakeError::Limit(_)), "{error}");
    let seconds = SqlLimits { seconds: 1, ..SqlLimits::default() };
    for text in [
        "select count(*) from events a, events b, events c, events d, events e where a.name || b.name || c.name > d.name || e.name",
        "select sum(value) from generate_series(1, 100000000000)",
    ] {
        let error = lake.sql(text, vec![], seconds).await.unwrap_err();
        assert!(matches!(error, LakeError::Limit(_)), "{text}: {error}");
    }
}

#[tokio::test]
async fn a_chain_of_thousands_of_terms_does_not_overflow_the_stack() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let text = format!("select {}value from events limit 1", "value+".repeat(4_000));
    // Answered or refused, but the process lives.
    let _ = ask(&lake, &text).await;
    assert!(ask(&lake, "select 1").await.is_ok());
}
