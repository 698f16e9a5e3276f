//! How long Home takes on a company of 40 000 people, 2 000 companies, 3 000 deals and 600 000 sessions, and how much
//! memory the facts take. Prints; asserts nothing.

use analytics::attribution::GoalRow;
use analytics::dashboards::{Dashboards, HomeRequest};
use analytics::facts::{
    Choices, DealInput, EventStamp, FactSource, FactStore, Outcome, Part, PersonInput, Records, RecordsThen,
    RecordsVersion, Session, SessionFacts, SessionsWanted, TouchRows,
};
use analytics::metrics::{Compare, DateRange, Metrics, SpendFact, SpendFacts, SpendMatch, SpendSource, TouchIndex};
use analytics::sessions::Extra;
use async_trait::async_trait;
use kernel::ids::WorkspaceId;
use kernel::money::{Currency, Money};
use kernel::problem::Problem;
use kernel::scope::{Scope, WorkspaceRef};
use kernel::time::{DAY, HOUR, SECOND, Timestamp};
use lake::folds::sessions::SessionRow;
use lake::{AgentClass, Dict, KnownAt, Lake, SqlTurn, Watermark};
use platform::World;
use platform::audit::AuditEntry;
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

/// 2025-01-01T00:00:00Z.
const START: i64 = 1_735_689_600_000_000;
const DAYS: i64 = 545;
const CHANNELS: [&str; 8] =
    ["Direct", "Paid Search", "Paid Social", "Email", "Organic Search", "Referral", "Display", "Organic Social"];

struct Company {
    currency: Currency,
}

fn dice(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

fn signed(number: u64) -> i64 {
    number.cast_signed()
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn moment(state: &mut u64) -> i64 {
    START + signed(dice(state, DAYS.cast_unsigned() * 86_400)) * SECOND
}

fn sessions() -> TouchRows {
    let (mut texts, mut state) = (Dict::new(), 7_u64);
    let (mut rows, mut ends, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..600_000_u64 {
        let channel = CHANNELS[usize::try_from(dice(&mut state, 8)).unwrap_or(0)];
        let campaign = if channel == "Direct" { String::new() } else { format!("campaign {}", dice(&mut state, 120)) };
        for _ in 0..1 + dice(&mut state, 4) {
            pages.push(texts.intern(&format!("/page/{}", dice(&mut state, 400))));
        }
        ends.push(small(pages.len() as u64));
        let start = moment(&mut state);
        rows.push(SessionRow {
            person: 1 + dice(&mut state, 40_000),
            start,
            end: start + 90 * SECOND,
            offset: number + 1,
            channel: texts.intern(channel),
            source: texts.intern("source"),
            medium: texts.intern("medium"),
            campaign: texts.intern(&campaign),
            campaign_id: 0,
            content: 0,
            term: 0,
            click_id_kind: 0,
            click_id: 0,
            referrer_host: 0,
            landing_path: pages[pages.len() - 1],
            country: texts.intern("DE"),
            device: texts.intern("desktop"),
            pages: 2,
            events: 5,
            key_events: 0,
            agent_class: AgentClass::Human,
            is_direct: channel == "Direct",
            engaged: number % 2 == 0,
        });
    }
    TouchRows::new(rows, ends, pages, texts)
}

#[async_trait]
impl FactSource for Company {
    async fn choices(&self, _: &Scope) -> Result<Choices, Problem> {
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap_or(jiff::tz::TimeZone::UTC);
        Ok(Choices { currency: self.currency, zone })
    }

    async fn events_stamp(&self, _: &Scope) -> Result<EventStamp, Problem> {
        Ok(EventStamp {
            watermark: Watermark { offset: 3_000_000, at: START, appended_offset: 3_000_000, removals: 0 },
            merges: 0,
        })
    }

    async fn sessions(&self, _: &Scope, wanted: SessionsWanted) -> Result<Option<SessionFacts>, Problem> {
        let watermark = Watermark { offset: 3_000_000, at: START, appended_offset: 3_000_000, removals: 0 };
        Ok(Some(SessionFacts::of_rows(sessions(), watermark, wanted.zone, wanted.kept)))
    }

    async fn extra(&self, _: &Scope, _: &SessionFacts, _: &Dict, _: Extra) -> Result<(SessionFacts, Dict), Problem> {
        Err(Problem::not_found("lake", "here"))
    }

    async fn firsts(
        &self,
        _: &Scope,
        _: &SessionFacts,
        _: &Dict,
        _: Arc<HashSet<u64>>,
    ) -> Result<(HashMap<u64, Session>, Dict), Problem> {
        Err(Problem::not_found("lake", "here"))
    }

    async fn goal(&self, _: &Scope, _: &str, _: Option<&KnownAt>) -> Result<Vec<GoalRow>, Problem> {
        Ok(Vec::new())
    }

    async fn goal_of(&self, _: &Scope, _: &str, _: &SessionFacts) -> Result<Vec<GoalRow>, Problem> {
        Ok(Vec::new())
    }

    async fn records_version(&self, _: &Scope) -> Result<RecordsVersion, Problem> {
        Ok(RecordsVersion::default())
    }

    async fn records(&self, _: &Scope) -> Result<Records, Problem> {
        let mut state = 11_u64;
        let people = (1..=40_000).map(|person| PersonInput {
            person,
            created_at: moment(&mut state),
            lead_at: (person % 2 == 0).then(|| moment(&mut state)),
            company: Some(format!("com_{}", person % 2_000)),
            country: "DE".into(),
        });
        let people = people.collect();
        let deals = (0..3_000).map(|number| {
            let created_at = moment(&mut state);
            DealInput {
                id: format!("dea_{number}"),
                name: format!("Deal {number}"),
                company: Some(format!("com_{}", dice(&mut state, 2_000))),
                people: vec![Part { person: 1 + dice(&mut state, 40_000), role: String::new(), primary: true }],
                amount: Some(Money::new(signed(dice(&mut state, 90_000)) * 1_000_000, self.currency)),
                pipeline: "sales".into(),
                stage: "sales/won".into(),
                outcome: if number % 3 == 0 { Outcome::Won } else { Outcome::Open },
                created_at,
                closed_at: Some(created_at + 40 * DAY + HOUR),
                stages: Vec::new(),
                source_row: String::new(),
            }
        });
        let companies = (0..2_000).map(|number| (format!("com_{number}"), format!("Company {number}"))).collect();
        Ok(Records { deals: deals.collect(), people, companies, ..Records::default() })
    }

    async fn records_at(&self, _: &Scope, _: Timestamp, _: &HashMap<u64, u64>) -> Result<RecordsThen, Problem> {
        Err(Problem::not_found("history", "here"))
    }

    async fn erasures(&self, _: &Scope) -> Result<u64, Problem> {
        Ok(0)
    }

    async fn audit(&self, _: &Scope) -> Result<Vec<AuditEntry>, Problem> {
        Ok(Vec::new())
    }

    async fn rejected(&self, _: &Scope) -> Result<(u64, u64), Problem> {
        Ok((0, 0))
    }

    async fn sql_turn(&self, _: &Scope) -> Result<SqlTurn, Problem> {
        Ok(SqlTurn::default())
    }

    async fn known_at(&self, _: &Scope, at: Timestamp) -> Result<KnownAt, Problem> {
        Ok(KnownAt::new(at, Arc::default()))
    }

    async fn sql_lake(&self, _: &Scope) -> Result<Lake, Problem> {
        Err(Problem::not_found("lake", "here"))
    }
}

#[async_trait]
impl SpendSource for Company {
    async fn version(&self, _: &Scope) -> Result<u64, Problem> {
        Ok(1)
    }

    async fn spend(&self, _: &Scope, _: &TouchIndex) -> Result<Arc<SpendFacts>, Problem> {
        let mut state = 13_u64;
        let entries = (0..20_000).map(|number| {
            let micros = signed(dice(&mut state, 400)) * 1_000_000;
            SpendFact {
                id: format!("led_{number}"),
                date: Timestamp::from_micros(moment(&mut state)).date_in(&jiff::tz::TimeZone::UTC),
                channel: CHANNELS[1 + usize::try_from(dice(&mut state, 7)).unwrap_or(0)].into(),
                source: "source".into(),
                medium: "medium".into(),
                campaign: format!("campaign {}", dice(&mut state, 120)),
                campaign_id: String::new(),
                content: String::new(),
                matched: Some(SpendMatch::Name),
                original: Money::new(micros, self.currency),
                micros: Some(micros),
                rate: None,
                note: String::new(),
            }
        });
        Ok(Arc::new(SpendFacts { entries: entries.collect(), ..SpendFacts::default() }))
    }

    async fn spend_at(&self, scope: &Scope, touches: &TouchIndex, _: Timestamp) -> Result<Arc<SpendFacts>, Problem> {
        self.spend(scope, touches).await
    }
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("").to_owned()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let company = Arc::new(Company { currency: "EUR".parse()? });
    let world = World::simulated(Timestamp::from_micros(START + DAYS * DAY), 1);
    let id = WorkspaceId::new(world.now(), &mut world.rng());
    let scope = Scope::system(WorkspaceRef { id, slug: "speed".into() }, "speed");
    let dashboards = Dashboards::new(Metrics::new(FactStore::new(company.clone(), company, world)));
    let mut out = std::io::stdout();
    for (what, model, to) in [
        ("cold (facts are built)", "w_shape", "2026-03-31"),
        ("the same again", "w_shape", "2026-03-31"),
        ("another model", "linear", "2026-03-31"),
        ("other dates", "linear", "2026-05-31"),
        ("the same again", "linear", "2026-05-31"),
    ] {
        let range = DateRange { from: "2026-01-01".parse()?, to: to.parse()? };
        let model = Some(model.to_owned());
        let request = HomeRequest { range, compare: Compare::Previous, model, lookback_days: None, journey: None };
        let started = Instant::now();
        let home = dashboards.home(&scope, request).await?;
        let took = started.elapsed();
        writeln!(out, "{what:<24} {took:>10.1?}   {} channels   {}", home.channels.len(), memory())?;
    }
    Ok(())
}
