//! The form of a file: which mark separates its cells, which line is the header, what its columns hold.

use super::rows::{SheetReader, SheetRow};
use super::words::plain_header;
use super::{dates, numbers, words};
use encoding_rs::Encoding;
use std::io::Read;

/// Bytes of the file the form is found from.
pub(crate) const SAMPLE_BYTES: u64 = 512 * 1024;
/// Rows the form is found from.
const SAMPLE_ROWS: usize = 2_000;
/// The header stands within this many rows.
const HEADER_ROWS_MAX: usize = 25;
/// The marks that may separate cells, the likeliest first.
pub(crate) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The form of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// The mark between cells.
    pub(crate) delimiter: u8,
    /// The line of the header; 0 when there is none.
    pub(crate) header_line: u64,
    /// The names of the columns: made different, and never empty.
    pub(crate) columns: Vec<String>,
    /// Rows of the sample after the header.
    pub(crate) sample: Vec<SheetRow>,
}

/// Finds the form of `sample`, the beginning of a file. `known` says whether a header, as [`plain_header`] writes it, is
/// one that a preset knows.
pub(crate) fn find(
    sample: &[u8],
    encoding: &'static Encoding,
    delimiter: Option<u8>,
    known: &dyn Fn(&str) -> bool,
) -> std::io::Result<Form> {
    let mut best: Option<(f64, Form)> = None;
    for candidate in delimiter.map_or(DELIMITERS.to_vec(), |one| vec![one]) {
        let rows = rows_of(sample, encoding, candidate)?;
        let (score, form) = judge(rows, candidate, known);
        if best.as_ref().is_none_or(|(most, _)| score > *most + 1e-9) {
            best = Some((score, form));
        }
    }
    Ok(best.map_or_else(
        || Form { delimiter: b',', header_line: 0, columns: Vec::new(), sample: Vec::new() },
        |(_, form)| form,
    ))
}

fn rows_of(sample: &[u8], encoding: &'static Encoding, delimiter: u8) -> std::io::Result<Vec<SheetRow>> {
    let truncated = sample.len() as u64 >= SAMPLE_BYTES;
    let mut reader = SheetReader::new(sample.take(SAMPLE_BYTES), encoding, delimiter);
    let (mut row, mut rows) = (SheetRow::default(), Vec::new());
    while rows.len() < SAMPLE_ROWS && reader.next(&mut row)? {
        rows.push(row.clone());
    }
    if truncated && rows.len() < SAMPLE_ROWS {
        rows.pop();
    }
    Ok(rows)
}

/// How well a mark explains the rows: the share of rows as wide as most, more for more columns and for a header.
fn judge(rows: Vec<SheetRow>, delimiter: u8, known: &dyn Fn(&str) -> bool) -> (f64, Form) {
    let wide = usual_width(&rows);
    let fitting = rows.iter().filter(|row| row.len() == wide && row.damage.is_none()).count();
    let mut score = ratio(fitting, rows.len());
    if wide < 2 {
        score *= 0.2;
    } else {
        score *= 1.0 + 0.05 * ratio(wide.min(20), 1);
    }
    let header = header_of(&rows, wide, known);
    let mut header_line = 0;
    let mut columns = vec![String::new(); wide];
    let mut skip = 0;
    if let Some(place) = header {
        score *= 1.2 + 0.2 * ratio(rows[place].cells().filter(|cell| known(&plain_header(cell))).count(), wide);
        header_line = rows[place].line;
        columns = rows[place].cells().map(str::to_owned).collect();
        skip = place + 1;
    }
    while columns.len() > wide && columns.last().is_some_and(|name| name.trim().is_empty()) {
        columns.pop();
    }
    let sample = rows.into_iter().skip(skip).collect();
    (score, Form { delimiter, header_line, columns: distinct(&columns), sample })
}

fn ratio(part: usize, whole: usize) -> f64 {
    let number = |value: usize| f64::from(u32::try_from(value).unwrap_or(u32::MAX));
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

/// The width most rows have; of two, the greater.
fn usual_width(rows: &[SheetRow]) -> usize {
    let mut widths: Vec<usize> = rows.iter().filter(|row| row.damage.is_none()).map(SheetRow::len).collect();
    widths.sort_unstable();
    let mut best = (0, 0);
    for chunk in widths.chunk_by(|a, b| a == b) {
        if chunk.len() >= best.0 {
            best = (chunk.len(), chunk[0]);
        }
    }
    best.1
}

/// The header: the row among the first that names most columns a preset knows, else the first row as wide as most
/// that looks like names and not like data.
fn header_of(rows: &[SheetRow], wide: usize, known: &dyn Fn(&str) -> bool) -> Option<usize> {
    let first = || rows.iter().take(HEADER_ROWS_MAX).enumerate().filter(|(_, row)| row.damage.is_none());
    let recognised = |row: &SheetRow| row.cells().filter(|cell| known(&plain_header(cell))).count();
    let named = first().filter(|(_, row)| row.len() >= wide.min(2) && row.len() + 2 >= wide && looks_like_names(row));
    let best = named.map(|(place, row)| (recognised(row), place)).filter(|(count, _)| *count >= 2);
    if let Some((_, place)) = best.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1))) {
        return Some(place);
    }
    let (place, row) = first().find(|(_, row)| row.len() == wide && mostly_filled(row))?;
    looks_like_names(row).then_some(place)
}

fn mostly_filled(row: &SheetRow) -> bool {
    row.cells().filter(|cell| !cell.trim().is_empty()).count() * 2 >= row.len()
}

fn looks_like_names(row: &SheetRow) -> bool {
    let is_data = |cell: &str| {
        !cell.trim().is_empty()
            && (numbers::evidence(cell) != numbers::Evidence::NotANumber
                || dates::evidence(cell) != dates::Evidence::NotADate
                || words::email(cell).is_some()
                || cell.trim().starts_with("http")
                || cell.chars().count() > 200)
    };
    mostly_filled(row) && !row.cells().any(is_data)
}

/// Names for all columns: the empty ones are numbered, the repeated ones too.
fn distinct(names: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        let name = name.trim().trim_start_matches('\u{feff}').trim();
        let base = if name.is_empty() { format!("Column {}", place + 1) } else { name.chars().take(200).collect() };
        let mut unique = base.clone();
        let mut number = 2;
        while out.contains(&unique) {
            unique = format!("{base} ({number})");
            number += 1;
        }
        out.push(unique);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::UTF_8;

    fn form(text: &str) -> Form {
        let known = |name: &str| ["campaign", "cost", "impr.", "clicks", "currency code", "email"].contains(&name);
        find(text.as_bytes(), UTF_8, None, &known).unwrap()
    }

    #[test]
    fn the_mark_is_found_by_the_shape_of_the_rows() {
        assert_eq!(form("a,b,c\n1,2,3\n4,5,6\n").delimiter, b',');
        assert_eq!(form("Date;Cost\n2025-01-01;1,5\n2025-01-02;2,5\n").delimiter, b';');
        assert_eq!(form("name\tnote\nx\ta, b; c\ny\td, e\n").delimiter, b'\t');
        assert_eq!(form("a|b\nx, y|1\nz|2\n").delimiter, b'|');
        assert_eq!(form("name,note\nx,\"a;b;c;d\"\ny,\"e;f;g;h\"\n").delimiter, b',');
        assert_eq!(form("email\nada@example.com\nbob@example.com\n").columns, ["email"]);
    }

    #[test]
    fn the_header_stands_below_the_preamble() {
        let google = "Campaign report\n\"January 1, 2025 - January 31, 2025\"\nCampaign,Currency code,Cost,Impr.,Clicks\nBrand,EUR,\"1,234.50\",100,7\nTotal: Account, --,\"1,234.50\",100,7\n";
        let found = form(google);
        assert_eq!((found.header_line, found.delimiter), (3, b','));
        assert_eq!(found.columns[2], "Cost");
        assert_eq!(found.sample.len(), 2);
        let padded = "sep=;\nreport;;\nEmail;Name;Name\na@b.de;x;y\n";
        let found = form(padded);
        assert_eq!(found.header_line, 3);
        assert_eq!(found.columns, ["Email", "Name", "Name (2)"]);
    }

    #[test]
    fn a_file_without_a_header_has_numbered_columns() {
        let found = form("1,ada@example.com\n2,bob@example.com\n");
        assert_eq!((found.header_line, found.columns), (0, vec!["Column 1".to_owned(), "Column 2".to_owned()]));
        assert_eq!(form(",name\n1,x\n2,y\n").columns, ["Column 1", "name"]);
        assert_eq!(form("").columns, Vec::<String>::new());
    }
}
