//! The error file: the rows that were not imported, as they stand in the file, with line and reason, to be mended and
//! imported again.
//!
//! **Invariant:** no cell of it is a formula to a spreadsheet program.

use super::Imports;
use super::model::{Import, Phase, RowReport};
use super::store;
use crate::import_files::SheetFile;
use crate::importers::Outcome;
use crate::sheets::SheetRow;
use bytes::Bytes;
use kernel::ids::ImportId;
use kernel::problem::Problem;
use kernel::scope::Scope;
use platform::sql::{Db, DbError};
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// Reports fetched at a time.
const PAGE_ROWS: u32 = 1_000;
/// Bytes sent at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// The pieces of an error file, as they are made.
pub(super) type Pieces = mpsc::Receiver<Result<Bytes, std::io::Error>>;

impl Imports {
    /// The error file, piece by piece. What was written counts; before that, what the dry run found.
    pub(super) async fn error_file(&self, scope: &Scope, id: &ImportId) -> Result<(Import, Pieces), Problem> {
        let import = self.get(scope, id).await?;
        let db = self.platform.db(scope).await?;
        let phase = if import.applied.total() > 0 { Phase::Apply } else { Phase::Check };
        let file = SheetFile { path: self.path_of(scope, id), form: import.form.clone() };
        let source = Source { db, id: id.clone(), phase, after: 0, ended: false, next: VecDeque::new() };
        let (sender, receiver) = mpsc::channel(4);
        let handle = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = write(&handle, file, source, &sender) {
                // The download ends early, which its reader sees.
                let _ = sender.blocking_send(Err(error));
            }
        });
        Ok((import, receiver))
    }
}

/// The rows that were not imported, in the order of the file.
struct Source {
    db: Db,
    id: ImportId,
    phase: Phase,
    after: u64,
    ended: bool,
    next: VecDeque<RowReport>,
}

impl Source {
    async fn next(&mut self) -> Result<Option<RowReport>, DbError> {
        while self.next.is_empty() && !self.ended {
            let rows = store::rows_after(&self.db, &self.id, self.phase, None, self.after, PAGE_ROWS).await?;
            self.ended = rows.len() < PAGE_ROWS as usize;
            self.after = rows.last().map_or(self.after, |row| row.line);
            let is_wrong = |row: &RowReport| matches!(row.outcome, Outcome::Conflict | Outcome::Rejected);
            self.next.extend(rows.into_iter().filter(is_wrong));
        }
        Ok(self.next.pop_front())
    }
}

fn write(
    handle: &tokio::runtime::Handle,
    file: SheetFile,
    mut source: Source,
    sender: &mpsc::Sender<Result<Bytes, std::io::Error>>,
) -> std::io::Result<()> {
    let mut out = String::from("\u{feff}");
    let names = file.form.columns.iter().map(|column| column.name.as_str());
    line(&mut out, names.chain(["mainspring_line", "mainspring_outcome", "mainspring_reason"]));
    let mut reader = file.open()?;
    let mut row = SheetRow::default();
    while let Some(report) = handle.block_on(source.next()).map_err(std::io::Error::other)? {
        while row.line < report.line && reader.next(&mut row)? {}
        let width = file.form.columns.len();
        let number = report.line.to_string();
        let reason = report.problem.map(|problem| problem.message).unwrap_or_default();
        let cells = (0..width).map(|place| if row.line == report.line { row.cell(place) } else { "" });
        line(&mut out, cells.chain([number.as_str(), report.outcome.as_str(), reason.as_str()]));
        if out.len() >= PIECE_BYTES && sender.blocking_send(Ok(std::mem::take(&mut out).into())).is_err() {
            return Ok(());
        }
    }
    // Nobody listens any more when this fails.
    let _ = sender.blocking_send(Ok(out.into()));
    Ok(())
}

fn line<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push('"');
        if is_formula(cell) {
            out.push('\'');
        }
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    }
    out.push_str("\r\n");
}

/// Whether a spreadsheet program would compute a cell: it begins like a formula and is more than a number or a telephone
/// number.
fn is_formula(cell: &str) -> bool {
    match cell.chars().next() {
        Some('=' | '@' | '\t' | '\r') => true,
        Some('+' | '-') => cell.chars().any(|letter| !(letter.is_ascii_digit() || "+-(). ,/".contains(letter))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let mut out = String::new();
        line(
            &mut out,
            ["=1+1", "@SUM(A1)", "+49 30 123", "-5.50", "-cmd|' /C calc'!A0", "a \"b\"", "\t=x"].into_iter(),
        );
        assert_eq!(
            out,
            "\"'=1+1\",\"'@SUM(A1)\",\"+49 30 123\",\"-5.50\",\"'-cmd|' /C calc'!A0\",\"a \"\"b\"\"\",\"'\t=x\"\r\n"
        );
    }
}
