//! `mainspring user`: members of a workspace, from the machine the data is on.

use super::output::table;
use super::{Output, WorkspaceArgs, source};
use anyhow::{Context, Result};
use clap::Subcommand;
use kernel::page::PageRequest;
use kernel::scope::Role;
use platform::accounts::NewMember;
use serde_json::json;

#[derive(Debug, clap::Args)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    place: WorkspaceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists the members.
    List,
    /// Adds a member; prints a password for the first sign-in, once.
    Add {
        /// The address they sign in with.
        email: String,
        /// Their name.
        #[arg(long)]
        name: Option<String>,
        /// owner, director, automation_specialist, analyst, specialist, project_manager or viewer.
        #[arg(long, default_value = "viewer")]
        role: String,
    },
    /// Removes a member.
    Remove {
        /// The member's user id.
        id: String,
    },
    /// Gives somebody a new password for one sign-in and ends their sessions.
    ResetPassword {
        /// The address they sign in with.
        email: String,
    },
}

pub(crate) async fn run(args: UserArgs, output: &Output) -> Result<()> {
    let (app, scope) = source::open_workspace(&args.place).await?;
    let accounts = app.platform.accounts.clone();
    match args.action {
        Action::List => {
            let page = PageRequest { limit: Some(kernel::limits::PAGE_ROWS_MAX), cursor: None };
            let members = accounts.members(&scope, &page).await?;
            output.answer(&members.items, |members| {
                let rows: Vec<Vec<String>> = members
                    .iter()
                    .map(|one| vec![one.id.to_string(), one.email.clone(), one.name.clone(), one.role.as_str().into()])
                    .collect();
                table(&["id", "e-mail", "name", "role"], &rows)
            })?;
        }
        Action::Add { email, name, role } => {
            let known = || Role::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
            let role =
                Role::parse(&role).with_context(|| format!("there is no role `{role}`; there are: {}", known()))?;
            let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or("Member").to_owned());
            let added = accounts.add_member(&scope, NewMember { email, name, role }).await?;
            output.answer(&added, |added| match &added.one_time_password {
                Some(password) => format!("added {}\none-time password  {password}", added.member.email),
                None => format!("added {}, who has an account already", added.member.email),
            })?;
        }
        Action::Remove { id } => {
            accounts.remove_member(&scope, &id.parse()?).await?;
            output.answer(&json!({ "removed": id }), |_| format!("removed {id}"))?;
        }
        Action::ResetPassword { email } => {
            let password = accounts.reset_password(&email).await?;
            output.answer(&json!({ "email": email, "one_time_password": password }), |_| password.clone())?;
        }
    }
    app.close().await;
    Ok(())
}
