//! The dry run: what would become of every row, found by doing it and taking it back.
//!
//! Rows that share no key are tried a batch at a time. Rows of one record must see each other, wherever they stand in
//! the file, so they are collected and tried together, record by record.
//!
//! **Invariant:** no transaction that an importer wrote in is ever committed here.

use super::Imports;
use super::model::{Counts, ImportState, Phase};
use super::run::{Progress, Run, RunError};
use super::store;
use crate::import_files::{self as feed, BATCH_ROWS, Fed, Tally};
use crate::importers::MappedRow;
use kernel::ids::ImportId;
use kernel::scope::Scope;
use std::collections::HashMap;
use std::sync::Arc;

/// Most rows of a file.
pub(super) const ROWS_MAX: u64 = 5_000_000;
/// Rows of shared records held at a time, and most rows that may be about one record.
const HELD_ROWS_MAX: usize = 100_000;

impl Imports {
    pub(super) async fn run_check(
        &self,
        scope: &Scope,
        id: &ImportId,
        progress: &dyn Progress,
    ) -> Result<ImportState, RunError> {
        let run = Run::open(self, scope, id, self.platform.world.now()).await?;
        let mut tx = run.db.begin().await?;
        store::forget_rows(&mut tx, id, Phase::Check).await?;
        tx.commit().await?;
        progress.report(0, 0, "counting").await?;
        let shared = find_shared(&run).await?;
        let mut check = Check { run, tally: None, progress, total: shared.rows };
        check.tally = Some(Tally::new(check.run.importer.spec(), Counts::default()));
        check.plain_rows(&shared).await?;
        check.shared_rows(&shared).await?;
        let mut counts = check.tally.map(|tally| tally.counts).unwrap_or_default();
        if !counts.all_taken() {
            counts.kept = std::mem::take(&mut counts.withdrawn);
        }
        let mut tx = check.run.db.begin().await?;
        store::set_checked(&mut tx, id, &counts).await?;
        tx.commit().await?;
        Ok(ImportState::Checked)
    }
}

/// The keys that more than one row has, each with the record it leads to (a number).
struct Shared {
    rows: u64,
    records: HashMap<u64, u32>,
    sizes: HashMap<u32, usize>,
}

/// Reads the file once for its keys, and once more to see which of them belong together.
async fn find_shared(run: &Run) -> Result<Shared, RunError> {
    let (file, mapper, importer, context) =
        (run.file.clone(), run.mapper.clone(), run.importer.clone(), run.context.clone());
    let work = move || -> Result<Shared, RunError> {
        let (mut rows, mut keys, mut own) = (0, Vec::new(), Vec::new());
        feed::read_all(&file, &mapper, 0, |fed| {
            rows += 1;
            if let Fed::Row(row) = fed {
                own.clear();
                importer.keys(&context, &row, &mut own);
                own.sort_unstable();
                own.dedup();
                keys.extend_from_slice(&own);
            }
            rows <= ROWS_MAX
        })?;
        if rows > ROWS_MAX {
            return Err(RunError::Failed(format!(
                "The file has more than {ROWS_MAX} rows. Split it and import the parts."
            )));
        }
        keys.sort_unstable();
        let mut twice: Vec<u64> = keys.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        twice.dedup();
        drop(keys);
        if twice.is_empty() {
            return Ok(Shared { rows, records: HashMap::new(), sizes: HashMap::new() });
        }
        let mut parents: Vec<u32> = (0..u32::try_from(twice.len()).unwrap_or(u32::MAX)).collect();
        let mut sizes: HashMap<u32, usize> = HashMap::new();
        feed::read_all(&file, &mapper, 0, |fed| {
            if let Fed::Row(row) = fed {
                own.clear();
                importer.keys(&context, &row, &mut own);
                let places: Vec<u32> = own.iter().filter_map(|key| place_of(&twice, *key)).collect();
                if let Some(first) = places.first() {
                    *sizes.entry(*first).or_default() += 1;
                    places.iter().for_each(|other| join(&mut parents, *first, *other));
                }
            }
            true
        })?;
        let mut whole: HashMap<u32, usize> = HashMap::new();
        for (place, size) in sizes {
            *whole.entry(root(&mut parents, place)).or_default() += size;
        }
        let mut records = HashMap::with_capacity(twice.len());
        for (place, key) in (0_u32..).zip(twice) {
            records.insert(key, root(&mut parents, place));
        }
        Ok(Shared { rows, records, sizes: whole })
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| RunError::Failed(error.to_string()))?
}

fn place_of(keys: &[u64], key: u64) -> Option<u32> {
    keys.binary_search(&key).ok().and_then(|place| u32::try_from(place).ok())
}

fn root(parents: &mut [u32], mut place: u32) -> u32 {
    while parents[place as usize] != place {
        parents[place as usize] = parents[parents[place as usize] as usize];
        place = parents[place as usize];
    }
    place
}

fn join(parents: &mut [u32], a: u32, b: u32) {
    let (a, b) = (root(parents, a), root(parents, b));
    parents[a.max(b) as usize] = a.min(b);
}

struct Check<'a> {
    run: Run,
    tally: Option<Tally>,
    progress: &'a dyn Progress,
    total: u64,
}

/// The record of a row, when other rows of the file lead to it too.
fn record_of(run: &Run, records: &HashMap<u64, u32>, row: &MappedRow) -> Option<u32> {
    if records.is_empty() {
        return None;
    }
    let mut keys = Vec::new();
    run.importer.keys(&run.context, row, &mut keys);
    keys.iter().find_map(|key| records.get(key).copied())
}

impl Check<'_> {
    async fn plain_rows(&mut self, shared: &Shared) -> Result<(), RunError> {
        let mut batches = feed::start(self.run.file.clone(), self.run.mapper.clone(), 0, |_| true);
        while let Some(batch) = batches.recv().await {
            let mut rows = Vec::with_capacity(BATCH_ROWS);
            for fed in batch? {
                match fed {
                    Fed::Settled(report) => self.settle(report),
                    Fed::Row(row) if record_of(&self.run, &shared.records, &row).is_none() => rows.push(row),
                    Fed::Row(_) => {}
                }
            }
            self.try_rows(&rows).await?;
        }
        Ok(())
    }

    /// Tries the rows of shared records, as many records at a time as may be held.
    async fn shared_rows(&mut self, shared: &Shared) -> Result<(), RunError> {
        let mut records: Vec<(u32, usize)> = shared.sizes.iter().map(|(record, size)| (*record, *size)).collect();
        records.sort_unstable();
        if let Some((_, size)) = records.iter().find(|(_, size)| *size > HELD_ROWS_MAX) {
            let message = format!(
                "{size} rows of the file are about one record. A key column is mapped wrongly, or holds one value everywhere."
            );
            return Err(RunError::Failed(message));
        }
        let mut rest = records.as_slice();
        while !rest.is_empty() {
            let mut held = 0;
            let taken = rest.iter().take_while(|(_, size)| {
                held += size;
                held <= HELD_ROWS_MAX
            });
            let count = taken.count();
            let round: HashMap<u32, usize> = rest[..count].iter().copied().collect();
            rest = &rest[count..];
            self.round(shared, Arc::new(round)).await?;
        }
        Ok(())
    }

    async fn round(&mut self, shared: &Shared, round: Arc<HashMap<u32, usize>>) -> Result<(), RunError> {
        let mut batches =
            feed::start(self.run.file.clone(), self.run.mapper.clone(), 0, |fed| matches!(fed, Fed::Row(_)));
        let mut groups: HashMap<u32, Vec<MappedRow>> = HashMap::new();
        while let Some(batch) = batches.recv().await {
            for fed in batch? {
                let Fed::Row(row) = fed else { continue };
                let record = record_of(&self.run, &shared.records, &row).filter(|record| round.contains_key(record));
                if let Some(record) = record {
                    groups.entry(record).or_default().push(row);
                }
            }
        }
        let mut groups: Vec<(u32, Vec<MappedRow>)> = groups.into_iter().collect();
        groups.sort_unstable_by_key(|(_, rows)| rows[0].line);
        let mut rows = Vec::new();
        for (_, group) in groups {
            rows.extend(group);
            if rows.len() >= BATCH_ROWS {
                self.try_rows(&rows).await?;
                rows.clear();
            }
        }
        self.try_rows(&rows).await
    }

    fn settle(&mut self, report: super::model::RowReport) {
        if let Some(tally) = &mut self.tally {
            tally.settle(report);
        }
    }

    /// Writes rows, notes what became of them, and takes everything back.
    async fn try_rows(&mut self, rows: &[MappedRow]) -> Result<(), RunError> {
        let (mut outcomes, mut withdrawn) = (Vec::new(), 0);
        if !rows.is_empty() {
            let mut tx = self.run.db.begin().await?;
            outcomes = self.run.outcomes(&mut tx, rows).await?;
            withdrawn = self.run.importer.finish(&self.run.context, &mut tx).await?.len() as u64;
            tx.rollback().await?;
        }
        let Some(tally) = &mut self.tally else { return Ok(()) };
        tally.counts.withdrawn += withdrawn;
        for (row, outcome) in rows.iter().zip(outcomes) {
            tally.add(row, outcome);
        }
        tally.changes.clear();
        if !tally.rows.is_empty() {
            let mut tx = self.run.db.begin().await?;
            store::insert_rows(&mut tx, &self.run.row.id, Phase::Check, &tally.rows).await?;
            tx.commit().await?;
            tally.rows.clear();
        }
        self.progress.report(tally.counts.total(), self.total, "checking").await?;
        Ok(())
    }
}
