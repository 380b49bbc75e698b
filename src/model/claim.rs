//! Claims: the value that an active row asserts for a single-valued slot.
//!
//! A claim is derived from its row alone, so it can be recomputed at any time.

use serde_json::{Map, Value};

use super::canonical;
use super::entity::Entity;
use super::event::Kind;
use super::hash;
use super::memory::Memory;
use super::ontology::{KeySource, Ontology, SlotRule};
use super::project::ProjectState;
use super::quantity::{Quantity, split_number};
use super::relationship::Relationship;
use super::status::{RelationshipStatus, Status};
use super::text::collapse_spaces;

/// A place for a single value, identified by kind, key and project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    pub kind: String,
    pub key: String,
    pub project: String,
}

/// A row's value for a slot, as shown and as a comparison key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub owner_kind: Kind,
    pub owner_id: String,
    pub slot: Slot,
    pub value: String,
    pub value_key: String,
}

/// The slot kind shared by memories with the same subject.
pub const MEMORY_SUBJECT: &str = "memory.subject";
/// The maximum length of a key in bytes; a longer one is replaced by its SHA-256.
const MAX_KEY: usize = 200;
/// Prefix of the slot kinds of trusted state; the category follows.
pub const STATE_PREFIX: &str = "state.";

/// Whether rows can claim slots of this kind under the current ontology.
pub fn is_known_slot(kind: &str, ontology: &Ontology) -> bool {
    kind == MEMORY_SUBJECT
        || kind.starts_with(STATE_PREFIX)
        || ontology.slots.iter().any(|slot| slot.name == kind)
}

/// Returns an entity's claims: one for each slot rule of its type.
pub fn of_entity(entity: &Entity, ontology: &Ontology) -> Vec<Claim> {
    if entity.status != Status::Active {
        return Vec::new();
    }
    ontology
        .slots
        .iter()
        .filter_map(|slot| {
            let SlotRule::Property { entity_type, key, value, or_description } = &slot.rule else {
                return None;
            };
            if *entity_type != entity.entity_type {
                return None;
            }
            let key = match key {
                KeySource::Name => collapse_spaces(&entity.name),
                KeySource::Property(name) => {
                    let given = entity.properties.get(name).filter(|value| !is_blank(value))?;
                    collapse_spaces(&shown_value(given))
                }
            };
            let (value, value_key) = property_value(entity, value, *or_description)?;
            let slot = Slot { kind: slot.name.clone(), key, project: entity.project.clone() };
            Some(new_claim(Kind::Entity, &entity.id, slot, value, value_key))
        })
        .filter(|claim| !claim.slot.key.is_empty())
        .collect()
}

/// Returns a link's claims; none unless it and both of its ends are active.
pub fn of_relationship(
    link: &Relationship,
    source: &Entity,
    target: &Entity,
    ontology: &Ontology,
) -> Vec<Claim> {
    let active = link.status == RelationshipStatus::Active
        && source.status == Status::Active
        && target.status == Status::Active;
    if !active {
        return Vec::new();
    }
    let mut claims = Vec::new();
    for slot in &ontology.slots {
        let SlotRule::Relationship { entity_type, relationship_type } = &slot.rule else {
            continue;
        };
        let inverse =
            ontology.relationship_type(relationship_type).and_then(|t| t.inverse.as_deref());
        let (holder, held) = if *relationship_type == link.relationship_type {
            (source, target)
        } else if inverse == Some(&link.relationship_type) {
            (target, source)
        } else {
            continue;
        };
        if holder.entity_type == *entity_type {
            let slot = Slot {
                kind: slot.name.clone(),
                key: holder.id.clone(),
                project: holder.project.clone(),
            };
            claims.push(new_claim(
                Kind::Relationship,
                &link.id,
                slot,
                held.name.clone(),
                held.id.clone(),
            ));
        }
    }
    claims
}

/// Returns a memory's claim, its content, if it has a subject.
pub fn of_memory(memory: &Memory) -> Vec<Claim> {
    let key = collapse_spaces(&memory.subject);
    if memory.status != Status::Active || key.is_empty() {
        return Vec::new();
    }
    let slot = Slot { kind: MEMORY_SUBJECT.to_owned(), key, project: memory.project.clone() };
    let value_key = text_key(&memory.content);
    vec![new_claim(Kind::Memory, &memory.id, slot, memory.content.clone(), value_key)]
}

/// Returns the claim of a row of trusted state.
pub fn of_state(state: &ProjectState, project: &str) -> Vec<Claim> {
    if !state.is_active() {
        return Vec::new();
    }
    let slot = Slot {
        kind: format!("{STATE_PREFIX}{}", state.category),
        key: collapse_spaces(&state.key),
        project: project.to_owned(),
    };
    vec![new_claim(
        Kind::ProjectState,
        &state.id,
        slot,
        state.value.clone(),
        text_key(&state.value),
    )]
}

/// Whether a statement agrees with a trusted value: it contains the value as whole words.
pub fn states_value(content: &str, value: &str) -> bool {
    let words = |text: &str| format!(" {} ", fold_words(text));
    words(content).contains(&words(value))
}

fn new_claim(
    owner_kind: Kind,
    owner_id: &str,
    slot: Slot,
    value: String,
    value_key: String,
) -> Claim {
    Claim { owner_kind, owner_id: owner_id.to_owned(), slot, value, value_key }
}

fn property_value(entity: &Entity, name: &str, or_description: bool) -> Option<(String, String)> {
    claimed_value(&entity.properties, name).or_else(|| {
        let described = or_description && !entity.description.trim().is_empty();
        described.then(|| (entity.description.clone(), text_key(&entity.description)))
    })
}

/// Returns the value of a property with its unit, as shown and as a comparison key.
fn claimed_value(properties: &Map<String, Value>, name: &str) -> Option<(String, String)> {
    let value = properties.get(name).filter(|value| !is_blank(value))?;
    let unit = ["unit", "units"].iter().find_map(|key| properties.get(*key)?.as_str());
    let text = shown_value(value);
    // A separate unit is ignored if the value already contains one.
    let bare = split_number(&text).is_none_or(|(_, rest)| rest.is_empty());
    let with_unit = match unit {
        Some(unit) if bare || Quantity::parse(&text).is_none() => format!("{text} {unit}"),
        _ => text,
    };
    let value_key = text_key(&with_unit);
    Some((with_unit, value_key))
}

/// Returns the comparison key of a text: quantities by value, other text by its words.
pub fn text_key(text: &str) -> String {
    let key = match (Quantity::parse(text), split_number(text)) {
        (Some(quantity), _) => quantity.key(),
        (None, Some((number, rest))) => format!("{number:.11e} {}", fold_words(rest)),
        (None, None) => fold_words(text),
    };
    if key.len() <= MAX_KEY {
        return key;
    }
    format!("sha256:{}", hash::digest(key))
}

/// Lower-cases the words; punctuation is kept only inside a word, as in `M6x20` or `p04-gigabit`.
fn fold_words(text: &str) -> String {
    let edge =
        |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '"' | '\'' | '`' | '(' | ')');
    text.split_whitespace()
        .map(|word| word.trim_matches(edge).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn shown_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        other => canonical::sort_keys(other).to_string(),
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_compared_by_what_they_say() {
        for (a, b) in [
            ("10 mm", "1 cm"),
            ("Zerodur", " zerodur. "),
            ("3 bolts", "3.0 bolts"),
            ("true", "True"),
            (&"long ".repeat(99), &"LONG ".repeat(99)),
        ] {
            assert_eq!(text_key(a), text_key(b), "{a} = {b}");
        }
        for (a, b) in [
            ("10 mm", "11 mm"),
            ("M6x20", "M6x25"),
            ("3 bolts", "3 nuts"),
            ("1.20.3", "1.2.3"),
            ("007", "7"),
        ] {
            assert_ne!(text_key(a), text_key(b), "{a} ≠ {b}");
        }
    }

    #[test]
    fn a_sentence_states_the_value_that_it_holds_as_whole_words() {
        assert!(states_value("The mirror is made of Zerodur class 0.", "zerodur"));
        assert!(!states_value("The mirror is made of Zerodurium.", "Zerodur"));
    }

    #[test]
    fn a_unit_beside_a_value_counts_whatever_the_value_looks_like() {
        let claimed = |value: Value, unit: &str| {
            let properties = Map::from_iter([
                ("value".to_owned(), value),
                ("unit".to_owned(), Value::from(unit)),
            ]);
            claimed_value(&properties, "value").expect("a value").1
        };
        for value in [json!("<= 10"), json!("10-20"), json!("±5"), json!([1, 2]), json!(3)] {
            assert_ne!(claimed(value.clone(), "kg"), claimed(value, "g"));
        }
        assert_eq!(
            claimed(json!("10 mm"), "kg"),
            claimed(json!(1), "cm"),
            "its own unit goes first"
        );
    }
}
