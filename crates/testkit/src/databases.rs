//! A database of each backend, with the tables of control and of a workspace.

use crate::postgres::{self, DropSchemas};
use platform::sql::{Db, Scratch};
use std::ops::Deref;

/// A database for one test.
#[derive(Debug)]
pub struct TestDb {
    db: Db,
    _folder: Option<tempfile::TempDir>,
    _schemas: Option<DropSchemas>,
}

impl TestDb {
    /// The database, to hand on by value.
    #[must_use]
    pub fn db(&self) -> Db {
        self.db.clone()
    }
}

impl Deref for TestDb {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.db
    }
}

/// A fresh database of each backend.
///
/// # Panics
/// When one cannot be made.
pub async fn databases() -> Vec<TestDb> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let db = Scratch::sqlite(folder.path()).await.expect("an SQLite database");
    let mut all = vec![TestDb { db, _folder: Some(folder), _schemas: None }];
    if let Some(url) = postgres::url() {
        let schema = postgres::unique("test");
        let db = Scratch::postgres(&url, &schema).await.expect("a Postgres schema");
        all.push(TestDb { db, _folder: None, _schemas: Some(DropSchemas { url, schemas: vec![schema] }) });
    }
    all
}
