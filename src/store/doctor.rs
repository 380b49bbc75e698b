//! What the doctor asks the file: is it sound, and does everything that a row names exist.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::tx::View;
use crate::model::Result;
use crate::params;

/// Pages of the database, and the bytes of one.
pub fn pages(view: &View<'_>) -> Result<(u64, u64)> {
    let pragma = |name: &str| {
        let number = view.conn.number(&format!("SELECT {name} AS n FROM pragma_{name}"), &[])?;
        Ok(u64::try_from(number).unwrap_or_default())
    };
    Ok((pragma("page_count")?, pragma("page_size")?))
}

/// What SQLite itself finds wrong, the full-text index included; at most 100 problems.
pub fn integrity(view: &View<'_>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let outcome = view.conn.scan("PRAGMA integrity_check(100)", &[], |row| {
        found.push(row.text("integrity_check")?);
        Ok(())
    });
    match outcome {
        // What was found before it gave up says more.
        Err(error) if found.is_empty() => return Err(error),
        _ => found.retain(|line| line != "ok"),
    }
    Ok(found)
}

/// Tables with rows that name a row of another table which is not there: the table, the other, and
/// how many rows do.
pub fn broken_foreign_keys(view: &View<'_>) -> Result<Vec<(String, String, i64)>> {
    let mut found: BTreeMap<(String, String), i64> = BTreeMap::new();
    view.conn.scan("PRAGMA foreign_key_check", &[], |row| {
        *found.entry((row.text("table")?, row.text("parent")?)).or_default() += 1;
        Ok(())
    })?;
    Ok(found.into_iter().map(|((table, parent), count)| (table, parent, count)).collect())
}

/// The rows in which a column is neither blank nor a JSON object.
macro_rules! no_object {
    ($table:literal, $column:literal) => {
        concat!(
            "SELECT id, '' AS other FROM ",
            $table,
            " WHERE trim(coalesce(",
            $column,
            ", '')) <> '' \
             AND iif(json_valid(",
            $column,
            "), json_type(",
            $column,
            "), '') <> 'object'"
        )
    };
}

/// The rows in which a column is neither blank nor a JSON list of texts.
macro_rules! no_list {
    ($table:literal, $column:literal) => {
        concat!(
            "SELECT id, '' AS other FROM ",
            $table,
            " WHERE trim(coalesce(",
            $column,
            ", '')) <> '' \
             AND (iif(json_valid(",
            $column,
            "), json_type(",
            $column,
            "), '') <> 'array' \
             OR EXISTS (SELECT 1 FROM json_each(",
            $column,
            ") WHERE type <> 'text'))"
        )
    };
}

/// The rows of a table of which the audit holds nothing.
macro_rules! unrecorded {
    ($table:literal) => {
        concat!(
            "SELECT id, '' AS other FROM ",
            $table,
            " t \
             WHERE NOT EXISTS (SELECT 1 FROM memory_audit WHERE memory_id = t.id)"
        )
    };
}

/// Something that must not be: what a row of a kind then does, and the rows that do it. `{}` stands
/// for what the row holds.
pub struct Rule {
    pub kind: &'static str,
    pub says: &'static str,
    sql: &'static str,
}

const fn rule(kind: &'static str, says: &'static str, sql: &'static str) -> Rule {
    Rule { kind, says, sql }
}

impl Rule {
    /// Visits the rows that break the rule: their ids and what they hold.
    pub fn for_each(
        &self,
        view: &View<'_>,
        mut visit: impl FnMut(&str, &str) -> Result<()>,
    ) -> Result<()> {
        view.conn.scan(self.sql, &[], |row| visit(&row.text("id")?, &row.text("other")?))
    }
}

/// What nothing that a store does can leave behind.
pub const DANGLING: [Rule; 5] = [
    rule(
        "relationship",
        "starts at the entity {}, which is not there",
        "SELECT id, source_entity_id AS other FROM relationships r \
         WHERE NOT EXISTS (SELECT 1 FROM entities WHERE id = r.source_entity_id)",
    ),
    rule(
        "relationship",
        "ends at the entity {}, which is not there",
        "SELECT id, target_entity_id AS other FROM relationships r \
         WHERE NOT EXISTS (SELECT 1 FROM entities WHERE id = r.target_entity_id)",
    ),
    rule(
        "memory",
        "is graduated and points to no entity",
        "SELECT id, '' AS other FROM memories \
         WHERE status = 'graduated' AND coalesce(graduated_to_entity_id, '') = ''",
    ),
    rule(
        "memory",
        "supersedes itself: its successors lead back to it",
        "SELECT id, '' AS other FROM memories m WHERE superseded_by IS NOT NULL AND id IN ( \
         WITH RECURSIVE next (id) AS (SELECT m.superseded_by UNION \
         SELECT s.superseded_by FROM next JOIN memories s ON s.id = next.id \
         WHERE s.superseded_by IS NOT NULL) SELECT id FROM next)",
    ),
    rule(
        "entity",
        "supersedes itself: its successors lead back to it",
        "SELECT DISTINCT target_entity_id AS id, '' AS other FROM relationships r \
         WHERE relationship_type = 'supersedes' AND status = 'active' AND target_entity_id IN ( \
         WITH RECURSIVE next (id) AS (SELECT r.source_entity_id UNION \
         SELECT s.source_entity_id FROM next JOIN relationships s ON s.target_entity_id = next.id \
         AND s.relationship_type = 'supersedes' AND s.status = 'active') SELECT id FROM next)",
    ),
];

/// References to rows that are not there. A row of which the audit holds nothing never was: an export
/// of one project leaves out what its rows name of others. Each ends with the id of that row.
pub const ABSENT: [Rule; 6] = [
    rule(
        "entity",
        "cites {}, which is not there",
        "SELECT e.id AS id, j.value AS other FROM entities e, \
         json_each(iif(json_valid(e.source_refs), e.source_refs, '[]')) j WHERE \
         substr(j.value, 1, 7) = 'memory:' \
         AND NOT EXISTS (SELECT 1 FROM memories WHERE id = substr(j.value, 8)) \
         OR substr(j.value, 1, 12) = 'interaction:' \
         AND NOT EXISTS (SELECT 1 FROM interactions WHERE id = substr(j.value, 13))",
    ),
    rule(
        "relationship",
        "cites {}, which is not there",
        "SELECT r.id AS id, j.value AS other FROM relationships r, \
         json_each(iif(json_valid(r.source_refs), r.source_refs, '[]')) j WHERE \
         substr(j.value, 1, 7) = 'memory:' \
         AND NOT EXISTS (SELECT 1 FROM memories WHERE id = substr(j.value, 8)) \
         OR substr(j.value, 1, 12) = 'interaction:' \
         AND NOT EXISTS (SELECT 1 FROM interactions WHERE id = substr(j.value, 13))",
    ),
    rule(
        "memory",
        "became the entity {}, which is not there",
        "SELECT id, graduated_to_entity_id AS other FROM memories m \
         WHERE coalesce(graduated_to_entity_id, '') <> '' \
         AND NOT EXISTS (SELECT 1 FROM entities WHERE id = m.graduated_to_entity_id)",
    ),
    rule(
        "memory",
        "is superseded by the memory {}, which is not there",
        "SELECT id, superseded_by AS other FROM memories m WHERE superseded_by IS NOT NULL \
         AND superseded_by <> '' \
         AND NOT EXISTS (SELECT 1 FROM memories WHERE id = m.superseded_by)",
    ),
    rule(
        "conflict",
        "has the member {}, which is not there",
        "SELECT conflict_id AS id, member_kind || ' ' || member_id AS other \
         FROM conflict_members m WHERE NOT CASE member_kind \
         WHEN 'entity' THEN EXISTS (SELECT 1 FROM entities WHERE id = m.member_id) \
         WHEN 'memory' THEN EXISTS (SELECT 1 FROM memories WHERE id = m.member_id) \
         WHEN 'relationship' THEN EXISTS (SELECT 1 FROM relationships WHERE id = m.member_id) \
         WHEN 'project_state' THEN EXISTS (SELECT 1 FROM project_state WHERE id = m.member_id) \
         ELSE 0 END",
    ),
    rule(
        "interaction",
        "used the memory {}, which is not there",
        "SELECT i.id AS id, j.value AS other FROM interactions i, \
         json_each(iif(json_valid(i.memories_used), i.memories_used, '[]')) j \
         WHERE NOT EXISTS (SELECT 1 FROM memories WHERE id = j.value)",
    ),
];

/// References to chunks, which go with the source that they were cut from.
pub const VANISHED: [Rule; 4] = [
    rule(
        "entity",
        "cites {}, which went with its source",
        "SELECT e.id AS id, j.value AS other FROM entities e, \
         json_each(iif(json_valid(e.source_refs), e.source_refs, '[]')) j \
         WHERE substr(j.value, 1, 6) = 'chunk:' \
         AND NOT EXISTS (SELECT 1 FROM source_chunks WHERE id = substr(j.value, 7))",
    ),
    rule(
        "relationship",
        "cites {}, which went with its source",
        "SELECT r.id AS id, j.value AS other FROM relationships r, \
         json_each(iif(json_valid(r.source_refs), r.source_refs, '[]')) j \
         WHERE substr(j.value, 1, 6) = 'chunk:' \
         AND NOT EXISTS (SELECT 1 FROM source_chunks WHERE id = substr(j.value, 7))",
    ),
    rule(
        "memory",
        "was taken from the chunk {}, which went with its source",
        "SELECT id, source_chunk_id AS other FROM memories m WHERE source_chunk_id IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM source_chunks WHERE id = m.source_chunk_id)",
    ),
    rule(
        "interaction",
        "used the chunk {}, which went with its source",
        "SELECT i.id AS id, j.value AS other FROM interactions i, \
         json_each(iif(json_valid(i.chunks_used), i.chunks_used, '[]')) j \
         WHERE NOT EXISTS (SELECT 1 FROM source_chunks WHERE id = j.value)",
    ),
];

/// Words that this program does not know.
pub const UNKNOWN_WORDS: [Rule; 5] = [
    rule(
        "entity",
        "has the unknown status {}",
        "SELECT id, status AS other FROM entities WHERE coalesce(status, '') \
         NOT IN ('candidate', 'active', 'superseded', 'invalid')",
    ),
    rule(
        "memory",
        "has the unknown status {}",
        "SELECT id, status AS other FROM memories WHERE coalesce(status, '') \
         NOT IN ('candidate', 'active', 'superseded', 'invalid', 'graduated')",
    ),
    rule(
        "memory",
        "has the unknown type {}",
        "SELECT id, memory_type AS other FROM memories WHERE coalesce(memory_type, '') NOT IN \
         ('identity', 'preference', 'project', 'episodic', 'knowledge', 'adaptation')",
    ),
    rule(
        "relationship",
        "has the unknown status {}",
        "SELECT id, status AS other FROM relationships WHERE coalesce(status, '') \
         NOT IN ('active', 'superseded', 'invalid')",
    ),
    rule(
        "conflict",
        "has the unknown status {}",
        "SELECT id, status AS other FROM conflicts WHERE coalesce(status, '') \
         NOT IN ('open', 'resolved', 'dismissed')",
    ),
];

/// Texts that should be JSON and are read as what they are.
pub const NO_JSON: [Rule; 9] = [
    rule("entity", "has properties that are no JSON object", no_object!("entities", "properties")),
    rule(
        "interaction",
        "has a context_pack that is no JSON object",
        no_object!("interactions", "context_pack"),
    ),
    rule("chunk", "has metadata that are no JSON object", no_object!("source_chunks", "metadata")),
    rule(
        "entity",
        "has source_refs that are no JSON list of texts",
        no_list!("entities", "source_refs"),
    ),
    rule(
        "relationship",
        "has source_refs that are no JSON list of texts",
        no_list!("relationships", "source_refs"),
    ),
    rule(
        "memory",
        "has domain_tags that are no JSON list of texts",
        no_list!("memories", "domain_tags"),
    ),
    rule(
        "interaction",
        "has memories_used that are no JSON list of texts",
        no_list!("interactions", "memories_used"),
    ),
    rule(
        "interaction",
        "has chunks_used that are no JSON list of texts",
        no_list!("interactions", "chunks_used"),
    ),
    rule(
        "document",
        "has tags that are no JSON list of texts",
        no_list!("source_documents", "tags"),
    ),
];

/// Active entities that nobody signed and that have no source.
pub const UNSOURCED: Rule = rule(
    "entity",
    "is active without a source or a signature",
    "SELECT id, '' AS other FROM entities WHERE status = 'active' AND hand_authored = 0 \
     AND (trim(source_refs) IN ('', '[]') \
     OR iif(json_valid(source_refs), json_array_length(source_refs), 1) = 0)",
);

/// Rows that the audit says nothing of.
pub const UNRECORDED: [Rule; 6] = [
    rule("entity", "has no history", unrecorded!("entities")),
    rule("memory", "has no history", unrecorded!("memories")),
    rule("relationship", "has no history", unrecorded!("relationships")),
    rule("project", "has no history", unrecorded!("projects")),
    rule("state", "has no history", unrecorded!("project_state")),
    rule("conflict", "has no history", unrecorded!("conflicts")),
];

/// Types of entities and of relationships that rows have and an ontology does not, and how many
/// rows have them.
pub fn unknown_types(view: &View<'_>) -> Result<Vec<(String, i64)>> {
    let ontology = view.ontology;
    let entity_types = Json::from(ontology.entity_type_names()).to_string();
    let relationship_types = Json::from(ontology.relationship_type_names()).to_string();
    let sql = "SELECT entity_type AS type, count(*) AS n FROM entities \
         WHERE entity_type NOT IN (SELECT value FROM json_each(?1)) GROUP BY entity_type \
         UNION ALL SELECT relationship_type, count(*) FROM relationships \
         WHERE relationship_type NOT IN (SELECT value FROM json_each(?2)) GROUP BY relationship_type";
    let mut found = Vec::new();
    view.conn.scan(sql, params![&entity_types, &relationship_types], |row| {
        found.push((row.text("type")?, row.integer("n")?));
        Ok(())
    })?;
    Ok(found)
}
