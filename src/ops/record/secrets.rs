//! Refuses writes that contain a probable secret, unless the store was opened to allow them. Called
//! where rows are written, so that no write bypasses it.

use std::collections::HashSet;

use serde_json::Value;

use crate::model::secrets::{self, SecretLocation};
use crate::model::{Error, Hint, NextStep, Result};
use crate::store::View;

/// Refuses a row, as its audit snapshot, if a new text in it looks like a secret. Texts that were
/// stored before do not block changes such as ending the row.
pub fn refuse_row(view: &View<'_>, before: Option<&str>, after: &str) -> Result<()> {
    if view.allow_secrets || !secrets::may_be_in(after) {
        return Ok(());
    }
    let read = |json: &str| {
        serde_json::from_str::<Value>(json).map_err(|error| Error::Internal(error.to_string()))
    };
    let before = before.map(read).transpose()?;
    let mut known = HashSet::new();
    before.iter().for_each(|before| collect_texts(before, &mut known));
    secrets::find_in(&read(after)?, &|text| known.contains(text)).map_or(Ok(()), refuse_secret)
}

/// Refuses a text other than a row, such as a note.
pub fn refuse_text(view: &View<'_>, field: &str, text: &str) -> Result<()> {
    match secrets::find(text).filter(|_| !view.allow_secrets) {
        Some(found) => refuse_secret(SecretLocation { path: field.to_owned(), kind: found.kind }),
        None => Ok(()),
    }
}

/// Refuses the text of a document; the error names the line.
pub fn refuse_lines(view: &View<'_>, text: &str) -> Result<()> {
    match secrets::find(text).filter(|_| !view.allow_secrets) {
        Some(found) => {
            let line = text[..found.range.start].matches('\n').count() + 1;
            refuse_secret(SecretLocation { path: format!("line {line}"), kind: found.kind })
        }
        None => Ok(()),
    }
}

/// Checks a line of an export, including its snapshots; a refusal rejects the whole export.
pub fn refuse_line(view: &View<'_>, number: usize, line: &str) -> Result<()> {
    if view.allow_secrets || !secrets::may_be_in(line) {
        return Ok(());
    }
    let Ok(fields) = serde_json::from_str::<Value>(line) else { return Ok(()) };
    let snapshot = |column: &&str| {
        let snapshot = serde_json::from_str(fields.get(*column)?.as_str()?).ok()?;
        let found = secrets::find_in(&snapshot, &|_| false)?;
        Some(SecretLocation { path: format!("{column}.{}", found.path), ..found })
    };
    let inside = ["before_json", "after_json"].iter().find_map(snapshot);
    match inside.or_else(|| secrets::find_in(&fields, &|_| false)) {
        Some(SecretLocation { path, kind }) => {
            let problem =
                format!("{path}: this looks like {kind}; nothing of the export was stored");
            Err(Error::invalid(format!("line {number}"), problem, secret_hint()))
        }
        None => Ok(()),
    }
}

/// Refuses a secret that was found in the arguments of a call.
pub fn refuse_location(view: &View<'_>, found: &SecretLocation) -> Result<()> {
    if view.allow_secrets { Ok(()) } else { refuse_secret(found.clone()) }
}

/// Masks likely secrets in JSON that is kept, such as those of rows that were stored before.
pub fn mask_json(view: &View<'_>, json: String) -> Result<String> {
    if view.allow_secrets || !secrets::may_be_in(&json) {
        return Ok(json);
    }
    let failed = |error: serde_json::Error| Error::Internal(error.to_string());
    let mut value = serde_json::from_str(&json).map_err(failed)?;
    secrets::mask_value(&mut value);
    serde_json::to_string(&value).map_err(failed)
}

fn refuse_secret<T>(SecretLocation { path, kind }: SecretLocation) -> Result<T> {
    Err(Error::invalid(path, format!("this looks like {kind}"), secret_hint()))
}

fn secret_hint() -> Hint {
    let advice = "Keep it in a secret store and write here where it is kept. If it is no secret, \
                  allow it.";
    Hint::new(advice, NextStep::AllowSecrets)
}

/// Collects every text and key in a value.
fn collect_texts<'v>(value: &'v Value, found: &mut HashSet<&'v str>) {
    match value {
        Value::String(text) => drop(found.insert(text)),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, found)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            found.insert(key);
            collect_texts(value, found);
        }),
        _ => {}
    }
}
