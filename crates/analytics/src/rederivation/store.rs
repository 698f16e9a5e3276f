//! All SQL of the versions.

use super::model::{RuleVersion, RulesApplied};
use crate::channel_rules::{RuleBook, RuleSet};
use crate::channels::RULES_VERSION;
use kernel::ids::JobId;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Tx};

const COLUMNS: &str = "version, rules, note, saved_by, saved_us, job_id, applied";

fn number(row: &Row) -> Result<u32, DbError> {
    let failed =
        |error: std::num::TryFromIntError| DbError::Column { column: "version".to_owned(), reason: error.to_string() };
    u32::try_from(row.int("version")?).map_err(failed)
}

impl FromRow for RuleVersion {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let applied: Option<RulesApplied> = match row.opt_text("applied")? {
            Some(_) => Some(row.json("applied")?),
            None => None,
        };
        Ok(Self {
            version: number(row)?,
            rules: row.json("rules")?,
            note: row.text("note")?,
            saved_by: Some(row.text("saved_by")?),
            saved_at: Some(row.time("saved_us")?),
            changes: Vec::new(),
            job: row.opt_id("job_id")?,
            applied,
        })
    }
}

fn text<T: serde::Serialize>(value: &T) -> Result<String, DbError> {
    let failed = |error: serde_json::Error| DbError::Column { column: "rules".to_owned(), reason: error.to_string() };
    serde_json::to_string(value).map_err(failed)
}

/// The newest version, ready to decide; the program's rules when nobody saved one.
pub(crate) async fn newest(db: &Db) -> Result<RuleSet, DbError> {
    struct Newest(u32, RuleBook);
    impl FromRow for Newest {
        fn from_row(row: &Row) -> Result<Self, DbError> {
            Ok(Self(number(row)?, row.json("rules")?))
        }
    }
    let sql = "select version, rules from channel_rule_versions order by version desc limit 1";
    let found: Option<Newest> = db.query_optional(sql, params![]).await?;
    Ok(found.map_or_else(RuleSet::default, |Newest(version, rules)| RuleSet::new(version, rules)))
}

/// Versions before one, newest first.
pub(super) async fn list(db: &Db, before: Option<u32>, rows: usize) -> Result<Vec<RuleVersion>, DbError> {
    let sql = format!("select {COLUMNS} from channel_rule_versions where version < $1 order by version desc limit $2");
    let before = before.map_or(i64::MAX, i64::from);
    db.query(&sql, params![before, i64::try_from(rows).unwrap_or(i64::MAX)]).await
}

pub(super) async fn get(db: &Db, version: u32) -> Result<Option<RuleVersion>, DbError> {
    let sql = format!("select {COLUMNS} from channel_rule_versions where version = $1");
    db.query_optional(&sql, params![i64::from(version)]).await
}

pub(super) async fn last(tx: &mut Tx) -> Result<Option<RuleVersion>, DbError> {
    let sql = format!("select {COLUMNS} from channel_rule_versions order by version desc limit 1");
    tx.query_optional(&sql, params![]).await
}

/// Adds a version. Of two that are saved at once, the second finds its number taken.
pub(super) async fn insert(tx: &mut Tx, saved: &RuleVersion) -> Result<(), DbError> {
    let sql = "insert into channel_rule_versions (version, rules, program, note, saved_by, saved_us, job_id) \
         values ($1, $2, $3, $4, $5, $6, $7)";
    let by = saved.saved_by.clone().unwrap_or_default();
    let at = saved.saved_at.unwrap_or_default();
    let (version, program) = (i64::from(saved.version), i64::from(RULES_VERSION));
    let job = saved.job.as_ref().map(ToString::to_string);
    tx.execute(sql, params![version, text(&saved.rules)?, program, saved.note.clone(), by, at, job]).await.map(|_| ())
}

pub(super) async fn set_job(tx: &mut Tx, version: u32, job: &JobId) -> Result<(), DbError> {
    let sql = "update channel_rule_versions set job_id = $1 where version = $2";
    tx.execute(sql, params![job.clone(), i64::from(version)]).await.map(|_| ())
}

pub(super) async fn set_applied(tx: &mut Tx, version: u32, applied: &RulesApplied) -> Result<(), DbError> {
    let sql = "update channel_rule_versions set applied = $1 where version = $2";
    tx.execute(sql, params![text(applied)?, i64::from(version)]).await.map(|_| ())
}
