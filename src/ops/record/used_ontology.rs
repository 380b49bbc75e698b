//! The ontology that a store is used with: the claims are derived by it, and a program without its slots
//! leaves their claims as they are.

use crate::model::Result;
use crate::ops::record::actor;
use crate::ops::record::claims;
use crate::ops::transaction::write_and_detect_conflicts;
use crate::store::Db;
use crate::store::used_ontology::{self, UsedOntology};

/// The operation that takes an ontology over.
const OPERATION: &str = "ontology";

/// The result of comparing the ontology of this program with that of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OntologyUse {
    Same,
    /// The claims were derived again with the ontology of the given file.
    TakenOver {
        rows: usize,
        conflicts: usize,
    },
    /// The store was used with slots that this program lacks.
    Lacking {
        slots: Vec<String>,
    },
}

/// Makes the ontology of a given file that of the store. Without a file, the store keeps its own.
pub fn take_over(db: &Db) -> Result<OntologyUse> {
    let (used, ontology) = (db.used_ontology()?, &db.settings().ontology);
    if !db.settings().ontology_given {
        let slots = used.map_or_else(Vec::new, |used| used.list_lacking(ontology));
        return Ok(if slots.is_empty() {
            OntologyUse::Same
        } else {
            OntologyUse::Lacking { slots }
        });
    }
    let (digest, slots) = (ontology.digest()?, ontology.added_slots());
    let given = UsedOntology { digest, slots, missed: false };
    if used.as_ref() == Some(&given) {
        return Ok(OntologyUse::Same);
    }
    let done = write_and_detect_conflicts(db, actor::PROGRAM, OPERATION, |tx| {
        let rows = claims::derive_all(tx)?;
        used_ontology::store_used(tx, &given)?;
        Ok(rows)
    })?;
    let (rows, conflicts) = (done.value, done.conflicts.len());
    Ok(match (rows, conflicts) {
        (0, 0) => OntologyUse::Same,
        _ => OntologyUse::TakenOver { rows, conflicts },
    })
}
