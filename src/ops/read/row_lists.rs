//! Lists of entities, then memories, by type, property, tag, actor or source.

use crate::model::search::SearchKind;
use crate::model::{Entity, Memory, Page, PageRequest, Result};
use crate::store::lists::{RowFilter, list_entity_ids, list_memory_ids};
use crate::store::rows::skip_unknown;
use crate::store::{self, View};

/// A listed row.
pub enum ListedRow {
    Entity(Entity),
    Memory(Memory),
}

/// The first part of a cursor: the kind of the last row.
const ENTITIES: &str = "e";
const MEMORIES: &str = "m";

impl ListedRow {
    fn key(&self) -> Vec<String> {
        let (kind, created_at, id) = match self {
            Self::Entity(row) => (ENTITIES, &row.created_at, &row.id),
            Self::Memory(row) => (MEMORIES, &row.created_at, &row.id),
        };
        vec![kind.to_owned(), created_at.clone(), id.clone()]
    }
}

/// Lists the rows of one kind or of both; pages are cut by key, so that rows which are added in
/// between appear at most once.
pub fn list_rows(
    view: &View<'_>,
    kind: Option<SearchKind>,
    filter: &RowFilter<'_>,
    page: &PageRequest,
) -> Result<Page<ListedRow>> {
    let after = (page.after_text(1), page.after_text(2));
    let from_memories = page.after_text(0) == MEMORIES;
    let mut rows = Vec::new();
    let mut total = 0;
    if kind != Some(SearchKind::Memory) {
        let limit = if from_memories { 0 } else { page.fetch() };
        let (ids, count) = list_entity_ids(view, filter, after, limit)?;
        rows.extend(store::entities::get_many(view, &ids)?.into_iter().map(ListedRow::Entity));
        total += count;
    }
    if kind != Some(SearchKind::Entity) {
        let after = if from_memories { after } else { ("", "") };
        let limit = page.fetch() - rows.len() as i64;
        let (ids, count) = list_memory_ids(view, filter, after, limit)?;
        for id in ids {
            rows.extend(skip_unknown(store::memories::get(view, &id))?.map(ListedRow::Memory));
        }
        total += count;
    }
    Ok(page.page(rows, total, ListedRow::key))
}
