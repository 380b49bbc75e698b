//! `evidence_chain`: the evidence for an entity and the entities it supports, down to the sources.
//!
//! Two separate walks, since evidence for one entity is no evidence for another that relies on the
//! same test. The evidence against the entity, or against its evidence, comes first.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::gaps::{add_contradictions, with_first};
use super::walk::{Walk, WalkRules};
use super::{
    CheckedQuestion, QuestionResult, QuestionRow, SortedRow, Subject, at_depth, node_brief,
};
use crate::model::{Entity, Outcome, Result, Status};
use crate::store::contradictions::{self, Contradiction};
use crate::store::graph::{self, Moves, Node};
use crate::store::{self, View, link_facts};

/// Relationship types whose target is evidence for the source.
const EVIDENCED: [&str; 4] = ["evidenced_by", "validated_by", "analyzed_by", "described_by"];
/// Relationship types whose source is evidence for the target.
const SUPPORTING: [&str; 1] = ["supports"];

/// The roles of entities in the answer, in the order of the rows.
const ROLES: [&str; 5] = ["asked", "against", "evidence", "inconclusive", "rests_on_it"];
const AGAINST: &str = "1";
const EVIDENCE: &str = "2";
const INCONCLUSIVE: &str = "3";
const RESTS_ON_IT: &str = "4";

pub fn answer_evidence_chain(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let asked = ask.about()?;
    let walk = |outgoing: &[&str], incoming: &[&str]| {
        let moves = |_| Moves::new(outgoing, incoming);
        Walk::from(view, ask, asked, &WalkRules { moves: &moves, bars: &|_| None })
    };
    let evidence = walk(&EVIDENCED, &SUPPORTING)?;
    let resting = walk(&SUPPORTING, &EVIDENCED)?;
    let against = list_against(view, asked, &evidence)?;
    let mut placed = vec![SortedRow::new(&Node::from(asked), vec!["0".to_owned()])];
    let mut seen = HashSet::from([asked.id.clone()]);
    let conflicting = against.iter().map(|one| SortedRow::new(&one.by, at_depth(1, &one.by)));
    let mut rows: Vec<(&str, SortedRow)> = conflicting.map(|row| (AGAINST, row)).collect();
    rows.extend(weigh_rows(view, evidence.placed())?);
    rows.extend(resting.placed().into_iter().map(|row| (RESTS_ON_IT, row)));
    for (role, mut row) in rows {
        if seen.insert(row.node.id.clone()) {
            row.key.insert(0, role.to_owned());
            placed.push(row);
        }
    }
    let complete = evidence.complete && resting.complete;
    QuestionResult::with_details(view, ask, placed, complete, |id, row| {
        let role = row.key[0].clone();
        let row = row.with("role", ROLES[role.parse::<usize>().unwrap_or_default()]);
        let row = match &*role {
            "0" => row,
            RESTS_ON_IT => resting.tell(view, id, row)?,
            _ => evidence.tell(view, id, row)?,
        };
        with_sources(view, describe_weight(view, id, row, &against)?)
    })
}

/// Lists the evidence against the entity and against the evidence for it.
fn list_against(view: &View<'_>, asked: &Entity, evidence: &Walk) -> Result<Vec<Contradiction>> {
    let reached = evidence.placed().into_iter().map(|row| row.node.id);
    let ids: Vec<String> = std::iter::once(asked.id.clone()).chain(reached).collect();
    contradictions::list_contradictions(view, &ids)
}

/// Gives evidence its role by its outcome: a failed result is never evidence for anything.
fn weigh_rows(
    view: &View<'_>,
    rows: Vec<SortedRow>,
) -> Result<impl Iterator<Item = (&'static str, SortedRow)>> {
    let ids: Vec<&str> = rows.iter().map(|row| &*row.node.id).collect();
    let outcomes = link_facts::read_outcomes(view, &json!(ids).to_string())?;
    Ok(rows.into_iter().map(move |row| match outcomes.get(&row.node.id) {
        Some(Outcome::Fail) => (AGAINST, row),
        Some(Outcome::Inconclusive) => (INCONCLUSIVE, row),
        Some(Outcome::Pass) | None => (EVIDENCE, row),
    }))
}

/// Adds the outcome of a result, and the entities that it contradicts.
fn describe_weight(
    view: &View<'_>,
    id: &str,
    row: QuestionRow,
    against: &[Contradiction],
) -> Result<QuestionRow> {
    let ids = json!([id]).to_string();
    let row = match link_facts::read_outcomes(view, &ids)?.get(id) {
        Some(outcome) => row.with("outcome", outcome.as_str()),
        None => row,
    };
    let of_row: Vec<&Contradiction> = against.iter().filter(|one| one.by.id == id).collect();
    let ids: Vec<String> = of_row.iter().map(|one| one.entity_id.clone()).collect();
    let nodes = graph::get_many(view, &ids)?;
    let named = of_row.iter().filter_map(|one| {
        let mut value = node_brief(nodes.get(&one.entity_id)?);
        value["relationship_type"] = one.relationship_type.into();
        Some(value)
    });
    let row = with_first(row, "contradicts", named.collect());
    Ok(add_contradictions(row, id, against))
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
    let place = chunk.map(|id| store::sources::find_chunk(view, &id)).transpose()?.flatten();
    if place.is_none() && memory.is_none() {
        return Ok(None);
    }
    if let Some(place) = place {
        value["document"] = place.file_path.into();
        value["heading_path"] = place.heading_path.into();
    }
    Ok(Some(value))
}
