//! Questions against a workspace.

use super::query::{Plan, Query};
use super::table::{Table, answer};
use crate::attribution::Goal;
use crate::drill::{DrillAnswer, DrillRequest, drill};
use crate::facts::spend::TouchIndex;
use crate::facts::{FactStore, Ready, aside};
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};
use std::sync::Arc;

/// The numbers of all workspaces. Clones share their facts.
#[derive(Debug, Clone)]
pub struct Metrics {
    store: FactStore,
}

impl Metrics {
    /// Over these facts.
    #[must_use]
    pub fn new(store: FactStore) -> Self {
        Self { store }
    }

    /// The facts.
    #[must_use]
    pub fn store(&self) -> &FactStore {
        &self.store
    }

    /// Answers a question.
    ///
    /// # Errors
    /// 403 without `metrics.read`; 422 naming the field when the question would give a wrong number.
    pub async fn query(&self, scope: &Scope, query: &Query) -> Result<Table, Problem> {
        let ready = self.ready(scope, query).await?;
        let plan = Plan::new(query, ready.today)?;
        aside(move || answer(&ready.facts, &plan, ready.as_of)).await
    }

    /// Opens a number. Rows are shown to those who may read people, deals and the ledger.
    ///
    /// # Errors
    /// As [`Metrics::query`]; 422 when the metric or the key is not of the question.
    pub async fn drill(&self, scope: &Scope, request: DrillRequest) -> Result<DrillAnswer, Problem> {
        let ready = self.ready(scope, &request.query).await?;
        let needed = [Permission::PeopleRead, Permission::DealsRead, Permission::LedgerRead];
        let allowed = needed.iter().all(|permission| scope.permissions.has(*permission));
        let mut found = aside(move || drill(&ready.facts, &request, ready.today, ready.as_of)).await??;
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

    async fn ready(&self, scope: &Scope, query: &Query) -> Result<Ready, Problem> {
        scope.require(Permission::MetricsRead)?;
        let goal = query.goal.as_deref().map(str::parse::<Goal>).transpose()?;
        self.store.with_goal(scope, goal.as_ref()).await
    }
}
