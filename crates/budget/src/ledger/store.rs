//! All SQL of the ledger's tables.

use super::model::{Entry, Line, Mapping, PlanRow};
use crate::ledger_history::{keep_mapping, keep_rate};
use analytics::channels::Channel;
use jiff::civil::Date;
use kernel::ids::LedgerId;
use kernel::money::{Currency, Money, Rate};
use kernel::time::Timestamp;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Tx, placeholders};
use std::collections::HashMap;

const ENTRY_COLUMNS: [&str; 21] = [
    "id",
    "entered_us",
    "actor",
    "import",
    "system",
    "account",
    "spent_on",
    "channel",
    "source",
    "medium",
    "campaign",
    "campaign_id",
    "ad_group",
    "ad",
    "click_id",
    "amount_micros",
    "currency",
    "note",
    "reverses",
    "impressions",
    "clicks",
];

/// Keys in one statement.
const KEYS_MAX: usize = 500;

/// A channel as a column holds it; a name that is no channel any more reads as none.
fn channel(row: &Row, column: &str) -> Result<Option<Channel>, DbError> {
    Ok(row.opt_text(column)?.and_then(|name| Channel::parse(&name)))
}

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let line = Line {
            system: row.text("system")?,
            account: row.text("account")?,
            date: row.get("spent_on")?,
            channel: channel(row, "channel")?,
            source: row.text("source")?,
            medium: row.text("medium")?,
            campaign: row.text("campaign")?,
            campaign_id: row.text("campaign_id")?,
            ad_group: row.text("ad_group")?,
            ad: row.text("ad")?,
            click_id: row.text("click_id")?,
            money: Money::new(row.int("amount_micros")?, row.get("currency")?),
            note: row.text("note")?,
            impressions: row.opt_int("impressions")?,
            clicks: row.opt_int("clicks")?,
        };
        Ok(Self {
            id: row.get("id")?,
            entered_at: row.get("entered_us")?,
            actor: row.text("actor")?,
            import: row.opt_text("import")?,
            line,
            reverses: row.get("reverses")?,
        })
    }
}

/// Appends lines.
pub(crate) async fn append(tx: &mut Tx, entries: &[Entry]) -> Result<(), DbError> {
    let rows = entries.iter().map(|entry| {
        let line = &entry.line;
        params![
            &entry.id,
            entry.entered_at,
            &entry.actor,
            &entry.import,
            &line.system,
            &line.account,
            line.date,
            line.channel.map(Channel::as_str),
            &line.source,
            &line.medium,
            &line.campaign,
            &line.campaign_id,
            &line.ad_group,
            &line.ad,
            &line.click_id,
            line.money.micros,
            line.money.currency,
            &line.note,
            entry.reverses.clone(),
            line.impressions,
            line.clicks
        ]
    });
    tx.insert_many("ledger_entries", &ENTRY_COLUMNS, rows.collect(), "").await?;
    Ok(())
}

/// Lines by their ids, in no order.
pub(crate) async fn entries_of(tx: &mut Tx, ids: &[LedgerId]) -> Result<Vec<Entry>, DbError> {
    let mut all = Vec::with_capacity(ids.len());
    for some in ids.chunks(KEYS_MAX) {
        let sql = format!("select * from ledger_entries where id in ({})", placeholders(1, some.len()));
        all.extend(tx.query::<Entry>(&sql, some.iter().map(Into::into).collect()).await?);
    }
    Ok(all)
}

/// The line that takes another back.
pub(crate) async fn reversal_of(tx: &mut Tx, id: &LedgerId) -> Result<Option<LedgerId>, DbError> {
    let found: Option<(LedgerId,)> =
        tx.query_optional("select id from ledger_entries where reverses = $1", params![id]).await?;
    Ok(found.map(|(id,)| id))
}

/// Every line, by date and then by id.
pub(crate) async fn all_entries(db: &Db) -> Result<Vec<Entry>, DbError> {
    db.query("select * from ledger_entries order by spent_on, id", vec![]).await
}

/// The place of a line of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) report_key: String,
    pub(crate) occurrence: i64,
    pub(crate) entry: LedgerId,
    pub(crate) seen_import: String,
    pub(crate) seen_line: i64,
}

impl FromRow for Head {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            report_key: row.text("report_key")?,
            occurrence: row.int("occurrence")?,
            entry: row.get("entry")?,
            seen_import: row.text("seen_import")?,
            seen_line: row.int("seen_line")?,
        })
    }
}

/// The places of these keys, by key and occurrence.
pub(crate) async fn heads_of(tx: &mut Tx, keys: &[&str]) -> Result<Vec<Head>, DbError> {
    let mut all = Vec::new();
    for some in keys.chunks(KEYS_MAX) {
        let sql = format!(
            "select * from ledger_heads where report_key in ({}) order by report_key, occurrence",
            placeholders(1, some.len())
        );
        all.extend(tx.query::<Head>(&sql, some.iter().map(|key| (*key).into()).collect()).await?);
    }
    Ok(all)
}

/// The places that stand on these lines.
pub(crate) async fn heads_on(tx: &mut Tx, entries: &[LedgerId]) -> Result<Vec<Head>, DbError> {
    let mut all = Vec::new();
    for some in entries.chunks(KEYS_MAX) {
        let sql = format!("select * from ledger_heads where entry in ({})", placeholders(1, some.len()));
        all.extend(tx.query::<Head>(&sql, some.iter().map(Into::into).collect()).await?);
    }
    Ok(all)
}

/// The places of keys that an import states, but not this one of their lines; with the last line of its file about the
/// key.
pub(crate) async fn heads_left(tx: &mut Tx, import: &str) -> Result<Vec<(Head, i64)>, DbError> {
    struct Left(Head, i64);
    impl FromRow for Left {
        fn from_row(row: &Row) -> Result<Self, DbError> {
            Ok(Self(Head::from_row(row)?, row.int("last_line")?))
        }
    }
    let sql = "select h.report_key, h.occurrence, h.entry, h.seen_import, h.seen_line, s.last_line from ledger_heads h \
               join (select report_key, max(seen_line) as last_line from ledger_heads where seen_import = $1 \
               group by report_key) s on s.report_key = h.report_key where h.seen_import <> $1 \
               order by h.report_key, h.occurrence";
    Ok(tx.query::<Left>(sql, params![import]).await?.into_iter().map(|left| (left.0, left.1)).collect())
}

/// Who stated places before imports that are undone by now, while a later one stated them too: by import and place.
pub(crate) type Released = HashMap<(String, String, i64), (String, i64)>;

/// What the undone imports of these keys left behind.
pub(crate) async fn released_of(tx: &mut Tx, keys: &[&str]) -> Result<Released, DbError> {
    let mut all = Released::new();
    for some in keys.chunks(KEYS_MAX) {
        let columns = "import, report_key, occurrence, seen_import, seen_line";
        let marks = placeholders(1, some.len());
        let sql = format!("select {columns} from ledger_released where report_key in ({marks})");
        let values = some.iter().map(|key| (*key).into()).collect();
        let found: Vec<(String, String, i64, String, i64)> = tx.query(&sql, values).await?;
        all.extend(found.into_iter().map(|(import, key, place, seen, line)| ((import, key, place), (seen, line))));
    }
    Ok(all)
}

/// Leaves behind who stated places before an import that is undone.
pub(crate) async fn release(tx: &mut Tx, import: &str, before: &[Head]) -> Result<(), DbError> {
    let columns = ["report_key", "occurrence", "import", "seen_import", "seen_line"];
    let row = |head: &Head| params![&head.report_key, head.occurrence, import, &head.seen_import, head.seen_line];
    tx.insert_many("ledger_released", &columns, before.iter().map(row).collect(), "on conflict do nothing").await?;
    Ok(())
}

/// Writes places; each may be given once.
pub(crate) async fn set_heads(tx: &mut Tx, heads: &[Head]) -> Result<(), DbError> {
    let rows = heads
        .iter()
        .map(|head| params![&head.report_key, head.occurrence, &head.entry, &head.seen_import, head.seen_line]);
    let columns = ["report_key", "occurrence", "entry", "seen_import", "seen_line"];
    let suffix = "on conflict (report_key, occurrence) do update set entry = excluded.entry, \
                  seen_import = excluded.seen_import, seen_line = excluded.seen_line";
    tx.insert_many("ledger_heads", &columns, rows.collect(), suffix).await?;
    Ok(())
}

/// Forgets a place: its line was taken back.
pub(crate) async fn drop_head(tx: &mut Tx, head: &Head) -> Result<(), DbError> {
    let sql = "delete from ledger_heads where report_key = $1 and occurrence = $2";
    tx.execute(sql, params![&head.report_key, head.occurrence]).await?;
    Ok(())
}

impl FromRow for PlanRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let money = match (row.opt_int("amount_micros")?, row.get::<Option<Currency>>("currency")?) {
            (Some(micros), Some(currency)) => Some(Money::new(micros, currency)),
            _ => None,
        };
        Ok(Self {
            month: row.get("month")?,
            channel: channel(row, "channel")?.unwrap_or(Channel::Unassigned),
            version: row.get("version")?,
            money,
            note: row.text("note")?,
            actor: row.text("actor")?,
            entered_at: row.get("entered_us")?,
        })
    }
}

/// Every version of the plan, by month, channel and version.
pub(crate) async fn all_plans(db: &Db) -> Result<Vec<PlanRow>, DbError> {
    db.query("select * from ledger_plan order by month, channel, version", vec![]).await
}

/// The version of a plan that is in force, if any was ever written.
pub(crate) async fn plan_of(tx: &mut Tx, month: Date, channel: Channel) -> Result<Option<PlanRow>, DbError> {
    let sql = "select * from ledger_plan where month = $1 and channel = $2 order by version desc limit 1";
    tx.query_optional(sql, params![month, channel.as_str()]).await
}

/// Appends a version of a plan.
pub(crate) async fn append_plan(tx: &mut Tx, row: &PlanRow, import: Option<&str>) -> Result<(), DbError> {
    let sql = "insert into ledger_plan (month, channel, version, amount_micros, currency, note, import, actor, \
               entered_us) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = params![
        row.month,
        row.channel.as_str(),
        row.version,
        row.money.map(|money| money.micros),
        row.money.map(|money| money.currency),
        &row.note,
        import,
        &row.actor,
        row.entered_at
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// The rate of a day, if it was entered.
pub(crate) async fn rate_of(tx: &mut Tx, from: Currency, to: Currency, date: Date) -> Result<Option<Rate>, DbError> {
    let sql = "select rate_nanos from ledger_rates where from_currency = $1 and to_currency = $2 and rated_on = $3";
    let found: Option<(i64,)> = tx.query_optional(sql, params![from, to, date]).await?;
    Ok(found.map(|(nanos,)| Rate { nanos }))
}

/// Sets the rate of a day, or takes it away.
pub(crate) async fn set_rate(
    tx: &mut Tx,
    (from, to, date): (Currency, Currency, Date),
    rate: Option<Rate>,
    (actor, now): (&str, Timestamp),
) -> Result<(), DbError> {
    let since = keep_rate(tx, (from, to, date), now).await?;
    let Some(rate) = rate else {
        let sql = "delete from ledger_rates where from_currency = $1 and to_currency = $2 and rated_on = $3";
        tx.execute(sql, params![from, to, date]).await?;
        return Ok(());
    };
    let sql = "insert into ledger_rates (from_currency, to_currency, rated_on, rate_nanos, actor, entered_us) \
               values ($1, $2, $3, $4, $5, $6) on conflict (from_currency, to_currency, rated_on) do update set \
               rate_nanos = excluded.rate_nanos, actor = excluded.actor, entered_us = excluded.entered_us";
    tx.execute(sql, params![from, to, date, rate.nanos, actor, since]).await?;
    Ok(())
}

impl FromRow for Mapping {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let channel = channel(row, "to_channel")?;
        Ok(Self { spend_key: row.text("spend_key")?, campaign: row.text("to_campaign")?, channel })
    }
}

/// Sets a mapping.
pub(crate) async fn set_mapping(tx: &mut Tx, mapping: &Mapping, actor: &str, now: Timestamp) -> Result<(), DbError> {
    let since = keep_mapping(tx, &mapping.spend_key, now).await?;
    let sql = "insert into ledger_mappings (spend_key, to_campaign, to_channel, actor, entered_us) \
               values ($1, $2, $3, $4, $5) on conflict (spend_key) do update set to_campaign = excluded.to_campaign, \
               to_channel = excluded.to_channel, actor = excluded.actor, entered_us = excluded.entered_us";
    let channel = mapping.channel.map(Channel::as_str);
    tx.execute(sql, params![&mapping.spend_key, &mapping.campaign, channel, actor, since]).await?;
    Ok(())
}

/// Takes a mapping away; says whether there was one.
pub(crate) async fn drop_mapping(tx: &mut Tx, spend_key: &str, now: Timestamp) -> Result<bool, DbError> {
    keep_mapping(tx, spend_key, now).await?;
    Ok(tx.execute("delete from ledger_mappings where spend_key = $1", params![spend_key]).await? > 0)
}

/// Takes the turn to write the ledger: whoever comes next waits until this transaction ends. That is what makes "look,
/// then write" safe on both databases.
pub(crate) async fn hold(tx: &mut Tx) -> Result<(), DbError> {
    tx.execute("update ledger_state set changes = changes where only_row = 1", vec![]).await?;
    Ok(())
}

/// Counts a change; whoever keeps answers sees that they are stale.
pub(crate) async fn changed(tx: &mut Tx) -> Result<(), DbError> {
    tx.execute("update ledger_state set changes = changes + 1 where only_row = 1", vec![]).await?;
    Ok(())
}

/// The number of changes.
pub(crate) async fn changes(db: &Db) -> Result<i64, DbError> {
    let (changes,): (i64,) = db.query_one("select changes from ledger_state where only_row = 1", vec![]).await?;
    Ok(changes)
}
