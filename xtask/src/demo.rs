//! The main job on the embedded default: build, load the demo company, open.

use crate::shell::{self, command, server_binary, step};
use crate::web;
use anyhow::Result;

/// `cargo xtask demo [ARGS…]`: the arguments go to `mainspring demo`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    web::build()?;
    step("server", || shell::run(&mut command("cargo", &["build", "--package", "mainspring"])))?;
    shell::run(command(server_binary(), &["demo"]).args(args))
}
