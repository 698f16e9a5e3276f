//! Speed beside the peers: a lake filled by the simulator, the engines from PyPI, one table in the docs.

use crate::shell::{self, command, read, step, target};
use crate::tools;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

const PEERS: [&str; 2] = ["chdb==4.4.0", "duckdb==2.0.1"];
const TABLE: &str = "docs/reference/performance.md";

/// `cargo xtask bench [EVENTS] [ROUNDS]`: 20 000 000 events, 5 rounds. `cargo xtask bench ingest [SECONDS]`: ingest alone.
/// `cargo xtask bench soak [DAYS] [EVENTS] [RATE]`: 30 days of 5 000 000 events each, as fast as they are taken or so many a
/// second, and what grows meanwhile.
/// `cargo xtask bench reports [EVENTS] [ROUNDS]`: what the pages ask, alone.
pub(crate) fn run(args: &[String]) -> Result<()> {
    if args.first().is_some_and(|word| word == "ingest") {
        return ingest(args.get(1).map_or("20", String::as_str));
    }
    if args.first().is_some_and(|word| word == "soak") {
        let word =
            |place: usize, default: &str| args.get(place).map_or(default.to_owned(), |word| word.replace('_', ""));
        return soak(&word(1, "30"), &word(2, "5000000"), &word(3, "0"));
    }
    let is_reports = args.first().is_some_and(|word| word == "reports");
    let args = if is_reports { &args[1..] } else { args };
    let number = |place: usize, default: u64| -> Result<u64> {
        args.get(place).map_or(Ok(default), |text| text.replace('_', "").parse().with_context(|| format!("`{text}`")))
    };
    let (events, rounds) = (number(0, 20_000_000)?, number(1, if is_reports { 20 } else { 5 })?);
    if is_reports {
        return reports(events, rounds);
    }
    let peers = peers()?;
    step("benchmark", || {
        shell::run(&mut command("cargo", &["build", "--package", "mainspring", "--package", "bench"]))
    })?;
    let program = target().join("debug/bench");
    let data = target().join(format!("bench-data/{events}"));
    let folder = data.to_string_lossy().into_owned();
    step("events", || shell::run(&mut command(&program, &["make", &folder, &events.to_string()])))?;
    let mut measure = command(&program, &["run", &folder, &rounds.to_string()]);
    let table = read(measure.env("PYTHONPATH", &peers))?;
    let costs = read(&mut command(&program, &["costs", &folder, &rounds.to_string()]))?;
    let date = read(&mut command("date", &["-u", "+%Y-%m-%d"]))?;
    let text = format!("{HEAD}\n{date}, {}.\n\n{table}\n\n{COSTS}\n{costs}", machine());
    write_section(None, &text)?;
    ingest("20")?;
    reports(events, 20)
}

/// Asks the real program what its pages ask and writes what came of it into a section of its own.
fn reports(events: u64, rounds: u64) -> Result<()> {
    step("benchmark of reports", || {
        shell::run(&mut command("cargo", &["build", "--package", "mainspring", "--package", "bench"]))
    })?;
    let program = target().join("debug/bench");
    let lake = target().join(format!("bench-data/{events}"));
    step("events", || shell::run(&mut command(&program, &["make", &lake.to_string_lossy(), &events.to_string()])))?;
    let data = target().join("bench-data/reports");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    let folders = [lake.to_string_lossy().into_owned(), data.to_string_lossy().into_owned()];
    let table = read(&mut command(&program, &["reports", &folders[0], &rounds.to_string(), &folders[1]]))?;
    std::fs::remove_dir_all(&data)?;
    let date = read(&mut command("date", &["-u", "+%Y-%m-%d"]))?;
    write_section(Some(REPORTS_TITLE), &format!("{REPORTS}\n{date}, {}.\n\n{table}\n", machine()))
}

/// Writes a section of the page, or all that comes before the first one; the others stay as they are.
fn write_section(title: Option<&str>, text: &str) -> Result<()> {
    let old = std::fs::read_to_string(TABLE).unwrap_or_default();
    let titles = [INGEST_TITLE, REPORTS_TITLE];
    let start = |title: &str| old.find(&format!("{title}\n"));
    let mut parts: Vec<String> = Vec::new();
    let first = titles.iter().filter_map(|title| start(title)).min().unwrap_or(old.len());
    parts.push(if title.is_none() { text.to_owned() } else { old[..first].to_owned() });
    for section in titles {
        if title == Some(section) {
            parts.push(text.to_owned());
        } else if let Some(from) = start(section) {
            let next = titles.iter().filter_map(|title| start(title)).filter(|other| *other > from).min();
            parts.push(old[from..next.unwrap_or(old.len())].to_owned());
        }
    }
    let parts: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    std::fs::write(TABLE, format!("{}\n", parts.join("\n\n")))?;
    shell::say(text);
    Ok(())
}

/// Sends batches to the real program and writes what came of it into a section of its own.
fn ingest(seconds: &str) -> Result<()> {
    step("benchmark of ingest", || {
        shell::run(&mut command("cargo", &["build", "--package", "mainspring", "--package", "bench"]))
    })?;
    let data = target().join("bench-data/ingest");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    let table = read(&mut command(target().join("debug/bench"), &["ingest", &data.to_string_lossy(), seconds]))?;
    let date = read(&mut command("date", &["-u", "+%Y-%m-%d"]))?;
    let section = format!("{INGEST}\n{date}, {}; {seconds} s of each load.\n\n{table}\n", machine());
    write_section(Some(INGEST_TITLE), &section)
}

/// Sends days of events to the real program, shows what it holds meanwhile, and removes them.
fn soak(days: &str, events: &str, rate: &str) -> Result<()> {
    step("soak", || shell::run(&mut command("cargo", &["build", "--package", "mainspring", "--package", "bench"])))?;
    let data = target().join("bench-data/soak");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    let folder = data.to_string_lossy().into_owned();
    let done = shell::run(&mut command(target().join("debug/bench"), &["soak", &folder, days, events, rate]));
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    done
}
const REPORTS_TITLE: &str = "## Reports";
const REPORTS: &str = "\
## Reports

Generated by `cargo xtask bench reports`. The program itself with its ordinary settings, over loopback HTTP, in a workspace whose
events are those of the lake of the benchmark; every visitor has a record, whoever has a user id is a lead of a company, one in
fourteen of those has a deal; spend is that of the simulated company. Each question is asked once unmeasured, then again and
again, each time with other dates, then the last one once more.
";

const INGEST_TITLE: &str = "## Ingest";
const INGEST: &str = "\
## Ingest

Generated by `cargo xtask bench ingest`. Batches over loopback HTTP to the program itself with its ordinary settings, the load on
the same cores. A batch is acknowledged when it is synced to the disk. CPU is that of the whole server: to the last answer, and until
every event is deduplicated, resolved to its person and visible; what is sealed into Parquet meanwhile is part of it. One event in
twenty brings a new person, one in fifty identifies one. After each load the events are counted in SQL: each is there once. Answers
come before what follows them (decision 10), so a flood waits for its turn to be visible. Memory is the most that the server used
until then.
";

const HEAD: &str = "\
# Performance

Generated by `cargo xtask bench`. Every engine reads the same Parquet files with all cores, files warm, one question after
the other in turn; the answers are compared and must be equal. The build is that of development (decision 6). The decode
floor is the time of reading and unpacking the columns that the question names, and nothing else.
";

const COSTS: &str = "\
## What else a question costs

The same funnel over the same events, one case after the other in turn.
";

/// Where the other engines are, installed when they are not.
fn peers() -> Result<PathBuf> {
    let folder = tools::tools_folder().join("bench-peers");
    if !folder.join("chdb").is_dir() || !folder.join("duckdb").is_dir() {
        tools::python_packages()?;
        let text = folder.to_string_lossy().into_owned();
        let mut install = command("python3", &["-m", "pip", "install", "--quiet", "--target", &text]);
        step("ClickHouse and DuckDB from PyPI", || shell::run(install.args(PEERS)))?;
    }
    Ok(folder)
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    format!("{}, {} of memory", field(&read("/proc/cpuinfo"), "model name"), field(&read("/proc/meminfo"), "MemTotal"))
}
