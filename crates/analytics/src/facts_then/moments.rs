//! Facts of a moment on demand: those that are kept, or put together once for all who wait for them.

use super::shelf::{Key, Of, OnShelf, Seen, Shelf, event_of};
use super::turns::{Turn, Turns};
use crate::attribution::{Goal, GoalRow};
use crate::facts::{
    Choices, Day, FactStore, Facts, GOAL_PEOPLE_MAX, Inputs, Kept, Ready, Records, SessionFacts, SessionsWanted, aside,
    day_of, follow, followed,
};
use crate::spend::SpendFacts;
use kernel::problem::{Class, Problem};
use kernel::scope::Scope;
use kernel::time::Timestamp;
use lake::KnownAt;
use parking_lot::Mutex;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Most sessions of a moment that are kept whole, of people that numbers follow.
const FOLLOWED_THEN_MAX: usize = 2_000_000;
/// What was asked for so long ago is put together to its end although nobody waits any more: whoever asked was sent away, and
/// will ask again.
const PATIENCE: Duration = Duration::from_secs(kernel::limits::SQL_SECONDS_MAX / 2);

/// Facts as of moments, of all workspaces. Clones share them.
#[derive(Clone)]
pub struct FactsThen(Arc<Shared>);

struct Shared {
    store: FactStore,
    shelf: Mutex<Shelf>,
    /// What is being put together, or waits for its turn.
    asked: Mutex<Vec<Arc<Asked>>>,
    turns: Turns,
}

type Answer = Option<Result<Ready, Problem>>;

/// Facts that somebody waits for.
struct Asked {
    key: Key,
    goal: Option<String>,
    /// Those who wait listen to this.
    answer: watch::Sender<Answer>,
    since: Instant,
    /// Whether its turn has come.
    begun: AtomicBool,
}

impl std::fmt::Debug for FactsThen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FactsThen").field("moments", &self.kept()).finish()
    }
}

fn stopped() -> Problem {
    Problem::new(Class::Internal, "internal", "The facts could not be read. Try again.")
}

impl FactsThen {
    /// None yet.
    #[must_use]
    pub fn new(store: FactStore) -> Self {
        let (shelf, asked, turns) = (Mutex::default(), Mutex::default(), Turns::default());
        Self(Arc::new(Shared { store, shelf, asked, turns }))
    }

    /// The facts as of a moment, with the occurrences of the goal when it is an event.
    ///
    /// # Errors
    /// 422 when the moment is still to come; 413 `too_large` when they are too much for memory; 429 when too many wait; those
    /// of the sources.
    pub async fn get(&self, scope: &Scope, at: Timestamp, goal: Option<&Goal>) -> Result<Ready, Problem> {
        self.check(at)?;
        let choices = self.store().source().choices(scope).await?;
        let key = Key::new(scope, at, &choices);
        let seen = self.seen(scope).await?;
        let found = self.0.shelf.lock().find(&key, goal, &seen);
        if let Some(found) = found {
            return self.ready(scope, &choices, goal, (at, found)).await;
        }
        let mut answer = self.ask(scope, key, choices, goal);
        let answered = answer.wait_for(Option::is_some).await.map_err(|_| stopped())?;
        answered.clone().unwrap_or_else(|| Err(stopped()))
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

    /// Waits for the workspace's turn to put something together.
    pub(super) async fn turn(&self, scope: &Scope) -> Result<Turn, Problem> {
        self.0.turns.take(&scope.workspace.id.to_string()).await
    }

    pub(super) fn store(&self) -> &FactStore {
        &self.0.store
    }

    /// Listens to the answer of whoever puts this together; begins with it when nobody does.
    fn ask(&self, scope: &Scope, key: Key, choices: Choices, goal: Option<&Goal>) -> watch::Receiver<Answer> {
        let mut all = self.0.asked.lock();
        let event = event_of(goal);
        if let Some(same) = all.iter().find(|one| one.key == key && one.goal.as_deref() == event) {
            return same.answer.subscribe();
        }
        let (answer, waits) = watch::channel(None);
        let (since, begun) = (Instant::now(), AtomicBool::new(false));
        let asked = Arc::new(Asked { key, goal: event.map(str::to_owned), answer, since, begun });
        all.push(asked.clone());
        // In a task of its own: who gives up waiting must not stop what others wait for.
        tokio::spawn(self.clone().answer(scope.clone(), Listed { then: self.clone(), asked }, choices, goal.cloned()));
        waits
    }

    /// Puts together what was asked for, until nobody waits for it any more.
    async fn answer(self, scope: Scope, listed: Listed, choices: Choices, goal: Option<Goal>) {
        let asked = listed.asked.clone();
        let build = self.build(&scope, &asked, &choices, goal.as_ref());
        tokio::pin!(build);
        let found = loop {
            tokio::select! {
                found = &mut build => break found,
                () = asked.answer.closed() => {
                    if asked.begun.load(Ordering::Acquire) && asked.since.elapsed() >= PATIENCE {
                        break build.await;
                    }
                    if self.give_up(&asked) {
                        return;
                    }
                }
            }
        };
        // Who comes from here on finds it on the shelf.
        drop(listed);
        asked.answer.send_replace(Some(found));
    }

    /// Takes away what nobody waits for; not when somebody has come just now.
    fn give_up(&self, asked: &Arc<Asked>) -> bool {
        let mut all = self.0.asked.lock();
        let nobody = asked.answer.receiver_count() == 0;
        if nobody {
            all.retain(|one| !Arc::ptr_eq(one, asked));
        }
        nobody
    }

    async fn build(
        &self,
        scope: &Scope,
        asked: &Asked,
        choices: &Choices,
        goal: Option<&Goal>,
    ) -> Result<Ready, Problem> {
        let (turn, at) = (self.turn(scope).await?, asked.key.at);
        asked.begun.store(true, Ordering::Release);
        // Before anything else is read: what comes in from here on may or may not be counted.
        let seen = self.seen(scope).await?;
        let source = self.store().source();
        let found = self.0.shelf.lock().find(&asked.key, goal, &seen);
        if let Some(found) = found {
            return self.ready(scope, choices, goal, (at, found)).await;
        }
        let known = source.known_at(scope, at).await?;
        let records = source.records_at(scope, at, &known.merges).await?.records;
        let rows = self.goal_rows(scope, goal, Some(&known)).await?;
        let people = || followed_then([&records], &rows);
        let sessions = self.sessions(scope, choices, Some(known.clone()), people).await?;
        let counted = self.counted(scope, &known, &sessions, &seen).await?;
        let spend = self.store().spend_source().spend_at(scope, &sessions.touches, at).await?;
        let facts = Arc::new(self.facts(choices, sessions, records, spend, &turn).await?);
        if let Some(name) = event_of(goal) {
            let _kept = facts.memo.bring(name, rows);
        }
        let of = Of { facts, counted };
        self.keep(OnShelf {
            key: asked.key.clone(),
            goal: asked.goal.clone(),
            seen,
            of: of.clone(),
            used: Instant::now(),
        });
        self.ready(scope, choices, goal, (at, of)).await
    }

    async fn seen(&self, scope: &Scope) -> Result<Seen, Problem> {
        let (now, source) = (self.store().world().now(), self.store().source());
        Ok(Seen { now, events: source.events_stamp(scope).await?, erasures: source.erasures(scope).await? })
    }

    /// Facts with what must be said about them, and the occurrences of the goal when it is an event.
    async fn ready(
        &self,
        scope: &Scope,
        choices: &Choices,
        goal: Option<&Goal>,
        (at, of): (Timestamp, Of),
    ) -> Result<Ready, Problem> {
        let Of { facts, counted } = of;
        let (as_of, today) = (counted.as_of(self.store().world().now()), today(choices, at));
        let mut ready = Ready { facts, as_of, today, goal: None };
        if let Some(name) = event_of(goal) {
            ready.goal = ready.facts.memo.events(name);
            if ready.goal.is_none() {
                let known = ready.facts.sessions.known.clone();
                let rows = self.goal_rows(scope, goal, known.as_ref()).await?;
                ready.goal = Some(ready.facts.memo.bring(name, rows));
            }
        }
        Ok(ready)
    }

    fn keep(&self, one: OnShelf) {
        if self.0.shelf.lock().put(one) {
            tokio::spawn(clear_when_idle(Arc::downgrade(&self.0)));
        }
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
        people: impl FnOnce() -> Result<HashMap<u64, i64>, Problem> + Send,
    ) -> Result<Arc<SessionFacts>, Problem> {
        let wanted = |kept, kept_max| {
            let (zone, known) = (choices.zone.clone(), known.clone());
            SessionsWanted { zone, kept, kept_max, before: None, known }
        };
        let source = self.0.store.source();
        let mut found = source.sessions(scope, wanted(Kept::Everybody, self.0.store.whole_max())).await?;
        if found.is_none() {
            let kept = Kept::People(Arc::new(people()?));
            found = source.sessions(scope, wanted(kept, FOLLOWED_THEN_MAX)).await?;
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

    /// Puts facts together. It goes on when whoever asked is gone, and so does the turn.
    pub(super) async fn facts(
        &self,
        choices: &Choices,
        sessions: Arc<SessionFacts>,
        records: Records,
        spend: Arc<SpendFacts>,
        turn: &Turn,
    ) -> Result<Facts, Problem> {
        let (currency, built_at) = (choices.currency, self.0.store.world().now());
        let Records { people, visitors, companies, deals } = records;
        let inputs = Inputs { people, visitors, companies, deals, spend, currency, built_at };
        let turn = turn.clone();
        aside(move || {
            let facts = Facts::new(sessions, inputs);
            drop(turn);
            facts
        })
        .await
    }

    /// Takes away what was not asked for lately by a moment; in how long there will be something again.
    pub(super) fn sweep(&self, now: Instant) -> Option<Duration> {
        self.0.shelf.lock().sweep(now)
    }

    /// How many wait for what is being put together.
    #[cfg(test)]
    pub(super) fn listening(&self) -> usize {
        self.0.asked.lock().iter().map(|asked| asked.answer.receiver_count()).sum()
    }

    /// How many come to sweep.
    #[cfg(test)]
    pub(super) fn sweepers(&self) -> usize {
        Arc::weak_count(&self.0)
    }

    /// How many wait for the turn of a workspace.
    #[cfg(test)]
    pub(super) fn waiting(&self, scope: &Scope) -> usize {
        self.0.turns.waiting(&scope.workspace.id.to_string())
    }
}

/// Stands in the list of what is asked for, for as long as it is put together.
struct Listed {
    then: FactsThen,
    asked: Arc<Asked>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.then.0.asked.lock().retain(|one| !Arc::ptr_eq(one, &self.asked));
    }
}

/// Forgets what was not asked for lately, for as long as something is there.
async fn clear_when_idle(shared: Weak<Shared>) {
    let mut next = Some(super::shelf::IDLE);
    while let Some(wait) = next {
        tokio::time::sleep(wait).await;
        next = shared.upgrade().and_then(|shared| FactsThen(shared).sweep(Instant::now()));
    }
}

/// Up to when the sessions of people can be touches, by any of these records and of whoever reached the goal.
pub(super) fn followed_then<R: Borrow<Records>>(
    all: impl IntoIterator<Item = R>,
    rows: &[GoalRow],
) -> Result<HashMap<u64, i64>, Problem> {
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
    let mut people = HashMap::new();
    for records in all {
        let Records { people: known, deals, .. } = records.borrow();
        for (person, until) in followed(known, deals, &reached) {
            follow(&mut people, person, until);
        }
    }
    Ok(people)
}

/// The day a moment is on.
pub(super) fn today(choices: &Choices, at: Timestamp) -> Day {
    day_of(at.date_in(&choices.zone))
}
