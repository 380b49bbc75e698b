//! Rows with a lifecycle: look-up, and the chains of rows that superseded each other.

use std::collections::BTreeSet;

use crate::model::handle::HandleKind;
use crate::model::nearest::nearest_names;
use crate::model::ontology::SUPERSEDES;
use crate::model::words::split_words;
use crate::model::{Entity, Error, Memory, Result, Status, SubjectKind};
use crate::ops::record::audited::Audited;
use crate::ops::record::row_id::resolve_id;
use crate::store::rows::skip_unknown;
use crate::store::{self, Tx, View};

/// A row with a status, a version and a lifecycle.
pub trait HasLifecycle: Audited + Clone {
    const SUBJECT: SubjectKind;

    fn find(view: &View<'_>, id: &str) -> Result<Option<Self>>;
    fn status(&self) -> Status;
    fn set_status(&mut self, status: Status);
    fn version(&self) -> i64;
    /// Increments the version and sets the time of the change.
    fn stamp(&mut self, tx: &Tx<'_>);

    /// Returns the names nearest to an id that was not found.
    fn nearest(view: &View<'_>, given: &str) -> Result<Vec<String>>;

    /// Returns the ids of the rows that this row directly superseded.
    fn replaced(&self, view: &View<'_>) -> Result<Vec<String>>;
    /// Returns the id of the row that superseded this one, if any.
    fn replacement(&self, view: &View<'_>) -> Result<Option<String>>;
    /// Records `by` as the successor in this row; returns false if a link records it instead.
    fn note_replacement(&mut self, _by: &Self) -> bool {
        false
    }
}

/// Maximum number of names that are looked at because they have the words of a text.
const MAX_WITH_WORDS: i64 = 200;

/// Lists names of entities that may be meant by a text, with their ids: those that have its words,
/// and those that begin like it.
pub fn list_similar_names(view: &View<'_>, text: &str) -> Result<Vec<(String, String)>> {
    let words = split_words(text).into_iter().filter(|word| !word.part);
    let stems: Vec<String> = words.map(|word| word.stem).take(8).collect();
    let mut known = store::sqlite::titles::list_titled(view, &stems, MAX_WITH_WORDS)?;
    known.extend(store::entities::names_like(view, text)?);
    known.sort();
    known.dedup();
    Ok(known)
}

/// Returns the row with an id or handle, or an error with the nearest names.
pub fn require_row<T: HasLifecycle>(view: &View<'_>, given: &str) -> Result<T> {
    match T::find(view, &resolve_id(view, T::HANDLE_KIND, given)?)? {
        Some(row) => Ok(row),
        None => Err(Error::NotFound {
            subject: T::SUBJECT,
            given: given.to_owned(),
            nearest: T::nearest(view, given)?,
        }),
    }
}

/// Checks that `by` may replace `id`: it is another row, and `id` did not supersede it earlier.
pub fn check_chain<T: HasLifecycle>(view: &View<'_>, id: &str, by: &str) -> Result<()> {
    let refuse = |problem: &str| {
        Err(Error::invalid(
            "superseded_by",
            problem,
            "Name the row that holds now; it must be another one, and not an older link of this chain.",
        ))
    };
    if id == by {
        return refuse("a row cannot supersede itself");
    }
    let mut seen = BTreeSet::new();
    let mut waiting = vec![id.to_owned()];
    while let Some(next) = waiting.pop() {
        if next == by {
            return refuse("the chain would become a cycle");
        }
        if seen.insert(next.clone())
            && let Some(row) = skip_unknown(T::find(view, &next))?
        {
            waiting.extend(row.replaced(view)?);
        }
    }
    Ok(())
}

/// Returns the successors of a row, up to the current one.
pub fn list_successors<T: HasLifecycle>(view: &View<'_>, row: &T) -> Result<Vec<T>> {
    let mut chain: Vec<T> = Vec::new();
    let mut next = row.replacement(view)?;
    while let Some(id) = next {
        if id == row.id() || chain.iter().any(|seen| seen.id() == id) {
            break;
        }
        let Some(found) = skip_unknown(T::find(view, &id))? else { break };
        next = found.replacement(view)?;
        chain.push(found);
    }
    Ok(chain)
}

/// Implements the accessors of status and version, whose fields are named alike in both kinds.
macro_rules! life_fields {
    () => {
        fn status(&self) -> Status {
            self.status
        }

        fn set_status(&mut self, status: Status) {
            self.status = status;
        }

        fn version(&self) -> i64 {
            self.version
        }

        fn stamp(&mut self, tx: &Tx<'_>) {
            self.version += 1;
            self.updated_at = tx.now.to_string();
        }
    };
}

impl HasLifecycle for Entity {
    const SUBJECT: SubjectKind = SubjectKind::ENTITY;

    fn find(view: &View<'_>, id: &str) -> Result<Option<Self>> {
        store::entities::get(view, id)
    }

    life_fields!();

    fn nearest(view: &View<'_>, given: &str) -> Result<Vec<String>> {
        if let Some(memory) = store::memories::get(view, given)? {
            return Ok(vec![format!("{} is a memory; use the tools for memories", memory.handle)]);
        }
        let known = list_similar_names(view, given)?;
        let near = nearest_names(given, known.iter().map(|(_, name)| name.clone()));
        Ok(near
            .into_iter()
            .filter_map(|name| {
                let (id, _) = known.iter().find(|(_, known)| *known == name)?;
                let handle = store::handles::handle_of(view, HandleKind::Entity, id).ok()??;
                Some(format!("{handle} {name}"))
            })
            .collect())
    }

    fn replaced(&self, view: &View<'_>) -> Result<Vec<String>> {
        store::relationships::list_neighbour_ids(view, &self.id, SUPERSEDES, true)
    }

    fn replacement(&self, view: &View<'_>) -> Result<Option<String>> {
        // A `supersedes` link to a candidate or active row is a plan: the row is not replaced yet.
        if !self.status.is_history() {
            return Ok(None);
        }
        Ok(store::relationships::list_neighbour_ids(view, &self.id, SUPERSEDES, false)?.pop())
    }
}

impl HasLifecycle for Memory {
    const SUBJECT: SubjectKind = SubjectKind::MEMORY;

    fn find(view: &View<'_>, id: &str) -> Result<Option<Self>> {
        store::memories::get(view, id)
    }

    life_fields!();

    fn nearest(view: &View<'_>, given: &str) -> Result<Vec<String>> {
        let entity = store::entities::get(view, given)?;
        Ok(entity
            .map(|entity| format!("{} is an entity; use the tools for entities", entity.handle))
            .into_iter()
            .collect())
    }

    fn replaced(&self, view: &View<'_>) -> Result<Vec<String>> {
        let older = store::memories::superseded_by(view, &self.id)?;
        Ok(older.into_iter().map(|memory| memory.id).collect())
    }

    fn replacement(&self, _view: &View<'_>) -> Result<Option<String>> {
        Ok(self.superseded_by.clone())
    }

    fn note_replacement(&mut self, by: &Self) -> bool {
        self.superseded_by = Some(by.id.clone());
        true
    }
}
