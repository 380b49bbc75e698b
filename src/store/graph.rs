//! Graph traversal over relationships.
//!
//! A traversal expands one entity at a time ([`list_links`], [`list_steps`]). Recursive SQL cannot
//! check a visited set: it would visit an entity once per path length, and once per path where the
//! last step matters.

use std::collections::{HashMap, HashSet};

use super::conditions::in_project;
use super::entities::{json_list, read_status, type_list};
use super::literals::ACTIVE;
use super::sqlite::sql::SqlRow;
use super::tx::View;
use crate::model::{Entity, Result, Status};
use crate::params;

/// The fields of an entity that traversal needs; the rest is read only for the rows shown.
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

pub(super) fn read_node(row: &SqlRow<'_>) -> Result<Node> {
    let id = row.text("id")?;
    Ok(Node {
        entity_type: row.text("entity_type")?,
        name: row.text("name")?,
        project: row.text("project")?,
        status: read_status(row, "entity", &id)?,
        id,
    })
}

/// Lists entities of a type, and of those like it, in one project or in all; only active ones unless `all`.
pub fn of_type(
    view: &View<'_>,
    entity_type: &str,
    project: Option<&str>,
    all: bool,
) -> Result<Vec<Node>> {
    let (scope, project) = in_project("project", "?1", project);
    let sql = format!(
        "SELECT id, entity_type, name, project, status FROM entities \
         WHERE entity_type IN ({}) AND {scope} AND (?2 OR status = '{ACTIVE}')",
        type_list(view.ontology, &[entity_type])
    );
    view.conn.all(&sql, params![project, all], read_node)
}

/// An entity and the entity that it is part of.
#[derive(Debug, Clone, PartialEq)]
pub struct Belonging {
    pub part_id: String,
    pub whole: Node,
}

/// Lists the wholes that the entities of a type and of those like it are part of, from links in either direction; only
/// active rows unless `all`.
pub fn list_belongings(
    view: &View<'_>,
    entity_type: &str,
    project: Option<&str>,
    all: bool,
) -> Result<Vec<Belonging>> {
    let (scope, project) = in_project("e.project", "?1", project);
    let types = type_list(view.ontology, &[entity_type]);
    let said = |part: &str, link: &str, whole: &str| {
        format!(
            "SELECT e.id AS part_id, w.id AS id, w.entity_type AS entity_type, w.name AS name, \
             w.project AS project, w.status AS status FROM entities e \
             JOIN relationships r ON r.{part} = e.id AND r.relationship_type = '{link}' \
             JOIN entities w ON w.id = r.{whole} WHERE e.entity_type IN ({types}) AND {scope} \
             AND (?2 OR (e.status = '{ACTIVE}' AND r.status = '{ACTIVE}' AND w.status = '{ACTIVE}'))"
        )
    };
    let sql = format!(
        "{} UNION {}",
        said("source_entity_id", "part_of", "target_entity_id"),
        said("target_entity_id", "contains", "source_entity_id"),
    );
    view.conn.all(&sql, params![project, all], |row| {
        Ok(Belonging { part_id: row.text("part_id")?, whole: read_node(row)? })
    })
}

/// Lists the materials of an entity; only active rows unless `all`.
pub fn list_materials(view: &View<'_>, entity_id: &str, all: bool) -> Result<Vec<Node>> {
    let sql = format!(
        "SELECT e.id AS id, e.entity_type AS entity_type, e.name AS name, \
         e.project AS project, e.status AS status FROM relationships r \
         JOIN entities e ON e.id = r.target_entity_id \
         WHERE r.source_entity_id = ?1 AND r.relationship_type = 'uses_material' \
         AND (?2 OR (r.status = '{ACTIVE}' AND e.status = '{ACTIVE}')) ORDER BY e.name, e.id"
    );
    view.conn.all(&sql, params![entity_id, all], read_node)
}

/// An entity reached from another one.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphStep {
    pub node: Node,
    pub relationship_id: String,
    pub relationship_type: String,
    /// Whether the link points to the reached entity.
    pub outgoing: bool,
    /// Whether the link is active.
    pub active: bool,
}

/// A link as seen from one entity: only columns that are in the link indexes.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphLink {
    /// The entity at the other end.
    pub entity_id: String,
    pub relationship_type: String,
    /// Whether the link points to the entity at the other end.
    pub outgoing: bool,
    /// Whether the link is active.
    pub active: bool,
}

/// The link types to follow in each direction.
#[derive(Debug, Clone)]
pub struct Moves {
    steps: String,
    links: String,
}

/// Builds the statement of one direction: types, near column, far column, whether outgoing.
type LinkStatement<'a> = dyn Fn(&[&str], &str, &str, u8) -> String + 'a;

impl Moves {
    pub fn new(outgoing: &[&str], incoming: &[&str]) -> Self {
        let list = |types: &[&str]| {
            let quoted = types.iter().map(|name| format!("'{}'", name.replace('\'', "''")));
            quoted.collect::<Vec<_>>().join(", ")
        };
        let step = |types: &[&str], here: &str, there: &str, outgoing: u8| {
            format!(
                "SELECT e.id AS id, e.entity_type AS entity_type, e.name AS name, \
                 e.project AS project, e.status AS status, r.id AS relationship_id, \
                 r.relationship_type AS relationship_type, {outgoing} AS outgoing, \
                 r.status = '{ACTIVE}' AS active \
                 FROM relationships r JOIN entities e ON e.id = r.{there} \
                 WHERE r.{here} = ?1 AND r.relationship_type IN ({}) \
                 AND (?2 OR (r.status = '{ACTIVE}' AND e.status = '{ACTIVE}'))",
                list(types)
            )
        };
        // The unary plus disables the index on the type: an entity has few links, so that reading
        // all of them is faster than an index look-up for each of many types.
        let link = |types: &[&str], here: &str, there: &str, outgoing: u8| {
            format!(
                "SELECT r.{there} AS entity_id, r.relationship_type AS relationship_type, \
                 {outgoing} AS outgoing, r.status = '{ACTIVE}' AS active FROM relationships r \
                 WHERE r.{here} = ?1 AND +r.relationship_type IN ({}) \
                 AND (?2 OR r.status = '{ACTIVE}')",
                list(types)
            )
        };
        let both = |side: &LinkStatement<'_>| {
            let (source, target) = ("source_entity_id", "target_entity_id");
            let sides = [(outgoing, source, target, 1), (incoming, target, source, 0)];
            let taken = sides.into_iter().filter(|(types, ..)| !types.is_empty());
            let sql = taken.map(|(types, here, there, way)| side(types, here, there, way));
            sql.collect::<Vec<_>>().join(" UNION ALL ")
        };
        Self { steps: both(&step), links: both(&link) }
    }
}

/// Lists the links of an entity, active ones first; only active links unless `all`. The status of
/// the other ends is left to the caller, who may know it already.
pub fn list_links(view: &View<'_>, moves: &Moves, id: &str, all: bool) -> Result<Vec<GraphLink>> {
    if moves.links.is_empty() {
        return Ok(Vec::new());
    }
    let mut links = view.conn.all(&moves.links, params![id, all], |row| {
        Ok(GraphLink {
            entity_id: row.text("entity_id")?,
            relationship_type: row.text("relationship_type")?,
            outgoing: row.integer("outgoing")? == 1,
            active: row.integer("active")? == 1,
        })
    })?;
    if all {
        links.sort_by_key(|link| !link.active);
    }
    Ok(links)
}

pub fn get(view: &View<'_>, id: &str) -> Result<Option<Node>> {
    let sql = "SELECT id, entity_type, name, project, status FROM entities WHERE id = ?1";
    view.conn.one(sql, params![id], read_node)
}

/// Returns the entities with these ids, by id.
pub fn get_many(view: &View<'_>, ids: &[String]) -> Result<HashMap<String, Node>> {
    let sql = "SELECT id, entity_type, name, project, status FROM entities \
         WHERE id IN (SELECT value FROM json_each(?1))";
    let found = view.conn.all(sql, params![&json_list(ids)], read_node)?;
    Ok(found.into_iter().map(|node| (node.id.clone(), node)).collect())
}

/// Lists the entities one step from an entity, active ones first; only active rows unless `all`.
pub fn list_steps(view: &View<'_>, moves: &Moves, id: &str, all: bool) -> Result<Vec<GraphStep>> {
    first_steps(view, moves, id, all, i64::MAX)
}

fn first_steps(
    view: &View<'_>,
    moves: &Moves,
    id: &str,
    all: bool,
    limit: i64,
) -> Result<Vec<GraphStep>> {
    if moves.steps.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{} LIMIT ?3", moves.steps);
    let mut steps = view.conn.all(&sql, params![id, all, limit], |row| {
        Ok(GraphStep {
            node: read_node(row)?,
            relationship_id: row.text("relationship_id")?,
            relationship_type: row.text("relationship_type")?,
            outgoing: row.integer("outgoing")? == 1,
            active: row.integer("active")? == 1,
        })
    })?;
    if all {
        steps.sort_by_key(|step| !step.active);
    }
    Ok(steps)
}

/// The direction of a traversal over wholes and parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToParts,
    ToWholes,
}

/// An entity above or below another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    pub node: Node,
    pub depth: u32,
    /// The previous entity on the path.
    pub parent_id: String,
    pub relationship_id: String,
}

/// Limit of the entities that a whole-part traversal reaches, and of the links followed from each.
const MAX_BRANCHES: usize = 50_000;

/// Lists the entities below or above an entity, each by the shortest path, nearest first; only
/// active rows unless `all`. Also returns whether the list is complete.
pub fn list_branches(
    view: &View<'_>,
    id: &str,
    way: Direction,
    depth: u32,
    all: bool,
) -> Result<(Vec<Branch>, bool)> {
    let moves = match way {
        Direction::ToParts => Moves::new(&["contains"], &["part_of"]),
        Direction::ToWholes => Moves::new(&["part_of"], &["contains"]),
    };
    let mut seen = HashSet::from([id.to_owned()]);
    let mut found: Vec<Branch> = Vec::new();
    let mut complete = true;
    let mut above = vec![id.to_owned()];
    for depth in 1..=depth {
        // Of several links to an entity, the active one is used, or else the first.
        let mut reached: HashMap<String, (bool, Branch)> = HashMap::new();
        for parent_id in &above {
            let steps = first_steps(view, &moves, parent_id, all, MAX_BRANCHES as i64 + 1)?;
            complete &= steps.len() <= MAX_BRANCHES;
            for GraphStep { node, relationship_id, active, .. } in steps {
                let id = node.id.clone();
                if seen.contains(&id) {
                    continue;
                }
                if found.len() + reached.len() == MAX_BRANCHES && !reached.contains_key(&id) {
                    complete = false;
                    continue;
                }
                let parent_id = parent_id.clone();
                let branch = (!active, Branch { node, depth, parent_id, relationship_id });
                let best = reached.entry(id).or_insert_with(|| branch.clone());
                if branch_order(&branch) < branch_order(best) {
                    *best = branch;
                }
            }
        }
        let mut reached: Vec<(bool, Branch)> = reached.into_values().collect();
        reached.sort_by(|a, b| branch_order(a).cmp(&branch_order(b)));
        above = reached.iter().map(|(_, branch)| branch.node.id.clone()).collect();
        seen.extend(above.iter().cloned());
        found.extend(reached.into_iter().map(|(_, branch)| branch));
        if above.is_empty() || !complete {
            break;
        }
    }
    Ok((found, complete))
}

/// Sort key of a branch within its depth: branches by ended links come last.
fn branch_order((ended, branch): &(bool, Branch)) -> (bool, &str, &str) {
    (*ended, &branch.parent_id, &branch.relationship_id)
}

/// Lists the first active entities of a project, or of all.
pub fn list_active(view: &View<'_>, project: Option<&str>, limit: i64) -> Result<Vec<Node>> {
    let (scope, project) = in_project("project", "?1", project);
    let sql = format!(
        "SELECT id, entity_type, name, project, status FROM entities \
         WHERE {scope} AND status = '{ACTIVE}' ORDER BY created_at, id LIMIT ?2"
    );
    view.conn.all(&sql, params![project, limit], read_node)
}

/// Lists the active relationships from an entity: id, type, and id of the other end.
pub fn links_from(view: &View<'_>, entity_id: &str) -> Result<Vec<(String, String, String)>> {
    let sql = "SELECT relationship_type, target_entity_id FROM relationships \
         WHERE source_entity_id = ?1 AND status = ?2";
    view.conn.all(sql, params![entity_id, ACTIVE], |row| {
        Ok((entity_id.to_owned(), row.text("relationship_type")?, row.text("target_entity_id")?))
    })
}
