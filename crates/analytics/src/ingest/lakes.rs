//! The lakes of all workspaces: opened on demand, each with its pump, its live stream and its quarantine.
//!
//! **Invariant:** one process opens a workspace's lake once; everybody gets a clone of it.

use super::catalog::DbCatalog;
use super::doubts::Doubts;
use super::pump::{Pulse, Resolver, keep_pumping};
use crate::channel_rules::RuleSet;
use crate::events::{Fate, FateStatus, Live, Quarantine, RING_MAX};
use hashbrown::{HashMap, HashSet};
use kernel::ids::{PersonId, WorkspaceId};
use kernel::problem::{Class, Problem};
use kernel::scope::{Scope, WorkspaceRef};
use kernel::time::{MINUTE, SECOND, Timestamp};
use lake::{Lake, LakeConfig, LakeError, Orphan, RepairReport, SqlLimits};
use parking_lot::Mutex;
use platform::http::{Readiness, Ready};
use platform::sql::DbError;
use platform::{Background, Platform};
use std::sync::Arc;
use tokio::sync::{OnceCell, RwLock};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Messages of one write key that may be rejected in a minute; stated in the guide.
pub(super) const REJECTED_PER_MINUTE: usize = 6_000;

/// A lake that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its files.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Its workspace's database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The threads that make its events visible.
    #[error("the threads that read events could not be started: {0}")]
    Threads(std::io::Error),
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Lake(error) => error.into(),
            OpenError::Db(error) => error.into(),
            OpenError::Threads(error) => {
                Problem::new(Class::Unavailable, "no_threads", format!("Events cannot be read: {error}."))
                    .retry_after(5)
            }
        }
    }
}

/// What belongs to the events of one workspace.
pub(crate) struct Intake {
    pub(crate) scope: Scope,
    pub(crate) lake: Lake,
    pub(crate) live: Live,
    pub(crate) quarantine: Quarantine,
    pub(super) doubts: Doubts,
    /// Rejected messages of this minute, by write key.
    rejected: Mutex<(i64, HashMap<String, usize>)>,
    pub(super) pulse: Pulse,
    /// By which channel and visitor of new events are told. Read while events are told and stored, written to change them.
    pub(crate) rules: RwLock<Arc<RuleSet>>,
    /// Whether the live view holds what came before this process.
    refilled: OnceCell<()>,
}

impl Intake {
    /// The live view, with the last fates from before this process. They are read when somebody first looks, not at every
    /// start: a question over the lake costs memory that an idle server should not hold.
    pub(crate) async fn view(&self) -> &Live {
        self.refilled.get_or_init(|| refill(self)).await;
        &self.live
    }

    /// Refuses a request whose key has had too many messages rejected in this minute: a write key is public, and what is
    /// kept for its owner to look at would be pushed out by noise.
    pub(super) fn allow_rejected(&self, key: &str, count: usize, now: Timestamp) -> Result<(), Problem> {
        if count == 0 {
            return Ok(());
        }
        let mut rejected = self.rejected.lock();
        let minute = now.micros().div_euclid(MINUTE);
        if rejected.0 != minute {
            *rejected = (minute, HashMap::new());
        }
        let so_far = rejected.1.entry_ref(key).or_default();
        if *so_far >= REJECTED_PER_MINUTE {
            let message =
                "Too many messages of this key were rejected in this minute. Nothing of this request was kept.";
            return Err(Problem::new(Class::TooMany, "too_many_rejected", message).retry_after(60));
        }
        *so_far += count;
        Ok(())
    }
}

type Slot = Arc<OnceCell<Arc<Intake>>>;

struct Shared {
    platform: Platform,
    resolver: Arc<dyn Resolver>,
    open: Mutex<HashMap<WorkspaceId, Slot>>,
    /// Workspaces whose lake could not be opened when it was last tried.
    closed: Mutex<HashSet<WorkspaceId>>,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// What runs the pumps and seals: whoever waits for an answer comes first.
    background: Mutex<Option<Arc<Background>>>,
}

/// The lakes of all workspaces. Clones share them.
#[derive(Clone)]
pub struct Lakes(Arc<Shared>);

impl std::fmt::Debug for Lakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lakes").field("open", &self.0.open.lock().len()).finish()
    }
}

impl Lakes {
    /// No lake is open yet. `resolver` says whose an event is.
    #[must_use]
    pub fn new(platform: &Platform, resolver: Arc<dyn Resolver>) -> Self {
        Self(Arc::new(Shared {
            platform: platform.clone(),
            resolver,
            open: Mutex::default(),
            closed: Mutex::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            background: Mutex::default(),
        }))
    }

    /// The lake of a workspace; opens it, and starts its pump, when it is not open.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn get(&self, workspace: &WorkspaceRef) -> Result<Lake, OpenError> {
        Ok(self.intake(workspace).await?.lake.clone())
    }

    /// The lake, the live stream and the quarantine of a workspace.
    pub(crate) async fn intake(&self, workspace: &WorkspaceRef) -> Result<Arc<Intake>, OpenError> {
        let slot = self.0.open.lock().entry(workspace.id.clone()).or_default().clone();
        let intake = slot.get_or_try_init(|| self.open(workspace)).await.cloned();
        let mut closed = self.0.closed.lock();
        if intake.is_ok() {
            closed.remove(&workspace.id);
        } else {
            closed.insert(workspace.id.clone());
        }
        intake
    }

    /// Removes what the quarantine and the live view hold of people who are erased; how much.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn forget(&self, workspace: &WorkspaceRef, traces: &people::erasure::Traces) -> Result<u64, OpenError> {
        let intake = self.intake(workspace).await?;
        let telling = traces.telling();
        let removed = intake.quarantine.forget(&traces.values, &telling).await?;
        let is_theirs = |fate: &Fate| {
            let by_number = fate.person.is_some_and(|person| traces.persons.contains(&person.number()));
            let url = fate.url.to_lowercase();
            by_number
                || traces.values.iter().any(|value| *value == fate.user_id || *value == fate.anonymous_id)
                || telling.iter().any(|text| people::erasure::holds(&url, text))
        };
        Ok(removed + intake.live.forget(is_theirs) as u64)
    }

    pub(crate) fn platform(&self) -> &Platform {
        &self.0.platform
    }

    /// Opens the lakes of all workspaces, so that what an earlier process left in a log is taken up at once. A lake
    /// that cannot be opened is logged and tried again when it is asked for.
    pub async fn open_all(&self) {
        let workspaces = match self.0.platform.accounts.workspaces().await {
            Ok(workspaces) => workspaces,
            Err(error) => return tracing::error!(%error, "the workspaces could not be listed"),
        };
        for workspace in workspaces {
            if let Err(error) = self.get(&workspace).await {
                tracing::error!(workspace = %workspace.slug, %error, "the events of a workspace could not be opened");
            }
        }
    }

    /// Stops the pumps after the batch they are at. Nothing is lost: what is not admitted is taken up at the next start.
    pub async fn close(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    fn config(&self, workspace: &WorkspaceRef) -> LakeConfig {
        let events = &self.0.platform.config.events;
        LakeConfig {
            buckets: u16::try_from(events.buckets).unwrap_or(u16::MAX),
            hot_events_max: usize::try_from(events.seal_events).unwrap_or(usize::MAX),
            pending_bytes_max: usize::try_from(events.backlog_megabytes_max << 20).unwrap_or(usize::MAX),
            hot_age_us_max: i64::from(events.seal_seconds) * SECOND,
            ..LakeConfig::at(self.0.platform.databases.folder(workspace))
        }
    }

    /// Finds what does not fit in the lake of a workspace that nobody has open; with `apply` puts it right.
    ///
    /// # Errors
    /// [`OpenError`], also when the lake is open.
    pub async fn repair(&self, workspace: &WorkspaceRef, apply: bool) -> Result<RepairReport, OpenError> {
        let db = self.0.platform.databases.workspace(workspace).await?;
        Ok(lake::repair(&self.config(workspace), Arc::new(DbCatalog(db)), apply).await?)
    }

    /// What was set aside in the lake of a workspace that nobody has open; see [`lake::sweep_orphans`].
    ///
    /// # Errors
    /// [`OpenError`], also when the lake is open.
    pub async fn orphans(
        &self,
        workspace: &WorkspaceRef,
        remove_before: Option<Timestamp>,
        everything: bool,
    ) -> Result<Vec<Orphan>, OpenError> {
        let db = self.0.platform.databases.workspace(workspace).await?;
        let catalog = Arc::new(DbCatalog(db));
        Ok(lake::sweep_orphans(&self.config(workspace), catalog, remove_before, everything).await?)
    }

    async fn open(&self, workspace: &WorkspaceRef) -> Result<Arc<Intake>, OpenError> {
        let platform = &self.0.platform;
        let db = platform.databases.workspace(workspace).await?;
        let config = self.config(workspace);
        let catalog = Arc::new(DbCatalog(db.clone()));
        let lake = Lake::open(config, catalog, platform.world.clock()).await?;
        let rules = crate::rederivation::newest(&db).await?;
        let intake = Arc::new(Intake {
            scope: Scope::system(workspace.clone(), "ingest"),
            lake,
            live: Live::default(),
            quarantine: Quarantine::new(db),
            doubts: Doubts::default(),
            rejected: Mutex::default(),
            pulse: Pulse::default(),
            rules: RwLock::new(Arc::new(rules)),
            refilled: OnceCell::new(),
        });
        self.start_pump(&intake)?;
        Ok(intake)
    }

    /// Not `async`, and not to be inlined: the body of a future is compiled by the crate that polls it, and this one
    /// optimises what is on the path of every event.
    #[inline(never)]
    fn start_pump(&self, intake: &Arc<Intake>) -> Result<(), OpenError> {
        let pump = keep_pumping(intake.clone(), self.0.resolver.clone(), self.0.stop.clone());
        let _ = self.background()?.spawn(self.0.tasks.track_future(pump));
        Ok(())
    }

    fn background(&self) -> Result<Arc<Background>, OpenError> {
        let mut background = self.0.background.lock();
        if let Some(running) = &*background {
            return Ok(running.clone());
        }
        let started = Arc::new(Background::start("events").map_err(OpenError::Threads)?);
        *background = Some(started.clone());
        Ok(started)
    }
}

impl Ready for Lakes {
    /// No names: whoever asks whether the server is ready need not know who its tenants are.
    fn readiness(&self) -> Readiness {
        let closed = self.0.closed.lock().len();
        let (mut well, mut failing) = (0, 0);
        for intake in self.0.open.lock().values().filter_map(|slot| slot.get()) {
            if intake.pulse.is_well() {
                well += 1;
            } else {
                failing += 1;
            }
        }
        if closed + failing == 0 {
            return Readiness::Ready;
        }
        let text = format!("the events of {closed} workspaces cannot be opened, those of {failing} are not read");
        if well > 0 { Readiness::Partly(text) } else { Readiness::No(text) }
    }
}

/// Puts the last fates from before this process into the live stream: from the lake and from the quarantine.
async fn refill(intake: &Intake) {
    let stored = match stored_fates(&intake.lake).await {
        Ok(stored) => stored,
        Err(error) => {
            tracing::warn!(%error, "the live stream starts empty: the last events could not be read");
            Vec::new()
        }
    };
    let filter = crate::events::QuarantineFilter { limit: Some(500), ..Default::default() };
    let kept = intake.quarantine.list(&filter).await.map(|page| page.items).unwrap_or_default();
    let mut fates = stored;
    for row in kept {
        let known = row.offset.and_then(|offset| fates.iter_mut().find(|fate| fate.offset == Some(offset)));
        let (status, code, reason, id) = (row.status, row.code.clone(), row.reason.clone(), row.id.clone());
        if let Some(fate) = known {
            *fate = Fate { status, code, reason, quarantine: Some(id), ..fate.clone() };
        } else if status == FateStatus::Rejected {
            fates.push(super::intake::fate_of_row(row));
        }
    }
    fates.sort_by_key(|fate| (fate.received_at, fate.offset));
    intake.live.refill(fates);
}

/// Columns of the question in [`stored_fates`], in order.
const STORED: &str = "select \"offset\", person, at, received_at, kind, name, user_id, anonymous_id, event_id, write_key, \
     library, channel, url, agent_class, agent_reason from events";

async fn stored_fates(lake: &Lake) -> Result<Vec<Fate>, LakeError> {
    let last = lake.watermark().offset;
    if last == 0 {
        return Ok(Vec::new());
    }
    let from = last.saturating_sub(RING_MAX as u64 / 4);
    let text = format!("{STORED} where \"offset\" > {from} order by \"offset\"");
    let limits = SqlLimits { rows: RING_MAX, ..SqlLimits::default() };
    let answer = lake.sql(&text, Vec::new(), limits).await?;
    Ok(answer.rows.iter().map(|row| fate_of_answer(row)).collect())
}

fn fate_of_answer(row: &[serde_json::Value]) -> Fate {
    let text = |place: usize| row.get(place).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let number = |place: usize| {
        let value = row.get(place);
        value.and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok())).unwrap_or(0)
    };
    let moment = |place: usize| match row.get(place) {
        Some(serde_json::Value::Number(micros)) => Timestamp::from_micros(micros.as_i64().unwrap_or(0)),
        Some(serde_json::Value::String(text)) => text.parse().unwrap_or_default(),
        _ => Timestamp::default(),
    };
    Fate {
        sequence: 0,
        status: FateStatus::Accepted,
        code: String::new(),
        reason: String::new(),
        offset: Some(number(0)),
        quarantine: None,
        person: PersonId::from_number(number(1)).ok().filter(|person| person.number() != 0),
        at: moment(2),
        received_at: moment(3),
        kind: text(4),
        name: text(5),
        user_id: text(6),
        anonymous_id: text(7),
        message_id: text(8),
        write_key: text(9),
        library: text(10),
        channel: text(11),
        url: text(12),
        agent_class: text(13),
        agent_reason: text(14),
    }
}
