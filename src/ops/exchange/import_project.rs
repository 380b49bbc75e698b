//! Projects in lines: an old name means the current project, and a description that was changed here stays.

use serde_json::{Map, Value};

use super::field_merge::{FieldChange, compare_field, digest_value, empty_value};
use super::import_again::{LineOutcome, digest_fields, list_edits};
use super::import_source::ImportSource;
use crate::model::{Kind, Project, Result};
use crate::ops::write::projects::{Registration, register_project};
use crate::store::{self, Tx, source_records};

const DESCRIPTION: &str = "description";

/// A project after the import of its line.
pub struct ImportedProject {
    pub outcome: LineOutcome,
    /// The project and its changed fields.
    pub edits: Option<String>,
    /// A description that stays as it is here.
    pub remark: Option<String>,
    /// The project, if its description is different here, and the source left it alone.
    pub different: Option<String>,
}

pub fn import_project(
    tx: &Tx<'_>,
    source: &ImportSource,
    wish: &Registration,
    note: &str,
) -> Result<ImportedProject> {
    let before = store::projects::find_named(tx, wish.name.trim())?;
    let mut wish = wish.clone();
    let mut said = Map::new();
    if let Some(description) = &wish.description {
        said.insert(DESCRIPTION.to_owned(), description.trim().into());
    }
    let (mut remark, mut different) = (None, None);
    if let Some(project) = &before {
        wish.name.clone_from(&project.name);
        // The name of the project may be an alias that the line gives.
        wish.aliases.retain(|alias| !alias.trim().eq_ignore_ascii_case(&project.name));
        let name = |text| format!("project {}{text}", project.name);
        match choose_description(tx, source, project, &mut wish)? {
            FieldChange::Disputed => remark = Some(name(": the description stays")),
            FieldChange::Here => different = Some(name(" (description)")),
            FieldChange::None | FieldChange::Free => {}
        }
    }
    let done = register_project(tx, &wish, note)?;
    source.keep(tx, Kind::Project, &done.row.id, (String::new(), digest_fields(&said)))?;
    let outcome = match (done.created, done.audit_id.is_some()) {
        (true, _) => LineOutcome::Created,
        (false, true) => LineOutcome::Updated,
        (false, false) => LineOutcome::Unchanged,
    };
    let edits = before.as_ref().map(|before| list_edits(before, &done.row)).transpose()?;
    let edits = edits.filter(|edits| !edits.is_empty());
    let edits = edits.map(|edits| format!("project {}: {}", done.row.name, edits.join(", ")));
    Ok(ImportedProject { outcome, edits, remark, different })
}

/// Leaves the description out of the wish if the source did not change it, or somebody here did.
fn choose_description(
    tx: &Tx<'_>,
    source: &ImportSource,
    project: &Project,
    wish: &mut Registration,
) -> Result<FieldChange> {
    let Some(description) = &wish.description else { return Ok(FieldChange::None) };
    let record = source_records::get(tx, &source.name, Kind::Project, &project.id)?;
    let last = record.and_then(|record| record.fields.get(DESCRIPTION).cloned());
    let last = last.unwrap_or_else(|| digest_value(&empty_value(DESCRIPTION)));
    let (theirs, mine) = (Value::from(description.trim()), Value::from(&*project.description));
    let change = compare_field(DESCRIPTION, &theirs, &last, &mine);
    if !matches!(change, FieldChange::Free) {
        wish.description = None;
    }
    Ok(change)
}
