//! Projects: one canonical name each, aliases that resolve to it, and rows moved to it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::interaction::Interaction;
use crate::model::project::{INBOX, has_same_letters, is_canonical_name, suggest_canonical_name};
use crate::model::{
    Action, Conflict, Entity, Error, Hint, Kind, Memory, NextStep, Project, ResolvedProject,
    Result, Status, SubjectKind, nearest, text,
};
use crate::ops::record::record_change;
use crate::ops::record::validate;
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::store::{self, Tx, View};

/// Whether a project argument means all projects, which only reads take.
pub fn is_every_project(given: &str) -> bool {
    given.trim() == "*"
}

/// Refuses the name for all projects where one project is meant.
fn refuse_every_project(given: &str) -> Result<()> {
    if !is_every_project(given) {
        return Ok(());
    }
    Err(Error::invalid(
        "project",
        "\"*\" means all projects, and this needs one",
        "Name the project, or leave project out.",
    ))
}

/// Maximum number of names near an unregistered one.
const MAX_NEAREST: usize = 3;

/// Resolves a project argument: an alias or a different case becomes the canonical name; an unknown
/// name is kept as written and reported with the nearest registered names.
pub fn resolve(view: &View<'_>, given: &str) -> Result<ResolvedProject> {
    refuse_every_project(given)?;
    let name = text::collapse_spaces(given);
    validate::at_most("project", name.chars().count(), validate::MAX_NAME, "characters")?;
    let registered = |name: String| {
        let (registered, is_used, nearest) = (true, true, Vec::new());
        ResolvedProject { name, registered, is_used, nearest }
    };
    if name.is_empty() {
        return Ok(registered(name));
    }
    if name.eq_ignore_ascii_case(INBOX) {
        return Ok(registered(INBOX.to_owned()));
    }
    if let Some(known) = view.resolved.borrow().get(&name) {
        return Ok(known.clone());
    }
    let resolved = match store::projects::find_named(view, &name)? {
        Some(project) => registered(project.name),
        None => ResolvedProject {
            is_used: store::projects::is_used(view, &name)?,
            nearest: find_nearest(view, &name)?,
            registered: false,
            name: name.clone(),
        },
    };
    view.resolved.borrow_mut().insert(name, resolved.clone());
    Ok(resolved)
}

/// Resolves the project that a row moves to. `global` is the scope without a project, unless a project
/// has that name: a blank text moves nothing, since some clients fill every argument.
pub fn resolve_target(view: &View<'_>, given: &str) -> Result<ResolvedProject> {
    let resolved = resolve(view, given)?;
    let is_project = resolved.registered || resolved.is_used;
    match given.trim().eq_ignore_ascii_case("global") && !is_project {
        true => resolve(view, ""),
        false => Ok(resolved),
    }
}

/// Returns the registered and used names that differ from one only in case or punctuation, and then
/// the nearest registered ones.
fn find_nearest(view: &View<'_>, name: &str) -> Result<Vec<String>> {
    let registered = store::projects::all_names(view)?;
    let used = store::projects::names_in_use(view)?;
    let mut names: Vec<String> = registered.iter().chain(&used).cloned().collect();
    names.retain(|other| has_same_letters(name, other));
    names.extend(nearest::nearest_names(name, registered));
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    // A name of other letters that looks the same may be meant to deceive.
    names.sort_by_key(|other| !text::look_alike(&name.to_lowercase(), other));
    names.truncate(MAX_NEAREST);
    Ok(names)
}

/// Returns the projects that a read covers: all, or one with or without the global rows.
pub fn resolve_scope(
    view: &View<'_>,
    project: Option<&str>,
    scope_only: bool,
) -> Result<ProjectScope> {
    let Some(project) = project else {
        return Ok(ProjectScope { project: None, names: vec![None] });
    };
    let project = resolve(view, project)?;
    let mut names = vec![Some(project.name.clone())];
    if !scope_only && !project.name.is_empty() {
        names.push(Some(String::new()));
    }
    Ok(ProjectScope { project: Some(project), names })
}

/// The projects that a read covers; `None` in `names` means every project.
#[derive(Debug, Clone)]
pub struct ProjectScope {
    pub project: Option<ResolvedProject>,
    pub names: Vec<Option<String>>,
}

/// Lists the registered projects by name.
pub fn list_registered(view: &View<'_>) -> Result<Vec<Project>> {
    store::projects::list(view)
}

/// A project to register, or aliases to add to one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Canonical name: lower-case letters and digits joined by hyphens.
    pub name: String,
    pub description: Option<String>,
    /// Other names for it; rows stored under them move to the canonical name.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Only add to a project that is registered.
    #[serde(default)]
    pub existing: bool,
}

/// The outcome of registering a project.
#[derive(Debug, Clone)]
pub struct Registered {
    pub row: Project,
    pub created: bool,
    pub audit_id: Option<String>,
    pub moved: MovedRows,
}

/// Rows that were moved to the canonical name of their project.
#[derive(Debug, Clone, Default)]
pub struct MovedRows {
    pub count: usize,
    /// Moved rows that say the same as one of the project.
    pub twins: Vec<TwinRow>,
}

/// A moved row, and a row of the same status that says the same.
#[derive(Debug, Clone)]
pub struct TwinRow {
    pub kind: Kind,
    pub id: String,
    pub other: String,
    pub status: Status,
    pub name: String,
}

/// Registers a project, or adds new fields and aliases to a registered one.
pub fn register_project(tx: &Tx<'_>, wish: &Registration, note: &str) -> Result<Registered> {
    validate::text_length("note", note)?;
    validate::text_length("description", wish.description.as_deref().unwrap_or_default())?;
    wish.aliases.iter().chain([&wish.name]).try_for_each(|name| refuse_every_project(name))?;
    let name = validate::check_name("name", &wish.name)?;
    let before = store::projects::find_named(tx, &name)?;
    let is_alias = |known: &&Project| !wish.existing && !known.name.eq_ignore_ascii_case(&name);
    if let Some(other) = before.as_ref().filter(is_alias) {
        return Err(name_taken(&name, other));
    }
    if before.is_none() {
        if wish.existing {
            return Err(not_registered(tx, name)?);
        }
        check_canonical_name("name", &name)?;
    }
    let mut row = before.clone().unwrap_or_else(|| Project {
        id: tx.new_id(),
        handle: String::new(),
        name,
        description: String::new(),
        status: "active".to_owned(),
        aliases: Vec::new(),
        created_at: tx.now.to_string(),
        updated_at: tx.now.to_string(),
    });
    if let Some(description) = &wish.description {
        row.description = description.trim().to_owned();
    }
    add_aliases(tx, &mut row, &wish.aliases)?;
    let audit_id = match &before {
        None => Some(record_change::create(tx, &mut row, note)?),
        Some(before) if *before == row => None,
        Some(before) => {
            row.updated_at = tx.now.to_string();
            Some(record_change::record_change(tx, before, &row, Action::Updated, note)?)
        }
    };
    let moved = move_rows(tx, &row)?;
    Ok(Registered { row, created: before.is_none(), audit_id, moved })
}

/// Refuses a reserved name, and one that is not in canonical form.
pub(super) fn check_canonical_name(field: &'static str, name: &str) -> Result<()> {
    if name.eq_ignore_ascii_case(INBOX) {
        let problem = "inbox is reserved for what has no project yet";
        return Err(Error::invalid(field, problem, "Choose another name."));
    }
    if is_canonical_name(name) {
        return Ok(());
    }
    Err(Error::invalid(
        field,
        format!("{name:?} is not lower-case kebab-case"),
        match suggest_canonical_name(name) {
            Some(near) => format!("Register {near:?}, with {name:?} as an alias."),
            None => format!("Choose a name such as p04-gigabit, with {name:?} as an alias."),
        },
    ))
}

/// Returns the error about a name that no project has.
pub(super) fn not_registered(view: &View<'_>, given: String) -> Result<Error> {
    let nearest = nearest::nearest_names(&given, store::projects::all_names(view)?);
    Ok(Error::NotFound { subject: SubjectKind::RegisteredProject, given, nearest })
}

pub(super) fn name_taken(name: &str, by: &Project) -> Error {
    Error::Duplicate {
        subject: SubjectKind::ProjectName,
        given: name.to_owned(),
        existing: format!("it belongs to the project {}", by.name),
    }
}

fn add_aliases(tx: &Tx<'_>, row: &mut Project, aliases: &[String]) -> Result<()> {
    validate::at_most("aliases", aliases.len(), validate::MAX_ALIASES, "names")?;
    for alias in aliases {
        let alias = validate::check_name("aliases", alias)?;
        if alias.eq_ignore_ascii_case(INBOX) {
            return Err(Error::invalid("aliases", "inbox is reserved", "Choose another alias."));
        }
        match store::projects::find_named(tx, &alias)? {
            Some(other) if other.id != row.id => return Err(name_taken(&alias, &other)),
            _ => refuse_look_alike(tx, row, &alias)?,
        }
        let known = alias.eq_ignore_ascii_case(&row.name)
            || row.aliases.iter().any(|known| known.eq_ignore_ascii_case(&alias));
        if !known {
            row.aliases.push(alias);
        }
    }
    validate::at_most("aliases", row.aliases.len(), validate::MAX_ALIASES, "names")?;
    row.aliases.sort();
    Ok(())
}

/// Refuses an alias that looks like the name of another project (homoglyphs).
fn refuse_look_alike(tx: &Tx<'_>, row: &Project, alias: &str) -> Result<()> {
    if alias.is_ascii() {
        return Ok(());
    }
    let names = store::projects::all_names(tx)?;
    for name in names.iter().filter(|name| text::look_alike(alias, name)) {
        if let Some(other) =
            store::projects::find_named(tx, name)?.filter(|other| other.id != row.id)
        {
            return Err(Error::Duplicate {
                subject: SubjectKind::ProjectName,
                given: alias.to_owned(),
                existing: format!("it looks like {name:?}, a name of the project {}", other.name),
            });
        }
    }
    Ok(())
}

/// Moves rows stored under other names of a registered project to its canonical name.
pub fn gather_rows(tx: &Tx<'_>, name: &str) -> Result<usize> {
    store::projects::find_named(tx, name)?
        .map_or(Ok(0), |project| Ok(move_rows(tx, &project)?.count))
}

/// Moves every row stored under an alias, or a different case of the name, to the canonical name.
/// Conflicts move too, so that acknowledged values do not raise a new conflict.
pub(super) fn move_rows(tx: &Tx<'_>, project: &Project) -> Result<MovedRows> {
    let mut moved = MovedRows::default();
    for from in std::iter::once(&project.name).chain(&project.aliases) {
        for entity in store::entities::list_misplaced(tx, from, &project.name)? {
            let after = Entity { project: project.name.clone(), ..entity.clone() };
            moved.count += 1;
            if let Some(twin) = store::entities::find_same(tx, &after, false)? {
                let Entity { handle, name, status, .. } = entity.clone();
                moved.add_twin(Kind::Entity, handle, twin.handle, status, name);
            }
            move_row(tx, &entity, after, project)?;
        }
        for memory in store::memories::list_misplaced(tx, from, &project.name)? {
            let after = Memory { project: project.name.clone(), ..memory.clone() };
            moved.count += 1;
            if let Some(twin) = store::memories::find_same(tx, &after, false)? {
                let Memory { handle, content, status, .. } = memory.clone();
                moved.add_twin(Kind::Memory, handle, twin.handle, status, content);
            }
            move_row(tx, &memory, after, project)?;
        }
        for conflict in store::conflicts::under_project(tx, from)? {
            let after = Conflict { project: project.name.clone(), ..conflict.clone() };
            if after != conflict {
                record_change::record_change(
                    tx,
                    &conflict,
                    &after,
                    Action::Renamed,
                    &move_note(project),
                )?;
            }
        }
        for row in store::interactions::list_misplaced(tx, from, &project.name)? {
            let (name, project_id) = (project.name.clone(), Some(project.id.clone()));
            let after = Interaction { project: name, project_id, ..row.clone() };
            record_change::record_change(tx, &row, &after, Action::Renamed, &move_note(project))?;
        }
        store::projects::move_sources(tx, from, project)?;
    }
    Ok(moved)
}

impl MovedRows {
    /// Notes that a row says the same as another; what is history does no harm.
    fn add_twin(&mut self, kind: Kind, id: String, other: String, status: Status, name: String) {
        if !status.is_history() {
            self.twins.push(TwinRow { kind, id, other, status, name });
        }
    }
}

fn move_row<T: HasLifecycle>(
    tx: &Tx<'_>,
    before: &T,
    mut after: T,
    project: &Project,
) -> Result<()> {
    after.stamp(tx);
    record_change::record_change(tx, before, &after, Action::Renamed, &move_note(project)).map(drop)
}

pub(super) fn move_note(project: &Project) -> String {
    format!("moved to the canonical name of the project {}", project.name)
}

/// Returns the registered project with a name, and whether this call registered it. Registers a new
/// canonical name unless it is close to an existing name, which may be meant instead.
pub fn require_registered(tx: &Tx<'_>, given: &str, note: &str) -> Result<(Project, bool)> {
    refuse_every_project(given)?;
    let name = text::collapse_spaces(given);
    if let Some(project) = store::projects::find_named(tx, &name)? {
        return Ok((project, false));
    }
    let nearest = nearest::nearest_names(&name, store::projects::all_names(tx)?);
    if name == INBOX || name.is_empty() || !is_canonical_name(&name) && !nearest.is_empty() {
        return Err(not_registered(tx, name)?);
    }
    check_canonical_name("project", &name)?;
    if !nearest.is_empty() {
        return Err(Error::invalid(
            "project",
            format!("{name:?} is not registered, and is close to {}", nearest.join(", ")),
            Hint::new(
                "Give the registered name; if this is another project, register it first.",
                NextStep::RegisterProject { name },
            ),
        ));
    }
    let wish = Registration { name, ..Registration::default() };
    Ok((register_project(tx, &wish, note)?.row, true))
}
