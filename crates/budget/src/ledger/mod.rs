//! The ledger: what was spent and what was planned, in every currency, joined to the touches it paid for.
//!
//! Lines of actual spend are entered by hand or imported; a mistake is taken back by a line of its own. The plan of a
//! channel for a month has versions, the newest in force. Amounts convert at the daily rate of their own date. Spend is
//! joined to touches by click id, UTM id, then campaign name (AN-C "Ad-cost join"); what stays alone is listed and can be
//! mapped by hand, for the past too.
//!
//! **Invariant:** no line is ever changed or deleted; a line and its reversal sum to zero, in every currency.
//! **Invariant:** money is integer micros from the file to the report; roll-ups equal their lines to the micro (AN-H).
//! **Invariant:** a change, its audit entry and the new version of the ledger commit together.
//! **Invariant:** whoever writes takes the turn first (`store::hold`), before looking and before the audit trail's turn, so
//! two never see the same gap and never wait for each other.

mod api;
mod enter;
mod facts;
mod model;
mod plan;
mod read;
pub(crate) mod store;
#[cfg(test)]
pub(crate) mod tests;

pub use api::routes;
pub(crate) use enter::{counter, details, entry, text};
pub(crate) use facts::JoinedBook;
pub use model::{
    Entry, EntryFilter, EntryView, LINES_MAX, Line, Mapping, NewEntry, PlanChange, PlanRow, PlanView,
    RATE_AGE_DAYS_MAX, RateLine, RateUsed, Summary, SummaryCell, SummaryTotal, TEXT_CHARS_MAX, Unconverted, Unmatched,
    UnmatchedReport, Written, plain_name,
};
pub(crate) use plan::{month, put_plan, put_rate};

use crate::importers::{PlanImporter, RateImporter, SpendImporter};
use analytics::metrics::TouchIndex;
use async_trait::async_trait;
use kernel::ids::WorkspaceId;
use kernel::problem::Problem;
use kernel::scope::Scope;
use parking_lot::Mutex;
use people::imports::Importer;
use platform::Platform;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Where the ledger reads the touches from when nobody hands them to it. Set once, when the program is wired.
#[async_trait]
pub trait TouchSource: Send + Sync {
    /// The campaigns that sessions carried.
    ///
    /// # Errors
    /// A [`Problem`] of the metrics.
    async fn touches(&self, scope: &Scope) -> Result<Arc<TouchIndex>, Problem>;
}

/// The ledger of every workspace. Cheap to clone.
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

struct Inner {
    platform: Platform,
    touches: OnceLock<Arc<dyn TouchSource>>,
    kept: Mutex<HashMap<WorkspaceId, facts::Kept>>,
}

impl Ledger {
    /// The ledger on a platform.
    #[must_use]
    pub fn new(platform: &Platform) -> Self {
        let platform = platform.clone();
        Self(Arc::new(Inner { platform, touches: OnceLock::new(), kept: Mutex::new(HashMap::new()) }))
    }

    /// Says where touches come from when the list of unmatched spend is asked for. The first call counts.
    pub fn read_touches_from(&self, source: Arc<dyn TouchSource>) {
        let _ = self.0.touches.set(source);
    }

    /// The importers of spend, plan and rates.
    #[must_use]
    pub fn importers(&self) -> Vec<Arc<dyn Importer>> {
        let platform = self.0.platform.clone();
        vec![
            Arc::new(SpendImporter::new(platform.clone())),
            Arc::new(PlanImporter::new(platform.clone())),
            Arc::new(RateImporter::new(platform)),
        ]
    }
}
