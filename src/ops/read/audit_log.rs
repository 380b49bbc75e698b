//! The whole audit, newest first, filtered by who did what.

use crate::model::event::AuditEntry;
use crate::model::{PageRequest, Result};
use crate::ops::View;
use crate::store::audit_pages;

/// Rows that are read at once.
const BATCH: i64 = 500;
/// Maximum rows that one page looks through; the next page goes on from there.
const MAX_SEEN: i64 = 20_000;

/// The rows of the audit that are wanted; an empty text matches any.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditFilter<'a> {
    pub actor: &'a str,
    pub client: &'a str,
    pub operation: &'a str,
    pub kind: &'a str,
}

impl AuditFilter<'_> {
    fn matches(&self, entry: &AuditEntry) -> bool {
        let pairs = [
            (self.actor, &entry.actor),
            (self.client, &entry.client),
            (self.operation, &entry.operation),
            (self.kind, &entry.kind),
        ];
        pairs.iter().all(|(wanted, found)| wanted.is_empty() || wanted == found)
    }
}

/// Lists the matching rows, and the place to go on from, if there may be more.
pub fn list_audit(
    view: &View<'_>,
    filter: AuditFilter<'_>,
    page: &PageRequest,
) -> Result<(Vec<AuditEntry>, Option<i64>)> {
    let wanted = page.limit;
    let mut at = match page.after_number() {
        0 => i64::MAX,
        seq => seq,
    };
    let (mut found, mut seen) = (Vec::new(), 0);
    while seen < MAX_SEEN {
        let rows = audit_pages::list_before(view, at, BATCH)?;
        if rows.is_empty() {
            return Ok((found, None));
        }
        for entry in rows {
            (at, seen) = (entry.seq, seen + 1);
            if filter.matches(&entry) {
                found.push(entry);
                if found.len() == wanted {
                    return Ok((found, Some(at)));
                }
            }
        }
    }
    Ok((found, Some(at)))
}
