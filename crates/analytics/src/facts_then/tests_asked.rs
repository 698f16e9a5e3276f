//! Who waits for facts of a moment, for how long, and how many.

use super::moments::followed_then;
use super::tests_known::{send, view};
use super::turns::{Turns, WAITING_MAX};
use super::{FactsThen, KEPT_MAX, Ladder, Step};
use crate::attribution::GoalRow;
use crate::facts::tests_live::live;
use crate::facts::{DealInput, FactStore, Outcome, PersonInput, Records};
use crate::metrics::{DateRange, Metrics, NoSpend, Query, SpendSource};
use crate::spend::{SpendFacts, TouchIndex};
use async_trait::async_trait;
use futures::FutureExt as _;
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::{HOUR, MINUTE, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// A ledger that holds up whoever reads it, until it is opened.
pub(super) struct Gate {
    entered: AtomicUsize,
    open: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self { entered: AtomicUsize::new(0), open: Semaphore::new(0) }
    }
}

impl Gate {
    /// Lets everybody through from now on.
    pub(super) fn open(&self) {
        self.open.add_permits(1);
    }

    /// How many have come.
    pub(super) fn entered(&self) -> usize {
        self.entered.load(Ordering::SeqCst)
    }

    /// Waits until so many have come.
    pub(super) async fn reached(&self, count: usize) {
        while self.entered() < count {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl SpendSource for Gate {
    async fn version(&self, scope: &Scope) -> Result<u64, Problem> {
        NoSpend.version(scope).await
    }

    async fn spend(&self, scope: &Scope, touches: &TouchIndex) -> Result<Arc<SpendFacts>, Problem> {
        NoSpend.spend(scope, touches).await
    }

    async fn spend_at(&self, scope: &Scope, touches: &TouchIndex, at: Timestamp) -> Result<Arc<SpendFacts>, Problem> {
        self.entered.fetch_add(1, Ordering::SeqCst);
        let _through = self.open.acquire().await;
        NoSpend.spend_at(scope, touches, at).await
    }
}

/// Waits until something holds that others are about to do.
async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::task::yield_now().await;
    }
}

/// A workspace has one turn, and two workspaces have theirs at a time; whoever gives up waiting is in nobody's way.
#[tokio::test]
async fn workspaces_take_turns() {
    let turns = Turns::default();
    let first = turns.take("a").await.unwrap();
    let mut same = Box::pin(turns.take("a"));
    assert!(futures::poll!(&mut same).is_pending());
    let other = turns.take("b").now_or_never().expect("another workspace does not wait").unwrap();
    let mut third = Box::pin(turns.take("c"));
    assert!(futures::poll!(&mut third).is_pending(), "two at a time");
    assert_eq!((turns.waiting("a"), turns.waiting("b"), turns.waiting("c")), (1, 0, 1));
    let still = other.clone();
    drop(other);
    assert!(futures::poll!(&mut third).is_pending(), "the turn lasts as long as somebody has it");
    drop(still);
    let third = third.await.unwrap();
    drop(same);
    assert_eq!(turns.waiting("a"), 0);
    drop((first, third));
    let again = turns.take("a").now_or_never().expect("nobody has it").unwrap();
    assert!(turns.take("b").now_or_never().is_some());
    drop(again);
}

/// So many wait for the turn of a workspace; one more is told when to come again, also with a bridge.
#[tokio::test]
async fn those_who_wait_are_not_too_many() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let (lakes, source) = live(&test);
    let store = FactStore::new(Arc::new(source), Arc::new(NoSpend), test.platform.world.clone());
    let metrics = Metrics::new(store);
    let now = test.platform.world.now();
    let day = now.date_in(&jiff::tz::TimeZone::UTC);
    let query = |minutes: usize| {
        let as_of = Some(now.plus(-MINUTE * i64::try_from(minutes).unwrap()));
        Query { as_of, ..Query::new(&["sessions"], DateRange { from: day, to: day }) }
    };
    let then = metrics.moments();
    let turn = then.turn(&test.scope).await.unwrap();
    let ask = |minutes: usize| {
        let (metrics, scope, query) = (metrics.clone(), test.scope.clone(), query(minutes));
        tokio::spawn(async move { metrics.query(&scope, &query).await })
    };
    let mut waiting: Vec<_> = (0..WAITING_MAX).map(ask).collect();
    until(|| then.waiting(&test.scope) == WAITING_MAX).await;
    let refused = metrics.query(&test.scope, &query(WAITING_MAX)).await.unwrap_err();
    assert_eq!((refused.status(), refused.retry_after_seconds), (429, Some(5)), "{refused:?}");
    let refused = metrics.bridge(&test.scope, &query(0)).await.unwrap_err();
    assert_eq!((refused.status(), refused.code.as_str()), (429, "too_many_questions"));
    // Who asks for what somebody else waits for already is one of them.
    let same = ask(0);
    until(|| then.listening() == WAITING_MAX + 1).await;
    // Who gives up makes room.
    waiting.pop().unwrap().abort();
    until(|| then.waiting(&test.scope) == WAITING_MAX - 1).await;
    waiting.push(ask(WAITING_MAX));
    until(|| then.waiting(&test.scope) == WAITING_MAX).await;
    drop(turn);
    for asked in waiting.into_iter().chain([same]) {
        asked.await.unwrap().unwrap();
    }
    assert_eq!(metrics.moments_kept(), KEPT_MAX);
    lakes.close().await;
}

/// What nobody waits for any more is not put together to its end; what one of several still waits for is, once.
#[tokio::test]
async fn what_nobody_waits_for_is_dropped() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let (lakes, source) = live(&test);
    let gate = Arc::new(Gate::default());
    let then = FactsThen::new(FactStore::new(Arc::new(source), gate.clone(), test.platform.world.clone()));
    let at = test.platform.world.now();
    let get = || {
        let (then, scope) = (then.clone(), test.scope.clone());
        tokio::spawn(async move { then.get(&scope, at, None).await })
    };
    let alone = get();
    gate.reached(1).await;
    alone.abort();
    let turn = tokio::time::timeout(Duration::from_secs(20), then.turn(&test.scope)).await;
    drop(turn.expect("it was dropped").unwrap());
    assert_eq!(then.listening(), 0);
    let [one, other] = [get(), get()];
    gate.reached(2).await;
    until(|| then.listening() == 2).await;
    one.abort();
    until(|| then.listening() == 1).await;
    gate.open();
    other.await.unwrap().unwrap();
    assert_eq!((gate.entered(), then.kept()), (2, 1), "put together once for both");
    lakes.close().await;
}

/// What was not asked for lately goes when it is time, and one comes for all of them.
#[tokio::test]
async fn idle_moments_go_in_time() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let (lakes, source) = live(&test);
    let then = FactsThen::new(FactStore::new(Arc::new(source), Arc::new(NoSpend), test.platform.world.clone()));
    let lake = lakes.get(&test.scope.workspace).await.unwrap();
    send(&lake, vec![view(&test, "a1", "/", "Direct")]).await;
    test.advance(HOUR);
    let now = test.platform.world.now();
    for minutes in [1, 2, 3] {
        then.get(&test.scope, now.plus(-minutes * MINUTE), None).await.unwrap();
    }
    assert_eq!((then.kept(), then.sweepers()), (KEPT_MAX, 1));
    let (idle, second) = (super::shelf::IDLE, Duration::from_secs(1));
    let asked = Instant::now();
    then.get(&test.scope, now.plus(-3 * MINUTE), None).await.unwrap();
    let next = then.sweep(asked + idle / 2).expect("there is something");
    assert!(next <= idle / 2, "the next one is not later than the first one goes: {next:?}");
    let next = then.sweep(asked + idle - second).expect("there is something");
    assert!(next <= 2 * second, "{next:?}");
    assert_eq!(then.sweep(asked + idle + 60 * second), None);
    assert_eq!(then.kept(), 0);
    lakes.close().await;
}

fn person(person: u64, company: Option<&str>) -> PersonInput {
    let (company, country) = (company.map(str::to_owned), String::new());
    PersonInput { person, created_at: 1, lead_at: None, company, country }
}

/// Whoever reached a goal is followed, and so are the people of the company, whose touches count in its journeys.
#[test]
fn the_company_of_a_goal_is_followed() {
    let people = vec![person(1, Some("com_1")), person(2, Some("com_1")), person(3, Some("com_2")), person(4, None)];
    let records = Records { people, ..Records::default() };
    let reached = |person: u64, at: i64| GoalRow { person, at, offset: 1, value: None, currency: String::new() };
    let found = followed_then([&records], &[reached(1, 50), reached(1, 70), reached(4, 60)]).unwrap();
    let mut found: Vec<(u64, i64)> = found.into_iter().collect();
    found.sort_unstable();
    assert_eq!(found, [(1, 70), (2, 70), (4, 60)]);
}

/// In a large workspace the visits of the same people are seen in every step of a bridge, also of those who are of a deal's
/// company only in between: the deal went after they came.
#[tokio::test]
async fn every_step_follows_the_same_people() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let (lakes, source) = live(&test);
    let store = FactStore::of_large(Arc::new(source), Arc::new(NoSpend), test.platform.world.clone());
    let now = test.platform.world.now();
    let mut ladder = Ladder::new(&FactsThen::new(store), &test.scope, now.plus(-HOUR), None).await.unwrap();
    let deal = DealInput {
        id: "dea_1".into(),
        name: "Deal".into(),
        company: Some("com_1".into()),
        people: Vec::new(),
        amount: None,
        pipeline: "sales".into(),
        stage: "sales/open".into(),
        outcome: Outcome::Open,
        created_at: now.micros(),
        closed_at: None,
        stages: Vec::new(),
        source_row: String::new(),
    };
    ladder.records.records = Records { people: vec![person(1, None)], deals: vec![deal], ..Records::default() };
    ladder.records_now.records = Records { people: vec![person(1, Some("com_1"))], ..Records::default() };
    for step in [None].into_iter().chain(Step::ALL.map(Some)) {
        let ready = ladder.facts(step).await.unwrap();
        assert!(ready.facts.sessions.kept().until(1).is_some(), "{step:?}");
    }
    lakes.close().await;
}
