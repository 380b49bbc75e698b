//! Row rules that the schema does not enforce, as one table: references to existing rows, known
//! words, valid JSON.

use serde::Serialize;
use serde_json::Value as Json;

use super::sqlite::sql::SqlValue;
use super::tx::View;
use crate::model::memory::MemoryType;
use crate::model::ontology::SUPERSEDES;
use crate::model::revision::RevisionStatus;
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

/// The name of a row in messages, and its table.
type Rows = (&'static str, &'static str);

const ENTITY: Rows = ("entity", "entities");
const RELATIONSHIP: Rows = ("relationship", "relationships");
const MEMORY: Rows = ("memory", "memories");
const INTERACTION: Rows = ("interaction", "interactions");
const CONFLICT: Rows = ("conflict", "conflicts");
const REVISION: Rows = ("revision", "revisions");
/// Rules on conflict members report the conflict.
const MEMBER: Rows = ("conflict", "conflict_members");

const fn row_rule((row_kind, table): Rows, fault: RowFault, test: RowTest) -> RowRule {
    RowRule { row_kind, fault, table, test }
}

use ReferenceForm::{Cited, Id, Ids, Member, OptionalId};
use RowFault as F;
use RowTest::{Object, Recorded, Reference, Sql, TextList, Word};

pub const RULES: &[RowRule] = &[
    row_rule(RELATIONSHIP, F::SourceMissing, Reference("source_entity_id", Id, "entities")),
    row_rule(RELATIONSHIP, F::TargetMissing, Reference("target_entity_id", Id, "entities")),
    row_rule(MEMORY, F::GraduatedToNothing, Sql(GRADUATED_TO_NOTHING, GRADUATED)),
    row_rule(MEMORY, F::SupersedesItself, Sql(CIRCLES_OF_MEMORIES, &[])),
    row_rule(ENTITY, F::SupersedesItself, Sql(CIRCLES_OF_ENTITIES, ACTIVE_SUCCESSION)),
    row_rule(ENTITY, F::CitationMissing, Reference("source_refs", Cited("memory:"), "memories")),
    row_rule(
        ENTITY,
        F::CitationMissing,
        Reference("source_refs", Cited("interaction:"), "interactions"),
    ),
    row_rule(
        RELATIONSHIP,
        F::CitationMissing,
        Reference("source_refs", Cited("memory:"), "memories"),
    ),
    row_rule(
        RELATIONSHIP,
        F::CitationMissing,
        Reference("source_refs", Cited("interaction:"), "interactions"),
    ),
    row_rule(
        MEMORY,
        F::GraduateMissing,
        Reference("graduated_to_entity_id", OptionalId, "entities"),
    ),
    row_rule(MEMORY, F::SuccessorMissing, Reference("superseded_by", OptionalId, "memories")),
    row_rule(MEMBER, F::MemberMissing, Reference("member_id", Member(Kind::Entity), "entities")),
    row_rule(MEMBER, F::MemberMissing, Reference("member_id", Member(Kind::Memory), "memories")),
    row_rule(
        MEMBER,
        F::MemberMissing,
        Reference("member_id", Member(Kind::Relationship), "relationships"),
    ),
    row_rule(
        MEMBER,
        F::MemberMissing,
        Reference("member_id", Member(Kind::ProjectState), "project_state"),
    ),
    row_rule(INTERACTION, F::UsedMemoryMissing, Reference("memories_used", Ids, "memories")),
    row_rule(ENTITY, F::CitedChunkGone, Reference("source_refs", Cited("chunk:"), "source_chunks")),
    row_rule(
        RELATIONSHIP,
        F::CitedChunkGone,
        Reference("source_refs", Cited("chunk:"), "source_chunks"),
    ),
    row_rule(MEMORY, F::SourceChunkGone, Reference("source_chunk_id", OptionalId, "source_chunks")),
    row_rule(INTERACTION, F::UsedChunkGone, Reference("chunks_used", Ids, "source_chunks")),
    row_rule(ENTITY, F::UnknownStatus, Word("status", entity_statuses)),
    row_rule(MEMORY, F::UnknownStatus, Word("status", memory_statuses)),
    row_rule(MEMORY, F::UnknownType, Word("memory_type", memory_types)),
    row_rule(RELATIONSHIP, F::UnknownStatus, Word("status", relationship_statuses)),
    row_rule(CONFLICT, F::UnknownStatus, Word("status", conflict_statuses)),
    row_rule(MEMBER, F::UnknownMemberKind, Word("member_kind", member_kinds)),
    row_rule(ENTITY, F::NotAnObject("properties"), Object("properties")),
    row_rule(INTERACTION, F::NotAnObject("context_pack"), Object("context_pack")),
    row_rule(("chunk", "source_chunks"), F::NotAnObject("metadata"), Object("metadata")),
    row_rule(ENTITY, F::NotATextList("source_refs"), TextList("source_refs")),
    row_rule(RELATIONSHIP, F::NotATextList("source_refs"), TextList("source_refs")),
    row_rule(MEMORY, F::NotATextList("domain_tags"), TextList("domain_tags")),
    row_rule(INTERACTION, F::NotATextList("memories_used"), TextList("memories_used")),
    row_rule(INTERACTION, F::NotATextList("chunks_used"), TextList("chunks_used")),
    row_rule(("document", "source_documents"), F::NotATextList("tags"), TextList("tags")),
    row_rule(ENTITY, F::Unsourced, Sql(UNSOURCED, ACTIVE)),
    row_rule(ENTITY, F::Unrecorded, Recorded),
    row_rule(MEMORY, F::Unrecorded, Recorded),
    row_rule(RELATIONSHIP, F::Unrecorded, Recorded),
    row_rule(("project", "projects"), F::Unrecorded, Recorded),
    row_rule(("state", "project_state"), F::Unrecorded, Recorded),
    row_rule(CONFLICT, F::Unrecorded, Recorded),
    row_rule(REVISION, F::UnknownStatus, Word("status", revision_statuses)),
    row_rule(REVISION, F::NotAnObject("base"), Object("base")),
    row_rule(REVISION, F::NotAnObject("changes"), Object("changes")),
    row_rule(REVISION, F::Unrecorded, Recorded),
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

fn revision_statuses() -> Json {
    RevisionStatus::ALL.map(RevisionStatus::as_str).as_slice().into()
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
        let (column, test) = match &self.test {
            Reference(column, form, target) => return self.reference(column, *form, target),
            Word(column, words) => {
                let held = format!("t.{column}");
                let unknown =
                    format!("coalesce({held}, '') NOT IN (SELECT value FROM json_each(?1))");
                return (self.find(&held, "''", "", &unknown), vec![words().to_string()]);
            }
            Sql(sql, params) => {
                let params = params.iter().map(|text| (*text).to_owned()).collect();
                return (format!("SELECT id, '' AS held, '' AS target FROM ({sql})"), params);
            }
            Recorded => {
                let unrecorded = "NOT EXISTS (SELECT 1 FROM memory_audit WHERE memory_id = t.id)";
                return (self.find("''", "''", "", unrecorded), Vec::new());
            }
            Object(column) => (column, "<> 'object'".to_owned()),
            TextList(column) => {
                let other = format!("SELECT 1 FROM json_each(t.{column}) WHERE type <> 'text'");
                (column, format!("<> 'array' OR EXISTS ({other})"))
            }
        };
        let condition = format!(
            "trim(coalesce(t.{column}, '')) <> '' \
             AND (iif(json_valid(t.{column}), json_type(t.{column}), '') {test})"
        );
        (self.find("''", "''", "", &condition), Vec::new())
    }

    fn find(&self, held: &str, target: &str, from: &str, condition: &str) -> String {
        let table = self.table;
        let id = if table == "conflict_members" { "conflict_id" } else { "id" };
        format!(
            "SELECT t.{id} AS id, {held} AS held, {target} AS target \
             FROM {table} t{from} WHERE {condition}"
        )
    }

    fn reference(&self, column: &str, form: ReferenceForm, table: &str) -> (String, Vec<String>) {
        let own = format!("t.{column}");
        let member_held = format!("t.member_kind || ' ' || {own}");
        let listed = format!(", json_each(iif(json_valid({own}), {own}, '[]')) j");
        // The value shown, the id in it, the rows of a list, the condition, and its parameter.
        let (held, id, from, more, parameter) = match form {
            Id => (&*own, &*own, "", String::new(), None),
            OptionalId => (&*own, &*own, "", format!("coalesce({own}, '') <> '' AND "), None),
            Ids => ("j.value", "j.value", &*listed, String::new(), None),
            Cited(prefix) => {
                let cited = "substr(j.value, 1, length(?1)) = ?1 AND ".to_owned();
                ("j.value", "substr(j.value, length(?1) + 1)", &*listed, cited, Some(prefix))
            }
            Member(kind) => {
                let member = "t.member_kind = ?1 AND ".to_owned();
                (&*member_held, &*own, "", member, Some(kind.as_str()))
            }
        };
        let missing = format!("{more}NOT EXISTS (SELECT 1 FROM {table} WHERE id = {id})");
        (self.find(held, id, from, &missing), parameter.map(str::to_owned).into_iter().collect())
    }
}
