//! Gap queries: the conditions of the three gaps, and the assumptions of a decision.
//!
//! Whether the far end of a link is active is looked up in the partial index of inactive entities:
//! it is small and stays in memory, unlike the rows of 100,000 entities. The planner prefers the
//! primary key, which reads those rows and takes four times as long, so the index is named
//! (`INDEXED BY`).

use std::fmt::Write;

use serde_json::Value as Json;

use super::conditions::in_projects;
use super::graph::{self, Node};
use super::literals::{ACTIVE, INVALID, SUPERSEDED};
use super::tx::View;
use crate::model::{Gap, Result};
use crate::params;

/// A link pattern: the column of the near end, the column of the far end, and the condition on the
/// link type.
pub(super) type LinkPattern = (&'static str, &'static str, &'static str);

pub(super) const SATISFIED: LinkPattern = ("target_entity_id", "source_entity_id", "= 'satisfies'");

/// Links to the evidence of a claim or validation.
pub(super) const SUPPORTED: [LinkPattern; 2] = [
    ("target_entity_id", "source_entity_id", "= 'supports'"),
    ("source_entity_id", "target_entity_id", "IN ('evidenced_by', 'validated_by')"),
];

/// Returns the partial index for the links of a pattern, if there is one.
fn link_index((_, _, types): LinkPattern) -> &'static str {
    match types {
        "= 'satisfies'" => " INDEXED BY idx_relationships_satisfies",
        "= 'supports'" => " INDEXED BY idx_relationships_supports",
        _ => "",
    }
}

/// Returns the condition that the entity with this id is active. A foreign key ensures that the row
/// exists.
pub(super) fn active_condition(id: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM entities x INDEXED BY idx_entities_inactive \
         WHERE x.id = {id} AND x.status <> '{ACTIVE}')"
    )
}

/// Returns the condition that an active link of one of the patterns leads to another entity that
/// meets the condition `more`. `alias` names the link and must differ between nested conditions.
pub(super) fn linked_condition(
    alias: &str,
    near: &str,
    ways: &[LinkPattern],
    more: impl Fn(&str) -> String,
) -> String {
    let mut condition = String::new();
    for way in ways {
        let (here, there, types) = way;
        let index = link_index(*way);
        let far = format!("{alias}.{there}");
        let or = if condition.is_empty() { "(" } else { " OR " };
        let _ = write!(
            condition,
            "{or}EXISTS (SELECT 1 FROM relationships {alias}{index} WHERE {alias}.{here} = {near} \
             AND {alias}.relationship_type {types} AND {alias}.status = '{ACTIVE}' \
             AND {far} <> {near} AND {})",
            more(&far)
        );
    }
    condition + ")"
}

/// Whether `properties.flagged` of `a` is truthy: true, a nonzero number, a text other than blank,
/// `0`, `false` and `no`, or a non-empty list or object.
const FLAGGED: &str = "CASE WHEN NOT json_valid(a.properties) THEN 0 \
    ELSE CASE json_type(a.properties, '$.flagged') \
    WHEN 'true' THEN 1 \
    WHEN 'integer' THEN json_extract(a.properties, '$.flagged') <> 0 \
    WHEN 'real' THEN json_extract(a.properties, '$.flagged') <> 0 \
    WHEN 'text' THEN lower(trim(json_extract(a.properties, '$.flagged'), \
        ' ' || char(9) || char(10) || char(13))) NOT IN ('', '0', 'false', 'no') \
    WHEN 'array' THEN json_extract(a.properties, '$.flagged') <> '[]' \
    WHEN 'object' THEN json_extract(a.properties, '$.flagged') <> '{}' \
    ELSE 0 END END";

/// Selects entities that are based on an invalid assumption. It starts from the assumptions, which
/// are fewer than the entities based on them.
fn resting_on_fallen() -> String {
    format!(
        "SELECT r.source_entity_id FROM json_each(?8) t CROSS JOIN entities f \
         ON f.entity_type = t.value CROSS JOIN relationships r ON r.target_entity_id = f.id \
         WHERE r.relationship_type = 'based_on_assumption' AND r.status = '{ACTIVE}' \
         AND r.source_entity_id <> f.id AND (f.status IN ('{SUPERSEDED}', '{INVALID}') \
         OR EXISTS (SELECT 1 FROM entities a INDEXED BY idx_entities_flagged WHERE a.id = f.id \
         AND instr(a.properties, '\"flagged\"') > 0 AND {FLAGGED}))"
    )
}

/// Returns the entity types that an assumption may have, as a JSON list.
fn assumption_types(view: &View<'_>) -> String {
    let rule = view.ontology.relationship_type("based_on_assumption");
    Json::from(rule.map(|rule| rule.targets.clone()).unwrap_or_default()).to_string()
}

/// Returns the condition that the entity `e` has the gap.
fn gap_condition(gap: Gap) -> String {
    let is_active = |far: &str| active_condition(far);
    match gap {
        Gap::OrphanRequirement => {
            format!("NOT {}", linked_condition("r", "e.id", &[SATISFIED], is_active))
        }
        Gap::RiskyDecision => format!("e.id IN ({})", resting_on_fallen()),
        Gap::UnsupportedClaim => {
            format!("NOT {}", linked_condition("r", "e.id", &SUPPORTED, is_active))
        }
    }
}

/// The sort key of rows: the first 24 characters of the name, ignoring ASCII case.
pub(super) const PLACE: &str = "lower(substr(e.name, 1, 24))";

/// A filter and a page position.
#[derive(Debug, Clone, Copy)]
pub struct GapFilter<'a> {
    /// As in a scope: `None` is every project.
    pub projects: &'a [Option<String>],
    /// Includes inactive rows.
    pub all: bool,
    /// The sort key and id of the last row seen.
    pub after: (&'a str, &'a str),
    pub limit: i64,
}

/// An id and its sort key.
pub type SortedId = (String, String);

/// Lists the entities that have a gap, and their total.
pub fn list(view: &View<'_>, gap: Gap, wanted: &GapFilter<'_>) -> Result<(i64, Vec<SortedId>)> {
    let (scope, first, second) = in_projects(wanted.projects);
    // One pass finds them all; the page is taken from its result.
    let sql = format!(
        "WITH found AS MATERIALIZED (SELECT e.id AS id, {PLACE} AS place FROM entities e \
         WHERE e.entity_type = ?3 AND {scope} AND (?4 OR e.status = '{ACTIVE}') AND {} \
         AND ?8 <> '') \
         SELECT n.total AS total, p.id AS id, p.place AS place \
         FROM (SELECT count(*) AS total FROM found) n \
         LEFT JOIN (SELECT id, place FROM found WHERE (place, id) > (?5, ?6) \
         ORDER BY place, id LIMIT ?7) p ORDER BY p.place, p.id",
        gap_condition(gap)
    );
    let (place, id) = wanted.after;
    let types = assumption_types(view);
    let parameters =
        params![first, second, gap.entity_type(), wanted.all, place, id, wanted.limit, &types];
    let rows = view.conn.all(&sql, parameters, |row| {
        let place = row.optional_text("id")?.map(|id| Ok((id, row.text("place")?)));
        Ok((row.integer("total")?, place.transpose()?))
    })?;
    let total = rows.first().map_or(0, |(total, _)| *total);
    Ok((total, rows.into_iter().filter_map(|(_, place)| place).collect()))
}

/// An assumption that a decision is linked to.
#[derive(Debug, Clone, PartialEq)]
pub struct Assumption {
    pub node: Node,
    pub flagged: bool,
    /// Superseded, invalid or flagged.
    pub fallen: bool,
}

/// Lists the assumptions that a decision is linked to, or only the fallen ones, and their total.
/// Fallen ones come first.
pub fn list_assumptions(
    view: &View<'_>,
    id: &str,
    only_fallen: bool,
    limit: i64,
) -> Result<(Vec<Assumption>, i64)> {
    let sql = format!(
        "SELECT a.id AS id, a.entity_type AS entity_type, a.name AS name, a.project AS project, \
         a.status AS status, {FLAGGED} AS flagged, {fallen} AS fallen, count(*) OVER () AS total \
         FROM relationships r JOIN entities a ON a.id = r.target_entity_id \
         WHERE r.source_entity_id = ?1 AND r.relationship_type = 'based_on_assumption' \
         AND r.status = '{ACTIVE}' AND a.id <> ?1 AND (NOT ?2 OR {fallen}) \
         AND a.entity_type IN (SELECT value FROM json_each(?4)) GROUP BY a.id ORDER BY fallen DESC, a.name, a.id LIMIT ?3",
        fallen = format_args!("(a.status IN ('{SUPERSEDED}', '{INVALID}') OR {FLAGGED})"),
    );
    let found =
        view.conn.all(&sql, params![id, only_fallen, limit, &assumption_types(view)], |row| {
            let assumption = Assumption {
                node: graph::read_node(row)?,
                flagged: row.integer("flagged")? != 0,
                fallen: row.integer("fallen")? != 0,
            };
            Ok((assumption, row.integer("total")?))
        })?;
    let total = found.first().map_or(0, |(_, total)| *total);
    Ok((found.into_iter().map(|(assumption, _)| assumption).collect(), total))
}
