//! Doubts survive whatever fails between the receipt of an event and its admission.

use super::pump::Resolver;
use super::{Lakes, sender_routes};
use crate::events;
use async_trait::async_trait;
use base64::Engine as _;
use kernel::problem::{Class, Problem};
use kernel::scope::Scope;
use people::identity::{Identity, Observation, Resolved};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use testkit::{Backend, Client};

fn track(id: &str) -> Value {
    json!({"type": "track", "event": "Signed up", "anonymousId": "a1", "messageId": id, "properties": {}})
}

/// A resolver that cannot be reached as long as it is told so.
struct Gated {
    inner: Identity,
    closed: AtomicBool,
}

#[async_trait]
impl Resolver for Gated {
    async fn resolve(&self, scope: &Scope, batch: &[Observation]) -> Result<Vec<Resolved>, Problem> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Problem::new(Class::Unavailable, "closed", "the test closed it"));
        }
        Resolver::resolve(&self.inner, scope, batch).await
    }

    async fn merges(&self, scope: &Scope) -> Result<Arc<HashMap<u64, u64>>, Problem> {
        Resolver::merges(&self.inner, scope).await
    }

    fn known_merges(&self, scope: &Scope) -> Arc<HashMap<u64, u64>> {
        Resolver::known_merges(&self.inner, scope)
    }
}

/// A doubt about a stored event is told, although another request with the same event was refused meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_refused_takes_no_doubt_of_another() {
    let mut test = testkit::platform(Backend::Sqlite).await;
    let mut config = (*test.platform.config).clone();
    config.events.backlog_megabytes_max = 1;
    test.platform.config = Arc::new(config);
    let inner = Identity::new(&test.platform);
    let resolver = Arc::new(Gated { inner, closed: true.into() });
    let lakes = Lakes::new(&test.platform, resolver.clone());
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:", test.set_up.write_key.secret));
    let sender = Client::of(sender_routes(lakes.clone())).header("authorization", &format!("Basic {basic}"));
    let reader = test.client(vec![events::routes(lakes.clone())]);
    let mut late = track("late");
    late["timestamp"] = json!("2099-01-01T00:00:00Z");
    sender.post("/v1/track", &late).await.expect(200);
    // Nothing is taken up, until no more may wait.
    let large = |number: usize| {
        let mut message = track(&format!("m{number}"));
        message["properties"]["text"] = json!(super::tests_pressure::noise(number, 30_000));
        message
    };
    let batch = |from: usize| (from..from + 10).map(large).collect::<Vec<Value>>();
    let mut sent = 0;
    while sender.post("/v1/batch", &json!({"batch": batch(sent)})).await.status == 200 {
        sent += 10;
        assert!(sent < 1_000);
    }
    let intake = lakes.intake(&test.scope.workspace).await.unwrap();
    let again = [vec![late], batch(sent)].concat();
    sender.post("/v1/batch", &json!({"batch": again})).await.expect(429);
    assert_eq!(intake.doubts.of("late").len(), 1);
    resolver.closed.store(false, Ordering::SeqCst);
    let watermark = || intake.lake.watermark();
    while watermark().offset < watermark().appended_offset {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let suspicious = loop {
        let found = reader.get("/api/v1/events?status=suspicious").await.expect(200).json();
        if found["items"].as_array().is_some_and(|items| !items.is_empty()) {
            break found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(
        (&suspicious["items"][0]["message_id"], &suspicious["items"][0]["code"]),
        (&json!("late"), &json!("future_time"))
    );
    assert_eq!(intake.doubts.len(), 0, "and is forgotten then");
    lakes.close().await;
}
