//! The facts that marks are derived from, for a set of rows: one statement for each kind of fact,
//! however many rows there are. `?1` is the JSON list of their ids.

use serde_json::Value as Json;

use super::assumptions::{FLAG, read_flag};
use super::conditions::in_projects;
use super::entities::read_status;
use super::graph::{Node, read_node};
use super::link_facts::{PLACE, SortedId};
use super::literals::{ACTIVE, CANDIDATE, OPEN, RESOLVED};
use super::sqlite::sql::{SqlRow, SqlValue};
use super::tx::View;
use crate::model::conflict::KEEP_ALL;
use crate::model::mark::SUPPORTS;
use crate::model::ontology::SUPERSEDES;
use crate::model::{Kind, Result, Status};
use crate::params;

/// An active link of a row to an entity that is not active, or has a flag.
pub struct UnsoundEnd {
    pub id: String,
    pub relationship_type: String,
    pub outgoing: bool,
    /// The entity at the other end.
    pub far: FarRow,
    /// The value of its `properties.flagged`.
    pub flag: Json,
}

/// A row that another one refers to.
pub struct FarRow {
    pub handle: String,
    /// The name of an entity, the content of a memory.
    pub name: String,
    pub status: Status,
}

/// A source that is not as it was when it was cited.
pub struct StaleSource {
    /// The id of the row that cites it.
    pub id: String,
    pub reference: String,
    pub gone: bool,
}

/// Whether the entity `r.<end>` is not active or has a flag, by two small partial indexes.
fn unsound_condition(end: &str) -> String {
    format!(
        "(EXISTS (SELECT 1 FROM entities x INDEXED BY idx_entities_inactive \
         WHERE x.id = r.{end} AND x.status <> '{ACTIVE}') \
         OR EXISTS (SELECT 1 FROM entities f INDEXED BY idx_entities_flagged \
         WHERE f.id = r.{end} AND instr(f.properties, '\"flagged\"') > 0))"
    )
}

/// Lists the links of entities to ends that are not active or have a flag: those that start at the
/// entity, and those that support it.
pub fn list_unsound_ends(view: &View<'_>, ids: &str) -> Result<Vec<UnsoundEnd>> {
    let side = |here: &str, there: &str, outgoing: bool, rule: &str| {
        format!(
            "SELECT n.value AS id, r.relationship_type AS type, {outgoing} AS outgoing, \
             a.handle AS handle, a.name AS name, a.status AS status, {FLAG} AS flag \
             FROM json_each(?1) n CROSS JOIN relationships r ON r.{here} = n.value \
             CROSS JOIN entities a ON a.id = r.{there} \
             WHERE r.status = '{ACTIVE}' {rule} AND {}",
            unsound_condition(there)
        )
    };
    let supports = format!("AND r.relationship_type = '{SUPPORTS}'");
    let sql = format!(
        "{} UNION ALL {}",
        side("source_entity_id", "target_entity_id", true, ""),
        side("target_entity_id", "source_entity_id", false, &supports)
    );
    view.conn.all(&sql, params![ids], |row| {
        let id = row.text("id")?;
        Ok(UnsoundEnd {
            relationship_type: row.text("type")?,
            outgoing: row.integer("outgoing")? != 0,
            far: read_far_row(row, "entity")?,
            flag: read_flag(row)?,
            id,
        })
    })
}

fn read_far_row(row: &SqlRow<'_>, what: &str) -> Result<FarRow> {
    let handle = row.optional_text("handle")?.unwrap_or_default();
    Ok(FarRow { status: read_status(row, what, &handle)?, name: row.text("name")?, handle })
}

/// Selects the source references of the rows `e` of a table, one a row, as `s.value`.
fn select_citations(table: &str, column: &str) -> String {
    format!(
        "json_each(?1) n CROSS JOIN {table} e ON e.id = n.value CROSS JOIN json_each( \
         CASE WHEN json_valid(e.{column}) THEN e.{column} ELSE '[]' END) s"
    )
}

/// Lists the memories that entities cite and that are not active, each with the id of the entity.
pub fn list_cited_memories(view: &View<'_>, ids: &str) -> Result<Vec<(String, FarRow)>> {
    let sql = format!(
        "SELECT n.value AS id, m.handle AS handle, m.content AS name, m.status AS status FROM {} \
         CROSS JOIN memories m ON m.id = substr(s.value, 8) \
         WHERE substr(s.value, 1, 7) = 'memory:' AND m.status <> '{ACTIVE}'",
        select_citations("entities", "source_refs")
    );
    view.conn.all(&sql, params![ids], |row| Ok((row.text("id")?, read_far_row(row, "memory")?)))
}

/// Lists the citations by entities of which a chunk is gone, or a document changed or is gone.
pub fn list_stale_of_entities(view: &View<'_>, ids: &str) -> Result<Vec<StaleSource>> {
    let sql = format!(
        "SELECT n.value AS id, s.value AS reference, 1 AS gone FROM {} \
         WHERE substr(s.value, 1, 6) = 'chunk:' \
         AND NOT EXISTS (SELECT 1 FROM source_chunks c WHERE c.id = substr(s.value, 7)) \
         UNION ALL SELECT n.value, s.key, d.id IS NULL FROM {} \
         LEFT JOIN source_documents d ON d.file_path = substr(s.key, 5) \
         WHERE d.file_hash IS NOT s.value",
        select_citations("entities", "source_refs"),
        select_citations("entities", "source_digests")
    );
    list_stale(view, &sql, ids)
}

/// Lists the memories whose chunk is gone.
pub fn list_stale_of_memories(view: &View<'_>, ids: &str) -> Result<Vec<StaleSource>> {
    let sql = format!(
        "SELECT n.value AS id, s.key AS reference, 1 AS gone FROM {} WHERE NOT EXISTS \
         (SELECT 1 FROM source_chunks c WHERE c.id = substr(s.key, 7))",
        select_citations("memories", "source_digests")
    );
    list_stale(view, &sql, ids)
}

fn list_stale(view: &View<'_>, sql: &str, ids: &str) -> Result<Vec<StaleSource>> {
    view.conn.all(sql, params![ids], |row| {
        let gone = row.integer("gone")? != 0;
        Ok(StaleSource { id: row.text("id")?, reference: row.text("reference")?, gone })
    })
}

/// Lists the candidate and active entities that cite one of these sources: a JSON list of pairs of a
/// reference and the digest that it had when it was cited.
pub fn list_citing(view: &View<'_>, sources: &str) -> Result<Vec<String>> {
    let select = |citing: &str, column: &str, cited: &str| {
        format!(
            "SELECT e.id AS id FROM entities e CROSS JOIN json_each( \
             CASE WHEN json_valid(e.{column}) THEN e.{column} ELSE '{{}}' END) s \
             WHERE e.status IN ('{ACTIVE}', '{CANDIDATE}') AND {citing} \
             AND {cited} IN (SELECT n.value ->> 0, n.value ->> 1 FROM json_each(?1) n)"
        )
    };
    let sql = format!(
        "{} UNION {}",
        select("e.source_digests <> '{}'", "source_digests", "(s.key, s.value)"),
        select("instr(e.source_refs, 'chunk:') > 0", "source_refs", "(s.value, '')")
    );
    list_ids(view, &sql, params![sources])
}

/// An end of a link that changed since the link was made or reviewed.
pub struct SuspectEnd {
    /// The id of the entity at either end, which may be the one that changed.
    pub id: String,
    pub changed: FarRow,
    /// Whether the link came from another entity, and was never reviewed against this one.
    pub unreviewed: bool,
}

/// Lists the suspect ends of the links of entities.
pub fn list_suspect(view: &View<'_>, ids: &str) -> Result<Vec<SuspectEnd>> {
    let select = |from: String, reviewed: &str, condition: String| {
        format!(
            "SELECT DISTINCT n.value AS id, x.handle AS handle, x.name AS name, x.status AS status, \
             r.{reviewed} = 0 AS unreviewed FROM json_each(?1) n CROSS JOIN {from} WHERE {condition} \
             AND r.status = '{ACTIVE}' AND r.relationship_type <> '{SUPERSEDES}'"
        )
    };
    let mut sides = Vec::new();
    for here in [SOURCE, TARGET] {
        for (changed, reviewed) in [(SOURCE, "reviewed_source"), (TARGET, "reviewed_target")] {
            sides.push(select(
                format!(
                    "relationships r ON r.{here} = n.value \
                     CROSS JOIN entities x INDEXED BY idx_entities_revised ON x.id = r.{changed}"
                ),
                reviewed,
                format!("x.content_version > 1 AND x.content_version > r.{reviewed}"),
            ));
            sides.push(select(
                format!(
                    "relationships r INDEXED BY {} ON r.{here} = n.value \
                     CROSS JOIN entities x ON x.id = r.{changed}",
                    unreviewed_index(here)
                ),
                reviewed,
                format!("r.{reviewed} = 0"),
            ));
        }
    }
    view.conn.all(&sides.join(" UNION "), params![ids], |row| {
        let unreviewed = row.integer("unreviewed")? != 0;
        Ok(SuspectEnd { id: row.text("id")?, changed: read_far_row(row, "entity")?, unreviewed })
    })
}

pub(super) const SOURCE: &str = "source_entity_id";
pub(super) const TARGET: &str = "target_entity_id";

/// Returns the index of the links at an end that were never reviewed against one of their ends.
pub(super) fn unreviewed_index(end: &str) -> &'static str {
    match end {
        SOURCE => "idx_relationships_unreviewed_source",
        _ => "idx_relationships_unreviewed_target",
    }
}

/// Lists the candidate and active entities at the other ends of the active links of an entity.
pub fn list_dependents(view: &View<'_>, id: &str) -> Result<Vec<String>> {
    let side = |here: &str, there: &str| {
        format!(
            "SELECT r.{there} AS id FROM relationships r \
             CROSS JOIN entities e ON e.id = r.{there} \
             WHERE r.{here} = ?1 AND r.status = '{ACTIVE}' \
             AND r.relationship_type <> '{SUPERSEDES}' AND e.status IN ('{ACTIVE}', '{CANDIDATE}')"
        )
    };
    let (source, target) = ("source_entity_id", "target_entity_id");
    let sql = format!("{} UNION {}", side(target, source), side(source, target));
    list_ids(view, &sql, params![id])
}

/// Lists the rows of a kind that are members of an open conflict, and the entities whose links are.
pub fn list_contested(view: &View<'_>, kind: Kind, ids: &str) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT n.value AS id FROM json_each(?1) n WHERE EXISTS (SELECT 1 FROM conflict_members m \
         CROSS JOIN conflicts c ON c.id = m.conflict_id WHERE m.member_id = n.value \
         AND m.member_kind = ?2 AND m.left_at IS NULL AND c.status = '{OPEN}') \
         UNION SELECT n.value FROM json_each(?1) n CROSS JOIN conflicts c \
         ON c.slot_key = n.value COLLATE NOCASE WHERE c.status = '{OPEN}'"
    );
    list_ids(view, &sql, params![ids, kind.as_str()])
}

/// Lists the rows of a kind that claim their value of a conflict whose values were all kept, while
/// another member claims a different one.
pub fn list_acknowledged(view: &View<'_>, kind: Kind, ids: &str) -> Result<Vec<String>> {
    let claim = |member: &str, claim: &str| {
        format!(
            "{claim}.owner_id = {member}.member_id AND {claim}.owner_kind = {member}.member_kind \
             AND {claim}.slot_kind = c.slot_kind AND {claim}.value_key = {member}.value_key"
        )
    };
    let sql = format!(
        "SELECT DISTINCT n.value AS id FROM json_each(?1) n \
         CROSS JOIN conflict_members m ON m.member_id = n.value AND m.member_kind = ?2 \
         CROSS JOIN conflicts c ON c.id = m.conflict_id CROSS JOIN claims k ON {} \
         WHERE c.status = '{RESOLVED}' AND c.resolution = ?3 AND EXISTS (SELECT 1 \
         FROM conflict_members o CROSS JOIN claims q ON {} \
         WHERE o.conflict_id = c.id AND o.value_key <> m.value_key)",
        claim("m", "k"),
        claim("o", "q")
    );
    list_ids(view, &sql, params![ids, kind.as_str(), KEEP_ALL])
}

/// Lists the memories that are past their end.
pub fn list_expired(view: &View<'_>, ids: &str) -> Result<Vec<String>> {
    let sql = "SELECT n.value AS id FROM json_each(?1) n CROSS JOIN memories m ON m.id = n.value \
         WHERE m.valid_until IS NOT NULL AND m.valid_until <> '' AND m.valid_until < ?2";
    list_ids(view, sql, params![ids, &view.now.to_string()])
}

fn list_ids(view: &View<'_>, sql: &str, parameters: &[SqlValue<'_>]) -> Result<Vec<String>> {
    view.conn.all(sql, parameters, |row| row.text("id"))
}

/// A link of which an end changed since it was made or reviewed.
pub struct SuspectLink {
    pub relationship_id: String,
    pub relationship_type: String,
    /// Whether the link leads from the listed entity to the changed one.
    pub outgoing: bool,
    pub changed: Node,
    /// The content version of the changed entity that the link was reviewed against.
    pub reviewed: i64,
}

/// Lists active entities in a scope with a link to an entity that changed since.
pub fn list_suspect_links(
    view: &View<'_>,
    projects: &[Option<String>],
) -> Result<Vec<(SortedId, SuspectLink)>> {
    let (scope, first, second) = in_projects(projects);
    let select = |from: &str, here: &str, reviewed: &str, outgoing: bool, condition: &str| {
        format!(
            "SELECT {PLACE} AS place, e.id AS listed, coalesce(r.handle, r.id) AS link, \
             r.relationship_type AS type, {outgoing} AS outgoing, r.{reviewed} AS reviewed, x.id AS id, \
             x.entity_type AS entity_type, x.name AS name, x.project AS project, x.status AS status \
             FROM {from} CROSS JOIN entities e ON e.id = r.{here} WHERE {condition} \
             AND r.status = '{ACTIVE}' AND r.relationship_type <> '{SUPERSEDES}' \
             AND e.status = '{ACTIVE}' AND {scope}"
        )
    };
    let side = |(here, there, reviewed): (&str, &str, &str), outgoing: bool| {
        let revised = format!(
            "entities x INDEXED BY idx_entities_revised CROSS JOIN relationships r ON r.{there} = x.id"
        );
        let changed = format!("x.content_version > 1 AND x.content_version > r.{reviewed}");
        let unreviewed = format!(
            "relationships r INDEXED BY {} CROSS JOIN entities x ON x.id = r.{there}",
            unreviewed_index(here)
        );
        // An entity that was revised as well is in the first part.
        let never = format!("r.{here} > '' AND r.{reviewed} = 0 AND x.content_version <= 1");
        format!(
            "{} UNION ALL {}",
            select(&revised, here, reviewed, outgoing, &changed),
            select(&unreviewed, here, reviewed, outgoing, &never)
        )
    };
    let sql = format!(
        "{} UNION ALL {} ORDER BY place, listed, link",
        side((SOURCE, TARGET, "reviewed_target"), true),
        side((TARGET, SOURCE, "reviewed_source"), false)
    );
    view.conn.all(&sql, params![first, second], |row| {
        let link = SuspectLink {
            relationship_id: row.text("link")?,
            relationship_type: row.text("type")?,
            outgoing: row.integer("outgoing")? != 0,
            changed: read_node(row)?,
            reviewed: row.integer("reviewed")?,
        };
        Ok(((row.text("place")?, row.text("listed")?), link))
    })
}
