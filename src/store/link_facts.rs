//! The links that decide about gaps and coverage, by the rules of the model.
//!
//! Whether the far end of a link is active is looked up in the partial index of inactive entities:
//! it is small and stays in memory, unlike the rows of 100,000 entities. The planner prefers the
//! primary key, which reads those rows and takes four times as long, so the index is named
//! (`INDEXED BY`).

use super::conditions::in_projects;
use super::entities::json_list;
use super::literals::ACTIVE;
use super::sqlite::sql::SqlRow;
use super::tx::View;
use crate::model::Result;
use crate::model::coverage::{
    ActiveLink, COVERING, EVIDENCE_TYPES, LinkFacts, LinkTypes, covering_type,
};
use crate::params;

/// The sort key of rows: the first 24 characters of the name, ignoring ASCII case.
pub(super) const PLACE: &str = "lower(substr(e.name, 1, 24))";

/// A sort key and an id.
pub type SortedId = (String, String);

pub(super) fn read_sorted_id(row: &SqlRow<'_>) -> Result<SortedId> {
    Ok((row.text("place")?, row.text("id")?))
}

/// Returns the condition that the entity with this id is active. A foreign key ensures that the row
/// exists.
pub(super) fn active_condition(id: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM entities x INDEXED BY idx_entities_inactive \
         WHERE x.id = {id} AND x.status <> '{ACTIVE}')"
    )
}

/// Returns the table and the condition of the active links `r` from an entity to other active ones,
/// and the column of the far end.
fn active_links(near: &str, rule: &LinkTypes) -> (String, &'static str) {
    let (here, there) = match rule.outgoing {
        true => ("source_entity_id", "target_entity_id"),
        false => ("target_entity_id", "source_entity_id"),
    };
    // Incoming links of one type have a partial index each, which needs the type as a literal.
    let (index, types) = match (rule.outgoing, rule.types) {
        (false, [only]) => (format!("INDEXED BY idx_relationships_{only}"), format!("= '{only}'")),
        (_, types) => (String::new(), format!("IN ('{}')", types.join("', '"))),
    };
    let active = active_condition(&format!("r.{there}"));
    let links = format!(
        "relationships r {index} WHERE r.{here} = {near} AND r.relationship_type {types} \
         AND r.status = '{ACTIVE}' AND r.{there} <> {near} AND {active}"
    );
    (links, there)
}

/// Lists the entities of a type in a scope that have no active link by any of the rules, in order.
pub fn list_without(
    view: &View<'_>,
    entity_type: &str,
    rules: &[LinkTypes],
    projects: &[Option<String>],
    all: bool,
) -> Result<Vec<SortedId>> {
    let (scope, first, second) = in_projects(projects);
    let without = |rule| format!("AND NOT EXISTS (SELECT 1 FROM {})", active_links("e.id", rule).0);
    let sql = format!(
        "SELECT {PLACE} AS place, e.id AS id FROM entities e WHERE e.entity_type = ?3 AND {scope} \
         AND (?4 OR e.status = '{ACTIVE}') {} ORDER BY place, e.id",
        rules.iter().map(without).collect::<String>()
    );
    view.conn.all(&sql, params![first, second, entity_type, all], read_sorted_id)
}

/// Selects `inside`: an entity with all its parts; and `wanted`: these, and the requirements that
/// they satisfy.
fn about_entity() -> String {
    let part = |link: &str, whole: &str, part: &str| {
        format!(
            "UNION SELECT e.id FROM inside CROSS JOIN relationships r ON r.{whole} = inside.id \
             AND r.relationship_type = '{link}' AND r.status = '{ACTIVE}' \
             JOIN entities e ON e.id = r.{part} AND e.status = '{ACTIVE}' "
        )
    };
    format!(
        "WITH RECURSIVE inside(id) AS (SELECT ?4 {}{}), wanted(id) AS (SELECT id FROM inside UNION \
         SELECT r.target_entity_id FROM inside CROSS JOIN relationships r \
         ON r.source_entity_id = inside.id AND r.relationship_type = 'satisfies' \
         AND r.status = '{ACTIVE}') ",
        part("part_of", "target_entity_id", "source_entity_id"),
        part("contains", "source_entity_id", "target_entity_id")
    )
}

/// Lists the requirements in a scope, or those of them that concern an entity, in order.
pub fn list_requirements(
    view: &View<'_>,
    about: Option<&str>,
    projects: &[Option<String>],
    all: bool,
) -> Result<Vec<SortedId>> {
    let (scope, first, second) = in_projects(projects);
    let (with, from, of_entity) = match about {
        None => (String::new(), "entities e", "?4 = ''"),
        Some(_) => (about_entity(), "wanted w CROSS JOIN entities e", "e.id = w.id"),
    };
    let sql = format!(
        "{with}SELECT {PLACE} AS place, e.id AS id FROM {from} WHERE e.entity_type = 'requirement' \
         AND {scope} AND (?3 OR e.status = '{ACTIVE}') AND {of_entity} ORDER BY place, e.id"
    );
    view.conn.all(&sql, params![first, second, all, about.unwrap_or_default()], read_sorted_id)
}

/// Reads the facts that decide the coverage of requirements: their links, then the links of the
/// entities reached, and once more.
pub fn read_link_facts(view: &View<'_>, ids: &[String]) -> Result<LinkFacts> {
    let mut facts = LinkFacts::default();
    let mut reached = ids.to_vec();
    for _ in 0..3 {
        facts.links.extend(reached.iter().map(|id| (id.clone(), Vec::new())));
        let mut next = Vec::new();
        for (near, link) in list_active_links(view, &reached)? {
            next.push(link.entity_id.clone());
            facts.links.entry(near).or_default().push(link);
        }
        next.sort_unstable();
        next.dedup();
        next.retain(|id| !facts.links.contains_key(id));
        reached = next;
    }
    let sql = format!(
        "SELECT id FROM entities WHERE id IN (SELECT value FROM json_each(?1)) \
         AND entity_type IN ('{}')",
        EVIDENCE_TYPES.join("', '")
    );
    let evidence =
        view.conn.all(&sql, params![&json_list(&facts.entity_ids())], |row| row.text("id"))?;
    Ok(LinkFacts { evidence: evidence.into_iter().collect(), ..facts })
}

/// Lists the active links that count for coverage, each with the id of the entity that has it.
fn list_active_links(view: &View<'_>, ids: &[String]) -> Result<Vec<(String, ActiveLink)>> {
    let of_rule = |rule: &LinkTypes| {
        let (links, there) = active_links("n.value", rule);
        format!(
            "SELECT n.value AS near, r.{there} AS far, r.relationship_type AS type, \
             {} AS outgoing FROM json_each(?1) n CROSS JOIN {links}",
            rule.outgoing
        )
    };
    let sql = COVERING.iter().map(of_rule).collect::<Vec<_>>().join(" UNION ALL ");
    view.conn.all(&sql, params![&json_list(ids)], |row| {
        let link = ActiveLink {
            outgoing: row.integer("outgoing")? != 0,
            relationship_type: covering_type(&row.text("type")?).unwrap_or_default(),
            entity_id: row.text("far")?,
        };
        Ok((row.text("near")?, link))
    })
}
