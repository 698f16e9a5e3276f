//! Kill −9 at random moments under load: whatever was acknowledged is there exactly once after the restart.

use crate::server::{Backend, Server, Site, client};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CLIENTS: u64 = 4;

/// One client: sends batches, repeats those without an answer as a real SDK does, remembers what was acknowledged.
async fn load(
    address: String,
    write_key: String,
    name: String,
    mut rng: ChaCha8Rng,
    stop: Arc<AtomicBool>,
) -> HashSet<String> {
    let client = client();
    let mut acknowledged = HashSet::new();
    let mut sent = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        let size = rng.random_range(1..=20_u64);
        let ids: Vec<String> = (sent..sent + size).map(|number| format!("{name}-{number}")).collect();
        sent += size;
        let batch: Vec<_> = ids
            .iter()
            .map(|id| json!({"type": "track", "event": "Ping", "messageId": id, "anonymousId": format!("anon-{}", rng.next_u64() % 50)}))
            .collect();
        let body = json!({"batch": batch, "sentAt": null});
        // A third of the batches are sent twice: the second must not be stored.
        let times = if rng.random_range(0..3) == 0 { 2 } else { 1 };
        for _ in 0..times {
            let request = client.post(format!("{address}/v1/batch")).basic_auth(&write_key, Some("")).json(&body);
            match request.send().await {
                Ok(answer) if answer.status().is_success() => acknowledged.extend(ids.iter().cloned()),
                Ok(answer) if answer.status().as_u16() == 503 => {}
                Ok(answer) => panic!("only overload may refuse: {}", answer.status()),
                Err(_) => return acknowledged,
            }
        }
    }
    acknowledged
}

/// The ids of this round that the server has, with how often; waits until it has taken in all it acknowledged.
async fn stored(server: &Server, api_key: &str, prefix: &str, expected: &HashSet<String>) -> HashMap<String, u64> {
    let client = client();
    let sql = format!("select event_id, count(*) as n from events where event_id like '{prefix}-%' group by event_id");
    let mut found = HashMap::new();
    for _ in 0..200 {
        let answer = client
            .post(format!("{}/api/v1/sql", server.address))
            .bearer_auth(api_key)
            .json(&json!({ "sql": sql, "limit": 100_000 }))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let body: serde_json::Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{body}");
        found = body["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row[0].as_str().unwrap().to_owned(), row[1].as_u64().unwrap()))
            .collect();
        if expected.iter().all(|id| found.contains_key(id)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    found
}

async fn rounds(backend: Backend, rounds: u64) {
    let site = Site::new(backend);
    let mut total = 0;
    let mut all: Vec<(String, HashSet<String>)> = Vec::new();
    let mut before: Option<(String, HashSet<String>)> = None;
    for round in 0..=rounds {
        let server = site.start_with(&[
            ("MAINSPRING_EVENTS__SEAL_EVENTS", "600"),
            ("MAINSPRING_SERVER__REQUESTS_PER_MINUTE", "1000000"),
        ]);
        if let Some((prefix, acknowledged)) = before.take() {
            let found = stored(&server, &site.keys.api_key, &prefix, &acknowledged).await;
            let lost: Vec<&String> = acknowledged.iter().filter(|id| !found.contains_key(*id)).collect();
            assert!(
                lost.is_empty(),
                "{backend:?} round {prefix}: {} acknowledged events are lost: {lost:?}",
                lost.len()
            );
            let doubled: Vec<_> = found.iter().filter(|(_, times)| **times != 1).collect();
            assert!(doubled.is_empty(), "{backend:?} round {prefix}: stored more than once: {doubled:?}");
            total += acknowledged.len();
            all.push((prefix, acknowledged));
        }
        if round == rounds {
            // What was sound after one restart must be after all: seals and merges went over it since.
            for (prefix, acknowledged) in &all {
                let found = stored(&server, &site.keys.api_key, prefix, acknowledged).await;
                let lost = acknowledged.iter().filter(|id| found.get(*id) != Some(&1)).count();
                assert_eq!(lost, 0, "{backend:?} round {prefix}: lost or doubled by a later round");
            }
            break;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(round);
        let prefix = format!("r{round:03}");
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let seeded = ChaCha8Rng::seed_from_u64(round * CLIENTS + client);
                let name = format!("{prefix}-{client}");
                tokio::spawn(load(server.address.clone(), site.keys.write_key.clone(), name, seeded, stop.clone()))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(rng.random_range(30..500))).await;
        server.kill();
        stop.store(true, Ordering::Relaxed);
        let mut acknowledged = HashSet::new();
        for client in clients {
            acknowledged.extend(client.await.unwrap());
        }
        before = Some((prefix, acknowledged));
    }
    assert!(total > 1_000, "only {total} events were acknowledged: the load was no load");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_or_doubled_when_the_server_is_killed_on_sqlite() {
    rounds(Backend::Sqlite, 50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_or_doubled_when_the_server_is_killed_on_postgres() {
    if Backend::all().contains(&Backend::Postgres) {
        rounds(Backend::Postgres, 15).await;
    }
}
