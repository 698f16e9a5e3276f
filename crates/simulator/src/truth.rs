//! What is true of the company, known because it was made so: the yardstick for everything that is measured of it.

use crate::calendar::{self, Calendar};
use crate::deals::{Deal, Ending};
use crate::market::{self, Channel, MISLABELLED, MISLABELLED_MEDIUM, Market};
use crate::spend::{PlanRow, SpendRow, currency};
use jiff::civil::Date;
use kernel::money::{Currency, Money, Rate};
use std::collections::BTreeMap;

/// Euros for one dollar, in billionths, on the days that have a rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fx(pub BTreeMap<Date, i64>);

impl Fx {
    /// The rate in force on a date: the newest one not after it.
    #[must_use]
    pub fn on(&self, date: Date) -> Option<(Date, Rate)> {
        self.0.range(..=date).next_back().map(|(date, nanos)| (*date, Rate { nanos: *nanos }))
    }
}

/// Spend of one channel in one month and one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendTotal {
    /// The first day of the month.
    pub month: Date,
    /// The channel.
    pub channel: Channel,
    /// In the currency of the platform, the sum of its lines.
    pub money: Money,
    /// In euros: each line converted at the rate of its day, then summed.
    pub euro_micros: i64,
    /// Lines in the reports.
    pub lines: u64,
}

/// Deals of one month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MonthOfDeals {
    /// Created in the month.
    pub created: u64,
    /// Their value.
    pub created_micros: i64,
    /// Won in the month.
    pub won: u64,
    /// Their value: the revenue booked.
    pub won_micros: i64,
    /// Lost in the month.
    pub lost: u64,
}

/// What a channel really caused: deals that would not be without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caused {
    /// The channel; `Direct` stands for what would have come anyway.
    pub channel: Channel,
    /// Deals created.
    pub deals: u64,
    /// Deals won.
    pub won: u64,
    /// Their value.
    pub won_micros: i64,
}

/// The campaign whose links carry a wrong medium, so that its visits are `Unassigned`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mislabelled {
    /// Its name in the sheet of invoices.
    pub name: &'static str,
    /// Its `utm_campaign`.
    pub campaign: String,
    /// Its `utm_source`.
    pub source: &'static str,
    /// Its `utm_medium`, with the mistake.
    pub medium: &'static str,
    /// The channel it belongs to.
    pub channel: Channel,
}

/// What is true.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The currency of deals, plan and reports.
    pub currency: Currency,
    /// The first day.
    pub start: Date,
    /// The day after the last.
    pub end: Date,
    /// People whose address is known.
    pub people: u64,
    /// Companies.
    pub companies: u64,
    /// Deals.
    pub deals: u64,
    /// Deals that are open on the last day.
    pub deals_open: u64,
    /// Deals won.
    pub deals_won: u64,
    /// Deals lost.
    pub deals_lost: u64,
    /// The value of the deals won, in micros of euros.
    pub revenue_micros: i64,
    /// The value of all deals, in micros of euros.
    pub pipeline_micros: i64,
    /// Deals by the month they were created or closed in; the last month may not be over.
    pub months: BTreeMap<Date, MonthOfDeals>,
    /// Spend by month, channel and currency.
    pub spend: Vec<SpendTotal>,
    /// The plan by month and channel, in micros of euros; of whole months, also where the last one is not over.
    pub plan: BTreeMap<(Date, Channel), i64>,
    /// What each channel caused, the whole of the deals.
    pub caused: Vec<Caused>,
    /// A channel that is often the last click and causes next to nothing.
    pub harvester: Channel,
    /// Days in which the effect of one set of ads halves.
    pub fatigue_days: Vec<(Channel, f64)>,
    /// The demand of each calendar month, January first.
    pub season: [f64; 12],
    /// People in a deal, on average, in thousandths.
    pub committee_thousandths: u64,
    /// The campaign with the wrong medium.
    pub mislabelled: Mislabelled,
    /// A campaign that costs money and whose links carry no tags: nothing can be joined to it.
    pub untagged: &'static str,
    /// The daily rates.
    pub fx: Fx,
}

impl Truth {
    /// All spend in euros, each line converted at the rate of its day.
    #[must_use]
    pub fn spend_euro_micros(&self) -> i64 {
        self.spend.iter().map(|total| total.euro_micros).sum()
    }

    /// Spend of a channel in a month, in euros.
    #[must_use]
    pub fn spend_of(&self, month: Date, channel: Channel) -> i64 {
        let own = self.spend.iter().filter(|total| total.month == month && total.channel == channel);
        own.map(|total| total.euro_micros).sum()
    }
}

/// What the truth is told from.
pub(crate) struct Facts<'a> {
    pub(crate) calendar: &'a Calendar,
    pub(crate) market: &'a Market,
    pub(crate) deals: &'a [Deal],
    pub(crate) spend: &'a [SpendRow],
    pub(crate) plan: &'a [PlanRow],
    pub(crate) fx: &'a Fx,
    pub(crate) people: usize,
    pub(crate) companies: usize,
}

/// Tells the truth.
pub(crate) fn tell(facts: &Facts<'_>) -> Truth {
    let ended = |ending: Ending| facts.deals.iter().filter(move |deal| deal.ending == ending);
    let members: usize = facts.deals.iter().map(|deal| deal.committee.len()).sum();
    let euro = currency(market::Platform::Meta);
    Truth {
        currency: euro,
        start: facts.calendar.start,
        end: facts.calendar.end,
        people: facts.people as u64,
        companies: facts.companies as u64,
        deals: facts.deals.len() as u64,
        deals_open: ended(Ending::Open).count() as u64,
        deals_won: ended(Ending::Won).count() as u64,
        deals_lost: ended(Ending::Lost).count() as u64,
        revenue_micros: ended(Ending::Won).map(|deal| deal.micros).sum(),
        pipeline_micros: facts.deals.iter().map(|deal| deal.micros).sum(),
        months: months(facts),
        spend: spend(facts, euro),
        plan: facts.plan.iter().map(|row| ((row.month, row.channel), row.micros)).collect(),
        caused: caused(facts.deals),
        harvester: Channel::Affiliates,
        fatigue_days: Channel::ALL.iter().filter_map(|one| one.fatigue_days().map(|days| (*one, days))).collect(),
        season: calendar::SEASON,
        committee_thousandths: (members * 1_000 / facts.deals.len().max(1)) as u64,
        mislabelled: Mislabelled {
            name: MISLABELLED,
            campaign: market::slug(MISLABELLED),
            source: "saas-weekly",
            medium: MISLABELLED_MEDIUM,
            channel: Channel::PaidOther,
        },
        untagged: "Boosted post: office move",
        fx: facts.fx.clone(),
    }
}

fn months(facts: &Facts<'_>) -> BTreeMap<Date, MonthOfDeals> {
    let mut months: BTreeMap<Date, MonthOfDeals> = BTreeMap::new();
    let month = |at: i64| calendar::civil(at).0.first_of_month();
    for deal in facts.deals {
        let created = months.entry(month(deal.created_at)).or_default();
        created.created += 1;
        created.created_micros += deal.micros;
        match deal.ending {
            Ending::Open => {}
            Ending::Won => {
                let closed = months.entry(month(deal.close_at)).or_default();
                closed.won += 1;
                closed.won_micros += deal.micros;
            }
            Ending::Lost => months.entry(month(deal.close_at)).or_default().lost += 1,
        }
    }
    months
}

fn spend(facts: &Facts<'_>, euro: Currency) -> Vec<SpendTotal> {
    let mut totals: BTreeMap<(Date, Channel, Currency), (i64, i64, u64)> = BTreeMap::new();
    for row in facts.spend {
        let campaign = facts.market.get(row.campaign);
        let own = currency(campaign.platform);
        let rate = facts.fx.on(row.date).map_or(Rate::ONE, |(_, rate)| rate);
        let money = Money::new(row.micros, own);
        let converted = if own == euro { Ok(money) } else { money.convert(rate, euro) };
        let total = totals.entry((row.date.first_of_month(), campaign.channel, own)).or_default();
        total.0 += row.micros;
        total.1 += converted.map_or(0, |money| money.micros);
        total.2 += 1;
    }
    let total = |((month, channel, own), (micros, euro_micros, lines))| SpendTotal {
        month,
        channel,
        money: Money::new(micros, own),
        euro_micros,
        lines,
    };
    totals.into_iter().map(total).collect()
}

fn caused(deals: &[Deal]) -> Vec<Caused> {
    let one = |channel: &Channel| {
        let own = || deals.iter().filter(|deal| deal.cause == *channel);
        let won = || own().filter(|deal| deal.ending == Ending::Won);
        Caused {
            channel: *channel,
            deals: own().count() as u64,
            won: won().count() as u64,
            won_micros: won().map(|deal| deal.micros).sum(),
        }
    };
    Channel::ALL.iter().map(one).collect()
}
