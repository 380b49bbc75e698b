//! Finds a single entity by its id or name.

use std::collections::BTreeSet;

use crate::model::handle::HandleKind;
use crate::model::nearest::{NameFit, fit_name};
use crate::model::ontology::SUPERSEDES;
use crate::model::{Action, Entity, Error, Kind, ResolvedProject, Result, Status, SubjectKind};
use crate::ops::record::named_rows::list_formerly_named;
use crate::ops::record::{claims, validate};
use crate::ops::write::lifecycle_rows::{self, HasLifecycle};
use crate::ops::write::projects;
use crate::store::entities::Named;
use crate::store::rows::skip_unknown;
use crate::store::{self, View};

/// A reference to an entity: an id, or a name with the fields that make it unique.
#[derive(Debug, Clone, Default)]
pub struct EntityQuery<'a> {
    pub id: Option<&'a str>,
    pub name: Option<&'a str>,
    pub entity_type: Option<&'a str>,
    pub project: Option<&'a str>,
    pub include_inactive: bool,
}

/// Entities with the same name that an error lists.
const MAX_NAMED: usize = 10;

/// Finds a single entity. A name matches active entities only, unless inactive ones are included;
/// an id matches in any status.
pub fn find_entity(view: &View<'_>, query: &EntityQuery<'_>) -> Result<Entity> {
    let name = match (query.id, query.name) {
        (Some(id), None) => return lifecycle_rows::require_row(view, id),
        (None, Some(name)) => validate::check_name("name", name)?,
        _ => {
            return Err(Error::invalid(
                "entity_id",
                "either entity_id or name is needed, not both",
                "Give entity_id, or name with entity_type and project if it is not unique.",
            ));
        }
    };
    let project = query.project.map(|project| projects::resolve(view, project)).transpose()?;
    let mut wanted = Named {
        name: &name,
        entity_type: query.entity_type,
        project: project.as_ref().map(|project| project.name.as_str()),
        active: (!query.include_inactive).then_some(true),
    };
    let mut found = in_project(view, &wanted)?;
    match (found.pop(), found.is_empty()) {
        (Some(entity), true) => Ok(entity),
        (Some(last), false) => {
            found.push(last);
            Err(ambiguous_name(&name, &found))
        }
        (None, _) => {
            wanted.active = None;
            let hidden = in_project(view, &wanted)?;
            wanted.active = (!query.include_inactive).then_some(true);
            if hidden.is_empty()
                && let Some(renamed) = find_renamed(view, &wanted)?
            {
                return Ok(renamed);
            }
            if let Some(stays) = find_merged(view, &name, &hidden)? {
                return Ok(stays);
            }
            let only = if hidden.is_empty() { find_by_part(view, &wanted)? } else { None };
            only.map_or_else(|| Err(missing_entity(view, &name, project, &hidden)?), Ok)
        }
    }
}

/// Returns the project's own matching rows; if there are none, the global ones.
fn in_project(view: &View<'_>, wanted: &Named<'_>) -> Result<Vec<Entity>> {
    let limit = MAX_NAMED as i64 + 1;
    let own = store::entities::list_named(view, wanted, limit)?;
    if !own.is_empty() || wanted.project.is_none() {
        return Ok(own);
    }
    store::entities::list_named(view, &Named { project: Some(""), ..*wanted }, limit)
}

/// Finds the entity that had a name or uid before; several are an error that lists them.
fn find_renamed(view: &View<'_>, wanted: &Named<'_>) -> Result<Option<Entity>> {
    let ids = list_formerly_named(view, &[HandleKind::Entity], wanted.name)?;
    let ids: Vec<String> = ids.into_iter().map(|row| row.id).collect();
    let mut found = store::entities::get_many(view, &ids)?;
    found.retain(|row| {
        let in_project = |project| row.project == project || row.project.is_empty();
        wanted.project.is_none_or(in_project)
            && wanted.entity_type.is_none_or(|entity_type| row.entity_type == entity_type)
    });
    match (found.pop(), found.is_empty()) {
        (found, true) => Ok(found),
        (last, false) => {
            found.extend(last);
            Err(ambiguous_name(wanted.name, &found))
        }
    }
}

/// Finds the active entity into which rows of a name were merged; several are an error that lists them.
fn find_merged(view: &View<'_>, name: &str, ended: &[Entity]) -> Result<Option<Entity>> {
    let mut found: Vec<Entity> = Vec::new();
    for row in ended {
        if !is_merged(view, row)? {
            continue;
        }
        let stays = lifecycle_rows::list_successors(view, row)?.pop();
        let stays = stays.filter(|row| row.status == Status::Active);
        found.extend(stays.filter(|row| found.iter().all(|known| known.id != row.id)));
    }
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(ambiguous_name(name, &found)),
    }
}

/// Whether an entity ended since it is the same thing as another one.
fn is_merged(view: &View<'_>, row: &Entity) -> Result<bool> {
    if row.status != Status::Superseded {
        return Ok(false);
    }
    let newest = store::audit::newest_of_subject(view, &row.id)?;
    Ok(newest.is_some_and(|entry| entry.action == Action::Merged.as_str()))
}

/// Maximum number of merged rows whose names an entity lists.
const MAX_MERGED: usize = 100;

/// Lists the earlier names and uids of an entity, and those of the rows that were merged into it, also by
/// way of others.
pub fn list_former_names(view: &View<'_>, entity: &Entity) -> Result<Vec<String>> {
    let of_row = |id: &str| store::former_names::list_names(view, Kind::Entity, id);
    let mut names: Vec<String> =
        of_row(&entity.id)?.into_iter().map(|former| former.name).collect();
    let (mut known, mut at) = (vec![entity.id.clone()], 0);
    while at < known.len().min(MAX_MERGED) {
        let older = store::relationships::list_neighbour_ids(view, &known[at], SUPERSEDES, true)?;
        at += 1;
        for row in store::entities::get_many(view, &older)? {
            if !known.contains(&row.id) && is_merged(view, &row)? {
                let earlier = of_row(&row.id)?;
                known.push(row.id);
                let own = [row.name, row.uid].into_iter().filter(|name| !name.is_empty());
                names.extend(own.chain(earlier.into_iter().map(|former| former.name)));
            }
        }
    }
    let mut seen = BTreeSet::from([entity.name.clone(), entity.uid.clone()]);
    names.retain(|name| seen.insert(name.clone()));
    Ok(names)
}

/// Shortest text by which a name is found as a part of it.
const MIN_PART: usize = 3;

/// Finds the only entity whose name begins with the words of the text, or else the only one that has
/// them.
fn find_by_part(view: &View<'_>, wanted: &Named<'_>) -> Result<Option<Entity>> {
    if wanted.name.chars().count() < MIN_PART {
        return Ok(None);
    }
    let known = lifecycle_rows::list_similar_names(view, wanted.name)?;
    let fitting = |fit: NameFit| {
        let ids = known.iter().filter(move |(_, name)| fit_name(wanted.name, name) == Some(fit));
        ids.map(|(id, _)| id.clone()).collect::<Vec<_>>()
    };
    for fit in [NameFit::Beginning, NameFit::Contained] {
        let mut found = store::entities::get_many(view, &fitting(fit))?;
        found.retain(|row| {
            let in_project = |project| row.project == project || row.project.is_empty();
            wanted.active.is_none_or(|active| (row.status == Status::Active) == active)
                && wanted.project.is_none_or(in_project)
                && wanted.entity_type.is_none_or(|entity_type| row.entity_type == entity_type)
        });
        match found.len() {
            0 => {}
            1 => return Ok(found.pop()),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn ambiguous_name(name: &str, found: &[Entity]) -> Error {
    let count = match found.len() {
        many if many > MAX_NAMED => format!("more than {MAX_NAMED}"),
        few => few.to_string(),
    };
    let listed: Vec<String> = found.iter().take(MAX_NAMED).map(describe_entity).collect();
    Error::invalid(
        "name",
        format!("{name:?} names {count} entities"),
        format!("Give the entity_id of one: {}.", listed.join("; ")),
    )
}

fn missing_entity(
    view: &View<'_>,
    name: &str,
    project: Option<ResolvedProject>,
    hidden: &[Entity],
) -> Result<Error> {
    if !hidden.is_empty() {
        let nearest = hidden.iter().take(5).map(|row| describe_ended(view, row));
        let nearest = nearest.collect::<Result<_>>()?;
        return Ok(Error::NotFound {
            subject: SubjectKind::ActiveEntity,
            given: name.to_owned(),
            nearest,
        });
    }
    Ok(match project.filter(|known| !known.registered) {
        Some(unknown) => Error::NotFound {
            subject: SubjectKind::RegisteredProject,
            given: unknown.name,
            nearest: unknown.nearest,
        },
        None => Error::NotFound {
            subject: SubjectKind::ENTITY,
            given: name.to_owned(),
            nearest: Entity::nearest(view, name)?,
        },
    })
}

/// Describes an entity that is not active, with its current successor.
fn describe_ended(view: &View<'_>, entity: &Entity) -> Result<String> {
    let successor = lifecycle_rows::list_successors(view, entity)?.pop();
    let now = successor.map(|row| format!(", now {} {}", row.handle, row.name));
    Ok(describe_entity(entity) + &now.unwrap_or_default())
}

fn describe_entity(entity: &Entity) -> String {
    let Entity { handle, entity_type, name, project, status, .. } = entity;
    format!("{handle} {entity_type} {name} in {project:?} ({status})")
}

/// Returns active entities with neither a source nor a signature, as the Python system allowed.
pub fn without_provenance(view: &View<'_>) -> Result<Vec<Entity>> {
    let mut found = Vec::new();
    claims::for_each_id(view, Kind::Entity, |id| {
        found.extend(
            skip_unknown(store::entities::get(view, id))?
                .filter(|row| row.status == Status::Active && !row.has_provenance()),
        );
        Ok(())
    })?;
    Ok(found)
}
