//! Erasing on both databases, with a lake.

use super::*;
use crate::identity::{Kind, Observation, ObservationKind, PersonInput, upsert_people};
use crate::profiles::{EventSource, Profiles};
use crate::upsert::{Source, Upserted};
use kernel::scope::Role;
use kernel::time::SECOND;
use lake::{Event, EventKind, FileCatalog, LakeConfig};
use parking_lot::Mutex;
use platform::params;
use serde_json::json;
use testkit::{TestPlatform, platforms};

const MAIL: &str = "Erika.Muster@example.com";

/// One lake, and what it was asked to forget.
struct Store(Lake, Mutex<Vec<Traces>>);

#[async_trait]
impl EventStore for Store {
    async fn lake(&self, _: &Scope) -> Result<Lake, Problem> {
        Ok(self.0.clone())
    }

    async fn forget(&self, _: &Scope, traces: &Traces) -> Result<u64, Problem> {
        self.1.lock().push(traces.clone());
        Ok(3)
    }
}

#[async_trait]
impl EventSource for Store {
    async fn lake(&self, _: &Scope) -> Result<Lake, Problem> {
        Ok(self.0.clone())
    }
}

struct World {
    erasures: Erasures,
    identity: Identity,
    profiles: Profiles,
    store: Arc<Store>,
    lake: Lake,
}

async fn world(test: &TestPlatform) -> World {
    let folder = test.platform.databases.folder(&test.scope.workspace).join("lake");
    let catalog = Arc::new(FileCatalog::new(folder.join("catalog.json")));
    let lake = Lake::open(LakeConfig::at(&folder), catalog, test.platform.world.clock()).await.unwrap();
    let identity = Identity::new(&test.platform);
    let store = Arc::new(Store(lake.clone(), Mutex::default()));
    let erasures = Erasures::new(&test.platform, &identity, store.clone());
    let profiles = Profiles::new(&test.platform, store.clone());
    World { erasures, identity, profiles, store, lake }
}

fn seen(number: u64, anonymous: &str, email: Option<&str>) -> Observation {
    let at = testkit::START.plus(i64::try_from(number).unwrap() * SECOND);
    Observation {
        offset: number,
        at,
        received_at: at,
        kind: if email.is_some() { ObservationKind::Identify } else { ObservationKind::Activity },
        event_id: format!("m-{number}"),
        anonymous_id: Some(anonymous.to_owned()),
        email: email.map(str::to_owned),
        traits: email
            .map(|email| json!({"email": email, "name": email.split('@').next()}).as_object().cloned().unwrap()),
        human: true,
        ..Observation::default()
    }
}

/// Resolves and stores, as the pump does; what is refused is not stored.
async fn take(world: &World, test: &TestPlatform, observations: &[Observation]) -> Vec<PersonId> {
    let refused = world.identity.erased(&test.scope, observations).await.unwrap();
    let kept: Vec<Observation> =
        observations.iter().zip(refused).filter(|(_, refused)| !refused).map(|(one, _)| one.clone()).collect();
    let resolved = world.identity.resolve(&test.scope, &kept).await.unwrap();
    let events: Vec<Event> = kept
        .iter()
        .zip(&resolved)
        .map(|(one, resolved)| Event {
            event_id: one.event_id.clone(),
            at: one.at.micros(),
            received_at: one.at.micros(),
            name: "Seen".to_owned(),
            kind: EventKind::Track,
            anonymous_id: one.anonymous_id.clone().unwrap_or_default(),
            raw: json!({"email": one.email}).to_string(),
            company: resolved.person.to_string(),
            ..Event::default()
        })
        .collect();
    if !events.is_empty() {
        let appended = world.lake.append(events).await.unwrap();
        let mut events = world.lake.next(1_000).await.unwrap();
        world.lake.dedup(&mut events).await.unwrap();
        for event in &mut events {
            event.person = event.company.parse::<PersonId>().unwrap().number();
        }
        world.lake.admit(events, appended.last).await.unwrap();
    }
    resolved.into_iter().map(|one| one.person).collect()
}

async fn import(test: &TestPlatform, rows: &[(&str, &str)]) -> Vec<Upserted<PersonId>> {
    let source = Source::Import("imp_01k8x0w3c5r7n0000000000000".parse().unwrap());
    let input = |(name, email): &(&str, &str)| {
        let mut row = PersonInput::new(testkit::START, source.clone());
        row.identifiers = vec![(Kind::Email, (*email).to_owned()), (Kind::UserId, format!("user-of-{name}"))];
        let phone = if *email == MAIL { "+43 660 1234567" } else { "" };
        row.traits = json!({"name": name, "phone": phone}).as_object().cloned().unwrap();
        row
    };
    let rows: Vec<PersonInput> = rows.iter().map(input).collect();
    let mut tx = test.db.begin().await.unwrap();
    let done = upsert_people(&mut tx, &test.platform.world, &rows).await.unwrap();
    tx.commit().await.unwrap();
    done
}

async fn done(world: &World, test: &TestPlatform, person: PersonId) -> Erasure {
    let ran = test.platform.jobs.run_due(&test.scope.workspace).await.unwrap();
    let erasure = world.erasures.of_person(&test.scope, person).await.unwrap();
    let job = test.platform.jobs.get(&test.scope, erasure.job.as_ref().unwrap()).await.unwrap();
    assert_eq!((ran, erasure.state), (1, ErasureState::Done), "{job:?}");
    erasure
}

/// MA-14: erased across events, imports and keys, with a report that proves it and says nothing of the person; a keyed hash
/// keeps imports and late events from bringing it back.
#[tokio::test]
async fn a_person_is_erased_everywhere_and_stays_out() {
    for test in platforms().await {
        let world = world(&test).await;
        let others = import(&test, &[("Erika Muster", MAIL), ("Otto", "otto@example.com")]).await;
        let (erika, otto) = (*others[0].id().unwrap(), *others[1].id().unwrap());
        // A browser that turns out to be hers, and another person.
        let events = [
            seen(1, "browser-1", None),
            seen(2, "browser-1", Some(MAIL)),
            seen(3, "browser-2", Some("otto@example.com")),
            seen(4, "browser-1", None),
        ];
        let persons = take(&world, &test, &events[..1]).await;
        take(&world, &test, &events[1..]).await;
        let id = world.profiles.get(&test.scope, persons[0]).await.unwrap().summary.id;
        keep_in_imports(&test, erika, otto).await;
        let blobs = test.platform.databases.folder(&test.scope.workspace).join("blobs/imports");
        std::fs::create_dir_all(&blobs).unwrap();
        std::fs::write(blobs.join("imp_1.csv"), format!("email\notto@example.com\n{MAIL}\n")).unwrap();

        let asked = world.erasures.request(&test.scope, erika, true).await.unwrap();
        let again = world.erasures.request(&test.scope, asked.person, true).await.unwrap();
        assert_eq!((again.id, again.job), (asked.id.clone(), asked.job.clone()), "one at a time");
        let erasure = done(&world, &test, erika).await;
        let report = erasure.report.clone().unwrap();
        assert_eq!((report.events, report.proof.rows_found, report.proof.records_found), (3, 0, 0), "{report:?}");
        assert!(report.persons.contains(&id) && report.files.iter().all(|file| file.rows_after < file.rows_before));
        let records = &report.records;
        assert_eq!((records.import_rows, records.import_images, records.import_lines), (1, 1, 1), "{records:?}");
        // What the browser was before it turned out to be hers.
        assert!(records.versions >= 1, "{records:?}");
        assert!(records.profiles >= 1 && records.identifiers >= 3 && records.messages == 3, "{records:?}");
        assert_eq!(erasure.sha256.as_deref().map(str::len), Some(64));

        for gone in &report.persons {
            assert_eq!(world.profiles.get(&test.scope, *gone).await.unwrap_err().code, "person_not_found");
            assert_eq!(world.erasures.of_person(&test.scope, *gone).await.unwrap().id, erasure.id);
        }
        assert_eq!(world.profiles.facts(&test.scope).await.unwrap().len(), 1, "numbers forget it too");
        assert_eq!(world.lake.events_of(&[otto.number()], None, 10).await.unwrap().len(), 1);
        assert_eq!(std::fs::read_to_string(blobs.join("imp_1.csv")).unwrap(), "email\notto@example.com\n\n");
        assert_no_trace(&test, &world).await;
        stays_out(&world, &test, otto).await;
    }
}

/// Rows of reports and images of imports that name her, and him.
async fn keep_in_imports(test: &TestPlatform, erika: PersonId, otto: PersonId) {
    let sql =
        "insert into import_rows (import_id, phase, line, outcome, report) values ('imp_1', 'check', $1, 'create', $2)";
    let rows = [
        (2, json!({"line": 2, "outcome": "create", "values": {"email": "otto@example.com"}})),
        (3, json!({"line": 3, "outcome": "create", "values": {"email": MAIL}})),
    ];
    for (line, report) in rows {
        test.db.execute(sql, params![i64::from(line), report.to_string()]).await.unwrap();
    }
    let changes = json!([
        {"line": 2, "outcome": "create", "record": otto, "undo": {}},
        {"line": 3, "outcome": "update", "record": erika, "undo": {"document": {"name": "Erika"}}},
    ]);
    let sql = "insert into import_changes (import_id, batch_line, changes) values ('imp_1', 3, $1)";
    test.db.execute(sql, params![changes.to_string()]).await.unwrap();
}

/// AN-DSR: no byte of the workspace's folder, and no text of its database, tells of her.
async fn assert_no_trace(test: &TestPlatform, world: &World) {
    let has = |text: &str| {
        let text = text.to_lowercase();
        ["erika", "1234567", "browser-1"].iter().any(|word| text.contains(word))
    };
    let tables = [
        ("people", "traits || email || phone || name || search"),
        ("person_identifiers", "identifier || value"),
        ("import_rows", "report"),
        ("import_changes", "changes"),
        ("erasures", "work || plan || coalesce(report, '')"),
        ("audit", "target || details"),
        ("jobs", "payload || note"),
    ];
    for (table, text) in tables {
        let rows: Vec<(String,)> = test.db.query(&format!("select {text} from {table}"), vec![]).await.unwrap();
        assert!(!rows.iter().any(|(row,)| has(row)), "{table}: {rows:?}");
    }
    let rows =
        world.lake.sql("select anonymous_id, raw from events", vec![], lake::SqlLimits::default()).await.unwrap();
    assert!(!has(&format!("{:?}", rows.rows)));
    let mut folders = vec![test.platform.databases.folder(&test.scope.workspace)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert!(!has(&String::from_utf8_lossy(&std::fs::read(&path).unwrap())), "{}", path.display());
            }
        }
    }
}

async fn stays_out(world: &World, test: &TestPlatform, otto: PersonId) {
    let rows = import(test, &[("Erika", "erika.muster@example.com"), ("Otto", "otto@example.com")]).await;
    assert!(matches!(&rows[0], Upserted::Rejected(clash) if clash.code == "erased"), "{rows:?}");
    assert_eq!(rows[1].id(), Some(&otto));
    let now = test.platform.world.now().micros().div_euclid(SECOND) - testkit::START.micros().div_euclid(SECOND);
    let later = u64::try_from(now).unwrap() + 1_000;
    let events = [
        // From before: refused whatever it is known by.
        seen(0, "browser-1", None),
        // Afterwards: the address is kept out, the browser may be somebody else's.
        seen(later, "browser-9", Some(MAIL)),
        seen(later + 1, "browser-1", None),
    ];
    // A batch that was asked about before the erasure is not resolved after it.
    let fresh = Identity::new(&test.platform);
    assert!(fresh.resolve(&test.scope, &events[..1]).await.unwrap_err().to_string().contains("erased"));
    let persons = take(world, test, &events).await;
    assert_eq!(persons.len(), 1);
    let erasures = world.erasures.list(&test.scope, &PageRequest::default()).await.unwrap().items;
    assert_eq!((erasures.len(), erasures[0].late_events), (1, 2));
}

#[tokio::test]
async fn one_may_come_back_when_that_was_said_and_only_who_may_erases() {
    for test in platforms().await {
        let world = world(&test).await;
        let erika = *import(&test, &[("Erika", MAIL)]).await[0].id().unwrap();
        let specialist = test.scope_as(Role::Specialist);
        let refused = world.erasures.request(&specialist, erika, false).await.unwrap_err();
        assert_eq!(refused.status(), 403, "{refused:?}");
        let nobody = PersonId::from_number(99).unwrap();
        let missing = world.erasures.request(&test.scope, nobody, false).await.unwrap_err();
        assert_eq!(missing.code, "person_not_found");
        assert_eq!(world.erasures.of_person(&test.scope, erika).await.unwrap_err().code, "erasure_not_found");
        world.erasures.request(&test.scope_as(Role::Director), erika, false).await.unwrap();
        let erasure = done(&world, &test, erika).await;
        assert_eq!(erasure.report.unwrap().events, 0);
        let back = import(&test, &[("Erika", MAIL)]).await;
        assert!(back[0].id().is_some_and(|id| *id != erika), "a new person, with a number of its own: {back:?}");
        assert_eq!(world.store.1.lock().len(), 1);
    }
}
