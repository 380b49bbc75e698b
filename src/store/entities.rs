//! The table `entities`.

use serde_json::{Map, Value as Json};

use super::folded_names::select_entities;
use super::handles::read_handle;
use super::literals::ACTIVE;
use super::rows::{self, Table, unknown_word};
use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::canonical::is_same_map;
use crate::model::entity::SourceDigests;
use crate::model::text::{fold_name, uids_agree};
use crate::model::{Entity, Kind, Ontology, Result, Status};
use crate::params;

const COLUMNS: &str = "id, handle, entity_type, name, project, description, properties, status, \
    confidence, source_refs, extractor_version, canonical_home, hand_authored, version, uid, \
    content_version, source_digests, created_at, updated_at";

const TABLE: Table = Table { name: "entities", columns: COLUMNS, expires: false };

fn read_entity(row: &SqlRow<'_>) -> Result<Entity> {
    let id = row.text("id")?;
    Ok(Entity {
        handle: read_handle(row)?,
        entity_type: row.text("entity_type")?,
        name: row.text("name")?,
        project: row.text("project")?,
        description: row.text("description")?,
        properties: parse_object(&row.text("properties")?),
        status: read_status(row, "entity", &id)?,
        confidence: row.real("confidence")?,
        source_refs: parse_strings(&row.text("source_refs")?),
        extractor_version: row.text("extractor_version")?,
        canonical_home: row.text("canonical_home")?,
        hand_authored: row.integer("hand_authored")? != 0,
        version: row.integer("version")?,
        uid: row.text("uid")?,
        content_version: row.integer("content_version")?,
        source_digests: parse_digests(&row.text("source_digests")?),
        created_at: row.text("created_at")?,
        updated_at: row.text("updated_at")?,
        id,
    })
}

/// Reads the status of a memory or entity row.
pub(super) fn read_status(row: &SqlRow<'_>, what: &str, id: &str) -> Result<Status> {
    let text = row.text("status")?;
    Status::parse(&text).ok_or_else(|| unknown_word(what, id, "status", &text))
}

/// Parses a JSON object; other text is kept under the key `unparsed`.
pub(super) fn parse_object(text: &str) -> Map<String, Json> {
    match serde_json::from_str(text) {
        Ok(Json::Object(map)) => map,
        _ if text.trim().is_empty() => Map::new(),
        _ => Map::from_iter([("unparsed".to_owned(), Json::String(text.to_owned()))]),
    }
}

/// Parses digests of sources; other text counts as none.
pub(super) fn parse_digests(text: &str) -> SourceDigests {
    serde_json::from_str(text).unwrap_or_default()
}

pub(super) fn json_digests(digests: &SourceDigests) -> String {
    serde_json::to_string(digests).unwrap_or_default()
}

/// Parses a JSON list of strings; other text becomes the only item.
pub(super) fn parse_strings(text: &str) -> Vec<String> {
    match serde_json::from_str(text) {
        Ok(items) => items,
        Err(_) if text.trim().is_empty() => Vec::new(),
        Err(_) => vec![text.to_owned()],
    }
}

pub(super) fn json_list(items: &[String]) -> String {
    Json::from(items).to_string()
}

/// Returns built-in entity types and those like them as a list of SQL literals.
pub(super) fn type_list(ontology: &Ontology, types: &[&str]) -> String {
    let names = types.iter().flat_map(|name| ontology.types_like(name));
    names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

pub fn get(view: &View<'_>, id: &str) -> Result<Option<Entity>> {
    let sql = format!("SELECT {COLUMNS} FROM entities WHERE id = ?1");
    view.conn.one(&sql, params![id], read_entity)
}

/// Returns the entities with these ids, in this order.
pub fn get_many(view: &View<'_>, ids: &[String]) -> Result<Vec<Entity>> {
    let sql =
        format!("SELECT {COLUMNS} FROM entities WHERE id IN (SELECT value FROM json_each(?1))");
    let mut found = view.conn.all(&sql, params![&json_list(ids)], read_entity)?;
    found.sort_by_cached_key(|entity| ids.iter().position(|id| *id == entity.id));
    Ok(found)
}

/// Returns the type of an entity, if the id exists.
pub fn type_of(view: &View<'_>, id: &str) -> Result<Option<String>> {
    if let Some(known) = view.types.borrow().get(id) {
        return Ok(Some(known.clone()));
    }
    let sql = "SELECT entity_type FROM entities WHERE id = ?1";
    let found = view.conn.one(sql, params![id], |row| row.text("entity_type"))?;
    if let Some(found) = &found {
        view.types.borrow_mut().insert(id.to_owned(), found.clone());
    }
    Ok(found)
}

/// Returns the content version of an entity.
pub fn content_version(view: &View<'_>, id: &str) -> Result<i64> {
    view.conn.number("SELECT content_version AS n FROM entities WHERE id = ?1", params![id])
}

pub fn insert(tx: &Tx<'_>, entity: &Entity) -> Result<()> {
    tx.change(
        Kind::Entity,
        &entity.id,
        "INSERT INTO entities (id, handle, entity_type, name, project, description, properties, status, \
         confidence, source_refs, extractor_version, canonical_home, hand_authored, version, \
         created_at, updated_at, uid, content_version, source_digests) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
         ?19)",
        params![
            &entity.id,
            &entity.handle,
            &entity.entity_type,
            &entity.name,
            &entity.project,
            &entity.description,
            &Json::Object(entity.properties.clone()).to_string(),
            entity.status.as_str(),
            entity.confidence,
            &json_list(&entity.source_refs),
            &entity.extractor_version,
            &entity.canonical_home,
            entity.hand_authored,
            entity.version,
            &entity.created_at,
            &entity.updated_at,
            &entity.uid,
            entity.content_version,
            &json_digests(&entity.source_digests),
        ],
    )
}

pub fn update(tx: &Tx<'_>, entity: &Entity) -> Result<()> {
    tx.change(
        Kind::Entity,
        &entity.id,
        "UPDATE entities SET project = ?2, description = ?3, properties = ?4, status = ?5, \
         confidence = ?6, source_refs = ?7, hand_authored = ?8, version = ?9, updated_at = ?10, \
         uid = ?11, content_version = ?12, source_digests = ?13, name = ?14, entity_type = ?15 \
         WHERE id = ?1",
        params![
            &entity.id,
            &entity.project,
            &entity.description,
            &Json::Object(entity.properties.clone()).to_string(),
            entity.status.as_str(),
            entity.confidence,
            &json_list(&entity.source_refs),
            entity.hand_authored,
            entity.version,
            &entity.updated_at,
            &entity.uid,
            entity.content_version,
            &json_digests(&entity.source_digests),
            &entity.name,
            &entity.entity_type,
        ],
    )
}

/// A filter on entities of a name; an absent field matches anything.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    pub name: &'a str,
    pub entity_type: Option<&'a str>,
    pub project: Option<&'a str>,
    pub active: Option<bool>,
}

/// Lists entities by name, in folded form, oldest first.
pub fn list_named(view: &View<'_>, wanted: &Named<'_>, limit: i64) -> Result<Vec<Entity>> {
    let filter = format!(
        "(?2 OR entity_type = ?3) AND (?4 OR project = ?5) AND (?6 OR (status = '{ACTIVE}') = ?7)"
    );
    let named = select_entities(COLUMNS, &filter);
    let sql = format!("{named} ORDER BY created_at, id LIMIT ?8");
    let Named { name, entity_type, project, active } = *wanted;
    view.conn.all(
        &sql,
        params![
            &fold_name(name),
            entity_type.is_none(),
            entity_type.unwrap_or_default(),
            project.is_none(),
            project.unwrap_or_default(),
            active.is_none(),
            active.unwrap_or_default(),
            limit,
        ],
        read_entity,
    )
}

/// Lists other entities of the same type, name and project, oldest first.
pub fn list_alike(view: &View<'_>, row: &Entity, limit: i64) -> Result<Vec<Entity>> {
    let named = select_entities(COLUMNS, "entity_type = ?2 AND project = ?3 AND id <> ?4");
    let sql = format!("{named} ORDER BY created_at, id LIMIT ?5");
    view.conn.all(
        &sql,
        params![&fold_name(&row.name), &row.entity_type, &row.project, &row.id, limit],
        read_entity,
    )
}

/// Finds a duplicate: an entity with the same type, name, project, description, properties and
/// status, and no other uid. With `any_status`, falls back to one of another status.
pub fn find_same(view: &View<'_>, wanted: &Entity, any_status: bool) -> Result<Option<Entity>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM entities WHERE name = ?1 COLLATE NOCASE AND name = ?1 \
         AND entity_type = ?2 AND project = ?3 AND description = ?4 AND (?5 OR status = ?6) \
         AND id <> ?7"
    );
    let Entity { id, name, entity_type, project, description, status, .. } = wanted;
    let status_text = status.as_str();
    let parameters = params![name, entity_type, project, description, any_status, status_text, id];
    // Compared as JSON values: another program may have written the keys in another order.
    let found = view.conn.all(&sql, parameters, |row| {
        let properties = parse_object(&row.text("properties")?);
        is_same_map(&properties, &wanted.properties).then(|| read_entity(row)).transpose()
    })?;
    let found = found.into_iter().flatten().filter(|row| uids_agree(&row.uid, &wanted.uid));
    Ok(found.min_by_key(|row| {
        let place = (row.status != *status, row.status.is_history());
        (place, row.created_at.clone(), row.id.clone())
    }))
}

/// Lists entity names that share the first two characters with the text, as candidates for
/// suggestions.
pub fn names_like(view: &View<'_>, text: &str) -> Result<Vec<(String, String)>> {
    let start: String = text.chars().take(2).collect();
    let end = format!("{start}\u{10FFFF}");
    let sql = "SELECT id, name FROM entities \
         WHERE name >= ?1 COLLATE NOCASE AND name < ?2 COLLATE NOCASE LIMIT 500";
    view.conn.all(sql, params![&start, &end], |row| Ok((row.text("id")?, row.text("name")?)))
}

/// Completes a prefix to entity ids: first by id, then by name.
pub fn ids_beginning(view: &View<'_>, text: &str, limit: i64) -> Result<(Vec<String>, i64)> {
    rows::ids_beginning(view, "entities", "name", text, limit)
}

/// Lists entities of one status after a position in creation order.
pub fn of_status(
    view: &View<'_>,
    status: Status,
    project: Option<&str>,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Entity>> {
    TABLE.of_status(view, status, project, after, limit, read_entity)
}

/// Lists entities of one status after a position in creation order.
pub fn list_of_status(
    view: &View<'_>,
    status: Status,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Entity>> {
    TABLE.walk(view, status, after, limit, read_entity)
}

pub fn count(view: &View<'_>, status: Status, project: Option<&str>) -> Result<i64> {
    TABLE.count(view, status, project)
}

/// Lists entities stored under a project name that is not the canonical one.
pub fn list_misplaced(view: &View<'_>, project: &str, canonical: &str) -> Result<Vec<Entity>> {
    TABLE.misplaced(view, project, canonical, read_entity)
}
