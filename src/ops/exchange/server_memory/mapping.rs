//! The types of a memory file that become types of the ontology, given by the person.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::{Error, Ontology, Result};

/// Types of a file, and the types of the ontology to which they are mapped.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TypeMapping {
    entity_types: BTreeMap<String, String>,
    relation_types: BTreeMap<String, String>,
}

impl TypeMapping {
    /// Parses a mapping file (TOML).
    pub fn parse(text: &str) -> Result<Self> {
        let parsed: Self = toml::from_str(text).map_err(|error| {
            let hint = "Write [entity_types] and [relation_types], each with lines such as person = \
                        \"vendor\".";
            Error::invalid("mapping", error.message().to_owned(), hint)
        })?;
        let mut mapping = Self::default();
        parsed.entity_types.iter().for_each(|(from, to)| mapping.add_entity_type(from, to));
        parsed.relation_types.iter().for_each(|(from, to)| mapping.add_relation_type(from, to));
        Ok(mapping)
    }

    pub fn add_entity_type(&mut self, from: &str, to: &str) {
        self.entity_types.insert(snake_case(from), to.to_owned());
    }

    pub fn add_relation_type(&mut self, from: &str, to: &str) {
        self.relation_types.insert(snake_case(from), to.to_owned());
    }

    /// Refuses types that the ontology does not have.
    pub fn check(&self, ontology: &Ontology) -> Result<()> {
        self.entity_types.values().try_for_each(|to| ontology.require_entity_type(to).map(drop))?;
        let unknown = |to: &&String| ontology.relationship_type(to).is_none();
        match self.relation_types.values().find(unknown) {
            None => Ok(()),
            Some(to) => Err(Error::invalid(
                "mapping",
                format!("{to:?} is not a known relationship type"),
                format!("Known types: {}.", ontology.relationship_type_names().join(", ")),
            )),
        }
    }

    /// Returns the type of the ontology with the spelling of a type of the file.
    pub fn entity_type(&self, given: &str) -> String {
        let plain = snake_case(given);
        self.entity_types.get(&plain).cloned().unwrap_or(plain)
    }

    pub fn relation_type(&self, given: &str) -> String {
        let plain = snake_case(given);
        self.relation_types.get(&plain).cloned().unwrap_or(plain)
    }
}

/// Returns the lines of a mapping file for the types that were mapped to nothing, to be completed.
pub fn propose_mapping(
    entity_types: &BTreeMap<String, (String, usize)>,
    relation_types: &BTreeMap<String, usize>,
) -> Vec<String> {
    let mut lines = Vec::new();
    // A key of TOML beyond ASCII needs quotes.
    let key = |name: &String| match snake_case(name) {
        plain if plain.is_ascii() => plain,
        other => format!("\"{other}\""),
    };
    if entity_types.keys().any(|name| !key(name).is_empty()) {
        lines.push("[entity_types]".to_owned());
        let named = entity_types.iter().filter(|(name, _)| !key(name).is_empty());
        lines.extend(
            named.map(|(name, (used, count))| format!("{} = {used:?}  # {count}", key(name))),
        );
    }
    if relation_types.keys().any(|name| !key(name).is_empty()) {
        lines.push("[relation_types]".to_owned());
        let named = relation_types.iter().filter(|(name, _)| !key(name).is_empty());
        lines
            .extend(named.map(|(name, count)| format!("# {} = \"part_of\"  # {count}", key(name))));
    }
    lines
}

/// Converts `dependsOn`, `Depends on` and `depends-on` to `depends_on`.
pub fn snake_case(text: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for c in text.trim().chars() {
        if c.is_uppercase() && (before.is_lowercase() || before.is_numeric()) {
            words.push('_');
        }
        if c.is_alphanumeric() {
            words.extend(c.to_lowercase());
        } else if !words.ends_with('_') {
            words.push('_');
        }
        before = c;
    }
    words.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_in_any_case_and_with_any_separator() {
        for given in ["depends_on", "dependsOn", "Depends On", "DEPENDS-ON", " depends  on "] {
            assert_eq!(snake_case(given), "depends_on", "{given}");
        }
    }
}
