//! The tables of erasures, and what an erasure does to those of others.

use super::model::{ErasedRecords, Erasure, ErasureReport, ErasureState, holds};
use super::others::{self, Shared};
use crate::bulk::{like, select_in};
use kernel::ids::{ErasureId, JobId, PersonId};
use kernel::page::{Page, PageRequest};
use kernel::scope::Scope;
use kernel::time::Timestamp;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Tx, Value, placeholders};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// What the job keeps while it runs; emptied when it is done.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Work {
    pub(super) members: Vec<u64>,
    /// Kind and value of every key.
    pub(super) identifiers: Vec<(String, String)>,
    /// Others, and when they were one with the members.
    pub(super) shared: Vec<Shared>,
    pub(super) records: ErasedRecords,
}

impl FromRow for Erasure {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let report: Option<ErasureReport> = match row.opt_text("report")? {
            Some(_) => Some(row.json("report")?),
            None => None,
        };
        Ok(Self {
            id: row.id("id")?,
            person: row.get("person")?,
            state: if row.text("state")? == "done" { ErasureState::Done } else { ErasureState::Running },
            keep_out: row.get("keep_out")?,
            requested_at: row.time("requested_us")?,
            requested_by: row.text("requested_by")?,
            job: row.opt_id("job_id")?,
            late_events: row.get("late_events")?,
            finished_at: row.opt_time("finished_us")?,
            report,
            sha256: row.opt_text("sha256")?,
        })
    }
}

const COLUMNS: &str = "id, person, state, keep_out, requested_us, requested_by, job_id, late_events, finished_us, report, \
    sha256";

pub(super) async fn insert(
    tx: &mut Tx,
    id: &ErasureId,
    person: PersonId,
    keep_out: bool,
    scope: &Scope,
    now: Timestamp,
) -> Result<(), DbError> {
    let work = serde_json::to_string(&Work::default()).unwrap_or_default();
    tx.execute(
        "insert into erasures (id, person, state, keep_out, requested_us, requested_by, work, plan, late_events) \
         values ($1, $2, $3, $4, $5, $6, $7, '', 0)",
        params![id.clone(), person, ErasureState::Running.as_str(), keep_out, now, scope.actor.label(), work],
    )
    .await
    .map(|_| ())
}

pub(super) async fn set_job(tx: &mut Tx, id: &ErasureId, job: &JobId) -> Result<(), DbError> {
    let sql = "update erasures set job_id = $1 where id = $2";
    tx.execute(sql, params![job.clone(), id.clone()]).await.map(|_| ())
}

/// The erasure of this person that is under way. It finds itself by the person it was asked for.
pub(super) async fn open_of(tx: &mut Tx, person: PersonId) -> Result<Option<ErasureId>, DbError> {
    let sql = "select id from erasures where person = $1 and state = 'running' order by requested_us desc limit 1";
    Ok(tx.query_optional::<(ErasureId,)>(sql, params![person]).await?.map(|row| row.0))
}

pub(super) async fn get(db: &Db, id: &ErasureId) -> Result<Option<Erasure>, DbError> {
    db.query_optional(&format!("select {COLUMNS} from erasures where id = $1"), params![id.clone()]).await
}

pub(super) async fn last_of(db: &Db, person: PersonId) -> Result<Option<Erasure>, DbError> {
    let sql = format!("select {COLUMNS} from erasures where person = $1 order by requested_us desc, id desc limit 1");
    if let Some(found) = db.query_optional(&sql, params![person]).await? {
        return Ok(Some(found));
    }
    let sql =
        format!("select {COLUMNS} from erasures where report like $1 order by requested_us desc, id desc limit 1");
    db.query_optional(&sql, params![format!("%\"{person}\"%")]).await
}

pub(super) async fn list(db: &Db, page: &PageRequest) -> Result<Page<Erasure>, DbError> {
    let rows = page.rows() as usize;
    let sql = format!("select {COLUMNS} from erasures where ($1 = '' or id < $1) order by id desc limit $2");
    let before = page.cursor.clone().unwrap_or_default();
    let mut items: Vec<Erasure> = db.query(&sql, params![before, i64::from(page.rows()) + 1]).await?;
    let more = items.len() > rows;
    items.truncate(rows);
    let next_cursor = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Page { items, next_cursor, total: None })
}

pub(super) async fn work(db: &Db, id: &ErasureId) -> Result<(Work, String), DbError> {
    struct Kept(Work, String);
    impl FromRow for Kept {
        fn from_row(row: &Row) -> Result<Self, DbError> {
            Ok(Kept(row.json("work")?, row.text("plan")?))
        }
    }
    let Kept(work, plan) = db.query_one("select work, plan from erasures where id = $1", params![id.clone()]).await?;
    Ok((work, plan))
}

pub(super) async fn set_work(tx: &mut Tx, id: &ErasureId, work: &Work) -> Result<(), DbError> {
    let text = serde_json::to_string(work).unwrap_or_default();
    tx.execute("update erasures set work = $1 where id = $2", params![text, id.clone()]).await.map(|_| ())
}

pub(super) async fn set_plan(db: &Db, id: &ErasureId, plan: &str) -> Result<(), DbError> {
    db.execute("update erasures set plan = $1 where id = $2", params![plan, id.clone()]).await.map(|_| ())
}

pub(super) async fn finish(
    tx: &mut Tx,
    id: &ErasureId,
    report: &str,
    sha256: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    let sql = "update erasures set state = 'done', work = '{}', plan = '', report = $1, sha256 = $2, finished_us = $3 \
        where id = $4";
    tx.execute(sql, params![report, sha256, now, id.clone()]).await.map(|_| ())
}

/// Counts that the records were emptied.
pub(super) async fn count_emptied(tx: &mut Tx, id: &ErasureId) -> Result<(), DbError> {
    tx.execute("update erasures set emptied = emptied + 1 where id = $1", params![id.clone()]).await.map(|_| ())
}

/// See [`super::version`].
pub(super) async fn version(db: &Db) -> Result<i64, DbError> {
    let sql = "select cast(count(*) + coalesce(sum(emptied), 0) as bigint) from erasures";
    Ok(db.query_one::<(i64,)>(sql, Vec::new()).await?.0)
}

/// Counts events that were refused because of an erasure.
pub(crate) async fn count_late(db: &Db, id: &str, events: u64) -> Result<(), DbError> {
    let sql = "update erasures set late_events = late_events + $1 where id = $2";
    db.execute(sql, params![events, id]).await.map(|_| ())
}

/// The canonical person and everybody merged into it; none when there is no such person.
pub(super) async fn members(tx: &mut Tx, person: PersonId) -> Result<Vec<u64>, DbError> {
    let sql = "select coalesce(m.canonical, p.person) from people p left join person_merges m on m.person = p.person \
        where p.person = $1 and p.state in ('live', 'merged')";
    let Some((canonical,)) = tx.query_optional::<(u64,)>(sql, params![person]).await? else { return Ok(Vec::new()) };
    let sql = "select person from person_merges where canonical = $1 order by person";
    let rest: Vec<(u64,)> = tx.query(sql, params![canonical]).await?;
    Ok([canonical].into_iter().chain(rest.into_iter().map(|row| row.0)).collect())
}

/// Kind and value of every key these people have or had.
pub(super) async fn identifiers(tx: &mut Tx, members: &[u64]) -> Result<Vec<(String, String)>, DbError> {
    select_in(tx, "select distinct kind, value from person_identifiers where person in ({in})", members).await
}

/// Runs a statement whose text holds `{in}` where the persons go.
async fn for_all(tx: &mut Tx, sql: &str, members: &[u64]) -> Result<u64, DbError> {
    let mut rows = 0;
    for chunk in members.chunks(500) {
        let values: Vec<Value> = chunk.iter().map(|member| Value::from(*member)).collect();
        rows += tx.execute(&sql.replace("{in}", &placeholders(1, chunk.len())), values).await?;
    }
    Ok(rows)
}

/// Empties the profiles of the members and removes everything that hangs on them. `changes` is the number of this write.
pub(super) async fn erase_records(tx: &mut Tx, work: &mut Work, changes: i64) -> Result<(), DbError> {
    let Work { members, shared, records, .. } = work;
    let members = members.as_slice();
    records.versions += others::forget(tx, shared).await?;
    let empty = "update people set state = 'erased', own_created_us = 0, own_first_seen_us = 0, own_last_seen_us = 0, \
        own_lead_us = null, traits = '{}', created_us = 0, first_seen_us = 0, last_seen_us = 0, lead_us = null, \
        origin = '', company = null, email = '', phone = '', name = '', first_name = '', last_name = '', title = '', \
        country = '', city = '', sort_name = '', search = '', known_us = null, known_by_event = false where state <> 'erased' and person in ({in})";
    records.profiles += for_all(tx, empty, members).await?;
    for chunk in members.chunks(500) {
        let mut values = params![changes];
        values.extend(chunk.iter().map(|member| Value::from(*member)));
        let sql = format!("update people set changed = $1 where person in ({})", placeholders(2, chunk.len()));
        tx.execute(&sql, values).await?;
    }
    for sql in [
        "delete from person_identifiers where person in ({in})",
        "delete from person_refusals where person in ({in})",
        "delete from person_refusals where owner in ({in})",
    ] {
        records.identifiers += for_all(tx, sql, members).await?;
    }
    for sql in [
        "delete from person_merge_edges where person in ({in})",
        "delete from person_merge_edges where other in ({in})",
    ] {
        records.merges += for_all(tx, sql, members).await?;
    }
    for_all(tx, "delete from person_merges where person in ({in})", members).await?;
    for_all(tx, "delete from person_merges where canonical in ({in})", members).await?;
    records.memberships += for_all(tx, "delete from company_members where person in ({in})", members).await?;
    let roles = for_all(tx, "delete from deal_people where person in ({in})", members).await?;
    records.deal_roles += roles;
    for sql in ["delete from person_was where person in ({in})", "delete from deal_people_was where person in ({in})"] {
        records.versions += for_all(tx, sql, members).await?;
    }
    if roles > 0 {
        tx.execute("update deal_state set changes = changes + 1 where only_row = 1", Vec::new()).await?;
    }
    let told = "update identity_state set merges = merges + 1, unlinks = unlinks + 1 where only_row = 1";
    tx.execute(told, Vec::new()).await.map(|_| ())
}

/// Rows that still speak of these people, and versions of others from when they were one with them.
pub(super) async fn records_left(tx: &mut Tx, members: &[u64], shared: &[Shared]) -> Result<u64, DbError> {
    let mut left = others::left(tx, shared).await?;
    for sql in [
        "select count(*) from people where state <> 'erased' and person in ({in})",
        "select count(*) from person_identifiers where person in ({in})",
        "select count(*) from person_refusals where person in ({in})",
        "select count(*) from person_merge_edges where person in ({in})",
        "select count(*) from person_merges where person in ({in})",
        "select count(*) from company_members where person in ({in})",
        "select count(*) from deal_people where person in ({in})",
        "select count(*) from person_was where person in ({in})",
        "select count(*) from deal_people_was where person in ({in})",
    ] {
        for chunk in members.chunks(500) {
            let values: Vec<Value> = chunk.iter().map(|member| Value::from(*member)).collect();
            let (count,): (i64,) = tx.query_one(&sql.replace("{in}", &placeholders(1, chunk.len())), values).await?;
            left += count.cast_unsigned();
        }
    }
    Ok(left)
}

/// Empties the rows of reports of imports that hold one of these texts (in lower case).
pub(super) async fn erase_import_rows(tx: &mut Tx, texts: &[String]) -> Result<u64, DbError> {
    let mut emptied = 0;
    for text in texts {
        let pattern = format!("%{}%", like(text));
        let sql = "select import_id, phase, line, report from import_rows where lower(report) like $1 escape '\\'";
        let found: Vec<(String, String, i64, String)> = tx.query(sql, params![pattern]).await?;
        for (import, phase, line, report) in found.into_iter().filter(|row| holds(&row.3.to_lowercase(), text)) {
            let report: Json = serde_json::from_str(&report).unwrap_or_default();
            let problem = json!({ "code": "erased", "message": "The person of this row was erased." });
            let kept = json!({ "line": line, "outcome": report["outcome"], "problem": problem });
            let sql = "update import_rows set report = $1 where import_id = $2 and phase = $3 and line = $4";
            emptied += tx.execute(sql, params![kept.to_string(), import, phase, line]).await?;
        }
    }
    Ok(emptied)
}

/// Drops the images of changes that hold one of these texts (in lower case): those changes cannot be taken back any more.
pub(super) async fn erase_import_images(tx: &mut Tx, texts: &[String]) -> Result<u64, DbError> {
    let mut dropped = 0;
    for text in texts {
        let pattern = format!("%{}%", like(text));
        let sql = "select import_id, batch_line, changes from import_changes where lower(changes) like $1 escape '\\'";
        let found: Vec<(String, i64, String)> = tx.query(sql, params![pattern]).await?;
        for (import, line, changes) in found {
            let mut changes: Vec<Json> = serde_json::from_str(&changes).unwrap_or_default();
            let before = changes.len();
            changes.retain(|change| !holds(&change.to_string().to_lowercase(), text));
            dropped += (before - changes.len()) as u64;
            let text = serde_json::to_string(&changes).unwrap_or_default();
            let sql = "update import_changes set changes = $1 where import_id = $2 and batch_line = $3";
            tx.execute(sql, params![text, import, line]).await?;
        }
    }
    Ok(dropped)
}

/// Empties the samples of columns that hold one of these texts, in the forms of imports.
pub(super) async fn erase_import_samples(tx: &mut Tx, texts: &[String]) -> Result<(), DbError> {
    for text in texts {
        let pattern = format!("%{}%", like(text));
        let sql = "select id, form from imports where lower(form) like $1 escape '\\'";
        let found: Vec<(String, String)> = tx.query(sql, params![pattern]).await?;
        for (id, form) in found {
            let mut form: Json = serde_json::from_str(&form).unwrap_or_default();
            for column in form["columns"].as_array_mut().into_iter().flatten() {
                if let Some(samples) = column["samples"].as_array_mut() {
                    samples.retain(|sample| !holds(&sample.to_string().to_lowercase(), text));
                }
            }
            tx.execute("update imports set form = $1 where id = $2", params![form.to_string(), id]).await?;
        }
    }
    Ok(())
}
