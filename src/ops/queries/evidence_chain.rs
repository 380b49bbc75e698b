//! `evidence_chain`: what an entity stands on and what stands on it, down to the sources.
//!
//! Two walks, since evidence for one thing is no evidence for another that rests on the same test.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::walk::{self, Rules};
use super::{Ask, Found, Placed, Subject};
use crate::model::{Result, Status};
use crate::store::graph::{Moves, Node};
use crate::store::{self, View};

/// Types whose target speaks for the source.
const EVIDENCED: [&str; 4] = ["evidenced_by", "validated_by", "analyzed_by", "described_by"];
/// Types whose source speaks for the target.
const SUPPORTING: [&str; 1] = ["supports"];

pub fn answer(view: &View<'_>, ask: &Ask) -> Result<Found> {
    let asked = ask.about()?;
    let mut placed = vec![Placed::new(&Node::from(asked), Vec::new()).with("role", "asked")];
    let mut complete = true;
    for (role, moves) in [
        ("evidence", Moves::new(&EVIDENCED, &SUPPORTING)),
        ("rests_on_it", Moves::new(&SUPPORTING, &EVIDENCED)),
    ] {
        let kind = |step: &store::graph::Step| (String::new(), step.outgoing);
        let rules = Rules { moves, kind: &kind, bars: &|_| None };
        let (found, all) = walk::reached(view, ask, asked, &rules)?;
        complete &= all;
        placed.extend(found.into_iter().map(|row| row.with("role", role)));
    }
    let mut seen = HashSet::new();
    placed.retain(|row| seen.insert(row.node.id.clone()));
    for row in &mut placed {
        let role = row.said["role"].as_str().unwrap_or_default();
        let place = ["asked", "evidence", "rests_on_it"].iter().position(|known| *known == role);
        row.key.insert(0, place.unwrap_or_default().to_string());
    }
    let mut found = Found::about(view, ask, placed, complete)?;
    for row in &mut found.page.items {
        let Subject::Entity(entity) = &row.subject else { continue };
        let mut sources = Vec::new();
        for source in &entity.source_refs {
            sources.extend(resolved(view, source)?);
        }
        if !sources.is_empty() {
            row.said.insert("sources".to_owned(), Value::from(sources));
        }
    }
    Ok(found)
}

/// Characters of a memory in a row.
const MEMORY_TEXT: usize = 150;

/// Where a reference leads, if the store holds what it names: a place in a document, or a memory
/// and the place from which that came.
fn resolved(view: &View<'_>, source: &str) -> Result<Option<Value>> {
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
    let place = chunk.map(|id| store::sources::place(view, &id)).transpose()?.flatten();
    if place.is_none() && memory.is_none() {
        return Ok(None);
    }
    if let Some(place) = place {
        value["document"] = place.file_path.into();
        value["heading_path"] = place.heading_path.into();
    }
    Ok(Some(value))
}
