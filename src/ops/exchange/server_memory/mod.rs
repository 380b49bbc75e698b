//! Imports the memory file of the reference MCP memory server: entities, observations and
//! relations. Nothing is lost: data without an equivalent is kept as text.

mod plan;
mod read;

pub use plan::{MemoryFileArgs, Plan};

use crate::model::{Entity, Error, Result};
use crate::ops::write::entities::{self, DuplicatePolicy};
use crate::ops::write::memories;
use crate::ops::write::relationships::{self, NewRelationship};
use crate::store::Tx;

/// Rows of a plan stored per transaction.
pub const BATCH: usize = 500;

/// The outcome of storing the rows of a plan.
#[derive(Debug, Clone, Default)]
pub struct StoredPlan {
    /// For each entity of the plan its row, and whether it was created; `None` if it was refused.
    pub entities: Vec<Option<(Entity, bool)>>,
    pub memories: ImportCounts,
    pub relationships: ImportCounts,
    /// Refused rows, with the reason.
    pub refused: Vec<(String, Error)>,
}

/// Numbers of created and existing rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    pub created: usize,
    pub existing: usize,
}

impl ImportCounts {
    fn add(&mut self, created: bool) {
        if created {
            self.created += 1;
        } else {
            self.existing += 1;
        }
    }
}

impl Plan {
    /// Returns the number of rows to store.
    pub fn rows(&self) -> usize {
        self.entities.len() + self.memories.len() + self.relationships.len()
    }

    /// Stores a range of the rows, in the order entities, memories, relationships. A refused row is
    /// rolled back.
    pub fn store(
        &self,
        tx: &Tx<'_>,
        rows: std::ops::Range<usize>,
        stored: &mut StoredPlan,
    ) -> Result<()> {
        for at in rows {
            let outcome = match at.checked_sub(self.entities.len()) {
                None => self.store_entity(tx, at, stored),
                Some(at) => match at.checked_sub(self.memories.len()) {
                    None => self.store_memory(tx, at, stored),
                    Some(at) => self.store_relationship(tx, at, stored),
                },
            };
            match outcome {
                Err(error @ (Error::Busy | Error::Storage { .. } | Error::Internal(_))) => {
                    return Err(error);
                }
                Err(error) => stored.refused.push((self.describe(at), error)),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn store_entity(&self, tx: &Tx<'_>, at: usize, stored: &mut StoredPlan) -> Result<()> {
        let new = &self.entities[at];
        let made = tx.attempt(|| entities::create_alone(tx, new, DuplicatePolicy::OfAnyStatus, ""));
        stored.entities.push(None);
        let made = made?;
        stored.entities[at] = Some((made.row, made.created));
        Ok(())
    }

    fn store_memory(&self, tx: &Tx<'_>, at: usize, stored: &mut StoredPlan) -> Result<()> {
        let new = &self.memories[at];
        let made =
            tx.attempt(|| memories::create_unless(tx, new, DuplicatePolicy::OfAnyStatus, ""))?;
        stored.memories.add(made.created);
        Ok(())
    }

    fn store_relationship(&self, tx: &Tx<'_>, at: usize, stored: &mut StoredPlan) -> Result<()> {
        let link = &self.relationships[at];
        let id = |at: usize| stored.entities[at].as_ref().map(|(row, _)| row.id.clone());
        let (Some(source_id), Some(target_id)) = (id(link.source), id(link.target)) else {
            return Err(Error::invalid(
                "relation",
                "one of its entities was refused",
                "Correct the entity.",
            ));
        };
        let new = NewRelationship {
            relationship_type: link.relationship_type.clone(),
            source_id,
            target_id,
            source_refs: link.source_refs.clone(),
            ..NewRelationship::default()
        };
        let made = tx.attempt(|| relationships::create_once(tx, &new, ""))?;
        stored.relationships.add(made.changed);
        Ok(())
    }
}

impl StoredPlan {
    /// Returns the numbers of created and existing entities.
    pub fn entity_counts(&self) -> ImportCounts {
        let mut counts = ImportCounts::default();
        self.entities.iter().flatten().for_each(|(_, created)| counts.add(*created));
        counts
    }
}
