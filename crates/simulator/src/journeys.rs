//! Who visits the website when, and why: planned before anything is written, because the visits of a person depend on
//! each other and the stream must come in the order of time.

use crate::calendar::{Calendar, days, running, time_of_day};
use crate::deals::{Deal, Ending};
use crate::draw::{Draw, scaled};
use crate::market::{Channel, Market};
use crate::population::{Known, Population};
use crate::words::COUNTRIES;
use kernel::time::{DAY, HOUR, MINUTE};

/// Visitors whose name nobody learns, at full size.
pub(crate) const STRANGERS: usize = 195_000;

/// What a visit comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Goal {
    /// Looks around.
    Browse,
    /// Downloads a guide for an address.
    Guide,
    /// Signs up for a webinar.
    Webinar,
    /// Asks for a demo.
    Demo,
    /// Signs in to the product: the browser learns who it is.
    SignIn,
}

/// One planned visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Visit {
    pub(crate) at: i64,
    /// A person of the population, or, from its size on, a stranger.
    pub(crate) who: u32,
    pub(crate) device: u8,
    pub(crate) goal: Goal,
    pub(crate) campaign: u16,
}

/// A person who works with the product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seat {
    pub(crate) person: u32,
    pub(crate) firm: u32,
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) trial: bool,
    /// Whether the company's account begins with this seat.
    pub(crate) first: bool,
    /// How likely the person works with it on a working day.
    pub(crate) habit: f64,
    /// What the company pays a year, for the first seat.
    pub(crate) micros: i64,
}

/// Visits and seats.
pub(crate) struct Plan {
    pub(crate) visits: Vec<Visit>,
    pub(crate) seats: Vec<Seat>,
}

struct Planner<'a> {
    calendar: &'a Calendar,
    market: &'a Market,
    seed: u64,
    visits: Vec<Visit>,
    /// When each person first gave an address on the website.
    forms: Vec<Option<i64>>,
}

/// Plans everybody's visits. Sets when the people of the deals became known.
pub(crate) fn plan(
    calendar: &Calendar,
    market: &Market,
    population: &mut Population,
    deals: &[Deal],
    (seed, scale): (u64, f64),
) -> Plan {
    let forms = vec![None; population.people.len()];
    let mut planner = Planner { calendar, market, seed, visits: Vec::new(), forms };
    let mut in_deals = vec![false; population.people.len()];
    for (number, deal) in deals.iter().enumerate() {
        planner.deal(population, deal, number as u64);
        for person in &deal.committee {
            in_deals[*person as usize] = true;
        }
    }
    for (person, _) in in_deals.iter().enumerate().filter(|(_, in_deal)| !**in_deal) {
        planner.other(population, person);
    }
    for (human, form) in population.people.iter_mut().zip(&planner.forms) {
        if let Some(at) = form.filter(|at| human.known == Known::Web || *at < human.known_at) {
            (human.known, human.known_at) = (Known::Web, at);
        }
    }
    // A person of a deal whom no form made known was brought by a seller.
    for deal in deals {
        for person in &deal.committee {
            let human = &mut population.people[*person as usize];
            if planner.forms[*person as usize].is_none() && human.known == Known::Web {
                human.known = Known::List;
                human.known_at = human.known_at.min(deal.created_at + DAY);
            }
        }
    }
    let seats = seats(calendar, population, deals, seed);
    planner.sign_ins(population, &seats);
    planner.strangers(population.people.len(), scaled(STRANGERS, scale));
    let Planner { mut visits, .. } = planner;
    visits.retain(|visit| visit.at >= calendar.at(0) && visit.at < calendar.end_us() - 3 * HOUR);
    visits.sort_unstable();
    Plan { visits, seats }
}

impl Planner<'_> {
    /// A visit on the local clock of the person's country, on or shortly after a moment.
    fn visit(&mut self, draw: &mut Draw, who: (usize, u8, u8), at: i64, step: (Channel, Goal)) -> i64 {
        let (person, country, devices) = who;
        let (channel, goal) = step;
        let day = self.calendar.day_of(at);
        let ahead = COUNTRIES[usize::from(country)].hours_ahead * HOUR;
        let moment = self.calendar.at(day) + (time_of_day(draw) - ahead).clamp(0, DAY - MINUTE);
        let device = if devices > 1 { u8::try_from(draw.below(usize::from(devices))).unwrap_or(0) } else { 0 };
        let campaign = self.market.choose(channel, day, draw);
        self.visits.push(Visit { at: moment, who: u32::try_from(person).unwrap_or(0), device, goal, campaign });
        if matches!(goal, Goal::Guide | Goal::Webinar | Goal::Demo) && moment >= self.calendar.at(0) {
            let form = &mut self.forms[person];
            *form = Some(form.map_or(moment, |earlier| earlier.min(moment)));
        }
        moment
    }

    fn deal(&mut self, population: &Population, deal: &Deal, number: u64) {
        let mut draw = Draw::of(self.seed, "journey", number);
        let span = deal.created_at - deal.origin;
        for (place, person) in deal.committee.iter().enumerate() {
            let human = &population.people[*person as usize];
            let who = (*person as usize, human.country, human.devices);
            if place == 0 {
                self.visit(&mut draw, who, deal.origin, (deal.cause, Goal::Browse));
                for step in 0..draw.weighted(&[12.0, 26.0, 26.0, 18.0, 10.0, 8.0]) {
                    let at = deal.origin + DAY + days(draw.unit() * (span / DAY - 2).max(0) as f64);
                    let goal = if step == 0 && draw.chance(0.45) { Goal::Guide } else { Goal::Browse };
                    let channel = between(&mut draw);
                    self.visit(&mut draw, who, at, (channel, goal));
                }
                // The last click before the demo is harvest; it says little about the cause.
                let last = Channel::ALL[draw.weighted(&Channel::ALL.map(Channel::harvests))];
                let asked = (deal.created_at - days(draw.between(0.8, 2.6))).max(deal.origin + DAY / 2);
                self.visit(&mut draw, who, asked, (last, Goal::Demo));
                continue;
            }
            let joins = deal.origin + days(draw.between(0.1, 1.15) * (span / DAY) as f64);
            for step in 0..draw.weighted(&[10.0, 30.0, 28.0, 18.0, 14.0]) {
                let goal = match step {
                    0 if draw.chance(0.5) => Goal::Guide,
                    0 if draw.chance(0.3) => Goal::Webinar,
                    _ => Goal::Browse,
                };
                let channel = between(&mut draw);
                let at = joins + days(draw.between(0.0, 16.0));
                self.visit(&mut draw, who, at, (channel, goal));
            }
        }
        for _ in 0..draw.weighted(&[20.0, 25.0, 25.0, 20.0, 10.0]) {
            let person = *draw.pick(&deal.committee);
            let human = &population.people[person as usize];
            let at = deal.created_at + days(draw.unit() * ((deal.close_at - deal.created_at) / DAY) as f64);
            let who = (person as usize, human.country, human.devices);
            self.visit(&mut draw, who, at, (after(human.devices), Goal::Browse));
        }
    }

    /// Somebody who takes part in no deal.
    fn other(&mut self, population: &Population, person: usize) {
        let human = &population.people[person];
        let mut draw = Draw::of(self.seed, "other", person as u64);
        let who = (person, human.country, human.devices);
        match human.known {
            Known::Web => {
                for _ in 0..draw.weighted(&[40.0, 28.0, 18.0, 9.0, 5.0]) {
                    let channel = Channel::ALL[draw.weighted(&Channel::ALL.map(Channel::traffic))];
                    let at = human.known_at - days(draw.between(0.5, 40.0));
                    self.visit(&mut draw, who, at, (channel, Goal::Browse));
                }
                let weights =
                    Channel::ALL.map(|channel| channel.traffic() * if channel == Channel::Display { 0.2 } else { 1.0 });
                let channel = Channel::ALL[draw.weighted(&weights)];
                let goal = [Goal::Guide, Goal::Webinar, Goal::Demo][draw.weighted(&[64.0, 31.0, 5.0])];
                self.visit(&mut draw, who, human.known_at, (channel, goal));
                for _ in 0..draw.weighted(&[46.0, 24.0, 14.0, 9.0, 7.0]) {
                    let at = human.known_at + days(draw.between(1.0, 160.0));
                    let channel = if draw.chance(0.6) { Channel::Email } else { between(&mut draw) };
                    self.visit(&mut draw, who, at, (channel, Goal::Browse));
                }
            }
            Known::List if draw.chance(0.22) => {
                let from = human.known_at.max(self.calendar.at(0));
                for _ in 0..=draw.weighted(&[60.0, 30.0, 10.0]) {
                    let at = from + days(draw.between(2.0, 300.0));
                    self.visit(&mut draw, who, at, (Channel::Email, Goal::Browse));
                }
            }
            Known::List => {}
        }
    }

    fn sign_ins(&mut self, population: &Population, seats: &[Seat]) {
        for (number, seat) in seats.iter().enumerate() {
            let mut draw = Draw::of(self.seed, "signin", number as u64);
            let human = &population.people[seat.person as usize];
            let who = (seat.person as usize, human.country, human.devices);
            for _ in 0..=draw.weighted(&[50.0, 30.0, 20.0]) {
                let at = seat.from + days(draw.between(0.0, 12.0));
                self.visit(&mut draw, who, at.min(seat.to), (Channel::Direct, Goal::SignIn));
            }
        }
    }

    fn strangers(&mut self, first: usize, count: usize) {
        let demand = running(self.calendar.days.iter().map(|day| day.demand));
        let weights: Vec<f64> = COUNTRIES.iter().map(|country| country.weight).collect();
        for number in 0..count {
            let mut draw = Draw::of(self.seed, "stranger", number as u64);
            let country = u8::try_from(draw.weighted(&weights)).unwrap_or(0);
            let mut at = self.calendar.at(self.calendar.draw_day(&mut draw, &demand));
            for _ in 0..=draw.weighted(&[80.0, 14.0, 6.0]) {
                let channel = Channel::ALL[draw.weighted(&Channel::ALL.map(Channel::traffic))];
                self.visit(&mut draw, (first + number, country, 1), at, (channel, Goal::Browse));
                at += days(draw.between(1.0, 30.0));
            }
        }
    }
}

/// How somebody comes back who already knows the company.
fn between(draw: &mut Draw) -> Channel {
    const WAYS: [(Channel, f64); 8] = [
        (Channel::Direct, 27.0),
        (Channel::OrganicSearch, 22.0),
        (Channel::Email, 18.0),
        (Channel::PaidSocial, 11.0),
        (Channel::PaidSearch, 9.0),
        (Channel::OrganicSocial, 6.0),
        (Channel::Display, 4.0),
        (Channel::Referral, 3.0),
    ];
    WAYS[draw.weighted(&WAYS.map(|(_, weight)| weight))].0
}

/// How the people of an open deal come back.
fn after(devices: u8) -> Channel {
    if devices > 1 { Channel::Direct } else { Channel::Email }
}

/// Who works with the product, from won deals and from trials.
fn seats(calendar: &Calendar, population: &Population, deals: &[Deal], seed: u64) -> Vec<Seat> {
    let mut seats = Vec::new();
    let mut seated = vec![false; population.people.len()];
    for (number, deal) in deals.iter().enumerate() {
        let mut draw = Draw::of(seed, "seats", number as u64);
        let firm = &population.firms[deal.firm as usize];
        let champion = deal.committee[0];
        if draw.chance(0.3) && !seated[champion as usize] {
            let from = deal.created_at + days(draw.between(1.0, 4.0));
            let (to, habit) = (from + 14 * DAY, 0.7);
            seats.push(Seat {
                person: champion,
                firm: deal.firm,
                from,
                to,
                trial: true,
                first: false,
                habit,
                micros: 0,
            });
        }
        if deal.ending != Ending::Won {
            continue;
        }
        let leaves = if draw.chance(0.12) { deal.close_at + days(draw.between(200.0, 480.0)) } else { i64::MAX };
        let wanted = 4 + draw.weighted(&[10.0, 12.0, 14.0, 14.0, 12.0, 10.0, 8.0, 8.0, 6.0, 6.0]);
        let others = firm.people.clone().filter(|person| *person != champion);
        let team: Vec<u32> =
            std::iter::once(champion).chain(others).filter(|person| !seated[*person as usize]).collect();
        for (place, person) in team.into_iter().take(wanted).enumerate() {
            seated[person as usize] = true;
            let start = if place == 0 { draw.between(0.2, 1.0) } else { draw.between(1.0, 40.0) };
            let from = deal.close_at + days(start);
            let (to, habit) = (leaves.min(calendar.end_us()), draw.between(0.3, 0.85));
            let first = place == 0 && !deal.expansion;
            seats.push(Seat { person, firm: deal.firm, from, to, trial: false, first, habit, micros: deal.micros });
        }
    }
    seats.retain(|seat| seat.from < seat.to);
    seats
}
