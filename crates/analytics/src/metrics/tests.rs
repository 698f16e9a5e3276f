//! Numbers against an oracle of plain loops, and the laws they obey.

use super::internal::answer;
use super::*;
use crate::attribution::JourneyKind;
use crate::drill::{DrillRequest, drill};
use crate::facts::tests_world::{CHANNELS, Dice, World};
use crate::facts::{Facts, Outcome, date_of, day_of};
use kernel::money::Money;
use kernel::time::DAY;
use proptest::prelude::*;
use science::attribution::{Journey, Model, Touch, credits};
use std::collections::BTreeMap;

const AS_OF: AsOf = AsOf { offset: 5_000, at: None, lag_seconds: 0 };

fn today() -> i32 {
    day_of("2026-07-20".parse().unwrap())
}

fn query(metric: &str, dice: &mut Dice) -> Query {
    let from = day_of("2026-01-01".parse().unwrap()) + i32::try_from(dice.below(120)).unwrap();
    let to = from + i32::try_from(dice.below(90)).unwrap();
    let mut query = Query::new(&[metric], DateRange { from: date_of(from), to: date_of(to) });
    query.model =
        Some(dice.of(&["first_touch", "linear", "w_shape", "time_decay", "last_non_direct", "full_path"]).to_owned());
    query.lookback_days = Some(dice.of(&[7, 30, 180]));
    query.journey = Some(dice.of(&[JourneyKind::Person, JourneyKind::Company]));
    query
}

/// What an answer says, as whole numbers: by channel (or page), and in all.
type Told = (BTreeMap<String, i64>, i64);

#[expect(clippy::cast_possible_truncation, reason = "tests: counts and millionths are small")]
fn whole(metric: &str, cell: &Cell) -> i64 {
    match cell.value.as_ref() {
        Some(Figure::Money(money)) => money.micros,
        Some(Figure::Number(number)) if metric.starts_with("deals") => (number * 1e6).round() as i64,
        Some(Figure::Number(number)) => number.round() as i64,
        None => 0,
    }
}

fn told(facts: &Facts, query: &Query) -> Told {
    let table = answer(facts, &Plan::new(query, today()).unwrap(), AS_OF);
    let metric = &query.metrics[0];
    let rows = table.rows.iter().map(|row| (row.key[0].value.clone(), whole(metric, &row.cells[0])));
    (rows.filter(|(_, value)| *value != 0).collect(), whole(metric, &table.totals[0]))
}

struct Oracle<'a> {
    world: &'a World,
    query: &'a Query,
}

/// One goal: its value, and its touches with their credit.
struct Counted<'a> {
    value: i64,
    touches: Vec<(&'a crate::facts::tests_world::Visit, i64, i64)>,
}

impl Oracle<'_> {
    fn inside(&self, at: i64) -> bool {
        let day = self.world.day(at);
        day_of(self.query.range.from) <= day && day <= day_of(self.query.range.to)
    }

    fn lookback(&self) -> i64 {
        i64::from(self.query.lookback_days.unwrap()) * DAY
    }

    fn goals(&self, won: bool) -> Vec<Counted<'_>> {
        let world = self.world;
        let model: Model = self.query.model.as_deref().unwrap().parse().unwrap();
        let mut found = Vec::new();
        for deal in &world.deals {
            if won && deal.outcome != Outcome::Won {
                continue;
            }
            let at = if won { deal.closed_at.unwrap() } else { deal.created_at };
            if !self.inside(at) {
                continue;
            }
            let amount = deal.amount.unwrap();
            let value =
                world.spend.rates.convert(amount, crate::facts::tests_world::eur(), date_of(world.day(at))).unwrap();
            let mut persons: Vec<u64> = deal.people.iter().map(|part| part.person).collect();
            if deal.people.is_empty() || self.query.journey == Some(JourneyKind::Company) {
                for person in &world.people {
                    if deal.company.is_some() && person.company == deal.company {
                        persons.push(person.person);
                    }
                }
            }
            let mut touches = Vec::new();
            for visit in &world.visits {
                let near = visit.start <= world.reach(at) && visit.start >= at - self.lookback();
                if visit.human && near && persons.contains(&visit.person) {
                    touches.push(visit);
                }
            }
            touches.sort_by_key(|visit| (visit.start, visit.offset));
            let mut leads = Vec::new();
            for person in &world.people {
                let lead_at = person.lead_at.map(|lead_at| world.reach(lead_at));
                if persons.contains(&person.person) && lead_at.is_some_and(|lead_at| lead_at <= world.reach(at)) {
                    leads.push(lead_at.unwrap());
                }
            }
            let journey = Journey {
                touches: touches
                    .iter()
                    .map(|visit| Touch {
                        at: visit.start,
                        id: visit.offset,
                        channel: visit.channel,
                        direct: visit.channel == "Direct",
                    })
                    .collect(),
                goal_at: world.reach(at),
                lead_at: leads.iter().min().copied(),
                opportunity_at: Some(world.reach(deal.created_at)),
                conversions: leads.iter().copied().chain([world.reach(deal.created_at)]).collect(),
            };
            let shares = credits(&model, &journey, value);
            let touches = touches.into_iter().zip(shares).map(|(visit, credit)| (visit, credit.micros, credit.share));
            found.push(Counted { value, touches: touches.collect() });
        }
        found
    }

    fn credit(&self, won: bool, marketing: bool, share: bool) -> Told {
        let mut rows: BTreeMap<String, i64> = BTreeMap::new();
        let mut total = 0;
        for goal in self.goals(won) {
            if goal.touches.is_empty() && !marketing {
                let value = if share { 1_000_000 } else { goal.value };
                *rows.entry("No touch known".to_owned()).or_default() += value;
                total += value;
            }
            for (visit, micros, millionths) in &goal.touches {
                if marketing && visit.channel == "Direct" {
                    continue;
                }
                let value = if share { *millionths } else { *micros };
                *rows.entry(visit.channel.to_owned()).or_default() += value;
                total += value;
            }
        }
        rows.retain(|_, value| *value != 0);
        (rows, total)
    }

    fn tell(&self, metric: &str) -> Told {
        match metric {
            "sessions" | "engaged_sessions" | "people" | "new_leads" => self.tell_counts(metric),
            "deals_created" | "deals_won" => self.credit(metric == "deals_won", false, true),
            "pipeline_created" | "pipeline_contribution" => {
                self.credit(false, metric == "pipeline_contribution", false)
            }
            "won_revenue" | "attributed_revenue" | "revenue_contribution" => {
                self.credit(true, metric == "revenue_contribution", false)
            }
            _ => self.tell_money(metric),
        }
    }

    fn tell_counts(&self, metric: &str) -> Told {
        let mut rows: BTreeMap<String, i64> = BTreeMap::new();
        let mut total = 0;
        let mut add = |key: &str, value: i64| {
            *rows.entry(key.to_owned()).or_default() += value;
        };
        match metric {
            "sessions" | "engaged_sessions" => {
                for visit in &self.world.visits {
                    if visit.human && self.inside(visit.start) && (metric == "sessions" || visit.engaged) {
                        add(visit.channel, 1);
                        total += 1;
                    }
                }
            }
            "people" => {
                for person in &self.world.people {
                    if self.inside(person.created_at) {
                        let visits =
                            self.world.visits.iter().filter(|visit| visit.human && visit.person == person.person);
                        let first = visits.min_by_key(|visit| (visit.start, visit.offset));
                        add(first.map_or("No touch known", |visit| visit.channel), 1);
                        total += 1;
                    }
                }
            }
            "new_leads" => {
                for person in &self.world.people {
                    let Some(lead_at) = person.lead_at.filter(|at| self.inside(*at)) else { continue };
                    let mut touches: Vec<_> = Vec::new();
                    for visit in &self.world.visits {
                        let near = visit.start <= self.world.reach(lead_at) && visit.start >= lead_at - self.lookback();
                        if visit.human && visit.person == person.person && near {
                            touches.push(visit);
                        }
                    }
                    touches.sort_by_key(|visit| (visit.start, visit.offset));
                    let sent = touches.iter().rev().find(|visit| visit.channel != "Direct").or(touches.last());
                    add(sent.map_or("No touch known", |visit| visit.channel), 1);
                    total += 1;
                }
            }
            _ => unreachable!("{metric}"),
        }
        rows.retain(|_, value| *value != 0);
        (rows, total)
    }

    fn tell_money(&self, metric: &str) -> Told {
        let mut rows: BTreeMap<String, i64> = BTreeMap::new();
        let mut total = 0;
        let mut add = |key: &str, value: i64| {
            *rows.entry(key.to_owned()).or_default() += value;
        };
        match metric {
            "spend" => {
                for entry in &self.world.spend.entries {
                    if entry.date >= self.query.range.from && entry.date <= self.query.range.to {
                        let micros = entry.micros.unwrap_or(0);
                        add(&entry.channel, micros);
                        total += micros;
                    }
                }
            }
            "marketing_sourced_revenue" => {
                for goal in self.goals(true) {
                    if let Some((first, ..)) = goal.touches.first().filter(|(visit, ..)| visit.channel != "Direct") {
                        add(first.channel, goal.value);
                        total += goal.value;
                    }
                }
            }
            "marketing_influenced_revenue" => {
                for goal in self.goals(true) {
                    let mut any = false;
                    for channel in CHANNELS.iter().filter(|channel| **channel != "Direct") {
                        if goal.touches.iter().any(|(visit, ..)| visit.channel == *channel) {
                            add(channel, goal.value);
                            any = true;
                        }
                    }
                    total += if any { goal.value } else { 0 };
                }
            }
            "content_assisted_pipeline" => {
                for goal in self.goals(false) {
                    for page in crate::facts::tests_world::PAGES {
                        if goal.touches.iter().any(|(visit, ..)| visit.pages.contains(&page)) {
                            add(page, goal.value);
                        }
                    }
                    total += if goal.touches.is_empty() { 0 } else { goal.value };
                }
            }
            _ => unreachable!("{metric}"),
        }
        rows.retain(|_, value| *value != 0);
        (rows, total)
    }
}

const TOLD: &[&str] = &[
    "sessions",
    "engaged_sessions",
    "people",
    "new_leads",
    "spend",
    "marketing_sourced_revenue",
    "marketing_influenced_revenue",
    "content_assisted_pipeline",
    "deals_created",
    "deals_won",
    "pipeline_created",
    "pipeline_contribution",
    "won_revenue",
    "attributed_revenue",
    "revenue_contribution",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Every metric, split and in all, is what plain loops over plain lists say.
    #[test]
    fn numbers_equal_an_oracle_of_plain_loops(seed in any::<u64>()) {
        let world = World::random(seed);
        let facts = world.facts();
        let mut dice = Dice::new(seed ^ 0x5eed);
        for metric in TOLD {
            let page = *metric == "content_assisted_pipeline";
            let query = query(metric, &mut dice).by(&[if page { Dimension::Page } else { Dimension::Channel }]);
            let expected = Oracle { world: &world, query: &query }.tell(metric);
            prop_assert_eq!(told(&facts, &query), expected, "{} {:?}", metric, query);
        }
    }

    /// AN-C, MA-84: under every model, rows of additive metrics sum to the total, and the total to what the deals are
    /// worth, to the micro.
    #[test]
    fn credit_reconciles_under_every_model(seed in any::<u64>()) {
        let world = World::random(seed);
        let facts = world.facts();
        let mut dice = Dice::new(seed);
        let mut query = query("attributed_revenue", &mut dice);
        let mut booked = None;
        for model in Model::named() {
            query.model = Some(model.to_string());
            for dimension in [Dimension::Channel, Dimension::Campaign, Dimension::Company, Dimension::Month, Dimension::LandingPage] {
                let (rows, total) = told(&facts, &query.clone().by(&[dimension]));
                prop_assert_eq!(rows.values().sum::<i64>(), total, "{} by {:?}", model, dimension);
                prop_assert_eq!(*booked.get_or_insert(total), total, "{} has another total", model);
            }
        }
        let deals = facts.deals.iter().filter(|deal| deal.won_at.is_some_and(|at| {
            let day = facts.day(at);
            day_of(query.range.from) <= day && day <= day_of(query.range.to)
        }));
        prop_assert_eq!(booked, Some(deals.filter_map(|deal| deal.won_value).sum::<i64>()));
    }

    /// A model that does not conserve changes nothing under the others of the same question.
    #[test]
    fn models_stand_beside_each_other(seed in any::<u64>()) {
        let world = World::random(seed);
        let facts = world.facts();
        let mut dice = Dice::new(seed);
        let alone = |model: &str, query: &Query| {
            told(&facts, &Query { model: Some(model.to_owned()), ..query.clone() }.by(&[Dimension::Channel]))
        };
        for metric in ["attributed_revenue", "deals_won"] {
            let mut query = query(metric, &mut dice);
            query.model = Some("linear".to_owned());
            query.models = Some(vec!["influenced".to_owned(), "first_touch".to_owned()]);
            query = query.by(&[Dimension::Model, Dimension::Channel]);
            let table = answer(&facts, &Plan::new(&query, today()).unwrap(), AS_OF);
            for model in ["linear", "influenced", "first_touch"] {
                let own = table.rows.iter().filter(|row| row.key[0].value == model);
                let rows = own.map(|row| (row.key[1].value.clone(), whole(metric, &row.cells[0])));
                let rows: BTreeMap<String, i64> = rows.filter(|(_, value)| *value != 0).collect();
                prop_assert_eq!(rows, alone(model, &query).0, "{} {}", metric, model);
            }
            for row in &table.rows {
                let key = Some(row.key.iter().map(|part| part.value.clone()).collect());
                let request = DrillRequest { query: query.clone(), metric: metric.to_owned(), key, limit: Some(1_000), cursor: None };
                let opened = drill(&facts, &request, today(), AS_OF, None).unwrap();
                prop_assert_eq!(&opened.value, &row.cells[0], "{:?}", request.key);
            }
        }
    }

    /// The rows of every drill re-add to the part, and the part is the cell.
    #[test]
    fn a_cell_re_adds_from_its_rows(seed in any::<u64>()) {
        let world = World::random(seed);
        let facts = world.facts();
        let mut dice = Dice::new(seed);
        for metric in TOLD.iter().chain(&["cost_per_lead", "roi", "cac", "payback_months", "plan"]) {
            let page = *metric == "content_assisted_pipeline";
            let dimension = if page { Dimension::Page } else { Dimension::Channel };
            let query = query(metric, &mut dice).by(&[dimension]);
            let table = answer(&facts, &Plan::new(&query, today()).unwrap(), AS_OF);
            let keys = table.rows.iter().map(|row| (Some(vec![row.key[0].value.clone()]), &row.cells[0]));
            for (key, cell) in keys.chain([(None, &table.totals[0])]) {
                let request = DrillRequest { query: query.clone(), metric: (*metric).to_owned(), key, limit: Some(1_000), cursor: None };
                let opened = drill(&facts, &request, today(), AS_OF, None).unwrap();
                prop_assert_eq!(&opened.value, cell, "{} {:?}", metric, request.key);
                for part in &opened.parts {
                    prop_assert_eq!(part.rows.len(), part.rows_total);
                    let sum: f64 = part.rows.iter().map(|row| row.value.number()).sum();
                    prop_assert!((sum - part.value.number()).abs() < 1e-6 * (1.0 + sum.abs()), "{} {}", metric, part.name);
                    prop_assert!(part.sql.starts_with("select"));
                }
            }
        }
    }
}

#[test]
fn questions_that_would_give_a_wrong_number_are_refused() {
    let range = DateRange { from: "2026-01-01".parse().unwrap(), to: "2026-03-31".parse().unwrap() };
    let base = Query::new(&["roi"], range);
    let refused = |query: &Query| Plan::new(query, today()).unwrap_err();
    let field = |query: &Query| refused(query).field.unwrap_or_default();
    assert_eq!(field(&base.clone().by(&[Dimension::Channel, Dimension::Country])), "dimensions[1]");
    let influenced = refused(&Query { model: Some("influenced".into()), ..base.clone() });
    assert_eq!(influenced.field.as_deref(), Some("model"));
    assert!(influenced.message.contains("more than the value"), "{influenced}");
    assert_eq!(field(&Query { metrics: vec!["clicks".into()], ..base.clone() }), "metrics[0]");
    assert_eq!(field(&Query { lookback_days: Some(0), ..base.clone() }), "lookback_days");
    assert_eq!(field(&Query { agents: Agents::Bot, ..base.clone() }), "agents");
    assert_eq!(field(&Query::new(&["goals"], range)), "metrics[0]");
    let filter = Filter { dimension: "page".into(), op: FilterOp::In, values: vec!["/".into()] };
    assert_eq!(field(&Query { filters: vec![filter], ..base.clone() }), "filters[0].dimension");
    assert!(Plan::new(&base.by(&[Dimension::Campaign]), today()).is_ok());
}

/// The rest of a quotient of money is not lost by accident: it is rounded to the micro, half away from zero.
#[test]
fn quotients_of_money_round_to_the_micro() {
    use crate::metric_registry::Measure;
    let each = |micros, by| super::sums::divided(micros, by, Measure::Leads);
    assert_eq!((each(10, 3), each(11, 3), each(5, 2), each(-5, 2)), (3, 4, 3, -3));
    assert_eq!(super::sums::divided(100, 2_500_000, Measure::DealsWon), 40);
    let _ = Money::new(0, crate::facts::tests_world::eur());
}
