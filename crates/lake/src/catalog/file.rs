//! The catalog as one JSON file, replaced whole: for tests and for tools that work on a folder without a database.

use super::{Catalog, CatalogError, CatalogState, Switch};
use async_trait::async_trait;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A catalog in a JSON file.
#[derive(Debug)]
pub struct FileCatalog {
    path: PathBuf,
    turn: parking_lot::Mutex<()>,
}

impl FileCatalog {
    /// The catalog in this file; it is made by the first switch.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), turn: parking_lot::Mutex::new(()) }
    }

    fn read(&self) -> Result<CatalogState, CatalogError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(CatalogState::default()),
            Err(error) => return Err(CatalogError(format!("{}: {error}", self.path.display()))),
        };
        serde_json::from_slice(&bytes).map_err(|error| CatalogError(format!("{}: {error}", self.path.display())))
    }

    fn replace(&self, state: &CatalogState) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let fresh = self.path.with_extension("new");
        let mut file = File::create(&fresh)?;
        file.write_all(&serde_json::to_vec_pretty(state)?)?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        File::open(folder)?.sync_all()
    }
}

#[async_trait]
impl Catalog for FileCatalog {
    async fn load(&self) -> Result<CatalogState, CatalogError> {
        let _turn = self.turn.lock();
        self.read()
    }

    async fn switch(&self, switch: &Switch) -> Result<(), CatalogError> {
        let _turn = self.turn.lock();
        let mut state = self.read()?;
        state.apply(switch);
        self.replace(&state).map_err(|error| CatalogError(format!("{}: {error}", self.path.display())))
    }
}
