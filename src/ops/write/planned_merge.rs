//! A proposed merge: the fields of which only one value would stay.

use crate::model::revision::{Revision, RevisionAction};
use crate::model::{Entity, Kind, Memory, Result};
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::ops::write::merged_fields::KeptField;
use crate::ops::write::{merge_entities, merge_memories};
use crate::store::View;

/// Lists the fields in which the two rows of a proposed merge differ.
pub fn list_merge_differences(view: &View<'_>, row: &Revision) -> Result<Vec<KeptField>> {
    let (id, into) = (&row.subject_id, row.successor_id.as_deref().unwrap_or_default());
    if row.action != RevisionAction::Merge {
        return Ok(Vec::new());
    }
    if row.subject_kind == Kind::Entity {
        let rows = Entity::find(view, id)?.zip(Entity::find(view, into)?);
        let combined = rows.map(|(old, stays)| merge_entities::combine_fields(&stays, &old));
        return Ok(combined.transpose()?.map(|(_, differing)| differing).unwrap_or_default());
    }
    let rows = Memory::find(view, id)?.zip(Memory::find(view, into)?);
    Ok(rows.map(|(old, stays)| merge_memories::combine_fields(&stays, &old).1).unwrap_or_default())
}
