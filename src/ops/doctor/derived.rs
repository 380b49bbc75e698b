//! What is derived from the rows: handles, claims, the search index, the places of the audit, conflicts.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Check, ConflictFault, Extent, Finding, IndexFault, Remark};
use crate::model::search::{SearchEntry, SearchText};
use crate::model::{Result, Slot};
use crate::ops::conflicts::{Due, due_with_expired, find_due};
use crate::ops::{self, search};
use crate::store::search::{IndexedRow, find_entry, for_each_instance, for_each_stale, has_entry};
use crate::store::{self, Tx, View};

/// Whether the stored claims are those that the rows make.
pub fn check_claims(view: &View<'_>, check: &mut Check) -> Result<()> {
    for (kind, id) in ops::claims::find_wrong_claims(view)? {
        check.found(Finding::WrongClaims { kind, id });
    }
    Ok(())
}

/// Whether every row has a handle that can be read.
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

/// Whether the places of the audit are those that its rows have.
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

/// Whether the index holds every row with its words, and nothing else. The index keeps no texts, so
/// words are compared by the sum of their hashes in each place: 16 bytes of memory a row.
pub fn search_index(view: &View<'_>, check: &mut Check) -> Result<()> {
    let mut sums: HashMap<i64, u64> = HashMap::new();
    for_each_instance(view, |word| {
        let sum = sums.entry(word.place).or_default();
        *sum = sum.wrapping_add(hash_term(word.column, word.offset, word.term));
    })?;
    let mut rows = 0;
    search::index::for_each_entry(view, |entry| {
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
    // Those of rows that cannot be read are left too.
    for place in sums.into_keys() {
        if !has_entry(view, place)? {
            check.found(Finding::OwnerlessWords { place });
        }
    }
    Ok(())
}

/// The way in which the index differs from a row, if it does.
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

/// Bytes of a word that FTS5 keeps.
const MAX_TERM: usize = 32_768;

/// The sum of the hashes of what the index should hold of a text, which FTS5 splits as its
/// tokenizer `ascii` does.
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

/// Whether every contradiction among the claims is an open conflict, and nothing else is.
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

/// Visits every key, with its project, at which there can be something to do, and what that is.
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

/// Marks every slot at which there is something to do as touched; gives how many.
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
