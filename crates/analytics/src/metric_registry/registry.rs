//! The registry: every metric with its meaning, and the dimensions it can honestly be split by.
//!
//! The words stand in `words.json`, beside this file.
//!
//! **Invariant:** a metric is a formula over measures; what splits all of its measures splits it, nothing else does.

use super::measures::{Dimension, Direction, Formula, Measure, Unit};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a metric is in words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The name for people.
    pub name: String,
    /// What it means.
    pub definition: String,
    /// The formula.
    pub formula: String,
    /// Which decision it serves.
    pub decision: String,
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The name in the API.
    pub id: &'static str,
    /// What the number is.
    pub unit: Unit,
    /// Which way is good.
    pub direction: Direction,
    /// Name, definition, formula and decision in words.
    pub words: &'static Words,
    /// How it is computed.
    pub formula: Formula,
}

impl Metric {
    /// The metric with this name in the API.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Metric> {
        METRICS.iter().find(|metric| metric.id == id)
    }

    /// Whether its rows sum to its total, whatever it is split by (but for `page` and `model`, which overlap).
    #[must_use]
    pub fn is_additive(&self) -> bool {
        matches!(self.formula, Formula::Plain(measure) if !measure.is_distinct())
    }

    /// Whether it divides by money or by customers, so that only conserving credit may go in.
    #[must_use]
    pub fn needs_conserving_credit(&self) -> bool {
        matches!(self.formula, Formula::Return(..) | Formula::Payback(..))
            || matches!(self.formula, Formula::Quotient(top, bottom) if top == Measure::Spend || bottom == Measure::Spend)
    }

    /// The dimensions it can be split by.
    #[must_use]
    pub fn dimensions(&self) -> Vec<Dimension> {
        let measures = self.formula.measures();
        let valid = |dimension: &Dimension| measures.iter().all(|measure| measure.refusal(*dimension).is_none());
        Dimension::ALL.iter().copied().filter(valid).collect()
    }

    /// Why it cannot be split by a dimension; `None` when it can.
    #[must_use]
    pub fn refusal(&self, dimension: Dimension) -> Option<String> {
        let reason = self.formula.measures().into_iter().find_map(|measure| measure.refusal(dimension))?;
        let valid: Vec<&str> = self.dimensions().into_iter().map(Dimension::as_str).collect();
        Some(format!(
            "{} cannot be split by {}: {reason} It can be split by {}.",
            self.words.name,
            dimension.title().to_lowercase(),
            valid.join(", ")
        ))
    }
}

use Direction::{DownIsGood, Neutral, UpIsGood};
use Formula as F;
use Measure as M;
use Unit as U;

#[rustfmt::skip]
pub(super) const TABLE: &[(&str, Unit, Direction, Formula)] = &[
    ("people", U::Count, UpIsGood, F::Plain(M::People)),
    ("new_leads", U::Count, UpIsGood, F::Plain(M::Leads)),
    ("sessions", U::Count, Neutral, F::Plain(M::Sessions)),
    ("engaged_sessions", U::Count, UpIsGood, F::Plain(M::EngagedSessions)),
    ("engagement_rate", U::Share, UpIsGood, F::Quotient(M::EngagedSessions, M::Sessions)),
    ("conversion_rate", U::Share, UpIsGood, F::Quotient(M::LeadsWithSession, M::Sessions)),
    ("pipeline_created", U::Money, UpIsGood, F::Plain(M::Pipeline)),
    ("pipeline_contribution", U::Money, UpIsGood, F::Plain(M::MarketingPipeline)),
    ("pipeline_contribution_share", U::Share, UpIsGood, F::Quotient(M::MarketingPipeline, M::Pipeline)),
    ("deals_created", U::Count, UpIsGood, F::Plain(M::DealsCreated)),
    ("deals_won", U::Count, UpIsGood, F::Plain(M::DealsWon)),
    ("won_revenue", U::Money, UpIsGood, F::Plain(M::Revenue)),
    ("attributed_revenue", U::Money, UpIsGood, F::Plain(M::Revenue)),
    ("revenue_contribution", U::Money, UpIsGood, F::Plain(M::MarketingRevenue)),
    ("marketing_sourced_revenue", U::Money, UpIsGood, F::Plain(M::SourcedRevenue)),
    ("marketing_influenced_revenue", U::Money, Neutral, F::Plain(M::InfluencedRevenue)),
    ("spend", U::Money, Neutral, F::Plain(M::Spend)),
    ("plan", U::Money, Neutral, F::Plain(M::Plan)),
    ("spend_to_plan", U::Share, Neutral, F::Quotient(M::Spend, M::PlanToDate)),
    ("cost_per_lead", U::Money, DownIsGood, F::Quotient(M::Spend, M::Leads)),
    ("cost_per_opportunity", U::Money, DownIsGood, F::Quotient(M::Spend, M::DealsCreated)),
    ("cac", U::Money, DownIsGood, F::Quotient(M::Spend, M::DealsWon)),
    ("roas", U::Times, UpIsGood, F::Quotient(M::MarketingRevenue, M::Spend)),
    ("roi", U::Share, UpIsGood, F::Return(M::MarketingRevenue, M::Spend)),
    ("payback_months", U::Months, DownIsGood, F::Payback(M::Spend, M::Revenue)),
    ("content_assisted_pipeline", U::Money, Neutral, F::Plain(M::AssistedPipeline)),
    ("time_to_convert", U::Days, DownIsGood, F::Median(M::TimeToWin)),
    ("campaigns_started", U::Count, UpIsGood, F::Plain(M::CampaignsStarted)),
    ("campaign_velocity", U::PerMonth, UpIsGood, F::PerMonth(M::CampaignsStarted)),
    ("goals", U::Count, UpIsGood, F::Plain(M::Goals)),
    ("goal_value", U::Money, UpIsGood, F::Plain(M::GoalValue)),
];

static WORDS: LazyLock<HashMap<String, Words>> = LazyLock::new(|| {
    // A test reads the file, so it cannot be wrong in a release.
    serde_json::from_str(include_str!("words.json")).unwrap_or_default()
});

/// Every metric, in the order they are shown.
pub static METRICS: LazyLock<Vec<Metric>> = LazyLock::new(|| {
    let known = |(id, unit, direction, formula): &(&'static str, Unit, Direction, Formula)| {
        let words = WORDS.get(*id)?;
        Some(Metric { id, unit: *unit, direction: *direction, formula: *formula, words })
    };
    TABLE.iter().filter_map(known).collect()
});
