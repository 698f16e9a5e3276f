//! Facts from a real lake, and when they are renewed.

use super::tests_world::{START, World, eur};
use super::{
    Choices, EventStamp, FactSource, FactStore, Kept, Records, Session, SessionFacts, SessionsWanted, TouchRows,
};
use super::{RecordsThen, RecordsVersion};
use crate::attribution::{Goal, GoalFold, GoalRow, JourneyKey, JourneyKind};
use crate::metrics::{DateRange, Figure, Metrics, NoSpend, Query};
use crate::sessions::{Extra, Settings, Wanted, renew};
use async_trait::async_trait;
use jiff::tz::TimeZone;
use kernel::ids::WorkspaceId;
use kernel::problem::Problem;
use kernel::scope::{Scope, WorkspaceRef};
use kernel::time::{DAY, MINUTE, SimClock, Timestamp};
use lake::{
    AgentClass, Dict, Event, EventKind, FileCatalog, FoldOptions, KnownAt, Lake, LakeConfig, SqlTurn, Watermark,
};
use platform::World as Clocks;
use platform::audit::AuditEntry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

fn view(person: u64, minute: i64, path: &str, source: &str) -> Event {
    let channel = if source.is_empty() { "Direct" } else { "Paid Search" };
    Event {
        event_id: format!("{person}-{minute}-{path}"),
        person,
        at: START + minute * MINUTE,
        received_at: START + minute * MINUTE,
        kind: EventKind::Page,
        agent_class: AgentClass::Human,
        name: "Page viewed".into(),
        path: path.into(),
        source: source.into(),
        channel: channel.into(),
        campaign: if source.is_empty() { String::new() } else { "spring".into() },
        device: "desktop".into(),
        ..Event::default()
    }
}

async fn lake_with(folder: &std::path::Path, events: Vec<Event>) -> Lake {
    let catalog = Arc::new(FileCatalog::new(folder.join("catalog.json")));
    let clock = Arc::new(SimClock::new(Timestamp::from_micros(START + DAY)));
    let lake = Lake::open(LakeConfig::at(folder), catalog, clock).await.unwrap();
    let persons: Vec<u64> = events.iter().map(|event| event.person).collect();
    let count = events.len();
    lake.append(events).await.unwrap();
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.extend(lake.next(1_000).await.unwrap());
    }
    for (event, person) in taken.iter_mut().zip(persons) {
        event.person = person;
    }
    let last = taken.last().unwrap().offset;
    lake.admit(taken, last).await.unwrap();
    lake
}

async fn sessions_of(lake: &Lake) -> SessionFacts {
    let settings = Settings { timeout_us: 30 * MINUTE, zone: TimeZone::UTC };
    let wanted = Wanted { settings, kept: Kept::Everybody, kept_max: usize::MAX, before: None };
    renew(&lake.snapshot(), &wanted).await.unwrap()
}

/// AN 1.2: sessions with the distinct pages they saw, over hot and sealed events alike.
#[tokio::test]
async fn sessions_and_their_pages_come_from_the_lake() {
    let folder = tempfile::tempdir().unwrap();
    let mut bot = view(2, 3, "/bot", "");
    bot.agent_class = AgentClass::Bot;
    let mut bought = view(1, 9, "", "");
    bought.kind = EventKind::Track;
    bought.name = "Order completed".into();
    bought.value = Some(42_000_000);
    bought.currency = "EUR".into();
    let events = vec![
        view(1, 0, "/", "google"),
        view(1, 1, "/pricing", ""),
        view(1, 2, "/", ""),
        bought,
        view(1, 200, "/blog/a", ""),
        view(2, 2, "/demo", "google"),
        bot,
    ];
    let lake = lake_with(folder.path(), events).await;
    for sealed in [false, true] {
        if sealed {
            lake.seal().await.unwrap();
        }
        let facts = sessions_of(&lake).await;
        let seen = |place: u32| -> Vec<&str> {
            let mut pages: Vec<&str> = facts.pages_of(place).iter().map(|code| facts.texts.text(*code)).collect();
            pages.sort_unstable();
            pages
        };
        let persons: Vec<u64> = facts.rows().map(|session| session.person).collect();
        assert_eq!(persons, [1, 1, 2, 2], "sealed: {sealed}");
        assert_eq!(seen(0), ["/", "/pricing"]);
        assert_eq!(seen(1), ["/blog/a"]);
        assert_eq!([seen(2), seen(3)].concat(), ["/demo"], "a bot's pages are nobody's");
        assert_eq!(facts.campaign_starts.len(), 1);
        let found = facts.touches.find(&[], "", "Spring").unwrap().0;
        assert_eq!((found.channel.as_str(), found.sessions), ("Paid Search", 2));
        let goals = lake.fold(&GoalFold { name: "Order completed".into() }, &FoldOptions::default()).await.unwrap();
        assert_eq!(goals.iter().map(|goal| (goal.person, goal.value)).collect::<Vec<_>>(), [(1, Some(42_000_000))]);
    }
}

/// A source whose parts a test can move.
struct Fake {
    world: World,
    offset: AtomicU64,
    deals: AtomicU64,
    reads: AtomicU64,
    merges: AtomicU64,
    people: AtomicU64,
}

impl Fake {
    fn new(world: World, deals: u64) -> Self {
        let zero = AtomicU64::default;
        Self { world, offset: 1.into(), deals: deals.into(), reads: zero(), merges: zero(), people: zero() }
    }
}

#[async_trait]
impl FactSource for Fake {
    async fn choices(&self, _: &Scope) -> Result<Choices, Problem> {
        Ok(Choices { currency: eur(), zone: TimeZone::UTC })
    }

    async fn events_stamp(&self, _: &Scope) -> Result<EventStamp, Problem> {
        let offset = self.offset.load(Ordering::SeqCst);
        Ok(EventStamp {
            watermark: Watermark { offset, at: START, appended_offset: offset, removals: 0 },
            merges: self.merges.load(Ordering::SeqCst),
        })
    }

    async fn sessions(&self, _: &Scope, wanted: SessionsWanted) -> Result<Option<SessionFacts>, Problem> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let offset = self.offset.load(Ordering::SeqCst);
        let watermark = Watermark { offset, at: START, appended_offset: offset, removals: 0 };
        Ok(Some(SessionFacts::of_rows(TouchRows::default(), watermark, TimeZone::UTC, wanted.kept)))
    }

    async fn extra(&self, _: &Scope, _: &SessionFacts, _: &Dict, _: Extra) -> Result<(SessionFacts, Dict), Problem> {
        Err(Problem::not_found("lake", "here"))
    }

    async fn firsts(
        &self,
        _: &Scope,
        _: &SessionFacts,
        _: &Dict,
        _: Arc<HashSet<u64>>,
    ) -> Result<(HashMap<u64, Session>, Dict), Problem> {
        Err(Problem::not_found("lake", "here"))
    }

    async fn goal(&self, _: &Scope, _: &str, _: Option<&KnownAt>) -> Result<Vec<GoalRow>, Problem> {
        let row = |person| GoalRow {
            person,
            at: START + DAY,
            offset: person,
            value: Some(5_000_000),
            currency: String::new(),
        };
        Ok(vec![row(7), row(14)])
    }

    async fn goal_of(&self, scope: &Scope, name: &str, _: &SessionFacts) -> Result<Vec<GoalRow>, Problem> {
        self.goal(scope, name, None).await
    }

    async fn records_version(&self, _: &Scope) -> Result<RecordsVersion, Problem> {
        Ok(RecordsVersion {
            people: self.people.load(Ordering::SeqCst),
            deals: self.deals.load(Ordering::SeqCst),
            companies: 0,
        })
    }

    async fn records(&self, _: &Scope) -> Result<Records, Problem> {
        let shown = usize::try_from(self.deals.load(Ordering::SeqCst)).unwrap();
        let deals = self.world.deals.iter().take(shown).cloned().collect();
        Ok(Records {
            people: self.world.people.clone(),
            companies: self.world.companies.clone(),
            deals,
            ..Records::default()
        })
    }

    async fn records_at(&self, _: &Scope, _: Timestamp, _: &HashMap<u64, u64>) -> Result<RecordsThen, Problem> {
        Err(Problem::not_found("history", "here"))
    }

    async fn erasures(&self, _: &Scope) -> Result<u64, Problem> {
        Ok(0)
    }

    async fn audit(&self, _: &Scope) -> Result<Vec<AuditEntry>, Problem> {
        Ok(Vec::new())
    }

    async fn rejected(&self, _: &Scope) -> Result<(u64, u64), Problem> {
        Ok((0, 0))
    }

    async fn sql_turn(&self, _: &Scope) -> Result<SqlTurn, Problem> {
        Ok(SqlTurn::default())
    }

    async fn known_at(&self, _: &Scope, at: Timestamp) -> Result<KnownAt, Problem> {
        Ok(KnownAt::new(at, Arc::default()))
    }

    async fn sql_lake(&self, _: &Scope) -> Result<Lake, Problem> {
        Err(Problem::not_found("lake", "here"))
    }
}

fn scope() -> Scope {
    let mut rng = rand_chacha::ChaCha8Rng::from_seed([1; 32]);
    let id = WorkspaceId::new(Timestamp::from_micros(START), &mut rng);
    Scope::system(WorkspaceRef { id, slug: "test".into() }, "test")
}

use rand_chacha::rand_core::SeedableRng;

#[tokio::test]
async fn facts_are_kept_until_something_moves() {
    let world = (0..).map(World::random).find(|world| world.deals.len() > 3).unwrap();
    let fake = Arc::new(Fake::new(world, 2));
    let clocks = Clocks::simulated(Timestamp::from_micros(START + 100 * DAY), 1);
    let store = FactStore::new(fake.clone(), Arc::new(NoSpend), clocks);
    let first = store.get(&scope()).await.unwrap();
    assert_eq!((first.facts.deals.len(), first.as_of.lag_seconds), (2, 0));
    let again = store.get(&scope()).await.unwrap();
    assert!(Arc::ptr_eq(&first.facts, &again.facts), "nothing moved");
    fake.deals.store(3, Ordering::SeqCst);
    let changed = store.get(&scope()).await.unwrap();
    assert_eq!(changed.facts.deals.len(), 3, "a change of deals is seen at once");
    assert!(Arc::ptr_eq(&first.facts.sessions, &changed.facts.sessions), "and reads no event again");
    fake.offset.store(9, Ordering::SeqCst);
    let moved = store.get(&scope()).await.unwrap();
    assert_eq!(
        (moved.as_of.offset, fake.reads.load(Ordering::SeqCst)),
        (9, 2),
        "quick facts are renewed with the question"
    );
}

#[tokio::test]
async fn what_a_record_changes_is_seen_at_once_and_what_waits_is_told() {
    let fake = Arc::new(Fake::new(World::random(1), 0));
    let clocks = Clocks::simulated(Timestamp::from_micros(START + 100 * DAY), 1);
    let store = FactStore::of_slow(fake.clone(), Arc::new(NoSpend), clocks);
    let first = store.get(&scope()).await.unwrap();
    fake.people.store(2, Ordering::SeqCst);
    let imported = store.get(&scope()).await.unwrap();
    assert!(!Arc::ptr_eq(&first.facts, &imported.facts), "an import of contacts is seen at once");
    assert_eq!(imported.as_of.lag_seconds, 0);
    fake.merges.store(1, Ordering::SeqCst);
    let merged = store.get(&scope()).await.unwrap();
    assert!(!Arc::ptr_eq(&imported.facts.sessions, &merged.facts.sessions), "and so is a merge by hand");
    assert_eq!(merged.as_of.lag_seconds, 0);
    fake.people.store(3, Ordering::SeqCst);
    fake.offset.store(9, Ordering::SeqCst);
    let waiting = store.get(&scope()).await.unwrap();
    assert!(Arc::ptr_eq(&merged.facts, &waiting.facts), "what events bring may wait");
    assert!(waiting.as_of.lag_seconds > 0, "and the answer says so");
}

/// AN-C "Goal options": any event is a goal, with its value.
#[tokio::test]
async fn an_event_can_be_the_goal() {
    let fake = Arc::new(Fake::new(World::random(1), 0));
    fake.offset.store(20, Ordering::SeqCst);
    let clocks = Clocks::simulated(Timestamp::from_micros(START + 100 * DAY), 1);
    let metrics = Metrics::new(FactStore::new(fake, Arc::new(NoSpend), clocks));
    let range = DateRange { from: "2026-01-01".parse().unwrap(), to: "2026-01-31".parse().unwrap() };
    let mut query = Query::new(&["goals", "goal_value"], range);
    query.goal = Some("event:Order completed".into());
    let table = metrics.query(&scope(), &query).await.unwrap();
    assert_eq!(table.totals[0].value, Some(Figure::Number(2.0)));
    assert_eq!(table.totals[1].value.as_ref().map(Figure::number), Some(10.0));
    let mut viewer = scope();
    viewer.permissions = kernel::scope::PermissionSet::NONE;
    assert_eq!(metrics.query(&viewer, &query).await.unwrap_err().status(), 403);
}

/// A number and its watermark are of one moment: what happened after the facts were read is not in it yet.
#[tokio::test]
async fn a_goal_newer_than_the_facts_waits_for_them() {
    let fake = Arc::new(Fake::new(World::random(1), 0));
    let clocks = Clocks::simulated(Timestamp::from_micros(START + 100 * DAY), 1);
    let store = FactStore::new(fake.clone(), Arc::new(NoSpend), clocks);
    let goal = Goal::Event("Order completed".to_owned());
    for (offset, expected) in [(1, 0), (7, 1), (13, 1), (14, 2)] {
        fake.offset.store(offset, Ordering::SeqCst);
        let ready = store.with_goal(&scope(), Some(&goal)).await.unwrap();
        assert_eq!(ready.as_of.offset, offset);
        assert_eq!(ready.goal.as_ref().map(|rows| rows.len()), Some(expected), "at {offset}");
    }
}

/// Ten goals are asked for at the same time: none of them loses its occurrences to another.
#[tokio::test]
async fn goals_that_are_asked_for_are_not_put_away() {
    let fake = Arc::new(Fake::new(World::random(1), 0));
    fake.offset.store(20, Ordering::SeqCst);
    let clocks = Clocks::simulated(Timestamp::from_micros(START + 100 * DAY), 1);
    let store = FactStore::new(fake, Arc::new(NoSpend), clocks);
    let goals: Vec<Goal> = (0..10).map(|number| Goal::Event(format!("Goal {number}"))).collect();
    let key = |goal: &Goal| JourneyKey { goal: goal.clone(), lookback_days: 30, kind: JourneyKind::Person };
    let mut held = Vec::new();
    for goal in &goals {
        held.push(store.with_goal(&scope(), Some(goal)).await.unwrap());
    }
    let facts = held[0].facts.clone();
    for goal in &goals {
        assert_eq!(facts.journeys(&key(goal)).items.len(), 2, "{goal}");
    }
    drop(held);
    // Nobody holds them now: those that were asked for longest ago go, the others stay.
    let _ = store.with_goal(&scope(), Some(&Goal::Event("Goal 11".to_owned()))).await.unwrap();
    let kept = (0..12).filter(|number| facts.memo.events(&format!("Goal {number}")).is_some());
    assert_eq!(kept.collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8, 9, 11]);
}

/// A won deal without a date of closing was won when it came into the stage it stayed in.
#[test]
fn a_won_deal_without_a_date_was_won_by_its_stages() {
    let mut world = (0..).map(World::random).find(|world| !world.deals.is_empty()).unwrap();
    let cases: [(&[(&str, i64)], i64); 4] = [
        (&[("demo", 2), ("won", 5), ("won", 9)], 5),
        (&[("won", 0), ("demo", 2), ("won", 5)], 5),
        (&[("demo", 2)], 2),
        (&[], 1),
    ];
    for (stages, won) in cases {
        world.deals.truncate(1);
        let deal = &mut world.deals[0];
        (deal.outcome, deal.closed_at, deal.created_at) = (super::Outcome::Won, None, START + DAY);
        "won".clone_into(&mut deal.stage);
        deal.stages = stages.iter().map(|(stage, days)| ((*stage).to_owned(), START + days * DAY)).collect();
        assert_eq!(world.facts().deals[0].won_at, Some(START + won * DAY), "{stages:?}");
    }
}

/// AN-C "Ad-cost join": a click id joins also where the visit carries no campaign, to the channel of its platform.
#[tokio::test]
async fn a_click_id_joins_without_a_campaign() {
    let folder = tempfile::tempdir().unwrap();
    let click = |person, source: &str, channel: &str, kind: &str, id: &str| {
        let mut event = view(person, 0, "/", source);
        channel.clone_into(&mut event.channel);
        event.campaign.clear();
        (event.click_id_kind, event.click_id) = (kind.into(), id.into());
        event
    };
    let events = vec![
        click(1, "google", "Paid Search", "gclid", "g1"),
        click(2, "google", "Paid Search", "gclid", "g2"),
        click(3, "facebook", "Paid Social", "fbclid", "f1"),
        view(4, 0, "/", ""),
    ];
    let lake = lake_with(folder.path(), events).await;
    let facts = sessions_of(&lake).await;
    let found = |id: &str| facts.touches.find(&[id.to_owned()], "", "").map(|(touch, _)| touch.clone());
    let (one, two, other) = (found("g1").unwrap(), found("g2").unwrap(), found("f1").unwrap());
    assert_eq!(one, two);
    assert_eq!((one.channel.as_str(), one.source.as_str(), one.sessions), ("Paid Search", "google", 2));
    assert_eq!((other.channel.as_str(), other.campaign.as_str(), other.sessions), ("Paid Social", "", 1));
    assert_eq!(facts.touches.campaigns.len(), 2, "a visit with neither is no touch of spend");
    assert!(facts.touches.find(&[], "", "").is_none());
}
