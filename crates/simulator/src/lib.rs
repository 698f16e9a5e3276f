//! A company with known truth: people, campaigns, spend and deals, for the demo, the tests and the benchmarks.
//!
//! Northlathe sells planning software to other companies. Over eighteen months and the days of the running one its
//! visitors, leads, deals and campaigns leave the traces a real company leaves: messages of Segment's libraries, exports
//! of a CRM, reports of ad platforms. Because the company is made up, what really caused its deals is known, and
//! [`Truth`] says so.
//!
//! **Invariant:** the same settings give the same bytes, on every run; nothing reads a clock or the machine's chance.
//! **Invariant:** the totals of the files are the totals of the truth, to the cent.
//! **Invariant:** messages come in the order they arrive, with flat memory.

mod calendar;
mod deals;
mod draw;
mod events;
mod files;
mod journeys;
mod market;
mod population;
mod product;
mod site;
mod spend;
#[cfg(test)]
mod tests;
mod truth;
mod web;
mod wire;
mod words;

pub use calendar::{GROWTH, MONTHS, SEASON};
pub use deals::Ending;
pub use events::{Events, Tally};
pub use files::{FileKind, NamedCsv};
pub use market::{Channel, MISLABELLED, MISLABELLED_MEDIUM, Platform};
pub use truth::{Caused, Fx, Mislabelled, MonthOfDeals, SpendTotal, Truth};

use jiff::civil::Date;
use kernel::time::Timestamp;

/// The time zone the company works in.
pub const TIME_ZONE: &str = "Europe/Berlin";

/// Which company.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Two companies of one seed are equal.
    pub seed: u64,
    /// 1 for the full size (more than 40 000 people, 2 000 companies, 3 000 deals, 3 million messages), less for tests.
    pub scale: f64,
    /// The day after the last one. Any day: a month may be running.
    pub end: Date,
}

impl Settings {
    /// The company of the demo, up to a day.
    #[must_use]
    pub fn until(end: Date) -> Self {
        Self { seed: 1_848, scale: 1.0, end }
    }
}

/// One message, ready to be sent.
///
/// It has a `timestamp` and no `sentAt`: whoever sends it sets `sentAt` of the batch to the moment of sending, so that
/// Segment's rule for skewed clocks leaves the timestamp as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When it arrives; later than it happened for a late one.
    pub at: Timestamp,
    /// The message in Segment's form.
    pub json: String,
}

/// A company.
pub struct Company {
    settings: Settings,
    calendar: calendar::Calendar,
    market: market::Market,
    population: population::Population,
    deals: Vec<deals::Deal>,
    plan: journeys::Plan,
    spend: Vec<spend::SpendRow>,
    budget: Vec<spend::PlanRow>,
    fx: Fx,
    /// When each person first worked with the product.
    signed_in: Vec<Option<i64>>,
}

impl Company {
    /// Makes the company up. Takes about a second at full size.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { seed, scale, end } = settings;
        let calendar = calendar::Calendar::new(end);
        let market = market::Market::new(&calendar, seed);
        let mut population = population::Population::new(&calendar, seed, scale);
        let deals = deals::draw(&calendar, &market, &population, seed, scale);
        let mut plan = journeys::plan(&calendar, &market, &mut population, &deals, (seed, scale));
        plan.seats.sort_by_key(|seat| (seat.from, seat.person));
        let mut signed_in = vec![None; population.people.len()];
        for seat in &plan.seats {
            signed_in[seat.person as usize].get_or_insert(seat.from);
        }
        let spend = spend::rows(&calendar, &market, seed, scale);
        let budget = spend::plan(&calendar, &market, scale);
        let fx = spend::rates(&calendar, seed);
        Self { settings, calendar, market, population, deals, plan, spend, budget, fx, signed_in }
    }

    /// The messages, in the order they arrive. Each call starts anew and gives the same.
    #[must_use]
    pub fn events(&self) -> Events<'_> {
        Events::new(self)
    }

    /// The files, in the order in which they should be imported.
    #[must_use]
    pub fn files(&self) -> Vec<NamedCsv> {
        files::all(self)
    }

    /// What is true.
    #[must_use]
    pub fn truth(&self) -> Truth {
        truth::tell(&truth::Facts {
            calendar: &self.calendar,
            market: &self.market,
            deals: &self.deals,
            spend: &self.spend,
            plan: &self.budget,
            fx: &self.fx,
            people: self.population.people.len(),
            companies: self.population.firms.len(),
        })
    }

    /// What caused each deal: the CRM's id of the deal and the channel.
    #[must_use]
    pub fn causes(&self) -> Vec<(String, Channel)> {
        files::causes(self)
    }

    /// How many messages there will be, roughly: for a progress bar.
    #[must_use]
    pub fn messages_about(&self) -> u64 {
        draw::scaled(self.calendar.days.len() * 5_680, self.settings.scale) as u64
    }
}
