//! The command line: every command is scriptable, prints for people or (with `--json`) for programs, and exits with 0,
//! 1 (it failed) or 2 (it was called wrongly).

mod check;
mod demo;
mod erase;
mod import;
mod init;
mod key;
mod lake;
mod output;
mod serve;
mod source;
mod sql;
mod user;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

pub(crate) use output::Output;

/// Marketing operations: events, people, deals, spend and what they say.
#[derive(Debug, Parser)]
#[command(name = "mainspring", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Prints one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,
}

/// Where the data is and how the program is set up.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataArgs {
    /// The folder that holds everything.
    #[arg(long, global = true, env = "MAINSPRING_DATA", default_value = "data")]
    pub(crate) data: PathBuf,
    /// A configuration file; `mainspring config` prints every setting with its default.
    #[arg(long, global = true, env = "MAINSPRING_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// One workspace of a data folder.
#[derive(Debug, Clone, Args)]
pub(crate) struct WorkspaceArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// The workspace's short name; may be left out when there is one.
    #[arg(long, global = true, env = "MAINSPRING_WORKSPACE")]
    pub(crate) workspace: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server.
    Serve(serve::ServeArgs),
    /// Creates the owner, the first workspace and its keys, and prints them once.
    Init(init::InitArgs),
    /// Loads a demo company through the real ingest and import paths, then serves it.
    Demo(demo::DemoArgs),
    /// Imports a CSV file: a dry run, then (with --apply) the real one.
    Import(import::ImportArgs),
    /// Asks a question in SQL, of a server (--url, --key) or of a data folder.
    Sql(sql::SqlArgs),
    /// Lists, creates and revokes keys.
    Key(key::KeyArgs),
    /// Lists, adds and removes members, and resets passwords.
    User(user::UserArgs),
    /// Verifies databases, event log, Parquet files and the audit chain.
    Check(check::CheckArgs),
    /// Checks and repairs the events of workspaces that no server has open.
    Lake(lake::LakeArgs),
    /// Erases a person for good, in a workspace that no server has open, and prints the proof.
    Erase(erase::EraseArgs),
    /// Prints every setting with its default and what it does.
    Config,
    /// Prints the OpenAPI document.
    Openapi,
}

/// Runs the command of the process's arguments.
pub(crate) async fn run() -> Result<()> {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    match cli.command {
        Command::Serve(args) => serve::run(args, &output).await,
        Command::Init(args) => init::run(args, &output).await,
        Command::Demo(args) => demo::run(args, &output).await,
        Command::Import(args) => import::run(args, &output).await,
        Command::Sql(args) => sql::run(args, &output).await,
        Command::Key(args) => key::run(args, &output).await,
        Command::User(args) => user::run(args, &output).await,
        Command::Check(args) => check::run(args, &output).await,
        Command::Lake(args) => lake::run(args, &output).await,
        Command::Erase(args) => erase::run(args, &output).await,
        Command::Config => output.text(platform::config::DEFAULTS),
        Command::Openapi => output.text(&crate::router::openapi().await?),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    fn variables(command: &clap::Command, found: &mut Vec<String>) {
        let names = command.get_arguments().filter_map(|argument| argument.get_env());
        found.extend(names.map(|name| name.to_string_lossy().into_owned()));
        command.get_subcommands().for_each(|command| variables(command, found));
    }

    #[test]
    fn every_variable_of_an_option_is_known_to_the_configuration() {
        let mut found = Vec::new();
        variables(&super::Cli::command(), &mut found);
        assert!(found.len() >= 6);
        for name in found {
            assert!(platform::config::OTHER_VARIABLES.contains(&name.as_str()), "{name}");
        }
    }
}
