//! Sheets: files of separated values from anywhere, read without guessing in silence. Encodings, marks between cells,
//! headers below a preamble, damaged rows; dates, amounts, countries as people and programs write them.
//!
//! **Invariant:** pure: bytes in, rows and values out; nothing here knows of people, deals or databases.
//! **Invariant:** what a cell alone cannot say (is 03/04 in March? is 1.234 a thousand?) is asked, never assumed.

mod columns;
mod dates;
mod encoding;
mod form;
mod numbers;
mod rows;
mod words;

pub(crate) use columns::{ColumnFacts, Verdict, date_order, decimal_mark};
pub use dates::DateOrder;
pub(crate) use dates::read as read_date;
pub(crate) use encoding::{EncodingScan, encoding_named};
pub(crate) use form::{DELIMITERS, Form, SAMPLE_BYTES, find as find_form};
pub use numbers::DecimalMark;
pub(crate) use numbers::{Named, read as read_amount, read_integer, read_number};
pub(crate) use rows::{CELL_BYTES_MAX, Damage, ROW_BYTES_MAX, SheetReader, SheetRow};
pub(crate) use words::{boolean, country, domain, email, is_nothing, is_total, plain_header};
