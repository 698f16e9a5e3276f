//! The report of an import while it grows: exact counts, every row that is not imported, a sample of the others.

use super::feed::shown;
use crate::erasure::ERASED;
use crate::importers::{Change, FieldValue, ImporterSpec, MappedRow, Outcome, RowOutcome};
use crate::imports::{Counts, RowReport};
use kernel::money::format_decimal;
use std::collections::BTreeMap;

/// Rows of each good outcome kept as a sample.
const SAMPLE_ROWS: u64 = 200;

/// Counts, and the rows to store next.
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    pub(crate) rows: Vec<RowReport>,
    pub(crate) changes: Vec<Change>,
    pub(crate) line: u64,
    spec: &'static ImporterSpec,
}

impl Tally {
    /// A tally that goes on from counts.
    pub(crate) fn new(spec: &'static ImporterSpec, counts: Counts) -> Self {
        Self { counts, rows: Vec::new(), changes: Vec::new(), line: 0, spec }
    }

    /// A row whose outcome was known before the importer saw it.
    pub(crate) fn settle(&mut self, report: RowReport) {
        self.line = self.line.max(report.line);
        self.counts.add(report.outcome);
        self.rows.push(report);
    }

    /// What the importer did with a row.
    pub(crate) fn add(&mut self, row: &MappedRow, outcome: RowOutcome) {
        self.line = self.line.max(row.line);
        self.counts.add(outcome.outcome);
        let kept = match outcome.outcome {
            Outcome::Create => self.counts.create <= SAMPLE_ROWS,
            Outcome::Update => self.counts.update <= SAMPLE_ROWS,
            Outcome::Unchanged => self.counts.unchanged <= SAMPLE_ROWS,
            Outcome::Conflict | Outcome::Rejected | Outcome::Skipped => true,
        };
        // The report is not to hold again what was erased.
        let is_erased = outcome.problem.as_ref().is_some_and(|problem| problem.code == ERASED);
        if kept {
            self.rows.push(RowReport {
                line: row.line,
                outcome: outcome.outcome,
                record: outcome.record.clone(),
                problem: outcome.problem,
                changes: outcome.changes,
                values: if is_erased { BTreeMap::new() } else { values(self.spec, row) },
            });
        }
        if let (Some(record), Some(undo)) = (outcome.record, outcome.undo) {
            self.changes.push(Change { line: row.line, outcome: outcome.outcome, record, undo });
        }
    }
}

fn values(spec: &ImporterSpec, row: &MappedRow) -> BTreeMap<String, String> {
    let fields = spec.fields.iter().zip(&row.values).filter_map(|(field, value)| {
        let text = match value.as_ref()? {
            FieldValue::Text(text) => shown(text),
            FieldValue::Date(date) => date.to_string(),
            FieldValue::Moment(moment) => moment.to_string(),
            FieldValue::Micros(micros) => format_decimal(*micros),
            FieldValue::Currency(currency) => currency.to_string(),
            FieldValue::Integer(number) => number.to_string(),
            FieldValue::Boolean(answer) => answer.to_string(),
        };
        Some((field.name.to_owned(), text))
    });
    let properties = row.properties.iter().take(50).map(|(name, text)| (name.to_string(), shown(text)));
    fields.chain(properties).collect()
}
