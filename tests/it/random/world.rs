//! The store beside the model: each step done for real, and all of its rows read in the model's words.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atocore::model::link_policy::LinkPolicy;
use atocore::model::{self, Error, List, PageRequest, Result, Status, Timestamp};
use atocore::ops;
use atocore::ops::write::conflicts::resolve::Resolution;
use atocore::ops::write::conflicts::{self, ResolveRequest};
use atocore::ops::write::entities::{self, EntityUpdate, InitialStatus, NewEntity};
use atocore::ops::write::graduation::{self, Graduation};
use atocore::ops::write::lifecycle;
use atocore::ops::write::lifecycle_rows::HasLifecycle;
use atocore::ops::write::memories::{self, MemoryUpdate, NewMemory};
use atocore::ops::write::projects::{self, Registration};
use atocore::ops::write::promotion;
use atocore::ops::write::relationships::{self, NewRelationship};
use atocore::ops::write::state::{self, StateChange};
use atocore::store::{Db, Settings, Tx, View};
use serde_json::{Map, json};
use uuid::Uuid;

use super::model::properties;
use super::seen::Ids;
use super::steps::{
    ALIASES, Chosen, INVALIDATE, LINKS, MEMORY_TYPES, NAMES, Outcome, PROJECT, PROJECTS, REJECT,
    Step, TEXTS, TYPES,
};

/// The store with the ids of its rows.
pub struct World {
    pub db: Db,
    pub ids: Ids,
}

/// A conflict to be settled, as the store knows it.
pub struct Wish {
    conflict: String,
    winner: String,
}

impl World {
    pub fn new(path: &Path) -> Self {
        let (db, _) = ops::open(settings(path)).expect("a new store");
        Self { db, ids: Ids::default() }
    }

    /// The conflict and the winner that a step means, for both sides.
    pub fn choose(&self, step: &Step) -> Option<(Chosen, Wish)> {
        let Step::Resolve { which, winner, .. } = step else { return None };
        let page = PageRequest::new(List::Conflicts, Some(200), None).expect("a page");
        let read = |view: &View<'_>| {
            let scope = projects::resolve_scope(view, None, false)?;
            conflicts::list(view, &scope, false, &page)
        };
        let open = self.db.read(read).expect("a list").items;
        let shown = open.get(which.checked_rem(open.len())?)?;
        let member = &shown.members[winner % shown.members.len()].member;
        let chosen = Chosen {
            conflict: self.ids.conflict(&shown.conflict.id),
            winner: self.ids.owner(&member.member_kind, &member.member_id),
        };
        Some((
            chosen,
            Wish { conflict: shown.conflict.id.clone(), winner: member.member_id.clone() },
        ))
    }

    /// Does one step. What is a bug fails the test.
    pub fn take(&mut self, step: &Step, wish: Option<Wish>) -> Outcome {
        let run = |tx: &Tx<'_>| self.run(tx, step, wish.as_ref());
        match ops::write_and_detect_conflicts(&self.db, "random", "step", run) {
            Ok(done) => Outcome::of(done.value),
            Err(error @ (Error::Internal(_) | Error::Storage { .. } | Error::Busy)) => {
                panic!("{step:?}: {error}");
            }
            Err(error) => Outcome::Refused(error.code()),
        }
    }

    fn entity(&self, number: usize) -> String {
        pick(&self.ids.entities, number)
    }

    fn memory(&self, number: usize) -> String {
        pick(&self.ids.memories, number)
    }

    /// Whether the step made or changed something.
    fn run(&self, tx: &Tx<'_>, step: &Step, wish: Option<&Wish>) -> Result<bool> {
        match *step {
            Step::Entity { kind, name, value, active, project } => {
                let new = NewEntity {
                    entity_type: TYPES[kind].to_owned(),
                    name: NAMES[name].to_owned(),
                    project: Some(PROJECTS[project].to_owned()),
                    properties: properties(TYPES[kind], NAMES[name], value),
                    hand_authored: true,
                    status: status(active),
                    ..NewEntity::default()
                };
                entities::create(tx, &new, "").map(|made| made.created)
            }
            Step::Memory { .. } => create_memory(tx, step),
            Step::PromoteEntity { which, target } => {
                let target = target.then_some("one");
                let promoted =
                    promotion::promote_entity(tx, &self.entity(which), target, None, "")?;
                Ok(promoted.outcome.changed)
            }
            Step::EndEntity { which, how, by } => {
                end::<model::Entity>(tx, &self.entity(which), how, &self.entity(by))
            }
            Step::PromoteMemory(which) => {
                promotion::promote_memory(tx, &self.memory(which), None, "")
                    .map(|done| done.outcome.changed)
            }
            Step::EndMemory { which, how, by } => {
                end::<model::Memory>(tx, &self.memory(which), how, &self.memory(by))
            }
            Step::Graduate { which, into, promote } => {
                let new = into.is_none();
                let wish = Graduation {
                    memory_id: self.memory(which),
                    entity_id: into.map(|into| self.entity(into)),
                    entity_type: new.then(|| "parameter".to_owned()),
                    name: new.then(|| "alpha".to_owned()),
                    promote,
                    ..Graduation::default()
                };
                graduation::graduate_memory(tx, &wish, "").map(|done| done.changed)
            }
            Step::Resolve { how, .. } => wish.map_or(Ok(false), |wish| resolve(tx, wish, how)),
            _ => self.correct(tx, step),
        }
    }

    /// Links, corrections, trusted state and aliases.
    fn correct(&self, tx: &Tx<'_>, step: &Step) -> Result<bool> {
        match *step {
            Step::Link { kind, source, target, end } => {
                let new = NewRelationship {
                    relationship_type: LINKS[kind].to_owned(),
                    source_id: self.entity(source),
                    target_id: self.entity(target),
                    end,
                    ..NewRelationship::default()
                };
                relationships::create(tx, &new, "").map(|done| done.changed)
            }
            Step::UpdateEntity { which, value, version } => {
                let id = self.entity(which);
                let edit = EntityUpdate {
                    expected_version: expected::<model::Entity>(tx, &id, version)?,
                    entity_id: id,
                    properties: Some(Map::from_iter([("value".to_owned(), json!(value))])),
                    ..EntityUpdate::default()
                };
                entities::update(tx, &edit, "").map(|done| done.changed)
            }
            Step::UpdateMemory { which, subject, text, version } => {
                let id = self.memory(which);
                let edit = MemoryUpdate {
                    expected_version: expected::<model::Memory>(tx, &id, version)?,
                    memory_id: id,
                    subject: Some(NAMES.get(subject).copied().unwrap_or_default().to_owned()),
                    content: Some(TEXTS[text].to_owned()),
                    ..MemoryUpdate::default()
                };
                memories::update(tx, &edit, "").map(|done| done.changed)
            }
            Step::State { key, value, end } => {
                let wish = StateChange {
                    project: PROJECT.to_owned(),
                    category: "fact".to_owned(),
                    key: NAMES[key].to_owned(),
                    value: Some(TEXTS[value].to_owned()),
                    end,
                    ..StateChange::default()
                };
                state::set_state(tx, &wish, "").map(|done| done.changed)
            }
            Step::Alias(number) => {
                let wish = Registration {
                    name: PROJECT.to_owned(),
                    aliases: vec![ALIASES[number].to_owned()],
                    ..Registration::default()
                };
                projects::register_project(tx, &wish, "").map(|done| done.audit_id.is_some())
            }
            _ => unreachable!("{step:?} is done elsewhere"),
        }
    }
}

/// Settings with a clock and ids that count from a fixed start.
pub fn settings(path: &Path) -> Settings {
    let mut settings = Settings::new(path);
    let (ticks, ids) = (AtomicU64::new(0), AtomicU64::new(0));
    let start = Timestamp::parse("2026-01-01T00:00:00Z").expect("an instant");
    settings.clock = Arc::new(move || {
        start.plus_seconds(i64::try_from(ticks.fetch_add(1, Ordering::Relaxed)).expect("small"))
    });
    settings.ids =
        Arc::new(move || Uuid::from_u128(u128::from(ids.fetch_add(1, Ordering::Relaxed)) + 1));
    settings
}

fn pick(ids: &[String], number: usize) -> String {
    number.checked_rem(ids.len()).map_or_else(|| "none".to_owned(), |at| ids[at].clone())
}

fn status(active: bool) -> InitialStatus {
    if active { InitialStatus::Active } else { InitialStatus::Candidate }
}

/// No version, the one that the row has, or another.
fn expected<T: HasLifecycle>(tx: &Tx<'_>, id: &str, version: usize) -> Result<Option<i64>> {
    let current = || T::find(tx, id).map(|row| row.map_or(1, |row| row.version()));
    Ok(match version {
        0 => None,
        1 => Some(current()?),
        _ => Some(current()? + 1),
    })
}

fn create_memory(tx: &Tx<'_>, step: &Step) -> Result<bool> {
    let Step::Memory { kind, subject, text, active, project } = *step else {
        unreachable!("{step:?} makes no memory");
    };
    let new = NewMemory {
        memory_type: model::memory::MemoryType::parse(MEMORY_TYPES[kind]).expect("a type"),
        content: TEXTS[text].to_owned(),
        uid: String::new(),
        subject: NAMES[subject].to_owned(),
        project: Some(PROJECTS[project].to_owned()),
        confidence: None,
        domain_tags: Vec::new(),
        valid_until: None,
        source_chunk_id: None,
        status: status(active),
    };
    memories::create(tx, &new, "").map(|made| made.created)
}

fn end<T: HasLifecycle>(tx: &Tx<'_>, id: &str, how: usize, by: &str) -> Result<bool> {
    let done = match how {
        REJECT => lifecycle::reject::<T>(tx, id, None, ""),
        INVALIDATE => lifecycle::invalidate::<T>(tx, id, None, "random"),
        _ => lifecycle::supersede::<T>(tx, id, Some(by), LinkPolicy::Carry, None, ""),
    };
    done.map(|done| done.changed)
}

fn resolve(tx: &Tx<'_>, wish: &Wish, how: usize) -> Result<bool> {
    let resolution = [Resolution::SupersedeOthers, Resolution::Dismiss, Resolution::KeepAll][how];
    let request = ResolveRequest {
        conflict_id: wish.conflict.clone(),
        resolution,
        winner_id: (how == 0).then(|| wish.winner.clone()),
    };
    conflicts::resolve(tx, &request, "").map(|done| done.changed)
}

/// The status of a link in the words of the other rows.
pub fn link_status(status: model::RelationshipStatus) -> Status {
    Status::parse(status.as_str()).expect("a status of all rows")
}
