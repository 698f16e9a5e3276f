//! The tables of imports.

use super::model::{Counts, ImportState, Phase, RowReport, SheetForm, UndoReport};
use crate::importers::Mapping;
use crate::importers::{Change, Outcome};
use kernel::ids::{ImportId, JobId};
use kernel::page::PageRequest;
use kernel::time::Timestamp;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Tx};
use std::collections::HashSet;

/// A row of `imports`.
#[derive(Debug, Clone)]
pub(super) struct ImportRow {
    pub(super) id: ImportId,
    pub(super) created_at: Timestamp,
    pub(super) created_by: String,
    pub(super) filename: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) state: ImportState,
    pub(super) form: SheetForm,
    pub(super) mapping: Mapping,
    pub(super) rows_total: Option<u64>,
    pub(super) checked: Option<Counts>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) applied: Counts,
    pub(super) applied_line: u64,
    pub(super) undo: UndoReport,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) job: Option<JobId>,
    pub(super) error: Option<String>,
}

impl FromRow for ImportRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let state = ImportState::parse(&row.text("state")?).ok_or_else(|| DbError::Column {
            column: "state".to_owned(),
            reason: "is not a state of an import".to_owned(),
        })?;
        let checked = match row.opt_text("checked")? {
            Some(_) => Some(row.json("checked")?),
            None => None,
        };
        Ok(Self {
            id: row.id("id")?,
            created_at: row.time("created_us")?,
            created_by: row.text("created_by")?,
            filename: row.text("filename")?,
            bytes: row.get("bytes")?,
            sha256: row.text("sha256")?,
            state,
            form: row.json("form")?,
            mapping: row.json("mapping")?,
            rows_total: row.get("rows_total")?,
            checked,
            started_at: row.opt_time("started_us")?,
            applied: row.json("applied")?,
            applied_line: row.get("applied_line")?,
            undo: UndoReport { reverted: row.get("reverted")?, refused: row.get("refused")? },
            finished_at: row.opt_time("finished_us")?,
            job: row.opt_id("job_id")?,
            error: row.opt_text("error")?,
        })
    }
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) async fn insert(tx: &mut Tx, row: &ImportRow) -> Result<(), DbError> {
    tx.execute(
        "insert into imports (id, created_us, created_by, filename, bytes, sha256, state, kind, form, mapping, applied, \
         applied_line, reverted, refused) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0)",
        params![
            row.id.clone(),
            row.created_at,
            &row.created_by,
            &row.filename,
            row.bytes,
            &row.sha256,
            row.state.as_str(),
            &row.mapping.kind,
            json(&row.form),
            json(&row.mapping),
            json(&row.applied),
        ],
    )
    .await
    .map(|_| ())
}

pub(super) async fn get(db: &Db, id: &ImportId) -> Result<Option<ImportRow>, DbError> {
    db.query_optional("select * from imports where id = $1", params![id.clone()]).await
}

pub(super) async fn get_in(tx: &mut Tx, id: &ImportId) -> Result<Option<ImportRow>, DbError> {
    tx.query_optional("select * from imports where id = $1", params![id.clone()]).await
}

/// The newest first; ids are ordered by time.
pub(super) async fn list(db: &Db, page: &PageRequest) -> Result<Vec<ImportRow>, DbError> {
    let rows = i64::from(page.rows()) + 1;
    match &page.cursor {
        None => db.query("select * from imports order by id desc limit $1", params![rows]).await,
        Some(cursor) => {
            let sql = "select * from imports where id < $1 order by id desc limit $2";
            db.query(sql, params![cursor, rows]).await
        }
    }
}

/// An import that applied a file of the same content.
pub(super) async fn same_as(db: &Db, row: &ImportRow) -> Result<Option<ImportId>, DbError> {
    let sql = "select id from imports where sha256 = $1 and id < $2 and state in ('applying', 'applied') \
               order by id desc limit 1";
    let found: Option<(ImportId,)> = db.query_optional(sql, params![&row.sha256, row.id.clone()]).await?;
    Ok(found.map(|(id,)| id))
}

/// Moves an import from one of some states to another; false when it is in none of them.
pub(super) async fn transition(
    tx: &mut Tx,
    id: &ImportId,
    from: &[ImportState],
    to: ImportState,
) -> Result<bool, DbError> {
    let sql = format!("update imports set state = $1, error = null where id = $2 and state in ({})", names(from));
    Ok(tx.execute(&sql, params![to.as_str(), id.clone()]).await? == 1)
}

pub(super) async fn set_job(tx: &mut Tx, id: &ImportId, job: &JobId) -> Result<(), DbError> {
    tx.execute("update imports set job_id = $1 where id = $2", params![job.clone(), id.clone()]).await.map(|_| ())
}

/// The states in which a mapping may be changed, as long as no row was written.
pub(super) const OPEN: [ImportState; 4] =
    [ImportState::Uploaded, ImportState::Mapped, ImportState::Checked, ImportState::Failed];

fn names(states: &[ImportState]) -> String {
    states.iter().map(|state| format!("'{}'", state.as_str())).collect::<Vec<_>>().join(", ")
}

/// Sets a mapping; false when a run was started since the row was read.
pub(super) async fn set_mapping(tx: &mut Tx, row: &ImportRow) -> Result<bool, DbError> {
    let sql = format!(
        "update imports set mapping = $1, kind = $2, form = $3, state = $4, checked = null, rows_total = null, \
         error = null where id = $5 and applied_line = 0 and state in ({})",
        names(&OPEN)
    );
    let values = params![json(&row.mapping), &row.mapping.kind, json(&row.form), row.state.as_str(), row.id.clone()];
    if tx.execute(&sql, values).await? != 1 {
        return Ok(false);
    }
    forget_rows(tx, &row.id, Phase::Check).await.map(|()| true)
}

pub(super) async fn forget_rows(tx: &mut Tx, id: &ImportId, phase: Phase) -> Result<(), DbError> {
    let sql = "delete from import_rows where import_id = $1 and phase = $2";
    tx.execute(sql, params![id.clone(), phase.as_str()]).await.map(|_| ())
}

pub(super) async fn set_checked(tx: &mut Tx, id: &ImportId, counts: &Counts) -> Result<(), DbError> {
    let sql = "update imports set checked = $1, rows_total = $2 where id = $3";
    tx.execute(sql, params![json(counts), counts.total(), id.clone()]).await.map(|_| ())
}

/// Remembers the moment of the import, once: rows state their values as of it, also after a restart.
pub(super) async fn set_started(tx: &mut Tx, id: &ImportId, now: Timestamp) -> Result<(), DbError> {
    let sql = "update imports set started_us = $1 where id = $2 and started_us is null";
    tx.execute(sql, params![now, id.clone()]).await.map(|_| ())
}

/// How far an import is; committed with what it wrote.
pub(super) async fn set_applied(tx: &mut Tx, id: &ImportId, counts: &Counts, line: u64) -> Result<(), DbError> {
    let sql = "update imports set applied = $1, applied_line = $2 where id = $3";
    tx.execute(sql, params![json(counts), line, id.clone()]).await.map(|_| ())
}

/// The imports that began after this one; none for one that has not begun. Ids tell when files came, not which was last.
///
/// # Errors
/// [`DbError`].
pub async fn begun_after(tx: &mut Tx, import: &ImportId) -> Result<HashSet<String>, DbError> {
    let sql = "select later.id from imports later join imports own on own.id = $1 where \
               later.started_us > own.started_us or (later.started_us = own.started_us and later.id > own.id)";
    let found: Vec<(String,)> = tx.query(sql, params![import.clone()]).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

pub(super) async fn set_undone(tx: &mut Tx, id: &ImportId, report: &UndoReport) -> Result<(), DbError> {
    let sql = "update imports set reverted = $1, refused = $2 where id = $3";
    tx.execute(sql, params![report.reverted, report.refused, id.clone()]).await.map(|_| ())
}

pub(super) async fn finish(
    tx: &mut Tx,
    id: &ImportId,
    state: ImportState,
    now: Timestamp,
    error: Option<&str>,
) -> Result<(), DbError> {
    let sql = "update imports set state = $1, finished_us = $2, error = $3 where id = $4";
    tx.execute(sql, params![state.as_str(), now, error, id.clone()]).await.map(|_| ())
}

pub(super) async fn insert_rows(tx: &mut Tx, id: &ImportId, phase: Phase, rows: &[RowReport]) -> Result<(), DbError> {
    let values = rows.iter().map(|row| params![id.clone(), phase.as_str(), row.line, row.outcome.as_str(), json(row)]);
    let columns = ["import_id", "phase", "line", "outcome", "report"];
    tx.insert_many("import_rows", &columns, values.collect(), "on conflict (import_id, phase, line) do nothing")
        .await
        .map(|_| ())
}

/// Rows of a report after a line, of one outcome when that is given.
pub(super) async fn rows_after(
    db: &Db,
    id: &ImportId,
    phase: Phase,
    outcome: Option<Outcome>,
    after_line: u64,
    rows: u32,
) -> Result<Vec<RowReport>, DbError> {
    struct Report(RowReport);
    impl FromRow for Report {
        fn from_row(row: &Row) -> Result<Self, DbError> {
            row.json("report").map(Report)
        }
    }
    let mut values = params![id.clone(), phase.as_str(), after_line, rows];
    let narrowed = if let Some(outcome) = outcome {
        values.extend(params![outcome.as_str()]);
        " and outcome = $5"
    } else {
        ""
    };
    let sql = format!(
        "select report from import_rows where import_id = $1 and phase = $2 and line > $3{narrowed} order by line limit $4"
    );
    let found: Vec<Report> = db.query(&sql, values).await?;
    Ok(found.into_iter().map(|Report(report)| report).collect())
}

pub(super) async fn insert_changes(tx: &mut Tx, id: &ImportId, line: u64, changes: &[Change]) -> Result<(), DbError> {
    if changes.is_empty() {
        return Ok(());
    }
    let sql = "insert into import_changes (import_id, batch_line, changes) values ($1, $2, $3)";
    tx.execute(sql, params![id.clone(), line, json(&changes)]).await.map(|_| ())
}

/// The last batch that is not taken back yet.
pub(super) async fn last_changes(tx: &mut Tx, id: &ImportId) -> Result<Option<(u64, Vec<Change>)>, DbError> {
    struct Batch(u64, Vec<Change>);
    impl FromRow for Batch {
        fn from_row(row: &Row) -> Result<Self, DbError> {
            Ok(Batch(row.get("batch_line")?, row.json("changes")?))
        }
    }
    let sql = "select batch_line, changes from import_changes where import_id = $1 order by batch_line desc limit 1";
    let found: Option<Batch> = tx.query_optional(sql, params![id.clone()]).await?;
    Ok(found.map(|Batch(line, changes)| (line, changes)))
}

pub(super) async fn forget_changes(tx: &mut Tx, id: &ImportId, line: u64) -> Result<(), DbError> {
    let sql = "delete from import_changes where import_id = $1 and batch_line = $2";
    tx.execute(sql, params![id.clone(), line]).await.map(|_| ())
}
