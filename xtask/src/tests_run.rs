//! All tests: Rust on SQLite and on Postgres, the web app's own, and the browser against the real server.

use crate::postgres::Postgres;
use crate::shell::{command, run, say, server_binary, step, watch};
use crate::{tools, web};
use anyhow::{Result, bail};
use std::path::Path;

/// How many tests ran, as the runners themselves counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that did not.
    pub(crate) failed: u64,
}

impl Count {
    /// Both counts.
    pub(crate) fn and(self, other: Count) -> Count {
        Count { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// Everything, after setting up what it needs; `filter` goes to the Rust test runner and leaves the rest out.
pub(crate) fn all(filter: &[String]) -> Result<Count> {
    if !filter.is_empty() {
        return step("Rust tests", || rust(filter));
    }
    web::build()?;
    let count = step("Rust tests on SQLite and Postgres", || rust(&[]))?
        .and(step("web unit tests", web_units)?)
        .and(browser(&[])?);
    close(count);
    Ok(count)
}

/// The closing line that says how many tests ran.
pub(crate) fn close(count: Count) {
    say(&format!("\n{} passed, {} failed", count.passed, count.failed));
}

/// The Rust tests, those of stores and of the server on both databases.
pub(crate) fn rust(filter: &[String]) -> Result<Count> {
    let nextest = tools::nextest()?;
    let postgres = Postgres::start()?;
    let mut count = Count::default();
    let mut runner = command(nextest, &["nextest", "run", "--workspace", "--no-fail-fast", "--status-level", "slow"]);
    runner.args(filter).env("MAINSPRING_TEST_PG_URL", &postgres.url);
    let outcome = watch(&mut runner, |line| {
        if let Some(found) = nextest_summary(line) {
            count = found;
        }
    });
    outcome?;
    if count.passed == 0 {
        bail!("the Rust test runner ran no test");
    }
    Ok(count)
}

/// The unit tests of the web app.
pub(crate) fn web_units() -> Result<Count> {
    web::packages("web")?;
    counted(command("npm", &["run", "--silent", "test"]).current_dir("web"), "the web unit tests")
}

/// The browser suite and the third-party SDKs, both against the real program.
pub(crate) fn browser(filter: &[String]) -> Result<Count> {
    step("server for the browser suite", || run(&mut command("cargo", &["build", "--package", "mainspring"])))?;
    let chromium = tools::chromium()?;
    let mut count = Count::default();
    for (name, folder) in [("browser suite", "web"), ("third-party SDKs", "crates/mainspring/tests/sdk")] {
        if !Path::new(folder).join("package.json").is_file() {
            continue;
        }
        let ran = step(name, || {
            web::packages(folder)?;
            let mut runner = command("npm", &["run", "--silent", "e2e"]);
            if !filter.is_empty() {
                runner.arg("--").args(filter);
            }
            runner.current_dir(folder).env("MAINSPRING_BIN", server_binary()).env("CHROMIUM", &chromium);
            counted(&mut runner, name)
        })?;
        count = count.and(ran);
    }
    Ok(count)
}

/// Runs a test program that closes on `N passed, N failed`, or as node's own runner or vitest do.
fn counted(runner: &mut std::process::Command, name: &str) -> Result<Count> {
    let mut count = Count::default();
    // Where `CI` is set some runners colour their output even into a pipe.
    runner.env("NO_COLOR", "1").env_remove("FORCE_COLOR");
    watch(runner, |line| plain_summary(&uncoloured(line), &mut count))?;
    if count.passed == 0 {
        bail!("{name} ran no test");
    }
    Ok(count)
}

/// A line without the escape sequences of a terminal.
fn uncoloured(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut pieces = line.split('\u{1b}');
    plain.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

/// `Summary [  12.3s] 120 tests run: 119 passed (2 slow), 1 failed, 0 skipped`
fn nextest_summary(line: &str) -> Option<Count> {
    let (_, counts) = line.trim_start().strip_prefix("Summary")?.split_once("run:")?;
    Some(Count {
        passed: number_before(counts, "passed").unwrap_or(0),
        failed: number_before(counts, "failed").unwrap_or(0),
    })
}

fn plain_summary(line: &str, count: &mut Count) {
    let line = line.trim().trim_start_matches(['#', 'ℹ']).trim_start();
    if let Some(number) = line.strip_prefix("pass ").and_then(|text| text.trim().parse().ok()) {
        count.passed = number;
    } else if let Some(number) = line.strip_prefix("fail ").and_then(|text| text.trim().parse().ok()) {
        count.failed = number;
    } else if (line.starts_with("Tests ") || line.contains(" passed, "))
        && !line.contains("Files")
        && let Some(passed) = number_before(line, "passed")
    {
        *count = Count { passed, failed: number_before(line, "failed").unwrap_or(0) };
    }
}

fn number_before(text: &str, word: &str) -> Option<u64> {
    let words: Vec<&str> =
        text.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    words.windows(2).find(|pair| pair[1] == word).and_then(|pair| pair[0].parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_own_counts_are_read() {
        let line = "     Summary [  12.345s] 120 tests run: 119 passed (2 slow), 1 failed, 3 skipped";
        assert_eq!(nextest_summary(line), Some(Count { passed: 119, failed: 1 }));
        assert_eq!(nextest_summary("        PASS [   0.004s] kernel ids::tests::x"), None);
        for (lines, passed, failed) in [
            (vec!["ℹ pass 12", "ℹ fail 0"], 12, 0),
            (vec!["# pass 3", "# fail 1"], 3, 1),
            (vec![" Test Files  2 passed (2)", "      Tests  17 passed (17)"], 17, 0),
            (
                vec![
                    "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m37 passed\u{1b}[39m\u{1b}[22m\u{1b}[90m (37)\u{1b}[39m",
                ],
                37,
                0,
            ),
            (vec!["9 passed, 2 failed"], 9, 2),
        ] {
            let mut count = Count::default();
            for line in &lines {
                plain_summary(&uncoloured(line), &mut count);
            }
            assert_eq!(count, Count { passed, failed }, "{lines:?}");
        }
    }
}
