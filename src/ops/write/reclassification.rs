//! Checks an entity that gets another type or project.

use crate::model::text::quote_text;
use crate::model::{Entity, Error, Kind, Relationship, Result};
use crate::ops::read::row_names::name_row;
use crate::ops::record::validate::MAX_NAME;
use crate::store::{self, Tx};

/// Maximum number of links that an error names.
const MAX_NAMED: usize = 5;

/// Refuses another type if a link does not allow it, and another type or project if an entity there says
/// the same.
pub fn check_reclassified(tx: &Tx<'_>, before: &Entity, after: &Entity) -> Result<()> {
    let retyped = before.entity_type != after.entity_type;
    if retyped {
        refuse_misfit_links(tx, after)?;
    }
    if retyped || before.project != after.project {
        refuse_twin(tx, if retyped { "entity_type" } else { "project" }, after)?;
    }
    Ok(())
}

fn refuse_misfit_links(tx: &Tx<'_>, entity: &Entity) -> Result<()> {
    let waiting = store::relationships::waiting_at(tx, &entity.id)?;
    let mut misfits = Vec::new();
    for link in store::relationships::active_at(tx, &entity.id)?.into_iter().chain(waiting) {
        if let Some(problem) = find_misfit(tx, entity, &link)? {
            misfits.push(format!("{}: {problem}", name_row(tx, Kind::Relationship, &link.id)?));
        }
    }
    if misfits.is_empty() {
        return Ok(());
    }
    let more = misfits.len().saturating_sub(MAX_NAMED);
    misfits.truncate(MAX_NAMED);
    if more > 0 {
        misfits.push(format!("and {more} more"));
    }
    Err(Error::invalid(
        "entity_type",
        format!("links do not allow a {} there: {}", entity.entity_type, misfits.join("; ")),
        "Nothing was changed. End these links first, or make them of another type.",
    ))
}

/// Returns why a link cannot have the entity as an end, if it cannot.
fn find_misfit(tx: &Tx<'_>, entity: &Entity, link: &Relationship) -> Result<Option<String>> {
    let type_of = |id: &str| {
        if id == entity.id {
            return Ok(entity.entity_type.clone());
        }
        Ok(store::entities::get(tx, id)?.map(|end| end.entity_type).unwrap_or_default())
    };
    let (source, target) = (type_of(&link.source_entity_id)?, type_of(&link.target_entity_id)?);
    match tx.ontology.check_ends(&link.relationship_type, &source, &target) {
        Err(Error::Link { problem, .. }) => Ok(Some(problem)),
        other => other.map(|()| None),
    }
}

fn refuse_twin(tx: &Tx<'_>, field: &str, moved: &Entity) -> Result<()> {
    let Some(twin) = store::entities::find_same(tx, moved, false)? else { return Ok(()) };
    let (status, project) = (twin.status.as_str(), quote_text(&moved.project, MAX_NAME));
    Err(Error::invalid(
        field,
        format!("the {status} {} {} of {project} says the same", twin.entity_type, twin.handle),
        "Leave it as it is, or merge the two.",
    ))
}
