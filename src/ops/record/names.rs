//! Keeps the list of names that are found only by their folded form, and of the words of memories, in
//! step with the rows.

use crate::model::{Kind, Result};
use crate::ops::record::audited::Audited;
use crate::ops::record::claims::for_each_id;
use crate::store::{self, Tx, View, folded_names};

/// The kinds of rows that are found by a name or key.
const NAMED: [Kind; 4] = [Kind::Entity, Kind::Memory, Kind::Conflict, Kind::ProjectState];

/// Lists the name of a new row, if it needs to be.
pub fn add_name<T: Audited>(tx: &Tx<'_>, row: &T) -> Result<()> {
    match row.listed_name() {
        Some(name) => folded_names::put_name(tx, T::KIND, row.id(), &name),
        None => Ok(()),
    }
}

/// Lists the name of a changed row, in place of the earlier one.
pub fn refresh_name<T: Audited>(tx: &Tx<'_>, before: &T, after: &T) -> Result<()> {
    if before.listed_name() == after.listed_name() {
        return Ok(());
    }
    folded_names::delete_name(tx, T::KIND, before.id())?;
    add_name(tx, after)
}

/// Lists the rows whose listed name is wrong.
pub fn find_wrong_names(view: &View<'_>) -> Result<Vec<(Kind, String)>> {
    let mut wrong = Vec::new();
    for_each_named(view, |kind, id| {
        let wanted = match derive_name(view, kind, id) {
            Err(error) if error.is_unknown_word() => return Ok(()),
            derived => derived?,
        };
        if wanted != folded_names::find_name(view, kind, id)? {
            wrong.push((kind, id.to_owned()));
        }
        Ok(())
    })?;
    wrong.sort();
    wrong.dedup();
    Ok(wrong)
}

/// Lists all names again; returns the number of names that were wrong.
pub fn rebuild(tx: &Tx<'_>) -> Result<usize> {
    let wrong = find_wrong_names(tx)?;
    for (kind, id) in &wrong {
        match derive_name(tx, *kind, id)? {
            Some(name) => folded_names::put_name(tx, *kind, id, &name)?,
            None => folded_names::delete_name(tx, *kind, id)?,
        }
    }
    Ok(wrong.len())
}

fn for_each_named(view: &View<'_>, mut visit: impl FnMut(Kind, &str) -> Result<()>) -> Result<()> {
    for kind in NAMED {
        for_each_id(view, kind, |id| visit(kind, id))?;
    }
    let owners = folded_names::list_owners(view)?;
    owners.iter().try_for_each(|(kind, id)| visit(*kind, id))
}

fn derive_name(view: &View<'_>, kind: Kind, id: &str) -> Result<Option<String>> {
    fn of<T: Audited>(row: Option<T>) -> Option<String> {
        row.and_then(|row| row.listed_name())
    }
    Ok(match kind {
        Kind::Entity => of(store::entities::get(view, id)?),
        Kind::Memory => of(store::memories::get(view, id)?),
        Kind::Conflict => of(store::conflicts::get(view, id)?),
        Kind::ProjectState => of(store::projects::state_by_id(view, id)?),
        _ => None,
    })
}
