//! Deals: what caused each, who takes part, how it moves and how it ends.
//!
//! **Invariant:** every deal has exactly one cause, drawn before any other touch; the touches around it decorate the
//! journey and change nothing. So what each channel truly caused is known to the cent.

use crate::calendar::{Calendar, days, desk_time, running};
use crate::draw::{Draw, floor, scaled};
use crate::market::{Channel, Market};
use crate::population::{Population, small};
use jiff::civil::Weekday;
use kernel::money::UNIT;
use kernel::time::DAY;

/// Deals at full size.
pub(crate) const DEALS: usize = 3_080;

/// The pipeline, in order; the last two are its ends.
pub(crate) const STAGES: [&str; 6] =
    ["Qualified", "Demo held", "Proposal sent", "Negotiation", "Closed won", "Closed lost"];

/// Days before the company's life in which the first touch of a deal may lie.
const BEFORE: i64 = 75;

/// How a deal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ending {
    /// Not yet.
    Open,
    /// Bought.
    Won,
    /// Did not buy.
    Lost,
}

/// A deal.
pub(crate) struct Deal {
    pub(crate) firm: u32,
    pub(crate) cause: Channel,
    /// When the cause reached the first person.
    pub(crate) origin: i64,
    pub(crate) created_at: i64,
    /// When it ended, or when the seller expects it to.
    pub(crate) close_at: i64,
    pub(crate) ending: Ending,
    /// Stages that were entered and when.
    pub(crate) stages: Vec<(&'static str, i64)>,
    pub(crate) micros: i64,
    /// The champion first.
    pub(crate) committee: Vec<u32>,
    pub(crate) owner: u8,
    pub(crate) reason: u8,
    pub(crate) expansion: bool,
}

/// Draws the deals, in the order they were created.
pub(crate) fn draw(calendar: &Calendar, market: &Market, population: &Population, seed: u64, scale: f64) -> Vec<Deal> {
    let target = scaled(DEALS, scale);
    let response: Vec<[f64; 11]> = (-BEFORE..calendar.len()).map(|day| response(calendar, market, day)).collect();
    let sums = running(response.iter().map(|weights| weights.iter().sum()));
    let mut taken: Vec<Vec<i64>> = vec![Vec::new(); population.firms.len()];
    let mut deals = Vec::with_capacity(target);
    for attempt in 0..target * 60 {
        if deals.len() == target {
            break;
        }
        let mut draw = Draw::of(seed, "deal", attempt as u64);
        let wanted = draw.unit() * sums.last().copied().unwrap_or(0.0);
        let place = sums.partition_point(|sum| *sum <= wanted).min(response.len() - 1);
        let origin_day = i64::try_from(place).unwrap_or(0) - BEFORE;
        let cause = Channel::ALL[draw.weighted(&response[place])];
        let created_day = workday(calendar, origin_day + floor(draw.skewed(26.0, 0.6, 5.0, 74.0)));
        let firm = draw.below(population.firms.len());
        let close = |other: &i64| (other - created_day).abs() < 150;
        if created_day < 0 || created_day >= calendar.len() || taken[firm].iter().any(close) {
            continue;
        }
        taken[firm].push(created_day);
        let origin = calendar.at(origin_day) + desk_time(&mut draw);
        let created_at = calendar.at(created_day) + desk_time(&mut draw);
        deals.push(deal(calendar, population, &mut draw, (firm, cause, origin, created_at)));
    }
    deals.sort_by_key(|deal| (deal.created_at, deal.firm));
    mark_expansions(&mut deals, population.firms.len());
    deals
}

/// What each channel causes on a day, relative to an average day.
fn response(calendar: &Calendar, market: &Market, day: i64) -> [f64; 11] {
    let demand = calendar.day(day).demand;
    Channel::ALL.map(|channel| {
        // On average over a flight of 91 days the tired ads keep about half of their effect.
        let tired = channel.fatigue_days().map_or(1.0, |_| 2.0 * market.freshness(channel, day));
        let show = channel == Channel::PaidOther
            && market.campaigns.iter().any(|campaign| {
                campaign.channel == channel
                    && campaign.name.starts_with("Trade show")
                    && (campaign.from..campaign.to).contains(&day)
            });
        channel.causes() * demand * tired * if show { 2.2 } else { 1.0 }
    })
}

fn deal(calendar: &Calendar, population: &Population, draw: &mut Draw, birth: (usize, Channel, i64, i64)) -> Deal {
    let (firm_number, cause, origin, created_at) = birth;
    let firm = &population.firms[firm_number];
    let won = draw.chance(win_rate(cause));
    let length = draw.skewed(54.0, 0.5, 20.0, 120.0);
    let close_at = quarter_pull(calendar, draw, calendar.day_of(created_at + days(length)), won);
    let ending = match (close_at < calendar.end_us(), won) {
        (false, _) => Ending::Open,
        (true, true) => Ending::Won,
        (true, false) => Ending::Lost,
    };
    let reached = if won { 4 } else { 1 + draw.weighted(&[30.0, 34.0, 22.0, 14.0]) };
    let mut stages = stages(draw, created_at, close_at, reached);
    match ending {
        Ending::Won => stages.push((STAGES[4], close_at)),
        Ending::Lost => stages.push((STAGES[5], close_at)),
        Ending::Open => stages.retain(|(_, at)| *at < calendar.end_us()),
    }
    let size = (f64::from(firm.employees) / 140.0).powf(0.22);
    let amount = floor(draw.skewed(17_500.0 * size, 0.55, 5_000.0, 80_000.0) / 100.0) * 100;
    Deal {
        firm: u32::try_from(firm_number).unwrap_or(0),
        cause,
        origin,
        created_at,
        close_at,
        ending,
        stages,
        micros: amount * UNIT,
        committee: committee(draw, &firm.people),
        owner: small(draw.below(6)),
        reason: small(draw.below(6)),
        expansion: false,
    }
}

/// What a channel brings differs in quality, too.
fn win_rate(cause: Channel) -> f64 {
    match cause {
        Channel::PaidOther | Channel::Referral => 0.31,
        Channel::Email | Channel::Direct => 0.27,
        Channel::OrganicSearch | Channel::AiAssistant => 0.25,
        Channel::PaidSearch => 0.23,
        Channel::PaidSocial | Channel::OrganicSocial => 0.20,
        Channel::Display | Channel::Affiliates => 0.12,
    }
}

/// Sellers close before the quarter ends: of the deals due within 18 days of its end, most are pulled to its last days.
fn quarter_pull(calendar: &Calendar, draw: &mut Draw, due: i64, won: bool) -> i64 {
    let date = calendar.date(due);
    let end_month = (date.month() - 1) / 3 * 3 + 3;
    let left = (i64::from(end_month) - i64::from(date.month())) * 30 + 30 - i64::from(date.day());
    let pulled = won && (0..=18).contains(&left) && draw.chance(0.6);
    let day = if pulled { due + (left - draw.whole(0, 3)).max(0) } else { due };
    calendar.at(workday_before(calendar, day)) + desk_time(draw)
}

/// The open stages, spread over the life of the deal.
fn stages(draw: &mut Draw, created_at: i64, close_at: i64, reached: usize) -> Vec<(&'static str, i64)> {
    let mut stages = vec![(STAGES[0], created_at)];
    let life = (close_at - created_at).max(DAY);
    for (place, stage) in STAGES.iter().enumerate().take(reached).skip(1) {
        let share = (place as f64 + draw.between(-0.3, 0.3)) / (reached as f64 + 0.5);
        stages.push((stage, created_at + floor(share * life as f64) / 60_000_000 * 60_000_000));
    }
    stages
}

fn committee(draw: &mut Draw, people: &std::ops::Range<u32>) -> Vec<u32> {
    let count = 2 + draw.weighted(&[28.0, 30.0, 22.0, 13.0, 7.0]);
    let mut members = Vec::with_capacity(count);
    while members.len() < count.min(people.len()) {
        let person = people.start + u32::try_from(draw.below(people.len())).unwrap_or(0);
        if !members.contains(&person) {
            members.push(person);
        }
    }
    members
}

/// A deal with a company that bought before is an expansion.
fn mark_expansions(deals: &mut [Deal], firms: usize) {
    let mut bought: Vec<Option<i64>> = vec![None; firms];
    for place in 0..deals.len() {
        let firm = deals[place].firm as usize;
        let earlier = deals[..place].iter().rev().filter(|other| other.firm as usize == firm);
        bought[firm] = earlier.filter(|other| other.ending == Ending::Won).map(|other| other.close_at).min();
        deals[place].expansion = bought[firm].is_some_and(|closed| closed < deals[place].created_at);
    }
}

fn workday(calendar: &Calendar, day: i64) -> i64 {
    match calendar.date(day).weekday() {
        Weekday::Saturday => day + 2,
        Weekday::Sunday => day + 1,
        _ => day,
    }
}

fn workday_before(calendar: &Calendar, day: i64) -> i64 {
    match calendar.date(day).weekday() {
        Weekday::Saturday => day - 1,
        Weekday::Sunday => day - 2,
        _ => day,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deals_are_plausible() {
        let calendar = Calendar::new("2026-11-01".parse().unwrap());
        let market = Market::new(&calendar, 7);
        let population = Population::new(&calendar, 7, 1.0);
        let deals = draw(&calendar, &market, &population, 7, 1.0);
        assert!(deals.len() >= 3_000, "{} deals", deals.len());
        let won = deals.iter().filter(|deal| deal.ending == Ending::Won).count();
        let closed = deals.iter().filter(|deal| deal.ending != Ending::Open).count();
        assert!((18..32).contains(&(won * 100 / closed)), "{won} of {closed} won");
        for deal in &deals {
            assert!(deal.origin < deal.created_at && deal.created_at < deal.close_at);
            assert!(deal.stages.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{:?}", deal.stages);
            assert!((5_000 * UNIT..=80_000 * UNIT).contains(&deal.micros));
            assert!((2..=6).contains(&deal.committee.len()));
            let length = (deal.close_at - deal.created_at) / DAY;
            assert!((15..=140).contains(&length), "{length} days");
        }
    }
}
