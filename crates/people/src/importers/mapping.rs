//! Which column becomes which field: proposed from the headers, changed by the user, complete before anything is read.
//!
//! **Invariant:** a mapping with an open question is never applied.

use super::presets::{self, Preset};
use crate::imports::{FieldKind, FieldSpec, ImporterSpec};
use crate::sheets::{ColumnFacts, DateOrder, DecimalMark, Form, Verdict, date_order, decimal_mark, plain_header};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one column becomes: a field, a property of its own name, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnMapping {
    /// The column's place, from 0.
    pub column: usize,
    /// The field it becomes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// The property it becomes, where the kind of import keeps properties.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub property: Option<String>,
    /// For dates: which number is the day. Needed when the column itself does not say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub date_order: Option<DateOrder>,
    /// For numbers: the mark before the decimals. Needed when the column itself does not say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decimal_mark: Option<DecimalMark>,
}

/// How a file is read into records.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The kind of import: `people`, `companies`, `deals`, `stage_history`, `contact_roles`, `spend`.
    pub kind: String,
    /// The preset it follows, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub preset: Option<String>,
    /// The system the file came from: `hubspot`, `salesforce` …, or a name of your own. Ids are unique within it.
    pub system: String,
    /// The columns; one that is not listed becomes nothing.
    pub columns: Vec<ColumnMapping>,
    /// Values for fields that no column holds, as text: `{"currency": "EUR"}`.
    #[serde(default)]
    pub constants: BTreeMap<String, String>,
}

/// Something the file does not say by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Question {
    /// `ambiguous_date`, `mixed_dates`, `ambiguous_number`, `mixed_numbers`, `missing_field`, `missing_key`, `unknown_field`, `field_twice`,
    /// `unknown_kind`, `unknown_column`.
    pub code: String,
    /// The column it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<usize>,
    /// The field it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// The question, with an example of the file.
    pub message: String,
    /// The answers that can be given, when there are few.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub choices: Vec<String>,
}

impl Question {
    fn new(code: &str, message: String) -> Self {
        Self { code: code.to_owned(), column: None, field: None, message, choices: Vec::new() }
    }

    fn of(mut self, column: usize, field: &str) -> Self {
        self.column = Some(column);
        self.field = Some(field.to_owned());
        self
    }
}

/// The mapping that the headers of a file suggest, of one kind when that is given.
pub(crate) fn propose(form: &Form, specs: &[&'static ImporterSpec], kind: Option<&str>) -> Mapping {
    let known = |preset: &&Preset| specs.iter().any(|spec| spec.kind == preset.kind);
    let mut mapping = match presets::recognise(&form.columns, kind).filter(|preset| known(preset)) {
        Some(preset) => by_preset(form, preset),
        None => by_synonyms(form, specs, kind),
    };
    if let Some(spec) = specs.iter().find(|spec| spec.kind == mapping.kind) {
        mapping.columns.retain(|column| column.field.as_deref().is_none_or(|field| spec.place(field).is_some()));
        mapping.constants.retain(|field, _| spec.place(field).is_some());
        if spec.keeps_properties {
            keep_the_rest(form, &mut mapping);
        }
        decide(form, spec, &mut mapping);
    }
    mapping.columns.sort_by_key(|column| column.column);
    mapping
}

fn by_preset(form: &Form, preset: &Preset) -> Mapping {
    let mut mapping = Mapping {
        kind: preset.kind.clone(),
        preset: Some(preset.id.clone()),
        system: preset.system.clone(),
        columns: Vec::new(),
        constants: preset.constants.clone(),
    };
    let found = preset.recognise(&form.columns).unwrap_or_default();
    let has_currency = found.iter().any(|(field, ..)| field == "currency");
    for (field, column, currency) in found {
        if mapping.columns.iter().any(|other| other.column == column) {
            continue;
        }
        if let Some(currency) = currency.filter(|_| !has_currency) {
            mapping.constants.insert("currency".to_owned(), currency);
        }
        mapping.columns.push(ColumnMapping { column, field: Some(field), ..ColumnMapping::default() });
    }
    mapping
}

/// The kind that finds most of its fields, each column going to the field whose name or synonym it bears.
fn by_synonyms(form: &Form, specs: &[&'static ImporterSpec], kind: Option<&str>) -> Mapping {
    let mut best: Option<(usize, Mapping)> = None;
    for spec in specs.iter().filter(|spec| kind.is_none_or(|kind| kind == spec.kind)) {
        let mut mapping = Mapping { kind: spec.kind.to_owned(), system: "file".to_owned(), ..Mapping::default() };
        let mut score = 0;
        for field in spec.fields {
            let taken = |place: &usize| mapping.columns.iter().any(|other| other.column == *place);
            let scored = (0..form.columns.len()).filter(|place| !taken(place));
            let scored = scored.map(|place| (likeness(form, place, field), place)).filter(|(score, _)| *score > 0);
            if let Some((points, column)) = scored.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1))) {
                score += points * if field.required || field.key { 3 } else { 1 };
                let field = Some(field.name.to_owned());
                mapping.columns.push(ColumnMapping { column, field, ..ColumnMapping::default() });
            }
        }
        let missing = spec.fields.iter().filter(|field| field.required);
        let missing = missing.filter(|field| !mapping.columns.iter().any(|c| c.field.as_deref() == Some(field.name)));
        let score = score / (1 + missing.count());
        if best.as_ref().is_none_or(|(most, _)| score > *most) {
            best = Some((score, mapping));
        }
    }
    best.map(|(_, mapping)| mapping).unwrap_or_default()
}

/// How well a column fits a field: by its name, by a synonym, by a name that contains it.
fn likeness(form: &Form, place: usize, field: &FieldSpec) -> usize {
    let (header, _) = presets::without_currency(&plain_header(&form.columns[place]));
    let header = header.strip_suffix(" (*)").unwrap_or(&header);
    let name = field.name.replace('_', " ");
    if header == name || header == field.title.to_lowercase() {
        return 10;
    }
    if field.synonyms.contains(&header) || header.replace([' ', '-'], "") == name.replace(' ', "") {
        return 9;
    }
    let facts = ColumnFacts::of(&form.sample, place);
    if field.kind == FieldKind::Email && facts.mostly(facts.emails) {
        return 6;
    }
    0
}

/// Columns that hold something and become no field are kept as properties of their own name.
fn keep_the_rest(form: &Form, mapping: &mut Mapping) {
    for (column, name) in form.columns.iter().enumerate() {
        let taken = mapping.columns.iter().any(|other| other.column == column);
        if !taken && !name.starts_with("mainspring_") && ColumnFacts::of(&form.sample, column).filled > 0 {
            mapping.columns.push(ColumnMapping { column, property: Some(name.clone()), ..ColumnMapping::default() });
        }
    }
}

/// Fills in what the columns themselves decide. A number column that does not say follows the file's other ones.
fn decide(form: &Form, spec: &ImporterSpec, mapping: &mut Mapping) {
    let mut marks = Vec::new();
    for column in &mut mapping.columns {
        let Some(field) = column.field.as_deref().and_then(|name| spec.fields.iter().find(|f| f.name == name)) else {
            continue;
        };
        match field.kind {
            FieldKind::Date | FieldKind::Moment if column.date_order.is_none() => {
                if let Verdict::Only(order) = date_order(&form.sample, column.column) {
                    column.date_order = Some(order);
                }
            }
            FieldKind::Money | FieldKind::Number => {
                if let (None, Verdict::Only(mark)) = (column.decimal_mark, decimal_mark(&form.sample, column.column)) {
                    column.decimal_mark = Some(mark);
                }
                marks.extend(column.decimal_mark);
            }
            _ => {}
        }
    }
    marks.dedup();
    let [mark] = marks[..] else { return };
    let money = |name: &str| spec.fields.iter().any(|field| field.name == name && field.kind == FieldKind::Money);
    for column in mapping.columns.iter_mut().filter(|column| column.field.as_deref().is_some_and(money)) {
        column.decimal_mark.get_or_insert(mark);
    }
}

/// What a mapping leaves open. Empty means that it can be applied.
pub(crate) fn questions(form: &Form, specs: &[&'static ImporterSpec], mapping: &Mapping) -> Vec<Question> {
    let Some(spec) = specs.iter().find(|spec| spec.kind == mapping.kind) else {
        let mut question = Question::new("unknown_kind", "Choose what the rows of this file are.".to_owned());
        question.choices = specs.iter().map(|spec| spec.kind.to_owned()).collect();
        return vec![question];
    };
    let mut open = Vec::new();
    let mut used: Vec<&str> = mapping.constants.keys().map(String::as_str).collect();
    for column in &mapping.columns {
        if column.column >= form.columns.len() {
            let message = format!("The file has {} columns; there is no column {}.", form.columns.len(), column.column);
            open.push(Question { column: Some(column.column), ..Question::new("unknown_column", message) });
            continue;
        }
        let Some(name) = column.field.as_deref() else { continue };
        let Some(field) = spec.fields.iter().find(|field| field.name == name) else {
            let message = format!("`{name}` is not a field of {}.", spec.title);
            open.push(Question::new("unknown_field", message).of(column.column, name));
            continue;
        };
        if used.contains(&name) {
            let message = format!("Two columns become `{}`; keep one.", field.title);
            open.push(Question::new("field_twice", message).of(column.column, name));
        }
        used.push(name);
        open.extend(form_question(form, field, column));
    }
    for name in mapping.constants.keys().filter(|name| spec.place(name).is_none()) {
        open.push(Question::new("unknown_field", format!("`{name}` is not a field of {}.", spec.title)));
    }
    for field in spec.fields.iter().filter(|field| field.required && !used.contains(&field.name)) {
        let message = format!("No column holds `{}`; choose one, or give one value for all rows.", field.title);
        open.push(Question { field: Some(field.name.to_owned()), ..Question::new("missing_field", message) });
    }
    let keys: Vec<&FieldSpec> = spec.fields.iter().filter(|field| field.key).collect();
    if !keys.is_empty() && !keys.iter().any(|field| used.contains(&field.name)) {
        let names = keys.iter().map(|field| field.title).collect::<Vec<_>>().join(", ");
        let message = format!("Choose a column for at least one of: {names}. It tells which record a row is about.");
        open.push(Question::new("missing_key", message));
    }
    open
}

fn form_question(form: &Form, field: &FieldSpec, column: &ColumnMapping) -> Option<Question> {
    let name = &form.columns[column.column];
    let sample = || ColumnFacts::of(&form.sample, column.column).samples.first().cloned().unwrap_or_default();
    let (code, message, choices) = match field.kind {
        FieldKind::Date | FieldKind::Moment if column.date_order.is_none() => {
            match date_order(&form.sample, column.column) {
                Verdict::Either => (
                    "ambiguous_date",
                    format!(
                        "`{name}` can be read two ways, for example `{}`. Is the first number the day or the month?",
                        sample()
                    ),
                    ["day_first", "month_first"],
                ),
                Verdict::Mixed => (
                    "mixed_dates",
                    format!(
                        "Some dates of `{name}` only make sense with the day first, some only with the month first. Choose one; the others will be rejected."
                    ),
                    ["day_first", "month_first"],
                ),
                Verdict::Plain | Verdict::Only(_) => return None,
            }
        }
        FieldKind::Money | FieldKind::Number if column.decimal_mark.is_none() => {
            match decimal_mark(&form.sample, column.column) {
                Verdict::Either => (
                    "ambiguous_number",
                    format!(
                        "`{name}` can be read two ways, for example `{}`. Which mark stands before the decimals?",
                        sample()
                    ),
                    ["point", "comma"],
                ),
                Verdict::Mixed => (
                    "mixed_numbers",
                    format!(
                        "Some numbers of `{name}` have a decimal point, some a decimal comma. Choose one; the others will be rejected."
                    ),
                    ["point", "comma"],
                ),
                Verdict::Plain | Verdict::Only(_) => return None,
            }
        }
        _ => return None,
    };
    let mut question = Question::new(code, message).of(column.column, field.name);
    question.choices = choices.map(str::to_owned).to_vec();
    Some(question)
}
