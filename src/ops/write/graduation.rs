//! Graduation: a memory becomes an entity, and references it from then on.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::known_properties::describe_properties;
use crate::model::{
    Entity, Error, Hint, Kind, Memory, NextStep, Result, Status, SubjectKind, Transition,
};
use crate::ops::record::validate;
use crate::ops::write::entities::{self, DuplicatePolicy, EntityUpdate, NewEntity};
use crate::ops::write::lifecycle;
use crate::ops::write::lifecycle_rows;
use crate::ops::write::promotion;
use crate::store::rows::skip_unknown;
use crate::store::{self, Tx, View};

/// A memory on its way to become an entity: a new one of a type and name, or a given one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Graduation {
    pub memory_id: String,
    /// One that says it already, not a new one.
    pub entity_id: Option<String>,
    pub entity_type: Option<String>,
    pub name: Option<String>,
    /// Default: the memory's.
    pub project: Option<String>,
    /// Default: the memory's content.
    pub description: Option<String>,
    #[serde(default)]
    #[schemars(schema_with = "describe_properties")]
    pub properties: Map<String, Value>,
    /// True promotes the entity at once.
    #[serde(default)]
    pub promote: bool,
    /// Refuse if changed since.
    pub expected_version: Option<i64>,
}

/// The outcome of a graduation request.
#[derive(Debug, Clone)]
pub struct Graduated {
    pub memory: Memory,
    pub entity: Entity,
    pub created: bool,
    pub changed: bool,
    pub audit_id: Option<String>,
    pub similar: Vec<Entity>,
    /// The handle of the candidate that joined the entity.
    pub joined: Option<String>,
}

/// Creates an entity candidate from the memory, or adds the memory to the sources of a given
/// entity. The memory graduates when the entity becomes active.
pub fn graduate_memory(tx: &Tx<'_>, wish: &Graduation, note: &str) -> Result<Graduated> {
    let memory: Memory = lifecycle_rows::require_row(tx, &wish.memory_id)?;
    validate::expected_version(
        SubjectKind::MEMORY,
        &memory.handle,
        memory.version,
        wish.expected_version,
    )?;
    check_may_graduate(tx, &memory)?;
    let mut done = match &wish.entity_id {
        Some(entity_id) => {
            check_nothing_new(wish)?;
            attach_memory(tx, entity_id, &memory, note)?
        }
        None => propose_entity(tx, wish, &memory, note)?,
    };
    let active = match done.entity.status {
        Status::Candidate if wish.promote => {
            let promoted =
                promotion::promote_entity(tx, &done.entity.id, None, None, note)?.outcome;
            done.changed = true;
            done.joined = promoted.joined;
            done.audit_id = promoted.audit_id;
            done.entity = promoted.row;
            true
        }
        status => status == Status::Active,
    };
    if active && lifecycle::complete_graduation(tx, &memory.id, &done.entity.id, note)?.is_some() {
        done.changed = true;
    }
    done.memory = lifecycle_rows::require_row(tx, &memory.id)?;
    Ok(done)
}

fn check_may_graduate(view: &View<'_>, memory: &Memory) -> Result<()> {
    if !memory.memory_type.can_graduate() {
        return Err(Error::invalid(
            "memory_id",
            format!("a memory of type {} does not graduate", memory.memory_type.as_str()),
            "Only project, knowledge and adaptation memories become entities.",
        ));
    }
    if let Some(entity_id) = &memory.graduated_to_entity_id {
        let name = lifecycle_rows::require_row::<Entity>(view, entity_id).map_or_else(
            |_| entity_id.clone(),
            |entity| format!("{} {}", entity.handle, entity.name),
        );
        return Err(Error::Duplicate {
            subject: SubjectKind::MEMORY,
            given: memory.handle.clone(),
            existing: format!("it graduated to {name}"),
        });
    }
    Transition::Graduate.applies_to(memory.status, SubjectKind::MEMORY, &memory.handle).map(drop)
}

/// Refuses fields of a new entity together with a given entity.
fn check_nothing_new(wish: &Graduation) -> Result<()> {
    let given = [
        ("entity_type", wish.entity_type.is_some()),
        ("name", wish.name.is_some()),
        ("project", wish.project.is_some()),
        ("description", wish.description.is_some()),
        ("properties", !wish.properties.is_empty()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((field, _)) => Err(Error::invalid(
            field,
            "it goes only with a new entity, and entity_id names one that exists",
            Hint::new(
                "Leave it out, or leave entity_id out.",
                NextStep::UpdateRow { kind: Kind::Entity },
            ),
        )),
    }
}

fn propose_entity(
    tx: &Tx<'_>,
    wish: &Graduation,
    memory: &Memory,
    note: &str,
) -> Result<Graduated> {
    let (Some(entity_type), Some(name)) = (&wish.entity_type, &wish.name) else {
        return Err(Error::invalid(
            "entity_type",
            "a new entity needs entity_type and name",
            "Give both, or entity_id of an entity that says the same already.",
        ));
    };
    let new = NewEntity {
        entity_type: entity_type.clone(),
        name: name.clone(),
        project: Some(wish.project.clone().unwrap_or_else(|| memory.project.clone())),
        description: wish.description.clone().unwrap_or_else(|| memory.content.clone()),
        properties: wish.properties.clone(),
        source_refs: vec![memory_reference(memory)],
        confidence: Some(memory.confidence),
        ..NewEntity::default()
    };
    let made = entities::create_alone(tx, &new, DuplicatePolicy::OfStatus, note)?;
    let mut done = attach_memory(tx, &made.row.id, memory, note)?;
    done.created = made.created;
    done.changed |= made.created;
    done.audit_id = made.audit_id.or(done.audit_id);
    done.similar = made.similar;
    Ok(done)
}

fn attach_memory(tx: &Tx<'_>, entity_id: &str, memory: &Memory, note: &str) -> Result<Graduated> {
    let edit = EntityUpdate {
        entity_id: entity_id.to_owned(),
        source_refs: vec![memory_reference(memory)],
        ..EntityUpdate::default()
    };
    let outcome = entities::update(tx, &edit, note)?;
    Ok(Graduated {
        memory: memory.clone(),
        entity: outcome.row,
        created: false,
        changed: outcome.changed,
        audit_id: outcome.audit_id,
        similar: Vec::new(),
        joined: None,
    })
}

fn memory_reference(memory: &Memory) -> String {
    format!("memory:{}", memory.id)
}

/// Returns the entity that a memory, or the last of its successors, graduated to, followed by the
/// entity's successors up to the current one.
pub fn entities_became(view: &View<'_>, memory: &Memory) -> Result<Vec<Entity>> {
    let newer = lifecycle_rows::list_successors(view, memory)?;
    let head = newer.last().unwrap_or(memory);
    let entity = match &head.graduated_to_entity_id {
        Some(id) => skip_unknown(store::entities::get(view, id))?,
        None => None,
    };
    let Some(entity) = entity else { return Ok(Vec::new()) };
    let mut chain = lifecycle_rows::list_successors(view, &entity)?;
    chain.insert(0, entity);
    Ok(chain)
}
