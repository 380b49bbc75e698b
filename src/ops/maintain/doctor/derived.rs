//! Checks derived data: handles, claims, the search index, the audit index by project, and
//! conflicts.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Check, ConflictFault, Extent, Finding, IndexFault, Remark};
use crate::model::search::{SearchEntry, SearchText};
use crate::model::{Result, Slot};
use crate::ops;
use crate::ops::record::index;
use crate::ops::write::conflicts::{Due, due_with_expired, find_due};
use crate::store::sqlite::search::{
    IndexedRow, find_entry, for_each_instance, for_each_stale, has_entry,
};
use crate::store::{self, Tx, View};

/// Checks that the stored claims and listed names are those derived from the rows.
pub fn check_claims(view: &View<'_>, check: &mut Check) -> Result<()> {
    for (kind, id) in ops::record::claims::find_wrong_claims(view)? {
        check.found(Finding::WrongClaims { kind, id });
    }
    for (list, id) in ops::record::names::find_wrong_names(view)? {
        check.found(Finding::WrongName { kind: list.kind(), id });
    }
    let used = store::used_ontology::get(view)?;
    let names = used.map_or_else(Vec::new, |used| used.list_lacking(view.ontology));
    if !names.is_empty() {
        check.remark(Remark::LackingSlots { names });
    }
    Ok(())
}

/// Checks that every row has a valid handle.
pub fn check_handles(view: &View<'_>, check: &mut Check) -> Result<()> {
    for (kind, _) in store::handles::TABLES {
        store::handles::for_each_wrong(view, kind, |id, handle| {
            let (id, handle) = (id.to_owned(), handle.to_owned());
            check.found(Finding::WrongHandle { row_kind: kind.as_str(), id, handle });
            Ok(())
        })?;
    }
    Ok(())
}

/// Checks the table of audit rows by project against the audit log.
pub fn audit_places(view: &View<'_>, check: &mut Check) -> Result<()> {
    let (missing, excess) = store::audit_by_project::count_wrong(view)?;
    if missing > 0 {
        check.found(Finding::AuditRowsUnplaced { rows: missing });
    }
    if excess > 0 {
        check.found(Finding::ExcessAuditPlaces { entries: excess });
    }
    Ok(())
}

/// Checks that the search index holds exactly the rows and their words. The index stores no texts,
/// so words are compared by the sum of their hashes in each index row: 16 bytes of memory a row.
pub fn search_index(view: &View<'_>, check: &mut Check) -> Result<()> {
    let mut sums: HashMap<i64, u64> = HashMap::new();
    for_each_instance(view, |word| {
        let sum = sums.entry(word.place).or_default();
        *sum = sum.wrapping_add(hash_term(word.column, word.offset, word.term));
    })?;
    let mut rows = 0;
    index::for_each_entry(view, |entry| {
        let entry = match entry {
            Err(error) if error.is_unknown_word() => return Ok(()),
            entry => entry?,
        };
        rows += 1;
        let found = find_entry(view, entry.kind, &entry.id)?;
        let sum = found.as_ref().and_then(|kept| sums.remove(&kept.place)).unwrap_or_default();
        if let Some(fault) = find_fault(&entry, found.as_ref(), sum) {
            let kind = entry.kind.as_str().to_owned();
            check.found(Finding::SearchEntry { kind, id: entry.id, fault });
        }
        Ok(())
    })?;
    check.extent = Some(Extent::Rows(rows));
    for_each_stale(view, |kind, id| {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        check.found(Finding::SearchEntry { kind, id, fault: IndexFault::NoRow });
        Ok(())
    })?;
    // Includes the words of rows that cannot be read.
    for place in sums.into_keys() {
        if !has_entry(view, place)? {
            check.found(Finding::OwnerlessWords { place });
        }
    }
    Ok(())
}

/// Returns the difference between the index and a row, if any.
fn find_fault(entry: &SearchEntry, kept: Option<&IndexedRow>, sum: u64) -> Option<IndexFault> {
    let Some(kept) = kept else { return Some(IndexFault::NotIndexed) };
    let is_same = kept.project == entry.project
        && kept.row_type == entry.row_type
        && kept.status == entry.status
        && kept.valid_until == entry.valid_until;
    if !is_same {
        return Some(IndexFault::OtherFields);
    }
    (sum != sum_of(&entry.text)).then_some(IndexFault::OtherWords)
}

/// Maximum length in bytes of a token that FTS5 stores.
const MAX_TERM: usize = 32_768;

/// Returns the sum of the hashes of the tokens that the index should hold for a text, split as by
/// the FTS5 tokenizer `ascii`.
fn sum_of(text: &SearchText) -> u64 {
    let SearchText { title, body, context } = text.indexed();
    let columns = [("title", title), ("body", body), ("context", context)];
    let separates = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric();
    columns.iter().fold(0, |sum: u64, (column, text)| {
        let terms = text.split(separates).filter(|term| !term.is_empty());
        terms.zip(0..).fold(sum, |sum, (term, offset)| {
            let term = term.to_ascii_lowercase();
            let kept = &term.as_bytes()[..term.len().min(MAX_TERM)];
            sum.wrapping_add(hash_term(column.as_bytes(), offset, kept))
        })
    })
}

fn hash_term(column: &[u8], offset: i64, term: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (column, offset, term).hash(&mut hasher);
    hasher.finish()
}

/// Checks that the open conflicts are exactly the contradictions among the claims.
pub fn check_conflicts(view: &View<'_>, check: &mut Check) -> Result<()> {
    let mut keys = 0;
    for_each_due(view, |key, project, due| {
        keys += 1;
        let expired_only = !due.is_empty() && due_with_expired(view, key, project)?.is_empty();
        for due in due {
            let fault = conflict_fault(due);
            if expired_only {
                check.remark(Remark::UntilUpkeep(fault));
            } else {
                check.found(Finding::Conflict(fault));
            }
        }
        Ok(())
    })?;
    check.extent = Some(Extent::Keys(keys));
    Ok(())
}

fn conflict_fault(due: Due) -> ConflictFault {
    match due {
        Due::Raise { slot_kind, claims } => ConflictFault::NotOpened {
            slot_kind,
            rows: claims.len(),
            key: claims.into_iter().next().map(|claim| claim.slot.key).unwrap_or_default(),
        },
        Due::Join { open, .. } => ConflictFault::OtherMembers { id: open.id },
        Due::Settle { open, note } => ConflictFault::NotSettled { id: open.id, note },
    }
}

/// Visits every key and project that may need a change to conflicts, with the due changes.
fn for_each_due(
    view: &View<'_>,
    mut visit: impl FnMut(&str, &str, Vec<Due>) -> Result<()>,
) -> Result<()> {
    let mut look = |key: &str, project: &str| match find_due(view, key, project) {
        Err(error) if error.is_unknown_word() => Ok(()),
        due => visit(key, project, due?),
    };
    store::claims::for_each_shared_key(view, &mut look)?;
    store::conflicts::for_each_lonely_key(view, &mut look)
}

/// Marks the slots that need a change to conflicts as touched; returns their number.
pub fn touch_due(tx: &Tx<'_>) -> Result<usize> {
    let mut touched = 0;
    for_each_due(tx, |key, project, due| {
        if !due.is_empty() {
            touched += 1;
            let (kind, key, project) = (String::new(), key.to_owned(), project.to_owned());
            tx.touch(Slot { kind, key, project });
        }
        Ok(())
    })?;
    Ok(touched)
}
