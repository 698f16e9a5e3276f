//! The real program on a folder of its own, and what the system says about it.

use super::load::answer;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What a new folder's keys are.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) write_key: String,
    pub(crate) api_key: String,
}

/// Makes a data folder with one workspace.
pub(crate) fn init(program: &Path, data: &Path) -> Result<Keys> {
    ensure!(!data.exists(), "{} exists; remove it", data.display());
    let mut init = Command::new(program);
    let made = init.args(["init", "--owner", "owner@example.org", "--json", "--data"]).arg(data).output()?;
    ensure!(made.status.success(), "init: {}", String::from_utf8_lossy(&made.stderr));
    let keys: Value = serde_json::from_slice(&made.stdout)?;
    let key = |name: &str| keys[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
    Ok(Keys { write_key: key("write_key")?, api_key: key("api_key")? })
}

/// A running server with one workspace.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    pub(crate) write_key: String,
    api_key: String,
}

impl Server {
    /// Makes a workspace in an empty folder and serves it.
    pub(crate) fn start(program: &Path, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let keys = init(program, &folder.join("data"))?;
        Self::serve(program, folder, keys)
    }

    /// Serves the folder that [`init`] made.
    pub(crate) fn serve(program: &Path, folder: &Path, keys: Keys) -> Result<Self> {
        let data = folder.join("data");
        let log = std::fs::File::create(folder.join("server.log"))?;
        let mut serve = Command::new(program);
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
        serve.env("MAINSPRING_SERVER__REQUESTS_PER_MINUTE", "1000000").env("MAINSPRING_SERVER__METRICS", "true");
        let mut child = serve.stdout(Stdio::piped()).stderr(log).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
        let address = loop {
            let line = lines.next().context("the server ended; see server.log")??;
            if let Some((_, address)) = line.split_once("http://") {
                break address.trim().to_owned();
            }
        };
        Ok(Self { child, address, write_key: keys.write_key, api_key: keys.api_key })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> Result<Vec<u8>> {
        self.ask_with(&format!("Bearer {}", self.api_key), method, path, body)
    }

    /// A request under another key.
    pub(crate) fn ask_with(&self, key: &str, method: &str, path: &str, body: &str) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_mins(10)))?;
        let address = &self.address;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let (status, body) = answer(&mut stream)?;
        ensure!(status == 200, "{path}: {status} {}", String::from_utf8_lossy(&body));
        Ok(body)
    }

    /// Events that are stored and not yet visible.
    pub(crate) fn behind(&self) -> Result<u64> {
        let text = String::from_utf8(self.ask("GET", "/metrics", "")?)?;
        let line = text.lines().find(|line| line.starts_with("mainspring_ingest_lag_events"));
        let value = line.and_then(|line| line.rsplit(' ').next()).map_or(Ok(0.0), str::parse::<f64>)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        Ok(value as u64)
    }

    /// The rows of a question in SQL.
    pub(crate) fn sql(&self, text: &str) -> Result<Value> {
        let answer = self.ask("POST", "/api/v1/sql", &json!({ "sql": text }).to_string())?;
        Ok(serde_json::from_slice::<Value>(&answer)?["rows"].clone())
    }

    /// Seconds of CPU that the server used so far, by the name of the thread.
    pub(crate) fn cpu(&self) -> Result<BTreeMap<String, f64>> {
        let mut all = BTreeMap::new();
        for entry in std::fs::read_dir(format!("/proc/{}/task", self.id()))? {
            // A thread may end meanwhile.
            let folder = entry?.path();
            let Ok(name) = std::fs::read_to_string(folder.join("comm")) else { continue };
            let Ok(times) = std::fs::read_to_string(folder.join("schedstat")) else { continue };
            let nanos: f64 = times.split(' ').next().unwrap_or("0").parse()?;
            *all.entry(name.trim().to_owned()).or_insert(0.0) += nanos / 1e9;
        }
        // What threads used that ended is in the figures of the process alone.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
        let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        all.insert("user".to_owned(), ticks(11) / 100.0);
        all.insert("system".to_owned(), ticks(12) / 100.0);
        Ok(all)
    }

    /// Most bytes of memory it has used.
    pub(crate) fn memory_peak(&self) -> Result<u64> {
        self.memory_of("VmHWM:")
    }

    /// Bytes of memory it uses.
    pub(crate) fn memory(&self) -> Result<u64> {
        self.memory_of("VmRSS:")
    }

    fn memory_of(&self, name: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find(|line| line.starts_with(name)).with_context(|| format!("no {name}"))?;
        let kilobytes: u64 = line.split_whitespace().nth(1).context("no size")?.parse()?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
