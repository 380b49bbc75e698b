//! Trusted project state: set by a person, never by promotion; preferred over any other row.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::{Action, Error, Kind, Project, ProjectState, Result, SubjectKind};
use crate::ops::record::{record_change, validate};
use crate::ops::write::projects;
use crate::store::{self, Tx};

/// A fact of a project, to be set or ended by a person.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateChange {
    /// Project name or alias.
    pub project: String,
    /// Kind of fact, such as status, decision or milestone.
    pub category: String,
    pub key: String,
    /// Left out only with end.
    pub value: Option<String>,
    /// Who or what says so.
    #[serde(default)]
    pub source: String,
    /// 0 to 1; default 1.
    pub confidence: Option<f64>,
    /// True ends the fact; its history stays.
    #[serde(default)]
    pub end: bool,
}

/// The outcome of setting a fact.
#[derive(Debug, Clone)]
pub struct StateSet {
    pub project: Project,
    /// Whether this call registered the project.
    pub registered: bool,
    pub row: ProjectState,
    /// The row before the change, if there was one.
    pub before: Option<ProjectState>,
    pub changed: bool,
    pub audit_id: Option<String>,
}

/// Sets, changes or ends the one active value of (project, category, key).
pub fn set_state(tx: &Tx<'_>, wish: &StateChange, note: &str) -> Result<StateSet> {
    validate::text_length("note", note)?;
    let category = validate::check_name("category", &wish.category)?;
    let key = validate::check_name("key", &wish.key)?;
    let confidence = validate::check_confidence(wish.confidence)?;
    validate::text_length("source", &wish.source)?;
    let (project, registered) = projects::require_registered(tx, &wish.project, note)?;
    let before = store::projects::state_of(tx, &project.id, &category, &key)?;
    if wish.end {
        let Some(before) = before else {
            return Err(Error::not_found(
                SubjectKind::Row(Kind::ProjectState),
                format!("{category}/{key}"),
            ));
        };
        return end_state(tx, project, before, note);
    }
    let mut row = before.clone().unwrap_or_else(|| ProjectState {
        id: tx.new_id(),
        handle: String::new(),
        project_id: project.id.clone(),
        category,
        key,
        value: String::new(),
        source: String::new(),
        confidence: 1.0,
        status: String::new(),
        created_at: tx.now.to_string(),
        updated_at: tx.now.to_string(),
    });
    row.value = check_value(wish.value.as_deref())?;
    row.source = wish.source.trim().to_owned();
    row.confidence = confidence;
    row.status = "active".to_owned();
    let audit_id = match &before {
        None => Some(record_change::create(tx, &mut row, note)?),
        Some(before) if *before == row => None,
        Some(before) => {
            row.updated_at = tx.now.to_string();
            Some(record_change::record_change(tx, before, &row, Action::Updated, note)?)
        }
    };
    let changed = audit_id.is_some();
    Ok(StateSet { project, registered, row, before, changed, audit_id })
}

fn check_value(given: Option<&str>) -> Result<String> {
    let value = given.unwrap_or_default().trim();
    validate::text_length("value", value)?;
    if value.is_empty() {
        return Err(Error::invalid("value", "it is blank", "Give the value, or end: true."));
    }
    Ok(value.to_owned())
}

/// Ends a fact.
pub fn end_fact(tx: &Tx<'_>, fact: &ProjectState, note: &str) -> Result<(ProjectState, String)> {
    let (status, updated_at) = ("superseded".to_owned(), tx.now.to_string());
    let row = ProjectState { status, updated_at, ..fact.clone() };
    let audit_id = record_change::record_change(tx, fact, &row, Action::Superseded, note)?;
    Ok((row, audit_id))
}

fn end_state(tx: &Tx<'_>, project: Project, before: ProjectState, note: &str) -> Result<StateSet> {
    if !before.is_active() {
        return Ok(StateSet {
            project,
            registered: false,
            row: before.clone(),
            before: Some(before),
            changed: false,
            audit_id: None,
        });
    }
    let (row, audit_id) = end_fact(tx, &before, note)?;
    let (before, audit_id) = (Some(before), Some(audit_id));
    Ok(StateSet { project, registered: false, row, before, changed: true, audit_id })
}
