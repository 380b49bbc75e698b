//! Walks over the relationships: recursive SQL with a bound on the depth.

use super::entities::status;
use super::sql::Row;
use super::tx::View;
use crate::model::{Entity, Result, Status};
use crate::params;

/// What a walk needs to know of an entity; the rest is read for the rows that are shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub id: String,
    pub entity_type: String,
    pub name: String,
    pub project: String,
    pub status: Status,
}

impl From<&Entity> for Node {
    fn from(entity: &Entity) -> Self {
        let Entity { id, entity_type, name, project, status, .. } = entity.clone();
        Self { id, entity_type, name, project, status }
    }
}

fn node(row: &Row<'_>) -> Result<Node> {
    let id = row.text("id")?;
    Ok(Node {
        entity_type: row.text("entity_type")?,
        name: row.text("name")?,
        project: row.text("project")?,
        status: status(row, "entity", &id)?,
        id,
    })
}

/// Entities of a type in one project or in all; only active ones unless `all`.
pub fn of_type(
    view: &View<'_>,
    entity_type: &str,
    project: Option<&str>,
    all: bool,
) -> Result<Vec<Node>> {
    let scope = if project.is_some() { "project = ?2" } else { "?2 = ''" };
    let sql = format!(
        "SELECT id, entity_type, name, project, status FROM entities \
         WHERE entity_type = ?1 AND {scope} AND (?3 OR status = 'active')"
    );
    view.conn.all(&sql, params![entity_type, project.unwrap_or_default(), all], node)
}

/// An entity and what it is part of.
#[derive(Debug, Clone, PartialEq)]
pub struct Belonging {
    pub part_id: String,
    pub whole: Node,
}

/// What the entities of a type are part of, said by either end; only what counts unless `all`.
pub fn belongings(
    view: &View<'_>,
    entity_type: &str,
    project: Option<&str>,
    all: bool,
) -> Result<Vec<Belonging>> {
    let scope = if project.is_some() { "e.project = ?2" } else { "?2 = ''" };
    let said = |part: &str, link: &str, whole: &str| {
        format!(
            "SELECT e.id AS part_id, w.id AS id, w.entity_type AS entity_type, w.name AS name, \
             w.project AS project, w.status AS status FROM entities e \
             JOIN relationships r ON r.{part} = e.id AND r.relationship_type = '{link}' \
             JOIN entities w ON w.id = r.{whole} WHERE e.entity_type = ?1 AND {scope} \
             AND (?3 OR (e.status = 'active' AND r.status = 'active' AND w.status = 'active'))"
        )
    };
    let sql = format!(
        "{} UNION {}",
        said("source_entity_id", "part_of", "target_entity_id"),
        said("target_entity_id", "contains", "source_entity_id"),
    );
    view.conn.all(&sql, params![entity_type, project.unwrap_or_default(), all], |row| {
        Ok(Belonging { part_id: row.text("part_id")?, whole: node(row)? })
    })
}

/// What an entity is made of; only what counts unless `all`.
pub fn materials(view: &View<'_>, entity_id: &str, all: bool) -> Result<Vec<Node>> {
    let sql = "SELECT e.id AS id, e.entity_type AS entity_type, e.name AS name, \
         e.project AS project, e.status AS status FROM relationships r \
         JOIN entities e ON e.id = r.target_entity_id \
         WHERE r.source_entity_id = ?1 AND r.relationship_type = 'uses_material' \
         AND (?2 OR (r.status = 'active' AND e.status = 'active')) ORDER BY e.name, e.id";
    view.conn.all(sql, params![entity_id, all], node)
}
