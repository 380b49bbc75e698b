//! Canonical JSON: sorted keys, so that equal values have equal text.

use serde_json::{Map, Value};

/// Sorts the keys of every object in the value.
pub fn sort_keys(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(sorted_map(map)),
        Value::Array(items) => Value::Array(items.iter().map(sort_keys).collect()),
        other => other.clone(),
    }
}

/// Sorts the keys of the map and of every object in it.
pub fn sorted_map(map: &Map<String, Value>) -> Map<String, Value> {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries.into_iter().map(|(key, value)| (key.clone(), sort_keys(value))).collect()
}

/// Whether two values are equal, however their numbers are written: 10 and 10.0 are.
pub fn is_same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || (one.is_f64() != other.is_f64() && one.as_f64() == other.as_f64())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_same_value(a, b))
        }
        (Value::Object(one), Value::Object(other)) => is_same_map(one, other),
        (one, other) => one == other,
    }
}

/// As [`is_same_value`], in any order of the keys.
pub fn is_same_map(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let has = |(key, value): (&String, &Value)| {
        other.get(key).is_some_and(|known| is_same_value(value, known))
    };
    one.len() == other.len() && one.iter().all(has)
}

/// Returns the value with whole numbers written as such.
pub fn plain_numbers(value: &Value) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(whole) if number.is_f64() && whole.fract() == 0.0 && whole.abs() < EXACT => {
                (whole as i64).into()
            }
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(plain_numbers).collect(),
        Value::Object(map) => Value::Object(
            map.iter().map(|(key, item)| (key.clone(), plain_numbers(item))).collect(),
        ),
        other => other.clone(),
    }
}

/// Counts the keys of all objects in the value.
pub fn count_keys(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.len() + map.values().map(count_keys).sum::<usize>(),
        Value::Array(items) => items.iter().map(count_keys).sum(),
        _ => 0,
    }
}

/// Returns the nesting depth of arrays and objects; a scalar has depth 0.
pub fn nesting_depth(value: &Value) -> usize {
    match value {
        Value::Object(map) => 1 + map.values().map(nesting_depth).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(nesting_depth).max().unwrap_or(0),
        _ => 0,
    }
}
