//! A Postgres server of our own for one run of the tests: in a temporary folder, on a free port of the loopback, gone
//! afterwards.

use crate::shell::{command, has, read, run, say};
use crate::tools;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

/// A running server; stopped and deleted when dropped.
pub(crate) struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    /// Where the tests find it.
    pub(crate) url: String,
}

impl Postgres {
    /// Starts a server, installing it first where there is none.
    pub(crate) fn start() -> Result<Self> {
        let programs = programs()?;
        let folder = std::env::temp_dir().join(format!("mainspring-postgres-{}", std::process::id()));
        let port = free_port()?;
        std::fs::create_dir_all(&folder)?;
        if tools::is_root() {
            run(&mut command("chown", &["postgres", &folder.to_string_lossy()]))
                .context("Postgres refuses to run as root, and there is no user `postgres` to run it as")?;
        }
        let server = Self { url: format!("postgres://postgres@127.0.0.1:{port}/postgres"), folder, programs };
        say(&format!("starting Postgres on port {port}"));
        let data = server.folder.join("data").to_string_lossy().into_owned();
        run(server
            .program("initdb")
            .args(["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"])
            .stdout(std::process::Stdio::null()))?;
        // The data is thrown away, so nothing has to survive a power cut.
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off \
             -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=128MB",
            server.folder.display()
        );
        let log = server.folder.join("log").to_string_lossy().into_owned();
        run(server
            .program("pg_ctl")
            .args(["-D", &data, "-l", &log, "-w", "-t", "60", "-o", &options, "start"])
            .stdout(std::process::Stdio::null()))?;
        Ok(server)
    }

    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        if !tools::is_root() {
            return Command::new(path);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(path);
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.join("data").to_string_lossy().into_owned();
        let stop = run(self
            .program("pg_ctl")
            .args(["-D", &data, "-m", "immediate", "-w", "stop"])
            .stdout(std::process::Stdio::null()));
        if let Err(error) = stop.and_then(|()| Ok(std::fs::remove_dir_all(&self.folder)?)) {
            say(&format!("the test Postgres in {} could not be removed: {error:#}", self.folder.display()));
        }
    }
}

/// The folder of `initdb` and `pg_ctl`.
fn programs() -> Result<PathBuf> {
    if let Some(folder) = find_programs() {
        return Ok(folder);
    }
    tools::debian(&["postgresql"])?;
    find_programs().context("Postgres was installed, but /usr/lib/postgresql/*/bin holds no initdb")
}

fn find_programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|folder| folder.join("initdb").is_file())
        .collect();
    versions.sort();
    versions.pop().or_else(|| {
        has("initdb")
            .then(|| read(&mut command("sh", &["-c", "dirname $(readlink -f $(command -v initdb))"])).ok())
            .flatten()
            .map(PathBuf::from)
    })
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
