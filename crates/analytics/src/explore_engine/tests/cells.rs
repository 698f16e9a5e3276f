//! The people behind a number are as many as the number says, for every number of every answer.

use super::oracles::{asked, funnel, paths, retention, trends};
use super::world::World;
use crate::explore_model::{Ask, Cell, Exploration, Found, StepOutcome, TrendMeasure, TrendsAsk};
use crate::facts::tests_world::Dice;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tests: counts of people")]
fn whole(figure: Option<&crate::metrics::Figure>) -> u64 {
    figure.map_or(0, |figure| figure.number() as u64)
}

/// Every cell of an answer that counts people, with its number.
fn cells(found: &Found) -> Vec<(Cell, u64)> {
    let mut all = Vec::new();
    match found {
        Found::Trends(found) => {
            for line in &found.lines {
                let cell = |period| Cell::Trends { series: line.series, period, group: line.group.clone() };
                all.push((cell(None), whole(line.total.as_ref())));
                let values = line.values.iter().enumerate().filter(|(place, value)| value.is_some() && place % 7 == 0);
                all.extend(values.map(|(place, value)| (cell(Some(place)), whole(value.as_ref()))));
            }
        }
        Found::Funnel(found) => {
            for part in &found.parts {
                for (step, shown) in part.steps.iter().enumerate() {
                    let cell = |outcome| Cell::Funnel { step, outcome, group: part.group.clone() };
                    all.push((cell(StepOutcome::Reached), shown.people));
                    all.extend(shown.dropped.map(|dropped| (cell(StepOutcome::Dropped), dropped)));
                }
            }
        }
        Found::Retention(found) => {
            for (cohort, shown) in found.cohorts.iter().enumerate().filter(|(_, shown)| shown.people > 0) {
                let of = |after, bracket| Cell::Retention { cohort: Some(cohort), after, bracket, group: None };
                all.push((of(None, None), shown.people));
                let back = shown.back.iter().enumerate();
                all.extend(back.filter_map(|(after, back)| Some((of(Some(after), None), (*back)?))));
                let back = shown.brackets.iter().enumerate();
                all.extend(back.filter_map(|(bracket, back)| Some((of(None, Some(bracket)), (*back)?))));
            }
            let mean = |after, bracket, group| Cell::Retention { cohort: None, after, bracket, group };
            let means = found.mean.iter().enumerate();
            all.extend(means.map(|(after, shown)| (mean(Some(after), None, None), shown.back)));
            let brackets = found.brackets.iter().enumerate();
            all.extend(brackets.map(|(bracket, shown)| (mean(None, Some(bracket), None), shown.mean.back)));
            for part in &found.parts {
                let group = || Some(part.group.clone());
                all.push((mean(None, None, group()), part.people));
                let means = part.mean.iter().enumerate().filter(|(after, _)| after % 5 == 1);
                all.extend(means.map(|(after, shown)| (mean(Some(after), None, group()), shown.back)));
                let brackets = part.brackets.iter().enumerate();
                all.extend(brackets.map(|(bracket, shown)| (mean(None, Some(bracket), group()), shown.back)));
            }
        }
        Found::Paths(found) => {
            for (step, stops) in found.steps.iter().enumerate() {
                all.push((Cell::Paths { step, stop: None }, stops.iter().map(|one| one.people).sum()));
                all.extend(stops.iter().map(|one| (Cell::Paths { step, stop: Some(one.stop.clone()) }, one.people)));
            }
        }
    }
    all
}

/// AN, funnels: "drop-off user list"; AN, segments and user explorer: "one click from any cell to people".
#[tokio::test]
async fn the_people_behind_a_cell_are_as_many_as_it_says() {
    let mut checked = 0;
    for seed in 0..6 {
        let world = World::random(seed).await;
        let mut dice = Dice::new(seed + 5_000);
        let asks = [
            Ask::Trends(TrendsAsk { measure: TrendMeasure::People, property: None, ..trends(&mut dice) }),
            Ask::Funnel(funnel(&mut dice)),
            Ask::Retention(retention(&mut dice)),
            Ask::Paths(paths(&mut dice)),
        ];
        for ask in asks {
            let asked: Exploration = asked(&mut dice, ask);
            let answer = world.reader.answer(&asked).await.unwrap();
            for (cell, number) in cells(&answer.found) {
                let mut people = world.reader.people(&asked, &cell, &answer.found).await.unwrap();
                people.sort_unstable();
                let listed = people.len() as u64;
                people.dedup();
                assert_eq!((people.len() as u64, listed), (number, number), "{seed}: {cell:?} of {asked:?}");
                checked += 1;
            }
        }
    }
    assert!(checked > 300, "{checked} cells");
}

#[tokio::test]
async fn a_cell_that_is_not_there_is_refused_by_name() {
    let world = World::random(3).await;
    let mut dice = Dice::new(77);
    let other = Some(crate::explore_model::Group::Value("nowhere".to_owned()));
    let end = Some(crate::explore_model::Stop::Value("nowhere".to_owned()));
    let returned = |cohort, after, bracket| Cell::Retention { cohort, after, bracket, group: None };
    let cases = [
        (Ask::Trends(trends(&mut dice)), Cell::Trends { series: 9, period: None, group: None }, "cell.series"),
        (Ask::Trends(trends(&mut dice)), Cell::Trends { series: 0, period: Some(5_000), group: None }, "cell.period"),
        (Ask::Trends(trends(&mut dice)), Cell::Trends { series: 0, period: None, group: other.clone() }, "cell.group"),
        (
            Ask::Funnel(funnel(&mut dice)),
            Cell::Funnel { step: 3, outcome: StepOutcome::Reached, group: None },
            "cell.step",
        ),
        (
            Ask::Funnel(funnel(&mut dice)),
            Cell::Funnel { step: 2, outcome: StepOutcome::Dropped, group: None },
            "cell.step",
        ),
        (
            Ask::Funnel(funnel(&mut dice)),
            Cell::Funnel { step: 0, outcome: StepOutcome::Reached, group: other },
            "cell.group",
        ),
        (Ask::Retention(retention(&mut dice)), returned(Some(400), None, None), "cell.cohort"),
        (Ask::Retention(retention(&mut dice)), returned(Some(0), Some(400), None), "cell.after"),
        (Ask::Retention(retention(&mut dice)), returned(None, None, Some(40)), "cell.bracket"),
        (Ask::Paths(paths(&mut dice)), Cell::Paths { step: 7, stop: None }, "cell.step"),
        (Ask::Paths(paths(&mut dice)), Cell::Paths { step: 1, stop: end }, "cell.stop"),
    ];
    for (ask, cell, field) in cases {
        let asked = asked(&mut dice, ask);
        let answer = world.reader.answer(&asked).await.unwrap();
        let refused = world.reader.people(&asked, &cell, &answer.found).await.unwrap_err();
        assert_eq!((refused.status(), refused.field.as_deref()), (422, Some(field)), "{cell:?}");
    }
}

/// A measure of sessions and its people: as many as the sessions are divided by.
#[tokio::test]
async fn the_people_of_sessions_are_those_they_are_divided_by() {
    for seed in 0..6 {
        let world = World::random(seed).await;
        let mut dice = Dice::new(seed + 6_000);
        let ask = TrendsAsk { measure: TrendMeasure::Sessions, property: None, ..trends(&mut dice) };
        let asked: Exploration = asked(&mut dice, Ask::Trends(ask.clone()));
        let per = TrendsAsk { measure: TrendMeasure::SessionsPerPerson, ..ask };
        let Found::Trends(sessions) = world.reader.answer(&asked).await.unwrap().found else { panic!() };
        let ratio = Exploration { ask: Ask::Trends(per), ..asked.clone() };
        let Found::Trends(ratio) = world.reader.answer(&ratio).await.unwrap().found else { panic!() };
        for (line, per) in sessions.lines.iter().zip(&ratio.lines) {
            let cell = Cell::Trends { series: line.series, period: None, group: line.group.clone() };
            let people = world.reader.people(&asked, &cell, &Found::Trends(sessions.clone())).await.unwrap().len();
            let (all, per) =
                (line.total.as_ref().unwrap().number(), per.total.as_ref().map_or(1.0, |per| per.number()));
            #[expect(clippy::cast_precision_loss, reason = "tests: small numbers")]
            let expected = per * people as f64;
            assert!((all - expected).abs() < 1e-6, "{seed}: {all} sessions of {people} people, {per} each");
        }
    }
}
