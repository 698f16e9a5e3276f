//! A long run: days of events through HTTP to the real program, in order, and what it holds in memory and on the disk
//! meanwhile.
//!
//! People come back as they do: mostly soon, some after weeks. A few events are late by up to three days, a few batches are
//! sent twice, at once or much later. At the end the events are counted in SQL, and what must be bounded is looked at.

use super::corpus::{BATCH, Batch, Draw, of_anybody};
use super::load::{Shared, frame, send};
use super::server::Server;
use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use kernel::time::{Clock as _, DAY, SystemClock, Timestamp};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CONNECTIONS: u64 = 8;
/// Batches that are made; they are sent again and again, each time about others.
const TEMPLATES: usize = 64;
/// Days after which somebody is replaced by a new one, roughly: the number of people grows with the number of events.
const EVENTS_OF_ONE: u64 = 150;
/// Events of one visit, on the average.
const EVENTS_OF_A_VISIT: u64 = 3;
/// One event in so many is late.
const LATE: u64 = 50;
/// One batch in so many is sent twice in a row; one in so many, again after [`LATER`] others.
const TWICE: u64 = 200;
const LATER: usize = 3_000;

/// Most bytes of memory, and of the write-ahead file of the database.
const MEMORY_MAX: u64 = 512 << 20;
const WAL_MAX: u64 = 160 << 20;

/// What is common to all connections.
struct World {
    shared: Shared,
    /// People so far.
    people: AtomicU64,
    /// Batches given out so far.
    batches: AtomicU64,
    repeated: AtomicU64,
    /// Most bytes of the write-ahead file that were seen.
    wal_max: AtomicU64,
    done: AtomicBool,
    begin: Instant,
    /// Seconds from one batch to the next over all connections; zero: as fast as they are answered.
    pause: f64,
}

/// One simulated day.
#[derive(Clone, Copy)]
struct Day {
    number: u32,
    start: Timestamp,
    /// The number of the last batch of the day.
    until: u64,
}

/// Sizes of what the program keeps, in bytes.
struct Sizes {
    memory: u64,
    events: u64,
    log: u64,
    dedup: u64,
    database: u64,
    wal: u64,
}

fn size_of_folder(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    // What is removed meanwhile counts nothing.
    let one = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => size_of_folder(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.flatten().map(one).sum()
}

fn size_of(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |data| data.len())
}

fn sizes(server: &Server, workspace: &Path) -> Result<Sizes> {
    Ok(Sizes {
        memory: server.memory()?,
        events: size_of_folder(&workspace.join("events")),
        log: size_of_folder(&workspace.join("log")),
        dedup: size_of_folder(&workspace.join("dedup")),
        database: size_of(&workspace.join("main.db")),
        wal: size_of(&workspace.join("main.db-wal")),
    })
}

/// The one workspace of a data folder.
fn workspace_of(data: &Path) -> Result<PathBuf> {
    let mut all = std::fs::read_dir(data.join("workspaces"))?;
    Ok(all.next().context("no workspace")??.path())
}

fn moment_text(moment: Timestamp) -> String {
    let micros = moment.micros().rem_euclid(1_000_000) / 1_000;
    let text = moment.to_string();
    format!("{}.{micros:03}Z", text.split(['.', 'Z']).next().unwrap_or_default())
}

/// `bench soak FOLDER DAYS EVENTS RATE`: so many events a second, zero for as many as are taken.
#[expect(clippy::cast_precision_loss, reason = "a small count")]
pub(crate) fn soak(folder: &Path, days: u32, each: u64, rate: u32) -> Result<String> {
    let program = std::env::current_exe()?.with_file_name("mainspring");
    let server = Server::start(&program, folder)?;
    let workspace = workspace_of(&folder.join("data"))?;
    let key = base64::engine::general_purpose::STANDARD.encode(format!("{}:", server.write_key));
    let world = Arc::new(World {
        shared: Shared {
            address: server.address.clone(),
            authorization: format!("Basic {key}"),
            next_id: AtomicU64::new(1),
            acknowledged: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        },
        people: AtomicU64::new(1),
        batches: AtomicU64::new(0),
        repeated: AtomicU64::new(0),
        wal_max: AtomicU64::new(0),
        done: AtomicBool::new(false),
        begin: Instant::now(),
        pause: if rate == 0 { 0.0 } else { BATCH as f64 / f64::from(rate) },
    });
    let watcher = watch(&world, workspace.join("main.db-wal"));
    let mut text = String::from(
        "| Day | events | /s | refused | not visible yet | people | RSS | at most | events/ | log/ | dedup/ | main.db | WAL |\n\
         |---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    let first = SystemClock.now().micros() - i64::from(days) * DAY;
    let begin = Instant::now();
    for number in 0..days {
        let start = Timestamp::from_micros(first + i64::from(number) * DAY);
        let until = (u64::from(number) + 1) * each / BATCH as u64;
        let line = one_day(&world, &server, &workspace, Day { number, start, until })?;
        eprint!("{line}");
        text.push_str(&line);
    }
    let sent = begin.elapsed();
    while server.behind()? > 0 {
        std::thread::sleep(Duration::from_secs(1));
    }
    let visible = begin.elapsed();
    world.done.store(true, Ordering::Relaxed);
    watcher.join().ok().context("the watcher panicked")?;
    conclude(&world, &server, &workspace, (sent, visible), text)
}

/// The table with what it means, or what is beyond its bound.
fn conclude(
    world: &World,
    server: &Server,
    workspace: &Path,
    (sent, visible): (Duration, Duration),
    mut text: String,
) -> Result<String> {
    let stored = world.batches.load(Ordering::Relaxed) * BATCH as u64;
    // Before the question, which has a limit of its own.
    let memory = server.memory_peak()?;
    let count = server.sql("select count(*) from events")?[0][0].as_u64().context("a count")?;
    let now = sizes(server, workspace)?;
    let wal = world.wal_max.load(Ordering::Relaxed);
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let of_one = |bytes: u64| bytes as f64 / stored.max(1) as f64;
    let _ = write!(
        text,
        "\n{stored} events once each and {} again, in {:.0} s, all visible after {:.0} s; {count} are there. {} people. Of an \
         event: {:.0} bytes in events/, {:.1} in dedup/, {:.1} in main.db. At most {} MB of memory and {} MB of WAL.\n",
        world.repeated.load(Ordering::Relaxed),
        sent.as_secs_f64(),
        visible.as_secs_f64(),
        world.people.load(Ordering::Relaxed),
        of_one(now.events),
        of_one(now.dedup),
        of_one(now.database),
        memory >> 20,
        wal >> 20
    );
    ensure!(count == stored, "{stored} events were sent, {count} are there\n{text}");
    ensure!(memory < MEMORY_MAX, "{} MB of memory\n{text}", memory >> 20);
    ensure!(wal < WAL_MAX, "{} MB of write-ahead file\n{text}", wal >> 20);
    Ok(text)
}

/// Looks at the write-ahead file several times a second.
fn watch(world: &Arc<World>, wal: PathBuf) -> std::thread::JoinHandle<()> {
    let world = Arc::clone(world);
    std::thread::spawn(move || {
        while !world.done.load(Ordering::Relaxed) {
            world.wal_max.fetch_max(size_of(&wal), Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(200));
        }
    })
}

fn one_day(world: &Arc<World>, server: &Server, workspace: &Path, day: Day) -> Result<String> {
    let begin = Instant::now();
    let (before, refused) = (world.batches.load(Ordering::Relaxed), world.shared.refused.load(Ordering::Relaxed));
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|place| {
            let world = Arc::clone(world);
            std::thread::spawn(move || connection(&world, day, place))
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| anyhow::anyhow!("a connection panicked"))??;
    }
    let events = (world.batches.load(Ordering::Relaxed) - before) * BATCH as u64;
    let seconds = begin.elapsed().as_secs_f64();
    let Sizes { memory, events: files, log, dedup, database, wal } = sizes(server, workspace)?;
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let rate = events as f64 / seconds;
    Ok(format!(
        "| {} | {events} | {rate:.0} | {} | {} | {} | {} MB | {} MB | {} MB | {} MB | {} MB | {} MB | {} MB |\n",
        day.number + 1,
        world.shared.refused.load(Ordering::Relaxed) - refused,
        server.behind()?,
        world.people.load(Ordering::Relaxed),
        memory >> 20,
        server.memory_peak()? >> 20,
        files >> 20,
        log >> 20,
        dedup >> 20,
        database >> 20,
        wal >> 20
    ))
}

fn connection(world: &World, day: Day, place: u64) -> Result<()> {
    let mut stream = TcpStream::connect(&world.shared.address)?;
    stream.set_nodelay(true)?;
    let mut own = of_anybody(TEMPLATES);
    let mut earlier: VecDeque<Vec<u8>> = VecDeque::new();
    let mut request = Vec::new();
    for round in 0.. {
        // Only what is sent has a number, so that their count is that of what must be there.
        let taken = world
            .batches
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| (number < day.until).then_some(number + 1));
        let Ok(number) = taken else { return Ok(()) };
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let due = Duration::from_secs_f64(number as f64 * world.pause);
        std::thread::sleep(due.saturating_sub(world.begin.elapsed()));
        let batch = &mut own[round % TEMPLATES];
        renew(world, batch, day, number);
        frame(&mut request, &world.shared, &batch.body);
        deliver(world, &mut stream, &request)?;
        world.shared.acknowledged.fetch_add(BATCH as u64, Ordering::Relaxed);
        if number.is_multiple_of(TWICE) {
            repeat(world, &mut stream, &request)?;
        }
        if number % TWICE == place {
            earlier.push_back(request.clone());
        }
        if earlier.len() > LATER / TWICE as usize
            && let Some(old) = earlier.pop_front()
        {
            repeat(world, &mut stream, &old)?;
        }
    }
    Ok(())
}

fn repeat(world: &World, stream: &mut TcpStream, request: &[u8]) -> Result<()> {
    deliver(world, stream, request)?;
    world.repeated.fetch_add(BATCH as u64, Ordering::Relaxed);
    Ok(())
}

/// Sends a request until it is acknowledged.
fn deliver(world: &World, stream: &mut TcpStream, request: &[u8]) -> Result<()> {
    while !send(stream, request)? {
        world.shared.refused.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn renew(world: &World, batch: &mut Batch, day: Day, number: u64) {
    let mut draw = Draw(number << 20);
    let mut other = Draw((number << 20) + (1 << 19));
    let person = || {
        if draw.below(EVENTS_OF_ONE / EVENTS_OF_A_VISIT) == 0 {
            return world.people.fetch_add(1, Ordering::Relaxed);
        }
        // Mostly those who came last.
        let all = world.people.load(Ordering::Relaxed);
        let part = draw.below(1 << 20);
        let back = (u128::from(part) * u128::from(part) * u128::from(part) * u128::from(all)) >> 60;
        all - 1 - u64::try_from(back).unwrap_or(0).min(all - 1)
    };
    let moment = || {
        let late = if other.below(LATE) == 0 { DAY * (1 + other.below(3).cast_signed()) } else { 0 };
        let at = day.start.micros() + other.below(DAY.cast_unsigned()).cast_signed() - late;
        moment_text(Timestamp::from_micros(at))
    };
    batch.tell(number * BATCH as u64 + 1, person, moment, &moment_text(SystemClock.now()));
}
