//! What goes into a question in SQL and what comes out.

use serde::{Deserialize, Serialize};

/// The type of a column that the caller brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SqlType {
    /// 64-bit integer.
    Int,
    /// 64-bit float.
    Float,
    /// Text.
    Text,
    /// True or false.
    Bool,
    /// Microseconds since the epoch, UTC.
    Timestamp,
}

/// A value that the caller brings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SqlValue {
    /// No value.
    Null,
    /// For [`SqlType::Int`].
    Int(i64),
    /// For [`SqlType::Float`].
    Float(f64),
    /// For [`SqlType::Text`].
    Text(String),
    /// For [`SqlType::Bool`].
    Bool(bool),
    /// For [`SqlType::Timestamp`]: microseconds.
    Timestamp(i64),
}

/// A table that the caller brings, readable beside `events`. A value of another type than its column's is read as null.
#[derive(Debug, Clone)]
pub struct SqlTable {
    /// Its name in SQL.
    pub name: String,
    /// Names and types.
    pub columns: Vec<(String, SqlType)>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<SqlValue>>,
}

/// Where a question stops.
#[derive(Debug, Clone, Copy)]
pub struct SqlLimits {
    /// Most rows in the answer; what is beyond is left out and said so.
    pub rows: usize,
    /// Longest time, in seconds.
    pub seconds: u64,
    /// Most memory, in bytes.
    pub memory: usize,
}

impl Default for SqlLimits {
    /// The limits of [`kernel::limits`].
    fn default() -> Self {
        Self {
            rows: kernel::limits::SQL_ROWS_MAX,
            seconds: kernel::limits::SQL_SECONDS_MAX,
            memory: kernel::limits::SQL_MEMORY_BYTES_MAX,
        }
    }
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlColumn {
    /// Its name.
    pub name: String,
    /// `int`, `float`, `text`, `bool`, `timestamp`, `date`, `list` or `other`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SqlAnswer {
    /// The columns.
    pub columns: Vec<SqlColumn>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<serde_json::Value>>,
    /// Whether rows were left out.
    pub truncated: bool,
}
