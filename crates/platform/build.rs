//! Compiles the migrations in: one list for each kind of database, sorted by name.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../../migrations");
    let mut out = String::new();
    for kind in ["control", "workspace"] {
        let folder = root.join(kind);
        writeln!(std::io::stdout(), "cargo:rerun-if-changed={}", folder.display())?;
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        files.retain(|file| file.extension().is_some_and(|kind| kind == "sql"));
        files.sort();
        writeln!(out, "pub(super) const {}: &[(&str, &str)] = &[", kind.to_uppercase())?;
        for file in files {
            writeln!(std::io::stdout(), "cargo:rerun-if-changed={}", file.display())?;
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            writeln!(out, "    ({name:?}, {:?}),", std::fs::read_to_string(&file)?)?;
        }
        writeln!(out, "];")?;
    }
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("migrations.rs"), out)?;
    Ok(())
}
