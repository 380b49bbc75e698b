//! Creates many rows in one call.

use std::collections::BTreeSet;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entities::{LinkResult, differing_line};
use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Effect, Operation, WriteOperation};
use crate::app::present::memories::{MemoryBrief, SimilarMemory, similar_memories};
use crate::app::present::rows::{EntityBrief, ProjectUsed, entity_briefs};
use crate::app::present::text::Text;
use crate::app::present::uids::UidHolderView;
use crate::app::{limits, schema};
use crate::model::text::count_noun;
use crate::model::{NextStep, Result};
use crate::ops::read::marks::RowMarks;
use crate::ops::record::validate;
use crate::ops::write::batch::{self, Batch, Made};
use crate::ops::write::entities::NewEntity;
use crate::ops::write::memories::NewMemory;
use crate::ops::write::projects;
use crate::ops::write::relationships::NewRelationship;
use crate::store::Tx;

/// Creates many rows in one transaction.
pub struct CreateBatch;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBatchArgs {
    /// As in create_entity, with all its fields.
    #[serde(default)]
    #[schemars(schema_with = "describe_entities")]
    entities: Vec<Map<String, Value>>,
    /// By ids or keys.
    #[serde(default)]
    #[schemars(schema_with = "describe_relationships")]
    relationships: Vec<Map<String, Value>>,
    /// As in create_memory.
    #[serde(default)]
    #[schemars(schema_with = "describe_memories")]
    memories: Vec<Map<String, Value>>,
    /// For rows that name none.
    project: Option<String>,
}

/// The rows of a batch, in order.
#[derive(Serialize, JsonSchema)]
pub struct CreatedBatch {
    /// Number of new rows.
    created: usize,
    /// Number of existing rows.
    existing: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entities: Vec<BatchRow<EntityBrief, EntityBrief>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relationships: Vec<LinkResult>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    memories: Vec<BatchRow<MemoryBrief, SimilarMemory>>,
    projects_used: Vec<ProjectUsed>,
}

/// A row of a batch.
#[derive(Serialize, JsonSchema)]
pub struct BatchRow<B, S> {
    #[serde(flatten)]
    row: B,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    created: bool,
    /// Other rows with its name; of a memory with the same words or beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    similar: Vec<S>,
    /// The active row that holds its uid.
    #[serde(skip_serializing_if = "Option::is_none")]
    uid_holder: Option<UidHolderView>,
    /// Given fields whose values differ in the existing row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differing: Vec<String>,
}

impl Operation for CreateBatch {
    type Args = CreateBatchArgs;
    type Output = CreatedBatch;
    const ABOUT: About = About::new(
        "create_batch",
        "Create batch",
        Effect::Adds,
        "Create up to 200 rows, all or nothing. Give rows a key of your own; relationships \
         and memory:<key> sources may use it in place of an id.",
    );
}

impl CreateBatchArgs {
    fn into_batch(self) -> Result<Batch> {
        let project = self.project.as_deref();
        let known = schema::input_schema::<NewRelationship>();
        let relationships = self.relationships.into_iter().enumerate();
        let relationships = relationships
            .map(|(index, fields)| parse_row(&known, "relationships", index, fields))
            .collect::<Result<_>>()?;
        Ok(Batch {
            entities: parse_keyed("entities", self.entities, project)?,
            relationships,
            memories: parse_keyed("memories", self.memories, project)?,
        })
    }
}

fn describe_entities(_: &mut SchemaGenerator) -> Schema {
    let names =
        ["key", "entity_type", "name", "description", "properties", "source_refs", "status"];
    schema::list_schema::<NewEntity>(&names)
}

fn describe_relationships(_: &mut SchemaGenerator) -> Schema {
    schema::list_schema::<NewRelationship>(&["relationship_type", "source_id", "target_id"])
}

fn describe_memories(_: &mut SchemaGenerator) -> Schema {
    schema::list_schema::<NewMemory>(&["key", "memory_type", "content", "subject", "status"])
}

fn parse_keyed<T: DeserializeOwned + JsonSchema>(
    list: &str,
    rows: Vec<Map<String, Value>>,
    project: Option<&str>,
) -> Result<Vec<(Option<String>, T)>> {
    let known = schema::input_schema::<T>();
    let parse = |(index, mut fields): (usize, Map<String, Value>)| {
        let key = match fields.shift_remove("key") {
            None | Some(Value::Null) => None,
            Some(Value::String(key)) => Some(key),
            Some(other) => Some(other.to_string()),
        };
        let length = key.iter().map(|key| key.chars().count()).sum();
        let place = format!("{list}[{index}].key");
        validate::at_most(&place, length, validate::MAX_NAME, "characters")?;
        limits::check_arguments(&format!("{list}[{index}]."), &fields)?;
        if let Some(project) = project {
            fields.entry("project").or_insert_with(|| Value::from(project));
        }
        Ok((key, parse_row(&known, list, index, fields)?))
    };
    rows.into_iter().enumerate().map(parse).collect()
}

fn parse_row<T: DeserializeOwned>(
    known: &Map<String, Value>,
    list: &str,
    index: usize,
    mut fields: Map<String, Value>,
) -> Result<T> {
    schema::coerce_arguments(known, CreateBatch::BLANK_VALUES, &mut fields)?;
    let (place, fields) = (format!("{list}[{index}]"), Value::Object(fields));
    let hint = "Nothing of the batch was stored; correct this row and send all again.";
    validate::parse_fields(&format!("{place}."), &place, fields, hint)
}

impl WriteOperation for CreateBatch {
    fn run(tx: &Tx<'_>, args: CreateBatchArgs, note: &str) -> Result<Written<CreatedBatch>> {
        let made = batch::create(tx, &args.into_batch()?, note)?;
        let created = made.entities.iter().filter(|(_, row)| row.created).count()
            + made.relationships.iter().filter(|row| row.changed).count()
            + made.memories.iter().filter(|(_, row)| row.created).count();
        let all = made.entities.len() + made.relationships.len() + made.memories.len();
        let projects_used = resolve_projects(tx, &made)?;
        let one = match projects_used.as_slice() {
            [only] => Some(only.name.as_str()),
            _ => None,
        };
        let names =
            |fields: &[&'static str]| fields.iter().map(|name| (*name).to_owned()).collect();
        let marks = RowMarks::of_rows(tx, made.entities.iter().map(|(_, made)| &made.row))?;
        let entities = made.entities.into_iter().map(|(key, made)| {
            Ok(BatchRow {
                row: EntityBrief::new(tx, &made.row, &marks, one)?,
                similar: entity_briefs(tx, &made.similar, &made.row.project)?,
                key,
                created: made.created,
                uid_holder: made.uid_holder.as_ref().map(UidHolderView::new),
                differing: names(&made.differing),
            })
        });
        let marks = RowMarks::of_rows(tx, made.memories.iter().map(|(_, made)| &made.row))?;
        let memories = made.memories.into_iter().map(|(key, made)| {
            Ok(BatchRow {
                row: MemoryBrief::new(tx, &made.row, &marks, one)?,
                similar: similar_memories(tx, &made.similar, &made.row)?,
                key,
                created: made.created,
                uid_holder: made.uid_holder.as_ref().map(UidHolderView::new),
                differing: names(&made.differing),
            })
        });
        let links = made.relationships.iter().map(|link| LinkResult::new(tx, link));
        let output = CreatedBatch {
            created,
            existing: all - created,
            entities: entities.collect::<Result<_>>()?,
            relationships: links.collect::<Result<_>>()?,
            memories: memories.collect::<Result<_>>()?,
            projects_used,
        };
        let registration = output.projects_used.iter().find(|used| used.warning().is_some());
        let registration = registration.map(ProjectUsed::registration);
        let next = (created > 0).then_some(NextStep::ReviewCandidates);
        Ok(Written::new(output, None, NextStep::join_steps(next, registration)))
    }
}

/// Returns the projects of the created rows.
fn resolve_projects(tx: &Tx<'_>, made: &Made) -> Result<Vec<ProjectUsed>> {
    let entities = made.entities.iter().map(|(_, made)| made.row.project.as_str());
    let memories = made.memories.iter().map(|(_, made)| made.row.project.as_str());
    let names: BTreeSet<&str> = entities.chain(memories).collect();
    let used = names.into_iter().map(|name| Ok(ProjectUsed::new(&projects::resolve(tx, name)?)));
    used.collect()
}

impl Output for CreatedBatch {
    fn write_text(&self, text: &mut Text) {
        let created = count_noun(self.created, "row");
        text.line(format!("created {created}, {} already there", self.existing));
        text.lines(self.projects_used.iter().filter_map(ProjectUsed::warning));
        for row in &self.entities {
            text.line(row.row.line());
            let similar = row.similar.iter().map(|other| format!("  similar: {}", other.line()));
            text.lines(similar);
            let holder = row.uid_holder.as_ref().map(|holder| holder.line(&row.row.entity_id));
            text.lines(holder.map(|line| format!("  {line}")));
            text.lines(differing_line(&row.differing).map(|line| format!("  {line}")));
        }
        text.lines(self.relationships.iter().map(LinkResult::line));
        for row in &self.memories {
            text.line(row.row.line());
            text.lines(row.similar.iter().map(|other| format!("  {}", other.line())));
            let holder = row.uid_holder.as_ref().map(|holder| holder.line(&row.row.memory_id));
            text.lines(holder.map(|line| format!("  {line}")));
            text.lines(differing_line(&row.differing).map(|line| format!("  {line}")));
        }
    }
}
