//! The table `memories`.

use super::conditions::{in_project, not_expired};
use super::entities::{json_digests, json_list, parse_digests, parse_strings, read_status};
use super::folded_names::select_owners;
use super::handles::read_handle;
use super::literals::{ACTIVE, ADAPTATION, IDENTITY, PREFERENCE};
use super::rows::{self, Table, unknown_word};
use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::memory::MemoryType;
use crate::model::text::uids_agree;
use crate::model::{Kind, Memory, Result, Status};
use crate::params;

pub(super) const COLUMNS: &str = "id, handle, memory_type, content, subject, project, source_chunk_id, confidence, \
    status, last_referenced_at, reference_count, domain_tags, valid_until, \
    graduated_to_entity_id, superseded_by, version, uid, source_digests, created_at, updated_at";

/// `expires`: rows past their expiry are left out of lists, but can be read by id.
const TABLE: Table = Table { name: "memories", columns: COLUMNS, expires: true };

pub(super) fn read_memory(row: &SqlRow<'_>) -> Result<Memory> {
    let id = row.text("id")?;
    let kind = row.text("memory_type")?;
    Ok(Memory {
        handle: read_handle(row)?,
        memory_type: MemoryType::parse(&kind)
            .ok_or_else(|| unknown_word("memory", &id, "type", &kind))?,
        content: row.text("content")?,
        subject: row.text("subject")?,
        project: row.text("project")?,
        source_chunk_id: row.optional_text("source_chunk_id")?,
        confidence: row.real("confidence")?,
        status: read_status(row, "memory", &id)?,
        last_referenced_at: row.optional_text("last_referenced_at")?,
        reference_count: row.integer("reference_count")?,
        domain_tags: parse_strings(&row.text("domain_tags")?),
        valid_until: row.optional_text("valid_until")?.filter(|text| !text.is_empty()),
        graduated_to_entity_id: row.optional_text("graduated_to_entity_id")?,
        superseded_by: row.optional_text("superseded_by")?,
        version: row.integer("version")?,
        uid: row.text("uid")?,
        source_digests: parse_digests(&row.text("source_digests")?),
        created_at: row.text("created_at")?,
        updated_at: row.text("updated_at")?,
        id,
    })
}

pub fn get(view: &View<'_>, id: &str) -> Result<Option<Memory>> {
    let sql = format!("SELECT {COLUMNS} FROM memories WHERE id = ?1");
    view.conn.one(&sql, params![id], read_memory)
}

pub fn insert(tx: &Tx<'_>, memory: &Memory) -> Result<()> {
    tx.change(
        Kind::Memory,
        &memory.id,
        "INSERT INTO memories (id, handle, memory_type, content, subject, project, source_chunk_id, \
         confidence, status, last_referenced_at, reference_count, domain_tags, valid_until, \
         graduated_to_entity_id, superseded_by, version, created_at, updated_at, uid, source_digests) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
         ?19, ?20)",
        params![
            &memory.id,
            &memory.handle,
            memory.memory_type.as_str(),
            &memory.content,
            &memory.subject,
            &memory.project,
            &memory.source_chunk_id,
            memory.confidence,
            memory.status.as_str(),
            &memory.last_referenced_at,
            memory.reference_count,
            &json_list(&memory.domain_tags),
            &memory.valid_until,
            &memory.graduated_to_entity_id,
            &memory.superseded_by,
            memory.version,
            &memory.created_at,
            &memory.updated_at,
            &memory.uid,
            &json_digests(&memory.source_digests),
        ],
    )
}

pub fn update(tx: &Tx<'_>, memory: &Memory) -> Result<()> {
    tx.change(
        Kind::Memory,
        &memory.id,
        "UPDATE memories SET content = ?2, subject = ?3, project = ?4, confidence = ?5, \
         status = ?6, last_referenced_at = ?7, reference_count = ?8, domain_tags = ?9, \
         valid_until = ?10, graduated_to_entity_id = ?11, superseded_by = ?12, version = ?13, \
         updated_at = ?14, source_chunk_id = ?15, uid = ?16, source_digests = ?17 WHERE id = ?1",
        params![
            &memory.id,
            &memory.content,
            &memory.subject,
            &memory.project,
            memory.confidence,
            memory.status.as_str(),
            &memory.last_referenced_at,
            memory.reference_count,
            &json_list(&memory.domain_tags),
            &memory.valid_until,
            &memory.graduated_to_entity_id,
            &memory.superseded_by,
            memory.version,
            &memory.updated_at,
            &memory.source_chunk_id,
            &memory.uid,
            &json_digests(&memory.source_digests),
        ],
    )
}

/// Finds a duplicate: a memory with the same type, content, project and status, and no other uid.
/// With `any_status`, falls back to one of another status.
pub fn find_same(view: &View<'_>, wanted: &Memory, any_status: bool) -> Result<Option<Memory>> {
    // No ORDER BY: SQLite would scan the index that gives the order, through the whole project,
    // instead of the one on the content.
    let sql = format!(
        "SELECT {COLUMNS} FROM memories \
         WHERE substr(content, 1, 64) COLLATE NOCASE = substr(?4, 1, 64) AND project = ?1 \
         AND memory_type = ?2 AND content = ?4 AND (?5 OR status = ?3) AND id <> ?6"
    );
    let (kind, status) = (wanted.memory_type.as_str(), wanted.status.as_str());
    let parameters =
        params![&wanted.project, kind, status, &wanted.content, any_status, &wanted.id];
    let found = view.conn.all(&sql, parameters, read_memory)?;
    let found = found.into_iter().filter(|row| uids_agree(&row.uid, &wanted.uid));
    Ok(found.min_by_key(|row| {
        let place = (row.status != wanted.status, row.status.is_history());
        (place, row.created_at.clone(), row.id.clone())
    }))
}

/// Lists other memories of the project with the same words or the same first 64 characters, ignoring
/// case, oldest first.
pub fn list_alike(view: &View<'_>, row: &Memory, limit: i64) -> Result<Vec<Memory>> {
    let same_words = select_owners(Kind::Memory, "?4", "?5");
    let sql = format!(
        "SELECT {COLUMNS} FROM memories WHERE id <> ?3 AND project = ?2 AND id IN ({same_words} \
         UNION ALL SELECT id FROM (SELECT id FROM memories \
         WHERE substr(content, 1, 64) COLLATE NOCASE = substr(?1, 1, 64) AND project = ?2 \
         ORDER BY created_at, id LIMIT ?5)) ORDER BY created_at, id LIMIT ?5 - 1"
    );
    // One more: the row itself may be among them.
    let words = row.words_key();
    let parameters = params![&row.content, &row.project, &row.id, &words, limit + 1];
    view.conn.all(&sql, parameters, read_memory)
}

/// Lists the active entities and relationships that cite one of the memories: kind and id of the row,
/// and the id of the memory.
pub fn list_citing(view: &View<'_>, ids: &[&str]) -> Result<Vec<(Kind, String, String)>> {
    let mut citing = Vec::new();
    for (kind, table) in [(Kind::Entity, "entities"), (Kind::Relationship, "relationships")] {
        let sql = format!(
            "SELECT r.id AS id, substr(s.value, 8) AS memory FROM {table} r CROSS JOIN json_each( \
             iif(json_valid(r.source_refs), r.source_refs, '[]')) s \
             WHERE r.id > '' AND r.status = '{ACTIVE}' AND substr(s.value, 1, 7) = 'memory:' \
             AND substr(s.value, 8) IN (SELECT value FROM json_each(?1)) ORDER BY r.id"
        );
        let ids = serde_json::Value::from(ids).to_string();
        citing
            .extend(view.conn.all(&sql, params![&ids], |row| {
                Ok((kind, row.text("id")?, row.text("memory")?))
            })?);
    }
    Ok(citing)
}

/// Completes a prefix to memory ids: first by id, then by the first 64 characters of the content.
pub fn ids_beginning(view: &View<'_>, text: &str, limit: i64) -> Result<(Vec<String>, i64)> {
    rows::ids_beginning(view, "memories", "substr(content, 1, 64)", text, limit)
}

/// Lists memories of one status after a position in creation order.
pub fn of_status(
    view: &View<'_>,
    status: Status,
    project: Option<&str>,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Memory>> {
    TABLE.of_status(view, status, project, after, limit, read_memory)
}

/// Lists active memories of identity, preferences and adaptations, highest confidence first.
pub fn of_persons(view: &View<'_>, project: Option<&str>, limit: i64) -> Result<Vec<Memory>> {
    let (scope, project) = in_project("project", "?2", project);
    let unexpired = not_expired("valid_until", "?1");
    let sql = format!(
        "SELECT {COLUMNS} FROM memories WHERE memory_type IN ('{IDENTITY}', '{PREFERENCE}', \
         '{ADAPTATION}') AND status = '{ACTIVE}' AND {scope} \
         AND {unexpired} \
         ORDER BY confidence DESC, created_at, id LIMIT ?3"
    );
    let now = view.now.to_string();
    view.conn.all(&sql, params![&now, project, limit], read_memory)
}

/// Lists memories of one status after a position in creation order, including expired ones.
pub fn list_of_status(
    view: &View<'_>,
    status: Status,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Memory>> {
    TABLE.walk(view, status, after, limit, read_memory)
}

pub fn count(view: &View<'_>, status: Status, project: Option<&str>) -> Result<i64> {
    TABLE.count(view, status, project)
}

/// Lists memories stored under a project name that is not the canonical one.
pub fn list_misplaced(view: &View<'_>, project: &str, canonical: &str) -> Result<Vec<Memory>> {
    TABLE.misplaced(view, project, canonical, read_memory)
}

/// Lists the memories that this one replaced.
pub fn superseded_by(view: &View<'_>, id: &str) -> Result<Vec<Memory>> {
    let sql =
        format!("SELECT {COLUMNS} FROM memories WHERE superseded_by = ?1 ORDER BY created_at, id");
    view.conn.all(&sql, params![id], read_memory)
}

/// Lists the memories extracted from a chunk.
pub fn of_chunk(view: &View<'_>, chunk: &str) -> Result<Vec<Memory>> {
    let sql = format!("SELECT {COLUMNS} FROM memories WHERE source_chunk_id = ?1 ORDER BY id");
    view.conn.all(&sql, params![chunk], read_memory)
}
