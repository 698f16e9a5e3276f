//! Versions, and the tables that keep those whose place another one took.

use crate::bulk::update_from;
use kernel::ids::{CompanyId, DealId};
use kernel::money::Money;
use kernel::time::Timestamp;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Tx, Value};
use std::collections::BTreeMap;

/// Since when something is known, and whether an event said it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    pub(crate) at: i64,
    pub(crate) by_event: bool,
}

/// From when on a version is known, given since when the one before was; none for one that was known at no moment, because
/// another took its place at once. A clock that was set back does not make a version older than the one before it.
fn follows(known: i64, before: Option<i64>) -> (i64, bool) {
    match before {
        Some(before) if known <= before => (before, false),
        _ => (known, true),
    }
}

/// A person as metrics count one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PersonWas {
    pub(crate) person: u64,
    pub(crate) state: String,
    pub(crate) created: i64,
    pub(crate) lead: Option<i64>,
    pub(crate) company: Option<CompanyId>,
    pub(crate) country: String,
    pub(crate) known: Option<i64>,
    pub(crate) by_event: bool,
}

impl FromRow for PersonWas {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            person: row.get("person")?,
            state: row.text("state")?,
            created: row.int("created_us")?,
            lead: row.opt_int("lead_us")?,
            company: row.get("company")?,
            country: row.text("country")?,
            known: row.opt_int("known_us")?,
            by_event: row.bool("known_by_event")?,
        })
    }
}

impl PersonWas {
    /// This version with the moment since which it stands, and what is kept of the one before it.
    pub(crate) fn after(self, was: Option<&Self>) -> (Self, Option<Vec<Value>>) {
        let Some(was) = was else { return (self, None) };
        let (known, by_event) = (self.known.unwrap_or_default(), self.by_event);
        let same = Self { known: was.known, by_event: was.by_event, ..self };
        if same == *was {
            return (same, None);
        }
        let (known, kept) = follows(known, was.known);
        let row = params![
            was.person,
            was.known,
            known,
            was.by_event,
            &was.state,
            was.created,
            was.lead,
            was.company.as_ref(),
            &was.country
        ];
        (Self { known: Some(known), by_event, ..same }, kept.then_some(row))
    }
}

/// Keeps what people were.
pub(crate) async fn keep_people(tx: &mut Tx, rows: Vec<Vec<Value>>) -> Result<(), DbError> {
    let columns =
        ["person", "known_us", "until_us", "by_event", "state", "created_us", "lead_us", "company", "country"];
    tx.insert_many("person_was", &columns, rows, "on conflict do nothing").await.map(|_| ())
}

/// A company as metrics show one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CompanyWas {
    pub(crate) company: CompanyId,
    pub(crate) state: String,
    pub(crate) name: String,
    pub(crate) known: Option<i64>,
}

impl FromRow for CompanyWas {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            company: row.get("id")?,
            state: row.text("state")?,
            name: row.text("name")?,
            known: row.opt_int("known_us")?,
        })
    }
}

impl CompanyWas {
    /// As [`PersonWas::after`].
    pub(crate) fn after(self, was: Option<&Self>) -> (Self, Option<Vec<Value>>) {
        let Some(was) = was else { return (self, None) };
        let said = self.known.unwrap_or_default();
        let same = Self { known: was.known, ..self };
        if same == *was {
            return (same, None);
        }
        let (known, kept) = follows(said, was.known);
        let row = params![&was.company, was.known, known, &was.state, &was.name];
        (Self { known: Some(known), ..same }, kept.then_some(row))
    }
}

/// Keeps what companies were.
pub(crate) async fn keep_companies(tx: &mut Tx, rows: Vec<Vec<Value>>) -> Result<(), DbError> {
    let columns = ["company", "known_us", "until_us", "state", "name"];
    tx.insert_many("company_was", &columns, rows, "on conflict do nothing").await.map(|_| ())
}

/// Id and name of every company that was known at a moment, as it was called then.
pub(crate) async fn companies_at(db: &Db, at: Timestamp) -> Result<BTreeMap<CompanyId, String>, DbError> {
    let sql = "select id, state, name, known_us from companies where known_us is null or known_us <= $1 \
        union all select company, state, name, known_us from company_was \
        where until_us > $1 and (known_us is null or known_us <= $1)";
    let rows: Vec<CompanyWas> = db.query(sql, params![at]).await?;
    let is_known = |row: &CompanyWas| row.state == "live" && (row.known.is_some() || row.company.made_at() <= at);
    Ok(rows.into_iter().filter(is_known).map(|row| (row.company, row.name)).collect())
}

/// A deal as metrics count one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DealWas {
    pub(crate) deal: DealId,
    pub(crate) state: String,
    pub(crate) name: String,
    pub(crate) pipeline: String,
    pub(crate) stage: String,
    pub(crate) outcome: String,
    pub(crate) amount: Option<Money>,
    pub(crate) company: Option<CompanyId>,
    pub(crate) created: Timestamp,
    pub(crate) closed: Option<Timestamp>,
    pub(crate) known: Option<i64>,
}

impl DealWas {
    /// Since when this version stands, and what is kept of the one before it.
    pub(crate) fn after(self, was: Option<&Self>) -> (Option<i64>, Option<Vec<Value>>) {
        let Some(was) = was else { return (self.known, None) };
        let said = self.known.unwrap_or_default();
        if (Self { known: was.known, ..self }) == *was {
            return (was.known, None);
        }
        let (known, kept) = follows(said, was.known);
        let row = params![
            &was.deal,
            was.known,
            known,
            &was.state,
            &was.name,
            &was.pipeline,
            &was.stage,
            &was.outcome,
            was.amount.map(|amount| amount.micros),
            was.amount.map(|amount| amount.currency),
            was.company.as_ref(),
            was.created,
            was.closed
        ];
        (Some(known), kept.then_some(row))
    }
}

/// Keeps what deals were.
pub(crate) async fn keep_deals(tx: &mut Tx, rows: Vec<Vec<Value>>) -> Result<(), DbError> {
    let columns = [
        "deal",
        "known_us",
        "until_us",
        "state",
        "name",
        "pipeline",
        "stage",
        "outcome",
        "amount_micros",
        "currency",
        "company",
        "created_us",
        "closed_us",
    ];
    tx.insert_many("deal_was", &columns, rows, "on conflict do nothing").await.map(|_| ())
}

/// Keeps what these parts in deals were, as far as they were there: to be called before they change or go.
pub(crate) async fn keep_parts(tx: &mut Tx, parts: &[(DealId, u64)], now: Timestamp) -> Result<(), DbError> {
    let rows: Vec<Vec<Value>> = parts.iter().map(|(deal, person)| params![deal, *person, now]).collect();
    let sql = "insert into deal_people_was (deal, person, known_us, until_us, role, is_primary) \
        select p.deal, p.person, p.known_us, v.column3, p.role, p.is_primary from (values {rows}) as v, deal_people p \
        where p.deal = v.column1 and p.person = v.column2 and (p.known_us is null or p.known_us < v.column3) \
        on conflict do nothing";
    update_from(tx, sql, rows).await
}

/// As [`follows`], of parts that were written where others had been before: not older than those.
pub(crate) async fn follow_parts(tx: &mut Tx, parts: &[(DealId, u64)]) -> Result<(), DbError> {
    let rows: Vec<Vec<Value>> = parts.iter().map(|(deal, person)| params![deal, *person]).collect();
    let last = "(select max(w.until_us) from deal_people_was w where w.deal = v.column1 and w.person = v.column2)";
    let sql = format!(
        "update deal_people set known_us = {last} from (values {{rows}}) as v \
         where deal_people.deal = v.column1 and deal_people.person = v.column2 and deal_people.known_us < {last}"
    );
    update_from(tx, &sql, rows).await
}

/// Keeps that deals had entered these stages: to be called before the entries go.
pub(crate) async fn keep_entries(
    tx: &mut Tx,
    entries: &[(DealId, String, Timestamp)],
    now: Timestamp,
) -> Result<(), DbError> {
    let rows: Vec<Vec<Value>> = entries.iter().map(|(deal, stage, at)| params![deal, stage, *at, now]).collect();
    let sql = "insert into deal_stages_was (deal, stage, entered_us, known_us, until_us) \
        select s.deal, s.stage, s.entered_us, s.known_us, v.column4 from (values {rows}) as v, deal_stages s \
        where s.deal = v.column1 and s.stage = v.column2 and s.entered_us = v.column3 \
        and (s.known_us is null or s.known_us < v.column4) on conflict do nothing";
    update_from(tx, sql, rows).await
}

/// As [`follow_parts`], of entries into stages.
pub(crate) async fn follow_entries(tx: &mut Tx, entries: &[(DealId, String, Timestamp)]) -> Result<(), DbError> {
    let rows: Vec<Vec<Value>> = entries.iter().map(|(deal, stage, at)| params![deal, stage, *at]).collect();
    let last = "(select max(w.until_us) from deal_stages_was w where w.deal = v.column1 and w.stage = v.column2 \
        and w.entered_us = v.column3)";
    let sql = format!(
        "update deal_stages set known_us = {last} from (values {{rows}}) as v where deal_stages.deal = v.column1 \
         and deal_stages.stage = v.column2 and deal_stages.entered_us = v.column3 and deal_stages.known_us < {last}"
    );
    update_from(tx, &sql, rows).await
}
