//! Opens a data folder for a command, and the workspace it means.

use super::{DataArgs, WorkspaceArgs};
use crate::wiring::App;
use anyhow::{Context, Result, bail};
use kernel::scope::Scope;
use platform::World;
use platform::config::Config;

/// The configuration of the defaults, the file, the environment and the command line, in this order.
pub(crate) fn config(args: &DataArgs, listen: Option<&str>) -> Result<Config> {
    let mut config = Config::load(args.config.as_deref(), std::env::vars())?;
    config.data.folder.clone_from(&args.data);
    if let Some(listen) = listen {
        listen.parse::<std::net::SocketAddr>().with_context(|| {
            format!("--listen `{listen}` is not an address with a port, for example 127.0.0.1:7788")
        })?;
        config.server.listen = listen.to_owned();
    }
    Ok(config)
}

/// The program on a data folder, nothing started.
pub(crate) async fn open(args: &DataArgs) -> Result<App> {
    App::open(config(args, None)?, World::system()).await
}

/// The program on a data folder and the scope of one workspace, for work done from the command line.
pub(crate) async fn open_workspace(args: &WorkspaceArgs) -> Result<(App, Scope)> {
    if !args.data.data.exists() {
        bail!("there is no data folder {}; create one with `mainspring init` or `serve`", args.data.data.display());
    }
    let app = open(&args.data).await?;
    let scope = scope(&app, args.workspace.as_deref()).await?;
    Ok((app, scope))
}

/// The scope of a workspace by its short name, or of the only one.
pub(crate) async fn scope(app: &App, slug: Option<&str>) -> Result<Scope> {
    let all = app.platform.accounts.workspaces().await?;
    let names = || all.iter().map(|workspace| workspace.slug.as_str()).collect::<Vec<_>>().join(", ");
    let found = match (slug, all.as_slice()) {
        (_, []) => bail!("there is no workspace yet; create one with `mainspring init`"),
        (Some(slug), all) => all.iter().find(|workspace| workspace.slug == slug).cloned(),
        (None, [only]) => Some(only.clone()),
        (None, _) => bail!("there are several workspaces; name one with --workspace: {}", names()),
    };
    let workspace = found.with_context(|| format!("there is no such workspace; there are: {}", names()))?;
    Ok(Scope::system(workspace, "command-line"))
}
