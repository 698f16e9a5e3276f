//! A workspace that lives: events, files, hands and the ledger change what is known; reports are asked.

use crate::ledger::tests::money;
use crate::ledger::{EntryFilter, Ledger, Mapping, PlanChange, RateLine};
use analytics::channels::Channel;
use analytics::facts::{FactStore, LiveSource};
use analytics::ingest::Lakes;
use analytics::metrics::{DateRange, Dimension, METRICS, Metrics, Query, Table};
use async_trait::async_trait;
use jiff::ToSpan;
use kernel::ids::{ImportId, PersonId};
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::{DAY, HOUR, MINUTE, Timestamp};
use lake::{AgentClass, Col, Columns, Derivation, Derive, DeriveRow, Event, EventKind, Lake, Verdict};
use people::companies::{Companies, CompanyInput, upsert_companies};
use people::deals::{DealFilter, DealInput, DealKey, DealPersonInput, Deals, revert_deals, upsert_deals};
use people::erasure::{ErasureState, Erasures, EventStore, Traces};
use people::identity::{Identity, Kind, PersonInput, revert_people, upsert_people};
use people::profiles::{EventSource, Profiles};
use people::upsert::{Reverted, Source, Upserted};
use rand::{Rng, SeedableRng};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use testkit::TestPlatform;

const CAMPAIGNS: [&str; 4] = ["", "spring", "abm-dach", "brand"];
const CHANNELS: [(&str, &str); 4] =
    [("Direct", ""), ("Paid Search", "google"), ("Email", "news"), ("Paid Social", "linkedin")];
const STAGES: [&str; 5] = ["Qualified", "Demo", "Proposal", "Closed Won", "Closed Lost"];

struct LakesOfAll(Lakes);

#[async_trait]
impl EventSource for LakesOfAll {
    async fn lake(&self, scope: &Scope) -> Result<Lake, Problem> {
        Ok(self.0.get(&scope.workspace).await?)
    }
}

#[async_trait]
impl EventStore for LakesOfAll {
    async fn lake(&self, scope: &Scope) -> Result<Lake, Problem> {
        Ok(self.0.get(&scope.workspace).await?)
    }

    async fn forget(&self, scope: &Scope, traces: &Traces) -> Result<u64, Problem> {
        Ok(self.0.forget(&scope.workspace, traces).await?)
    }
}

/// Rules of a version: they move some events to another channel, and say of some that a machine caused them.
pub(crate) struct Rules(pub(crate) u32);

impl Derive for Rules {
    fn columns(&self) -> Columns {
        Columns::of(&[Col::EventId])
    }

    fn derive(&mut self, row: &DeriveRow<'_>) -> Verdict {
        let sum: u32 = row.text(Col::EventId).bytes().map(u32::from).sum::<u32>() + self.0;
        if !sum.is_multiple_of(5) {
            return Verdict::Same;
        }
        let (channel, class) = (CHANNELS[sum as usize % 4].0, if sum.is_multiple_of(10) { "bot" } else { "human" });
        let agent_class = if class == "bot" { AgentClass::Bot } else { AgentClass::Human };
        if channel == row.text(Col::Channel) && agent_class == row.agent_class() {
            return Verdict::Same;
        }
        let (channel, agent_reason) = (channel.to_owned(), class.to_owned());
        Verdict::New(Derivation { channel, channel_rule: self.0, agent_class, agent_reason })
    }
}

/// Rows an import wrote, to take them back.
pub(crate) enum Undo {
    People(Vec<(PersonId, Json)>),
    Deals(Vec<(kernel::ids::DealId, Json)>),
}

/// A workspace that lives.
pub(crate) struct Life {
    pub(crate) test: TestPlatform,
    pub(crate) lakes: Lakes,
    pub(crate) lake: Lake,
    pub(crate) identity: Identity,
    pub(crate) deals: Deals,
    pub(crate) ledger: Ledger,
    pub(crate) metrics: Metrics,
    pub(crate) dice: rand_chacha::ChaCha8Rng,
    pub(crate) undo: Vec<Undo>,
    /// How often each thing was done, and how often it was refused.
    pub(crate) done: BTreeMap<&'static str, u64>,
    erasures: Erasures,
    number: u64,
}

pub(crate) fn undo_of<I: Clone>(done: Vec<Upserted<I>>) -> Vec<(I, Json)> {
    let undo = |one| match one {
        Upserted::Created { id, undo } | Upserted::Updated { id, undo, .. } => Some((id, undo)),
        _ => None,
    };
    done.into_iter().filter_map(undo).collect()
}

impl Life {
    pub(crate) async fn new(test: TestPlatform, seed: u64) -> Self {
        let platform = &test.platform;
        let (identity, ledger) = (Identity::new(platform), Ledger::new(platform));
        let lakes = Lakes::new(platform, Arc::new(identity.clone()));
        let profiles = Profiles::new(platform, Arc::new(LakesOfAll(lakes.clone())));
        let (companies, deals) = (Companies::new(platform), Deals::new(platform));
        let source = LiveSource::new(platform, lakes.clone(), identity.clone(), profiles, companies, deals.clone());
        let store = FactStore::new(Arc::new(source), Arc::new(ledger.clone()), platform.world.clone());
        let lake = lakes.get(&test.scope.workspace).await.unwrap();
        let dice = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let metrics = Metrics::new(store);
        let erasures = Erasures::new(&test.platform, &identity, Arc::new(LakesOfAll(lakes.clone())));
        let (undo, done) = (Vec::new(), BTreeMap::new());
        Self { test, lakes, lake, identity, deals, ledger, metrics, dice, undo, done, erasures, number: 0 }
    }

    /// Counts what was done; of what may be refused, how often it was.
    fn count<T, E>(&mut self, what: [&'static str; 2], outcome: Result<T, E>) {
        *self.done.entry(what[usize::from(outcome.is_err())]).or_default() += 1;
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.dice.next_u64() % most.max(1)
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap()]
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.test.platform.world.now()
    }

    fn ago(&mut self, days: u64) -> Timestamp {
        let hours = i64::try_from(self.below(days * 24)).unwrap();
        self.now().plus(-hours * HOUR)
    }

    pub(crate) fn import(&mut self) -> Source {
        Source::Import(ImportId::new(self.now(), &mut self.dice))
    }

    /// Events of a visit that may have been long ago; some say who it was, and some bring two visitors together.
    async fn visit(&mut self) {
        let (visitor, at) = (self.below(8), self.ago(70));
        let (channel, source) = self.of(&CHANNELS);
        let campaign = if channel == "Direct" { "" } else { self.of(&CAMPAIGNS) };
        let (user, machine) = (self.below(12), self.below(9) == 0);
        let mut events = Vec::new();
        for view in 0..1 + i64::try_from(self.below(3)).unwrap() {
            self.number += 1;
            let asked = view == 2;
            events.push(Event {
                event_id: format!("e{}", self.number),
                anonymous_id: format!("a{visitor}"),
                user_id: if user < 4 && view > 0 { format!("u{user}") } else { String::new() },
                at: at.micros() + view * MINUTE,
                received_at: self.now().micros(),
                kind: if asked { EventKind::Track } else { EventKind::Page },
                name: if asked { "Asked".into() } else { "Page viewed".into() },
                path: self.of(&["/", "/pricing", "/blog/a"]).into(),
                channel: channel.into(),
                source: source.into(),
                medium: "m".into(),
                campaign: campaign.into(),
                country: self.of(&["DE", "AT"]).into(),
                device: "desktop".into(),
                value: asked.then_some(12_500_000),
                agent_class: if machine { AgentClass::Bot } else { AgentClass::Human },
                ..Event::default()
            });
        }
        self.lake.append(events).await.unwrap();
        self.settle().await;
        if self.below(5) == 0 {
            self.lake.seal().await.unwrap();
        }
    }

    pub(crate) async fn settle(&self) {
        while self.lake.watermark().offset < self.lake.watermark().appended_offset {
            tokio::task::yield_now().await;
        }
    }

    /// Somebody takes a merge back.
    pub(crate) async fn separate(&mut self) {
        let sql = "select person, other from person_merge_edges where state = 'merged' order by person, other";
        let edges: Vec<(PersonId, PersonId)> = self.test.db.query(sql, Vec::new()).await.unwrap();
        if !edges.is_empty() {
            let (person, other) = self.of(&edges);
            let merges = self.identity.separate(&self.test.scope, person, other).await.unwrap();
            self.count(["people separated", ""], Ok::<_, ()>(merges));
        }
    }

    /// Erases a person, and waits until that is proven.
    pub(crate) async fn erase(&mut self, person: PersonId) {
        self.erasures.request(&self.test.scope, person, true).await.unwrap();
        for _ in 0..100 {
            self.test.platform.jobs.run_due(&self.test.scope.workspace).await.unwrap();
            if self.erasures.of_person(&self.test.scope, person).await.unwrap().state == ErasureState::Done {
                return;
            }
            // Something was behind; the job is tried again a little later.
            self.test.advance(MINUTE);
        }
        panic!("{person} is not erased");
    }

    /// One page view of a visitor, signed in or not.
    pub(crate) async fn page(&self, id: &str, visitor: &str, user: &str, at: Timestamp) {
        let event = Event {
            event_id: id.into(),
            anonymous_id: visitor.into(),
            user_id: user.into(),
            at: at.micros(),
            received_at: self.now().micros(),
            kind: EventKind::Page,
            name: "Page viewed".into(),
            channel: "Direct".into(),
            device: "desktop".into(),
            agent_class: AgentClass::Human,
            ..Event::default()
        };
        self.lake.append(vec![event]).await.unwrap();
        self.settle().await;
    }

    fn person(&mut self) -> Vec<(Kind, String)> {
        match self.below(3) {
            0 => vec![(Kind::UserId, format!("u{}", self.below(5)))],
            number => vec![(Kind::Email, format!("p{}@firm{number}.com", self.below(4)))],
        }
    }

    fn deal(&mut self, key: DealKey, source: Source) -> DealInput {
        let mut input = DealInput::new(key, self.now(), source);
        input.name = Some(format!("Deal {}", self.below(5)));
        input.stage = Some(self.of(&STAGES).to_owned());
        let amount = format!("{} {}", 100 + self.below(900), self.of(&["EUR", "EUR", "USD"]));
        input.amount = (self.below(4) > 0).then(|| money(&amount));
        input.created_at = (self.below(2) == 0).then(|| self.ago(50));
        input.closed_at = (self.below(3) == 0).then(|| self.ago(20));
        input.stage_entered_at = (self.below(3) == 0).then(|| self.ago(20));
        if self.below(2) == 0 {
            let mut company = CompanyInput::new(self.now(), input.source.clone());
            company.domain = format!("firm{}.com", 1 + self.below(2));
            input.company = Some(company);
        }
        if self.below(2) == 0 {
            let role = self.of(&["", "champion", "decision_maker"]).to_owned();
            input.people = vec![DealPersonInput { identifiers: self.person(), role, primary: self.below(2) == 0 }];
        }
        input
    }

    /// Somebody makes or changes a deal.
    async fn change_deal(&mut self) {
        let all = self.deals.list(&self.test.scope, &DealFilter::default(), &Default::default()).await.unwrap().items;
        let key = match self.below(all.len() as u64 + 2) {
            place if place < all.len() as u64 => DealKey::Id(all[usize::try_from(place).unwrap()].id.clone()),
            _ => DealKey::New,
        };
        let source = Source::Actor(self.test.scope.actor.clone());
        let input = self.deal(key, source);
        // A person that would break a rule of identity is a conflict, which changes nothing.
        let outcome = self.deals.put(&self.test.scope, input).await;
        self.count(["deals put", "deals refused"], outcome);
    }

    /// A file of deals, people or companies.
    async fn import_file(&mut self) {
        let source = self.import();
        let mut tx = self.test.db.begin().await.unwrap();
        let world = self.test.platform.world.clone();
        match self.below(3) {
            0 => {
                let key = |number| DealKey::External("crm".to_owned(), format!("d{number}"));
                let numbers = [self.below(4), 4 + self.below(3)];
                let rows = numbers.map(|number| self.deal(key(number), source.clone()));
                let done = upsert_deals(&mut tx, &world, &rows).await.unwrap();
                self.undo.push(Undo::Deals(undo_of(done)));
            }
            1 => {
                let mut rows = Vec::new();
                for _ in 0..3 {
                    let mut row = PersonInput::new(self.now(), source.clone());
                    row.identifiers = self.person();
                    row.created_at = (self.below(2) == 0).then(|| self.ago(90));
                    row.traits.insert("country".to_owned(), json!(self.of(&["DE", "FR"])));
                    rows.push(row);
                }
                let done = upsert_people(&mut tx, &world, &rows).await.unwrap();
                self.undo.push(Undo::People(undo_of(done)));
            }
            _ => {
                let mut company = CompanyInput::new(self.now(), source);
                company.domain = format!("firm{}.com", 1 + self.below(2));
                company.name = format!("Firm {}", self.below(9));
                upsert_companies(&mut tx, &world, &[company]).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
    }

    /// Takes one of the files back.
    pub(crate) async fn undo_import(&mut self) {
        if self.undo.is_empty() {
            return;
        }
        let place = usize::try_from(self.below(self.undo.len() as u64)).unwrap();
        let undo = self.undo.remove(place);
        let mut tx = self.test.db.begin().await.unwrap();
        let outcomes = match undo {
            Undo::People(rows) => revert_people(&mut tx, &self.test.platform.world, &rows).await,
            Undo::Deals(rows) => revert_deals(&mut tx, &self.test.platform.world, &rows).await,
        };
        tx.commit().await.unwrap();
        for one in outcomes.unwrap() {
            let outcome = if one == Reverted::Done { Ok(()) } else { Err(()) };
            self.count(["rows taken back", "undos refused"], outcome);
        }
    }

    /// The ledger: an entry, a correction, a plan, a rate, a mapping.
    async fn change_ledger(&mut self) {
        let (scope, date) = (self.test.scope.clone(), self.ago(60).date_in(&jiff::tz::TimeZone::UTC));
        let channel = self.of(&[Channel::PaidSearch, Channel::Email, Channel::PaidSocial]);
        let campaign = self.of(&CAMPAIGNS);
        let amount = money(&format!("{} {}", 1 + self.below(500), self.of(&["EUR", "USD"])));
        match self.below(6) {
            0 | 1 => {
                let body = json!({"date": date, "amount": amount, "channel": channel, "campaign": campaign});
                self.ledger.enter(&scope, serde_json::from_value(body).unwrap()).await.map(drop).unwrap();
            }
            2 => {
                let all = self.ledger.list(&scope, &EntryFilter::default()).await.unwrap().items;
                if !all.is_empty() {
                    let id = all[usize::try_from(self.below(all.len() as u64)).unwrap()].id.clone();
                    // A reversal cannot be reversed.
                    let outcome = self.ledger.reverse(&scope, &id, "wrong").await;
                    self.count(["lines reversed", "reversals refused"], outcome);
                }
            }
            3 => {
                let month = date.strftime("%Y-%m").to_string();
                let planned = (self.below(4) > 0).then_some(amount);
                let change = PlanChange { month, channel, planned, note: String::new() };
                self.ledger.set_plan(&scope, vec![change]).await.map(drop).unwrap();
            }
            4 => {
                let from = "USD".parse().unwrap();
                let lines = (0..30).map(|day| RateLine {
                    date: date.saturating_sub((3 * day).days()),
                    from,
                    to: None,
                    rate: format!("0.{}", 70 + self.below(25)),
                });
                let lines = lines.collect();
                self.ledger.set_rates(&scope, lines).await.map(drop).unwrap();
            }
            _ => {
                let to = (self.below(3) > 0).then(|| Mapping {
                    spend_key: String::new(),
                    campaign: self.of(&["spring", "brand"]).to_owned(),
                    channel: None,
                });
                // Only what is there can be taken away.
                let what = if to.is_some() { "mappings set" } else { "mappings taken away" };
                let outcome = self.ledger.map(&scope, &format!("manual/name:{campaign}"), to).await;
                self.count([what, "mappings refused"], outcome);
            }
        }
    }

    pub(crate) async fn live(&mut self) {
        match self.below(20) {
            0..8 => self.visit().await,
            8..11 => self.change_deal().await,
            11..13 => self.import_file().await,
            13 => self.undo_import().await,
            14 => self.separate().await,
            15 => {
                let rules = Rules(u32::try_from(self.below(9)).unwrap());
                self.lake.rederive(Box::new(rules), &Default::default()).await.map(drop).unwrap();
            }
            _ => self.change_ledger().await,
        }
    }

    /// The answer of now, once nothing is behind.
    pub(crate) async fn now_says(&self, query: &Query) -> Told {
        loop {
            let table = self.metrics.query(&self.test.scope, query).await.unwrap();
            if table.watermark.lag_seconds == 0 {
                assert_eq!(table.as_of, None);
                return told(&table);
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn said(&self, query: &Query, at: Timestamp) -> Told {
        let table = self.metrics.query(&self.test.scope, &Query { as_of: Some(at), ..query.clone() }).await.unwrap();
        assert_eq!(table.as_of, Some(at));
        told(&table)
    }
}

/// Everything an answer says, but how far the events were read.
pub(crate) type Told = Json;

pub(crate) fn told(table: &Table) -> Told {
    let mut told = serde_json::to_value(table).unwrap();
    for name in ["watermark", "as_of"] {
        told.as_object_mut().unwrap().remove(name);
    }
    told
}

/// Every metric of the registry: in all, and split by what it can be split by.
pub(crate) fn queries(dice: &mut rand_chacha::ChaCha8Rng) -> Vec<Query> {
    let day = |days: i64| testkit::START.plus(days * DAY).date_in(&jiff::tz::TimeZone::UTC);
    let range = DateRange { from: day(-80), to: day(40) };
    let goal = Some("event:Asked".to_owned());
    let ids: Vec<&str> = METRICS.iter().map(|metric| metric.id).collect();
    let mut all: Vec<Query> =
        ids.chunks(20).map(|ids| Query { goal: goal.clone(), ..Query::new(ids, range) }).collect();
    for metric in METRICS.iter() {
        let dimensions: Vec<Dimension> =
            metric.dimensions().into_iter().filter(|one| *one != Dimension::Model).collect();
        let one = dimensions[usize::try_from(dice.next_u64() % dimensions.len() as u64).unwrap()];
        all.push(Query { goal: goal.clone(), ..Query::new(&[metric.id], range).by(&[one]) });
    }
    all.push(Query::new(&["deals_won", "deals_created", "sessions"], range).by(&[Dimension::Company]));
    all
}
