//! Where facts come from: the one seam between numbers and the rest of the program.

use super::build::{DealInput, PersonInput};
use crate::attribution::GoalRow;
use crate::sessions::{Extra, Kept, Session, SessionFacts};
use async_trait::async_trait;
use jiff::tz::TimeZone;
use kernel::money::Currency;
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::Timestamp;
use lake::{Dict, KnownAt, Lake, SqlTurn, Watermark};
use people::profiles::Visitors;
use platform::audit::AuditEntry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How far the events have come, and which persons are one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventStamp {
    /// The lake's watermark.
    pub watermark: Watermark,
    /// A number that changes when persons are merged or separated.
    pub merges: u64,
}

/// People, companies and deals.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// The people of whom something is known.
    pub people: Vec<PersonInput>,
    /// The others.
    pub visitors: Visitors,
    /// Ids and names of companies.
    pub companies: Vec<(String, String)>,
    /// The deals.
    pub deals: Vec<DealInput>,
}

/// What tells whether people, companies and deals have changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordsVersion {
    /// Changes with every person that is new or changed, and so with many events.
    pub people: u64,
    /// Changes with every deal that is new or changed.
    pub deals: u64,
    /// Changes with every company that is new or changed, also by an event.
    pub companies: u64,
}

/// What a workspace has chosen.
#[derive(Debug, Clone)]
pub struct Choices {
    /// The currency of its totals.
    pub currency: Currency,
    /// The zone its days begin in.
    pub zone: TimeZone,
}

/// Which sessions are asked for.
#[derive(Debug, Clone)]
pub struct SessionsWanted {
    /// The zone their days begin in.
    pub zone: TimeZone,
    /// Whose are kept whole.
    pub kept: Kept,
    /// Most that are kept whole.
    pub kept_max: usize,
    /// What is known already.
    pub before: Option<Arc<SessionFacts>>,
    /// Only what was known at a moment; everything when none.
    pub known: Option<KnownAt>,
}

/// People, companies and deals as they were known at a moment.
#[derive(Debug, Clone, Default)]
pub struct RecordsThen {
    /// What they were.
    pub records: Records,
    /// The people of whom a file or somebody, and not an event alone, has said something else since.
    pub stated_since: HashSet<u64>,
}

/// Where facts come from: the one seam between numbers and the rest of the program.
#[async_trait]
pub trait FactSource: Send + Sync {
    /// Currency and time zone.
    async fn choices(&self, scope: &Scope) -> Result<Choices, Problem>;
    /// How far the events have come. Cheap.
    async fn events_stamp(&self, scope: &Scope) -> Result<EventStamp, Problem>;
    /// Sessions and pages; none when more would be kept whole than may be.
    async fn sessions(&self, scope: &Scope, wanted: SessionsWanted) -> Result<Option<SessionFacts>, Problem>;
    /// The same sessions, those of some days with a place each, and the texts of their codes, which begin with `texts`.
    async fn extra(
        &self,
        scope: &Scope,
        facts: &SessionFacts,
        texts: &Dict,
        days: Extra,
    ) -> Result<(SessionFacts, Dict), Problem>;
    /// The first human session of each of these people as the facts know them, with codes of the texts that are returned.
    async fn firsts(
        &self,
        scope: &Scope,
        facts: &SessionFacts,
        texts: &Dict,
        people: Arc<HashSet<u64>>,
    ) -> Result<(HashMap<u64, Session>, Dict), Problem>;
    /// The occurrences of an event; only those that were known at a moment when one is given.
    async fn goal(&self, scope: &Scope, name: &str, known: Option<&KnownAt>) -> Result<Vec<GoalRow>, Problem>;
    /// The occurrences of an event, of the persons as sessions know them.
    async fn goal_of(&self, scope: &Scope, name: &str, sessions: &SessionFacts) -> Result<Vec<GoalRow>, Problem>;
    /// Numbers that change when people do, and when companies or deals do. Cheap.
    async fn records_version(&self, scope: &Scope) -> Result<RecordsVersion, Problem>;
    /// People, companies and deals.
    async fn records(&self, scope: &Scope) -> Result<Records, Problem>;
    /// People, companies and deals as they were known at a moment; the people of deals under these merges.
    async fn records_at(
        &self,
        scope: &Scope,
        at: Timestamp,
        merges: &HashMap<u64, u64>,
    ) -> Result<RecordsThen, Problem>;
    /// A number that changes when a person is erased: nothing of one is left in what was known at any moment. Cheap.
    async fn erasures(&self, scope: &Scope) -> Result<u64, Problem>;
    /// The audit trail, newest first, as far as it is shown in SQL.
    async fn audit(&self, scope: &Scope) -> Result<Vec<AuditEntry>, Problem>;
    /// Rejected events: in the last day, and in the seven days before.
    async fn rejected(&self, scope: &Scope) -> Result<(u64, u64), Problem>;
    /// Waits for the turn of a statement; to be taken before its tables are built.
    async fn sql_turn(&self, scope: &Scope) -> Result<SqlTurn, Problem>;
    /// What was known at a moment: which persons were one.
    async fn known_at(&self, scope: &Scope, at: Timestamp) -> Result<KnownAt, Problem>;
    /// The lake that answers statements, with the persons that are one.
    async fn sql_lake(&self, scope: &Scope) -> Result<Lake, Problem>;
}

impl EventStamp {
    pub(crate) fn is_same(&self, other: &EventStamp) -> bool {
        let (own, others) = (&self.watermark, &other.watermark);
        own.offset == others.offset && own.removals == others.removals && self.merges == other.merges
    }

    /// Whether there are newer events.
    pub(super) fn is_before(&self, other: &EventStamp) -> bool {
        self.watermark.offset < other.watermark.offset
    }
}
