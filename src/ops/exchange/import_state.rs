//! Trusted state in lines: a fact that somebody changed here stays until the source changes it.

use serde_json::{Map, Value};

use super::import_again::LineOutcome;
use super::import_source::ImportSource;
use crate::model::hash::digest;
use crate::model::{Kind, Result};
use crate::ops::record::validate;
use crate::ops::write::projects;
use crate::ops::write::state::{StateChange, set_state};
use crate::store::{self, Tx, source_records};

/// A fact after the import of its line.
pub struct ImportedState {
    pub outcome: LineOutcome,
    pub project: String,
    pub registered: bool,
}

pub fn import_state(
    tx: &Tx<'_>,
    source: &ImportSource,
    wish: &StateChange,
    note: &str,
) -> Result<ImportedState> {
    let said = digest_state(wish.value.as_deref().unwrap_or_default());
    let fields = Map::from_iter([("value".to_owned(), Value::from(said))]);
    let project = projects::resolve(tx, &wish.project)?.name;
    if let Some(id) = find_fact(tx, &project, wish)? {
        let record = source_records::get(tx, &source.name, Kind::ProjectState, &id)?;
        if record.is_some_and(|record| record.fields == fields) {
            source.keep(tx, Kind::ProjectState, &id, (String::new(), fields))?;
            return Ok(ImportedState {
                outcome: LineOutcome::Unchanged,
                project,
                registered: false,
            });
        }
    }
    let set = set_state(tx, wish, note)?;
    source.keep(tx, Kind::ProjectState, &set.row.id, (String::new(), fields))?;
    let outcome = match (&set.before, set.changed) {
        (_, false) => LineOutcome::Unchanged,
        (None, true) => LineOutcome::Created,
        (Some(_), true) => LineOutcome::Updated,
    };
    Ok(ImportedState { outcome, project: set.project.name, registered: set.registered })
}

/// Returns the digest of a value that a source says.
pub fn digest_state(value: &str) -> String {
    digest(value.trim())
}

fn find_fact(tx: &Tx<'_>, project: &str, wish: &StateChange) -> Result<Option<String>> {
    let Some(project) = store::projects::find_named(tx, project)? else { return Ok(None) };
    let category = validate::check_name("category", &wish.category)?;
    let key = validate::check_name("key", &wish.key)?;
    Ok(store::projects::state_of(tx, &project.id, &category, &key)?.map(|fact| fact.id))
}
