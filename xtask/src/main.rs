//! The project's own commands: `cargo xtask help` lists them. Whatever a machine needs beyond Rust is installed or
//! started here, so that a fresh clone needs no other step.

mod bench;
mod ci;
mod demo;
mod postgres;
mod shell;
mod slice;
mod tests_run;
mod tidy;
mod tools;
mod web;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask <command>

  demo [ARGS…]         build everything, load the demo company, open ready to explore
  test [FILTER…]       set up what the tests need, then run all of them
  ci                   every gate, as continuous integration runs it
  tidy                 the house rules: arrows between crates, sizes, texts in the wrong place
  ui                   build the web app into web/dist
  e2e [FILTER…]        the browser suite and the third-party SDKs against the real server
  bench [EVENTS]       speed beside ClickHouse and DuckDB on the same files; writes docs/reference/performance.md
  bench ingest [SECONDS]  batches over HTTP to the real program; writes its section there
  bench soak [DAYS] [EVENTS]  days of events through HTTP, and what the program holds meanwhile
  bench reports [EVENTS]  what the pages ask, over HTTP to the real program; writes its section there
  openapi              write docs/reference/openapi.json and the TypeScript client types from the server
  new-slice AREA NAME  lay out the files of a new slice
";

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_else(|| "help".to_owned());
    let rest: Vec<String> = args.collect();
    std::env::set_current_dir(shell::root())?;
    match command.as_str() {
        "demo" => demo::run(&rest),
        "test" => tests_run::all(&rest).map(|_| ()),
        "ci" => ci::run(),
        "tidy" => tidy::run(),
        "ui" => web::build(),
        "e2e" => tests_run::browser(&rest).map(|_| ()),
        "bench" => bench::run(&rest),
        "openapi" => web::write_openapi(),
        "new-slice" => slice::create(&rest),
        "help" | "--help" | "-h" => {
            shell::say(HELP);
            Ok(())
        }
        other => bail!("there is no command `{other}`\n\n{HELP}"),
    }
}
