//! Starts the real program on a data folder and a free port, and stops it, politely or not.

use serde::Deserialize;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// An HTTP client; it wants to know who would do its encryption, though there is none on the loopback.
pub(crate) fn client() -> reqwest::Client {
    // The first test of the process sets it, the others find it set.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().build().unwrap()
}

/// Where the records live in a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// The embedded default.
    Sqlite,
    /// A database of its own on the server of `MAINSPRING_TEST_PG_URL`.
    Postgres,
}

impl Backend {
    /// SQLite, and Postgres where the tests were given one.
    pub(crate) fn all() -> Vec<Backend> {
        let mut all = vec![Backend::Sqlite];
        if std::env::var_os("MAINSPRING_TEST_PG_URL").is_some() {
            all.push(Backend::Postgres);
        }
        all
    }
}

/// A database of its own on the test server, dropped with the site.
struct PostgresDatabase {
    server: String,
    name: String,
}

impl PostgresDatabase {
    fn create() -> Self {
        let server = std::env::var("MAINSPRING_TEST_PG_URL").unwrap();
        let name = format!("mainspring_it_{}_{:08x}", std::process::id(), rand::random::<u32>());
        on_server(&server, &format!("create database {name}"));
        Self { server, name }
    }

    fn url(&self) -> String {
        let (start, _) = self.server.rsplit_once('/').unwrap();
        format!("{start}/{}", self.name)
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        on_server(&self.server, &format!("drop database {} with (force)", self.name));
    }
}

/// Runs one statement on the test server, in a thread of its own because the caller may be inside a runtime.
fn on_server(server: &str, statement: &str) {
    let (server, statement) = (server.to_owned(), statement.to_owned());
    let done = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(platform::sql::Scratch::run_on_server(&server, &statement)).unwrap();
    });
    done.join().unwrap();
}

/// What `mainspring init --json` prints.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Keys {
    pub(crate) write_key: String,
    pub(crate) api_key: String,
}

/// A data folder with an owner and a workspace.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    database: Option<PostgresDatabase>,
    pub(crate) keys: Keys,
}

impl Site {
    /// An initialised folder.
    pub(crate) fn new(backend: Backend) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = (backend == Backend::Postgres).then(PostgresDatabase::create);
        let mut site = Self { folder, database, keys: Keys::empty() };
        let output = site.command(&["init", "--owner", "owner@example.org", "--json"]).output().unwrap();
        assert!(output.status.success(), "init failed: {}", String::from_utf8_lossy(&output.stderr));
        assert!(site.data().join("control.db").exists() || backend == Backend::Postgres);
        site.keys = serde_json::from_slice(&output.stdout).unwrap();
        site
    }

    /// The demo company at a small size, loaded through the real paths, up to a day.
    pub(crate) fn demo(scale: &str, end: &str) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap(), database: None, keys: Keys::empty() };
        let args = ["demo", "--scale", scale, "--end", end, "--no-serve", "--listen", "127.0.0.1:0"];
        let output = site.command(&args).output().unwrap();
        assert!(output.status.success(), "demo failed: {}", String::from_utf8_lossy(&output.stderr));
        site
    }

    /// A command of the program on this folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainspring"));
        command.args(args).arg("--data").arg(self.data());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MAINSPRING_")) {
            command.env_remove(name);
        }
        if let Some(database) = &self.database {
            command.env("MAINSPRING_DATABASE__URL", database.url());
        }
        command
    }

    /// A command that needs no folder.
    pub(crate) fn bare(args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainspring"));
        command.args(args);
        command
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the server, with settings in the environment, and waits until it listens.
    pub(crate) fn start_with(&self, settings: &[(&str, &str)]) -> Server {
        let log =
            std::fs::File::options().create(true).append(true).open(self.folder.path().join("server.log")).unwrap();
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.envs(settings.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = match lines.next() {
                Some(line) => line.unwrap(),
                None => panic!("the server ended: {}", tail(&self.folder.path().join("server.log"))),
            };
            if let Some((_, address)) = line.split_once("http://") {
                break format!("http://{}", address.trim());
            }
        };
        Server { child, address }
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(20).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

impl Keys {
    fn empty() -> Self {
        Self { write_key: String::new(), api_key: String::new() }
    }
}

/// What a command printed as JSON.
pub(crate) fn json_of(command: &mut Command) -> serde_json::Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:…`
    pub(crate) address: String,
}

impl Server {
    /// Kill −9.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone after `kill`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
