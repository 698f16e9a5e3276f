//! Answers put together from kept parts are the answers without them, whatever happened in between.

use super::oracles::{asked, funnel, paths, retention, trends};
use super::world::{CHANNELS, World};
use crate::explore_engine::{Kept, Reader};
use crate::explore_model::{Ask, Exploration};
use crate::facts::tests_world::Dice;
use lake::{Col, Columns, Derivation, Derive, DeriveRow, RewriteProgress, Verdict};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The same reader with nothing kept.
fn forgetful(reader: &Reader) -> Reader {
    Reader {
        lake: reader.lake.clone(),
        zone: reader.zone.clone(),
        currency: reader.currency,
        now: reader.now,
        session_timeout_us: reader.session_timeout_us,
        companies: Vec::new(),
        known: None,
        kept: None,
    }
}

/// Late events, seals, merges, separations and erasures between questions whose dates move.
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
                0 => world.more(&mut dice).await,
                1 => world.reader.lake.seal().await.unwrap(),
                2 => {
                    let merges = (0..dice.below(3)).map(|_| (1 + dice.below(4), 8 + dice.below(6))).collect();
                    world.reader.lake.set_merges(Arc::new(merges));
                }
                3 if dice.below(3) == 0 => {
                    let person = 1 + dice.below(14);
                    let _ = world.reader.lake.erase(&[person], &RewriteProgress::default()).await.unwrap();
                }
                _ => {}
            }
            let ask = Ask::Trends(asks[usize::try_from(dice.below(3)).unwrap()].clone());
            let asked = Exploration { segment: None, ..asked(&mut dice, ask) };
            let (found, expected) = (world.reader.answer(&asked).await, forgetful(&world.reader).answer(&asked).await);
            // A range can have too many hours: both say so.
            let found = found.map(|answer| answer.found).map_err(|problem| problem.field);
            let expected = expected.map(|answer| answer.found).map_err(|problem| problem.field);
            assert_eq!(found, expected, "{seed}: {asked:?}");
        }
        with_parts += u32::from(kept.bytes() > 0);
    }
    assert!(with_parts > 20, "{with_parts} worlds kept something");
}

/// New rules: another channel for one page.
struct Rules(usize);

impl Derive for Rules {
    fn columns(&self) -> Columns {
        Columns::of(&[Col::Path])
    }

    fn derive(&mut self, row: &DeriveRow<'_>) -> Verdict {
        if row.text(Col::Path) != "/docs" {
            return Verdict::Same;
        }
        let channel = CHANNELS[1 + self.0].to_owned();
        Verdict::New(Derivation { channel, agent_class: row.agent_class(), ..Derivation::default() })
    }
}

/// Late and repeated events, seals, merges, separations, erasures, re-derivations and dates that move, between questions of
/// every kind that come again and again.
#[tokio::test]
async fn a_renewed_answer_is_the_answer_folded_anew() {
    let mut renewed = 0;
    for seed in 0..40 {
        let mut world = World::random(seed).await;
        let mut dice = Dice::new(seed + 11_000);
        let kept = Arc::new(Kept::new(1 << 20));
        world.reader.kept = Some((Arc::clone(&kept), "w".to_owned()));
        let asks = [
            Ask::Funnel(funnel(&mut dice)),
            Ask::Funnel(funnel(&mut dice)),
            Ask::Retention(retention(&mut dice)),
            Ask::Retention(retention(&mut dice)),
            Ask::Paths(paths(&mut dice)),
            Ask::Paths(paths(&mut dice)),
        ];
        let mut asked: Vec<Exploration> = asks.into_iter().map(|ask| asked(&mut dice, ask)).collect();
        for _ in 0..25 {
            change(&mut world, &mut dice, &mut asked).await;
            for _ in 0..2 {
                let asked = &asked[usize::try_from(dice.below(6)).unwrap()];
                let found = world.reader.answer(asked).await.map(|answer| (answer.found, answer.segment_people));
                let expected = forgetful(&world.reader).answer(asked).await;
                let expected = expected.map(|answer| (answer.found, answer.segment_people));
                // A range can have too many periods: both say so.
                let (found, expected) = (found.map_err(|one| one.field), expected.map_err(|one| one.field));
                assert_eq!(found, expected, "{seed}: {asked:?}");
            }
        }
        renewed += kept.renewed.load(Ordering::Relaxed);
    }
    assert!(renewed > 400, "{renewed} answers were renewed");
}

/// Something that happens between two questions.
async fn change(world: &mut World, dice: &mut Dice, asked: &mut [Exploration]) {
    let lake = world.reader.lake.clone();
    match dice.below(12) {
        0..4 => world.more(dice).await,
        4 => world.again(dice).await,
        5 => lake.seal().await.unwrap(),
        6 | 7 => {
            let merges = (0..dice.below(4)).map(|_| (1 + dice.below(5), 8 + dice.below(6))).collect();
            lake.set_merges(Arc::new(merges));
        }
        8 if dice.below(4) == 0 => {
            _ = lake.erase(&[1 + dice.below(14)], &RewriteProgress::default()).await.unwrap();
        }
        9 if dice.below(4) == 0 => {
            _ = lake.rederive(Box::new(Rules(dice.of(&[0, 1, 2]))), &RewriteProgress::default()).await.unwrap();
        }
        10 => {
            // Tomorrow, and later than any event.
            let one = &mut asked[usize::try_from(dice.below(6)).unwrap()];
            one.range.to = one.range.to.checked_add(jiff::Span::new().days(dice.of(&[1, 30]))).unwrap();
        }
        _ => {}
    }
}
