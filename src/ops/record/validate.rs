//! Validation rules and size limits of values before they are stored.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::model::memory::{MAX_TAGS, normalise_tags};
use crate::model::source_ref::SourceRef;
use crate::model::{Error, Result, SubjectKind, canonical, text};
use crate::ops::record::row_id::resolve_reference;
use crate::store::{View, sources};

/// Characters of a name, subject, key or category.
pub const MAX_NAME: usize = 500;
/// Characters of a description, content, value or note.
pub const MAX_TEXT: usize = 32_000;
/// Bytes of all properties of an entity, as JSON.
pub const MAX_PROPERTIES: usize = 32_000;
/// Keys of all properties of an entity, at every level.
pub const MAX_KEYS: usize = 1_000;
/// Levels of nesting in properties.
pub const MAX_DEPTH: usize = 16;
/// Source references of a row.
pub const MAX_REFS: usize = 200;
/// Characters of a source reference.
pub const MAX_REF: usize = 500;
/// Other names of a project.
pub const MAX_ALIASES: usize = 1_000;
/// Links passed with the entities of one call.
pub const MAX_LINKS: usize = 1_000;
/// Rows in one call.
pub const MAX_ROWS: usize = 200;

/// Deserializes a value; an error names the field, after the prefix, or else the whole value, but
/// repeats no value.
pub fn parse_fields<T: DeserializeOwned>(
    prefix: &str,
    whole: &str,
    value: Value,
    hint: &str,
) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = match error.path().to_string().as_str() {
            "." => whole.to_owned(),
            path => format!("{prefix}{path}"),
        };
        let problem = error.into_inner().to_string();
        Error::invalid(field, text::without_value(&problem).into_owned(), hint)
    })
}

/// Returns a name trimmed, with each run of white space replaced by one space.
pub fn check_name(field: &str, given: &str) -> Result<String> {
    let name = text::collapse_spaces(given);
    if text::is_blank(&name) {
        return Err(Error::invalid(field, "it is blank", "Give it a name of one letter or more."));
    }
    at_most(field, name.chars().count(), MAX_NAME, "characters")?;
    Ok(name)
}

/// Returns a uid in the form in which it is stored; it may be empty.
pub fn check_uid(given: &str) -> Result<String> {
    let uid = text::normalize_uid(given);
    at_most("uid", uid.chars().count(), MAX_NAME, "characters")?;
    Ok(uid)
}

pub fn text_length(field: &str, given: &str) -> Result<()> {
    at_most(field, given.chars().count(), MAX_TEXT, "characters")
}

pub fn check_confidence(given: Option<f64>) -> Result<f64> {
    let confidence = given.unwrap_or(1.0);
    if (0.0..=1.0).contains(&confidence) {
        return Ok(confidence);
    }
    Err(Error::invalid(
        "confidence",
        format!("{confidence} is out of range"),
        "Give a number from 0.0 (a guess) to 1.0 (certain).",
    ))
}

/// Returns references trimmed and deduplicated. Each must have a known scheme; a row of the store
/// that it names must exist.
pub fn source_refs(view: &View<'_>, given: &[String]) -> Result<Vec<String>> {
    at_most("source_refs", given.len(), MAX_REFS, "references")?;
    let mut kept: Vec<String> = Vec::new();
    for given in given {
        let given = given.trim();
        at_most("source_refs", given.chars().count(), MAX_REF, "characters")?;
        if given.chars().any(char::is_control) {
            return Err(Error::invalid(
                "source_refs",
                format!("{given:?} holds a control character"),
                "Write each reference on one line.",
            ));
        }
        let reference = resolve_reference(view, given)?;
        let SourceRef { scheme, target } = SourceRef::parse(&reference)?;
        if !sources::exists(view, scheme, target)? {
            return Err(Error::invalid(
                "source_refs",
                format!("{given:?} names nothing that is in the store"),
                "Cite what exists, or use doc:<path> or url:<address> for a source outside.",
            ));
        }
        if !kept.iter().any(|known| *known == reference) {
            kept.push(reference.into_owned());
        }
    }
    Ok(kept)
}

/// Returns tags in lower case, deduplicated.
/// Returns the tags in their form; a comma separates two.
pub fn check_tags(field: &str, given: &[String]) -> Result<Vec<String>> {
    at_most(field, given.len(), MAX_ROWS, "tags")?;
    let split = |tag: &String| tag.split(',').map(str::to_owned).collect::<Vec<_>>();
    let tags = normalise_tags(&given.iter().flat_map(split).collect::<Vec<_>>());
    at_most(field, tags.len(), MAX_TAGS, "tags")?;
    for tag in &tags {
        at_most(field, tag.chars().count(), MAX_NAME, "characters")?;
    }
    Ok(tags)
}

/// Returns properties with sorted keys, within the limits.
pub fn check_properties(given: &Map<String, Value>) -> Result<Map<String, Value>> {
    check_property_limits(given)?;
    Ok(canonical::sorted_map(given))
}

pub fn check_property_limits(given: &Map<String, Value>) -> Result<()> {
    let keys = given.len() + given.values().map(canonical::count_keys).sum::<usize>();
    at_most("properties", keys, MAX_KEYS, "keys")?;
    let depth = 1 + given.values().map(canonical::nesting_depth).max().unwrap_or(0);
    at_most("properties", depth, MAX_DEPTH, "levels")?;
    let text = serde_json::to_string(given).map_err(|error| Error::Internal(error.to_string()))?;
    at_most("properties", text.len(), MAX_PROPERTIES, "bytes")
}

/// Parses the instant at which something ends; a date means the end of its day.
pub fn end_instant(field: &str, given: &str) -> Result<String> {
    crate::model::Timestamp::parse_end(given).map(|instant| instant.to_string()).ok_or_else(|| {
        Error::invalid(
            field,
            format!("{given:?} is not a date or instant"),
            "Write it as 2026-12-31 or 2026-12-31T18:00:00Z.",
        )
    })
}

pub fn expected_version(
    subject: SubjectKind,
    id: &str,
    current: i64,
    expected: Option<i64>,
) -> Result<()> {
    match expected {
        Some(expected) if expected != current => {
            Err(Error::Stale { subject, id: id.to_owned(), current, expected })
        }
        _ => Ok(()),
    }
}

pub fn at_most(what: &str, size: usize, limit: usize, unit: &'static str) -> Result<()> {
    if size <= limit {
        return Ok(());
    }
    Err(Error::TooMuch { what: what.to_owned(), size, limit, unit })
}
