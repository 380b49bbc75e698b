//! Keeps the earlier names and uids of rows, so that they lead to them.

use serde::Deserialize;

use crate::model::event::AuditEntry;
use crate::model::text::fold_name;
use crate::model::{Kind, Result};
use crate::ops::record::audited::Audited;
use crate::store::Tx;
use crate::store::former_names::{FormerName, forget_name, keep_name};

/// Keeps the name and the uid that a row had before a change.
pub fn keep_former_names<T: Audited>(tx: &Tx<'_>, before: &T, after: &T) -> Result<()> {
    let now = tx.now.to_string();
    let row = (T::KIND, after.id());
    keep_former(tx, row, false, (before.current_name(), after.current_name()), &now)?;
    keep_former(tx, row, true, (before.uid(), after.uid()), &now)
}

fn keep_former(
    tx: &Tx<'_>,
    (kind, id): (Kind, &str),
    is_uid: bool,
    (old, new): (&str, &str),
    at: &str,
) -> Result<()> {
    if fold_name(old) == fold_name(new) {
        return Ok(());
    }
    let former = |name: &str| FormerName { name: name.to_owned(), is_uid };
    forget_name(tx, kind, id, &former(new))?;
    if old.is_empty() { Ok(()) } else { keep_name(tx, kind, id, &former(old), at) }
}

/// The names of a row in a snapshot.
#[derive(Default, Deserialize)]
#[serde(default)]
struct NamesOfSnapshot {
    name: String,
    uid: String,
}

/// Keeps the names of a row whose history came from another store.
pub fn take_former_names(tx: &Tx<'_>, entry: &AuditEntry) -> Result<()> {
    let kind = match Kind::parse(&entry.kind) {
        Some(kind @ (Kind::Entity | Kind::Memory)) => kind,
        _ => return Ok(()),
    };
    let read = |text: &str| serde_json::from_str::<NamesOfSnapshot>(text).ok();
    let (Some(before), Some(after)) = (read(&entry.before_json), read(&entry.after_json)) else {
        return Ok(());
    };
    // A cleared snapshot, and that before a row was made, say nothing.
    if before.name.is_empty() && before.uid.is_empty()
        || after.name.is_empty() && kind == Kind::Entity
    {
        return Ok(());
    }
    let row = (kind, entry.subject_id.as_str());
    keep_former(tx, row, false, (&before.name, &after.name), &entry.timestamp)?;
    keep_former(tx, row, true, (&before.uid, &after.uid), &entry.timestamp)
}
