//! Rounds of questions, the check that the answers are equal, and the table.

use crate::ours;
use crate::peers::Peer;
use crate::questions::{Answer, Question};
use anyhow::{Result, ensure};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// The middle one, in seconds.
pub(crate) fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64)
}

/// Fails when two answers differ by more than rounding.
fn compare(question: Question, ours: &Answer, name: &str, theirs: &Answer) -> Result<()> {
    for key in ours.keys().chain(theirs.keys()) {
        let (one, other) = (ours.get(key).copied().unwrap_or(0.0), theirs.get(key).copied().unwrap_or(0.0));
        let most = 1e-6 * one.abs().max(other.abs()).max(1e-3);
        ensure!((one - other).abs() <= most, "{question:?}, {key}: {one} here, {other} of {name}");
    }
    Ok(())
}

/// Asks everybody everything in turn, `rounds` times after one to warm up.
pub(crate) async fn measure(folder: &Path, rounds: usize) -> Result<String> {
    let lake = crate::world::open(folder).await?;
    let mut peers = vec![Peer::start("chdb", folder)?, Peer::start("duckdb", folder)?];
    let events = lake.watermark().offset;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mut text = format!("{events} events, {cores} cores, medians of {rounds} rounds, interleaved; ");
    let names: Vec<String> = peers.iter().map(|peer| format!("{} {}", peer.name, peer.version)).collect();
    let _ = writeln!(text, "{}.\n", names.join(", "));
    let _ = writeln!(text, "| Question | Mainspring | decode floor | × floor | ClickHouse | DuckDB | × better peer |");
    let _ = writeln!(text, "|---|---:|---:|---:|---:|---:|---:|");
    for question in Question::ALL {
        let mut times: Vec<Vec<Duration>> = vec![Vec::new(); 4];
        for round in 0..=rounds {
            let floor = ours::floor(&lake, question).await?;
            let (took, answer) = ours::ask(&lake, question).await?;
            let mut all = vec![took, floor];
            for peer in &mut peers {
                let (took, theirs) = peer.ask(question)?;
                compare(question, &answer, peer.name, &theirs)?;
                all.push(took);
            }
            if round > 0 {
                times.iter_mut().zip(all).for_each(|(times, took)| times.push(took));
            }
        }
        let figures: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
        let [ours, floor, clickhouse, duckdb] = figures[..] else { continue };
        let _ = writeln!(
            text,
            "| {} | {ours:.3} s | {floor:.3} s | {:.2} | {clickhouse:.3} s | {duckdb:.3} s | {:.1} |",
            question.title(),
            ours / floor,
            clickhouse.min(duckdb) / ours
        );
    }
    Ok(text)
}

/// This engine alone: every question `rounds` times, with its times. For a profiler, `BENCH_ONLY` names one question and
/// `BENCH_FLOOR` leaves out all but the decoding.
pub(crate) async fn ours_alone(folder: &Path, rounds: usize) -> Result<()> {
    let lake = crate::world::open(folder).await?;
    let only = std::env::var("BENCH_ONLY").ok();
    let floor_only = std::env::var_os("BENCH_FLOOR").is_some();
    for question in Question::ALL.into_iter().filter(|one| only.as_ref().is_none_or(|only| only == one.name())) {
        let mut times = Vec::new();
        let mut floors = Vec::new();
        for _ in 0..rounds {
            if only.is_none() || floor_only {
                floors.push(ours::floor(&lake, question).await?);
            }
            if !floor_only {
                times.push(ours::ask(&lake, question).await?.0);
            }
        }
        println!("{}: {:.3} s, floor {:.3} s", question.name(), median(&mut times), median(&mut floors));
    }
    Ok(())
}
