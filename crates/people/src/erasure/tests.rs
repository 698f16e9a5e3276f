//! Erasing on both databases, with a lake.

use super::*;
use crate::identity::{Kind, Observation, ObservationKind, PersonInput, upsert_people};
use crate::profiles::{EventSource, Profiles};
use crate::record_history::people_at;
use crate::upsert::{Source, Upserted};
use kernel::scope::Role;
use kernel::time::{DAY, HOUR, SECOND, Timestamp};
use lake::{Event, EventKind, FileCatalog, LakeConfig};
use others::Shared;
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

fn hour(hours: i64) -> Timestamp {
    testkit::START.plus(hours * HOUR)
}

/// A contact of a file, of a country and of a company.
async fn contact_of(test: &TestPlatform, country: &str) -> PersonId {
    let source = Source::Import("imp_01k8x0w3c5r7n0000000000000".parse().unwrap());
    let mut row = PersonInput::new(test.platform.world.now(), source);
    row.identifiers = vec![(Kind::Email, "erika@globex.com".to_owned())];
    row.created_at = Some(testkit::START.plus(-90 * DAY));
    row.traits = json!({"country": country}).as_object().cloned().unwrap();
    let mut tx = test.db.begin().await.unwrap();
    let done = upsert_people(&mut tx, &test.platform.world, &[row]).await.unwrap();
    tx.commit().await.unwrap();
    *done[0].id().unwrap()
}

/// A visitor and a contact of a file, of France and of a company: one person from the first hour to the second, when somebody
/// takes it back. The visitor, who came first, stood for both. Now it is the third hour.
async fn one_for_a_time(test: &TestPlatform, world: &World) -> (PersonId, PersonId) {
    let visitor = take(world, test, &[seen(1, "browser-1", None)]).await[0];
    let contact = contact_of(test, "FR").await;
    test.advance(HOUR);
    take(world, test, &[seen(3_600, "browser-1", Some("erika@globex.com"))]).await;
    test.advance(HOUR);
    world.identity.separate(&test.scope, visitor, contact).await.unwrap();
    test.advance(HOUR);
    (visitor, contact)
}

/// What is counted of a person as of a moment: the first moment, and the country of whoever is more than a visitor.
async fn counted(test: &TestPlatform, person: PersonId, at: Timestamp) -> Option<(Timestamp, Option<String>)> {
    let then = people_at(&test.platform, &test.scope, at).await.unwrap();
    let known = then.people.into_iter().find(|fact| fact.person == person);
    let visitor = || Some((Timestamp::from_micros(then.visitors.get(person.number())?), None));
    known.map(|fact| (fact.created_at, Some(fact.country))).or_else(visitor)
}

async fn left_of(test: &TestPlatform, shared: &[Shared]) -> u64 {
    let mut tx = test.db.begin().await.unwrap();
    let left = store::records_left(&mut tx, &[], shared).await.unwrap();
    tx.rollback().await.unwrap();
    left
}

/// Whoever stood for both in a merge that was taken back says nothing of the other once that one is erased, at no moment; and
/// whoever did not stand for both is there at every moment as if there had been no merge. The proof looks for either.
#[tokio::test]
async fn a_merge_that_was_taken_back_leaves_nothing_of_the_erased() {
    for visitor_goes in [false, true] {
        for test in platforms().await {
            let world = world(&test).await;
            let (visitor, contact) = one_for_a_time(&test, &world).await;
            let (goes, stays) = if visitor_goes { (visitor, contact) } else { (contact, visitor) };
            let between = hour(1).plus(HOUR / 2);
            let both = Some((testkit::START.plus(-90 * DAY), Some("FR".to_owned())));
            assert_eq!(counted(&test, visitor, between).await, both);
            assert_eq!(counted(&test, contact, between).await, None);
            let mut tx = test.db.begin().await.unwrap();
            let shared = others::shared(&mut tx, &[goes.number()]).await.unwrap();
            tx.rollback().await.unwrap();
            let time = Shared { person: stays.number(), from: hour(1).micros(), until: hour(2).micros() };
            assert_eq!(shared, [time]);
            assert_eq!(left_of(&test, &shared).await, 1, "the proof finds what is left");

            let asked = world.erasures.request(&test.scope, goes, true).await.unwrap();
            assert_eq!(asked.person, goes);
            let report = done(&world, &test, goes).await.report.unwrap();
            assert_eq!((report.persons, report.proof.records_found), (vec![goes], 0));
            assert_eq!(left_of(&test, &shared).await, 0);
            let alone = if visitor_goes { both } else { Some((testkit::START.plus(SECOND), None)) };
            for half_hours in 1..8 {
                let at = testkit::START.plus(half_hours * HOUR / 2);
                assert_eq!(counted(&test, goes, at).await, None, "{at}");
                assert_eq!(counted(&test, stays, at).await, alone, "{at}: as if there had been no merge");
            }
            let sql = "select country, coalesce(company, ''), coalesce(lead_us, 0) from person_was where person = $1";
            let was: Vec<(String, String, i64)> = test.db.query(sql, params![visitor]).await.unwrap();
            assert!(was.iter().all(|row| *row == (String::new(), String::new(), 0)), "{was:?}");
        }
    }
}

/// A merge ends no earlier than what its people were known to be, where the clock was set back before it was taken back: what
/// was known in it is found.
#[tokio::test]
async fn a_clock_that_was_set_back_hides_no_version_from_the_proof() {
    for test in platforms().await {
        let world = world(&test).await;
        let visitor = take(&world, &test, &[seen(1, "browser-1", None)]).await[0];
        let contact = contact_of(&test, "FR").await;
        test.advance(HOUR);
        take(&world, &test, &[seen(3_600, "browser-1", Some("erika@globex.com"))]).await;
        test.advance(HOUR);
        assert_eq!(contact_of(&test, "AT").await, contact);
        test.clock.set(testkit::START.plus(HOUR / 2));
        world.identity.separate(&test.scope, visitor, contact).await.unwrap();
        let mut tx = test.db.begin().await.unwrap();
        let shared = others::shared(&mut tx, &[contact.number()]).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(left_of(&test, &shared).await, 1, "{shared:?}");
        let time = Shared { person: visitor.number(), from: hour(1).micros(), until: hour(2).micros() };
        assert_eq!(shared, [time]);
    }
}

/// Who was one with somebody is found also over others, in the time in which all of these merges stood.
#[tokio::test]
async fn who_was_one_with_the_erased_is_found_over_others() {
    for test in platforms().await {
        let edges: [(u64, u64, i64, Option<i64>); 5] =
            [(1, 2, 100, Some(200)), (2, 3, 50, None), (3, 4, 150, Some(170)), (2, 5, 10, Some(90)), (6, 7, 1, None)];
        let mut tx = test.db.begin().await.unwrap();
        for (person, other, known, ended) in edges {
            let sql = "insert into person_merge_edges (person, other, state, identifier, other_identifier, at_us, source, \
                event_id, ended_us, known_us) values ($1, $2, $3, '', '', 0, 'event:1', '', $4, $5)";
            let state = if ended.is_some() { "separated" } else { "merged" };
            tx.execute(sql, params![person, other, state, ended, known]).await.unwrap();
        }
        let shared = |person, from, until| Shared { person, from, until };
        let of_one = [shared(2, 100, 200), shared(3, 100, 200), shared(4, 150, 170)];
        assert_eq!(others::shared(&mut tx, &[1]).await.unwrap(), of_one);
        assert_eq!(others::shared(&mut tx, &[6, 7]).await.unwrap(), []);
        tx.rollback().await.unwrap();
    }
}

/// The number by which others see that what they read of people is stale moves when an erasure is asked for, and again when
/// the records are emptied, which is later.
#[tokio::test]
async fn the_version_moves_when_asked_and_when_emptied() {
    for test in platforms().await {
        let world = world(&test).await;
        let erika = *import(&test, &[("Erika", MAIL)]).await[0].id().unwrap();
        let now = async || version(&test.platform, &test.scope).await.unwrap();
        let before = now().await;
        world.erasures.request(&test.scope, erika, false).await.unwrap();
        let asked = now().await;
        assert_eq!(world.profiles.facts(&test.scope).await.unwrap().len(), 1, "not emptied yet");
        done(&world, &test, erika).await;
        let emptied = now().await;
        assert!(before < asked && asked < emptied, "{before}, {asked}, {emptied}");
        assert_eq!(now().await, emptied);
    }
}
