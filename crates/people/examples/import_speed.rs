//! How fast contacts are imported, identity included: makes a file of a HubSpot export's form, uploads, checks and
//! applies it, and prints seconds and the most memory used.
//!
//! `cargo run -p people --example import_speed -- 1000000`; with `MAINSPRING_TEST_PG_URL` and `postgres` as the second
//! argument, on Postgres.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use kernel::scope::{Actor, Role, Scope};
use people::imports::{Import, Imports, Silent};
use platform::accounts::{NewOwner, NewWorkspace, SignInFrom};
use platform::config::Config;
use platform::{Platform, World};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let rows: u32 = std::env::args().nth(1).unwrap_or_default().parse().unwrap_or(100_000);
    let folder = tempfile::tempdir()?;
    let mut config = Config::default();
    config.data.folder = folder.path().join("data");
    if std::env::args().nth(2).as_deref() == Some("postgres") {
        config.database.url = std::env::var("MAINSPRING_TEST_PG_URL")?;
    }
    let platform = Platform::open(config, World::system()).await?;
    let workspace =
        NewWorkspace { name: "Speed".to_owned(), currency: "EUR".parse()?, time_zone: "Europe/Berlin".to_owned() };
    let owner = NewOwner {
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        password: Some("three random words".to_owned()),
        workspace,
    };
    let set_up = platform.accounts.set_up(owner, &SignInFrom::default()).await?;
    let scope = Scope {
        workspace: set_up.workspace.reference(),
        actor: Actor::User(set_up.user.id.clone()),
        permissions: Role::Owner.permissions(),
    };
    let imports = Imports::new(&platform, Vec::new());
    let path = folder.path().join("contacts.csv");
    write_file(&path, rows)?;
    println!("{rows} rows, {} MB", std::fs::metadata(&path)?.len() / 1_000_000);
    let first = once(&imports, &scope, &path, rows).await?;
    println!("outcomes: {:?}", first.applied);
    Ok(())
}

async fn once(imports: &Imports, scope: &Scope, path: &Path, rows: u32) -> Result<Import, Failure> {
    let start = Instant::now();
    let import = imports.upload_path(scope, path, None).await?;
    report("upload", start, rows);
    let start = Instant::now();
    imports.check_now(scope, &import.id, &Silent).await?;
    report("dry run", start, rows);
    let start = Instant::now();
    let done = imports.apply_now(scope, &import.id, &Silent).await?;
    report("apply", start, rows);
    Ok(done)
}

fn report(step: &str, start: Instant, rows: u32) {
    let seconds = start.elapsed().as_secs_f64();
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let most = memory.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("").to_owned();
    println!("{step}: {seconds:.1} s, {:.0} rows/s, {most}", f64::from(rows) / seconds);
}

fn write_file(path: &Path, rows: u32) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    writeln!(
        file,
        "Record ID,First Name,Last Name,Email,Phone Number,Company Name,Country/Region,Lifecycle Stage,Lead Status,Create Date"
    )?;
    let stages = ["subscriber", "lead", "opportunity", "customer"];
    let countries = ["Germany", "France", "United States", "Spain", "Japan"];
    for number in 0..rows {
        let company = number % 20_000;
        writeln!(
            file,
            "{},First{number},\"Last, {number}\",person{number}@company{company}.example,+49 30 {number:07},Company {company},{},{},New,2026-{:02}-{:02} {:02}:{:02}",
            10_000_000 + number,
            countries[number as usize % 5],
            stages[number as usize % 4],
            1 + number % 2,
            1 + number % 28,
            number % 24,
            number % 60,
        )?;
    }
    file.flush()
}
