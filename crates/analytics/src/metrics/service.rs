//! Questions against a workspace.

use super::query::{Plan, Query};
use super::table::{Table, answer};
use crate::attribution::Goal;
use crate::drill::{DrillAnswer, DrillRequest, Window, drill, plan_of, windows};
use crate::facts::{Day, FactStore, Facts, Ready, SessionFacts, aside};
use crate::facts_then::FactsThen;
use crate::metric_registry::{Dimension, Measure};
use crate::sessions::Extra;
use crate::spend::TouchIndex;
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};
use std::collections::HashSet;
use std::sync::Arc;

/// The numbers of all workspaces. Clones share their facts.
#[derive(Debug, Clone)]
pub struct Metrics {
    store: FactStore,
    pub(super) then: FactsThen,
}

impl Metrics {
    /// Over these facts.
    #[must_use]
    pub fn new(store: FactStore) -> Self {
        Self { then: FactsThen::new(store.clone()), store }
    }

    /// How many moments of the past are in memory.
    #[must_use]
    pub fn moments_kept(&self) -> usize {
        self.then.kept()
    }

    /// The facts.
    #[must_use]
    pub fn store(&self) -> &FactStore {
        &self.store
    }

    /// Answers a question.
    ///
    /// # Errors
    /// 403 without `metrics.read`; 422 naming the field when the question would give a wrong number, and when `as_of` is still
    /// to come; 413 `too_large` when what was known then is too much to be put together beside what is known now.
    pub async fn query(&self, scope: &Scope, query: &Query) -> Result<Table, Problem> {
        let ready = self.ready(scope, query).await?;
        let plan = Plan::new(query, ready.today)?;
        let ranges: Vec<_> = [Some(plan.range), plan.compare].into_iter().flatten().collect();
        let facts = self.brought(scope, &ready.facts, &plan, &ranges).await?;
        aside(move || answer(&facts, &plan, ready.as_of)).await
    }

    /// Opens a number. Rows are shown to those who may read people, deals and the ledger.
    ///
    /// # Errors
    /// As [`Metrics::query`]; 422 when the metric or the key is not of the question.
    pub async fn drill(&self, scope: &Scope, request: DrillRequest) -> Result<DrillAnswer, Problem> {
        let ready = self.ready(scope, &request.query).await?;
        let needed = [Permission::PeopleRead, Permission::DealsRead, Permission::LedgerRead];
        let allowed = needed.iter().all(|permission| scope.permissions.has(*permission));
        let (plan, days) = plan_of(&ready.facts, &request, ready.today)?;
        let facts = self.brought(scope, &ready.facts, &plan, &[days]).await?;
        let seen = if allowed { self.seen(scope, &facts, &request, ready.today).await? } else { None };
        let seen = seen.map(Arc::new);
        let (today, as_of) = (ready.today, ready.as_of);
        let open = |facts: Arc<Facts>, request: DrillRequest, seen: Option<Arc<(Facts, Vec<Window>)>>| {
            aside(move || {
                let seen = seen.as_deref().map(|(facts, windows)| (facts, windows.as_slice()));
                drill(&facts, &request, today, as_of, seen)
            })
        };
        let mut found = open(facts.clone(), request.clone(), seen.clone()).await??;
        if let Some(facts) = self.with_first_visits(scope, &facts, &plan, &found).await? {
            found = open(Arc::new(facts), request, seen).await??;
        }
        if !allowed {
            for part in &mut found.parts {
                part.rows.clear();
                part.next_cursor = None;
            }
            found.rows_hidden = true;
        }
        Ok(found)
    }

    /// The touches by the keys that spend is joined on.
    ///
    /// # Errors
    /// Those of the sources.
    pub async fn touches(&self, scope: &Scope) -> Result<Arc<TouchIndex>, Problem> {
        self.store.touch_index(scope).await
    }

    /// The facts with what a question looks at one by one, where it is only counted.
    pub(super) async fn brought(
        &self,
        scope: &Scope,
        facts: &Arc<Facts>,
        plan: &Plan,
        ranges: &[(Day, Day)],
    ) -> Result<Arc<Facts>, Problem> {
        if facts.sessions.is_whole() {
            return Ok(facts.clone());
        }
        let mut brought = facts.clone();
        let measures: Vec<Measure> = plan.metrics.iter().flat_map(|metric| metric.formula.measures()).collect();
        let one_by_one = plan.asks(Dimension::Page) || plan.asks(Dimension::Company);
        if one_by_one && measures.iter().any(|measure| measure.is_of_sessions()) {
            let extra = Extra { days: ranges.to_vec(), only: None };
            let source = self.store.source();
            let (sessions, texts) = source.extra(scope, &brought.sessions, &brought.texts, extra).await?;
            brought = Arc::new(brought.with_sessions(sessions, texts));
        }
        if measures.contains(&Measure::People) && plan.asks_touch() {
            let is_meant = |at: i64| {
                let day = facts.day(at);
                ranges.iter().any(|(from, to)| *from <= day && day <= *to)
            };
            let known = facts.people.iter().map(|person| (person.person, person.created_at));
            let people: HashSet<u64> =
                known.chain(facts.visitors.iter()).filter(|(_, at)| is_meant(*at)).map(|(person, _)| person).collect();
            let source = self.store.source();
            let (firsts, texts) = source.firsts(scope, &facts.sessions, &brought.texts, Arc::new(people)).await?;
            let sessions = SessionFacts::clone(&brought.sessions);
            brought = Arc::new(Facts { firsts, ..brought.with_sessions(sessions, texts) });
        }
        Ok(brought)
    }

    /// The facts with the first visits of the persons that are shown, where those are not known yet.
    async fn with_first_visits(
        &self,
        scope: &Scope,
        facts: &Arc<Facts>,
        plan: &Plan,
        found: &DrillAnswer,
    ) -> Result<Option<Facts>, Problem> {
        let counts_people = plan.metrics.iter().any(|metric| metric.formula.measures().contains(&Measure::People));
        if facts.sessions.is_whole() || !counts_people || plan.asks_touch() {
            return Ok(None);
        }
        let shown = found.parts.iter().flat_map(|part| &part.rows).filter_map(|row| row.person.as_ref());
        let people: HashSet<u64> = shown.map(|person| person.number()).collect();
        let source = self.store.source();
        let (firsts, texts) = source.firsts(scope, &facts.sessions, &facts.texts, Arc::new(people)).await?;
        let sessions = SessionFacts::clone(&facts.sessions);
        Ok(Some(Facts { firsts, ..facts.with_sessions(sessions, texts) }))
    }

    /// The rows of sessions that are only counted, as far as they are to be shown.
    async fn seen(
        &self,
        scope: &Scope,
        facts: &Arc<Facts>,
        request: &DrillRequest,
        today: Day,
    ) -> Result<Option<(Facts, Vec<Window>)>, Problem> {
        if facts.sessions.is_whole() || facts.sessions.cells(Day::MIN, Day::MAX).next().is_none() {
            return Ok(None);
        }
        let windows = windows(facts, request, today)?;
        if windows.is_empty() {
            return Ok(None);
        }
        let extra = Window::extra(&windows, facts);
        let (sessions, texts) = self.store.source().extra(scope, &facts.sessions, &facts.texts, extra).await?;
        Ok(Some((facts.with_sessions(sessions, texts), windows)))
    }

    async fn ready(&self, scope: &Scope, query: &Query) -> Result<Ready, Problem> {
        scope.require(Permission::MetricsRead)?;
        let goal = query.goal.as_deref().map(str::parse::<Goal>).transpose()?;
        match query.as_of {
            None => self.store.with_goal(scope, goal.as_ref()).await,
            Some(at) => self.then.get(scope, at, goal.as_ref()).await,
        }
    }
}
