//! Kill −9 in the middle of an import: the restarted server goes on by itself, and the result is that of one run.

use crate::server::{Backend, Server, Site, client};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

const ROWS: u64 = 12_000;
const COMPANIES: u64 = 300;

fn contacts() -> String {
    let mut text = String::from("Email,First Name,Company Name,Record ID\n");
    for row in 0..ROWS {
        let company = row % COMPANIES;
        let _ = writeln!(text, "p{row}@c{company}.example,First{row},Company {company},{}", 1_000_000 + row);
    }
    text
}

struct Asked<'a> {
    server: &'a Server,
    key: &'a str,
}

impl Asked<'_> {
    async fn call(&self, method: reqwest::Method, path: &str, body: Option<Vec<u8>>) -> Value {
        let request = client().request(method, format!("{}/api/v1{path}", self.server.address)).bearer_auth(self.key);
        let answer = match body {
            Some(body) => request.header("content-type", "text/csv").body(body),
            None => request,
        };
        let answer = answer.send().await.unwrap();
        let status = answer.status();
        let value: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path}: {value}");
        value
    }

    async fn get(&self, path: &str) -> Value {
        self.call(reqwest::Method::GET, path, None).await
    }

    async fn post(&self, path: &str) -> Value {
        self.call(reqwest::Method::POST, path, None).await
    }

    async fn until(&self, id: &str, state: &str) -> Value {
        for _ in 0..1_200 {
            let import = self.get(&format!("/imports/{id}")).await;
            if import["state"] == state {
                return import;
            }
            assert_ne!(import["state"], "failed", "{import}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the import was not {state} within a minute");
    }

    async fn count(&self, sql: &str) -> u64 {
        let request = client().post(format!("{}/api/v1/sql", self.server.address)).bearer_auth(self.key);
        let answer: Value = request.json(&json!({ "sql": sql })).send().await.unwrap().json().await.unwrap();
        answer["rows"][0][0].as_u64().unwrap_or_else(|| panic!("no count in {answer}"))
    }
}

async fn rounds(backend: Backend) {
    let site = Site::new(backend);
    let key = site.keys.api_key.clone();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let server = site.start_with(&[]);
    let asked = Asked { server: &server, key: &key };
    let uploaded =
        asked.call(reqwest::Method::POST, "/imports?filename=contacts.csv&kind=people", Some(contacts().into())).await;
    let id = uploaded["id"].as_str().unwrap().to_owned();
    asked.post(&format!("/imports/{id}/check")).await;
    let checked = asked.until(&id, "checked").await;
    assert_eq!(checked["checked"]["create"], ROWS);
    asked.post(&format!("/imports/{id}/apply")).await;
    let (mut server, mut killed_inside) = (server, 0);
    for round in 0..4 {
        tokio::time::sleep(Duration::from_millis(rng.random_range(150..700))).await;
        server.kill();
        server = site.start_with(&[]);
        let import = Asked { server: &server, key: &key }.get(&format!("/imports/{id}")).await;
        let done = import["applied"]["create"].as_u64().unwrap();
        assert_eq!(done % 2_000, 0, "{backend:?} round {round}: a batch is there whole or not at all");
        killed_inside += u32::from(done < ROWS);
    }
    assert!(killed_inside > 0, "the server was always killed too late");
    let asked = Asked { server: &server, key: &key };
    let applied = asked.until(&id, "applied").await;
    assert_eq!((&applied["applied"]["create"], &applied["applied"]["update"]), (&json!(ROWS), &json!(0)));
    assert_eq!(asked.count("select count(*) from people").await, ROWS, "{backend:?}: nobody twice, nobody lost");
    assert_eq!(asked.count("select count(*) from companies").await, COMPANIES);
    asked.post(&format!("/imports/{id}/undo")).await;
    let undone = asked.until(&id, "undone").await;
    assert_eq!(undone["undo"]["reverted"], ROWS, "what several processes wrote is taken back as one: {undone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_goes_on_where_the_killed_server_was() {
    for backend in Backend::all() {
        rounds(backend).await;
    }
}
