//! Ids of other rows in answers, by their handles.

use serde_json::{Map, Value};

use crate::model::{Kind, Result};
use crate::store::View;

/// The id of a row of that kind, as answers show it.
pub fn shown_id(_view: &View<'_>, _kind: Kind, id: Option<&str>) -> Result<Option<String>> {
    Ok(id.map(str::to_owned))
}

pub fn shown_chunk(_view: &View<'_>, id: Option<&str>) -> Result<Option<String>> {
    Ok(id.map(str::to_owned))
}

/// References to sources, as answers show them.
pub fn shown_refs(_view: &View<'_>, refs: &[String]) -> Result<Vec<String>> {
    Ok(refs.to_vec())
}

/// Ids of entities and memories, as answers show them.
pub fn shown_ids(_view: &View<'_>, ids: &[String]) -> Result<Vec<String>> {
    Ok(ids.to_vec())
}

/// Shows the ids among the fields that a question adds to a row.
pub fn show_fields(_view: &View<'_>, _fields: &mut Map<String, Value>) -> Result<()> {
    Ok(())
}
