//! Reads the audit history of one row.

use serde_json::{Map, Value};

use crate::model::event::AuditEntry;
use crate::model::handle::HandleKind;
use crate::model::{Action, Page, PageRequest, Result};
use crate::ops::maintain::audit::clearing_proof::is_cleared;
use crate::ops::record::row_id::resolve_id_of;
use crate::store::{self, View};

/// A change of a row.
#[derive(Debug, Clone)]
pub struct Change {
    pub entry: AuditEntry,
    pub before: Value,
    pub after: Value,
    /// Whether the contents were cleared by a later redaction.
    pub redacted: bool,
}

/// Kinds of rows with an audit history.
const AUDITED: [HandleKind; 8] = [
    HandleKind::Entity,
    HandleKind::Memory,
    HandleKind::Relationship,
    HandleKind::Project,
    HandleKind::State,
    HandleKind::Conflict,
    HandleKind::Interaction,
    HandleKind::Revision,
];

/// Lists the changes of a row, oldest first.
pub fn list_changes(view: &View<'_>, id: &str, page: &PageRequest) -> Result<Page<Change>> {
    let id = &*resolve_id_of(view, &AUDITED, id)?;
    let found = store::audit::of_subject(view, id, page.after_number(), page.fetch())?;
    let total = store::audit::count_of_subject(view, id)?;
    page.page(found, total, |entry| vec![entry.seq.to_string()]).map(|entry| Ok(read_change(entry)))
}

/// Lists the changes of an operation, in their order.
pub fn list_changes_of_operation(
    view: &View<'_>,
    handle: &str,
    page: &PageRequest,
) -> Result<Page<Change>> {
    let found = store::audit::of_operation(view, handle, page.after_number(), page.fetch())?;
    let total = store::audit::count_of_operation(view, handle)?;
    page.page(found, total, |entry| vec![entry.seq.to_string()]).map(|entry| Ok(read_change(entry)))
}

/// Parses the snapshots of an audit row.
pub fn read_change(entry: AuditEntry) -> Change {
    // The `before_json` of a redaction is a proof of older audit rows, not a snapshot.
    let redaction = entry.action == Action::Redacted.as_str();
    Change {
        before: parse_snapshot(if redaction { "" } else { &entry.before_json }),
        after: parse_snapshot(&entry.after_json),
        redacted: is_cleared(&entry),
        entry,
    }
}

/// Parses a snapshot; a text of the Python system that is not JSON becomes a string.
fn parse_snapshot(json: &str) -> Value {
    if json.is_empty() {
        return Value::Object(Map::new());
    }
    serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.to_owned()))
}
