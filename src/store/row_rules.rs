//! Row rules that the schema does not enforce, as one table: references to existing rows, known
//! words, valid JSON.

use serde::Serialize;
use serde_json::Value as Json;

use super::sqlite::sql::SqlValue;
use super::tx::View;
use crate::model::memory::MemoryType;
use crate::model::ontology::SUPERSEDES;
use crate::model::{ConflictStatus, Kind, RelationshipStatus, Result, Status};

/// The way in which a row breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowFault {
    SourceMissing,
    TargetMissing,
    GraduatedToNothing,
    SupersedesItself,
    CitationMissing,
    GraduateMissing,
    SuccessorMissing,
    MemberMissing,
    UsedMemoryMissing,
    CitedChunkGone,
    SourceChunkGone,
    UsedChunkGone,
    UnknownStatus,
    UnknownType,
    UnknownMemberKind,
    /// The column is no JSON object.
    NotAnObject(&'static str),
    /// The column is no JSON list of strings.
    NotATextList(&'static str),
    Unsourced,
    /// The audit log has no entry for the row.
    Unrecorded,
}

/// A rule on the rows of one table.
pub struct RowRule {
    /// The name of such a row in messages.
    pub row_kind: &'static str,
    pub fault: RowFault,
    table: &'static str,
    test: RowTest,
}

enum RowTest {
    /// Each reference in the column must be the id of a row of the table.
    Reference(&'static str, ReferenceForm, &'static str),
    /// The column must hold one of these words.
    Word(&'static str, fn() -> Json),
    Object(&'static str),
    TextList(&'static str),
    Recorded,
    /// A statement that selects the `id` of the rows that break the rule, and its parameters.
    Sql(&'static str, &'static [&'static str]),
}

#[derive(Clone, Copy)]
enum ReferenceForm {
    Id,
    /// An id, or empty.
    OptionalId,
    /// A JSON list of ids.
    Ids,
    /// A JSON list of strings; those with the prefix reference a row.
    Cited(&'static str),
    /// The id of a conflict member of this kind.
    Member(Kind),
}

/// A row that breaks a rule.
pub struct BrokenRow {
    pub id: String,
    /// The stored value; empty if the rule is not about a value.
    pub held: String,
    /// The id of the referenced row.
    pub target: String,
}

const fn entity_rule(fault: RowFault, test: RowTest) -> RowRule {
    RowRule { row_kind: "entity", fault, table: "entities", test }
}

const fn relationship_rule(fault: RowFault, test: RowTest) -> RowRule {
    RowRule { row_kind: "relationship", fault, table: "relationships", test }
}

const fn memory_rule(fault: RowFault, test: RowTest) -> RowRule {
    RowRule { row_kind: "memory", fault, table: "memories", test }
}

const fn interaction_rule(fault: RowFault, test: RowTest) -> RowRule {
    RowRule { row_kind: "interaction", fault, table: "interactions", test }
}

/// Creates a rule on conflict members; the reported row is the conflict.
const fn member_rule(fault: RowFault, test: RowTest) -> RowRule {
    RowRule { row_kind: "conflict", fault, table: "conflict_members", test }
}

const fn row_rule(
    row_kind: &'static str,
    table: &'static str,
    fault: RowFault,
    test: RowTest,
) -> RowRule {
    RowRule { row_kind, fault, table, test }
}

use ReferenceForm::{Cited, Id, Ids, Member, OptionalId};
use RowFault as F;
use RowTest::{Object, Recorded, Reference, Sql, TextList, Word};

pub const RULES: &[RowRule] = &[
    relationship_rule(F::SourceMissing, Reference("source_entity_id", Id, "entities")),
    relationship_rule(F::TargetMissing, Reference("target_entity_id", Id, "entities")),
    memory_rule(F::GraduatedToNothing, Sql(GRADUATED_TO_NOTHING, GRADUATED)),
    memory_rule(F::SupersedesItself, Sql(CIRCLES_OF_MEMORIES, &[])),
    entity_rule(F::SupersedesItself, Sql(CIRCLES_OF_ENTITIES, ACTIVE_SUCCESSION)),
    entity_rule(F::CitationMissing, Reference("source_refs", Cited("memory:"), "memories")),
    entity_rule(
        F::CitationMissing,
        Reference("source_refs", Cited("interaction:"), "interactions"),
    ),
    relationship_rule(F::CitationMissing, Reference("source_refs", Cited("memory:"), "memories")),
    relationship_rule(
        F::CitationMissing,
        Reference("source_refs", Cited("interaction:"), "interactions"),
    ),
    memory_rule(F::GraduateMissing, Reference("graduated_to_entity_id", OptionalId, "entities")),
    memory_rule(F::SuccessorMissing, Reference("superseded_by", OptionalId, "memories")),
    member_rule(F::MemberMissing, Reference("member_id", Member(Kind::Entity), "entities")),
    member_rule(F::MemberMissing, Reference("member_id", Member(Kind::Memory), "memories")),
    member_rule(
        F::MemberMissing,
        Reference("member_id", Member(Kind::Relationship), "relationships"),
    ),
    member_rule(
        F::MemberMissing,
        Reference("member_id", Member(Kind::ProjectState), "project_state"),
    ),
    interaction_rule(F::UsedMemoryMissing, Reference("memories_used", Ids, "memories")),
    entity_rule(F::CitedChunkGone, Reference("source_refs", Cited("chunk:"), "source_chunks")),
    relationship_rule(
        F::CitedChunkGone,
        Reference("source_refs", Cited("chunk:"), "source_chunks"),
    ),
    memory_rule(F::SourceChunkGone, Reference("source_chunk_id", OptionalId, "source_chunks")),
    interaction_rule(F::UsedChunkGone, Reference("chunks_used", Ids, "source_chunks")),
    entity_rule(F::UnknownStatus, Word("status", entity_statuses)),
    memory_rule(F::UnknownStatus, Word("status", memory_statuses)),
    memory_rule(F::UnknownType, Word("memory_type", memory_types)),
    relationship_rule(F::UnknownStatus, Word("status", relationship_statuses)),
    row_rule("conflict", "conflicts", F::UnknownStatus, Word("status", conflict_statuses)),
    member_rule(F::UnknownMemberKind, Word("member_kind", member_kinds)),
    entity_rule(F::NotAnObject("properties"), Object("properties")),
    interaction_rule(F::NotAnObject("context_pack"), Object("context_pack")),
    row_rule("chunk", "source_chunks", F::NotAnObject("metadata"), Object("metadata")),
    entity_rule(F::NotATextList("source_refs"), TextList("source_refs")),
    relationship_rule(F::NotATextList("source_refs"), TextList("source_refs")),
    memory_rule(F::NotATextList("domain_tags"), TextList("domain_tags")),
    interaction_rule(F::NotATextList("memories_used"), TextList("memories_used")),
    interaction_rule(F::NotATextList("chunks_used"), TextList("chunks_used")),
    row_rule("document", "source_documents", F::NotATextList("tags"), TextList("tags")),
    entity_rule(F::Unsourced, Sql(UNSOURCED, ACTIVE)),
    entity_rule(F::Unrecorded, Recorded),
    memory_rule(F::Unrecorded, Recorded),
    relationship_rule(F::Unrecorded, Recorded),
    row_rule("project", "projects", F::Unrecorded, Recorded),
    row_rule("state", "project_state", F::Unrecorded, Recorded),
    row_rule("conflict", "conflicts", F::Unrecorded, Recorded),
];

const ACTIVE: &[&str] = &[Status::Active.as_str()];
const ACTIVE_SUCCESSION: &[&str] = &[Status::Active.as_str(), SUPERSEDES];
const GRADUATED: &[&str] = &[Status::Graduated.as_str()];

const GRADUATED_TO_NOTHING: &str = "
    SELECT id FROM memories WHERE status = ?1 AND coalesce(graduated_to_entity_id, '') = ''";

const CIRCLES_OF_MEMORIES: &str = "
    SELECT id FROM memories m WHERE superseded_by IS NOT NULL AND id IN (
        WITH RECURSIVE next (id) AS (
            SELECT m.superseded_by
            UNION SELECT s.superseded_by FROM next JOIN memories s ON s.id = next.id
            WHERE s.superseded_by IS NOT NULL)
        SELECT id FROM next)";

const CIRCLES_OF_ENTITIES: &str = "
    SELECT DISTINCT target_entity_id AS id FROM relationships r
    WHERE relationship_type = ?2 AND status = ?1 AND target_entity_id IN (
        WITH RECURSIVE next (id) AS (
            SELECT r.source_entity_id
            UNION SELECT s.source_entity_id FROM next
            JOIN relationships s ON s.target_entity_id = next.id
                AND s.relationship_type = ?2 AND s.status = ?1)
        SELECT id FROM next)";

/// Active entities without an author and without a source.
const UNSOURCED: &str = "
    SELECT id FROM entities WHERE status = ?1 AND hand_authored = 0
    AND (trim(source_refs) IN ('', '[]')
        OR iif(json_valid(source_refs), json_array_length(source_refs), 1) = 0)";

fn entity_statuses() -> Json {
    let statuses = Status::ALL.into_iter().filter(|status| *status != Status::Graduated);
    statuses.map(Status::as_str).collect()
}

fn memory_statuses() -> Json {
    Status::ALL.map(Status::as_str).into_iter().collect()
}

fn memory_types() -> Json {
    MemoryType::ALL.map(MemoryType::as_str).into_iter().collect()
}

fn relationship_statuses() -> Json {
    RelationshipStatus::ALL.map(RelationshipStatus::as_str).into_iter().collect()
}

fn conflict_statuses() -> Json {
    ConflictStatus::ALL.map(ConflictStatus::as_str).into_iter().collect()
}

fn member_kinds() -> Json {
    let kinds = [Kind::Entity, Kind::Memory, Kind::Relationship, Kind::ProjectState];
    kinds.map(Kind::as_str).into_iter().collect()
}

impl RowRule {
    /// Visits the rows that break the rule.
    pub fn for_each_broken(
        &self,
        view: &View<'_>,
        mut visit: impl FnMut(BrokenRow) -> Result<()>,
    ) -> Result<()> {
        let (sql, params) = self.statement();
        let params: Vec<SqlValue<'_>> = params.iter().map(|text| SqlValue::Text(text)).collect();
        view.conn.scan(&sql, &params, |row| {
            let (id, held, target) = (row.text("id")?, row.text("held")?, row.text("target")?);
            visit(BrokenRow { id, held, target })
        })
    }

    /// Returns the statement that finds the rows, with its parameters.
    fn statement(&self) -> (String, Vec<String>) {
        let table = self.table;
        let id = if table == "conflict_members" { "conflict_id" } else { "id" };
        let find = |held: &str, target: &str, from: &str, condition: &str| {
            format!(
                "SELECT t.{id} AS id, {held} AS held, {target} AS target \
                 FROM {table} t{from} WHERE {condition}"
            )
        };
        let text = |column: &str| format!("trim(coalesce(t.{column}, ''))");
        let kind = |column: &str| format!("iif(json_valid(t.{column}), json_type(t.{column}), '')");
        match &self.test {
            Reference(column, form, target) => self.reference(find, column, *form, target),
            Word(column, words) => {
                let held = format!("t.{column}");
                let condition =
                    format!("coalesce({held}, '') NOT IN (SELECT value FROM json_each(?1))");
                (find(&held, "''", "", &condition), vec![words().to_string()])
            }
            Object(column) => {
                let condition = format!("{} <> '' AND {} <> 'object'", text(column), kind(column));
                (find("''", "''", "", &condition), Vec::new())
            }
            TextList(column) => {
                let condition = format!(
                    "{} <> '' AND ({} <> 'array' OR EXISTS \
                     (SELECT 1 FROM json_each(t.{column}) WHERE type <> 'text'))",
                    text(column),
                    kind(column)
                );
                (find("''", "''", "", &condition), Vec::new())
            }
            Recorded => {
                let condition = "NOT EXISTS (SELECT 1 FROM memory_audit WHERE memory_id = t.id)";
                (find("''", "''", "", condition), Vec::new())
            }
            Sql(sql, params) => {
                let params = params.iter().map(|text| (*text).to_owned()).collect();
                (format!("SELECT id, '' AS held, '' AS target FROM ({sql})"), params)
            }
        }
    }

    fn reference(
        &self,
        find: impl Fn(&str, &str, &str, &str) -> String,
        column: &str,
        form: ReferenceForm,
        target: &str,
    ) -> (String, Vec<String>) {
        let missing = |id: &str| format!("NOT EXISTS (SELECT 1 FROM {target} WHERE id = {id})");
        let own = format!("t.{column}");
        let listed = format!(", json_each(iif(json_valid(t.{column}), t.{column}, '[]')) j");
        match form {
            Id => (find(&own, &own, "", &missing(&own)), Vec::new()),
            OptionalId => {
                let condition = format!("coalesce({own}, '') <> '' AND {}", missing(&own));
                (find(&own, &own, "", &condition), Vec::new())
            }
            Ids => (find("j.value", "j.value", &listed, &missing("j.value")), Vec::new()),
            Cited(prefix) => {
                let cited = "substr(j.value, length(?1) + 1)";
                let condition =
                    format!("substr(j.value, 1, length(?1)) = ?1 AND {}", missing(cited));
                (find("j.value", cited, &listed, &condition), vec![prefix.to_owned()])
            }
            Member(kind) => {
                let held = format!("t.member_kind || ' ' || {own}");
                let condition = format!("t.member_kind = ?1 AND {}", missing(&own));
                (find(&held, &own, "", &condition), vec![kind.as_str().to_owned()])
            }
        }
    }
}
