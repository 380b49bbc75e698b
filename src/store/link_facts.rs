//! The links that decide about gaps and coverage, by the rules of the model.
//!
//! Whether the far end of a link is active is looked up in the partial index of inactive entities:
//! it is small and stays in memory, unlike the rows of 100,000 entities. The planner prefers the
//! primary key, which reads those rows and takes four times as long, so the index is named
//! (`INDEXED BY`).

use std::collections::{BTreeSet, HashMap};

use super::conditions::in_projects;
use super::entities::type_list;
use super::literals::ACTIVE;
use super::sqlite::sql::SqlRow;
use super::tx::View;
use crate::model::coverage::{
    ActiveLink, CoverageRole, EvidenceRole, LinkFacts, LinkTypes, NodeIndex, covering_type,
};
use crate::model::gap::is_flag;
use crate::model::ontology::REFINES;
use crate::model::{Outcome, Relationship, Result};
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

/// The active links `r` from an entity to other active ones, as parts of a statement.
pub(super) struct ActiveLinks {
    pub table: String,
    /// The column of the far end.
    pub far: &'static str,
    pub condition: String,
}

impl ActiveLinks {
    /// Selects the links by a rule of the entity with the id `near`.
    pub fn by(rule: &LinkTypes, near: &str) -> Self {
        let (here, far) = match rule.outgoing {
            true => ("source_entity_id", "target_entity_id"),
            false => ("target_entity_id", "source_entity_id"),
        };
        // Incoming links of these types have a partial index each, which needs the type as a literal.
        const INDEXED: [&str; 4] = ["satisfies", "supports", "conflicts_with", REFINES];
        let (index, types) = match (rule.outgoing, rule.types) {
            (false, [only]) if INDEXED.contains(only) => {
                (format!(" INDEXED BY idx_relationships_{only}"), format!("= '{only}'"))
            }
            (_, types) => (String::new(), format!("IN ('{}')", types.join("', '"))),
        };
        let active = active_condition(&format!("r.{far}"));
        let condition = format!(
            "r.{here} = {near} AND r.relationship_type {types} AND r.status = '{ACTIVE}' \
             AND r.{far} <> {near} AND {active}"
        );
        Self { table: format!("relationships r{index}"), far, condition }
    }
}

/// Lists the entities of a type in a scope that have no active link by any of the rules, in order.
/// A link to a result with an outcome is left out here, since the outcome decides whether it counts:
/// see [`read_support`].
pub fn list_without(
    view: &View<'_>,
    entity_type: &str,
    rules: &[LinkTypes],
    projects: &[Option<String>],
    all: bool,
) -> Result<Vec<SortedId>> {
    let (scope, first, second) = in_projects(projects);
    let results = type_list(view.ontology, &["result"]);
    let without = |rule| {
        let ActiveLinks { table, far, condition } = ActiveLinks::by(rule, "e.id");
        format!(
            "AND NOT EXISTS (SELECT 1 FROM {table} WHERE {condition} AND NOT EXISTS \
             (SELECT 1 FROM entities f INDEXED BY idx_entities_outcome \
             WHERE f.entity_type IN ({results}) AND f.id = r.{far} AND {HAS_OUTCOME})) "
        )
    };
    let sql = format!(
        "SELECT {PLACE} AS place, e.id AS id FROM entities e WHERE e.entity_type IN ({}) \
         AND {scope} AND (?3 OR e.status = '{ACTIVE}') {} ORDER BY place, e.id",
        type_list(view.ontology, &[entity_type]),
        rules.iter().map(without).collect::<String>()
    );
    view.conn.all(&sql, params![first, second, all], read_sorted_id)
}

/// Selects `inside`: an entity with all its parts, a requirement with all that refine it; and `wanted`: these, and the requirements that
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
        "WITH RECURSIVE inside(id) AS (SELECT ?4 {}{}{}), wanted(id) AS (SELECT id FROM inside UNION \
         SELECT r.target_entity_id FROM inside CROSS JOIN relationships r \
         ON r.source_entity_id = inside.id AND r.relationship_type = 'satisfies' \
         AND r.status = '{ACTIVE}') ",
        part("part_of", "target_entity_id", "source_entity_id"),
        part("contains", "source_entity_id", "target_entity_id"),
        part(REFINES, "target_entity_id", "source_entity_id")
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
    let types = type_list(view.ontology, &["requirement"]);
    let (with, from, of_entity) = match about {
        None => (String::new(), "entities e", "?4 = ''"),
        Some(_) => (about_entity(), "wanted w CROSS JOIN entities e", "e.id = w.id"),
    };
    let sql = format!(
        "{with}SELECT {PLACE} AS place, e.id AS id FROM {from} \
         WHERE e.entity_type IN ({types}) AND {scope} AND (?3 OR e.status = '{ACTIVE}') AND {of_entity} ORDER BY place, e.id"
    );
    view.conn.all(&sql, params![first, second, all, about.unwrap_or_default()], read_sorted_id)
}

/// Lists the next requirements in a scope after a place in the order, at most `limit`. It continues
/// in the index of names, so that all pages together read each row once.
pub fn list_next_requirements(
    view: &View<'_>,
    projects: &[Option<String>],
    all: bool,
    after: (&str, &str),
    limit: usize,
) -> Result<Vec<SortedId>> {
    let (scope, first, second) = in_projects(projects);
    let of_type = |name: &str| {
        format!(
            "SELECT * FROM (SELECT {PLACE} AS place, e.id AS id FROM entities e \
             INDEXED BY idx_entities_place WHERE e.entity_type = '{name}' AND {PLACE} >= ?4 \
             AND ({PLACE} > ?4 OR e.id > ?5) AND {scope} AND (?3 OR e.status = '{ACTIVE}') \
             ORDER BY {PLACE}, e.id LIMIT ?6)"
        )
    };
    let types = view.ontology.types_like("requirement").map(of_type);
    let sql = types.collect::<Vec<_>>().join(" UNION ALL ") + " ORDER BY place, id LIMIT ?6";
    let (place, id) = after;
    view.conn.all(&sql, params![first, second, all, place, id, limit as i64], read_sorted_id)
}

/// Lists the active entities that an entity satisfies.
pub fn list_satisfied(view: &View<'_>, id: &str, limit: usize) -> Result<Vec<String>> {
    let rule = LinkTypes { outgoing: true, types: &["satisfies"] };
    let ActiveLinks { table, far, condition } = ActiveLinks::by(&rule, "?1");
    let sql =
        format!("SELECT r.{far} AS id FROM {table} WHERE {condition} ORDER BY r.{far} LIMIT ?2");
    view.conn.all(&sql, params![id, limit as i64], |row| row.text("id"))
}

/// Reads the facts that decide the coverage of requirements: their links and those of the
/// requirements below them, then those of the entities that satisfy these, then those of all that
/// validates these or the requirements.
pub fn read_link_facts(view: &View<'_>, ids: &[String]) -> Result<LinkFacts> {
    read_supposed_facts(view, ids, None)
}

/// Reads the facts as [`read_link_facts`] does, as if a link between active entities were active too.
pub fn read_supposed_facts(
    view: &View<'_>,
    ids: &[String],
    supposed: Option<&Relationship>,
) -> Result<LinkFacts> {
    let mut facts = LinkFacts::default();
    let mut waiting: BTreeSet<NodeIndex> = ids.iter().map(|id| facts.place(id)).collect();
    let (mut requirements, mut satisfiers, mut validations) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    while !waiting.is_empty() {
        let links = read_links_of(view, &mut facts, CoverageRole::Requirement, &waiting, supposed)?;
        requirements.append(&mut waiting);
        for link in links {
            match CoverageRole::Requirement.next(&link) {
                Some(CoverageRole::Requirement) => waiting.insert(link.far),
                Some(CoverageRole::Satisfier) => satisfiers.insert(link.far),
                Some(CoverageRole::Validation) => validations.insert(link.far),
                None => false,
            };
        }
        waiting.retain(|place| !requirements.contains(place));
    }
    let links = read_links_of(view, &mut facts, CoverageRole::Satisfier, &satisfiers, supposed)?;
    validations.extend(links.iter().map(|link| link.far));
    read_links_of(view, &mut facts, CoverageRole::Validation, &validations, supposed)?;
    read_evidence_roles(view, &mut facts)?;
    let requirements: Vec<NodeIndex> = requirements.into_iter().collect();
    for id in list_waived(view, &facts.ids_of(&requirements))? {
        let place = facts.place(&id);
        facts.nodes[place].waived = true;
    }
    Ok(facts)
}

/// Lists the entities with a waiver among those of a JSON list of ids.
pub fn list_waived(view: &View<'_>, ids: &str) -> Result<Vec<String>> {
    let sql = "SELECT f.id AS id, CASE WHEN json_valid(f.properties) \
         THEN f.properties -> '$.waived' END AS waived FROM json_each(?1) n \
         CROSS JOIN entities f INDEXED BY idx_entities_waived ON f.id = n.value \
         WHERE instr(f.properties, '\"waived\"') > 0";
    let found = view.conn.all(sql, params![ids], |row| {
        let text = row.optional_text("waived")?.unwrap_or_default();
        let waived = serde_json::from_str(&text).is_ok_and(|value| is_flag(&value));
        waived.then(|| row.text("id")).transpose()
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// Reads the links that may support claims, with the facts that decide whether they do.
pub fn read_support(view: &View<'_>, ids: &[String]) -> Result<LinkFacts> {
    let mut facts = LinkFacts::default();
    let places = ids.iter().map(|id| facts.place(id)).collect();
    read_links_of(view, &mut facts, CoverageRole::Validation, &places, None)?;
    read_evidence_roles(view, &mut facts)?;
    Ok(facts)
}

/// Reads the links of entities that matter in their role, and returns them.
fn read_links_of(
    view: &View<'_>,
    facts: &mut LinkFacts,
    role: CoverageRole,
    places: &BTreeSet<NodeIndex>,
    supposed: Option<&Relationship>,
) -> Result<Vec<ActiveLink>> {
    let places: Vec<NodeIndex> = places.iter().copied().collect();
    let of_rule = |rule: &LinkTypes| {
        let ActiveLinks { table, far, condition } = ActiveLinks::by(rule, "n.value");
        format!(
            "SELECT n.key AS near, r.{far} AS far, r.relationship_type AS type, {} AS outgoing \
             FROM json_each(?1) n CROSS JOIN {table} WHERE {condition}",
            rule.outgoing
        )
    };
    let sql = role.links().iter().map(of_rule).collect::<Vec<_>>().join(" UNION ALL ");
    let ids = facts.ids_of(&places);
    let mut rows = view.conn.all(&sql, params![&ids], |row| {
        let relationship_type = covering_type(row.bytes("type")?).unwrap_or_default();
        let (near, outgoing) = (row.integer("near")?, row.integer("outgoing")? != 0);
        Ok((near as usize, row.text("far")?, relationship_type, outgoing))
    })?;
    for (near, place) in places.iter().enumerate() {
        let ends = supposed.and_then(|link| link.far_end(&facts.node(*place).id).zip(Some(link)));
        let Some(((far, outgoing), link)) = ends else { continue };
        let Some(relationship_type) = covering_type(link.relationship_type.as_bytes()) else {
            break;
        };
        if role.links().iter().any(|rule| rule.matches(outgoing, relationship_type)) {
            rows.push((near, far.to_owned(), relationship_type, outgoing));
        }
    }
    let mut links = Vec::with_capacity(rows.len());
    for (near, far, relationship_type, outgoing) in rows {
        let link = ActiveLink { outgoing, relationship_type, far: facts.place(&far) };
        facts.nodes[places[near]].links.push(link);
        links.push(link);
    }
    Ok(links)
}

/// Reads the role and the outcome of the entities that may be evidence.
fn read_evidence_roles(view: &View<'_>, facts: &mut LinkFacts) -> Result<()> {
    let links = facts.nodes.iter().flat_map(|node| &node.links);
    let is_evidence =
        |link: &&ActiveLink| !["satisfies", REFINES].contains(&link.relationship_type);
    let evidence = links.filter(is_evidence).map(|link| link.far);
    let places: Vec<NodeIndex> = evidence.collect::<BTreeSet<_>>().into_iter().collect();
    let sql = format!(
        "SELECT n.key AS place, e.entity_type AS type FROM json_each(?1) n \
         CROSS JOIN entities e ON e.id = n.value WHERE e.entity_type IN ({})",
        type_list(view.ontology, &EvidenceRole::TYPES)
    );
    let roles = view.conn.all(&sql, params![&facts.ids_of(&places)], |row| {
        let role = EvidenceRole::of_type(&row.text("type")?, view.ontology);
        Ok((row.integer("place")? as usize, role))
    })?;
    for (place, role) in roles {
        facts.nodes[places[place]].role = role;
    }
    let is_result = |place: &NodeIndex| facts.node(*place).role == EvidenceRole::Result;
    let results: Vec<NodeIndex> = places.into_iter().filter(is_result).collect();
    for (id, outcome) in read_outcomes(view, &facts.ids_of(&results))? {
        let place = facts.place(&id);
        facts.nodes[place].outcome = Some(outcome);
    }
    Ok(())
}

/// Returns the outcomes of the results among these entities, by id.
pub fn read_outcomes(view: &View<'_>, ids: &str) -> Result<HashMap<String, Outcome>> {
    let sql = format!(
        "SELECT f.id AS id, {OUTCOME} AS outcome FROM json_each(?1) n \
         CROSS JOIN entities f INDEXED BY idx_entities_outcome \
         ON f.entity_type IN ({}) AND f.id = n.value WHERE {HAS_OUTCOME}",
        type_list(view.ontology, &["result"])
    );
    let found =
        view.conn.all(&sql, params![ids], |row| Ok((row.text("id")?, read_outcome(row)?)))?;
    Ok(found.into_iter().filter_map(|(id, outcome)| Some((id, outcome?))).collect())
}

/// The condition of the index of entities with an outcome.
pub(super) const HAS_OUTCOME: &str = "instr(f.properties, '\"outcome\"') > 0";
/// Selects `properties.outcome` of the result `f` as JSON.
pub(super) const OUTCOME: &str =
    "CASE WHEN json_valid(f.properties) THEN f.properties -> '$.outcome' END";

pub(super) fn read_outcome(row: &SqlRow<'_>) -> Result<Option<Outcome>> {
    let text = row.optional_text("outcome")?.unwrap_or_default();
    Ok(serde_json::from_str(&text).ok().as_ref().and_then(Outcome::of_value))
}
