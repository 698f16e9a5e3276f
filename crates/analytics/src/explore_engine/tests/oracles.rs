//! Answers against plain loops.

use super::world::{NAMES, SESSION_TIMEOUT, World, admits, choice, property, segment, text};
use crate::explore_model::{
    Ask, Bracket, Breakdown, CohortLength, Column, EventChoice, Exploration, Found, FunnelAsk, FunnelExclusion,
    Granularity, Group, PathDirection, PathNode, PathsAsk, RetentionAnswer, RetentionAsk, ReturnRule, StepOrder,
    TrendMeasure, TrendsAsk,
};
use crate::facts::tests_world::Dice;
use crate::metrics::{Compare, DateRange};
use kernel::time::{MINUTE, SECOND};
use lake::{AgentClass, Col, Event};
use std::collections::{BTreeMap, BTreeSet};

/// The first period itself, the two after it, and a few later ones.
const BRACKETS: [Bracket; 3] = [Bracket { from: 0, to: 0 }, Bracket { from: 1, to: 2 }, Bracket { from: 3, to: 9 }];

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
    let ask = TrendsAsk {
        series: NAMES.iter().take(lines).map(|name| choice(dice, name)).collect(),
        measure: dice.of(&[
            TrendMeasure::People,
            TrendMeasure::Events,
            TrendMeasure::EventsPerPerson,
            TrendMeasure::Value,
            TrendMeasure::ValuePerEvent,
            TrendMeasure::Sessions,
            TrendMeasure::SessionsPerPerson,
            TrendMeasure::EngagedShare,
            TrendMeasure::SessionSeconds,
            TrendMeasure::PropertySum,
            TrendMeasure::PropertyMean,
        ]),
        property: None,
        granularity: dice.of(&[Granularity::Hour, Granularity::Day, Granularity::Week, Granularity::Month]),
        breakdown,
    };
    let property = ask.measure.is_of_property().then(|| "seats".to_owned());
    TrendsAsk { property, ..ask }
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
        brackets: if dice.below(2) == 0 { Vec::new() } else { BRACKETS.to_vec() },
        breakdown: (dice.below(2) == 0).then_some(Breakdown { column: Column::Channel, top: 2 }),
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

/// What a line counts: an event, or a session.
#[derive(Debug, Clone, Copy)]
struct Item<'a> {
    person: u64,
    at: i64,
    part: &'a str,
    marked: bool,
    sum: f64,
}

/// Everything a line can count between two moments.
#[expect(clippy::cast_precision_loss, reason = "tests: small numbers")]
fn items<'a>(world: &'a World, asked: &Exploration, ask: &TrendsAsk, series: usize, ends: (i64, i64)) -> Vec<Item<'a>> {
    let meant = world.people(asked, ends.0, ends.1);
    let admitted = |row: &Event| admits(&ask.series[series], row, asked.humans_only);
    let number = |row: &Event| match ask.measure {
        TrendMeasure::PropertySum | TrendMeasure::PropertyMean => property(row, "seats").parse::<f64>().ok(),
        _ => row.value.map(|value| value as f64 / 1e6),
    };
    let mut all = Vec::new();
    if ask.measure.is_of_sessions() {
        let everybody = world.people(&Exploration { segment: None, ..asked.clone() }, i64::MIN, i64::MAX);
        for (person, rows) in everybody.iter().filter(|(person, _)| meant.contains_key(person)) {
            for is_bot in [false, true] {
                let rows: Vec<&Event> =
                    rows.iter().filter(|row| (row.agent_class == AgentClass::Bot) == is_bot).copied().collect();
                for session in rows.chunk_by(|one, next| next.at - one.at <= SESSION_TIMEOUT) {
                    let (at, long) = (session[0].at, session[session.len() - 1].at - session[0].at);
                    let part =
                        session.iter().map(|row| row.channel.as_str()).find(|text| !text.is_empty()).unwrap_or("");
                    if session.iter().any(|row| admitted(row)) {
                        all.push(Item {
                            person: *person,
                            at,
                            part,
                            marked: long > 10 * SECOND,
                            sum: long as f64 / 1e6,
                        });
                    }
                }
            }
        }
    } else {
        for (person, rows) in &meant {
            all.extend(rows.iter().filter(|row| admitted(row)).map(|row| Item {
                person: *person,
                at: row.at,
                part: &row.channel,
                marked: number(row).is_some(),
                sum: number(row).unwrap_or(0.0),
            }));
        }
    }
    all.retain(|item| ends.0 <= item.at && item.at < ends.1);
    all
}

#[expect(clippy::cast_precision_loss, reason = "tests: small numbers")]
fn measured(measure: TrendMeasure, items: &[Item<'_>]) -> Option<f64> {
    let (count, marked) = (items.len() as f64, items.iter().filter(|item| item.marked).count() as f64);
    let people = items.iter().map(|item| item.person).collect::<BTreeSet<_>>().len() as f64;
    let sum = items.iter().map(|item| item.sum).sum::<f64>();
    let ratio = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
    match measure {
        TrendMeasure::Events | TrendMeasure::Sessions => Some(count),
        TrendMeasure::People => Some(people),
        TrendMeasure::EventsPerPerson | TrendMeasure::SessionsPerPerson => ratio(count, people),
        TrendMeasure::Value | TrendMeasure::PropertySum => Some(sum),
        TrendMeasure::ValuePerEvent | TrendMeasure::SessionSeconds => ratio(sum, count),
        TrendMeasure::PropertyMean => ratio(sum, marked),
        TrendMeasure::EngagedShare => ratio(marked, count),
    }
}

/// AN, explorations: free form; exact counts, no sampling, no "(other)" that loses people.
#[tokio::test]
async fn trends_are_a_group_by() {
    for seed in 0..80 {
        let world = World::random(seed).await;
        let mut dice = Dice::new(seed + 1_000);
        let ask = trends(&mut dice);
        let asked = asked(&mut dice, Ask::Trends(ask.clone()));
        check_trends(seed, &world, &asked, &ask).await;
        // Every event of people, whatever its name, is read another way.
        let any = TrendsAsk { series: vec![EventChoice::default()], ..ask };
        let asked = Exploration { humans_only: true, ask: Ask::Trends(any.clone()), ..asked };
        check_trends(seed, &world, &asked, &any).await;
    }
}

async fn check_trends(seed: u64, world: &World, asked: &Exploration, ask: &TrendsAsk) {
    let answer = world.reader.answer(asked).await.unwrap();
    let Found::Trends(found) = answer.found else { panic!() };
    let (from, to) = world.range(asked);
    if asked.segment.is_some() {
        assert_eq!(answer.segment_people, Some(world.people(asked, from, to).len() as u64));
    }
    let known: Vec<&str> = found
        .lines
        .iter()
        .filter_map(|line| match &line.group {
            Some(Group::Value(text)) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let before = crate::explore_engine::plan::Dates::of(asked, world.reader.zone.clone(), world.reader.now)
        .unwrap()
        .before(asked.compare)
        .map(|before| (before.range().from.micros(), before.range().to.micros()));
    let mut parts = BTreeSet::new();
    for line in &found.lines {
        let of = |ends: (i64, i64)| {
            let mut items = items(world, asked, ask, line.series, ends);
            items.retain(|item| match &line.group {
                None => true,
                Some(Group::Value(value)) => value == item.part,
                Some(Group::Other) => !known.contains(&item.part),
            });
            items
        };
        let all = of((from, to));
        parts.extend(all.iter().map(|item| item.part));
        let shown = line.total.as_ref().map(crate::metrics::Figure::number);
        assert!(close(shown, measured(ask.measure, &all)), "{seed}: total {shown:?} of {asked:?}");
        let mut last = from;
        for (period, value) in found.periods.iter().zip(&line.values) {
            let (begin, end) = (period.from.micros(), period.to.micros());
            assert_eq!(begin, last, "periods follow each other");
            last = end;
            let inside: Vec<_> = all.iter().filter(|item| begin <= item.at && item.at < end).copied().collect();
            let expected = measured(ask.measure, &inside).filter(|_| begin <= world.reader.now.micros());
            let shown = value.as_ref().map(crate::metrics::Figure::number);
            assert!(close(shown, expected), "{seed}: {shown:?} is not {expected:?} from {begin}");
        }
        assert_eq!(last, to);
        if let Some(ends) = before {
            let shown = line.previous_total.as_ref().map(crate::metrics::Figure::number);
            assert!(close(shown, measured(ask.measure, &of(ends))), "{seed}: comparison of {:?}", line.group);
        }
    }
    if let Some(breakdown) = &ask.breakdown {
        assert_eq!(found.groups, parts.len());
        assert_eq!(known.len(), breakdown.top.min(parts.len()));
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

/// By group and bracket, or by group and how much later: of how many people for whom it is over, how many came back.
type Means<'a> = BTreeMap<(&'a str, usize), (u64, u64)>;

/// The means over cohorts, of everybody and of each part.
fn check_means(seed: u64, found: &RetentionAnswer, means: &Means<'_>, firsts: &Means<'_>) {
    let sum = |means: &Means<'_>, place: usize, is: &dyn Fn(&str) -> bool| {
        let of = means.iter().filter(|((group, at), _)| *at == place && is(group));
        of.fold((0, 0), |sum, (_, mean)| (sum.0 + mean.0, sum.1 + mean.1))
    };
    for (place, bracket) in found.brackets.iter().enumerate() {
        assert_eq!((bracket.mean.people, bracket.mean.back), sum(means, place, &|_| true), "{seed}: bracket {place}");
    }
    for (after, mean) in found.mean.iter().enumerate() {
        assert_eq!((mean.people, mean.back), sum(firsts, after, &|_| true), "{seed}: mean {after}");
    }
    let shown: Vec<&str> = found
        .parts
        .iter()
        .filter_map(|part| match &part.group {
            Group::Value(text) => Some(text.as_str()),
            Group::Other => None,
        })
        .collect();
    for part in &found.parts {
        let is = |group: &str| match &part.group {
            Group::Value(text) => text == group,
            Group::Other => !shown.contains(&group),
        };
        for (place, mean) in part.brackets.iter().enumerate() {
            assert_eq!((mean.people, mean.back), sum(means, place, &is), "{seed}: {:?} {place}", part.group);
        }
        for (after, mean) in part.mean.iter().enumerate() {
            assert_eq!((mean.people, mean.back), sum(firsts, after, &is), "{seed}: {:?} {after}", part.group);
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
        check_retention(seed, &world, &asked, &ask).await;
        // Whoever does anything, and anything again, is read another way.
        let any = EventChoice::default();
        let any = RetentionAsk { first: any.clone(), back: any, breakdown: None, ..ask };
        for humans_only in [true, false] {
            let asked = Exploration { humans_only, ask: Ask::Retention(any.clone()), ..asked.clone() };
            check_retention(seed, &world, &asked, &any).await;
        }
    }
}

async fn check_retention(seed: u64, world: &World, asked: &Exploration, ask: &RetentionAsk) {
    let Found::Retention(found) = world.reader.answer(asked).await.unwrap().found else { panic!() };
    let bounds: Vec<(i64, i64)> =
        found.cohorts.iter().map(|cohort| (cohort.period.from.micros(), cohort.period.to.micros())).collect();
    let (own_from, own_to) = world.range(asked);
    let (from, to) = (bounds[0].0, bounds[bounds.len() - 1].1);
    assert!(from <= own_from && own_to <= to, "whole periods");
    let period = |at: i64| bounds.iter().position(|(from, to)| *from <= at && at < *to).unwrap();
    let mut people = vec![0_u64; bounds.len()];
    let mut back: Vec<Vec<u64>> = (0..bounds.len()).map(|cohort| vec![0; bounds.len() - cohort]).collect();
    let over = bounds.iter().filter(|bounds| bounds.1 <= world.reader.now.micros()).count();
    // By group and bracket: of how many people for whom it is over, how many came back.
    let mut means: Means<'_> = BTreeMap::new();
    let mut firsts: Means<'_> = BTreeMap::new();
    for rows in world.people(asked, from, to).values() {
        let Some(begin) = rows.iter().position(|row| admits(&ask.first, row, asked.humans_only)) else { continue };
        let cohort = period(rows[begin].at);
        people[cohort] += 1;
        let returns: BTreeSet<usize> = rows[begin..]
            .iter()
            .filter(|row| admits(&ask.back, row, asked.humans_only))
            .map(|row| period(row.at) - cohort)
            .collect();
        let group = text(rows[begin], Col::Channel);
        for (place, bracket) in ask.brackets.iter().enumerate().filter(|(_, bracket)| cohort + bracket.to < over) {
            let mean = means.entry((group, place)).or_default();
            mean.0 += 1;
            mean.1 += u64::from((bracket.from..=bracket.to).any(|after| returns.contains(&after)));
        }
        for after in (0..bounds.len()).filter(|after| cohort + after < over) {
            let mean = firsts.entry((group, after)).or_default();
            mean.0 += 1;
            mean.1 += u64::from(match ask.rule {
                ReturnRule::Exact => returns.contains(&after),
                ReturnRule::Unbounded => returns.iter().any(|one| *one >= after),
            });
        }
        for (after, count) in back[cohort].iter_mut().enumerate() {
            let counts = match ask.rule {
                ReturnRule::Exact => returns.contains(&after),
                ReturnRule::Unbounded => returns.iter().any(|one| *one >= after),
            };
            *count += u64::from(counts);
        }
    }
    check_means(seed, &found, &means, &firsts);
    if ask.breakdown.is_some() {
        let all: u64 = found.parts.iter().map(|part| part.people).sum();
        assert_eq!(all, people.iter().sum::<u64>(), "{seed}: the parts are all of it");
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
