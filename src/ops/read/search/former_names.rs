//! Rows that the whole query named before they were renamed or merged.

use crate::model::Result;
use crate::model::handle::HandleKind;
use crate::model::search::SearchKind;
use crate::model::text::fold_name;
use crate::ops::record::named_rows::{NamedRow, list_formerly_named, list_named_rows};
use crate::store::rows::skip_unknown;
use crate::store::sqlite::search::{Filter, Match, find_candidate};
use crate::store::{View, entities, memories};

const KINDS: [(HandleKind, SearchKind); 2] =
    [(HandleKind::Entity, SearchKind::Entity), (HandleKind::Memory, SearchKind::Memory)];

/// Finds the rows that pass a filter and had a name or uid, or took the place of one that has it; none if
/// a row in force has it now.
pub fn find_formerly_named(view: &View<'_>, filter: &Filter<'_>, text: &str) -> Result<Vec<Match>> {
    let kinds = KINDS.map(|(kind, _)| kind);
    let mut named = list_named_rows(view, &kinds, text)?;
    for row in &named {
        if has_name(view, row, text)? {
            return Ok(Vec::new());
        }
    }
    named.extend(list_formerly_named(view, &kinds, text)?);
    named.sort();
    named.dedup();
    let now = view.now.to_string();
    let mut found = Vec::new();
    for row in named {
        let kind = KINDS.iter().find(|(kind, _)| *kind == row.kind).map(|(_, kind)| *kind);
        let entry = kind.map(|kind| find_candidate(view, kind, &row.id)).transpose()?.flatten();
        found.extend(entry.filter(|entry| entry.passes(filter, &now)).map(|entry| entry.found));
    }
    Ok(found)
}

/// Whether a row has the name or uid itself, and is not the successor of one that had it.
fn has_name(view: &View<'_>, row: &NamedRow, text: &str) -> Result<bool> {
    let text = fold_name(text);
    Ok(match row.kind {
        HandleKind::Entity => skip_unknown(entities::get(view, &row.id))?
            .is_some_and(|row| fold_name(&row.name) == text || fold_name(&row.uid) == text),
        _ => skip_unknown(memories::get(view, &row.id))?
            .is_some_and(|row| fold_name(&row.uid) == text),
    })
}
