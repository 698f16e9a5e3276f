//! Facts on demand: built when first asked for, kept, and renewed when what they are built from has moved on.
//!
//! **Invariant:** an answer never waits for facts to be renewed when there are older ones that took long to build: it is
//! given from those, with their watermark and how far behind they are, while newer ones are built.
//! **Invariant:** changes of deals and the ledger are seen at once, and so are changes of people and merges while no
//! event arrives. Only what comes together with new events may wait, and then the answer says for how long it has.

use super::build::Inputs;
use super::calendar::{Day, day_of};
use super::follow::{follow, followed};
use super::model::{AsOf, Facts};
use super::source::{Choices, EventStamp, FactSource, Records, RecordsVersion, SessionsWanted};
use super::spend::{SpendSource, TouchIndex};
use crate::attribution::{Goal, GoalRow};
use crate::sessions::{Kept, SessionFacts};
use jiff::tz::TimeZone;
use kernel::money::Currency;
use kernel::problem::{Class, Problem};
use kernel::scope::Scope;
use kernel::time::Timestamp;
use parking_lot::Mutex;
use platform::World;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Facts that are built faster than this are renewed while the question waits.
const QUICK: Duration = Duration::from_millis(250);
/// Most sessions that are kept whole. Beyond it only those of people that numbers follow (leads, the people of companies
/// and of deals) are, and the others are counted.
const SESSIONS_WHOLE_MAX: usize = 600_000;
/// Most sessions that are kept whole of people that numbers follow.
const SESSIONS_FOLLOWED_MAX: usize = 6_000_000;
/// Most people that are followed because they reached an event that was asked for as a goal.
pub(crate) const GOAL_PEOPLE_MAX: usize = 200_000;
/// Facts are not renewed more often than once in so many times of what it takes.
const REST: u32 = 4;

/// Facts, and what must be said about them.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The facts.
    pub facts: Arc<Facts>,
    /// How far the events were read.
    pub as_of: AsOf,
    /// Today in the workspace's zone.
    pub today: Day,
    /// The occurrences of the goal when it is an event: the facts do not put them away while somebody holds them.
    pub goal: Option<Arc<Vec<GoalRow>>>,
}

/// Facts of all workspaces. Clones share them.
#[derive(Clone)]
pub struct FactStore(Arc<Shared>);

struct Shared {
    source: Arc<dyn FactSource>,
    spend: Arc<dyn SpendSource>,
    world: World,
    desks: Mutex<HashMap<String, Arc<Desk>>>,
    quick: Duration,
    whole_max: usize,
}

#[derive(Clone)]
struct BuiltSessions {
    stamp: EventStamp,
    zone: String,
    facts: Arc<SessionFacts>,
    at: Instant,
    took: Duration,
}

#[derive(Clone)]
struct BuiltFacts {
    stamp: Stamp,
    facts: Arc<Facts>,
    at: Instant,
    took: Duration,
}

#[derive(Clone)]
struct Stamp {
    events: EventStamp,
    zone: String,
    currency: Currency,
    records: RecordsVersion,
    spend: u64,
}

#[derive(Default)]
struct Desk {
    sessions: Mutex<Option<BuiltSessions>>,
    facts: Mutex<Option<BuiltFacts>>,
    sessions_turn: tokio::sync::Mutex<()>,
    facts_turn: tokio::sync::Mutex<()>,
    renewing: AtomicBool,
    renewing_facts: AtomicBool,
    /// Whether there are too many sessions to keep them all.
    is_large: AtomicBool,
    /// When people last reached an event that was asked for as a goal.
    goal_people: Mutex<HashMap<u64, i64>>,
}

impl std::fmt::Debug for FactStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FactStore").field("workspaces", &self.0.desks.lock().len()).finish()
    }
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

/// Runs a long computation beside the requests.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let failed = |_| Problem::new(Class::Internal, "internal", "The computation stopped. Try again.");
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

impl FactStore {
    /// No facts yet.
    #[must_use]
    pub fn new(source: Arc<dyn FactSource>, spend: Arc<dyn SpendSource>, world: World) -> Self {
        Self(Arc::new(Shared {
            source,
            spend,
            world,
            desks: Mutex::default(),
            quick: QUICK,
            whole_max: SESSIONS_WHOLE_MAX,
        }))
    }

    /// As if every build took long.
    #[cfg(test)]
    pub(crate) fn of_slow(source: Arc<dyn FactSource>, spend: Arc<dyn SpendSource>, world: World) -> Self {
        let (desks, quick) = (Mutex::default(), Duration::ZERO);
        Self(Arc::new(Shared { source, spend, world, desks, quick, whole_max: SESSIONS_WHOLE_MAX }))
    }

    /// As if a workspace were large from the first session on.
    #[cfg(test)]
    pub(crate) fn of_large(source: Arc<dyn FactSource>, spend: Arc<dyn SpendSource>, world: World) -> Self {
        Self(Arc::new(Shared { source, spend, world, desks: Mutex::default(), quick: QUICK, whole_max: 0 }))
    }

    /// Whether the facts of a workspace were ever asked for.
    #[cfg(test)]
    pub(crate) fn is_read(&self, scope: &Scope) -> bool {
        self.0.desks.lock().contains_key(&scope.workspace.slug)
    }

    fn desk(&self, scope: &Scope) -> Arc<Desk> {
        self.0.desks.lock().entry(scope.workspace.slug.clone()).or_default().clone()
    }

    /// The clock and the source of chance.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.0.world
    }

    /// The source of everything but spend.
    #[must_use]
    pub fn source(&self) -> &dyn FactSource {
        self.0.source.as_ref()
    }

    /// The ledger.
    pub(crate) fn spend_source(&self) -> &dyn SpendSource {
        self.0.spend.as_ref()
    }

    /// Most sessions that are kept whole.
    pub(crate) fn whole_max(&self) -> usize {
        self.0.whole_max
    }

    /// The facts of a workspace.
    ///
    /// # Errors
    /// Those of the sources.
    pub async fn get(&self, scope: &Scope) -> Result<Ready, Problem> {
        // In a task of its own: who gives up waiting must not stop what others wait for, or a large workspace would never be
        // read.
        let (store, scope) = (self.clone(), scope.clone());
        let stopped = |_| Problem::new(Class::Internal, "internal", "The facts could not be read. Try again.");
        tokio::spawn(async move { store.read(&scope).await }).await.map_err(stopped)?
    }

    async fn read(&self, scope: &Scope) -> Result<Ready, Problem> {
        let choices = self.0.source.choices(scope).await?;
        let desk = self.desk(scope);
        let sessions = self.sessions(scope, &desk, &choices.zone).await?;
        let (built, is_newest) = self.facts(scope, &desk, &choices, &sessions).await?;
        let newest = self.0.source.events_stamp(scope).await?;
        // What is counted is what the facts hold: they may be older than the newest sessions.
        let behind = !is_newest || !built.stamp.events.is_same(&newest);
        let (facts, age) = (built.facts, built.at.elapsed());
        let watermark = facts.sessions.watermark;
        let as_of = AsOf {
            offset: watermark.offset,
            at: (watermark.at != 0).then(|| Timestamp::from_micros(watermark.at)),
            lag_seconds: if behind { age.as_secs().max(1) } else { 0 },
        };
        let today = day_of(self.0.world.now().date_in(&choices.zone));
        Ok(Ready { facts, as_of, today, goal: None })
    }

    /// The facts, with the occurrences of the goal when it is an event.
    ///
    /// # Errors
    /// Those of the sources; 422 when more people reached the goal than can be followed.
    pub async fn with_goal(&self, scope: &Scope, goal: Option<&Goal>) -> Result<Ready, Problem> {
        let mut ready = self.get(scope).await?;
        let Some(Goal::Event(name)) = goal else { return Ok(ready) };
        ready.goal = ready.facts.memo.events(name);
        if ready.goal.is_none() {
            let mut rows = self.0.source.goal(scope, name, None).await?;
            if self.follows_more(scope, name, &rows)? {
                ready = self.get(scope).await?;
            }
            // The facts may be older than the newest events: a goal must not come before the visits that led to it.
            rows.retain(|row| row.offset <= ready.as_of.offset);
            ready.goal = Some(ready.facts.memo.bring(name, rows));
        }
        Ok(ready)
    }

    /// Follows the people who reached a goal, where not everybody is; whether there was one more.
    fn follows_more(&self, scope: &Scope, name: &str, rows: &[GoalRow]) -> Result<bool, Problem> {
        let desk = self.desk(scope);
        let followed = desk.facts.lock().as_ref().map(|built| built.facts.sessions.kept().clone()).unwrap_or_default();
        let mut more: HashMap<u64, i64> = HashMap::new();
        for row in rows.iter().filter(|row| !followed.has(row.person, row.at)) {
            follow(&mut more, row.person, row.at);
        }
        if more.is_empty() {
            return Ok(false);
        }
        if more.len() > GOAL_PEOPLE_MAX {
            let message = format!(
                "`{name}` was reached by {} people, more than the {GOAL_PEOPLE_MAX} whose visits can be followed at a time. \
                 Choose an event that is rarer.",
                more.len()
            );
            return Err(Problem::invalid("goal", message));
        }
        let mut people = desk.goal_people.lock();
        if people.len() + more.len() <= 2 * GOAL_PEOPLE_MAX {
            people.iter().for_each(|(person, at)| follow(&mut more, *person, *at));
        }
        *people = more;
        // What was built without them is not given any more.
        *desk.facts.lock() = None;
        Ok(true)
    }

    /// The touches by the keys that spend is joined on: for the ledger, which must not ask for facts that it is part of.
    ///
    /// # Errors
    /// Those of the sources.
    pub async fn touch_index(&self, scope: &Scope) -> Result<Arc<TouchIndex>, Problem> {
        let choices = self.0.source.choices(scope).await?;
        let desk = self.desk(scope);
        Ok(self.sessions(scope, &desk, &choices.zone).await?.facts.touches.clone())
    }

    async fn sessions(&self, scope: &Scope, desk: &Arc<Desk>, zone: &TimeZone) -> Result<BuiltSessions, Problem> {
        let stamp = self.0.source.events_stamp(scope).await?;
        let known = desk.sessions.lock().clone().filter(|known| known.zone == zone_name(zone));
        match known {
            Some(known) if known.stamp.is_same(&stamp) => Ok(known),
            // They are renewed together with the facts, which say whose are kept.
            Some(known) if !known.facts.is_whole() => Ok(known),
            // Without new events persons were merged or separated by hand: who did it looks at the answer.
            Some(known) if known.took > self.0.quick && known.stamp.is_before(&stamp) => {
                let rested = known.at.elapsed() > known.took * REST;
                if rested && !desk.renewing.swap(true, Ordering::AcqRel) {
                    let (store, scope, desk, zone) = (self.clone(), scope.clone(), desk.clone(), zone.clone());
                    tokio::spawn(async move {
                        if let Err(problem) = store.build_sessions(&scope, &desk, &zone).await {
                            tracing::error!(%problem, workspace = %scope.workspace.slug, "facts could not be renewed");
                        }
                        desk.renewing.store(false, Ordering::Release);
                    });
                }
                Ok(known)
            }
            _ => self.build_sessions(scope, desk, zone).await,
        }
    }

    async fn build_sessions(&self, scope: &Scope, desk: &Desk, zone: &TimeZone) -> Result<BuiltSessions, Problem> {
        let _turn = desk.sessions_turn.lock().await;
        // The stamp is taken before the events are read: what comes in between is read again, never missed.
        let stamp = self.0.source.events_stamp(scope).await?;
        if let Some(known) = desk.sessions.lock().clone()
            && known.stamp.is_same(&stamp)
            && known.zone == zone_name(zone)
        {
            return Ok(known);
        }
        let before = desk.sessions.lock().clone();
        self.read_sessions(scope, desk, zone, before).await
    }

    /// Reads the sessions on from what is known; in a large workspace with those of the people that numbers follow now.
    async fn read_sessions(
        &self,
        scope: &Scope,
        desk: &Desk,
        zone: &TimeZone,
        before: Option<BuiltSessions>,
    ) -> Result<BuiltSessions, Problem> {
        let started = Instant::now();
        let stamp = self.0.source.events_stamp(scope).await?;
        let before = before.map(|known| known.facts);
        let wanted =
            |kept, kept_max| SessionsWanted { zone: zone.clone(), kept, kept_max, before: before.clone(), known: None };
        let mut found = None;
        if !desk.is_large.load(Ordering::Acquire) {
            found = self.0.source.sessions(scope, wanted(Kept::Everybody, self.0.whole_max)).await?;
            desk.is_large.store(found.is_none(), Ordering::Release);
        }
        if found.is_none() {
            let kept = self.followed(scope, desk).await?;
            found = self.0.source.sessions(scope, wanted(kept, SESSIONS_FOLLOWED_MAX)).await?;
        }
        let too_many = || {
            let message = format!(
                "The visits of leads, companies and deals are more than the {SESSIONS_FOLLOWED_MAX} that are kept in memory."
            );
            Problem::new(Class::TooLarge, "too_large", message)
        };
        let built = BuiltSessions {
            stamp,
            zone: zone_name(zone),
            facts: Arc::new(found.ok_or_else(too_many)?),
            at: Instant::now(),
            took: started.elapsed(),
        };
        tracing::debug!(
            workspace = %scope.workspace.slug,
            sessions = built.facts.sessions(),
            kept = built.facts.len(),
            bytes = built.facts.bytes(),
            took_ms = built.took.as_millis(),
            "sessions are read"
        );
        *desk.sessions.lock() = Some(built.clone());
        Ok(built)
    }

    /// Leads, the people of deals and of their companies, and those who reached a goal.
    async fn followed(&self, scope: &Scope, desk: &Desk) -> Result<Kept, Problem> {
        let records = self.0.source.records(scope).await?;
        let mut people = followed(&records.people, &records.deals);
        for (person, at) in desk.goal_people.lock().iter() {
            follow(&mut people, *person, *at);
        }
        Ok(Kept::People(Arc::new(people)))
    }

    async fn facts(
        &self,
        scope: &Scope,
        desk: &Arc<Desk>,
        choices: &Choices,
        sessions: &BuiltSessions,
    ) -> Result<(BuiltFacts, bool), Problem> {
        let newest = self.0.source.events_stamp(scope).await?;
        let mut stamp = self.stamp(scope, choices, sessions).await?;
        if desk.is_large.load(Ordering::Acquire) {
            stamp.events = newest;
        }
        let known = desk.facts.lock().clone();
        match known {
            Some(known) if known.stamp.is_same(&stamp) => Ok((known, true)),
            // People that changed without a new event were changed by a record: that is waited for.
            Some(known)
                if known.took > self.0.quick
                    && known.stamp.events.is_before(&newest)
                    && known.stamp.differs_by_events_alone(&stamp) =>
            {
                let rested = known.at.elapsed() > known.took * REST;
                if rested && !desk.renewing_facts.swap(true, Ordering::AcqRel) {
                    let (store, scope, desk) = (self.clone(), scope.clone(), desk.clone());
                    let (choices, sessions) = (choices.clone(), sessions.clone());
                    tokio::spawn(async move {
                        if let Err(problem) = store.build_facts(&scope, &desk, &choices, &sessions).await {
                            tracing::error!(%problem, workspace = %scope.workspace.slug, "facts could not be renewed");
                        }
                        desk.renewing_facts.store(false, Ordering::Release);
                    });
                }
                Ok((known, false))
            }
            _ => Ok((self.build_facts(scope, desk, choices, sessions).await?, true)),
        }
    }

    async fn build_facts(
        &self,
        scope: &Scope,
        desk: &Desk,
        choices: &Choices,
        sessions: &BuiltSessions,
    ) -> Result<BuiltFacts, Problem> {
        let _turn = desk.facts_turn.lock().await;
        let started = Instant::now();
        let mut stamp = self.stamp(scope, choices, sessions).await?;
        if desk.is_large.load(Ordering::Acquire) {
            stamp.events = self.0.source.events_stamp(scope).await?;
        }
        if let Some(known) = desk.facts.lock().as_ref().filter(|known| known.stamp.is_same(&stamp)) {
            return Ok(known.clone());
        }
        // Who is followed is read before the records are: who becomes known meanwhile is seen by the next facts.
        let own;
        let mut sessions = sessions;
        if desk.is_large.load(Ordering::Acquire) {
            let _turn = desk.sessions_turn.lock().await;
            let before = desk.sessions.lock().clone();
            own = self.read_sessions(scope, desk, &choices.zone, before).await?;
            (sessions, stamp.events) = (&own, own.stamp);
        }
        let Records { people, visitors, companies, deals } = self.0.source.records(scope).await?;
        let spend = self.0.spend.spend(scope, &sessions.facts.touches).await?;
        let inputs = Inputs {
            people,
            visitors,
            companies,
            deals,
            spend,
            currency: choices.currency,
            built_at: self.0.world.now(),
        };
        let rows = sessions.facts.clone();
        let facts = Arc::new(aside(move || Facts::new(rows, inputs)).await?);
        let built = BuiltFacts { stamp, facts, at: Instant::now(), took: started.elapsed() };
        *desk.facts.lock() = Some(built.clone());
        Ok(built)
    }

    async fn stamp(&self, scope: &Scope, choices: &Choices, sessions: &BuiltSessions) -> Result<Stamp, Problem> {
        Ok(Stamp {
            events: sessions.stamp,
            zone: sessions.zone.clone(),
            currency: choices.currency,
            records: self.0.source.records_version(scope).await?,
            spend: self.0.spend.version(scope).await?,
        })
    }
}

impl Stamp {
    fn is_same(&self, other: &Stamp) -> bool {
        self.events.is_same(&other.events) && self.differs_by_events_alone(other) && self.records == other.records
    }

    /// Whether only what events bring has moved on: newer sessions, new people.
    fn differs_by_events_alone(&self, other: &Stamp) -> bool {
        self.zone == other.zone
            && self.currency == other.currency
            && self.records.deals == other.records.deals
            && self.spend == other.spend
    }
}
