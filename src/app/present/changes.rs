//! Audit entries in answers: the actor and the changed fields.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::bound::shorten_text;
use super::rows::{FULL_TEXT, LINE_TEXT, all_quoted};
use super::{Detail, is_false};
use crate::model::event::AuditEntry;
use crate::model::text::{collapse_spaces, quote_text};
use crate::ops::read::history::Change;
use crate::store::operations::COMMAND_LINE;

/// Columns that every change touches or that readers do not need.
const HIDDEN_COLUMNS: [&str; 10] = [
    "id",
    "version",
    "content_version",
    "source_digests",
    "reviewed_source",
    "reviewed_target",
    "created_at",
    "updated_at",
    "extractor_version",
    "canonical_home",
];

/// One change of a row.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ChangeView {
    /// With detail full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_id: Option<String>,
    pub action: String,
    pub actor: String,
    pub timestamp: String,
    /// The changed fields before; with detail full the whole row.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "Map<String, Value>")]
    pub before: Map<String, Value>,
    /// The changed fields after; all of them for a new row.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "Map<String, Value>")]
    pub after: Map<String, Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The client, if the actor is not named after it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operation: String,
    /// Who approved it, through which client, and their comment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub approval: String,
    /// Whether its contents were erased later.
    #[serde(skip_serializing_if = "is_false")]
    pub redacted: bool,
}

impl ChangeView {
    pub fn new(change: &Change, detail: Detail) -> Self {
        let entry = &change.entry;
        let (before, after) = match detail {
            Detail::Full => (snapshot_fields(&change.before), snapshot_fields(&change.after)),
            Detail::Concise => diff_fields(&change.before, &change.after),
        };
        Self {
            audit_id: (detail == Detail::Full).then(|| entry.id.clone()),
            action: entry.action.clone(),
            actor: entry.actor.clone(),
            timestamp: entry.timestamp.clone(),
            before,
            after,
            note: entry.note.clone(),
            client: client_beside(entry).to_owned(),
            operation: entry.operation.clone(),
            approval: entry.approval.clone(),
            redacted: change.redacted,
        }
    }
}

impl ChangeView {
    /// Renders the whole row before and after, and the UUID of the change; with detail full.
    pub fn full_lines(&self) -> Vec<String> {
        let Some(audit_id) = &self.audit_id else { return Vec::new() };
        let row = |name: &str, fields: &Map<String, Value>| {
            let fields = Value::Object(fields.clone()).to_string();
            format!("    {name} {}", shorten_text(&fields, FULL_TEXT))
        };
        let mut lines = Vec::new();
        if !self.before.is_empty() {
            lines.push(row("before", &self.before));
        }
        if !self.after.is_empty() {
            lines.push(row("after", &self.after));
        }
        lines.push(format!("    audit {audit_id}"));
        lines
    }
}

/// Returns the client of an audit row, unless it is the command line or the actor bears its name.
fn client_beside(entry: &AuditEntry) -> &str {
    let named = entry.client.split(' ').next().unwrap_or_default();
    let is_plain =
        named == COMMAND_LINE || (entry.actor == named && !entry.client.contains(" via "));
    if is_plain { "" } else { &entry.client }
}

/// Returns the fields of a snapshot. A snapshot of the Python system that is plain text becomes the
/// field `text`.
fn snapshot_fields(snapshot: &Value) -> Map<String, Value> {
    match snapshot {
        Value::Object(fields) => fields.clone(),
        Value::Null => Map::new(),
        other => Map::from_iter([("text".to_owned(), other.clone())]),
    }
}

/// Returns the fields that differ between two snapshots; for a new row those with a value.
fn diff_snapshots(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> (Map<String, Value>, Map<String, Value>) {
    let is_shown = |name: &str| !HIDDEN_COLUMNS.contains(&name);
    let pick = |from: &Map<String, Value>, keep: &dyn Fn(&str, &Value) -> bool| {
        let kept = from.iter().filter(|(name, value)| is_shown(name) && keep(name, value));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    if before.is_empty() {
        return (Map::new(), pick(after, &|_, value| !is_empty(value)));
    }
    let differs = |name: &str| before.get(name) != after.get(name);
    (pick(before, &|name, _| differs(name)), pick(after, &|name, _| differs(name)))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Renders a change in one line, with the changed fields.
pub fn change_line(change: &Change) -> String {
    let entry = &change.entry;
    let note = if entry.note.is_empty() {
        String::new()
    } else {
        format!(" because {}", quote_text(&entry.note, LINE_TEXT))
    };
    let edited = list_edits(&change.before, &change.after);
    let redacted = if change.redacted { " [redacted]" } else { "" };
    let edited = if edited.is_empty() { String::new() } else { format!(": {}", edited.join(", ")) };
    let actor = quote_text(&entry.actor, 80);
    let client = match client_beside(entry) {
        "" => String::new(),
        client => format!(" through {}", quote_text(client, 80)),
    };
    let approval = match entry.approval.as_str() {
        "" => String::new(),
        approval => format!(" ({approval})"),
    };
    let (at, action) = (&entry.timestamp, &entry.action);
    let operation = match entry.operation.as_str() {
        "" => String::new(),
        operation => format!("{operation} "),
    };
    format!("{at} {operation}{action} by {actor}{client}{redacted}{edited}{note}{approval}")
}

/// Maximum characters of a value before and after.
const MAX_VALUE: usize = 80;

/// Returns the changed fields of a row before and after.
pub fn diff_fields(before: &Value, after: &Value) -> (Map<String, Value>, Map<String, Value>) {
    diff_snapshots(&snapshot_fields(before), &snapshot_fields(after))
}

/// Renders the changed fields of a row, each property as one; none for a new row.
pub fn list_edits(before: &Value, after: &Value) -> Vec<String> {
    let (before, after) = (snapshot_fields(before), snapshot_fields(after));
    let mut edits = Vec::new();
    if before.is_empty() {
        return edits;
    }
    for (field, value) in diff_snapshots(&before, &after).1 {
        match (before.get(&field), &value) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
                keys.sort();
                keys.dedup();
                let changed = keys.into_iter().filter(|key| old.get(*key) != new.get(*key));
                edits.extend(
                    changed.map(|key| {
                        edit_words(&format!("{field}.{key}"), old.get(key), new.get(key))
                    }),
                );
            }
            (old, new) => edits.push(edit_words(&field, old, Some(new))),
        }
    }
    edits
}

fn edit_words(field: &str, old: Option<&Value>, new: Option<&Value>) -> String {
    if let (Some(Value::String(old)), Some(Value::String(new))) = (old, new) {
        return edit_texts(field, old, new);
    }
    let show = |value: Option<&Value>| match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => quote_text(text, MAX_VALUE),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
            let items: Vec<String> =
                items.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            if items.is_empty() { "nothing".to_owned() } else { all_quoted(&items) }
        }
        Some(Value::Bool(_) | Value::Number(_)) => value.map(Value::to_string).unwrap_or_default(),
        Some(other) => quote_text(&other.to_string(), MAX_VALUE),
    };
    format!("{} {} → {}", show_name(field), show(old), show(new))
}

/// Renders the change of a text. Long ones begin shortly before the first difference.
fn edit_texts(field: &str, old: &str, new: &str) -> String {
    let field = show_name(field);
    if collapse_spaces(old) == collapse_spaces(new) {
        return format!("{field} (only white space)");
    }
    let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
    let show = |text: &str| {
        if same < MAX_VALUE / 2 || text.chars().count() <= MAX_VALUE {
            return quote_text(text, MAX_VALUE);
        }
        let rest: String = text.chars().skip(same - MAX_VALUE / 4).collect();
        quote_text(&format!("…{rest}"), MAX_VALUE)
    };
    format!("{field} {} → {}", show(old), show(new))
}

/// Quotes the name of a field if it is not a plain word, as the key of a property may be.
fn show_name(field: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if field.chars().all(is_plain) { field.to_owned() } else { quote_text(field, MAX_VALUE) }
}
