//! Answers put together from kept parts are the answers without them, whatever happened in between.

use super::oracles::{asked, trends};
use super::world::World;
use crate::explore_engine::{Kept, Reader};
use crate::explore_model::{Ask, Exploration};
use crate::facts::tests_world::Dice;
use lake::RewriteProgress;
use std::sync::Arc;

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
