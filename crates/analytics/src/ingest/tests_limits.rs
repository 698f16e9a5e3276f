//! What a sender may not do: trickle, and guess keys.

use super::{Lakes, SENDER_ROUTES, sender_routes};
use base64::Engine as _;
use people::identity::Identity;
use platform::http::{Edge, EdgeSettings, serve};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::{Backend, Client};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn track(id: &str) -> Value {
    json!({"type": "track", "event": "Signed up", "anonymousId": "a1", "messageId": id, "properties": {}})
}

/// A client over a socket that sends its body byte by byte, for ever: it gets an answer, and the connection is closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_trickles_is_given_up() {
    let mut test = testkit::platform(Backend::Sqlite).await;
    let mut config = (*test.platform.config).clone();
    config.server.body_seconds_max = 1;
    test.platform.config = Arc::new(config);
    let lakes = Lakes::new(&test.platform, Arc::new(Identity::new(&test.platform)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, sender_routes(lakes.clone()), std::future::pending()));
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:", test.set_up.write_key.secret));
    let head = |length: usize| {
        format!(
            "POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let (mut reader, mut writer) = tokio::net::TcpStream::connect(address).await.unwrap().into_split();
    writer.write_all(head(100_000).as_bytes()).await.unwrap();
    let trickle = tokio::spawn(async move {
        while writer.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let (began, mut answer) = (Instant::now(), Vec::new());
    // The close may come as a reset, after the answer.
    let ended = tokio::time::timeout(Duration::from_secs(10), reader.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the connection is closed");
    assert!(began.elapsed() >= Duration::from_millis(900));
    let answer = String::from_utf8_lossy(&answer).to_lowercase();
    assert!(answer.starts_with("http/1.1 503") && answer.contains("body_too_slow"), "{answer}");
    assert!(answer.contains("retry-after: 1") && answer.contains("connection: close"), "{answer}");
    tokio::time::timeout(Duration::from_secs(10), trickle).await.unwrap().unwrap();
    // Who sends at a human pace is served as ever.
    let body = json!({"batch": [track("m1")]}).to_string();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(head(body.len()).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    server.abort();
    lakes.close().await;
}

/// Who sends with keys that are not known gets 401, and after so many 429; the others at the address are served.
#[tokio::test]
async fn a_guesser_of_write_keys_has_to_wait() {
    let test = testkit::platform(Backend::Sqlite).await;
    let lakes = Lakes::new(&test.platform, Arc::new(Identity::new(&test.platform)));
    let settings = EdgeSettings { requests_per_minute: 3, trust_proxy: true };
    let edge = Edge::new(Arc::new(test.platform.accounts.clone()), test.platform.world.clone(), settings);
    let (router, _, _) = edge.add_open(sender_routes(lakes.clone()), &SENDER_ROUTES).into_parts();
    let client = Client::of(router).header("x-forwarded-for", "203.0.113.7");
    let basic = |key: &str| {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{key}:"));
        client.clone().header("authorization", &format!("Basic {pair}"))
    };
    // In the header, in the query, in the body: one account. A known key is looked at before the body is read as JSON.
    let answer = basic("wk_1").raw("POST", "/v1/track", "not json".into(), None).await.expect(401);
    assert_eq!(answer.code(), "unknown_write_key");
    client.post("/v1/track?writeKey=wk_2", &track("m1")).await.expect(401);
    let mut inside = track("m1");
    inside["writeKey"] = json!("wk_3");
    client.post("/v1/track", &inside).await.expect(401);
    for answer in [
        basic("wk_4").post("/v1/track", &track("m1")).await,
        client.post("/v1/track", &track("m1")).await,
        client.get("/v1/projects/wk_5/settings").await,
    ] {
        let answer = answer.expect(429);
        let seconds: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=21).contains(&seconds), "{seconds}");
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
    }
    for number in 0..5 {
        let known = basic(&test.set_up.write_key.secret);
        known.post("/v1/track", &track(&format!("m{number}"))).await.expect(200);
    }
    let elsewhere = client.header("x-forwarded-for", "203.0.113.8");
    elsewhere.post("/v1/track?writeKey=wk_6", &track("m1")).await.expect(401);
    lakes.close().await;
}
