//! The kinds of rows that the audit log covers.

use serde::Serialize;

use crate::model::disturbance::Disturbance;
use crate::model::event::ProjectPlace;
use crate::model::handle::HandleKind;
use crate::model::interaction::Interaction;
use crate::model::ontology::SUPERSEDES;
use crate::model::search::{self, SearchEntry};
use crate::model::text::fold_unless_plain;
use crate::model::{
    Claim, Conflict, Entity, Kind, Memory, Project, ProjectState, Relationship, RelationshipStatus,
    Result, Revision, Status, claim,
};
use crate::store::{self, Tx, View, redaction};

/// A kind of row that the audit log covers.
pub trait Audited: Serialize {
    const KIND: Kind;
    const HANDLE_KIND: HandleKind;

    fn id(&self) -> &str;
    fn handle(&self) -> &str;
    fn set_handle(&mut self, handle: String);
    fn insert(&self, tx: &Tx<'_>) -> Result<()>;
    fn update(&self, tx: &Tx<'_>) -> Result<()>;

    /// Stores the row without contents, including columns that no other operation changes.
    fn erase(&self, tx: &Tx<'_>) -> Result<()> {
        self.update(tx)
    }

    /// Returns the project of the row.
    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::Unknown
    }

    /// Returns the claims that the row makes.
    fn claims(&self, _view: &View<'_>) -> Result<Vec<Claim>> {
        Ok(Vec::new())
    }

    /// Returns the key under which the row is listed in `folded_names`, if it needs to be.
    fn listed_name(&self) -> Option<String> {
        None
    }

    /// Returns the identifier that the row has outside of this store, or an empty text.
    fn uid(&self) -> &str {
        ""
    }

    /// Returns the name by which the row is found, or an empty text.
    fn current_name(&self) -> &str {
        ""
    }

    /// Returns the project in which the row holds its uid: it is active and has one.
    fn holds_uid_in(&self) -> Option<&str> {
        None
    }

    /// Returns the links whose claims depend on what changed in this row.
    fn dependent_links(&self, _view: &View<'_>, _before: &Self) -> Result<Vec<Relationship>> {
        Ok(Vec::new())
    }

    /// Whether the row no longer counts, so that no revision of it can be applied.
    fn has_ended(&self) -> bool {
        false
    }

    /// Lists the changes that may give other rows a mark; `before` is absent for a new row.
    fn disturbances(&self, _before: Option<&Self>) -> Vec<Disturbance> {
        Vec::new()
    }

    /// Returns the row's search index entry, if its kind is indexed.
    fn search_entry(&self) -> Option<SearchEntry> {
        None
    }
}

/// Implements the accessors of the uid of entities and memories.
macro_rules! uid_fields {
    () => {
        fn uid(&self) -> &str {
            &self.uid
        }

        fn holds_uid_in(&self) -> Option<&str> {
            let holds = self.status == Status::Active && !self.uid.is_empty();
            holds.then_some(self.project.as_str())
        }
    };
}

/// Implements the accessors of id and handle, whose fields are named alike in all kinds of rows.
macro_rules! row_fields {
    () => {
        fn id(&self) -> &str {
            &self.id
        }

        fn handle(&self) -> &str {
            &self.handle
        }

        fn set_handle(&mut self, handle: String) {
            self.handle = handle;
        }
    };
}

impl Audited for Entity {
    const KIND: Kind = Kind::Entity;
    const HANDLE_KIND: HandleKind = HandleKind::Entity;

    row_fields!();
    uid_fields!();

    fn has_ended(&self) -> bool {
        self.status.is_history()
    }

    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::Project(&self.project)
    }

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::entities::insert(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::entities::update(tx, self)
    }

    fn erase(&self, tx: &Tx<'_>) -> Result<()> {
        redaction::set_column(tx, Self::KIND, "name", &self.id, &self.name)?;
        self.update(tx)
    }

    fn listed_name(&self) -> Option<String> {
        fold_unless_plain(&[&self.name])
    }

    fn current_name(&self) -> &str {
        &self.name
    }

    fn search_entry(&self) -> Option<SearchEntry> {
        Some(search::of_entity(self))
    }

    fn claims(&self, view: &View<'_>) -> Result<Vec<Claim>> {
        Ok(claim::of_entity(self, view.ontology))
    }

    fn dependent_links(&self, view: &View<'_>, before: &Self) -> Result<Vec<Relationship>> {
        if self.status == before.status && self.project == before.project {
            return Ok(Vec::new());
        }
        let mut links = store::relationships::active_at(view, &self.id)?;
        links.retain(|link| view.ontology.fills_slot(&link.relationship_type));
        Ok(links)
    }

    fn disturbances(&self, before: Option<&Self>) -> Vec<Disturbance> {
        let changed = before.is_some_and(|before| {
            self.content_version != before.content_version
                || (self.status != before.status && self.status.is_history())
        });
        if changed { vec![Disturbance::Changed(self.id.clone())] } else { Vec::new() }
    }
}

impl Audited for Memory {
    const KIND: Kind = Kind::Memory;
    const HANDLE_KIND: HandleKind = HandleKind::Memory;

    row_fields!();
    uid_fields!();

    fn has_ended(&self) -> bool {
        self.status.is_history()
    }

    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::Project(&self.project)
    }

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::memories::insert(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::memories::update(tx, self)
    }

    fn listed_name(&self) -> Option<String> {
        self.words_key()
    }

    fn search_entry(&self) -> Option<SearchEntry> {
        Some(search::of_memory(self))
    }

    fn claims(&self, _view: &View<'_>) -> Result<Vec<Claim>> {
        Ok(claim::of_memory(self))
    }
}

impl Audited for Relationship {
    const KIND: Kind = Kind::Relationship;
    const HANDLE_KIND: HandleKind = HandleKind::Relationship;

    row_fields!();

    fn has_ended(&self) -> bool {
        self.status.has_ended()
    }

    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::OfEntity(&self.source_entity_id)
    }

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::relationships::insert(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::relationships::update(tx, self)
    }

    fn erase(&self, tx: &Tx<'_>) -> Result<()> {
        redaction::set_column(tx, Self::KIND, "source_refs", &self.id, "[]")?;
        self.update(tx)
    }

    fn disturbances(&self, before: Option<&Self>) -> Vec<Disturbance> {
        let begins = self.status == RelationshipStatus::Active
            && before.is_none_or(|before| before.status == RelationshipStatus::Candidate);
        if !begins || self.relationship_type == SUPERSEDES {
            return Vec::new();
        }
        let linked = |id: &String, other: &String| Disturbance::Linked {
            id: id.clone(),
            other: other.clone(),
        };
        let (source, target) = (&self.source_entity_id, &self.target_entity_id);
        vec![linked(source, target), linked(target, source)]
    }

    fn claims(&self, view: &View<'_>) -> Result<Vec<Claim>> {
        if !view.ontology.fills_slot(&self.relationship_type) {
            return Ok(Vec::new());
        }
        let source = store::entities::get(view, &self.source_entity_id)?;
        let target = store::entities::get(view, &self.target_entity_id)?;
        Ok(match (source, target) {
            (Some(source), Some(target)) => {
                claim::of_relationship(self, &source, &target, view.ontology)
            }
            _ => Vec::new(),
        })
    }
}

impl Audited for ProjectState {
    const KIND: Kind = Kind::ProjectState;
    const HANDLE_KIND: HandleKind = HandleKind::State;

    row_fields!();

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::projects::insert_state(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::projects::update_state(tx, self)
    }

    fn erase(&self, tx: &Tx<'_>) -> Result<()> {
        redaction::set_column(tx, Self::KIND, "key", &self.id, &self.key)?;
        self.update(tx)
    }

    fn listed_name(&self) -> Option<String> {
        fold_unless_plain(&[&self.category, &self.key])
    }

    fn claims(&self, view: &View<'_>) -> Result<Vec<Claim>> {
        let project = store::projects::get(view, &self.project_id)?;
        Ok(project.map_or_else(Vec::new, |project| claim::of_state(self, &project.name)))
    }
}

impl Audited for Project {
    const KIND: Kind = Kind::Project;
    const HANDLE_KIND: HandleKind = HandleKind::Project;

    row_fields!();

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::projects::insert(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::projects::update(tx, self)
    }
}

impl Audited for Conflict {
    const KIND: Kind = Kind::Conflict;
    const HANDLE_KIND: HandleKind = HandleKind::Conflict;

    row_fields!();

    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::Project(&self.project)
    }

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::conflicts::put_conflict(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::conflicts::put_conflict(tx, self)
    }

    fn erase(&self, tx: &Tx<'_>) -> Result<()> {
        redaction::set_column(tx, Self::KIND, "slot_key", &self.id, &self.slot_key)?;
        self.update(tx)
    }

    fn listed_name(&self) -> Option<String> {
        fold_unless_plain(&[&self.slot_key])
    }
}

impl Audited for Interaction {
    const KIND: Kind = Kind::Interaction;
    const HANDLE_KIND: HandleKind = HandleKind::Interaction;

    row_fields!();

    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::Project(&self.project)
    }

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::interactions::insert(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::interactions::update(tx, self)
    }

    fn search_entry(&self) -> Option<SearchEntry> {
        Some(search::of_interaction(self))
    }
}

impl Audited for Revision {
    const KIND: Kind = Kind::Revision;
    const HANDLE_KIND: HandleKind = HandleKind::Revision;

    row_fields!();

    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::Project(&self.project)
    }

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::revisions::insert(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::revisions::update(tx, self)
    }
}
