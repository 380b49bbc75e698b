//! The table `claims`, derived from the active rows.

use super::rows;
use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::text::fold_name;
use crate::model::{Claim, Error, Kind, Result, Slot};
use crate::params;

const COLUMNS: &str = "owner_kind, owner_id, slot_kind, slot_key, project, value, value_key";

fn read_claim(row: &SqlRow<'_>) -> Result<Claim> {
    let kind = row.text("owner_kind")?;
    Ok(Claim {
        owner_kind: Kind::parse(&kind)
            .ok_or_else(|| Error::Internal(format!("a claim of the unknown kind {kind:?}")))?,
        owner_id: row.text("owner_id")?,
        slot: Slot {
            kind: row.text("slot_kind")?,
            key: row.text("slot_key")?,
            project: row.text("project")?,
        },
        value: row.text("value")?,
        value_key: row.text("value_key")?,
    })
}

/// Lists the claims of one row, ordered by slot.
pub fn of_owner(view: &View<'_>, kind: Kind, id: &str) -> Result<Vec<Claim>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM claims WHERE owner_id = ?1 AND owner_kind = ?2 ORDER BY slot_kind"
    );
    view.conn.all(&sql, params![id, kind.as_str()], read_claim)
}

/// Lists every claim under a folded key in a project, the input of conflict detection.
pub fn of_key(view: &View<'_>, key: &str, project: &str) -> Result<Vec<Claim>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM claims WHERE folded_key = ?1 AND project = ?2 \
         ORDER BY slot_kind, owner_id"
    );
    view.conn.all(&sql, params![key, project], read_claim)
}

pub fn insert(tx: &Tx<'_>, claim: &Claim) -> Result<()> {
    tx.change_uncovered(
        "INSERT INTO claims (owner_kind, owner_id, slot_kind, slot_key, folded_key, project, value, \
         value_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            claim.owner_kind.as_str(),
            &claim.owner_id,
            &claim.slot.kind,
            &claim.slot.key,
            &fold_name(&claim.slot.key),
            &claim.slot.project,
            &claim.value,
            &claim.value_key,
        ],
    )?;
    Ok(())
}

pub fn delete_of_owner(tx: &Tx<'_>, kind: Kind, id: &str) -> Result<()> {
    let sql = "DELETE FROM claims WHERE owner_id = ?1 AND owner_kind = ?2";
    tx.change_uncovered(sql, params![id, kind.as_str()])?;
    Ok(())
}

/// Lists the owners of stored claims that do not exist.
pub fn list_ownerless(view: &View<'_>) -> Result<Vec<(Kind, String)>> {
    let kinds = [Kind::Entity, Kind::Memory, Kind::Relationship, Kind::ProjectState];
    let exists = rows::exists(
        "c.owner_kind",
        "c.owner_id",
        kinds.map(|kind| (kind.as_str(), rows::table_of(kind))),
    );
    let sql = format!("SELECT DISTINCT owner_kind, owner_id FROM claims c WHERE NOT {exists}");
    let mut owners = Vec::new();
    view.conn.scan(&sql, &[], |row| {
        let kind = Kind::parse(&row.text("owner_kind")?);
        owners.extend(kind.map(|kind| row.text("owner_id").map(|id| (kind, id))).transpose()?);
        Ok(())
    })?;
    Ok(owners)
}

/// Visits the folded keys, with their projects, under which more than one row has a claim.
pub fn for_each_shared_key(
    view: &View<'_>,
    mut visit: impl FnMut(&str, &str) -> Result<()>,
) -> Result<()> {
    let sql =
        "SELECT folded_key, project FROM claims GROUP BY folded_key, project HAVING count(*) > 1";
    view.conn.scan(sql, &[], |row| visit(&row.text("folded_key")?, &row.text("project")?))
}
