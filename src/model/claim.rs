//! Claims: the value that an active row asserts for a single-valued slot.
//!
//! A claim is derived from its row alone, so it can be recomputed at any time.

use super::entity::Entity;
use super::event::Kind;
use super::memory::Memory;
use super::ontology::{KeySource, Ontology, SlotRule};
use super::project::ProjectState;
use super::relationship::Relationship;
use super::status::{RelationshipStatus, Status};
use super::text::{collapse_spaces, fold_name};
use super::value::{ClaimedValue, SlotValue, claimed_value, find_property, show_value};

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
                    collapse_spaces(&show_value(find_property(&entity.properties, name)?))
                }
            };
            let value = property_value(entity, value, *or_description)?;
            let slot = Slot { kind: slot.name.clone(), key, project: entity.project.clone() };
            Some(new_claim(Kind::Entity, &entity.id, slot, value))
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
            let value = ClaimedValue { shown: held.name.clone(), key: held.id.clone() };
            claims.push(new_claim(Kind::Relationship, &link.id, slot, value));
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
    let value = stated_value(&memory.content);
    value.map(|value| new_claim(Kind::Memory, &memory.id, slot, value)).into_iter().collect()
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
    let value = stated_value(&state.value);
    value.map(|value| new_claim(Kind::ProjectState, &state.id, slot, value)).into_iter().collect()
}

/// Whether a statement agrees with a trusted value: it contains the value as whole words.
pub fn states_value(content: &str, value: &str) -> bool {
    let words = |text: &str| format!(" {} ", fold_words(text));
    words(content).contains(&words(value))
}

fn new_claim(owner_kind: Kind, owner_id: &str, slot: Slot, value: ClaimedValue) -> Claim {
    let ClaimedValue { shown: value, key: value_key } = value;
    Claim { owner_kind, owner_id: owner_id.to_owned(), slot, value, value_key }
}

fn property_value(entity: &Entity, name: &str, or_description: bool) -> Option<ClaimedValue> {
    let described = || or_description.then(|| stated_value(&entity.description)).flatten();
    claimed_value(&entity.properties, name).or_else(described)
}

/// Returns the value that a whole text states, if any.
fn stated_value(text: &str) -> Option<ClaimedValue> {
    let key = SlotValue::read(text)?.key();
    Some(ClaimedValue { shown: text.to_owned(), key })
}

/// Folds the words; punctuation is kept only inside a word, as in `M6x20` or `p04-gigabit`.
fn fold_words(text: &str) -> String {
    let edge =
        |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '"' | '\'' | '`' | '(' | ')');
    fold_name(text)
        .split(' ')
        .map(|word| word.trim_matches(edge))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_states_the_value_that_it_holds_as_whole_words() {
        assert!(states_value("The mirror is made of Zerodur class 0.", "zerodur"));
        assert!(!states_value("The mirror is made of Zerodurium.", "Zerodur"));
    }
}
