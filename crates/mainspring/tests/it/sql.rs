//! The SQL console over HTTP: the examples of its page, an end to what runs too long, files.

use crate::server::{Site, client, json_of};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const END: &str = "2026-02-19";
/// Goes on for hours on the events of the demo company.
const ENDLESS: &str = "select count(*) from events a join \
                       (select b.\"offset\" + c.\"offset\" as o from events b cross join events c) x on a.\"offset\" + x.o > 7";

struct Console {
    http: reqwest::Client,
    address: String,
    key: String,
}

impl Console {
    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/api/v1/sql{path}", self.address);
        self.http.request(method.parse().unwrap(), url).bearer_auth(&self.key)
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self.request("POST", path).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    async fn runs(&self) -> Vec<Value> {
        let answer: Value = self.request("GET", "/runs").send().await.unwrap().json().await.unwrap();
        answer.as_array().unwrap().clone()
    }

    /// Waits until what runs is as wanted.
    async fn until(&self, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let started = Instant::now();
        loop {
            let runs = self.runs().await;
            if wanted(&runs) {
                return runs;
            }
            assert!(started.elapsed() < Duration::from_secs(10), "{runs:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The statements of the page's examples, with the columns that their charts name.
fn examples() -> Vec<(String, Vec<String>)> {
    let source = include_str!("../../../../web/src/features/analytics/sql_console/examples.ts");
    let parts = source.split("sql: `").skip(1);
    parts
        .map(|part| {
            let (sql, rest) = part.split_once('`').unwrap();
            let chart = rest.split_once("chart: {").map_or("", |(_, chart)| chart.split_once('}').unwrap().0);
            // Every second piece between quotes: the kind first, then the columns.
            let columns = chart.split('"').skip(1).step_by(2).skip(1).map(str::to_owned).collect();
            (sql.to_owned(), columns)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_answers_stops_and_gives_files() {
    let site = Site::demo("0.01", END);
    let made = json_of(&mut site.command(&["key", "create", "test", "--json"]));
    let server = site.start_with(&[]);
    let key = made["secret"].as_str().unwrap().to_owned();
    let console = Console { http: client(), address: server.address.clone(), key };
    the_examples_run(&console).await;
    what_is_wrong_is_named(&console).await;
    a_question_is_followed_and_cancelled(&console).await;
    a_question_ends_with_its_connection(&console).await;
    answers_are_files(&console).await;
}

async fn the_examples_run(console: &Console) {
    let examples = examples();
    assert!(examples.len() >= 4, "{examples:?}");
    for (sql, columns) in examples {
        let (status, answer) = console.post("", json!({"sql": sql})).await;
        assert_eq!(status, 200, "{sql}\n{answer}");
        assert!(!answer["rows"].as_array().unwrap().is_empty(), "{sql}");
        let names: Vec<&str> =
            answer["columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect();
        for column in &columns {
            assert!(names.contains(&column.as_str()), "{column} of {columns:?} is not in {names:?}");
        }
        let (status, plan) = console.post("/explain", json!({"sql": sql})).await;
        assert_eq!(status, 200, "{plan}");
        assert!(!plan["logical"].as_str().unwrap().is_empty() && !plan["physical"].as_str().unwrap().is_empty());
    }
}

async fn what_is_wrong_is_named(console: &Console) {
    for (path, body, status, field) in [
        ("", json!({"sql": ""}), 422, "sql"),
        ("", json!({"sql": "delete from events"}), 422, "sql"),
        ("", json!({"sql": "select nmae from events"}), 422, "sql"),
        ("", json!({"sql": "select 1", "limit": 0}), 422, "limit"),
        ("", json!({"sql": "select 1", "limit": 100_001}), 422, "limit"),
        ("", json!({"sql": "select 1", "as_of": "yesterday"}), 422, "as_of"),
        ("", json!({"sql": "select 1", "run": "a b"}), 422, "run"),
        ("", json!({"sql": "select 1", "settings": {"lookback_days": 0}}), 422, "settings.lookback_days"),
        ("", json!({"sql": "select * from deals", "as_of": "2026-02-01T00:00:00Z"}), 422, "as_of"),
        ("/explain", json!({"sql": "drop table events"}), 422, "sql"),
        ("/export", json!({"sql": "select 1"}), 422, "format"),
        ("/export", json!({"sql": "select 1", "format": "xlsx"}), 422, "format"),
        ("/export", json!({"sql": "select 1", "format": "csv", "limit": 5_000_001}), 422, "limit"),
        ("/export", json!({"sql": "select nmae from events", "format": "csv"}), 422, "sql"),
        ("/queries", json!({"name": "", "sql": "select 1"}), 422, "name"),
    ] {
        let (found, problem) = console.post(path, body.clone()).await;
        assert_eq!((found, problem["field"].as_str()), (status, Some(field)), "{path} {body}: {problem}");
    }
    let (_, problem) = console.post("", json!({"sql": "select name\nfrom evnts"})).await;
    assert!(problem["message"].as_str().unwrap().ends_with("(line 2, column 6)"), "{problem}");
    let (status, problem) = console.post("/runs/nothing/cancel", json!({})).await;
    assert_eq!((status, problem["code"].as_str()), (404, Some("run_not_found")));
}

async fn a_question_is_followed_and_cancelled(console: &Console) {
    let asking = console.request("POST", "").json(&json!({"sql": ENDLESS, "run": "heavy-1"})).send();
    let asking = tokio::spawn(asking);
    let runs = console.until(|runs| runs.iter().any(|run| run["rows_read"].as_u64() > Some(0))).await;
    let [run] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!(
        (run["run"].as_str(), run["kind"].as_str(), run["sql"].as_str()),
        (Some("heavy-1"), Some("rows"), Some(ENDLESS))
    );
    assert!(run["actor"].as_str().unwrap().starts_with("key:") && run["waiting"] == json!(false), "{run}");
    assert!(run["rows_planned"].as_u64() >= run["rows_read"].as_u64(), "{run}");
    let (status, problem) = console.post("", json!({"sql": "select 1", "run": "heavy-1"})).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("run_exists")));
    let started = Instant::now();
    assert_eq!(console.post("/runs/heavy-1/cancel", json!({})).await.0, 204);
    let answer = asking.await.unwrap().unwrap();
    assert_eq!(answer.status().as_u16(), 409);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], json!("cancelled"), "{problem}");
    console.until(<[Value]>::is_empty).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

async fn a_question_ends_with_its_connection(console: &Console) {
    for path in ["", "/export"] {
        let mut body = json!({"sql": ENDLESS, "run": "gone"});
        if path == "/export" {
            body["format"] = json!("csv");
        }
        // Twice as many as may run at the same time: were they not stopped, the last would not get its turn.
        for _ in 0..4 {
            let asking = tokio::spawn(console.request("POST", path).json(&body).send());
            console.until(|runs| runs.iter().any(|run| run["rows_read"].as_u64() > Some(0))).await;
            asking.abort();
            console.until(<[Value]>::is_empty).await;
        }
    }
    let (status, answer) = console.post("", json!({"sql": "select 1 as one"})).await;
    assert_eq!((status, &answer["rows"]), (200, &json!([[1]])));
}

async fn answers_are_files(console: &Console) {
    let sql = "select \"offset\", at, name, value from events order by \"offset\"";
    let (_, count) = console.post("", json!({"sql": "select count(*) from events"})).await;
    let count = usize::try_from(count["rows"][0][0].as_u64().unwrap()).unwrap();
    for (format, media, head, tail) in [
        ("csv", "text/csv; charset=utf-8", &b"\xef\xbb\xbf\"offset\""[..], &b"\r\n"[..]),
        ("arrow", "application/vnd.apache.arrow.stream", b"\xff\xff\xff\xff", b"\xff\xff\xff\xff\0\0\0\0"),
        ("parquet", "application/vnd.apache.parquet", b"PAR1", b"PAR1"),
    ] {
        let answer =
            console.request("POST", "/export").json(&json!({"sql": sql, "format": format})).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{format}");
        assert_eq!(answer.headers()["content-type"], media);
        assert!(
            answer.headers()["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"answer.")
        );
        let bytes = answer.bytes().await.unwrap();
        assert!(bytes.starts_with(head) && bytes.ends_with(tail), "{format}");
        if format == "csv" {
            assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), count + 1);
        }
    }
    console.until(<[Value]>::is_empty).await;
}
