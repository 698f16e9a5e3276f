//! `mainspring init`: the first run without a browser.

use super::{DataArgs, Output, source};
use anyhow::Result;
use kernel::scope::{Permission, Scope};
use platform::accounts::{KeyKind, KeyRequest, NewOwner, NewWorkspace, SignInFrom};
use serde::Serialize;

#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The owner's e-mail address.
    #[arg(long)]
    owner: String,
    /// The owner's name; the part of the address before the @ when left out.
    #[arg(long)]
    name: Option<String>,
    /// What the first workspace is called.
    #[arg(long, default_value = "Main")]
    workspace_name: String,
    /// The currency its totals are shown in.
    #[arg(long, default_value = "EUR")]
    currency: String,
    /// The time zone its days begin in.
    #[arg(long, default_value = "UTC")]
    time_zone: String,
}

/// What was made, as it is printed once.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Made {
    /// The workspace's short name.
    pub(crate) workspace: String,
    /// The owner's address.
    pub(crate) owner: String,
    /// A password for one sign-in.
    pub(crate) password: String,
    /// For SDKs: sends events and nothing else.
    pub(crate) write_key: String,
    /// For programs: everything the owner may do.
    pub(crate) api_key: String,
}

pub(crate) async fn run(args: InitArgs, output: &Output) -> Result<()> {
    let app = source::open(&args.data).await?;
    let made = create(&app, &args).await?;
    app.close().await;
    output.answer(&made, |made| {
        format!(
            "workspace          {}\nowner              {}\none-time password  {}\nwrite key          {}\nAPI key            {}\n\n\
             These are shown once. Start the server: mainspring serve --data {}",
            made.workspace, made.owner, made.password, made.write_key, made.api_key, args.data.data.display()
        )
    })
}

async fn create(app: &crate::wiring::App, args: &InitArgs) -> Result<Made> {
    let accounts = &app.platform.accounts;
    let name = args.name.clone().unwrap_or_else(|| args.owner.split('@').next().unwrap_or("Owner").to_owned());
    let workspace = NewWorkspace {
        name: args.workspace_name.clone(),
        currency: args.currency.parse()?,
        time_zone: args.time_zone.clone(),
    };
    let owner = NewOwner { name, email: args.owner.clone(), password: None, workspace };
    let made = accounts.set_up(owner, &SignInFrom::default()).await?;
    let scope = Scope::system(made.workspace.reference(), "init");
    let permissions = Permission::ALL.iter().copied().filter(|one| *one != Permission::EventsIngest).collect();
    let request = KeyRequest { kind: KeyKind::Api, name: "Command line".to_owned(), permissions, expires_at: None };
    let key = accounts.create_key(&scope, request).await?;
    Ok(Made {
        workspace: made.workspace.slug,
        owner: made.user.email,
        password: made.one_time_password.unwrap_or_default(),
        write_key: made.write_key.secret,
        api_key: key.secret,
    })
}
