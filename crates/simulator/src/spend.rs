//! Money: what each campaign costs every day, what was planned, and what a dollar was worth.
//!
//! **Invariant:** every amount is in whole cents of its platform's currency, as the platforms export it.

use crate::calendar::Calendar;
use crate::draw::{Draw, floor};
use crate::market::{Channel, Market, Platform, tired};
use crate::truth::Fx;
use jiff::civil::{Date, Weekday};
use kernel::money::{Currency, UNIT};
use std::collections::BTreeMap;

/// Micros in a cent.
const CENT: i64 = UNIT / 100;

/// One line of a spend report.
pub(crate) struct SpendRow {
    pub(crate) date: Date,
    pub(crate) campaign: u16,
    /// The ad group (Google), ad (Meta) or creative (LinkedIn); none on an invoice.
    pub(crate) group: Option<&'static str>,
    pub(crate) micros: i64,
    pub(crate) impressions: i64,
    pub(crate) clicks: i64,
}

/// A planned amount of one whole month, also of one that is not over.
pub(crate) struct PlanRow {
    pub(crate) month: Date,
    pub(crate) channel: Channel,
    pub(crate) micros: i64,
}

/// The currency a platform bills in.
pub(crate) fn currency(platform: Platform) -> Currency {
    let code = if matches!(platform, Platform::Google | Platform::LinkedIn) { "USD" } else { "EUR" };
    // Both are valid codes; the parser has no other way to say no.
    code.parse().unwrap_or_else(|_| unreachable!("a literal currency code"))
}

/// Every line of every report, by campaign and then by date.
pub(crate) fn rows(calendar: &Calendar, market: &Market, seed: u64, scale: f64) -> Vec<SpendRow> {
    let mut rows = Vec::new();
    for (place, campaign) in market.campaigns.iter().enumerate() {
        let number = u16::try_from(place).unwrap_or(0);
        match campaign.platform {
            Platform::Free => {}
            Platform::Invoice => invoices(calendar, campaign, number, (seed, scale), &mut rows),
            Platform::Google | Platform::Meta | Platform::LinkedIn => {
                daily(calendar, campaign, number, (seed, scale), &mut rows);
            }
        }
    }
    rows
}

#[expect(clippy::cast_precision_loss, reason = "an amount of a day in cents is small")]
fn daily(
    calendar: &Calendar,
    campaign: &crate::market::Campaign,
    number: u16,
    (seed, scale): (u64, f64),
    rows: &mut Vec<SpendRow>,
) {
    let per_group = campaign.budget as f64 / CENT as f64 / 30.4 / campaign.ad_groups.len() as f64 * scale;
    for day in campaign.from..campaign.to {
        let mut draw = Draw::of(seed, "spend", u64::from(number) << 20 | day.unsigned_abs());
        let age = day - campaign.from;
        let fresh = campaign.channel.fatigue_days().map_or(1.0, |half| tired(age, half).max(0.35));
        for (place, group) in campaign.ad_groups.iter().enumerate() {
            let share = if place == 0 { 1.15 } else { 0.92 };
            let cents =
                floor(per_group * share * calendar.day(day).demand.powf(0.5) * draw.skewed(1.0, 0.16, 0.5, 2.0));
            let micros = cents.max(1) * CENT;
            let click_cost = campaign.click_cost / fresh * draw.skewed(1.0, 0.12, 0.6, 1.7);
            let clicks = floor(micros as f64 / UNIT as f64 / click_cost);
            let impressions = clicks * draw.whole(28, 90) + draw.whole(0, 60);
            rows.push(SpendRow {
                date: calendar.date(day),
                campaign: number,
                group: Some(group),
                micros,
                impressions,
                clicks,
            });
        }
    }
}

/// One invoice a month, dated on a working day.
#[expect(clippy::cast_precision_loss, reason = "an amount of a month in cents is small")]
fn invoices(
    calendar: &Calendar,
    campaign: &crate::market::Campaign,
    number: u16,
    (seed, scale): (u64, f64),
    rows: &mut Vec<SpendRow>,
) {
    for (place, month) in calendar.months().into_iter().enumerate() {
        let date = month.saturating_add(jiff::Span::new().days(14));
        let day = calendar.day_of(crate::calendar::micros_of(date));
        if day < campaign.from || day >= campaign.to {
            continue;
        }
        let mut draw = Draw::of(seed, "invoice", u64::from(number) * 100 + place as u64);
        let cents = floor(campaign.budget as f64 / CENT as f64 * scale * draw.skewed(1.0, 0.08, 0.7, 1.4)).max(100);
        rows.push(SpendRow { date, campaign: number, group: None, micros: cents * CENT, impressions: 0, clicks: 0 });
    }
}

/// The plan: last year's thinking, in round numbers, and so never what was spent.
#[expect(clippy::cast_precision_loss, reason = "an amount of a month is small")]
pub(crate) fn plan(calendar: &Calendar, market: &Market, scale: f64) -> Vec<PlanRow> {
    let mut plan = Vec::new();
    for (number, month) in calendar.months().into_iter().enumerate() {
        // A month that is not over has its whole plan, from the campaigns of its last known day.
        let middle = (calendar.day_of(crate::calendar::micros_of(month)) + 14).min(calendar.len() - 1);
        for channel in Channel::PAID_FOR {
            let running =
                |one: &&crate::market::Campaign| one.channel == channel && one.from <= middle && middle < one.to;
            let budget: i64 = market.campaigns.iter().filter(running).map(|campaign| campaign.budget).sum();
            let growth = 1.0 + number as f64 * 0.012;
            let hundreds = floor(budget as f64 / UNIT as f64 / 100.0 * growth * scale).max(1);
            plan.push(PlanRow { month, channel, micros: hundreds * 100 * UNIT });
        }
    }
    plan
}

/// Euros for a dollar on every working day, from a week before the first.
pub(crate) fn rates(calendar: &Calendar, seed: u64) -> Fx {
    let mut rates = BTreeMap::new();
    let mut value = 0.918_f64;
    for day in -7..calendar.len() {
        let date = calendar.date(day);
        if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            continue;
        }
        let mut draw = Draw::of(seed, "rate", (day + 7).unsigned_abs());
        value = (value * (1.0 + draw.bell() * 0.0035) + (0.915 - value) * 0.01).clamp(0.80, 1.04);
        rates.insert(date, floor(value * 10_000.0) * 100_000);
    }
    Fx(rates)
}
