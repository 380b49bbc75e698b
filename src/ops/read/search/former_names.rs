//! Rows that the whole query named before they were renamed or merged.

use crate::model::Result;
use crate::model::handle::HandleKind;
use crate::model::search::SearchKind;
use crate::ops::record::named_rows::{list_formerly_named, list_named_rows};
use crate::store::View;
use crate::store::sqlite::search::{Filter, Match, find_candidate};

const KINDS: [(HandleKind, SearchKind); 2] =
    [(HandleKind::Entity, SearchKind::Entity), (HandleKind::Memory, SearchKind::Memory)];

/// Finds the rows that pass a filter and had a name or uid; none if another row has it now.
pub fn find_formerly_named(view: &View<'_>, filter: &Filter<'_>, text: &str) -> Result<Vec<Match>> {
    let kinds = KINDS.map(|(kind, _)| kind);
    let former = list_formerly_named(view, &kinds, text)?;
    if former.is_empty() || !list_named_rows(view, &kinds, text)?.is_empty() {
        return Ok(Vec::new());
    }
    let now = view.now.to_string();
    let mut found = Vec::new();
    for named in former {
        let kind = KINDS.iter().find(|(kind, _)| *kind == named.kind).map(|(_, kind)| *kind);
        let entry = kind.map(|kind| find_candidate(view, kind, &named.id)).transpose()?.flatten();
        found.extend(entry.filter(|entry| entry.passes(filter, &now)).map(|entry| entry.found));
    }
    Ok(found)
}
