//! The one walk over the facts that every number comes from: totals, rows, and the drill behind them.
//!
//! **Invariant:** a cell and the rows behind it come from the same records, so they cannot differ.

use super::query::{FilterOp, Plan, PlannedFilter};
use crate::attribution::{Goal, Item, NONE, Walk, first_session};
use crate::facts::{Day, Facts, Grain, NO_TOUCH, Session, day_of};
use crate::metric_registry::{Dimension, Measure};
use crate::sessions::{CELL_CODES, Cell};
use crate::spend::spread;
use hashbrown::HashSet;
use jiff::ToSpan;
use science::attribution::Model;

/// Codes of a row's place, one a dimension; the rest is zero.
pub(crate) type Key = [u32; kernel::limits::QUERY_DIMENSIONS_MAX];

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A session, by place.
    Session,
    /// Sessions that are counted, not kept.
    Counted,
    /// The first session of a campaign, by its place among those.
    Start(u32),
    /// A person, by place.
    Person(u32),
    /// A person of whom nothing is known but when it came.
    Visitor { person: u64, created_at: i64 },
    /// So many of them.
    Visitors,
    /// A line of a book: place of the model, the goal, and its share.
    Credit { goal: u32, micros: i64, share: i64 },
    /// A goal and a page, or a goal as a whole.
    Goal(u32),
    /// An entry of the ledger, by place.
    Spend(u32),
    /// A plan, by place.
    Plan(u32),
}

/// One thing that is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) day: Day,
    pub(crate) session: u32,
    pub(crate) company: u32,
    pub(crate) page: u32,
    /// Channel, source, medium, campaign, content, landing page, country and device where no session says them.
    pub(crate) own: Option<[u32; CELL_CODES]>,
    /// How many such things there are.
    pub(crate) times: u32,
    pub(crate) model: u32,
    pub(crate) value: i64,
    /// Things with the same unit vary together, and count once in a row where the measure is not additive.
    pub(crate) unit: u64,
    pub(crate) subject: Subject,
}

struct CodeFilter {
    dimension: Dimension,
    codes: HashSet<u32>,
    keep: bool,
}

/// A plan over facts and a range.
pub(crate) struct Run<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) plan: &'a Plan,
    pub(crate) range: (Day, Day),
    filters: Vec<CodeFilter>,
    periods: Vec<(Grain, Vec<Day>)>,
    one_by_one: bool,
}

impl<'a> Run<'a> {
    pub(crate) fn new(facts: &'a Facts, plan: &'a Plan, range: (Day, Day)) -> Self {
        let filters = plan.filters.iter().map(|filter| CodeFilter::new(facts, filter)).collect();
        let grains = plan.dimensions.iter().filter_map(|dimension| dimension.grain());
        let periods = grains.map(|grain| (grain, (range.0..=range.1).map(|day| grain.start(day)).collect())).collect();
        Self { facts, plan, range, filters, periods, one_by_one: false }
    }

    /// The same, with a record for each person also where a number would do.
    pub(crate) fn one_by_one(self) -> Self {
        Self { one_by_one: true, ..self }
    }

    fn has(&self, day: Day) -> bool {
        self.range.0 <= day && day <= self.range.1
    }

    /// The row a record belongs to.
    pub(crate) fn key(&self, record: &Record) -> Key {
        let mut key = Key::default();
        for (place, dimension) in self.plan.dimensions.iter().enumerate() {
            key[place] = self.code(record, *dimension);
        }
        key
    }

    fn code(&self, record: &Record, dimension: Dimension) -> u32 {
        let of = |place: usize| match record.own {
            Some(codes) => codes[place],
            None => self.facts.sessions.touch(record.session).map_or(NO_TOUCH, |touch| touch.codes[place]),
        };
        match dimension {
            Dimension::Day | Dimension::Week | Dimension::Month | Dimension::Quarter => {
                let place = usize::try_from(record.day - self.range.0).unwrap_or(0);
                let grain = self.periods.iter().find(|(grain, _)| dimension.grain() == Some(*grain));
                grain.and_then(|(_, starts)| starts.get(place)).copied().unwrap_or(record.day).cast_unsigned()
            }
            Dimension::Channel => of(0),
            Dimension::Source => of(1),
            Dimension::Medium => of(2),
            Dimension::Campaign => of(3),
            Dimension::Content => of(4),
            Dimension::LandingPage => of(5),
            Dimension::Country => of(6),
            Dimension::Device => of(7),
            Dimension::Page => record.page,
            Dimension::Company => record.company,
            Dimension::Model => record.model,
        }
    }

    /// Every record of a measure in the range that the filters keep.
    pub(crate) fn visit(&self, measure: Measure, emit: &mut dyn FnMut(&Record)) {
        let keep = &mut |record: &Record| {
            let kept = |filter: &CodeFilter| filter.codes.contains(&self.code(record, filter.dimension)) == filter.keep;
            if self.filters.iter().all(kept) {
                emit(record);
            }
        };
        match measure {
            Measure::Sessions => self.sessions(false, keep),
            Measure::EngagedSessions => self.sessions(true, keep),
            Measure::People => self.people(keep),
            Measure::Leads => self.leads(false, keep),
            Measure::LeadsWithSession => self.leads(true, keep),
            Measure::Spend => self.spend(keep),
            Measure::Plan => self.planned(self.range.1, keep),
            Measure::PlanToDate => self.planned(self.range.1.min(self.plan.today), keep),
            Measure::CampaignsStarted => self.campaigns(keep),
            Measure::AssistedPipeline => self.assisted(keep),
            Measure::SourcedRevenue | Measure::InfluencedRevenue | Measure::TimeToWin => self.won(measure, keep),
            Measure::DealsCreated | Measure::Pipeline | Measure::MarketingPipeline => {
                self.credits(&Goal::DealCreated, measure, keep);
            }
            Measure::DealsWon | Measure::Revenue | Measure::MarketingRevenue => {
                self.credits(&Goal::DealWon, measure, keep);
            }
            Measure::Goals | Measure::GoalValue => {
                if let Some(goal) = &self.plan.goal {
                    self.credits(goal, measure, keep);
                }
            }
        }
    }

    fn sessions(&self, engaged: bool, emit: &mut dyn FnMut(&Record)) {
        let sessions = &self.facts.sessions;
        let (pages, asks_company) = (self.plan.asks(Dimension::Page), self.plan.asks(Dimension::Company));
        let mut count = |cell: Cell| {
            if self.plan.agents.has(cell.agent_class) && (!engaged || cell.engaged) {
                let record = Record::new(cell.day, NONE, 0, 1, Subject::Counted);
                emit(&Record { own: Some(cell.codes), times: cell.sessions, ..record });
            }
        };
        let (from, to) = self.range;
        if !self.one_by_one && !pages && !asks_company {
            sessions.all_cells(from, to).for_each(count);
            return;
        }
        sessions.cells(from, to).for_each(&mut count);
        for (place, session) in sessions.between(from, to) {
            if !self.plan.agents.has(session.agent_class) || (engaged && !session.engaged) {
                continue;
            }
            let company = if asks_company { self.facts.company_of(session.person) } else { 0 };
            let record = Record::new(session.day, place, company, 1, Subject::Session);
            let record = Record { unit: u64::from(place), own: Some(session.codes()), ..record };
            if !pages {
                emit(&record);
                continue;
            }
            let seen = sessions.pages_of(place);
            // That a page was not seen is about the whole visit, not about one of its pages.
            let mut without = self.filters.iter().filter(|filter| filter.dimension == Dimension::Page && !filter.keep);
            if without.any(|filter| seen.iter().any(|page| filter.codes.contains(page))) {
                continue;
            }
            if seen.is_empty() && !self.plan.dimensions.contains(&Dimension::Page) {
                emit(&Record { page: NO_TOUCH, ..record });
            }
            for page in seen {
                emit(&Record { page: *page, ..record });
            }
        }
    }

    fn people(&self, emit: &mut dyn FnMut(&Record)) {
        let in_numbers = !self.one_by_one && !self.plan.asks_touch();
        if in_numbers {
            for (day, times) in self.facts.visitors_by_day.iter().filter(|(day, _)| self.has(*day)) {
                emit(&Record { times: *times, ..Record::new(*day, NONE, 0, 1, Subject::Visitors) });
            }
        }
        let mut visitors = self.facts.visitors.iter().filter(|_| !in_numbers).peekable();
        for (person, place) in self.facts.people.iter().zip(0_u32..) {
            // In the order of numbers, whoever is known and whoever is not.
            while let Some(visitor) = visitors.next_if(|visitor| visitor.0 < person.person) {
                self.visitor(visitor, emit);
            }
            let day = self.facts.day(person.created_at);
            if self.has(day) {
                let (session, own) = self.first(person.person);
                let record = Record::new(day, session, person.company, 1, Subject::Person(place));
                emit(&Record { unit: u64::from(place), own, ..record });
            }
        }
        visitors.for_each(|visitor| self.visitor(visitor, emit));
    }

    fn visitor(&self, (person, created_at): (u64, i64), emit: &mut dyn FnMut(&Record)) {
        let day = self.facts.day(created_at);
        if self.has(day) {
            let (session, own) = self.first(person);
            let record = Record::new(day, session, 0, 1, Subject::Visitor { person, created_at });
            emit(&Record { unit: person, own, ..record });
        }
    }

    /// A person's first session: its place, or where not all have one, what it is counted by.
    fn first(&self, person: u64) -> (u32, Option<[u32; CELL_CODES]>) {
        match self.facts.sessions.is_whole() {
            true => (first_session(self.facts, person), None),
            false => (NONE, self.facts.firsts.get(&person).map(Session::codes)),
        }
    }

    fn leads(&self, with_session: bool, emit: &mut dyn FnMut(&Record)) {
        let known = self.facts.lead_sessions(self.plan.lookback_days);
        let leads = &self.facts.leads_by_day;
        let low = leads.partition_point(|(day, _)| *day < self.range.0);
        let high = leads.partition_point(|(day, _)| *day <= self.range.1);
        for (day, place) in &leads[low..high.max(low)] {
            let session = self.facts.lead_session(&known, *place as usize, self.plan.lookback_days);
            let company = self.facts.people.get(*place as usize).map_or(0, |person| person.company);
            if session != NONE || !with_session {
                let record = Record::new(*day, session, company, 1, Subject::Person(*place));
                emit(&Record { unit: u64::from(*place), ..record });
            }
        }
    }

    fn spend(&self, emit: &mut dyn FnMut(&Record)) {
        for (entry, place) in self.facts.spend.entries.iter().zip(0_u32..) {
            let day = day_of(entry.date);
            let Some(value) = entry.micros.filter(|_| self.has(day)) else { continue };
            let own = self.facts.spend_codes.get(place as usize).map(|codes| own(*codes));
            let record = Record { own, ..Record::new(day, NONE, 0, value, Subject::Spend(place)) };
            // Split by model, each model stands beside the same spend.
            let models = if self.plan.dimensions.contains(&Dimension::Model) { self.plan.models.len() } else { 1 };
            for model in 0..u32::try_from(models).unwrap_or(1) {
                emit(&Record { model, ..record });
            }
        }
    }

    fn planned(&self, last: Day, emit: &mut dyn FnMut(&Record)) {
        for (plan, place) in self.facts.spend.plan.iter().zip(0_u32..) {
            let start = day_of(plan.month.first_of_month());
            let days = day_of(plan.month.first_of_month().saturating_add(1.month())) - start;
            let Some(micros) = plan.micros.filter(|_| start <= last && start + days > self.range.0) else {
                continue;
            };
            let channel = self.facts.texts.find(&plan.channel).unwrap_or(0);
            for (day, value) in (start..start + days).zip(spread(micros, days)) {
                if self.has(day) && day <= last {
                    let own = Some(own([channel, 0, 0, 0, 0]));
                    emit(&Record { own, ..Record::new(day, NONE, 0, value, Subject::Plan(place)) });
                }
            }
        }
    }

    fn campaigns(&self, emit: &mut dyn FnMut(&Record)) {
        for (session, place) in self.facts.sessions.campaign_starts.iter().zip(0_u32..) {
            if self.has(session.day) {
                let record = Record::new(session.day, NONE, 0, 1, Subject::Start(place));
                emit(&Record { unit: u64::from(place), own: Some(session.codes()), ..record });
            }
        }
    }

    fn assisted(&self, emit: &mut dyn FnMut(&Record)) {
        let journeys = self.facts.journeys(&self.plan.journeys(Goal::DealCreated));
        let mut seen: HashSet<u32> = HashSet::new();
        journeys.visit(self.facts, self.range, &mut |Walk { place, item, touches, .. }| {
            let Some(value) = item.value else { return };
            seen.clear();
            for session in touches {
                for page in self.facts.sessions.pages_of(*session) {
                    if seen.insert(*page) {
                        let record = Record::new(item.day, *session, item.company, value, Subject::Goal(place));
                        emit(&Record { page: *page, unit: u64::from(place), ..record });
                    }
                }
            }
        });
    }

    fn won(&self, measure: Measure, emit: &mut dyn FnMut(&Record)) {
        let journeys = self.facts.journeys(&self.plan.journeys(Goal::DealWon));
        let sessions = &self.facts.sessions;
        let is_direct = |place: u32| sessions.touch(place).is_none_or(|touch| touch.direct);
        journeys.visit(self.facts, self.range, &mut |Walk { place, item, touches, .. }| {
            let Some(first) = touches.first() else { return };
            let Some(start) = sessions.touch(*first) else { return };
            let value = item.value.unwrap_or(0);
            let record = Record::new(item.day, *first, item.company, value, Subject::Goal(place));
            let record = Record { unit: u64::from(place), ..record };
            match measure {
                Measure::TimeToWin => emit(&Record { value: item.reach - start.start, ..record }),
                Measure::SourcedRevenue if !start.direct => emit(&record),
                Measure::InfluencedRevenue => {
                    for session in touches.iter().filter(|session| !is_direct(**session)) {
                        emit(&Record { session: *session, ..record });
                    }
                }
                _ => {}
            }
        });
    }

    fn credits(&self, goal: &Goal, measure: Measure, emit: &mut dyn FnMut(&Record)) {
        let split = self.plan.dimensions.contains(&Dimension::Model);
        let models = self.plan.models.iter().take(if split { usize::MAX } else { 1 });
        let journeys = self.facts.journeys(&self.plan.journeys(goal.clone()));
        let marketing = matches!(measure, Measure::MarketingPipeline | Measure::MarketingRevenue);
        let models: Vec<(&Model, u32)> = models.zip(0_u32..).collect();
        // Touches of a kind are summed where nobody looks at them one by one. Under a model that does not conserve, a goal
        // counts once in a row however many touches of it there are.
        let (summed, single): (Vec<_>, Vec<_>) =
            models.into_iter().partition(|(model, _)| !self.one_by_one && model.conserves());
        let of = |item: &Item, number: u32, (session, goal): (u32, u32), (micros, share): (i64, i64)| {
            let value = if measure.is_share() { share } else { micros };
            let record = Record::new(item.day, session, item.company, value, Subject::Credit { goal, micros, share });
            Record { model: number, unit: u64::from(number) << 32 | u64::from(goal), ..record }
        };
        let (conserving, numbers): (Vec<&Model>, Vec<u32>) = summed.into_iter().unzip();
        self.facts.shares(&journeys, &conserving, self.range, &mut |model, item, share| {
            if !marketing || share.kind.is_some_and(|kind| !kind.direct) {
                let record = of(item, numbers[model], (NONE, share.item), (share.micros, share.share));
                emit(&Record { own: share.kind.map(|kind| kind.codes), ..record });
            }
        });
        for (model, number) in single {
            self.facts.credits(&journeys, model, self.range, &mut |item, row| {
                if !marketing || self.facts.sessions.touch(row.session).is_some_and(|touch| !touch.direct) {
                    emit(&of(item, number, (row.session, row.item), (row.micros, i64::from(row.share))));
                }
            });
        }
    }
}

/// What a ledger says of a touch: nothing of pages, countries and devices.
fn own([channel, source, medium, campaign, content]: [u32; 5]) -> [u32; CELL_CODES] {
    [channel, source, medium, campaign, content, NO_TOUCH, NO_TOUCH, NO_TOUCH]
}

impl Record {
    /// Whether it stands for things that are counted without being told apart: each varies by itself.
    pub(crate) fn is_counted(&self) -> bool {
        matches!(self.subject, Subject::Counted | Subject::Visitors)
    }

    fn new(day: Day, session: u32, company: u32, value: i64, subject: Subject) -> Self {
        Self { day, session, company, page: 0, own: None, times: 1, model: 0, value, unit: 0, subject }
    }
}

impl CodeFilter {
    fn new(facts: &Facts, filter: &PlannedFilter) -> Self {
        let contains = matches!(filter.op, FilterOp::Contains | FilterOp::NotContains);
        let wanted: Vec<String> =
            filter.values.iter().map(|value| if contains { value.to_lowercase() } else { value.clone() }).collect();
        let matches = |text: &str| match contains {
            true => wanted.iter().any(|value| text.to_lowercase().contains(value.as_str())),
            false => wanted.iter().any(|value| value == text),
        };
        let mut codes: HashSet<u32> = HashSet::new();
        if contains && filter.dimension != Dimension::Company {
            let known = u32::try_from(facts.texts.len()).unwrap_or(u32::MAX);
            codes.extend((0..known).chain([NO_TOUCH]).filter(|code| matches(facts.shown(*code))));
        } else if !contains {
            codes.extend(filter.values.iter().filter_map(|value| facts.code(value)));
        }
        if filter.dimension == Dimension::Company {
            codes.extend(facts.company_names.iter().filter(|(_, name)| matches(name)).map(|(code, _)| *code));
        }
        Self { dimension: filter.dimension, codes, keep: matches!(filter.op, FilterOp::In | FilterOp::Contains) }
    }
}
