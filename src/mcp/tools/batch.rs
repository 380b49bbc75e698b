//! Many rows in one call.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::about;
use super::entities::not_taken_line;
use crate::mcp::answer::Answer;
use crate::mcp::limits;
use crate::mcp::outputs::BatchCreated;
use crate::mcp::rows::{
    entity_brief, entity_line, memory_brief, memory_line, relationship_line, unregistered_line,
};
use crate::mcp::schema;
use crate::mcp::tool::{Call, Effect, Tool};
use crate::model::text::without_value;
use crate::model::{Error, Result};
use crate::ops::batch::{self, Batch, Made};
use crate::ops::relationships::NewRelationship;
use crate::ops::{checks, projects};
use crate::store::Tx;

pub fn tools() -> Vec<Tool> {
    vec![Tool::write::<CreateBatch, BatchCreated>(
        about("create_batch", "Create batch", Effect::Adds, CREATE_BATCH),
        create,
    )]
}

const CREATE_BATCH: &str = "Up to 200 rows, all or nothing. Give rows a key of your own; \
    relationships and memory:<key> sources may use it in place of an id.";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateBatch {
    /// As in create_entity; key is optional.
    #[serde(default)]
    entities: Vec<Map<String, Value>>,
    /// relationship_type, source_id and target_id (ids or keys), source_refs.
    #[serde(default)]
    relationships: Vec<Map<String, Value>>,
    /// As in create_memory; key is optional.
    #[serde(default)]
    memories: Vec<Map<String, Value>>,
    /// For rows that name none.
    project: Option<String>,
}

impl CreateBatch {
    fn into_batch(self) -> Result<Batch> {
        let project = self.project.as_deref();
        let mut relationships = Vec::new();
        let known = schema::input::<NewRelationship>();
        for (index, mut fields) in self.relationships.into_iter().enumerate() {
            schema::coerce(&known, &mut fields);
            let link: NewRelationship = read("relationships", index, fields)?;
            if link.end {
                return Err(Error::invalid(
                    format!("relationships[{index}].end"),
                    "a batch only creates",
                    "End links with create_relationship.",
                ));
            }
            relationships.push(link);
        }
        Ok(Batch {
            entities: keyed("entities", self.entities, project)?,
            relationships,
            memories: keyed("memories", self.memories, project)?,
        })
    }
}

fn keyed<T: DeserializeOwned + JsonSchema>(
    list: &str,
    rows: Vec<Map<String, Value>>,
    project: Option<&str>,
) -> Result<Vec<(Option<String>, T)>> {
    let known = schema::input::<T>();
    rows.into_iter()
        .enumerate()
        .map(|(index, mut fields)| {
            let key = match fields.shift_remove("key") {
                None | Some(Value::Null) => None,
                Some(Value::String(key)) => Some(key),
                Some(other) => Some(other.to_string()),
            };
            let length = key.iter().map(|key| key.chars().count()).sum();
            let what = format!("{list}[{index}].key");
            checks::at_most(&what, length, checks::MAX_NAME, "characters")?;
            schema::coerce(&known, &mut fields);
            limits::check(&format!("{list}[{index}]."), &fields)?;
            if let Some(project) = project {
                fields.entry("project").or_insert_with(|| Value::from(project));
            }
            Ok((key, read(list, index, fields)?))
        })
        .collect()
}

fn read<T: DeserializeOwned>(list: &str, index: usize, fields: Map<String, Value>) -> Result<T> {
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { format!(".{path}") };
        Error::invalid(
            format!("{list}[{index}]{path}"),
            without_value(&error.into_inner().to_string()).into_owned(),
            "Nothing of the batch was stored; mend this row and send all again.",
        )
    })
}

fn create(tx: &Tx<'_>, call: &Call, wish: CreateBatch) -> Result<Answer> {
    let made = batch::create(tx, &wish.into_batch()?, &call.note)?;
    let created = made.entities.iter().filter(|(_, row)| row.created).count()
        + made.relationships.iter().filter(|row| row.changed).count()
        + made.memories.iter().filter(|(_, row)| row.created).count();
    let all = made.entities.len() + made.relationships.len() + made.memories.len();
    let answer =
        Answer::new().line(format!("created {created} rows, {} already there", all - created));
    Ok(name_projects(tx, answer, &made)?
        .some("entities", &made.entities, all, |(key, made)| {
            let value = tagged(entity_brief(&made.row), key.as_ref(), made.created);
            with_differing(entity_line(&made.row), value, &made.differing)
        })
        .some("relationships", &made.relationships, all, |made| {
            let value = json!({ "relationship_id": made.row.id, "created": made.changed });
            (vec![relationship_line(&made.row)], value)
        })
        .some("memories", &made.memories, all, |(key, made)| {
            let value = tagged(memory_brief(&made.row), key.as_ref(), made.created);
            with_differing(memory_line(&made.row), value, &made.differing)
        })
        .with("created", created)
        .with("existing", all - created)
        .next("list_candidates shows what waits for approval."))
}

/// The row with what became of it, and with its key.
fn tagged(mut row: Value, key: Option<&String>, created: bool) -> Value {
    row["created"] = json!(created);
    if let Some(key) = key {
        row["key"] = json!(key);
    }
    row
}

/// The row with what was given and is not in the row that was there already.
fn with_differing(
    line: String,
    mut value: Value,
    differing: &[&'static str],
) -> (Vec<String>, Value) {
    let mut lines = vec![line];
    if !differing.is_empty() {
        lines.push(format!("  {}", not_taken_line(differing)));
        value["differing"] = json!(differing);
    }
    (lines, value)
}

/// Says which projects the rows went to, and which of them nobody registered.
fn name_projects(tx: &Tx<'_>, mut answer: Answer, made: &Made) -> Result<Answer> {
    let entities = made.entities.iter().map(|(_, made)| made.row.project.as_str());
    let memories = made.memories.iter().map(|(_, made)| made.row.project.as_str());
    let names: BTreeSet<&str> = entities.chain(memories).collect();
    let mut used = Vec::new();
    for name in names {
        let project = projects::resolve(tx, name)?;
        if let Some(line) = unregistered_line(&project) {
            answer = answer.line(line);
        }
        used.push(json!(project));
    }
    Ok(answer.with("projects_used", used))
}
