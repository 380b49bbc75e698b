//! Renames and merges projects: the rows follow, and the old names stay aliases.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::project::MERGED;
use crate::model::text::{collapse_spaces, fold_name};
use crate::model::{Action, Error, Hint, Kind, NextStep, Project, ProjectState, Result, Status};
use crate::ops::record::{claims, record_change, validate};
use crate::ops::write::projects::{
    MovedRows, Registered, check_canonical_name, move_note, move_rows, name_taken, not_registered,
};
use crate::store::{self, Tx, audit_by_project};

/// A new name for a project.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectRename {
    /// Name or alias of a registered project.
    pub name: String,
    /// Canonical name: lower-case letters and digits joined by hyphens.
    pub new_name: String,
}

/// A project to make part of another one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectMerge {
    /// Name or alias of the project that ends.
    pub name: String,
    /// Name or alias of the project that gets its rows and names.
    pub into: String,
}

/// A name that a project shall not have any more.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasRemoval {
    /// Name or alias of a registered project.
    pub name: String,
    /// The alias to remove.
    pub alias: String,
}

/// Removes an alias of a project. Its rows stay; the name is free for another project.
pub fn remove_alias(tx: &Tx<'_>, wish: &AliasRemoval, note: &str) -> Result<Registered> {
    validate::text_length("note", note)?;
    let before = require_project(tx, &wish.name)?;
    let alias = collapse_spaces(&wish.alias);
    let mut after = before.clone();
    after.aliases.retain(|known| fold_name(known) != fold_name(&alias));
    if after.aliases == before.aliases {
        return Err(not_an_alias(&before, &alias));
    }
    after.updated_at = tx.now.to_string();
    let audit_id = record_change::record_change(tx, &before, &after, Action::Updated, note)?;
    let moved = MovedRows::default();
    Ok(Registered { row: after, created: false, audit_id: Some(audit_id), moved })
}

fn not_an_alias(project: &Project, alias: &str) -> Error {
    let hint = match project.aliases.as_slice() {
        _ if fold_name(alias) == fold_name(&project.name) => {
            "It is the name of the project itself; rename the project instead.".to_owned()
        }
        [] => "It has no aliases.".to_owned(),
        known => format!("Its aliases: {}.", known.join(", ")),
    };
    Error::invalid("alias", format!("{} has no alias {alias:?}", project.name), hint)
}

/// Renames a project; its old name becomes an alias.
pub fn rename_project(tx: &Tx<'_>, wish: &ProjectRename, note: &str) -> Result<Registered> {
    validate::text_length("note", note)?;
    let before = require_project(tx, &wish.name)?;
    let new_name = validate::check_name("new_name", &wish.new_name)?;
    check_canonical_name("new_name", &new_name)?;
    if new_name == before.name {
        return Ok(Registered {
            row: before,
            created: false,
            audit_id: None,
            moved: MovedRows::default(),
        });
    }
    if let Some(other) = store::projects::find_named(tx, &new_name)?
        && other.id != before.id
    {
        return Err(name_taken(&new_name, &other));
    }
    let mut row = Project { updated_at: tx.now.to_string(), ..before.clone() };
    row.aliases.retain(|alias| *alias != new_name);
    row.name = new_name;
    add_names(&mut row, [before.name.clone()])?;
    let audit_id = record_change::record_change(tx, &before, &row, Action::Renamed, note)?;
    move_history(tx, Kind::Project, &row.id, &before, &row)?;
    for state in store::projects::all_state(tx, &row.id)? {
        move_history(tx, Kind::ProjectState, &state.id, &before, &row)?;
        claims::refresh_claims(tx, &state)?;
    }
    let moved = move_rows(tx, &row)?;
    Ok(Registered { row, created: false, audit_id: Some(audit_id), moved })
}

/// Merges a project into another one: its rows, trusted facts and names become those of the other.
pub fn merge_projects(tx: &Tx<'_>, wish: &ProjectMerge, note: &str) -> Result<Registered> {
    validate::text_length("note", note)?;
    let merged = require_project(tx, &wish.name)?;
    let before = require_project(tx, &wish.into)?;
    if merged.id == before.id {
        let problem = format!("both names are of the project {:?}", before.name);
        return Err(Error::invalid("into", problem, "Name another project."));
    }
    let mut row = Project { updated_at: tx.now.to_string(), ..before.clone() };
    add_names(&mut row, merged.aliases.iter().cloned().chain([merged.name.clone()]))?;
    let ended = Project {
        name: format!("{} ({}, merged)", merged.name, merged.handle),
        status: MERGED.to_owned(),
        aliases: Vec::new(),
        updated_at: tx.now.to_string(),
        ..merged.clone()
    };
    record_change::record_change(tx, &merged, &ended, Action::Merged, note)?;
    move_history(tx, Kind::Project, &merged.id, &merged, &ended)?;
    let audit_id = record_change::record_change(tx, &before, &row, Action::Updated, note)?;
    for state in store::projects::all_state(tx, &merged.id)? {
        move_state(tx, &state, &merged, &row)?;
    }
    let moved = move_rows(tx, &row)?;
    Ok(Registered { row, created: false, audit_id: Some(audit_id), moved })
}

fn require_project(tx: &Tx<'_>, given: &str) -> Result<Project> {
    let name = collapse_spaces(given);
    match store::projects::find_named(tx, &name)? {
        Some(project) => Ok(project),
        None => Err(not_registered(tx, name)?),
    }
}

fn add_names(row: &mut Project, names: impl IntoIterator<Item = String>) -> Result<()> {
    row.aliases.extend(names);
    row.aliases.sort();
    row.aliases.dedup();
    validate::at_most("aliases", row.aliases.len(), validate::MAX_ALIASES, "names")
}

/// Moves the audit rows of a project or fact under the new name of the project.
fn move_history(tx: &Tx<'_>, kind: Kind, id: &str, from: &Project, to: &Project) -> Result<()> {
    audit_by_project::move_audit_rows(tx, kind, id, &from.name, &to.name)
}

/// Moves a trusted fact. One key has one active value: the same value ends, and another is an error,
/// since only a person decides between them.
fn move_state(tx: &Tx<'_>, before: &ProjectState, from: &Project, to: &Project) -> Result<()> {
    let mut after = ProjectState { project_id: to.id.clone(), ..before.clone() };
    let ProjectState { category, key, value, .. } = before;
    let known = store::projects::state_of(tx, &to.id, category, key)?;
    let mut action = Action::Renamed;
    if let Some(known) = known.filter(|known| known.is_active() && before.is_active()) {
        if fold_name(&known.value) != fold_name(value) {
            return Err(Error::invalid(
                "name",
                format!("both projects have the trusted fact {category}/{key}, with other values"),
                Hint::new("End one of them first.", NextStep::SetProjectState),
            ));
        }
        after.status = Status::Superseded.as_str().to_owned();
        action = Action::Superseded;
    }
    after.updated_at = tx.now.to_string();
    record_change::record_change(tx, before, &after, action, &move_note(to))?;
    move_history(tx, Kind::ProjectState, &before.id, from, to)
}
