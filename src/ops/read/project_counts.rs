//! Projects with the numbers of their rows.

use crate::model::memory::GraduationCounts;
use crate::model::{
    Error, Page, PageRequest, Project, ResolvedProject, Result, Status, SubjectKind, nearest,
};
use crate::ops::read::graduation;
use crate::ops::write::projects;
use crate::store::{self, View};

/// A project with the numbers of its rows.
#[derive(Debug, Clone)]
pub struct Counted {
    pub name: String,
    /// Absent for a name that rows use and that is not registered.
    pub project: Option<Project>,
    pub entities: StatusCounts,
    pub memories: StatusCounts,
    pub graduation: GraduationCounts,
}

/// The numbers of active and candidate rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusCounts {
    pub active: i64,
    pub candidates: i64,
}

/// Lists projects by name: registered ones, and unregistered names that rows use.
pub fn list(view: &View<'_>, page: &PageRequest) -> Result<Page<Counted>> {
    let mut names = store::projects::names_in_use(view)?;
    let mut known = store::projects::list(view)?;
    names.extend(known.iter().map(|project| project.name.clone()));
    names.sort();
    names.dedup();
    let total = names.len() as i64;
    names.retain(|name| page.after.is_none() || name.as_str() > page.after_text(0));
    page.page(names, total, |name| vec![name.clone()]).map(|name| {
        let at = known.iter().position(|project| project.name == name);
        count_rows(view, name, at.map(|index| known.swap_remove(index)))
    })
}

/// Returns the project with a name, if it is registered or rows use the name exactly as written.
pub fn find(view: &View<'_>, given: &str) -> Result<Counted> {
    let ResolvedProject { name, registered, .. } = projects::resolve(view, given)?;
    let in_use = store::projects::names_in_use(view)?;
    if name.is_empty() || !(registered || in_use.contains(&name)) {
        let known = store::projects::all_names(view)?.into_iter().chain(in_use);
        let nearest = nearest::nearest_names(&name, known);
        return Err(Error::NotFound {
            subject: SubjectKind::RegisteredProject,
            given: name,
            nearest,
        });
    }
    let project = store::projects::find_named(view, &name)?;
    count_rows(view, name, project)
}

fn count_rows(view: &View<'_>, name: String, project: Option<Project>) -> Result<Counted> {
    let entities = count_entities(view, Some(&name))?;
    let memories = count_memories(view, Some(&name))?;
    let graduation = graduation::count_graduation(view, Some(&name))?;
    Ok(Counted { entities, memories, graduation, name, project })
}

/// Counts the entities of one project, or of all.
pub fn count_entities(view: &View<'_>, project: Option<&str>) -> Result<StatusCounts> {
    Ok(StatusCounts {
        active: store::entities::count(view, Status::Active, project)?,
        candidates: store::entities::count(view, Status::Candidate, project)?,
    })
}

/// Counts the memories of one project, or of all.
pub fn count_memories(view: &View<'_>, project: Option<&str>) -> Result<StatusCounts> {
    Ok(StatusCounts {
        active: store::memories::count(view, Status::Active, project)?,
        candidates: store::memories::count(view, Status::Candidate, project)?,
    })
}
