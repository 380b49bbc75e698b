//! Lists of entities, then memories, by type, property, tag, actor or source; lists of trusted state.

use crate::model::search::SearchKind;
use crate::model::text::fold_name;
use crate::model::{Entity, Memory, Page, PageRequest, ProjectState, Result, Status};
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
const STATE: &str = "s";

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

/// The trusted facts of a list.
#[derive(Debug, Clone, Copy)]
pub struct StateFilter<'a> {
    /// Empty for any.
    pub category: &'a str,
    pub status: Option<Status>,
    /// The earliest instant of the last change.
    pub since: &'a str,
}

/// Lists the trusted facts of one project, or of all, each with the name of its project, in the order
/// of their creation.
pub fn list_state(
    view: &View<'_>,
    project: Option<&str>,
    filter: &StateFilter<'_>,
    page: &PageRequest,
) -> Result<Page<(ProjectState, String)>> {
    let projects = match project {
        Some(name) => store::projects::find_named(view, name)?.into_iter().collect(),
        None => store::projects::list(view)?,
    };
    let is_listed = |row: &ProjectState| {
        (filter.category.is_empty() || fold_name(&row.category) == fold_name(filter.category))
            && filter.status.is_none_or(|status| row.status == status.as_str())
            && row.updated_at.as_str() >= filter.since
    };
    let mut rows = Vec::new();
    for project in projects {
        let facts = store::projects::all_state(view, &project.id)?;
        let listed = facts.into_iter().filter(is_listed);
        rows.extend(listed.map(|row| (row, project.name.clone())));
    }
    rows.sort_by(|(a, _), (b, _)| (&a.created_at, &a.id).cmp(&(&b.created_at, &b.id)));
    let total = rows.len() as i64;
    let after = (page.after_text(1), page.after_text(2));
    rows.retain(|(row, _)| (row.created_at.as_str(), row.id.as_str()) > after);
    Ok(page.page(rows, total, |(row, _)| {
        vec![STATE.to_owned(), row.created_at.clone(), row.id.clone()]
    }))
}
