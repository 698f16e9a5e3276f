//! The questions as folds.

use crate::questions::{Answer, CONVERSION, DAYS, FIRST_DAY, FIRST_WEEK, Question, STEPS, TOUCH, WEEKS};
use anyhow::Result;
use kernel::time::DAY;
use lake::folds::cube::CubeFold;
use lake::folds::filter::EventFilter;
use lake::sequences::funnel::FunnelFold;
use lake::sequences::paths::{PathsFold, Stop};
use lake::sequences::retention::RetentionFold;
use lake::{Columns, Fold, FoldOptions, Lake};
use std::time::{Duration, Instant};

pub(crate) fn funnel() -> FunnelFold {
    FunnelFold::new(&STEPS.map(EventFilter::named), 30 * DAY)
}

fn retention() -> RetentionFold {
    let bounds: Vec<i64> = (0..=WEEKS).map(|week| FIRST_WEEK + week * 7 * DAY).collect();
    RetentionFold::new(&EventFilter::default(), &EventFilter::default(), &bounds)
}

fn attribution() -> PathsFold {
    let (touch, conversion) = (EventFilter::named(TOUCH), EventFilter::named(CONVERSION));
    PathsFold::new(lake::Col::Channel, &touch, &conversion, 30 * DAY, 7 * DAY)
}

fn cube() -> CubeFold {
    let bounds: Vec<i64> = (0..=DAYS).map(|day| FIRST_DAY + day * DAY).collect();
    CubeFold::new(&EventFilter::default(), &[lake::Col::Channel], &bounds)
}

fn columns(question: Question) -> Columns {
    match question {
        Question::Funnel => funnel().columns(),
        Question::Retention => retention().columns(),
        Question::Attribution => attribution().columns(),
        Question::Cube => cube().columns(),
    }
}

/// How long it takes to read and unpack the columns that a question needs, and nothing else.
pub(crate) async fn floor(lake: &Lake, question: Question) -> Result<Duration> {
    let start = Instant::now();
    lake.decode(columns(question)).await?;
    Ok(start.elapsed())
}

/// Asks, and says how long it took.
#[expect(clippy::cast_precision_loss, reason = "counts of events are below 2^53")]
pub(crate) async fn ask(lake: &Lake, question: Question) -> Result<(Duration, Answer)> {
    let options = FoldOptions::default();
    let start = Instant::now();
    let mut answer = Answer::new();
    let took = match question {
        Question::Funnel => {
            let found = lake.fold(&funnel(), &options).await?;
            let took = start.elapsed();
            for (step, people) in found.groups.values().flat_map(|group| group.people.iter().enumerate()) {
                *answer.entry(format!("{}", step + 1)).or_default() += *people as f64;
            }
            took
        }
        Question::Retention => {
            let found = lake.fold(&retention(), &options).await?;
            let took = start.elapsed();
            for (cohort, row) in found.exact.iter().enumerate() {
                for (week, people) in row.iter().enumerate().filter(|(_, people)| **people > 0) {
                    answer.insert(format!("{cohort}+{week}"), *people as f64);
                }
            }
            took
        }
        Question::Attribution => {
            let found = lake.fold(&attribution(), &options).await?;
            let took = start.elapsed();
            for (channel, credit) in found.credits {
                answer.insert(format!("credit {channel}"), credit);
            }
            for ((from, to), count) in found.transitions {
                answer.insert(format!("{} > {}", stop(&from), stop(&to)), count as f64);
            }
            took
        }
        Question::Cube => {
            let found = lake.fold(&cube(), &options).await?;
            let took = start.elapsed();
            for (texts, cells) in found.rows() {
                for (day, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.events > 0) {
                    answer.insert(format!("{day} {} events", texts[0]), cell.events as f64);
                    answer.insert(format!("{day} {} people", texts[0]), cell.people as f64);
                }
            }
            took
        }
    };
    Ok((took, answer))
}

fn stop(stop: &Stop) -> &str {
    match stop {
        Stop::Start => "(start)",
        Stop::At(channel) => channel,
        Stop::Conversion => "(conversion)",
        Stop::Nothing => "(nothing)",
    }
}
