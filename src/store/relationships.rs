//! The table `relationships`.

use super::conditions::in_project;
use super::entities::{json_list, parse_strings};
use super::handles::read_handle;
use super::link_facts::active_condition;
use super::literals::{ACTIVE, CANDIDATE};
use super::rows::unknown_word;
use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::{Kind, Relationship, RelationshipStatus, Result};
use crate::params;

const COLUMNS: &str = "id, handle, source_entity_id, target_entity_id, relationship_type, status, \
    confidence, source_refs, reviewed_source, reviewed_target, created_at";

fn read_relationship(row: &SqlRow<'_>) -> Result<Relationship> {
    let id = row.text("id")?;
    let status = row.text("status")?;
    Ok(Relationship {
        handle: read_handle(row)?,
        source_entity_id: row.text("source_entity_id")?,
        target_entity_id: row.text("target_entity_id")?,
        relationship_type: row.text("relationship_type")?,
        status: RelationshipStatus::parse(&status)
            .ok_or_else(|| unknown_word("relationship", &id, "status", &status))?,
        confidence: row.real("confidence")?,
        source_refs: parse_strings(&row.text("source_refs")?),
        reviewed_source: row.integer("reviewed_source")?,
        reviewed_target: row.integer("reviewed_target")?,
        created_at: row.text("created_at")?,
        id,
    })
}

pub fn get(view: &View<'_>, id: &str) -> Result<Option<Relationship>> {
    let sql = format!("SELECT {COLUMNS} FROM relationships WHERE id = ?1");
    view.conn.one(&sql, params![id], read_relationship)
}

pub fn insert(tx: &Tx<'_>, link: &Relationship) -> Result<()> {
    tx.change(
        Kind::Relationship,
        &link.id,
        "INSERT INTO relationships (id, handle, source_entity_id, target_entity_id, relationship_type, \
         status, confidence, source_refs, created_at, reviewed_source, reviewed_target) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            &link.id,
            &link.handle,
            &link.source_entity_id,
            &link.target_entity_id,
            &link.relationship_type,
            link.status.as_str(),
            link.confidence,
            &json_list(&link.source_refs),
            &link.created_at,
            link.reviewed_source,
            link.reviewed_target,
        ],
    )
}

/// Stores a changed link; its ends and type stay.
pub fn update(tx: &Tx<'_>, link: &Relationship) -> Result<()> {
    tx.change(
        Kind::Relationship,
        &link.id,
        "UPDATE relationships SET status = ?2, reviewed_source = ?3, reviewed_target = ?4, \
         confidence = ?5, source_refs = ?6 WHERE id = ?1",
        params![
            &link.id,
            link.status.as_str(),
            link.reviewed_source,
            link.reviewed_target,
            link.confidence,
            &json_list(&link.source_refs),
        ],
    )
}

/// Lists the links of a type from one entity to another, whatever their status.
pub fn list_between(
    view: &View<'_>,
    source: &str,
    relationship_type: &str,
    target: &str,
) -> Result<Vec<Relationship>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM relationships WHERE source_entity_id = ?1 \
         AND relationship_type = ?2 AND target_entity_id = ?3"
    );
    view.conn.all(&sql, params![source, relationship_type, target], read_relationship)
}

/// Lists the active links of an entity, in both directions.
pub fn active_at(view: &View<'_>, entity_id: &str) -> Result<Vec<Relationship>> {
    list_at(view, entity_id, ACTIVE)
}

/// Lists the candidate links of an entity, in both directions.
pub fn waiting_at(view: &View<'_>, entity_id: &str) -> Result<Vec<Relationship>> {
    list_at(view, entity_id, CANDIDATE)
}

/// Lists the links of one status. It is a literal, since partial indexes need one.
fn list_at(view: &View<'_>, entity_id: &str, status: &str) -> Result<Vec<Relationship>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM relationships WHERE source_entity_id = ?1 AND status = '{status}' \
         UNION ALL SELECT {COLUMNS} FROM relationships \
         WHERE target_entity_id = ?1 AND source_entity_id <> ?1 AND status = '{status}'"
    );
    view.conn.all(&sql, params![entity_id], read_relationship)
}

/// The project of a link, which is that of its source.
const PROJECT: &str = "(SELECT e.project FROM entities e WHERE e.id = source_entity_id)";

/// Lists the candidate links after a position in creation order, in one project or in all.
pub fn list_waiting(
    view: &View<'_>,
    project: Option<&str>,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Relationship>> {
    let (scope, project) = in_project(PROJECT, "?1", project);
    let sql = format!(
        "SELECT {COLUMNS} FROM relationships INDEXED BY idx_relationships_waiting \
         WHERE status = '{CANDIDATE}' AND {scope} \
         AND (created_at, id) > (?2, ?3) ORDER BY created_at, id LIMIT ?4"
    );
    view.conn.all(&sql, params![project, after.0, after.1, limit], read_relationship)
}

/// Counts the candidate links, in one project or in all.
pub fn count_waiting(view: &View<'_>, project: Option<&str>) -> Result<i64> {
    let (scope, project) = in_project(PROJECT, "?1", project);
    let sql = format!(
        "SELECT count(*) AS n FROM relationships INDEXED BY idx_relationships_waiting \
         WHERE status = '{CANDIDATE}' AND created_at >= '' AND {scope}"
    );
    view.conn.number(&sql, params![project])
}

/// Returns the highest content version of an entity that one of its links was reviewed against.
pub fn highest_reviewed(view: &View<'_>, entity_id: &str) -> Result<i64> {
    let sql = "SELECT coalesce(max(reviewed), 0) AS n FROM ( \
         SELECT max(reviewed_source) AS reviewed FROM relationships WHERE source_entity_id = ?1 \
         UNION ALL SELECT max(reviewed_target) FROM relationships WHERE target_entity_id = ?1)";
    view.conn.number(sql, params![entity_id])
}

/// Lists the ids at the other end of active links of one type that start (or end) at an entity.
pub fn list_neighbour_ids(
    view: &View<'_>,
    entity_id: &str,
    relationship_type: &str,
    outgoing: bool,
) -> Result<Vec<String>> {
    let sql = if outgoing {
        "SELECT target_entity_id AS other FROM relationships WHERE source_entity_id = ?1 \
         AND relationship_type = ?2 AND status = ?3 ORDER BY created_at, id"
    } else {
        "SELECT source_entity_id AS other FROM relationships WHERE target_entity_id = ?1 \
         AND relationship_type = ?2 AND status = ?3 ORDER BY created_at, id"
    };
    view.conn.all(sql, params![entity_id, relationship_type, ACTIVE], |row| row.text("other"))
}

/// A link as seen from one of its ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    pub relationship_id: String,
    pub relationship_type: String,
    pub status: String,
    pub outgoing: bool,
    pub entity_id: String,
    pub name: String,
    pub entity_type: String,
    pub entity_status: String,
}

/// Selects columns of the outgoing and incoming links of the entity `?1`; only active links to
/// active entities unless `?2`. The status of the other end is looked up in an index, since an
/// entity may have thousands of links.
fn links_at(columns: impl Fn(&str, u8) -> String) -> String {
    let side = |here: &str, there: &str, outgoing: u8| {
        format!(
            "SELECT {} FROM relationships r \
             WHERE r.{here} = ?1 AND (?2 OR (r.status = '{ACTIVE}' AND {}))",
            columns(there, outgoing),
            active_condition(&format!("r.{there}"))
        )
    };
    let (source, target) = ("source_entity_id", "target_entity_id");
    format!("{} UNION ALL {}", side(source, target, 1), side(target, source, 0))
}

/// Lists the links of an entity with the entities at their other ends, after the id `after`; only
/// active links to active entities unless `all`.
pub fn list_around(
    view: &View<'_>,
    entity_id: &str,
    all: bool,
    after: &str,
    limit: i64,
) -> Result<(Vec<Neighbour>, i64)> {
    let picked = format!(
        "SELECT * FROM ({}) WHERE id > ?3 ORDER BY id, outgoing LIMIT ?4",
        links_at(columns_of_end)
    );
    let sql = select_neighbours(&picked, "n.id, n.outgoing");
    let found = view.conn.all(&sql, params![entity_id, all, after, limit], read_neighbour)?;
    Ok((found, count_around(view, entity_id, all)?))
}

/// Lists the active links of an entity to active ones, one of each type and direction before a second
/// of any, grouped by these; and counts all.
pub fn list_varied(view: &View<'_>, entity_id: &str, limit: i64) -> Result<(Vec<Neighbour>, i64)> {
    let way = "PARTITION BY relationship_type, outgoing";
    let picked = format!(
        "SELECT *, row_number() OVER ({way} ORDER BY id) AS place, min(id) OVER ({way}) AS first \
         FROM ({}) ORDER BY place, id LIMIT ?3",
        links_at(columns_of_end)
    );
    let sql = select_neighbours(&picked, "n.first, n.outgoing, n.id");
    let found = view.conn.all(&sql, params![entity_id, false, limit], read_neighbour)?;
    Ok((found, count_around(view, entity_id, false)?))
}

/// Returns the columns of a link whose other end is in a column.
fn columns_of_end(other: &str, outgoing: u8) -> String {
    format!(
        "r.id AS id, r.relationship_type AS relationship_type, r.status AS status, \
         {outgoing} AS outgoing, r.{other} AS other"
    )
}

/// Selects the entities at the other ends of picked links.
fn select_neighbours(picked: &str, order: &str) -> String {
    format!(
        "SELECT n.id AS id, n.relationship_type AS relationship_type, n.status AS status, \
         n.outgoing AS outgoing, n.other AS other, e.name AS name, \
         e.entity_type AS entity_type, e.status AS entity_status \
         FROM ({picked}) n CROSS JOIN entities e ON e.id = n.other ORDER BY {order}"
    )
}

fn read_neighbour(row: &SqlRow<'_>) -> Result<Neighbour> {
    Ok(Neighbour {
        relationship_id: row.text("id")?,
        relationship_type: row.text("relationship_type")?,
        status: row.text("status")?,
        outgoing: row.integer("outgoing")? == 1,
        entity_id: row.text("other")?,
        name: row.text("name")?,
        entity_type: row.text("entity_type")?,
        entity_status: row.text("entity_status")?,
    })
}

fn count_around(view: &View<'_>, entity_id: &str, all: bool) -> Result<i64> {
    let sql = format!("SELECT count(*) AS n FROM ({})", links_at(|_, _| "1".to_owned()));
    view.conn.number(&sql, params![entity_id, all])
}
