//! The facts of the last moments that were asked for.

use crate::attribution::{Goal, GoalRow};
use crate::facts::spend::SpendFacts;
use crate::facts::{
    AsOf, Choices, Day, EventStamp, FactStore, Facts, GOAL_PEOPLE_MAX, Inputs, Kept, Ready, Records, SessionFacts,
    SessionsWanted, aside, day_of, follow, followed,
};
use kernel::problem::{Class, Problem};
use kernel::scope::Scope;
use kernel::time::{MINUTE, Timestamp};
use lake::KnownAt;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::OwnedMutexGuard;

/// Most moments whose facts are kept, of all workspaces together.
pub const KEPT_MAX: usize = 2;
/// How long facts are kept after they were last asked for.
const IDLE: Duration = Duration::from_secs(600);
/// Most sessions of a moment that are kept whole, of people that numbers follow.
const FOLLOWED_THEN_MAX: usize = 2_000_000;
/// A moment is over when everything received by it is counted: some time after it.
const SETTLES_AFTER: i64 = MINUTE;

/// Facts as of moments, of all workspaces. Clones share them.
#[derive(Clone)]
pub struct FactsThen(Arc<Shared>);

struct Shared {
    store: FactStore,
    shelf: Mutex<Vec<OnShelf>>,
    /// One moment is put together at a time: each takes as much memory as the facts of now.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// What facts are of.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    workspace: String,
    at: Timestamp,
    zone: String,
    currency: kernel::money::Currency,
}

struct OnShelf {
    key: Key,
    /// The event that was the goal; matters where not everybody's sessions are kept.
    goal: Option<String>,
    events: EventStamp,
    erasures: u64,
    settled: bool,
    facts: Arc<Facts>,
    used: Instant,
}

impl std::fmt::Debug for FactsThen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FactsThen").field("moments", &self.0.shelf.lock().len()).finish()
    }
}

fn event_of(goal: Option<&Goal>) -> Option<&str> {
    match goal {
        Some(Goal::Event(name)) => Some(name),
        _ => None,
    }
}

impl FactsThen {
    /// None yet.
    #[must_use]
    pub fn new(store: FactStore) -> Self {
        Self(Arc::new(Shared { store, shelf: Mutex::default(), turn: Arc::default() }))
    }

    /// The facts as of a moment, with the occurrences of the goal when it is an event.
    ///
    /// # Errors
    /// 422 when the moment is still to come; 413 `too_large` when they are too much for memory; those of the sources.
    pub async fn get(&self, scope: &Scope, at: Timestamp, goal: Option<&Goal>) -> Result<Ready, Problem> {
        self.check(at)?;
        // In a task of its own: who gives up waiting must not stop what others wait for.
        let (then, scope, goal) = (self.clone(), scope.clone(), goal.cloned());
        let stopped = |_| Problem::new(Class::Internal, "internal", "The facts could not be read. Try again.");
        tokio::spawn(async move { then.read(&scope, at, goal.as_ref()).await }).await.map_err(stopped)?
    }

    /// Refuses a moment that is still to come.
    pub(super) fn check(&self, at: Timestamp) -> Result<(), Problem> {
        if at > self.0.store.world().now() {
            let message =
                "This moment is still to come. Name one that is over, or leave `as_of` out for what is known now.";
            return Err(Problem::invalid("as_of", message));
        }
        Ok(())
    }

    /// How many moments are kept.
    pub(crate) fn kept(&self) -> usize {
        self.0.shelf.lock().len()
    }

    /// Waits until nobody else puts a moment together.
    pub(crate) async fn turn(&self) -> OwnedMutexGuard<()> {
        self.0.turn.clone().lock_owned().await
    }

    pub(super) fn store(&self) -> &FactStore {
        &self.0.store
    }

    async fn read(&self, scope: &Scope, at: Timestamp, goal: Option<&Goal>) -> Result<Ready, Problem> {
        let source = self.0.store.source();
        let choices = source.choices(scope).await?;
        let key = Key {
            workspace: scope.workspace.id.to_string(),
            at,
            zone: choices.zone.iana_name().unwrap_or("UTC").to_owned(),
            currency: choices.currency,
        };
        let known = source.known_at(scope, at).await?;
        let (mut events, mut erasures) = (source.events_stamp(scope).await?, source.erasures(scope).await?);
        let mut found = self.on_shelf(&key, goal, (&events, erasures));
        let turn = if found.is_none() { Some(self.turn().await) } else { None };
        if found.is_none() {
            // Somebody else may have put it together meanwhile.
            (events, erasures) = (source.events_stamp(scope).await?, source.erasures(scope).await?);
            found = self.on_shelf(&key, goal, (&events, erasures));
        }
        let facts = match found {
            Some(facts) => facts,
            None => {
                let records = source.records_at(scope, at, &known.merges).await?.records;
                let rows = self.goal_rows(scope, goal, Some(&known)).await?;
                let people = followed_then(&[&records], &rows)?;
                let sessions = self.sessions(scope, &choices, Some(known.clone()), people).await?;
                let spend = self.0.store.spend_source().spend_at(scope, &sessions.touches, at).await?;
                let facts = Arc::new(self.facts(&choices, sessions, records, spend).await?);
                if let Some(name) = event_of(goal) {
                    let _kept = facts.memo.bring(name, rows);
                }
                self.put(OnShelf {
                    settled: self.is_settled(at, &events),
                    goal: event_of(goal).map(str::to_owned),
                    facts: facts.clone(),
                    used: Instant::now(),
                    key,
                    events,
                    erasures,
                });
                facts
            }
        };
        drop(turn);
        let mut ready = Ready { as_of: as_of(&facts), today: today(&choices, at), facts, goal: None };
        if let Some(name) = event_of(goal) {
            let known_rows = ready.facts.memo.events(name);
            ready.goal = match known_rows {
                Some(rows) => Some(rows),
                None => Some(ready.facts.memo.bring(name, self.goal_rows(scope, goal, Some(&known)).await?)),
            };
        }
        Ok(ready)
    }

    fn is_settled(&self, at: Timestamp, events: &EventStamp) -> bool {
        let over = at.micros().saturating_add(SETTLES_AFTER);
        let watermark = &events.watermark;
        over < self.0.store.world().now().micros()
            && (over < watermark.at || watermark.offset == watermark.appended_offset)
    }

    fn on_shelf(&self, key: &Key, goal: Option<&Goal>, now: (&EventStamp, u64)) -> Option<Arc<Facts>> {
        let mut shelf = self.0.shelf.lock();
        let place = shelf.iter().position(|one| one.key == *key)?;
        let one = &mut shelf[place];
        let same_events = one.events.watermark.removals == now.0.watermark.removals && one.erasures == now.1;
        let holds_goal =
            one.facts.sessions.is_whole() || event_of(goal).is_none() || one.goal.as_deref() == event_of(goal);
        if same_events && holds_goal && (one.settled || one.events.is_same(now.0)) {
            one.used = Instant::now();
            return Some(one.facts.clone());
        }
        shelf.remove(place);
        None
    }

    fn put(&self, one: OnShelf) {
        let mut shelf = self.0.shelf.lock();
        if shelf.len() >= KEPT_MAX
            && let Some(oldest) = (0..shelf.len()).min_by_key(|place| shelf[*place].used)
        {
            shelf.remove(oldest);
        }
        shelf.push(one);
        tokio::spawn(clear_when_idle(Arc::downgrade(&self.0)));
    }

    /// The occurrences of a goal that is an event.
    pub(super) async fn goal_rows(
        &self,
        scope: &Scope,
        goal: Option<&Goal>,
        known: Option<&KnownAt>,
    ) -> Result<Vec<GoalRow>, Problem> {
        match event_of(goal) {
            Some(name) => self.0.store.source().goal(scope, name, known).await,
            None => Ok(Vec::new()),
        }
    }

    /// Sessions of what was known: everybody's, or where those are too many, those of the people that numbers follow.
    pub(super) async fn sessions(
        &self,
        scope: &Scope,
        choices: &Choices,
        known: Option<KnownAt>,
        people: HashMap<u64, i64>,
    ) -> Result<Arc<SessionFacts>, Problem> {
        let wanted = |kept, kept_max| {
            let (zone, known) = (choices.zone.clone(), known.clone());
            SessionsWanted { zone, kept, kept_max, before: None, known }
        };
        let source = self.0.store.source();
        let mut found = source.sessions(scope, wanted(Kept::Everybody, self.0.store.whole_max())).await?;
        if found.is_none() {
            found = source.sessions(scope, wanted(Kept::People(Arc::new(people)), FOLLOWED_THEN_MAX)).await?;
        }
        let too_large = || {
            let message = format!(
                "The visits of leads, companies and deals are more than the {FOLLOWED_THEN_MAX} that are put together for a \
                 moment of the past. Ask Explore or SQL about events with `as_of`, or leave `as_of` out."
            );
            Problem::new(Class::TooLarge, "too_large", message).at("as_of")
        };
        found.map(Arc::new).ok_or_else(too_large)
    }

    pub(super) async fn facts(
        &self,
        choices: &Choices,
        sessions: Arc<SessionFacts>,
        records: Records,
        spend: Arc<SpendFacts>,
    ) -> Result<Facts, Problem> {
        let (currency, built_at) = (choices.currency, self.0.store.world().now());
        let Records { people, visitors, companies, deals } = records;
        let inputs = Inputs { people, visitors, companies, deals, spend, currency, built_at };
        aside(move || Facts::new(sessions, inputs)).await
    }
}

/// Forgets what was not asked for lately; looks again for as long as something is there.
async fn clear_when_idle(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(IDLE).await;
        let Some(shared) = shared.upgrade() else { return };
        let mut shelf = shared.shelf.lock();
        shelf.retain(|one| one.used.elapsed() < IDLE);
        if shelf.is_empty() {
            return;
        }
    }
}

/// Up to when the sessions of people can be touches, by any of these records and of whoever reached the goal.
pub(super) fn followed_then(all: &[&Records], rows: &[GoalRow]) -> Result<HashMap<u64, i64>, Problem> {
    let mut people = HashMap::new();
    for records in all {
        for (person, until) in followed(&records.people, &records.deals, &HashMap::new()) {
            follow(&mut people, person, until);
        }
    }
    let mut reached: HashMap<u64, i64> = HashMap::new();
    for row in rows {
        follow(&mut reached, row.person, row.at);
    }
    if reached.len() > GOAL_PEOPLE_MAX {
        let message = format!(
            "The goal was reached by {} people, more than the {GOAL_PEOPLE_MAX} whose visits can be followed at a time. \
             Choose an event that is rarer.",
            reached.len()
        );
        return Err(Problem::invalid("goal", message));
    }
    for (person, until) in reached {
        follow(&mut people, person, until);
    }
    Ok(people)
}

/// How far the events of facts were read.
pub(super) fn as_of(facts: &Facts) -> AsOf {
    let watermark = facts.sessions.watermark;
    let until = facts.sessions.known.as_ref().map_or(i64::MAX, |known| known.at.micros());
    let at = (watermark.at != 0).then(|| Timestamp::from_micros(watermark.at.min(until)));
    AsOf { offset: watermark.offset, at, lag_seconds: 0 }
}

/// The day a moment is on.
pub(super) fn today(choices: &Choices, at: Timestamp) -> Day {
    day_of(at.date_in(&choices.zone))
}
