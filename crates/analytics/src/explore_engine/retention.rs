//! Retention: of those who first did something in a period, how many came back in the periods after it, and who.
//!
//! **Invariant:** a number and the people behind it come from the same fold: whoever adds one to the number is listed.

use super::plan::{self, Dates, Period, bounds};
use super::reader::{Reader, Stretch};
use super::trends::period;
use crate::explore_model::{BracketMean, Cohort, RetentionAnswer, RetentionMean, RetentionPart};
use crate::explore_model::{Cell, Exploration, Group, RetentionAsk, ReturnRule};
use crate::facts::Day;
use kernel::problem::Problem;
use kernel::time::Timestamp;
use lake::sequences::retention::{Back, GroupReturns, Listed, Retention, RetentionFold};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The cohorts, what is read for them, and the fold.
pub(super) struct Plan<'a> {
    ask: &'a RetentionAsk,
    cohorts: Vec<Period>,
    /// How many of the cohorts are over: the first ones.
    over: usize,
    stretch: Stretch<'a>,
    fold: RetentionFold,
}

/// The plan of a question.
pub(super) fn plan<'a>(reader: &'a Reader, asked: &Exploration, ask: &'a RetentionAsk) -> Result<Plan<'a>, Problem> {
    let [first, back] = plan::retention(ask, asked.humans_only)?;
    let dates = Dates::of(asked, reader.zone.clone(), reader.now)?.widened(ask.period);
    let cohorts = dates.cohorts(ask.period)?;
    let over = cohorts.iter().take_while(|period| !period.partial).count();
    let brackets: Vec<RangeInclusive<usize>> = ask.brackets.iter().map(|bracket| bracket.from..=bracket.to).collect();
    let fold = RetentionFold::new(&first, &back, &bounds(&cohorts)).bracketed(&brackets);
    let fold = match &ask.breakdown {
        Some(breakdown) => fold.by(breakdown.column.col(), over),
        None => fold,
    };
    Ok(Plan { ask, cohorts, over, stretch: reader.stretch(asked, dates)?, fold })
}

/// The parts that are shown: those with most people, of equals the first by name.
fn largest(groups: &BTreeMap<String, GroupReturns>, top: usize) -> Vec<&String> {
    let size = |group: &GroupReturns| group.people.iter().sum::<u64>();
    let mut all: Vec<(&String, u64)> = groups.iter().map(|(text, group)| (text, size(group))).collect();
    all.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
    all.into_iter().take(top).map(|(text, _)| text).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^52")]
fn mean(people: u64, back: u64) -> RetentionMean {
    RetentionMean { people, back, share: (people > 0).then(|| back as f64 / people as f64) }
}

impl Plan<'_> {
    /// The first and the last day that are read.
    pub(super) fn days(&self) -> (Day, Day) {
        self.stretch.dates.days
    }

    /// How many people count; none when everybody does.
    pub(super) fn segment_people(&self) -> Option<u64> {
        self.stretch.segment_people()
    }

    /// Answers.
    pub(super) async fn answer(&self, now: Timestamp) -> Result<RetentionAnswer, Problem> {
        let found = self.stretch.fold_kept(self.fold.clone()).await?;
        let found = &found.found;
        let begun = |place: usize| self.cohorts.get(place).is_some_and(|period| period.from <= now.micros());
        let cohort = |place: usize| {
            let back = match self.ask.rule {
                ReturnRule::Exact => &found.exact[place],
                ReturnRule::Unbounded => &found.unbounded[place],
            };
            let known = back.iter().enumerate();
            let brackets = self.ask.brackets.iter().zip(&found.brackets[place]);
            Cohort {
                period: period(&self.cohorts[place]),
                people: found.people[place],
                back: known.map(|(after, back)| Some(*back).filter(|_| begun(place + after))).collect(),
                partial_from: self.over.saturating_sub(place).min(back.len()),
                brackets: brackets.map(|(one, back)| Some(*back).filter(|_| begun(place + one.from))).collect(),
            }
        };
        let cohorts: Vec<Cohort> = (0..self.cohorts.len()).map(cohort).collect();
        let people = |last: usize| self.cohorts_over(last).map(|place| found.people[place]).sum();
        let came = |after: usize| self.cohorts_over(after).filter_map(|place| cohorts[place].back[after]).sum();
        let brackets = self.ask.brackets.iter().enumerate().map(|(place, bracket)| {
            let cohorts = self.cohorts_over(bracket.to);
            let back = cohorts.clone().map(|cohort| found.brackets[cohort][place]).sum();
            let mean = mean(people(bracket.to), back);
            BracketMean { from: bracket.from, to: bracket.to, mean, cohorts_over: cohorts.len() }
        });
        let brackets = brackets.collect();
        let mean = (0..cohorts.len()).map(|after| mean(people(after), came(after))).collect();
        let (rule, groups) = (self.ask.rule, found.groups.len());
        Ok(RetentionAnswer { rule, mean, brackets, parts: self.parts(found), groups, cohorts })
    }

    /// The cohorts for which the period so many after the first is over.
    fn cohorts_over(&self, after: usize) -> std::ops::Range<usize> {
        0..self.over.saturating_sub(after)
    }

    fn parts(&self, found: &Retention) -> Vec<RetentionPart> {
        let Some(breakdown) = &self.ask.breakdown else { return Vec::new() };
        let top = largest(&found.groups, breakdown.top);
        let part = |group: Group, returns: &GroupReturns| {
            let people = |last: usize| self.cohorts_over(last).map(|place| returns.people[place]).sum();
            let back = match self.ask.rule {
                ReturnRule::Exact => &returns.exact,
                ReturnRule::Unbounded => &returns.unbounded,
            };
            let brackets = self.ask.brackets.iter().zip(&returns.brackets);
            RetentionPart {
                group,
                people: returns.people.iter().sum(),
                mean: back.iter().enumerate().map(|(after, back)| mean(people(after), *back)).collect(),
                brackets: brackets.map(|(bracket, back)| mean(people(bracket.to), *back)).collect(),
            }
        };
        let mut parts: Vec<RetentionPart> =
            top.iter().map(|text| part(Group::Value((*text).clone()), &found.groups[*text])).collect();
        if found.groups.len() > top.len() {
            let mut rest = GroupReturns::default();
            found.groups.iter().filter(|(text, _)| !top.contains(text)).for_each(|(_, group)| rest.add(group));
            parts.push(part(Group::Other, &rest));
        }
        parts
    }

    /// Who is behind a number.
    pub(super) async fn people(&self, cell: &Cell, shown: &RetentionAnswer) -> Result<Vec<u64>, Problem> {
        let Cell::Retention { cohort, after, bracket, group } = cell else { return Ok(Vec::new()) };
        let periods = self.cohorts.len();
        if cohort.is_some_and(|cohort| cohort >= periods) {
            return Err(Problem::invalid("cell.cohort", "There is no such cohort in the answer."));
        }
        if after.is_some_and(|after| cohort.unwrap_or(0) + after >= periods) {
            return Err(Problem::invalid("cell.after", "There is no such period in the answer."));
        }
        if bracket.is_some_and(|bracket| bracket >= self.ask.brackets.len() || after.is_some()) {
            let message = "There is no such bracket in the question; a number is of a bracket or of a period.";
            return Err(Problem::invalid("cell.bracket", message));
        }
        if group.is_some() && !shown.parts.iter().any(|part| Some(&part.group) == group.as_ref()) {
            return Err(Problem::invalid("cell.group", "There is no such part in the answer."));
        }
        let back = match (bracket, after, self.ask.rule) {
            (Some(bracket), ..) => Back::Bracket(*bracket),
            (None, None, _) => Back::Anyhow,
            (None, Some(after), ReturnRule::Exact) => Back::Exact(*after),
            (None, Some(after), ReturnRule::Unbounded) => Back::Unbounded(*after),
        };
        let text = |part: &RetentionPart| match &part.group {
            Group::Value(text) => Some(text.clone()),
            Group::Other => None,
        };
        let (of, outside) = match group {
            None => (None, Vec::new()),
            Some(Group::Value(text)) => (Some(text.clone()), Vec::new()),
            Some(Group::Other) => (None, shown.parts.iter().filter_map(text).collect()),
        };
        let listed = Listed { cohort: *cohort, back, over: self.over, group: of, outside };
        Ok(self.stretch.fold(self.fold.clone().listing(listed)).await?.listed)
    }
}
