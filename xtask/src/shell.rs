//! Running other programs, and saying what is done.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The program, as `cargo build` leaves it.
pub(crate) fn server_binary() -> PathBuf {
    target().join("debug/mainspring")
}

/// Writes text for the person who runs the command.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody is left to tell when the terminal is gone.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// A command with its arguments.
pub(crate) fn command(program: impl AsRef<OsStr>, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

/// Runs a command; an exit other than zero is an error that shows the command line.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = show(command);
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("`{line}` could not be started"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// What a command prints, trimmed; an exit other than zero is an error with its error output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let line = show(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("`{line}` could not be started"))?;
    if !output.status.success() {
        bail!("`{line}` failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a command, passes its output on line by line, and hands each line to `look`. The two outputs are one stream.
pub(crate) fn watch(command: &mut Command, mut look: impl FnMut(&str)) -> Result<()> {
    let line = show(command);
    let (reader, writer) = std::io::pipe()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("`{line}` could not be started"))?;
    // The builder holds the writing ends; the reader would never see the end of the stream.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for text in BufReader::new(reader).lines() {
        let text = text?;
        look(&text);
        say(&text);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Whether a program is on the path.
pub(crate) fn has(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Does one named step and says how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    say(&format!("\n=== {name}"));
    let start = Instant::now();
    let result = work().with_context(|| format!("step `{name}`"));
    let outcome = if result.is_ok() { "done" } else { "FAILED" };
    say(&format!("=== {name}: {outcome} in {:.1} s", start.elapsed().as_secs_f64()));
    result
}

fn show(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
