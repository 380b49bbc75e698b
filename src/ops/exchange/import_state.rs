//! Trusted state in lines: a fact that somebody changed here stays until the source changes it.

use serde_json::{Map, Value};

use super::import_again::LineOutcome;
use super::import_source::ImportSource;
use crate::model::hash::digest;
use crate::model::{Kind, ProjectState, Result};
use crate::ops::read::row_names::name_row;
use crate::ops::record::validate;
use crate::ops::write::projects;
use crate::ops::write::state::{StateChange, set_state};
use crate::store::{self, Tx, source_records};

/// A fact after the import of its line.
pub struct ImportedState {
    pub outcome: LineOutcome,
    pub project: String,
    pub registered: bool,
    /// The fact, if the source left it alone and it is different here.
    pub different: Option<String>,
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
    if let Some(fact) = find_fact(tx, &project, wish)? {
        let id = fact.id;
        let record = source_records::get(tx, &source.name, Kind::ProjectState, &id)?;
        if record.is_some_and(|record| record.fields == fields) {
            source.keep(tx, Kind::ProjectState, &id, (String::new(), fields))?;
            let differs = digest_state(&fact.value)
                != digest_state(wish.value.as_deref().unwrap_or_default());
            let different = differs.then(|| name_row(tx, Kind::ProjectState, &id)).transpose()?;
            let (outcome, registered) = (LineOutcome::Unchanged, false);
            return Ok(ImportedState { outcome, project, registered, different });
        }
    }
    let set = set_state(tx, wish, note)?;
    source.keep(tx, Kind::ProjectState, &set.row.id, (String::new(), fields))?;
    let outcome = match (&set.before, set.changed) {
        (_, false) => LineOutcome::Unchanged,
        (None, true) => LineOutcome::Created,
        (Some(_), true) => LineOutcome::Updated,
    };
    let (project, registered) = (set.project.name, set.registered);
    Ok(ImportedState { outcome, project, registered, different: None })
}

/// Returns the digest of a value that a source says.
pub fn digest_state(value: &str) -> String {
    digest(value.trim())
}

fn find_fact(tx: &Tx<'_>, project: &str, wish: &StateChange) -> Result<Option<ProjectState>> {
    let Some(project) = store::projects::find_named(tx, project)? else { return Ok(None) };
    let category = validate::check_name("category", &wish.category)?;
    let key = validate::check_name("key", &wish.key)?;
    store::projects::state_of(tx, &project.id, &category, &key)
}
