//! The review queue: candidate memories and entities, oldest first.

use crate::model::{Entity, Memory, Page, PageRequest, Result, Status};
use crate::ops::write::projects::ProjectScope;
use crate::ops::write::{entities, memories};
use crate::store::{self, View};

/// A candidate and the rows similar to it.
#[derive(Debug, Clone)]
pub enum Candidate {
    Entity { row: Entity, similar: Vec<Entity> },
    Memory { row: Memory, similar: Vec<Memory> },
}

impl Candidate {
    fn place(&self) -> (&str, &str) {
        match self {
            Self::Entity { row, .. } => (&row.created_at, &row.id),
            Self::Memory { row, .. } => (&row.created_at, &row.id),
        }
    }
}

/// The kinds of candidates to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CandidateFilter {
    #[default]
    Both,
    Entities,
    Memories,
}

/// Lists the candidates of a scope, oldest first, each with similar rows.
pub fn list(
    view: &View<'_>,
    scope: &ProjectScope,
    wanted: CandidateFilter,
    page: &PageRequest,
) -> Result<Page<Candidate>> {
    let after = (page.after_text(0), page.after_text(1));
    let mut found = Vec::new();
    let mut total = 0;
    for project in &scope.names {
        let project = project.as_deref();
        if wanted != CandidateFilter::Memories {
            let rows =
                store::entities::of_status(view, Status::Candidate, project, after, page.fetch())?;
            found.extend(rows.into_iter().map(|row| Candidate::Entity { row, similar: vec![] }));
            total += store::entities::count(view, Status::Candidate, project)?;
        }
        if wanted != CandidateFilter::Entities {
            let rows =
                store::memories::of_status(view, Status::Candidate, project, after, page.fetch())?;
            found.extend(rows.into_iter().map(|row| Candidate::Memory { row, similar: vec![] }));
            total += store::memories::count(view, Status::Candidate, project)?;
        }
    }
    found.sort_by(|a, b| a.place().cmp(&b.place()));
    page.page(found, total, |candidate| {
        let (created_at, id) = candidate.place();
        vec![created_at.to_owned(), id.to_owned()]
    })
    .map(|candidate| with_similar(view, candidate))
}

fn with_similar(view: &View<'_>, candidate: Candidate) -> Result<Candidate> {
    Ok(match candidate {
        Candidate::Entity { row, .. } => {
            let similar = entities::find_similar(view, &row)?;
            Candidate::Entity { row, similar }
        }
        Candidate::Memory { row, .. } => {
            let similar = memories::find_similar(view, &row)?;
            Candidate::Memory { row, similar }
        }
    })
}
