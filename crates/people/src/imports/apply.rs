//! Writing rows, and taking them back: a batch is a transaction, and how far it is stands in the same transaction.
//!
//! **Invariant:** killed at any moment and started again, the result is that of one run.

use super::Imports;
use super::model::{ImportState, Phase, RowReport};
use super::run::{Progress, Run, RunError};
use super::store;
use crate::import_files::{self as feed, BATCH_ROWS, Fed, Tally};
use crate::importers::{Outcome, Undone};
use kernel::ids::ImportId;
use kernel::scope::Scope;
use std::collections::BTreeMap;

impl Imports {
    pub(super) async fn run_apply(
        &self,
        scope: &Scope,
        id: &ImportId,
        progress: &dyn Progress,
    ) -> Result<ImportState, RunError> {
        let now = self.platform.world.now();
        let db = self.platform.db(scope).await?;
        let mut tx = db.begin().await?;
        store::set_started(&mut tx, id, now).await?;
        tx.commit().await?;
        let run = Run::open(self, scope, id, now).await?;
        let total = run.row.rows_total.unwrap_or(0);
        let (mut counts, mut line) = (run.row.applied, run.row.applied_line);
        progress.report(counts.total(), total, "importing").await?;
        let mut batches = feed::start(run.file.clone(), run.mapper.clone(), line, |_| true);
        while let Some(batch) = batches.recv().await {
            let mut tally = Tally::new(run.importer.spec(), counts);
            tally.line = line;
            let mut rows = Vec::with_capacity(BATCH_ROWS);
            for fed in batch? {
                match fed {
                    Fed::Settled(report) => tally.settle(report),
                    Fed::Row(row) => rows.push(row),
                }
            }
            let mut tx = run.db.begin().await?;
            let outcomes = run.outcomes(&mut tx, &rows).await?;
            for (row, outcome) in rows.iter().zip(outcomes) {
                tally.add(row, outcome);
            }
            (counts, line) = (tally.counts, tally.line);
            store::insert_changes(&mut tx, id, line, &tally.changes).await?;
            store::insert_rows(&mut tx, id, Phase::Apply, &tally.rows).await?;
            store::set_applied(&mut tx, id, &counts, line).await?;
            tx.commit().await?;
            progress.report(counts.total(), total.max(counts.total()), "importing").await?;
        }
        // A run that is killed before this begins here again: the rows are done, and nothing is withdrawn twice.
        let mut tx = run.db.begin().await?;
        let withdrawn = run.importer.finish(&run.context, &mut tx).await?;
        if withdrawn.is_empty() {
            return Ok(ImportState::Applied);
        }
        if counts.all_taken() {
            counts.withdrawn += withdrawn.len() as u64;
            store::insert_changes(&mut tx, id, line + 1, &withdrawn).await?;
        } else {
            tx.rollback().await?;
            tx = run.db.begin().await?;
            counts.kept = withdrawn.len() as u64;
        }
        store::set_applied(&mut tx, id, &counts, line).await?;
        tx.commit().await?;
        Ok(ImportState::Applied)
    }

    pub(super) async fn run_undo(
        &self,
        scope: &Scope,
        id: &ImportId,
        progress: &dyn Progress,
    ) -> Result<ImportState, RunError> {
        let run = Run::open(self, scope, id, self.platform.world.now()).await?;
        let mut report = run.row.undo;
        let total = run.row.applied.create + run.row.applied.update + run.row.applied.withdrawn;
        loop {
            progress.report(report.reverted + report.refused, total, "undoing").await?;
            let mut tx = run.db.begin().await?;
            let Some((line, mut changes)) = store::last_changes(&mut tx, id).await? else { break };
            changes.reverse();
            let undone = run.importer.undo(&run.context, &mut tx, &changes).await?;
            if undone.len() != changes.len() {
                return Err(RunError::Failed("The importer did not answer for every change.".to_owned()));
            }
            let mut refused = Vec::new();
            for (change, undone) in changes.iter().zip(undone) {
                match undone {
                    // That a row had nothing to say is taken back too, but it was no change.
                    Undone::Reverted => report.reverted += u64::from(change.outcome.writes()),
                    Undone::Refused(problem) => refused.push(RowReport {
                        line: change.line,
                        outcome: Outcome::Conflict,
                        record: Some(change.record.clone()),
                        problem: Some(problem),
                        changes: Vec::new(),
                        values: BTreeMap::new(),
                    }),
                }
            }
            report.refused += refused.len() as u64;
            store::insert_rows(&mut tx, id, Phase::Undo, &refused).await?;
            store::forget_changes(&mut tx, id, line).await?;
            store::set_undone(&mut tx, id, &report).await?;
            tx.commit().await?;
        }
        Ok(ImportState::Undone)
    }
}
