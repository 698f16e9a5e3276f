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
