//! `mainspring lake check | repair`: whether the events of workspaces are whole, and putting right what is not.

use super::output::table;
use super::{DataArgs, Output, source};
use crate::wiring::App;
use anyhow::{Result, bail};
use kernel::scope::WorkspaceRef;
use kernel::time::Timestamp;
use lake::{Orphan, RepairAction, RepairReport};
use serde::Serialize;

#[derive(Debug, clap::Args)]
pub(crate) struct LakeArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The workspace's short name; all of them when left out.
    #[arg(long, global = true, env = "MAINSPRING_WORKSPACE")]
    workspace: Option<String>,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Reads log, event files and runs of event ids to their end; exits with 1 when something is wrong.
    Check,
    /// Says what is wrong and what a repair would do; with --apply does it. Exits with 1 while something is left to do.
    /// Damaged files are kept in orphaned/; what is lost is listed.
    Repair {
        /// Changes the files. Without it nothing is changed.
        #[arg(long)]
        apply: bool,
    },
    /// Lists the files in orphaned/: how old they are, and whether their events are in the lake too. With --apply removes
    /// those that are old and hold no event that is only there.
    Orphans {
        /// Only files that were written so many days ago are removed.
        #[arg(long, default_value_t = 30)]
        older_than_days: u32,
        /// Removes files. Without it nothing is changed.
        #[arg(long)]
        apply: bool,
        /// Removes also files with events that are only there, and files that cannot be read.
        #[arg(long, requires = "apply")]
        everything: bool,
    },
}

/// What was found in a workspace.
#[derive(Debug, Serialize)]
struct Answer<T> {
    workspace: String,
    #[serde(flatten)]
    found: T,
}

#[derive(Debug, Serialize)]
struct Checked {
    segments: u64,
    log_events: u64,
    files: u64,
    rows: u64,
    event_ids: u64,
    problems: Vec<String>,
}

pub(crate) async fn run(args: LakeArgs, output: &Output) -> Result<()> {
    if !args.data.data.exists() {
        bail!("there is no data folder {}", args.data.data.display());
    }
    let app = source::open(&args.data).await?;
    let all = app.platform.accounts.workspaces().await?;
    let wanted: Vec<WorkspaceRef> =
        all.into_iter().filter(|one| args.workspace.as_deref().is_none_or(|slug| one.slug == slug)).collect();
    if wanted.is_empty() {
        bail!("there is no workspace {}", args.workspace.unwrap_or_default());
    }
    let wrong = match args.act {
        Act::Check => check(&app, &wanted, output).await,
        Act::Repair { apply } => repair(&app, &wanted, apply, output).await,
        Act::Orphans { older_than_days, apply, everything } => {
            let before = app.platform.world.now().plus(-i64::from(older_than_days) * kernel::time::DAY);
            orphans(&app, &wanted, apply.then_some(before), everything, output).await
        }
    };
    app.close().await;
    match wrong? {
        0 => Ok(()),
        wrong => bail!("{wrong} things are wrong"),
    }
}

async fn check(app: &App, workspaces: &[WorkspaceRef], output: &Output) -> Result<usize> {
    let mut answers = Vec::new();
    for workspace in workspaces {
        let checked = match app.lakes.get(workspace).await {
            Ok(lake) => {
                let report = lake.check().await?;
                Checked {
                    segments: report.segments,
                    log_events: report.log_events,
                    files: report.files,
                    rows: report.rows,
                    event_ids: report.event_ids,
                    problems: report.problems,
                }
            }
            // What cannot even be opened is what one checks for.
            Err(error) => Checked {
                segments: 0,
                log_events: 0,
                files: 0,
                rows: 0,
                event_ids: 0,
                problems: vec![format!("{error}; see `mainspring lake repair`")],
            },
        };
        answers.push(Answer { workspace: workspace.slug.clone(), found: checked });
    }
    output.answer(&answers, |answers| {
        let lines = answers.iter().map(|Answer { workspace, found }| {
            let state = if found.problems.is_empty() { "whole" } else { "WRONG" };
            let problems: String = found.problems.iter().map(|problem| format!("\n    {problem}")).collect();
            format!(
                "{state}  {workspace}: {} files with {} events, {} events in {} segments of the log, {} event ids{problems}",
                found.files, found.rows, found.log_events, found.segments, found.event_ids
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    })?;
    Ok(answers.iter().map(|answer| answer.found.problems.len()).sum())
}

async fn repair(app: &App, workspaces: &[WorkspaceRef], apply: bool, output: &Output) -> Result<usize> {
    let mut answers = Vec::new();
    for workspace in workspaces {
        let found = app.lakes.repair(workspace, apply).await?;
        answers.push(Answer { workspace: workspace.slug.clone(), found });
    }
    output.answer(&answers, |answers| answers.iter().map(told).collect::<Vec<_>>().join("\n"))?;
    Ok(answers.iter().filter(|answer| !answer.found.is_sound()).map(|answer| answer.found.findings.len()).sum())
}

async fn orphans(
    app: &App,
    workspaces: &[WorkspaceRef],
    remove_before: Option<Timestamp>,
    everything: bool,
    output: &Output,
) -> Result<usize> {
    #[derive(Serialize)]
    struct Found {
        orphans: Vec<Orphan>,
    }
    let mut answers = Vec::new();
    for workspace in workspaces {
        let orphans = app.lakes.orphans(workspace, remove_before, everything).await?;
        answers.push(Answer { workspace: workspace.slug.clone(), found: Found { orphans } });
    }
    output.answer(&answers, |answers| {
        let row = |workspace: &str, one: &Orphan| {
            let rows = one.rows.map_or_else(|| "–".to_owned(), |rows| rows.to_string());
            let state = if one.removed { "removed" } else { "kept" };
            let only = one.rows_only_here.to_string();
            [workspace, &one.path, &one.bytes.to_string(), &one.written.to_string(), &rows, &only, state]
                .map(str::to_owned)
                .to_vec()
        };
        let rows: Vec<Vec<String>> = answers
            .iter()
            .flat_map(|answer| answer.found.orphans.iter().map(|one| row(&answer.workspace, one)))
            .collect();
        table(&["workspace", "file", "bytes", "written", "events", "only here", ""], &rows)
    })?;
    Ok(0)
}

fn told(answer: &Answer<RepairReport>) -> String {
    let Answer { workspace, found } = answer;
    if found.findings.is_empty() {
        return format!("whole  {workspace}: nothing to repair");
    }
    let mut lines = Vec::new();
    for finding in &found.findings {
        let act = match finding.action {
            RepairAction::PutBack => "put back",
            RepairAction::Salvage => "set aside, the rest saved",
            RepairAction::Forget => "taken out of the catalog",
            RepairAction::Correct => "catalog corrected",
            RepairAction::Rebuild => "made again from the event files",
            RepairAction::None => "nothing can be done here",
        };
        let would = if found.applied { "" } else { "would be " };
        lines.push(format!("WRONG  {workspace}: {}: {}\n    {would}{act}", finding.path, finding.problem));
        if let Some((from, to)) = finding.offsets {
            let (lost, rows) = (finding.rows_lost, finding.rows);
            lines
                .push(format!("    {lost} of {rows} events lost, among offsets {from} to {to}: {}", finding.elsewhere));
        } else if !finding.elsewhere.is_empty() {
            lines.push(format!("    {}", finding.elsewhere));
        }
    }
    let (count, lost) = (found.findings.len(), found.rows_lost());
    lines.push(if found.applied {
        format!("{count} things repaired, {lost} events lost")
    } else {
        format!("{count} things to repair, {lost} events lost; nothing was changed, repeat with --apply")
    });
    lines.join("\n")
}
