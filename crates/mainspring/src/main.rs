//! The Mainspring server and command line.

mod cli;
mod router;
mod ui;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    // One provider for every outbound connection; it is set once, here, so it cannot be set already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Every connection, segment and event file takes a descriptor; many systems give 1 024 unless one asks for more.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("the runtime could not be started")),
    };
    match runtime.block_on(cli::run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    // Whoever reads the error output may be gone already.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("error: {error:#}\n").as_bytes());
    ExitCode::FAILURE
}
