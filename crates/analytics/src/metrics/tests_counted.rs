//! A large workspace counts the sessions of people that no number follows: every number stays what it is.

use super::internal::{Dimension, answer};
use super::{Agents, AsOf, Compare, DateRange, Figure, Plan, Query};
use crate::attribution::{GoalRow, JourneyKind, first_session};
use crate::drill::{DrillRequest, drill};
use crate::facts::tests_world::World;
use crate::facts::{Facts, Kept, day_of};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

const AS_OF: AsOf = AsOf { offset: 5_000, at: None, lag_seconds: 0 };

/// The same world twice: with every session whole, and with those of some people counted.
fn both(seed: u64) -> (Facts, Facts) {
    let world = World::random(seed);
    let known = world.people.iter().filter(|person| person.lead_at.is_some() || person.company.is_some());
    let mut people: HashSet<u64> = known.map(|person| person.person).collect();
    people.extend(world.deals.iter().flat_map(|deal| &deal.people).map(|part| part.person));
    let whole = world.facts();
    let rows = goal_rows(&world);
    let mut goals = HashMap::new();
    rows.iter().for_each(|row| crate::facts::follow(&mut goals, row.person, row.at));
    people.extend(goals.keys());
    let kept = crate::facts::followed(&world.people, &world.deals, &goals);
    assert!(kept.keys().all(|person| people.contains(person)));
    let mut counted = world.facts_of(Kept::People(Arc::new(kept)));
    assert_eq!(crate::facts::missing(&counted, &rows), None, "whoever reached the goal is followed, and their company");
    for facts in [&whole, &counted] {
        let _kept = facts.memo.bring("Asked", rows.clone());
    }
    for person in whole.people.iter() {
        if let Some(first) = whole.sessions.get(first_session(&whole, person.person)) {
            counted.firsts.insert(person.person, first);
        }
    }
    (whole, counted)
}

/// Some visitors asked for something an hour after a visit; so did somebody who never came.
fn goal_rows(world: &World) -> Vec<GoalRow> {
    let row = |(place, person, at): (u64, u64, i64)| {
        let value = (!place.is_multiple_of(3)).then(|| 1_000_000 * (1 + place.cast_signed()));
        GoalRow { person, at, offset: 3_000 + place, value, currency: String::new() }
    };
    let some = world.visits.iter().filter(|visit| visit.human).step_by(4);
    let visitors = some.map(|visit| (visit.person, visit.start + kernel::time::HOUR));
    let nobody = world.visits.first().map(|visit| (999, visit.start));
    visitors.chain(nobody).zip(0..).map(|((person, at), place)| row((place, person, at))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn counted_sessions_change_no_number(seed in any::<u64>()) {
        let (whole, counted) = both(seed);
        let today = day_of("2026-12-31".parse().unwrap());
        let range = DateRange { from: "2026-01-10".parse().unwrap(), to: "2026-05-31".parse().unwrap() };
        use Dimension as D;
        for (metrics, dimensions, agents) in [
            (&["sessions", "engaged_sessions", "engagement_rate", "conversion_rate", "new_leads", "people"][..], &[][..], Agents::Human),
            (&["sessions", "people"], &[D::Channel], Agents::Human),
            (&["sessions", "engaged_sessions"], &[D::Week, D::Campaign], Agents::All),
            (&["sessions"], &[D::LandingPage, D::Country, D::Device], Agents::Bot),
            (&["people", "new_leads", "pipeline_created", "deals_won"], &[D::Company], Agents::Human),
            (&["content_assisted_pipeline"], &[D::Page], Agents::Human),
            (&["time_to_convert", "marketing_sourced_revenue", "marketing_influenced_revenue"], &[D::Channel], Agents::Human),
            (&["campaigns_started"], &[D::Campaign], Agents::Human),
            (&["pipeline_contribution", "revenue_contribution", "new_leads"], &[D::Source], Agents::Human),
            (&["goals", "goal_value"], &[D::Channel], Agents::Human),
            (&["goals", "goal_value"], &[D::Campaign, D::Month], Agents::Human),
        ] {
            let mut query = Query::new(metrics, range).by(dimensions);
            if metrics[0] == "goals" {
                query.goal = Some("event:Asked".into());
                query.journey = Some(if seed % 2 == 0 { JourneyKind::Company } else { JourneyKind::Person });
                query.model = Some(["linear", "first_touch", "time_decay:7"][usize::try_from(seed % 3).unwrap()].into());
            }
            (query.compare, query.agents) = (Compare::Previous, agents);
            let plan = Plan::new(&query, today).unwrap();
            let (one, other) = (answer(&whole, &plan, AS_OF), answer(&counted, &plan, AS_OF));
            prop_assert_eq!(&one, &other, "{:?} by {:?}", metrics, dimensions);
            if let ("sessions", Some(Figure::Number(sessions))) = (metrics[0], &one.totals[0].value) {
                prop_assert!((one.totals[0].variance - sessions).abs() < 1e-9, "a count varies by its root");
            }
            for metric in metrics {
                for key in std::iter::once(None).chain(one.rows.iter().map(|row| Some(row.key.iter().map(|part| part.value.clone()).collect()))) {
                    let request = DrillRequest { query: query.clone(), metric: (*metric).into(), key, limit: None, cursor: None };
                    let opened = [&whole, &counted].map(|facts| drill(facts, &request, today, AS_OF, None).unwrap());
                    prop_assert_eq!(&opened[0].value, &opened[1].value);
                }
            }
        }
        let seen = |facts: &Facts| facts.sessions.sessions();
        prop_assert_eq!(seen(&whole), seen(&counted));
    }
}

#[test]
fn a_filter_keeps_the_same_of_what_is_counted() {
    let mut counted_any = false;
    for seed in 0..60 {
        let (whole, counted) = both(seed);
        counted_any |= counted.sessions.cells(i32::MIN, i32::MAX).next().is_some();
        let range = DateRange { from: "2026-01-01".parse().unwrap(), to: "2026-12-31".parse().unwrap() };
        for (dimension, value) in [("channel", "Email"), ("landing_page", "/pricing"), ("country", "DE")] {
            for op in [super::FilterOp::In, super::FilterOp::NotIn, super::FilterOp::Contains] {
                let mut query = Query::new(&["sessions"], range);
                query.filters.push(super::Filter { dimension: dimension.into(), op, values: vec![value.into()] });
                let plan = Plan::new(&query, day_of("2026-12-31".parse().unwrap())).unwrap();
                let totals = [&whole, &counted].map(|facts| answer(facts, &plan, AS_OF).totals[0].value.clone());
                assert_eq!(totals[0], totals[1], "{seed}: {dimension} {op:?}");
                assert!(totals[0].as_ref().is_some_and(|total| matches!(total, Figure::Number(_))));
            }
        }
    }
    assert!(counted_any, "something was counted");
}
