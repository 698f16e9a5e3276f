//! The job that erases a person. Killed at any moment and run again, it comes to the same.

use super::model::{ErasedEventFile, ErasureProofView, ErasureReport, Traces};
use super::store::{self, Work};
use super::{Erasures, files, keys, others};
use async_trait::async_trait;
use kernel::ids::{ErasureId, PersonId};
use kernel::scope::Scope;
use lake::{Lake, LakeError};
use platform::jobs::{JobContext, JobError, JobHandler};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(super) const KIND: &str = "person.erase";
/// How often the job tells how far the files are.
const TELL: Duration = Duration::from_millis(250);

pub(super) struct Handler(pub(super) Erasures);

#[async_trait]
impl JobHandler for Handler {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &JobContext) -> Result<(), JobError> {
        let id: Option<ErasureId> =
            job.payload.get("erasure").and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
        self.0.work(job, &id.ok_or_else(|| JobError::Failed("The job names no erasure.".to_owned()))?).await
    }
}

/// A failure of the lake: most pass, for the consumer catches up and disks are given room.
fn lake_failed(error: LakeError) -> JobError {
    match error {
        LakeError::Cancelled => JobError::Cancelled,
        other => JobError::Retry(other.to_string()),
    }
}

impl Erasures {
    async fn work(&self, job: &JobContext, id: &ErasureId) -> Result<(), JobError> {
        let db = self.platform.db(&job.scope).await?;
        let erasure = store::get(&db, id).await?;
        let erasure = erasure.ok_or_else(|| JobError::Failed(format!("There is no erasure {id}.")))?;
        if erasure.report.is_some() {
            return Ok(());
        }
        job.progress(0, 0, "Emptying the records").await?;
        let mut work = self.empty_records(&job.scope, id, erasure.person, erasure.keep_out).await?;
        let lake = self.events.lake(&job.scope).await?;
        let done = self.erase_events(job, id, &lake, &work).await?;
        job.progress(0, 0, "Cleaning imports and the quarantine").await?;
        let traces = work.traces();
        let messages = self.events.forget(&job.scope, &traces).await?;
        self.clean_imports(&job.scope, id, &mut work, messages).await?;
        job.progress(0, 0, "Searching for what is left").await?;
        let proof = lake.prove_erased(&done.persons, done.up_to).await.map_err(lake_failed)?;
        if !proof.holds() {
            return Err(JobError::Retry(format!("Something of the person is left: {proof:?}")));
        }
        let mut tx = db.begin().await?;
        let records_found = store::records_left(&mut tx, &work.members, &work.shared).await?;
        tx.rollback().await?;
        if records_found > 0 {
            return Err(JobError::Retry(format!("{records_found} rows of the person came in meanwhile.")));
        }
        let now = self.platform.world.now();
        let file = |file: &lake::ErasedFile| ErasedEventFile {
            path: file.path.clone(),
            rows_before: file.rows_before,
            rows_after: file.rows_after,
        };
        let persons = work.members.iter().filter_map(|member| PersonId::from_number(*member).ok()).collect();
        let report = ErasureReport {
            persons,
            events: done.rows(),
            files: done.files.iter().map(file).collect(),
            records: work.records.clone(),
            proof: ErasureProofView {
                at: now,
                up_to: done.up_to,
                files_searched: proof.files_searched,
                rows_searched: proof.rows_searched,
                rows_found: proof.rows_left,
                orphans_searched: proof.orphans_searched,
                log_segments_left: proof.log_segments_left,
                records_found,
            },
        };
        self.finish(&job.scope, id, erasure.person, &report).await
    }

    /// The keys go on the list and the records are emptied, in one transaction: from then on nothing comes in for the person.
    async fn empty_records(
        &self,
        scope: &Scope,
        id: &ErasureId,
        person: PersonId,
        keep_out: bool,
    ) -> Result<Work, JobError> {
        let (db, now) = (self.platform.db(scope).await?, self.platform.world.now());
        let (mut work, _) = store::work(&db, id).await?;
        // A batch that was asked about before is resolved before, and one after is refused.
        let _turn = self.identity.turn(scope).await;
        let mut tx = db.begin().await?;
        let held = crate::bulk::hold(&mut tx).await?;
        // An earlier try emptied them; what has come in since belongs to the same numbers.
        if work.members.is_empty() {
            work.members = store::members(&mut tx, person).await?;
        }
        if work.members.is_empty() {
            work.members = vec![person.number()];
        }
        for found in store::identifiers(&mut tx, &work.members).await? {
            if !work.identifiers.contains(&found) {
                work.identifiers.push(found);
            }
        }
        for found in others::shared(&mut tx, &work.members).await? {
            if !work.shared.contains(&found) {
                work.shared.push(found);
            }
        }
        let secret = keys::secret(&mut tx, &mut self.platform.world.rng()).await?;
        let listed = keys::add(&mut tx, &secret, id.as_str(), &work.keys(), now, keep_out).await?;
        store::erase_records(&mut tx, &mut work, held.changes).await?;
        store::count_emptied(&mut tx, id).await?;
        work.records.keys_listed = listed;
        store::set_work(&mut tx, id, &work).await?;
        tx.commit().await?;
        self.identity.keys_changed(scope);
        Ok(work)
    }

    /// Erases the events; what is found first is kept, for the report of a try that a crash cuts off.
    async fn erase_events(
        &self,
        job: &JobContext,
        id: &ErasureId,
        lake: &Lake,
        work: &Work,
    ) -> Result<lake::Erasure, JobError> {
        let db = self.platform.db(&job.scope).await?;
        // Bots that used the person's keys are numbers from a hash of them.
        let mut persons = work.members.clone();
        persons.extend(work.keys().iter().map(|key| crate::identity::light_of(key)));
        job.progress(0, 0, "Looking for the events").await?;
        let mut plan = lake.locate(&persons).await.map_err(lake_failed)?;
        let (_, earlier) = store::work(&db, id).await?;
        if let Ok(earlier) = serde_json::from_str::<lake::Erasure>(&earlier) {
            plan.continue_from(&earlier);
        }
        let kept = serde_json::to_string(&plan).unwrap_or_default();
        store::set_plan(&db, id, &kept).await?;
        let told = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
        let counts = Arc::clone(&told);
        let progress = lake::RewriteProgress::to(move |done, total| {
            counts.0.store(done, Ordering::Relaxed);
            counts.1.store(total, Ordering::Relaxed);
        });
        let erasing = lake.erase(&persons, &progress);
        tokio::pin!(erasing);
        loop {
            tokio::select! {
                done = &mut erasing => {
                    let mut done = done.map_err(lake_failed)?;
                    done.continue_from(&plan);
                    if done.files.is_empty() {
                        done.files = plan.files;
                    }
                    return Ok(done);
                }
                () = tokio::time::sleep(TELL) => {
                    let (done, total) = (told.0.load(Ordering::Relaxed), told.1.load(Ordering::Relaxed));
                    if let Err(stop) = job.progress(done, total, "Writing event files again").await {
                        progress.cancel.cancel();
                        let _ = (&mut erasing).await;
                        return Err(stop);
                    }
                }
            }
        }
    }

    async fn clean_imports(
        &self,
        scope: &Scope,
        id: &ErasureId,
        work: &mut Work,
        messages: u64,
    ) -> Result<(), JobError> {
        let mut texts = work.traces().telling();
        let folder = self.platform.databases.folder(&scope.workspace).join("blobs").join("imports");
        let wanted = texts.clone();
        let emptied = tokio::task::spawn_blocking(move || files::empty_lines(&folder, &wanted)).await;
        let emptied = emptied.map_err(|_| JobError::Interrupted)?;
        let lines = emptied.map_err(|error| JobError::Retry(format!("An uploaded file: {error}")))?;
        let persons = work.members.iter().filter_map(|member| PersonId::from_number(*member).ok());
        texts.extend(persons.map(|person| person.to_string()));
        let mut tx = self.platform.db(scope).await?.begin().await?;
        work.records.import_rows += store::erase_import_rows(&mut tx, &texts).await?;
        work.records.import_images += store::erase_import_images(&mut tx, &texts).await?;
        store::erase_import_samples(&mut tx, &texts).await?;
        work.records.import_lines += lines;
        work.records.messages += messages;
        store::set_work(&mut tx, id, work).await?;
        Ok(tx.commit().await?)
    }

    async fn finish(
        &self,
        scope: &Scope,
        id: &ErasureId,
        person: PersonId,
        report: &ErasureReport,
    ) -> Result<(), JobError> {
        let text = serde_json::to_string(report).map_err(|error| JobError::Failed(error.to_string()))?;
        let sha256: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let now = report.proof.at;
        let mut tx = self.platform.db(scope).await?.begin().await?;
        store::finish(&mut tx, id, &text, &sha256, now).await?;
        let details =
            json!({ "erasure": id, "persons": report.persons.len(), "events": report.events, "sha256": sha256 });
        platform::audit::record(&mut tx, scope, now, "person.erased", &person.to_string(), &details).await?;
        tx.commit().await?;
        Ok(self.platform.db(scope).await?.scrub().await?)
    }
}

impl Work {
    /// The keys as identity writes them.
    fn keys(&self) -> Vec<String> {
        self.identifiers.iter().map(|(kind, value)| format!("{kind}:{value}")).collect()
    }

    fn traces(&self) -> Traces {
        let values = self.identifiers.iter().map(|(_, value)| value.clone()).collect();
        Traces { persons: self.members.clone(), values }
    }
}
