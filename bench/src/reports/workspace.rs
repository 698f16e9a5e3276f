//! A workspace whose events are those of a lake: its files are linked, not copied; people, companies and deals are made
//! from what the events say, spend is that of the simulated company.
//!
//! Whoever has a user id is known, a lead from the first such event on, and one of a company; every other person has a
//! record of its own, as the program gives each visitor one.

use crate::ingest::server::{Keys, init};
use crate::world;
use anyhow::{Context, Result, ensure};
use jiff::civil::date;
use kernel::ids::{CompanyId, DealId};
use kernel::scope::Scope;
use kernel::time::{DAY, Timestamp};
use lake::{Catalog as _, Col, Columns, Dict, EventRef, FileCatalog, Fold, FoldOptions};
use platform::config::Config;
use platform::params;
use platform::sql::{Db, Value};
use platform::{Platform, World};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use simulator::FileKind;
use std::path::Path;
use std::process::Command;
use tokio::runtime::Runtime;

/// People of one company.
const PEOPLE_OF_COMPANY: usize = 20;
/// People who come back while it is measured, each known to a browser.
pub(crate) const RETURNING: usize = 5_000;
/// Known people for one deal.
const PEOPLE_OF_DEAL: usize = 14;
const ROWS: usize = 20_000;

/// What was made.
pub(crate) struct Made {
    pub(crate) keys: Keys,
    pub(crate) events: u64,
    pub(crate) persons: usize,
    pub(crate) known: usize,
    pub(crate) companies: usize,
    pub(crate) deals: usize,
    pub(crate) spend: usize,
}

/// When each person was first seen and first known.
#[derive(Clone)]
struct FirstSeen;

type Person = (u64, i64, Option<i64>);

impl Fold for FirstSeen {
    type State = (i64, Option<i64>);
    type Output = Vec<Person>;

    fn columns(&self) -> Columns {
        Columns::of(&[Col::UserId])
    }

    fn init(&self) -> Self::State {
        (i64::MAX, None)
    }

    fn step(&self, state: &mut Self::State, event: &EventRef<'_>) {
        state.0 = state.0.min(event.at());
        if state.1.is_none() && event.code(Col::UserId) != 0 {
            state.1 = Some(event.at());
        }
    }

    fn finish(&self, person: u64, state: &mut Self::State, _: &Dict, output: &mut Vec<Person>) {
        output.push((person, state.0, state.1));
    }

    fn output(&self) -> Vec<Person> {
        Vec::new()
    }

    fn merge(&self, into: &mut Vec<Person>, from: Vec<Person>) {
        into.extend(from);
    }
}

/// Makes the workspace in an empty folder.
pub(crate) fn make(runtime: &Runtime, program: &Path, lake: &Path, folder: &Path) -> Result<Made> {
    ensure!(!folder.exists(), "{} exists; remove it", folder.display());
    std::fs::create_dir_all(folder)?;
    let data = folder.join("data");
    let keys = init(program, &data)?;
    let spend = spend(program, folder, &data)?;
    let mut config = Config::load(None, std::iter::empty())?;
    config.data.folder.clone_from(&data);
    runtime.block_on(async {
        let platform = Platform::open(config, World::system()).await?;
        let workspace = platform.accounts.workspaces().await?.into_iter().next().context("a workspace")?;
        let own = data.join("workspaces").join(&workspace.slug);
        let db = platform.db(&Scope::system(workspace, "bench")).await?;
        let (events, mut people) = adopt(&db, lake, folder, &own).await?;
        people.sort_unstable();
        let found = people.len();
        people.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.2 = first.2.into_iter().chain(later.2).min();
            }
            same
        });
        if people.len() < found {
            eprintln!("{} persons came more than once: the files of this lake are not in order", found - people.len());
        }
        let (known, companies, deals) = records(&db, &people).await?;
        Ok(Made { keys, events, persons: people.len(), known, companies, deals, spend })
    })
}

/// Links the lake's files into the workspace and writes them into its catalog.
async fn adopt(db: &Db, lake: &Path, folder: &Path, own: &Path) -> Result<(u64, Vec<Person>)> {
    let copy = folder.join("lake");
    world::copy(lake, &copy)?;
    let state = FileCatalog::new(copy.join("catalog.json")).load().await?;
    let opened = world::open(&copy).await?;
    let people =
        opened.fold(&FirstSeen, &FoldOptions { memory_bytes_max: usize::MAX, ..FoldOptions::default() }).await?;
    drop(opened);
    std::fs::create_dir_all(own)?;
    for part in ["events", "dedup", "log"] {
        let target = own.join(part);
        if target.exists() {
            std::fs::remove_dir_all(&target)?;
        }
        std::fs::rename(copy.join(part), target)?;
    }
    std::fs::remove_dir_all(&copy)?;
    analytics::ingest::adopt(db, &state).await?;
    Ok((state.files.iter().map(|file| file.rows).sum(), people))
}

/// The spend of the simulated company, through the real import.
fn spend(program: &Path, folder: &Path, data: &Path) -> Result<usize> {
    let company = simulator::Company::new(simulator::Settings::until(date(2026, 7, 1)));
    let mut lines = 0;
    for file in company
        .files()
        .into_iter()
        .filter(|file| matches!(file.kind, FileKind::Spend | FileKind::Plan | FileKind::Rates))
    {
        let path = folder.join(file.name);
        std::fs::write(&path, &file.bytes)?;
        lines += file.bytes.iter().filter(|byte| **byte == b'\n').count().saturating_sub(1);
        let mut import = Command::new(program);
        import.arg("import").arg(&path).args(["--apply", "--kind", file.kind.as_str(), "--data"]).arg(data);
        let done = import.output()?;
        ensure!(done.status.success(), "import of {}: {}", file.name, String::from_utf8_lossy(&done.stderr));
    }
    Ok(lines)
}

/// The browser of one of those who come back.
pub(crate) fn returning(number: usize) -> String {
    format!("returning-{number}")
}

/// Writes people, companies and deals.
async fn records(db: &Db, people: &[Person]) -> Result<(usize, usize, usize)> {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let known: Vec<&Person> = people.iter().filter(|person| person.2.is_some()).collect();
    let companies = companies(db, people, known.len() / PEOPLE_OF_COMPANY + 1, &mut rng).await?;
    let mut number = 0;
    let rows = people.iter().map(|(person, at, lead)| {
        let company = lead.map(|_| {
            number += 1;
            companies[number / PEOPLE_OF_COMPANY].clone()
        });
        let (person, at) = (person.cast_signed(), *at);
        let own = params![person, "live", 1_i64, at, at, at, *lead, "{}", at, at, at, *lead, "event:bench", company];
        own.into_iter().chain((0..10).map(|_| Value::from(""))).collect()
    });
    let columns = "person state changed own_created_us own_first_seen_us own_last_seen_us own_lead_us traits created_us \
        first_seen_us last_seen_us lead_us origin company email phone name first_name last_name title country city sort_name \
        search";
    insert(db, "people", columns, rows).await?;
    let links = people.iter().step_by((people.len() / RETURNING).max(1)).take(RETURNING).enumerate();
    let links = links.map(|(number, (person, at, _))| {
        let (value, person) = (returning(number), person.cast_signed());
        params![format!("anonymous_id:{value}"), "anonymous_id", value, person, "linked", *at, "event:bench", "", ""]
    });
    let columns = "identifier kind value person state linked_us source event_id via";
    insert(db, "person_identifiers", columns, links).await?;
    db.execute("update identity_state set changes = 1", Vec::new()).await?;
    let deals = deals(db, &known, &companies, &mut rng).await?;
    Ok((known.len(), companies.len(), deals))
}

async fn companies(db: &Db, people: &[Person], count: usize, rng: &mut ChaCha8Rng) -> Result<Vec<String>> {
    let start = Timestamp::from_micros(people.iter().map(|person| person.1).min().unwrap_or(0));
    let ids: Vec<String> = (0..count).map(|_| CompanyId::new(start, rng).to_string()).collect();
    let rows = ids.iter().enumerate().map(|(number, id)| {
        let (name, key, at) = (format!("Company {number}"), format!("company {number}"), start.micros());
        params![id.clone(), "live", 1_i64, name, key.clone(), "", "", "DE", "{}", at, "import:bench", key]
    });
    let columns = "id state changed name name_key domain industry country properties created_us origin search";
    insert(db, "companies", columns, rows).await?;
    Ok(ids)
}

async fn deals(db: &Db, known: &[&Person], companies: &[String], rng: &mut ChaCha8Rng) -> Result<usize> {
    let (mut deals, mut parts) = (Vec::new(), Vec::new());
    for (number, group) in known.chunks(PEOPLE_OF_DEAL).enumerate() {
        let [first, .., last] = group else { continue };
        let created = first.2.unwrap_or(first.1) + i64::try_from(rng.next_u64() % 60).unwrap_or(0) * DAY;
        let id = DealId::new(Timestamp::from_micros(created), rng).to_string();
        let (outcome, closed) = match number % 4 {
            0 => ("won", Some(created + 45 * DAY)),
            1 => ("lost", Some(created + 30 * DAY)),
            _ => ("open", None),
        };
        let name = format!("Deal {number}");
        let amount = i64::try_from(2_000 + rng.next_u64() % 60_000).unwrap_or(0) * 1_000_000;
        let company = companies[(number * PEOPLE_OF_DEAL / PEOPLE_OF_COMPANY).min(companies.len() - 1)].clone();
        deals.push(params![
            id.clone(),
            "live",
            name.clone(),
            name.to_lowercase(),
            "sales",
            format!("sales/{outcome}"),
            outcome,
            amount,
            "EUR",
            company,
            "",
            "",
            created,
            closed,
            "{}",
            "import:bench",
            ""
        ]);
        for (person, primary) in [(first.0, true), (last.0, false)] {
            parts.push(params![id.clone(), person.cast_signed(), "", primary, "import:bench"]);
        }
    }
    let count = deals.len();
    let columns = "id state name name_key pipeline stage outcome amount_micros currency company owner reason created_us \
        closed_us properties origin source_row";
    insert(db, "deals", columns, deals.into_iter()).await?;
    insert(db, "deal_people", "deal person role is_primary source", parts.into_iter()).await?;
    db.execute("update deal_state set changes = 1", Vec::new()).await?;
    Ok(count)
}

async fn insert(db: &Db, table: &str, columns: &str, rows: impl Iterator<Item = Vec<Value>>) -> Result<()> {
    let columns: Vec<&str> = columns.split_whitespace().collect();
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let mut tx = db.begin().await?;
        tx.insert_many(table, &columns, rows.by_ref().take(ROWS).collect(), "").await?;
        tx.commit().await?;
    }
    Ok(())
}
