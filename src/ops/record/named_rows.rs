//! Finds the rows that a text names by their uid, name or path.

use std::collections::BTreeSet;

use crate::model::handle::HandleKind;
use crate::model::ontology::SUPERSEDES;
use crate::model::{Kind, Result, Status};
use crate::store::entities::{self, Named};
use crate::store::rows::skip_unknown;
use crate::store::{View, former_names, memories, projects, relationships, sources, uids};

/// A row that a text names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedRow {
    pub kind: HandleKind,
    pub id: String,
}

/// Maximum number of rows of one name that are read.
const MAX_NAMED: i64 = 20;
/// Characters of the longest uid or name.
const MAX_NAME: usize = 500;

/// Lists the rows of these kinds with a uid, name or path. Of the rows with one uid or name those
/// count that are active; else candidates; else the current successors of those that ended.
pub fn list_named_rows(
    view: &View<'_>,
    kinds: &[HandleKind],
    given: &str,
) -> Result<Vec<NamedRow>> {
    if given.is_empty() || given.chars().count() > MAX_NAME {
        return Ok(Vec::new());
    }
    let mut named = Vec::new();
    for kind in kinds {
        let mut add = |ids: Vec<String>| {
            named.extend(ids.into_iter().map(|id| NamedRow { kind: *kind, id }));
        };
        match kind {
            HandleKind::Entity => {
                add(pick_current(view, Kind::Entity, list_with_uid(view, Kind::Entity, given)?)?);
                let wanted = Named { name: given, entity_type: None, project: None, active: None };
                let rows = entities::list_named(view, &wanted, MAX_NAMED)?;
                let rows = rows.into_iter().map(|row| (row.id, row.status)).collect();
                add(pick_current(view, Kind::Entity, rows)?);
            }
            HandleKind::Memory => {
                add(pick_current(view, Kind::Memory, list_with_uid(view, Kind::Memory, given)?)?);
            }
            HandleKind::Project => {
                add(projects::find_named(view, given)?.into_iter().map(|row| row.id).collect());
            }
            HandleKind::Document => {
                add(sources::of_path(view, given)?.into_iter().map(|row| row.id).collect());
            }
            _ => {}
        }
    }
    Ok(named)
}

/// Lists the rows of these kinds that had a name or uid before; of a row that ended, its current
/// successor.
pub fn list_formerly_named(
    view: &View<'_>,
    kinds: &[HandleKind],
    given: &str,
) -> Result<Vec<NamedRow>> {
    if given.is_empty() || given.chars().count() > MAX_NAME {
        return Ok(Vec::new());
    }
    let mut named = Vec::new();
    for kind in kinds {
        let of_rows = match kind {
            HandleKind::Entity => Kind::Entity,
            HandleKind::Memory => Kind::Memory,
            _ => continue,
        };
        let mut rows = Vec::new();
        for id in former_names::list_owners(view, of_rows, given)? {
            let status = match of_rows {
                Kind::Memory => skip_unknown(memories::get(view, &id))?.map(|row| row.status),
                _ => skip_unknown(entities::get(view, &id))?.map(|row| row.status),
            };
            rows.extend(status.map(|status| (id, status)));
        }
        let ids = pick_current(view, of_rows, rows)?;
        named.extend(ids.into_iter().map(|id| NamedRow { kind: *kind, id }));
    }
    Ok(named)
}

fn list_with_uid(view: &View<'_>, kind: Kind, uid: &str) -> Result<Vec<(String, Status)>> {
    Ok(uids::list_rows(view, kind, uid)?.into_iter().map(|row| (row.id, row.status)).collect())
}

/// Returns the active rows; if there are none the candidates, and if there are none of these either,
/// the current successor of each row, or the row if it has none.
fn pick_current(view: &View<'_>, kind: Kind, rows: Vec<(String, Status)>) -> Result<Vec<String>> {
    for wanted in [Status::Active, Status::Candidate] {
        let of_status = rows.iter().filter(|(_, status)| *status == wanted);
        let found: Vec<String> = of_status.map(|(id, _)| id.clone()).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    rows.into_iter().map(|(id, _)| find_successor(view, kind, id)).collect()
}

/// Returns the last row of the chain of successors that begins with a row.
fn find_successor(view: &View<'_>, kind: Kind, id: String) -> Result<String> {
    let mut seen = BTreeSet::new();
    let mut current = id;
    while seen.insert(current.clone()) {
        let next = match kind {
            Kind::Memory => {
                skip_unknown(memories::get(view, &current))?.and_then(|row| row.superseded_by)
            }
            _ => match skip_unknown(entities::get(view, &current))? {
                Some(row) if row.status.is_history() => {
                    relationships::list_neighbour_ids(view, &current, SUPERSEDES, false)?.pop()
                }
                _ => None,
            },
        };
        match next {
            Some(next) => current = next,
            None => break,
        }
    }
    Ok(current)
}
