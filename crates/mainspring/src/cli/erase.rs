//! `mainspring erase`: erases a person from a data folder that no server has open, and prints the proof.

use super::{Output, WorkspaceArgs, source};
use anyhow::{Result, bail};
use kernel::ids::PersonId;

#[derive(Debug, clap::Args)]
pub(crate) struct EraseArgs {
    /// The person: per_…
    person: PersonId,
    /// Says that you mean it: it cannot be undone.
    #[arg(long)]
    yes: bool,
    /// Refuses only what happened before today; without it the person's keys are refused for good.
    #[arg(long)]
    let_return: bool,
    #[command(flatten)]
    place: WorkspaceArgs,
}

pub(crate) async fn run(args: EraseArgs, output: &Output) -> Result<()> {
    if !args.yes {
        bail!("erasing {} cannot be undone; repeat with --yes", args.person);
    }
    let (app, scope) = source::open_workspace(&args.place).await?;
    let asked = app.erasures.request(&scope, args.person, !args.let_return).await?;
    app.platform.jobs.run_due(&scope.workspace).await?;
    let erasure = app.erasures.of_person(&scope, args.person).await?;
    let job = match &asked.job {
        Some(id) => app.platform.jobs.get(&scope, id).await?.error,
        None => None,
    };
    app.close().await;
    let Some(report) = &erasure.report else {
        bail!("it is not done: {}. Run the command again to go on", job.unwrap_or_default());
    };
    output.answer(&erasure, |erasure| {
        let proof = &report.proof;
        format!(
            "erased {} with {} events in {} files\nsearched {} files and {} events: {} events, {} records found\nsha256 of \
             the report: {}",
            erasure.person,
            report.events,
            report.files.len(),
            proof.files_searched,
            proof.rows_searched,
            proof.rows_found,
            proof.records_found,
            erasure.sha256.as_deref().unwrap_or_default()
        )
    })
}
