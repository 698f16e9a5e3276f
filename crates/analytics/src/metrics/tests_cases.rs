//! Numbers of small worlds that are made for one question each.

use super::internal::answer;
use super::*;
use crate::drill::{DrillRequest, drill};
use crate::facts::day_of;
use crate::facts::tests_world::{START, World, eur, spent};
use kernel::money::Money;
use kernel::time::DAY;

const AS_OF: AsOf = AsOf { offset: 5_000, at: None, lag_seconds: 0 };

fn today() -> i32 {
    day_of("2026-07-20".parse().unwrap())
}

/// Spend of an unfinished month stands against the plan of the days gone by; the plan itself is the whole month's.
#[test]
fn spend_stands_against_the_plan_up_to_today() {
    let mut world = World::random(1);
    let money = |micros| Money::new(micros, eur());
    let (month, channel) = ("2026-07-01".parse().unwrap(), "Email".to_owned());
    world.spend.plan = vec![PlanFact { month, channel, original: money(31_000_000), micros: Some(31_000_000) }];
    world.spend.entries.clear();
    world.spend.entries = vec![spent("Email", "2026-06-10", 15_000_000), spent("Email", "2026-07-10", 20_000_000)];
    let range = DateRange { from: "2026-07-01".parse().unwrap(), to: "2026-07-31".parse().unwrap() };
    let query = Query { compare: Compare::Previous, ..Query::new(&["spend_to_plan", "plan", "spend"], range) };
    let facts = world.facts();
    for query in [query.clone(), query.clone().by(&[Dimension::Channel])] {
        let table = answer(&facts, &Plan::new(&query, today()).unwrap(), AS_OF);
        let cells = table.rows.first().map_or(&table.totals, |row| &row.cells);
        let number = |place: usize| cells[place].value.as_ref().map(Figure::number);
        assert_eq!((number(0), number(1)), (Some(1.0), Some(31.0)), "20 of 20 days' plan; a whole month is planned");
        assert_eq!(cells[1].previous, None, "a whole month is not held against twenty days");
        assert_eq!(cells[2].previous.as_ref().map(Figure::number), Some(15.0));
    }
    let request =
        DrillRequest { query, metric: "spend_to_plan".to_owned(), key: None, limit: Some(1_000), cursor: None };
    let opened = drill(&facts, &request, today(), AS_OF, None).unwrap();
    assert_eq!(opened.parts[1].rows_total, 20);
    assert!(opened.parts[1].sql.contains("day <= '2026-07-20'"), "{}", opened.parts[1].sql);
}

/// A month's pace is that of its own days, and the pace before that of the days before.
#[test]
fn a_pace_is_compared_by_the_days_of_each() {
    let mut world = World::random(1);
    let visit = |month: &str, offset: u64, campaign: &'static str| crate::facts::tests_world::Visit {
        person: 7,
        start: format!("{month}-05T12:00:00Z").parse::<kernel::time::Timestamp>().unwrap().micros(),
        offset,
        channel: "Email",
        campaign,
        pages: vec!["/"],
        engaged: true,
        human: true,
    };
    world.visits = vec![visit("2026-01", 1, "a"), visit("2026-02", 2, "b")];
    let range = DateRange { from: "2026-02-01".parse().unwrap(), to: "2026-02-28".parse().unwrap() };
    let query = Query { compare: Compare::Previous, ..Query::new(&["campaign_velocity"], range) };
    let table = answer(&world.facts(), &Plan::new(&query.by(&[Dimension::Month]), today()).unwrap(), AS_OF);
    let number = |figure: &Option<Figure>| figure.as_ref().map(Figure::number).unwrap();
    let cell = &table.rows[0].cells[0];
    assert!((number(&cell.value) - 30.0 / 28.0).abs() < 1e-9 && (number(&cell.previous) - 30.0 / 31.0).abs() < 1e-9);
    assert_eq!(table.totals[0].previous, cell.previous);
}

/// The row of a deal in another currency names the rate and its day.
#[test]
fn a_deal_names_the_rate_it_was_converted_at() {
    let usd: kernel::money::Currency = "USD".parse().unwrap();
    let mut world = (0..).map(World::random).find(|world| !world.deals.is_empty()).unwrap();
    world.deals.truncate(1);
    let deal = &mut world.deals[0];
    deal.amount = Some(Money::new(10_000_000, usd));
    deal.created_at = START + 30 * DAY + 5;
    world.spend.rates = RateTable::default();
    world.spend.rates.insert(usd, "2026-01-25".parse().unwrap(), "0.9".parse().unwrap());
    let range = DateRange { from: "2026-01-01".parse().unwrap(), to: "2026-03-31".parse().unwrap() };
    let opened = |world: &World| {
        let query = Query::new(&["pipeline_created"], range);
        let metric = "pipeline_created".to_owned();
        let request = DrillRequest { query, metric, key: None, limit: None, cursor: None };
        let opened = drill(&world.facts(), &request, today(), AS_OF, None).unwrap();
        let fact = opened.parts[0].rows[0].facts.iter().find(|fact| fact.name == "Exchange rate").unwrap().text.clone();
        (opened.value.value.unwrap().number(), fact)
    };
    let (value, fact) = opened(&world);
    assert!((value - 9.0).abs() < 1e-9);
    assert_eq!(fact, "0.9 of 2026-01-25");
    world.deals[0].created_at += 5 * DAY;
    assert_eq!(opened(&world), (0.0, "none of that day: worth nothing here".to_owned()), "ten days are the most");
}

/// A campaign that is literally called as what has no campaign is one row with it, and opens to itself.
#[test]
fn a_text_that_says_nothing_is_nothing() {
    let mut world =
        (0..).map(World::random).find(|world| world.visits.len() > 30 && world.spend.entries.len() > 4).unwrap();
    let texts = ["(not set)", "No touch known", ""];
    for (visit, text) in world.visits.iter_mut().zip(texts.into_iter().cycle()) {
        visit.campaign = text;
    }
    for (entry, text) in world.spend.entries.iter_mut().zip(texts.into_iter().cycle()) {
        text.clone_into(&mut entry.campaign);
    }
    let facts = world.facts();
    let range = DateRange { from: "2025-12-01".parse().unwrap(), to: "2026-12-31".parse().unwrap() };
    for metric in ["sessions", "spend", "new_leads", "attributed_revenue"] {
        let query = Query::new(&[metric], range).by(&[Dimension::Campaign]);
        let table = answer(&facts, &Plan::new(&query, today()).unwrap(), AS_OF);
        let said = table.rows.iter().filter(|row| row.key[0].value == "(not set)").count();
        assert!(said <= 1, "{metric}: {said} rows of one name");
        for row in &table.rows {
            let key = Some(vec![row.key[0].value.clone()]);
            let request =
                DrillRequest { query: query.clone(), metric: metric.to_owned(), key, limit: Some(1_000), cursor: None };
            assert_eq!(
                drill(&facts, &request, today(), AS_OF, None).unwrap().value,
                row.cells[0],
                "{metric} {:?}",
                row.key
            );
        }
    }
}

#[test]
fn a_comparison_has_the_same_length() {
    let range = |from: &str, to: &str| (day_of(from.parse().unwrap()), day_of(to.parse().unwrap()));
    let compare = |from, to, now: &str, with| compare_range(range(from, to), day_of(now.parse().unwrap()), with);
    let whole = compare("2026-04-01", "2026-06-30", "2026-08-01", Compare::Previous);
    assert_eq!(whole, Some(range("2026-01-01", "2026-03-31")), "a quarter with the quarter before");
    let begun = compare("2026-04-01", "2026-06-30", "2026-04-10", Compare::Previous);
    assert_eq!(begun, Some(range("2026-01-01", "2026-01-10")), "ten days with ten days");
    let days = compare("2026-04-11", "2026-04-20", "2026-08-01", Compare::Previous);
    assert_eq!(days, Some(range("2026-04-01", "2026-04-10")));
    let today = "2026-11-24";
    let running = |from, with| compare(from, today, today, with);
    let month = running("2026-11-01", Compare::Previous);
    assert_eq!(month, Some(range("2026-10-01", "2026-10-24")), "24 days of November with 24 of October");
    let quarter = running("2026-10-01", Compare::Previous);
    assert_eq!(quarter, Some(range("2026-07-01", "2026-08-24")), "55 days with 55 days of the third quarter");
    let year = running("2026-01-01", Compare::Previous);
    assert_eq!(year, Some(range("2025-01-01", "2025-11-24")), "a year up to today with the year before");
    let days = running("2026-11-02", Compare::Previous);
    assert_eq!(days, Some(range("2026-10-10", "2026-11-01")), "no period of the calendar: as many days before");
    assert_eq!(compare("2026-11-01", "2026-11-28", today, Compare::Previous), month, "or a date to come");
    let past = compare("2026-10-01", "2026-10-24", today, Compare::Previous);
    assert_eq!(past, Some(range("2026-09-07", "2026-09-30")), "what is over is a stretch of days");
    let march = compare("2026-03-01", "2026-03-30", "2026-03-30", Compare::Previous);
    assert_eq!(march, Some(range("2026-02-01", "2026-02-28")), "a shorter month is all there is");
    let whole = compare("2026-11-01", "2026-11-30", "2026-11-30", Compare::Previous);
    assert_eq!(whole, Some(range("2026-10-01", "2026-10-31")), "its last day makes a month whole");
    let year = compare("2026-02-01", "2026-02-28", "2026-08-01", Compare::Year);
    assert_eq!(year, Some(range("2025-02-01", "2025-02-28")));
    assert_eq!(compare("2026-02-01", "2026-02-28", "2026-08-01", Compare::None), None);
}

/// A visit without a page is one that saw it nowhere; a part of a company's name is no part of its id; and which pages a
/// machine saw is not known.
#[test]
fn filters_keep_what_they_say() {
    let mut world = World::random(1);
    let visit = |offset: u64, pages: Vec<&'static str>| crate::facts::tests_world::Visit {
        person: 7,
        start: START + i64::try_from(offset).unwrap() * DAY,
        offset,
        channel: "Email",
        campaign: "",
        pages,
        engaged: true,
        human: true,
    };
    world.visits = vec![visit(1, vec!["/", "/pricing"]), visit(2, vec!["/", "/demo"]), visit(3, vec!["/pricing"])];
    world.companies = vec![("com_0".to_owned(), "Acme".to_owned()), ("com_1".to_owned(), "Common".to_owned())];
    world.people.truncate(1);
    (world.people[0].person, world.people[0].company) = (7, Some("com_0".to_owned()));
    let facts = world.facts();
    let range = DateRange { from: "2026-01-01".parse().unwrap(), to: "2026-03-31".parse().unwrap() };
    let sessions = |dimension: &str, op, value: &str| {
        let filter = Filter { dimension: dimension.to_owned(), op, values: vec![value.to_owned()] };
        let query = Query { filters: vec![filter], ..Query::new(&["sessions"], range) };
        let request = DrillRequest { query, metric: "sessions".to_owned(), key: None, limit: None, cursor: None };
        let opened = drill(&facts, &request, today(), AS_OF, None).unwrap();
        (opened.value.value.unwrap().number(), opened.parts[0].sql.clone())
    };
    let (count, sql) = sessions("page", FilterOp::NotIn, "/pricing");
    assert!((count - 1.0).abs() < 1e-9 && sql.contains("event_offset not in"), "{count} {sql}");
    assert!((sessions("page", FilterOp::NotContains, "PRIC").0 - 1.0).abs() < 1e-9);
    assert!((sessions("page", FilterOp::In, "/").0 - 2.0).abs() < 1e-9);
    assert!((sessions("company", FilterOp::Contains, "acm").0 - 3.0).abs() < 1e-9);
    let (count, sql) = sessions("company", FilterOp::Contains, "com");
    assert!(count.abs() < 1e-9 && !sql.contains("strpos"), "only the other company's name: {count} {sql}");
    let machines = Query { agents: Agents::Bot, ..Query::new(&["sessions"], range) };
    assert!(Plan::new(&machines, today()).is_ok());
    let refused = Plan::new(&machines.by(&[Dimension::Page]), today()).unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("agents"));
}
