//! The table `used_ontology`: the ontology by which the claims are derived.

use super::entities::{json_list, parse_strings};
use super::sqlite::sql::Conn;
use super::tx::{Tx, View};
use crate::model::{Ontology, Result};
use crate::params;

/// The row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedOntology {
    pub digest: String,
    /// The slots that it adds to the built-in ones.
    pub slots: Vec<String>,
    /// Whether a program without these slots has changed rows since.
    pub missed: bool,
}

pub fn get(view: &View<'_>) -> Result<Option<UsedOntology>> {
    read(view.conn)
}

pub(super) fn read(conn: &Conn) -> Result<Option<UsedOntology>> {
    conn.one("SELECT digest, slots, missed FROM used_ontology", params![], |row| {
        Ok(UsedOntology {
            digest: row.text("digest")?,
            slots: parse_strings(&row.text("slots")?),
            missed: row.integer("missed")? != 0,
        })
    })
}

pub fn store_used(tx: &Tx<'_>, used: &UsedOntology) -> Result<()> {
    tx.change_uncovered(
        "INSERT INTO used_ontology (place, digest, slots, missed) VALUES (1, ?1, ?2, ?3) \
         ON CONFLICT (place) DO UPDATE SET digest = excluded.digest, slots = excluded.slots, \
         missed = excluded.missed",
        params![&used.digest, &json_list(&used.slots), i64::from(used.missed)],
    )?;
    Ok(())
}

impl UsedOntology {
    /// Returns the slots that an ontology lacks.
    pub fn list_lacking(&self, ontology: &Ontology) -> Vec<String> {
        let is_known = |name: &&String| ontology.slots.iter().any(|slot| slot.name == **name);
        self.slots.iter().filter(|name| !is_known(name)).cloned().collect()
    }
}

/// Notes that rows were changed without the slots of the store, if this program lacks any.
pub(super) fn note_missed(tx: &Tx<'_>) -> Result<()> {
    let used = if tx.may_claim() { get(tx)? } else { None };
    match used {
        Some(used) if !used.missed && !used.list_lacking(tx.ontology).is_empty() => {
            store_used(tx, &UsedOntology { missed: true, ..used })
        }
        _ => Ok(()),
    }
}
