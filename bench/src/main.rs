//! Mainspring beside ClickHouse (chDB) and DuckDB on the same Parquet files, in one run, interleaved, with equal answers.
//!
//! `bench make FOLDER EVENTS` lets the simulator fill a lake; `bench run FOLDER ROUNDS` asks every engine every question in
//! turn and prints the table as Markdown; `bench costs FOLDER ROUNDS` prints what a question costs beyond the plain one;
//! `bench ingest FOLDER SECONDS [LOAD]` sends batches to the real program; `bench soak FOLDER DAYS EVENTS RATE` sends it so
//! many days of so many events, so many a second, and looks at what grows; `bench reports LAKE ROUNDS FOLDER` asks it what its pages ask;
//! `bench ours FOLDER ROUNDS` asks this engine alone, for a profiler. `cargo xtask bench` does all but the last, with the peers
//! from PyPI.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

mod costs;
mod ingest;
mod ours;
mod peers;
mod questions;
mod reports;
mod table;
mod world;

use anyhow::{Context, Result, bail};
use std::path::PathBuf;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = PathBuf::from(args.get(1).context("which folder?")?);
    let number = args.get(2).map(|text| text.parse::<u64>()).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match args.first().map(String::as_str) {
        Some("make") => runtime.block_on(world::make(&folder, number.unwrap_or(20_000_000))),
        Some("run") => {
            let rounds = usize::try_from(number.unwrap_or(5))?;
            let table = runtime.block_on(table::measure(&folder, rounds))?;
            println!("{table}");
            Ok(())
        }
        Some("costs") => {
            let rounds = usize::try_from(number.unwrap_or(5))?;
            println!("{}", runtime.block_on(costs::measure(&folder, rounds))?);
            Ok(())
        }
        Some("ours") => runtime.block_on(table::ours_alone(&folder, usize::try_from(number.unwrap_or(5))?)),
        Some("ingest") => {
            let seconds = u32::try_from(number.unwrap_or(20))?;
            let only = args.get(3).map_or("all", String::as_str);
            println!("{}", ingest::run(&folder, f64::from(seconds), only)?);
            Ok(())
        }
        Some("soak") => {
            let days = u32::try_from(number.unwrap_or(30))?;
            let each = args.get(3).map_or(Ok(5_000_000), |text| text.parse())?;
            let rate = args.get(4).map_or(Ok(0), |text| text.parse())?;
            println!("{}", ingest::soak(&folder, days, each, rate)?);
            Ok(())
        }
        Some("reports") => {
            let work = PathBuf::from(args.get(3).context("bench reports LAKE ROUNDS FOLDER WORDS")?);
            let rounds = usize::try_from(number.unwrap_or(20))?;
            let words = args.get(4).map_or("", String::as_str);
            println!("{}", reports::run(&runtime, &folder, &work, rounds, words)?);
            Ok(())
        }
        _ => bail!(
            "bench make FOLDER EVENTS, bench run FOLDER ROUNDS, bench costs FOLDER ROUNDS, bench ours FOLDER ROUNDS, bench \
             ingest FOLDER SECONDS, bench soak FOLDER DAYS EVENTS RATE, or bench reports LAKE ROUNDS FOLDER WORDS"
        ),
    }
}
