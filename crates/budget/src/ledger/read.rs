//! Reading the ledger.

use super::Ledger;
use super::facts::JoinedBook;
use super::model::{
    Entry, EntryFilter, EntryView, Mapping, PlanRow, PlanView, RateLine, RateUsed, Summary, UnmatchedReport, plain_name,
};
use crate::ledger_history;
use crate::summary::{month_text, summarise};
use analytics::channels::Channel;
use jiff::civil::Date;
use kernel::ids::LedgerId;
use kernel::money::{Currency, Money};
use kernel::page::{Page, PageRequest};
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};

impl Ledger {
    /// One line.
    ///
    /// # Errors
    /// 404 `ledger_entry_not_found`.
    pub async fn find(&self, scope: &Scope, id: &LedgerId) -> Result<EntryView, Problem> {
        let joined = self.joined_to(scope, None).await?;
        let place = joined.book.entries.iter().position(|entry| entry.id == *id);
        place.map(|place| view(&joined, place)).ok_or_else(|| Problem::not_found("ledger_entry", id))
    }

    /// Lines, the newest day first.
    ///
    /// # Errors
    /// 422 for a cursor or channel that is none.
    pub async fn list(&self, scope: &Scope, filter: &EntryFilter) -> Result<Page<EntryView>, Problem> {
        scope.require(Permission::LedgerRead)?;
        let joined = self.joined_to(scope, None).await?;
        let channel = filter.channel.as_deref().filter(|name| !name.is_empty());
        let channel = channel.map(|name| named_channel("channel", name)).transpose()?;
        let before = filter.cursor.as_deref().map(cursor).transpose()?;
        let rows = PageRequest { limit: filter.limit, cursor: None }.rows() as usize;
        let wanted = filter.q.as_deref().map(plain_name).filter(|q| !q.is_empty());
        let (mut items, mut total, mut more) = (Vec::new(), 0_u64, false);
        for (place, entry) in joined.book.entries.iter().enumerate().rev() {
            let own_channel = joined.joined[place].channel;
            if channel.is_some_and(|channel| channel != own_channel)
                || !passes(&joined, entry, filter, wanted.as_deref())
            {
                continue;
            }
            total += 1;
            // What stands before the page, and what after it, is counted only.
            let earlier = before.as_ref().is_some_and(|(date, id)| (entry.line.date, &entry.id) >= (*date, id));
            if !earlier && items.len() < rows {
                items.push(view(&joined, place));
            } else if !earlier {
                more = true;
            }
        }
        let next_cursor = items.last().filter(|_| more).map(|last| format!("{}~{}", last.date, last.id));
        Ok(Page { items, next_cursor, total: Some(total) })
    }

    /// Plan and actual by month and channel, for whole months.
    ///
    /// # Errors
    /// A [`Problem`] of the database.
    pub async fn summary(&self, scope: &Scope, from: Option<Date>, to: Option<Date>) -> Result<Summary, Problem> {
        scope.require(Permission::LedgerRead)?;
        Ok(summarise(&*self.joined_to(scope, None).await?, from, to))
    }

    /// What could not be placed.
    ///
    /// # Errors
    /// A [`Problem`] of the database.
    pub async fn unmatched(&self, scope: &Scope) -> Result<UnmatchedReport, Problem> {
        scope.require(Permission::LedgerRead)?;
        Ok(self.joined_to(scope, None).await?.report.clone())
    }

    /// What was mapped by hand.
    ///
    /// # Errors
    /// A [`Problem`] of the database.
    pub async fn mappings(&self, scope: &Scope) -> Result<Vec<Mapping>, Problem> {
        scope.require(Permission::LedgerRead)?;
        Ok(ledger_history::all_mappings(&self.0.platform.db(scope).await?).await?)
    }

    /// The plan in force, or with `history` every version, by month and channel.
    ///
    /// # Errors
    /// A [`Problem`] of the database.
    pub async fn plan(
        &self,
        scope: &Scope,
        (from, to): (Option<Date>, Option<Date>),
        history: bool,
    ) -> Result<Vec<PlanView>, Problem> {
        scope.require(Permission::LedgerRead)?;
        let book = self.book(scope).await?;
        let within = |row: &&PlanRow| {
            from.is_none_or(|from| from.first_of_month() <= row.month)
                && to.is_none_or(|to| row.month <= to.first_of_month())
        };
        let shown = |row: &PlanRow| {
            let worth = row.money.and_then(|money| book.rates.planned(money, row.month).micros());
            PlanView {
                month: month_text(row.month),
                channel: row.channel,
                planned: row.money,
                converted: worth.map(|micros| Money::new(micros, book.currency)),
                version: row.version,
                note: row.note.clone(),
                actor: row.actor.clone(),
                entered_at: row.entered_at,
            }
        };
        if history {
            return Ok(book.plans.iter().filter(within).map(shown).collect());
        }
        Ok(book.plans_in_force().filter(within).map(shown).collect())
    }

    /// The daily rates, the newest day first.
    ///
    /// # Errors
    /// 422 for a cursor that is none.
    pub async fn rates(
        &self,
        scope: &Scope,
        currency: Option<Currency>,
        page: &PageRequest,
    ) -> Result<Page<RateLine>, Problem> {
        scope.require(Permission::LedgerRead)?;
        let all = ledger_history::all_rates(&self.0.platform.db(scope).await?).await?;
        let own = |(from, to, ..): &ledger_history::RateRow| {
            currency.is_none_or(|currency| *from == currency || *to == currency)
        };
        let lines: Vec<RateLine> = all
            .into_iter()
            .filter(own)
            .map(|(from, to, date, rate)| RateLine { date, from, to: Some(to), rate: rate.to_string() })
            .collect();
        let place = |line: &RateLine| format!("{}~{}~{}", line.date, line.from, line.to.unwrap_or(line.from));
        let bad = || Problem::invalid("cursor", "This is not a cursor of this list.");
        let start = match page.cursor.as_deref() {
            None => 0,
            Some(cursor) => lines.iter().position(|line| place(line) == cursor).ok_or_else(bad)? + 1,
        };
        let (total, rows) = (lines.len(), page.rows() as usize);
        let items: Vec<RateLine> = lines.into_iter().skip(start).take(rows).collect();
        let next_cursor = items.last().filter(|_| start + rows < total).map(place);
        Ok(Page { items, next_cursor, total: Some(total as u64) })
    }
}

/// The channel of a name.
pub(super) fn named_channel(field: &str, name: &str) -> Result<Channel, Problem> {
    Channel::parse(name).ok_or_else(|| {
        let known: Vec<&str> = Channel::ALL.iter().map(|channel| channel.as_str()).collect();
        Problem::invalid(field, format!("`{name}` is not a channel; the channels are {}.", known.join(", ")))
    })
}

fn cursor(text: &str) -> Result<(Date, LedgerId), Problem> {
    let parsed = text.split_once('~').and_then(|(date, id)| Some((date.parse().ok()?, id.parse().ok()?)));
    parsed.ok_or_else(|| Problem::invalid("cursor", "This is not a cursor of this list."))
}

fn passes(joined: &JoinedBook, entry: &Entry, filter: &EntryFilter, wanted: Option<&str>) -> bool {
    let line = &entry.line;
    let has = |text: &str, q: &str| plain_name(text).contains(q);
    filter.from.is_none_or(|from| from <= line.date)
        && filter.to.is_none_or(|to| line.date <= to)
        && filter.system.as_deref().is_none_or(|system| system == line.system)
        && filter.import.as_deref().is_none_or(|import| entry.import.as_deref() == Some(import))
        && (!filter.standing || joined.book.stands(entry))
        && wanted.is_none_or(|q| has(&line.campaign, q) || has(&line.campaign_id, q) || has(&line.note, q))
}

fn view(joined: &JoinedBook, place: usize) -> EntryView {
    let (entry, joined_line, worth) = (&joined.book.entries[place], &joined.joined[place], joined.worth[place]);
    let line = entry.line.clone();
    let unconverted = worth
        .micros()
        .is_none()
        .then(|| format!("There is no exchange rate of {} for {}.", line.money.currency, line.date));
    EntryView {
        id: entry.id.clone(),
        entered_at: entry.entered_at,
        actor: entry.actor.clone(),
        import: entry.import.clone(),
        system: line.system,
        date: line.date,
        channel: joined_line.channel.as_str().to_owned(),
        source: line.source,
        medium: line.medium,
        campaign: line.campaign,
        campaign_id: line.campaign_id,
        ad_group: line.ad_group,
        ad: line.ad,
        click_id: line.click_id,
        amount: line.money,
        converted: worth.micros().map(|micros| Money::new(micros, joined.book.currency)),
        rate: worth.rate().map(|(rate, date)| RateUsed { rate: rate.to_string(), date }),
        matched: joined_line.matched,
        problem: unconverted.or_else(|| joined_line.reason.clone()),
        note: line.note,
        impressions: line.impressions,
        clicks: line.clicks,
        reverses: entry.reverses.clone(),
        reversed_by: joined.book.reversed.get(&entry.id).cloned(),
    }
}
