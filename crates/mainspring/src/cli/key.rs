//! `mainspring key`: keys of a workspace, from the machine the data is on.

use super::output::table;
use super::{Output, WorkspaceArgs, source};
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use kernel::page::PageRequest;
use kernel::scope::Permission;
use platform::accounts::{KeyKind, KeyRequest};

#[derive(Debug, clap::Args)]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    place: WorkspaceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists the keys, without their secrets.
    List,
    /// Creates a key and prints its secret, once.
    Create {
        /// What the key is called.
        name: String,
        /// A write key: sends events, nothing else.
        #[arg(long)]
        write: bool,
        /// What an API key may do, for example people.read; may be repeated. Everything when left out.
        #[arg(long = "may")]
        permissions: Vec<String>,
        /// When it ends by itself, for example 2027-01-01T00:00:00Z.
        #[arg(long)]
        expires: Option<String>,
    },
    /// Revokes a key.
    Revoke {
        /// The key's id.
        id: String,
    },
}

pub(crate) async fn run(args: KeyArgs, output: &Output) -> Result<()> {
    let (app, scope) = source::open_workspace(&args.place).await?;
    let accounts = app.platform.accounts.clone();
    match args.action {
        Action::List => {
            let page = PageRequest { limit: Some(kernel::limits::PAGE_ROWS_MAX), cursor: None };
            let keys = accounts.keys(&scope, &page).await?;
            output.answer(&keys.items, |keys| {
                let rows: Vec<Vec<String>> = keys
                    .iter()
                    .map(|key| {
                        let state = if key.revoked_at.is_some() { "revoked" } else { "active" };
                        vec![
                            key.id.to_string(),
                            key.kind.as_str().into(),
                            key.name.clone(),
                            key.prefix.clone(),
                            state.into(),
                        ]
                    })
                    .collect();
                table(&["id", "kind", "name", "begins", "state"], &rows)
            })?;
        }
        Action::Create { name, write, permissions, expires } => {
            let kind = if write { KeyKind::Write } else { KeyKind::Api };
            let permissions = chosen(write, &permissions)?;
            let expires_at = expires.map(|text| text.parse()).transpose().context("--expires")?;
            let made = accounts.create_key(&scope, KeyRequest { kind, name, permissions, expires_at }).await?;
            output.answer(&made, |made| format!("{}\n{}", made.key.id, made.secret))?;
        }
        Action::Revoke { id } => {
            let key = accounts.revoke_key(&scope, &id.parse()?).await?;
            output.answer(&key, |key| format!("revoked {} ({})", key.id, key.name))?;
        }
    }
    app.close().await;
    Ok(())
}

fn chosen(write: bool, names: &[String]) -> Result<Vec<Permission>> {
    if write {
        if !names.is_empty() {
            bail!("a write key sends events and nothing else; leave --may out");
        }
        return Ok(Vec::new());
    }
    if names.is_empty() {
        return Ok(Permission::ALL.iter().copied().filter(|one| *one != Permission::EventsIngest).collect());
    }
    let known = || Permission::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
    names
        .iter()
        .map(|name| {
            Permission::parse(name).with_context(|| format!("there is no permission `{name}`; there are: {}", known()))
        })
        .collect()
}
