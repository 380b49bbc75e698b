//! Memories in answers.

use schemars::JsonSchema;
use serde::Serialize;

use super::bound::shorten_text;
use super::rows::{
    FULL_TEXT, LINE_TEXT, all_quoted, identity_line, name_with_uid, row_state, state_suffix,
    unusual_confidence,
};
use super::{Detail, ids, is_false, is_zero};
use crate::model::mark::{MarkReason, mark_prefix, reason_words};
use crate::model::memory::MemoryType;
use crate::model::text::quote_text;
use crate::model::words::differ_only_in_numbers;
use crate::model::{Kind, Mark, Memory, Result, Status};
use crate::ops::read::marks::RowMarks;
use crate::ops::write::{graduation, lifecycle_rows};
use crate::store::View;

/// A memory with its contents.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MemoryView {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// The rows and sources that the marks come from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mark_reasons: Vec<MarkReason>,
    pub memory_id: String,
    /// The UUID; with detail full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
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
    /// Shows one memory.
    pub fn alone(view: &View<'_>, row: &Memory, detail: Detail) -> Result<Self> {
        Self::new(view, row, &RowMarks::of_rows(view, [row])?, detail)
    }

    pub fn new(view: &View<'_>, row: &Memory, marks: &RowMarks, detail: Detail) -> Result<Self> {
        let full = detail == Detail::Full;
        let chunk = ids::shown_chunk(view, row.source_chunk_id.as_deref())?;
        let entity = row.graduated_to_entity_id.as_deref();
        let successor = row.superseded_by.as_deref();
        Ok(Self {
            marks: marks.of(&row.id),
            mark_reasons: marks.reasons(&row.id).to_vec(),
            uid: row.uid.clone(),
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
        let Self { marks, memory_id, memory_type, content, uid, .. } = self;
        let details = memory_details(self.valid_until.as_deref(), &self.domain_tags);
        let newer = self.superseded_by.as_ref().or(self.graduated_to_entity_id.as_ref());
        let newer = newer.map(|id| format!("; now {id}")).unwrap_or_default();
        format!(
            "{}memory {memory_id} {} {}{details} {}{newer}{}",
            mark_prefix(marks),
            memory_type.as_str(),
            name_with_uid(uid, content),
            row_state(self.status, self.version, &self.project),
            reason_words(&self.mark_reasons)
        )
    }
}

impl MemoryView {
    /// Renders what the line of the memory leaves out; with detail full also its UUID and instants.
    pub fn content_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.content.chars().count() > LINE_TEXT {
            lines.push(format!("  content {}", quote_text(&self.content, 2 * FULL_TEXT)));
        }
        let mut facts = Vec::new();
        if !self.subject.is_empty() {
            facts.push(format!("subject {}", quote_text(&self.subject, LINE_TEXT)));
        }
        facts.extend(self.source_chunk_id.iter().map(|chunk| format!("from chunk:{chunk}")));
        if !facts.is_empty() {
            lines.push(format!("  {}", facts.join(", ")));
        }
        let instants = (self.created_at.as_deref(), self.updated_at.as_deref());
        let identity = identity_line(self.id.as_deref(), instants, self.confidence);
        lines.extend(identity.map(|line| format!("  {line}")));
        lines
    }
}

/// A memory as a row of a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MemoryBrief {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    pub memory_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    pub memory_type: MemoryType,
    pub content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domain_tags: Vec<String>,
    /// The current memory that superseded it, or entity that it became, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The content, quoted for a line.
    #[serde(skip)]
    quoted: String,
}

impl MemoryBrief {
    /// `project` is that of the answer, if it has one.
    pub fn new(
        view: &View<'_>,
        row: &Memory,
        marks: &RowMarks,
        project: Option<&str>,
    ) -> Result<Self> {
        Ok(Self {
            marks: marks.of(&row.id),
            memory_id: row.handle.clone(),
            uid: row.uid.clone(),
            memory_type: row.memory_type,
            content: shorten_text(&row.content, LINE_TEXT).into_owned(),
            status: (row.status != Status::Active).then_some(row.status),
            valid_until: row.valid_until.clone(),
            domain_tags: row.domain_tags.clone(),
            current: current_handle(view, row)?,
            project: (project != Some(&row.project)).then(|| row.project.clone()),
            quoted: name_with_uid(&row.uid, &row.content),
        })
    }

    pub fn line(&self) -> String {
        let Self { marks, memory_id, memory_type, quoted, .. } = self;
        let newer = self.current.as_ref().map(|id| format!(", now {id}")).unwrap_or_default();
        let state = state_suffix(self.status, &newer, self.project.as_deref());
        let details = memory_details(self.valid_until.as_deref(), &self.domain_tags);
        let kind = memory_type.as_str();
        format!("{}memory {memory_id} {kind} {quoted}{details}{state}", mark_prefix(marks))
    }
}

/// Shows memories of one answer, reading their marks at once.
pub fn memory_briefs(view: &View<'_>, rows: &[Memory], project: &str) -> Result<Vec<MemoryBrief>> {
    let marks = RowMarks::of_rows(view, rows)?;
    rows.iter().map(|row| MemoryBrief::new(view, row, &marks, Some(project))).collect()
}

/// A memory with the same words as another, or the same beginning.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SimilarMemory {
    #[serde(flatten)]
    memory: MemoryBrief,
    #[serde(skip_serializing_if = "is_false")]
    only_numbers_differ: bool,
}

impl SimilarMemory {
    pub fn new(view: &View<'_>, other: &Memory, marks: &RowMarks, row: &Memory) -> Result<Self> {
        Ok(Self {
            memory: MemoryBrief::new(view, other, marks, Some(&row.project))?,
            only_numbers_differ: differ_only_in_numbers(&row.content, &other.content),
        })
    }

    pub fn line(&self) -> String {
        similar_line(&self.memory.line(), self.only_numbers_differ)
    }
}

/// Renders a similar memory, given its line.
pub fn similar_line(line: &str, only_numbers_differ: bool) -> String {
    let reason = if only_numbers_differ { "; only numbers differ" } else { "" };
    format!("similar: {line}{reason}")
}

/// Shows the memories similar to another, reading their marks at once.
pub fn similar_memories(
    view: &View<'_>,
    rows: &[Memory],
    row: &Memory,
) -> Result<Vec<SimilarMemory>> {
    let marks = RowMarks::of_rows(view, rows)?;
    rows.iter().map(|other| SimilarMemory::new(view, other, &marks, row)).collect()
}

/// Returns the handle of the current row that a memory was superseded by, or became.
fn current_handle(view: &View<'_>, row: &Memory) -> Result<Option<String>> {
    match row.status {
        Status::Superseded => {
            Ok(lifecycle_rows::list_successors(view, row)?.pop().map(|newer| newer.handle))
        }
        Status::Graduated => {
            Ok(graduation::entities_became(view, row)?.pop().map(|entity| entity.handle))
        }
        _ => Ok(None),
    }
}

/// Renders the end and the tags of a memory.
fn memory_details(valid_until: Option<&str>, tags: &[String]) -> String {
    let end = valid_until.map(|end| format!(", until {end}")).unwrap_or_default();
    let tags = if tags.is_empty() { String::new() } else { format!(", tags {}", all_quoted(tags)) };
    format!("{end}{tags}")
}

/// Renders the memory after a write in one line.
pub fn memory_line(row: &Memory) -> String {
    let Memory { memory_type, handle, uid, content, .. } = row;
    let details = memory_details(row.valid_until.as_deref(), &row.domain_tags);
    let state = row_state(row.status, row.version, &row.project);
    format!(
        "memory {handle} {} {}{details} {state}",
        memory_type.as_str(),
        name_with_uid(uid, content)
    )
}
