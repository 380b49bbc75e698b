//! Names of rows in messages: kind or type, handle and name, quoted.

use crate::model::text::quote_text;
use crate::model::{Kind, Relationship, Result};
use crate::store::rows::skip_unknown;
use crate::store::{self, View};

/// Maximum characters of a name or content.
const MAX_NAME: usize = 160;

/// Returns kind, handle and name of a row; its id if it no longer exists.
pub fn name_row(view: &View<'_>, kind: Kind, id: &str) -> Result<String> {
    let quoted = |text: &str| quote_text(text, MAX_NAME);
    let named = match kind {
        Kind::Entity => skip_unknown(store::entities::get(view, id))?
            .map(|row| format!("{} {} {}", row.entity_type, row.handle, quoted(&row.name))),
        Kind::Memory => skip_unknown(store::memories::get(view, id))?
            .map(|row| format!("memory {} {}", row.handle, quoted(&row.content))),
        Kind::Relationship => {
            store::relationships::get(view, id)?.map(|row| name_link(view, &row)).transpose()?
        }
        Kind::Project => store::projects::get(view, id)?
            .map(|row| format!("project {} {}", row.handle, quoted(&row.name))),
        Kind::ProjectState => store::projects::state_by_id(view, id)?.map(|row| {
            format!("state {} {}/{}", row.handle, quoted(&row.category), quoted(&row.key))
        }),
        Kind::Conflict => store::conflicts::get(view, id)?.map(|row| {
            format!("conflict {} {} {}", row.handle, row.slot_kind, quoted(&row.slot_key))
        }),
        Kind::Revision => store::revisions::get(view, id)?
            .map(|row| format!("revision {} ({})", row.handle, row.action.as_str())),
        Kind::Interaction => {
            store::interactions::get(view, id)?.map(|row| format!("interaction {}", row.handle))
        }
        Kind::Store => None,
    };
    Ok(named.unwrap_or_else(|| format!("{} {id}", kind.as_str())))
}

/// Returns the names of the rows that references such as `entity:<id>` lead to.
pub fn name_references(view: &View<'_>, references: &[String]) -> Result<Vec<String>> {
    let name = |reference: &String| match reference.split_once(':') {
        Some((kind, id)) => {
            Kind::parse(kind).map_or_else(|| Ok(reference.clone()), |kind| name_row(view, kind, id))
        }
        None => Ok(reference.clone()),
    };
    references.iter().map(name).collect()
}

/// Returns handle, type and the names of both ends of a link.
pub fn name_link(view: &View<'_>, link: &Relationship) -> Result<String> {
    let name = |id: &str| -> Result<String> {
        let entity = skip_unknown(store::entities::get(view, id))?;
        Ok(entity.map_or_else(|| id.to_owned(), |row| quote_text(&row.name, 60)))
    };
    let (source, target) = (name(&link.source_entity_id)?, name(&link.target_entity_id)?);
    Ok(format!("relationship {} {source} {} {target}", link.handle, link.relationship_type))
}
