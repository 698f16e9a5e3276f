//! The lake's catalog, kept in the workspace's database.
//!
//! **Invariant:** a switch is one transaction, so a backup of the database names exactly the files that belong to it.

use async_trait::async_trait;
use lake::{Catalog, CatalogError, CatalogState, FileEntry, GoneEntry, Rederived, RunEntry, Switch};
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Tx, Value};

/// The catalog in a database.
#[derive(Debug, Clone)]
pub(super) struct DbCatalog(pub(super) Db);

struct State {
    sealed_offset: u64,
    sealed_at: i64,
    next_id: u64,
    buckets: u16,
}

/// Counts and offsets are below 2^63; the database has signed integers only.
fn unsigned(row: &Row, column: &str) -> Result<u64, DbError> {
    Ok(row.int(column)?.cast_unsigned())
}

fn small<T: TryFrom<i64> + Default>(row: &Row, column: &str) -> Result<T, DbError> {
    Ok(T::try_from(row.int(column)?).unwrap_or_default())
}

impl FromRow for State {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            sealed_offset: unsigned(row, "sealed_offset")?,
            sealed_at: row.int("sealed_at_us")?,
            next_id: unsigned(row, "next_id")?,
            buckets: small(row, "buckets")?,
        })
    }
}

struct File(FileEntry);

impl FromRow for File {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self(FileEntry {
            id: unsigned(row, "id")?,
            path: row.text("path")?,
            bucket: small(row, "bucket")?,
            month: small(row, "month")?,
            rows: unsigned(row, "row_count")?,
            bytes: unsigned(row, "byte_count")?,
            at_min: row.int("at_min_us")?,
            at_max: row.int("at_max_us")?,
            offset_min: unsigned(row, "offset_min")?,
            offset_max: unsigned(row, "offset_max")?,
        }))
    }
}

struct Run(RunEntry);

impl FromRow for Run {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self(RunEntry {
            id: unsigned(row, "id")?,
            path: row.text("path")?,
            entries: unsigned(row, "entry_count")?,
            bytes: unsigned(row, "byte_count")?,
        }))
    }
}

struct Gone(GoneEntry);

impl FromRow for Gone {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self(GoneEntry { id: unsigned(row, "id")?, path: row.text("path")? }))
    }
}

struct Again(Rederived);

impl FromRow for Again {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self(Rederived { id: unsigned(row, "id")?, at: row.int("at_us")? }))
    }
}

/// Makes files that lie in the folder of a workspace the events of it; it must have none. For lakes that were made in
/// another way than by ingest.
///
/// # Errors
/// [`CatalogError`] when the database does not take them.
pub async fn adopt(db: &Db, state: &CatalogState) -> Result<(), CatalogError> {
    let switch = Switch {
        add_files: state.files.clone(),
        add_runs: state.runs.clone(),
        sealed: Some((state.sealed_offset, state.sealed_at)),
        next_id: state.next_id,
        buckets: state.buckets,
        ..Switch::default()
    };
    DbCatalog(db.clone()).switch(&switch).await
}

const FILE_COLUMNS: &[&str] =
    &["id", "path", "bucket", "month", "row_count", "byte_count", "at_min_us", "at_max_us", "offset_min", "offset_max"];

fn file_row(file: &FileEntry) -> Vec<Value> {
    params![
        file.id.cast_signed(),
        file.path.clone(),
        i64::from(file.bucket),
        i64::from(file.month),
        file.rows.cast_signed(),
        file.bytes.cast_signed(),
        file.at_min,
        file.at_max,
        file.offset_min.cast_signed(),
        file.offset_max.cast_signed()
    ]
}

/// Ids that one statement names: a switch of many files must not hold the database for long.
const IDS_AT_ONCE: usize = 500;

fn listed(ids: &[u64]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| id.cast_signed().to_string()).collect();
    ids.join(", ")
}

async fn write(tx: &mut Tx, switch: &Switch) -> Result<(), DbError> {
    for ids in switch.forget.chunks(IDS_AT_ONCE) {
        tx.execute(&format!("delete from lake_gone where id in ({})", listed(ids)), params![]).await?;
    }
    for (table, ids) in [("lake_files", &switch.remove_files), ("lake_runs", &switch.remove_runs)] {
        for ids in ids.chunks(IDS_AT_ONCE).map(listed) {
            let gone = format!("insert into lake_gone (id, path) select id, path from {table} where id in ({ids})");
            tx.execute(&gone, params![]).await?;
            tx.execute(&format!("delete from {table} where id in ({ids})"), params![]).await?;
        }
    }
    tx.insert_many("lake_files", FILE_COLUMNS, switch.add_files.iter().map(file_row).collect(), "").await?;
    let runs = switch
        .add_runs
        .iter()
        .map(|run| params![run.id.cast_signed(), run.path.clone(), run.entries.cast_signed(), run.bytes.cast_signed()]);
    tx.insert_many("lake_runs", &["id", "path", "entry_count", "byte_count"], runs.collect(), "").await?;
    if let Some(again) = switch.rederived {
        let sql = "insert into lake_rederived (id, at_us) values ($1, $2)";
        tx.execute(sql, params![again.id.cast_signed(), again.at]).await?;
    }
    let next_id = switch.next_id.cast_signed();
    tx.execute(
        "insert into lake_state (id, sealed_offset, sealed_at_us, next_id, buckets) values (1, 0, 0, $1, $2)
         on conflict (id) do update set next_id = excluded.next_id,
             buckets = case when excluded.buckets = 0 then lake_state.buckets else excluded.buckets end",
        params![next_id, i64::from(switch.buckets)],
    )
    .await?;
    if let Some((offset, at)) = switch.sealed {
        tx.execute(
            "update lake_state set sealed_offset = $1, sealed_at_us = $2 where id = 1",
            params![offset.cast_signed(), at],
        )
        .await?;
    }
    Ok(())
}

impl DbCatalog {
    async fn read(&self) -> Result<CatalogState, DbError> {
        // One transaction, so that state and files are of one moment.
        let mut tx = self.0.begin().await?;
        let state: Option<State> = tx
            .query_optional(
                "select sealed_offset, sealed_at_us, next_id, buckets from lake_state where id = 1",
                params![],
            )
            .await?;
        let files: Vec<File> = tx
            .query(
                "select id, path, bucket, month, row_count, byte_count, at_min_us, at_max_us, offset_min, offset_max
                 from lake_files order by id",
                params![],
            )
            .await?;
        let runs: Vec<Run> =
            tx.query("select id, path, entry_count, byte_count from lake_runs order by id", params![]).await?;
        let gone: Vec<Gone> = tx.query("select id, path from lake_gone order by id", params![]).await?;
        let again: Vec<Again> = tx.query("select id, at_us from lake_rederived order by id", params![]).await?;
        tx.rollback().await?;
        let state = state.unwrap_or(State { sealed_offset: 0, sealed_at: 0, next_id: 0, buckets: 0 });
        Ok(CatalogState {
            sealed_offset: state.sealed_offset,
            sealed_at: state.sealed_at,
            next_id: state.next_id,
            buckets: state.buckets,
            files: files.into_iter().map(|file| file.0).collect(),
            runs: runs.into_iter().map(|run| run.0).collect(),
            gone: gone.into_iter().map(|gone| gone.0).collect(),
            rederived: again.into_iter().map(|again| again.0).collect(),
        })
    }

    async fn change(&self, switch: &Switch) -> Result<(), DbError> {
        let mut tx = self.0.begin().await?;
        write(&mut tx, switch).await?;
        tx.commit().await
    }
}

#[async_trait]
impl Catalog for DbCatalog {
    async fn load(&self) -> Result<CatalogState, CatalogError> {
        self.read().await.map_err(|error| CatalogError(error.to_string()))
    }

    async fn switch(&self, switch: &Switch) -> Result<(), CatalogError> {
        self.change(switch).await.map_err(|error| CatalogError(error.to_string()))
    }
}
