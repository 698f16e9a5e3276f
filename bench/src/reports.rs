//! What people ask on the pages of the program, over HTTP, in a workspace whose events are those of a lake: Home and its
//! tiles, standard reports, Explore; how long it takes to start and how much memory it needs.

#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

mod questions;
mod workspace;

use crate::ingest::server::Server;
use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use questions::Question;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// So many come back between two questions.
const BACK: usize = 1_000;

/// `bench reports LAKE ROUNDS FOLDER WORDS`: the questions whose names have these words.
pub(crate) fn run(runtime: &Runtime, lake: &Path, folder: &Path, rounds: usize, words: &str) -> Result<String> {
    let program = std::env::current_exe()?.with_file_name("mainspring");
    let made = workspace::make(runtime, &program, lake, folder)?;
    let mut text = format!(
        "{} events, {} persons ({} of them known), {} companies, {} deals, {} lines of spend.\n\n",
        made.events, made.persons, made.known, made.companies, made.deals, made.spend
    );
    let started = Instant::now();
    let server = Server::serve(&program, folder, made.keys.clone())?;
    server.ask("GET", "/api/v1/metrics-registry", "")?;
    let up = started.elapsed();
    std::thread::sleep(Duration::from_secs(3));
    let idle = server.memory()?;
    let cold = Instant::now();
    // The first answer may take longer than a request may: the next request waits for the same work.
    let home = loop {
        match server.ask("GET", "/api/v1/dashboards/home", "") {
            Ok(home) => break home,
            Err(error) if cold.elapsed() > Duration::from_mins(10) => return Err(error),
            Err(_) => {}
        }
    };
    let home: Value = serde_json::from_slice(&home)?;
    let cold = cold.elapsed();
    ensure!(home["tiles"].as_array().is_some_and(|tiles| tiles.len() == 6), "Home has no tiles: {home}");
    let after_home = server.memory()?;
    let _ = writeln!(text, "| The program | |\n|---|---:|");
    let _ = writeln!(text, "| start-up, until the first answer | {} |", seconds(up));
    let _ = writeln!(text, "| memory, idle | {} |", megabytes(idle));
    let _ = writeln!(text, "| the first Home after the start | {} |", seconds(cold));
    let _ = writeln!(text, "| memory after Home | {} |", megabytes(after_home));
    let mut table = String::new();
    let _ = writeln!(table, "| Question | asked | p50 | p95 | max | the same again |\n|---|---:|---:|---:|---:|---:|");
    for question in questions::all().into_iter().filter(|question| question.name.contains(words)) {
        let line = measure(&server, &question, rounds)?;
        let _ = writeln!(table, "{line}");
        eprintln!("{line} {}", megabytes(server.memory()?));
    }
    let _ = writeln!(text, "| memory after everything below | {} |", megabytes(server.memory()?));
    let renewed = renewed(&server, &made.keys.write_key, rounds)?;
    let arriving = arriving(&server, &made.keys.write_key, rounds)?;
    let _ = writeln!(text, "| most memory at any time | {} |\n", megabytes(server.memory_peak()?));
    let _ = writeln!(text, "{table}\n{renewed}\n{arriving}");
    Ok(text)
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

fn timed(server: &Server, (method, path, body): &(&str, String, String)) -> Result<(Duration, Vec<u8>)> {
    let started = Instant::now();
    let answer = server.ask(method, path, body)?;
    Ok((started.elapsed(), answer))
}

/// Asks with other dates each time, then the last one once more.
fn measure(server: &Server, question: &Question, rounds: usize) -> Result<String> {
    let rounds = rounds.min(question.rounds_max);
    let mut times = Vec::with_capacity(rounds);
    // What is read for the first time is not what is measured.
    timed(server, &question.ask(rounds)).with_context(|| question.name.clone())?;
    for round in 0..rounds {
        times.push(timed(server, &question.ask(round)).with_context(|| question.name.clone())?.0);
    }
    let (again, _) = timed(server, &question.ask(rounds - 1))?;
    let (p50, p95, max) = spread(times);
    Ok(format!("| {} | {rounds} | {p50} | {p95} | {max} | {} |", question.name, milliseconds(again)))
}

/// The middle one, the one that 95 of 100 do not exceed, and the longest.
fn spread(mut times: Vec<Duration>) -> (String, String, String) {
    times.sort_unstable();
    let at = |part: f64| {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small counts"
        )]
        let place = ((times.len() as f64 * part).ceil() as usize).clamp(1, times.len()) - 1;
        milliseconds(times[place])
    };
    (at(0.5), at(0.95), at(1.0))
}

/// The same questions again, each time after some people have come back: the dates reach beyond the last event.
fn renewed(server: &Server, write_key: &str, rounds: usize) -> Result<String> {
    let key = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{write_key}:")));
    let mut table = format!(
        "| The same question after {BACK} of {} people came back | asked | p50 | p95 | max |\n|---|---:|---:|---:|---:|",
        workspace::RETURNING
    );
    let rounds = rounds.min(20);
    for question in questions::lasting() {
        timed(server, &question.ask(0)).with_context(|| question.name.clone())?;
        let mut times = Vec::with_capacity(rounds);
        for round in 0..rounds {
            come_back(server, &key, &question.name, round)?;
            times.push(timed(server, &question.ask(0)).with_context(|| question.name.clone())?.0);
        }
        let (p50, p95, max) = spread(times);
        let line = format!("| {} | {rounds} | {p50} | {p95} | {max} |", question.name);
        eprintln!("{line}");
        let _ = write!(table, "\n{line}");
    }
    Ok(table + "\n")
}

/// Events of people who come back, until they are visible.
fn come_back(server: &Server, key: &str, question: &str, round: usize) -> Result<()> {
    let people: Vec<usize> = (0..BACK).map(|place| (round * BACK + place) * 7 % workspace::RETURNING).collect();
    for some in people.chunks(100) {
        let event = |person: &usize| {
            json!({"type": "page", "anonymousId": workspace::returning(*person), "messageId": format!("{question} {round} {person}"),
                "context": {"page": {"path": "/", "url": "https://northlathe.example/"}, "userAgent": "Mozilla/5.0"}})
        };
        let batch: Vec<Value> = some.iter().map(event).collect();
        server.ask_with(key, "POST", "/v1/batch", &json!({ "batch": batch }).to_string())?;
    }
    let sent = Instant::now();
    while server.behind()? > 0 {
        ensure!(sent.elapsed() < Duration::from_mins(2), "the events were never visible");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Home while events arrive: how long an answer takes, and how long until one counts the newest event.
fn arriving(server: &Server, write_key: &str, rounds: usize) -> Result<String> {
    let key = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{write_key}:")));
    let (mut homes, mut renewed) = (Vec::new(), Vec::new());
    let before = server.cpu()?["user"];
    for round in 0..rounds.min(10) {
        let event = json!({"type": "page", "anonymousId": format!("arriving-{round}"), "messageId": format!("arriving-{round}"),
            "context": {"page": {"path": "/", "url": "https://northlathe.example/"}, "userAgent": "Mozilla/5.0"}});
        server.ask_with(&key, "POST", "/v1/batch", &json!({ "batch": [event] }).to_string())?;
        let sent = Instant::now();
        std::thread::sleep(Duration::from_millis(200));
        loop {
            let asked = ("GET", "/api/v1/dashboards/home".to_owned(), String::new());
            let (time, answer) = timed(server, &asked)?;
            homes.push(time);
            let home: Value = serde_json::from_slice(&answer)?;
            if home["watermark"]["lag_seconds"].as_u64() == Some(0) {
                break;
            }
            ensure!(sent.elapsed() < Duration::from_mins(10), "Home never saw the event");
            std::thread::sleep(Duration::from_millis(100));
        }
        renewed.push(sent.elapsed());
    }
    let cpu = (server.cpu()?["user"] - before) / f64::from(u32::try_from(renewed.len().max(1))?);
    homes.sort_unstable();
    renewed.sort_unstable();
    let p95 = homes[(homes.len() * 95).div_ceil(100).clamp(1, homes.len()) - 1];
    Ok(format!(
        "While events arrive, Home answers from what it has: p95 {}. It counts a new event after {} (median; {:.2} s of CPU).",
        milliseconds(p95),
        seconds(renewed[renewed.len() / 2]),
        cpu
    ))
}
