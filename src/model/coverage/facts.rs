//! The facts that decide coverage: links between entities, read once for many requirements.

use std::collections::HashMap;

use crate::model::{Ontology, Outcome};

/// Link types in one direction, as seen from an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkTypes {
    /// Whether the link points away from the entity.
    pub outgoing: bool,
    pub types: &'static [&'static str],
}

impl LinkTypes {
    pub(super) const fn outgoing(types: &'static [&'static str]) -> Self {
        Self { outgoing: true, types }
    }

    pub(super) const fn incoming(types: &'static [&'static str]) -> Self {
        Self { outgoing: false, types }
    }

    pub fn matches(&self, outgoing: bool, relationship_type: &str) -> bool {
        self.outgoing == outgoing && self.types.contains(&relationship_type)
    }
}

/// The place of an entity in [`LinkFacts::nodes`].
pub type NodeIndex = usize;

/// An active link between two entities, of which the other one is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveLink {
    pub outgoing: bool,
    pub relationship_type: &'static str,
    /// The entity at the other end.
    pub far: NodeIndex,
}

/// An entity, with the facts that decide its weight as evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeFacts {
    pub id: String,
    pub role: EvidenceRole,
    pub outcome: Option<Outcome>,
    /// Whether a person waived it.
    pub waived: bool,
    pub links: Vec<ActiveLink>,
}

/// The role that the type of an entity gives it as evidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EvidenceRole {
    Result,
    Claim,
    Artifact,
    /// Statements, models, procedures and designs are no evidence by themselves.
    #[default]
    Other,
}

impl EvidenceRole {
    /// The entity types with a role of their own.
    pub const TYPES: [&str; 3] = ["result", "validation_claim", "artifact"];

    pub fn of_type(entity_type: &str, ontology: &Ontology) -> Self {
        let roles = [Self::Result, Self::Claim, Self::Artifact];
        let known = Self::TYPES.into_iter().zip(roles);
        let mut like = known.filter(|(name, _)| ontology.is_like(entity_type, name));
        like.next().map_or(Self::Other, |(_, role)| role)
    }

    /// Whether it proves the entity that it validates.
    pub fn is_evidence(self) -> bool {
        matches!(self, Self::Result | Self::Artifact)
    }

    /// Whether a `conflicts_with` link from it contradicts the other entity.
    pub fn contradicts(self) -> bool {
        matches!(self, Self::Result | Self::Claim)
    }
}

/// The facts that decide the coverage of requirements.
#[derive(Debug, Clone, Default)]
pub struct LinkFacts {
    pub nodes: Vec<NodeFacts>,
    places: HashMap<String, NodeIndex>,
}

impl LinkFacts {
    /// Returns the place of an entity, which is added if it is new.
    pub fn place(&mut self, id: &str) -> NodeIndex {
        if let Some(place) = self.places.get(id) {
            return *place;
        }
        let place = self.nodes.len();
        self.places.insert(id.to_owned(), place);
        self.nodes.push(NodeFacts { id: id.to_owned(), ..NodeFacts::default() });
        place
    }

    pub fn node(&self, place: NodeIndex) -> &NodeFacts {
        &self.nodes[place]
    }

    /// Returns the ids of entities as a JSON list.
    pub fn ids_of(&self, places: &[NodeIndex]) -> String {
        let ids = places.iter().map(|place| &*self.nodes[*place].id);
        serde_json::Value::from_iter(ids).to_string()
    }

    /// Returns the links of an entity that one of the rules matches.
    pub fn links_by(
        &self,
        place: NodeIndex,
        rules: &'static [LinkTypes],
    ) -> impl Iterator<Item = ActiveLink> {
        let matches = move |link: &&ActiveLink| {
            rules.iter().any(|rule| rule.matches(link.outgoing, link.relationship_type))
        };
        self.nodes[place].links.iter().filter(matches).copied()
    }
}
