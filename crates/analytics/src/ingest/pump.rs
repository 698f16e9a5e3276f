//! The pump: takes events from the log, in order, drops repeats, finds out whose they are, and makes them visible.
//!
//! **Invariant:** an event is admitted after every event before it, or not at all; a failure repeats the batch.
//! **Invariant:** one event whose identifiers cannot be resolved does not hold up the others: it is admitted as nobody's,
//! with a doubt.

use super::intake::doubt_print;
use super::lakes::Intake;
use super::told::{ToldBatch, Why, erased};
use crate::events::Fate;
use crate::messages::{Doubt, anonymous, observe};
use async_trait::async_trait;
use futures::FutureExt as _;
use kernel::problem::{Class, Problem};
use kernel::scope::Scope;
use lake::{Batch, Col, Lake, LakeError, Owner, Stored};
use people::identity::{Identity, Observation, Resolved};
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Whose an event is: identity, as the pump sees it.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// One answer for each observation, in order. Asked again for the same offsets it gives the same answers.
    async fn resolve(&self, scope: &Scope, batch: &[Observation]) -> Result<Vec<Resolved>, Problem>;

    /// Whether anybody was ever erased: else nobody has to be asked about events.
    async fn has_erased(&self, _: &Scope) -> Result<bool, Problem> {
        Ok(false)
    }

    /// For each event whether it may not be stored, because it names somebody who was erased.
    async fn erased(&self, _: &Scope, batch: &[Observation]) -> Result<Vec<bool>, Problem> {
        Ok(vec![false; batch.len()])
    }

    /// Which persons are to be read as which other, as the database says.
    async fn merges(&self, scope: &Scope) -> Result<Arc<HashMap<u64, u64>>, Problem>;

    /// The same as last seen, without asking the database.
    fn known_merges(&self, scope: &Scope) -> Arc<HashMap<u64, u64>>;
}

#[async_trait]
impl Resolver for Identity {
    async fn resolve(&self, scope: &Scope, batch: &[Observation]) -> Result<Vec<Resolved>, Problem> {
        Ok(Identity::resolve(self, scope, batch).await?)
    }

    async fn has_erased(&self, scope: &Scope) -> Result<bool, Problem> {
        Ok(Identity::has_erased(self, scope).await?)
    }

    async fn erased(&self, scope: &Scope, batch: &[Observation]) -> Result<Vec<bool>, Problem> {
        Ok(Identity::erased(self, scope, batch).await?)
    }

    async fn merges(&self, scope: &Scope) -> Result<Arc<HashMap<u64, u64>>, Problem> {
        Ok(Identity::merges(self, scope).await?)
    }

    fn known_merges(&self, scope: &Scope) -> Arc<HashMap<u64, u64>> {
        self.watch_merges(scope).borrow().clone()
    }
}

/// Events that are taken from the log at a time.
const BATCH_MAX: usize = 8_000;
/// Failures in a row after which a batch is taken apart to find the event that is to blame.
const FAILURES_MAX: u32 = 4;
/// How often merges and the age of the hot events are looked at; in tests often, so that what a look does shows.
const LOOK: Duration = if cfg!(test) { Duration::from_millis(20) } else { Duration::from_secs(5) };
const PAUSE_MAX: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
enum PumpError {
    #[error(transparent)]
    Lake(#[from] LakeError),
    #[error("identity: {0}")]
    Identity(Problem),
    #[error("identity gave {found} answers for {asked} events")]
    Answers { asked: usize, found: usize },
    #[error("identity panicked")]
    Panicked,
}

impl PumpError {
    /// Whether the failure says nothing about what was asked: the database was away or busy.
    fn is_passing(&self) -> bool {
        matches!(self, Self::Identity(problem) if matches!(problem.class, Class::Unavailable | Class::TooMany))
    }
}

/// How the pump of a workspace is doing. It outlives the pump: what makes one panic makes the next panic too.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Failures since a batch was last admitted, panics among them.
    failures: AtomicU32,
    /// Looks in a row that failed.
    looks: AtomicU32,
    /// Whether a pump ended, and the next has done nothing well yet.
    ended: AtomicBool,
}

impl Pulse {
    /// Whether events are becoming visible, as far as one can tell.
    pub(super) fn is_well(&self) -> bool {
        let is_low = |count: &AtomicU32| count.load(Ordering::Relaxed) < FAILURES_MAX;
        is_low(&self.failures) && is_low(&self.looks) && !self.ended.load(Ordering::Relaxed)
    }

    /// Whether a batch is to be taken apart.
    fn is_stuck(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= FAILURES_MAX
    }

    /// Counts a failure, and says how long to wait now.
    fn failed(&self) -> (u32, Duration) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        (failures, Duration::from_millis(50 << failures.min(8)).min(PAUSE_MAX))
    }

    fn admitted(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.ended.store(false, Ordering::Relaxed);
    }

    /// A look that went well tells nothing about the batch that waits.
    fn looked(&self, is_well: bool) {
        if is_well {
            self.looks.store(0, Ordering::Relaxed);
            self.ended.store(false, Ordering::Relaxed);
        } else {
            self.looks.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Runs the pump of a workspace until it is asked to stop, and begins anew when it ends by itself or panics.
pub(super) async fn keep_pumping(intake: Arc<Intake>, resolver: Arc<dyn Resolver>, stop: CancellationToken) {
    loop {
        let pump = Pump::new(intake.clone(), resolver.clone(), stop.clone());
        let result = AssertUnwindSafe(pump.run()).catch_unwind().await;
        if stop.is_cancelled() {
            return;
        }
        intake.pulse.ended.store(true, Ordering::Relaxed);
        let (failures, pause) = intake.pulse.failed();
        let (workspace, panicked) = (&intake.scope.workspace.slug, result.is_err());
        tracing::error!(%workspace, panicked, failures, "the events of a workspace are not read any more; begun anew");
        metrics::counter!("mainspring_ingest_restarts_total", "workspace" => workspace.clone()).increment(1);
        intake.lake.rewind();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn answers_of(asked: usize, found: Result<Vec<Resolved>, Problem>) -> Result<Vec<Resolved>, PumpError> {
    let answers = found.map_err(PumpError::Identity)?;
    let found = answers.len();
    if found == asked { Ok(answers) } else { Err(PumpError::Answers { asked, found }) }
}

fn owner_of(answer: &Resolved) -> Owner {
    let company = answer.company.as_ref().map_or_else(String::new, ToString::to_string);
    Owner { person: answer.person.number(), company }
}

/// The next events, once there is room for them.
async fn next(lake: &Lake) -> Result<Batch, LakeError> {
    lake.room().await;
    lake.next_batch(BATCH_MAX).await
}

/// What is to be told of a batch.
#[derive(Default)]
struct Told {
    /// The doubts about its events, by their place.
    doubtful: hashbrown::HashMap<usize, Why>,
    /// Fingerprints of doubts, with the offsets of their events.
    prints: Vec<(String, u64)>,
}

/// The pump of one workspace.
pub(super) struct Pump {
    intake: Arc<Intake>,
    resolver: Arc<dyn Resolver>,
    stop: CancellationToken,
    sealing: Arc<AtomicBool>,
    merges: Arc<HashMap<u64, u64>>,
}

impl Pump {
    pub(super) fn new(intake: Arc<Intake>, resolver: Arc<dyn Resolver>, stop: CancellationToken) -> Self {
        Self { intake, resolver, stop, sealing: Arc::default(), merges: Arc::default() }
    }

    /// Pumps until it is stopped.
    pub(super) async fn run(self) {
        let mut pump = self;
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let lake = pump.intake.lake.clone();
            let result = tokio::select! {
                biased;
                () = pump.stop.cancelled() => break,
                _ = look.tick() => {
                    pump.look().await;
                    continue;
                }
                taken = next(&lake) => match taken {
                    Ok(batch) => {
                        let result;
                        (pump, result) = pump.admit_as_due(batch).await;
                        result
                    }
                    Err(LakeError::Closed) => break,
                    Err(error) => Err(error.into()),
                },
            };
            let Err(error) = result else {
                pump.intake.pulse.admitted();
                continue;
            };
            let (failures, pause) = pump.intake.pulse.failed();
            let workspace = &pump.intake.scope.workspace.slug;
            tracing::warn!(%workspace, %error, failures, "events could not be admitted; the batch is tried again");
            metrics::counter!("mainspring_ingest_failures_total", "workspace" => workspace.clone()).increment(1);
            lake.rewind();
            tokio::select! {
                () = pump.stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// As [`Pump::admit`]: on these threads, which may yield to others, or on ordinary ones while too much waits.
    async fn admit_as_due(mut self, batch: Batch) -> (Self, Result<(), PumpError>) {
        let Some(ordinary) = self.intake.lake.pressed() else {
            let result = self.admit(batch).await;
            return (self, result);
        };
        let work = async move {
            let result = self.admit(batch).await;
            (self, result)
        };
        match ordinary.spawn(work).await.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(done) => done,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // The threads end with the program, and this one with them.
            Err(Err(_)) => std::future::pending().await,
        }
    }

    async fn admit(&mut self, batch: Batch) -> Result<(), PumpError> {
        let Some(up_to) = batch.last() else { return Ok(()) };
        let lake = self.intake.lake.clone();
        let (mut kept, repeats) = lake.dedup_batch(batch).await?;
        let erased = self.take_erased(&mut kept).await?;
        let kept = Arc::new(kept);
        let resolved = self.resolve(&kept, self.intake.pulse.is_stuck()).await?;
        let owners: Vec<Owner> = resolved.iter().map(owner_of).collect();
        self.set_merges(self.resolver.known_merges(&self.intake.scope));
        let told = self.doubts(&kept)?;
        lake.admit_batch(kept.clone(), owners.clone(), up_to).await?;
        self.tell(told, kept, owners, repeats)?;
        self.intake.live.push(erased);
        self.measure();
        self.seal();
        Ok(())
    }

    /// Takes out the events of people who were erased; what is told of them does not say whose they were.
    async fn take_erased(&self, kept: &mut Batch) -> Result<Vec<Fate>, PumpError> {
        if !self.resolver.has_erased(&self.intake.scope).await.map_err(PumpError::Identity)? {
            return Ok(Vec::new());
        }
        let observed = observe_all(kept)?;
        let refused = self.resolver.erased(&self.intake.scope, &observed).await.map_err(PumpError::Identity)?;
        let gone = kept.split(&refused);
        let fates = (0..gone.len()).map(|place| Ok(erased(&gone.event(place)?)));
        fates.collect()
    }

    /// Whose the events are. `apart`: one by one, because the batch as a whole failed again and again.
    async fn resolve(&self, batch: &Batch, apart: bool) -> Result<Vec<Resolved>, PumpError> {
        let observations = observe_all(batch)?;
        if !apart {
            return answers_of(observations.len(), self.resolver.resolve(&self.intake.scope, &observations).await);
        }
        let mut resolved = Vec::with_capacity(batch.len());
        for (place, observation) in observations.iter().enumerate() {
            resolved.extend(self.resolve_alone(&batch.event(place)?, observation).await?);
        }
        Ok(resolved)
    }

    /// Whose one event is; nobody's, with a doubt, when it is the event that cannot be resolved.
    async fn resolve_alone(&self, event: &Stored<'_>, observation: &Observation) -> Result<Vec<Resolved>, PumpError> {
        match self.ask(std::slice::from_ref(observation)).await {
            Ok(answers) => return Ok(answers),
            Err(error) if error.is_passing() => return Err(error),
            Err(_) => {}
        }
        // When nobody's event cannot be resolved either, the event is not to blame: the batch waits.
        let nobody = self.ask(&[anonymous(event, observation.offset)]).await?;
        // Nor when it can be resolved now: what failed has passed.
        let error = match self.ask(std::slice::from_ref(observation)).await {
            Ok(answers) => return Ok(answers),
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => error,
        };
        tracing::error!(offset = observation.offset, %error, "an event is admitted as nobody's");
        let doubt = Doubt::Unresolved(error.to_string());
        self.intake.doubts.raise(event.text(Col::EventId), 0, doubt.clone());
        super::intake::keep_doubt(&self.intake, event, observation.offset, &doubt).await;
        Ok(nobody)
    }

    /// Asks about one event. That it makes identity panic is an answer too.
    async fn ask(&self, observations: &[Observation]) -> Result<Vec<Resolved>, PumpError> {
        let asked = self.resolver.resolve(&self.intake.scope, observations);
        let found = AssertUnwindSafe(asked).catch_unwind().await.map_err(|_| PumpError::Panicked)?;
        answers_of(observations.len(), found)
    }

    /// The doubts about the events of a batch. Only looks: it is asked again when admitting fails.
    fn doubts(&self, batch: &Batch) -> Result<Told, LakeError> {
        let mut told = Told::default();
        if self.intake.doubts.are_none() {
            return Ok(told);
        }
        for place in 0..batch.len() {
            let event_id = batch.event_id(place)?;
            let found = self.intake.doubts.of(event_id);
            if let Some(first) = found.first() {
                told.prints.push((doubt_print(event_id), batch.offset(place)));
                let reasons: Vec<String> = found.iter().map(ToString::to_string).collect();
                told.doubtful.insert(place, Why { code: first.code(), reason: reasons.join("; ") });
            }
        }
        Ok(told)
    }

    /// Tells what became of an admitted batch. Doubts of admitted events get their place.
    fn tell(&self, told: Told, kept: Arc<Batch>, owners: Vec<Owner>, repeats: Batch) -> Result<(), LakeError> {
        if !self.intake.doubts.are_none() {
            // A repeat raised the same doubts; they are those of the event that is stored.
            let repeated = (0..repeats.len()).map(|place| repeats.event_id(place)).collect::<Result<Vec<_>, _>>()?;
            let doubted = told.doubtful.keys().map(|place| kept.event_id(*place)).collect::<Result<Vec<_>, _>>()?;
            self.intake.doubts.settle(doubted.into_iter().chain(repeated));
        }
        self.intake.live.push_later(Arc::new(ToldBatch::new(kept, owners, repeats, told.doubtful)));
        if told.prints.is_empty() {
            return Ok(());
        }
        let quarantine = self.intake.quarantine.clone();
        tokio::spawn(async move {
            for (fingerprint, offset) in told.prints {
                if let Err(error) = quarantine.stored_at(&fingerprint, offset).await {
                    tracing::warn!(%error, offset, "a doubt keeps no link to its event");
                }
            }
        });
        Ok(())
    }

    fn set_merges(&mut self, merges: Arc<HashMap<u64, u64>>) {
        if !Arc::ptr_eq(&merges, &self.merges) {
            self.intake.lake.set_merges(merges.clone());
            self.merges = merges;
        }
    }

    /// What has to happen also when no event comes: merges made by hand, and the age of the hot events.
    async fn look(&mut self) {
        let merges = self.resolver.merges(&self.intake.scope).await;
        self.intake.pulse.looked(merges.is_ok());
        match merges {
            Ok(merges) => self.set_merges(merges),
            Err(error) => {
                let workspace = &self.intake.scope.workspace.slug;
                tracing::warn!(%workspace, %error, "merges could not be read; they are looked at again");
            }
        }
        self.measure();
        self.seal();
    }

    /// Seals beside the pump when it is due: events go on becoming visible meanwhile.
    fn seal(&self) {
        if self.sealing.swap(true, Ordering::AcqRel) {
            return;
        }
        let (lake, sealing) = (self.intake.lake.clone(), self.sealing.clone());
        let workspace = self.intake.scope.workspace.slug.clone();
        tokio::spawn(async move {
            loop {
                match lake.seal_if_due().await {
                    // So much may have come meanwhile that the next one is due.
                    Ok(true) => continue,
                    Ok(false) => break,
                    Err(error) => {
                        tracing::warn!(%workspace, %error, "events could not be sealed; they stay visible, it is tried again");
                        break;
                    }
                }
            }
            sealing.store(false, Ordering::Release);
        });
    }

    fn measure(&self) {
        let watermark = self.intake.lake.watermark();
        let behind = watermark.appended_offset.saturating_sub(watermark.offset);
        let workspace = self.intake.scope.workspace.slug.clone();
        #[expect(clippy::cast_precision_loss, reason = "a gauge; the count is far below 2^52")]
        metrics::gauge!("mainspring_ingest_lag_events", "workspace" => workspace).set(behind as f64);
    }
}

/// What the events of a batch say about who is who.
fn observe_all(batch: &Batch) -> Result<Vec<Observation>, LakeError> {
    (0..batch.len()).map(|place| Ok(observe(&batch.event(place)?, batch.offset(place)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{FateFilter, FateStatus};
    use crate::ingest::Lakes;
    use lake::{Draft, NewEvents};

    /// Admitting may fail and is repeated: the doubts are there when it succeeds.
    #[tokio::test]
    async fn doubts_stay_until_the_event_is_admitted() {
        let test = testkit::platform(testkit::Backend::Sqlite).await;
        let identity = Arc::new(Identity::new(&test.platform));
        let lakes = Lakes::new(&test.platform, identity.clone());
        let intake = lakes.intake(&test.scope.workspace).await.unwrap();
        let pump = Pump::new(intake.clone(), identity, CancellationToken::new());
        let batch = |first: u64, ids: &[&'static str]| {
            let mut events = NewEvents::default();
            for id in ids {
                events.push(&Draft { event_id: (*id).into(), ..Draft::default() }).unwrap();
            }
            Batch::from((first, events))
        };
        let (kept, repeats) = (Arc::new(batch(1, &["m1", "m2"])), batch(3, &["m3"]));
        for id in ["m1", "m3"] {
            intake.doubts.raise(id, 7, Doubt::Future(9));
            intake.doubts.raise(id, 8, Doubt::Future(9));
        }
        let doubtful = |told: &Told| told.doubtful.keys().copied().collect::<Vec<_>>();
        assert_eq!(doubtful(&pump.doubts(&kept).unwrap()), [0]);
        let again = pump.doubts(&kept).unwrap();
        assert_eq!(doubtful(&again), [0], "what was only looked at is still there");
        assert_eq!(again.doubtful[&0].reason, Doubt::Future(9).to_string(), "and is told once");
        pump.tell(again, kept, vec![Owner::default(); 2], repeats).unwrap();
        assert_eq!(intake.doubts.len(), 0);
        let told = intake.live.recent(&FateFilter::default(), None, 10);
        let statuses: Vec<FateStatus> = told.iter().rev().map(|fate| fate.status).collect();
        assert_eq!(statuses, [FateStatus::Suspicious, FateStatus::Accepted, FateStatus::Duplicate]);
        lakes.close().await;
    }
}
