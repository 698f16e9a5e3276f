//! The platform as one value: what every slice is built on.

use crate::accounts::{AccountSettings, Accounts};
use crate::config::Config;
use crate::jobs::{JobRunner, JobSettings, Jobs};
use crate::sql::{DatabaseSettings, Databases, Db, DbError};
use crate::world::World;
use kernel::scope::Scope;
use kernel::time::{DAY, SECOND};
use std::sync::Arc;

/// Databases, time and chance, jobs, accounts and configuration. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Platform {
    /// Control and the workspaces' databases.
    pub databases: Databases,
    /// The clock and the source of chance.
    pub world: World,
    /// Background jobs.
    pub jobs: Jobs,
    /// Users, workspaces, members and keys.
    pub accounts: Accounts,
    /// How this process is set up.
    pub config: Arc<Config>,
}

impl Platform {
    /// Opens the data folder or Postgres database of the configuration, migrated.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn open(config: Config, world: World) -> Result<Self, DbError> {
        let settings = DatabaseSettings {
            folder: config.data.folder.clone(),
            url: config.database.url.clone(),
            schema_prefix: String::new(),
            connections_max: config.database.connections_max,
            durable: true,
        };
        let databases = Databases::open(settings, world.clone()).await?;
        let accounts = AccountSettings {
            idle_us_max: i64::from(config.sessions.idle_days_max) * DAY,
            age_us_max: i64::from(config.sessions.days_max) * DAY,
            failures_max: config.sessions.failures_max,
            secure_cookie: config.server.public_url.starts_with("https"),
            ..AccountSettings::default()
        };
        Ok(Self::with(config, world, databases, accounts))
    }

    /// Puts a platform together from its parts; for tests, which open databases of their own.
    #[must_use]
    pub fn with(config: Config, world: World, databases: Databases, accounts: AccountSettings) -> Self {
        let jobs = JobSettings {
            workers: config.jobs.workers,
            lease_us: i64::from(config.jobs.lease_seconds) * SECOND,
            attempts_max: config.jobs.attempts_max,
            ..JobSettings::default()
        };
        let jobs = Jobs::new(databases.clone(), world.clone(), jobs);
        let accounts = Accounts::new(databases.clone(), world.clone(), accounts);
        Self { databases, world, jobs, accounts, config: Arc::new(config) }
    }

    /// The database of a scope's workspace.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn db(&self, scope: &Scope) -> Result<Db, DbError> {
        self.databases.workspace(&scope.workspace).await
    }

    /// Starts the workers of background jobs, for all workspaces.
    pub fn start_jobs(&self) -> JobRunner {
        let accounts = self.accounts.clone();
        self.jobs.start(Arc::new(move || {
            let accounts = accounts.clone();
            Box::pin(async move { accounts.workspaces().await })
        }))
    }
}
