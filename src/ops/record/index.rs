//! Keeps the search index in step with the rows, and rebuilds it.

use crate::model::search::{self, SearchEntry};
use crate::model::{Kind, Result};
use crate::ops::record::claims::{for_each_id, for_each_id_in};
use crate::store::{self, Tx, View};

/// Updates the index entry of a row, in the transaction that changes the row.
pub fn update_entry(tx: &Tx<'_>, before: Option<&SearchEntry>, after: &SearchEntry) -> Result<()> {
    match before {
        None => store::sqlite::search::insert(tx, after),
        Some(before) if before == after => Ok(()),
        Some(before) => store::sqlite::search::update(tx, after, before.text != after.text),
    }
}

/// Adds the index entry of a chunk imported with its document.
pub fn add_chunk(tx: &Tx<'_>, id: &str) -> Result<()> {
    let Some(chunk) = store::sources::chunk_by_id(tx, id)? else { return Ok(()) };
    match store::sources::get(tx, &chunk.document_id)? {
        Some(document) => store::sqlite::search::insert(tx, &search::of_chunk(&chunk, &document)),
        None => Ok(()),
    }
}

/// Rebuilds the index, skipping rows that cannot be read.
pub fn rebuild(tx: &Tx<'_>) -> Result<()> {
    store::sqlite::search::clear(tx)?;
    for_each_entry(tx, |entry| match entry {
        Err(error) if error.is_unknown_word() => Ok(()),
        entry => store::sqlite::search::insert(tx, &entry?),
    })
}

/// Visits the index entry of every indexed row, or the error if a row cannot be read.
pub fn for_each_entry(
    view: &View<'_>,
    mut visit: impl FnMut(Result<SearchEntry>) -> Result<()>,
) -> Result<()> {
    for_each_id(view, Kind::Entity, |id| {
        let row = store::entities::get(view, id).transpose();
        row.map_or(Ok(()), |row| visit(row.map(|row| search::of_entity(&row))))
    })?;
    for_each_id(view, Kind::Memory, |id| {
        let row = store::memories::get(view, id).transpose();
        row.map_or(Ok(()), |row| visit(row.map(|row| search::of_memory(&row))))
    })?;
    for_each_id(view, Kind::Interaction, |id| {
        let row = store::interactions::get(view, id)?;
        row.map_or(Ok(()), |row| visit(Ok(search::of_interaction(&row))))
    })?;
    for_each_id_in(view, "source_documents", |id| {
        let Some(document) = store::sources::get(view, id)? else { return Ok(()) };
        for chunk in store::sources::list_chunks(view, id)? {
            visit(Ok(search::of_chunk(&chunk, &document)))?;
        }
        Ok(())
    })
}
