//! Paths: what people do after their first event of a kind, or before their last.
//!
//! **Invariant:** who stands at a stop goes on to exactly one stop of the next step, or ends: the links out of a stop sum
//! to it.

use super::plan::{self, micros};
use super::reader::Stretch;
use crate::explore_model::{Cell, Exploration, PathDirection, PathNode, PathsAsk, Stop};
use crate::explore_model::{PathLink, PathStopCount, PathsAnswer};
use kernel::problem::Problem;
use lake::Col;
use lake::sequences::walks::{self, Listed, WalkFold, Walks, Way};
use std::collections::BTreeMap;

fn fold(ask: &PathsAsk, humans_only: bool) -> Result<WalkFold, Problem> {
    let [anchor, stop] = plan::paths(ask, humans_only)?;
    let node = match ask.node {
        PathNode::Name => Col::Name,
        PathNode::Path => Col::Path,
        PathNode::Channel => Col::Channel,
    };
    let way = match ask.direction {
        PathDirection::After => Way::After,
        PathDirection::Before => Way::Before,
    };
    let fold = WalkFold::new(&anchor, &stop, node, way, ask.steps);
    let fold = if ask.collapse { fold.collapsed() } else { fold };
    Ok(match ask.window_minutes {
        Some(minutes) => fold.within(micros(minutes)),
        None => fold,
    })
}

/// The largest stops of each step, of equals the first by name.
fn largest(found: &Walks, top: usize) -> Vec<Vec<String>> {
    let step = |links: &mut dyn Iterator<Item = (walks::Stop<'_>, walks::Stop<'_>, u64)>| {
        let mut texts: BTreeMap<String, u64> = BTreeMap::new();
        for (_, to, people) in links {
            if let walks::Stop::At(text) = to {
                match texts.get_mut(text) {
                    Some(known) => *known += people,
                    None => _ = texts.insert(text.to_owned(), people),
                }
            }
        }
        let mut all: Vec<(String, u64)> = texts.into_iter().collect();
        all.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        all.into_iter().take(top).map(|(text, _)| text).collect()
    };
    found.links().map(|mut links| step(&mut links)).collect()
}

/// The place of a stop: among those shown, after them "other", and after that the end.
fn place(shown: &[String], stop: walks::Stop<'_>) -> usize {
    match stop {
        walks::Stop::Anchor => 0,
        walks::Stop::At(text) => shown.iter().position(|one| one == text).unwrap_or(shown.len()),
        walks::Stop::Other => shown.len(),
        walks::Stop::End => shown.len() + 1,
    }
}

/// What the anchor is called.
fn anchor(ask: &PathsAsk) -> Stop {
    Stop::Value(ask.anchor.name.clone().unwrap_or_default())
}

/// Answers.
pub(super) async fn answer(stretch: &Stretch<'_>, asked: &Exploration, ask: &PathsAsk) -> Result<PathsAnswer, Problem> {
    let fold = fold(ask, asked.humans_only)?;
    if let Some(found) = stretch.fold_if_small(fold.clone()).await? {
        return Ok(answered(ask, &found.found, &largest(&found.found, ask.top)));
    }
    // So many pairs that they are counted once it is known which of them are shown, of the same events.
    let moment = stretch.moment();
    let shown = largest(&stretch.fold_of(&moment, fold.clone().stops()).await?, ask.top);
    Ok(answered(ask, &stretch.fold_of(&moment, fold.showing(&shown)).await?, &shown))
}

fn answered(ask: &PathsAsk, found: &Walks, shown: &[Vec<String>]) -> PathsAnswer {
    let mut steps = vec![vec![PathStopCount { stop: anchor(ask), people: found.people }]];
    // Places without anybody are left out; where the others are then.
    let mut moved: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::from([(0, 0)])];
    let mut links = Vec::new();
    let none: Vec<String> = Vec::new();
    let mut before = &none;
    for (step, (pairs, texts)) in found.links().zip(shown).enumerate() {
        let mut counts: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        let mut people = vec![0; texts.len() + 2];
        for (from, to, count) in pairs {
            let (from, to) = (place(before, from), place(texts, to));
            *counts.entry((from, to)).or_default() += count;
            people[to] += count;
        }
        let stops = texts.iter().cloned().map(Stop::Value).chain([Stop::Other, Stop::End]);
        let held: Vec<(usize, PathStopCount)> = stops
            .zip(people)
            .enumerate()
            .filter(|(_, (_, people))| *people > 0)
            .map(|(place, (stop, people))| (place, PathStopCount { stop, people }))
            .collect();
        moved.push(held.iter().enumerate().map(|(new, (old, _))| (*old, new)).collect());
        steps.push(held.into_iter().map(|(_, stop)| stop).collect());
        for ((from, to), people) in counts {
            if let (Some(from), Some(to)) = (moved[step].get(&from), moved[step + 1].get(&to)) {
                links.push(PathLink { step, from: *from, to: *to, people });
            }
        }
        before = texts;
    }
    PathsAnswer { steps, links }
}

/// Who is behind a stop.
pub(super) async fn people(
    stretch: &Stretch<'_>,
    asked: &Exploration,
    ask: &PathsAsk,
    cell: &Cell,
    shown: &PathsAnswer,
) -> Result<Vec<u64>, Problem> {
    let Cell::Paths { step, stop } = cell else { return Ok(Vec::new()) };
    let Some(stops) = shown.steps.get(*step) else {
        return Err(Problem::invalid("cell.step", "There is no such step in the answer; the anchor is step 0."));
    };
    if stop.as_ref().is_some_and(|stop| !stops.iter().any(|one| one.stop == *stop)) {
        return Err(Problem::invalid("cell.stop", "There is no such stop at this step of the answer."));
    }
    let texts = |stops: &Vec<PathStopCount>| {
        let text = |one: &PathStopCount| match &one.stop {
            Stop::Value(text) => Some(text.clone()),
            Stop::Other | Stop::End => None,
        };
        stops.iter().filter_map(text).collect::<Vec<String>>()
    };
    let listed = match stop.as_ref().filter(|_| *step > 0) {
        None => Listed::Anyhow(*step),
        Some(Stop::Value(text)) => Listed::At(*step, text.clone()),
        Some(Stop::Other) => Listed::Outside(*step, texts(stops)),
        Some(Stop::End) => Listed::Ended(*step),
    };
    Ok(stretch.fold(fold(ask, asked.humans_only)?.stops().listing(&listed)).await?.listed)
}
