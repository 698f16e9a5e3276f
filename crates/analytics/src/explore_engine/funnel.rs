//! Funnels: where people are lost on the way, how long the way takes, and who they are.

use super::plan::{self, micros, seconds};
use super::reader::Stretch;
use crate::explore_model::{Between, FunnelAnswer, FunnelPart, FunnelStep};
use crate::explore_model::{Cell, Exploration, FunnelAsk, Group, StepOrder, StepOutcome};
use kernel::problem::Problem;
use lake::sequences::funnel::{Funnel, FunnelFold, FunnelGroup, FunnelOrder, Listed, TOOK_LIMITS_US};
use std::collections::BTreeMap;

/// Fewest people on either side for a difference to be judged.
const JUDGED_MIN: u64 = 30;
/// Of a normal distribution, 95 of 100 lie no further from the middle than so many standard deviations.
const SPREAD: f64 = 1.96;

fn fold(ask: &FunnelAsk, humans_only: bool) -> Result<FunnelFold, Problem> {
    let (steps, exclusions) = plan::funnel(ask, humans_only)?;
    let order = match ask.order {
        StepOrder::Loose => FunnelOrder::Loose,
        StepOrder::Strict => FunnelOrder::Strict,
    };
    let fold = FunnelFold::with_exclusions(&steps, &exclusions, micros(ask.window_minutes)).ordered(order);
    Ok(match &ask.breakdown {
        Some(breakdown) => fold.by(breakdown.column.col()),
        None => fold,
    })
}

fn sum<'a>(groups: impl Iterator<Item = &'a FunnelGroup>) -> FunnelGroup {
    let mut all = FunnelGroup::default();
    for group in groups {
        all.add(group);
    }
    all
}

/// The parts that are shown: those with most people at the first step, of equals the first by name.
fn largest(groups: &BTreeMap<String, FunnelGroup>, top: usize) -> Vec<String> {
    let size = |group: &FunnelGroup| group.people.first().copied().unwrap_or(0);
    let mut all: Vec<(&String, u64)> = groups.iter().map(|(text, group)| (text, size(group))).collect();
    all.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
    all.into_iter().take(top).map(|(text, _)| text.clone()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^52")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The bin of the histogram in which the middle person is.
fn median(took: &[u64]) -> Option<Between> {
    let people: u64 = took.iter().sum();
    let mut so_far = 0;
    let bin = took.iter().position(|count| {
        so_far += count;
        people > 0 && so_far * 2 >= people
    })?;
    let limit = |bin: usize| TOOK_LIMITS_US.get(bin).map(|limit| seconds(*limit));
    Some(Between { from_seconds: bin.checked_sub(1).and_then(limit).unwrap_or(0), to_seconds: limit(bin) })
}

/// Whether the rates of two sets of people, each (came to the end, began), lie further apart than chance alone puts them:
/// the test of two proportions with a pooled variance.
#[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^52")]
fn differs(one: (u64, u64), other: (u64, u64)) -> Option<bool> {
    if one.1 < JUDGED_MIN || other.1 < JUDGED_MIN {
        return None;
    }
    let (a, b) = (one.1 as f64, other.1 as f64);
    let pooled = (one.0 + other.0) as f64 / (a + b);
    let deviation = (pooled * (1.0 - pooled) * (1.0 / a + 1.0 / b)).sqrt();
    Some(deviation > 0.0 && (one.0 as f64 / a - other.0 as f64 / b).abs() > SPREAD * deviation)
}

fn at(counts: &[u64], place: usize) -> u64 {
    counts.get(place).copied().unwrap_or(0)
}

fn ends(group: &FunnelGroup, steps: usize) -> (u64, u64) {
    (at(&group.people, steps - 1), at(&group.people, 0))
}

#[expect(clippy::cast_precision_loss, reason = "a mean of times, rounded to be read")]
fn part(
    steps: usize,
    group: Option<Group>,
    found: &FunnelGroup,
    before: Option<&FunnelGroup>,
    all: Option<&FunnelGroup>,
) -> FunnelPart {
    let people = |step: usize| at(&found.people, step);
    let step = |step: usize| {
        let took = found.took.get(step).filter(|_| step > 0);
        let sum = found.took_us.get(step).filter(|_| step > 0 && people(step) > 0);
        FunnelStep {
            people: people(step),
            previous_people: before.map(|before| at(&before.people, step)),
            of_first: share(people(step), people(0)),
            of_before: if step == 0 { share(people(0), people(0)) } else { share(people(step), people(step - 1)) },
            dropped: (step + 1 < steps).then(|| people(step) - people(step + 1)),
            took_mean_seconds: sum.map(|sum| *sum as f64 / people(step) as f64 / 1e6),
            took_median: took.and_then(|took| median(took)),
            took: took.map(|took| took.to_vec()).unwrap_or_default(),
        }
    };
    let own = ends(found, steps);
    let differs = all.and_then(|all| {
        let all = ends(all, steps);
        differs(own, (all.0 - own.0, all.1 - own.1))
    });
    FunnelPart { group, steps: (0..steps).map(step).collect(), differs }
}

/// Answers.
pub(super) async fn answer(
    now: &Stretch<'_>,
    before: Option<&Stretch<'_>>,
    asked: &Exploration,
    ask: &FunnelAsk,
) -> Result<FunnelAnswer, Problem> {
    let fold = fold(ask, asked.humans_only)?;
    let found = now.fold_kept(fold.clone()).await?;
    let found = &found.found;
    let before = match before {
        Some(stretch) => Some(stretch.fold_kept(fold).await?),
        None => None,
    };
    let steps = ask.steps.len();
    let all = sum(found.groups.values());
    let before = before.as_ref().map(|before| &before.found);
    let all_before = before.map(|before| sum(before.groups.values()));
    let mut parts = vec![part(steps, None, &all, all_before.as_ref(), None)];
    if let Some(breakdown) = &ask.breakdown {
        let top = largest(&found.groups, breakdown.top);
        let none = FunnelGroup::default();
        for text in &top {
            let group = found.groups.get(text).unwrap_or(&none);
            let before = before.map(|before| before.groups.get(text).unwrap_or(&none));
            parts.push(part(steps, Some(Group::Value(text.clone())), group, before, Some(&all)));
        }
        if found.groups.len() > top.len() {
            let rest = |funnel: &Funnel| {
                let rest = funnel.groups.iter().filter(|(text, _)| !top.contains(text));
                sum(rest.map(|(_, group)| group))
            };
            let before = before.map(rest);
            parts.push(part(steps, Some(Group::Other), &rest(found), before.as_ref(), Some(&all)));
        }
    }
    let groups = if ask.breakdown.is_some() { found.groups.len() } else { 0 };
    let took_limits_seconds = TOOK_LIMITS_US.iter().map(|limit| seconds(*limit)).collect();
    Ok(FunnelAnswer { parts, groups, took_limits_seconds })
}

/// Who is behind a step.
pub(super) async fn people(
    stretch: &Stretch<'_>,
    asked: &Exploration,
    ask: &FunnelAsk,
    cell: &Cell,
    shown: &FunnelAnswer,
) -> Result<Vec<u64>, Problem> {
    let Cell::Funnel { step, outcome, group } = cell else { return Ok(Vec::new()) };
    let stopped = *outcome == StepOutcome::Dropped;
    if *step >= ask.steps.len() || (stopped && *step + 1 == ask.steps.len()) {
        return Err(Problem::invalid("cell.step", "There is no such number in the answer; steps are counted from 0."));
    }
    if group.is_some() && !shown.parts.iter().any(|part| part.group == *group) {
        return Err(Problem::invalid("cell.group", "There is no such part in the answer."));
    }
    let one = match group {
        Some(Group::Value(text)) => Some(text.clone()),
        _ => None,
    };
    let mut fold = fold(ask, asked.humans_only)?;
    if *group == Some(Group::Other) {
        let top = shown.parts.iter().filter_map(|part| match &part.group {
            Some(Group::Value(text)) => Some(text.clone()),
            _ => None,
        });
        fold = fold.outside(&top.collect::<Vec<_>>());
    }
    let fold = fold.listing(Listed { steps: step + 1, stopped, group: one, people_max: usize::MAX });
    Ok(stretch.fold(fold).await?.people)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_bin_of_the_middle_person() {
        let between = |took: &[u64]| median(took).map(|found| (found.from_seconds, found.to_seconds));
        assert_eq!(between(&[0; 9]), None);
        assert_eq!(between(&[3, 0, 0, 0, 0, 0, 0, 0, 0]), Some((0, Some(60))));
        assert_eq!(between(&[1, 1, 3, 0, 0, 0, 0, 0, 0]), Some((3_600, Some(86_400))));
        assert_eq!(between(&[0, 0, 0, 0, 0, 0, 0, 0, 2]), Some((90 * 86_400, None)));
    }

    /// AN, funnels: "significance of a breakdown difference".
    #[test]
    fn a_difference_is_told_from_chance() {
        assert_eq!(differs((9, 29), (500, 1_000)), None, "too few people");
        assert_eq!(differs((50, 100), (500, 1_000)), Some(false));
        assert_eq!(differs((59, 100), (500, 1_000)), Some(false), "1.72 deviations");
        assert_eq!(differs((61, 100), (500, 1_000)), Some(true), "2.10 deviations");
        assert_eq!(differs((100, 100), (1_000, 1_000)), Some(false), "nobody is lost anywhere");
    }
}
