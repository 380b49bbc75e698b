//! What the store, or a project, holds and what waits for a person.

use crate::model::Result;
use crate::model::memory::GraduationCounts;
use crate::ops::read::graduation;
use crate::ops::read::project_counts::{self, StatusCounts};
use crate::store::{self, View};

/// The numbers of rows.
#[derive(Debug, Clone)]
pub struct StoreCounts {
    pub entities: StatusCounts,
    pub memories: StatusCounts,
    pub graduation: GraduationCounts,
    pub waiting_links: i64,
    pub waiting_changes: i64,
    pub open_conflicts: i64,
}

/// Counts the rows of one project, or of all.
pub fn count_store(view: &View<'_>, project: Option<&str>) -> Result<StoreCounts> {
    let projects: Vec<&str> = project.into_iter().collect();
    Ok(StoreCounts {
        entities: project_counts::count_entities(view, project)?,
        memories: project_counts::count_memories(view, project)?,
        graduation: graduation::count_graduation(view, project)?,
        waiting_links: store::relationships::count_waiting(view, project)?,
        waiting_changes: store::revisions::count_pending(view, project)?,
        open_conflicts: store::conflicts::count(view, &projects, false)?,
    })
}
