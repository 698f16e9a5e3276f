//! Paths against plain walks.

use super::oracles::{asked, paths};
use super::world::{CHANNELS, World, admits, text};
use crate::explore_model::{Ask, EventChoice, Found, PathDirection, PathNode, PathsAsk, Stop};
use crate::facts::tests_world::Dice;
use kernel::time::MINUTE;
use lake::{Col, Event};
use std::collections::BTreeMap;

fn walk(ask: &PathsAsk, humans: bool, rows: &[&Event]) -> Option<Vec<String>> {
    let column = match ask.node {
        PathNode::Name => Col::Name,
        PathNode::Path => Col::Path,
        PathNode::Channel => Col::Channel,
    };
    let anchored = |row: &&&Event| admits(&ask.anchor, row, humans);
    let near = |at: i64, anchor: i64| {
        ask.window_minutes.is_none_or(|minutes| (at - anchor).abs() <= i64::from(minutes) * MINUTE)
    };
    let (anchor, others): (usize, Vec<&Event>) = match ask.direction {
        PathDirection::After => {
            let anchor = rows.iter().position(|row| anchored(&row))?;
            (anchor, rows[anchor + 1..].to_vec())
        }
        PathDirection::Before => {
            let anchor = rows.iter().rposition(|row| anchored(&row))?;
            (anchor, rows[..anchor].iter().rev().copied().collect())
        }
    };
    let mut last = text(rows[anchor], column).to_owned();
    let mut stops = Vec::new();
    for row in others {
        let stop = text(row, column);
        let admitted =
            admits(&EventChoice::default(), row, humans) && !ask.without.contains(&row.name) && !stop.is_empty();
        if !admitted {
            continue;
        }
        let repeats = ask.collapse && last == stop;
        last = stop.to_owned();
        if !repeats && near(row.at, rows[anchor].at) && stops.len() < ask.steps {
            stops.push(stop.to_owned());
        }
    }
    Some(stops)
}

/// AN, paths: "forward and backward, node = event/page…, collapse rules".
#[tokio::test]
async fn paths_are_the_walks_of_all_people() {
    for seed in 0..60 {
        let world = World::random(seed).await;
        let mut dice = Dice::new(seed + 4_000);
        let ask = paths(&mut dice);
        let asked = asked(&mut dice, Ask::Paths(ask.clone()));
        let Found::Paths(found) = world.reader.answer(&asked).await.unwrap().found else { panic!() };
        let (from, to) = world.range(&asked);
        let walks: Vec<Vec<String>> =
            world.people(&asked, from, to).values().filter_map(|rows| walk(&ask, asked.humans_only, rows)).collect();
        assert_eq!(found.steps[0][0].people, walks.len() as u64, "{seed}");
        let known = |step: usize| -> Vec<&str> {
            found.steps[step + 1]
                .iter()
                .filter_map(|one| match &one.stop {
                    Stop::Value(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect()
        };
        for step in 0..ask.steps {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for walk in walks.iter().filter(|walk| walk.len() >= step) {
                let stop = walk
                    .get(step)
                    .map_or("END", |stop| if known(step).contains(&stop.as_str()) { stop } else { "OTHER" });
                *counts.entry(stop.to_owned()).or_default() += 1;
            }
            let shown: BTreeMap<String, u64> = found.steps[step + 1]
                .iter()
                .map(|one| {
                    let text = match &one.stop {
                        Stop::Value(text) => text.clone(),
                        Stop::Other => "OTHER".to_owned(),
                        Stop::End => "END".to_owned(),
                    };
                    (text, one.people)
                })
                .collect();
            assert_eq!(shown, counts, "{seed}: step {step} of {ask:?}");
            // Conservation: what leaves a stop is who stood there, and what arrives is who stands there.
            for (place, one) in found.steps[step].iter().enumerate().filter(|(_, one)| one.stop != Stop::End) {
                let out: u64 = found
                    .links
                    .iter()
                    .filter(|link| link.step == step && link.from == place)
                    .map(|link| link.people)
                    .sum();
                assert_eq!(out, one.people, "{seed}");
            }
            for (place, one) in found.steps[step + 1].iter().enumerate() {
                let into: u64 = found
                    .links
                    .iter()
                    .filter(|link| link.step == step && link.to == place)
                    .map(|link| link.people)
                    .sum();
                assert_eq!(into, one.people, "{seed}");
            }
        }
    }
    assert_eq!(CHANNELS[0], "", "an event that does not say is no stop");
}

/// Where a fold may not hold all pairs of stops, the stops are counted first, and then the pairs of those shown.
#[tokio::test]
async fn paths_of_too_many_pairs_are_the_same_paths() {
    let mut others = 0;
    for seed in 0..40 {
        let mut world = World::random(seed).await;
        let mut dice = Dice::new(seed + 4_000);
        let ask = paths(&mut dice);
        let asked = asked(&mut dice, Ask::Paths(ask));
        let expected = world.reader.answer(&asked).await.unwrap();
        let Found::Paths(found) = &expected.found else { panic!() };
        others += found.steps.iter().flatten().filter(|one| one.stop == Stop::Other).count();
        for found_bytes_max in [0, 300] {
            world.reader.found_bytes_max = found_bytes_max;
            let answer = world.reader.answer(&asked).await.unwrap();
            assert_eq!(answer.found, expected.found, "{seed}: with {found_bytes_max} bytes");
            assert_eq!(answer.segment_people, expected.segment_people);
        }
    }
    assert!(others > 10, "{others} stops are not told apart");
}
