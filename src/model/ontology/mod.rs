//! The ontology: entity types, the relationship types between them, and single-valued slots.
//!
//! It is data: `builtin` is the built-in table, and `file` extends it at startup.

mod builtin;
mod file;

use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::hash;
use super::nearest::nearest_names;

/// The complete ontology.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ontology {
    pub entity_types: Vec<EntityType>,
    pub relationship_types: Vec<RelationshipType>,
    pub slots: Vec<SlotType>,
}

/// A kind of entity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EntityType {
    pub name: String,
    pub description: String,
    /// Properties that an entity of this type must have.
    pub required_properties: Vec<String>,
    /// The type that it counts as, wherever a rule names that type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
}

/// A kind of relationship, read from source to target as its name says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RelationshipType {
    pub name: String,
    pub family: String,
    pub description: String,
    /// Entity types allowed at the source; empty for any.
    pub sources: Vec<String>,
    /// Entity types allowed at the target; empty for any.
    pub targets: Vec<String>,
    /// The type with the same meaning in the other direction.
    pub inverse: Option<String>,
    pub downstream: Downstream,
}

/// The downstream end of a link: it must be reviewed when the other end changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Downstream {
    /// The source depends on the target, as with most types.
    #[default]
    Source,
    Target,
    /// Each end is downstream of the other, but not of siblings that share the other end.
    Both,
    /// As `Both`, and also downstream of siblings that share an end.
    Mutual,
    None,
}

impl Downstream {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
            Self::Both => "both",
            Self::Mutual => "mutual",
            Self::None => "none",
        }
    }

    /// Whether this end of the link, source or target, is downstream.
    pub fn reaches(self, end: Self) -> bool {
        self == end || matches!(self, Self::Both | Self::Mutual)
    }
}

/// A slot: it can hold one value only.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlotType {
    pub name: String,
    pub rule: SlotRule,
}

/// The rule that fills a slot.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotRule {
    /// Entities of the type have at most one active target of the relationship.
    Relationship { entity_type: String, relationship_type: String },
    /// Entities of the type that share a key must agree in the value of a property.
    Property { entity_type: String, key: KeySource, value: String, or_description: bool },
}

/// The key by which two entities share a slot.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    Name,
    Property(String),
}

/// The relationship from a new entity to the one that it replaced.
pub const SUPERSEDES: &str = "supersedes";

/// The relationship from a requirement to the one that it is derived from.
pub const REFINES: &str = "refines";

/// The families of relationship types.
pub const FAMILIES: [&str; 4] = ["structural", "intent", "validation", "provenance"];

impl Ontology {
    pub fn entity_type(&self, name: &str) -> Option<&EntityType> {
        self.entity_types.iter().find(|entry| entry.name == name)
    }

    pub fn relationship_type(&self, name: &str) -> Option<&RelationshipType> {
        self.relationship_types.iter().find(|entry| entry.name == name)
    }

    /// Whether an entity type is another one, or is declared to be like it.
    pub fn is_like(&self, entity_type: &str, other: &str) -> bool {
        let above = |name: &&str| self.entity_type(name)?.like.as_deref();
        // Each type is like one that was declared before it, so there is no circle.
        std::iter::successors(Some(entity_type), above).any(|name| name == other)
    }

    /// Returns a type and those that are declared to be like it.
    pub fn types_like<'o>(&'o self, name: &'o str) -> impl Iterator<Item = &'o str> {
        let like = self.entity_types.iter().map(|entry| &*entry.name);
        std::iter::once(name).chain(like.filter(move |one| *one != name && self.is_like(one, name)))
    }

    pub fn entity_type_names(&self) -> Vec<String> {
        self.entity_types.iter().map(|entry| entry.name.clone()).collect()
    }

    pub fn relationship_type_names(&self) -> Vec<String> {
        self.relationship_types.iter().map(|entry| entry.name.clone()).collect()
    }

    /// Returns the entity type with a name, or an error that lists the types.
    pub fn require_entity_type(&self, name: &str) -> Result<&EntityType> {
        let written = name.trim().to_ascii_lowercase().replace([' ', '-'], "_");
        self.entity_type(name)
            .or_else(|| self.entity_types.iter().find(|entry| entry.name == written))
            .ok_or_else(|| unknown_type("entity_type", name, self.entity_type_names()))
    }

    /// Returns the digest of all its types and slots.
    pub fn digest(&self) -> Result<String> {
        let text =
            serde_json::to_string(self).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(hash::digest(text))
    }

    /// Returns the names of the slots that it adds to the built-in ones.
    pub fn added_slots(&self) -> Vec<String> {
        let built_in = Self::default();
        let is_new = |slot: &&SlotType| built_in.slots.iter().all(|known| known.name != slot.name);
        self.slots.iter().filter(is_new).map(|slot| slot.name.clone()).collect()
    }

    /// Returns the relationship type with a name, or an error that lists the types.
    pub fn require_relationship_type(&self, name: &str) -> Result<&RelationshipType> {
        self.relationship_type(name)
            .ok_or_else(|| unknown_type("relationship_type", name, self.relationship_type_names()))
    }

    /// Checks that the relationship type allows entities of these types at its ends.
    pub fn check_ends(&self, relationship_type: &str, source: &str, target: &str) -> Result<()> {
        let rule = self.require_relationship_type(relationship_type)?;
        let mut problems = Vec::new();
        let mut allowed = Vec::new();
        for (end, found, types) in
            [("source", source, &rule.sources), ("target", target, &rule.targets)]
        {
            if !types.is_empty() && !types.iter().any(|name| name == found) {
                problems.push(format!("its {end} cannot be a {found}"));
                allowed.push(format!("Allowed as {end}: {}.", types.join(", ")));
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::Link {
            relationship_type: relationship_type.to_owned(),
            problem: problems.join(", and "),
            hint: allowed.join(" ").into(),
        })
    }

    /// Whether links of this type fill a slot and so can be in conflict.
    pub fn fills_slot(&self, relationship_type: &str) -> bool {
        self.slots.iter().any(|slot| match &slot.rule {
            SlotRule::Relationship { relationship_type: name, .. } => {
                name == relationship_type
                    || self.relationship_type(name).and_then(|rule| rule.inverse.as_deref())
                        == Some(relationship_type)
            }
            SlotRule::Property { .. } => false,
        })
    }
}

fn unknown_type(field: &str, given: &str, names: Vec<String>) -> Error {
    let near = nearest_names(given, names.iter().cloned());
    let guess = near.first().map(|name| format!("Did you mean {name}? ")).unwrap_or_default();
    Error::invalid(
        field,
        format!("{given:?} is not a known type"),
        format!(
            "{guess}Known types: {} (an ontology file given at start adds more).",
            names.join(", ")
        ),
    )
}
