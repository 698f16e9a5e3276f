//! Models side by side, and deals opened to their touches.

use super::{AttributionRequest, Goal, JourneyKind, compare, of_deal};
use crate::facts::tests_world::World;
use crate::facts::{DealInput, Outcome, Part, day_of};
use crate::metrics::{AsOf, DateRange};
use kernel::money::Money;
use proptest::prelude::*;

const AS_OF: AsOf = AsOf { offset: 5_000, at: None, lag_seconds: 0 };

fn request(dimension: &str, goal: &str) -> AttributionRequest {
    AttributionRequest {
        range: DateRange { from: "2026-01-01".parse().unwrap(), to: "2026-12-31".parse().unwrap() },
        goal: Some(goal.to_owned()),
        dimension: Some(dimension.to_owned()),
        models: None,
        filters: Vec::new(),
        lookback_days: Some(90),
        journey: None,
        limit: None,
    }
}

fn today() -> i32 {
    day_of("2026-12-31".parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// MA-84: every model shares the same total, and the spread is the distance of the models.
    #[test]
    fn ma_84_models_share_one_total(seed in any::<u64>()) {
        let facts = World::random(seed).facts();
        for (dimension, goal) in [("channel", "deal_won"), ("campaign", "deal_created"), ("landing_page", "deal_won")] {
            let found = compare(&facts, &request(dimension, goal), today(), AS_OF).unwrap();
            prop_assert_eq!(found.models.len(), 11);
            for (place, total) in found.totals.iter().enumerate() {
                prop_assert_eq!(found.totals[0], *total);
                let sum: i64 = found.rows.iter().map(|row| row.values[place].micros).sum();
                prop_assert_eq!(sum, total.micros, "{} {}", dimension, found.models[place].id);
            }
            for row in &found.rows {
                let low = row.values.iter().map(|value| value.micros).min().unwrap();
                let high = row.values.iter().map(|value| value.micros).max().unwrap();
                prop_assert_eq!((row.lowest.micros, row.highest.micros, row.spread.micros), (low, high, high - low));
            }
            let journeys = &found.journeys;
            prop_assert_eq!(journeys.goals, journeys.with_touches + journeys.without_touch);
        }
    }

    /// AN-C: one deal opened, touch by touch; the credits of each model sum to the deal.
    #[test]
    fn a_deal_opens_to_touches_that_sum_to_it(seed in any::<u64>()) {
        let facts = World::random(seed).facts();
        for deal in facts.deals.iter() {
            let opened = of_deal(&facts, &deal.id, Some(Goal::DealCreated), None, JourneyKind::Company, AS_OF).unwrap();
            let value = opened.value.map_or(0, |value| value.micros);
            for (place, model) in opened.models.iter().enumerate() {
                let sum: i64 = opened.touches.iter().map(|touch| touch.credits[place].value.micros).sum();
                prop_assert!(opened.touches.is_empty() || sum == value, "{}: {sum} of {value}", model.id);
            }
            prop_assert!(opened.touches.windows(2).all(|pair| pair[0].at <= pair[1].at));
            prop_assert!(opened.touches.first().is_none_or(|touch| touch.positions.contains(&"first".to_owned())));
        }
    }
}

/// MA-85, C16: a deal without contact roles is explained by its company's people, and says so.
#[test]
fn ma_85_missing_roles_are_filled_from_the_company_and_shown() {
    let mut world = World::random(2);
    let at = crate::facts::tests_world::START + 150 * kernel::time::DAY;
    let deal = |id: &str, people: Vec<Part>| DealInput {
        id: id.to_owned(),
        name: id.to_owned(),
        company: Some("com_0".into()),
        people,
        amount: Some(Money::new(10_000_000, crate::facts::tests_world::eur())),
        pipeline: "sales".into(),
        stage: "sales/won".into(),
        outcome: Outcome::Won,
        created_at: at,
        closed_at: Some(at),
        stages: Vec::new(),
        source_row: String::new(),
    };
    world.people[0].company = Some("com_0".into());
    let person = world.people[0].person;
    world.deals = vec![
        deal("dea_without", Vec::new()),
        deal("dea_with", vec![Part { person, role: "champion".into(), primary: true }]),
    ];
    let facts = world.facts();
    let suggested = |id: &str| {
        of_deal(&facts, id, None, Some(365), JourneyKind::Person, AS_OF)
            .map(|opened| (opened.people_suggested, opened.goal))
    };
    assert_eq!(suggested("dea_without").unwrap(), (true, "deal_won".to_owned()));
    assert_eq!(suggested("dea_with").unwrap(), (false, "deal_won".to_owned()));
    assert_eq!(suggested("dea_nowhere").unwrap_err().status(), 404);
}

#[test]
fn goals_are_named() {
    for text in ["deal_created", "deal_won", "event:Demo requested"] {
        assert_eq!(text.parse::<Goal>().unwrap().to_string(), text);
    }
    for text in ["", "deal", "event:", "event:  "] {
        assert_eq!(text.parse::<Goal>().unwrap_err().field.as_deref(), Some("goal"), "{text}");
    }
}
