//! Parameters of a statement: typed, also when they are null, because Postgres wants to know the type of a null.

use kernel::ids::{
    AuditId, CompanyId, DealId, ErasureId, ExplorationId, ImportId, JobId, KeyId, LedgerId, PersonId, QuarantineId,
    QueryId, SessionId, UserId, WorkspaceId,
};
use kernel::money::Currency;
use kernel::time::Timestamp;

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `text`.
    Text(Option<String>),
    /// `bigint`.
    Int(Option<i64>),
    /// `boolean`.
    Bool(Option<bool>),
    /// `double precision`.
    Float(Option<f64>),
    /// `{{BLOB}}`: bytes.
    Bytes(Option<Vec<u8>>),
}

impl Value {
    /// The name of the type, as Postgres writes it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Int(_) => "bigint",
            Self::Bool(_) => "boolean",
            Self::Float(_) => "double precision",
            Self::Bytes(_) => "bytea",
        }
    }
}

/// A type that can be a parameter; `Option` of it can be one too.
pub trait ToValue {
    /// The null of this type.
    const NULL: Value;
    /// The value as a parameter.
    fn to_value(self) -> Value;
}

impl<T: ToValue> From<T> for Value {
    fn from(value: T) -> Self {
        value.to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    const NULL: Value = T::NULL;
    fn to_value(self) -> Value {
        self.map_or(T::NULL, T::to_value)
    }
}

impl<T: ToValue + Clone> ToValue for &Option<T> {
    const NULL: Value = T::NULL;
    fn to_value(self) -> Value {
        self.clone().to_value()
    }
}

/// Text without the one character Postgres cannot hold, so that both databases store the same.
fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text }
}

macro_rules! values {
    ($($type:ty, $variant:ident, |$it:ident| $change:expr;)+) => {$(
        impl ToValue for $type {
            const NULL: Value = Value::$variant(None);
            fn to_value(self) -> Value {
                let $it = self;
                Value::$variant(Some($change))
            }
        }
    )+};
}

values! {
    i64, Int, |it| it;
    i32, Int, |it| i64::from(it);
    u32, Int, |it| i64::from(it);
    u16, Int, |it| i64::from(it);
    u64, Int, |it| it.cast_signed();
    usize, Int, |it| (it as u64).cast_signed();
    bool, Bool, |it| it;
    f64, Float, |it| it;
    &str, Text, |it| clean(it.to_owned());
    &String, Text, |it| clean(it.clone());
    String, Text, |it| clean(it);
    Vec<u8>, Bytes, |it| it;
    &[u8], Bytes, |it| it.to_vec();
    Timestamp, Int, |it| it.micros();
    PersonId, Int, |it| it.column();
    Currency, Text, |it| it.as_str().to_owned();
    &serde_json::Value, Text, |it| clean(it.to_string());
    jiff::civil::Date, Text, |it| it.to_string();
}

macro_rules! id_values {
    ($($id:ty),+) => {$(
        impl ToValue for $id {
            const NULL: Value = Value::Text(None);
            fn to_value(self) -> Value {
                Value::Text(Some(self.into()))
            }
        }
        impl ToValue for &$id {
            const NULL: Value = Value::Text(None);
            fn to_value(self) -> Value {
                Value::Text(Some(self.as_str().to_owned()))
            }
        }
    )+};
}

id_values!(
    AuditId,
    CompanyId,
    DealId,
    ErasureId,
    ImportId,
    JobId,
    KeyId,
    ExplorationId,
    LedgerId,
    QuarantineId,
    QueryId,
    SessionId,
    UserId,
    WorkspaceId
);

/// The parameters of a statement, in the order of `$1`, `$2`, …
///
/// ```
/// let values = platform::params!["text", 1_i64, None::<String>];
/// assert_eq!(values.len(), 3);
/// ```
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        ::std::vec![$($crate::sql::Value::from($value)),*]
    };
}

/// `$from, $from+1, …`: the inside of `in (…)` for `count` values.
#[must_use]
pub fn placeholders(from: usize, count: usize) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(count * 5);
    for number in from..from + count {
        let comma = if number == from { "" } else { "," };
        let _ = write!(text, "{comma}${number}");
    }
    text
}

/// `($from,$from+1),(…),…`: what follows `values`, or stands inside `in (values …)`, for `rows` rows of `columns` values.
#[must_use]
pub fn placeholder_rows(from: usize, rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * (columns * 6 + 3));
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        text.push_str(&placeholders(from + row * columns, columns));
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_keep_their_type_and_text_loses_its_null_characters() {
        assert_eq!(
            params![None::<i64>, None::<&str>, None::<DealId>, Some("a\0b"), true],
            vec![
                Value::Int(None),
                Value::Text(None),
                Value::Text(None),
                Value::Text(Some("a\u{FFFD}b".to_owned())),
                Value::Bool(Some(true))
            ]
        );
    }

    #[test]
    fn placeholders_count_on() {
        assert_eq!(placeholders(2, 3), "$2,$3,$4");
        assert_eq!(placeholder_rows(1, 2, 2), "($1,$2),($3,$4)");
    }
}
