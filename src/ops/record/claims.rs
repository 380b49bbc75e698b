//! Keeps stored claims in step with the rows, and rebuilds them.

use crate::model::{Claim, Kind, Result, claim};
use crate::ops::record::audited::Audited;
use crate::store::{self, Tx, View};

/// Stores the claims of a new row, and marks the slots they are on as touched.
pub fn add_claims<T: Audited>(tx: &Tx<'_>, row: &T) -> Result<()> {
    for claim in row.claims(tx)? {
        store::claims::insert(tx, &claim)?;
        tx.touch(claim.slot);
    }
    Ok(())
}

/// Updates the stored claims of one row, and marks the changed slots as touched.
pub fn refresh_claims<T: Audited>(tx: &Tx<'_>, row: &T) -> Result<()> {
    replace_known(tx, T::KIND, row.id(), row.claims(tx)?)?;
    Ok(())
}

/// Replaces the claims of a row, except those on slots that this ontology does not know: they belong
/// to the program that stored them.
fn replace_known(tx: &Tx<'_>, kind: Kind, id: &str, mut claims: Vec<Claim>) -> Result<bool> {
    let stored = store::claims::of_owner(tx, kind, id)?;
    let unknown = |claim: &&Claim| !claim::is_known_slot(&claim.slot.kind, tx.ontology);
    claims.extend(stored.iter().filter(unknown).cloned());
    replace(tx, kind, id, stored, &claims)
}

fn replace(
    tx: &Tx<'_>,
    kind: Kind,
    id: &str,
    stored: Vec<Claim>,
    claims: &[Claim],
) -> Result<bool> {
    let unchanged =
        stored.len() == claims.len() && stored.iter().all(|claim| claims.contains(claim));
    if unchanged {
        return Ok(false);
    }
    store::claims::delete_of_owner(tx, kind, id)?;
    for claim in claims {
        store::claims::insert(tx, claim)?;
    }
    for claim in stored.iter().chain(claims) {
        tx.touch(claim.slot.clone());
    }
    Ok(true)
}

/// Rebuilds all claims from the rows, except those on slots that this ontology does not know; returns
/// the number of rows whose claims were wrong.
pub fn rebuild(tx: &Tx<'_>) -> Result<usize> {
    rebuild_with(tx, replace_known)
}

/// Rebuilds all claims from the rows, so that only the slots of this ontology have any; returns the
/// number of rows whose claims were others.
pub fn derive_all(tx: &Tx<'_>) -> Result<usize> {
    rebuild_with(tx, |tx, kind, id, claims| {
        let stored = store::claims::of_owner(tx, kind, id)?;
        replace(tx, kind, id, stored, &claims)
    })
}

fn rebuild_with(
    tx: &Tx<'_>,
    replace: impl Fn(&Tx<'_>, Kind, &str, Vec<Claim>) -> Result<bool>,
) -> Result<usize> {
    let mut mended = 0;
    for_each_row(tx, |kind, id| {
        let claims = match derive_claims(tx, kind, id) {
            // A row that cannot be read claims nothing; the doctor names it.
            Err(error) if error.is_unknown_word() => Vec::new(),
            derived => derived?,
        };
        mended += usize::from(replace(tx, kind, id, claims)?);
        Ok(())
    })?;
    Ok(mended)
}

/// Returns rows whose stored claims differ from those derived from the row. Ignores claims on slots
/// that this ontology does not know: they belong to the program that stored them.
pub fn find_wrong_claims(view: &View<'_>) -> Result<Vec<(Kind, String)>> {
    let mut found = Vec::new();
    for_each_row(view, |kind, id| {
        let mut derived = match derive_claims(view, kind, id) {
            // An unreadable row; it also differs from its newest audit row, which is reported.
            Err(error) if error.is_unknown_word() => return Ok(()),
            derived => derived?,
        };
        derived.sort_by(|a, b| a.slot.cmp(&b.slot));
        let mut stored = store::claims::of_owner(view, kind, id)?;
        stored.retain(|claim| claim::is_known_slot(&claim.slot.kind, view.ontology));
        stored.sort_by(|a, b| a.slot.cmp(&b.slot));
        if stored != derived {
            found.push((kind, id.to_owned()));
        }
        Ok(())
    })?;
    found.sort();
    Ok(found)
}

/// Derives the claims of rows with wrong ones again; returns the number of such rows. Keeps claims
/// on slots that this ontology does not know.
pub fn repair_claims(tx: &Tx<'_>) -> Result<usize> {
    let wrong = find_wrong_claims(tx)?;
    for (kind, id) in &wrong {
        replace_known(tx, *kind, id, derive_claims(tx, *kind, id)?)?;
    }
    Ok(wrong.len())
}

/// Visits every row that may make claims, and the missing owners of stored claims.
fn for_each_row(view: &View<'_>, mut visit: impl FnMut(Kind, &str) -> Result<()>) -> Result<()> {
    for kind in [Kind::Entity, Kind::Memory, Kind::Relationship, Kind::ProjectState] {
        for_each_id(view, kind, |id| visit(kind, id))?;
    }
    let ownerless = store::claims::list_ownerless(view)?;
    ownerless.iter().try_for_each(|(kind, id)| visit(*kind, id))
}

const BATCH: i64 = 500;

/// Visits the ids of all rows of a kind.
pub fn for_each_id(
    view: &View<'_>,
    kind: Kind,
    visit: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    for_each_id_in(view, store::rows::table_of(kind), visit)
}

/// Visits the ids of all rows of a table, with a bounded number in memory at a time.
pub fn for_each_id_in(
    view: &View<'_>,
    table: &str,
    mut visit: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    let mut after = String::new();
    loop {
        let ids = store::rows::ids_after(view, table, &after, BATCH)?;
        let Some(last) = ids.last() else { return Ok(()) };
        after.clone_from(last);
        for id in &ids {
            visit(id)?;
        }
    }
}

fn derive_claims(view: &View<'_>, kind: Kind, id: &str) -> Result<Vec<Claim>> {
    fn of<T: Audited>(view: &View<'_>, row: Option<T>) -> Result<Vec<Claim>> {
        row.map_or_else(|| Ok(Vec::new()), |row| row.claims(view))
    }
    match kind {
        Kind::Entity => of(view, store::entities::get(view, id)?),
        Kind::Memory => of(view, store::memories::get(view, id)?),
        Kind::Relationship => of(view, store::relationships::get(view, id)?),
        Kind::ProjectState => of(view, store::projects::state_by_id(view, id)?),
        Kind::Project | Kind::Conflict | Kind::Interaction | Kind::Revision | Kind::Store => {
            Ok(Vec::new())
        }
    }
}
