//! Statement parameters, and typed access to result rows.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use crate::model::{Error, Result};

/// A statement parameter.
#[derive(Debug, Clone, Copy)]
pub enum SqlValue<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
}

macro_rules! into_value {
    ($($from:ty => $make:expr),* $(,)?) => {
        $(impl<'a> From<$from> for SqlValue<'a> {
            fn from(value: $from) -> Self { $make(value) }
        })*
    };
}

into_value!(
    &'a str => SqlValue::Text,
    &'a String => |text: &'a String| SqlValue::Text(text),
    i64 => SqlValue::Integer,
    bool => |flag| SqlValue::Integer(i64::from(flag)),
    f64 => SqlValue::Real,
    Option<&'a str> => |text: Option<&'a str>| text.map_or(SqlValue::Null, SqlValue::Text),
    &'a Option<String> => |text: &'a Option<String>| text.as_deref().map_or(SqlValue::Null, SqlValue::Text),
);

impl ToSql for SqlValue<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            SqlValue::Null => ValueRef::Null,
            SqlValue::Integer(number) => ValueRef::Integer(*number),
            SqlValue::Real(number) => ValueRef::Real(*number),
            SqlValue::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// Builds the parameters `?1`, `?2`, … of a statement.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::store::sqlite::sql::SqlValue::from($value)),*] };
}

/// A row, read by column name. NULL and unexpected storage classes, which tables of the Python
/// system may hold, are converted to the nearest plain value.
pub struct SqlRow<'a>(pub(super) &'a rusqlite::Row<'a>);

impl SqlRow<'_> {
    fn get(&self, column: &str) -> Result<ValueRef<'_>> {
        self.0.get_ref(column).map_err(|error| Error::Internal(error.to_string()))
    }

    pub fn optional_text(&self, column: &str) -> Result<Option<String>> {
        Ok(match self.get(column)? {
            ValueRef::Null => None,
            ValueRef::Text(text) | ValueRef::Blob(text) => {
                let read = std::str::from_utf8(text).map(str::to_owned);
                Some(read.unwrap_or_else(|_| String::from_utf8_lossy(text).into_owned()))
            }
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
        })
    }

    pub fn text(&self, column: &str) -> Result<String> {
        Ok(self.optional_text(column)?.unwrap_or_default())
    }

    /// Returns the bytes of a text without copying, for reading very many rows.
    pub fn bytes(&self, column: &str) -> Result<&[u8]> {
        let bytes = self.get(column)?.as_bytes();
        bytes.map_err(|error| Error::Internal(format!("{column}: {error}")))
    }

    pub fn integer(&self, column: &str) -> Result<i64> {
        Ok(match self.get(column)? {
            ValueRef::Integer(number) => number,
            ValueRef::Real(number) => number as i64,
            _ => 0,
        })
    }

    pub fn real(&self, column: &str) -> Result<f64> {
        Ok(match self.get(column)? {
            ValueRef::Integer(number) => number as f64,
            ValueRef::Real(number) => number,
            _ => 0.0,
        })
    }
}
