//! Lays out a new slice: the same files in every area, so that a reader knows where to look.

use crate::shell::{root, say};
use anyhow::{Result, bail};
use std::fs;

/// `cargo xtask new-slice AREA NAME`.
pub(crate) fn create(args: &[String]) -> Result<()> {
    let [area, name] = args else { bail!("say the area and the name: cargo xtask new-slice people audiences") };
    if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_') {
        bail!("`{name}` is not a slice name: lower-case letters and underscores, a noun");
    }
    let source = root().join("crates").join(area).join("src");
    if !source.is_dir() {
        bail!("there is no area `{area}`: {} does not exist", source.display());
    }
    let folder = source.join(name);
    if folder.exists() {
        bail!("{} exists already", folder.display());
    }
    fs::create_dir_all(&folder)?;
    let files = [
        (
            "mod.rs",
            format!(
                "//! What {name} are for.\n//!\n//! **Invariant:** what always holds.\n\nmod model;\nmod store;\n\n#[cfg(test)]\nmod tests;\n\npub mod api;\npub mod jobs;\n"
            ),
        ),
        ("model.rs", "//! Types and their invariants; no I/O.\n".to_owned()),
        ("store.rs", "//! All SQL of this slice's tables.\n".to_owned()),
        ("api.rs", "//! Routes, handlers, and what goes in and out.\n".to_owned()),
        ("jobs.rs", "//! Background work; running twice equals running once.\n".to_owned()),
        ("tests.rs", "//! Tables and laws of the engine.\n".to_owned()),
    ];
    for (file, text) in files {
        fs::write(folder.join(file), text)?;
    }
    let page = root().join("web/src/features").join(area).join(name);
    fs::create_dir_all(&page)?;
    fs::write(
        page.join("routes.tsx"),
        format!("// The pages of {name}: lazy routes and the entry in the navigation.\n\nexport const routes = []\n"),
    )?;
    say(&format!(
        "laid out {} and {}; add `pub mod {name};` to crates/{area}/src/lib.rs",
        folder.display(),
        page.display()
    ));
    Ok(())
}
