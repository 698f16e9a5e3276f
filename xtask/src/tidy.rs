//! The house rules a compiler does not check: arrows between crates, texts in the wrong place, sizes, slices and their
//! pages. The rules stand in `layers.toml`.

use crate::shell::{command, read, root, say};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layers {
    arrows: BTreeMap<String, Vec<String>>,
    only_in: Vec<OnlyIn>,
    counted: Vec<Counted>,
    headless: BTreeMap<String, String>,
    pages: BTreeMap<String, String>,
    sizes: Sizes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnlyIn {
    text: String,
    paths: Vec<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    text: String,
    paths: Vec<String>,
    most: usize,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sizes {
    file_lines_max: usize,
    slice_lines_max: usize,
}

struct SourceFile {
    path: String,
    text: String,
}

/// Checks the tree; every breach is listed, then the command fails.
pub(crate) fn run() -> Result<()> {
    let layers: Layers =
        toml::from_str(&std::fs::read_to_string(root().join("layers.toml"))?).context("layers.toml")?;
    let files = tracked_files()?;
    let mut breaches = Vec::new();
    check_arrows(&layers, &mut breaches)?;
    check_texts(&layers, &files, &mut breaches);
    check_marks(&files, &mut breaches);
    check_sizes(&layers.sizes, &files, &mut breaches);
    check_slices(&layers, &files, &mut breaches);
    if breaches.is_empty() {
        say(&format!("{} files are tidy", files.len()));
        return Ok(());
    }
    bail!("{} breaches of the house rules:\n  {}", breaches.len(), breaches.join("\n  "))
}

/// Source files that git knows or would add.
fn tracked_files() -> Result<Vec<SourceFile>> {
    let list = read(&mut command("git", &["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let mut files = Vec::new();
    for path in list.lines() {
        let kind = Path::new(path).extension().and_then(|kind| kind.to_str()).unwrap_or("");
        if !["rs", "ts", "tsx", "css", "sql", "mjs", "md", "toml"].contains(&kind) {
            continue;
        }
        // A file that is deleted but not yet committed has no text to check.
        if let Ok(text) = std::fs::read_to_string(root().join(path)) {
            files.push(SourceFile { path: path.to_owned(), text });
        }
    }
    Ok(files)
}

fn check_arrows(layers: &Layers, breaches: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(root().join("crates"))? {
        let folder = entry?.path();
        let manifest: toml::Table = toml::from_str(&std::fs::read_to_string(folder.join("Cargo.toml"))?)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(allowed) = layers.arrows.get(&name) else {
            breaches.push(format!("crates/{name}: not in layers.toml [arrows]"));
            continue;
        };
        let used = manifest.get("dependencies").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
        for other in used.filter(|other| layers.arrows.contains_key(*other) && !allowed.contains(other)) {
            breaches.push(format!("crates/{name}: depends on {other}, which layers.toml does not allow"));
        }
    }
    Ok(())
}

fn check_texts(layers: &Layers, files: &[SourceFile], breaches: &mut Vec<String>) {
    for file in files.iter().filter(|file| file.path.starts_with("crates/") && file.path.ends_with(".rs")) {
        for rule in &layers.only_in {
            if rule.paths.iter().any(|path| file.path.contains(path.as_str())) {
                continue;
            }
            let found =
                file.text.lines().position(|line| !line.trim_start().starts_with("//") && has_path(line, &rule.text));
            if let Some(line) = found {
                breaches.push(format!("{}:{}: `{}`: {}", file.path, line + 1, rule.text, rule.reason));
            }
        }
    }
    for rule in &layers.counted {
        let places = files.iter().filter(|file| file.path.ends_with(".rs"));
        let places = places.filter(|file| rule.paths.iter().any(|path| file.path.starts_with(path.as_str())));
        let count: usize = places.map(|file| file.text.matches(rule.text.as_str()).count()).sum();
        if count > rule.most {
            breaches.push(format!("`{}` stands in {count} places, at most {}: {}", rule.text, rule.most, rule.reason));
        }
    }
}

/// Whether a line names the path `text` from its root (`lake::parquet::` is not `parquet::`).
fn has_path(line: &str, text: &str) -> bool {
    line.match_indices(text).any(|(place, _)| {
        !line[..place].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':')
    })
}

fn check_marks(files: &[SourceFile], breaches: &mut Vec<String>) {
    // Put together here so that this file does not breach its own rule.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("#[al", "low("), concat!("#![al", "low(")];
    let code = files.iter().filter(|file| !file.path.ends_with(".md") && !file.path.ends_with(".toml"));
    for file in code {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(mark) = marks.iter().find(|mark| line.contains(**mark)) {
                breaches.push(format!("{}:{}: `{mark}` may not stay", file.path, number + 1));
            }
        }
    }
}

fn check_sizes(sizes: &Sizes, files: &[SourceFile], breaches: &mut Vec<String>) {
    let mut slices: BTreeMap<String, usize> = BTreeMap::new();
    for file in files {
        let sized = ["rs", "ts", "tsx", "css", "mjs"].iter().any(|kind| file.path.ends_with(&format!(".{kind}")));
        if !sized || file.path.ends_with("schema.ts") {
            continue;
        }
        let lines = file.text.lines().count();
        if lines > sizes.file_lines_max {
            breaches.push(format!("{}: {lines} lines, at most {}", file.path, sizes.file_lines_max));
        }
        if let Some(slice) = slice_of(&file.path).filter(|_| !file.path.contains("tests")) {
            *slices.entry(slice).or_default() += lines;
        }
    }
    for (slice, lines) in slices.into_iter().filter(|(_, lines)| *lines > sizes.slice_lines_max) {
        breaches.push(format!("slice {slice}: {lines} lines, at most {}", sizes.slice_lines_max));
    }
}

/// `crates/people/src/imports/reader.rs` belongs to the slice `people/imports`.
fn slice_of(path: &str) -> Option<String> {
    let mut parts = path.strip_prefix("crates/")?.split('/');
    let (area, source, slice) = (parts.next()?, parts.next()?, parts.next()?);
    (source == "src" && parts.next().is_some()).then(|| format!("{area}/{slice}"))
}

fn check_slices(layers: &Layers, files: &[SourceFile], breaches: &mut Vec<String>) {
    for file in files.iter().filter(|file| file.path.ends_with("/mod.rs")) {
        if !file.text.starts_with("//!") {
            breaches.push(format!("{}: a module opens with its purpose (`//! …`)", file.path));
        }
    }
    for file in files.iter().filter(|file| file.path.ends_with("/api.rs") || file.path.ends_with("/api/mod.rs")) {
        let Some(slice) = slice_of(&file.path) else { continue };
        if layers.headless.contains_key(&slice) {
            continue;
        }
        let page = layers.pages.get(&slice).cloned().unwrap_or_else(|| slice.clone());
        let folder = format!("web/src/features/{page}/");
        if !files.iter().any(|other| other.path.starts_with(&folder)) {
            breaches
                .push(format!("slice {slice} has an API but neither {folder} nor a line in layers.toml [headless]"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_from_its_root_only() {
        assert!(has_path("use sqlx::Row;", "sqlx::"));
        assert!(!has_path("use lake::parquet::File;", "parquet::"));
        assert!(!has_path("my_sqlx::x", "sqlx::"));
    }

    #[test]
    fn files_belong_to_slices() {
        assert_eq!(slice_of("crates/people/src/imports/reader.rs").as_deref(), Some("people/imports"));
        assert_eq!(slice_of("crates/kernel/src/ids.rs"), None);
    }
}
