//! Requirement coverage: which entities satisfy and validate requirements, and with which evidence.

use super::conditions::in_projects;
use super::gaps::{
    GapFilter, LinkPattern, PLACE, SATISFIED, SUPPORTED, SortedId, active_condition,
    linked_condition,
};
use super::graph::{self, Node};
use super::literals::ACTIVE;
use super::tx::View;
use crate::model::{Result, Verdict};
use crate::params;

/// Links from an entity to its validation.
const VALIDATED_BY: LinkPattern =
    ("source_entity_id", "target_entity_id", "IN ('validated_by', 'analyzed_by')");
/// Links to a requirement from an entity that supports it, which also count as validation.
const SUPPORTS: LinkPattern = ("target_entity_id", "source_entity_id", "= 'supports'");

/// Entity types that are evidence by themselves, unlike statements, models or procedures.
const EVIDENCE_TYPES: &str = "'result', 'artifact'";

/// Returns the SQL for the verdict of the requirement `e`, as an index into [`Verdict::ALL`].
fn verdict_expression() -> String {
    let validated = validated_condition(active_condition);
    let shown = [("source_entity_id", "target_entity_id", "= 'evidenced_by'")];
    let shown = linked_condition("d", "e.id", &shown, active_condition);
    let proven = self::validated_condition(proven_condition);
    let satisfied = linked_condition("r", "e.id", &[SATISFIED], active_condition);
    format!(
        "CASE WHEN {validated} THEN CASE WHEN {shown} OR {proven} THEN 3 ELSE 2 END \
         WHEN {satisfied} THEN 1 ELSE 0 END"
    )
}

/// Returns the condition that the requirement `e`, or an entity that satisfies it, has a validation
/// that meets the condition `more`.
fn validated_condition(more: fn(&str) -> String) -> String {
    let through = |satisfier: &str| {
        format!(
            "{} AND {}",
            active_condition(satisfier),
            linked_condition("w", satisfier, &[VALIDATED_BY], more)
        )
    };
    format!(
        "({} OR {})",
        linked_condition("v", "e.id", &[VALIDATED_BY, SUPPORTS], more),
        linked_condition("r", "e.id", &[SATISFIED], through)
    )
}

/// Returns the condition that a validation is active and either is evidence or has some.
fn proven_condition(validation: &str) -> String {
    // The type needs the row itself and not just an index, so it is tested last.
    format!(
        "{} AND ({} OR EXISTS (SELECT 1 FROM entities t WHERE t.id = {validation} \
         AND t.entity_type IN ({EVIDENCE_TYPES})))",
        active_condition(validation),
        linked_condition("u", validation, &SUPPORTED, active_condition)
    )
}

/// Returns the CTEs of an entity with all its parts, and of the requirements that these satisfy or
/// are.
fn about_entity() -> String {
    format!(
        "WITH RECURSIVE inside(id) AS (SELECT ?4 UNION \
    SELECT e.id FROM inside CROSS JOIN relationships r ON r.target_entity_id = inside.id \
        AND r.relationship_type = 'part_of' AND r.status = '{ACTIVE}' \
        JOIN entities e ON e.id = r.source_entity_id AND e.status = '{ACTIVE}' UNION \
    SELECT e.id FROM inside CROSS JOIN relationships r ON r.source_entity_id = inside.id \
        AND r.relationship_type = 'contains' AND r.status = '{ACTIVE}' \
        JOIN entities e ON e.id = r.target_entity_id AND e.status = '{ACTIVE}'), \
    wanted(id) AS (SELECT id FROM inside UNION \
    SELECT r.target_entity_id FROM inside CROSS JOIN relationships r \
        ON r.source_entity_id = inside.id AND r.relationship_type = 'satisfies' \
        AND r.status = '{ACTIVE}') "
    )
}

/// Returns the WITH clause and the FROM and WHERE clauses for the requirements in a scope, or those
/// of them that concern an entity.
fn requirements_source(about: Option<&str>, scope: &str) -> (String, String) {
    let (with, from, of_entity) = match about {
        None => (String::new(), "entities e", "?4 = ''"),
        Some(_) => (about_entity(), "wanted w CROSS JOIN entities e", "e.id = w.id"),
    };
    let of_scope =
        format!("e.entity_type = 'requirement' AND {scope} AND (?3 OR e.status = '{ACTIVE}')");
    (with, format!("{from} WHERE {of_scope} AND {of_entity}"))
}

/// Counts the requirements by verdict, in the order of [`Verdict::ALL`].
pub fn count_verdicts(
    view: &View<'_>,
    projects: &[Option<String>],
    about: Option<&str>,
    all: bool,
) -> Result<[i64; 4]> {
    let (scope, first, second) = in_projects(projects);
    let (with, from) = requirements_source(about, scope);
    let sql = format!(
        "{with}SELECT {} AS verdict, count(*) AS n FROM {from} GROUP BY verdict",
        verdict_expression()
    );
    let parameters = params![first, second, all, about.unwrap_or_default()];
    let found =
        view.conn.all(&sql, parameters, |row| Ok((row.integer("verdict")?, row.integer("n")?)))?;
    let of = |at: usize| found.iter().find(|(verdict, _)| *verdict == at as i64);
    Ok(std::array::from_fn(|at| of(at).map_or(0, |(_, n)| *n)))
}

/// Lists requirements in list order.
pub fn list(view: &View<'_>, about: Option<&str>, wanted: &GapFilter<'_>) -> Result<Vec<SortedId>> {
    let (scope, first, second) = in_projects(wanted.projects);
    let (with, from) = requirements_source(about, scope);
    let sql = format!(
        "{with}SELECT e.id AS id, {PLACE} AS place FROM {from} \
         AND ({PLACE}, e.id) > (?5, ?6) ORDER BY {PLACE}, e.id LIMIT ?7"
    );
    let (place, id) = wanted.after;
    let about = about.unwrap_or_default();
    let parameters = params![first, second, wanted.all, about, place, id, wanted.limit];
    view.conn.all(&sql, parameters, |row| Ok((row.text("id")?, row.text("place")?)))
}

/// Returns the verdict of one requirement, whatever its own status.
pub fn verdict_of(view: &View<'_>, id: &str) -> Result<Verdict> {
    let sql = format!("SELECT {} AS n FROM entities e WHERE e.id = ?1", verdict_expression());
    let at = view.conn.number(&sql, params![id])?;
    Ok(Verdict::ALL.into_iter().nth(at as usize).unwrap_or(Verdict::None))
}

/// An entity linked to a requirement, and the link.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkedEntity {
    pub node: Node,
    pub relationship_type: String,
    /// The id of the entity in between; empty for a direct link.
    pub through: String,
}

/// The kind of links to list for a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkEnd {
    SatisfiedBy,
    ValidatedBy,
    Evidence,
}

/// Lists the entities that satisfy or validate a requirement or are evidence for it, each once, and
/// their total. A direct link is preferred over an indirect one.
pub fn list_links(
    view: &View<'_>,
    side: LinkEnd,
    id: &str,
    limit: i64,
) -> Result<(Vec<LinkedEntity>, i64)> {
    let rows = match side {
        LinkEnd::SatisfiedBy => satisfiers_query(),
        LinkEnd::ValidatedBy => "SELECT id, way FROM validators".to_owned(),
        LinkEnd::Evidence => format!(
            "{} UNION ALL SELECT v.id, v.way FROM validators v JOIN entities t ON t.id = v.id \
             WHERE t.entity_type IN ({EVIDENCE_TYPES}) UNION ALL {}",
            step_query("?1", "''", ("source_entity_id", "target_entity_id", "= 'evidenced_by'")),
            SUPPORTED.map(from_validators).join(" UNION ALL ")
        ),
    };
    // `way` is the id in between and the link type, so the minimum is a direct link.
    let sql = format!(
        "WITH satisfiers(id, way) AS ({}), validators(id, way) AS ({}), found(id, way) AS ({rows}), \
         each_once(id, way) AS (SELECT id, min(way) FROM found GROUP BY id) \
         SELECT e.id AS id, e.entity_type AS entity_type, e.name AS name, e.project AS project, \
         e.status AS status, o.way AS way, (SELECT count(*) FROM each_once) AS total \
         FROM each_once o CROSS JOIN entities e ON e.id = o.id WHERE e.id <> ?1 \
         ORDER BY e.name, e.id LIMIT ?2",
        satisfiers_query(),
        validators_query()
    );
    let found = view.conn.all(&sql, params![id, limit], |row| {
        let way = row.text("way")?;
        let (through, relationship_type) = way.rsplit_once(' ').unwrap_or_default();
        let linked = LinkedEntity {
            node: graph::read_node(row)?,
            relationship_type: relationship_type.to_owned(),
            through: through.to_owned(),
        };
        Ok((linked, row.integer("total")?))
    })?;
    let total = found.first().map_or(0, |(_, total)| *total);
    Ok((found.into_iter().map(|(linked, _)| linked).collect(), total))
}

/// Selects the active far ends of the active links of one pattern from an entity.
fn step_query(near: &str, through: &str, (here, there, types): LinkPattern) -> String {
    let active = active_condition(&format!("l.{there}"));
    format!(
        "SELECT l.{there} AS id, {through} || ' ' || l.relationship_type AS way \
         FROM relationships l WHERE l.{here} = {near} AND l.relationship_type {types} \
         AND l.status = '{ACTIVE}' AND l.{there} <> {near} AND {active}"
    )
}

fn satisfiers_query() -> String {
    step_query("?1", "''", SATISFIED)
}

fn validators_query() -> String {
    let (here, there, types) = VALIDATED_BY;
    format!(
        "{} UNION ALL {} UNION ALL SELECT l.{there}, s.id || ' ' || l.relationship_type \
         FROM satisfiers s CROSS JOIN relationships l ON l.{here} = s.id \
         WHERE l.relationship_type {types} AND l.status = '{ACTIVE}' AND l.{there} <> s.id \
         AND {}",
        step_query("?1", "''", VALIDATED_BY),
        step_query("?1", "''", SUPPORTS),
        active_condition(&format!("l.{there}"))
    )
}

/// Selects the evidence of each validation, reached through it.
fn from_validators((here, there, types): LinkPattern) -> String {
    format!(
        "SELECT l.{there}, v.id || ' ' || l.relationship_type FROM validators v \
         CROSS JOIN relationships l ON l.{here} = v.id WHERE l.relationship_type {types} \
         AND l.status = '{ACTIVE}' AND l.{there} <> v.id AND {}",
        active_condition(&format!("l.{there}"))
    )
}
