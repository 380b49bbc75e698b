//! The value that properties state, with the unit, the tolerance, the bounds, the operator and the
//! condition next to it.

use serde_json::{Map, Value};

use super::forms::{find_bound, read_bounds, read_quantity, read_tolerated, read_value};
use super::{SlotValue, shorten_key};
use crate::model::canonical;

/// A value as shown, and its comparison key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedValue {
    pub shown: String,
    pub key: String,
}

/// The property whose neighbours belong to it.
const VALUE: &str = "value";
const UNITS: [&str; 2] = ["unit", "units"];

/// Returns the value of a property. The key is found without case. A unit next to it belongs to
/// every number without one; the other neighbours belong to the property `value`.
pub fn claimed_value(properties: &Map<String, Value>, name: &str) -> Option<ClaimedValue> {
    let stated =
        Stated { properties, unit: UNITS.iter().find_map(|unit| text_at(properties, unit)) };
    if !name.eq_ignore_ascii_case(VALUE) {
        return stated.read_alone(find_property(properties, name)?);
    }
    match find_property(properties, name).and_then(|value| stated.read_with_neighbours(value)) {
        Some(claimed) => Some(claimed),
        None => stated.read_bounds(),
    }
}

/// Finds a property, preferring the exact spelling of its key.
pub fn find_property<'p>(properties: &'p Map<String, Value>, name: &str) -> Option<&'p Value> {
    let alike = || properties.iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    let found = properties.get(name).or_else(|| alike().map(|(_, value)| value))?;
    let is_blank = found.is_null() || found.as_str().is_some_and(|text| text.trim().is_empty());
    (!is_blank).then_some(found)
}

fn text_at(properties: &Map<String, Value>, name: &str) -> Option<String> {
    find_property(properties, name).map(show_value)
}

/// Writes a property as text.
pub fn show_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        // A JSON number is one whatever its digits, so 3.0 is 3.
        Value::Number(number) => match number.to_string().strip_suffix(".0") {
            Some(whole) => whole.to_owned(),
            None => number.to_string(),
        },
        other => canonical::sort_keys(other).to_string(),
    }
}

/// The properties around a value.
struct Stated<'p> {
    properties: &'p Map<String, Value>,
    unit: Option<String>,
}

impl Stated<'_> {
    /// Reads a value with its unit only.
    fn read_alone(&self, value: &Value) -> Option<ClaimedValue> {
        let unit = self.unit.as_deref();
        let shown = self.show_with_unit(value);
        let key = match value {
            Value::Object(inner) => match claimed_value(inner, VALUE) {
                Some(claimed) => return Some(claimed),
                None => SlotValue::Text(shown.clone()).key(),
            },
            Value::Array(items) if !is_range(items) => {
                let keys = items.iter().map(|item| Some(self.read_alone(item)?.key));
                let keys: Vec<String> = keys.map(Option::unwrap_or_default).collect();
                shorten_key(format!("[{}]", keys.join(", ")))
            }
            other => read_value(&show_value(other), unit)?.key(),
        };
        Some(ClaimedValue { shown, key })
    }

    fn show_with_unit(&self, value: &Value) -> String {
        let text = show_value(value);
        let Some(unit) = &self.unit else { return text };
        let with_unit = format!("{text} {unit}");
        // A number with a unit of its own does not need this one.
        let has_own = read_quantity(&text, None)
            .is_some_and(|own| read_quantity(&text, Some(unit)).is_some_and(|read| read == own));
        if has_own { text } else { with_unit }
    }

    fn read_with_neighbours(&self, value: &Value) -> Option<ClaimedValue> {
        let mut claimed = self.read_alone(value)?;
        let mut used = Vec::new();
        if let Some(tolerance) = text_at(self.properties, "tolerance")
            && let Some(read) = read_tolerated(&show_value(value), &tolerance, self.unit.as_deref())
        {
            let sign = if tolerance.starts_with(['±', '+']) { "" } else { "± " };
            claimed = ClaimedValue {
                shown: format!("{} {sign}{tolerance}", claimed.shown),
                key: read.key(),
            };
            used.push("tolerance");
        }
        match text_at(self.properties, "operator").as_deref() {
            None => {}
            Some("=" | "==") => used.push("operator"),
            Some(operator) => {
                if let Some(bound) = find_bound(operator) {
                    let sign = bound.as_str();
                    let key = format!("{sign} {}", claimed.key);
                    claimed = ClaimedValue { shown: format!("{sign} {}", claimed.shown), key };
                    used.push("operator");
                }
            }
        }
        self.add_others(&mut claimed, &["tolerance", "operator", "nominal", "min", "max"], &used);
        self.add_others(&mut claimed, &["condition", "conditions"], &used);
        Some(claimed)
    }

    /// Adds neighbours to a value as they are: each makes it another value.
    fn add_others(&self, claimed: &mut ClaimedValue, names: &[&str], used: &[&str]) {
        for name in names.iter().filter(|name| !used.contains(name)) {
            let Some(other) = find_property(self.properties, name) else { continue };
            let Some(read) = self.read_alone(other) else { continue };
            claimed.shown.push_str(&format!(" ({name}: {})", read.shown));
            claimed.key = shorten_key(format!("{} {name}={}", claimed.key, read.key));
        }
    }

    /// Reads `nominal`, `min` and `max` where there is no value.
    fn read_bounds(&self) -> Option<ClaimedValue> {
        if let Some(nominal) = find_property(self.properties, "nominal") {
            let mut claimed = self.read_alone(nominal)?;
            self.add_others(
                &mut claimed,
                &["tolerance", "min", "max", "condition", "conditions"],
                &[],
            );
            return Some(claimed);
        }
        let bound = |name: &str| find_property(self.properties, name);
        let mut claimed = match (bound("min"), bound("max")) {
            (Some(min), Some(max)) => {
                let (low, high) = (show_value(min), show_value(max));
                let read = read_bounds(&low, &high, self.unit.as_deref());
                let range = Value::from(format!("{low}..{high}"));
                match read {
                    Some(read) => {
                        ClaimedValue { shown: self.show_with_unit(&range), key: read.key() }
                    }
                    None => self.read_alone(&range)?,
                }
            }
            (Some(min), None) => {
                self.read_alone(&Value::from(format!(">= {}", show_value(min))))?
            }
            (None, Some(max)) => {
                self.read_alone(&Value::from(format!("<= {}", show_value(max))))?
            }
            (None, None) => return None,
        };
        self.add_others(&mut claimed, &["condition", "conditions"], &[]);
        Some(claimed)
    }
}

/// Whether a list is a range: two numbers that ascend.
fn is_range(items: &[Value]) -> bool {
    matches!(items, [low, high] if low.as_f64() <= high.as_f64() && low.is_number() && high.is_number())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn claim(properties: &Value) -> Option<ClaimedValue> {
        claimed_value(properties.as_object().expect("an object"), "value")
    }

    #[test]
    fn a_unit_next_to_a_value_belongs_to_it_in_each_form() {
        for value in [json!("<= 10"), json!("10-20"), json!("±5"), json!([1, 2]), json!(3)] {
            let with = |unit: &str| claim(&json!({ "value": value, "unit": unit }));
            assert_ne!(with("kg"), with("g"), "{value}");
        }
        let own = claim(&json!({ "value": "10 mm", "unit": "kg" }));
        assert_eq!(own, claim(&json!({ "value": "10 mm" })), "its own unit goes first");
    }

    #[test]
    fn neighbours_make_another_value() {
        for (one, other) in [
            (
                json!({ "value": 10, "unit": "mm", "tolerance": 0.1 }),
                json!({ "value": 10, "unit": "mm", "tolerance": 0.2 }),
            ),
            (json!({ "value": 10, "operator": ">=" }), json!({ "value": 10, "operator": "<=" })),
            (
                json!({ "value": 10, "condition": "at 20 °C" }),
                json!({ "value": 10, "condition": "in vacuum" }),
            ),
            (json!({ "min": 5, "max": 7 }), json!({ "min": 4, "max": 9 })),
            (json!({ "min": 5 }), json!({ "max": 5 })),
            (json!({ "nominal": 5 }), json!({ "nominal": 6 })),
            (json!({ "value": 10, "tolerance": 1 }), json!({ "value": 10 })),
        ] {
            let keys = [&one, &other].map(|properties| claim(properties).expect("a value").key);
            assert_ne!(keys[0], keys[1], "{one} ≠ {other}");
        }
    }

    #[test]
    fn forms_in_properties_meet_those_in_texts() {
        for (one, other) in [
            (json!({ "Value": 10, "Unit": "mm" }), "1 cm"),
            (json!({ "value": 10, "unit": "mm", "tolerance": "0.1 mm" }), "10 ± 0.1 mm"),
            (json!({ "value": 10, "unit": "mm", "tolerance": "±1 %" }), "10 mm ± 0.1 mm"),
            (json!({ "value": "10 mm", "tolerance": "+0.2/-0.1" }), "10 +0.2/-0.1 mm"),
            (json!({ "value": 3, "units": "g", "operator": ">=" }), "at least 3 g"),
            (json!({ "value": 3, "operator": "=" }), "3"),
            (json!({ "min": 5, "max": 7, "unit": "V" }), "5..7 V"),
            (json!({ "min": "5 V", "max": "7 V" }), "5000 mV to 7000 mV"),
            (json!({ "max": 7, "unit": "V" }), "<= 7 V"),
            (json!({ "value": [5, 7], "unit": "V" }), "[5000, 7000] mV"),
            (json!({ "value": { "min": 1.0, "max": 2 }}), "1..2"),
            (json!({ "value": "TBD", "nominal": 5, "unit": "V" }), "5 V"),
            (json!({ "value": 3.0 }), "3"),
        ] {
            let text = json!({ "value": other });
            let keys = [&one, &text].map(|properties| claim(properties).expect("a value").key);
            assert_eq!(keys[0], keys[1], "{one} = {other}");
        }
    }

    #[test]
    fn a_placeholder_is_no_value() {
        for value in [
            json!("TBD"),
            json!("tbc"),
            json!("N/A"),
            json!("-"),
            json!("–"),
            json!(" "),
            json!(null),
        ] {
            assert_eq!(claim(&json!({ "value": value, "unit": "mm" })), None, "{value}");
        }
    }
}
