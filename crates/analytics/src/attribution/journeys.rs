//! The goals that were reached, and the touches that led to each: whose sessions, how far back, the milestones on the way.
//!
//! Goals are many and touches many more, and a question is about some days: the touches of a goal are looked up, together
//! with those of its neighbours in time, when somebody first asks for them.

use super::goal::{Goal, JourneyKey, JourneyKind, NONE};
use super::occurrences::GoalRow;
use crate::facts::{Day, Facts};
use kernel::money::{Currency, Money};
use std::ops::Range;
use std::sync::{Arc, Weak};

/// Goals whose touches are looked up together.
pub(super) const BLOCK: usize = if cfg!(test) { 3 } else { 64 };

/// One goal that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Place of the deal; [`NONE`] for an event.
    pub deal: u32,
    /// The person of an event; 0 for a deal.
    pub person: u64,
    /// Log offset of an event; 0 for a deal.
    pub offset: u64,
    /// When it was reached.
    pub at: i64,
    /// Up to when touches count: `at`, or the end of its day where `at` is a date without a time.
    pub reach: i64,
    /// The day of that in the workspace's zone.
    pub day: Day,
    /// What it is worth, in micros; `None` without an exchange rate (counted, worth nothing).
    pub value: Option<i64>,
    /// Code of the company's id; 0 for none.
    pub company: u32,
    /// When the opportunity was created.
    pub opportunity_at: Option<i64>,
    /// Whether its people were taken from the company because the deal names none.
    pub suggested: bool,
}

/// What led to one goal.
#[derive(Debug, Clone, Copy)]
pub struct Walk<'a> {
    /// Place of the goal.
    pub place: u32,
    /// The goal.
    pub item: &'a Item,
    /// Places of the sessions that are its touches, earliest first.
    pub touches: &'a [u32],
    /// The earliest lead among its people, not after the goal.
    pub lead_at: Option<i64>,
    /// Every conversion of its people, not after the goal.
    pub conversions: &'a [i64],
}

/// What led to the goals of a block.
#[derive(Debug, Default)]
pub(super) struct Walks {
    ends: Vec<End>,
    touches: Vec<u32>,
    conversions: Vec<i64>,
}

/// Where the touches and the conversions of a goal end.
#[derive(Debug, Clone, Copy, Default)]
struct End {
    touches: usize,
    conversions: usize,
    lead_at: Option<i64>,
}

/// Every goal of a kind.
#[derive(Debug)]
pub struct Journeys {
    /// Which ones.
    pub key: JourneyKey,
    /// The goals, by time.
    pub items: Arc<Vec<Item>>,
    /// The occurrences they are of; these are put away on their own.
    events: Weak<Vec<GoalRow>>,
}

impl Journeys {
    /// The journeys of a goal. `events` are its occurrences when the goal is an event.
    #[must_use]
    pub fn new(facts: &Facts, key: &JourneyKey, events: &Arc<Vec<GoalRow>>) -> Self {
        let mut items: Vec<Item> = match key.goal {
            Goal::DealCreated | Goal::DealWon => deal_items(facts, key.goal == Goal::DealWon),
            Goal::Event(_) => events.iter().map(|event| event_item(facts, event)).collect(),
        };
        items.sort_by_key(|item| (item.at, item.deal, item.offset));
        Self { key: key.clone(), items: Arc::new(items), events: Arc::downgrade(events) }
    }

    /// The journeys to the same goals, looked at in another way.
    #[must_use]
    pub(super) fn seen_by(&self, key: &JourneyKey) -> Self {
        Self { key: key.clone(), items: self.items.clone(), events: self.events.clone() }
    }

    /// Whether they are those of exactly these occurrences.
    #[must_use]
    pub(super) fn is_of(&self, events: &Arc<Vec<GoalRow>>) -> bool {
        std::ptr::eq(self.events.as_ptr(), Arc::as_ptr(events))
    }

    /// Places of the goals that were reached from one day to another, both among them.
    #[must_use]
    pub fn within(&self, (from, to): (Day, Day)) -> Range<usize> {
        // A later moment is never of an earlier day.
        let low = self.items.partition_point(|item| item.day < from);
        low..self.items.partition_point(|item| item.day <= to).max(low)
    }

    /// What led to each goal of some days.
    pub fn visit(&self, facts: &Facts, days: (Day, Day), take: &mut dyn FnMut(Walk<'_>)) {
        let within = self.within(days);
        let mut place = within.start;
        while place < within.end {
            let walks = self.walks(facts, place / BLOCK);
            let end = within.end.min((place / BLOCK + 1) * BLOCK);
            (place..end).for_each(|place| take(self.one(&walks, place)));
            place = end;
        }
    }

    /// What led to the goal at a place.
    ///
    /// # Panics
    /// When there is no goal at the place.
    pub fn walk<T>(&self, facts: &Facts, place: usize, take: impl FnOnce(Walk<'_>) -> T) -> T {
        take(self.one(&self.walks(facts, place / BLOCK), place))
    }

    fn one<'a>(&'a self, walks: &'a Walks, place: usize) -> Walk<'a> {
        let local = place % BLOCK;
        let start = local.checked_sub(1).map_or_else(End::default, |before| walks.ends[before]);
        let end = walks.ends[local];
        Walk {
            place: u32::try_from(place).unwrap_or(NONE),
            item: &self.items[place],
            touches: &walks.touches[start.touches..end.touches],
            lead_at: end.lead_at,
            conversions: &walks.conversions[start.conversions..end.conversions],
        }
    }

    /// What led to the goals of a block, from the bounded memory beside the facts where it is there.
    fn walks(&self, facts: &Facts, block: usize) -> Arc<Walks> {
        let name = format!("{:?} {} {block}", self.key, self.items.len());
        if let Some(known) = facts.memo.walks.get(&name, &()) {
            return known;
        }
        let walks = Arc::new(self.look_up(facts, block));
        let weight = walks.weight() + name.len();
        facts.memo.walks.put(name, (), walks.clone(), weight);
        walks
    }

    fn look_up(&self, facts: &Facts, block: usize) -> Walks {
        let mut walks = Walks::default();
        for item in self.items.iter().skip(block * BLOCK).take(BLOCK) {
            self.follow(facts, item, &mut walks);
        }
        walks.touches.shrink_to_fit();
        walks.conversions.shrink_to_fit();
        walks
    }

    /// Collects touches and milestones of the people of a goal.
    fn follow(&self, facts: &Facts, item: &Item, walks: &mut Walks) {
        let mut people = match facts.deals.get(item.deal as usize) {
            Some(deal) => deal.people.iter().map(|part| part.person).collect(),
            None => vec![item.person],
        };
        if item.suggested || self.key.kind == JourneyKind::Company {
            people.extend(facts.company_people.get(&item.company).into_iter().flatten());
        }
        people.sort_unstable();
        people.dedup();
        let lookback = i64::from(self.key.lookback_days) * kernel::time::DAY;
        let (from, mut lead) = (item.at.saturating_sub(lookback), None);
        let mut touches: Vec<(i64, u64, u32)> = Vec::new();
        for person in people {
            let within = facts.sessions.of_between(person, from, item.reach).filter(|(_, session)| session.is_human());
            touches.extend(within.map(|(place, session)| (session.start, session.offset, place)));
            let lead_at = facts.person(person).and_then(|person| person.lead_at);
            let lead_at = lead_at.map(|at| facts.sessions.calendar.reach(at)).filter(|at| *at <= item.reach);
            walks.conversions.extend(lead_at);
            lead = [lead, lead_at].into_iter().flatten().min();
        }
        walks.conversions.extend(item.opportunity_at);
        touches.sort_unstable();
        walks.touches.extend(touches.into_iter().map(|(_, _, place)| place));
        let (touches, conversions) = (walks.touches.len(), walks.conversions.len());
        walks.ends.push(End { touches, conversions, lead_at: lead });
    }
}

impl Walks {
    fn weight(&self) -> usize {
        self.ends.len() * size_of::<End>()
            + self.touches.len() * size_of::<u32>()
            + self.conversions.len() * size_of::<i64>()
    }
}

impl Walk<'_> {
    /// The journey as the models read it.
    #[must_use]
    pub fn journey<'a>(&self, facts: &'a Facts) -> science::attribution::Journey<'a> {
        let touch = |place: &u32| {
            let session = facts.sessions.touch(*place)?;
            Some(science::attribution::Touch {
                at: session.start,
                id: session.offset,
                channel: facts.shown(session.codes[0]),
                direct: session.direct,
            })
        };
        science::attribution::Journey {
            touches: self.touches.iter().filter_map(touch).collect(),
            goal_at: self.item.reach,
            lead_at: self.lead_at,
            opportunity_at: self.item.opportunity_at,
            conversions: self.conversions.to_vec(),
        }
    }
}

fn deal_items(facts: &Facts, won: bool) -> Vec<Item> {
    let mut items = Vec::new();
    for (deal, place) in facts.deals.iter().zip(0_u32..) {
        let (at, value) = match (won, deal.won_at) {
            (true, None) => continue,
            (true, Some(at)) => (at, deal.won_value),
            (false, _) => (deal.created_at, deal.created_value),
        };
        let reach = facts.sessions.calendar.reach(at);
        let opportunity_at = Some(facts.sessions.calendar.reach(deal.created_at));
        let has_people = facts.company_people.get(&deal.company).is_some_and(|people| !people.is_empty());
        items.push(Item {
            deal: place,
            person: 0,
            offset: 0,
            at,
            reach,
            day: facts.day(at),
            value,
            company: deal.company,
            opportunity_at: opportunity_at.filter(|created| *created <= reach),
            suggested: deal.people.is_empty() && has_people,
        });
    }
    items
}

fn event_item(facts: &Facts, event: &GoalRow) -> Item {
    let day = facts.day(event.at);
    // An event that names no currency is in the workspace's.
    let currency: Currency = event.currency.parse().unwrap_or(facts.currency);
    let value = event.value.map_or(Some(0), |micros| {
        facts.spend.rates.convert(Money::new(micros, currency), facts.currency, crate::facts::date_of(day))
    });
    Item {
        deal: NONE,
        person: event.person,
        offset: event.offset,
        at: event.at,
        reach: event.at,
        day,
        value,
        company: facts.person(event.person).map_or(0, |person| person.company),
        opportunity_at: None,
        suggested: false,
    }
}
