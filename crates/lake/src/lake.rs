//! The facade: one lake is one workspace's events.

use crate::catalog::{Catalog, Rederived};
use crate::check;
use crate::compact::{self, Sealer, Upkeep};
use crate::config::LakeConfig;
use crate::dedup::Dedup;
use crate::error::LakeError;
use crate::event::{Columns, Event};
use crate::fold::{self, Cancel, Fold, FoldOptions, KnownAt};
use crate::hot::HotBucket;
use crate::log::Log;
use crate::query::{SqlAnswer, SqlLimits, SqlQuestion, SqlTable};
use crate::timeline;
use crate::view::{Files, Merges, View};
use kernel::time::{Clock, TimeRange};
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

/// So many halves of what makes a seal due may be hot; the consumer then waits for the seal.
const FULL_HALVES: usize = 3;
/// When one part in so many of what may wait for the consumer does, it no longer yields to others.
const PRESSED: usize = 4;

/// The log offsets a batch was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first event.
    pub first: u64,
    /// Offset of the last event.
    pub last: u64,
}

/// How far the lake has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watermark {
    /// Every event up to this log offset is visible (or was a duplicate, or was rejected).
    pub offset: u64,
    /// `received_at` of the last admitted event, microseconds; 0 when none.
    pub at: i64,
    /// The last log offset that is stored.
    pub appended_offset: u64,
    /// How often what is stored was changed, by erasure, age or re-derivation, since the lake was opened: answers from
    /// before are stale.
    pub removals: u64,
}

/// What the sealed events of a range depend on.
#[derive(Debug, Clone)]
pub struct Sealed {
    files: Vec<u64>,
    removals: u64,
    merges: Arc<HashMap<u64, u64>>,
}

impl PartialEq for Sealed {
    fn eq(&self, other: &Self) -> bool {
        (&self.files, self.removals) == (&other.files, other.removals) && Arc::ptr_eq(&self.merges, &other.merges)
    }
}

/// What [`Lake::check`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckReport {
    /// Log segments read.
    pub segments: u64,
    /// Events in them.
    pub log_events: u64,
    /// Parquet files read.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Hashes of event ids in the runs.
    pub event_ids: u64,
    /// What is wrong; empty when the lake is sound.
    pub problems: Vec<String>,
}

/// What changes while a lake is open. One lock, so that a view is of one moment.
pub(crate) struct State {
    pub(crate) files: Files,
    pub(crate) hot: Vec<HotBucket>,
    pub(crate) sealing: Arc<Vec<HotBucket>>,
    pub(crate) merges: Arc<Merges>,
    /// The re-derivations that took effect, in order.
    pub(crate) rederived: Arc<Vec<Rederived>>,
    pub(crate) admitted: u64,
    pub(crate) admitted_at: i64,
    pub(crate) sealed: u64,
    pub(crate) removals: u64,
    /// Properties that new files keep as columns.
    pub(crate) promoted: Arc<[String]>,
    /// When the oldest hot event was admitted, microseconds.
    pub(crate) hot_since: Option<i64>,
    /// After a seal that failed, when the next is due at the earliest, microseconds.
    pub(crate) seal_not_before: i64,
}

pub(crate) struct Inner {
    pub(crate) config: LakeConfig,
    pub(crate) catalog: Arc<dyn Catalog>,
    clock: Arc<dyn Clock>,
    pub(crate) log: Log,
    pub(crate) dedup: Dedup,
    pub(crate) state: RwLock<State>,
    /// Held while hot rows are added or set aside.
    pub(crate) admitting: Mutex<()>,
    /// Told when hot rows were sealed.
    pub(crate) sealed: Notify,
    pub(crate) upkeep: tokio::sync::Mutex<Upkeep>,
    /// Held by what merges files or writes them again without holding up seals, and by what must not run beside it. Taken before `upkeep`.
    pub(crate) rewriting: tokio::sync::Mutex<()>,
    pub(crate) folds: Arc<Semaphore>,
    questions: Arc<Semaphore>,
    /// The threads of whoever opened it, which yield to nobody.
    ordinary: Handle,
    /// A thread like those, for seals that are waited for.
    pub(crate) sealer: Sealer,
    /// Locked for this process as long as it is open; released last.
    _lock: File,
}

/// One workspace's events. Clones share it.
#[derive(Clone)]
pub struct Lake {
    pub(crate) inner: Arc<Inner>,
}

/// The turn of one question. The default is for whoever answers without a lake.
#[derive(Debug, Default)]
pub struct SqlTurn {
    _permit: Option<OwnedSemaphorePermit>,
}

/// Cancels what a dropped future was waiting for.
pub(crate) struct CancelOnDrop(pub(crate) Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

pub(crate) fn lock(folder: &Path) -> Result<File, LakeError> {
    let path = folder.join("lake.lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(LakeError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LakeError::Locked(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(LakeError::Io { path, source }),
    }
}

impl Lake {
    /// Opens the lake in a folder, or makes it; repairs what a crash left and takes the folder for this process.
    ///
    /// # Errors
    /// [`LakeError::Locked`] when another process has it, [`LakeError::Corrupt`] when a file was damaged,
    /// [`LakeError::Buckets`] when it was made with another number of buckets.
    pub async fn open(config: LakeConfig, catalog: Arc<dyn Catalog>, clock: Arc<dyn Clock>) -> Result<Self, LakeError> {
        std::fs::create_dir_all(&config.folder).map_err(LakeError::io(&config.folder))?;
        let guard = lock(&config.folder)?;
        let state = catalog.load().await?;
        if ![0, config.buckets].contains(&state.buckets) {
            return Err(LakeError::Buckets { stored: state.buckets, configured: config.buckets });
        }
        let ordinary = Handle::current();
        let open = move || {
            let (files, runs) = compact::open_files(&config.folder, &state, config.buckets)?;
            let log = Log::open(&config, &config.folder.join("log"), state.sealed_offset)?;
            compact::sweep(&config.folder, &state)?;
            let dedup = Dedup::new(runs, config.filter_bytes_max);
            let none = vec![HotBucket::default(); usize::from(config.buckets)];
            let open = State {
                files: Arc::new(files),
                hot: none.clone(),
                sealing: Arc::new(none),
                merges: Arc::default(),
                rederived: Arc::new(state.rederived.clone()),
                admitted: state.sealed_offset,
                admitted_at: state.sealed_at,
                sealed: state.sealed_offset,
                removals: 0,
                promoted: Arc::default(),
                hot_since: None,
                seal_not_before: i64::MIN,
            };
            let used = state.files.iter().map(|file| file.id).chain(state.runs.iter().map(|run| run.id)).max();
            let upkeep = Upkeep::new(state.next_id.max(used.map_or(0, |id| id + 1)), state.gone);
            let inner = Inner {
                folds: Arc::new(Semaphore::new(config.folds_max.max(1))),
                questions: Arc::new(Semaphore::new(config.sql_max.max(1))),
                ordinary,
                sealer: Sealer::start(&config.folder)?,
                config,
                catalog,
                clock,
                log,
                dedup,
                state: RwLock::new(open),
                admitting: Mutex::new(()),
                sealed: Notify::new(),
                upkeep: tokio::sync::Mutex::new(upkeep),
                rewriting: tokio::sync::Mutex::default(),
                _lock: guard,
            };
            Ok(Self { inner: Arc::new(inner) })
        };
        spawn_blocking(open).await.map_err(|_| LakeError::Closed)?
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &LakeConfig {
        &self.inner.config
    }

    /// Writes the hot events to Parquet, switches the catalog, drops the log before, merges small files. Goes on when
    /// whoever asked for it is gone.
    ///
    /// # Errors
    /// When it fails, everything stays visible as it was and the next call tries again.
    pub async fn seal(&self) -> Result<(), LakeError> {
        let inner = Arc::clone(&self.inner);
        let work = async move {
            inner.seal().await?;
            inner.merge().await
        };
        tokio::spawn(work).await.map_err(|_| LakeError::Closed)?
    }

    /// As [`Lake::seal`] when the hot events are too many, too large or too old; whether it did. Small files are merged
    /// afterwards, beside what follows, so that the next seal need not wait for that.
    ///
    /// # Errors
    /// As [`Lake::seal`].
    pub async fn seal_if_due(&self) -> Result<bool, LakeError> {
        if !self.inner.is_seal_due() {
            return Ok(false);
        }
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move { inner.seal().await }).await.map_err(|_| LakeError::Closed)??;
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            if let Err(error) = inner.merge().await {
                tracing::warn!(%error, "small files could not be merged; it is tried again after the next seal");
            }
        });
        Ok(true)
    }

    /// Waits while so much is hot that memory would not be bounded: until a seal is done. For the one consumer, before it
    /// takes more; meanwhile the log holds what is appended, and refuses when that is too much.
    pub async fn room(&self) {
        loop {
            let sealed = self.inner.sealed.notified();
            if !self.inner.is_full() {
                return;
            }
            sealed.await;
        }
    }

    /// The threads of whoever opened it, while so many events wait that soon none is taken any more: what makes them visible
    /// should then run there, and not on threads that yield to others.
    #[must_use]
    pub fn pressed(&self) -> Option<Handle> {
        self.inner.is_pressed().then(|| self.inner.ordinary.clone())
    }

    /// What the events of each range depend on, when all of them are sealed: where this is equal, so is every fold over the range
    /// without [`FoldOptions::as_of`]. None where some are not sealed yet.
    ///
    /// # Errors
    /// When hot events cannot be read.
    pub fn sealed(&self, ranges: &[TimeRange]) -> Result<Vec<Option<Sealed>>, LakeError> {
        let view = self.inner.view();
        let removals = view.watermark.removals;
        let all = view.sealed(ranges)?.into_iter();
        Ok(all.map(|files| files.map(|files| Sealed { files, removals, merges: view.merges.given() })).collect())
    }

    /// From now on the events of each key are folded under its value. Costs nothing when it is the map that is set.
    pub fn set_merges(&self, merges: Arc<HashMap<u64, u64>>) {
        if self.inner.state.read().merges.are_of(&merges) {
            return;
        }
        let merges = Arc::new(Merges::new(merges, self.inner.config.buckets));
        self.inner.state.write().merges = merges;
    }

    /// How far the lake has come.
    #[must_use]
    pub fn watermark(&self) -> Watermark {
        self.inner.watermark(&self.inner.state.read())
    }

    /// Folds every admitted event of the options' range. Dropping the future cancels it.
    ///
    /// # Errors
    /// [`LakeError::Cancelled`], or [`LakeError::Corrupt`] when a file cannot be read.
    pub async fn fold<F: Fold + Clone + 'static>(&self, fold: &F, options: &FoldOptions) -> Result<F::Output, LakeError>
    where
        F::Output: 'static,
    {
        Ok(self.fold_at(fold, options).await?.0)
    }

    /// Reads and unpacks these columns of all files and does nothing with them: the floor under every fold that reads them.
    /// Returns how many rows there are.
    ///
    /// # Errors
    /// As [`Lake::fold`].
    pub async fn decode(&self, columns: Columns) -> Result<u64, LakeError> {
        let (view, threads) = (self.inner.view(), self.inner.config.fold_threads);
        spawn_blocking(move || fold::decode_only(&view, columns, threads)).await.map_err(|_| LakeError::Closed)?
    }

    /// As [`Lake::fold`], with the watermark of exactly what was folded.
    ///
    /// # Errors
    /// As [`Lake::fold`].
    pub async fn fold_at<F: Fold + Clone + 'static>(
        &self,
        fold: &F,
        options: &FoldOptions,
    ) -> Result<(F::Output, Watermark), LakeError>
    where
        F::Output: 'static,
    {
        let permit = self.fold_permit().await?;
        let stop = Cancel::default();
        let _guard = CancelOnDrop(stop.clone());
        let (fold, options, view) = (fold.clone(), options.clone(), self.view_for(options.as_of.as_ref()));
        let threads = self.inner.config.fold_threads;
        let work = move || {
            let _permit = permit;
            let output = fold::run(&view, &fold, &options, threads, &stop)?;
            Ok((output, view.watermark))
        };
        spawn_blocking(work).await.map_err(|_| LakeError::Data("a fold failed".into()))?
    }

    /// Waits until another fold may run.
    pub(crate) async fn fold_permit(&self) -> Result<OwnedSemaphorePermit, LakeError> {
        Arc::clone(&self.inner.folds).acquire_owned().await.map_err(|_| LakeError::Closed)
    }

    /// Answers one read-only question over `events` and the tables the caller brings.
    ///
    /// # Errors
    /// [`LakeError::Sql`] when it is refused or wrong, [`LakeError::Limit`] when it runs too long or too large,
    /// [`LakeError::Busy`] when it cannot begin.
    pub async fn sql(&self, text: &str, tables: Vec<SqlTable>, limits: SqlLimits) -> Result<SqlAnswer, LakeError> {
        let question = SqlQuestion { text: text.to_owned(), tables, limits, ..SqlQuestion::default() };
        self.sql_in(self.sql_turn().await?, question).await
    }

    /// Waits for its turn to ask: few questions run at the same time. To be taken before anything is built for a
    /// question, so that what waits holds nothing.
    ///
    /// # Errors
    /// [`LakeError::Busy`] when others take too long.
    pub async fn sql_turn(&self) -> Result<SqlTurn, LakeError> {
        let wait = self.inner.config.sql_wait_max;
        let turn = tokio::time::timeout(wait, Arc::clone(&self.inner.questions).acquire_owned()).await;
        let turn = turn.map_err(|_| LakeError::Busy { retry_after_s: wait.as_secs().max(1) })?;
        Ok(SqlTurn { _permit: Some(turn.map_err(|_| LakeError::Closed)?) })
    }

    /// What a question reads: everything, or what was known at a moment.
    pub(crate) fn view_for(&self, as_of: Option<&KnownAt>) -> View {
        let view = self.inner.view();
        match as_of {
            Some(known) => view.known_at(known),
            None => view,
        }
    }

    /// Full events of these people (with all that is merged into them), newest first, before a place in that order.
    ///
    /// # Errors
    /// [`LakeError::Corrupt`] when a file cannot be read.
    pub async fn events_of(
        &self,
        persons: &[u64],
        before: Option<(i64, u64)>,
        limit: usize,
    ) -> Result<Vec<Event>, LakeError> {
        let (view, persons) = (self.inner.view(), persons.to_vec());
        let work = move || timeline::events_of(&view, &persons, before, limit);
        spawn_blocking(work).await.map_err(|_| LakeError::Closed)?
    }

    /// The full event at a log offset, if it is visible.
    ///
    /// # Errors
    /// [`LakeError::Corrupt`] when a file cannot be read.
    pub async fn event_at(&self, offset: u64) -> Result<Option<Event>, LakeError> {
        let view = self.inner.view();
        spawn_blocking(move || timeline::event_at(&view, offset)).await.map_err(|_| LakeError::Closed)?
    }

    /// Reads everything and reports what does not fit together.
    ///
    /// # Errors
    /// Only when the check itself cannot run; damage is in the report.
    pub async fn check(&self) -> Result<CheckReport, LakeError> {
        // No merge and no seal runs meanwhile, so that catalog and files are of one moment.
        let _alone = self.inner.rewriting.lock().await;
        let _upkeep = self.inner.upkeep.lock().await;
        let state = self.inner.catalog.load().await?;
        let (inner, view) = (Arc::clone(&self.inner), self.inner.view());
        spawn_blocking(move || check::check(&inner, &view, &state)).await.map_err(|_| LakeError::Closed)?
    }
}

impl Inner {
    fn watermark(&self, state: &State) -> Watermark {
        Watermark {
            offset: state.admitted,
            at: state.admitted_at,
            appended_offset: self.log.stored(),
            removals: state.removals,
        }
    }

    /// Everything admitted, at this moment.
    pub(crate) fn view(&self) -> View {
        let state = self.state.read();
        View {
            buckets: self.config.buckets,
            files: Arc::clone(&state.files),
            hot: state.hot.clone(),
            sealing: Arc::clone(&state.sealing),
            merges: Arc::clone(&state.merges),
            watermark: self.watermark(&state),
            received_to: None,
            rederived: Arc::clone(&state.rederived),
            undo_from: None,
        }
    }

    /// Microseconds of the lake's clock.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().micros()
    }

    fn is_seal_due(&self) -> bool {
        let state = self.state.read();
        let Some(since) = state.hot_since.filter(|_| self.now() >= state.seal_not_before) else { return false };
        let (rows, bytes) = state.hot_size();
        rows >= self.config.hot_events_max
            || bytes >= self.config.hot_bytes_max
            || self.now() - since >= self.config.hot_age_us_max
    }

    /// Whether so many events wait that soon none is taken any more. That a seal is waited for is no reason: answers go first.
    pub(crate) fn is_pressed(&self) -> bool {
        self.log.waiting_bytes() > self.config.pending_bytes_max / PRESSED
    }

    /// Whether as much is hot as may be while a seal runs.
    fn is_full(&self) -> bool {
        let (rows, bytes) = self.state.read().hot_size();
        let is_over = |now: usize, due: usize| now >= due.saturating_mul(FULL_HALVES) / 2;
        is_over(rows, self.config.hot_events_max) || is_over(bytes, self.config.hot_bytes_max)
    }
}

impl State {
    /// Rows that are not sealed, and about how many bytes they take.
    pub(crate) fn hot_size(&self) -> (usize, usize) {
        let hot = || self.hot.iter().chain(self.sealing.iter());
        (hot().map(HotBucket::rows).sum(), hot().map(HotBucket::bytes).sum())
    }
}
