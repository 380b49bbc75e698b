//! The evidence against entities: failed results, and results or claims that conflict with them.

use std::collections::BTreeSet;

use super::conditions::in_projects;
use super::entities::{json_list, type_list};
use super::graph::{self, Node};
use super::link_facts::{
    ActiveLinks, HAS_OUTCOME, OUTCOME, PLACE, SortedId, read_outcome, read_sorted_id,
};
use super::literals::ACTIVE;
use super::tx::View;
use crate::model::coverage::{
    ActiveLink, CONTRADICTED_BY, EvidenceRole, EvidenceWeight, LinkTypes, NodeFacts, covering_type,
    weigh_link,
};
use crate::model::{Outcome, Result};
use crate::params;

/// An active entity that contradicts another one, and the link.
#[derive(Debug, Clone, PartialEq)]
pub struct Contradiction {
    /// The entity that is contradicted.
    pub entity_id: String,
    pub by: Node,
    pub relationship_type: &'static str,
    /// The outcome of the contradicting result, if it has one.
    pub outcome: Option<Outcome>,
}

/// Lists the evidence against any of these entities, in one statement: by entity in the given order,
/// then by name.
pub fn list_contradictions(view: &View<'_>, ids: &[String]) -> Result<Vec<Contradiction>> {
    let against = type_list(view.ontology, &["result", "validation_claim"]);
    let of_rule = |rule: &LinkTypes| {
        let ActiveLinks { table, far, condition } = ActiveLinks::by(rule, "n.value");
        format!(
            "SELECT n.key AS place, e.entity_type AS near_type, r.relationship_type AS type, \
             {} AS outgoing, f.id AS id, f.entity_type AS entity_type, f.name AS name, \
             f.project AS project, f.status AS status, {OUTCOME} AS outcome \
             FROM json_each(?1) n CROSS JOIN entities e ON e.id = n.value CROSS JOIN {table} \
             CROSS JOIN entities f ON f.id = r.{far} \
             WHERE {condition} AND f.entity_type IN ({against})",
            rule.outgoing
        )
    };
    let sql = CONTRADICTED_BY.iter().map(of_rule).collect::<Vec<_>>().join(" UNION ALL ");
    let sql = format!("{sql} ORDER BY place, name, id, type");
    let rows = view.conn.all(&sql, params![&json_list(ids)], |row| {
        let relationship_type = covering_type(row.bytes("type")?).unwrap_or_default();
        let link =
            ActiveLink { outgoing: row.integer("outgoing")? != 0, relationship_type, far: 0 };
        let near = EvidenceRole::of_type(&row.text("near_type")?, view.ontology);
        let (by, outcome) = (graph::read_node(row)?, read_outcome(row)?);
        let role = EvidenceRole::of_type(&by.entity_type, view.ontology);
        let far = NodeFacts { role, outcome, ..NodeFacts::default() };
        let counts = weigh_link(near, &link, &far) == EvidenceWeight::Against;
        let entity_id = ids[row.integer("place")? as usize].clone();
        let found = Contradiction { entity_id, by, relationship_type, outcome };
        Ok(counts.then_some(found))
    })?;
    Ok(rows.into_iter().flatten().collect())
}

/// Lists the entities in a scope, of one type or of all, that are contradicted, in order. It starts
/// from the links that contradict and from the results with an outcome.
pub fn list_contradicted(
    view: &View<'_>,
    entity_type: Option<&str>,
    projects: &[Option<String>],
    all: bool,
) -> Result<Vec<SortedId>> {
    let (scope, first, second) = in_projects(projects);
    let of_type = entity_type.map_or_else(String::new, |name| {
        format!("AND e.entity_type IN ({})", type_list(view.ontology, &[name]))
    });
    let scope = format!("{scope} {of_type}");
    let of_end = |near: &str| {
        format!(
            "SELECT {PLACE} AS place, e.id AS id FROM relationships r \
             INDEXED BY idx_relationships_conflicts_with CROSS JOIN entities e ON e.id = r.{near} \
             WHERE r.relationship_type = 'conflicts_with' AND r.status = '{ACTIVE}' \
             AND {scope} AND (?3 OR e.status = '{ACTIVE}')"
        )
    };
    let sql = format!(
        "{} UNION {} UNION SELECT {PLACE} AS place, e.id AS id FROM entities f \
         INDEXED BY idx_entities_outcome CROSS JOIN relationships r ON r.target_entity_id = f.id \
         CROSS JOIN entities e ON e.id = r.source_entity_id \
         WHERE f.entity_type IN ({}) AND {HAS_OUTCOME} AND f.status = '{ACTIVE}' \
         AND r.relationship_type IN ('validated_by', 'evidenced_by') AND r.status = '{ACTIVE}' \
         AND {scope} AND (?3 OR e.status = '{ACTIVE}') ORDER BY place, id",
        of_end("target_entity_id"),
        of_end("source_entity_id"),
        type_list(view.ontology, &["result"])
    );
    let found = view.conn.all(&sql, params![first, second, all], read_sorted_id)?;
    let ids: Vec<String> = found.iter().map(|(_, id)| id.clone()).collect();
    let against = list_contradictions(view, &ids)?;
    let contradicted: BTreeSet<&String> = against.iter().map(|one| &one.entity_id).collect();
    Ok(found.into_iter().filter(|(_, id)| contradicted.contains(id)).collect())
}
