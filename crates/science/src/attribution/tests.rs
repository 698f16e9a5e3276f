//! Golden journeys of AN 1.4, the degenerate cases, and the laws over random journeys.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const DAY: i64 = 86_400_000_000;
const UNIT: i64 = 1_000_000;

fn touch(day: i64, id: u64, channel: &str) -> Touch<'_> {
    Touch { at: day * DAY, id, channel, direct: channel == "Direct" }
}

fn by_channel(model: &Model, journey: &Journey<'_>, value: i64) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for (touch, credit) in journey.touches.iter().zip(credits(model, journey, value)) {
        *sums.entry(touch.channel.to_owned()).or_insert(0) += credit.micros;
    }
    sums
}

fn micros(model: &Model, journey: &Journey<'_>, value: i64) -> Vec<i64> {
    credits(model, journey, value).iter().map(|credit| credit.micros).collect()
}

/// Google Ads → Facebook Ads → Google Ads → SDR → opportunity of 10 000.
fn journey_a() -> Journey<'static> {
    Journey {
        touches: vec![touch(0, 1, "Google"), touch(1, 2, "Facebook"), touch(2, 3, "Google"), touch(3, 4, "SDR")],
        goal_at: 4 * DAY,
        ..Journey::default()
    }
}

/// AN 1.4 journey A.
#[test]
fn an_1_4_journey_a_has_its_golden_numbers() {
    let table = [
        ("first_touch", [10_000, 0, 0]),
        ("last_touch", [0, 0, 10_000]),
        ("linear", [5_000, 2_500, 2_500]),
        ("u_shape", [5_000, 1_000, 4_000]),
    ];
    for (model, [google, facebook, sdr]) in table {
        let sums = by_channel(&model.parse().unwrap(), &journey_a(), 10_000 * UNIT);
        assert_eq!(
            (sums["Google"], sums["Facebook"], sums["SDR"]),
            (google * UNIT, facebook * UNIT, sdr * UNIT),
            "{model}"
        );
    }
}

/// AN 1.4: the uniform view of journey A sums to 30 000, and says that it does not conserve.
#[test]
fn an_1_4_influenced_is_labelled_as_not_conserving() {
    assert!(!Model::Influenced.conserves());
    let journey = journey_a();
    let mut channels: BTreeMap<&str, i64> = BTreeMap::new();
    for (touch, credit) in journey.touches.iter().zip(credits(&Model::Influenced, &journey, 10_000 * UNIT)) {
        channels.insert(touch.channel, credit.micros);
    }
    assert_eq!(channels.values().sum::<i64>(), 30_000 * UNIT);
    assert!(Model::named().iter().all(Model::conserves));
}

/// AN 1.4 journey B: 38, 33, 26, 8 and 0 days before a 12 000 deal, half-life 7 days.
#[test]
fn an_1_4_journey_b_has_its_golden_numbers() {
    let touches = [38, 33, 26, 8, 0].iter().zip(1..).map(|(age, id)| touch(38 - age, id, "x")).collect();
    let journey = Journey { touches, goal_at: 38 * DAY, ..Journey::default() };
    let found = micros(&"time_decay:7".parse().unwrap(), &journey, 12_000 * UNIT);
    let golden = [175_200_000, 287_440_000, 574_880_000, 3_417_040_000, 7_545_450_000_i64];
    for (credit, expected) in found.iter().zip(golden) {
        assert!((credit - expected).abs() <= 10_000, "{credit} is not {expected} to the cent");
    }
    assert_eq!(found.iter().sum::<i64>(), 12_000 * UNIT, "normalised: not the 19 084 of the formula without scaling");
    assert_eq!(found, [175_195_176, 287_437_594, 574_875_187, 3_417_044_981, 7_545_447_062], "to the micro");
}

/// MA-84: the position models on a journey with every milestone.
#[test]
fn ma_84_position_models_follow_their_shares() {
    let touches = (0..7).map(|day| touch(day, u64::try_from(day).unwrap(), "x")).collect();
    let journey = Journey {
        touches,
        goal_at: 10 * DAY,
        lead_at: Some(2 * DAY + 1),
        opportunity_at: Some(4 * DAY),
        conversions: vec![2 * DAY + 1, 4 * DAY],
    };
    let cases: [(&str, [i64; 7]); 7] = [
        ("u_shape", [400, 40, 40, 40, 40, 40, 400]),
        ("w_shape", [300, 25, 300, 25, 300, 25, 25]),
        ("w_shape_conversions", [300, 33, 150, 33, 150, 33, 300]),
        ("full_path", [225, 33, 225, 33, 225, 33, 225]),
        ("j_shape", [200, 40, 40, 40, 40, 40, 600]),
        ("inverse_j", [600, 40, 40, 40, 40, 40, 200]),
        ("custom:first 10, every 70, last 20", [200, 100, 100, 100, 100, 100, 300]),
    ];
    for (model, expected) in cases {
        let found = micros(&model.parse().unwrap(), &journey, 1_000_000);
        let rounded: Vec<i64> = found.iter().map(|part| part / 1_000).collect();
        assert_eq!(rounded, expected, "{model}: {found:?}");
        assert_eq!(found.iter().sum::<i64>(), 1_000_000);
    }
}

#[test]
fn last_non_direct_skips_direct_unless_all_are() {
    let mixed = Journey {
        touches: vec![touch(0, 1, "Email"), touch(1, 2, "Paid Search"), touch(2, 3, "Direct")],
        goal_at: 3 * DAY,
        ..Journey::default()
    };
    assert_eq!(micros(&Model::LastNonDirect, &mixed, 5), [0, 5, 0]);
    let direct = Journey { touches: vec![touch(0, 1, "Direct"), touch(2, 3, "Direct")], ..mixed };
    assert_eq!(micros(&Model::LastNonDirect, &direct, 5), [0, 5]);
}

#[test]
fn short_journeys_and_missing_milestones_are_defined() {
    let one = Journey { touches: vec![touch(0, 1, "x")], goal_at: DAY, ..Journey::default() };
    let two = Journey { touches: vec![touch(0, 1, "x"), touch(1, 2, "y")], goal_at: DAY, ..Journey::default() };
    for model in Model::named() {
        assert_eq!(micros(&model, &one, 7), [7], "{model}: one touch gets everything");
        assert!(micros(&model, &Journey::default(), 7).is_empty(), "{model}: no touch, no credit");
    }
    let cases = [("u_shape", [50, 50]), ("j_shape", [25, 75]), ("inverse_j", [75, 25]), ("w_shape", [75, 25])];
    for (model, expected) in cases {
        assert_eq!(micros(&model.parse().unwrap(), &two, 100), expected, "{model}");
    }
    // First, lead and opportunity on one touch: their shares add up; the rest keeps its 10.
    let same = Journey { lead_at: Some(1), opportunity_at: Some(2), ..two.clone() };
    assert_eq!(micros(&Model::WShape, &same, 100), [90, 10]);
    // A lead before the first touch and an opportunity after the goal have no touch: they drop out.
    let outside = Journey { lead_at: Some(-5), opportunity_at: Some(9 * DAY), ..two };
    assert_eq!(micros(&Model::WShape, &outside, 100), [75, 25]);
}

#[test]
fn custom_channel_factors_move_credit_and_never_lose_it() {
    let journey = Journey {
        touches: vec![touch(0, 1, "Direct"), touch(1, 2, "Email"), touch(2, 3, "Paid Search")],
        goal_at: 3 * DAY,
        ..Journey::default()
    };
    let found = |text: &str| micros(&text.parse().unwrap(), &journey, 1_000);
    assert_eq!(found("custom:every 100, channel \"Direct\" x 0"), [0, 500, 500]);
    assert_eq!(found("custom:every 100, channel \"Direct\" x 0, channel \"Email\" x 3"), [0, 750, 250]);
    assert_eq!(
        found("custom:first 100, channel \"Direct\" x 0"),
        [0, 500, 500],
        "the only rewarded touch has factor 0"
    );
    let nothing = "custom:first 100, channel \"Direct\" x 0, channel \"Email\" x 0, channel \"Paid Search\" x 0";
    assert_eq!(found(nothing), [1_000, 0, 0], "no channel counts: the positions alone decide");
    assert_eq!(found("custom:lead 100"), [334, 333, 333], "nobody stands on the only position: evenly");
}

#[test]
fn why_names_the_positions() {
    let roles = Roles { first: true, lead: true, ..Roles::default() };
    assert_eq!(why(&Model::WShape, roles, 4), "first touch 30 % + lead creation 30 %");
    assert_eq!(why(&Model::FullPath, Roles::default(), 4), "other touches together 10 %");
    assert_eq!(why(&Model::FirstTouch, Roles::default(), 4), "no position that this model rewards");
    assert_eq!(why(&Model::Linear, roles, 1), "the only touch");
}

fn models() -> impl Strategy<Value = Model> {
    let custom = (0_u32..100, 0_u32..100, 0_u32..100, 0_u32..100, 0_u32..3_000).prop_map(|(a, b, c, d, factor)| {
        let shares = Shares { first: a, lead: b, conversions: c, rest: d, every: 1, ..Shares::default() };
        Model::Custom(CustomWeights { shares, channels: BTreeMap::from([("Email".to_owned(), factor)]) })
    });
    let decay = (1_u32..90).prop_map(|half_life_days| Model::TimeDecay { half_life_days });
    prop_oneof![6 => prop::sample::select(Model::named()), 1 => custom, 1 => decay]
}

fn journeys() -> impl Strategy<Value = Journey<'static>> {
    let channel = prop::sample::select(vec!["Direct", "Email", "Paid Search", "Organic Search"]);
    let touch = (0_i64..400, channel).prop_map(|(day, channel)| (day, channel));
    let moment = || prop::option::of(-10_i64..450);
    (prop::collection::vec(touch, 1..24), moment(), moment(), prop::collection::vec(-10_i64..450, 0..4)).prop_map(
        |(touches, lead, opportunity, conversions)| Journey {
            touches: touches.into_iter().zip(1..).map(|((day, channel), id)| self::touch(day, id, channel)).collect(),
            goal_at: 400 * DAY,
            lead_at: lead.map(|day| day * DAY),
            opportunity_at: opportunity.map(|day| day * DAY),
            conversions: conversions.into_iter().map(|day| day * DAY).collect(),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    /// AN "Conservation law", MA-84: the credits of a goal sum to its value exactly, whatever the model.
    #[test]
    fn credit_is_conserved_and_never_negative(model in models(), journey in journeys(), value in -1_i64..5_000_000_000_000) {
        let credits = credits(&model, &journey, value);
        prop_assert_eq!(credits.len(), journey.touches.len());
        prop_assert_eq!(credits.iter().map(|credit| credit.micros).sum::<i64>(), value);
        prop_assert_eq!(credits.iter().map(|credit| credit.share).sum::<i64>(), 1_000_000);
        for credit in &credits {
            let sign_kept = if value < 0 { credit.micros <= 0 } else { credit.micros >= 0 };
            prop_assert!(credit.share >= 0 && sign_kept);
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(model in models(), journey in journeys(), value in 0_i64..1_000_000_000, turn in 0_usize..24) {
        let mut turned = journey.clone();
        let turn = turn % turned.touches.len();
        turned.touches.rotate_left(turn);
        turned.touches.reverse();
        let by_id = |journey: &Journey<'_>| -> BTreeMap<u64, i64> {
            journey.touches.iter().map(|touch| touch.id).zip(micros(&model, journey, value)).collect()
        };
        prop_assert_eq!(by_id(&journey), by_id(&turned));
    }
}
