//! How fast events are resolved to people: a first pass makes the people, a second one finds them again. Prints events
//! a second for each.
//!
//! `cargo run -p people --example identity_speed -- 300000`; with `MAINSPRING_TEST_PG_URL` and `postgres` as the second
//! argument, on Postgres.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use kernel::scope::{Actor, Role, Scope};
use kernel::time::{SECOND, Timestamp};
use people::identity::{Identity, Kind, Observation, ObservationKind, PersonInput, upsert_people};
use people::upsert::Source;
use platform::accounts::{NewOwner, NewWorkspace, SignInFrom};
use platform::config::Config;
use platform::{Platform, World};
use std::time::Instant;

type Failure = Box<dyn std::error::Error>;

/// Events in one batch, as the pump hands them over.
const BATCH: usize = 5_000;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let events: u64 = std::env::args().nth(1).unwrap_or_default().parse().unwrap_or(300_000);
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
    let identity = Identity::new(&platform);
    let start = platform.world.now();
    let pass = |round: u64| -> Vec<Observation> { (0..events).map(|n| event(start, round, n, events / 10)).collect() };
    for (round, name) in [(0, "new people"), (1, "known people"), (2, "known people again")] {
        let all = pass(round);
        let begin = Instant::now();
        for batch in all.chunks(BATCH) {
            identity.resolve(&scope, batch).await?;
        }
        let seconds = begin.elapsed().as_secs_f64();
        println!("{name}: {events} events in {seconds:.2} s, {:.0} a second", events as f64 / seconds);
    }
    let begin = Instant::now();
    let db = platform.db(&scope).await?;
    for chunk in 0..events.div_ceil(5_000) {
        let rows: Vec<PersonInput> = (chunk * 5_000..(chunk + 1) * 5_000).map(|n| row(start, n)).collect();
        let mut tx = db.begin().await?;
        upsert_people(&mut tx, &platform.world, &rows).await?;
        tx.commit().await?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!("upsert: {events} rows in {seconds:.2} s, {:.0} a second", events as f64 / seconds);
    Ok(())
}

fn event(start: Timestamp, round: u64, n: u64, people: u64) -> Observation {
    let person = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) % people.max(1);
    let sign_in = n.is_multiple_of(20) && round == 0;
    Observation {
        offset: round * 10_000_000 + n + 1,
        at: start.plus(i64::try_from(round * 10_000 + n / 100).unwrap_or(0) * SECOND),
        kind: if sign_in { ObservationKind::Identify } else { ObservationKind::Activity },
        event_id: format!("m-{round}-{n}"),
        anonymous_id: Some(format!("browser-{person}")),
        email: sign_in.then(|| format!("person{person}@company{}.com", person % 2_000)),
        human: true,
        ..Observation::default()
    }
}

fn row(at: Timestamp, n: u64) -> PersonInput {
    let mut row = PersonInput::new(at, Source::Actor(Actor::System("speed".to_owned())));
    row.identifiers = vec![
        (Kind::Email, format!("contact{n}@company{}.com", n % 2_000)),
        (Kind::External("crm".to_owned()), n.to_string()),
    ];
    for (name, value) in [("first_name", "Jo"), ("last_name", "Ek"), ("title", "CTO"), ("country", "AT")] {
        row.traits.insert(name.to_owned(), serde_json::Value::String(value.to_owned()));
    }
    row
}
