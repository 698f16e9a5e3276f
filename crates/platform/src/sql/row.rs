//! Rows, and how they become values.

use super::error::DbError;
use kernel::ids::PersonId;
use kernel::money::Currency;
use kernel::time::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Row as _, TypeInfo as _, ValueRef as _};
use std::str::FromStr;

/// One row of an answer, from either database.
pub struct Row(Inner);

enum Inner {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self(Inner::Sqlite(row))
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self(Inner::Postgres(row))
    }
}

/// Builds a value from a row. Tuples of cells read the columns in order.
pub trait FromRow: Sized {
    /// The value.
    ///
    /// # Errors
    /// [`DbError::Column`] when a column is absent or cannot be what it must be.
    fn from_row(row: &Row) -> Result<Self, DbError>;
}

impl FromRow for () {
    fn from_row(_: &Row) -> Result<Self, DbError> {
        Ok(())
    }
}

/// A value that one column can hold.
pub trait Cell: Sized {
    /// The value at a place (0 is the first column), none when it is null.
    ///
    /// # Errors
    /// [`DbError::Column`].
    fn read_at(row: &Row, place: usize) -> Result<Option<Self>, DbError>;
    /// The value of a named column, none when it is null.
    ///
    /// # Errors
    /// [`DbError::Column`].
    fn read(row: &Row, column: &str) -> Result<Option<Self>, DbError>;
}

fn null(column: impl ToString) -> DbError {
    DbError::Column { column: column.to_string(), reason: "is null".to_owned() }
}

macro_rules! plain_cells {
    ($($type:ty),+) => {$(
        impl Cell for $type {
            fn read_at(row: &Row, place: usize) -> Result<Option<Self>, DbError> {
                match &row.0 {
                    Inner::Sqlite(row) => Ok(row.try_get::<Option<$type>, _>(place)?),
                    Inner::Postgres(row) => Ok(row.try_get::<Option<$type>, _>(place)?),
                }
            }
            fn read(row: &Row, column: &str) -> Result<Option<Self>, DbError> {
                match &row.0 {
                    Inner::Sqlite(row) => Ok(row.try_get::<Option<$type>, _>(column)?),
                    Inner::Postgres(row) => Ok(row.try_get::<Option<$type>, _>(column)?),
                }
            }
        }
    )+};
}

plain_cells!(String, bool, f64, Vec<u8>);

impl Cell for i64 {
    fn read_at(row: &Row, place: usize) -> Result<Option<Self>, DbError> {
        match &row.0 {
            Inner::Sqlite(row) => Ok(row.try_get::<Option<i64>, _>(place)?),
            Inner::Postgres(row) => postgres_integer(row, place),
        }
    }
    fn read(row: &Row, column: &str) -> Result<Option<Self>, DbError> {
        match &row.0 {
            Inner::Sqlite(row) => Ok(row.try_get::<Option<i64>, _>(column)?),
            Inner::Postgres(row) => postgres_integer(row, column),
        }
    }
}

/// Any whole number of Postgres. `sum(bigint)` is `numeric` there, so that is read too.
fn postgres_integer<I: ColumnIndex<PgRow> + Copy>(row: &PgRow, column: I) -> Result<Option<i64>, DbError> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok(None);
    }
    match raw.type_info().name() {
        "INT4" => Ok(Some(i64::from(row.try_get::<i32, _>(column)?))),
        "INT2" => Ok(Some(i64::from(row.try_get::<i16, _>(column)?))),
        "NUMERIC" => {
            let bytes = raw.as_bytes().map_err(|error| DbError::Database(sqlx::Error::Decode(error)))?;
            numeric(bytes).map(Some).ok_or_else(|| DbError::Column {
                column: "numeric".to_owned(),
                reason: "is not a whole number of 64 bits".to_owned(),
            })
        }
        _ => Ok(Some(row.try_get::<i64, _>(column)?)),
    }
}

/// The binary form of a Postgres `numeric`: digits of base 10 000, the weight of the first, the sign.
fn numeric(bytes: &[u8]) -> Option<i64> {
    let word = |place: usize| bytes.get(place..place + 2).map(|pair| i16::from_be_bytes([pair[0], pair[1]]));
    let (digits, weight, sign) = (word(0)?, word(2)?, word(4)?);
    let mut total: i128 = 0;
    for place in 0..=i32::from(weight) {
        let digit = if place < i32::from(digits) { word(8 + 2 * usize::try_from(place).ok()?)? } else { 0 };
        total = total.checked_mul(10_000)?.checked_add(i128::from(digit))?;
    }
    let fraction = (i32::from(weight) + 1).max(0)..i32::from(digits);
    for place in fraction {
        if word(8 + 2 * usize::try_from(place).ok()?)? != 0 {
            return None;
        }
    }
    i64::try_from(if sign == 0x4000 { -total } else { total }).ok()
}

macro_rules! changed_cells {
    ($($type:ty, $from:ty, |$it:ident| $change:expr;)+) => {$(
        impl Cell for $type {
            fn read_at(row: &Row, place: usize) -> Result<Option<Self>, DbError> {
                let Some($it) = <$from as Cell>::read_at(row, place)? else { return Ok(None) };
                ($change).map(Some).map_err(|error| DbError::Column { column: place.to_string(), reason: error.to_string() })
            }
            fn read(row: &Row, column: &str) -> Result<Option<Self>, DbError> {
                let Some($it) = <$from as Cell>::read(row, column)? else { return Ok(None) };
                ($change).map(Some).map_err(|error| DbError::Column { column: column.to_owned(), reason: error.to_string() })
            }
        }
    )+};
}

changed_cells! {
    u32, i64, |it| u32::try_from(it);
    u64, i64, |it| Ok::<_, std::convert::Infallible>(it.cast_unsigned());
    Timestamp, i64, |it| Ok::<_, std::convert::Infallible>(Timestamp::from_micros(it));
    PersonId, i64, |it| PersonId::from_number(it.cast_unsigned());
    Currency, String, |it| it.parse::<Currency>();
    kernel::ids::AuditId, String, |it| it.parse::<kernel::ids::AuditId>();
    kernel::ids::CompanyId, String, |it| it.parse::<kernel::ids::CompanyId>();
    kernel::ids::DealId, String, |it| it.parse::<kernel::ids::DealId>();
    kernel::ids::ErasureId, String, |it| it.parse::<kernel::ids::ErasureId>();
    kernel::ids::ImportId, String, |it| it.parse::<kernel::ids::ImportId>();
    kernel::ids::JobId, String, |it| it.parse::<kernel::ids::JobId>();
    kernel::ids::KeyId, String, |it| it.parse::<kernel::ids::KeyId>();
    kernel::ids::ExplorationId, String, |it| it.parse::<kernel::ids::ExplorationId>();
    kernel::ids::LedgerId, String, |it| it.parse::<kernel::ids::LedgerId>();
    kernel::ids::QuarantineId, String, |it| it.parse::<kernel::ids::QuarantineId>();
    kernel::ids::QueryId, String, |it| it.parse::<kernel::ids::QueryId>();
    kernel::ids::SessionId, String, |it| it.parse::<kernel::ids::SessionId>();
    kernel::ids::UserId, String, |it| it.parse::<kernel::ids::UserId>();
    kernel::ids::WorkspaceId, String, |it| it.parse::<kernel::ids::WorkspaceId>();
    jiff::civil::Date, String, |it| it.parse::<jiff::civil::Date>();
}

impl<T: Cell> Cell for Option<T> {
    fn read_at(row: &Row, place: usize) -> Result<Option<Self>, DbError> {
        T::read_at(row, place).map(Some)
    }
    fn read(row: &Row, column: &str) -> Result<Option<Self>, DbError> {
        T::read(row, column).map(Some)
    }
}

macro_rules! tuples {
    ($(($($type:ident $place:tt),+);)+) => {$(
        impl<$($type: Cell),+> FromRow for ($($type,)+) {
            fn from_row(row: &Row) -> Result<Self, DbError> {
                Ok(($($type::read_at(row, $place)?.ok_or_else(|| null($place))?,)+))
            }
        }
    )+};
}

tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
}

impl Row {
    /// Any cell of a named column; `Option<T>` where it may be null.
    ///
    /// # Errors
    /// [`DbError::Column`] when the column is absent, null or of another type.
    pub fn get<T: Cell>(&self, column: &str) -> Result<T, DbError> {
        T::read(self, column)?.ok_or_else(|| null(column))
    }

    /// A `text` column.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn text(&self, column: &str) -> Result<String, DbError> {
        self.get(column)
    }

    /// A `text` column that may be null.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn opt_text(&self, column: &str) -> Result<Option<String>, DbError> {
        self.get(column)
    }

    /// A `bigint` column.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn int(&self, column: &str) -> Result<i64, DbError> {
        self.get(column)
    }

    /// A `bigint` column that may be null.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, DbError> {
        self.get(column)
    }

    /// A `boolean` column.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn bool(&self, column: &str) -> Result<bool, DbError> {
        self.get(column)
    }

    /// A column of bytes.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, DbError> {
        self.get(column)
    }

    /// A column of bytes that may be null.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn opt_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, DbError> {
        self.get(column)
    }

    /// A `double precision` column.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn float(&self, column: &str) -> Result<f64, DbError> {
        self.get(column)
    }

    /// A `*_us bigint` column: a moment.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn time(&self, column: &str) -> Result<Timestamp, DbError> {
        self.get(column)
    }

    /// A moment that may be null.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn opt_time(&self, column: &str) -> Result<Option<Timestamp>, DbError> {
        self.get(column)
    }

    /// A `text` column that holds an id, or anything else that is parsed from text.
    ///
    /// # Errors
    /// As [`Row::get`], and when the text cannot be parsed.
    pub fn id<T>(&self, column: &str) -> Result<T, DbError>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        parse(column, &self.text(column)?)
    }

    /// The same, where the column may be null.
    ///
    /// # Errors
    /// As [`Row::id`].
    pub fn opt_id<T>(&self, column: &str) -> Result<Option<T>, DbError>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        self.opt_text(column)?.map(|text| parse(column, &text)).transpose()
    }

    /// A `text` column that holds JSON.
    ///
    /// # Errors
    /// As [`Row::get`], and when the text is not the JSON of a `T`.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, DbError> {
        serde_json::from_str(&self.text(column)?)
            .map_err(|error| DbError::Column { column: column.to_owned(), reason: error.to_string() })
    }
}

fn parse<T>(column: &str, text: &str) -> Result<T, DbError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| DbError::Column { column: column.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::numeric;

    #[test]
    fn the_binary_numeric_of_postgres_is_read() {
        let form = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        assert_eq!(numeric(&form(&[0, 0, 0, 0])), Some(0));
        assert_eq!(numeric(&form(&[2, 1, 0, 0, 3, 42])), Some(30_042));
        assert_eq!(numeric(&form(&[1, 1, 0x4000, 0, 7])), Some(-70_000));
        assert_eq!(numeric(&form(&[2, 0, 0, 1, 1, 5000])), None, "1.5 is not a whole number");
        assert_eq!(numeric(&[1]), None);
    }
}
