//! Credits as sums count them: a goal has hundreds of touches, and few different ones.
//!
//! A page is that of some goals that follow each other in time, under one model; the pages of several models are written
//! together, so that a journey is looked up once.

use super::goal::JourneyKey;
use super::journeys::{BLOCK, Item, Journeys, Walk};
use crate::facts::{Day, Facts};
use crate::sessions::CELL_CODES;
use hashbrown::HashMap;
use science::attribution::{Model, credits};
use std::sync::Arc;

/// What touches of one kind got of one goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Place of the goal in the journeys.
    pub item: u32,
    /// The part of the value, in micros.
    pub micros: i64,
    /// The part of one goal, in millionths.
    pub share: i64,
    /// The touches; none on the line "No touch known".
    pub kind: Option<TouchKind>,
}

/// What touches are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TouchKind {
    /// Channel, source, medium, campaign, content, landing page, country and device.
    pub codes: [u32; CELL_CODES],
    /// Whether they came from nowhere else.
    pub direct: bool,
}

/// The shares of a block of goals.
#[derive(Debug, Default)]
pub(super) struct Page(Vec<Share>);

impl Page {
    fn weight(&self) -> usize {
        self.0.len() * size_of::<Share>()
    }
}

/// The shares of a goal under each model.
fn shares(facts: &Facts, walk: &Walk<'_>, models: &[&Model], pages: &mut [Vec<Share>]) {
    let (value, item) = (walk.item.value.unwrap_or(0), walk.place);
    if walk.touches.is_empty() {
        pages.iter_mut().for_each(|page| page.push(Share { item, micros: value, share: 1_000_000, kind: None }));
        return;
    }
    let (mut kinds, mut numbers) = (Vec::new(), HashMap::new());
    let of = walk.touches.iter().filter_map(|place| facts.sessions.touch(*place)).map(|touch| {
        let kind = TouchKind { codes: touch.codes, direct: touch.direct };
        *numbers.entry(kind).or_insert_with(|| {
            kinds.push(kind);
            kinds.len() - 1
        })
    });
    let of: Vec<usize> = of.collect();
    let journey = walk.journey(facts);
    for (model, page) in models.iter().zip(pages) {
        let first = page.len();
        page.extend(kinds.iter().map(|kind| Share { item, micros: 0, share: 0, kind: Some(*kind) }));
        for (credit, kind) in credits(model, &journey, value).iter().zip(&of) {
            let share = &mut page[first + kind];
            (share.micros, share.share) = (share.micros + credit.micros, share.share + credit.share);
        }
    }
}

impl Facts {
    /// Every share under models that conserve, of the goals that were reached from one day to another, goal by goal, with
    /// the place of the model. The micros of a goal sum to its value and the shares to one million.
    pub fn shares(
        &self,
        journeys: &Journeys,
        models: &[&Model],
        days: (Day, Day),
        take: &mut dyn FnMut(usize, &Item, &Share),
    ) {
        let within = journeys.within(days);
        if within.is_empty() {
            return;
        }
        for block in within.start / BLOCK..=(within.end - 1) / BLOCK {
            for (model, page) in self.share_pages(journeys, models, block).iter().enumerate() {
                for share in page.0.iter().filter(|share| within.contains(&(share.item as usize))) {
                    take(model, &journeys.items[share.item as usize], share);
                }
            }
        }
    }

    fn share_pages(&self, journeys: &Journeys, models: &[&Model], block: usize) -> Vec<Arc<Page>> {
        let name = |model: &Model| page_name(&journeys.key, journeys.items.len(), model, block);
        let known: Vec<Option<Arc<Page>>> =
            models.iter().map(|model| self.memo.shares.get(&name(model), &())).collect();
        let lacking: Vec<&Model> =
            models.iter().zip(&known).filter(|(_, page)| page.is_none()).map(|(model, _)| *model).collect();
        let mut pages: Vec<Vec<Share>> = lacking.iter().map(|_| Vec::new()).collect();
        if !lacking.is_empty() {
            for place in (block * BLOCK..journeys.items.len()).take(BLOCK) {
                journeys.walk(self, place, |walk| shares(self, &walk, &lacking, &mut pages));
            }
        }
        let mut written = lacking.into_iter().zip(pages).map(|(model, mut page)| {
            page.shrink_to_fit();
            let (name, page) = (name(model), Arc::new(Page(page)));
            let weight = page.weight() + name.len();
            self.memo.shares.put(name, (), page.clone(), weight);
            page
        });
        known.into_iter().map(|page| page.unwrap_or_else(|| written.next().unwrap_or_default())).collect()
    }
}

fn page_name(key: &JourneyKey, goals: usize, model: &Model, block: usize) -> String {
    format!("{key:?} {goals} {model:?} {block}")
}
