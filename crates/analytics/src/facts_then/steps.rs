//! From what was known at a moment to what is known now, one cause after the other.

use super::moments::{FactsThen, followed_then, today};
use super::turns::Turn;
use crate::attribution::Goal;
use crate::facts::{AsOf, Choices, DealInput, PersonInput, Ready, Records, RecordsThen, SessionFacts};
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::{TimeRange, Timestamp};
use lake::KnownAt;
use people::profiles::Visitors;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What makes a number another one than it was. Each step counts with all those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Events that were received later, and what they say of people.
    LateEvents,
    /// Changes of the channel and visitor rules.
    RuleChanges,
    /// People who were merged or separated.
    Merges,
    /// Changes of people, companies and deals by files and by hand.
    RecordChanges,
    /// Entries, corrections, plans, rates and mappings of the ledger.
    LedgerChanges,
    /// Days that passed: of what counts up to today.
    DaysPassed,
}

impl Step {
    /// All, in the order in which they are taken.
    pub const ALL: [Step; 6] =
        [Step::LateEvents, Step::RuleChanges, Step::Merges, Step::RecordChanges, Step::LedgerChanges, Step::DaysPassed];
}

/// Which sessions a step counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Events {
    Then,
    Received,
    Ruled,
    Now,
}

/// The facts of every step between a moment and now. It is put together in the workspace's turn, and has it to its end.
pub struct Ladder {
    then: FactsThen,
    turn: Turn,
    scope: Scope,
    choices: Choices,
    at: Timestamp,
    now: Timestamp,
    goal: Option<Goal>,
    known: KnownAt,
    pub(super) records: RecordsThen,
    pub(super) records_now: RecordsThen,
    /// The deals of then, of whoever is whom by now.
    deals_merged: Vec<DealInput>,
    /// Those whose merges are other ones.
    moved: HashSet<u64>,
    sessions: Option<(Events, Arc<SessionFacts>)>,
}

impl Ladder {
    /// From a moment up to now.
    ///
    /// # Errors
    /// As [`FactsThen::get`].
    pub async fn new(then: &FactsThen, scope: &Scope, at: Timestamp, goal: Option<&Goal>) -> Result<Self, Problem> {
        then.check(at)?;
        let turn = then.turn(scope).await?;
        let source = then.store().source();
        let now = then.store().world().now();
        let known = source.known_at(scope, at).await?;
        let merges = source.known_at(scope, now).await?.merges;
        let moved = lake::moved(&known.merges, &merges);
        Ok(Self {
            choices: source.choices(scope).await?,
            records: source.records_at(scope, at, &known.merges).await?,
            records_now: source.records_at(scope, now, &merges).await?,
            deals_merged: source.records_at(scope, at, &merges).await?.records.deals,
            then: then.clone(),
            turn,
            scope: scope.clone(),
            goal: goal.cloned(),
            sessions: None,
            at,
            now,
            known,
            moved,
        })
    }

    /// The facts after a step; those of the moment itself when none.
    ///
    /// # Errors
    /// Those of the sources; 413 `too_large`.
    pub async fn facts(&mut self, step: Option<Step>) -> Result<Ready, Problem> {
        let events = match step {
            None => Events::Then,
            Some(Step::LateEvents) => Events::Received,
            Some(Step::RuleChanges) => Events::Ruled,
            Some(_) => Events::Now,
        };
        let sessions = self.sessions(events).await?;
        let spend = self.then.store().spend_source();
        let spend = match step {
            Some(Step::LedgerChanges | Step::DaysPassed) => {
                spend.spend_at(&self.scope, &sessions.touches, self.now).await?
            }
            _ => spend.spend_at(&self.scope, &sessions.touches, self.at).await?,
        };
        let records = self.records_of(step).into_owned();
        let facts = Arc::new(self.then.facts(&self.choices, sessions, records, spend, &self.turn).await?);
        let at = if step == Some(Step::DaysPassed) { self.now } else { self.at };
        // How far events were read is not said of a step.
        let as_of = AsOf { offset: 0, at: None, lag_seconds: 0 };
        let mut ready = Ready { as_of, today: today(&self.choices, at), facts, goal: None };
        if let Some(Goal::Event(name)) = &self.goal {
            let known = self.view(events);
            let rows = self.then.goal_rows(&self.scope, self.goal.as_ref(), known.as_ref()).await?;
            ready.goal = Some(ready.facts.memo.bring(name, rows));
        }
        Ok(ready)
    }

    /// The workspace's turn.
    pub(crate) fn turn(&self) -> Turn {
        self.turn.clone()
    }

    /// Up to when it leads.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    fn view(&self, events: Events) -> Option<KnownAt> {
        let known = self.known.clone();
        match events {
            Events::Then => Some(known),
            Events::Received => Some(KnownAt { at: TimeRange::ALL.to, rules_at: Some(self.at), ..known }),
            Events::Ruled => Some(KnownAt { at: TimeRange::ALL.to, ..known }),
            Events::Now => None,
        }
    }

    async fn sessions(&mut self, events: Events) -> Result<Arc<SessionFacts>, Problem> {
        if let Some((_, sessions)) = self.sessions.as_ref().filter(|(known, _)| *known == events) {
            return Ok(sessions.clone());
        }
        // Those of the step before go first.
        self.sessions = None;
        let known = self.view(events);
        let rows = self.then.goal_rows(&self.scope, self.goal.as_ref(), known.as_ref()).await?;
        // The same people in every step: what a step adds must not come from whose visits are seen.
        let steps = [None, Some(Step::LateEvents), Some(Step::Merges), Some(Step::RecordChanges)];
        let people = || followed_then(steps.into_iter().map(|step| self.records_of(step)), &rows);
        let sessions = self.then.sessions(&self.scope, &self.choices, known, people).await?;
        self.sessions = Some((events, sessions.clone()));
        Ok(sessions)
    }

    fn records_of(&self, step: Option<Step>) -> Cow<'_, Records> {
        let (then, now) = (&self.records.records, &self.records_now.records);
        let by_events = |person: u64| !self.moved.contains(&person) && !self.records.stated_since.contains(&person);
        let names = || {
            let mut names: BTreeMap<&String, &String> = now.companies.iter().map(|(id, name)| (id, name)).collect();
            names.extend(then.companies.iter().map(|(id, name)| (id, name)));
            names.into_iter().map(|(id, name)| (id.clone(), name.clone())).collect()
        };
        match step {
            None => Cow::Borrowed(then),
            Some(Step::LateEvents | Step::RuleChanges) => {
                let (people, visitors) = mixed(then, now, by_events);
                Cow::Owned(Records { people, visitors, companies: names(), deals: then.deals.clone() })
            }
            Some(Step::Merges) => {
                let is_now = |person: u64| by_events(person) || self.moved.contains(&person);
                let (people, visitors) = mixed(then, now, is_now);
                Cow::Owned(Records { people, visitors, companies: names(), deals: self.deals_merged.clone() })
            }
            Some(Step::RecordChanges | Step::LedgerChanges | Step::DaysPassed) => Cow::Borrowed(now),
        }
    }
}

/// Everybody as they were then, but some as they are now.
fn mixed(then: &Records, now: &Records, is_now: impl Fn(u64) -> bool) -> (Vec<PersonInput>, Visitors) {
    let old = then.people.iter().filter(|person| !is_now(person.person));
    let new = now.people.iter().filter(|person| is_now(person.person));
    let people = old.chain(new).cloned().collect();
    let old = then.visitors.iter().filter(|visitor| !is_now(visitor.0));
    let new = now.visitors.iter().filter(|visitor| is_now(visitor.0));
    let mut visitors: Vec<(u64, Option<i64>)> = old.chain(new).map(|(person, at)| (person, Some(at))).collect();
    visitors.sort_unstable();
    (people, Visitors::default().with(&visitors))
}
