//! Repair: what does not fit the catalog is found, and what can be put right is.
//!
//! **Invariant:** nothing is destroyed: a damaged file goes to `orphaned/`, beside what was saved of it.
//! **Invariant:** without `apply` nothing is changed.

mod files;
mod orphans;
mod runs;
#[cfg(test)]
mod tests;

pub use orphans::{Orphan, sweep_orphans};

use crate::catalog::{Catalog, CatalogState, Switch};
use crate::config::LakeConfig;
use crate::error::LakeError;
use crate::lake::lock;
use crate::log;
use crate::parquet::sync_folder;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// What is done about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairAction {
    /// The file is put back from `orphaned/`.
    PutBack,
    /// The file goes to `orphaned/`; what can be read of it becomes a new file.
    Salvage,
    /// The catalog forgets the file: nothing of it is there.
    Forget,
    /// The catalog gets the right numbers.
    Correct,
    /// The run of event ids is made again from the event files.
    Rebuild,
    /// Nothing that repair can do; the finding says what a person can.
    None,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The file, below the workspace's folder.
    pub path: String,
    /// What is wrong.
    pub problem: String,
    /// What is done, or would be with `apply`.
    pub action: RepairAction,
    /// Rows that the catalog lists in the file.
    pub rows: u64,
    /// Rows that are lost with it.
    pub rows_lost: u64,
    /// The log offsets among which the lost rows are.
    pub offsets: Option<(u64, u64)>,
    /// Where else the lost rows may still be.
    pub elsewhere: String,
}

/// What [`repair`] found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RepairReport {
    /// What does not fit; empty when the lake is sound.
    pub findings: Vec<Finding>,
    /// Whether it was put right.
    pub applied: bool,
}

impl RepairReport {
    /// Whether the lake opens and is whole now, but for the rows that are lost.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let open = |finding: &Finding| finding.action == RepairAction::None || !self.applied;
        !self.findings.iter().any(open)
    }

    /// Rows that are lost.
    #[must_use]
    pub fn rows_lost(&self) -> u64 {
        self.findings.iter().map(|finding| finding.rows_lost).sum()
    }
}

/// Finds what does not fit in the folder of a lake that nobody has open, and with `apply` puts it right.
///
/// # Errors
/// [`LakeError::Locked`] when the lake is open, or when the repair itself cannot read or write.
pub async fn repair(config: &LakeConfig, catalog: Arc<dyn Catalog>, apply: bool) -> Result<RepairReport, LakeError> {
    std::fs::create_dir_all(&config.folder).map_err(LakeError::io(&config.folder))?;
    let _guard = lock(&config.folder)?;
    let state = catalog.load().await?;
    let (settings, before) = (config.clone(), state.clone());
    let work = move || plan(&settings, &before, apply);
    let (findings, switch) = tokio::task::spawn_blocking(work).await.map_err(|_| LakeError::Closed)??;
    let report = RepairReport { findings, applied: apply };
    if !apply || switch.is_none() {
        return Ok(report);
    }
    let switch = switch.unwrap_or_default();
    catalog.switch(&switch).await?;
    // An entry that was only corrected is gone under its old id, while its file is listed under the new one.
    let after = catalog.load().await?;
    let listed = |path: &str| after.files.iter().any(|file| file.path == path);
    let forget: Vec<u64> = after.gone.iter().filter(|gone| listed(&gone.path)).map(|gone| gone.id).collect();
    catalog.switch(&Switch { forget, next_id: after.next_id + 1, ..Switch::default() }).await?;
    Ok(report)
}

/// Looks through everything; with `apply` the files are put in place, and the switch that is to follow is given back.
fn plan(config: &LakeConfig, state: &CatalogState, apply: bool) -> Result<(Vec<Finding>, Option<Switch>), LakeError> {
    let used = state.files.iter().map(|file| file.id).chain(state.runs.iter().map(|run| run.id)).max();
    let next_id = state.next_id.max(used.map_or(0, |id| id + 1)).max(1);
    let mut work = Repairing {
        config,
        apply,
        log_from: log::first_offset(&config.folder.join("log"))?,
        switch: Switch { next_id, buckets: state.buckets, ..Switch::default() },
        findings: Vec::new(),
    };
    let sound = work.files(state)?;
    work.runs(state, &sound)?;
    let is_changed = !work.switch.remove_files.is_empty() || !work.switch.remove_runs.is_empty();
    work.switch.next_id += 1;
    Ok((work.findings, is_changed.then_some(work.switch)))
}

/// A repair under way.
struct Repairing<'a> {
    config: &'a LakeConfig,
    apply: bool,
    /// The first offset that the log still holds.
    log_from: Option<u64>,
    switch: Switch,
    findings: Vec<Finding>,
}

impl Repairing<'_> {
    fn id(&mut self) -> u64 {
        self.switch.next_id += 1;
        self.switch.next_id - 1
    }
}

/// Moves a file, durably; its new folder is made.
fn move_file(from: &Path, to: &Path) -> Result<(), LakeError> {
    let parent = to.parent().unwrap_or(to);
    std::fs::create_dir_all(parent).map_err(LakeError::io(parent))?;
    std::fs::rename(from, to).map_err(LakeError::io(from))?;
    sync_folder(parent)?;
    from.parent().map_or(Ok(()), sync_folder)
}
