//! Entering lines by hand, and taking them back.

use super::model::{Entry, EntryView, Line, Mapping, NewEntry, TEXT_CHARS_MAX};
use super::{Ledger, store};
use jiff::civil::Date;
use kernel::ids::LedgerId;
use kernel::problem::{Class, Problem};
use kernel::scope::{Permission, Scope};
use kernel::time::Timestamp;
use platform::audit;
use rand::Rng;
use serde_json::json;

impl Ledger {
    /// Enters a line of spend by hand.
    ///
    /// # Errors
    /// 422 for a field that is wrong.
    pub async fn enter(&self, scope: &Scope, new: NewEntry) -> Result<EntryView, Problem> {
        scope.require(Permission::LedgerWrite)?;
        let line = line_of(new)?;
        let mut tx = self.0.platform.db(scope).await?.begin().await?;
        store::hold(&mut tx).await?;
        let (now, mut rng) = (self.0.platform.world.now(), self.0.platform.world.rng());
        let entry = entry(scope, now, &mut rng, line, None);
        store::append(&mut tx, std::slice::from_ref(&entry)).await?;
        audit::record(&mut tx, scope, now, "ledger.enter", entry.id.as_str(), &details(&entry.line)).await?;
        store::changed(&mut tx).await?;
        tx.commit().await?;
        self.find(scope, &entry.id).await
    }

    /// Takes a line back with a line of its own that sums with it to zero. Returns the new line.
    ///
    /// # Errors
    /// 404 `ledger_entry_not_found`; 409 `already_reversed`, or `is_a_reversal` for a line that takes another back.
    pub async fn reverse(&self, scope: &Scope, id: &LedgerId, reason: &str) -> Result<EntryView, Problem> {
        scope.require(Permission::LedgerWrite)?;
        let reason = text("reason", reason)?;
        let mut tx = self.0.platform.db(scope).await?.begin().await?;
        store::hold(&mut tx).await?;
        let (now, mut rng) = (self.0.platform.world.now(), self.0.platform.world.rng());
        let found = store::entries_of(&mut tx, std::slice::from_ref(id)).await?.pop();
        let found = found.ok_or_else(|| Problem::not_found("ledger_entry", id))?;
        if let Some(other) = &found.reverses {
            let message =
                format!("This line takes {other} back. Enter the amount again instead of reversing the reversal.");
            return Err(Problem::new(Class::Conflict, "is_a_reversal", message));
        }
        let already = |other: &str| {
            Problem::new(Class::Conflict, "already_reversed", format!("This line was already taken back{other}."))
        };
        if let Some(other) = store::reversal_of(&mut tx, id).await? {
            return Err(already(&format!(" by {other}")));
        }
        let counter = counter(scope, now, &mut rng, &found, &reason, None);
        store::append(&mut tx, std::slice::from_ref(&counter)).await.map_err(|error| {
            // Somebody else was faster.
            if error.is_unique_violation() { already("") } else { error.into() }
        })?;
        for head in store::heads_on(&mut tx, std::slice::from_ref(id)).await? {
            store::drop_head(&mut tx, &head).await?;
        }
        let details = json!({"reverses": id, "reason": reason, "entry": counter.id});
        audit::record(&mut tx, scope, now, "ledger.reverse", id.as_str(), &details).await?;
        store::changed(&mut tx).await?;
        tx.commit().await?;
        self.find(scope, &counter.id).await
    }

    /// Says where the spend of a campaign belongs, for all its lines, past ones too; or takes that back.
    ///
    /// # Errors
    /// 422 when neither campaign nor channel is said.
    pub async fn map(&self, scope: &Scope, spend_key: &str, to: Option<Mapping>) -> Result<(), Problem> {
        scope.require(Permission::LedgerWrite)?;
        let spend_key = text("spend_key", spend_key)?;
        if spend_key.is_empty() {
            return Err(Problem::invalid("spend_key", "Give the `spend_key` of the unmatched spend."));
        }
        let mut tx = self.0.platform.db(scope).await?.begin().await?;
        store::hold(&mut tx).await?;
        let now = self.0.platform.world.now();
        let details = match to {
            Some(mut mapping) => {
                mapping.campaign = text("campaign", &mapping.campaign)?;
                if mapping.campaign.is_empty() && mapping.channel.is_none() {
                    return Err(Problem::invalid("campaign", "Say a campaign, a channel, or both."));
                }
                mapping.spend_key.clone_from(&spend_key);
                store::set_mapping(&mut tx, &mapping, &scope.actor.label(), now).await?;
                json!({"campaign": mapping.campaign, "channel": mapping.channel})
            }
            None => {
                if !store::drop_mapping(&mut tx, &spend_key, now).await? {
                    return Err(Problem::not_found("mapping", &spend_key));
                }
                json!({"removed": true})
            }
        };
        audit::record(&mut tx, scope, now, "ledger.map", &spend_key, &details).await?;
        store::changed(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// A new line, written now.
pub(crate) fn entry(scope: &Scope, now: Timestamp, rng: &mut impl Rng, line: Line, import: Option<String>) -> Entry {
    Entry { id: LedgerId::new(now, rng), entered_at: now, actor: scope.actor.label(), import, line, reverses: None }
}

/// The line that takes another back; never older than that one.
pub(crate) fn counter(
    scope: &Scope,
    now: Timestamp,
    rng: &mut impl Rng,
    of: &Entry,
    reason: &str,
    import: Option<String>,
) -> Entry {
    let mut line = of.line.clone();
    line.money.micros = line.money.micros.saturating_neg();
    line.impressions = line.impressions.map(i64::saturating_neg);
    line.clicks = line.clicks.map(i64::saturating_neg);
    let colon = if reason.is_empty() { "" } else { ": " };
    line.note = format!("Takes back {}{colon}{reason}", of.id);
    Entry { reverses: Some(of.id.clone()), ..entry(scope, now.max(of.entered_at), rng, line, import) }
}

/// What the audit trail keeps of a line.
pub(crate) fn details(line: &Line) -> serde_json::Value {
    json!({
        "date": line.date.to_string(),
        "amount": line.money,
        "channel": line.channel,
        "source": line.source,
        "campaign": line.campaign,
        "campaign_id": line.campaign_id,
    })
}

fn line_of(new: NewEntry) -> Result<Line, Problem> {
    if new.amount.micros == 0 {
        return Err(Problem::invalid("amount", "An amount of zero says nothing; write what was spent."));
    }
    if new.amount.micros == i64::MIN {
        return Err(Problem::invalid("amount", "The amount is too large."));
    }
    let line = Line {
        system: "manual".to_owned(),
        account: String::new(),
        date: day("date", new.date)?,
        channel: new.channel,
        source: text("source", &new.source)?,
        medium: text("medium", &new.medium)?,
        campaign: text("campaign", &new.campaign)?,
        campaign_id: text("campaign_id", &new.campaign_id)?,
        ad_group: text("ad_group", &new.ad_group)?,
        ad: text("ad", &new.ad)?,
        click_id: text("click_id", &new.click_id)?,
        money: new.amount,
        note: text("note", &new.note)?,
        impressions: None,
        clicks: None,
    };
    if line.channel.is_none() && line.source.is_empty() && !line.names_a_campaign() {
        let message = "Say what the money was for: a channel, a source, or a campaign.";
        return Err(Problem::invalid("channel", message));
    }
    Ok(line)
}

/// A date of this century.
pub(crate) fn day(field: &str, date: Date) -> Result<Date, Problem> {
    if (2000..2100).contains(&date.year()) {
        return Ok(date);
    }
    Err(Problem::invalid(field, format!("{date} is not a day of this century.")))
}

/// A text of a line: trimmed, of bounded length, on one line.
pub(crate) fn text(field: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(Problem::invalid(field, format!("Write at most {TEXT_CHARS_MAX} characters.")));
    }
    Ok(text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect())
}
