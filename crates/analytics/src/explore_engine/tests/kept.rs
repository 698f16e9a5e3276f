//! Answers put together from kept parts are the answers without them, whatever happened in between.

use super::oracles::{asked, funnel, paths, retention, trends};
use super::world::{CHANNELS, DAYS, NAMES, START, World};
use crate::explore_engine::{Kept, Reader};
use crate::explore_model::{
    Ask, EventChoice, Exploration, FunnelAsk, Granularity, Match, PathDirection, PathNode, PathsAsk, Segment,
    SegmentCondition, StepOrder, TrendMeasure, TrendsAsk,
};
use crate::facts::tests_world::Dice;
use crate::metrics::{Compare, DateRange};
use jiff::civil::Date;
use kernel::time::{DAY, Timestamp};
use lake::folds::predicates::{Predicate, Test};
use lake::{AgentClass, Col, Columns, Derivation, Derive, DeriveRow, KnownAt, Lake, RewriteProgress, Verdict};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Whether what is kept changes nothing; some questions are too much, which both say.
async fn check(seed: u64, reader: &Reader, asked: &Exploration) {
    let forgetful = Reader { kept: None, ..reader.clone() };
    let (found, expected) = (reader.answer(asked).await, forgetful.answer(asked).await);
    let found = found.map(|answer| (answer.found, answer.segment_people)).map_err(|problem| problem.field);
    let expected = expected.map(|answer| (answer.found, answer.segment_people)).map_err(|problem| problem.field);
    assert_eq!(found, expected, "{seed}: {asked:?}");
}

/// Some people are one: pairs, chains and rings.
fn merges(dice: &mut Dice) -> Arc<HashMap<u64, u64>> {
    Arc::new((0..dice.below(5)).map(|_| (1 + dice.below(14), 1 + dice.below(14))).collect())
}

/// Files are written again: without somebody, without what is old, by other rules, or with properties as columns.
async fn rewrite(lake: &Lake, dice: &mut Dice) {
    let progress = RewriteProgress::default();
    match dice.below(4) {
        0 => _ = lake.erase(&[1 + dice.below(14)], &progress).await.unwrap(),
        1 => {
            let before = START + i64::try_from(dice.below(20)).unwrap() * DAY;
            _ = lake.drop_before(before, &progress).await.unwrap();
        }
        2 => {
            let rules = Rules(dice.of(&CHANNELS), dice.of(&[AgentClass::Human, AgentClass::Bot]));
            _ = lake.rederive(Box::new(rules), &progress).await.unwrap();
        }
        _ => {
            lake.promote(vec![dice.of(&["plan", "seats"]).to_owned()]);
            _ = lake.write_promoted(&progress).await.unwrap();
        }
    }
}

/// New rules: another channel for one page, and another who caused its events.
struct Rules(&'static str, AgentClass);

impl Derive for Rules {
    fn columns(&self) -> Columns {
        Columns::of(&[Col::Path])
    }

    fn derive(&mut self, row: &DeriveRow<'_>) -> Verdict {
        let is_same = row.text(Col::Channel) == self.0 && row.agent_class() == self.1;
        if row.text(Col::Path) != "/docs" || is_same {
            return Verdict::Same;
        }
        Verdict::New(Derivation { channel: self.0.to_owned(), agent_class: self.1, ..Derivation::default() })
    }
}

/// Late events, seals, merges, separations and files written again between questions whose dates move.
#[tokio::test]
async fn a_kept_part_changes_no_answer() {
    let mut with_parts = 0;
    for seed in 0..30 {
        let mut world = World::random(seed).await;
        let mut dice = Dice::new(seed + 9_000);
        let kept = Arc::new(Kept::new(1 << 20));
        world.reader.kept = Some((Arc::clone(&kept), "w".to_owned()));
        let asks: Vec<_> = (0..3).map(|_| trends(&mut dice)).collect();
        for _ in 0..12 {
            match dice.below(6) {
                0 => world.more(&mut dice, DAYS).await,
                1 => world.reader.lake.seal().await.unwrap(),
                2 => world.reader.lake.set_merges(merges(&mut dice)),
                3 if dice.below(3) == 0 => rewrite(&world.reader.lake, &mut dice).await,
                _ => {}
            }
            let ask = Ask::Trends(asks[usize::try_from(dice.below(3)).unwrap()].clone());
            check(seed, &world.reader, &Exploration { segment: None, ..asked(&mut dice, ask) }).await;
        }
        with_parts += u32::from(kept.bytes() > 0);
    }
    assert!(with_parts > 20, "{with_parts} worlds kept something");
}

/// Late, later and repeated events, seals, merges, separations, files written again, dates that move, conditions on companies
/// and moments of before, between questions of every kind that come again and again, of two owners.
#[tokio::test]
async fn a_renewed_answer_is_the_answer_folded_anew() {
    let mut renewed = 0;
    for seed in 0..20 {
        let mut dice = Dice::new(seed + 11_000);
        let kept = Arc::new(Kept::new(1 << 20));
        let mut worlds = [World::random(seed).await, World::random(seed + 500).await];
        for (world, owner) in worlds.iter_mut().zip(["w", "x"]) {
            world.reader.kept = Some((Arc::clone(&kept), owner.to_owned()));
        }
        let asks = [
            Ask::Funnel(funnel(&mut dice)),
            Ask::Funnel(funnel(&mut dice)),
            Ask::Retention(retention(&mut dice)),
            Ask::Retention(retention(&mut dice)),
            Ask::Paths(paths(&mut dice)),
            Ask::Paths(paths(&mut dice)),
        ];
        let mut asked: Vec<Exploration> = asks.into_iter().map(|ask| asked(&mut dice, ask)).collect();
        for _ in 0..40 {
            // Most happens to the first one.
            let world = &mut worlds[usize::from(dice.below(5) == 0)];
            change(world, &mut dice, &mut asked).await;
            for _ in 0..2 {
                check(seed, &world.reader, &asked[usize::try_from(dice.below(6)).unwrap()]).await;
            }
        }
        renewed += kept.renewed.load(Ordering::Relaxed);
    }
    assert!(renewed > 700, "{renewed} answers were renewed");
}

/// Something that happens between two questions.
async fn change(world: &mut World, dice: &mut Dice, asked: &mut [Exploration]) {
    let lake = world.reader.lake.clone();
    match dice.below(16) {
        0..4 => world.more(dice, DAYS).await,
        4 | 5 => world.more(dice, DAYS.end..DAYS.end + 60).await,
        6 => world.again(dice).await,
        7 => lake.seal().await.unwrap(),
        8 | 9 => lake.set_merges(merges(dice)),
        10 | 11 => move_dates(&mut asked[usize::try_from(dice.below(6)).unwrap()].range, dice),
        12 => {
            let at = Timestamp::from_micros(START + i64::try_from(dice.below(45)).unwrap() * DAY);
            world.reader.known = (dice.below(5) == 0).then(|| KnownAt::new(at, merges(dice)));
            let people = Arc::new((0..dice.below(9)).map(|_| 1 + dice.below(14)).collect());
            let test = Test { predicate: Predicate::Among(people), holds: dice.below(2) == 0 };
            world.reader.companies = (dice.below(5) == 0).then_some(test).into_iter().collect();
        }
        13 if dice.below(3) == 0 => rewrite(&lake, dice).await,
        _ => {}
    }
}

/// Mostly to tomorrow, or later than any event.
fn move_dates(range: &mut DateRange, dice: &mut Dice) {
    let later = |date: Date, days: i64| date.checked_add(jiff::Span::new().days(days)).unwrap();
    match dice.below(6) {
        0 => range.from = later(range.from, dice.of(&[-1, 1])),
        1 => range.to = later(range.to, dice.of(&[-5, -1])),
        _ => range.to = later(range.to, dice.of(&[1, 30])),
    }
}

fn named(name: &str) -> EventChoice {
    EventChoice { name: Some(name.to_owned()), ..EventChoice::default() }
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// A funnel and the paths of everything that happened from 5 March on.
fn questions(to: &str, segment: Option<&Segment>) -> [Exploration; 2] {
    let funnel = FunnelAsk {
        steps: ["a", "b", "c"].map(named).to_vec(),
        order: StepOrder::Loose,
        exclusions: Vec::new(),
        window_minutes: 600,
        breakdown: None,
    };
    let paths = PathsAsk {
        anchor: named("a"),
        direction: PathDirection::After,
        steps: 3,
        node: PathNode::Name,
        top: 3,
        without: Vec::new(),
        collapse: false,
        window_minutes: None,
    };
    let range = DateRange { from: date("2026-03-05"), to: date(to) };
    let (compare, segment) = (Compare::None, segment.cloned());
    [Ask::Funnel(funnel), Ask::Paths(paths)].map(|ask| {
        let segment = segment.clone();
        Exploration { range, compare, humans_only: false, segment, as_of: None, ask }
    })
}

/// "This year" while the days go by: events come in on both sides of where it ended.
#[tokio::test]
async fn a_range_that_ends_later_is_renewed() {
    let conditions = vec![SegmentCondition { did: true, event: named("a"), times: 1 }];
    let segment = Segment { all: Match::All, conditions, companies: Vec::new() };
    for segment in [None, Some(&segment)] {
        let mut world = World::random(8).await;
        let kept = Arc::new(Kept::new(1 << 20));
        world.reader.kept = Some((Arc::clone(&kept), "w".to_owned()));
        let mut before = Vec::new();
        for asked in questions("2026-05-01", segment) {
            before.push(world.reader.answer(&asked).await.unwrap().found);
        }
        assert_eq!(kept.renewed.load(Ordering::Relaxed), 0);
        // Two who came before and two who are new, on 21 April and on 3 May.
        for (person, day) in [(1, 50), (31, 50), (2, 62), (32, 62)] {
            world.does(person, day, &["a", "b", "c"]).await;
        }
        // The same dates, then until after the new events, and the old dates again.
        for (turn, to) in ["2026-05-01", "2026-05-10", "2026-05-01"].into_iter().enumerate() {
            for (place, asked) in questions(to, segment).iter().enumerate() {
                check(8, &world.reader, asked).await;
                assert_eq!(kept.renewed.load(Ordering::Relaxed), 2 * turn + place + 1, "{asked:?}");
                assert_ne!(world.reader.clone().answer(asked).await.unwrap().found, before[place]);
                kept.renewed.fetch_sub(1, Ordering::Relaxed);
            }
        }
        // Events are after this end, and were not looked at apart.
        for asked in questions("2026-04-28", segment) {
            check(8, &world.reader, &asked).await;
        }
        assert_eq!(kept.renewed.load(Ordering::Relaxed), 6);
    }
}

/// Two questions that end before the last event do not drive each other out, nor does the same question of somebody else.
#[tokio::test]
async fn questions_that_end_differently_are_kept_beside_each_other() {
    let mut worlds = [World::random(8).await, World::random(9).await];
    let kept = Arc::new(Kept::new(1 << 20));
    for (world, owner) in worlds.iter_mut().zip(["w", "x"]) {
        world.reader.kept = Some((Arc::clone(&kept), owner.to_owned()));
    }
    for turn in 0..3 {
        for to in ["2026-03-20", "2026-03-25"] {
            for world in &worlds {
                for asked in questions(to, None) {
                    check(8, &world.reader, &asked).await;
                }
            }
        }
        assert_eq!(kept.renewed.load(Ordering::Relaxed), 8 * turn);
    }
}

/// What is kept holds the map of merges it was found under in memory: all of them count.
#[tokio::test]
async fn maps_of_merges_are_part_of_what_is_kept() {
    for is_trend in [false, true] {
        let mut world = World::random(8).await;
        world.reader.lake.seal().await.unwrap();
        let kept = Arc::new(Kept::new(2 << 20));
        world.reader.kept = Some((Arc::clone(&kept), "w".to_owned()));
        let mut maps = Vec::new();
        for (turn, name) in NAMES.iter().chain(&NAMES).enumerate() {
            // More than half a megabyte, of people who did nothing.
            let one_more = u64::try_from(turn).unwrap();
            let map: HashMap<u64, u64> = (0..20_000).map(|person| (1_000 + person, 500 + one_more)).collect();
            let map = Arc::new(map);
            maps.push(Arc::downgrade(&map));
            world.reader.lake.set_merges(map);
            let [mut asked, _] = questions("2026-04-20", None);
            let window_minutes = 600 + u32::try_from(turn).unwrap();
            asked.ask = match (asked.ask, is_trend) {
                (Ask::Funnel(ask), false) => Ask::Funnel(FunnelAsk { window_minutes, ..ask }),
                _ => Ask::Trends(TrendsAsk {
                    series: vec![named(name)],
                    measure: if turn < NAMES.len() { TrendMeasure::People } else { TrendMeasure::Events },
                    property: None,
                    granularity: Granularity::Day,
                    breakdown: None,
                }),
            };
            check(8, &world.reader, &asked).await;
            let held = maps.iter().filter(|map| map.strong_count() > 0).count();
            assert!((1..=3).contains(&held), "{held} maps in 2 MB");
            assert!(kept.bytes() > 0, "what was found last is kept");
        }
    }
}
