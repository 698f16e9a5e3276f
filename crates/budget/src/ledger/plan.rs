//! Setting the plan and the rates.

use super::enter::{day, text};
use super::model::{LINES_MAX, PlanChange, PlanRow, RateLine, Written};
use super::{Ledger, store};
use jiff::civil::Date;
use kernel::money::{Currency, Money, Rate};
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};
use kernel::time::Timestamp;
use platform::audit;
use platform::sql::{DbError, Tx};
use serde_json::json;

impl Ledger {
    /// Sets the plan of months and channels. What says the same stays; what differs becomes a new version.
    ///
    /// # Errors
    /// 422 for a line that is wrong; then nothing is written.
    pub async fn set_plan(&self, scope: &Scope, changes: Vec<PlanChange>) -> Result<Written, Problem> {
        scope.require(Permission::LedgerWrite)?;
        few(changes.len())?;
        let mut tx = self.0.platform.db(scope).await?.begin().await?;
        store::hold(&mut tx).await?;
        let now = self.0.platform.world.now();
        let (mut written, mut said) = (Written::default(), Vec::new());
        for (place, change) in changes.into_iter().enumerate() {
            let field = |name: &str| format!("items[{place}].{name}");
            let month = month(&change.month).ok_or_else(|| {
                Problem::invalid(field("month"), format!("`{}` is not a month; write it like 2026-03.", change.month))
            })?;
            if change.planned.is_some_and(|money| money.micros < 0) {
                return Err(Problem::invalid(field("planned"), "A plan is not negative; leave it out to withdraw it."));
            }
            let note = text(&field("note"), &change.note)?;
            let row = PlanRow {
                month,
                channel: change.channel,
                version: 0,
                money: change.planned,
                note,
                actor: scope.actor.label(),
                entered_at: now,
            };
            match put_plan(&mut tx, row, None).await? {
                Some(row) => {
                    written.written += 1;
                    said.push(json!({"month": change.month, "channel": row.channel, "planned": row.money, "version": row.version}));
                }
                None => written.unchanged += 1,
            }
        }
        if written.written > 0 {
            audit::record(&mut tx, scope, now, "ledger.plan", "plan", &json!({"lines": said})).await?;
            store::changed(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(written)
    }

    /// Sets daily rates; a rate of the same day is replaced, and with it what is converted by it.
    ///
    /// # Errors
    /// 422 for a line that is wrong; then nothing is written.
    pub async fn set_rates(&self, scope: &Scope, lines: Vec<RateLine>) -> Result<Written, Problem> {
        scope.require(Permission::LedgerWrite)?;
        few(lines.len())?;
        let own = self.0.platform.accounts.settings(&scope.workspace).await?.currency;
        let mut tx = self.0.platform.db(scope).await?.begin().await?;
        store::hold(&mut tx).await?;
        let now = self.0.platform.world.now();
        let (mut written, mut said) = (Written::default(), Vec::new());
        for (place, line) in lines.into_iter().enumerate() {
            let field = |name: &str| format!("items[{place}].{name}");
            let date = day(&field("date"), line.date)?;
            let rate: Rate = line.rate.parse().map_err(|error| Problem::invalid(field("rate"), format!("{error}.")))?;
            let to = line.to.unwrap_or(own);
            if to == line.from {
                return Err(Problem::invalid(field("from"), format!("{to} is always worth one {to}.")));
            }
            let before = put_rate(&mut tx, (line.from, to, date), rate, (&scope.actor.label(), now)).await?;
            if before == Some(rate) {
                written.unchanged += 1;
            } else {
                written.written += 1;
                let before = before.map(|rate| rate.to_string());
                said.push(json!({"date": date.to_string(), "from": line.from, "to": to, "rate": rate.to_string(), "before": before}));
            }
        }
        if written.written > 0 {
            audit::record(&mut tx, scope, now, "ledger.rates", "rates", &json!({"rates": said})).await?;
            store::changed(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(written)
    }
}

fn few(lines: usize) -> Result<(), Problem> {
    if lines <= LINES_MAX {
        return Ok(());
    }
    let message = format!("Send at most {LINES_MAX} lines at once; import a file for more.");
    Err(Problem::invalid("items", message))
}

/// The first day of a month from `2026-03`, or from a date in it.
pub(crate) fn month(text: &str) -> Option<Date> {
    let text = text.trim();
    let date: Date = text.parse().or_else(|_| format!("{text}-01").parse()).ok()?;
    (2000..2100).contains(&date.year()).then(|| date.first_of_month())
}

/// Appends a version of a plan, unless the one in force says the same. A plan that never was cannot be withdrawn.
pub(crate) async fn put_plan(tx: &mut Tx, mut row: PlanRow, import: Option<&str>) -> Result<Option<PlanRow>, DbError> {
    let before = store::plan_of(tx, row.month, row.channel).await?;
    let held: Option<Money> = before.as_ref().and_then(|before| before.money);
    let noted = row.note.is_empty() || before.as_ref().is_some_and(|before| before.note == row.note);
    if held == row.money && (noted || row.money.is_none()) {
        return Ok(None);
    }
    let (version, entered) = before.map_or((0, row.entered_at), |before| (before.version, before.entered_at));
    (row.version, row.entered_at) = (version + 1, entered.max(row.entered_at));
    store::append_plan(tx, &row, import).await?;
    Ok(Some(row))
}

/// Sets a rate; gives back the one before.
pub(crate) async fn put_rate(
    tx: &mut Tx,
    (from, to, date): (Currency, Currency, Date),
    rate: Rate,
    by: (&str, Timestamp),
) -> Result<Option<Rate>, DbError> {
    let before = store::rate_of(tx, from, to, date).await?;
    if before != Some(rate) {
        store::set_rate(tx, (from, to, date), Some(rate), by).await?;
    }
    Ok(before)
}
