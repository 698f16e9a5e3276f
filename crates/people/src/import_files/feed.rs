//! The rows of a file, read and mapped on a thread of their own, a batch at a time.
//!
//! **Invariant:** what is in memory is a few batches, whatever the size of the file.

use crate::importers::{Mapped, RowMapper};
use crate::imports::{MappedRow, Outcome, RowProblem, RowReport, SheetForm};
use crate::sheets::{SheetReader, SheetRow, encoding_named};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// Rows of one batch, which is one transaction.
pub(crate) const BATCH_ROWS: usize = 2_000;
/// Longest text of a value in a report, in characters.
const SHOWN_CHARS: usize = 200;

/// Where the rows of a file are.
#[derive(Clone)]
pub(crate) struct SheetFile {
    pub(crate) path: PathBuf,
    pub(crate) form: SheetForm,
}

impl SheetFile {
    /// Opens the file at its first row after the header.
    pub(crate) fn open(&self) -> std::io::Result<SheetReader<File>> {
        let encoding = encoding_named(&self.form.encoding).unwrap_or(encoding_rs::UTF_8);
        let delimiter = self.form.delimiter.bytes().next().unwrap_or(b',');
        let mut reader = SheetReader::new(File::open(&self.path)?, encoding, delimiter);
        let mut row = SheetRow::default();
        while row.line < self.form.header_line {
            if !reader.next(&mut row)? {
                break;
            }
        }
        Ok(reader)
    }
}

/// One row: to be imported, or settled already.
pub(crate) enum Fed {
    Row(MappedRow),
    Settled(RowReport),
}

/// Calls `each` with every row after a line, on this thread, until it says stop.
pub(crate) fn read_all(
    file: &SheetFile,
    mapper: &RowMapper,
    after_line: u64,
    mut each: impl FnMut(Fed) -> bool,
) -> std::io::Result<()> {
    let mut reader = file.open()?;
    let mut row = SheetRow::default();
    while reader.next(&mut row)? {
        if row.line <= after_line {
            continue;
        }
        let fed = match mapper.map(&row) {
            Mapped::Row(mapped) => Fed::Row(mapped),
            Mapped::Rejected(problem) => Fed::Settled(settled(file, &row, Outcome::Rejected, problem)),
            Mapped::Skipped(problem) => Fed::Settled(settled(file, &row, Outcome::Skipped, problem)),
        };
        if !each(fed) {
            break;
        }
    }
    Ok(())
}

/// Starts reading; batches arrive in the order of the file, an error as the last one.
pub(crate) fn start(
    file: SheetFile,
    mapper: std::sync::Arc<RowMapper>,
    after_line: u64,
    mut wanted: impl FnMut(&Fed) -> bool + Send + 'static,
) -> mpsc::Receiver<std::io::Result<Vec<Fed>>> {
    let (sender, receiver) = mpsc::channel(3);
    tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH_ROWS);
        let read = read_all(&file, &mapper, after_line, |fed| {
            if !wanted(&fed) {
                return true;
            }
            batch.push(fed);
            if batch.len() < BATCH_ROWS {
                return true;
            }
            sender.blocking_send(Ok(std::mem::replace(&mut batch, Vec::with_capacity(BATCH_ROWS)))).is_ok()
        });
        // Nobody listens any more when sending fails: the import was stopped.
        let _ = match read {
            Ok(()) if batch.is_empty() => Ok(()),
            Ok(()) => sender.blocking_send(Ok(batch)),
            Err(error) => sender.blocking_send(Err(error)),
        };
    });
    receiver
}

fn settled(file: &SheetFile, row: &SheetRow, outcome: Outcome, problem: RowProblem) -> RowReport {
    let mut values = BTreeMap::new();
    for (place, cell) in row.cells().enumerate().filter(|(_, cell)| !cell.trim().is_empty()).take(50) {
        let name =
            file.form.columns.get(place).map_or_else(|| format!("Column {}", place + 1), |column| column.name.clone());
        values.insert(name, shown(cell));
    }
    RowReport { line: row.line, outcome, record: None, problem: Some(problem), changes: Vec::new(), values }
}

/// A text as a report shows it.
pub(crate) fn shown(text: &str) -> String {
    if text.chars().count() <= SHOWN_CHARS {
        return text.to_owned();
    }
    text.chars().take(SHOWN_CHARS).chain(['…']).collect()
}
