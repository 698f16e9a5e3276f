//! From what the other areas say to the facts in memory. Pure.

use super::calendar::{Calendar, Day};
use super::model::{Deal, Facts, Outcome, Part, Person};
use crate::sessions::{NO_TOUCH_TEXT, NOT_SET_TEXT, SessionFacts};
use crate::spend::{RateTable, SpendFacts};
use kernel::money::{Currency, Money};
use kernel::time::Timestamp;
use lake::Dict;
use people::profiles::Visitors;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Texts that stand for nothing where they are shown.
const UNSAID: [&str; 2] = [NOT_SET_TEXT, NO_TOUCH_TEXT];

/// The code of a text, of which no two are shown alike.
fn code(texts: &mut Dict, text: &str) -> u32 {
    if UNSAID.contains(&text) { 0 } else { texts.intern(text) }
}

/// A person, as the people area says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonInput {
    /// The person (canonical).
    pub person: u64,
    /// When first seen, microseconds UTC.
    pub created_at: i64,
    /// When it became known.
    pub lead_at: Option<i64>,
    /// The company's id.
    pub company: Option<String>,
    /// The country of the profile.
    pub country: String,
}

/// A deal, as the people area says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealInput {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The company's id.
    pub company: Option<String>,
    /// Who takes part (canonical persons).
    pub people: Vec<Part>,
    /// The amount.
    pub amount: Option<Money>,
    /// The pipeline's key.
    pub pipeline: String,
    /// The stage's key.
    pub stage: String,
    /// How it stands.
    pub outcome: Outcome,
    /// When it was created.
    pub created_at: i64,
    /// When it was closed, or is to be.
    pub closed_at: Option<i64>,
    /// The stages it entered.
    pub stages: Vec<(String, i64)>,
    /// Where it was imported from.
    pub source_row: String,
}

/// Everything but the sessions.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The people of whom something is known.
    pub people: Vec<PersonInput>,
    /// The others.
    pub visitors: Visitors,
    /// Ids and names of companies.
    pub companies: Vec<(String, String)>,
    /// The deals.
    pub deals: Vec<DealInput>,
    /// The ledger.
    pub spend: Arc<SpendFacts>,
    /// The workspace's currency.
    pub currency: Currency,
    /// Now.
    pub built_at: Timestamp,
}

impl Facts {
    /// Puts the facts together.
    #[must_use]
    pub fn new(sessions: Arc<SessionFacts>, inputs: Inputs) -> Self {
        let mut texts = Dict::clone(&sessions.texts);
        for channel in crate::channels::Channel::ALL {
            texts.intern(channel.as_str());
        }
        let mut people: Vec<Person> = inputs
            .people
            .into_iter()
            .map(|person| Person {
                person: person.person,
                created_at: person.created_at,
                lead_at: person.lead_at,
                company: person.company.as_deref().map_or(0, |id| texts.intern(id)),
                country: code(&mut texts, &person.country),
            })
            .collect();
        // Where every session has a place, so has every person.
        let mut visitors = inputs.visitors;
        if sessions.is_whole() {
            let person = |(person, created_at)| Person { person, created_at, lead_at: None, company: 0, country: 0 };
            people.extend(std::mem::take(&mut visitors).iter().map(person));
        }
        people.sort_by_key(|person| person.person);
        people.dedup_by_key(|person| person.person);
        let mut company_people: HashMap<u32, Vec<u64>> = HashMap::new();
        for person in people.iter().filter(|person| person.company != 0) {
            company_people.entry(person.company).or_default().push(person.person);
        }
        let company_names = inputs.companies.into_iter().map(|(id, name)| (texts.intern(&id), name)).collect();
        let deals = deals(&sessions.calendar, &mut texts, inputs.deals, &inputs.spend.rates, inputs.currency);
        let entries = inputs.spend.entries.iter().map(|entry| {
            let named = [&entry.channel, &entry.source, &entry.medium, &entry.campaign, &entry.content];
            named.map(|text| code(&mut texts, text))
        });
        let spend_codes = entries.collect();
        for plan in &inputs.spend.plan {
            texts.intern(&plan.channel);
        }
        Self {
            texts,
            firsts: HashMap::new(),
            leads_by_day: Arc::new(leads_by_day(&sessions.calendar, &people)),
            people: Arc::new(people),
            visitors_by_day: Arc::new(by_day(&sessions.calendar, &visitors)),
            visitors,
            company_people: Arc::new(company_people),
            company_names: Arc::new(company_names),
            deals: Arc::new(deals),
            spend: inputs.spend,
            spend_codes: Arc::new(spend_codes),
            currency: inputs.currency,
            built_at: inputs.built_at,
            memo: Arc::default(),
            sessions,
        }
    }
}

/// Day and place of those who became known.
fn leads_by_day(calendar: &Calendar, people: &[Person]) -> Vec<(Day, u32)> {
    let leads = people.iter().zip(0_u32..).filter_map(|(person, place)| Some((calendar.day(person.lead_at?), place)));
    let mut leads: Vec<(Day, u32)> = leads.collect();
    leads.sort_unstable();
    leads
}

/// How many came into being on each day.
fn by_day(calendar: &Calendar, visitors: &Visitors) -> Vec<(Day, u32)> {
    let mut days: BTreeMap<Day, u32> = BTreeMap::new();
    for (_, at) in visitors.iter() {
        *days.entry(calendar.day(at)).or_default() += 1;
    }
    days.into_iter().collect()
}

/// Deals with their amounts at the rates of their days.
fn deals(
    calendar: &Calendar,
    texts: &mut Dict,
    deals: Vec<DealInput>,
    rates: &RateTable,
    currency: Currency,
) -> Vec<Deal> {
    let day = |at: i64| super::calendar::date_of(calendar.day(at));
    let value = |amount: Option<Money>, at: i64| match amount {
        None => Some(0),
        Some(money) => rates.convert(money, currency, day(at)),
    };
    let convert = |deal: DealInput| {
        // A won deal without a date of closing was won when it entered the stage it is in, and has not left since.
        let stayed = deal.stages.iter().rev().take_while(|entry| entry.0 == deal.stage).last();
        let entered = stayed.or(deal.stages.last()).map(|entry| entry.1);
        let closed_at = deal.closed_at.or(entered).unwrap_or(deal.created_at);
        let won_at = (deal.outcome == Outcome::Won).then_some(closed_at);
        Deal {
            company: deal.company.as_deref().map_or(0, |id| texts.intern(id)),
            created_value: value(deal.amount, deal.created_at),
            won_value: won_at.and_then(|at| value(deal.amount, at)),
            id: deal.id,
            name: deal.name,
            people: deal.people,
            amount: deal.amount,
            pipeline: deal.pipeline,
            stage: deal.stage,
            outcome: deal.outcome,
            created_at: deal.created_at,
            won_at,
            stages: deal.stages,
            source_row: deal.source_row,
        }
    };
    deals.into_iter().map(convert).collect()
}
