//! One database: queries, statements and write transactions.

use super::error::DbError;
use super::row::{FromRow, Row};
use super::value::Value;
use futures::TryStreamExt;
use sqlx::postgres::{PgArguments, PgConnection, PgPool, Postgres};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqlitePool};
use sqlx::{AssertSqlSafe, Executor, Transaction};
use std::sync::Arc;

/// One database: an SQLite file, or a schema of Postgres. Cheap to clone.
#[derive(Clone)]
pub struct Db(pub(super) Arc<Pools>);

pub(super) enum Pools {
    /// One connection writes, several read what is committed.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_postgres() { "Db(Postgres)" } else { "Db(SQLite)" })
    }
}

/// The statements of this module are written in stores, never put together from what a user typed; what a user typed is
/// a parameter.
fn sqlite<'q>(sql: &str, params: Vec<Value>) -> Query<'q, Sqlite, SqliteArguments> {
    params.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, value| match value {
        Value::Text(value) => query.bind(value),
        Value::Int(value) => query.bind(value),
        Value::Bool(value) => query.bind(value),
        Value::Float(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    })
}

fn postgres<'q>(sql: &str, params: Vec<Value>) -> Query<'q, Postgres, PgArguments> {
    params.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, value| match value {
        Value::Text(value) => query.bind(value),
        Value::Int(value) => query.bind(value),
        Value::Bool(value) => query.bind(value),
        Value::Float(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    })
}

async fn sqlite_rows<'c, T, E>(on: E, sql: &str, params: Vec<Value>) -> Result<Vec<T>, DbError>
where
    T: FromRow,
    E: Executor<'c, Database = Sqlite> + 'c,
{
    let mut rows = sqlite(sql, params).fetch(on);
    let mut all = Vec::new();
    while let Some(row) = rows.try_next().await? {
        all.push(T::from_row(&Row::from(row))?);
    }
    Ok(all)
}

async fn postgres_rows<'c, T, E>(on: E, sql: &str, params: Vec<Value>) -> Result<Vec<T>, DbError>
where
    T: FromRow,
    E: Executor<'c, Database = Postgres> + 'c,
{
    let mut rows = postgres(sql, params).fetch(on);
    let mut all = Vec::new();
    while let Some(row) = rows.try_next().await? {
        all.push(T::from_row(&Row::from(row))?);
    }
    Ok(all)
}

fn only<T>(rows: Vec<T>) -> Result<T, DbError> {
    rows.into_iter().next().ok_or(DbError::NoRow)
}

impl Db {
    /// Whether this is Postgres.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(*self.0, Pools::Postgres(_))
    }

    /// The text for the database at hand, for the few statements that must differ.
    #[must_use]
    pub fn pick<'a>(&self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        if self.is_postgres() { postgres } else { sqlite }
    }

    /// All rows of a query, as of the last commit.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn query<T: FromRow>(&self, sql: &str, params: Vec<Value>) -> Result<Vec<T>, DbError> {
        match &*self.0 {
            Pools::Sqlite { read, .. } => sqlite_rows(read, sql, params).await,
            Pools::Postgres(pool) => postgres_rows(pool, sql, params).await,
        }
    }

    /// The first row of a query.
    ///
    /// # Errors
    /// [`DbError::NoRow`] when there is none.
    pub async fn query_one<T: FromRow>(&self, sql: &str, params: Vec<Value>) -> Result<T, DbError> {
        only(self.query(sql, params).await?)
    }

    /// The first row of a query, if any.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn query_optional<T: FromRow>(&self, sql: &str, params: Vec<Value>) -> Result<Option<T>, DbError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Runs one statement in a transaction of its own; returns how many rows it touched.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn execute(&self, sql: &str, params: Vec<Value>) -> Result<u64, DbError> {
        match &*self.0 {
            Pools::Sqlite { write, .. } => Ok(sqlite(sql, params).execute(write).await?.rows_affected()),
            Pools::Postgres(pool) => Ok(postgres(sql, params).execute(pool).await?.rows_affected()),
        }
    }

    /// Begins a write transaction; dropped, it is rolled back. On SQLite it is the only one until it ends, so whoever holds
    /// it must not call [`Db::execute`] or begin another.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn begin(&self) -> Result<Tx, DbError> {
        match &*self.0 {
            Pools::Sqlite { write, .. } => Ok(Tx::new(Inner::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?))),
            Pools::Postgres(pool) => Ok(Tx::new(Inner::Postgres(pool.begin().await?))),
        }
    }

    /// Gives back space that was freed, a bounded part of it at a time, and refreshes what the planner knows. Postgres does
    /// both by itself.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn upkeep(&self) -> Result<(), DbError> {
        if let Pools::Sqlite { write, .. } = &*self.0 {
            for pragma in ["pragma incremental_vacuum(4000)", "pragma optimize"] {
                sqlite(pragma, vec![]).execute(write).await?;
            }
        }
        Ok(())
    }

    /// Takes what was deleted out of the files as far as that can be done at once: SQLite overwrites deleted rows, and its
    /// write-ahead log is emptied here unless somebody still reads. Postgres does it with its next vacuum.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn scrub(&self) -> Result<(), DbError> {
        if let Pools::Sqlite { write, .. } = &*self.0 {
            sqlite("pragma wal_checkpoint(truncate)", vec![]).execute(write).await?;
        }
        Ok(())
    }

    /// Waits for what runs, then closes every connection.
    pub(super) async fn close(&self) {
        match &*self.0 {
            Pools::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// A write transaction. Nothing is kept unless [`Tx::commit`] returns.
pub struct Tx {
    inner: Inner,
    after_commit: Vec<Box<dyn FnOnce() + Send>>,
}

enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Parameters of one statement on SQLite, below its limit of 32 766.
const SQLITE_PARAMETERS: usize = 8_000;
/// Rows of one statement on Postgres, where a column is one array.
const POSTGRES_ROWS: usize = 10_000;

impl Tx {
    fn new(inner: Inner) -> Self {
        Self { inner, after_commit: Vec::new() }
    }

    /// Runs `effect` once the transaction is kept: to wake who waits for what it wrote. Never when it is rolled back.
    pub fn after_commit(&mut self, effect: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(effect));
    }

    /// Whether this is Postgres.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(self.inner, Inner::Postgres(_))
    }

    /// The text for the database at hand, for the few statements that must differ.
    #[must_use]
    pub fn pick<'a>(&self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        if self.is_postgres() { postgres } else { sqlite }
    }

    /// All rows of a query, this transaction's own changes included.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn query<T: FromRow>(&mut self, sql: &str, params: Vec<Value>) -> Result<Vec<T>, DbError> {
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlite_rows::<T, &mut SqliteConnection>(&mut *tx, sql, params).await,
            Inner::Postgres(tx) => postgres_rows::<T, &mut PgConnection>(&mut *tx, sql, params).await,
        }
    }

    /// The first row of a query.
    ///
    /// # Errors
    /// [`DbError::NoRow`] when there is none.
    pub async fn query_one<T: FromRow>(&mut self, sql: &str, params: Vec<Value>) -> Result<T, DbError> {
        only(self.query(sql, params).await?)
    }

    /// The first row of a query, if any.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn query_optional<T: FromRow>(&mut self, sql: &str, params: Vec<Value>) -> Result<Option<T>, DbError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Runs one statement; returns how many rows it touched.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<u64, DbError> {
        match &mut self.inner {
            Inner::Sqlite(tx) => Ok(sqlite(sql, params).execute(&mut **tx).await?.rows_affected()),
            Inner::Postgres(tx) => Ok(postgres(sql, params).execute(&mut **tx).await?.rows_affected()),
        }
    }

    /// Runs statements that take no parameters, separated by `;`.
    pub(super) async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **tx).await.map(|_| ())?,
            Inner::Postgres(tx) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **tx).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Keeps what the transaction did.
    ///
    /// # Errors
    /// [`DbError`]; then nothing is kept.
    pub async fn commit(self) -> Result<(), DbError> {
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await?,
            Inner::Postgres(tx) => tx.commit().await?,
        }
        self.after_commit.into_iter().for_each(|effect| effect());
        Ok(())
    }

    /// Gives up what the transaction did, now rather than when it is dropped.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn rollback(self) -> Result<(), DbError> {
        match self.inner {
            Inner::Sqlite(tx) => tx.rollback().await?,
            Inner::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }

    /// Inserts many rows, in as few statements as the database's limits allow. `suffix` ends each statement, for example
    /// `on conflict (id) do nothing`; two rows of one call must not meet in one `do update`. Returns how many rows were
    /// touched.
    ///
    /// # Errors
    /// [`DbError::Shape`] when the rows differ in number or types of values.
    pub async fn insert_many(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: Vec<Vec<Value>>,
        suffix: &str,
    ) -> Result<u64, DbError> {
        if let Some(row) = rows.iter().find(|row| row.len() != columns.len()) {
            let reason = format!("{} values for {} columns", row.len(), columns.len());
            return Err(DbError::Shape { table: table.to_owned(), reason });
        }
        match &mut self.inner {
            Inner::Sqlite(tx) => super::bulk::sqlite(tx, table, columns, rows, suffix, SQLITE_PARAMETERS).await,
            Inner::Postgres(tx) => super::bulk::postgres(tx, table, columns, rows, suffix, POSTGRES_ROWS).await,
        }
    }
}
