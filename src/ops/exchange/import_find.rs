//! Finds the row that a line of an entity means.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::import_source::{ImportSource, identity_of};
use crate::model::handle::HandleKind;
use crate::model::text::fold_name;
use crate::model::{Entity, Kind, Result, Status};
use crate::ops::record::named_rows::list_formerly_named;
use crate::store::source_records::SourceRecord;
use crate::store::uids::list_rows;
use crate::store::{self, View, source_records};

/// Maximum number of entities of one name among which a line is looked for.
const MAX_ALIKE: i64 = 1_000;

/// The note about rows that a line met by its name only.
const BY_NAME: &str = "met by their name, without a uid here";
/// The note about lines whose name leads to no single row.
const AMBIGUOUS: &str = "new, and their name is here already";

/// The row that a line means.
pub enum RowOfLine {
    Known(Box<Entity>),
    /// A row that no line of the source was before.
    ByName(Box<Entity>),
    /// None; so many active rows without a uid have the name.
    New {
        others: usize,
    },
}

impl RowOfLine {
    /// Returns the note about a row that was looked for by its name, and the words after its name there.
    pub fn describe(&self) -> Option<(&'static str, String)> {
        match self {
            Self::ByName(_) => Some((BY_NAME, String::new())),
            Self::New { others } if *others > 0 => {
                Some((AMBIGUOUS, format!(", {others} without a uid")))
            }
            Self::Known(_) | Self::New { .. } => None,
        }
    }
}

/// Returns a digest of type and name. A line may name its project otherwise than the store does.
pub fn digest_name(entity_type: &str, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (entity_type, fold_name(name)).hash(&mut hasher);
    hasher.finish()
}

/// Finds the row that a line was in an earlier import: by its uid in the project, else by its key in the
/// source, else by what it says, else by its name among the rows of the source; else a row of others by
/// its name. A row that this import has met already is another line.
pub fn find_row(
    view: &View<'_>,
    source: &ImportSource,
    (identity, key): (&str, Option<&str>),
    wanted: &Entity,
) -> Result<RowOfLine> {
    let known = |row: Entity| Ok(RowOfLine::Known(Box::new(row)));
    let record_of = |id: &str| source_records::get(view, &source.name, Kind::Entity, id);
    let fits = |row: &Entity| -> Result<bool> {
        let is_met = record_of(&row.id)?.is_some_and(|record| record.run == source.run);
        Ok(!is_met && row.entity_type == wanted.entity_type && row.project == wanted.project)
    };
    let mut candidates = Vec::new();
    if !wanted.uid.is_empty() {
        let mut rows = list_rows(view, Kind::Entity, &wanted.uid)?;
        rows.sort_by_key(|row| (row.status.is_history(), row.status != Status::Active));
        candidates.extend(rows.into_iter().map(|row| row.id));
        let former = list_formerly_named(view, &[HandleKind::Entity], &wanted.uid)?;
        candidates.extend(former.into_iter().map(|row| row.id));
    }
    if source.is_named {
        // A line that has a uid now had only its key before.
        for identity in [identity.to_owned(), identity_of("", key)] {
            let named = source_records::find_named(view, &source.name, Kind::Entity, &identity)?;
            candidates.extend(named.map(|record| record.row_id));
        }
    }
    for row in store::entities::get_many(view, &candidates)? {
        if fits(&row)? {
            return known(row);
        }
    }
    if let Some(same) = store::entities::find_same(view, wanted, true)? {
        return known(same);
    }
    if !source.is_named {
        return Ok(RowOfLine::New { others: 0 });
    }
    let mut alike = Vec::new();
    for row in store::entities::list_alike(view, wanted, MAX_ALIKE)? {
        let record = record_of(&row.id)?;
        alike.push((row, record));
    }
    if key.is_none() {
        let nameless = alike.iter().filter(|(row, record)| was_nameless(source, row, record));
        let mut nameless = nameless.map(|(row, _)| row.clone());
        let (first, second) = (nameless.next(), nameless.next());
        // With a uid it is one of several only if there is one.
        if let Some(row) = first.filter(|_| wanted.uid.is_empty() || second.is_none()) {
            return known(row);
        }
    }
    Ok(find_by_name(source, wanted, alike))
}

/// Whether a row was a line of an earlier import, with neither uid nor key.
fn was_nameless(source: &ImportSource, row: &Entity, record: &Option<SourceRecord>) -> bool {
    row.uid.is_empty()
        && record
            .as_ref()
            .is_some_and(|record| record.identity.is_empty() && record.run != source.run)
}

/// Finds the only active row with a name, or for a candidate else the only candidate, if it has no uid, and
/// neither another line of the source nor another row of it has the name: then it is the same thing.
fn find_by_name(
    source: &ImportSource,
    wanted: &Entity,
    alike: Vec<(Entity, Option<SourceRecord>)>,
) -> RowOfLine {
    if wanted.status.is_history() {
        return RowOfLine::New { others: 0 };
    }
    let name = digest_name(&wanted.entity_type, &wanted.name);
    let is_repeated = source.repeated.contains(&name);
    let holds = |row: &Entity| !row.status.is_history();
    let is_of_source = alike.iter().any(|(row, record)| holds(row) && record.is_some());
    let is_active_here = alike.iter().any(|(row, _)| row.status == Status::Active);
    let sought = if is_active_here { Status::Active } else { wanted.status };
    let free: Vec<Entity> = alike
        .into_iter()
        .filter(|(row, record)| row.status == sought && row.uid.is_empty() && record.is_none())
        .map(|(row, _)| row)
        .collect();
    match <[Entity; 1]>::try_from(free) {
        Ok([row]) if !is_repeated && !is_of_source => RowOfLine::ByName(Box::new(row)),
        Ok(_) => RowOfLine::New { others: 1 },
        Err(several) => RowOfLine::New { others: several.len() },
    }
}
