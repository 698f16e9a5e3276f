//! `mainspring demo`: a company with known truth, loaded through the real import and ingest paths.

mod send;

use super::{DataArgs, Output, serve, source};
use crate::router;
use crate::wiring::App;
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use kernel::scope::Scope;
use people::imports::{Counts, Progress};
use platform::World;
use platform::accounts::{NewOwner, NewWorkspace, SignInFrom};
use simulator::{Company, NamedCsv, Settings, TIME_ZONE};
use std::path::PathBuf;
use std::time::Instant;

const EMAIL: &str = "demo@example.org";
const PASSWORD: &str = "mainspring-demo";
/// Written when everything is loaded; a folder without it was given up on the way.
const DONE: &str = "demo-is-complete";

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// The folder that holds the demo company.
    #[arg(long, default_value = "data/demo")]
    data: PathBuf,
    /// A configuration file.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7788")]
    listen: String,
    /// The size: 1 is 40 000 people and 3 million events.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Two companies of one seed and one last day are equal.
    #[arg(long, default_value_t = 1_848)]
    seed: u64,
    /// The day after the last one; today (UTC) when left out, so that yesterday is the last day.
    #[arg(long)]
    end: Option<Date>,
    /// Loads the company and ends.
    #[arg(long)]
    no_serve: bool,
}

pub(crate) async fn run(args: DemoArgs, output: &Output) -> Result<()> {
    let data = DataArgs { data: args.data.clone(), config: args.config.clone() };
    let mut config = source::config(&data, Some(&args.listen))?;
    platform::telemetry::start_logs(config.log.format, "warn");
    // The loader is one caller that sends millions of events in minutes.
    config.server.requests_per_minute = 10_000_000;
    let complete = args.data.join(DONE).is_file();
    if !complete && args.data.join("control.db").exists() {
        bail!(
            "{} holds a demo that was not loaded to its end, or other data; remove it, or choose another folder with --data",
            args.data.display()
        );
    }
    let settings = settings(&args)?;
    let listener = serve::listen(&config.server.listen).await?;
    let app = App::open(config, World::system()).await?;
    if !complete {
        let address = format!("http://{}", listener.local_addr()?);
        let loading = load(&app, settings, &address, output);
        let server = platform::http::serve(listener, router::build(&app).0, std::future::pending());
        tokio::select! {
            loaded = loading => loaded?,
            stopped = server => bail!("the server stopped: {stopped:?}"),
        }
        std::fs::write(args.data.join(DONE), "")?;
        if args.no_serve {
            app.close().await;
            return Ok(());
        }
        let listener = serve::listen(&args.listen).await?;
        return serve::serve(app, listener, output, &greeting()).await;
    }
    if args.no_serve {
        return output.text("the demo is loaded already");
    }
    serve::serve(app, listener, output, &greeting()).await
}

fn greeting() -> String {
    format!(
        "\nSign in as {EMAIL} with the password {PASSWORD}\nStop with Ctrl-C; the next start serves the same company"
    )
}

fn settings(args: &DemoArgs) -> Result<Settings> {
    if !(args.scale > 0.0 && args.scale <= 50.0) {
        bail!("--scale {} is not between 0 and 50", args.scale);
    }
    let today = World::system().now().date_in(&jiff::tz::TimeZone::UTC);
    let end = args.end.unwrap_or(today);
    Ok(Settings { seed: args.seed, scale: args.scale, end })
}

/// Everything, with a progress bar for each step.
async fn load(app: &App, settings: Settings, address: &str, output: &Output) -> Result<()> {
    let start = Instant::now();
    let workspace =
        NewWorkspace { name: "Northlathe".to_owned(), currency: "EUR".parse()?, time_zone: TIME_ZONE.to_owned() };
    let owner =
        NewOwner { name: "Demo".to_owned(), email: EMAIL.to_owned(), password: Some(PASSWORD.to_owned()), workspace };
    let made = app.platform.accounts.set_up(owner, &SignInFrom::default()).await?;
    let scope = Scope::system(made.workspace.reference(), "demo");
    output.note(&format!("Making up a company up to {} (seed {})", settings.end, settings.seed));
    let company = tokio::task::spawn_blocking(move || Company::new(settings)).await?;
    for file in company.files() {
        import(app, &scope, &file).await.with_context(|| file.name)?;
    }
    let bar = bar(company.messages_about(), "events");
    let sent = send::send(&company, address, &made.write_key.secret, &bar).await?;
    bar.set_message("events: waiting until all are visible");
    let lake = app.lakes.get(&scope.workspace).await?;
    while lake.watermark().offset < lake.watermark().appended_offset {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    lake.seal().await?;
    bar.finish_with_message(format!("events: {sent} sent"));
    output.note(&format!("Loaded in {:.0} s", start.elapsed().as_secs_f64()));
    Ok(())
}

async fn import(app: &App, scope: &Scope, file: &NamedCsv) -> Result<()> {
    let mut upload = app.imports.begin_upload(scope).await?;
    upload.write(&file.bytes).await?;
    let kind = Some(file.kind.as_str());
    let import = app.imports.finish_upload(scope, upload, file.name, kind).await?;
    if let Some(question) = import.questions.first() {
        bail!("the mapping has an open question: {question:?}");
    }
    let progress = Bar(bar(1, file.name));
    let checked = app.imports.check_now(scope, &import.id, &progress).await?;
    let applied = app.imports.apply_now(scope, &checked.id, &progress).await?;
    let Counts { create, update, conflict, rejected, .. } = applied.applied;
    progress.0.finish_with_message(format!("{}: {create} new, {update} changed", file.name));
    if conflict + rejected > 0 {
        bail!("{conflict} rows conflict and {rejected} are rejected; none should");
    }
    Ok(())
}

fn bar(length: u64, message: impl Into<String>) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {percent:>3} %  {elapsed:>4}  {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style).with_message(message.into())
}

struct Bar(ProgressBar);

#[async_trait::async_trait]
impl Progress for Bar {
    async fn report(&self, done: u64, total: u64, _note: &str) -> Result<(), platform::jobs::JobError> {
        self.0.set_length(total.max(1));
        self.0.set_position(done);
        Ok(())
    }
}
