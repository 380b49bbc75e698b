//! Search index entries: one for each entity, memory and chunk, derived from the row.

use serde_json::Value;

use schemars::JsonSchema;
use serde::Deserialize;

use super::interaction::{Handoff, Interaction};
use super::words::split_words;
use super::{Chunk, Document, Entity, Memory};

/// The kinds of rows that are searched; interactions only where they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum SearchKind {
    Entity,
    Memory,
    Chunk,
    Interaction,
}

impl SearchKind {
    pub const ALL: [Self; 4] = [Self::Entity, Self::Memory, Self::Chunk, Self::Interaction];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::Memory => "memory",
            Self::Chunk => "chunk",
            Self::Interaction => "interaction",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The content of a row's index entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchEntry {
    pub kind: SearchKind,
    pub id: String,
    pub project: String,
    pub row_type: String,
    pub status: String,
    pub valid_until: Option<String>,
    pub text: SearchText,
}

/// The texts of an entry, in descending order of relevance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchText {
    pub title: String,
    pub body: String,
    pub context: String,
}

impl SearchText {
    /// Returns all texts as one.
    pub fn joined(&self) -> String {
        format!("{} {} {}", self.title, self.body, self.context)
    }

    /// Returns the indexed words, separated by spaces.
    pub fn indexed(&self) -> Self {
        let indexed = |text: &str| {
            let stems: Vec<String> = split_words(text).into_iter().map(|word| word.stem).collect();
            stems.join(" ")
        };
        Self {
            title: indexed(&self.title),
            body: indexed(&self.body),
            context: indexed(&self.context),
        }
    }
}

pub fn of_entity(row: &Entity) -> SearchEntry {
    let context = row.entity_type.replace('_', " ") + &text_of_properties(row);
    SearchEntry {
        kind: SearchKind::Entity,
        id: row.id.clone(),
        project: row.project.clone(),
        row_type: row.entity_type.clone(),
        status: row.status.to_string(),
        valid_until: None,
        text: SearchText {
            title: with_uid(&row.uid, &row.name),
            body: row.description.clone(),
            context,
        },
    }
}

/// Returns the keys and values of an entity's properties.
pub fn text_of_properties(row: &Entity) -> String {
    let mut text = String::new();
    for (key, value) in &row.properties {
        text.push_str(&format!("\n{} ", key.replace('_', " ")));
        add_texts(&mut text, value);
    }
    text
}

/// Returns a title after the uid of its row.
fn with_uid(uid: &str, title: &str) -> String {
    if uid.is_empty() { title.to_owned() } else { format!("{uid} {title}") }
}

pub fn of_memory(row: &Memory) -> SearchEntry {
    SearchEntry {
        kind: SearchKind::Memory,
        id: row.id.clone(),
        project: row.project.clone(),
        row_type: row.memory_type.as_str().to_owned(),
        status: row.status.to_string(),
        valid_until: row.valid_until.clone(),
        text: SearchText {
            title: with_uid(&row.uid, &row.subject),
            body: row.content.clone(),
            context: row.domain_tags.join(" "),
        },
    }
}

pub fn of_chunk(row: &Chunk, document: &Document) -> SearchEntry {
    let Document { title, file_path, tags, .. } = document;
    SearchEntry {
        kind: SearchKind::Chunk,
        id: row.id.clone(),
        project: document.project.clone(),
        row_type: document.doc_type.clone(),
        status: "active".to_owned(),
        valid_until: None,
        text: chunk_text(&row.content, &row.heading_path, title, file_path, &tags.join(" ")),
    }
}

pub fn of_interaction(row: &Interaction) -> SearchEntry {
    SearchEntry {
        kind: SearchKind::Interaction,
        id: row.id.clone(),
        project: row.project.clone(),
        row_type: String::new(),
        status: "active".to_owned(),
        valid_until: None,
        text: SearchText {
            title: String::new(),
            body: interaction_text(row),
            context: String::new(),
        },
    }
}

/// Returns the texts of an interaction, one a line.
pub fn interaction_text(row: &Interaction) -> String {
    let mut texts = vec![&*row.prompt, &*row.response, &*row.response_summary];
    texts.extend(row.handoff.iter().flat_map(Handoff::items).map(|(_, text)| text));
    texts.join("\n")
}

/// Returns the texts of a chunk of a document with this title, path and tags.
pub fn chunk_text(
    content: &str,
    heading_path: &str,
    title: &str,
    file_path: &str,
    tags: &str,
) -> SearchText {
    let title = match heading_path.strip_prefix(title) {
        // The first heading is usually the title.
        Some(rest) if rest.is_empty() || rest.starts_with(" > ") => heading_path.to_owned(),
        _ if heading_path.is_empty() => title.to_owned(),
        _ => format!("{title} > {heading_path}"),
    };
    SearchText { title, body: content.to_owned(), context: format!("{file_path} {tags}") }
}

/// Collects every text and number in a value.
fn add_texts(texts: &mut String, value: &Value) {
    match value {
        Value::String(text) => texts.push_str(&format!("{text} ")),
        Value::Number(number) => texts.push_str(&format!("{number} ")),
        Value::Array(items) => items.iter().for_each(|item| add_texts(texts, item)),
        Value::Object(fields) => fields.iter().for_each(|(key, item)| {
            texts.push_str(&format!("{} ", key.replace('_', " ")));
            add_texts(texts, item);
        }),
        Value::Bool(_) | Value::Null => {}
    }
}
