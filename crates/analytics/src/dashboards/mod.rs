//! Dashboards: Home for the director. Every figure serves a decision and opens to its rows.
//!
//! **Invariant:** every number here is an answer of `metrics`; nothing is computed twice in two ways.

mod api;
mod changes;
mod decisions;
mod home;
mod roi;
#[cfg(test)]
mod tests;

pub use api::routes;
pub use changes::{Cause, Change};
pub use decisions::{Decision, Severity};
pub use home::{Beside, ChannelRow, ContentRow, Home, HomeRequest, OverTime, OverTimePoint, Tile, TrendPoint};
pub use roi::RoiInterval;

use crate::facts::{Facts, aside};
use crate::metrics::Metrics;
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// Answers kept, over all workspaces.
const KEPT_MAX: usize = 64;

/// An answer, and what it was computed from.
struct Kept {
    facts: Weak<Facts>,
    request: HomeRequest,
    today: crate::facts::Day,
    rejected: (u64, u64),
    home: Arc<Home>,
}

/// Dashboards of all workspaces. Clones share what is kept.
#[derive(Clone)]
pub struct Dashboards {
    metrics: Metrics,
    kept: Arc<Mutex<HashMap<String, Vec<Kept>>>>,
}

impl Dashboards {
    /// Over these numbers.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics, kept: Arc::default() }
    }

    /// Home, from memory while nothing it is made of has changed.
    ///
    /// # Errors
    /// 403 without `metrics.read`; 422 naming the field.
    pub async fn home(&self, scope: &Scope, request: HomeRequest) -> Result<Home, Problem> {
        scope.require(Permission::MetricsRead)?;
        let ready = self.metrics.store().get(scope).await?;
        let rejected = self.metrics.store().source().rejected(scope).await?;
        let (as_of, today, facts) = (ready.as_of, ready.today, ready.facts);
        let slug = scope.workspace.slug.clone();
        let same = |kept: &&Kept| {
            kept.request == request
                && kept.today == today
                && kept.rejected == rejected
                && kept.facts.as_ptr() == Arc::as_ptr(&facts)
        };
        let known = self.kept.lock().get(&slug).and_then(|kept| kept.iter().find(same).map(|kept| kept.home.clone()));
        if let Some(home) = known {
            // The numbers stand; only how far behind they are has moved on.
            return Ok(Home { watermark: as_of, ..(*home).clone() });
        }
        let (weak, asked) = (Arc::downgrade(&facts), request.clone());
        let home = Arc::new(aside(move || home::home(&facts, &asked, today, as_of, rejected)).await??);
        let mut all = self.kept.lock();
        all.retain(|_, kept| {
            kept.retain(|kept| kept.facts.strong_count() > 0);
            !kept.is_empty()
        });
        if all.values().map(Vec::len).sum::<usize>() >= KEPT_MAX {
            all.clear();
        }
        all.entry(slug).or_default().push(Kept { facts: weak, request, today, rejected, home: home.clone() });
        Ok((*home).clone())
    }

    /// Today in the workspace's zone.
    ///
    /// # Errors
    /// Those of the sources.
    pub async fn today(&self, scope: &Scope) -> Result<crate::facts::Day, Problem> {
        let zone = self.metrics.store().source().choices(scope).await?.zone;
        Ok(crate::facts::day_of(self.metrics.store().world().now().date_in(&zone)))
    }
}
