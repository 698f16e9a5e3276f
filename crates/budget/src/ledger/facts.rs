//! The ledger in memory: read once a change, joined once a change of the touches, and answered from there.
//!
//! **Invariant:** an answer is of one version: entries, plan, rates and mappings that belong together.
//! **Invariant:** nothing is left out: what no rate converts and what no touch matches is counted and listed.

use super::model::{Entry, Mapping, PlanRow, RATE_AGE_DAYS_MAX, Unconverted, Unmatched, UnmatchedReport};
use super::{Ledger, store};
use crate::convert::{Rates, Worth};
use crate::join::{Joined, Joiner};
use crate::ledger_history;
use analytics::channels::Channel;
use analytics::metrics::{PlanFact, SpendFact, SpendFacts, SpendSource, StaleRate, TouchIndex};
use async_trait::async_trait;
use jiff::civil::Date;
use kernel::ids::LedgerId;
use kernel::money::{Currency, Money};
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Everything that stands in the tables.
pub(crate) struct Book {
    pub(crate) version: u64,
    pub(crate) currency: Currency,
    /// By date, then id.
    pub(crate) entries: Vec<Entry>,
    /// The reversal of a line.
    pub(crate) reversed: HashMap<LedgerId, LedgerId>,
    /// Every version, by month, channel and version.
    pub(crate) plans: Vec<PlanRow>,
    pub(crate) rates: Rates,
    pub(crate) mappings: HashMap<String, Mapping>,
}

impl Book {
    /// Whether a line counts: neither reversed nor a reversal.
    pub(crate) fn stands(&self, entry: &Entry) -> bool {
        entry.reverses.is_none() && !self.reversed.contains_key(&entry.id)
    }

    /// The plans in force: the newest version of each, unless it was withdrawn.
    pub(crate) fn plans_in_force(&self) -> impl Iterator<Item = &PlanRow> {
        let newest = self.plans.iter().enumerate().filter(|(place, row)| {
            let next = self.plans.get(place + 1);
            next.is_none_or(|next| (next.month, next.channel) != (row.month, row.channel))
        });
        newest.map(|(_, row)| row).filter(|row| row.money.is_some())
    }
}

/// A book joined to touches.
pub(crate) struct JoinedBook {
    pub(crate) book: Arc<Book>,
    pub(crate) facts: Arc<SpendFacts>,
    /// What each entry is worth, and where it belongs, in their order.
    pub(crate) worth: Vec<Worth>,
    pub(crate) joined: Vec<Joined>,
    pub(crate) report: UnmatchedReport,
}

/// What is kept of a workspace.
#[derive(Default, Clone)]
pub(crate) struct Kept {
    book: Option<Arc<Book>>,
    /// The touches that were joined last; click ids only as far as the book names them.
    index: Arc<TouchIndex>,
    joined: Option<Arc<JoinedBook>>,
}

#[async_trait]
impl SpendSource for Ledger {
    async fn version(&self, scope: &Scope) -> Result<u64, Problem> {
        Ok(self.version_of(scope).await?.0)
    }

    async fn spend(&self, scope: &Scope, touches: &TouchIndex) -> Result<Arc<SpendFacts>, Problem> {
        Ok(self.joined_to(scope, Some(touches)).await?.facts.clone())
    }

    async fn spend_at(&self, scope: &Scope, touches: &TouchIndex, at: Timestamp) -> Result<Arc<SpendFacts>, Problem> {
        let book = Arc::new(self.book_at(scope, at).await?);
        Ok(join_book(book.clone(), &trimmed(touches, &book)).facts)
    }
}

impl Ledger {
    async fn version_of(&self, scope: &Scope) -> Result<(u64, Currency), Problem> {
        let currency = self.0.platform.accounts.settings(&scope.workspace).await?.currency;
        let changes = store::changes(&self.0.platform.db(scope).await?).await?;
        // The currency is part of the answer, so that another currency is another version.
        let mut hasher = DefaultHasher::new();
        (changes, currency).hash(&mut hasher);
        Ok((hasher.finish(), currency))
    }

    /// The book as it stands, from memory where nothing changed.
    pub(crate) async fn book(&self, scope: &Scope) -> Result<Arc<Book>, Problem> {
        let (version, currency) = self.version_of(scope).await?;
        if let Some(book) = self.kept(scope).book.filter(|book| book.version == version) {
            return Ok(book);
        }
        let db = self.0.platform.db(scope).await?;
        let entries = store::all_entries(&db).await?;
        let plans = store::all_plans(&db).await?;
        let rates = Rates::new(currency, ledger_history::all_rates(&db).await?.into_iter());
        let mappings = ledger_history::all_mappings(&db).await?;
        let book = Arc::new(book_of((version, currency), entries, plans, rates, mappings));
        self.0.kept.lock().entry(scope.workspace.id.clone()).or_default().book = Some(book.clone());
        Ok(book)
    }

    /// The book as it stood at a moment: what was entered by then. It is not kept.
    async fn book_at(&self, scope: &Scope, at: Timestamp) -> Result<Book, Problem> {
        let (version, currency) = self.version_of(scope).await?;
        let db = self.0.platform.db(scope).await?;
        let mut entries = store::all_entries(&db).await?;
        entries.retain(|entry| entry.entered_at <= at);
        let mut plans = store::all_plans(&db).await?;
        plans.retain(|plan| plan.entered_at <= at);
        let rates = Rates::new(currency, ledger_history::rates_at(&db, at).await?.into_iter());
        let mappings = ledger_history::mappings_at(&db, at).await?;
        Ok(book_of((version, currency), entries, plans, rates, mappings))
    }

    fn kept(&self, scope: &Scope) -> Kept {
        self.0.kept.lock().get(&scope.workspace.id).cloned().unwrap_or_default()
    }

    /// The book joined to the touches that are given, else to those the wiring names, else to the last ones.
    pub(crate) async fn joined_to(
        &self,
        scope: &Scope,
        touches: Option<&TouchIndex>,
    ) -> Result<Arc<JoinedBook>, Problem> {
        let book = self.book(scope).await?;
        let read = match (touches, self.0.touches.get()) {
            (None, Some(source)) => Some(source.touches(scope).await?),
            _ => None,
        };
        let kept = self.kept(scope);
        let index = match touches.or(read.as_deref()) {
            Some(touches) => Arc::new(trimmed(touches, &book)),
            None => kept.index.clone(),
        };
        let fresh = |joined: &Arc<JoinedBook>| Arc::ptr_eq(&joined.book, &book) && *kept.index == *index;
        if let Some(joined) = kept.joined.clone().filter(fresh) {
            return Ok(joined);
        }
        let joined = Arc::new(join_book(book, &index));
        let mut all = self.0.kept.lock();
        let kept = all.entry(scope.workspace.id.clone()).or_default();
        (kept.index, kept.joined) = (index, Some(joined.clone()));
        Ok(joined)
    }
}

fn book_of(
    (version, currency): (u64, Currency),
    entries: Vec<Entry>,
    plans: Vec<PlanRow>,
    rates: Rates,
    mappings: Vec<Mapping>,
) -> Book {
    let reversed = entries.iter().filter_map(|entry| Some((entry.reverses.clone()?, entry.id.clone()))).collect();
    let mappings = mappings.into_iter().map(|mapping| (mapping.spend_key.clone(), mapping)).collect();
    Book { version, currency, entries, reversed, plans, rates, mappings }
}

/// The touches without the click ids that no line names: a handful instead of one a visit.
fn trimmed(touches: &TouchIndex, book: &Book) -> TouchIndex {
    let named: HashSet<&str> = book.entries.iter().map(|entry| entry.line.click_id.as_str()).collect();
    let clicks = named.iter().filter_map(|click| Some(((*click).to_owned(), *touches.place_of_click(click)?)));
    TouchIndex {
        campaigns: touches.campaigns.clone(),
        by_campaign_id: touches.by_campaign_id.clone(),
        by_name: touches.by_name.clone(),
        by_click_id: clicks.collect(),
        ..TouchIndex::default()
    }
}

/// Joins a book to touches. Pure.
pub(crate) fn join_book(book: Arc<Book>, index: &TouchIndex) -> JoinedBook {
    let joiner = Joiner::new(index, &book.mappings);
    let joined: Vec<Joined> = book.entries.iter().map(|entry| joiner.join(&entry.line)).collect();
    let worth: Vec<Worth> = book.entries.iter().map(|one| book.rates.worth(one.line.money, one.line.date)).collect();
    let lines = book.entries.iter().zip(&joined).zip(&worth);
    let entries: Vec<SpendFact> = lines.map(|((entry, joined), worth)| fact(entry, joined, *worth)).collect();
    let campaigns = unmatched(&book, &joined, &worth, &joiner);
    let unconverted = unconverted(&book, &worth);
    let campaigns_of_touches = index.campaigns.len() as u64;
    let report = UnmatchedReport { campaigns, unconverted, campaigns_of_touches };
    let facts = SpendFacts {
        version: book.version,
        entries,
        plan: book.plans_in_force().filter_map(|row| plan_fact(&book, row)).collect(),
        unmatched: report.campaigns.iter().map(|group| group.lines).sum(),
        stale_rates: stale(&report.unconverted, &book),
        rates: book.rates.table().clone(),
    };
    JoinedBook { book, facts: Arc::new(facts), worth, joined, report }
}

fn fact(entry: &Entry, joined: &Joined, worth: Worth) -> SpendFact {
    let line = &entry.line;
    SpendFact {
        id: entry.id.to_string(),
        date: line.date,
        channel: joined.channel.as_str().to_owned(),
        source: joined.source.clone(),
        medium: joined.medium.clone(),
        campaign: joined.campaign.clone(),
        campaign_id: line.campaign_id.clone(),
        content: if line.ad.is_empty() { line.ad_group.clone() } else { line.ad.clone() },
        matched: joined.matched,
        original: line.money,
        micros: worth.micros(),
        rate: worth.rate(),
        note: line.note.clone(),
    }
}

fn plan_fact(book: &Book, row: &PlanRow) -> Option<PlanFact> {
    let original = row.money?;
    let micros = book.rates.planned(original, row.month).micros();
    Some(PlanFact { month: row.month, channel: row.channel.as_str().to_owned(), original, micros })
}

/// Lines that stand and are joined to nothing, by campaign, the dearest first.
fn unmatched(book: &Book, joined: &[Joined], worth: &[Worth], joiner: &Joiner<'_>) -> Vec<Unmatched> {
    let mut groups: BTreeMap<(String, Channel), Unmatched> = BTreeMap::new();
    for ((entry, joined), worth) in book.entries.iter().zip(joined).zip(worth) {
        let Some(reason) = joined.reason.as_ref().filter(|_| book.stands(entry)) else { continue };
        let (line, key) = (&entry.line, (entry.line.spend_key(), joined.channel));
        let group = groups.entry(key).or_insert_with_key(|(spend_key, channel)| Unmatched {
            spend_key: spend_key.clone(),
            system: line.system.clone(),
            campaign: line.campaign.clone(),
            campaign_id: line.campaign_id.clone(),
            channel: channel.as_str().to_owned(),
            lines: 0,
            first: line.date,
            last: line.date,
            amounts: Vec::new(),
            converted: Money::new(0, book.currency),
            reason: reason.clone(),
            suggestions: joiner.suggest(line),
        });
        group.lines += 1;
        group.last = group.last.max(line.date);
        group.converted.micros = group.converted.micros.saturating_add(worth.micros().unwrap_or(0));
        match group.amounts.iter_mut().find(|amount| amount.currency == line.money.currency) {
            Some(amount) => amount.micros = amount.micros.saturating_add(line.money.micros),
            None => group.amounts.push(line.money),
        }
    }
    let mut all: Vec<Unmatched> = groups.into_values().collect();
    all.sort_by_key(|group| std::cmp::Reverse(group.converted.micros));
    all
}

/// Lines that stand and that no rate converts, by currency.
fn unconverted(book: &Book, worth: &[Worth]) -> Vec<Unconverted> {
    let mut groups: BTreeMap<Currency, Unconverted> = BTreeMap::new();
    for (entry, worth) in book.entries.iter().zip(worth) {
        if worth.micros().is_some() || !book.stands(entry) {
            continue;
        }
        let (money, date) = (entry.line.money, entry.line.date);
        let group = groups.entry(money.currency).or_insert_with(|| Unconverted {
            currency: money.currency,
            lines: 0,
            amount: Money::new(0, money.currency),
            first: date,
            last: date,
            newest_rate: book.rates.newest(money.currency),
        });
        group.lines += 1;
        group.last = group.last.max(date);
        group.amount.micros = group.amount.micros.saturating_add(money.micros);
    }
    groups.into_values().collect()
}

fn stale(unconverted: &[Unconverted], book: &Book) -> Vec<StaleRate> {
    let behind = |newest: Option<Date>, last: Date| {
        newest.is_none_or(|newest| last.since(newest).is_ok_and(|span| i64::from(span.get_days()) > RATE_AGE_DAYS_MAX))
    };
    let own = unconverted.iter().filter(|group| behind(book.rates.newest(group.currency), group.last));
    own.map(|group| StaleRate { currency: group.currency, newest_rate: group.newest_rate, newest_entry: group.last })
        .collect()
}
