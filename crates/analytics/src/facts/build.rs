//! From what the other areas say to the facts in memory. Pure.

use super::calendar::Calendar;
use super::model::{DIRECT, Deal, Facts, NO_TOUCH_TEXT, NOT_SET_TEXT, Outcome, Part, Person, Session, SessionFacts};
use super::touches::TouchRows;
use crate::facts::spend::{CampaignTouch, RateTable, SpendFacts, TouchIndex, fold_name};
use jiff::tz::TimeZone;
use kernel::money::{Currency, Money};
use kernel::time::{SECOND, Timestamp};
use lake::folds::sessions::SessionRow;
use lake::{Dict, Recoder, Watermark};
use std::collections::HashMap;
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
    /// The people.
    pub people: Vec<PersonInput>,
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

impl SessionFacts {
    /// From the rows of the fold.
    #[must_use]
    pub fn new(found: TouchRows, watermark: Watermark, zone: TimeZone) -> Self {
        let TouchRows { rows, page_ends, pages, texts: found_texts, .. } = found;
        let touches = Arc::new(touch_index(&rows, &found_texts));
        // Only the texts that sessions keep: click ids are nearly as many as sessions, and stand in `touches` alone.
        let (mut texts, mut recoder) = (Dict::new(), Recoder::default());
        // What says in words that it says nothing is nothing: two rows of one name would open to each other.
        let unsaid = UNSAID.map(|text| found_texts.find(text));
        let mut kept = |code: u32| match unsaid.contains(&Some(code)) {
            true => 0,
            false => recoder.code(code, &found_texts, &mut texts),
        };
        let (first, last) =
            rows.iter().fold((i64::MAX, i64::MIN), |(first, last), row| (first.min(row.start), last.max(row.start)));
        let calendar = Calendar::new(zone, first, last);
        // The fold goes bucket by bucket; here people are in one order, so that a person is found by a search.
        let mut order: Vec<u32> = (0..u32::try_from(rows.len()).unwrap_or(u32::MAX)).collect();
        order.sort_by_key(|place| {
            let row = &rows[*place as usize];
            (row.person, row.start, row.offset)
        });
        let mut sorted = Vec::with_capacity(rows.len());
        let mut sorted_ends = Vec::with_capacity(rows.len());
        let mut sorted_pages = Vec::with_capacity(pages.len());
        for place in order {
            let place = place as usize;
            let from = if place == 0 { 0 } else { page_ends[place - 1] as usize };
            sorted_pages.extend(pages[from..page_ends[place] as usize].iter().map(|page| kept(*page)));
            sorted_ends.push(u32::try_from(sorted_pages.len()).unwrap_or(u32::MAX));
            sorted.push(compact(&rows[place], &calendar, &mut kept));
        }
        drop((rows, found_texts));
        let direct = texts.intern(DIRECT);
        for session in &mut sorted {
            // No channel and no evidence of a source is what Direct means.
            if session.direct {
                session.channel = direct;
            }
            session.direct = session.channel == direct;
        }
        let mut by_day: Vec<u32> = (0..u32::try_from(sorted.len()).unwrap_or(u32::MAX)).collect();
        by_day.sort_by_key(|place| {
            let session: &Session = &sorted[*place as usize];
            (session.day, session.start, session.offset)
        });
        let mut starts: HashMap<u32, u32> = HashMap::new();
        for place in &by_day {
            let session: &Session = &sorted[*place as usize];
            if session.campaign != 0 && session.is_human() {
                starts.entry(session.campaign).or_insert(*place);
            }
        }
        let mut campaign_starts: Vec<u32> = starts.into_values().collect();
        campaign_starts.sort_unstable();
        Self {
            watermark,
            texts,
            rows: sorted,
            by_day,
            campaign_starts,
            page_ends: sorted_ends,
            pages: sorted_pages,
            calendar,
            touches,
        }
    }
}

fn compact(row: &SessionRow, calendar: &Calendar, kept: &mut impl FnMut(u32) -> u32) -> Session {
    Session {
        person: row.person,
        start: row.start,
        offset: row.offset,
        day: calendar.day(row.start),
        seconds: u32::try_from(row.engaged_us() / SECOND).unwrap_or(0),
        pages: row.pages,
        channel: kept(row.channel),
        source: kept(row.source),
        medium: kept(row.medium),
        campaign: kept(row.campaign),
        campaign_id: kept(row.campaign_id),
        content: kept(row.content),
        landing: kept(row.landing_path),
        country: kept(row.country),
        device: kept(row.device),
        agent_class: row.agent_class,
        engaged: row.engaged,
        direct: row.channel == 0 && row.is_direct,
    }
}

/// The campaigns of human sessions, each as most of its sessions spell it.
fn touch_index(rows: &[SessionRow], texts: &Dict) -> TouchIndex {
    struct Seen {
        spellings: HashMap<(u32, u32, u32, u32), u64>,
        campaign_id: u32,
        first_at: i64,
        last_at: i64,
        sessions: u64,
    }
    let mut index = TouchIndex::default();
    let mut seen: Vec<Seen> = Vec::new();
    let mut by_code: HashMap<[u32; 4], usize> = HashMap::new();
    for row in rows.iter().filter(|row| !matches!(row.agent_class, lake::AgentClass::Bot | lake::AgentClass::AiAgent)) {
        // A visit of an auto-tagged ad may carry its click id and no campaign: those of one platform and channel are one.
        let tagged = row.campaign != 0 || row.campaign_id != 0;
        if !tagged && row.click_id == 0 {
            continue;
        }
        let [kind, channel] = if tagged { [0, 0] } else { [row.click_id_kind, row.channel] };
        let place = *by_code.entry([row.campaign, row.campaign_id, kind, channel]).or_insert_with(|| {
            // One campaign may be spelled in several ways: its id decides, then its name without case.
            let id = texts.text(row.campaign_id).trim().to_owned();
            let name = fold_name(texts.text(row.campaign));
            let known = index.by_campaign_id.get(&id).or_else(|| index.by_name.get(&name).filter(|_| id.is_empty()));
            let place = known.copied().unwrap_or(seen.len());
            if place == seen.len() {
                let (first_at, last_at) = (i64::MAX, i64::MIN);
                seen.push(Seen {
                    spellings: HashMap::new(),
                    campaign_id: row.campaign_id,
                    first_at,
                    last_at,
                    sessions: 0,
                });
            }
            if !id.is_empty() {
                index.by_campaign_id.insert(id, place);
            }
            if !name.is_empty() {
                index.by_name.entry(name).or_insert(place);
            }
            place
        });
        let campaign = &mut seen[place];
        *campaign.spellings.entry((row.channel, row.source, row.medium, row.campaign)).or_default() += 1;
        campaign.first_at = campaign.first_at.min(row.start);
        campaign.last_at = campaign.last_at.max(row.start);
        campaign.sessions += 1;
        if row.click_id != 0 {
            index.by_click_id.entry(texts.text(row.click_id).to_owned()).or_insert(place);
        }
    }
    index.campaigns = seen
        .iter()
        .map(|campaign| {
            let most = campaign.spellings.iter().max_by_key(|(codes, count)| (**count, std::cmp::Reverse(**codes)));
            let (channel, source, medium, name) = most.map_or((0, 0, 0, 0), |(codes, _)| *codes);
            let text = |code: u32| texts.text(code).to_owned();
            CampaignTouch {
                channel: text(channel),
                source: text(source),
                medium: text(medium),
                campaign: text(name),
                campaign_id: text(campaign.campaign_id),
                first_at: Timestamp::from_micros(campaign.first_at),
                last_at: Timestamp::from_micros(campaign.last_at),
                sessions: campaign.sessions,
            }
        })
        .collect();
    index
}

impl Facts {
    /// Puts the facts together.
    #[must_use]
    pub fn new(sessions: Arc<SessionFacts>, inputs: Inputs) -> Self {
        let mut texts = sessions.texts.clone();
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
        let person_of = person_places(&sessions, &people);
        Self {
            sessions,
            texts,
            people,
            person_of,
            company_people,
            company_names,
            deals,
            spend: inputs.spend,
            spend_codes,
            currency: inputs.currency,
            built_at: inputs.built_at,
            memo: crate::attribution::Memo::default(),
        }
    }
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

/// Both are sorted by person: one walk joins them.
fn person_places(sessions: &SessionFacts, people: &[Person]) -> Vec<u32> {
    let mut next = 0;
    let place = |session: &Session| {
        while people.get(next).is_some_and(|person| person.person < session.person) {
            next += 1;
        }
        match people.get(next) {
            Some(person) if person.person == session.person => u32::try_from(next).unwrap_or(u32::MAX),
            _ => u32::MAX,
        }
    };
    sessions.rows.iter().map(place).collect()
}
