//! What the ledger said at a moment where it does not say so itself: rates and mappings, which are replaced in place. Entries
//! and versions of the plan are never changed.
//!
//! **Invariant:** what a rate or a mapping was is kept by whoever replaces it, in the same transaction, with the moments
//! between which it stood.

use crate::ledger::Mapping;
use jiff::civil::Date;
use kernel::money::{Currency, Rate};
use kernel::time::Timestamp;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Tx};

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
         select {columns} from ledger_rates_was where entered_us <= $1 and until_us > $1"
    );
    Ok(db.query::<RateRead>(&sql, params![at]).await?.into_iter().map(|read| read.0).collect())
}

/// Keeps what a rate was: to be called before it is replaced or taken away.
pub(crate) async fn keep_rate(tx: &mut Tx, place: (Currency, Currency, Date), now: Timestamp) -> Result<(), DbError> {
    let columns = "from_currency, to_currency, rated_on, rate_nanos, entered_us";
    let sql = format!(
        "insert into ledger_rates_was ({columns}, until_us) select {columns}, $4 from ledger_rates \
         where from_currency = $1 and to_currency = $2 and rated_on = $3 and entered_us < $4 on conflict do nothing"
    );
    tx.execute(&sql, params![place.0, place.1, place.2, now]).await.map(|_| ())
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
         select {columns} from ledger_mappings_was where entered_us <= $1 and until_us > $1"
    );
    db.query(&sql, params![at]).await
}

/// Keeps what a mapping was: to be called before it is replaced or taken away.
pub(crate) async fn keep_mapping(tx: &mut Tx, spend_key: &str, now: Timestamp) -> Result<(), DbError> {
    let columns = "spend_key, to_campaign, to_channel, entered_us";
    let sql = format!(
        "insert into ledger_mappings_was ({columns}, until_us) select {columns}, $2 from ledger_mappings \
         where spend_key = $1 and entered_us < $2 on conflict do nothing"
    );
    tx.execute(&sql, params![spend_key, now]).await.map(|_| ())
}
