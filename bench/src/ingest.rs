//! Ingest: batches over loopback HTTP to the real program, with the load on the same cores.
//!
//! Three loads, each on an empty folder: as many as it takes; half the bar, for how long a batch waits for its answer; a
//! steady one, for how long until an event is resolved to its person and every question sees it. After each the events are
//! counted in SQL: what was acknowledged is there once.

#![expect(clippy::disallowed_methods, reason = "a load keeps to the clock")]

mod corpus;
pub(crate) mod load;
pub(crate) mod server;
mod soak;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use corpus::Batch;
use kernel::time::{Clock as _, SystemClock};
use load::{Latencies, Shape, Shared};
use server::Server;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub(crate) use soak::soak;

/// What one load came to.
struct Outcome {
    acknowledged: u64,
    refused: u64,
    seconds: f64,
    latencies: Latencies,
    /// CPU until the last answer, and until everything was visible, in seconds: all, user, system.
    answered: [f64; 3],
    visible: [f64; 3],
    /// Seconds from the last answer until everything was visible.
    behind_seconds: f64,
    behind_max: u64,
    /// Seconds between an event's answer and the moment every question sees it, sorted.
    delays: Vec<f64>,
    threads: BTreeMap<String, f64>,
    memory: u64,
}

/// `bench ingest FOLDER [SECONDS] [all|flat|half|steady]`
pub(crate) fn run(folder: &Path, seconds: f64, only: &str) -> Result<String> {
    let program = std::env::current_exe()?.with_file_name("mainspring");
    let now = SystemClock.now().to_string();
    let now = format!("{}.000Z", now.split(['.', 'Z']).next().unwrap_or(""));
    let batches = corpus::batches(&now);
    let bytes: usize = batches.iter().map(|batch| batch.body.len()).sum();
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let each = bytes as f64 / (batches.len() * corpus::BATCH) as f64;
    let mut text = format!("Batches of {} events of {each:.0} bytes; ", corpus::BATCH);
    let _ = writeln!(
        text,
        "reading the same bytes into the same types and nothing else: {:.2} µs an event.\n",
        floor(&batches)?
    );
    let _ = writeln!(
        text,
        "| Load | acknowledged/s | p50 | p99 | CPU to the answer | CPU until visible | visible after p50 | p99 | most waiting | refused | RSS |"
    );
    let _ = writeln!(text, "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let loads = [
        ("flat", "as many as it takes, 32 connections", Shape { connections: 32, rate: None, seconds }),
        ("half", "75 000/s, 32 connections", Shape { connections: 32, rate: Some(75_000.0), seconds }),
        ("steady", "30 000/s, 16 connections", Shape { connections: 16, rate: Some(30_000.0), seconds }),
    ];
    for (name, title, shape) in loads.into_iter().filter(|(name, ..)| only == "all" || only == *name) {
        let own = folder.join(name);
        let outcome = measure(&program, &own, &batches, shape)?;
        eprintln!("{name}: CPU by thread {:?}; {:.1} s until all was visible", outcome.threads, outcome.behind_seconds);
        let _ = writeln!(text, "{}", line(title, &outcome));
        std::fs::remove_dir_all(&own)?;
    }
    Ok(text)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn line(title: &str, outcome: &Outcome) -> String {
    let events = outcome.acknowledged.max(1) as f64;
    let wait = |part: f64| percentile(&outcome.latencies, part).map_or(0.0, |micros| f64::from(micros) / 1e3);
    let delay = |part: f64| percentile(&outcome.delays, part).unwrap_or(0.0);
    let cpu = |[all, user, _]: [f64; 3]| format!("{:.1} µs ({:.1} user)", all * 1e6 / events, user * 1e6 / events);
    format!(
        "| {title} | {:.0} | {:.1} ms | {:.1} ms | {} | {} | {:.2} s | {:.2} s | {} | {} | {} MB |",
        events / outcome.seconds,
        wait(0.5),
        wait(0.99),
        cpu(outcome.answered),
        cpu(outcome.visible),
        delay(0.5),
        delay(0.99),
        outcome.behind_max,
        outcome.refused,
        outcome.memory >> 20
    )
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place")]
fn percentile<T: Copy>(sorted: &[T], part: f64) -> Option<T> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * part) as usize).copied()
}

/// Microseconds an event for reading the messages and nothing else.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn floor(batches: &[Batch]) -> Result<f64> {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let begin = Instant::now();
        let mut read = 0;
        for batch in batches {
            read += analytics::messages::parse_only(&batch.body);
        }
        ensure!(read == batches.len() * corpus::BATCH, "{read} messages were read");
        best = best.min(begin.elapsed().as_secs_f64() * 1e6 / read as f64);
    }
    Ok(best)
}

fn cpu_of(server: &Server, before: &BTreeMap<String, f64>) -> Result<[f64; 3]> {
    let now = server.cpu()?;
    let of = |name: &str| now.get(name).unwrap_or(&0.0) - before.get(name).unwrap_or(&0.0);
    Ok([of("user") + of("system"), of("user"), of("system")])
}

fn measure(program: &Path, folder: &Path, batches: &[Batch], shape: Shape) -> Result<Outcome> {
    let server = Arc::new(Server::start(program, folder)?);
    let key = base64::engine::general_purpose::STANDARD.encode(format!("{}:", server.write_key));
    let shared = Arc::new(Shared {
        address: server.address.clone(),
        authorization: format!("Basic {key}"),
        next_id: AtomicU64::new(1),
        acknowledged: AtomicU64::new(0),
        refused: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    });
    let before = server.cpu()?;
    let begin = Instant::now();
    let watcher = watch(&server, &shared, begin);
    let latencies = load::run(&shared, batches, shape)?;
    let seconds = begin.elapsed().as_secs_f64();
    let answered = cpu_of(&server, &before)?;
    let threads = server.cpu()?;
    // Looked at no more often than the watcher does: an answer about the numbers costs the server milliseconds.
    shared.stop.store(true, Ordering::Relaxed);
    while !watcher.is_finished() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let behind_seconds = begin.elapsed().as_secs_f64() - seconds;
    let visible = cpu_of(&server, &before)?;
    // Before the questions below, which have a limit of their own.
    let memory = server.memory_peak()?;
    let points = watcher.join().ok().context("the watcher panicked")??;
    let acknowledged = shared.acknowledged.load(Ordering::Relaxed);
    let count = server.sql("select count(*) from events")?[0][0].as_u64().context("a count")?;
    ensure!(count >= acknowledged, "{acknowledged} were acknowledged, {count} are there");
    // By the last digit of their numbers: the ids of all at once are more than a question may hold.
    let mut ids = 0;
    for digit in 0..16 {
        let text = format!("select count(distinct event_id) from events where event_id like '%{digit:x}-4f2a'");
        ids += server.sql(&text)?[0][0].as_u64().context("a count")?;
    }
    ensure!(ids == count, "{count} events have {ids} ids");
    Ok(Outcome {
        acknowledged,
        refused: shared.refused.load(Ordering::Relaxed),
        seconds,
        latencies,
        answered,
        visible,
        behind_seconds,
        behind_max: points.iter().map(|point| point.acknowledged.saturating_sub(point.visible)).max().unwrap_or(0),
        delays: delays(&points),
        threads,
        memory,
    })
}

/// At a moment: how many were acknowledged, how many visible.
struct Point {
    at: f64,
    acknowledged: u64,
    visible: u64,
}

/// Looks every few milliseconds until the load stops and all of it is visible.
fn watch(server: &Arc<Server>, shared: &Arc<Shared>, begin: Instant) -> std::thread::JoinHandle<Result<Vec<Point>>> {
    let (server, shared) = (Arc::clone(server), Arc::clone(shared));
    std::thread::spawn(move || {
        let mut points = Vec::new();
        loop {
            let (acknowledged, is_over) =
                (shared.acknowledged.load(Ordering::Relaxed), shared.stop.load(Ordering::Relaxed));
            let behind = server.behind()?;
            let visible = acknowledged.saturating_sub(behind);
            points.push(Point { at: begin.elapsed().as_secs_f64(), acknowledged, visible });
            if is_over && behind == 0 {
                return Ok(points);
            }
            std::thread::sleep(Duration::from_millis(if is_over && behind > 10_000 { 500 } else { 25 }));
        }
    })
}

/// For each moment, how long it took until what was acknowledged then was visible.
fn delays(points: &[Point]) -> Vec<f64> {
    let mut delays = Vec::new();
    let mut later = 0;
    for point in points {
        while points.get(later).is_some_and(|one| one.visible < point.acknowledged) {
            later += 1;
        }
        let Some(seen) = points.get(later) else { break };
        delays.push((seen.at - point.at).max(0.0));
    }
    delays.sort_by(f64::total_cmp);
    delays
}
