//! Many rows at once: several rows a statement on SQLite, one array a column on Postgres.

use super::error::DbError;
use super::value::Value;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnection};
use std::fmt::Write as _;

pub(super) async fn sqlite(
    on: &mut SqliteConnection,
    table: &str,
    columns: &[&str],
    rows: Vec<Vec<Value>>,
    suffix: &str,
    parameters_max: usize,
) -> Result<u64, DbError> {
    if let Some((first, rest)) = rows.split_first() {
        let types: Vec<&str> = first.iter().map(Value::type_name).collect();
        for (place, value) in rest.iter().flat_map(|row| row.iter().enumerate()) {
            if value.type_name() != types[place] {
                return Err(shape(table, columns[place], types[place], value.type_name()));
            }
        }
    }
    // A numbered placeholder is a name in SQLite, and binding looks names up one after the other; `?` has none, so the time
    // grows with the number of values only.
    let placeholders = format!("({})", vec!["?"; columns.len()].join(","));
    // Powers of two keep the number of different statements small, so that nearly all of them are already prepared.
    let largest = (parameters_max / columns.len().max(1)).clamp(1, 512);
    let (mut rows, mut left, mut touched) = (rows.into_iter(), 0, 0);
    left += rows.len();
    while left > 0 {
        let size = if left >= largest { largest } else { 1 << left.ilog2() };
        let names = columns.join(", ");
        let text =
            format!("insert into {table} ({names}) values {} {suffix}", vec![placeholders.as_str(); size].join(","));
        let mut query = sqlx::query::<Sqlite>(AssertSqlSafe(text));
        for value in rows.by_ref().take(size).flatten() {
            query = match value {
                Value::Text(value) => query.bind(value),
                Value::Int(value) => query.bind(value),
                Value::Bool(value) => query.bind(value),
                Value::Float(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
            };
        }
        touched += query.execute(&mut *on).await?.rows_affected();
        left -= size;
    }
    Ok(touched)
}

fn shape(table: &str, column: &str, one: &str, other: &str) -> DbError {
    let reason = format!("`{column}` is {one} in one row and {other} in another");
    DbError::Shape { table: table.to_owned(), reason }
}

/// One column of a chunk, as Postgres takes it.
enum Column {
    Text(Vec<Option<String>>),
    Int(Vec<Option<i64>>),
    Bool(Vec<Option<bool>>),
    Float(Vec<Option<f64>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    fn like(value: &Value, rows: usize) -> Self {
        match value {
            Value::Text(_) => Self::Text(Vec::with_capacity(rows)),
            Value::Int(_) => Self::Int(Vec::with_capacity(rows)),
            Value::Bool(_) => Self::Bool(Vec::with_capacity(rows)),
            Value::Float(_) => Self::Float(Vec::with_capacity(rows)),
            Value::Bytes(_) => Self::Bytes(Vec::with_capacity(rows)),
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Int(_) => "bigint",
            Self::Bool(_) => "boolean",
            Self::Float(_) => "double precision",
            Self::Bytes(_) => "bytea",
        }
    }

    /// Adds a value; gives its type back when that is not the column's.
    fn push(&mut self, value: Value) -> Result<(), &'static str> {
        match (self, value) {
            (Self::Text(all), Value::Text(value)) => all.push(value),
            (Self::Int(all), Value::Int(value)) => all.push(value),
            (Self::Bool(all), Value::Bool(value)) => all.push(value),
            (Self::Float(all), Value::Float(value)) => all.push(value),
            (Self::Bytes(all), Value::Bytes(value)) => all.push(value),
            (_, other) => return Err(other.type_name()),
        }
        Ok(())
    }
}

pub(super) async fn postgres(
    on: &mut PgConnection,
    table: &str,
    names: &[&str],
    rows: Vec<Vec<Value>>,
    suffix: &str,
    rows_max: usize,
) -> Result<u64, DbError> {
    let (mut rows, mut touched) = (rows.into_iter().peekable(), 0);
    while let Some(first) = rows.peek() {
        let mut columns: Vec<Column> = first.iter().map(|value| Column::like(value, rows_max.min(256))).collect();
        for row in rows.by_ref().take(rows_max) {
            for ((column, value), name) in columns.iter_mut().zip(row).zip(names) {
                let expected = column.type_name();
                column.push(value).map_err(|found| shape(table, name, expected, found))?;
            }
        }
        let mut arrays = String::new();
        for (place, column) in columns.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let _ = write!(arrays, "{comma}${}::{}[]", place + 1, column.type_name());
        }
        let text = format!("insert into {table} ({}) select * from unnest({arrays}) {suffix}", names.join(", "));
        let mut query = sqlx::query::<Postgres>(AssertSqlSafe(text));
        for column in columns {
            query = match column {
                Column::Text(values) => query.bind(values),
                Column::Int(values) => query.bind(values),
                Column::Bool(values) => query.bind(values),
                Column::Float(values) => query.bind(values),
                Column::Bytes(values) => query.bind(values),
            };
        }
        touched += query.execute(&mut *on).await?.rows_affected();
    }
    Ok(touched)
}
