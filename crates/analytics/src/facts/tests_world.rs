//! Small random worlds for tests: plain lists that an oracle can loop over, and the facts made of them.

use super::{Calendar, DealInput, Facts, Inputs, Kept, Outcome, Part, PersonInput, SessionFacts, TouchRows, date_of};
use crate::metrics::{PlanFact, RateTable, SpendFact, SpendFacts, SpendMatch};
use jiff::tz::TimeZone;
use kernel::money::{Currency, Money};
use kernel::time::{DAY, HOUR, SECOND, Timestamp};
use lake::folds::sessions::SessionRow;
use lake::{AgentClass, Dict, Watermark};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::Arc;

pub(crate) const CHANNELS: [&str; 5] = ["Direct", "Paid Search", "Email", "Organic Search", "Unassigned"];
pub(crate) const CAMPAIGNS: [&str; 4] = ["", "spring", "Autumn 'x'", "brand"];
pub(crate) const PAGES: [&str; 4] = ["/", "/pricing", "/blog/a", "/demo"];
/// 2026-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_767_225_600_000_000;
pub(crate) const DAYS: i64 = 200;

#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) person: u64,
    pub(crate) start: i64,
    pub(crate) offset: u64,
    pub(crate) channel: &'static str,
    pub(crate) campaign: &'static str,
    pub(crate) pages: Vec<&'static str>,
    pub(crate) engaged: bool,
    pub(crate) human: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) zone: TimeZone,
    pub(crate) visits: Vec<Visit>,
    pub(crate) people: Vec<PersonInput>,
    pub(crate) companies: Vec<(String, String)>,
    pub(crate) deals: Vec<DealInput>,
    pub(crate) spend: SpendFacts,
}

pub(crate) fn eur() -> Currency {
    "EUR".parse().unwrap()
}

pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0.next_u64() % most.max(1)
    }

    pub(crate) fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap()]
    }

    fn moment(&mut self) -> i64 {
        START + i64::try_from(self.below(u64::try_from(DAYS * DAY / SECOND).unwrap())).unwrap() * SECOND
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

impl World {
    pub(crate) fn random(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let zone = TimeZone::get(dice.of(&["UTC", "Europe/Berlin", "America/Los_Angeles"])).unwrap();
        let persons = 1 + dice.below(12);
        let companies: Vec<(String, String)> =
            (0..1 + dice.below(4)).map(|number| (format!("com_{number}"), format!("Company {number}"))).collect();
        let company = |dice: &mut Dice| {
            let place = usize::try_from(dice.below(companies.len() as u64 + 1)).unwrap();
            companies.get(place).map(|(id, _)| id.clone())
        };
        // Every other moment is a date without a time.
        let dated = |at: i64, is_date: bool| {
            let date = Timestamp::from_micros(at).date_in(&zone);
            if is_date { Timestamp::start_of(date, &zone).micros() } else { at }
        };
        let people = (1..=persons).map(|person| {
            let created_at = dice.moment();
            let lead_at = (!dice.one_in(3)).then(|| dated(dice.moment(), person % 2 == 0));
            PersonInput { person: person * 7, created_at, lead_at, company: company(&mut dice), country: "DE".into() }
        });
        let people: Vec<PersonInput> = people.collect();
        let visits = (0..dice.below(60)).map(|number| Visit {
            person: (1 + dice.below(persons + 1)) * 7,
            start: dice.moment(),
            offset: 1_000 + number,
            channel: dice.of(&CHANNELS),
            campaign: dice.of(&CAMPAIGNS),
            pages: (0..1 + dice.below(3)).map(|_| dice.of(&PAGES)).collect(),
            engaged: dice.one_in(2),
            human: !dice.one_in(6),
        });
        let visits: Vec<Visit> = visits.collect();
        let usd: Currency = "USD".parse().unwrap();
        let deals = (0..dice.below(14)).map(|number| {
            let created_at = dated(dice.moment(), number % 2 == 0);
            let outcome = dice.of(&[Outcome::Open, Outcome::Won, Outcome::Lost, Outcome::Won]);
            let currency = if dice.one_in(3) { usd } else { eur() };
            let amount = Money::new(i64::try_from(dice.below(90_000_000_000)).unwrap() + 1, currency);
            let parts = (0..dice.below(3)).map(|place| Part {
                person: (1 + dice.below(persons)) * 7,
                role: String::new(),
                primary: place == 0,
            });
            DealInput {
                id: format!("dea_{number:026}"),
                name: format!("Deal {number}"),
                people: parts.collect(),
                company: company(&mut dice),
                amount: Some(amount),
                pipeline: "sales".into(),
                stage: "sales/open".into(),
                outcome,
                created_at,
                closed_at: Some(
                    created_at + i64::try_from(dice.below(60)).unwrap() * DAY + i64::from(number % 3 == 0) * HOUR,
                ),
                stages: Vec::new(),
                source_row: String::new(),
            }
        });
        let deals = deals.collect();
        let mut rates = RateTable::default();
        for day in (-8..DAYS + 70).step_by(9) {
            let date = Timestamp::from_micros(START + day * DAY).date_in(&TimeZone::UTC);
            rates.insert(usd, date, format!("0.{}", 85 + day.max(0) / 30).parse().unwrap());
        }
        let spend = spend(&mut dice, rates);
        Self { zone, visits, people, companies, deals, spend }
    }

    pub(crate) fn session_facts(&self, kept: Kept) -> SessionFacts {
        let mut texts = Dict::new();
        let (mut rows, mut ends, mut pages) = (Vec::new(), Vec::new(), Vec::new());
        for visit in &self.visits {
            let mut seen: Vec<&str> = Vec::new();
            for page in visit.pages.iter().filter(|_| visit.human) {
                if !seen.contains(page) {
                    seen.push(page);
                    pages.push(texts.intern(page));
                }
            }
            ends.push(u32::try_from(pages.len()).unwrap());
            rows.push(row(visit, &mut texts));
        }
        let watermark = Watermark { offset: 5_000, at: START + DAYS * DAY, appended_offset: 5_000, removals: 0 };
        SessionFacts::of_rows(TouchRows::new(rows, ends, pages, texts), watermark, self.zone.clone(), kept)
    }

    pub(crate) fn facts(&self) -> Facts {
        self.facts_of(Kept::Everybody)
    }

    /// With the sessions of some people kept whole and the others counted.
    pub(crate) fn facts_of(&self, kept: Kept) -> Facts {
        let inputs = Inputs {
            people: self.people.clone(),
            visitors: Default::default(),
            companies: self.companies.clone(),
            deals: self.deals.clone(),
            spend: Arc::new(self.spend.clone()),
            currency: eur(),
            built_at: Timestamp::from_micros(START),
        };
        Facts::new(Arc::new(self.session_facts(kept)), inputs)
    }

    /// The last moment that a moment stands for.
    pub(crate) fn reach(&self, at: i64) -> i64 {
        let date = Timestamp::from_micros(at).date_in(&self.zone);
        let start = |date| Timestamp::start_of(date, &self.zone).micros();
        if at == start(date) { start(date.tomorrow().unwrap()) - 1 } else { at }
    }

    pub(crate) fn day(&self, at: i64) -> i32 {
        Calendar::new(self.zone.clone(), 0, -1).day(at)
    }
}

fn row(visit: &Visit, texts: &mut Dict) -> SessionRow {
    SessionRow {
        person: visit.person,
        start: visit.start,
        end: visit.start + 60 * SECOND,
        offset: visit.offset,
        channel: texts.intern(visit.channel),
        source: texts.intern(if visit.channel == "Direct" { "(direct)" } else { "google" }),
        medium: texts.intern("m"),
        campaign: texts.intern(visit.campaign),
        campaign_id: 0,
        content: 0,
        term: 0,
        click_id_kind: 0,
        click_id: 0,
        referrer_host: 0,
        landing_path: texts.intern(visit.pages[0]),
        country: texts.intern("DE"),
        device: texts.intern("desktop"),
        pages: u32::try_from(visit.pages.len()).unwrap(),
        events: 3,
        key_events: 0,
        agent_class: if visit.human { AgentClass::Human } else { AgentClass::Bot },
        is_direct: visit.channel == "Direct",
        engaged: visit.engaged,
    }
}

/// A line of spend on a channel, in the worlds' currency.
pub(crate) fn spent(channel: &str, date: &str, micros: i64) -> SpendFact {
    SpendFact {
        id: format!("{channel} {date}"),
        date: date.parse().unwrap(),
        channel: channel.to_owned(),
        source: String::new(),
        medium: String::new(),
        campaign: String::new(),
        campaign_id: String::new(),
        content: String::new(),
        matched: Some(SpendMatch::Channel),
        original: Money::new(micros, eur()),
        micros: Some(micros),
        rate: None,
        note: String::new(),
    }
}

fn spend(dice: &mut Dice, rates: RateTable) -> SpendFacts {
    let entries = (0..dice.below(25)).map(|number| {
        let date = Timestamp::from_micros(dice.moment()).date_in(&TimeZone::UTC);
        let micros = i64::try_from(dice.below(5_000_000_000)).unwrap() - 100_000_000;
        SpendFact {
            id: format!("led_{number}"),
            date,
            channel: dice.of(&CHANNELS[1..]).to_owned(),
            source: "google".into(),
            medium: "m".into(),
            campaign: dice.of(&CAMPAIGNS).to_owned(),
            campaign_id: String::new(),
            content: String::new(),
            matched: Some(SpendMatch::Name),
            original: Money::new(micros, eur()),
            micros: (number != 3).then_some(micros),
            rate: None,
            note: String::new(),
        }
    });
    let entries = entries.collect();
    let plan = (0..dice.below(12)).map(|number| {
        let month = date_of(
            super::day_of(Timestamp::from_micros(START).date_in(&TimeZone::UTC))
                + 30 * i32::try_from(number / 2).unwrap(),
        );
        let micros = i64::try_from(dice.below(9_000_000_000)).unwrap();
        let channel = dice.of(&CHANNELS[1..]).to_owned();
        PlanFact { month: month.first_of_month(), channel, original: Money::new(micros, eur()), micros: Some(micros) }
    });
    SpendFacts { version: 1, plan: plan.collect(), entries, unmatched: 0, stale_rates: Vec::new(), rates }
}
