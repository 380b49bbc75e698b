//! Instants: RFC 3339 in UTC with milliseconds and `Z`, so that their text sorts chronologically.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Serialize, Serializer};

/// An instant in UTC with millisecond precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    pub fn from_utc(instant: DateTime<Utc>) -> Self {
        Self(instant)
    }

    /// Parses RFC 3339, the Python system's `YYYY-MM-DD HH:MM:SS` (UTC), or a date (its midnight).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return Self::plausible(instant.with_timezone(&Utc));
        }
        for form in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"] {
            if let Ok(instant) = NaiveDateTime::parse_from_str(text, form) {
                return Self::plausible(instant.and_utc());
            }
        }
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Self::plausible(date.and_hms_opt(0, 0, 0)?.and_utc())
    }

    /// Rejects years before 1900, such as a two-digit year, and after 9999, which do not sort as
    /// text.
    fn plausible(instant: DateTime<Utc>) -> Option<Self> {
        (1900..=9999).contains(&instant.year()).then_some(Self(instant))
    }

    /// Parses the last instant that `text` covers: for a date, the end of that day.
    pub fn parse_end(text: &str) -> Option<Self> {
        match NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d") {
            Ok(date) => Self::plausible(date.and_hms_milli_opt(23, 59, 59, 999)?.and_utc()),
            Err(_) => Self::parse(text),
        }
    }

    /// Returns the whole days since an earlier instant; negative before it.
    pub fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).num_seconds().div_euclid(86_400)
    }

    /// Returns the whole seconds since an earlier instant; negative before it.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).num_seconds()
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
    fn years_before_1900_and_after_9999_are_refused_in_utc() {
        for bad in [
            "26-12-31",
            "0026-12-31T00:00:00Z",
            "+12345-01-01",
            "9999-12-31T23:59:59-10:00",
            "1900-01-01T00:00:00+05:00",
            "1899-12-31 23:59:59",
        ] {
            assert_eq!(Timestamp::parse(bad), None, "{bad}");
            assert_eq!(Timestamp::parse_end(bad), None, "{bad}");
        }
        assert!(Timestamp::parse("1900-01-01").is_some());
        assert!(Timestamp::parse_end("9999-12-31").is_some());
    }

    #[test]
    fn a_date_as_an_end_covers_its_whole_day() {
        let end = Timestamp::parse_end("2025-03-01").map(|t| t.to_string());
        assert_eq!(end.as_deref(), Some("2025-03-01T23:59:59.999Z"));
    }
}
