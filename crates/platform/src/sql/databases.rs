//! All databases of one installation: control, and one for each workspace.

use super::db::{Db, Pools};
use super::error::DbError;
use super::migrate::{Kind, migrate};
use crate::world::World;
use kernel::scope::WorkspaceRef;
use parking_lot::Mutex;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// How to reach the databases.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// The data folder.
    pub folder: PathBuf,
    /// A Postgres address; SQLite files in the data folder when empty.
    pub url: String,
    /// What the names of Postgres schemas begin with; empty except in tests, which share a server.
    pub schema_prefix: String,
    /// Most connections to Postgres for one schema, and most readers of one SQLite file.
    pub connections_max: u32,
    /// Whether a commit waits until the disk has it. Off only in tests.
    pub durable: bool,
}

/// All databases of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Databases(Arc<Inner>);

struct Inner {
    settings: DatabaseSettings,
    world: World,
    control: Db,
    workspaces: Mutex<HashMap<String, Arc<tokio::sync::OnceCell<Db>>>>,
}

impl std::fmt::Debug for Databases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Databases").field("control", &self.0.control).field("folder", &self.0.settings.folder).finish()
    }
}

impl Databases {
    /// Opens the control database, and makes or migrates it as needed.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn open(settings: DatabaseSettings, world: World) -> Result<Self, DbError> {
        let control = if settings.url.is_empty() {
            open_sqlite(&settings, &settings.folder.join("control.db")).await?
        } else {
            make_folder(&settings.folder)?;
            open_postgres(&settings, &format!("{}control", settings.schema_prefix)).await?
        };
        migrate(&control, Kind::Control, world.now()).await?;
        Ok(Self(Arc::new(Inner { settings, world, control, workspaces: Mutex::default() })))
    }

    /// Users, sessions, workspaces, members and keys.
    #[must_use]
    pub fn control(&self) -> Db {
        self.0.control.clone()
    }

    /// The database of a workspace: opened, migrated and remembered.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn workspace(&self, workspace: &WorkspaceRef) -> Result<Db, DbError> {
        let cell = self.0.workspaces.lock().entry(workspace.slug.clone()).or_default().clone();
        let opened = cell.get_or_try_init(|| async {
            let folder = self.folder(workspace);
            let db = if self.0.settings.url.is_empty() {
                open_sqlite(&self.0.settings, &folder.join("main.db")).await?
            } else {
                make_folder(&folder)?;
                open_postgres(&self.0.settings, &self.schema(workspace)).await?
            };
            migrate(&db, Kind::Workspace, self.0.world.now()).await?;
            Ok::<_, DbError>(db)
        });
        opened.await.cloned()
    }

    /// The Postgres schema of a workspace. Short names hold no underscore, so no two share one.
    fn schema(&self, workspace: &WorkspaceRef) -> String {
        format!("{}ws_{}", self.0.settings.schema_prefix, workspace.slug.replace('-', "_"))
    }

    /// The folder of a workspace, which holds its log, its Parquet files and, on SQLite, its database.
    #[must_use]
    pub fn folder(&self, workspace: &WorkspaceRef) -> PathBuf {
        self.0.settings.folder.join("workspaces").join(&workspace.slug)
    }

    /// The data folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0.settings.folder
    }

    /// Closes every connection, so that SQLite folds its write-ahead files away.
    pub async fn close(&self) {
        let cells: Vec<_> = self.0.workspaces.lock().drain().map(|(_, cell)| cell).collect();
        for db in cells.iter().filter_map(|cell| cell.get()) {
            db.close().await;
        }
        self.0.control.close().await;
    }
}

fn make_folder(folder: &Path) -> Result<(), DbError> {
    std::fs::create_dir_all(folder).map_err(|source| DbError::File { path: folder.display().to_string(), source })
}

/// Opens an SQLite file: one connection that writes, `connections_max` that read.
pub(super) async fn open_sqlite(settings: &DatabaseSettings, file: &Path) -> Result<Db, DbError> {
    if let Some(folder) = file.parent() {
        make_folder(folder)?;
    }
    let common = SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(Duration::from_secs(30))
        .pragma("temp_store", "memory")
        .statement_cache_capacity(64)
        .row_buffer_size(512)
        .disable_statement_logging();
    let writer = common
        .clone()
        .create_if_missing(true)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(if settings.durable { SqliteSynchronous::Full } else { SqliteSynchronous::Off })
        .foreign_keys(true)
        // What is erased is not to lie in free pages.
        .pragma("secure_delete", "on")
        // A large import touches its indexes all over: the cache holds their upper levels, and a page that is written
        // again and again goes to the file once. Both are filled only by work.
        .pragma("wal_autocheckpoint", "16000")
        .pragma("journal_size_limit", "16777216")
        .pragma("cache_size", "-32000");
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(60))
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(writer)
        .await?;
    // A reader sets nothing that is kept in the file: that would wait for the writer.
    let read = SqlitePoolOptions::new()
        .max_connections(settings.connections_max.max(1))
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(Duration::from_secs(60))
        .test_before_acquire(false)
        .connect_lazy_with(common.pragma("cache_size", "-2000").pragma("query_only", "on"));
    Ok(Db(Arc::new(Pools::Sqlite { write, read })))
}

/// What a connection to a schema calls itself, so that an administrator sees whose it is. Postgres keeps 63 bytes.
pub(super) fn application_name(schema: &str) -> String {
    format!("mainspring {schema}").chars().take(63).collect()
}

/// Opens a schema of Postgres, made when it does not exist.
pub(super) async fn open_postgres(settings: &DatabaseSettings, schema: &str) -> Result<Db, DbError> {
    let options = PgConnectOptions::from_str(&settings.url)
        .map_err(|error| DbError::BadUrl(error.to_string()))?
        .application_name(&application_name(schema))
        .statement_cache_capacity(64)
        .disable_statement_logging();
    let quoted = format!("\"{}\"", schema.replace('"', ""));
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections_max.max(2))
        .min_connections(0)
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(Duration::from_secs(60))
        .connect_with(options.options([("search_path", quoted.as_str())]))
        .await?;
    let db = Db(Arc::new(Pools::Postgres(pool)));
    let mut tx = db.begin().await?;
    tx.query::<()>("select pg_advisory_xact_lock(7243, 0)", vec![]).await?;
    tx.script(&format!("create schema if not exists {quoted}")).await?;
    tx.commit().await?;
    Ok(db)
}
