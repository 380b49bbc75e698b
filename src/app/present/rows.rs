//! Entities, memories, relationships and projects in answers.
//!
//! Structured content omits fields with their usual value: `status` active, `project` that of the
//! answer (or global), `confidence` 1, `hand_authored` false, and empty texts and lists.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::bound::{shorten_text, shorten_texts};
use super::{Detail, ids, is_false, is_zero};
use crate::model::memory::MemoryType;
use crate::model::text::{look_alike, quote_text};
use crate::model::{
    Entity, Kind, Memory, Relationship, RelationshipStatus, ResolvedProject, Result, Status,
};
use crate::store::View;

/// Maximum characters of a stored text in a line.
pub const LINE_TEXT: usize = 160;
/// Maximum characters of each text of a row read with detail concise.
pub const CONCISE_TEXT: usize = 1_000;

/// An entity with its contents.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EntityView {
    pub entity_id: String,
    /// The UUID; with detail full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
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
}

impl EntityView {
    pub fn new(view: &View<'_>, row: &Entity, detail: Detail) -> Result<Self> {
        let full = detail == Detail::Full;
        let mut properties = Value::Object(row.properties.clone());
        let mut description = row.description.clone();
        if !full {
            shorten_texts(&mut properties, CONCISE_TEXT);
            description = shorten_text(&description, CONCISE_TEXT).into_owned();
        }
        Ok(Self {
            entity_id: row.handle.clone(),
            id: full.then(|| row.id.clone()),
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
        let Self { entity_type, entity_id, name, status, version, project, .. } = self;
        format!("{entity_type} {entity_id} {}", text_with_state(name, *status, *version, project))
    }
}

/// An entity as a row of a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EntityBrief {
    pub entity_id: String,
    pub entity_type: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

impl EntityBrief {
    /// `project` is that of the answer, if it has one.
    pub fn new(row: &Entity, project: Option<&str>) -> Self {
        Self {
            entity_id: row.handle.clone(),
            entity_type: row.entity_type.clone(),
            name: row.name.clone(),
            status: (row.status != Status::Active).then_some(row.status),
            project: (project != Some(&row.project)).then(|| row.project.clone()),
        }
    }

    pub fn line(&self) -> String {
        let Self { entity_id, entity_type, name, .. } = self;
        let name = quote_text(name, LINE_TEXT);
        format!(
            "{entity_type} {entity_id} {name}{}",
            state_suffix(self.status, self.project.as_deref())
        )
    }
}

/// Renders the status and the project of a list row, unless they are those of the answer.
fn state_suffix(status: Option<Status>, project: Option<&str>) -> String {
    let status = status.map(|status| format!(" ({status})")).unwrap_or_default();
    let project = project.map(|name| format!(" in {}", project_word(name))).unwrap_or_default();
    format!("{status}{project}")
}

/// Renders the entity after a write in one line.
pub fn entity_line(row: &Entity) -> String {
    let Entity { entity_type, name, status, version, project, .. } = row;
    format!(
        "{entity_type} {} {}",
        row.handle.clone(),
        text_with_state(name, *status, *version, project)
    )
}

/// Appends status, version and project to the text of a row.
fn text_with_state(text: &str, status: Status, version: i64, project: &str) -> String {
    let (text, project) = (quote_text(text, LINE_TEXT), project_word(project));
    format!("{text} ({status}, version {version}) in {project}")
}

/// A memory with its contents.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MemoryView {
    pub memory_id: String,
    /// The UUID; with detail full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub memory_type: MemoryType,
    pub content: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    pub status: Status,
    pub version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domain_tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_chunk_id: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub reference_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_referenced_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graduated_to_entity_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
}

impl MemoryView {
    pub fn new(view: &View<'_>, row: &Memory, detail: Detail) -> Result<Self> {
        let full = detail == Detail::Full;
        let chunk = ids::shown_chunk(view, row.source_chunk_id.as_deref())?;
        let entity = row.graduated_to_entity_id.as_deref();
        let successor = row.superseded_by.as_deref();
        Ok(Self {
            memory_id: row.handle.clone(),
            id: full.then(|| row.id.clone()),
            memory_type: row.memory_type,
            content: row.content.clone(),
            subject: row.subject.clone(),
            project: row.project.clone(),
            status: row.status,
            version: row.version,
            confidence: unusual_confidence(row.confidence),
            domain_tags: row.domain_tags.clone(),
            valid_until: row.valid_until.clone(),
            source_chunk_id: chunk,
            reference_count: row.reference_count,
            last_referenced_at: row.last_referenced_at.clone(),
            graduated_to_entity_id: ids::shown_id(view, Kind::Entity, entity)?,
            superseded_by: ids::shown_id(view, Kind::Memory, successor)?,
            created_at: full.then(|| row.created_at.clone()),
            updated_at: full.then(|| row.updated_at.clone()),
        })
    }

    /// Renders the memory in one line.
    pub fn line(&self) -> String {
        let Self { memory_id, memory_type, content, status, version, project, .. } = self;
        let content = text_with_state(content, *status, *version, project);
        format!("memory {memory_id} {} {content}", memory_type.as_str())
    }
}

/// A memory as a row of a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MemoryBrief {
    pub memory_id: String,
    pub memory_type: MemoryType,
    pub content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The content, quoted for a line.
    #[serde(skip)]
    quoted: String,
}

impl MemoryBrief {
    /// `project` is that of the answer, if it has one.
    pub fn new(row: &Memory, project: Option<&str>) -> Self {
        Self {
            memory_id: row.handle.clone(),
            memory_type: row.memory_type,
            content: shorten_text(&row.content, 250).into_owned(),
            status: (row.status != Status::Active).then_some(row.status),
            project: (project != Some(&row.project)).then(|| row.project.clone()),
            quoted: quote_text(&row.content, LINE_TEXT),
        }
    }

    pub fn line(&self) -> String {
        let Self { memory_id, memory_type, quoted: content, .. } = self;
        let state = state_suffix(self.status, self.project.as_deref());
        format!("memory {memory_id} {} {content}{state}", memory_type.as_str())
    }
}

/// Renders the memory after a write in one line.
pub fn memory_line(row: &Memory) -> String {
    let Memory { memory_type, content, status, version, project, .. } = row;
    let content = text_with_state(content, *status, *version, project);
    format!("memory {} {} {content}", row.handle.clone(), memory_type.as_str())
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
    /// Present and false if the name is not registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered: Option<bool>,
    /// Similar registered names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<String>,
}

impl ProjectUsed {
    pub fn new(project: &ResolvedProject) -> Self {
        Self {
            name: project.name.clone(),
            registered: (!project.registered).then_some(false),
            nearest: project.nearest.clone(),
        }
    }

    /// Returns the project only if it is not registered; registered ones are shown in the rows.
    pub fn if_unregistered(project: &ResolvedProject) -> Option<Self> {
        (!project.registered).then(|| Self::new(project))
    }

    /// Warns about an unregistered project, with similar registered names.
    pub fn warning(&self) -> Option<String> {
        self.registered?;
        let alike = self.nearest.first().filter(|near| look_alike(near, &self.name));
        let near = match (self.nearest.as_slice(), alike) {
            ([], _) => String::new(),
            (_, Some(near)) => {
                format!("; it looks like {} and is another name", quote_text(near, LINE_TEXT))
            }
            (names, None) => format!("; nearest: {}", all_quoted(names)),
        };
        Some(format!("project {} is not registered{near}", quote_text(&self.name, LINE_TEXT)))
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
