//! Saved questions on both databases, and the list of what runs.

use super::*;
use crate::facts::tests_live::live;
use crate::metrics::NoSpend;
use kernel::scope::{Actor, Role};
use kernel::time::DAY;
use platform::accounts::NewWorkspace;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{TestPlatform, platforms};

fn console(test: &TestPlatform) -> SqlConsole {
    let store = FactStore::new(Arc::new(live(test).1), Arc::new(NoSpend), test.platform.world.clone());
    SqlConsole::new(store, &test.platform)
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// Somebody else of the same workspace.
fn other(test: &TestPlatform, role: Role) -> Scope {
    let id = "usr_01k8x0w3c5r7n0000000000000".parse().unwrap();
    Scope { actor: Actor::User(id), ..test.scope_as(role) }
}

fn code<T: std::fmt::Debug>(result: Result<T, Problem>) -> (u16, String) {
    let problem = result.unwrap_err();
    (problem.status(), problem.code)
}

const CHART: &str = r#"{"kind": "line", "x": "day", "y": ["visits"], "series": "channel", "stacked": false}"#;

#[tokio::test]
async fn a_question_is_saved_changed_put_away_and_taken_back() {
    for test in platforms().await {
        let console = console(&test);
        let new = json!({"name": "  Besuche je Kanal ", "sql": "select 'it''s' as x", "settings": {"lookback_days": 30},
                         "chart": serde_json::from_str::<Value>(CHART).unwrap()});
        let made = console.save(&test.scope, read(new)).await.unwrap();
        assert_eq!(
            (made.name.as_str(), made.version, made.shared, made.editable),
            ("Besuche je Kanal", 1, false, true)
        );
        assert_eq!(console.saved_one(&test.scope, &made.id).await.unwrap(), made);
        test.advance(DAY);
        let change = json!({"version": 1, "name": "Visits", "chart": null});
        let changed = console.change_saved(&test.scope, &made.id, read(change.clone())).await.unwrap();
        assert_eq!((changed.version, changed.name.as_str(), &changed.chart), (2, "Visits", &None));
        assert_eq!((&changed.sql, &changed.settings, changed.created_at), (&made.sql, &made.settings, made.created_at));
        assert!(changed.updated_at > made.updated_at);
        assert_eq!(
            code(console.change_saved(&test.scope, &made.id, read(change)).await),
            (409, "query_changed".into())
        );
        let same = console.change_saved(&test.scope, &made.id, read(json!({"name": "Visits"}))).await.unwrap();
        assert_eq!(same.version, 2, "what changes nothing is no version");
        console.change_saved(&test.scope, &made.id, read(json!({"archived": true}))).await.unwrap();
        assert!(console.saved(&test.scope, false).await.unwrap().is_empty());
        let kept = console.saved(&test.scope, true).await.unwrap();
        assert_eq!((kept.len(), kept[0].version), (1, 3));
        assert!(kept[0].archived_at.is_some());
        console.change_saved(&test.scope, &made.id, read(json!({"archived": false}))).await.unwrap();
        assert_eq!(console.saved(&test.scope, false).await.unwrap().len(), 1);
        let trail = platform::audit::newest(&test.platform.databases, &test.scope, 10).await.unwrap();
        let told: Vec<_> = trail.iter().filter(|entry| entry.target == made.id.as_str()).collect();
        let actions: Vec<_> = told.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["query.restore", "query.archive", "query.update", "query.create"]);
        assert_eq!(told[2].details, json!({"name": "Visits", "chart": null}));
    }
}

#[tokio::test]
async fn a_private_question_is_ones_own_and_a_workspace_sees_only_its_own() {
    for test in platforms().await {
        let console = console(&test);
        let new = |name: &str, shared: bool| read(json!({"name": name, "sql": "select 1", "shared": shared}));
        let private = console.save(&test.scope, new("b", false)).await.unwrap();
        let shared = console.save(&test.scope, new("a", true)).await.unwrap();
        let names = async |scope: &Scope| {
            let found = console.saved(scope, false).await.unwrap();
            found.into_iter().map(|query| (query.name, query.editable)).collect::<Vec<_>>()
        };
        assert_eq!(names(&test.scope).await, [("a".to_owned(), true), ("b".to_owned(), true)]);
        let analyst = other(&test, Role::Analyst);
        assert_eq!(names(&analyst).await, [("a".to_owned(), false)]);
        assert_eq!(code(console.saved_one(&analyst, &private.id).await), (404, "query_not_found".into()));
        let rename = || read(json!({"name": "c"}));
        let refused = console.change_saved(&analyst, &private.id, rename()).await;
        assert_eq!(code(refused), (404, "query_not_found".into()));
        let refused = console.change_saved(&analyst, &shared.id, rename()).await;
        assert_eq!(code(refused), (403, "not_your_query".into()));
        let director = other(&test, Role::Director);
        console.change_saved(&director, &shared.id, rename()).await.unwrap();
        let refused = console.change_saved(&director, &private.id, rename()).await;
        assert_eq!(code(refused), (404, "query_not_found".into()));
        let viewer = test.scope_as(Role::Viewer);
        assert_eq!(code(console.saved(&viewer, false).await).0, 403);
        assert_eq!(code(console.save(&viewer, new("x", false)).await).0, 403);

        let second: NewWorkspace = read(json!({"name": "Second", "currency": "EUR", "time_zone": "UTC"}));
        let (second, _) = test.platform.accounts.create_workspace(&test.set_up.user.id, second).await.unwrap();
        let there = Scope { workspace: second.reference(), ..test.scope.clone() };
        assert!(names(&there).await.is_empty());
        assert_eq!(code(console.saved_one(&there, &shared.id).await), (404, "query_not_found".into()));
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_saved_question_is_named() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let console = console(&test);
    let chart = |y: Value| json!({"kind": "bar", "x": "x", "y": y});
    for (field, value) in [
        ("name", json!({"name": " "})),
        ("name", json!({"name": "x".repeat(201)})),
        ("name", json!({"name": "a\nb"})),
        ("description", json!({"description": "x".repeat(2_001)})),
        ("sql", json!({"sql": "  "})),
        ("sql", json!({"sql": "x".repeat(20_001)})),
        ("settings.lookback_days", json!({"settings": {"lookback_days": 0}})),
        ("chart.y", json!({"chart": chart(json!([]))})),
        ("chart.y", json!({"chart": chart(json!(vec!["a"; 21]))})),
        ("chart", json!({"chart": {"kind": "bar", "x": "x".repeat(1_001), "y": ["a"]}})),
    ] {
        let mut new = json!({"name": "n", "sql": "select 1"});
        new.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        let problem = console.save(&test.scope, read(new)).await.unwrap_err();
        assert_eq!((problem.status(), problem.field.as_deref()), (422, Some(field)));
    }
}

#[tokio::test]
async fn what_runs_is_listed_for_its_owner_and_for_who_may_stop_it() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let runs = Runs::default();
    let now = test.platform.world.now();
    let enter = |scope: &Scope, name: &str, kind| runs.enter(scope, name.to_owned(), kind, "select 1", now);
    let analyst = other(&test, Role::Analyst);
    let own = enter(&test.scope, "one", RunKind::Rows).unwrap();
    let theirs = enter(&analyst, "two", RunKind::File).unwrap();
    let names = |scope: &Scope| runs.list(scope).into_iter().map(|run| run.run).collect::<Vec<_>>();
    assert_eq!(names(&analyst), ["two"]);
    assert_eq!(names(&test.scope), ["one", "two"], "an owner oversees everybody's");
    assert!(runs.list(&test.scope)[0].waiting);
    own.started();
    assert!(!runs.list(&test.scope)[0].waiting);
    for name in ["", "a b", "ä", &"x".repeat(65)] {
        assert_eq!(enter(&analyst, name, RunKind::Rows).unwrap_err().field.as_deref(), Some("run"), "{name}");
    }
    assert_eq!(code(enter(&analyst, "one", RunKind::Rows)), (409, "run_exists".into()));
    assert_eq!(code(enter(&test.scope, "three", RunKind::File)), (429, "too_many_exports".into()));
    assert_eq!(code(runs.cancel(&analyst, "one")), (404, "run_not_found".into()));
    runs.cancel(&test.scope, "two").unwrap();
    assert!(theirs.watch().is_cancelled() && !own.watch().is_cancelled());
    let told = theirs.go_on().unwrap_err();
    assert!(told.code == "cancelled" && told.message.contains(&test.scope.actor.label()), "{told}");
    drop(theirs);
    assert_eq!(names(&test.scope), ["one"]);
    runs.cancel(&test.scope, "one").unwrap();
    assert_eq!(own.go_on().unwrap_err().message, "You cancelled the question.");
    drop(own);
    assert!(runs.list(&test.scope).is_empty());
}

/// The reference and the schema are those of the engine: every table with its columns and their types.
#[tokio::test]
async fn the_schema_is_that_of_the_tables_and_the_guide_lists_it() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let console = console(&test);
    let guide = include_str!("../../../../docs/guides/sql.md");
    for table in console.schema() {
        // The name of the table in the statement is what makes it be there.
        let request = read(json!({"sql": format!("select * from {} limit 1", table.name)}));
        let answer = console.run(&test.scope, request).await.unwrap();
        assert_eq!(answer.columns, table.columns, "{}", table.name);
        let heading = format!("### {}\n\n{}\n", table.name, table.description);
        let rows: String =
            table.columns.iter().map(|column| format!("| `{}` | {} |\n", column.name, column.kind)).collect();
        let part = format!("{heading}\n| Column | Type |\n|---|---|\n{rows}");
        assert!(guide.contains(&part), "docs/guides/sql.md lacks this part:\n\n{part}");
    }
}

#[tokio::test]
async fn as_of_is_for_events_alone_and_says_so() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let console = console(&test);
    let ask = async |sql: &str| {
        let request = json!({"sql": sql, "as_of": "2026-02-01T00:00:00Z"});
        console.run(&test.scope, read(request)).await
    };
    // The name of a table as the name of a column is no table.
    let answer = ask("select count(distinct person) as people from events").await.unwrap();
    assert_eq!((answer.rows, answer.as_of.is_some()), (vec![vec![json!(0)]], true));
    for table in ["people", "credits", "audit"] {
        let problem = ask(&format!("select count(*) from {table}")).await.unwrap_err();
        assert_eq!(problem.field.as_deref(), Some("as_of"), "{problem}");
        assert!(problem.message.contains(&format!("`{table}`")), "{problem}");
    }
    assert_eq!(ask("select * from nothing").await.unwrap_err().field.as_deref(), Some("sql"));
}

#[tokio::test]
async fn a_statement_over_events_alone_makes_no_facts() {
    for test in platforms().await {
        let store = FactStore::new(Arc::new(live(&test).1), Arc::new(NoSpend), test.platform.world.clone());
        let console = SqlConsole::new(store.clone(), &test.platform);
        let ask = |sql: &str| read::<SqlRequest>(json!({"sql": sql, "settings": {}}));
        for sql in ["select count(*) from events", "select 1 as x", "select count(*) from audit"] {
            let answer = console.run(&test.scope, ask(sql)).await.unwrap();
            assert_eq!((answer.rows.len(), answer.watermark.lag_seconds), (1, 0));
            assert!(!store.is_read(&test.scope), "{sql}");
        }
        console.explain(&test.scope, ask("select name from events")).await.unwrap();
        assert!(!store.is_read(&test.scope));
        console.run(&test.scope, ask("select count(*) from events, Sessions")).await.unwrap();
        assert!(store.is_read(&test.scope), "a statement that names one of their tables does");
    }
}
