//! Why a number is another one than it was: the steps from what was known at a moment to what is known now.

use super::query::{Plan, Query};
use super::service::Metrics;
use super::table::{Cell, Figure, Span, answer};
use crate::attribution::Goal;
use crate::facts::aside;
use crate::facts_then::{Ladder, Step};
use crate::metric_registry::Unit;
use kernel::money::{Currency, Money};
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One step of a bridge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BridgeStep {
    /// What changed.
    pub step: Step,
    /// What it adds to the number; absent where there was none before or is none after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Figure>,
    /// The number with this step and all before it; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Figure>,
}

/// The bridge of one metric. `now` is `then` with every change: money and counts to the last micro and one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MetricBridge {
    /// The metric.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its numbers are.
    pub unit: Unit,
    /// As it was known then; absent when there was no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Figure>,
    /// What changed it, in this order; steps that change nothing are there as well.
    pub steps: Vec<BridgeStep>,
    /// As it is known now; absent when there is no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Figure>,
}

/// The bridge of a question: of the totals of its metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QueryBridge {
    /// From which moment.
    pub as_of: Timestamp,
    /// Up to when.
    pub now: Timestamp,
    /// The dates.
    pub range: Span,
    /// The attribution model.
    pub model: String,
    /// The currency of money.
    #[schema(value_type = String)]
    pub currency: Currency,
    /// The metrics.
    pub metrics: Vec<MetricBridge>,
}

/// What a step adds.
fn change(before: Option<&Figure>, after: Option<&Figure>) -> Option<Figure> {
    match (before?, after?) {
        (Figure::Money(before), Figure::Money(after)) => {
            Some(Figure::Money(Money::new(after.micros.saturating_sub(before.micros), after.currency)))
        }
        (before, after) => Some(Figure::Number(after.number() - before.number())),
    }
}

impl Metrics {
    /// What lies between the totals as of the question's moment and those of now. What the question is split by, and its
    /// comparison, are left out: to open one row, ask with its values as filters.
    ///
    /// # Errors
    /// As [`Metrics::query`], and 422 when the question names no moment.
    pub async fn bridge(&self, scope: &Scope, query: &Query) -> Result<QueryBridge, Problem> {
        scope.require(Permission::MetricsRead)?;
        let Some(at) = query.as_of else {
            return Err(Problem::invalid("as_of", "From which moment? Say when."));
        };
        let asked = Query {
            dimensions: Vec::new(),
            grain: None,
            compare: super::Compare::None,
            models: None,
            limit: None,
            ..query.clone()
        };
        let goal = asked.goal.as_deref().map(str::parse::<Goal>).transpose()?;
        // What is wrong with the question is said before anything is read.
        Plan::new(&asked, 0)?;
        let mut ladder = Ladder::new(&self.then, scope, at, goal.as_ref()).await?;
        let (plan, currency, first) = self.totals(scope, &asked, &mut ladder, None).await?;
        let metric = |(metric, cell): (&&'static crate::metric_registry::Metric, &Cell)| MetricBridge {
            id: metric.id.to_owned(),
            name: metric.words.name.clone(),
            unit: metric.unit,
            then: cell.value.clone(),
            steps: Vec::with_capacity(Step::ALL.len()),
            now: cell.value.clone(),
        };
        let mut metrics: Vec<MetricBridge> = plan.metrics.iter().zip(&first).map(metric).collect();
        for step in Step::ALL {
            let (_, _, cells) = self.totals(scope, &asked, &mut ladder, Some(step)).await?;
            for (metric, cell) in metrics.iter_mut().zip(cells) {
                let change = change(metric.now.as_ref(), cell.value.as_ref());
                metric.steps.push(BridgeStep { step, change, value: cell.value.clone() });
                metric.now = cell.value;
            }
        }
        let (range, model) = (Span::of(plan.range), plan.model.to_string());
        Ok(QueryBridge { as_of: at, now: ladder.now(), range, model, currency, metrics })
    }

    /// What is known of moments of the past.
    #[cfg(test)]
    pub(crate) fn moments(&self) -> crate::facts_then::FactsThen {
        self.then.clone()
    }

    async fn totals(
        &self,
        scope: &Scope,
        asked: &Query,
        ladder: &mut Ladder,
        step: Option<Step>,
    ) -> Result<(Plan, Currency, Vec<Cell>), Problem> {
        let ready = ladder.facts(step).await?;
        let plan = Plan::new(asked, ready.today)?;
        let facts = self.brought(scope, &ready.facts, &plan, &[plan.range]).await?;
        let (currency, turn) = (facts.currency, ladder.turn());
        aside(move || {
            let totals = answer(&facts, &plan, ready.as_of).totals;
            // The occurrences of the goal stay for as long as the facts are counted, and so does the turn.
            drop((ready.goal, turn));
            (plan, currency, totals)
        })
        .await
    }
}
