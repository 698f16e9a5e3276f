//! The columns of a file.

use crate::event::{Col, Columns};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

pub(crate) const PERSON: &str = "person";
pub(crate) const AT: &str = "at";
pub(crate) const OFFSET: &str = "offset";
pub(crate) const RECEIVED: &str = "received_at";
pub(crate) const KIND: &str = "kind";
pub(crate) const AGENT: &str = "agent_class";
pub(crate) const RULE: &str = "channel_rule";
pub(crate) const VALUE: &str = "value";
/// What was derived before, where it was derived again; a file has the column when a row of it was.
pub(crate) const SUPERSEDED: &str = "superseded";

pub(super) fn coded() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
}

fn moment() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The schema of the wanted columns, in the order of the file.
pub(crate) fn schema_of(columns: Columns) -> SchemaRef {
    let mut fields = vec![Field::new(PERSON, DataType::Int64, false), Field::new(AT, moment(), false)];
    if columns.has_offset() {
        fields.push(Field::new(OFFSET, DataType::Int64, false));
    }
    if columns.has_received_at() {
        fields.push(Field::new(RECEIVED, moment(), false));
    }
    if columns.has_kind() {
        fields.push(Field::new(KIND, coded(), false));
    }
    if columns.has_agent_class() {
        fields.push(Field::new(AGENT, coded(), false));
    }
    if columns.has_rule() {
        fields.push(Field::new(RULE, DataType::Int64, false));
    }
    if columns.has_value() {
        fields.push(Field::new(VALUE, DataType::Int64, true));
    }
    for column in Col::ALL.iter().filter(|column| columns.has(**column)) {
        let kind = if column.is_coded() { coded() } else { DataType::Utf8 };
        fields.push(Field::new(column.name(), kind, false));
    }
    if columns.has_superseded() {
        fields.push(Field::new(SUPERSEDED, coded(), true));
    }
    Arc::new(Schema::new(fields))
}
