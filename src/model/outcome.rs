//! The outcome of a test, an analysis or a measurement, as `properties.outcome` of a result gives it.

use serde_json::Value;

/// An outcome. A result without one, or with another text, counts as evidence like any other row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Pass,
    Fail,
    /// It counts neither for nor against anything.
    Inconclusive,
}

const PASS: &[&str] =
    &["pass", "passed", "passes", "ok", "okay", "success", "successful", "succeeded"];
const FAIL: &[&str] =
    &["fail", "failed", "fails", "failure", "nok", "ko", "unsuccessful", "not ok", "not passed"];
const INCONCLUSIVE: &[&str] = &[
    "inconclusive",
    "undetermined",
    "unclear",
    "partial",
    "aborted",
    "blocked",
    "skipped",
    "error",
    "pending",
    "open",
    "tbd",
    "not run",
    "not tested",
    "not conclusive",
];

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// Reads an outcome: a known word, in any case, at the beginning of a text, or a Boolean.
    pub fn of_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(true) => Some(Self::Pass),
            Value::Bool(false) => Some(Self::Fail),
            Value::String(text) => Self::of_text(text),
            _ => None,
        }
    }

    fn of_text(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        let mut words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let first = words.next()?;
        let start = match words.next() {
            Some(second) if first == "not" => format!("not {second}"),
            Some(second) if first == "n" && second == "ok" => "nok".to_owned(),
            _ => first.to_owned(),
        };
        let known = [(Self::Pass, PASS), (Self::Fail, FAIL), (Self::Inconclusive, INCONCLUSIVE)];
        known.into_iter().find(|(_, names)| names.contains(&&*start)).map(|(outcome, _)| outcome)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_outcome_is_read_from_the_words_of_the_field() {
        let cases = [
            (json!(["pass", "Passed", " PASS ", "ok", "OK.", "passed with remarks", true]), "pass"),
            (
                json!(["fail", "FAILED", "nok", "NOK", "n.ok", "not passed", "Not OK", false]),
                "fail",
            ),
            (json!(["failed at 4.8 bar", "not_passed"]), "fail"),
            (json!(["inconclusive", "Not run", "aborted", "partial", "TBD"]), "inconclusive"),
        ];
        for (values, expected) in cases {
            for value in values.as_array().expect("a list") {
                let read = Outcome::of_value(value).map(Outcome::as_str);
                assert_eq!(read, Some(expected), "{value}");
            }
        }
        for other in json!(["", "41 Hz", "no leak", "passing", "notok", null, 1, {}])
            .as_array()
            .expect("a list")
        {
            assert_eq!(Outcome::of_value(other), None, "{other}");
        }
    }
}
