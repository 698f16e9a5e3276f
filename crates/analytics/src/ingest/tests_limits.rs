//! What a sender may not do: trickle.

use super::{Lakes, sender_routes};
use base64::Engine as _;
use people::identity::Identity;
use platform::http::serve;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::Backend;
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
