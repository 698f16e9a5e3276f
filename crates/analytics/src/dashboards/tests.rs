//! Home is made of the same numbers as every other page.

use super::home::home;
use super::{Home, HomeRequest, Severity};
use crate::facts::tests_world::{World, spent};
use crate::facts::{Facts, day_of};
use crate::metrics::internal::answer;
use crate::metrics::{AsOf, Cell, Compare, DateRange, Dimension, Figure, Plan, PlanFact, Query, SpendFact};

const AS_OF: AsOf = AsOf { offset: 5_000, at: None, lag_seconds: 0 };

fn day(text: &str) -> i32 {
    day_of(text.parse().unwrap())
}

fn ask(facts: &Facts, from: &str, to: &str, rejected: (u64, u64)) -> Home {
    let range = DateRange { from: from.parse().unwrap(), to: to.parse().unwrap() };
    let request = HomeRequest {
        range,
        compare: Compare::Previous,
        model: Some("linear".into()),
        lookback_days: None,
        journey: None,
    };
    home(facts, &request, day("2026-05-20"), AS_OF, rejected).unwrap()
}

fn micros(cell: &Cell) -> i64 {
    match cell.value {
        Some(Figure::Money(money)) => money.micros,
        _ => 0,
    }
}

#[test]
fn channels_sum_to_the_totals_and_the_totals_to_the_ledger_and_the_deals() {
    for seed in 0..60 {
        let facts = World::random(seed).facts();
        let home = ask(&facts, "2026-02-01", "2026-04-30", (0, 0));
        let sum = |of: fn(&super::ChannelRow) -> &Cell| home.channels.iter().map(|row| micros(of(row))).sum::<i64>();
        assert_eq!(sum(|row| &row.spend), micros(&home.channel_totals.spend), "{seed}");
        assert_eq!(sum(|row| &row.pipeline), micros(&home.channel_totals.pipeline), "{seed}");
        assert_eq!(sum(|row| &row.revenue), micros(&home.channel_totals.revenue), "{seed}");
        let range = (day("2026-02-01"), day("2026-04-30"));
        let inside = |at: i64| range.0 <= facts.day(at) && facts.day(at) <= range.1;
        let won = facts.deals.iter().filter(|deal| deal.won_at.is_some_and(inside)).filter_map(|deal| deal.won_value);
        assert_eq!(won.sum::<i64>(), micros(&home.channel_totals.revenue), "{seed}");
        let spent = facts.spend.entries.iter().filter(|entry| {
            let date = day_of(entry.date);
            range.0 <= date && date <= range.1
        });
        assert_eq!(spent.filter_map(|entry| entry.micros).sum::<i64>(), micros(&home.channel_totals.spend), "{seed}");
        let over_time: i64 = home
            .over_time
            .points
            .iter()
            .map(|point| micros(&Cell { value: Some(point.spend.clone()), ..Cell::default() }))
            .sum();
        assert_eq!(over_time, micros(&home.channel_totals.spend), "{seed}");
    }
}

#[test]
fn six_tiles_with_their_decision_and_at_most_eighteen_points() {
    let facts = World::random(11).facts();
    for (from, to) in [
        ("2026-02-01", "2026-02-10"),
        ("2026-01-01", "2026-03-31"),
        ("2025-01-01", "2026-05-31"),
        ("2022-01-01", "2026-05-31"),
    ] {
        let home = ask(&facts, from, to, (0, 0));
        let ids: Vec<&str> = home.tiles.iter().map(|tile| tile.metric.as_str()).collect();
        assert_eq!(
            ids,
            [
                "pipeline_contribution",
                "marketing_sourced_revenue",
                "cac",
                "payback_months",
                "spend",
                "campaign_velocity"
            ]
        );
        for tile in &home.tiles {
            assert!(tile.decision.ends_with('?') && (2..=18).contains(&tile.trend.len()), "{from} {}", tile.metric);
            let mut query = home.query.clone();
            query.metrics = vec![tile.metric.clone()];
            let table = answer(&facts, &Plan::new(&query, day("2026-05-20")).unwrap(), AS_OF);
            assert_eq!(table.totals[0], tile.value, "a tile is what its question answers");
        }
        let spend = &home.tiles[4];
        assert_eq!(spend.plan_trend.len(), spend.trend.len());
        assert_eq!(spend.plan.is_some(), spend.plan_trend.iter().any(|point| point.value.is_some()));
        assert_eq!(home.incomplete, to == "2026-05-31");
        assert_eq!(home.tiles[0].trend.last().unwrap().incomplete, to == "2026-05-31");
    }
}

#[test]
fn a_period_without_a_plan_has_none_instead_of_zero() {
    let mut world = World::random(11);
    world.spend.plan.clear();
    let home = ask(&world.facts(), "2026-02-01", "2026-04-30", (0, 0));
    assert!(home.over_time.points.iter().all(|point| point.plan.is_none()));
    assert!(home.tiles[4].plan.is_none() && home.tiles[4].plan_trend.iter().all(|point| point.value.is_none()));
}

#[test]
fn what_is_off_waits_for_a_decision_with_the_most_urgent_first() {
    let facts = World::random(4).facts();
    let calm = ask(&facts, "2026-02-01", "2026-04-30", (10, 700));
    assert!(!calm.decisions.iter().any(|decision| decision.kind == "quarantine_growth"));
    let loud = ask(&facts, "2026-02-01", "2026-04-30", (400, 700));
    assert_eq!(loud.decisions.iter().find(|d| d.kind == "quarantine_growth").map(|d| d.severity), Some(Severity::High));
    assert!(loud.decisions.windows(2).all(|pair| pair[0].severity <= pair[1].severity));
    for decision in &loud.decisions {
        assert!(decision.path.starts_with('/') && !decision.action.is_empty() && decision.detail.ends_with('.'));
    }
    let roles = facts.deals.iter().any(|deal| deal.people.is_empty());
    assert_eq!(loud.decisions.iter().any(|decision| decision.kind == "missing_roles"), roles);
}

#[test]
fn a_change_names_what_moved_it() {
    let found = (0..200).find_map(|seed| {
        let facts = World::random(seed).facts();
        let home = ask(&facts, "2026-04-01", "2026-06-30", (0, 0));
        let spend = home.changes.into_iter().find(|change| change.metric == "spend")?;
        (!spend.causes.is_empty()).then_some(spend)
    });
    let spend = found.unwrap();
    assert!(spend.text.starts_with("Spend ") && spend.text.contains(", mostly "), "{}", spend.text);
    assert!(spend.is_good.is_none(), "more spend is neither good nor bad by itself");
    assert!(spend.causes.iter().any(|cause| cause.dimension == Dimension::Channel));
    let sign = spend.delta.number() > 0.0;
    assert!(spend.causes.iter().all(|cause| (cause.delta.number() > 0.0) == sign), "causes push the same way");
}

#[test]
fn one_question_one_answer() {
    let facts = World::random(9).facts();
    let query =
        Query::new(&["spend"], DateRange { from: "2026-01-01".parse().unwrap(), to: "2026-03-31".parse().unwrap() });
    assert!(Plan::new(&query, day("2026-05-20")).is_ok());
    let (one, two) = (ask(&facts, "2026-01-01", "2026-06-30", (0, 0)), ask(&facts, "2026-01-01", "2026-06-30", (0, 0)));
    assert_eq!(one, two, "seeded: intervals are the same each time");
}

#[test]
fn a_difference_that_chance_alone_makes_is_told_from_one_that_is_real() {
    let mut counts = [0_u32; 2];
    for seed in 0..20 {
        let facts = World::random(seed).facts();
        let home = ask(&facts, "2026-04-01", "2026-06-30", (0, 0));
        let mut query = home.query.clone();
        query.metrics = ["new_leads", "spend", "cost_per_lead"].map(str::to_owned).to_vec();
        let table = answer(&facts, &Plan::new(&query, day("2026-05-20")).unwrap(), AS_OF);
        let number = |figure: &Option<Figure>| figure.as_ref().map(Figure::number);
        let [leads, spend, cost] = &table.totals[..] else { panic!("three metrics") };
        if let (Some(now), Some(before)) = (number(&leads.value), number(&leads.previous)) {
            // A Poisson count varies by its root.
            let noise = 1.644_853_626_951_472_2 * (now + before).sqrt();
            assert!((leads.noise.unwrap_or(0.0) - noise).abs() < 1e-9, "{leads:?}");
            assert_eq!(leads.significant, Some((now - before).abs() > noise));
            counts[usize::from(leads.significant == Some(true))] += 1;
        }
        assert_eq!(spend.noise, None, "what is booked has no chance in it: {spend:?}");
        assert_eq!(spend.significant, spend.previous.is_some().then_some(spend.value != spend.previous));
        if cost.previous.is_some() && cost.value.is_some() {
            let spent = spend.value.iter().chain(&spend.previous).any(|figure| figure.number() != 0.0);
            assert_eq!(cost.noise.is_some(), spent, "spend by leads varies as leads do, nothing does not: {cost:?}");
        }
        let firm = home.changes.iter().map(|change| change.significant).collect::<Vec<_>>();
        assert!(firm.windows(2).all(|pair| pair[0] >= pair[1]), "what may be chance stands last: {firm:?}");
        for change in home.changes.iter().filter(|change| !change.significant) {
            assert!(
                change.is_good.is_none() && change.text.ends_with("Chance alone moves it as far."),
                "{}",
                change.text
            );
        }
    }
    assert!(counts.iter().all(|count| *count > 0), "both kinds were met: {counts:?}");
}

/// What is not imported yet is not unspent, and an invoice is not the spend of its day.
#[test]
fn a_channel_is_paced_as_far_as_its_ledger_goes() {
    let mut world = World::random(1);
    let money = |micros| kernel::money::Money::new(micros, crate::facts::tests_world::eur());
    let daily = |channel: &'static str, days: i32, micros| {
        (1..=days).map(move |day| spent(channel, &format!("2026-05-{day:02}"), micros)).collect::<Vec<_>>()
    };
    let plan = |channel: &str| PlanFact {
        month: "2026-05-01".parse().unwrap(),
        channel: channel.to_owned(),
        original: money(31_000_000),
        micros: Some(31_000_000),
    };
    let mut told = |entries: Vec<SpendFact>, channel: &str, to: &str| {
        world.spend.plan = vec![plan(channel)];
        world.spend.entries = entries;
        let home = ask(&world.facts(), "2026-02-01", to, (0, 0));
        let kinds = home.decisions.into_iter().filter(|decision| decision.kind.ends_with("_pacing"));
        kinds.map(|decision| (decision.kind, decision.amount.unwrap().number())).collect::<Vec<_>>()
    };
    let now = "2026-05-31";
    let nothing: Vec<(String, f64)> = Vec::new();
    assert_eq!(told(daily("Email", 10, 1_000_000), "Email", now), nothing, "on plan as far as is known");
    assert_eq!(told(daily("Email", 10, 700_000), "Email", now), [("under_pacing".to_owned(), -3.0)]);
    assert_eq!(told(daily("Email", 10, 1_500_000), "Email", now), [("over_pacing".to_owned(), 5.0)]);
    let invoice = |month: u8, micros| vec![spent("Email", &format!("2026-{month:02}-02"), micros)];
    assert_eq!(told(invoice(5, 30_000_000), "Email", now), nothing, "an invoice is the spend of its month");
    assert_eq!(told(invoice(5, 10_000_000), "Email", now), nothing, "another may come");
    assert_eq!(told(invoice(5, 40_000_000), "Email", now), [("over_pacing".to_owned(), 9.0)]);
    assert_eq!(told(invoice(4, 40_000_000), "Email", now), nothing, "nothing of this month is known");
    let may: Vec<SpendFact> = daily("Email", 10, 700_000);
    assert_eq!(told(may, "Display", now), nothing, "another channel's ledger says nothing");
}
