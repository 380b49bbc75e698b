//! Entities, relationships and projects in answers.
//!
//! Structured content omits fields with their usual value: `status` active, `project` that of the
//! answer (or global), `confidence` 1, `hand_authored` false, and empty texts and lists.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::bound::{shorten_text, shorten_texts};
use super::{Detail, ids, is_false};
use crate::model::headline::Headline;
use crate::model::mark::{MarkReason, mark_prefix, reason_words};
use crate::model::project::has_same_letters;
use crate::model::text::{look_alike, quote_text};
use crate::model::{
    Entity, Kind, Mark, NextStep, Relationship, RelationshipStatus, ResolvedProject, Result, Status,
};
use crate::ops::read::marks::RowMarks;
use crate::ops::write::lifecycle_rows;
use crate::store::View;

/// Maximum characters of a stored text in a line.
pub const LINE_TEXT: usize = 160;
/// Maximum characters of each text of a row read with detail concise.
pub const CONCISE_TEXT: usize = 1_000;
/// Maximum characters of each text of a row read with detail full.
pub const FULL_TEXT: usize = 16_000;

/// An entity with its contents.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EntityView {
    /// Warnings: contested, contradicted, acknowledged, rests_on_fallen, points_to_retired, suspect,
    /// stale_source, expired.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// The rows and sources that the marks come from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mark_reasons: Vec<MarkReason>,
    pub entity_id: String,
    /// The UUID; with detail full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    pub entity_type: String,
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    pub status: Status,
    pub version: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub properties: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_refs: Vec<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub hand_authored: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// With detail full, which may hold more properties than a reader has time for.
    #[serde(rename = "headline", skip_serializing_if = "String::is_empty")]
    full_headline: String,
    #[serde(skip)]
    headline: String,
}

impl EntityView {
    /// Shows one entity.
    pub fn alone(view: &View<'_>, row: &Entity, detail: Detail) -> Result<Self> {
        Self::new(view, row, &RowMarks::of_rows(view, [row])?, detail)
    }

    pub fn new(view: &View<'_>, row: &Entity, marks: &RowMarks, detail: Detail) -> Result<Self> {
        let full = detail == Detail::Full;
        let mut properties = Value::Object(row.properties.clone());
        let mut description = row.description.clone();
        if !full {
            shorten_texts(&mut properties, CONCISE_TEXT);
            description = shorten_text(&description, CONCISE_TEXT).into_owned();
        }
        Ok(Self {
            marks: marks.of(&row.id),
            mark_reasons: marks.reasons(&row.id).to_vec(),
            headline: Headline::words(&row.properties),
            full_headline: if full { join_headlines(&row.properties) } else { String::new() },
            entity_id: row.handle.clone(),
            id: full.then(|| row.id.clone()),
            uid: row.uid.clone(),
            entity_type: row.entity_type.clone(),
            name: row.name.clone(),
            project: row.project.clone(),
            status: row.status,
            version: row.version,
            description,
            properties: into_object(properties),
            confidence: unusual_confidence(row.confidence),
            source_refs: ids::shown_refs(view, &row.source_refs)?,
            hand_authored: row.hand_authored,
            created_at: full.then(|| row.created_at.clone()),
            updated_at: full.then(|| row.updated_at.clone()),
        })
    }

    /// Renders the entity in one line, without description, properties and sources.
    pub fn line(&self) -> String {
        let Self { marks, entity_type, entity_id, uid, name, headline, .. } = self;
        let state = row_state(self.status, self.version, &self.project);
        format!(
            "{}{entity_type} {entity_id} {}{headline} {state}{}",
            mark_prefix(marks),
            name_with_uid(uid, name),
            reason_words(&self.mark_reasons)
        )
    }
}

/// Maximum characters of the properties in a line with detail concise.
const PROPERTIES_TEXT: usize = 600;

impl EntityView {
    /// Renders the contents of the entity below its line; with detail full also its UUID and instants.
    pub fn content_lines(&self) -> Vec<String> {
        let full = self.id.is_some();
        let most = if full { 2 * FULL_TEXT } else { CONCISE_TEXT };
        let mut lines = Vec::new();
        if !self.description.is_empty() {
            lines.push(format!("  description {}", quote_text(&self.description, most)));
        }
        if !self.properties.is_empty() {
            let most = if full { FULL_TEXT } else { PROPERTIES_TEXT };
            let properties = Value::Object(self.properties.clone()).to_string();
            lines.push(format!("  properties {}", shorten_text(&properties, most)));
        }
        if !self.source_refs.is_empty() {
            lines.push(format!("  sources {}", all_quoted(&self.source_refs)));
        }
        if self.hand_authored {
            lines.push("  marked as vouched for by a person".to_owned());
        }
        lines.extend(self.identity_line().map(|line| format!("  {line}")));
        lines
    }

    /// Renders the UUID, the instants and the confidence; with detail full.
    pub fn identity_line(&self) -> Option<String> {
        let instants = (self.created_at.as_deref(), self.updated_at.as_deref());
        identity_line(self.id.as_deref(), instants, self.confidence)
    }
}

/// Renders the UUID, the instants and the confidence of a row that is shown in full.
pub(super) fn identity_line(
    id: Option<&str>,
    (created_at, updated_at): (Option<&str>, Option<&str>),
    confidence: Option<f64>,
) -> Option<String> {
    let created = created_at.map(|at| format!(", created {at}")).unwrap_or_default();
    let updated = updated_at.map(|at| format!(", updated {at}")).unwrap_or_default();
    let confidence = confidence.map(|value| format!(", confidence {value}")).unwrap_or_default();
    id.map(|id| format!("id {id}{created}{updated}{confidence}"))
}

/// An entity as a row of a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EntityBrief {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    pub entity_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    pub entity_type: String,
    pub name: String,
    /// Its value, choice or outcome.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub headline: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<CurrentRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    #[serde(skip)]
    quoted_headline: String,
}

/// The current row that superseded another one, at the end of the chain.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CurrentRow {
    entity_id: String,
    name: String,
}

impl CurrentRow {
    fn of(view: &View<'_>, row: &Entity) -> Result<Option<Self>> {
        if row.status != Status::Superseded {
            return Ok(None);
        }
        let current = lifecycle_rows::list_successors(view, row)?.pop();
        Ok(current.map(|row| Self { entity_id: row.handle, name: row.name }))
    }

    fn words(&self) -> String {
        format!(", now {} {}", self.entity_id, quote_text(&self.name, LINE_TEXT))
    }
}

impl EntityBrief {
    /// `project` is that of the answer, if it has one.
    pub fn new(
        view: &View<'_>,
        row: &Entity,
        marks: &RowMarks,
        project: Option<&str>,
    ) -> Result<Self> {
        Ok(Self {
            marks: marks.of(&row.id),
            entity_id: row.handle.clone(),
            uid: row.uid.clone(),
            entity_type: row.entity_type.clone(),
            name: row.name.clone(),
            headline: join_headlines(&row.properties),
            quoted_headline: Headline::words(&row.properties),
            status: (row.status != Status::Active).then_some(row.status),
            current: CurrentRow::of(view, row)?,
            project: (project != Some(&row.project)).then(|| row.project.clone()),
        })
    }

    pub fn line(&self) -> String {
        let Self { marks, entity_id, uid, entity_type, name, quoted_headline, .. } = self;
        let newer = self.current.as_ref().map(CurrentRow::words).unwrap_or_default();
        let state = state_suffix(self.status, &newer, self.project.as_deref());
        let name = name_with_uid(uid, name);
        format!("{}{entity_type} {entity_id} {name}{quoted_headline}{state}", mark_prefix(marks))
    }
}

/// Shows entities of one answer, reading their marks at once.
pub fn entity_briefs(view: &View<'_>, rows: &[Entity], project: &str) -> Result<Vec<EntityBrief>> {
    let marks = RowMarks::of_rows(view, rows)?;
    rows.iter().map(|row| EntityBrief::new(view, row, &marks, Some(project))).collect()
}

/// Renders the name of a row after its identifier elsewhere, unless the name begins with that.
pub(super) fn name_with_uid(uid: &str, name: &str) -> String {
    let quoted = quote_text(name, LINE_TEXT);
    match uid {
        "" => quoted,
        uid if name.starts_with(uid) => quoted,
        uid => format!("{} {quoted}", quote_text(uid, LINE_TEXT)),
    }
}

/// Joins the headlines of an entity as data.
fn join_headlines(properties: &Map<String, Value>) -> String {
    Headline::list(properties).iter().map(Headline::plain).collect::<Vec<_>>().join(", ")
}

/// Renders the status, the successor and the project of a list row, unless they are those of the
/// answer.
pub(super) fn state_suffix(
    status: Option<Status>,
    successor: &str,
    project: Option<&str>,
) -> String {
    let status = status.map(|status| format!(" ({status}{successor})")).unwrap_or_default();
    let project = project.map(|name| format!(" in {}", project_word(name))).unwrap_or_default();
    format!("{status}{project}")
}

/// Renders the entity after a write in one line.
pub fn entity_line(row: &Entity) -> String {
    let Entity { entity_type, handle, uid, name, .. } = row;
    let headline = Headline::words(&row.properties);
    let state = row_state(row.status, row.version, &row.project);
    format!("{entity_type} {handle} {}{headline} {state}", name_with_uid(uid, name))
}

/// Renders the status, version and project of a row.
pub(super) fn row_state(status: Status, version: i64, project: &str) -> String {
    format!("({status}, version {version}) in {}", project_word(project))
}

/// A relationship with its contents.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RelationshipView {
    pub relationship_id: String,
    pub source_id: String,
    pub relationship_type: String,
    pub target_id: String,
    pub status: RelationshipStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_refs: Vec<String>,
}

impl RelationshipView {
    pub fn new(view: &View<'_>, row: &Relationship) -> Result<Self> {
        let end = |id: &str| ids::shown_id(view, Kind::Entity, Some(id));
        Ok(Self {
            relationship_id: row.handle.clone(),
            source_id: end(&row.source_entity_id)?.unwrap_or_default(),
            relationship_type: row.relationship_type.clone(),
            target_id: end(&row.target_entity_id)?.unwrap_or_default(),
            status: row.status,
            confidence: unusual_confidence(row.confidence),
            source_refs: ids::shown_refs(view, &row.source_refs)?,
        })
    }

    pub fn line(&self) -> String {
        let Self { relationship_id, source_id, relationship_type, target_id, .. } = self;
        format!(
            "relationship {relationship_id} {source_id} {relationship_type} {target_id} ({})",
            self.status.as_str()
        )
    }
}

/// The project of an answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ProjectUsed {
    pub name: String,
    /// Present and false if the name is not registered and no row uses it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered: Option<bool>,
    /// Similar names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<String>,
}

impl ProjectUsed {
    pub fn new(project: &ResolvedProject) -> Self {
        Self {
            name: project.name.clone(),
            registered: (!project.registered && !project.is_used).then_some(false),
            nearest: if project.is_used { Vec::new() } else { project.nearest.clone() },
        }
    }

    /// Returns an unregistered project at its first use; other projects are shown in the rows.
    pub fn if_new(project: &ResolvedProject) -> Option<Self> {
        (!project.registered && !project.is_used).then(|| Self::new(project))
    }

    /// Returns the step that registers the project.
    pub fn registration(&self) -> NextStep {
        NextStep::RegisterProject { name: self.name.clone() }
    }

    /// Warns about an unregistered project that no row uses yet, with similar names.
    pub fn warning(&self) -> Option<String> {
        self.registered?;
        let name = quote_text(&self.name, LINE_TEXT);
        let first = self.nearest.first();
        let near = match first.map(|near| (near, quote_text(near, LINE_TEXT))) {
            None => String::new(),
            Some((near, quoted)) if has_same_letters(near, &self.name) => {
                format!("; it differs from {quoted} only in case or punctuation")
            }
            Some((near, quoted)) if look_alike(near, &self.name) => {
                format!("; it looks like {quoted} and is another name")
            }
            Some(_) => format!("; nearest: {}", all_quoted(&self.nearest)),
        };
        Some(format!("project {name} is not registered{near}"))
    }
}

/// Quotes each text and joins them with commas.
pub fn all_quoted(texts: &[String]) -> String {
    texts.iter().map(|text| quote_text(text, LINE_TEXT)).collect::<Vec<_>>().join(", ")
}

/// Renders a project name.
pub fn project_word(project: &str) -> String {
    if project.is_empty() { "global".to_owned() } else { quote_text(project, LINE_TEXT) }
}

/// Returns the confidence unless it is 1, the usual value.
pub fn unusual_confidence(confidence: f64) -> Option<f64> {
    (confidence != 1.0).then_some(confidence)
}

fn into_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
