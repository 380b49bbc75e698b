//! Cells of a table: the guard against formulas, values of properties, and lists.

use serde_json::Value;

/// Characters before which a guard is read: those that it may protect, and the guard itself.
const SKIPPED: [char; 3] = ['\'', ' ', '\n'];
/// The characters between several values of a cell.
pub const SEPARATORS: &str = "\n;,";

/// Whether a spreadsheet would read a text as a formula.
pub fn begins_formula(text: &str) -> bool {
    let formula = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '＝' | '＋' | '－' | '＠');
    text.starts_with(formula)
}

/// Adds an apostrophe to a cell that a spreadsheet would read as a formula, and to one that has such an
/// apostrophe already.
pub fn guard_cell(text: &str) -> String {
    if begins_formula(text.trim_start_matches(SKIPPED)) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Takes the apostrophe off that [`guard_cell`] adds.
pub fn unguard_cell(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if begins_formula(rest.trim_start_matches(SKIPPED)) => rest,
        _ => text,
    }
}

/// Writes the value of a property: a text as it is, unless it could be read as another value.
pub fn write_value(value: &Value) -> String {
    match value.as_str() {
        Some(text) if !is_json(text) && !text.trim().is_empty() => text.to_owned(),
        _ => value.to_string(),
    }
}

/// Reads the value of a property, as [`write_value`] writes it.
pub fn read_value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Writes a list: joined if no value has a separator, else as a JSON array.
pub fn write_list(values: &[&str]) -> String {
    let is_plain = |value: &&str| {
        !value.is_empty()
            && value.trim() == *value
            && !value.starts_with('[')
            && !value.contains(|c| SEPARATORS.contains(c))
    };
    if values.iter().all(is_plain) {
        values.join("; ")
    } else {
        Value::from(values.to_vec()).to_string()
    }
}

/// Reads a list, as [`write_list`] writes it or with other separators.
pub fn read_list(cell: &str, separators: &str) -> Vec<String> {
    if let Ok(values) = serde_json::from_str::<Vec<String>>(cell) {
        return values;
    }
    let parts = cell.split(|c| separators.contains(c)).map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_guard_is_taken_off_as_it_was_added() {
        for text in [
            "=A1", "+5V rail", "'=x", "''=x", " -K1", "\n@x", "' +a", "plain", "'quoted'", "it's",
            "",
        ] {
            assert_eq!(unguard_cell(&guard_cell(text)), text);
        }
        assert_eq!(guard_cell("-K1"), "'-K1");
        assert_eq!(guard_cell("'quoted'"), "'quoted'");
    }

    #[test]
    fn values_and_lists_are_read_as_they_were_written() {
        for value in [
            json!("12"),
            json!(12),
            json!(1.5),
            json!("a"),
            json!(""),
            json!([1, "b"]),
            json!(true),
            json!("\"q\""),
            json!({"a": null}),
        ] {
            assert_eq!(read_value(&write_value(&value)), value);
        }
        for values in [vec!["R-1", "R-2"], vec!["a; b"], vec!["[x"], vec!["a,b", "c"], vec![" x"]] {
            assert_eq!(read_list(&write_list(&values), SEPARATORS), values);
        }
        assert_eq!(read_list("R-1, R-2;R-3\nR-4", SEPARATORS), ["R-1", "R-2", "R-3", "R-4"]);
    }
}
