//! Between values of a caller and Arrow.

use super::answer::{SqlAnswer, SqlColumn, SqlLimits, SqlTable, SqlType, SqlValue};
use crate::error::LakeError;
use crate::parquet::data_error;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Field, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType, UInt64Type,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use kernel::time::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// A table that a caller brings, as Arrow.
pub(super) fn table_batch(table: SqlTable) -> Result<(SchemaRef, RecordBatch), LakeError> {
    let moment = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut fields = Vec::with_capacity(table.columns.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(table.columns.len());
    for (place, (name, kind)) in table.columns.iter().enumerate() {
        let values = table.rows.iter().map(|row| row.get(place).unwrap_or(&SqlValue::Null));
        let (data_type, array): (DataType, ArrayRef) = match kind {
            SqlType::Int => (DataType::Int64, Arc::new(values.map(as_int).collect::<Int64Array>())),
            SqlType::Float => (DataType::Float64, Arc::new(values.map(as_float).collect::<Float64Array>())),
            SqlType::Bool => (DataType::Boolean, Arc::new(values.map(as_bool).collect::<BooleanArray>())),
            SqlType::Text => (DataType::Utf8, Arc::new(values.map(as_text).collect::<StringArray>())),
            SqlType::Timestamp => {
                let moments: TimestampMicrosecondArray = values.map(as_moment).collect();
                (moment(), Arc::new(moments.with_timezone("UTC")))
            }
        };
        fields.push(Field::new(name, data_type, true));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(table.rows.len()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options).map_err(data_error)?;
    Ok((schema, batch))
}

fn as_int(value: &SqlValue) -> Option<i64> {
    if let SqlValue::Int(number) = value { Some(*number) } else { None }
}

fn as_float(value: &SqlValue) -> Option<f64> {
    if let SqlValue::Float(number) = value { Some(*number) } else { None }
}

fn as_bool(value: &SqlValue) -> Option<bool> {
    if let SqlValue::Bool(truth) = value { Some(*truth) } else { None }
}

fn as_text(value: &SqlValue) -> Option<&str> {
    if let SqlValue::Text(text) = value { Some(text) } else { None }
}

fn as_moment(value: &SqlValue) -> Option<i64> {
    if let SqlValue::Timestamp(micros) = value { Some(*micros) } else { None }
}

/// Collects an answer up to its limits.
pub(super) struct Answer {
    answer: SqlAnswer,
    rows_max: usize,
    /// Bytes that the answer may still grow by: it is held as JSON, beside the memory of the engine.
    bytes_left: usize,
}

impl Answer {
    pub(super) fn new(schema: &Schema, limits: SqlLimits) -> Self {
        let column =
            |field: &Arc<Field>| SqlColumn { name: field.name().clone(), kind: kind_of(field.data_type()).into() };
        let columns = schema.fields().iter().map(column).collect();
        let answer = SqlAnswer { columns, rows: Vec::new(), truncated: false };
        Self { answer, rows_max: limits.rows, bytes_left: limits.memory / 2 }
    }

    /// Adds rows; false when there is no room for more.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<bool, LakeError> {
        let mut columns = Vec::with_capacity(batch.num_columns());
        for column in batch.columns() {
            columns.push(json_column(column)?);
        }
        let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
        for _ in 0..batch.num_rows() {
            let row: Vec<Value> = columns.iter_mut().map(|column| column.next().unwrap_or(Value::Null)).collect();
            let bytes: usize = row.iter().map(weight).sum();
            if self.answer.rows.len() >= self.rows_max || bytes > self.bytes_left {
                self.answer.truncated = true;
                return Ok(false);
            }
            self.bytes_left -= bytes;
            self.answer.rows.push(row);
        }
        Ok(true)
    }

    pub(super) fn finish(self) -> SqlAnswer {
        self.answer
    }
}

fn weight(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(weight).sum(),
            _ => 0,
        }
}

pub(super) fn kind_of(data_type: &DataType) -> &'static str {
    match data_type {
        kind if kind.is_integer() => "int",
        kind if kind.is_floating() => "float",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text",
        DataType::Dictionary(_, values) => kind_of(values),
        DataType::Boolean => "bool",
        DataType::Timestamp(..) => "timestamp",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "list",
        _ => "other",
    }
}

fn json_column(column: &ArrayRef) -> Result<Vec<Value>, LakeError> {
    let as_kind = |kind: &DataType| cast(column, kind).map_err(data_error);
    let values = |value: &dyn Fn(usize) -> Value| {
        (0..column.len()).map(|row| if column.is_valid(row) { value(row) } else { Value::Null }).collect()
    };
    Ok(match (kind_of(column.data_type()), column.data_type()) {
        // A column of nothing has no marks that say so.
        (_, DataType::Null) => vec![Value::Null; column.len()],
        ("int", DataType::UInt64) => {
            let numbers = column.as_primitive::<UInt64Type>();
            values(&|row| numbers.value(row).into())
        }
        ("int", _) => {
            let numbers = as_kind(&DataType::Int64)?;
            let numbers = numbers.as_primitive::<Int64Type>();
            values(&|row| numbers.value(row).into())
        }
        ("float", _) => {
            let numbers = as_kind(&DataType::Float64)?;
            let numbers = numbers.as_primitive::<Float64Type>();
            // Not a number and the infinities have no form in JSON: they come as null.
            values(&|row| serde_json::Number::from_f64(numbers.value(row)).map_or(Value::Null, Value::Number))
        }
        ("text", _) => {
            let texts = as_kind(&DataType::Utf8)?;
            let texts = texts.as_string::<i32>();
            values(&|row| texts.value(row).into())
        }
        ("bool", _) => values(&|row| column.as_boolean().value(row).into()),
        ("timestamp", DataType::Timestamp(_, zone)) => {
            let moments = as_kind(&DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
            let moments = moments.as_primitive::<TimestampMicrosecondType>();
            values(&|row| Timestamp::from_micros(moments.value(row)).to_string().into())
        }
        ("list", DataType::List(_)) => {
            let lists = column.as_list::<i32>();
            let mut rows = Vec::with_capacity(lists.len());
            for row in 0..lists.len() {
                let is_some = lists.is_valid(row);
                rows.push(if is_some { Value::Array(json_column(&lists.value(row))?) } else { Value::Null });
            }
            rows
        }
        _ => {
            let options = FormatOptions::default();
            let texts = ArrayFormatter::try_new(column, &options).map_err(data_error)?;
            values(&|row| texts.value(row).to_string().into())
        }
    })
}
