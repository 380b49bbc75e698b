//! Requirements without a parent, and designs and tests that no requirement leads to.

use std::collections::{BTreeSet, HashSet};

use super::conditions::in_projects;
use super::entities::{json_list, type_list};
use super::link_facts::{ActiveLinks, PLACE, SortedId, read_sorted_id};
use super::literals::ACTIVE;
use super::tx::View;
use crate::model::Result;
use crate::model::coverage::{LinkTypes, PARENTS};
use crate::model::requested::{RequestGraph, RequestWalk};
use crate::params;

/// The types of which an entity has to be asked for by a requirement.
const REQUESTED: [&str; 2] = ["component", "result"];
/// Links to the requirement that an entity satisfies.
const SATISFIES: LinkTypes = LinkTypes { outgoing: true, types: &["satisfies"] };

/// Lists the requirements in a scope that refine no active requirement, and that no active one of
/// their own type refines, with type and project.
pub fn list_parentless(
    view: &View<'_>,
    projects: &[Option<String>],
    all: bool,
) -> Result<Vec<(SortedId, (String, String))>> {
    let (scope, first, second) = in_projects(projects);
    let ActiveLinks { table, condition, .. } = ActiveLinks::by(&PARENTS[0], "e.id");
    let sql = format!(
        "SELECT {PLACE} AS place, e.id AS id, e.entity_type AS type, e.project AS project \
         FROM entities e WHERE e.entity_type IN ({}) AND {scope} \
         AND (?3 OR e.status = '{ACTIVE}') \
         AND NOT EXISTS (SELECT 1 FROM {table} WHERE {condition}) \
         AND NOT EXISTS (SELECT 1 FROM relationships r INDEXED BY idx_relationships_refines \
         CROSS JOIN entities c ON c.id = r.source_entity_id WHERE r.relationship_type = 'refines' \
         AND r.target_entity_id = e.id AND r.status = '{ACTIVE}' AND c.status = '{ACTIVE}' \
         AND c.entity_type = e.entity_type) ORDER BY place, e.id",
        type_list(view.ontology, &["requirement"])
    );
    view.conn.all(&sql, params![first, second, all], |row| {
        Ok((read_sorted_id(row)?, (row.text("type")?, row.text("project")?)))
    })
}

/// Lists the types and projects in which an active requirement refines another one.
pub fn list_derived_levels(view: &View<'_>) -> Result<HashSet<(String, String)>> {
    let sql = format!(
        "SELECT DISTINCT e.entity_type AS type, e.project AS project FROM relationships r \
         INDEXED BY idx_relationships_refines CROSS JOIN entities e ON e.id = r.source_entity_id \
         CROSS JOIN entities t ON t.id = r.target_entity_id \
         WHERE r.relationship_type = 'refines' AND r.status = '{ACTIVE}' \
         AND e.status = '{ACTIVE}' AND t.status = '{ACTIVE}'"
    );
    let found = view.conn.all(&sql, &[], |row| Ok((row.text("type")?, row.text("project")?)))?;
    Ok(found.into_iter().collect())
}

/// Lists the projects that have active requirements.
pub fn list_projects_with_requirements(view: &View<'_>) -> Result<BTreeSet<String>> {
    let sql = format!(
        "SELECT DISTINCT e.project AS project FROM entities e WHERE e.entity_type IN ({}) \
         AND e.status = '{ACTIVE}'",
        type_list(view.ontology, &["requirement"])
    );
    Ok(view.conn.all(&sql, &[], |row| row.text("project"))?.into_iter().collect())
}

/// Lists the components and results in a scope that satisfy no active requirement themselves, with
/// their projects.
pub fn list_unasked(
    view: &View<'_>,
    projects: &[Option<String>],
    all: bool,
) -> Result<Vec<(SortedId, String)>> {
    let (scope, first, second) = in_projects(projects);
    let ActiveLinks { table, condition, .. } = ActiveLinks::by(&SATISFIES, "e.id");
    let sql = format!(
        "SELECT {PLACE} AS place, e.id AS id, e.project AS project FROM entities e \
         WHERE e.entity_type IN ({}) AND {scope} AND (?3 OR e.status = '{ACTIVE}') \
         AND NOT EXISTS (SELECT 1 FROM {table} WHERE {condition}) ORDER BY place, e.id",
        type_list(view.ontology, &REQUESTED)
    );
    view.conn.all(&sql, params![first, second, all], |row| {
        Ok((read_sorted_id(row)?, row.text("project")?))
    })
}

/// Reads the steps from designs and tests towards the requirements that ask for them.
pub fn read_request_graph(view: &View<'_>, ids: &[String]) -> Result<RequestGraph> {
    let mut graph = RequestGraph::default();
    for first in RequestWalk::ALL {
        let mut seen: HashSet<(RequestWalk, String)> = HashSet::new();
        let mut waiting = vec![(first, ids.to_vec())];
        while let Some((walk, ids)) = waiting.pop() {
            let fresh = |id: &String| seen.insert((walk, id.clone()));
            let ids: Vec<String> = ids.into_iter().filter(fresh).collect();
            if ids.is_empty() {
                continue;
            }
            let asked = list_asked_for(view, &ids)?;
            graph.asked_for.extend(asked.into_iter().map(|id| (walk, id)));
            for next in walk.next() {
                let mut reached = Vec::new();
                for (near, far) in list_far_ends(view, walk.links(), &ids)? {
                    let to = graph.steps_to.entry((*next, far.clone())).or_default();
                    to.push((walk, near));
                    reached.push(far);
                }
                waiting.push((*next, reached));
            }
        }
    }
    Ok(graph)
}

/// Lists the far ends of links, each with the entity that has the link.
fn list_far_ends(
    view: &View<'_>,
    rules: &[LinkTypes],
    ids: &[String],
) -> Result<Vec<(String, String)>> {
    let of_rule = |rule: &LinkTypes| {
        let ActiveLinks { table, far, condition } = ActiveLinks::by(rule, "n.value");
        format!(
            "SELECT n.value AS near, r.{far} AS far FROM json_each(?1) n CROSS JOIN {table} \
             WHERE {condition}"
        )
    };
    let sql = rules.iter().map(of_rule).collect::<Vec<_>>().join(" UNION ALL ");
    view.conn.all(&sql, params![&json_list(ids)], |row| Ok((row.text("near")?, row.text("far")?)))
}

/// Lists the entities that are requirements or satisfy one.
fn list_asked_for(view: &View<'_>, ids: &[String]) -> Result<Vec<String>> {
    let ActiveLinks { table, condition, .. } = ActiveLinks::by(&SATISFIES, "e.id");
    let sql = format!(
        "SELECT e.id AS id FROM json_each(?1) n CROSS JOIN entities e ON e.id = n.value \
         WHERE e.entity_type IN ({}) OR EXISTS (SELECT 1 FROM {table} WHERE {condition})",
        type_list(view.ontology, &["requirement"])
    );
    view.conn.all(&sql, params![&json_list(ids)], |row| row.text("id"))
}
