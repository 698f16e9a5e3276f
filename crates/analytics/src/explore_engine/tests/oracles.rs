//! Answers against plain loops.

use super::world::{CHANNELS, NAMES, World, admits, choice, segment, text};
use crate::explore_model::{
    Ask, Breakdown, CohortLength, Column, EventChoice, Exploration, Found, FunnelAsk, FunnelExclusion, Granularity,
    Group, PathDirection, PathNode, PathsAsk, RetentionAsk, ReturnRule, StepOrder, Stop, TrendMeasure, TrendsAsk,
};
use crate::facts::tests_world::Dice;
use crate::metrics::{Compare, DateRange};
use kernel::time::MINUTE;
use lake::{Col, Event};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn asked(dice: &mut Dice, ask: Ask) -> Exploration {
    let from: jiff::civil::Date = format!("2026-03-{:02}", 3 + dice.below(14)).parse().unwrap();
    let to: jiff::civil::Date = format!("2026-04-{:02}", 1 + dice.below(14)).parse().unwrap();
    let compare = match &ask {
        Ask::Trends(_) | Ask::Funnel(_) => dice.of(&[Compare::None, Compare::Previous]),
        _ => Compare::None,
    };
    let (humans_only, segment) = (dice.below(2) == 0, segment(dice));
    Exploration { range: DateRange { from, to }, compare, humans_only, segment, as_of: None, ask }
}

pub(super) fn trends(dice: &mut Dice) -> TrendsAsk {
    let breakdown = (dice.below(2) == 0)
        .then(|| Breakdown { column: Column::Channel, top: 1 + usize::try_from(dice.below(3)).unwrap() });
    let lines = if breakdown.is_some() { 1 } else { 1 + usize::try_from(dice.below(2)).unwrap() };
    TrendsAsk {
        series: NAMES.iter().take(lines).map(|name| choice(dice, name)).collect(),
        measure: dice.of(&[
            TrendMeasure::People,
            TrendMeasure::Events,
            TrendMeasure::EventsPerPerson,
            TrendMeasure::Value,
            TrendMeasure::ValuePerEvent,
        ]),
        granularity: dice.of(&[Granularity::Hour, Granularity::Day, Granularity::Week, Granularity::Month]),
        breakdown,
    }
}

pub(super) fn funnel(dice: &mut Dice) -> FunnelAsk {
    let excluded =
        (dice.below(3) == 0).then(|| FunnelExclusion { event: choice(dice, "d"), after: dice.of(&[None, Some(0)]) });
    FunnelAsk {
        steps: ["a", "b", "c"].iter().map(|name| choice(dice, name)).collect(),
        order: dice.of(&[StepOrder::Loose, StepOrder::Strict]),
        exclusions: excluded.into_iter().collect(),
        window_minutes: dice.of(&[600, 14_400, 60_000]),
        breakdown: (dice.below(2) == 0).then_some(Breakdown { column: Column::Channel, top: 2 }),
    }
}

pub(super) fn retention(dice: &mut Dice) -> RetentionAsk {
    let first = choice(dice, "a");
    let back = if dice.below(2) == 0 { EventChoice::default() } else { choice(dice, "b") };
    RetentionAsk {
        first,
        back,
        period: dice.of(&[CohortLength::Day, CohortLength::Week, CohortLength::Month]),
        rule: dice.of(&[ReturnRule::Exact, ReturnRule::Unbounded]),
    }
}

pub(super) fn paths(dice: &mut Dice) -> PathsAsk {
    PathsAsk {
        anchor: choice(dice, "a"),
        direction: dice.of(&[PathDirection::After, PathDirection::Before]),
        steps: 1 + usize::try_from(dice.below(6)).unwrap(),
        node: dice.of(&[PathNode::Name, PathNode::Path, PathNode::Channel]),
        top: 1 + usize::try_from(dice.below(3)).unwrap(),
        without: if dice.below(2) == 0 { vec!["e".to_owned()] } else { Vec::new() },
        collapse: dice.below(2) == 0,
        window_minutes: dice.of(&[None, Some(10_000)]),
    }
}

fn close(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() < 2e-6 * (1.0 + other.abs()),
        (None, None) => true,
        _ => false,
    }
}

/// A measure over events of people: all of them, and whose each is.
#[expect(clippy::cast_precision_loss, reason = "tests: small numbers")]
fn measured(measure: TrendMeasure, rows: &[(u64, &Event)]) -> Option<f64> {
    let (events, people) = (rows.len() as f64, rows.iter().map(|row| row.0).collect::<BTreeSet<_>>().len() as f64);
    let value = rows.iter().map(|row| row.1.value.unwrap_or(0)).sum::<i64>() as f64 / 1e6;
    match measure {
        TrendMeasure::Events => Some(events),
        TrendMeasure::People => Some(people),
        TrendMeasure::EventsPerPerson => (people > 0.0).then(|| events / people),
        TrendMeasure::Value => Some(value),
        TrendMeasure::ValuePerEvent => (events > 0.0).then(|| value / events),
    }
}

/// AN, explorations: free form; exact counts, no sampling, no "(other)" that loses people.
#[tokio::test]
async fn trends_are_a_group_by() {
    for seed in 0..25 {
        let world = World::random(seed).await;
        let mut dice = Dice::new(seed + 1_000);
        let ask = trends(&mut dice);
        let asked = asked(&mut dice, Ask::Trends(ask.clone()));
        let answer = world.reader.answer(&asked).await.unwrap();
        let Found::Trends(found) = answer.found else { panic!() };
        let (from, to) = world.range(&asked);
        let people = world.people(&asked, from, to);
        if asked.segment.is_some() {
            assert_eq!(answer.segment_people, Some(people.len() as u64));
        }
        let known: Vec<&str> = found
            .lines
            .iter()
            .filter_map(|line| match &line.group {
                Some(Group::Value(text)) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let mut parts = BTreeSet::new();
        for line in &found.lines {
            let belongs = |row: &Event| {
                let part = text(row, Col::Channel);
                admits(&ask.series[line.series], row, asked.humans_only)
                    && match &line.group {
                        None => true,
                        Some(Group::Value(value)) => value == part,
                        Some(Group::Other) => !known.contains(&part),
                    }
            };
            let rows: Vec<(u64, &Event)> = people
                .iter()
                .flat_map(|(person, rows)| rows.iter().map(|row| (*person, *row)))
                .filter(|row| belongs(row.1))
                .collect();
            parts.extend(rows.iter().map(|row| text(row.1, Col::Channel)));
            let shown = line.total.as_ref().map(crate::metrics::Figure::number);
            assert!(close(shown, measured(ask.measure, &rows)), "{seed}: total {shown:?}");
            let mut last = from;
            for (period, value) in found.periods.iter().zip(&line.values) {
                let (begin, end) = (period.from.micros(), period.to.micros());
                assert_eq!(begin, last, "periods follow each other");
                last = end;
                let inside: Vec<_> = rows.iter().filter(|row| begin <= row.1.at && row.1.at < end).copied().collect();
                let expected = measured(ask.measure, &inside).filter(|_| begin <= world.reader.now.micros());
                let shown = value.as_ref().map(crate::metrics::Figure::number);
                assert!(close(shown, expected), "{seed}: {shown:?} is not {expected:?} from {begin}");
            }
            assert_eq!(last, to);
        }
        if let Some(breakdown) = &ask.breakdown {
            assert_eq!(found.groups, parts.len());
            assert_eq!(known.len(), breakdown.top.min(parts.len()));
        }
        let before = crate::explore_engine::plan::Dates::of(&asked, world.reader.zone.clone(), world.reader.now)
            .unwrap()
            .before(asked.compare);
        if let Some(before) = before {
            let (from, to) = (before.range().from.micros(), before.range().to.micros());
            let people = world.people(&asked, from, to);
            let rows: Vec<(u64, &Event)> = people
                .iter()
                .flat_map(|(person, rows)| rows.iter().map(|row| (*person, *row)))
                .filter(|row| admits(&ask.series[0], row.1, asked.humans_only))
                .collect();
            let shown = found.lines[0].previous_total.as_ref().map(crate::metrics::Figure::number);
            assert!(close(shown, measured(ask.measure, &rows)), "{seed}: comparison");
        }
    }
}

/// The furthest any attempt comes: tries every beginning and every way on.
fn furthest(ask: &FunnelAsk, humans: bool, rows: &[&Event], from: usize, step: usize, end: i64) -> usize {
    if step == ask.steps.len() {
        return step;
    }
    let mut best = step;
    for place in from..rows.len() {
        let row = rows[place];
        let excluded = ask
            .exclusions
            .iter()
            .any(|one| one.after.is_none_or(|after| after + 1 == step) && admits(&one.event, row, humans));
        if row.at > end || excluded {
            break;
        }
        if admits(&ask.steps[step], row, humans) {
            best = best.max(furthest(ask, humans, rows, place + 1, step + 1, end));
        }
        if ask.order == StepOrder::Strict {
            break;
        }
    }
    best
}

/// AN, funnels: exact counts, conversion window, "directly followed", exclusion steps.
#[tokio::test]
async fn a_funnel_is_the_furthest_of_all_attempts() {
    for seed in 0..40 {
        let world = World::random(seed).await;
        let mut dice = Dice::new(seed + 2_000);
        let ask = funnel(&mut dice);
        let asked = asked(&mut dice, Ask::Funnel(ask.clone()));
        let Found::Funnel(found) = world.reader.answer(&asked).await.unwrap().found else { panic!() };
        let (from, to) = world.range(&asked);
        let mut counts = vec![0_u64; 3];
        for rows in world.people(&asked, from, to).values() {
            let mut best = 0;
            for (place, row) in rows.iter().enumerate() {
                if admits(&ask.steps[0], row, asked.humans_only) {
                    let end = row.at + i64::from(ask.window_minutes) * MINUTE;
                    best = best.max(furthest(&ask, asked.humans_only, rows, place + 1, 1, end));
                }
            }
            (0..best).for_each(|step| counts[step] += 1);
        }
        let shown: Vec<u64> = found.parts[0].steps.iter().map(|step| step.people).collect();
        assert_eq!(shown, counts, "{seed}");
        if ask.breakdown.is_some() {
            for (step, people) in counts.iter().enumerate() {
                let parts: u64 = found.parts[1..].iter().map(|part| part.steps[step].people).sum();
                assert_eq!(parts, *people, "{seed}: the parts are all of it");
            }
        }
        for part in &found.parts {
            for step in &part.steps[1..] {
                assert_eq!(step.took.iter().sum::<u64>(), step.people);
                assert_eq!(step.took_mean_seconds.is_some(), step.people > 0);
            }
        }
    }
}

/// AN, cohort / retention: "N-day, unbounded …; any inclusion and return event; matches … exactly".
#[tokio::test]
async fn retention_is_who_came_back_when() {
    for seed in 0..40 {
        let world = World::random(seed).await;
        let mut dice = Dice::new(seed + 3_000);
        let ask = retention(&mut dice);
        let asked = asked(&mut dice, Ask::Retention(ask.clone()));
        let Found::Retention(found) = world.reader.answer(&asked).await.unwrap().found else { panic!() };
        let bounds: Vec<(i64, i64)> =
            found.cohorts.iter().map(|cohort| (cohort.period.from.micros(), cohort.period.to.micros())).collect();
        let (own_from, own_to) = world.range(&asked);
        let (from, to) = (bounds[0].0, bounds[bounds.len() - 1].1);
        assert!(from <= own_from && own_to <= to, "whole periods");
        let period = |at: i64| bounds.iter().position(|(from, to)| *from <= at && at < *to).unwrap();
        let mut people = vec![0_u64; bounds.len()];
        let mut back: Vec<Vec<u64>> = (0..bounds.len()).map(|cohort| vec![0; bounds.len() - cohort]).collect();
        for rows in world.people(&asked, from, to).values() {
            let Some(begin) = rows.iter().position(|row| admits(&ask.first, row, asked.humans_only)) else { continue };
            let cohort = period(rows[begin].at);
            people[cohort] += 1;
            let returns: BTreeSet<usize> = rows[begin..]
                .iter()
                .filter(|row| admits(&ask.back, row, asked.humans_only))
                .map(|row| period(row.at) - cohort)
                .collect();
            for (after, count) in back[cohort].iter_mut().enumerate() {
                let counts = match ask.rule {
                    ReturnRule::Exact => returns.contains(&after),
                    ReturnRule::Unbounded => returns.iter().any(|one| *one >= after),
                };
                *count += u64::from(counts);
            }
        }
        let now = world.reader.now.micros();
        for (place, cohort) in found.cohorts.iter().enumerate() {
            assert_eq!(cohort.people, people[place], "{seed}");
            for (after, shown) in cohort.back.iter().enumerate() {
                let begun = bounds[place + after].0 <= now;
                assert_eq!(*shown, begun.then_some(back[place][after]), "{seed}: {place} {after}");
                assert_eq!(after >= cohort.partial_from, bounds[place + after].1 > now);
            }
        }
    }
}

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
