//! `mainspring import`: a file, dry first, then for real, on the folder of a stopped server.

use super::{Output, WorkspaceArgs, source};
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use people::imports::{Counts, Import, Progress};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The file.
    file: PathBuf,
    /// What its rows are (people, companies, deals, stage_history, contact_roles, spend, plan, rates); by its headers
    /// when left out.
    #[arg(long)]
    kind: Option<String>,
    /// Writes; without it only the dry run is made.
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    place: WorkspaceArgs,
}

pub(crate) async fn run(args: ImportArgs, output: &Output) -> Result<()> {
    let (app, scope) = source::open_workspace(&args.place).await?;
    let uploaded = app.imports.upload_path(&scope, &args.file, args.kind.as_deref()).await?;
    if !uploaded.questions.is_empty() {
        output.answer(&uploaded, |import| format!("the mapping of {} has open questions", import.filename))?;
        bail!("the columns could not all be understood; map the file in the web app, or name its --kind");
    }
    let bar = Bar::new(output, "dry run");
    let mut import = app.imports.check_now(&scope, &uploaded.id, &bar).await?;
    bar.0.finish_and_clear();
    if args.apply {
        let bar = Bar::new(output, "writing");
        import = app.imports.apply_now(&scope, &import.id, &bar).await?;
        bar.0.finish_and_clear();
    }
    app.close().await;
    output.answer(&import, |import| describe(import, args.apply))?;
    let counts = if args.apply { Some(&import.applied) } else { import.checked.as_ref() };
    let counts = counts.context("the import was not checked")?;
    if counts.conflict + counts.rejected > 0 {
        bail!(
            "{} rows conflict and {} are rejected; see the import {} in the web app",
            counts.conflict,
            counts.rejected,
            import.id
        );
    }
    Ok(())
}

fn describe(import: &Import, applied: bool) -> String {
    let empty = Counts::default();
    let counts = if applied { &import.applied } else { import.checked.as_ref().unwrap_or(&empty) };
    let verb = if applied { "imported" } else { "dry run of" };
    let next = if applied { "" } else { "\nNothing was written; give --apply to import." };
    let withdrawn = match counts.withdrawn {
        0 => String::new(),
        lines => format!("; {lines} lines of earlier files withdrawn"),
    };
    let kept = match counts.kept {
        0 => String::new(),
        lines => format!("; {lines} lines of earlier files kept, as not every row was taken"),
    };
    format!(
        "{verb} {} ({}): {} new, {} changed, {} unchanged, {} conflicting, {} rejected, {} skipped{withdrawn}{kept}{next}",
        import.filename,
        import.preset_title.as_deref().unwrap_or(&import.kind),
        counts.create,
        counts.update,
        counts.unchanged,
        counts.conflict,
        counts.rejected,
        counts.skipped
    )
}

/// Progress on the terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new(output: &Output, step: &'static str) -> Self {
        if output.is_json() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{msg:8} {bar:40} {human_pos} of {human_len} rows  {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::new(1).with_style(style).with_message(step))
    }
}

#[async_trait::async_trait]
impl Progress for Bar {
    async fn report(&self, done: u64, total: u64, _note: &str) -> Result<(), platform::jobs::JobError> {
        self.0.set_length(total.max(1));
        self.0.set_position(done);
        Ok(())
    }
}
