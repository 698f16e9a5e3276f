//! Puts the slices together: the one place that knows all of them.

use anyhow::{Context, Result};
use platform::config::Config;
use platform::{Platform, World};

/// The program: every slice's handle.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) platform: Platform,
}

impl App {
    /// Opens a data folder; nothing runs yet.
    pub(crate) async fn open(config: Config, world: World) -> Result<Self> {
        let folder = config.data.folder.clone();
        std::fs::create_dir_all(&folder).with_context(|| format!("the data folder {}", folder.display()))?;
        let platform = Platform::open(config, world)
            .await
            .with_context(|| format!("the data in {} could not be opened", folder.display()))?;
        Ok(Self { platform })
    }

    /// Starts what runs beside the requests.
    pub(crate) async fn start(&self) -> Result<()> {
        Ok(())
    }

    /// Lets go of files and connections.
    pub(crate) async fn close(&self) {
        self.platform.databases.close().await;
    }
}
