//! From the bytes of an SDK to a visible event of a person, on both databases.

use super::*;
use crate::events::{self, FateFilter, FateStatus};
use async_trait::async_trait;
use base64::Engine as _;
use bytes::Bytes;
use futures::StreamExt as _;
use kernel::problem::{Class, Problem};
use kernel::scope::Scope;
use lake::{Event, Lake};
use parking_lot::Mutex;
use people::identity::{Identity, Observation, Resolved};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use testkit::{Client, TestPlatform};

struct Site {
    platform: TestPlatform,
    lakes: Lakes,
    sender: Client,
    reader: Client,
}

impl Site {
    fn new(platform: TestPlatform) -> Self {
        let identity = Identity::new(&platform.platform);
        Self::with(platform, Arc::new(identity))
    }

    fn with(platform: TestPlatform, resolver: Arc<dyn Resolver>) -> Self {
        let lakes = Lakes::new(&platform.platform, resolver);
        let sender = Client::of(sender_routes(lakes.clone()));
        let reader = platform.client(vec![events::routes(lakes.clone())]);
        Self { platform, lakes, sender, reader }
    }

    fn key(&self) -> String {
        self.platform.set_up.write_key.secret.clone()
    }

    fn basic(&self) -> Client {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{}:", self.key()));
        self.sender.clone().header("authorization", &format!("Basic {pair}"))
    }

    async fn lake(&self) -> Lake {
        self.lakes.get(&self.platform.scope.workspace).await.unwrap()
    }

    /// Waits until everything that was appended is visible.
    async fn settled(&self) -> Lake {
        let lake = self.lake().await;
        loop {
            let watermark = lake.watermark();
            if watermark.offset == watermark.appended_offset {
                return lake;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn stored(&self) -> Vec<Event> {
        let lake = self.settled().await;
        let mut all = Vec::new();
        for offset in 1..=lake.watermark().offset {
            all.extend(lake.event_at(offset).await.unwrap());
        }
        all
    }

    async fn send(&self, call: &str, body: &Value) -> testkit::Answer {
        self.basic().post(&format!("/v1/{call}"), body).await
    }
}

fn track(id: &str) -> Value {
    json!({"type": "track", "event": "Signed up", "anonymousId": "a1", "messageId": id, "properties": {}})
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap().into()
}

/// OS §4.2: the ways in which real clients send.
#[tokio::test]
async fn os_4_2_every_way_of_sending_arrives() {
    for platform in testkit::platforms().await {
        let site = Site::new(platform);
        let key = site.key();
        let answer = site.send("batch", &json!({"batch": [track("m1"), track("m2")]})).await.expect(200);
        assert_eq!(answer.json(), json!({"success": true}));
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        // The key in the body, as text/plain: analytics-next.
        let mut one = track("m3");
        one["writeKey"] = json!(key);
        let bytes = |value: &Value| Bytes::from(value.to_string());
        site.sender.raw("POST", "/v1/t", bytes(&one), Some("text/plain")).await.expect(200);
        // gzip under a form's label: rudder-sdk-node.
        let batch = json!({"batch": [track("m4")], "writeKey": key}).to_string();
        let form = Some("application/x-www-form-urlencoded");
        site.sender.raw("POST", "/v1/batch", gzip(batch.as_bytes()), form).await.expect(200);
        // The key in the query, and only inside the message.
        site.sender.post(&format!("/v1/track?writeKey={key}"), &track("m5")).await.expect(200);
        let mut inside = track("m6");
        inside["writeKey"] = json!(key);
        site.sender.post("/v1/b", &json!({"batch": [inside]})).await.expect(200);
        for (call, message) in [
            (
                "i",
                json!({"userId": "u1", "anonymousId": "a1", "traits": {"email": "ada@acme.example"}, "messageId": "m7"}),
            ),
            ("page", json!({"anonymousId": "a1", "messageId": "m8"})),
            ("s", json!({"anonymousId": "a1", "name": "Home", "messageId": "m9"})),
            ("group", json!({"userId": "u1", "groupId": "g1", "traits": {"name": "Acme"}, "messageId": "m10"})),
            ("a", json!({"previousId": "a9", "userId": "u1", "messageId": "m11"})),
        ] {
            site.send(call, &message).await.expect(200);
        }
        let stored = site.stored().await;
        let ids: Vec<&str> = stored.iter().map(|event| event.event_id.as_str()).collect();
        assert_eq!(ids, ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11"]);
        let key_id = site.platform.set_up.write_key.key.id.to_string();
        assert!(stored.iter().all(|event| event.person != 0 && event.write_key == key_id));
        assert!(stored.iter().all(|event| !event.raw.contains(&key)), "a write key is not stored");
        site.lakes.close().await;
    }
}

#[tokio::test]
async fn a_message_sent_again_is_stored_once_and_said_so() {
    for platform in testkit::platforms().await {
        let site = Site::new(platform);
        let batch = json!({"batch": [track("m1"), track("m1"), track("m2")]});
        for _ in 0..3 {
            site.send("batch", &batch).await.expect(200);
        }
        assert_eq!(site.stored().await.len(), 2);
        let page = site.reader.get("/api/v1/events?limit=500").await.expect(200).json();
        let statuses: Vec<&str> =
            page["items"].as_array().unwrap().iter().map(|fate| fate["status"].as_str().unwrap()).collect();
        assert_eq!(statuses.len(), 9);
        assert_eq!(statuses.iter().filter(|status| **status == "accepted").count(), 2);
        let repeats = site.reader.get("/api/v1/events?status=duplicate").await.expect(200).json();
        assert_eq!(repeats["items"].as_array().unwrap().len(), 7);
        site.lakes.close().await;
    }
}

/// AN 1.5: 200 also for what is wrong; it is kept, with its reason, and shown.
#[tokio::test]
async fn an_1_5_a_wrong_event_is_quarantined_not_dropped() {
    for platform in testkit::platforms().await {
        let site = Site::new(platform);
        let wrong = json!({"type": "track", "event": "No one", "messageId": "w1"});
        let late = json!({"type": "track", "event": "Late", "userId": "u", "messageId": "d1", "timestamp": "2099-01-01T00:00:00Z"});
        let body = json!({"batch": [wrong, 7, late, track("m1")]});
        site.send("batch", &body).await.expect(200);
        site.send("batch", &body).await.expect(200);
        assert_eq!(site.stored().await.len(), 2);
        let rejected = site.reader.get("/api/v1/quarantine?status=rejected").await.expect(200).json();
        let rows = rejected["items"].as_array().unwrap();
        let codes: Vec<&str> = rows.iter().map(|row| row["code"].as_str().unwrap()).collect();
        assert_eq!(codes.len(), 2, "the same message is one row: {codes:?}");
        assert!(codes.contains(&"no_identifier") && codes.contains(&"unreadable"));
        assert!(rows.iter().all(|row| row["seen"] == 2));
        let doubtful = site.reader.get("/api/v1/events?status=suspicious").await.expect(200).json();
        assert_eq!(doubtful["items"][0]["code"], "future_time");
        assert_eq!(doubtful["items"][0]["name"], "Late");
        let first = site.reader.get("/api/v1/quarantine?limit=1").await.expect(200).json();
        let cursor = first["next_cursor"].as_str().unwrap();
        let next = site.reader.get(&format!("/api/v1/quarantine?limit=2&cursor={cursor}")).await.expect(200).json();
        assert_eq!(next["items"].as_array().unwrap().len(), 2);
        assert_eq!(next["next_cursor"], Value::Null);
        site.reader.get("/api/v1/quarantine?cursor=x").await.expect(422);
        site.lakes.close().await;
    }
}

#[tokio::test]
async fn limits_and_keys_are_answered_as_clients_expect() {
    let site = Site::new(testkit::platform(testkit::Backend::Sqlite).await);
    site.sender.post("/v1/track", &track("m1")).await.expect(401);
    let answer = site.sender.post("/v1/track?writeKey=no", &track("m1")).await.expect(401);
    assert_eq!(
        (answer.code().as_str(), &answer.headers["access-control-allow-origin"]),
        ("unknown_write_key", &"*".parse().unwrap())
    );
    site.send("nothing", &track("m1")).await.expect(404);
    let mut large = track("big");
    large["properties"]["text"] = json!("x".repeat(33 * 1024));
    let answer = site.send("batch", &json!({"batch": [large, track("m2")]})).await.expect(400);
    assert_eq!(answer.code(), "message_too_large");
    assert_eq!(site.stored().await.len(), 1, "the others of the batch are stored");
    let many: Vec<Value> = (0..20)
        .map(|number| {
            let mut message = track(&number.to_string());
            message["properties"]["text"] = json!("x".repeat(30 * 1024));
            message
        })
        .collect();
    assert_eq!(site.send("batch", &json!({"batch": many})).await.expect(400).code(), "batch_too_large");
    assert_eq!(site.basic().raw("POST", "/v1/batch", "data=e30".into(), None).await.expect(400).code(), "unreadable");
    let kept = site.reader.get("/api/v1/quarantine?code=unreadable").await.expect(200).json();
    assert_eq!(kept["items"][0]["raw"], "data=e30");
    site.lakes.close().await;
}

#[tokio::test]
async fn a_browser_may_send_from_any_page() {
    let site = Site::new(testkit::platform(testkit::Backend::Sqlite).await);
    let asked = site.sender.clone().header("access-control-request-headers", "authorization,content-type,x-custom");
    let answer = asked.raw("OPTIONS", "/v1/t", Bytes::new(), None).await.expect(204);
    assert_eq!(answer.headers["access-control-allow-headers"], "authorization,content-type,x-custom");
    let settings = format!("/v1/projects/{}/settings", site.key());
    let answer = site.sender.clone().header("host", "t.acme.example:7788").get(&settings).await.expect(200);
    let delivery = &answer.json()["integrations"]["Segment.io"];
    assert_eq!(delivery["apiHost"], "t.acme.example:7788/v1");
    assert_eq!((&delivery["protocol"], &delivery["apiKey"]), (&json!("http"), &json!(site.key())));
    assert_eq!(answer.json()["metrics"]["sampleRate"], 0, "nothing is sent to the SDK's maker");
    site.sender.get("/v1/projects/unknown/settings").await.expect(404);
    let script = site.sender.get("/mainspring.js").await.expect(200);
    assert!(script.headers["content-type"].to_str().unwrap().starts_with("text/javascript"));
    site.lakes.close().await;
}

/// The operator sees an event as it arrives; the filter holds for the stream.
#[tokio::test]
async fn the_live_stream_shows_what_passes_the_filter() {
    let site = Site::new(testkit::platform(testkit::Backend::Sqlite).await);
    let intake = site.lakes.intake(&site.platform.scope.workspace).await.unwrap();
    let filter = FateFilter { name: Some("signed".to_owned()), ..FateFilter::default() };
    let mut watched = Box::pin(intake.live.watch(filter));
    site.send("page", &json!({"anonymousId": "a1", "messageId": "p1"})).await.expect(200);
    site.send("batch", &json!({"batch": [track("m1")]})).await.expect(200);
    let fate = watched.next().await.unwrap();
    assert_eq!((fate.name.as_str(), fate.status), ("Signed up", FateStatus::Accepted));
    let person = fate.person.unwrap().to_string();
    let of_person = site.reader.get(&format!("/api/v1/events?person={person}")).await.expect(200).json();
    assert_eq!(of_person["items"].as_array().unwrap().len(), 2);
    let detail = site.reader.get(&format!("/api/v1/events/{}", fate.offset.unwrap())).await.expect(200).json();
    assert_eq!((&detail["name"], &detail["raw"]["messageId"]), (&json!("Signed up"), &json!("m1")));
    assert_eq!(detail["person"], json!(person));
    site.reader.get("/api/v1/events/999").await.expect(404);
    site.lakes.close().await;
}

/// After a restart nothing is lost, nothing is twice, and the live page is not empty.
#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    for platform in testkit::platforms().await {
        let site = Site::new(platform);
        site.send("batch", &json!({"batch": [track("m1"), track("m2"), {"type": "track"}]})).await.expect(200);
        site.settled().await;
        site.lakes.close().await;
        let Site { platform, lakes, sender, reader } = site;
        drop((lakes, sender, reader));
        let site = Site::new(platform);
        site.lakes.open_all().await;
        site.send("batch", &json!({"batch": [track("m2"), track("m3")]})).await.expect(200);
        assert_eq!(site.stored().await.len(), 3);
        loop {
            let fates = site.reader.get("/api/v1/events?limit=500").await.expect(200).json();
            let of = |status: &str| {
                fates["items"].as_array().unwrap().iter().filter(|fate| fate["status"] == status).count()
            };
            if (of("accepted"), of("rejected"), of("duplicate")) == (3, 1, 1) {
                break;
            }
            tokio::task::yield_now().await;
        }
        site.lakes.close().await;
    }
}

/// A resolver that fails as it is told, and counts.
struct Faulty {
    inner: Identity,
    poison: &'static str,
    failures: AtomicU32,
    panics: AtomicU32,
    seen: Mutex<Vec<u64>>,
}

#[async_trait]
impl Resolver for Faulty {
    async fn resolve(&self, scope: &Scope, batch: &[Observation]) -> Result<Vec<Resolved>, Problem> {
        let broken = || Problem::new(Class::Internal, "broken", "the test broke it");
        if self.panics.load(Ordering::SeqCst) > 0 {
            self.panics.fetch_sub(1, Ordering::SeqCst);
            panic!("the test broke it");
        }
        if self.failures.load(Ordering::SeqCst) > 0 {
            self.failures.fetch_sub(1, Ordering::SeqCst);
            return Err(broken());
        }
        if batch.iter().any(|observation| observation.user_id.as_deref() == Some(self.poison)) {
            assert_ne!(self.poison, "panics", "the test broke it");
            return Err(broken());
        }
        self.seen.lock().extend(batch.iter().map(|observation| observation.offset));
        Resolver::resolve(&self.inner, scope, batch).await
    }

    async fn merges(&self, scope: &Scope) -> Result<Arc<HashMap<u64, u64>>, Problem> {
        Resolver::merges(&self.inner, scope).await
    }

    fn known_merges(&self, scope: &Scope) -> Arc<HashMap<u64, u64>> {
        Resolver::known_merges(&self.inner, scope)
    }
}

async fn faulty(poison: &'static str, failures: u32) -> (Site, Arc<Faulty>) {
    let platform = testkit::platform(testkit::Backend::Sqlite).await;
    let inner = Identity::new(&platform.platform);
    let resolver = Arc::new(Faulty {
        inner,
        poison,
        failures: AtomicU32::new(failures),
        panics: AtomicU32::new(0),
        seen: Mutex::default(),
    });
    (Site::with(platform, resolver.clone()), resolver)
}

/// While identity fails, events are taken and wait; then all become visible, in order.
#[tokio::test]
async fn a_failing_identity_delays_and_loses_nothing() {
    let (site, resolver) = faulty("", 3).await;
    for number in 0..5 {
        site.send("batch", &json!({"batch": [track(&format!("m{number}"))]})).await.expect(200);
    }
    let lake = site.lake().await;
    while lake.watermark().offset < 5 {
        tokio::task::yield_now().await;
    }
    let ids: Vec<String> = site.stored().await.into_iter().map(|event| event.event_id).collect();
    assert_eq!(ids, ["m0", "m1", "m2", "m3", "m4"]);
    let seen = resolver.seen.lock().clone();
    assert!(seen.is_sorted(), "{seen:?}");
    site.lakes.close().await;
}

/// One event that cannot be resolved is admitted as nobody's, and does not hold up the others: also when it makes
/// identity panic, and although the pump looks at other things between its failures.
#[tokio::test]
async fn one_event_that_cannot_be_resolved_holds_up_nobody() {
    for poison in ["fails", "panics"] {
        let (site, _) = faulty(poison, 0).await;
        poisoned(site, poison).await;
    }
}

async fn poisoned(site: Site, poison: &str) {
    let poison = json!({"type": "track", "event": "Odd", "userId": poison, "messageId": "p"});
    site.send("batch", &json!({"batch": [track("m1"), poison, track("m2")]})).await.expect(200);
    let lake = site.lake().await;
    while lake.watermark().offset < 3 {
        tokio::task::yield_now().await;
    }
    let stored = site.stored().await;
    assert_eq!(stored.len(), 3);
    assert_eq!(stored[0].person, stored[2].person);
    assert_ne!(stored[0].person, stored[1].person);
    let doubts = site.reader.get("/api/v1/quarantine?code=unresolved").await.expect(200).json();
    assert_eq!(doubts["items"][0]["message_id"], "p");
    let fates = site.reader.get("/api/v1/events?status=suspicious").await.expect(200).json();
    assert_eq!(fates["items"][0]["code"], "unresolved");
    site.lakes.close().await;
}

/// A failure that has passed by the time it is asked again makes no event nobody's.
#[tokio::test]
async fn a_passing_failure_takes_no_event_from_its_person() {
    // Four fail the batch, the fifth the event by itself.
    let (site, _) = faulty("nobody", 5).await;
    site.send("batch", &json!({"batch": [track("m1")]})).await.expect(200);
    let lake = site.lake().await;
    while lake.watermark().offset < 1 {
        tokio::task::yield_now().await;
    }
    site.send("batch", &json!({"batch": [track("m2")]})).await.expect(200);
    site.settled().await;
    let stored = site.stored().await;
    assert_eq!(stored[0].person, stored[1].person);
    let doubts = site.reader.get("/api/v1/quarantine?code=unresolved").await.expect(200).json();
    assert_eq!(doubts["items"], json!([]));
    site.lakes.close().await;
}

#[tokio::test]
async fn a_pump_that_ends_by_itself_is_begun_anew() {
    use platform::http::{Readiness, Ready as _};
    let (site, resolver) = faulty("nobody", 0).await;
    resolver.panics.store(1, Ordering::SeqCst);
    assert_eq!(site.lakes.readiness(), Readiness::Ready);
    site.send("batch", &json!({"batch": [track("m1")]})).await.expect(200);
    while site.lakes.readiness() == Readiness::Ready {
        tokio::task::yield_now().await;
    }
    let no = "the events of 0 workspaces cannot be opened, those of 1 are not read";
    assert_eq!(site.lakes.readiness(), Readiness::No(no.to_owned()));
    site.settled().await;
    while site.lakes.readiness() != Readiness::Ready {
        tokio::task::yield_now().await;
    }
    assert_eq!(site.stored().await.len(), 1);
    site.lakes.close().await;
}

/// A write key is public: what noise it brings is bounded, and never half kept.
#[tokio::test]
async fn a_key_whose_messages_are_rejected_has_to_wait() {
    let site = Site::new(testkit::platform(testkit::Backend::Sqlite).await);
    let noise: Vec<Value> = (0..lakes::REJECTED_PER_MINUTE).map(|number| json!(number)).collect();
    site.send("batch", &json!({"batch": noise})).await.expect(200);
    let refused = site.send("batch", &json!({"batch": [7, track("m1")]})).await.expect(429);
    assert_eq!(
        (refused.code().as_str(), &refused.headers["retry-after"]),
        ("too_many_rejected", &"60".parse().unwrap())
    );
    assert_eq!(site.stored().await.len(), 0, "nothing of it was kept");
    site.send("batch", &json!({"batch": [track("m1")]})).await.expect(200);
    site.platform.advance(kernel::time::MINUTE);
    site.send("batch", &json!({"batch": [7]})).await.expect(200);
    site.lakes.close().await;
}

/// The catalog in the database says what it was told, on both databases.
#[tokio::test]
async fn the_catalog_is_switched_whole() {
    use lake::{Catalog as _, CatalogState, FileEntry, RunEntry, Switch};
    for platform in testkit::platforms().await {
        let catalog = catalog::DbCatalog(platform.db.clone());
        assert_eq!(catalog.load().await.unwrap(), CatalogState::default());
        let file = |id| FileEntry {
            id,
            path: format!("events/{id}.parquet"),
            bucket: 3,
            month: 2026 * 12 + 2,
            rows: 7,
            bytes: 99,
            at_min: -5,
            at_max: i64::MAX,
            offset_min: 1,
            offset_max: 9,
        };
        let run = |id| RunEntry { id, path: format!("dedup/{id}.run"), entries: 7, bytes: 56 };
        let first = Switch {
            add_files: vec![file(1), file(2)],
            add_runs: vec![run(3)],
            sealed: Some((9, 77)),
            next_id: 4,
            buckets: 32,
            ..Switch::default()
        };
        let second = Switch {
            add_files: vec![file(4)],
            remove_files: vec![1, 2],
            remove_runs: vec![3],
            next_id: 5,
            ..Switch::default()
        };
        let mut expected = CatalogState::default();
        for switch in [first, second] {
            catalog.switch(&switch).await.unwrap();
            expected.apply(&switch);
            assert_eq!(catalog.load().await.unwrap(), expected);
        }
        let broken =
            Switch { add_files: vec![file(6), file(6)], sealed: Some((1_000, 1)), next_id: 7, ..Switch::default() };
        catalog.switch(&broken).await.unwrap_err();
        assert_eq!(catalog.load().await.unwrap(), expected, "a switch that fails changes nothing");
    }
}

/// AN-A: the snippet stays within 5 kB, and is the one that its source gives.
#[test]
fn an_a_the_snippet_is_small_and_up_to_date() {
    let built = include_str!("../../snippet/mainspring.min.js");
    let mut sum = flate2::Crc::new();
    sum.update(include_bytes!("../../snippet/mainspring.js"));
    let mark = format!("/*{:08x}*/", sum.sum());
    assert!(built.starts_with(&mark), "run `node build.mjs` in crates/analytics/snippet");
    assert!(gzip(built.as_bytes()).len() <= 5 * 1024);
}
