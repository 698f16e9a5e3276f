//! Every gate, in the order in which a mistake is found soonest.

use crate::shell::{self, command, say, step, target};
use crate::{tests_run, tidy, tools, web};
use anyhow::Result;
use std::time::Instant;

/// Runs all gates; the last line is the count of tests that ran.
pub(crate) fn run() -> Result<()> {
    let start = Instant::now();
    say(&format!("building into {}", target().display()));
    step("format", || cargo(&["fmt", "--all", "--check"]))?;
    step("tidy", tidy::run)?;
    step("licences and sources", licences)?;
    step("web packages", || web::packages("web"))?;
    step("web lint and types", || {
        web::script("lint")?;
        web::script("types")
    })?;
    web::build()?;
    step("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    step("docs", || run_with_denied_warnings(&["doc", "--workspace", "--no-deps", "--document-private-items"]))?;
    step("build", || cargo(&["build", "--workspace", "--all-targets"]))?;
    step("contract drift", web::check_contract)?;
    let units = step("web unit tests", tests_run::web_units)?;
    let browser = tests_run::browser(&[])?;
    let rust = step("Rust tests on SQLite and Postgres", || tests_run::rust(&[]))?;
    say(&format!("\nall gates passed in {:.0} min", start.elapsed().as_secs_f64() / 60.0));
    tests_run::close(units.and(browser).and(rust));
    Ok(())
}

fn cargo(args: &[&str]) -> Result<()> {
    shell::run(&mut command("cargo", args))
}

fn run_with_denied_warnings(args: &[&str]) -> Result<()> {
    shell::run(command("cargo", args).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Licences, banned crates and sources. Advisories need the network, so they are a separate command of the release.
fn licences() -> Result<()> {
    let deny = tools::deny()?;
    // The checker reads the manifests of every platform's crates, also of those that this machine does not build.
    cargo(&["fetch", "--locked"])?;
    shell::run(&mut command(deny, &["--offline", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))
}
