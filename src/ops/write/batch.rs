//! Creates many rows in one write, linked by keys local to the call: all or nothing.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::model::{Error, Result, SubjectKind};
use crate::ops::record::validate;
use crate::ops::write::entities::{self, DuplicatePolicy, NewEntity};
use crate::ops::write::memories::{self, NewMemory};
use crate::ops::write::relationships::{self, LinkOutcome, NewRelationship};
use crate::store::Tx;

/// Rows to create together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub entities: Vec<(Option<String>, NewEntity)>,
    pub relationships: Vec<NewRelationship>,
    pub memories: Vec<(Option<String>, NewMemory)>,
}

/// The outcome of a batch, in the order of its rows.
#[derive(Debug, Clone, Default)]
pub struct Made {
    pub entities: Vec<(Option<String>, entities::EntityCreation)>,
    pub relationships: Vec<LinkOutcome>,
    pub memories: Vec<(Option<String>, memories::MemoryCreation)>,
}

/// Entities and memories by their local keys.
#[derive(Debug, Default)]
pub struct Keys {
    ids: HashMap<String, String>,
    /// Keys of refused rows only.
    refused: HashSet<String>,
}

impl Keys {
    /// Binds a key to an id; a key names one row.
    pub fn bind(&mut self, key: Option<&str>, id: &str) -> Result<()> {
        let Some(key) = key else { return Ok(()) };
        match self.ids.get(key) {
            Some(known) if known != id => Err(Error::Duplicate {
                subject: SubjectKind::BatchKey,
                given: key.to_owned(),
                existing: format!("it names {known} already"),
            }),
            _ => {
                self.ids.insert(key.to_owned(), id.to_owned());
                Ok(())
            }
        }
    }

    /// Returns the id bound to a key; any other text is returned as an id.
    pub fn id<'a>(&'a self, key_or_id: &'a str) -> &'a str {
        self.ids.get(key_or_id).map_or(key_or_id, String::as_str)
    }

    /// Returns whether a key is bound to a row.
    pub fn knows(&self, key: &str) -> bool {
        self.ids.contains_key(key)
    }

    /// Records that the row with this key was refused.
    pub fn refuse(&mut self, key: &str) {
        self.refused.insert(key.to_owned());
    }

    /// Refuses a key of a refused row, which could otherwise be taken for an id.
    pub fn require_stored(&self, keys: &[&str]) -> Result<()> {
        let refused = |key: &&&str| !self.knows(key) && self.refused.contains(**key);
        let Some(key) = keys.iter().find(refused) else { return Ok(()) };
        Err(Error::invalid("key", format!("the row {key:?} was refused"), "Correct that row."))
    }

    /// Returns the link with the keys at its ends replaced by ids.
    pub fn tie(&self, link: &NewRelationship) -> NewRelationship {
        NewRelationship {
            relationship_type: link.relationship_type.clone(),
            source_id: self.id(&link.source_id).to_owned(),
            target_id: self.id(&link.target_id).to_owned(),
            confidence: link.confidence,
            source_refs: link.source_refs.clone(),
            end: link.end,
        }
    }

    /// Returns the entity with each source `memory:<key>` replaced by `memory:<id>`.
    pub fn cite<'n>(&self, new: &'n NewEntity) -> Cow<'n, NewEntity> {
        let key = |reference: &str| reference.strip_prefix("memory:").map(str::to_owned);
        let mut new = Cow::Borrowed(new);
        for at in 0..new.source_refs.len() {
            if let Some(key) = key(&new.source_refs[at]) {
                new.to_mut().source_refs[at] = format!("memory:{}", self.id(&key));
            }
        }
        new
    }
}

/// Creates all rows of the batch; an error names the row that failed.
pub fn create(tx: &Tx<'_>, batch: &Batch, note: &str) -> Result<Made> {
    let rows = batch.entities.len() + batch.relationships.len() + batch.memories.len();
    if rows == 0 {
        return Err(Error::invalid(
            "entities",
            "the batch has no rows",
            "Give entities, relationships or memories.",
        ));
    }
    validate::at_most("the batch", rows, validate::MAX_ROWS, "rows")?;
    let links = batch.entities.iter().map(|(_, new)| new.relationships.len()).sum();
    validate::at_most("the entities of the batch", links, validate::MAX_LINKS, "links")?;
    let mut keys = Keys::default();
    let mut made = Made::default();
    for (index, (key, new)) in batch.memories.iter().enumerate() {
        let at = |error| locate_error("memories", index, error);
        let memory = memories::create(tx, new, note).map_err(at)?;
        keys.bind(key.as_deref(), &memory.row.id).map_err(at)?;
        made.memories.push((key.clone(), memory));
    }
    for (index, (key, new)) in batch.entities.iter().enumerate() {
        let at = |error| locate_error("entities", index, error);
        let entity = entities::create_alone(tx, &keys.cite(new), DuplicatePolicy::OfStatus, note)
            .map_err(at)?;
        keys.bind(key.as_deref(), &entity.row.id).map_err(at)?;
        made.entities.push((key.clone(), entity));
    }
    for (index, (_, new)) in batch.entities.iter().enumerate() {
        let at = |error| locate_error("entities", index, error);
        for link in &new.relationships {
            let link = link.of(&made.entities[index].1.row.id).map_err(at)?;
            made.relationships.push(relationships::create(tx, &keys.tie(&link), note).map_err(at)?);
        }
    }
    for (index, link) in batch.relationships.iter().enumerate() {
        let linked = match link.end {
            true => Err(Error::invalid("end", "a batch only creates", "End links one by one.")),
            false => relationships::create(tx, &keys.tie(link), note),
        };
        let linked = linked.map_err(|error| locate_error("relationships", index, error))?;
        made.relationships.push(linked);
    }
    Ok(made)
}

/// Adds the list and index of the failing row to an error.
fn locate_error(list: &str, index: usize, error: Error) -> Error {
    match error {
        Error::Busy | Error::Storage { .. } | Error::Internal(_) => error,
        Error::Invalid { field, problem, hint } => {
            Error::Invalid { field: format!("{list}[{index}].{field}"), problem, hint }
        }
        other => Error::invalid(format!("{list}[{index}]"), other.to_string(), other.hint()),
    }
}
