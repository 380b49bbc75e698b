//! The tables `source_documents`, `source_chunks` and `source_files`.

use super::entities::{json_list, parse_object, parse_strings};
use super::handles::read_handle;
use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::search::{SearchText, chunk_text};
use crate::model::{Chunk, Document, Result};
use crate::params;

/// Whether the row of a `memory:`, `chunk:` or `interaction:` reference exists.
pub fn exists(view: &View<'_>, scheme: &str, id: &str) -> Result<bool> {
    let table = match scheme {
        "memory" => "memories",
        "chunk" => "source_chunks",
        "interaction" => "interactions",
        _ => return Ok(true),
    };
    let sql = format!("SELECT count(*) AS n FROM {table} WHERE id = ?1");
    Ok(view.conn.number(&sql, params![id])? > 0)
}

const DOCUMENTS: &str = "SELECT d.id, d.handle, d.file_path, d.file_hash, d.title, d.doc_type, d.tags, \
    d.project, d.ingested_at, d.updated_at, f.location FROM source_documents d \
    LEFT JOIN source_files f ON f.document_id = d.id";

fn read_document(row: &SqlRow<'_>) -> Result<Document> {
    Ok(Document {
        handle: read_handle(row)?,
        id: row.text("id")?,
        file_path: row.text("file_path")?,
        file_hash: row.text("file_hash")?,
        title: row.text("title")?,
        doc_type: row.text("doc_type")?,
        tags: parse_strings(&row.text("tags")?),
        project: row.text("project")?,
        ingested_at: row.text("ingested_at")?,
        updated_at: row.text("updated_at")?,
        location: row.text("location")?,
    })
}

/// Counts the documents that were ingested after an instant.
pub fn count_since(view: &View<'_>, instant: &str) -> Result<i64> {
    let mut count = 0;
    let sql = "SELECT count(*) AS n FROM source_documents WHERE ingested_at > ?1";
    view.conn.scan(sql, params![instant], |row| {
        count = row.integer("n")?;
        Ok(())
    })?;
    Ok(count)
}

/// Whether there are documents.
pub fn has_documents(view: &View<'_>) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM source_documents WHERE id > '') AS n";
    Ok(view.conn.number(sql, &[])? > 0)
}

pub fn get(view: &View<'_>, id: &str) -> Result<Option<Document>> {
    view.conn.one(&format!("{DOCUMENTS} WHERE d.id = ?1"), params![id], read_document)
}

/// Finds the document with a stored path.
pub fn of_path(view: &View<'_>, file_path: &str) -> Result<Option<Document>> {
    view.conn.one(&format!("{DOCUMENTS} WHERE d.file_path = ?1"), params![file_path], read_document)
}

/// Finds the document whose file was last read at an absolute path.
pub fn at_location(view: &View<'_>, location: &str) -> Result<Option<Document>> {
    let sql = "SELECT document_id FROM source_files WHERE location = ?1";
    match view.conn.one(sql, params![location], |row| row.text("document_id"))? {
        Some(id) => get(view, &id),
        None => Ok(None),
    }
}

/// Lists documents with a file hash, oldest first.
pub fn of_hash(view: &View<'_>, file_hash: &str, limit: i64) -> Result<Vec<Document>> {
    let sql = format!("{DOCUMENTS} WHERE d.file_hash = ?1 ORDER BY d.ingested_at, d.id LIMIT ?2");
    view.conn.all(&sql, params![file_hash, limit], read_document)
}

/// Lists documents whose files were last read between two locations, ordered by location.
pub fn list_between(view: &View<'_>, from: &str, to: &str, limit: i64) -> Result<Vec<Document>> {
    let sql = "SELECT document_id FROM source_files WHERE location > ?1 AND location < ?2 \
         ORDER BY location LIMIT ?3";
    let ids = view.conn.all(sql, params![from, to, limit], |row| row.text("document_id"))?;
    let found = ids.iter().map(|id| get(view, id)).collect::<Result<Vec<_>>>()?;
    Ok(found.into_iter().flatten().collect())
}

pub fn insert(tx: &Tx<'_>, document: &Document) -> Result<()> {
    tx.change_uncovered(
        "INSERT INTO source_documents (id, handle, file_path, file_hash, title, doc_type, tags, project, \
         ingested_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            &document.id,
            &document.handle,
            &document.file_path,
            &document.file_hash,
            &document.title,
            &document.doc_type,
            &json_list(&document.tags),
            &document.project,
            &document.ingested_at,
            &document.updated_at,
        ],
    )?;
    set_location(tx, document)
}

pub fn update(tx: &Tx<'_>, document: &Document) -> Result<()> {
    tx.change_uncovered(
        "UPDATE source_documents SET file_path = ?2, file_hash = ?3, title = ?4, doc_type = ?5, \
         tags = ?6, project = ?7, updated_at = ?8 WHERE id = ?1",
        params![
            &document.id,
            &document.file_path,
            &document.file_hash,
            &document.title,
            &document.doc_type,
            &json_list(&document.tags),
            &document.project,
            &document.updated_at,
        ],
    )?;
    set_location(tx, document)
}

fn set_location(tx: &Tx<'_>, document: &Document) -> Result<()> {
    tx.change_uncovered(
        "INSERT INTO source_files (document_id, location) VALUES (?1, ?2) \
         ON CONFLICT (document_id) DO UPDATE SET location = excluded.location",
        params![&document.id, &document.location],
    )?;
    Ok(())
}

/// Deletes a document without chunks.
pub fn delete(tx: &Tx<'_>, id: &str) -> Result<()> {
    tx.change_uncovered("DELETE FROM source_documents WHERE id = ?1", params![id])?;
    Ok(())
}

const CHUNK: &str =
    "id, handle, document_id, chunk_index, content, heading_path, char_count, metadata, created_at";

fn read_chunk(row: &SqlRow<'_>) -> Result<Chunk> {
    Ok(Chunk {
        handle: read_handle(row)?,
        id: row.text("id")?,
        document_id: row.text("document_id")?,
        chunk_index: row.integer("chunk_index")?,
        content: row.text("content")?,
        heading_path: row.text("heading_path")?,
        char_count: row.integer("char_count")?,
        metadata: parse_object(&row.text("metadata")?),
        created_at: row.text("created_at")?,
    })
}

pub fn chunk_by_id(view: &View<'_>, id: &str) -> Result<Option<Chunk>> {
    let sql = format!("SELECT {CHUNK} FROM source_chunks WHERE id = ?1");
    view.conn.one(&sql, params![id], read_chunk)
}

/// Lists the chunks of a document, in their order.
pub fn list_chunks(view: &View<'_>, document: &str) -> Result<Vec<Chunk>> {
    let sql = format!(
        "SELECT {CHUNK} FROM source_chunks WHERE document_id = ?1 ORDER BY chunk_index, id"
    );
    view.conn.all(&sql, params![document], read_chunk)
}

pub fn insert_chunk(tx: &Tx<'_>, chunk: &Chunk) -> Result<()> {
    tx.change_uncovered(
        "INSERT INTO source_chunks (id, handle, document_id, chunk_index, content, heading_path, \
         char_count, metadata, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            &chunk.id,
            &chunk.handle,
            &chunk.document_id,
            chunk.chunk_index,
            &chunk.content,
            &chunk.heading_path,
            chunk.char_count,
            &serde_json::Value::Object(chunk.metadata.clone()).to_string(),
            &chunk.created_at,
        ],
    )?;
    Ok(())
}

pub fn update_chunk(tx: &Tx<'_>, chunk: &Chunk) -> Result<()> {
    tx.change_uncovered(
        "UPDATE source_chunks SET chunk_index = ?2, content = ?3, heading_path = ?4, \
         char_count = ?5, metadata = ?6 WHERE id = ?1",
        params![
            &chunk.id,
            chunk.chunk_index,
            &chunk.content,
            &chunk.heading_path,
            chunk.char_count,
            &serde_json::Value::Object(chunk.metadata.clone()).to_string(),
        ],
    )?;
    Ok(())
}

pub fn delete_chunk(tx: &Tx<'_>, id: &str) -> Result<()> {
    tx.change_uncovered("DELETE FROM source_chunks WHERE id = ?1", params![id])?;
    Ok(())
}

/// A chunk with metadata of its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkRow {
    pub id: String,
    pub content: String,
    pub heading_path: String,
    pub file_path: String,
    pub title: String,
    /// Tags of the document, as JSON.
    pub tags: String,
    pub project: String,
}

impl ChunkRow {
    /// Returns the texts to index.
    pub fn text(&self) -> SearchText {
        let Self { content, heading_path, title, file_path, tags, .. } = self;
        chunk_text(content, heading_path, title, file_path, tags)
    }
}

pub fn find_chunk(view: &View<'_>, id: &str) -> Result<Option<ChunkRow>> {
    let sql = "SELECT c.id AS id, c.content AS content, c.heading_path AS heading_path, \
         d.file_path AS file_path, d.title AS title, d.tags AS tags, d.project AS project \
         FROM source_chunks c JOIN source_documents d ON d.id = c.document_id WHERE c.id = ?1";
    view.conn.one(sql, params![id], |row| {
        Ok(ChunkRow {
            id: row.text("id")?,
            content: row.text("content")?,
            heading_path: row.text("heading_path")?,
            file_path: row.text("file_path")?,
            title: row.text("title")?,
            tags: row.text("tags")?,
            project: row.text("project")?,
        })
    })
}
