//! How a file is written, and what its mapping leaves open.

use super::feed::SheetFile;
use crate::importers::{self, Mapping, Question};
use crate::imports::{ImporterSpec, SheetColumn, SheetForm};
use crate::sheets::{self, ColumnFacts, Form, SAMPLE_BYTES, encoding_named};
use std::io::Read;
use std::path::Path;

pub(crate) fn form_of(form: &Form, encoding: &str) -> SheetForm {
    let columns = form
        .columns
        .iter()
        .enumerate()
        .map(|(place, name)| SheetColumn { name: name.clone(), samples: ColumnFacts::of(&form.sample, place).samples });
    SheetForm {
        encoding: encoding.to_owned(),
        delimiter: char::from(form.delimiter).to_string(),
        header_line: form.header_line,
        columns: columns.collect(),
    }
}

pub(crate) fn read_form(path: &Path, encoding: &str, delimiter: Option<u8>) -> std::io::Result<Form> {
    let mut sample = Vec::new();
    std::fs::File::open(path)?.take(SAMPLE_BYTES).read_to_end(&mut sample)?;
    let encoding = encoding_named(encoding).unwrap_or(encoding_rs::UTF_8);
    sheets::find_form(&sample, encoding, delimiter, &importers::preset_knows)
}

/// What a mapping leaves open for a file.
pub(crate) fn questions_of(
    specs: &[&'static ImporterSpec],
    file: &SheetFile,
    mapping: &Mapping,
) -> std::io::Result<Vec<Question>> {
    let found = read_form(&file.path, &file.form.encoding, file.form.delimiter.bytes().next())?;
    Ok(importers::questions(&found, specs, mapping))
}
