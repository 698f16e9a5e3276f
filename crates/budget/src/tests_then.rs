//! What a report said at a moment is what it says later as of that moment, over random histories of a whole workspace.

use crate::ledger::tests::money;
use crate::ledger::{EntryFilter, Ledger, Mapping, PlanChange, RateLine};
use analytics::channels::Channel;
use analytics::facts::{FactStore, LiveSource};
use analytics::ingest::Lakes;
use analytics::metrics::{DateRange, Dimension, Figure, METRICS, Metrics, Query, Step, Table};
use async_trait::async_trait;
use jiff::ToSpan;
use kernel::ids::{ImportId, PersonId};
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::{DAY, HOUR, MINUTE, SECOND, Timestamp};
use lake::{AgentClass, Col, Columns, Derivation, Derive, DeriveRow, Event, EventKind, Lake, Verdict};
use people::companies::{Companies, CompanyInput, upsert_companies};
use people::deals::{DealFilter, DealInput, DealKey, DealPersonInput, Deals, revert_deals, upsert_deals};
use people::identity::{Identity, Kind, PersonInput, revert_people, upsert_people};
use people::profiles::{EventSource, Profiles};
use people::upsert::{Source, Upserted};
use rand::{Rng, SeedableRng};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use testkit::{TestPlatform, platforms};

const CAMPAIGNS: [&str; 4] = ["", "spring", "abm-dach", "brand"];
const CHANNELS: [(&str, &str); 4] =
    [("Direct", ""), ("Paid Search", "google"), ("Email", "news"), ("Paid Social", "linkedin")];
const STAGES: [&str; 5] = ["Qualified", "Demo", "Proposal", "Closed Won", "Closed Lost"];

struct LakesOfProfiles(Lakes);

#[async_trait]
impl EventSource for LakesOfProfiles {
    async fn lake(&self, scope: &Scope) -> Result<Lake, Problem> {
        Ok(self.0.get(&scope.workspace).await?)
    }
}

/// Rules of a version: they move some events to another channel, and say of some that a machine caused them.
struct Rules(u32);

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
enum Undo {
    People(Vec<(PersonId, Json)>),
    Deals(Vec<(kernel::ids::DealId, Json)>),
}

/// A workspace that lives.
struct Life {
    test: TestPlatform,
    lakes: Lakes,
    lake: Lake,
    identity: Identity,
    deals: Deals,
    ledger: Ledger,
    metrics: Metrics,
    dice: rand_chacha::ChaCha8Rng,
    number: u64,
    undo: Vec<Undo>,
}

fn undo_of<I: Clone>(done: Vec<Upserted<I>>) -> Vec<(I, Json)> {
    let undo = |one| match one {
        Upserted::Created { id, undo } | Upserted::Updated { id, undo, .. } => Some((id, undo)),
        _ => None,
    };
    done.into_iter().filter_map(undo).collect()
}

impl Life {
    async fn new(test: TestPlatform, seed: u64) -> Self {
        let platform = &test.platform;
        let (identity, ledger) = (Identity::new(platform), Ledger::new(platform));
        let lakes = Lakes::new(platform, Arc::new(identity.clone()));
        let profiles = Profiles::new(platform, Arc::new(LakesOfProfiles(lakes.clone())));
        let (companies, deals) = (Companies::new(platform), Deals::new(platform));
        let source = LiveSource::new(platform, lakes.clone(), identity.clone(), profiles, companies, deals.clone());
        let store = FactStore::new(Arc::new(source), Arc::new(ledger.clone()), platform.world.clone());
        let lake = lakes.get(&test.scope.workspace).await.unwrap();
        let dice = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let metrics = Metrics::new(store);
        Self { test, lakes, lake, identity, deals, ledger, metrics, dice, number: 0, undo: Vec::new() }
    }

    fn below(&mut self, most: u64) -> u64 {
        self.dice.next_u64() % most.max(1)
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap()]
    }

    fn now(&self) -> Timestamp {
        self.test.platform.world.now()
    }

    fn ago(&mut self, days: u64) -> Timestamp {
        let hours = i64::try_from(self.below(days * 24)).unwrap();
        self.now().plus(-hours * HOUR)
    }

    fn import(&mut self) -> Source {
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

    async fn settle(&self) {
        while self.lake.watermark().offset < self.lake.watermark().appended_offset {
            tokio::task::yield_now().await;
        }
    }

    /// Somebody takes a merge back.
    async fn separate(&mut self) {
        let sql = "select person, other from person_merge_edges where state = 'merged' order by person, other";
        let edges: Vec<(PersonId, PersonId)> = self.test.db.query(sql, Vec::new()).await.unwrap();
        if !edges.is_empty() {
            let (person, other) = self.of(&edges);
            self.identity.separate(&self.test.scope, person, other).await.unwrap();
        }
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
        let _outcome = self.deals.put(&self.test.scope, input).await;
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

    async fn undo_import(&mut self) {
        if self.undo.is_empty() {
            return;
        }
        let place = usize::try_from(self.below(self.undo.len() as u64)).unwrap();
        let undo = self.undo.remove(place);
        let mut tx = self.test.db.begin().await.unwrap();
        match undo {
            Undo::People(rows) => revert_people(&mut tx, &self.test.platform.world, &rows).await.map(drop).unwrap(),
            Undo::Deals(rows) => revert_deals(&mut tx, &self.test.platform.world, &rows).await.map(drop).unwrap(),
        }
        tx.commit().await.unwrap();
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
                    let _outcome = self.ledger.reverse(&scope, &id, "wrong").await;
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
                let _outcome = self.ledger.map(&scope, &format!("manual/name:{campaign}"), to).await;
            }
        }
    }

    async fn live(&mut self) {
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
    async fn now_says(&self, query: &Query) -> Told {
        loop {
            let table = self.metrics.query(&self.test.scope, query).await.unwrap();
            if table.watermark.lag_seconds == 0 {
                assert_eq!(table.as_of, None);
                return told(&table);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn said(&self, query: &Query, at: Timestamp) -> Told {
        let table = self.metrics.query(&self.test.scope, &Query { as_of: Some(at), ..query.clone() }).await.unwrap();
        assert_eq!(table.as_of, Some(at));
        told(&table)
    }
}

/// Everything an answer says, but how far the events were read.
type Told = Json;

fn told(table: &Table) -> Told {
    let mut told = serde_json::to_value(table).unwrap();
    for name in ["watermark", "as_of"] {
        told.as_object_mut().unwrap().remove(name);
    }
    told
}

/// Every metric of the registry: in all, and split by what it can be split by.
fn queries(dice: &mut rand_chacha::ChaCha8Rng) -> Vec<Query> {
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

/// Lives one life, and asks at its end about every moment of it; and what lies between.
async fn lives(test: TestPlatform, seed: u64, moments: usize) {
    let mut life = Life::new(test, seed).await;
    let queries = queries(&mut life.dice);
    let mut saved: Vec<(Timestamp, Vec<Told>)> = Vec::new();
    for moment in 0..moments {
        let hours = i64::try_from(1 + life.below(30)).unwrap();
        life.test.advance(hours * HOUR);
        for _ in 0..1 + life.below(3) {
            life.live().await;
        }
        life.test.advance(SECOND);
        let mut answers = Vec::new();
        for query in &queries {
            answers.push(life.now_says(query).await);
        }
        saved.push((life.now(), answers));
        life.test.advance(SECOND);
        if moment % 7 == 6 {
            let (at, answers) = &saved[usize::try_from(life.dice.next_u64() % saved.len() as u64).unwrap()];
            for (query, answer) in queries.iter().zip(answers) {
                assert_eq!(life.said(query, *at).await, *answer, "seed {seed}, {at}, in between: {query:?}");
            }
        }
    }
    for (number, (at, answers)) in saved.iter().enumerate() {
        for (query, answer) in queries.iter().zip(answers) {
            assert_eq!(life.said(query, *at).await, *answer, "seed {seed}, moment {number} {at}: {query:?}");
        }
    }
    for _ in 0..2 {
        let (at, answers) = &saved[usize::try_from(life.below(saved.len() as u64)).unwrap()];
        for (query, answer) in queries.iter().zip(answers).take(METRICS.len().div_ceil(20)) {
            bridged(&life, query, *at, answer).await;
        }
    }
    life.lakes.close().await;
}

/// AN part 3, 2: a bridge begins with what was said then, ends with what is said now, and its items add up to what lies between.
async fn bridged(life: &Life, query: &Query, at: Timestamp, then: &Told) {
    let asked = Query { as_of: Some(at), ..query.clone() };
    let bridge = life.metrics.bridge(&life.test.scope, &asked).await.unwrap();
    let now = life.now_says(query).await;
    for (place, metric) in bridge.metrics.iter().enumerate() {
        let value = |told: &Told| told["totals"][place].get("value").cloned();
        let shown = |figure: &Option<Figure>| figure.as_ref().map(|figure| serde_json::to_value(figure).unwrap());
        assert_eq!(shown(&metric.then), value(then), "{} then", metric.id);
        assert_eq!(shown(&metric.now), value(&now), "{} now", metric.id);
        assert_eq!(metric.steps.iter().map(|step| step.step).collect::<Vec<_>>(), Step::ALL);
        let mut before = metric.then.clone();
        for step in &metric.steps {
            match (&before, &step.value, &step.change) {
                (Some(Figure::Money(before)), Some(Figure::Money(after)), Some(Figure::Money(change))) => {
                    assert_eq!(before.micros + change.micros, after.micros);
                }
                (Some(before), Some(after), Some(change)) => {
                    assert!((before.number() + change.number() - after.number()).abs() < 1e-9);
                }
                (_, _, change) => assert_eq!(*change, None),
            }
            before.clone_from(&step.value);
        }
        assert_eq!(before, metric.now);
    }
}

/// The point 5, AN part 3, 2: "what did this report say on that day" has the answer that was given on that day: whatever came
/// late, was merged or separated, derived again, changed, imported, undone or corrected since; for every metric.
#[tokio::test]
async fn an_3_2_a_report_as_of_a_moment_says_what_it_said_then() {
    for seed in 0..6 {
        for (number, test) in platforms().await.into_iter().enumerate() {
            // One life on Postgres is enough: what differs there are the statements.
            if number == 0 || seed == 0 {
                lives(test, seed, 18).await;
            }
        }
    }
}
