//! Updates the chunks of a document: unchanged chunks keep their ids, so that citations stay valid.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::model::disturbance::Disturbance;
use crate::model::handle::HandleKind;
use crate::model::passages::Passage;
use crate::model::search::{self, SearchKind};
use crate::model::{Action, Chunk, Document, Memory, Result};
use crate::ops::record::index;
use crate::ops::record::record_change;
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::store::handles::new_handle;
use crate::store::{self, Tx};

/// Replaces the chunks of a document by passages; returns the number of passages.
pub fn replace(
    tx: &Tx<'_>,
    before: &Document,
    after: &Document,
    passages: Vec<Passage>,
    note: &str,
) -> Result<usize> {
    let count = passages.len();
    let old = store::sources::list_chunks(tx, &after.id)?;
    let kept = match_passages(&old, &passages);
    let carried_on: HashSet<usize> = kept.iter().flatten().copied().collect();
    for (_, chunk) in old.iter().enumerate().filter(|(at, _)| !carried_on.contains(at)) {
        remove(tx, chunk, after, note)?;
    }
    for (index, (passage, kept)) in passages.into_iter().zip(&kept).enumerate() {
        let known = kept.map(|at| &old[at]);
        let mut chunk = build_chunk(tx, after, known, passage);
        chunk.chunk_index = index as i64;
        match known {
            None => {
                chunk.handle = new_handle(tx, HandleKind::Chunk, &chunk.id)?;
                store::sources::insert_chunk(tx, &chunk)?;
                index::update_entry(tx, None, &search::of_chunk(&chunk, after))?;
            }
            Some(known) => {
                if *known != chunk {
                    store::sources::update_chunk(tx, &chunk)?;
                }
                let entry = search::of_chunk(known, before);
                index::update_entry(tx, Some(&entry), &search::of_chunk(&chunk, after))?;
            }
        }
    }
    Ok(count)
}

/// Updates the index entries of a document whose text is unchanged.
pub fn relabel_chunks(tx: &Tx<'_>, before: &Document, after: &Document) -> Result<()> {
    for chunk in store::sources::list_chunks(tx, &after.id)? {
        let entry = search::of_chunk(&chunk, before);
        index::update_entry(tx, Some(&entry), &search::of_chunk(&chunk, after))?;
    }
    Ok(())
}

fn build_chunk(tx: &Tx<'_>, document: &Document, known: Option<&Chunk>, passage: Passage) -> Chunk {
    let mut metadata = known.map_or_else(Map::new, |known| known.metadata.clone());
    metadata.insert("line".to_owned(), Value::from(passage.line));
    Chunk {
        id: known.map_or_else(|| tx.new_id(), |known| known.id.clone()),
        handle: known.map_or_else(String::new, |known| known.handle.clone()),
        document_id: document.id.clone(),
        chunk_index: 0,
        char_count: passage.content.chars().count() as i64,
        content: passage.content,
        heading_path: passage.heading_path,
        metadata,
        created_at: known.map_or_else(|| tx.now.to_string(), |known| known.created_at.clone()),
    }
}

/// Returns for each passage the index in `old` of the chunk it continues: one with the same text
/// and headings, else with the same text, else one whose whole text it contains.
fn match_passages(old: &[Chunk], passages: &[Passage]) -> Vec<Option<usize>> {
    let mut kept = vec![None; passages.len()];
    let mut taken = vec![false; old.len()];
    for same_headings in [true, false] {
        let headings = |path: &str| if same_headings { path.to_owned() } else { String::new() };
        let mut free: HashMap<(String, &str), Vec<usize>> = HashMap::new();
        for (at, chunk) in old.iter().enumerate().rev().filter(|(at, _)| !taken[*at]) {
            let key = (headings(&chunk.heading_path), chunk.content.as_str());
            free.entry(key).or_default().push(at);
        }
        for (passage, kept) in passages.iter().zip(&mut kept).filter(|(_, kept)| kept.is_none()) {
            let key = (headings(&passage.heading_path), passage.content.as_str());
            if let Some(at) = free.get_mut(&key).and_then(Vec::pop) {
                *kept = Some(at);
                taken[at] = true;
            }
        }
    }
    let mut left: Vec<usize> = (0..old.len()).filter(|at| !taken[*at]).collect();
    let new = kept.iter().filter(|kept| kept.is_none()).count();
    if left.len() * new <= MAX_COMPARED {
        for (passage, kept) in passages.iter().zip(&mut kept).filter(|(_, kept)| kept.is_none()) {
            let holds = |at: &usize| still_holds(&passage.content, &old[*at].content);
            *kept = left.iter().position(holds).map(|place| left.remove(place));
        }
    }
    kept
}

/// Maximum number of pairs of chunks compared in full.
const MAX_COMPARED: usize = 1_000_000;
/// Minimum length in characters of a text that identifies a chunk.
const MIN_CHUNK_TEXT: usize = 40;

/// Returns whether a new text contains the whole text of a chunk, without its heading.
fn still_holds(new: &str, old: &str) -> bool {
    let body = match old.split_once('\n') {
        Some((heading, rest)) if heading.starts_with('#') => rest.trim(),
        _ => old.trim(),
    };
    body.chars().nth(MIN_CHUNK_TEXT - 1).is_some() && new.contains(body)
}

/// Removes a chunk. Memories taken from it stay, and their history names its document.
fn remove(tx: &Tx<'_>, chunk: &Chunk, document: &Document, note: &str) -> Result<()> {
    let reference = format!("chunk:{}", chunk.id);
    for memory in store::memories::of_chunk(tx, &chunk.id)? {
        let mut after = Memory { source_chunk_id: None, ..memory.clone() };
        after.source_digests.insert(reference.clone(), String::new());
        after.stamp(tx);
        let mut note = note.trim().to_owned();
        note.push_str(if note.is_empty() { "" } else { "; " });
        note.push_str(&format!("its chunk of {} is gone", document.file_path));
        record_change::record_change(tx, &memory, &after, Action::Updated, &note)?;
        if !after.status.is_history() {
            tx.disturb(Disturbance::ChunkOf(after.id));
        }
    }
    tx.disturb(Disturbance::Source { reference, digest: String::new() });
    store::sqlite::search::delete(tx, SearchKind::Chunk, &chunk.id)?;
    store::sources::delete_chunk(tx, &chunk.id)
}
