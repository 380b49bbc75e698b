//! The ontology file: TOML that adds entity types, relationship types, required properties and
//! slots.
//!
//! Every error in it is reported with its line and key, and a file with errors is rejected as a
//! whole.

use serde::Deserialize;
use toml::Spanned;

use super::{
    Downstream, EntityType, FAMILIES, KeySource, Ontology, RelationshipType, SlotRule, SlotType,
};
use crate::model::error::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "entity_type")]
    entity_types: Vec<EntityEntry>,
    #[serde(default, rename = "relationship_type")]
    relationship_types: Vec<RelationshipEntry>,
    #[serde(default, rename = "slot")]
    slots: Vec<SlotEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntityEntry {
    name: Spanned<String>,
    #[serde(default)]
    description: String,
    like: Option<Spanned<String>>,
    #[serde(default)]
    required_properties: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelationshipEntry {
    name: Spanned<String>,
    family: Spanned<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    sources: Vec<Spanned<String>>,
    #[serde(default)]
    targets: Vec<Spanned<String>>,
    #[serde(default)]
    downstream: Downstream,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotEntry {
    name: Spanned<String>,
    entity_type: Spanned<String>,
    relationship_type: Option<Spanned<String>>,
    property: Option<Spanned<String>>,
    key_property: Option<Spanned<String>>,
}

struct OntologyReader<'a> {
    text: &'a str,
    file: &'a str,
}

impl Ontology {
    /// Returns the built-in ontology extended by the TOML text; `file` names it in errors.
    pub fn extended(text: &str, file: &str) -> Result<Self> {
        let reader = OntologyReader { text, file };
        let parsed: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| reader.line(span.start));
            reader.mistake_at(line, error.message().to_owned())
        })?;
        let mut ontology = Self::default();
        for entry in &parsed.entity_types {
            reader.entity_type(&mut ontology, entry)?;
        }
        for entry in &parsed.relationship_types {
            reader.relationship_type(&mut ontology, entry)?;
        }
        for entry in &parsed.slots {
            reader.slot(&mut ontology, entry)?;
        }
        ontology.inherit_slots();
        Ok(ontology)
    }

    /// Gives each type the slots of the type that it is like, unless the file defines its own. They
    /// are separate slots: a user need and a requirement of one name may differ.
    fn inherit_slots(&mut self) {
        for entry in &self.entity_types {
            let Some(like) = &entry.like else { continue };
            let inherited =
                self.slots.iter().filter_map(|slot| slot.of_like_type(like, &entry.name));
            let known = |slot: &SlotType| self.slots.iter().any(|known| known.name == slot.name);
            let inherited: Vec<SlotType> = inherited.filter(|slot| !known(slot)).collect();
            self.slots.extend(inherited);
        }
    }
}

impl SlotType {
    /// Returns the same slot for a type that is like the slot's own type.
    fn of_like_type(&self, like: &str, name: &str) -> Option<Self> {
        let value = self.name.strip_prefix(like)?.strip_prefix('.')?;
        let mut rule = self.rule.clone();
        match &mut rule {
            SlotRule::Relationship { entity_type, .. } | SlotRule::Property { entity_type, .. } => {
                name.clone_into(entity_type);
            }
        }
        Some(Self { name: format!("{name}.{value}"), rule })
    }
}

impl OntologyReader<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    fn mistake_at(&self, line: usize, problem: String) -> Error {
        Error::invalid(
            format!("{}:{line}", self.file),
            problem,
            "Correct the ontology file; docs/ontology.md describes its keys.",
        )
    }

    fn mistake(&self, key: &str, at: &Spanned<String>, problem: impl Into<String>) -> Error {
        let problem = problem.into();
        self.mistake_at(
            self.line(at.span().start),
            format!("{key} = {:?}: {problem}", at.get_ref()),
        )
    }

    fn name(&self, key: &str, at: &Spanned<String>) -> Result<String> {
        let name = at.get_ref();
        let well_formed = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !well_formed {
            return Err(self.mistake(key, at, "use lower-case letters, digits and underscores"));
        }
        Ok(name.clone())
    }

    fn known_entity_type(
        &self,
        ontology: &Ontology,
        key: &str,
        at: &Spanned<String>,
    ) -> Result<String> {
        if ontology.entity_type(at.get_ref()).is_none() {
            return Err(self.mistake(key, at, "there is no such entity type"));
        }
        Ok(at.get_ref().clone())
    }

    fn entity_type(&self, ontology: &mut Ontology, entry: &EntityEntry) -> Result<()> {
        let name = self.name("name", &entry.name)?;
        let required: Vec<String> =
            entry.required_properties.iter().map(|property| property.get_ref().clone()).collect();
        if let Some(existing) = ontology.entity_types.iter_mut().find(|known| known.name == name) {
            if let Some(like) = &entry.like {
                return Err(self.mistake(
                    "like",
                    like,
                    "only a new entity type can be like another",
                ));
            }
            existing.required_properties.extend(required);
            return Ok(());
        }
        if let Some(like) = &entry.like {
            let like = self.known_entity_type(ontology, "like", like)?;
            for rule in &mut ontology.relationship_types {
                for ends in [&mut rule.sources, &mut rule.targets] {
                    if ends.contains(&like) {
                        ends.push(name.clone());
                    }
                }
            }
        }
        ontology.entity_types.push(EntityType {
            name,
            description: entry.description.clone(),
            required_properties: required,
            like: entry.like.as_ref().map(|like| like.get_ref().clone()),
        });
        Ok(())
    }

    fn relationship_type(&self, ontology: &mut Ontology, entry: &RelationshipEntry) -> Result<()> {
        let name = self.name("name", &entry.name)?;
        if ontology.relationship_type(&name).is_some() {
            return Err(self.mistake("name", &entry.name, "this relationship type exists already"));
        }
        if !FAMILIES.contains(&entry.family.get_ref().as_str()) {
            let problem = format!("use one of {}", FAMILIES.join(", "));
            return Err(self.mistake("family", &entry.family, problem));
        }
        let ends = |key: &str, names: &[Spanned<String>]| {
            names
                .iter()
                .map(|at| self.known_entity_type(ontology, key, at))
                .collect::<Result<Vec<_>>>()
        };
        let rule = RelationshipType {
            name,
            family: entry.family.get_ref().clone(),
            description: entry.description.clone(),
            sources: ends("sources", &entry.sources)?,
            targets: ends("targets", &entry.targets)?,
            inverse: None,
            downstream: entry.downstream,
        };
        ontology.relationship_types.push(rule);
        Ok(())
    }

    fn slot(&self, ontology: &mut Ontology, entry: &SlotEntry) -> Result<()> {
        let entity_type = self.known_entity_type(ontology, "entity_type", &entry.entity_type)?;
        let name = entry.name.get_ref().clone();
        if name.strip_prefix(&format!("{entity_type}.")).is_none_or(str::is_empty) {
            let problem = format!("write it as {entity_type}.<what is single>");
            return Err(self.mistake("name", &entry.name, problem));
        }
        if ontology.slots.iter().any(|slot| slot.name == name) {
            return Err(self.mistake("name", &entry.name, "this slot exists already"));
        }
        let rule = match (&entry.relationship_type, &entry.property, &entry.key_property) {
            (Some(link), None, None) => {
                if ontology.relationship_type(link.get_ref()).is_none() {
                    return Err(self.mistake(
                        "relationship_type",
                        link,
                        "there is no such relationship type",
                    ));
                }
                SlotRule::Relationship { entity_type, relationship_type: link.get_ref().clone() }
            }
            (None, Some(property), key) => SlotRule::Property {
                entity_type,
                key: match key {
                    Some(key) => KeySource::Property(key.get_ref().clone()),
                    None => KeySource::Name,
                },
                value: property.get_ref().clone(),
                or_description: false,
            },
            _ => {
                let problem = "give either relationship_type, or property (and key_property if the name is not the key)";
                return Err(self.mistake("name", &entry.name, problem));
            }
        };
        ontology.slots.push(SlotType { name, rule });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        Ontology::extended(text, "o.toml").expect_err("a mistake").to_string()
    }

    #[test]
    fn a_file_adds_types_links_required_properties_and_slots() {
        let text = r#"
            [[entity_type]]
            name = "test_rig"
            like = "component"
            required_properties = ["owner"]
            [[entity_type]]
            name = "small_rig"
            like = "test_rig"
            [[entity_type]]
            name = "parameter"
            required_properties = ["unit"]
            [[relationship_type]]
            name = "calibrated_by"
            family = "validation"
            sources = ["parameter"]
            targets = ["test_rig"]
            [[slot]]
            name = "test_rig.owner"
            entity_type = "test_rig"
            property = "owner"
        "#;
        let ontology = Ontology::extended(text, "o.toml").expect("a good file");
        ontology.check_ends("uses_material", "test_rig", "material").expect("like a component");
        ontology.check_ends("calibrated_by", "parameter", "test_rig").expect("the new link");
        assert!(ontology.check_ends("calibrated_by", "component", "test_rig").is_err());
        let parameter = ontology.entity_type("parameter").expect("parameter");
        assert_eq!(parameter.required_properties, ["unit"]);
        assert!(ontology.slots.iter().any(|slot| slot.name == "test_rig.owner"));
        for slot in ["test_rig.material", "small_rig.part_of", "small_rig.owner"] {
            assert!(ontology.slots.iter().any(|known| known.name == slot), "{slot}");
        }
        assert!(ontology.is_like("small_rig", "component"));
        assert!(!ontology.is_like("component", "test_rig"));
        let like: Vec<&str> = ontology.types_like("component").collect();
        assert_eq!(like, ["component", "test_rig", "small_rig"]);
    }

    #[test]
    fn every_mistake_is_named_with_line_and_key() {
        for (text, expected) in [
            ("x = 1", "o.toml:1: unknown field `x`"),
            ("\n[[entity_type]]\nname = 'Bad Name'", "o.toml:3: name = \"Bad Name\""),
            ("[[entity_type]]\nname = 'a'\nlike = 'b'", "o.toml:3: like = \"b\""),
            ("[[entity_type]]\ndescription = 'a'", "o.toml:1: missing field `name`"),
            (
                "[[relationship_type]]\nname = 'part_of'\nfamily = 'intent'",
                "o.toml:2: name = \"part_of\"",
            ),
            ("[[relationship_type]]\nname = 'x'\nfamily = 'odd'", "o.toml:3: family = \"odd\""),
            (
                "[[relationship_type]]\nname = 'x'\nfamily = 'intent'\nsources = ['y']",
                "o.toml:4: sources = \"y\"",
            ),
            (
                "[[slot]]\nname = 'z'\nentity_type = 'component'\nproperty = 'p'",
                "o.toml:2: name = \"z\"",
            ),
            (
                "[[slot]]\nname = 'component.p'\nentity_type = 'component'",
                "o.toml:2: name = \"component.p\"",
            ),
            (
                "[[slot]]\nname = 'component.p'\nentity_type = 'component'\nrelationship_type = 'q'",
                "o.toml:4: relationship_type = \"q\"",
            ),
            ("[[slot]\n", "o.toml:1: "),
        ] {
            let found = mistake(text);
            assert!(found.starts_with(expected), "{found} does not start with {expected}");
        }
    }
}
