//! Rows that a source has no more.

use super::import_report::{ImportReport, LinePlace, RefusedLine};
use super::import_source::ImportSource;
use crate::model::{
    Entity, Hint, Kind, Memory, ProjectState, Relationship, RelationshipStatus, Result, Status,
};
use crate::ops::exchange::import_state::digest_state;
use crate::ops::read::row_names::name_row;
use crate::ops::write::lifecycle;
use crate::ops::write::relationships;
use crate::ops::write::state::end_fact;
use crate::store::uids::{UID_KINDS, UidRow, list_rows};
use crate::store::{self, Tx, View, source_records};

/// The note about rows that are in no import any more.
const MISSING: &str = "no longer in the source";
/// The note about facts that were set here since.
const CHANGED_HERE: &str = "no longer in the source, set to another value here";
/// What the refusal to end many rows is listed as.
const RETIRING: &str = "rows no longer in the source";
/// Rows with the name of a missing one that are looked at.
const MAX_ALIKE: i64 = 100;

/// Which rows end that the source has no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retirement {
    /// They are listed only.
    #[default]
    None,
    /// They end, unless they are so many that the file may be cut.
    Some,
    /// They end, however many they are.
    All,
}

/// A source that lost at least this many rows, and more than half of them, may be cut.
const MANY: usize = 10;

/// A row in force that the source has no more.
enum MissingRow {
    Relationship(Relationship),
    Memory(Memory),
    Entity(Entity),
    State(ProjectState),
}

/// Lists the rows that earlier imports of a source had and this one has no more; ends them if that is
/// wanted, links first.
pub fn end_missing(
    tx: &Tx<'_>,
    source: &ImportSource,
    retirement: Retirement,
    note: &str,
    report: &mut ImportReport,
) -> Result<()> {
    let note = source.choose_note(note, "no longer in");
    let missing = list_missing(tx, source, report)?;
    let mut ended = Vec::new();
    for row in &missing {
        report.add_note(MISSING, row.describe(tx, source)?);
        if !row.has_waiting_successor(tx)? {
            ended.push(row);
        }
    }
    report.missing += missing.len();
    let retires = match retirement {
        Retirement::None => false,
        Retirement::All => true,
        Retirement::Some => !refuse_many(tx, source, ended.len(), report)?,
    };
    for row in ended.into_iter().filter(|_| retires) {
        row.end(tx, &note)?;
        *report.retired.entry(row.kind().as_str()).or_default() += 1;
        report.missing -= 1;
    }
    Ok(())
}

fn list_missing(
    tx: &Tx<'_>,
    source: &ImportSource,
    report: &mut ImportReport,
) -> Result<Vec<MissingRow>> {
    let mut missing = Vec::new();
    for kind in [Kind::Relationship, Kind::Memory, Kind::Entity, Kind::ProjectState] {
        for id in source_records::list_missing(tx, &source.name, kind, source.run)? {
            let Some(row) = MissingRow::find_in_force(tx, kind, &id)? else { continue };
            match &row {
                MissingRow::State(fact) if !row.is_as_said(tx, source, fact)? => {
                    report.add_note(CHANGED_HERE, name_row(tx, kind, &id)?);
                }
                _ => missing.push(row),
            }
        }
    }
    Ok(missing)
}

/// Refuses to end more than half of a source: its file may be cut, or another one.
fn refuse_many(
    view: &View<'_>,
    source: &ImportSource,
    ended: usize,
    report: &mut ImportReport,
) -> Result<bool> {
    let rest = source_records::count_in_run(view, &source.name, source.run)? as usize;
    if ended < MANY || ended <= rest {
        return Ok(false);
    }
    let reason = format!(
        "{ended} rows would end, more than half of the {} that the source had, so none was ended",
        ended + rest
    );
    report.refused.push(RefusedLine {
        place: LinePlace::Name(RETIRING.to_owned()),
        reason,
        hint: Hint::new("Check that the file is whole.", crate::model::NextStep::RetireAll),
        is_link: true,
    });
    Ok(true)
}

impl MissingRow {
    fn find_in_force(view: &View<'_>, kind: Kind, id: &str) -> Result<Option<Self>> {
        Ok(match kind {
            Kind::Relationship => store::relationships::get(view, id)?
                .filter(|link| link.status == RelationshipStatus::Active)
                .map(Self::Relationship),
            Kind::Memory => store::memories::get(view, id)?
                .filter(|row| !row.status.is_history())
                .map(Self::Memory),
            Kind::ProjectState => store::projects::state_by_id(view, id)?
                .filter(ProjectState::is_active)
                .map(Self::State),
            _ => store::entities::get(view, id)?
                .filter(|row| !row.status.is_history())
                .map(Self::Entity),
        })
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Relationship(_) => Kind::Relationship,
            Self::Memory(_) => Kind::Memory,
            Self::Entity(_) => Kind::Entity,
            Self::State(_) => Kind::ProjectState,
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Relationship(row) => &row.id,
            Self::Memory(row) => &row.id,
            Self::Entity(row) => &row.id,
            Self::State(row) => &row.id,
        }
    }

    /// Names the row, and a new one of this import with the same name: it may be the same thing.
    fn describe(&self, view: &View<'_>, source: &ImportSource) -> Result<String> {
        let name = name_row(view, self.kind(), self.id())?;
        let Self::Entity(row) = self else { return Ok(name) };
        for other in store::entities::list_alike(view, row, MAX_ALIKE)? {
            let record = source_records::get(view, &source.name, Kind::Entity, &other.id)?;
            if !other.status.is_history() && record.is_some_and(|known| known.run == source.run) {
                return Ok(format!("{name}; {} of the source has its name", other.handle));
            }
        }
        Ok(name)
    }

    /// Whether a fact still has the value that the source said last.
    fn is_as_said(
        &self,
        view: &View<'_>,
        source: &ImportSource,
        fact: &ProjectState,
    ) -> Result<bool> {
        let record = source_records::get(view, &source.name, Kind::ProjectState, &fact.id)?;
        let said = record.and_then(|record| record.fields.get("value").cloned());
        Ok(said.is_none_or(|said| said == digest_state(&fact.value)))
    }

    /// Whether a candidate has the uid of the row: it would be left without an active one.
    fn has_waiting_successor(&self, view: &View<'_>) -> Result<bool> {
        let (id, uid, project) = match self {
            Self::Entity(row) => (&row.id, &row.uid, &row.project),
            Self::Memory(row) => (&row.id, &row.uid, &row.project),
            Self::Relationship(_) | Self::State(_) => return Ok(false),
        };
        let waits = |row: &UidRow| {
            row.id != *id && row.project == *project && row.status == Status::Candidate
        };
        for kind in UID_KINDS.into_iter().filter(|_| !uid.is_empty()) {
            if list_rows(view, kind, uid)?.iter().any(waits) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Rejects a candidate, invalidates an active row.
    fn end(&self, tx: &Tx<'_>, note: &str) -> Result<()> {
        match self {
            Self::Relationship(link) => {
                relationships::close(tx, link, RelationshipStatus::Invalid, note).map(drop)
            }
            Self::State(fact) => end_fact(tx, fact, note).map(drop),
            Self::Memory(row) if row.status == Status::Candidate => {
                lifecycle::reject::<Memory>(tx, &row.id, None, note).map(drop)
            }
            Self::Memory(row) => lifecycle::invalidate::<Memory>(tx, &row.id, None, note).map(drop),
            Self::Entity(row) if row.status == Status::Candidate => {
                lifecycle::reject::<Entity>(tx, &row.id, None, note).map(drop)
            }
            Self::Entity(row) => lifecycle::invalidate::<Entity>(tx, &row.id, None, note).map(drop),
        }
    }
}
