//! What money was spent and planned, as the metrics need it: the seam to the ledger.
//!
//! **Invariant:** analytics never depends on the budget area; whoever keeps a ledger implements [`SpendSource`].
//! **Invariant:** an entry is never dropped: what no rate converts has `micros: None`, what no touch matches has
//! `matched: None`, and both are counted where a person sees them.

use async_trait::async_trait;
use jiff::civil::Date;
use kernel::money::{Currency, Money, Rate, split_micros};
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Days a rate stays good for: a weekend, a public holiday, and some slack. An amount whose newest rate is older is not
/// converted but listed. One rule for spend, plan and deals.
pub const RATE_AGE_DAYS_MAX: i64 = 10;

/// Where spend, plan and exchange rates come from. Implemented by the ledger.
#[async_trait]
pub trait SpendSource: Send + Sync {
    /// A number that changes whenever [`SpendSource::spend`] would answer differently for the same touches: entries,
    /// plan or rates changed. Must be cheap; it is asked before every query.
    async fn version(&self, scope: &Scope) -> Result<u64, Problem>;

    /// Everything in the ledger, joined to the touches by click id, then UTM id, then campaign name.
    ///
    /// The implementor must not call back into `Metrics` (it would wait for itself); the touches it needs are given.
    async fn spend(&self, scope: &Scope, touches: &TouchIndex) -> Result<Arc<SpendFacts>, Problem>;

    /// The same, of what had been entered at a moment: entries, plan, rates and mappings as they were then.
    async fn spend_at(&self, scope: &Scope, touches: &TouchIndex, at: Timestamp) -> Result<Arc<SpendFacts>, Problem>;
}

/// Which key joined an entry to touches. The order is the order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpendMatch {
    /// A click id of the entry was seen on a session.
    ClickId,
    /// The campaign id equals the `utm_id` of sessions.
    UtmId,
    /// The campaign name equals the `utm_campaign` of sessions (ignoring case and outer spaces).
    Name,
    /// The entry names a channel by hand; nothing finer was needed.
    Channel,
}

/// One line of actual spend. Reversals are lines of their own, with a negative amount.
#[derive(Debug, Clone, PartialEq)]
pub struct SpendFact {
    /// The ledger's id of the line.
    pub id: String,
    /// The day the money was spent, in the account's own calendar.
    pub date: Date,
    /// The channel it counts for: of the matched touches, else of the entry. `Unassigned` when neither says.
    pub channel: String,
    /// The source, for example `google`; empty when unknown.
    pub source: String,
    /// The medium, for example `cpc`; empty when unknown.
    pub medium: String,
    /// The campaign as the touches spell it when matched, else as the ad platform spells it; empty when unknown.
    pub campaign: String,
    /// The platform's campaign id; empty when unknown.
    pub campaign_id: String,
    /// The ad or content; empty when unknown.
    pub content: String,
    /// Which key joined it to touches; `None` when nothing did, although the entry names a campaign or click id.
    pub matched: Option<SpendMatch>,
    /// The amount as booked.
    pub original: Money,
    /// The amount in the workspace currency at the rate of its date; `None` when there is no rate.
    pub micros: Option<i64>,
    /// The rate used and the date it is from; `None` for the workspace currency itself and where no rate exists.
    pub rate: Option<(Rate, Date)>,
    /// What the line says in words (platform, file, row).
    pub note: String,
}

/// The plan of one channel for one month.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanFact {
    /// The first day of the month.
    pub month: Date,
    /// The channel.
    pub channel: String,
    /// The amount as planned.
    pub original: Money,
    /// The amount in the workspace currency; `None` when there is no rate.
    pub micros: Option<i64>,
}

/// A currency whose newest rate is older than its newest entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleRate {
    /// The currency.
    pub currency: Currency,
    /// Its newest rate; `None` when there is none at all.
    pub newest_rate: Option<Date>,
    /// Its newest entry.
    pub newest_entry: Date,
}

/// Everything the ledger says, ready to be counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpendFacts {
    /// See [`SpendSource::version`].
    pub version: u64,
    /// The lines, in the order of their date, then id.
    pub entries: Vec<SpendFact>,
    /// The plan.
    pub plan: Vec<PlanFact>,
    /// Lines that name a campaign or a click id which no touch carries.
    pub unmatched: u64,
    /// Currencies whose rates are behind.
    pub stale_rates: Vec<StaleRate>,
    /// Rates by source currency and date, into the workspace currency: deals are converted with them too.
    pub rates: RateTable,
}

/// Daily rates into the workspace currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateTable {
    by_currency: HashMap<Currency, BTreeMap<Date, Rate>>,
}

impl RateTable {
    /// Adds a rate: units of the workspace currency for one unit of `currency`.
    pub fn insert(&mut self, currency: Currency, date: Date, rate: Rate) {
        self.by_currency.entry(currency).or_default().insert(date, rate);
    }

    /// The newest rate not after a date, however old.
    #[must_use]
    pub fn before(&self, currency: Currency, date: Date) -> Option<(Rate, Date)> {
        let found = self.by_currency.get(&currency)?.range(..=date).next_back();
        found.map(|(day, rate)| (*rate, *day))
    }

    /// The rate in force on a date: the newest one not after it, unless that is older than [`RATE_AGE_DAYS_MAX`]. Never a
    /// later one.
    #[must_use]
    pub fn on(&self, currency: Currency, date: Date) -> Option<(Rate, Date)> {
        let age = |day: Date| date.since(day).map_or(i64::MAX, |span| i64::from(span.get_days()));
        self.before(currency, date).filter(|(_, day)| age(*day) <= RATE_AGE_DAYS_MAX)
    }

    /// The day of the newest rate of a currency.
    #[must_use]
    pub fn newest(&self, currency: Currency) -> Option<Date> {
        self.by_currency.get(&currency).and_then(|all| all.keys().next_back().copied())
    }

    /// Whether there is a rate of this very day.
    #[must_use]
    pub fn has(&self, currency: Currency, date: Date) -> bool {
        self.by_currency.get(&currency).is_some_and(|all| all.contains_key(&date))
    }

    /// An amount in the workspace currency at the rate of a date; `None` without a rate or when it does not fit.
    #[must_use]
    pub fn convert(&self, money: Money, to: Currency, date: Date) -> Option<i64> {
        if money.currency == to {
            return Some(money.micros);
        }
        let (rate, _) = self.on(money.currency, date)?;
        money.convert(rate, to).ok().map(|converted| converted.micros)
    }
}

/// How sessions spell one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignTouch {
    /// The channel of most of its sessions.
    pub channel: String,
    /// The source of most of its sessions.
    pub source: String,
    /// The medium of most of its sessions.
    pub medium: String,
    /// The campaign name as it is written most often.
    pub campaign: String,
    /// Its `utm_id`, when sessions carry one; empty otherwise.
    pub campaign_id: String,
    /// The first session.
    pub first_at: Timestamp,
    /// The newest session.
    pub last_at: Timestamp,
    /// How many sessions.
    pub sessions: u64,
}

/// The touches of a workspace by the keys that spend is joined on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TouchIndex {
    /// The campaigns that sessions carried.
    pub campaigns: Vec<CampaignTouch>,
    /// Place in `campaigns` by `utm_id`.
    pub by_campaign_id: HashMap<String, usize>,
    /// Place in `campaigns` by name, lower case and trimmed.
    pub by_name: HashMap<String, usize>,
    /// Place in `campaigns` by click id, of those that were looked up.
    pub by_click_id: HashMap<String, usize>,
    /// Place in `campaigns` by the hash of every click id that sessions carried.
    pub by_click_hash: Arc<HashMap<u64, usize>>,
}

impl TouchIndex {
    /// Place in `campaigns` of a click id.
    #[must_use]
    pub fn place_of_click(&self, click_id: &str) -> Option<&usize> {
        let hashed = || self.by_click_hash.get(&crate::sessions::click_hash(click_id));
        self.by_click_id.get(click_id).or_else(|| hashed().filter(|_| !click_id.is_empty()))
    }

    /// The campaign of an entry and the key that found it: click id, then UTM id, then name.
    #[must_use]
    pub fn find(&self, click_ids: &[String], campaign_id: &str, name: &str) -> Option<(&CampaignTouch, SpendMatch)> {
        let clicked = click_ids.iter().find_map(|id| self.place_of_click(id.trim()));
        let by_id = || Some(campaign_id.trim()).filter(|id| !id.is_empty()).and_then(|id| self.by_campaign_id.get(id));
        let by_name = || self.by_name.get(&fold_name(name));
        let (place, by) = clicked
            .map(|place| (place, SpendMatch::ClickId))
            .or_else(|| by_id().map(|place| (place, SpendMatch::UtmId)))
            .or_else(|| by_name().map(|place| (place, SpendMatch::Name)))?;
        self.campaigns.get(*place).map(|campaign| (campaign, by))
    }
}

/// A campaign name as names are compared: trimmed, lower case. Empty names match nothing.
#[must_use]
pub fn fold_name(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A month's plan spread over its days; the days sum to the month.
pub(crate) fn spread(micros: i64, days: i32) -> Vec<i64> {
    split_micros(micros, &vec![1; usize::try_from(days).unwrap_or(0)]).unwrap_or_default()
}

/// A workspace without a ledger: no spend, no plan, no rates. For tests and tools.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSpend;

#[async_trait]
impl SpendSource for NoSpend {
    async fn version(&self, _scope: &Scope) -> Result<u64, Problem> {
        Ok(0)
    }

    async fn spend(&self, _scope: &Scope, _touches: &TouchIndex) -> Result<Arc<SpendFacts>, Problem> {
        Ok(Arc::new(SpendFacts::default()))
    }

    async fn spend_at(&self, _: &Scope, _: &TouchIndex, _: Timestamp) -> Result<Arc<SpendFacts>, Problem> {
        Ok(Arc::new(SpendFacts::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(name: &str) -> CampaignTouch {
        CampaignTouch {
            channel: "Paid Search".into(),
            source: "google".into(),
            medium: "cpc".into(),
            campaign: name.into(),
            campaign_id: String::new(),
            first_at: Timestamp::default(),
            last_at: Timestamp::default(),
            sessions: 1,
        }
    }

    /// AN-C "Ad-cost join": click id, then UTM id, then name.
    #[test]
    fn a_click_id_beats_an_id_beats_a_name() {
        let index = TouchIndex {
            campaigns: vec![touch("by click"), touch("by id"), touch("by name")],
            by_click_id: HashMap::from([("gclid-1".to_owned(), 0)]),
            by_campaign_id: HashMap::from([("777".to_owned(), 1)]),
            by_name: HashMap::from([("by name".to_owned(), 2)]),
            ..TouchIndex::default()
        };
        let found = |clicks: &[String], id: &str, name: &str| {
            index.find(clicks, id, name).map(|(campaign, by)| (campaign.campaign.clone(), by))
        };
        let click = ["gclid-1".to_owned()];
        assert_eq!(found(&click, "777", "By Name"), Some(("by click".to_owned(), SpendMatch::ClickId)));
        assert_eq!(found(&[], "777", "By Name"), Some(("by id".to_owned(), SpendMatch::UtmId)));
        assert_eq!(found(&[], "778", " By Name "), Some(("by name".to_owned(), SpendMatch::Name)));
        assert_eq!(found(&[], "", ""), None);
    }

    #[test]
    fn a_rate_is_the_newest_one_not_after_the_date_and_not_too_old() {
        let (usd, eur): (Currency, Currency) = ("USD".parse().unwrap(), "EUR".parse().unwrap());
        let mut rates = RateTable::default();
        rates.insert(usd, "2026-01-10".parse().unwrap(), "0.9".parse().unwrap());
        rates.insert(usd, "2026-01-20".parse().unwrap(), "0.8".parse().unwrap());
        let on = |date: &str| rates.convert(Money::new(10_000_000, usd), eur, date.parse().unwrap());
        assert_eq!(on("2026-01-09"), None, "never a later rate");
        assert_eq!(on("2026-01-19"), Some(9_000_000));
        assert_eq!(on("2026-01-30"), Some(8_000_000));
        assert_eq!(on("2026-01-31"), None, "never one that is too old");
        assert_eq!(rates.convert(Money::new(5, "GBP".parse().unwrap()), eur, "2026-01-10".parse().unwrap()), None);
    }
}
