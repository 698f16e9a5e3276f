//! `mainspring check`: is everything in a data folder whole?

use super::{DataArgs, Output, source};
use anyhow::{Result, bail};
use serde::Serialize;

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    data: DataArgs,
}

/// What was looked at, and what is wrong with it.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    detail: String,
    problems: Vec<String>,
}

pub(crate) async fn run(args: CheckArgs, output: &Output) -> Result<()> {
    if !args.data.data.exists() {
        bail!("there is no data folder {}", args.data.data.display());
    }
    let app = source::open(&args.data).await?;
    let mut findings = Vec::new();
    let chain = platform::audit::Chain::Control.verify(&app.platform.databases.control()).await?;
    findings.push(audit("accounts: audit chain".to_owned(), &chain));
    for workspace in app.platform.accounts.workspaces().await? {
        let name = &workspace.slug;
        let db = app.platform.databases.workspace(&workspace).await?;
        findings.push(audit(format!("{name}: audit chain"), &platform::audit::verify(&db).await?));
        let lake = app.lakes.get(&workspace).await?;
        let report = lake.check().await?;
        findings.push(Finding {
            what: format!("{name}: events"),
            detail: format!("{} files, {} sealed rows", report.files, report.rows),
            problems: report.problems.clone(),
        });
    }
    app.close().await;
    let wrong: usize = findings.iter().map(|finding| finding.problems.len()).sum();
    output.answer(&findings, |findings| {
        let lines = findings.iter().map(|finding| {
            let state = if finding.problems.is_empty() { "whole" } else { "WRONG" };
            let problems: String = finding.problems.iter().map(|problem| format!("\n    {problem}")).collect();
            format!("{state}  {} ({}){problems}", finding.what, finding.detail)
        });
        lines.collect::<Vec<_>>().join("\n")
    })?;
    if wrong > 0 {
        bail!("{wrong} things are wrong");
    }
    Ok(())
}

fn audit(what: String, report: &platform::audit::ChainReport) -> Finding {
    let problems = report.broken_at.iter().map(|entry| format!("the chain is broken at entry {entry}")).collect();
    Finding { what, detail: format!("{} entries", report.entries), problems }
}
