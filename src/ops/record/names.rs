//! Keeps the list of names that are found only by their folded form, and of the words of memories, in
//! step with the rows.

use crate::model::text::fold_unless_plain;
use crate::model::{Kind, Result};
use crate::ops::record::audited::Audited;
use crate::ops::record::claims::for_each_id;
use crate::store::folded_names::{self, NameList};
use crate::store::{self, Tx, View};

/// The lists of names by which rows are found.
const LISTS: [NameList; 6] = [
    NameList::Names(Kind::Entity),
    NameList::Names(Kind::Memory),
    NameList::Names(Kind::Conflict),
    NameList::Names(Kind::ProjectState),
    NameList::Uids(Kind::Entity),
    NameList::Uids(Kind::Memory),
];

/// Lists the names of a new row, if they need to be.
pub fn add_names<T: Audited>(tx: &Tx<'_>, row: &T) -> Result<()> {
    for (list, name) in names_of(row) {
        if let Some(name) = name {
            folded_names::put_name(tx, list, row.id(), &name)?;
        }
    }
    Ok(())
}

/// Lists the names of a changed row, in place of the earlier ones.
pub fn refresh_names<T: Audited>(tx: &Tx<'_>, before: &T, after: &T) -> Result<()> {
    if names_of(before) == names_of(after) {
        return Ok(());
    }
    for (list, _) in names_of(before) {
        folded_names::delete_name(tx, list, before.id())?;
    }
    add_names(tx, after)
}

/// Returns the name and the identifier of a row in the form in which they are listed, if they need to
/// be.
fn names_of<T: Audited>(row: &T) -> [(NameList, Option<String>); 2] {
    let (names, uids) = (NameList::Names(T::KIND), NameList::Uids(T::KIND));
    [(names, row.listed_name()), (uids, fold_unless_plain(&[row.uid()]))]
}

/// Lists the rows whose listed name is wrong.
pub fn find_wrong_names(view: &View<'_>) -> Result<Vec<(NameList, String)>> {
    let mut wrong = Vec::new();
    for_each_named(view, |list, id| {
        let wanted = match derive_name(view, list, id) {
            Err(error) if error.is_unknown_word() => return Ok(()),
            derived => derived?,
        };
        if wanted != folded_names::find_name(view, list, id)? {
            wrong.push((list, id.to_owned()));
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
    for (list, id) in &wrong {
        match derive_name(tx, *list, id)? {
            Some(name) => folded_names::put_name(tx, *list, id, &name)?,
            None => folded_names::delete_name(tx, *list, id)?,
        }
    }
    Ok(wrong.len())
}

fn for_each_named(
    view: &View<'_>,
    mut visit: impl FnMut(NameList, &str) -> Result<()>,
) -> Result<()> {
    for list in LISTS {
        for_each_id(view, list.kind(), |id| visit(list, id))?;
    }
    let owners = folded_names::list_owners(view)?;
    owners.iter().try_for_each(|(list, id)| visit(*list, id))
}

fn derive_name(view: &View<'_>, list: NameList, id: &str) -> Result<Option<String>> {
    fn of<T: Audited>(list: NameList, row: Option<T>) -> Option<String> {
        let (_, name) = names_of(&row?).into_iter().find(|(known, _)| *known == list)?;
        name
    }
    Ok(match list.kind() {
        Kind::Entity => of(list, store::entities::get(view, id)?),
        Kind::Memory => of(list, store::memories::get(view, id)?),
        Kind::Conflict => of(list, store::conflicts::get(view, id)?),
        Kind::ProjectState => of(list, store::projects::state_by_id(view, id)?),
        _ => None,
    })
}
