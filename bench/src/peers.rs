//! The other engines: a Python process each, which stays open and answers one question a line.

use crate::questions::{Answer, Question};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// One engine.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    version: String,
    #[serde(default)]
    seconds: f64,
    #[serde(default)]
    answer: Answer,
    #[serde(default)]
    error: Option<String>,
}

impl Peer {
    /// Starts an engine over the files of a folder.
    pub(crate) fn start(name: &'static str, folder: &Path) -> Result<Self> {
        let python = std::env::var("BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer.py");
        let mut process = Command::new(python)
            .arg(script)
            .arg(name)
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let input = process.stdin.take().context("stdin")?;
        let output = BufReader::new(process.stdout.take().context("stdout")?);
        let mut peer = Self { name, version: String::new(), process, input, output };
        peer.version = peer.reply()?.version;
        Ok(peer)
    }

    fn reply(&mut self) -> Result<Reply> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let reply: Reply = serde_json::from_str(&line).with_context(|| format!("{} said {line:?}", self.name))?;
        match reply.error {
            Some(error) => bail!("{}: {error}", self.name),
            None => Ok(reply),
        }
    }

    /// Asks, and says how long the engine took by its own clock.
    pub(crate) fn ask(&mut self, question: Question) -> Result<(Duration, Answer)> {
        writeln!(self.input, "{}", question.name())?;
        self.input.flush()?;
        let reply = self.reply()?;
        Ok((Duration::from_secs_f64(reply.seconds), reply.answer))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
