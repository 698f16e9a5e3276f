//! What the ledger said at a moment where it does not say so itself: rates and mappings, which are replaced in place. Entries
//! and versions of the plan are never changed.
//!
//! **Invariant:** what a rate or a mapping was is kept by whoever replaces it, in the same transaction, with the moments
//! between which it stood.
//! **Invariant:** those moments do not overlap, also where the clock was set back.

use crate::ledger::Mapping;
use jiff::civil::Date;
use kernel::money::{Currency, Rate};
use kernel::time::Timestamp;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Tx, Value};

/// A stored rate: from, to, day, rate.
pub(crate) type RateRow = (Currency, Currency, Date, Rate);

struct RateRead(RateRow);

impl FromRow for RateRead {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let rate = Rate { nanos: row.int("rate_nanos")? };
        Ok(Self((row.get("from_currency")?, row.get("to_currency")?, row.get("rated_on")?, rate)))
    }
}

/// Every rate, the newest day first.
pub(crate) async fn all_rates(db: &Db) -> Result<Vec<RateRow>, DbError> {
    let sql = "select * from ledger_rates order by rated_on desc, from_currency, to_currency";
    Ok(db.query::<RateRead>(sql, vec![]).await?.into_iter().map(|read| read.0).collect())
}

/// Every rate as it was entered by a moment.
pub(crate) async fn rates_at(db: &Db, at: Timestamp) -> Result<Vec<RateRow>, DbError> {
    let columns = "from_currency, to_currency, rated_on, rate_nanos";
    let sql = format!(
        "select {columns} from ledger_rates where entered_us <= $1 union all \
         select {columns} from ledger_rates_was where entered_us <= $1 and until_us > $1 \
         order by rated_on desc, from_currency, to_currency"
    );
    Ok(db.query::<RateRead>(&sql, params![at]).await?.into_iter().map(|read| read.0).collect())
}

/// Keeps what a rate was: to be called before it is entered, replaced or taken away. Gives back the moment from which it is
/// what is said now.
pub(crate) async fn keep_rate(
    tx: &mut Tx,
    (from, to, date): (Currency, Currency, Date),
    now: Timestamp,
) -> Result<Timestamp, DbError> {
    let place = "from_currency = $1 and to_currency = $2 and rated_on = $3";
    let since = follows(tx, ("ledger_rates", place), params![from, to, date], now).await?;
    let columns = "from_currency, to_currency, rated_on, rate_nanos, entered_us";
    let sql = format!(
        "insert into ledger_rates_was ({columns}, until_us) select {columns}, $4 from ledger_rates \
         where {place} and entered_us < $4 on conflict do nothing"
    );
    tx.execute(&sql, params![from, to, date, since]).await?;
    Ok(since)
}

/// From when on something is known: now, and where the clock was set back, not before what was known of it already.
async fn follows(
    tx: &mut Tx,
    (table, place): (&str, &str),
    values: Vec<Value>,
    now: Timestamp,
) -> Result<Timestamp, DbError> {
    let sql = format!(
        "select max(since) from (select max(entered_us) as since from {table} where {place} \
         union all select max(until_us) from {table}_was where {place}) as known"
    );
    let (before,): (Option<Timestamp>,) = tx.query_one(&sql, values).await?;
    Ok(before.map_or(now, |before| before.max(now)))
}

/// Every mapping.
pub(crate) async fn all_mappings(db: &Db) -> Result<Vec<Mapping>, DbError> {
    db.query("select * from ledger_mappings order by spend_key", vec![]).await
}

/// Every mapping as it was entered by a moment.
pub(crate) async fn mappings_at(db: &Db, at: Timestamp) -> Result<Vec<Mapping>, DbError> {
    let columns = "spend_key, to_campaign, to_channel";
    let sql = format!(
        "select {columns} from ledger_mappings where entered_us <= $1 union all \
         select {columns} from ledger_mappings_was where entered_us <= $1 and until_us > $1 order by spend_key"
    );
    db.query(&sql, params![at]).await
}

/// Keeps what a mapping was, as [`keep_rate`] does.
pub(crate) async fn keep_mapping(tx: &mut Tx, spend_key: &str, now: Timestamp) -> Result<Timestamp, DbError> {
    let since = follows(tx, ("ledger_mappings", "spend_key = $1"), params![spend_key], now).await?;
    let columns = "spend_key, to_campaign, to_channel, entered_us";
    let sql = format!(
        "insert into ledger_mappings_was ({columns}, until_us) select {columns}, $2 from ledger_mappings \
         where spend_key = $1 and entered_us < $2 on conflict do nothing"
    );
    tx.execute(&sql, params![spend_key, since]).await?;
    Ok(since)
}
