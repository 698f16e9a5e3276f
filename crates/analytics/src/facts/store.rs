//! Facts on demand: built when first asked for, kept, and renewed when what they are built from has moved on.
//!
//! **Invariant:** an answer never waits for facts to be renewed when there are older ones that took long to build: it is
//! given from those, with their watermark and how far behind they are, while newer ones are built.
//! **Invariant:** changes of deals and the ledger are seen at once, and so are changes of people and merges while no
//! event arrives. Only what comes together with new events may wait, and then the answer says for how long it has.

use super::build::Inputs;
use super::calendar::{Day, day_of};
use super::goals::{Asked, Followed, with_last};
use super::model::{AsOf, Facts};
use super::source::{Choices, EventStamp, FactSource, Records, RecordsVersion, SessionsWanted};
use crate::attribution::GoalRow;
use crate::sessions::{Kept, SessionFacts};
use crate::spend::{SpendSource, TouchIndex};
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
    followed_max: usize,
}

#[derive(Clone)]
pub(super) struct BuiltSessions {
    stamp: EventStamp,
    erasures: u64,
    zone: String,
    facts: Arc<SessionFacts>,
    at: Instant,
    took: Duration,
}

#[derive(Clone)]
pub(super) struct BuiltFacts {
    stamp: Stamp,
    pub(super) facts: Arc<Facts>,
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
    erasures: u64,
}

#[derive(Default)]
pub(super) struct Desk {
    sessions: Mutex<Option<BuiltSessions>>,
    facts: Mutex<Option<BuiltFacts>>,
    sessions_turn: tokio::sync::Mutex<()>,
    facts_turn: tokio::sync::Mutex<()>,
    renewing: AtomicBool,
    renewing_facts: AtomicBool,
    /// Whether there are too many sessions to keep them all.
    is_large: AtomicBool,
    /// Events that were asked for as goals, the last one at the end: in a large workspace whoever reached one is followed.
    pub(super) goals: Mutex<Vec<String>>,
}

impl std::fmt::Debug for FactStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FactStore").field("workspaces", &self.0.desks.lock().len()).finish()
    }
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

fn too_many() -> Problem {
    let message = format!(
        "The visits of leads, companies and deals are more than the {SESSIONS_FOLLOWED_MAX} that are kept in memory."
    );
    Problem::new(Class::TooLarge, "too_large", message)
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
            followed_max: SESSIONS_FOLLOWED_MAX,
        }))
    }

    /// As if every build took long.
    #[cfg(test)]
    pub(crate) fn of_slow(source: Arc<dyn FactSource>, spend: Arc<dyn SpendSource>, world: World) -> Self {
        let (desks, quick) = (Mutex::default(), Duration::ZERO);
        let (whole_max, followed_max) = (SESSIONS_WHOLE_MAX, SESSIONS_FOLLOWED_MAX);
        Self(Arc::new(Shared { source, spend, world, desks, quick, whole_max, followed_max }))
    }

    /// As if a workspace were large from the first session on.
    #[cfg(test)]
    pub(crate) fn of_large(source: Arc<dyn FactSource>, spend: Arc<dyn SpendSource>, world: World) -> Self {
        Self::of_large_up_to(source, spend, world, SESSIONS_FOLLOWED_MAX)
    }

    /// The same, with as many sessions of people that numbers follow as are kept.
    #[cfg(test)]
    pub(crate) fn of_large_up_to(
        source: Arc<dyn FactSource>,
        spend: Arc<dyn SpendSource>,
        world: World,
        followed_max: usize,
    ) -> Self {
        let (desks, quick) = (Mutex::default(), QUICK);
        Self(Arc::new(Shared { source, spend, world, desks, quick, whole_max: 0, followed_max }))
    }

    /// Whether the facts of a workspace were ever asked for.
    #[cfg(test)]
    pub(crate) fn is_read(&self, scope: &Scope) -> bool {
        self.0.desks.lock().contains_key(&scope.workspace.slug)
    }

    pub(super) fn desk(&self, scope: &Scope) -> Arc<Desk> {
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
        self.told(scope, &choices, built, is_newest).await
    }

    /// The facts with what must be said about them.
    pub(super) async fn told(
        &self,
        scope: &Scope,
        choices: &Choices,
        built: BuiltFacts,
        is_newest: bool,
    ) -> Result<Ready, Problem> {
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

    /// The touches by the keys that spend is joined on: for the ledger, which must not ask for facts that it is part of.
    ///
    /// # Errors
    /// Those of the sources.
    pub async fn touch_index(&self, scope: &Scope) -> Result<Arc<TouchIndex>, Problem> {
        let choices = self.0.source.choices(scope).await?;
        let desk = self.desk(scope);
        Ok(self.sessions(scope, &desk, &choices.zone).await?.facts.touches.clone())
    }

    pub(super) async fn sessions(
        &self,
        scope: &Scope,
        desk: &Arc<Desk>,
        zone: &TimeZone,
    ) -> Result<BuiltSessions, Problem> {
        let stamp = self.0.source.events_stamp(scope).await?;
        let erasures = self.0.source.erasures(scope).await?;
        // Whoever was erased is in no answer any more: that is waited for.
        let fits = |known: &BuiltSessions| known.zone == zone_name(zone) && known.erasures == erasures;
        let known = desk.sessions.lock().clone().filter(fits);
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
        let erasures = self.0.source.erasures(scope).await?;
        if let Some(known) = desk.sessions.lock().clone()
            && known.stamp.is_same(&stamp)
            && known.zone == zone_name(zone)
            && known.erasures == erasures
        {
            return Ok(known);
        }
        let before = desk.sessions.lock().clone();
        self.read_sessions(scope, desk, zone, before, None).await?.ok_or_else(too_many)
    }

    /// Reads the sessions on from what is known; in a large workspace with those of the people that numbers follow, by
    /// default those that records name. None when these are too many.
    async fn read_sessions(
        &self,
        scope: &Scope,
        desk: &Desk,
        zone: &TimeZone,
        before: Option<BuiltSessions>,
        followed: Option<HashMap<u64, i64>>,
    ) -> Result<Option<BuiltSessions>, Problem> {
        let started = Instant::now();
        let stamp = self.0.source.events_stamp(scope).await?;
        let erasures = self.0.source.erasures(scope).await?;
        let before = before.map(|known| known.facts);
        let wanted =
            |kept, kept_max| SessionsWanted { zone: zone.clone(), kept, kept_max, before: before.clone(), known: None };
        let mut found = None;
        if !desk.is_large.load(Ordering::Acquire) {
            found = self.0.source.sessions(scope, wanted(Kept::Everybody, self.0.whole_max)).await?;
            desk.is_large.store(found.is_none(), Ordering::Release);
        }
        if found.is_none() {
            let people = match followed {
                Some(people) => people,
                None => {
                    let records = self.0.source.records(scope).await?;
                    super::follow::followed(&records.people, &records.deals, &HashMap::new())
                }
            };
            found = self.0.source.sessions(scope, wanted(Kept::People(Arc::new(people)), self.0.followed_max)).await?;
        }
        let Some(found) = found else { return Ok(None) };
        let built = BuiltSessions {
            stamp,
            erasures,
            zone: zone_name(zone),
            facts: Arc::new(found),
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
        Ok(Some(built))
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
                        if let Err(problem) = store.build_facts(&scope, &desk, &choices, &sessions, None).await {
                            tracing::error!(%problem, workspace = %scope.workspace.slug, "facts could not be renewed");
                        }
                        desk.renewing_facts.store(false, Ordering::Release);
                    });
                }
                Ok((known, false))
            }
            _ => Ok((self.build_facts(scope, desk, choices, sessions, None).await?, true)),
        }
    }

    /// Builds the facts, while others go on reading those that are there. `asked`: of a goal that those do not follow well.
    pub(super) async fn build_facts(
        &self,
        scope: &Scope,
        desk: &Desk,
        choices: &Choices,
        sessions: &BuiltSessions,
        asked: Option<&Asked>,
    ) -> Result<BuiltFacts, Problem> {
        let _turn = desk.facts_turn.lock().await;
        let started = Instant::now();
        let mut stamp = self.stamp(scope, choices, sessions).await?;
        if desk.is_large.load(Ordering::Acquire) {
            stamp.events = self.0.source.events_stamp(scope).await?;
        }
        let suffices = |known: &&BuiltFacts| {
            known.stamp.is_same(&stamp) && asked.is_none_or(|asked| asked.is_met_by(&known.facts))
        };
        if let Some(known) = desk.facts.lock().as_ref().filter(suffices) {
            return Ok(known.clone());
        }
        let (mut rows, mut followed) = (sessions.facts.clone(), Vec::new());
        let mut records = None;
        if desk.is_large.load(Ordering::Acquire) {
            // One reading says whose sessions are kept and who is who: nobody is known whose visits are not.
            let read = self.0.source.records(scope).await?;
            let found = self.read_followed(scope, desk, choices, &read, asked).await?;
            (rows, stamp.events, followed) = (found.0.facts, found.0.stamp, found.1);
            records = Some(read);
        }
        let Records { people, visitors, companies, deals } = match records {
            Some(records) => records,
            None => self.0.source.records(scope).await?,
        };
        let spend = self.0.spend.spend(scope, &rows.touches).await?;
        let inputs = Inputs {
            people,
            visitors,
            companies,
            deals,
            spend,
            currency: choices.currency,
            built_at: self.0.world.now(),
        };
        let facts = aside(move || Facts::new(rows, inputs)).await?;
        facts.memo.follow(followed);
        let built = BuiltFacts { stamp, facts: Arc::new(facts), at: Instant::now(), took: started.elapsed() };
        *desk.facts.lock() = Some(built.clone());
        Ok(built)
    }

    /// The sessions of a large workspace, with those of whoever reached the goals that were asked for, and how far each
    /// goal is followed. Goals asked for earlier are given up where they are too many together.
    async fn read_followed(
        &self,
        scope: &Scope,
        desk: &Desk,
        choices: &Choices,
        records: &Records,
        asked: Option<&Asked>,
    ) -> Result<(BuiltSessions, Vec<Followed>), Problem> {
        let _turn = desk.sessions_turn.lock().await;
        let all = with_last(&desk.goals.lock(), asked.map(|asked| asked.name.as_str()));
        let few: Vec<String> = asked.map(|asked| asked.name.clone()).into_iter().collect();
        for goals in [all, few] {
            let (reached, followed) = self.reached(scope, &goals).await?;
            let people = super::follow::followed(&records.people, &records.deals, &reached);
            let before = desk.sessions.lock().clone();
            if let Some(found) = self.read_sessions(scope, desk, &choices.zone, before, Some(people)).await? {
                // A goal that others asked for meanwhile is followed by the next facts.
                *desk.goals.lock() = followed.iter().map(|goal| goal.name.clone()).collect();
                return Ok((found, followed));
            }
        }
        Err(asked.map_or_else(too_many, |asked| asked.too_many()))
    }

    async fn stamp(&self, scope: &Scope, choices: &Choices, sessions: &BuiltSessions) -> Result<Stamp, Problem> {
        Ok(Stamp {
            events: sessions.stamp,
            zone: sessions.zone.clone(),
            currency: choices.currency,
            records: self.0.source.records_version(scope).await?,
            spend: self.0.spend.version(scope).await?,
            erasures: self.0.source.erasures(scope).await?,
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
            && self.erasures == other.erasures
    }
}
