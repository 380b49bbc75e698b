//! A line of an import: parsed, and refused with the reason if it is none.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::import_history::{take_history, take_status};
use crate::model::imported_history::ImportedHistory;
use crate::model::json_loss::find_loss;
use crate::model::{Error, Result};
use crate::ops::record::validate;
use crate::ops::write::entities::NewEntity;
use crate::ops::write::memories::NewMemory;
use crate::ops::write::projects::Registration;
use crate::ops::write::relationships::NewRelationship;
use crate::ops::write::state::StateChange;

/// A parsed line of the file.
#[derive(Debug, Clone)]
pub enum ImportLine {
    Project(Registration),
    Memory(Option<String>, NewMemory, ImportedHistory),
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

impl ImportLine {
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |problem: String| Error::invalid("line", problem, "Correct the line.");
        let mut value: Value =
            serde_json::from_str(text).map_err(|error| refuse(format!("not JSON: {error}")))?;
        if let Some(loss) = find_loss(text) {
            return Err(loss.into_error(""));
        }
        let Some(object) = value.as_object_mut() else {
            return Err(refuse("it is not a JSON object".to_owned()));
        };
        let kind = object.remove("type");
        let key = |object: &mut serde_json::Map<String, Value>| {
            let key = match object.remove("key") {
                None | Some(Value::Null) => return Ok(None),
                Some(Value::String(key)) => key,
                Some(other) => other.to_string(),
            };
            // Keys stay in memory until the end of the file.
            validate::at_most("key", key.chars().count(), validate::MAX_NAME, "characters")?;
            Ok(Some(key))
        };
        match kind.as_ref().and_then(Value::as_str) {
            Some("project") => read(value).map(ImportLine::Project),
            Some("memory") => {
                let key = key(object)?;
                let history = take_status(object, "a memory")?;
                read(value).map(|new| ImportLine::Memory(key, new, history))
            }
            Some("entity") => {
                let key = key(object)?;
                let imported = take_history(object)?;
                let new = NewEntity { imported, ..read(value)? };
                if !new.relationships.is_empty() {
                    return Err(refuse("write relationships as lines of their own".to_owned()));
                }
                Ok(ImportLine::Entity(key, new))
            }
            Some("relationship") => read(value).map(|line: RelationshipLine| {
                ImportLine::Relationship(NewRelationship {
                    relationship_type: line.relationship_type,
                    source_id: line.source,
                    target_id: line.target,
                    confidence: line.confidence,
                    source_refs: line.source_refs,
                    end: false,
                })
            }),
            Some("project_state") => read(value).map(ImportLine::State),
            _ => Err(refuse(
                "its type is not project, memory, entity, relationship or project_state".to_owned(),
            )),
        }
    }

    /// Returns the line's `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Project(_) => "project",
            Self::Memory(..) => "memory",
            Self::Entity(..) => "entity",
            Self::Relationship(_) => "relationship",
            Self::State(_) => "project_state",
        }
    }

    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Memory(key, ..) | Self::Entity(key, _) => key.as_deref(),
            Self::Project(_) | Self::Relationship(_) | Self::State(_) => None,
        }
    }

    /// Returns whether the line writes a single row, after validating everything.
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Memory(..) | Self::Relationship(_))
    }

    /// Returns the pass over the file that stores a line, so that a line may reference a later one.
    /// Reads only the line's type, so the result for an invalid line may be wrong.
    pub fn pass_of(text: &str) -> Option<usize> {
        #[derive(Deserialize)]
        struct Typed<'t> {
            #[serde(rename = "type", borrow)]
            kind: Cow<'t, str>,
        }
        let typed: Typed<'_> = serde_json::from_str(text).ok()?;
        PASSES.iter().position(|kind| *kind == typed.kind)
    }

    /// As [`Self::pass_of`], for a parsed line.
    pub fn pass(&self) -> Option<usize> {
        PASSES.iter().position(|kind| *kind == self.kind())
    }
}

/// The types of lines that each pass stores, in order.
pub const PASSES: [&str; 5] = ["project", "memory", "entity", "relationship", "project_state"];

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T> {
    validate::parse_fields("", "line", value, "Correct the line.")
}
