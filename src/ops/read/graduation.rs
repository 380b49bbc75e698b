//! Memories that may state a typed fact, with the entities that they may be about.

use std::collections::HashSet;

use crate::model::memory::GraduationCounts;
use crate::model::search::SearchKind;
use crate::model::words::stems_of;
use crate::model::{Entity, Memory, Page, PageRequest, Result};
use crate::ops::read::search::{self, FoundRow, Hit, Prepared, SearchRequest};
use crate::ops::write::projects::ProjectScope;
use crate::store::{self, View};

/// A memory that may become an entity.
pub struct PossibleFact {
    pub memory: Memory,
    /// Active entities whose name has a word of the memory, best first.
    pub similar: Vec<Entity>,
}

/// Maximum entities shown for a memory, and rows searched for them.
const MAX_SIMILAR: usize = 3;
const MAX_SEARCHED: usize = 20;

/// Lists the active memories of one project that may become entities, oldest first, without those
/// that a candidate cites.
pub fn list_possible(
    view: &View<'_>,
    scope: &ProjectScope,
    page: &PageRequest,
) -> Result<Page<PossibleFact>> {
    let project = scope.project.as_ref().map(|project| project.name.as_str());
    let after = (page.after_text(0), page.after_text(1));
    let rows = store::graduation::list_possible(view, project, after, page.fetch())?;
    let total = count_graduation(view, project)?.possible;
    page.page(rows, total, |row: &Memory| vec![row.created_at.clone(), row.id.clone()])
        .map(|memory| Ok(PossibleFact { similar: find_similar(view, scope, &memory)?, memory }))
}

/// Counts the memories of a project, or of all, by what becomes of them.
pub fn count_graduation(view: &View<'_>, project: Option<&str>) -> Result<GraduationCounts> {
    let proposed = store::graduation::count_proposed(view)?;
    let proposed = match project {
        Some(name) => proposed.get(name).copied().unwrap_or_default(),
        None => proposed.values().sum(),
    };
    let counts = store::graduation::count_graduation(view, project)?;
    Ok(GraduationCounts { proposed, possible: counts.possible - proposed, ..counts })
}

fn find_similar(view: &View<'_>, scope: &ProjectScope, memory: &Memory) -> Result<Vec<Entity>> {
    let prepared = Prepared::new(view, &memory.content)?;
    let filter = search::build_filter(scope, Some(SearchKind::Entity), None, None, false);
    let wanted = SearchRequest { prepared: &prepared, filter, most: MAX_SEARCHED };
    let words: HashSet<&String> = prepared.query.terms.iter().map(|term| &term.stem).collect();
    let is_named = |hit: &Hit| stems_of(hit.row.title()).iter().any(|stem| words.contains(stem));
    let hits = search::find(view, &wanted)?.into_iter().filter(is_named);
    let entities = hits.filter_map(|hit| match hit.row {
        FoundRow::Entity(row) => Some(row),
        _ => None,
    });
    Ok(entities.take(MAX_SIMILAR).collect())
}
