//! Rows of a file turned into rows of an importer.
//!
//! **Invariant:** every row becomes exactly one of: a mapped row, a rejection with its reason, a skip with its reason.

use super::mapping::Mapping;
use super::presets;
use crate::imports::{FieldKind, FieldSpec, FieldValue, ImporterSpec, MappedRow, RowProblem};
use crate::sheets::{
    CELL_BYTES_MAX, Damage, DateOrder, DecimalMark, Named, ROW_BYTES_MAX, SheetRow, boolean, country, domain, email,
    is_nothing, is_total, plain_header, read_amount, read_date, read_integer, read_number,
};
use jiff::tz::TimeZone;
use kernel::limits::IDENTIFIER_CHARS_MAX;
use kernel::money::Currency;
use std::sync::Arc;

/// What a row of a file becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mapped {
    Row(MappedRow),
    Rejected(RowProblem),
    Skipped(RowProblem),
}

enum Target {
    Field { place: usize, order: Option<DateOrder>, mark: Option<DecimalMark> },
    Property(Arc<str>),
}

/// Maps the rows of one file.
pub(crate) struct RowMapper {
    spec: &'static ImporterSpec,
    targets: Vec<(usize, Target)>,
    constants: Vec<(usize, FieldValue)>,
    width: usize,
    header: Vec<String>,
    skip_blank: Vec<usize>,
    currency: Option<usize>,
    has_keys: bool,
    home: Currency,
    zone: TimeZone,
}

impl RowMapper {
    /// A mapper for a file with these columns.
    ///
    /// # Errors
    /// When a constant cannot be read as its field.
    pub(crate) fn new(
        spec: &'static ImporterSpec,
        mapping: &Mapping,
        columns: &[String],
        home: Currency,
        zone: TimeZone,
    ) -> Result<Self, RowProblem> {
        let mut mapper = Self {
            spec,
            targets: Vec::new(),
            constants: Vec::new(),
            width: columns.len(),
            header: columns.iter().map(|name| plain_header(name)).collect(),
            skip_blank: Vec::new(),
            currency: spec.fields.iter().position(|field| field.kind == FieldKind::Currency),
            has_keys: spec.fields.iter().any(|field| field.key),
            home,
            zone,
        };
        for column in &mapping.columns {
            let target = match (&column.field, &column.property) {
                (Some(field), _) => spec.place(field).map(|place| Target::Field {
                    place,
                    order: column.date_order,
                    mark: column.decimal_mark,
                }),
                (None, Some(name)) if spec.keeps_properties => Some(Target::Property(name.as_str().into())),
                _ => None,
            };
            mapper.targets.extend(target.map(|target| (column.column, target)));
        }
        for (name, text) in &mapping.constants {
            let Some(place) = spec.place(name) else { continue };
            if let Some((value, _)) = mapper.value(&spec.fields[place], text, None, None)? {
                mapper.constants.push((place, value));
            }
        }
        let blanks = mapping.preset.as_deref().and_then(presets::named).map(|preset| preset.skip_blank.as_slice());
        for field in blanks.unwrap_or_default() {
            let column = mapping.columns.iter().find(|column| column.field.as_ref() == Some(field));
            mapper.skip_blank.extend(column.map(|column| column.column));
        }
        Ok(mapper)
    }

    /// Maps one row.
    pub(crate) fn map(&self, row: &SheetRow) -> Mapped {
        if let Some(problem) = self.misshapen(row) {
            return Mapped::Rejected(problem);
        }
        if let Some(problem) = self.not_data(row) {
            return Mapped::Skipped(problem);
        }
        match self.read(row) {
            Ok(mapped) => Mapped::Row(mapped),
            Err(problem) => Mapped::Rejected(problem),
        }
    }

    fn misshapen(&self, row: &SheetRow) -> Option<RowProblem> {
        match row.damage {
            Some(Damage::OpenQuote) => {
                let message = "A quotation mark opens a cell on this line and is never closed. Close it, or double it if it is part of the text.";
                return Some(RowProblem::new("open_quote", message));
            }
            Some(Damage::TooLong) => {
                let message = format!(
                    "The row is longer than {ROW_BYTES_MAX} bytes or has a cell longer than {CELL_BYTES_MAX} bytes."
                );
                return Some(RowProblem::new("too_long", message));
            }
            Some(Damage::Nul) => {
                return Some(RowProblem::new("nul", "The row holds a NUL character; the file is damaged here."));
            }
            Some(Damage::Encoding) => {
                let message = "The row holds bytes that are not of the file's encoding. Save the file as UTF-8, or choose its encoding.";
                return Some(RowProblem::new("bad_encoding", message));
            }
            None => {}
        }
        let filled = (0..row.len()).rev().find(|place| !row.cell(*place).trim().is_empty()).map_or(0, |last| last + 1);
        let fits = row.len() == self.width || (row.len() > self.width && filled <= self.width);
        // A totals line or a blank one may be of any width.
        if fits || row.is_blank() || (self.spec.kind == "spend" && is_total(row.cell(0))) {
            return None;
        }
        let message = format!(
            "The row has {} cells, the header has {}. A mark between cells is missing or too many.",
            row.len(),
            self.width
        );
        Some(RowProblem::new("wrong_width", message))
    }

    fn not_data(&self, row: &SheetRow) -> Option<RowProblem> {
        if row.cells().all(is_nothing) {
            return Some(RowProblem::new("blank_row", "The row is empty."));
        }
        if self.header.len() > 1 && row.cells().map(plain_header).eq(self.header.iter().cloned()) {
            return Some(RowProblem::new("repeated_header", "The row repeats the header."));
        }
        if self.spec.kind == "spend"
            && (is_total(row.cell(0)) || self.skip_blank.iter().any(|place| is_nothing(row.cell(*place))))
        {
            return Some(RowProblem::new("totals_row", "The row sums up other rows."));
        }
        None
    }

    fn read(&self, row: &SheetRow) -> Result<MappedRow, RowProblem> {
        let mut mapped =
            MappedRow { line: row.line, values: vec![None; self.spec.fields.len()], properties: Vec::new() };
        let mut named = Vec::new();
        for (column, target) in &self.targets {
            let cell = row.cell(*column).trim();
            match target {
                Target::Field { place, order, mark } => {
                    if let Some((value, currency)) = self.value(&self.spec.fields[*place], cell, *order, *mark)? {
                        if currency != Named::Nothing {
                            named.push((*place, currency));
                        }
                        mapped.values[*place] = Some(value);
                    }
                }
                Target::Property(name) if !is_nothing(cell) => mapped.properties.push((name.clone(), cell.to_owned())),
                Target::Property(_) => {}
            }
        }
        for (place, value) in &self.constants {
            if mapped.values[*place].is_none() {
                mapped.values[*place] = Some(value.clone());
            }
        }
        for (place, currency) in named {
            self.settle_currency(&mut mapped, place, currency)?;
        }
        self.complete(&mapped)?;
        Ok(mapped)
    }

    /// A currency in the cell of an amount is the row's, unless the row says another one.
    fn settle_currency(&self, row: &mut MappedRow, place: usize, named: Named) -> Result<(), RowProblem> {
        let stated = self.currency.and_then(|place| row.currency(place));
        if let (Some(at), None, Named::Currency(currency)) = (self.currency, stated, named) {
            row.values[at] = Some(FieldValue::Currency(currency));
            return Ok(());
        }
        let currency = stated.unwrap_or(self.home);
        if named.allows(currency) {
            return Ok(());
        }
        let message = format!(
            "The amount names another currency than {currency}, which the row is in. Map a currency column or give one currency for all rows."
        );
        Err(RowProblem::new("other_currency", message).at(self.spec.fields[place].name))
    }

    fn complete(&self, row: &MappedRow) -> Result<(), RowProblem> {
        for (field, value) in self.spec.fields.iter().zip(&row.values) {
            if field.required && value.is_none() {
                return Err(RowProblem::new("missing_field", format!("`{}` is empty.", field.title)).at(field.name));
            }
        }
        let keyed = self.spec.fields.iter().zip(&row.values).any(|(field, value)| field.key && value.is_some());
        if self.has_keys && !keyed {
            let keys: Vec<&str> = self.spec.fields.iter().filter(|field| field.key).map(|field| field.title).collect();
            let message = format!("The row has none of: {}. Nothing tells which record it is about.", keys.join(", "));
            return Err(RowProblem::new("no_key", message));
        }
        Ok(())
    }

    fn value(
        &self,
        field: &FieldSpec,
        cell: &str,
        order: Option<DateOrder>,
        mark: Option<DecimalMark>,
    ) -> Result<Option<(FieldValue, Named)>, RowProblem> {
        if cell.is_empty() || (is_nothing(cell) && (field.kind != FieldKind::Text || cell == "\\N" || cell == "--")) {
            return Ok(None);
        }
        let bad = |code: &str, what: &str| {
            let shown: String = cell.chars().take(80).collect();
            RowProblem::new(code, format!("`{shown}` in `{}` is not {what}.", field.title)).at(field.name)
        };
        let value = match field.kind {
            FieldKind::Text | FieldKind::Phone => {
                if field.key && cell.chars().count() > IDENTIFIER_CHARS_MAX {
                    return Err(bad("too_long", &format!("an id of at most {IDENTIFIER_CHARS_MAX} characters")));
                }
                FieldValue::Text(cell.to_owned())
            }
            FieldKind::Email => {
                FieldValue::Text(email(cell).ok_or_else(|| bad("bad_email", "an e-mail address"))?.to_owned())
            }
            FieldKind::Country => FieldValue::Text(
                country(cell).ok_or_else(|| bad("bad_country", "a country known by that name or code"))?.to_owned(),
            ),
            FieldKind::Domain => FieldValue::Text(domain(cell).ok_or_else(|| bad("bad_domain", "a web domain"))?),
            FieldKind::Date => FieldValue::Date(
                read_date(cell, order).ok_or_else(|| bad("bad_date", "a date in the form of its column"))?.date,
            ),
            FieldKind::Moment => {
                let moment = read_date(cell, order).and_then(|written| written.moment(&self.zone));
                FieldValue::Moment(moment.ok_or_else(|| bad("bad_date", "a date or time in the form of its column"))?)
            }
            FieldKind::Money => {
                let (micros, named) =
                    read_amount(cell, mark).ok_or_else(|| bad("bad_amount", "an amount in the form of its column"))?;
                return Ok(Some((FieldValue::Micros(micros), named)));
            }
            FieldKind::Currency => {
                FieldValue::Currency(cell.parse().map_err(|_| bad("bad_currency", "a currency code such as EUR"))?)
            }
            FieldKind::Number => {
                FieldValue::Text(read_number(cell, mark).ok_or_else(|| bad("bad_number", "a number"))?)
            }
            FieldKind::Integer => {
                FieldValue::Integer(read_integer(cell, mark).ok_or_else(|| bad("bad_number", "a whole number"))?)
            }
            FieldKind::Boolean => FieldValue::Boolean(boolean(cell).ok_or_else(|| bad("bad_boolean", "yes or no"))?),
        };
        Ok(Some((value, Named::Nothing)))
    }
}
