//! Instants: RFC 3339 in UTC with milliseconds and `Z`, so that their text sorts as they do.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Serialize, Serializer};

/// An instant in UTC with millisecond precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    pub fn from_utc(instant: DateTime<Utc>) -> Self {
        Self(instant)
    }

    /// Reads RFC 3339, the Python system's `YYYY-MM-DD HH:MM:SS` (UTC), or a date (its midnight).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return Some(Self(instant.with_timezone(&Utc)));
        }
        for form in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"] {
            if let Ok(instant) = NaiveDateTime::parse_from_str(text, form) {
                return Some(Self(instant.and_utc()));
            }
        }
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(Self(date.and_hms_opt(0, 0, 0)?.and_utc()))
    }

    /// The last instant that `text` covers: a date holds until the end of that day.
    pub fn parse_end(text: &str) -> Option<Self> {
        match NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d") {
            Ok(date) => Some(Self(date.and_hms_milli_opt(23, 59, 59, 999)?.and_utc())),
            Err(_) => Self::parse(text),
        }
    }

    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + TimeDelta::seconds(seconds))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accepted_form_names_the_same_instant() {
        let expected = "2025-03-01T10:20:30.000Z";
        for form in [
            "2025-03-01T10:20:30Z",
            "2025-03-01T11:20:30+01:00",
            "2025-03-01 10:20:30",
            "2025-03-01T10:20:30.000",
        ] {
            assert_eq!(Timestamp::parse(form).map(|t| t.to_string()), Some(expected.to_owned()));
        }
        assert!(Timestamp::parse("yesterday").is_none());
    }

    #[test]
    fn a_date_as_an_end_covers_its_whole_day() {
        let end = Timestamp::parse_end("2025-03-01").map(|t| t.to_string());
        assert_eq!(end.as_deref(), Some("2025-03-01T23:59:59.999Z"));
    }
}
