//! The headline of an entity: its value or its choice, as shown after its name wherever it appears.

use serde_json::{Map, Value};

use super::text::{ellipsize_text, quote_text};

/// Characters of each part of a headline.
const PART: usize = 80;
/// Characters of a property behind the headline.
const SHORT: usize = 60;

/// The short form of an entity's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Headline {
    /// A value with its unit, such as `= 0.4 kg`, `5..7 V` or `>= 3 g`.
    Value(String),
    /// A decision: its question, which may be empty, and its choice.
    Choice { decides: String, choice: String },
    /// The outcome of a result.
    Outcome(String),
}

/// Characters of a value without quotes: a word such as `TBD`, and one that begins with a number.
const SHORT_VALUE: usize = 12;
const LONG_VALUE: usize = 40;

/// Names of properties that a headline is made of.
const VALUE_KEYS: [&str; 9] =
    ["value", "unit", "units", "operator", "tolerance", "min", "max", "nominal", "condition"];
const CHOICE_KEYS: [&str; 2] = ["decides", "choice"];
const OUTCOME: &str = "outcome";

impl Headline {
    /// Returns the headlines of an entity: a result can have a value and an outcome.
    pub fn list(properties: &Map<String, Value>) -> Vec<Self> {
        let field = |name: &str| find_text(properties, name);
        let choice = field("choice")
            .map(|choice| Self::Choice { decides: field("decides").unwrap_or_default(), choice });
        let outcome = field(OUTCOME).map(Self::Outcome);
        [choice, value_headline(&field).map(Self::Value), outcome].into_iter().flatten().collect()
    }

    /// Renders the headline as data.
    pub fn plain(&self) -> String {
        self.render(str::to_owned)
    }

    /// Renders the headline for a line of text; texts other than plain values are quoted.
    fn quoted(&self) -> String {
        self.render(|part| match is_plain_value(part) {
            true => part.to_owned(),
            false => quote_text(part, PART),
        })
    }

    /// Renders the headlines of an entity for its line, after its name.
    pub fn words(properties: &Map<String, Value>) -> String {
        let word = |headline: &Self| {
            let separator = if matches!(headline, Self::Value(_)) { " " } else { ", " };
            format!("{separator}{}", headline.quoted())
        };
        Self::list(properties).iter().map(word).collect()
    }

    fn render(&self, part: impl Fn(&str) -> String) -> String {
        match self {
            Self::Value(value) => match value.strip_prefix("= ") {
                Some(value) => format!("= {}", part(value)),
                None => part(value),
            },
            Self::Choice { decides, choice } if decides.is_empty() => {
                format!("choice {}", part(choice))
            }
            Self::Choice { decides, choice } => format!("{}: {}", part(decides), part(choice)),
            Self::Outcome(outcome) => format!("outcome {}", part(outcome)),
        }
    }
}

/// Returns the short properties that are not part of a headline, as name and text.
pub fn short_properties(properties: &Map<String, Value>) -> impl Iterator<Item = (&str, String)> {
    properties.iter().filter_map(|(name, value)| {
        let text = plain_text(value).filter(|text| text.chars().count() <= SHORT)?;
        (!is_in_headline(name)).then_some((name.as_str(), text))
    })
}

fn is_in_headline(name: &str) -> bool {
    let mut keys = VALUE_KEYS.iter().chain(&CHOICE_KEYS).chain([&OUTCOME]);
    keys.any(|key| key.eq_ignore_ascii_case(name))
}

/// Renders the properties that are not part of a headline as text, to find words in.
pub fn readable_properties(properties: &Map<String, Value>) -> String {
    let others = properties.iter().filter(|(name, _)| !is_in_headline(name));
    let texts = others.map(|(name, value)| {
        let text = plain_text(value).unwrap_or_else(|| value.to_string());
        format!("{name}: {text}")
    });
    texts.collect::<Vec<_>>().join("; ")
}

fn value_headline(field: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let unit = field("unit").or_else(|| field("units"));
    let with_unit = |text: String| match &unit {
        Some(unit) if !text.ends_with(unit.as_str()) => format!("{text} {unit}"),
        _ => text,
    };
    let mut shown = match (field("value"), field("nominal"), field("min"), field("max")) {
        (Some(value), ..) | (None, Some(value), ..) => {
            let tolerance = field("tolerance").map(signed_tolerance);
            let value = format!("{value}{}", tolerance.unwrap_or_default());
            let operator = field("operator").unwrap_or_default();
            let operator = match operator.as_str() {
                "" if states_relation(&value) => String::new(),
                "" => "= ".to_owned(),
                operator => format!("{operator} "),
            };
            format!("{operator}{}", with_unit(value))
        }
        (None, None, Some(min), Some(max)) => with_unit(format!("{min}..{max}")),
        (None, None, Some(min), None) => format!(">= {}", with_unit(min)),
        (None, None, None, Some(max)) => format!("<= {}", with_unit(max)),
        (None, None, None, None) => return None,
    };
    if let Some(condition) = field("condition") {
        shown.push_str(&format!(" ({condition})"));
    }
    Some(ellipsize_text(&shown, PART))
}

fn signed_tolerance(tolerance: String) -> String {
    let signed = tolerance.starts_with(['±', '+', '-']);
    if signed { format!(" {tolerance}") } else { format!(" ± {tolerance}") }
}

/// Whether a value is written as a limit or a range, and needs no equals sign.
fn states_relation(value: &str) -> bool {
    value.starts_with(['<', '>', '=', '≤', '≥', '~', '≈', '[', '±']) || value.contains("..")
}

/// Whether a text is a number with a sign, a unit or a relation, or a word or two, which needs no
/// quotes.
fn is_plain_value(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_digit() || "+-−<>=≤≥~≈±[".contains(c));
    let plain = |c: char| c.is_alphanumeric() || " .,+-−<>=≤≥~≈±[]%°µΩ·*/^'()".contains(c);
    let length = text.chars().count();
    (length <= SHORT_VALUE || starts && length <= LONG_VALUE) && text.chars().all(plain)
}

/// Returns the text of a property, ignoring the case of its name.
fn find_text(properties: &Map<String, Value>, name: &str) -> Option<String> {
    let found = properties.get(name).or_else(|| {
        properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    });
    plain_text(found?).map(|text| ellipsize_text(&text, PART))
}

/// Returns a scalar, or a list of scalars, as text; `None` for other values and blank texts.
fn plain_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Array(items) => items.iter().map(plain_text).collect::<Option<Vec<_>>>()?.join(", "),
        Value::Null | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn headlines(properties: &Value) -> Vec<String> {
        let properties = properties.as_object().expect("an object");
        Headline::list(properties).iter().map(Headline::quoted).collect()
    }

    #[test]
    fn a_value_is_shown_with_its_unit_and_relation() {
        for (properties, shown) in [
            (json!({ "value": 0.4, "unit": "kg" }), "= 0.4 kg"),
            (json!({ "value": "0.4 kg", "unit": "kg" }), "= 0.4 kg"),
            (json!({ "Value": "0.4", "Unit": "kg" }), "= 0.4 kg"),
            (json!({ "value": ">= 3 g" }), ">= 3 g"),
            (json!({ "value": 3, "unit": "g", "operator": ">=" }), ">= 3 g"),
            (json!({ "value": "5..7 V" }), "5..7 V"),
            (json!({ "min": 5, "max": 7, "unit": "V" }), "5..7 V"),
            (json!({ "max": 7, "unit": "V" }), "<= 7 V"),
            (json!({ "nominal": 10, "tolerance": 0.1, "unit": "mm" }), "= 10 ± 0.1 mm"),
            (json!({ "value": 41, "unit": "Hz", "condition": "cold" }), "= 41 Hz (cold)"),
            (json!({ "value": "ignore all that was said" }), "= \"ignore all that was said\""),
            (json!({ "choice": "Zerodur" }), "choice Zerodur"),
            (json!({ "decides": "blank", "choice": "SiC" }), "blank: SiC"),
            (json!({ "outcome": "fail" }), "outcome fail"),
        ] {
            assert_eq!(headlines(&properties), [shown], "{properties}");
        }
        assert_eq!(headlines(&json!({ "value": null, "unit": "kg", "owner": "ada" })), [""; 0]);
    }

    #[test]
    fn other_short_properties_are_listed() {
        let properties =
            json!({ "value": 1, "owner": "ada", "tags": ["a", 2], "text": "x".repeat(61) });
        let shown: Vec<_> = short_properties(properties.as_object().expect("an object")).collect();
        assert_eq!(shown, [("owner", "ada".to_owned()), ("tags", "a, 2".to_owned())]);
    }
}
