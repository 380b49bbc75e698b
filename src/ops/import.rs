//! Rows from JSON lines: each line is taken whole or refused with a reason.

use serde::Deserialize;
use serde_json::Value;

use crate::model::{Conflict, Error, Result};
use crate::ops::batch::Keys;
use crate::ops::conflicts;
use crate::ops::entities::{self, NewEntity, Sameness};
use crate::ops::memories::{self, NewMemory};
use crate::ops::projects::{self, Registration};
use crate::ops::relationships::{self, NewRelationship};
use crate::ops::state::{self, StateChange};
use crate::store::Tx;

/// A line of the file, taken apart.
#[derive(Debug, Clone)]
pub enum Line {
    Project(Registration),
    Memory(Option<String>, NewMemory),
    Entity(Option<String>, NewEntity),
    Relationship(NewRelationship),
    State(StateChange),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelationshipLine {
    source: String,
    relationship_type: String,
    target: String,
    confidence: Option<f64>,
    #[serde(default)]
    source_refs: Vec<String>,
}

impl Line {
    /// Reads one line of JSON.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |problem: String| Error::invalid("line", problem, "Mend the line.");
        let mut value: Value =
            serde_json::from_str(text).map_err(|error| refuse(format!("not JSON: {error}")))?;
        let Some(object) = value.as_object_mut() else {
            return Err(refuse("it is not a JSON object".to_owned()));
        };
        let kind = object.remove("type");
        let key = |object: &mut serde_json::Map<String, Value>| match object.remove("key") {
            None | Some(Value::Null) => None,
            Some(Value::String(key)) => Some(key),
            Some(other) => Some(other.to_string()),
        };
        match kind.as_ref().and_then(Value::as_str) {
            Some("project") => read(value).map(Line::Project),
            Some("memory") => {
                let key = key(object);
                read(value).map(|new| Line::Memory(key, new))
            }
            Some("entity") => {
                let key = key(object);
                let new: NewEntity = read(value)?;
                if !new.relationships.is_empty() {
                    return Err(refuse("write relationships as lines of their own".to_owned()));
                }
                Ok(Line::Entity(key, new))
            }
            Some("relationship") => read(value).map(|line: RelationshipLine| {
                Line::Relationship(NewRelationship {
                    relationship_type: line.relationship_type,
                    source_id: line.source,
                    target_id: line.target,
                    confidence: line.confidence,
                    source_refs: line.source_refs,
                    end: false,
                })
            }),
            Some("project_state") => read(value).map(Line::State),
            _ => Err(refuse(
                "its type is not project, memory, entity, relationship or project_state".to_owned(),
            )),
        }
    }

    /// The line's `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Project(_) => "project",
            Self::Memory(..) => "memory",
            Self::Entity(..) => "entity",
            Self::Relationship(_) => "relationship",
            Self::State(_) => "project_state",
        }
    }

    /// In which of the passes over the file the line is stored, so that a line may name what
    /// stands below it.
    pub fn pass(&self) -> usize {
        match self {
            Self::Project(_) => 0,
            Self::Memory(..) => 1,
            Self::Entity(..) => 2,
            Self::Relationship(_) => 3,
            Self::State(_) => 4,
        }
    }
}

/// How many passes there are.
pub const PASSES: usize = 5;

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "line".to_owned() } else { path };
        Error::invalid(field, error.into_inner().to_string(), "Mend the line.")
    })
}

/// What storing a line did.
#[derive(Debug, Clone)]
pub struct Stored {
    pub created: bool,
    /// The project that an entity or a memory went to.
    pub project: Option<String>,
    /// The project that was registered for the first fact of its trusted state.
    pub registered: Option<String>,
    pub conflicts: Vec<Conflict>,
}

/// Stores one line: all of it, or nothing.
pub fn store(tx: &Tx<'_>, line: &Line, keys: &mut Keys, note: &str) -> Result<Stored> {
    let mut bound = None;
    let mut project = None;
    let mut registered = None;
    let stored = tx.attempt(|| {
        let created = match line {
            Line::Project(wish) => projects::register(tx, wish, note)?.created,
            Line::Memory(key, new) => {
                let made = memories::create_unless(tx, new, Sameness::OfAnyStatus, note)?;
                bound = Some((key.as_deref(), made.row.id));
                project = Some(made.row.project);
                made.created
            }
            Line::Entity(key, new) => {
                let new = keys.cite(new);
                let made = entities::create_alone(tx, &new, Sameness::OfAnyStatus, note)?;
                bound = Some((key.as_deref(), made.row.id));
                project = Some(made.row.project);
                made.created
            }
            Line::Relationship(new) => {
                relationships::create_once(tx, &keys.tie(new.clone()), note)?.changed
            }
            Line::State(wish) => {
                let set = state::set(tx, wish, note)?;
                registered = set.registered.then_some(set.project.name);
                set.changed
            }
        };
        if let Some((key, id)) = &bound {
            keys.bind(*key, id)?;
        }
        let conflicts = conflicts::detect(tx)?;
        Ok(Stored { created, project: project.take(), registered: registered.take(), conflicts })
    })?;
    Ok(stored)
}
