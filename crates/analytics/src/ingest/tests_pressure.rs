//! More than can be taken up: who sends too much is told to wait, loses nothing, and holds up nobody else.

use super::pump::Resolver;
use super::{Lakes, SENDER_ROUTES, sender_routes};
use async_trait::async_trait;
use base64::Engine as _;
use kernel::problem::{Class, Problem};
use kernel::scope::Scope;
use lake::{Lake, SqlLimits};
use people::identity::{Identity, Observation, Resolved};
use platform::accounts::NewWorkspace;
use platform::http::{Edge, EdgeSettings};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use testkit::{Backend, Client};

/// A text that does not get smaller when it is packed.
pub(super) fn noise(seed: usize, length: usize) -> String {
    let mut text = String::with_capacity(length + 16);
    for place in 0..length.div_ceil(16) {
        let number = xxhash_rust::xxh3::xxh3_64(&[seed, place].map(usize::to_le_bytes).concat());
        text.push_str(&format!("{number:016x}"));
    }
    text
}

/// A resolver that cannot be reached for one workspace as long as it is told so.
struct Gated {
    inner: Identity,
    slug: String,
    closed: AtomicBool,
}

#[async_trait]
impl Resolver for Gated {
    async fn resolve(&self, scope: &Scope, batch: &[Observation]) -> Result<Vec<Resolved>, Problem> {
        if scope.workspace.slug == self.slug && self.closed.load(Ordering::SeqCst) {
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

fn batch(name: &str, number: usize, bytes: usize) -> Value {
    let one = |place: usize| {
        json!({
            "type": "track", "event": "Seen", "anonymousId": format!("{name}-{}", number % 7),
            "messageId": format!("{name}-{number}-{place}"), "properties": {"text": noise(number * 100 + place, bytes)}
        })
    };
    json!({"batch": (0..10).map(one).collect::<Vec<Value>>()})
}

async fn settled(lake: &Lake) {
    while lake.watermark().offset < lake.watermark().appended_offset {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Events, their different ids, and those of them whose id begins so.
async fn counted(lake: &Lake, prefix: &str) -> Vec<u64> {
    settled(lake).await;
    let sql = format!(
        "select count(*), count(distinct event_id), count(*) filter (where event_id like '{prefix}-%') from events"
    );
    let answer = lake.sql(&sql, Vec::new(), SqlLimits::default()).await.unwrap();
    answer.rows[0].iter().map(|value| value.as_u64().unwrap()).collect()
}

/// The flood goes to one workspace, whose events are not taken up: it gets 429 with `Retry-After` when a megabyte waits. The
/// other one is answered and sees its events all the while. Who was refused sends again until it is taken: each event is
/// there once, and none with the neighbour.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_told_to_wait_loses_nothing_and_holds_up_no_neighbour() {
    let mut test = testkit::platform(Backend::Sqlite).await;
    let mut config = (*test.platform.config).clone();
    config.events.backlog_megabytes_max = 1;
    test.platform.config = Arc::new(config);
    let new = NewWorkspace {
        name: "Beta".to_owned(),
        currency: "EUR".parse().unwrap(),
        time_zone: "Europe/Berlin".to_owned(),
    };
    let accounts = &test.platform.accounts;
    let (_, beta_key) = accounts.create_workspace(&test.set_up.user.id, new).await.unwrap();
    let (acme, beta) = (test.scope.workspace.clone(), {
        let (workspace, _) = accounts.authenticate_write_key(&beta_key.secret).await.unwrap().unwrap();
        workspace
    });
    assert_ne!(acme.id, beta.id);
    let inner = Identity::new(&test.platform);
    let resolver = Arc::new(Gated { inner, slug: acme.slug.clone(), closed: true.into() });
    let lakes = Lakes::new(&test.platform, resolver.clone());
    let settings = EdgeSettings { requests_per_minute: 1_000_000, trust_proxy: true };
    let edge = Edge::new(Arc::new(accounts.clone()), test.platform.world.clone(), settings);
    let (router, _, _) = edge.add_open(sender_routes(lakes.clone()), &SENDER_ROUTES).into_parts();
    let client = |key: &str| {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{key}:"));
        Client::of(router.clone()).header("authorization", &format!("Basic {pair}"))
    };
    let (flood, neighbour) = (client(&test.set_up.write_key.secret), client(&beta_key.secret));
    let (acme, beta) = (lakes.get(&acme).await.unwrap(), lakes.get(&beta).await.unwrap());
    let (mut refused, mut taken) = (Vec::new(), 0);
    for number in 0..60 {
        let answer = flood.post("/v1/batch", &batch("flood", number, 5_000)).await;
        if answer.status == 429 {
            assert_eq!(answer.code(), "overloaded");
            assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
            assert_eq!(answer.headers["access-control-expose-headers"], "Retry-After");
            refused.push(number);
        } else {
            answer.expect(200);
            taken += 1;
        }
        neighbour.post("/v1/batch", &batch("calm", number, 10)).await.expect(200);
        if number % 20 == 0 {
            settled(&beta).await;
        }
    }
    // A megabyte is twenty of these batches, and what waited is bounded by it.
    assert!((10..=21).contains(&taken), "{taken} were taken");
    assert_eq!(acme.watermark().offset, 0, "nothing of the flood is visible");
    assert_eq!(counted(&beta, "calm").await, [600, 600, 600]);
    resolver.closed.store(false, Ordering::SeqCst);
    for _ in 0..400 {
        let mut still = Vec::new();
        for number in refused {
            // As a client does that got no answer: it also sends what was taken before.
            let again = if number % 5 == 0 { number / 20 } else { number };
            if again != number {
                flood.post("/v1/batch", &batch("flood", again, 5_000)).await;
            }
            if flood.post("/v1/batch", &batch("flood", number, 5_000)).await.status != 200 {
                still.push(number);
            }
        }
        refused = still;
        if refused.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(refused.is_empty(), "{refused:?} were never taken");
    assert_eq!(counted(&acme, "flood").await, [600, 600, 600]);
    assert_eq!(counted(&beta, "calm").await, [600, 600, 600]);
    lakes.close().await;
}
