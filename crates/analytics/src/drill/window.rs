//! Which days of sessions that are only counted hold the rows that are asked for.

use super::rows::skipped;
use crate::facts::{Day, Facts};
use crate::metrics::internal::{Key, Measure, Plan, Run, Subject};
use crate::sessions::{CellName, Extra, SESSIONS_AT_ONCE_MAX};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// The days that hold the rows of one page, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Whose rows.
    pub measure: Measure,
    /// The first and the last day.
    pub days: (Day, Day),
    /// How many rows there are on earlier days.
    pub before: usize,
    /// How many rows there are.
    pub total: usize,
    /// The cells of those days that are counted in the number.
    cells: HashSet<CellName>,
}

impl Window {
    pub(super) fn new(
        facts: &Facts,
        plan: &Plan,
        measure: Measure,
        key: Option<&Key>,
        (limit, cursor): (u32, Option<&str>),
    ) -> Self {
        let run = Run::new(facts, plan, plan.range).one_by_one();
        let mut by_day: BTreeMap<Day, usize> = BTreeMap::new();
        let mut cells = HashSet::new();
        run.visit(measure, &mut |record| {
            if key.is_none_or(|key| run.key(record) == *key) {
                *by_day.entry(record.day).or_default() += record.times as usize;
                if let (Subject::Counted, Some(codes)) = (record.subject, record.own) {
                    cells.insert((record.day, codes));
                }
            }
        });
        let skip = skipped(measure, cursor);
        let end = skip.saturating_add(limit as usize);
        let (mut total, mut before, mut days) = (0, 0, None);
        for (day, rows) in by_day {
            if total + rows > skip && total < end {
                let (first, _) = *days.get_or_insert_with(|| {
                    before = total;
                    (day, day)
                });
                days = Some((first, day));
            }
            total += rows;
        }
        let days = days.unwrap_or((plan.range.0, plan.range.0 - 1));
        cells.retain(|(day, _)| days.0 <= *day && *day <= days.1);
        Self { measure, days, before, total, cells }
    }

    /// What has to be seen for all of them.
    pub(crate) fn extra(windows: &[Window], facts: &Facts) -> Extra {
        let days: Vec<(Day, Day)> = windows.iter().map(|window| window.days).collect();
        let all = days.iter().flat_map(|(from, to)| facts.sessions.cells(*from, *to));
        let sessions: u64 = all.map(|cell| u64::from(cell.sessions)).sum();
        // Where they are many, only those that are meant; comparing costs more than it saves where they are few.
        let only = (sessions > SESSIONS_AT_ONCE_MAX / 10).then(|| {
            let cells = windows.iter().flat_map(|window| window.cells.iter().copied());
            Arc::new(cells.collect::<HashSet<CellName>>())
        });
        Extra { days, only }
    }
}
