//! The web app: its packages, its build, and the types it shares with the server.

use crate::shell::{command, root, run, say, server_binary, step};
use crate::tools;
use anyhow::{Context, Result};
use std::path::Path;

/// Installs the packages of a folder with a package-lock.json, unless they are there already.
pub(crate) fn packages(folder: &str) -> Result<()> {
    tools::node()?;
    let lock = root().join(folder).join("package-lock.json");
    let stamp = root().join(folder).join("node_modules/.lock-installed");
    let wanted = std::fs::read(&lock).with_context(|| format!("{} is missing", lock.display()))?;
    if std::fs::read(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    run(command("npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder))?;
    std::fs::write(stamp, wanted)?;
    Ok(())
}

/// Runs one script of web/package.json.
pub(crate) fn script(name: &str) -> Result<()> {
    run(command("npm", &["run", "--silent", name]).current_dir("web"))
}

/// Builds the web app into web/dist, where the server embeds it from.
pub(crate) fn build() -> Result<()> {
    step("web app", || {
        packages("web")?;
        script("build")
    })
}

/// Writes the OpenAPI document and the client types made from it.
pub(crate) fn write_openapi() -> Result<()> {
    run(&mut command("cargo", &["build", "--package", "mainspring"]))?;
    write_contract()
}

fn write_contract() -> Result<()> {
    let document = crate::shell::read(&mut command(server_binary(), &["openapi"]))?;
    std::fs::write("docs/reference/openapi.json", document + "\n")?;
    if Path::new("web/openapi/package-lock.json").is_file() {
        packages("web/openapi")?;
        run(command("npm", &["run", "--silent", "generate"]).current_dir("web/openapi"))?;
    }
    say("wrote docs/reference/openapi.json and web/src/api/schema.ts");
    Ok(())
}

/// Fails when the committed contract is not what the server says.
pub(crate) fn check_contract() -> Result<()> {
    const FILES: [&str; 2] = ["docs/reference/openapi.json", "web/src/api/schema.ts"];
    let before: Vec<_> = FILES.iter().map(std::fs::read).collect();
    write_contract()?;
    for (file, old) in FILES.iter().zip(before) {
        let new = std::fs::read(file);
        if old.as_ref().ok() != new.as_ref().ok() {
            anyhow::bail!("{file} is stale: run `cargo xtask openapi` and commit the result");
        }
    }
    Ok(())
}
