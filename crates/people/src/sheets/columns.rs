//! What the cells of a column say together: which number of a date is the day, which mark stands before decimals.

use super::dates::{self, DateOrder};
use super::numbers::{self, DecimalMark};
use super::rows::SheetRow;
use super::words::is_nothing;

/// What a column's cells decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict<T> {
    /// Every cell reads the same either way.
    Plain,
    /// The cells leave one way only.
    Only(T),
    /// The cells can be read two ways: somebody has to say which.
    Either,
    /// Some cells leave only the one way, some only the other.
    Mixed,
}

/// One column of the sample.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ColumnFacts {
    /// The first different values, at most five.
    pub(crate) samples: Vec<String>,
    /// Cells with something in them.
    pub(crate) filled: usize,
    /// Of these, how many are e-mail addresses, dates, numbers.
    pub(crate) emails: usize,
    pub(crate) dates: usize,
    pub(crate) numbers: usize,
}

impl ColumnFacts {
    /// The facts of the column at a place.
    pub(crate) fn of(sample: &[SheetRow], place: usize) -> Self {
        let mut facts = Self::default();
        for cell in cells(sample, place) {
            facts.filled += 1;
            facts.emails += usize::from(super::words::email(cell).is_some());
            facts.dates += usize::from(dates::evidence(cell) != dates::Evidence::NotADate);
            facts.numbers += usize::from(numbers::evidence(cell) != numbers::Evidence::NotANumber);
            let short: String = cell.chars().take(80).collect();
            if facts.samples.len() < 5 && !facts.samples.contains(&short) {
                facts.samples.push(short);
            }
        }
        facts
    }

    /// Whether nearly all cells with something in them are of a form.
    pub(crate) fn mostly(&self, count: usize) -> bool {
        self.filled > 0 && count * 10 >= self.filled * 9
    }
}

fn cells(sample: &[SheetRow], place: usize) -> impl Iterator<Item = &str> {
    let whole = sample.iter().filter(|row| row.damage.is_none());
    whole.map(move |row| row.cell(place).trim()).filter(|cell| !is_nothing(cell))
}

/// The order of the dates of a column.
pub(crate) fn date_order(sample: &[SheetRow], place: usize) -> Verdict<DateOrder> {
    let mut seen = [false; 3];
    for cell in cells(sample, place) {
        match dates::evidence(cell) {
            dates::Evidence::Only(DateOrder::DayFirst) => seen[0] = true,
            dates::Evidence::Only(DateOrder::MonthFirst) => seen[1] = true,
            dates::Evidence::Either => seen[2] = true,
            dates::Evidence::Plain | dates::Evidence::NotADate => {}
        }
    }
    verdict(seen, DateOrder::DayFirst, DateOrder::MonthFirst)
}

/// The mark before the decimals of a column.
pub(crate) fn decimal_mark(sample: &[SheetRow], place: usize) -> Verdict<DecimalMark> {
    let mut seen = [false; 3];
    for cell in cells(sample, place) {
        match numbers::evidence(cell) {
            numbers::Evidence::Only(DecimalMark::Point) => seen[0] = true,
            numbers::Evidence::Only(DecimalMark::Comma) => seen[1] = true,
            numbers::Evidence::Either => seen[2] = true,
            numbers::Evidence::Plain | numbers::Evidence::NotANumber => {}
        }
    }
    verdict(seen, DecimalMark::Point, DecimalMark::Comma)
}

fn verdict<T>(seen: [bool; 3], first: T, second: T) -> Verdict<T> {
    match seen {
        [true, true, _] => Verdict::Mixed,
        [true, false, _] => Verdict::Only(first),
        [false, true, _] => Verdict::Only(second),
        [false, false, true] => Verdict::Either,
        [false, false, false] => Verdict::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheets::form;

    fn column(cells: &str) -> Vec<SheetRow> {
        let text = format!("name;x\n{}", cells.split('|').map(|cell| format!("\"{cell}\";y\n")).collect::<String>());
        form::find(text.as_bytes(), encoding_rs::UTF_8, Some(b';'), &|_| false).unwrap().sample
    }

    #[test]
    fn a_column_decides_what_a_cell_cannot() {
        assert_eq!(date_order(&column("03/04/2025|25/04/2025"), 0), Verdict::Only(DateOrder::DayFirst));
        assert_eq!(date_order(&column("03/04/2025|04/25/2025"), 0), Verdict::Only(DateOrder::MonthFirst));
        assert_eq!(date_order(&column("03/04/2025|05/06/2025"), 0), Verdict::Either);
        assert_eq!(date_order(&column("25/04/2025|04/25/2025"), 0), Verdict::Mixed);
        assert_eq!(date_order(&column("2025-04-03|"), 0), Verdict::Plain);
        assert_eq!(decimal_mark(&column("1,234|0,5"), 0), Verdict::Only(DecimalMark::Comma));
        assert_eq!(decimal_mark(&column("1,234|2,500"), 0), Verdict::Either);
        assert_eq!(decimal_mark(&column("7|--"), 0), Verdict::Plain);
    }
}
