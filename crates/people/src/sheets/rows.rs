//! The rows of a file of separated values, one at a time.
//!
//! Own code, where a library would do for well-formed files: it must say on which line a quotation mark was opened and
//! never closed, go on with the line after it, and hold no more than one row in memory however damaged the file is.
//!
//! **Invariant:** every line that is not blank belongs to exactly one row, good or damaged.

use super::encoding::Utf8;
use encoding_rs::Encoding;
use std::io::Read;

/// Most bytes of one row, as UTF-8.
pub(crate) const ROW_BYTES_MAX: usize = 1024 * 1024;
/// Longest cell, in bytes of UTF-8.
pub(crate) const CELL_BYTES_MAX: usize = 64 * 1024;

/// What is wrong with the form of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// A quotation mark opens a cell and is not closed before the end of the file or the limit of a row.
    OpenQuote,
    /// Longer than [`ROW_BYTES_MAX`] or with a cell longer than [`CELL_BYTES_MAX`].
    TooLong,
    /// It holds a NUL.
    Nul,
    /// It holds bytes that are not of the file's encoding.
    Encoding,
}

/// One row: its cells without quotation marks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SheetRow {
    /// The line on which it begins; the first line of a file is 1.
    pub(crate) line: u64,
    text: String,
    ends: Vec<usize>,
    /// Set when the row cannot be trusted; its cells are then the raw text of its first line.
    pub(crate) damage: Option<Damage>,
}

impl SheetRow {
    /// How many cells there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell at a place, empty when the row is shorter.
    pub(crate) fn cell(&self, place: usize) -> &str {
        let Some(end) = self.ends.get(place) else { return "" };
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.text[start..*end]
    }

    /// The cells in order.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|place| self.cell(place))
    }

    /// Whether every cell is blank.
    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// Reads rows. Memory: one row and one piece of the file.
pub(crate) struct SheetReader<R> {
    source: Utf8<R>,
    delimiter: u8,
    buffer: Vec<u8>,
    start: usize,
    line: u64,
    ended: bool,
}

enum Found {
    /// The row ends before this place; the next begins after it. Lines it spans.
    Row { end: usize, next: usize, lines: u64 },
    /// More of the file is needed.
    More,
    /// A quotation mark is open at the end of the buffer.
    Open,
    /// A cell that spans lines ends in the middle of something: its quotation mark was never meant to open one.
    Stray,
}

impl<R: Read> SheetReader<R> {
    /// Reads rows of `source`, separated by `delimiter`.
    pub(crate) fn new(source: R, encoding: &'static Encoding, delimiter: u8) -> Self {
        let buffer = Vec::with_capacity(256 * 1024);
        Self { source: Utf8::new(source, encoding), delimiter, buffer, start: 0, line: 1, ended: false }
    }

    /// The next row, into `row`; false at the end. Blank lines are passed over.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn next(&mut self, row: &mut SheetRow) -> std::io::Result<bool> {
        loop {
            match find_end(&self.buffer[self.start..], self.delimiter, self.ended) {
                Found::Row { end, next, lines } => {
                    let (from, line) = (self.start, self.line);
                    self.start += next;
                    self.line += lines;
                    if end == 0 {
                        continue;
                    }
                    split(&self.buffer[from..from + end], self.delimiter, line, row);
                    return Ok(true);
                }
                Found::More if self.ended => return Ok(false),
                Found::Stray => {
                    self.give_up_line(Damage::OpenQuote, row);
                    return Ok(true);
                }
                Found::Open if self.ended || self.buffer.len() - self.start > ROW_BYTES_MAX => {
                    self.give_up_line(Damage::OpenQuote, row);
                    return Ok(true);
                }
                Found::More if self.buffer.len() - self.start > ROW_BYTES_MAX => {
                    self.skip_line(row)?;
                    return Ok(true);
                }
                Found::More | Found::Open => self.fill()?,
            }
        }
    }

    fn fill(&mut self) -> std::io::Result<()> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        if !self.source.more(&mut self.buffer)? {
            self.ended = true;
        }
        Ok(())
    }

    /// Takes the first line of the buffer as a damaged row; what follows it is read afresh.
    fn give_up_line(&mut self, damage: Damage, row: &mut SheetRow) {
        let rest = &self.buffer[self.start..];
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        damaged(&rest[..end], self.line, damage, row);
        self.start += (end + 1).min(rest.len());
        self.line += 1;
    }

    /// Passes over a line longer than a row may be.
    fn skip_line(&mut self, row: &mut SheetRow) -> std::io::Result<()> {
        damaged(&self.buffer[self.start..self.start + 4096], self.line, Damage::TooLong, row);
        self.line += 1;
        loop {
            if let Some(end) = self.buffer[self.start..].iter().position(|byte| *byte == b'\n') {
                self.start += end + 1;
                return Ok(());
            }
            self.start = self.buffer.len();
            if self.ended {
                return Ok(());
            }
            self.fill()?;
        }
    }
}

/// Where the first row of `bytes` ends. A quotation mark opens a cell only at its beginning; within, two mean one.
fn find_end(bytes: &[u8], delimiter: u8, ended: bool) -> Found {
    let (mut place, mut lines, mut at_start) = (0, 0, true);
    while place < bytes.len() {
        let byte = bytes[place];
        if at_start && byte == b'"' {
            let Some(after) = close_quote(bytes, place + 1, ended) else { return Found::Open };
            let inside = bytes[place..after].iter().filter(|byte| **byte == b'\n').count() as u64;
            if inside > 0 && bytes.get(after).is_some_and(|next| *next != delimiter && *next != b'\n') {
                return Found::Stray;
            }
            lines += inside;
            place = after;
            at_start = false;
        } else if byte == b'\n' {
            return Found::Row { end: place, next: place + 1, lines: lines + 1 };
        } else {
            at_start = byte == delimiter;
            place += 1;
        }
    }
    if ended && !bytes.is_empty() {
        return Found::Row { end: place, next: place, lines: lines + 1 };
    }
    Found::More
}

/// The place after the quotation mark that closes a cell.
fn close_quote(bytes: &[u8], mut place: usize, ended: bool) -> Option<usize> {
    loop {
        place += bytes.get(place..)?.iter().position(|byte| *byte == b'"')? + 1;
        match bytes.get(place) {
            Some(b'"') => place += 1,
            None if !ended => return None,
            _ => return Some(place),
        }
    }
}

fn split(bytes: &[u8], delimiter: u8, line: u64, row: &mut SheetRow) {
    row.line = line;
    row.damage = None;
    row.text.clear();
    row.ends.clear();
    // The decoder only makes valid UTF-8, and rows are cut at ASCII bytes.
    let Ok(text) = std::str::from_utf8(bytes) else { return damaged(bytes, line, Damage::Encoding, row) };
    if text.contains('\0') {
        return damaged(bytes, line, Damage::Nul, row);
    }
    if text.contains('\u{fffd}') {
        return damaged(bytes, line, Damage::Encoding, row);
    }
    let mut place = 0;
    loop {
        let from = row.text.len();
        if bytes.get(place) == Some(&b'"') {
            place = unquote(text, place + 1, &mut row.text);
        }
        let rest = &bytes[place..];
        let length = rest.iter().position(|byte| *byte == delimiter).unwrap_or(rest.len());
        row.text.push_str(&text[place..place + length]);
        if row.text.len() - from > CELL_BYTES_MAX {
            return damaged(bytes, line, Damage::TooLong, row);
        }
        row.ends.push(row.text.len());
        place += length;
        if place >= bytes.len() {
            return;
        }
        place += 1;
    }
}

/// Copies a quoted cell; returns the place after its closing mark.
fn unquote(text: &str, mut place: usize, out: &mut String) -> usize {
    loop {
        let Some(length) = text[place..].find('"') else {
            out.push_str(&text[place..]);
            return text.len();
        };
        out.push_str(&text[place..place + length]);
        place += length + 1;
        if !text[place..].starts_with('"') {
            return place;
        }
        out.push('"');
        place += 1;
    }
}

fn damaged(bytes: &[u8], line: u64, damage: Damage, row: &mut SheetRow) {
    let shown = &bytes[..bytes.len().min(4096)];
    row.line = line;
    row.damage = Some(damage);
    row.text.clear();
    row.text
        .extend(String::from_utf8_lossy(shown).chars().map(|letter| if letter == '\0' { '\u{2400}' } else { letter }));
    row.ends.clear();
    row.ends.push(row.text.len());
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::UTF_8;
    use proptest::prelude::*;

    fn read(text: &str, delimiter: u8) -> Vec<(u64, Vec<String>, Option<Damage>)> {
        let mut reader = SheetReader::new(text.as_bytes(), UTF_8, delimiter);
        let (mut row, mut all) = (SheetRow::default(), Vec::new());
        while reader.next(&mut row).unwrap() {
            all.push((row.line, row.cells().map(str::to_owned).collect(), row.damage));
        }
        all
    }

    fn good(rows: &[(u64, &[&str])]) -> Vec<(u64, Vec<String>, Option<Damage>)> {
        rows.iter().map(|(line, cells)| (*line, cells.iter().map(|cell| (*cell).to_owned()).collect(), None)).collect()
    }

    #[test]
    fn the_spectrum_of_well_formed_files_is_read_os_2_8() {
        let comma_in_quotes = "first,last,address\nJohn,Doe,\"120 any st., Anytown\"\n";
        assert_eq!(
            read(comma_in_quotes, b','),
            good(&[(1, &["first", "last", "address"]), (2, &["John", "Doe", "120 any st., Anytown"])])
        );
        assert_eq!(read("a,b\n1,\"ha \"\"ha\"\" ha\"\n", b',')[1].1[1], "ha \"ha\" ha");
        assert_eq!(
            read("a,b\r\n\"Once upon \r\na time\",5\r\n7,8", b','),
            good(&[(1, &["a", "b"]), (2, &["Once upon \na time", "5"]), (4, &["7", "8"])])
        );
        assert_eq!(read("a,b,c\n1,\"\",\"\"\n", b',')[1].1, ["1", "", ""]);
        assert_eq!(
            read("k,v\n1,\"{\"\"t\"\": \"\"p\"\", \"\"c\"\": [1, 2]}\"\n", b',')[1].1[1],
            "{\"t\": \"p\", \"c\": [1, 2]}"
        );
        assert_eq!(read("a;b\n\n\n1;ʤ\n", b';'), good(&[(1, &["a", "b"]), (4, &["1", "ʤ"])]));
        assert_eq!(read("a,b\n5\" pipe,x\"y\n", b',')[1].1, ["5\" pipe", "x\"y"]);
        assert_eq!(read("a,\n,\n", b','), good(&[(1, &["a", ""]), (2, &["", ""])]));
        assert_eq!(read("", b','), vec![]);
    }

    #[test]
    fn a_quotation_mark_never_closed_costs_one_line_not_the_file() {
        let rows = read("a,b\n1,\"open\n2,x\n3,y\n", b',');
        assert_eq!(rows.len(), 4);
        assert_eq!((rows[1].0, rows[1].2), (2, Some(Damage::OpenQuote)));
        assert_eq!(rows[3], (4, vec!["3".to_owned(), "y".to_owned()], None));
        let stray = read("a,b\n1,\"open\n2,x\n3,\"q, r\"\n4,z\n", b',');
        let damage: Vec<_> = stray.iter().map(|row| row.2).collect();
        assert_eq!(damage, [None, Some(Damage::OpenQuote), None, None, None], "{stray:?}");
        let long = format!("a,b\n1,\"{}\n2,x\n", "word,\n".repeat(300_000));
        let rows = read(&long, b',');
        assert_eq!(rows[1].2, Some(Damage::OpenQuote));
        assert_eq!(rows.last().unwrap().1, ["2", "x"]);
        assert_eq!(rows.last().unwrap().0, 300_003);
    }

    #[test]
    fn damaged_rows_keep_their_line_and_the_next_row_is_read() {
        let text = format!("a,b\n1\0,2\n{},1\n\u{fffd},2\n{}\nx,y\n", "z".repeat(70_000), "w".repeat(3_000_000));
        let rows = read(&text, b',');
        let damage: Vec<_> = rows.iter().map(|row| (row.0, row.2)).collect();
        assert_eq!(
            damage,
            [
                (1, None),
                (2, Some(Damage::Nul)),
                (3, Some(Damage::TooLong)),
                (4, Some(Damage::Encoding)),
                (5, Some(Damage::TooLong)),
                (6, None)
            ]
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(cells in prop::collection::vec(prop::collection::vec("[a-z\",;\n é]{0,8}", 2..5), 1..12)) {
            let mut text = String::new();
            for row in &cells {
                let quoted: Vec<String> = row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
                text.push_str(&quoted.join(","));
                text.push('\n');
            }
            let rows = read(&text, b',');
            prop_assert_eq!(rows.into_iter().map(|row| row.1).collect::<Vec<_>>(), cells);
        }

        #[test]
        fn no_text_is_lost_or_makes_the_reader_stop(text in "[ab\",\n\r\0é]{0,200}") {
            let rows = read(&text, b',');
            let letters = |text: &str| text.chars().filter(|letter| letter.is_alphabetic()).count();
            let kept: usize = rows.iter().flat_map(|row| &row.1).map(|cell| letters(cell)).sum();
            prop_assert_eq!(kept, letters(&text));
        }
    }
}
