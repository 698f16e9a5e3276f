//! Plan and actual by month and channel. Pure.
//!
//! **Invariant:** every total is the sum of its cells, and the cells are the sum of the lines, to the micro.

use crate::ledger::JoinedBook;
use crate::ledger::{Summary, SummaryCell, SummaryTotal};
use jiff::civil::Date;
use kernel::money::{Currency, Money};
use std::collections::BTreeMap;

#[derive(Default)]
struct Cell {
    planned: Option<i64>,
    actual: i64,
    lines: u64,
    unconverted: u64,
}

/// The summary of the months from `from` to `to`, both included where given.
pub(crate) fn summarise(joined: &JoinedBook, from: Option<Date>, to: Option<Date>) -> Summary {
    let within = |date: Date| {
        let month = date.first_of_month();
        from.is_none_or(|from| from.first_of_month() <= month) && to.is_none_or(|to| month <= to.first_of_month())
    };
    let mut cells: BTreeMap<(Date, String), Cell> = BTreeMap::new();
    let mut unmatched = 0;
    for fact in joined.facts.entries.iter().filter(|fact| within(fact.date)) {
        let cell = cells.entry((fact.date.first_of_month(), fact.channel.clone())).or_default();
        cell.lines += 1;
        match fact.micros {
            Some(micros) => cell.actual = cell.actual.saturating_add(micros),
            None => cell.unconverted += 1,
        }
    }
    for (entry, place) in joined.book.entries.iter().zip(&joined.joined) {
        unmatched += u64::from(place.reason.is_some() && joined.book.stands(entry) && within(entry.line.date));
    }
    for plan in joined.facts.plan.iter().filter(|plan| within(plan.month)) {
        let cell = cells.entry((plan.month, plan.channel.clone())).or_default();
        match plan.micros {
            Some(micros) => cell.planned = Some(cell.planned.unwrap_or(0).saturating_add(micros)),
            None => cell.unconverted += 1,
        }
    }
    finish(joined.book.currency, cells, unmatched)
}

fn finish(currency: Currency, cells: BTreeMap<(Date, String), Cell>, unmatched: u64) -> Summary {
    let (mut months, mut channels) = (BTreeMap::new(), BTreeMap::new());
    let mut whole = (0, 0);
    let mut shown = Vec::with_capacity(cells.len());
    let mut unconverted = 0;
    for ((month, channel), cell) in cells {
        let month = month_text(month);
        let planned = cell.planned.unwrap_or(0);
        for total in
            [months.entry(month.clone()).or_default(), channels.entry(channel.clone()).or_default(), &mut whole]
        {
            total.0 += planned;
            total.1 += cell.actual;
        }
        unconverted += cell.unconverted;
        shown.push(SummaryCell {
            month,
            channel,
            planned: cell.planned.map(|micros| Money::new(micros, currency)),
            actual: Money::new(cell.actual, currency),
            lines: cell.lines,
            unconverted: cell.unconverted,
        });
    }
    let total = |(name, (planned, actual)): (String, (i64, i64))| SummaryTotal {
        name,
        planned: Money::new(planned, currency),
        actual: Money::new(actual, currency),
        left: Money::new(planned - actual, currency),
    };
    Summary {
        currency,
        cells: shown,
        months: months.into_iter().map(total).collect(),
        channels: channels.into_iter().map(total).collect(),
        total: total(("total".to_owned(), whole)),
        unconverted,
        unmatched,
    }
}

/// `2026-03`.
pub(crate) fn month_text(month: Date) -> String {
    month.strftime("%Y-%m").to_string()
}
