//! `evidence_chain`: the evidence for an entity and the entities it supports, down to the sources.
//!
//! Two separate walks, since evidence for one entity is no evidence for another that relies on the
//! same test.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::walk::{Walk, WalkRules};
use super::{CheckedQuestion, QuestionResult, QuestionRow, SortedRow, Subject};
use crate::model::{Result, Status};
use crate::store::graph::{Moves, Node};
use crate::store::{self, View};

/// Relationship types whose target is evidence for the source.
const EVIDENCED: [&str; 4] = ["evidenced_by", "validated_by", "analyzed_by", "described_by"];
/// Relationship types whose source is evidence for the target.
const SUPPORTING: [&str; 1] = ["supports"];

/// The roles of entities in the answer, in the order of the rows.
const ROLES: [&str; 3] = ["asked", "evidence", "rests_on_it"];

pub fn answer_evidence_chain(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let asked = ask.about()?;
    let walk = |outgoing: &[&str], incoming: &[&str]| {
        let moves = |_| Moves::new(outgoing, incoming);
        Walk::from(view, ask, asked, &WalkRules { moves: &moves, bars: &|_| None })
    };
    let walks = [walk(&EVIDENCED, &SUPPORTING)?, walk(&SUPPORTING, &EVIDENCED)?];
    let mut placed = vec![SortedRow::new(&Node::from(asked), vec!["0".to_owned()])];
    let mut seen = HashSet::from([asked.id.clone()]);
    for (walk, role) in walks.iter().zip(["1", "2"]) {
        for mut row in walk.placed() {
            if seen.insert(row.node.id.clone()) {
                row.key.insert(0, role.to_owned());
                placed.push(row);
            }
        }
    }
    let complete = walks.iter().all(|walk| walk.complete);
    QuestionResult::with_details(view, ask, placed, complete, |id, row| {
        let role: usize = row.key[0].parse().unwrap_or_default();
        let row = row.with("role", ROLES[role]);
        let row = if role == 0 { row } else { walks[role - 1].tell(view, id, row)? };
        with_sources(view, row)
    })
}

/// Adds the resolved sources of a row.
fn with_sources(view: &View<'_>, row: QuestionRow) -> Result<QuestionRow> {
    let Subject::Entity(entity) = &row.subject else { return Ok(row) };
    let mut sources = Vec::new();
    for source in entity.source_refs.iter().take(MAX_SOURCES) {
        sources.extend(resolve_source(view, source)?);
    }
    Ok(if sources.is_empty() { row } else { row.with("sources", sources) })
}

/// Maximum number of a row's sources that are resolved.
const MAX_SOURCES: usize = 20;
/// Characters of a memory's text in a row.
const MEMORY_TEXT: usize = 150;

/// Resolves a source reference to a stored row: a place in a document, or a memory and the place in
/// the document it was taken from.
fn resolve_source(view: &View<'_>, source: &str) -> Result<Option<Value>> {
    let (chunk, memory) = match source.split_once(':') {
        Some(("chunk", id)) => (Some(id.to_owned()), None),
        Some(("memory", id)) => match store::memories::get(view, id)? {
            Some(memory) => (memory.source_chunk_id.clone(), Some(memory)),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let mut value = json!({ "source_ref": source });
    if let Some(memory) = &memory {
        value["status"] = json!(memory.status);
        if memory.status != Status::Candidate {
            let content: String = memory.content.chars().take(MEMORY_TEXT).collect();
            value["content"] = content.into();
        }
    }
    let place = chunk.map(|id| store::sqlite::search::find_chunk(view, &id)).transpose()?.flatten();
    if place.is_none() && memory.is_none() {
        return Ok(None);
    }
    if let Some(place) = place {
        value["document"] = place.file_path.into();
        value["heading_path"] = place.heading_path.into();
    }
    Ok(Some(value))
}
