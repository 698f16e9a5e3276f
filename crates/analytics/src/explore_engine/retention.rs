//! Retention: of those who first did something in a period, how many came back in the periods after it, and who.
//!
//! **Invariant:** a number and the people behind it come from the same fold: whoever adds one to the number is listed.

use super::plan::{self, Dates, Period, bounds};
use super::reader::{Reader, Stretch};
use super::trends::period;
use crate::explore_model::{Cell, Exploration, RetentionAsk, ReturnRule};
use crate::explore_model::{Cohort, RetentionAnswer, RetentionMean};
use crate::facts::Day;
use kernel::problem::Problem;
use kernel::time::Timestamp;
use lake::folds::retention::{Retention, RetentionFold};
use lake::{Columns, Dict, EventRef, Fold, Run};

/// The cohorts, what is read for them, and the fold.
pub(super) struct Plan<'a> {
    cohorts: Vec<Period>,
    stretch: Stretch<'a>,
    fold: RetentionFold,
}

/// The plan of a question.
pub(super) async fn plan<'a>(reader: &'a Reader, asked: &Exploration, ask: &RetentionAsk) -> Result<Plan<'a>, Problem> {
    let first = plan::filter(&ask.first, asked.humans_only, "ask.first")?;
    let back = plan::filter(&ask.back, asked.humans_only, "ask.back")?;
    let dates = Dates::of(asked, reader.zone.clone(), reader.now)?.widened(ask.period);
    let cohorts = dates.cohorts(ask.period)?;
    let fold = RetentionFold::new(&first, &back, &bounds(&cohorts));
    Ok(Plan { cohorts, stretch: reader.stretch(asked, dates).await?, fold })
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
    pub(super) async fn answer(&self, rule: ReturnRule, now: Timestamp) -> Result<RetentionAnswer, Problem> {
        let found = self.stretch.fold(self.fold.clone()).await?;
        let begun = |place: usize| self.cohorts.get(place).is_some_and(|period| period.from <= now.micros());
        let over = |place: usize| self.cohorts.get(place).is_some_and(|period| !period.partial);
        let cohort = |place: usize| {
            let back = match rule {
                ReturnRule::Exact => &found.exact[place],
                ReturnRule::Unbounded => &found.unbounded[place],
            };
            let known = back.iter().enumerate();
            Cohort {
                period: period(&self.cohorts[place]),
                people: found.people[place],
                back: known.map(|(after, back)| Some(*back).filter(|_| begun(place + after))).collect(),
                partial_from: (place..self.cohorts.len()).position(|other| !over(other)).unwrap_or(back.len()),
            }
        };
        let cohorts: Vec<Cohort> = (0..self.cohorts.len()).map(cohort).collect();
        let mean = (0..self.cohorts.len()).map(|after| mean(&cohorts, after)).collect();
        Ok(RetentionAnswer { rule, cohorts, mean })
    }

    /// Who is behind a number.
    pub(super) async fn people(&self, rule: ReturnRule, cell: &Cell) -> Result<Vec<u64>, Problem> {
        let Cell::Retention { cohort, after } = cell else { return Ok(Vec::new()) };
        let periods = self.cohorts.len();
        if *cohort >= periods {
            return Err(Problem::invalid("cell.cohort", "There is no such cohort in the answer."));
        }
        if after.is_some_and(|after| cohort + after >= periods) {
            return Err(Problem::invalid("cell.after", "There is no such period in the answer."));
        }
        let fold = Listing { fold: self.fold.clone(), rule, cohort: *cohort, after: *after };
        Ok(self.stretch.fold(fold).await?.people)
    }
}

/// The mean of those cohorts for which the period is over.
#[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^52")]
fn mean(cohorts: &[Cohort], after: usize) -> RetentionMean {
    let (mut people, mut came) = (0, 0);
    for cohort in cohorts.iter().filter(|cohort| after < cohort.partial_from) {
        people += cohort.people;
        came += cohort.back.get(after).copied().flatten().unwrap_or(0);
    }
    RetentionMean { people, back: came, share: (people > 0).then(|| came as f64 / people as f64) }
}

/// The people behind one number: folds each person alone and looks whether the number is one.
#[derive(Debug, Clone)]
struct Listing {
    fold: RetentionFold,
    rule: ReturnRule,
    cohort: usize,
    after: Option<usize>,
}

/// People, and the output of the person at hand.
#[derive(Debug, Default)]
struct Behind {
    people: Vec<u64>,
    one: Retention,
}

impl Listing {
    /// Whether the person of this output counts. Before it is closed, `unbounded` says when somebody came back last.
    fn counts(&self, one: &Retention) -> bool {
        one.people[self.cohort] > 0
            && match (self.after, self.rule) {
                (None, _) => true,
                (Some(after), ReturnRule::Exact) => one.exact[self.cohort][after] > 0,
                (Some(after), ReturnRule::Unbounded) => {
                    one.unbounded[self.cohort][after..].iter().any(|last| *last > 0)
                }
            }
    }
}

impl Fold for Listing {
    type State = <RetentionFold as Fold>::State;
    type Output = Behind;

    fn columns(&self) -> Columns {
        self.fold.columns()
    }

    fn literals(&self) -> Vec<String> {
        self.fold.literals()
    }

    fn names(&self) -> Option<Vec<String>> {
        self.fold.names()
    }

    fn weight(&self, output: &Behind) -> usize {
        output.people.len() * size_of::<u64>()
    }

    fn init(&self) -> Self::State {
        self.fold.init()
    }

    fn reset(&self, state: &mut Self::State) {
        self.fold.reset(state);
    }

    fn step(&self, state: &mut Self::State, event: &EventRef<'_>) {
        self.fold.step(state, event);
    }

    fn steps(&self, state: &mut Self::State, run: Run<'_>, output: &mut Behind) {
        self.fold.steps(state, run, &mut output.one);
    }

    fn finish(&self, person: u64, state: &mut Self::State, dict: &Dict, output: &mut Behind) {
        self.fold.finish(person, state, dict, &mut output.one);
        let Some(cohort) = output.one.people.iter().position(|people| *people > 0) else { return };
        if cohort == self.cohort && self.counts(&output.one) {
            output.people.push(person);
        }
        output.one.people[cohort] = 0;
        output.one.exact[cohort].fill(0);
        output.one.unbounded[cohort].fill(0);
    }

    fn output(&self) -> Behind {
        Behind { people: Vec::new(), one: self.fold.output() }
    }

    fn merge(&self, into: &mut Behind, from: Behind) {
        into.people.extend(from.people);
    }
}
