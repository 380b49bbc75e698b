//! The store as a model: every row read, with ids replaced by the order in which rows were made.

use atocore::model::{self, ConflictStatus, Kind, Result};
use atocore::ops::record::claims::for_each_id;
use atocore::store::{self, View};

use super::model::{Entity, Link, Memory, Model, Project, State};
use super::slots::{Conflict, Member, Place};
use super::steps::{ALIASES, LINKS, MEMORY_TYPES, NAMES, Owner, PROJECT, TYPES};
use super::world::link_status;

/// The ids of the rows of each kind, in the order in which they were made.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    pub entities: Vec<String>,
    pub memories: Vec<String>,
    links: Vec<String>,
    states: Vec<String>,
    conflicts: Vec<String>,
}

impl Ids {
    pub fn read(view: &View<'_>) -> Result<Self> {
        let of = |kind| {
            let mut ids = Vec::new();
            for_each_id(view, kind, |id| {
                ids.push(id.to_owned());
                Ok(())
            })?;
            Ok(ids)
        };
        Ok(Self {
            entities: of(Kind::Entity)?,
            memories: of(Kind::Memory)?,
            links: of(Kind::Relationship)?,
            states: of(Kind::ProjectState)?,
            conflicts: of(Kind::Conflict)?,
        })
    }

    pub fn owner(&self, kind: &str, id: &str) -> Owner {
        match kind {
            "entity" => Owner::Entity(place(&self.entities, id)),
            "memory" => Owner::Memory(place(&self.memories, id)),
            "relationship" => Owner::Link(place(&self.links, id)),
            _ => Owner::State(place(&self.states, id)),
        }
    }

    pub fn conflict(&self, id: &str) -> usize {
        place(&self.conflicts, id)
    }
}

fn place(ids: &[String], id: &str) -> usize {
    ids.iter().position(|known| known == id).expect("an id of the store")
}

/// The word of the model that a text of the store is.
fn known(words: &[&'static str], text: &str) -> &'static str {
    words.iter().find(|word| **word == text).expect("a word of the model")
}

/// How often the audit speaks of a row.
fn audited(view: &View<'_>, id: &str) -> Result<usize> {
    store::audit::count_of_subject(view, id).map(|count| usize::try_from(count).expect("a count"))
}

/// Everything that the store holds.
pub fn model(view: &View<'_>, ids: &Ids) -> Result<Model> {
    let mut model = Model::default();
    for id in &ids.entities {
        let row = store::entities::get(view, id)?.expect("the row of an id");
        model.entities.push(entity(view, ids, row)?);
    }
    for id in &ids.memories {
        let row = store::memories::get(view, id)?.expect("the row of an id");
        model.memories.push(memory(view, ids, row)?);
    }
    for id in &ids.links {
        let row = store::relationships::get(view, id)?.expect("the row of an id");
        model.links.push(Link {
            source: place(&ids.entities, &row.source_entity_id),
            kind: known(&LINKS, &row.relationship_type),
            target: place(&ids.entities, &row.target_entity_id),
            status: link_status(row.status),
            audited: audited(view, id)?,
        });
    }
    for id in &ids.states {
        let row = store::projects::state_by_id(view, id)?.expect("the row of an id");
        let (key, active) = (known(&NAMES, &row.key), row.is_active());
        model.states.push(State { key, value: row.value, active, audited: audited(view, id)? });
    }
    for row in store::projects::list(view)? {
        assert!(row.name == PROJECT && model.project.is_none(), "{row:?}");
        let aliases = row.aliases.iter().map(|alias| known(&ALIASES, alias)).collect();
        model.project = Some(Project { aliases, audited: audited(view, &row.id)? });
    }
    for id in &ids.conflicts {
        let row = store::conflicts::get(view, id)?.expect("the row of an id");
        model.conflicts.push(conflict(view, ids, row)?);
    }
    Ok(model)
}

fn entity(view: &View<'_>, ids: &Ids, row: model::Entity) -> Result<Entity> {
    let version = usize::try_from(row.version).expect("a version");
    assert_eq!(audited(view, &row.id)?, version, "each version has its event: {row:?}");
    let memory = |source: &String| {
        let id = source.strip_prefix("memory:").expect("nothing else is cited");
        place(&ids.memories, id)
    };
    Ok(Entity {
        kind: known(&TYPES, &row.entity_type),
        sources: row.source_refs.iter().map(memory).collect(),
        name: row.name,
        project: row.project,
        description: row.description,
        properties: row.properties,
        status: row.status,
        version,
    })
}

fn memory(view: &View<'_>, ids: &Ids, row: model::Memory) -> Result<Memory> {
    let version = usize::try_from(row.version).expect("a version");
    assert_eq!(audited(view, &row.id)?, version, "each version has its event: {row:?}");
    Ok(Memory {
        kind: known(&MEMORY_TYPES, row.memory_type.as_str()),
        superseded_by: row.superseded_by.map(|id| place(&ids.memories, &id)),
        became: row.graduated_to_entity_id.map(|id| place(&ids.entities, &id)),
        content: row.content,
        subject: row.subject,
        project: row.project,
        status: row.status,
        version,
    })
}

fn conflict(view: &View<'_>, ids: &Ids, row: model::Conflict) -> Result<Conflict> {
    let audited = audited(view, &row.id)?;
    let number = |id: &str| format!("entity {}", place(&ids.entities, id));
    let of_link = row.slot_kind.starts_with("component.");
    let members = row.members.iter().map(|member| Member {
        owner: ids.owner(&member.member_kind, &member.member_id),
        value: if of_link { number(&member.value_key) } else { member.value_snapshot.clone() },
        meaning: if of_link { number(&member.value_key) } else { member.value_key.clone() },
        present: member.left_at.is_none(),
    });
    let resolutions = ["", "settled", "supersede_others", "dismiss", "keep_all"];
    Ok(Conflict {
        place: Place {
            key: if of_link { number(&row.slot_key) } else { row.slot_key.clone() },
            project: row.project.clone(),
        },
        slot: row.slot_kind.clone(),
        status: match row.status {
            ConflictStatus::Open => "open",
            ConflictStatus::Resolved => "resolved",
            ConflictStatus::Dismissed => "dismissed",
        },
        resolution: known(&resolutions, &row.resolution),
        members: members.collect(),
        audited,
    })
}
