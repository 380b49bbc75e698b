//! Entities: creating, correcting, promoting and reading them.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::ontology::EntityType;
use crate::model::{
    Action, Entity, Error, Memory, Operation, ResolvedProject, Result, Status, source_ref,
};
use crate::ops::lifecycle::{self, Living, Outcome};
use crate::ops::relationships::{self, Linked, NewRelationship};
use crate::ops::{change, checks, graduation, projects};
use crate::store::{self, Tx, View};

/// The status that a new row may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum InitialStatus {
    #[default]
    Candidate,
    Active,
}

impl From<InitialStatus> for Status {
    fn from(status: InitialStatus) -> Self {
        match status {
            InitialStatus::Candidate => Self::Candidate,
            InitialStatus::Active => Self::Active,
        }
    }
}

/// An entity to be made.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEntity {
    pub entity_type: String,
    pub name: String,
    /// Project name or alias; "" is global.
    pub project: Option<String>,
    #[serde(default)]
    pub description: String,
    /// Facts by name: value and unit of a parameter or requirement, decides and choice of a decision.
    #[serde(default)]
    pub properties: Map<String, Value>,
    /// Where it is stated: doc:<path>, url:<address>, commit:<hash>, session:<id>, or memory:<id>, chunk:<id>, interaction:<id>.
    #[serde(default)]
    pub source_refs: Vec<String>,
    /// True if a person vouches for it and there is no source.
    #[serde(default)]
    pub hand_authored: bool,
    /// candidate unless the person asked for active.
    #[serde(default)]
    pub status: InitialStatus,
    /// 0.0 to 1.0; 1.0 if left out.
    pub confidence: Option<f64>,
    /// Links to make with it: target_id for a link from it, source_id for one to it.
    #[serde(default)]
    pub relationships: Vec<AttachedRelationship>,
}

/// A link of an entity that is made in the same call; the other end is given.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct AttachedRelationship {
    pub relationship_type: String,
    pub target_id: Option<String>,
    pub source_id: Option<String>,
}

impl AttachedRelationship {
    /// The full link of an entity.
    pub fn of(&self, entity_id: &str) -> Result<NewRelationship> {
        let (source_id, target_id) = match (&self.source_id, &self.target_id) {
            (None, Some(target)) => (entity_id.to_owned(), target.clone()),
            (Some(source), None) => (source.clone(), entity_id.to_owned()),
            _ => {
                return Err(Error::invalid(
                    "relationships",
                    format!("{} needs one other end", self.relationship_type),
                    "Give target_id for a link from the new entity, or source_id for one to it.",
                ));
            }
        };
        Ok(NewRelationship {
            relationship_type: self.relationship_type.clone(),
            source_id,
            target_id,
            ..NewRelationship::default()
        })
    }
}

/// What creating did.
#[derive(Debug, Clone)]
pub struct Created {
    pub row: Entity,
    pub created: bool,
    pub audit_id: Option<String>,
    /// Other entities of the same type, name and project.
    pub similar: Vec<Entity>,
    /// The links made with it.
    pub links: Vec<Linked>,
}

/// How many similar rows an answer names.
pub const MAX_SIMILAR: usize = 5;

/// Makes the entity and its links, or finds the one that says the same already.
pub fn create(tx: &Tx<'_>, new: &NewEntity, note: &str) -> Result<Created> {
    checks::at_most("relationships", new.relationships.len(), checks::MAX_ROWS, "links")?;
    let mut created = create_alone(tx, new, note)?;
    for link in &new.relationships {
        created.links.push(relationships::create(tx, &link.of(&created.row.id)?, note)?);
    }
    Ok(created)
}

/// As [`create`], without the links.
pub fn create_alone(tx: &Tx<'_>, new: &NewEntity, note: &str) -> Result<Created> {
    checks::text_length("note", note)?;
    let row = build(tx, new)?;
    let mut similar = store::entities::alike(tx, &row)?;
    let same = similar.iter().position(|other| {
        other.name == row.name
            && other.status == row.status
            && other.description == row.description
            && other.properties == row.properties
    });
    let existing = same.map(|index| similar.remove(index));
    similar.truncate(MAX_SIMILAR);
    if let Some(row) = existing {
        return Ok(Created { row, created: false, audit_id: None, similar, links: vec![] });
    }
    let audit_id = change::create(tx, &row, note)?;
    Ok(Created { row, created: true, audit_id: Some(audit_id), similar, links: vec![] })
}

fn build(tx: &Tx<'_>, new: &NewEntity) -> Result<Entity> {
    let entity_type = tx.ontology.require_entity_type(&new.entity_type)?;
    checks::text_length("description", &new.description)?;
    let row = Entity {
        entity_type: new.entity_type.clone(),
        name: checks::name("name", &new.name)?,
        project: projects::resolve(tx, new.project.as_deref().unwrap_or_default())?.name,
        description: new.description.trim().to_owned(),
        properties: checks::properties(&new.properties)?,
        status: new.status.into(),
        confidence: checks::confidence(new.confidence)?,
        source_refs: checks::source_refs(tx, &new.source_refs)?,
        extractor_version: String::new(),
        canonical_home: "entity".to_owned(),
        hand_authored: new.hand_authored,
        version: 1,
        created_at: tx.now.to_string(),
        updated_at: tx.now.to_string(),
        id: tx.new_id(),
    };
    check_complete(&row, entity_type)?;
    Ok(row)
}

/// Provenance, and the properties that the ontology asks of the type.
fn check_complete(row: &Entity, entity_type: &EntityType) -> Result<()> {
    if !row.has_provenance() {
        return Err(Error::Provenance {
            problem: format!("the entity {:?} has no source and no signature", row.name),
        });
    }
    let missing: Vec<&str> = entity_type
        .required_properties
        .iter()
        .filter(|key| row.properties.get(*key).is_none_or(Value::is_null))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(
        "properties",
        format!("a {} needs {}", row.entity_type, missing.join(", ")),
        "Give these properties; the ontology asks for them.",
    ))
}

/// A correction of an entity: what is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntityUpdate {
    pub entity_id: String,
    pub description: Option<String>,
    /// Merged into the properties; null deletes a key.
    pub properties: Option<Map<String, Value>>,
    /// 0.0 to 1.0.
    pub confidence: Option<f64>,
    /// Added to the sources.
    #[serde(default)]
    pub source_refs: Vec<String>,
    /// Refuse if the version is another.
    pub expected_version: Option<i64>,
}

/// Corrects what may be corrected of a candidate or active entity.
pub fn update(tx: &Tx<'_>, edit: &EntityUpdate, note: &str) -> Result<Outcome<Entity>> {
    checks::text_length("note", note)?;
    let before: Entity = lifecycle::require(tx, &edit.entity_id)?;
    checks::expected_version("entity", &before.id, before.version, edit.expected_version)?;
    check_editable(&before)?;
    let mut after = before.clone();
    if let Some(description) = &edit.description {
        checks::text_length("description", description)?;
        after.description = description.trim().to_owned();
    }
    if let Some(properties) = &edit.properties {
        for (key, value) in properties {
            if value.is_null() {
                after.properties.remove(key);
            } else {
                after.properties.insert(key.clone(), value.clone());
            }
        }
        after.properties = checks::properties(&after.properties)?;
    }
    if edit.confidence.is_some() {
        after.confidence = checks::confidence(edit.confidence)?;
    }
    let mut refs = before.source_refs.clone();
    for added in checks::source_refs(tx, &edit.source_refs)? {
        if !refs.contains(&added) {
            refs.push(added);
        }
    }
    checks::at_most("source_refs", refs.len(), checks::MAX_REFS, "references")?;
    after.source_refs = refs;
    if after == before {
        return Ok(Outcome { row: before, changed: false, audit_id: None });
    }
    check_complete(&after, tx.ontology.require_entity_type(&after.entity_type)?)?;
    after.stamp(tx);
    let audit_id = change::change(tx, &before, &after, Action::Updated, note)?;
    Ok(Outcome { row: after, changed: true, audit_id: Some(audit_id) })
}

/// History is not edited again.
pub fn check_editable<T: Living>(row: &T) -> Result<()> {
    if !row.status().is_history() {
        return Ok(());
    }
    Err(Error::Transition {
        what: T::WHAT,
        id: row.id().to_owned(),
        status: row.status().to_string(),
        operation: "update",
        needed: "candidate or active",
    })
}

/// What promoting did, with the memories that graduated into the entity.
#[derive(Debug, Clone)]
pub struct Promoted {
    pub outcome: Outcome<Entity>,
    pub graduated: Vec<Memory>,
}

/// Candidate → active, in another project if given; the memories that it came from graduate.
pub fn promote(
    tx: &Tx<'_>,
    id: &str,
    target_project: Option<&str>,
    expected_version: Option<i64>,
    note: &str,
) -> Result<Promoted> {
    let project = target_project.map(|project| projects::resolve(tx, project)).transpose()?;
    let outcome = lifecycle::apply(
        tx,
        Operation::Promote,
        id,
        expected_version,
        note,
        |entity: &mut Entity| {
            if let Some(project) = project {
                entity.project = project.name;
            }
            check_complete(entity, tx.ontology.require_entity_type(&entity.entity_type)?)
        },
    )?;
    let mut graduated = Vec::new();
    if outcome.changed {
        for memory_id in source_ref::targets(&outcome.row.source_refs, "memory") {
            graduated.extend(graduation::complete(tx, memory_id, &outcome.row.id, note)?);
        }
    }
    Ok(Promoted { outcome, graduated })
}

/// How an entity is named in a read: by id, or by name with what makes that unique.
#[derive(Debug, Clone, Default)]
pub struct EntityQuery<'a> {
    pub id: Option<&'a str>,
    pub name: Option<&'a str>,
    pub entity_type: Option<&'a str>,
    pub project: Option<&'a str>,
    pub include_inactive: bool,
}

/// Finds the one entity that is meant. A name finds active entities only, unless inactive ones
/// are asked for; an id finds the row whatever its status.
pub fn find(view: &View<'_>, query: &EntityQuery<'_>) -> Result<Entity> {
    let name = match (query.id, query.name) {
        (Some(id), None) => return lifecycle::require(view, id),
        (None, Some(name)) => checks::name("name", name)?,
        _ => {
            return Err(Error::invalid(
                "entity_id",
                "one of entity_id and name is needed",
                "Give entity_id, or name with entity_type and project if it is not unique.",
            ));
        }
    };
    let project = query.project.map(|project| projects::resolve(view, project)).transpose()?;
    let mut found = store::entities::named(view, &name, 200)?;
    found.retain(|entity| query.entity_type.is_none_or(|wanted| wanted == entity.entity_type));
    let (mut wanted, mut hidden): (Vec<Entity>, Vec<Entity>) = found
        .into_iter()
        .partition(|entity| query.include_inactive || entity.status == Status::Active);
    for found in [&mut wanted, &mut hidden] {
        retain_in_project(found, project.as_ref());
    }
    match (wanted.pop(), wanted.is_empty()) {
        (Some(entity), true) => Ok(entity),
        (Some(last), false) => {
            wanted.push(last);
            let found: Vec<String> = wanted.iter().take(10).map(described).collect();
            Err(Error::invalid(
                "name",
                format!("{name:?} names {} entities", wanted.len()),
                format!("Give the entity_id of one: {}.", found.join("; ")),
            ))
        }
        (None, _) if hidden.is_empty() => Err(match project.filter(|known| !known.registered) {
            Some(unknown) => Error::NotFound {
                what: "registered project",
                given: unknown.name,
                nearest: unknown.nearest,
            },
            None => {
                let nearest = Entity::nearest(view, &name)?;
                Error::NotFound { what: "entity", given: name, nearest }
            }
        }),
        (None, _) => Err(Error::NotFound {
            what: "active entity",
            given: name,
            nearest: hidden.iter().take(5).map(described).collect(),
        }),
    }
}

/// Keeps a project's own rows; where there are none, the global ones.
fn retain_in_project(found: &mut Vec<Entity>, project: Option<&ResolvedProject>) {
    let Some(project) = project else { return };
    let own = found.iter().any(|entity| entity.project == project.name);
    let wanted = if own { project.name.as_str() } else { "" };
    found.retain(|entity| entity.project == wanted);
}

fn described(entity: &Entity) -> String {
    let Entity { id, entity_type, name, project, status, .. } = entity;
    format!("{id} {entity_type} {name} in {project:?} ({status})")
}

/// Active entities with neither a source nor a signature, as the Python system allowed.
pub fn without_provenance(view: &View<'_>) -> Result<Vec<Entity>> {
    let mut found = Vec::new();
    crate::ops::claims::for_each_id(view, crate::model::Kind::Entity, |id| {
        found.extend(
            store::entities::get(view, id)?
                .filter(|row| row.status == Status::Active && !row.has_provenance()),
        );
        Ok(())
    })?;
    Ok(found)
}
