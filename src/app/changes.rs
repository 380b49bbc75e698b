//! The changes of the store in the order of the audit, for callers that follow them.

use serde::Serialize;

use super::present::ids::shown_id;
use crate::model::{Kind, Result};
use crate::ops::View;
use crate::store::audit;

/// A change, without the contents of its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreChange {
    /// Its place in the audit.
    pub sequence: i64,
    pub kind: String,
    pub row_id: String,
    pub action: String,
    pub actor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operation: String,
    pub timestamp: String,
}

/// Returns the sequence number of the newest change; 0 if there is none.
pub fn last_sequence(view: &View<'_>) -> Result<i64> {
    Ok(audit::chain_head(view)?.seq)
}

/// Lists the changes after a sequence number, oldest first.
pub fn list_changes_after(view: &View<'_>, after: i64, limit: i64) -> Result<Vec<StoreChange>> {
    let entries = audit::rows_after(view, after, limit)?;
    let changes = entries.into_iter().map(|entry| {
        let kind = Kind::parse(&entry.kind);
        let shown = kind.map(|kind| shown_id(view, kind, Some(&entry.subject_id))).transpose()?;
        Ok(StoreChange {
            sequence: entry.seq,
            row_id: shown.flatten().unwrap_or(entry.subject_id),
            kind: entry.kind,
            action: entry.action,
            actor: entry.actor,
            client: entry.client,
            operation: entry.operation,
            timestamp: entry.timestamp,
        })
    });
    changes.collect()
}
