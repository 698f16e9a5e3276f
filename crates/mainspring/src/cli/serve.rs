//! `mainspring serve`: everything in one process.

use super::{DataArgs, Output, source};
use crate::router;
use crate::wiring::App;
use anyhow::{Context, Result};
use platform::World;
use serde_json::json;
use tokio::net::TcpListener;

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "MAINSPRING_LISTEN")]
    listen: Option<String>,
}

pub(crate) async fn run(args: ServeArgs, output: &Output) -> Result<()> {
    let config = source::config(&args.data, args.listen.as_deref())?;
    platform::telemetry::start_logs(config.log.format, &config.log.level);
    if config.server.metrics {
        platform::telemetry::start_metrics();
    }
    let listener = listen(&config.server.listen).await?;
    let app = App::open(config, World::system()).await?;
    serve(app, listener, output, "").await
}

/// A listener on an address.
pub(crate) async fn listen(address: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}; is another server running?"))
}

/// Serves until the process is asked to stop. `greeting` is printed under the address.
pub(crate) async fn serve(app: App, listener: TcpListener, output: &Output, greeting: &str) -> Result<()> {
    let address = listener.local_addr()?;
    app.start().await;
    let jobs = app.platform.start_jobs();
    let (router, _, _) = router::build(&app);
    let url = format!("http://{address}");
    if output.is_json() {
        output.text(&json!({ "listening": url }).to_string())?;
    } else {
        output.text(&format!("Mainspring listens on {url}{greeting}"))?;
    }
    platform::http::serve(listener, router, platform::http::shutdown_signal()).await?;
    jobs.shutdown().await;
    app.close().await;
    Ok(())
}
