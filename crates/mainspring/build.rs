//! Puts the web app where `ui.rs` embeds it from: a copy of `web/dist`, or a placeholder page when it was not built, so
//! that `cargo build` never needs npm.

use std::path::Path;
use std::{env, fs, io};

const PLACEHOLDER: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Mainspring</title>\
<body><h1>The web app was not built</h1><p>Run <code>cargo xtask ui</code>, then build the server again. \
The API works without it: see <a href=\"/api/docs/\">the API reference</a>.</p></body></html>";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=../../web/dist");
    println!("cargo:rerun-if-changed=build.rs");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    let target = Path::new(&out).join("ui");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    fs::create_dir_all(&target)?;
    let source = Path::new("../../web/dist");
    if source.join("index.html").is_file() {
        copy(source, &target)
    } else {
        fs::write(target.join("index.html"), PLACEHOLDER)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
