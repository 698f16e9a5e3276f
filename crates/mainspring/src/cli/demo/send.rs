//! Sends the demo company's messages to the server the way an SDK does: batches over HTTP, a few at a time, each repeated
//! until it is acknowledged.

use anyhow::{Context, Result, bail};
use futures::StreamExt as _;
use futures::stream;
use indicatif::ProgressBar;
use simulator::{Company, Message};
use std::time::Duration;

/// Bytes of messages in a batch; the server takes 500 kB.
const BATCH_BYTES: usize = 400_000;
/// Batches on their way at the same time. More would only wait in the server's queue.
const IN_FLIGHT: usize = 4;
/// How often a batch is repeated when the server asks to wait.
const TRIES_MAX: u32 = 200;

/// Sends every message; returns how many.
pub(crate) async fn send(company: &Company, address: &str, write_key: &str, bar: &ProgressBar) -> Result<u64> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build()?;
    let url = format!("{address}/v1/batch");
    let batches = Batches { messages: company.events(), next: None };
    let mut answers = stream::iter(batches)
        .map(|batch| {
            let (client, url) = (client.clone(), url.clone());
            async move { deliver(&client, &url, write_key, batch).await }
        })
        .buffered(IN_FLIGHT);
    let mut sent = 0;
    while let Some(count) = answers.next().await {
        sent += count?;
        bar.set_position(sent);
    }
    Ok(sent)
}

struct Batch {
    body: String,
    count: u64,
}

/// Messages in batches of about [`BATCH_BYTES`], in their order.
struct Batches<I> {
    messages: I,
    next: Option<Message>,
}

impl<I: Iterator<Item = Message>> Iterator for Batches<I> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let mut body = String::with_capacity(BATCH_BYTES + 4_096);
        body.push_str("{\"batch\":[");
        let mut count = 0;
        while let Some(message) = self.next.take().or_else(|| self.messages.next()) {
            if count > 0 && body.len() + message.json.len() > BATCH_BYTES {
                self.next = Some(message);
                break;
            }
            if count > 0 {
                body.push(',');
            }
            body.push_str(&message.json);
            count += 1;
        }
        body.push_str("]}");
        (count > 0).then_some(Batch { body, count })
    }
}

async fn deliver(client: &reqwest::Client, url: &str, write_key: &str, batch: Batch) -> Result<u64> {
    let body = bytes::Bytes::from(batch.body);
    for _ in 0..TRIES_MAX {
        let request = client.post(url).basic_auth(write_key, Some("")).header("Content-Type", "application/json");
        let answer = request.body(body.clone()).send().await.context("the server does not answer")?;
        let status = answer.status().as_u16();
        match status {
            200..=299 => return Ok(batch.count),
            429 | 503 => {
                let wait = answer.headers().get("Retry-After").and_then(|value| value.to_str().ok()?.parse().ok());
                tokio::time::sleep(Duration::from_secs(wait.unwrap_or(1))).await;
            }
            _ => bail!("the server refused a batch ({status}): {}", answer.text().await.unwrap_or_default()),
        }
    }
    bail!("the server was too busy for {TRIES_MAX} tries")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::time::Timestamp;

    #[test]
    fn batches_keep_every_message_in_order() {
        let message = |number: usize| Message {
            at: Timestamp::from_micros(0),
            json: format!("{{\"n\":{number},\"pad\":\"{}\"}}", "x".repeat(90_000)),
        };
        let batches: Vec<Batch> = Batches { messages: (0..10).map(message), next: None }.collect();
        assert_eq!(batches.iter().map(|batch| batch.count).sum::<u64>(), 10);
        let mut seen = Vec::new();
        for batch in &batches {
            assert!(batch.body.len() < BATCH_BYTES + 100_000);
            let value: serde_json::Value = serde_json::from_str(&batch.body).unwrap();
            seen.extend(value["batch"].as_array().unwrap().iter().map(|one| one["n"].as_u64().unwrap()));
        }
        assert_eq!(seen, (0..10).collect::<Vec<u64>>());
    }
}
