//! Databases that are thrown away: for tests, and for rehearsing a migration.

use super::databases::{DatabaseSettings, application_name, open_postgres, open_sqlite};
use super::db::Db;
use super::error::DbError;
use super::migrate::{Kind, migrate};
use kernel::time::Timestamp;
use std::path::Path;

/// A database with the tables of control and of a workspace both, in a place of its own.
pub struct Scratch;

impl Scratch {
    /// A file in `folder`.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn sqlite(folder: &Path) -> Result<Db, DbError> {
        let db = open_sqlite(&settings(folder, ""), &folder.join("scratch.db")).await?;
        Self::fill(&db).await?;
        Ok(db)
    }

    /// A schema of the Postgres at `url`.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn postgres(url: &str, schema: &str) -> Result<Db, DbError> {
        let db = open_postgres(&settings(Path::new(""), url), schema).await?;
        Self::fill(&db).await?;
        Ok(db)
    }

    /// Drops schemas of the Postgres at `url`, with all that is in them.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn drop_schemas(url: &str, schemas: &[String]) -> Result<(), DbError> {
        let db = open_postgres(&settings(Path::new(""), url), "public").await?;
        for schema in schemas {
            // Whoever still has a transaction open there would make the drop wait for ever.
            let sql = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1";
            db.query::<()>(sql, crate::params![application_name(schema)]).await?;
            db.execute(&format!("drop schema if exists \"{}\" cascade", schema.replace('"', "")), vec![]).await?;
        }
        db.close().await;
        Ok(())
    }

    /// Runs one statement outside a transaction on the Postgres at `url`: to make and drop whole databases.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn run_on_server(url: &str, statement: &str) -> Result<(), DbError> {
        let db = open_postgres(&settings(Path::new(""), url), "public").await?;
        db.execute(statement, vec![]).await?;
        db.close().await;
        Ok(())
    }

    async fn fill(db: &Db) -> Result<(), DbError> {
        migrate(db, Kind::Control, Timestamp::from_micros(0)).await?;
        migrate(db, Kind::Workspace, Timestamp::from_micros(0)).await
    }
}

fn settings(folder: &Path, url: &str) -> DatabaseSettings {
    DatabaseSettings {
        folder: folder.to_owned(),
        url: url.to_owned(),
        schema_prefix: String::new(),
        connections_max: 4,
        durable: false,
    }
}
