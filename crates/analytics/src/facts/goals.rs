//! Goals that are events: their occurrences, and in a large workspace the visits of whoever reached them.
//!
//! **Invariant:** an occurrence is counted only together with every visit that may have led to it: its person's, and those
//! of the people of its company. What is not read that far yet is left out, and the watermark says so.

use super::follow::{Missing, follow, missing};
use super::model::Facts;
use super::store::{FactStore, Ready};
use crate::attribution::Goal;
use kernel::problem::{Class, Problem};
use kernel::scope::Scope;
use std::collections::HashMap;
use std::sync::Arc;

/// Most people that are followed because they reached an event that was asked for as a goal.
pub(crate) const GOAL_PEOPLE_MAX: usize = 200_000;
/// Most events that are followed as goals; those asked for longest ago are given up.
const GOALS_MAX: usize = 8;
/// So often facts are built for a question whose goal they do not follow well.
const ROUNDS: usize = 3;

/// A goal whose visits are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The event's name.
    pub name: String,
    /// The last event that was read to learn who reached it.
    pub up_to: u64,
}

/// A goal that is asked for.
pub(super) struct Asked {
    pub(super) name: String,
    /// Facts that do not follow it well.
    than: Arc<Facts>,
}

impl Asked {
    /// Whether facts are others, and follow it.
    pub(super) fn is_met_by(&self, facts: &Arc<Facts>) -> bool {
        !Arc::ptr_eq(facts, &self.than) && facts.memo.follows(&self.name).is_some()
    }

    pub(super) fn too_many(&self) -> Problem {
        let message = format!(
            "The visits of the people who reached `{}` are too many to be kept in memory. Choose an event that is rarer.",
            self.name
        );
        Problem::invalid("goal", message)
    }
}

/// The goals with this one as the last.
pub(super) fn with_last(goals: &[String], last: Option<&str>) -> Vec<String> {
    let mut all: Vec<String> = goals.iter().filter(|name| Some(name.as_str()) != last).cloned().collect();
    all.extend(last.map(str::to_owned));
    all.drain(..all.len().saturating_sub(GOALS_MAX));
    all
}

impl FactStore {
    /// The facts, with the occurrences of the goal when it is an event.
    ///
    /// # Errors
    /// Those of the sources; 422 `goal` when more people reached the goal than can be followed; 503 when who is who changes
    /// faster than visits are read.
    pub async fn with_goal(&self, scope: &Scope, goal: Option<&Goal>) -> Result<Ready, Problem> {
        let mut ready = self.get(scope).await?;
        let Some(Goal::Event(name)) = goal else { return Ok(ready) };
        for _ in 0..ROUNDS {
            if let Some(known) = ready.facts.memo.events_up_to(name, ready.as_of.offset) {
                ready.goal = Some(known);
                self.asked(scope, name, &ready.facts);
                return Ok(ready);
            }
            let mut rows = self.source().goal_of(scope, name, &ready.facts.sessions).await?;
            // The facts may be older than the newest events: a goal must not come before the visits that led to it.
            rows.retain(|row| row.offset <= ready.as_of.offset);
            let gap = missing(&ready.facts, &rows);
            if gap.as_ref().is_some_and(|gap| gap.people > GOAL_PEOPLE_MAX) {
                return Err(too_many_people(name, gap.map_or(0, |gap| gap.people)));
            }
            let is_read_on = ready.as_of.lag_seconds > 0;
            let read_to = ready.facts.memo.follows(name);
            match gap {
                None => {}
                // Who reached it while visits were read is followed by the next facts, which are on their way.
                Some(Missing { first, .. }) if is_read_on && read_to.is_some_and(|read_to| read_to < first) => {
                    rows.retain(|row| row.offset < first);
                    ready.as_of.offset = first - 1;
                }
                Some(_) => {
                    ready = self.following(scope, name, &ready.facts).await?;
                    continue;
                }
            }
            ready.goal = Some(ready.facts.memo.bring_up_to(name, rows, ready.as_of.offset));
            self.asked(scope, name, &ready.facts);
            return Ok(ready);
        }
        let message = "Who is who changes faster than visits are read. Ask again in a moment.";
        Err(Problem::new(Class::Unavailable, "goal_moves", message))
    }

    /// Remembers that a goal was asked for, where not everybody's visits are kept anyway.
    fn asked(&self, scope: &Scope, name: &str, facts: &Facts) {
        if !facts.sessions.is_whole() {
            let desk = self.desk(scope);
            let mut goals = desk.goals.lock();
            *goals = with_last(&goals, Some(name));
        }
    }

    /// Facts that follow whoever reached a goal.
    async fn following(&self, scope: &Scope, name: &str, than: &Arc<Facts>) -> Result<Ready, Problem> {
        let (store, scope) = (self.clone(), scope.clone());
        let asked = Asked { name: name.to_owned(), than: than.clone() };
        // In a task of its own, as all reading is.
        let work = async move {
            let choices = store.source().choices(&scope).await?;
            let desk = store.desk(&scope);
            let sessions = store.sessions(&scope, &desk, &choices.zone).await?;
            let built = store.build_facts(&scope, &desk, &choices, &sessions, Some(&asked)).await?;
            store.told(&scope, &choices, built, true).await
        };
        let stopped = |_| Problem::new(Class::Internal, "internal", "The facts could not be read. Try again.");
        tokio::spawn(work).await.map_err(stopped)?
    }

    /// When people last reached any of these goals, and which of them those are: the last ones, as far as their people are
    /// not too many together.
    pub(super) async fn reached(
        &self,
        scope: &Scope,
        goals: &[String],
    ) -> Result<(HashMap<u64, i64>, Vec<Followed>), Problem> {
        let (mut reached, mut followed) = (HashMap::new(), Vec::new());
        for name in goals.iter().rev() {
            let up_to = self.source().events_stamp(scope).await?.watermark.offset;
            let mut own: HashMap<u64, i64> = HashMap::new();
            for row in self.source().goal(scope, name, None).await? {
                follow(&mut own, row.person, row.at);
            }
            if !followed.is_empty() && reached.len() + own.len() > GOAL_PEOPLE_MAX {
                break;
            }
            own.into_iter().for_each(|(person, at)| follow(&mut reached, person, at));
            followed.insert(0, Followed { name: name.clone(), up_to });
        }
        Ok((reached, followed))
    }
}

fn too_many_people(name: &str, people: usize) -> Problem {
    let message = format!(
        "`{name}` was reached by {people} people, more than the {GOAL_PEOPLE_MAX} whose visits can be followed at a time. \
         Choose an event that is rarer."
    );
    Problem::invalid("goal", message)
}
