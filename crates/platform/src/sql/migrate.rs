//! Migrations: numbered texts, compiled in, applied once, in the order of their names.
//!
//! **Invariant:** one text serves both databases; the token `{{BLOB}}` is the only word that differs.
//! **Invariant:** a migration and the record that it was applied commit together.

use super::db::Db;
use super::error::DbError;
use kernel::time::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/migrations.rs"));
}

/// A migration: its name, and its text.
pub(crate) type Migration = (&'static str, &'static str);

/// Which of the two kinds of database a set of migrations makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Users, sessions, workspaces, memberships, keys.
    Control,
    /// Everything that belongs to one workspace.
    Workspace,
}

impl Kind {
    /// The migrations, in order.
    pub(crate) fn migrations(self) -> &'static [Migration] {
        match self {
            Self::Control => embedded::CONTROL,
            Self::Workspace => embedded::WORKSPACE,
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Control => "migrations_control",
            Self::Workspace => "migrations",
        }
    }
}

/// Brings a database up to date.
pub(crate) async fn migrate(db: &Db, kind: Kind, now: Timestamp) -> Result<(), DbError> {
    apply(db, kind.table(), kind.migrations(), now).await
}

async fn apply(db: &Db, table: &str, migrations: &[Migration], now: Timestamp) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    if tx.is_postgres() {
        // Two processes that start together take turns.
        tx.query::<()>("select pg_advisory_xact_lock(7243, hashtext(current_schema()))", vec![]).await?;
    }
    tx.script(&format!(
        "create table if not exists {table} (name text not null primary key, digest text not null, applied_us bigint not null)"
    ))
    .await?;
    let applied: BTreeMap<String, String> =
        tx.query::<(String, String)>(&format!("select name, digest from {table}"), vec![]).await?.into_iter().collect();
    if let Some(unknown) = applied.keys().find(|name| !migrations.iter().any(|(known, _)| known == name)) {
        return Err(DbError::MigrationUnknown(unknown.clone()));
    }
    for (name, text) in migrations {
        let digest = hex::encode(Sha256::digest(text.as_bytes()));
        match applied.get(*name) {
            Some(found) if *found == digest => continue,
            Some(_) => return Err(DbError::MigrationChanged((*name).to_owned())),
            None => {}
        }
        tx.script(&text.replace("{{BLOB}}", tx.pick("blob", "bytea"))).await?;
        let record = format!("insert into {table} (name, digest, applied_us) values ($1, $2, $3)");
        tx.execute(&record, crate::params![*name, digest, now]).await?;
    }
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Scratch;

    const ONE: Migration = (
        "0001_one",
        "create table one (id text not null primary key, data {{BLOB}});\ncreate index one_data on one (data);",
    );
    const TWO: Migration = ("0002_two", "create table two (id text not null primary key);");
    const NOW: Timestamp = Timestamp::from_micros(1);

    async fn each(check: impl AsyncFn(Db)) {
        let folder = tempfile::tempdir().unwrap();
        check(Scratch::sqlite(folder.path()).await.unwrap()).await;
        if let Ok(url) = std::env::var("MAINSPRING_TEST_PG_URL") {
            let schema = format!("test_migrate_{}_{:x}", std::process::id(), rand::random::<u32>());
            let db = Scratch::postgres(&url, &schema).await.unwrap();
            check(db.clone()).await;
            db.close().await;
            Scratch::drop_schemas(&url, &[schema]).await.unwrap();
        }
    }

    #[tokio::test]
    async fn migrations_are_applied_once_and_in_order() {
        each(async |db| {
            apply(&db, "test_migrations", &[ONE], NOW).await.unwrap();
            apply(&db, "test_migrations", &[ONE, TWO], NOW).await.unwrap();
            apply(&db, "test_migrations", &[ONE, TWO], NOW).await.unwrap();
            let names: Vec<(String,)> =
                db.query("select name from test_migrations order by name", vec![]).await.unwrap();
            assert_eq!(names, [("0001_one".to_owned(),), ("0002_two".to_owned(),)]);
        })
        .await;
    }

    #[tokio::test]
    async fn a_changed_or_unknown_migration_is_refused() {
        each(async |db| {
            apply(&db, "test_migrations", &[ONE, TWO], NOW).await.unwrap();
            let changed = apply(&db, "test_migrations", &[("0001_one", "select 1;"), TWO], NOW).await;
            assert!(matches!(changed, Err(DbError::MigrationChanged(_))), "{changed:?}");
            let older = apply(&db, "test_migrations", &[ONE], NOW).await;
            assert!(matches!(older, Err(DbError::MigrationUnknown(_))), "{older:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn a_migration_that_fails_leaves_nothing() {
        each(async |db| {
            let broken =
                ("0002_broken", "create table half (id text not null primary key);\ncreate table half (id text);");
            apply(&db, "test_migrations", &[ONE, broken], NOW).await.unwrap_err();
            apply(&db, "test_migrations", &[ONE, TWO], NOW).await.unwrap();
            db.query::<()>("select 1 from half", vec![]).await.unwrap_err();
        })
        .await;
    }

    #[tokio::test]
    async fn two_processes_that_start_together_take_turns() {
        each(async |db| {
            let tasks: Vec<_> = (0..4)
                .map(|_| {
                    let db = db.clone();
                    tokio::spawn(async move { apply(&db, "test_migrations", &[ONE, TWO], NOW).await })
                })
                .collect();
            for task in tasks {
                task.await.unwrap().unwrap();
            }
        })
        .await;
    }
}
