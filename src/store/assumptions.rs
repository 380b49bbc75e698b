//! Decisions with their assumptions, and what decides whether these have fallen.

use serde_json::Value as Json;

use super::conditions::in_projects;
use super::entities::{json_list, read_status, type_list};
use super::graph::{self, Node};
use super::link_facts::{PLACE, SortedId, read_sorted_id};
use super::literals::ACTIVE;
use super::sqlite::sql::SqlRow;
use super::tx::View;
use crate::model::gap::{BASED_ON, FALLEN, fallen_because};
use crate::model::{Result, Status};
use crate::params;

/// Selects `properties.flagged` of the assumption `a` as JSON.
pub(super) const FLAG: &str =
    "CASE WHEN json_valid(a.properties) THEN a.properties -> '$.flagged' END";

/// An assumption that a decision is linked to.
#[derive(Debug, Clone, PartialEq)]
pub struct Assumption {
    pub decision_id: String,
    pub node: Node,
    /// The value of `properties.flagged`.
    pub flag: Json,
}

impl Assumption {
    /// Returns the reason for which it has fallen, if it has.
    pub fn fallen_because(&self) -> Option<&'static str> {
        fallen_because(self.node.status, &self.flag)
    }
}

pub(super) fn read_flag(row: &SqlRow<'_>) -> Result<Json> {
    let flag = row.optional_text("flag")?.unwrap_or_default();
    Ok(serde_json::from_str(&flag).unwrap_or_default())
}

/// Returns the entity types that an assumption may have, as a JSON list.
fn assumption_types(view: &View<'_>) -> String {
    let rule = view.ontology.relationship_type(BASED_ON);
    Json::from(rule.map(|rule| rule.targets.clone()).unwrap_or_default()).to_string()
}

/// Lists the decisions in a scope with an assumption that may have fallen: with the status and the
/// flag of that assumption, one row for each. It starts from the assumptions, which are fewer than
/// the decisions based on them.
pub fn list_doubtful(
    view: &View<'_>,
    projects: &[Option<String>],
    all: bool,
) -> Result<Vec<(SortedId, Status, Json)>> {
    let (scope, first, second) = in_projects(projects);
    let sql = format!(
        "SELECT {PLACE} AS place, e.id AS id, a.status AS status, {FLAG} AS flag \
         FROM json_each(?4) t CROSS JOIN entities a ON a.entity_type = t.value \
         CROSS JOIN relationships r ON r.target_entity_id = a.id \
         CROSS JOIN entities e ON e.id = r.source_entity_id \
         WHERE (a.status IN ('{}') OR EXISTS (SELECT 1 FROM entities f \
         INDEXED BY idx_entities_flagged WHERE f.id = a.id \
         AND instr(f.properties, '\"flagged\"') > 0)) \
         AND r.relationship_type = '{BASED_ON}' AND r.status = '{ACTIVE}' AND e.id <> a.id \
         AND e.entity_type IN ({}) AND {scope} AND (?3 OR e.status = '{ACTIVE}')",
        FALLEN.map(Status::as_str).join("', '"),
        type_list(view.ontology, &["decision"])
    );
    view.conn.all(&sql, params![first, second, all, &assumption_types(view)], |row| {
        let id = read_sorted_id(row)?;
        let status = read_status(row, "entity", &id.1)?;
        Ok((id, status, read_flag(row)?))
    })
}

/// Lists the assumptions that decisions are linked to: fallen ones first, then by name.
pub fn list_assumptions(view: &View<'_>, decisions: &[String]) -> Result<Vec<Assumption>> {
    let sql = format!(
        "SELECT DISTINCT r.source_entity_id AS decision, a.id AS id, a.entity_type AS entity_type, \
         a.name AS name, a.project AS project, a.status AS status, {FLAG} AS flag \
         FROM json_each(?1) d CROSS JOIN relationships r ON r.source_entity_id = d.value \
         CROSS JOIN entities a ON a.id = r.target_entity_id \
         WHERE r.relationship_type = '{BASED_ON}' AND r.status = '{ACTIVE}' AND a.id <> d.value \
         AND a.entity_type IN (SELECT value FROM json_each(?2)) ORDER BY a.name, a.id"
    );
    let (ids, types) = (json_list(decisions), assumption_types(view));
    let mut found = view.conn.all(&sql, params![&ids, &types], |row| {
        let decision_id = row.text("decision")?;
        Ok(Assumption { decision_id, node: graph::read_node(row)?, flag: read_flag(row)? })
    })?;
    found.sort_by_key(|assumption| assumption.fallen_because().is_none());
    Ok(found)
}
