//! Single rows of the kinds that have no list of their own, with their texts.

use schemars::JsonSchema;
use serde::Serialize;

use super::bound::shorten_text;
use super::handoffs::HandoffView;
use super::rows::{
    CONCISE_TEXT, EntityBrief, FULL_TEXT, LINE_TEXT, RelationshipView, project_word,
};
use super::{Detail, ids, is_false};
use crate::model::handle::HandleKind;
use crate::model::interaction::Interaction;
use crate::model::text::quote_text;
use crate::model::{Chunk, Document, ProjectState, Relationship, Result};
use crate::ops::read::marks::RowMarks;
use crate::store::operations::StoredOperation;
use crate::store::rows::skip_unknown;
use crate::store::{self, View};

/// Shortens a text of a row that is read alone.
fn shorten_for(text: &str, detail: Detail) -> String {
    let max = if detail == Detail::Full { FULL_TEXT } else { CONCISE_TEXT };
    shorten_text(text, max).into_owned()
}

/// Renders a shortened text of a row in a line of its own, unless it is empty.
fn text_line(name: &str, text: &str) -> Option<String> {
    (!text.is_empty()).then(|| format!("{name} {}", quote_text(text, 2 * FULL_TEXT)))
}

/// A link with the entities at both ends.
#[derive(Serialize, JsonSchema)]
pub struct LinkView {
    #[serde(flatten)]
    link: RelationshipView,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<EntityBrief>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<EntityBrief>,
    /// Whether an end changed since the link was made or reviewed.
    #[serde(skip_serializing_if = "is_false")]
    suspect: bool,
}

impl LinkView {
    pub fn new(view: &View<'_>, row: &Relationship) -> Result<Self> {
        let source = skip_unknown(store::entities::get(view, &row.source_entity_id))?;
        let target = skip_unknown(store::entities::get(view, &row.target_entity_id))?;
        let marks = RowMarks::of_rows(view, source.iter().chain(&target))?;
        let changed = |end: &Option<crate::model::Entity>, reviewed| {
            end.as_ref().is_some_and(|end| end.content_version > reviewed)
        };
        let brief = |end: Option<crate::model::Entity>| {
            end.map(|row| EntityBrief::new(view, &row, &marks, None)).transpose()
        };
        Ok(Self {
            link: RelationshipView::new(view, row)?,
            suspect: changed(&source, row.reviewed_source) || changed(&target, row.reviewed_target),
            source: brief(source)?,
            target: brief(target)?,
        })
    }

    pub fn lines(&self) -> Vec<String> {
        let mark = if self.suspect { "[suspect] " } else { "" };
        let mut lines = vec![format!("{mark}{}", self.link.line())];
        lines.extend(self.source.iter().map(|end| format!("  from {}", end.line())));
        lines.extend(self.target.iter().map(|end| format!("  to {}", end.line())));
        if !self.link.source_refs.is_empty() {
            let sources = super::rows::all_quoted(&self.link.source_refs);
            lines.push(format!("sources {sources}"));
        }
        lines
    }
}

/// An interaction with its texts.
#[derive(Serialize, JsonSchema)]
pub struct InteractionView {
    interaction_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    project: String,
    client: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    session_id: String,
    created_at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    prompt: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    response: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    response_summary: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    memories_used: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chunks_used: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handoff: Option<HandoffView>,
}

impl InteractionView {
    pub fn new(view: &View<'_>, row: &Interaction, detail: Detail) -> Result<Self> {
        let chunk =
            |id: &String| Ok(ids::shown_chunk(view, Some(id))?.unwrap_or_else(|| id.clone()));
        Ok(Self {
            interaction_id: row.handle.clone(),
            project: row.project.clone(),
            client: row.client.clone(),
            session_id: row.session_id.clone(),
            created_at: row.created_at.clone(),
            prompt: shorten_for(&row.prompt, detail),
            response: shorten_for(&row.response, detail),
            response_summary: shorten_for(&row.response_summary, detail),
            memories_used: ids::shown_ids(view, &row.memories_used)?,
            chunks_used: row.chunks_used.iter().map(chunk).collect::<Result<_>>()?,
            handoff: row.handoff.as_ref().map(|one| HandoffView::new(view, one)).transpose()?,
        })
    }

    pub fn lines(&self) -> Vec<String> {
        let Self { interaction_id, project, client, created_at, .. } = self;
        let client = quote_text(client, LINE_TEXT);
        let project = project_word(project);
        let kind = match &self.handoff {
            Some(handoff) => format!("{} handoff", handoff.status_word()),
            None => "interaction".to_owned(),
        };
        let mut lines =
            vec![format!("{kind} {interaction_id} by {client} at {created_at} in {project}")];
        lines.extend(self.handoff.iter().flat_map(HandoffView::lines));
        lines.extend(text_line("prompt", &self.prompt));
        lines.extend(text_line("response", &self.response));
        lines.extend(text_line("summary", &self.response_summary));
        let used = self.memories_used.iter().chain(&self.chunks_used);
        let used = used.cloned().collect::<Vec<_>>().join(", ");
        lines.extend((!used.is_empty()).then(|| format!("used {used}")));
        lines
    }
}

/// An interaction as a row of a list.
#[derive(Serialize)]
pub struct InteractionBrief {
    interaction_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    client: String,
    created_at: String,
}

impl InteractionBrief {
    /// `project` is that of the answer, if it has one.
    pub fn new(row: &Interaction, project: Option<&str>) -> Self {
        Self {
            interaction_id: row.handle.clone(),
            project: (project != Some(&row.project)).then(|| row.project.clone()),
            client: row.client.clone(),
            created_at: row.created_at.clone(),
        }
    }

    pub fn line(&self) -> String {
        let Self { interaction_id, project, client, created_at } = self;
        let client = quote_text(client, LINE_TEXT);
        let project = project.iter().map(|name| format!(" in {}", project_word(name)));
        let project: String = project.collect();
        format!("interaction {interaction_id} by {client} at {created_at}{project}")
    }
}

/// A chunk with its text and its place in the document.
#[derive(Serialize, JsonSchema)]
pub struct ChunkText {
    chunk_id: String,
    document_id: String,
    file_path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    heading_path: String,
    /// Counted from 1.
    place: i64,
    chunk_count: usize,
    /// The first line in the file, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    project: String,
    content: String,
}

impl ChunkText {
    pub fn new(view: &View<'_>, row: &Chunk, detail: Detail) -> Result<Self> {
        let document = store::sources::get(view, &row.document_id)?;
        let (file_path, project) =
            document.map(|found| (found.file_path, found.project)).unwrap_or_default();
        let shown = ids::shown_by_kind(view, HandleKind::Document.as_str(), &row.document_id)?;
        Ok(Self {
            chunk_id: row.handle.clone(),
            document_id: shown,
            file_path,
            heading_path: row.heading_path.clone(),
            place: row.chunk_index + 1,
            chunk_count: store::sources::list_chunks(view, &row.document_id)?.len(),
            line: row.metadata.get("line").and_then(serde_json::Value::as_i64),
            project,
            content: shorten_for(&row.content, detail),
        })
    }

    pub fn lines(&self) -> Vec<String> {
        let Self { chunk_id, place, chunk_count, document_id, file_path, .. } = self;
        let at = self.line.map(|line| format!(", line {line}")).unwrap_or_default();
        let mut lines = vec![format!(
            "chunk {chunk_id}, {place} of {chunk_count} of document {document_id} {}{at} in {}",
            quote_text(file_path, LINE_TEXT),
            project_word(&self.project)
        )];
        lines.extend(text_line("headings", &self.heading_path));
        lines.extend(text_line("content", &self.content));
        lines
    }
}

/// A document.
#[derive(Serialize, JsonSchema)]
pub struct DocumentView {
    document_id: String,
    file_path: String,
    title: String,
    doc_type: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    project: String,
    updated_at: String,
}

impl DocumentView {
    pub fn new(row: &Document) -> Self {
        Self {
            document_id: row.handle.clone(),
            file_path: row.file_path.clone(),
            title: row.title.clone(),
            doc_type: row.doc_type.clone(),
            tags: row.tags.clone(),
            project: row.project.clone(),
            updated_at: row.updated_at.clone(),
        }
    }

    pub fn line(&self) -> String {
        let Self { document_id, file_path, title, updated_at, project, .. } = self;
        let (path, title) = (quote_text(file_path, LINE_TEXT), quote_text(title, LINE_TEXT));
        let project = project_word(project);
        format!("document {document_id} {path} {title} as of {updated_at} in {project}")
    }
}

/// A chunk as a row of its document.
#[derive(Serialize, JsonSchema)]
pub struct ChunkBrief {
    chunk_id: String,
    heading_path: String,
    characters: i64,
    /// With detail full.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

impl ChunkBrief {
    pub fn new(row: &Chunk, detail: Detail) -> Self {
        Self {
            chunk_id: row.handle.clone(),
            heading_path: row.heading_path.clone(),
            characters: row.char_count,
            content: (detail == Detail::Full).then(|| row.content.clone()),
        }
    }

    pub fn lines(&self) -> Vec<String> {
        let Self { chunk_id, heading_path, characters, .. } = self;
        let headings = quote_text(heading_path, LINE_TEXT);
        let mut lines = vec![format!("  chunk {chunk_id} {headings}, {characters} characters")];
        let content = self.content.iter().filter_map(|content| text_line("   ", content));
        lines.extend(content);
        lines
    }
}

/// Trusted state of a project.
#[derive(Serialize, JsonSchema)]
pub struct StateView {
    project_state_id: String,
    pub project: String,
    category: String,
    key: String,
    value: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    status: String,
}

impl StateView {
    pub fn new(row: ProjectState, project: String) -> Self {
        Self {
            project_state_id: row.handle,
            project,
            category: row.category,
            key: row.key,
            value: row.value,
            source: row.source,
            confidence: super::rows::unusual_confidence(row.confidence),
            status: row.status,
        }
    }

    pub fn line(&self) -> String {
        let Self { project_state_id, project, category, key, value, status, .. } = self;
        let [project, category, key, value] =
            [project, category, key, value].map(|text| quote_text(text, LINE_TEXT));
        format!("state {project_state_id} {category}/{key} = {value} ({status}) in {project}")
    }

    /// Renders the source in a line of its own, if there is one.
    pub fn source_line(&self) -> Option<String> {
        text_line("source", &self.source)
    }
}

/// An operation: a write, with its time and author.
#[derive(Serialize, JsonSchema)]
pub struct OperationView {
    operation_id: String,
    name: String,
    committed_at: String,
    actor: String,
    client: String,
}

impl OperationView {
    pub fn new(row: StoredOperation) -> Self {
        Self {
            operation_id: row.handle,
            name: row.name,
            committed_at: row.committed_at,
            actor: row.actor,
            client: row.client,
        }
    }

    pub fn line(&self) -> String {
        let Self { operation_id, name, committed_at, .. } = self;
        let (actor, client) =
            (quote_text(&self.actor, LINE_TEXT), quote_text(&self.client, LINE_TEXT));
        format!("operation {operation_id} {name} at {committed_at} by {actor} through {client}")
    }
}
