//! Entities: create, correct, promote and read.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::error::CurrentStatus;
use crate::model::imported_history::ImportedHistory;
use crate::model::known_properties::describe_properties;
use crate::model::ontology::EntityType;
use crate::model::{Action, Entity, Error, Result, Status, SubjectKind};
use crate::ops::record::citations::digest_documents;
use crate::ops::record::{record_change, uids, validate};
use crate::ops::write::lifecycle::LifecycleOutcome;
use crate::ops::write::lifecycle_rows::{self, HasLifecycle};
use crate::ops::write::projects;
use crate::ops::write::reclassification::check_reclassified;
use crate::ops::write::relationships::{self, LinkOutcome, NewRelationship};
use crate::store::uids::UidRow;
use crate::store::{self, Tx, View};

/// The status of a new row.
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

/// An entity to create.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEntity {
    pub entity_type: String,
    pub name: String,
    /// Its id elsewhere.
    #[serde(default)]
    pub uid: String,
    /// Project name or alias; "" is global.
    pub project: Option<String>,
    #[serde(default)]
    pub description: String,
    /// Facts by name; any others too.
    #[serde(default)]
    #[schemars(schema_with = "describe_properties")]
    pub properties: Map<String, Value>,
    #[allow(rustdoc::invalid_html_tags, reason = "agents read it as it is")]
    /// doc:<path>, url:<address>, commit:<hash>, session:<id>, memory:<id>, chunk:<id>, interaction:<id>.
    #[serde(default)]
    pub source_refs: Vec<String>,
    /// True if a person vouches for it.
    #[serde(default)]
    pub hand_authored: bool,
    /// candidate unless the person asked for active.
    #[serde(default)]
    pub status: InitialStatus,
    /// 0 to 1; default 1.
    pub confidence: Option<f64>,
    /// Links made with it: target_id for one from it, source_id for one to it.
    #[serde(default)]
    pub relationships: Vec<AttachedRelationship>,
    #[serde(skip)]
    pub imported: ImportedHistory,
}

/// The property with the day of a decision.
pub const DECIDED_ON: &str = "decided_on";

/// A link created together with an entity, which is one of its ends.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct AttachedRelationship {
    pub relationship_type: String,
    #[serde(alias = "target_entity_id", alias = "target")]
    pub target_id: Option<String>,
    #[serde(alias = "source_entity_id", alias = "source")]
    pub source_id: Option<String>,
}

impl AttachedRelationship {
    /// Returns the full link, with the entity as the missing end.
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

/// The outcome of creating an entity.
#[derive(Debug, Clone)]
pub struct EntityCreation {
    pub row: Entity,
    pub created: bool,
    pub audit_id: Option<String>,
    /// Other entities of the same type, name and project.
    pub similar: Vec<Entity>,
    /// Given fields that differ from the existing row.
    pub differing: Vec<&'static str>,
    /// The active row that holds its uid.
    pub uid_holder: Option<UidRow>,
    /// The links created with it.
    pub links: Vec<LinkOutcome>,
}

/// The rows that count as duplicates of a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicatePolicy {
    /// Rows of the status that the new one would have.
    OfStatus,
    /// Rows of any status: an import does not undo a past decision.
    OfAnyStatus,
}

/// Similar rows listed in an answer.
pub const MAX_SIMILAR: usize = 5;

/// Creates the entity and its links, or finds an identical one.
pub fn create(tx: &Tx<'_>, new: &NewEntity, note: &str) -> Result<EntityCreation> {
    validate::at_most("relationships", new.relationships.len(), validate::MAX_ROWS, "links")?;
    let mut created = create_alone(tx, new, DuplicatePolicy::OfStatus, note)?;
    for link in &new.relationships {
        created.links.push(relationships::create(tx, &link.of(&created.row.id)?, note)?);
    }
    Ok(created)
}

/// As [`create`], without the links.
pub fn create_alone(
    tx: &Tx<'_>,
    new: &NewEntity,
    sameness: DuplicatePolicy,
    note: &str,
) -> Result<EntityCreation> {
    validate::text_length("note", note)?;
    create_built(tx, new, build(tx, new)?, sameness, note)
}

/// As [`create_alone`], with the row that was built from the request.
pub fn create_built(
    tx: &Tx<'_>,
    new: &NewEntity,
    mut wanted: Entity,
    sameness: DuplicatePolicy,
    note: &str,
) -> Result<EntityCreation> {
    let any_status = sameness == DuplicatePolicy::OfAnyStatus;
    let mut existing = store::entities::find_same(tx, &wanted, any_status)?;
    let uid_holder = uids::find_holder_beside(tx, &wanted, existing.as_ref())?;
    let is_history = wanted.status.is_history();
    let uid_holder = uid_holder.filter(|_| !is_history);
    if existing.is_none() && uid_holder.is_some() {
        wanted.status = Status::Candidate;
        existing = store::entities::find_same(tx, &wanted, any_status)?;
    }
    let created = existing.is_none();
    let differing =
        existing.as_ref().map_or_else(Vec::new, |row| differing_fields(new, &wanted, row));
    let mut row = existing.unwrap_or(wanted);
    // Imports report no similar rows.
    let similar = if any_status { Vec::new() } else { find_similar(tx, &row)? };
    let audit_id = if created { Some(record_change::create(tx, &mut row, note)?) } else { None };
    Ok(EntityCreation { row, created, audit_id, similar, differing, uid_holder, links: vec![] })
}

/// Returns other entities of the same type, name and project.
pub fn find_similar(view: &View<'_>, row: &Entity) -> Result<Vec<Entity>> {
    store::entities::list_alike(view, row, MAX_SIMILAR as i64)
}

/// Returns the given fields that differ from the existing row.
fn differing_fields(new: &NewEntity, wanted: &Entity, row: &Entity) -> Vec<&'static str> {
    let confidence = new.confidence.is_some() && wanted.confidence != row.confidence;
    let sources = wanted.source_refs.iter().any(|given| !row.source_refs.contains(given));
    let uid = !wanted.uid.is_empty() && wanted.uid != row.uid;
    [("uid", uid), ("source_refs", sources), ("confidence", confidence)]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
}

/// Validates a request and builds the row that it asks for.
pub fn build(tx: &Tx<'_>, new: &NewEntity) -> Result<Entity> {
    let entity_type = tx.ontology.require_entity_type(&new.entity_type)?;
    validate::text_length("description", &new.description)?;
    let source_refs = validate::source_refs(tx, &new.source_refs)?;
    let row = Entity {
        entity_type: entity_type.name.clone(),
        name: validate::check_name("name", &new.name)?,
        project: projects::resolve(tx, new.project.as_deref().unwrap_or_default())?.name,
        description: new.description.trim().to_owned(),
        properties: validate::check_properties(&new.properties)?,
        status: new.imported.status.unwrap_or_else(|| new.status.into()),
        confidence: validate::check_confidence(new.confidence)?,
        uid: validate::check_uid(&new.uid)?,
        content_version: 1,
        source_digests: digest_documents(tx, &source_refs)?,
        source_refs,
        extractor_version: String::new(),
        canonical_home: "entity".to_owned(),
        hand_authored: new.hand_authored,
        version: 1,
        created_at: tx.now.to_string(),
        updated_at: tx.now.to_string(),
        handle: String::new(),
        id: tx.new_id(),
    };
    check_complete(&row, entity_type)?;
    Ok(row)
}

/// Checks the provenance, and the properties that the ontology requires of the type.
pub(super) fn check_complete(row: &Entity, entity_type: &EntityType) -> Result<()> {
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

/// A correction of an entity; omitted fields stay unchanged.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntityUpdate {
    pub entity_id: String,
    pub entity_type: Option<String>,
    pub name: Option<String>,
    pub project: Option<String>,
    pub uid: Option<String>,
    pub description: Option<String>,
    /// Merged into the properties; null deletes a key.
    #[schemars(schema_with = "describe_properties")]
    pub properties: Option<Map<String, Value>>,
    /// 0 to 1.
    pub confidence: Option<f64>,
    /// Added to the sources.
    #[serde(default)]
    pub source_refs: Vec<String>,
    pub hand_authored: Option<bool>,
    /// Refuse if changed since.
    pub expected_version: Option<i64>,
}

/// Corrects the editable fields of a candidate or active entity.
pub fn update(tx: &Tx<'_>, edit: &EntityUpdate, note: &str) -> Result<LifecycleOutcome<Entity>> {
    validate::text_length("note", note)?;
    let before: Entity = lifecycle_rows::require_row(tx, &edit.entity_id)?;
    validate::expected_version(
        SubjectKind::ENTITY,
        &before.handle,
        before.version,
        edit.expected_version,
    )?;
    check_editable(&before)?;
    let mut after = before.clone();
    if let Some(entity_type) = &edit.entity_type {
        after.entity_type.clone_from(&tx.ontology.require_entity_type(entity_type)?.name);
    }
    if let Some(project) = &edit.project {
        after.project = projects::resolve_target(tx, project)?.name;
    }
    if let Some(name) = &edit.name {
        after.name = validate::check_name("name", name)?;
    }
    if let Some(uid) = &edit.uid {
        after.uid = validate::check_uid(uid)?;
    }
    if let Some(description) = &edit.description {
        validate::text_length("description", description)?;
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
        after.properties = validate::check_properties(&after.properties)?;
    }
    if edit.confidence.is_some() {
        after.confidence = validate::check_confidence(edit.confidence)?;
    }
    if let Some(hand_authored) = edit.hand_authored {
        after.hand_authored = hand_authored;
    }
    let mut refs = before.source_refs.clone();
    let cited = validate::source_refs(tx, &edit.source_refs)?;
    // Citing a document again refers to it as it is now.
    after.source_digests.extend(digest_documents(tx, &cited)?);
    for added in cited {
        if !refs.contains(&added) {
            refs.push(added);
        }
    }
    validate::at_most("source_refs", refs.len(), validate::MAX_REFS, "references")?;
    after.source_refs = refs;
    store_change(tx, before, after, note)
}

/// Stores an entity with changed fields, if they differ.
pub fn store_change(
    tx: &Tx<'_>,
    before: Entity,
    mut after: Entity,
    note: &str,
) -> Result<LifecycleOutcome<Entity>> {
    if after == before {
        return Ok(LifecycleOutcome { row: before, changed: false, audit_id: None, joined: None });
    }
    check_complete(&after, tx.ontology.require_entity_type(&after.entity_type)?)?;
    check_reclassified(tx, &before, &after)?;
    if after.differs_in_content(&before) {
        after.content_version += 1;
    }
    after.stamp(tx);
    let audit_id = record_change::record_change(tx, &before, &after, Action::Updated, note)?;
    Ok(LifecycleOutcome { row: after, changed: true, audit_id: Some(audit_id), joined: None })
}

/// Refuses to edit a row that is history: superseded, invalid or graduated.
pub fn check_editable<T: HasLifecycle>(row: &T) -> Result<()> {
    if !row.status().is_history() {
        return Ok(());
    }
    Err(Error::Transition {
        subject: T::SUBJECT,
        id: row.handle().to_owned(),
        status: CurrentStatus::Row(row.status()),
        operation: "update",
        needed: "candidate or active",
    })
}
