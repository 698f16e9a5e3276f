//! Erasing a person on the real server, and repairing a lake from the command line.

use crate::server::{Backend, Server, Site, client, json_of};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

async fn ask(server: &Server, key: &str, method: reqwest::Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let request = client().request(method, format!("{}{path}", server.address)).bearer_auth(key);
    let request = if let Some(body) = body { request.json(&body) } else { request };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// Asks again until it is so.
async fn until(server: &Server, key: &str, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..400 {
        last = ask(server, key, reqwest::Method::GET, path, None).await.1;
        if is_so(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{path} stays {last}");
}

async fn send(server: &Server, write_key: &str, email: &str, round: u32) {
    let name = email.split('@').next().unwrap();
    let mut batch = vec![json!({"type": "identify", "messageId": format!("{name}-{round}-i"), "userId": name,
        "anonymousId": format!("browser-of-{name}"), "traits": {"email": email}})];
    batch.extend((0..5).map(|place| {
        json!({"type": "track", "event": "Ping", "messageId": format!("{name}-{round}-{place}"), "userId": name})
    }));
    let request = client().post(format!("{}/v1/batch", server.address)).basic_auth(write_key, Some(""));
    assert!(request.json(&json!({ "batch": batch })).send().await.unwrap().status().is_success());
}

fn event_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(event_files(&path)) } else { found.push(path) }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_erased_on_the_server_and_a_lost_file_is_repaired_from_the_command_line() {
    for backend in Backend::all() {
        let site = Site::new(backend);
        let (write_key, key) = (site.keys.write_key.clone(), site.keys.api_key.clone());
        let server = site.start_with(&[]);
        for email in ["erika@example.com", "otto@example.com"] {
            send(&server, &write_key, email, 0).await;
        }
        let found = until(&server, &key, "/api/v1/people?known=true", |found| found["total"] == 2).await;
        let people = found["items"].as_array().unwrap();
        let erika = people.iter().find(|one| one["email"] == "erika@example.com").unwrap()["id"].as_str().unwrap();
        let path = format!("/api/v1/people/{erika}");
        let timeline = format!("{path}/timeline");
        until(&server, &key, &timeline, |page| page["items"].as_array().is_some_and(|items| items.len() == 6)).await;

        let body = Some(json!({"keep_out": true}));
        let (status, erasure) = ask(&server, &key, reqwest::Method::POST, &format!("{path}/erase"), body).await;
        assert_eq!(status, 202, "{erasure}");
        let done = until(&server, &key, &format!("{path}/erasure"), |one| one["state"] == "done").await;
        assert_eq!(
            (&done["report"]["events"], &done["report"]["proof"]["rows_found"]),
            (&json!(6), &json!(0)),
            "{done}"
        );
        assert_eq!(ask(&server, &key, reqwest::Method::GET, &path, None).await.0, 404);
        // She sends on, and her whole first batch again; he too.
        for round in 0..2 {
            send(&server, &write_key, "erika@example.com", round).await;
        }
        send(&server, &write_key, "otto@example.com", 1).await;
        let sql = json!({"sql": "select user_id, count(*) as n from events group by user_id order by user_id"});
        let mut rows = Value::Null;
        for _ in 0..200 {
            rows = ask(&server, &key, reqwest::Method::POST, "/api/v1/sql", Some(sql.clone())).await.1["rows"].clone();
            if rows == json!([["otto", 12]]) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        assert_eq!(rows, json!([["otto", 12]]));
        let late = until(&server, &key, &format!("{path}/erasure"), |one| one["late_events"] != 0).await;
        assert!(late["late_events"].as_u64().unwrap() >= 6, "{late}");
        server.kill();

        let checked = json_of(&mut site.command(&["lake", "check", "--json"]));
        assert_eq!(checked[0]["problems"], json!([]), "{checked}");
        let again = site.command(&["erase", erika, "--yes"]).output().unwrap();
        assert!(!again.status.success(), "there is nobody to erase any more");
        let workspaces = site.data().join("workspaces");
        let files = event_files(&workspaces);
        let file = files.iter().find(|path| path.extension().is_some_and(|kind| kind == "parquet")).unwrap();
        std::fs::remove_file(file).unwrap();
        let fails = |args: &[&str]| {
            let output = site.command(args).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        fails(&["lake", "check"]);
        assert!(fails(&["lake", "repair"]).contains("repeat with --apply"));
        let repaired = json_of(&mut site.command(&["lake", "repair", "--apply", "--json"]));
        assert_eq!(repaired[0]["findings"][0]["action"], "forget", "{repaired}");
        assert_eq!(json_of(&mut site.command(&["lake", "check", "--json"]))[0]["problems"], json!([]));
        let orphans = site.command(&["lake", "orphans"]).output().unwrap();
        assert!(orphans.status.success());
    }
}
