//! Connections that send batches, each on a thread of its own, as fast as they are answered or at a pace.

use super::corpus::{BATCH, Batch};
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What all connections have in common.
pub(crate) struct Shared {
    pub(crate) address: String,
    /// `Basic …`
    pub(crate) authorization: String,
    pub(crate) next_id: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) stop: AtomicBool,
}

/// How a load is to be.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) connections: usize,
    /// Events a second over all connections; none: as fast as they are answered.
    pub(crate) rate: Option<f64>,
    pub(crate) seconds: f64,
}

/// What one connection found: how long each batch took, in microseconds.
pub(crate) type Latencies = Vec<u32>;

/// Sends until the time is over. The time a batch takes counts from when it was due.
pub(crate) fn run(shared: &Arc<Shared>, batches: &[Batch], shape: Shape) -> Result<Latencies> {
    let begin = Instant::now();
    let threads: Vec<_> = (0..shape.connections)
        .map(|place| {
            let own: Vec<Batch> = batches.iter().skip(place).step_by(shape.connections).cloned().collect();
            let shared = Arc::clone(shared);
            std::thread::spawn(move || connection(&shared, own, shape, place, begin))
        })
        .collect();
    let mut all = Latencies::new();
    for thread in threads {
        all.extend(thread.join().map_err(|_| anyhow::anyhow!("a connection panicked"))??);
    }
    all.sort_unstable();
    Ok(all)
}

fn connection(shared: &Shared, mut own: Vec<Batch>, shape: Shape, place: usize, begin: Instant) -> Result<Latencies> {
    let mut stream = TcpStream::connect(&shared.address)?;
    stream.set_nodelay(true)?;
    let mut latencies = Latencies::new();
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let pause = shape.rate.map(|rate| Duration::from_secs_f64((BATCH * shape.connections) as f64 / rate));
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let mut due = begin + pause.map_or(Duration::ZERO, |pause| pause.mul_f64(place as f64 / shape.connections as f64));
    let end = begin + Duration::from_secs_f64(shape.seconds);
    let mut request = Vec::new();
    for round in 0_u64.. {
        for batch in &mut own {
            let now = Instant::now();
            if now.max(due) >= end || shared.stop.load(Ordering::Relaxed) {
                return Ok(latencies);
            }
            if pause.is_some() && due > now {
                std::thread::sleep(due - now);
            }
            let since = if pause.is_some() { due } else { now };
            batch.renew(shared.next_id.fetch_add(BATCH as u64, Ordering::Relaxed), round);
            frame(&mut request, shared, &batch.body);
            while !send(&mut stream, &request)? {
                shared.refused.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(100));
                if Instant::now() >= end {
                    return Ok(latencies);
                }
            }
            shared.acknowledged.fetch_add(BATCH as u64, Ordering::Relaxed);
            latencies.push(u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX));
            due += pause.unwrap_or_default();
        }
    }
    Ok(latencies)
}

pub(crate) fn frame(request: &mut Vec<u8>, shared: &Shared, body: &[u8]) {
    request.clear();
    let head = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        shared.address,
        shared.authorization,
        body.len()
    );
    request.extend_from_slice(head.as_bytes());
    request.extend_from_slice(body);
}

/// Whether it was acknowledged; false when the server asks to come again.
pub(crate) fn send(stream: &mut TcpStream, request: &[u8]) -> Result<bool> {
    stream.write_all(request)?;
    let (status, body) = answer(stream)?;
    match status {
        200 => Ok(true),
        429 | 503 => Ok(false),
        other => bail!("the server answered {other}: {}", String::from_utf8_lossy(&body)),
    }
}

/// Reads one answer with a length: status and body.
pub(crate) fn answer(stream: &mut TcpStream) -> Result<(u16, Vec<u8>)> {
    let mut bytes = vec![0; 8192];
    let mut filled = 0;
    loop {
        let read = stream.read(&mut bytes[filled..])?;
        anyhow::ensure!(read > 0, "the server closed the connection");
        filled += read;
        if filled == bytes.len() {
            bytes.resize(filled * 2, 0);
        }
        let Some(head) = bytes[..filled].windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&bytes[..head])?;
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).context("no status")?;
        let length = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(Some(0), |(_, value)| value.trim().parse::<usize>().ok())
            .context("no length")?;
        while filled < head + 4 + length {
            bytes.resize(head + 4 + length, 0);
            let read = stream.read(&mut bytes[filled..])?;
            anyhow::ensure!(read > 0, "the server closed the connection");
            filled += read;
        }
        return Ok((status, bytes[head + 4..head + 4 + length].to_vec()));
    }
}
