//! Taking over the rows of an export with their history, all in one transaction.
//!
//! Into an empty store the whole of another goes as it is, with its chain. Into a store that holds
//! something, or from the export of a project, new rows come with their audit rows, which become
//! links of this store's chain; what is there already stays as it is.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;
use serde_json::Value;

use super::format::ExportLine;
use super::validate_export::{
    ExportValidation, RowDigest, broken_line, snapshot_mark, subject_digest,
};
use crate::model::event::{AuditEntry, ProjectPlace};
use crate::model::interaction::Interaction;
use crate::model::{
    Action, Conflict, ConflictStatus, Entity, Error, Event, Kind, Memory, Project, ProjectState,
    Relationship, Result,
};
use crate::ops::audit;
use crate::ops::record_change::{self, Audited, snapshot_value};
use crate::ops::transfer::clash;
use crate::ops::{conflicts, projects, search, secrets, verify};
use crate::store::table_dump::{self, Fields, SECTIONS};
use crate::store::{self, Tx};

/// What became of the lines.
#[derive(Debug, Default)]
pub struct Adopted {
    /// Rows made, by the type of their lines.
    pub created: BTreeMap<&'static str, usize>,
    pub existing: usize,
    /// Audit rows that were taken over.
    pub history: usize,
    /// Rows that moved to the canonical name that their project has here.
    pub moved: usize,
    /// Ids of the conflicts that the rows opened.
    pub conflicts: Vec<String>,
    /// Line numbers, with the reason.
    pub refused: Vec<(usize, String)>,
}

/// The field of a row that is not compared with that of another store.
const HANDLE: &str = "handle";

/// The note on the first audit row of a row that came without one.
const WITHOUT_HISTORY: &str = "taken over from an export in which no audit row holds all of it";

/// An export on its way into the store.
pub struct Adoption<'t, 'c> {
    tx: &'t Tx<'c>,
    survey: &'t ExportValidation,
    /// Whether the chain comes as it is.
    whole: bool,
    /// Rows that are new here, whose history follows.
    new: HashSet<RowDigest>,
    /// New rows of which the export's audit holds no whole snapshot.
    unrecorded: Vec<(Kind, String)>,
    /// Projects that new rows are in, by the name that they carry.
    projects: BTreeSet<String>,
    done: Adopted,
}

impl<'t, 'c> Adoption<'t, 'c> {
    /// Whether the store can take the export as it is: an empty one, and the export of all.
    pub fn may_be_whole(tx: &Tx<'_>, survey: &ExportValidation) -> Result<bool> {
        Ok(survey.header.project.is_none() && table_dump::is_empty(tx)?)
    }

    pub fn begin(tx: &'t Tx<'c>, survey: &'t ExportValidation, whole: bool) -> Self {
        let (new, unrecorded, projects) = (HashSet::new(), Vec::new(), BTreeSet::new());
        Self { tx, survey, whole, new, unrecorded, projects, done: Adopted::default() }
    }

    /// Whether rows were refused.
    pub fn has_refused(&self) -> bool {
        !self.done.refused.is_empty()
    }

    /// Stores what a line behind the first holds, if it is not there.
    pub fn take(&mut self, number: usize, text: &str) -> Result<()> {
        secrets::refuse_line(self.tx, number, text)?;
        let outcome =
            match ExportLine::parse(text).map_err(|problem| broken_line(number, problem))? {
                ExportLine::Row(section, fields) => self.row(number, section, fields),
                ExportLine::Audit(entry, _) => self.audit(&entry),
                ExportLine::Header(_) | ExportLine::End(_) => Ok(()),
            };
        // What only a file made by hand can bring about is no failure of the program.
        outcome.map_err(|error| match error {
            Error::Internal(problem) => broken_line(number, problem),
            other => other,
        })
    }

    fn row(&mut self, number: usize, section: usize, mut fields: Fields) -> Result<()> {
        let (name, kind) = (SECTIONS[section].name, SECTIONS[section].kind);
        // A row is the same row by another handle.
        let handle = fields.shift_remove(HANDLE);
        let id = &fields.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !self.whole
            && let Some(mut there) = self.survey.layout.row(self.tx, section, id)?
        {
            there.shift_remove(HANDLE);
            if there == fields {
                self.done.existing += 1;
            } else {
                let problem = self.standing(kind, id)?;
                self.done.refused.push((number, format!("{name} {id} {problem}")));
            }
            return Ok(());
        }
        if !self.whole
            && let Some(problem) = clash::find_clash(self.tx, name, &fields)?
        {
            self.done.refused.push((number, format!("{name} {id}: {problem}")));
            return Ok(());
        }
        let handle = handle.as_ref().and_then(Value::as_str).unwrap_or_default();
        let handle_kind = SECTIONS[section].handle_kind;
        let handle = store::handles::keep_or_create(self.tx, handle_kind, id, handle)?;
        fields.insert(HANDLE.to_owned(), handle.into());
        let store = || {
            self.survey.layout.insert(self.tx, section, &fields)?;
            match kind {
                Some(kind) => self.derive(kind, id),
                None if name == "chunk" => search::index::add_chunk(self.tx, id),
                None => Ok(()),
            }
        };
        // The whole is undone as a whole.
        let stored = if self.whole { store() } else { self.tx.attempt(store) };
        match stored {
            Ok(()) => self.note_new(section, id, &fields),
            Err(Error::Invalid { problem, .. }) => self.done.refused.push((number, problem)),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What to say of a row that is there with other content.
    fn standing(&self, kind: Option<Kind>, id: &str) -> Result<&'static str> {
        let kind = kind.map_or("", Kind::as_str);
        if store::redaction::is_redacted(self.tx, kind, id)? {
            return Ok("was redacted here, and stays so");
        }
        Ok(match self.survey.known.get(&subject_digest(kind, id)) {
            Some(known) if known.redacted => {
                "was redacted where the export comes from, and stays as it is here"
            }
            _ => "is there with other content, and stays as it is",
        })
    }

    fn note_new(&mut self, section: usize, id: &str, fields: &Fields) {
        *self.done.created.entry(SECTIONS[section].name).or_default() += 1;
        let project = if SECTIONS[section].name == "project" { "name" } else { "project" };
        let project = fields.get(project).and_then(Value::as_str).filter(|name| !name.is_empty());
        if let Some(project) = project.filter(|name| !self.projects.contains(*name)) {
            self.projects.insert(project.to_owned());
        }
        let Some(kind) = SECTIONS[section].kind else { return };
        let mark = subject_digest(kind.as_str(), id);
        let known = self.survey.known.get(&mark);
        match (self.whole, known) {
            (true, Some(_)) => {}
            (true, None) => self.tx.adopt_without_history(kind, id),
            (false, _) => {
                self.new.insert(mark);
                if known.is_none_or(|known| known.newest.is_none()) {
                    match kind {
                        Kind::Interaction => self.tx.adopt_without_history(kind, id),
                        _ => self.unrecorded.push((kind, id.to_owned())),
                    }
                }
            }
        }
    }

    /// Reads a stored row back, compares it with its history, and derives what belongs to it.
    fn derive(&self, kind: Kind, id: &str) -> Result<()> {
        let tx = self.tx;
        match kind {
            Kind::Memory => {
                let row = store::memories::get(tx, id)?;
                self.refuse_same(row.as_ref(), clash::same_memory)?;
                self.adopt::<Memory>(row)
            }
            Kind::Entity => {
                let row = store::entities::get(tx, id)?;
                self.refuse_same(row.as_ref(), clash::same_entity)?;
                self.adopt::<Entity>(row)
            }
            Kind::Relationship => self.adopt::<Relationship>(store::relationships::get(tx, id)?),
            Kind::Interaction => self.adopt::<Interaction>(store::interactions::get(tx, id)?),
            Kind::Store => Ok(()),
            Kind::Project => self.adopt::<Project>(store::projects::get(tx, id)?),
            Kind::ProjectState => self.adopt::<ProjectState>(store::projects::state_by_id(tx, id)?),
            Kind::Conflict => {
                let row = store::conflicts::get(tx, id)?;
                // Not all of its members may be here.
                row.iter().for_each(|row| tx.touch(row.slot()));
                self.adopt::<Conflict>(row)
            }
        }
    }

    /// Refuses a row if one that was there says the same. Of those that came with it each may stay,
    /// as they stood side by side where they come from.
    fn refuse_same<T: Audited>(
        &self,
        row: Option<&T>,
        same: impl Fn(&Tx<'_>, &T) -> Result<Option<String>>,
    ) -> Result<()> {
        let Some(row) = row.filter(|_| !self.whole) else { return Ok(()) };
        let kind = T::KIND.as_str();
        // What was redacted says nothing any more.
        if self
            .survey
            .known
            .get(&subject_digest(kind, row.id()))
            .is_some_and(|known| known.redacted)
        {
            return Ok(());
        }
        let other = same(self.tx, row)?.filter(|id| !self.new.contains(&subject_digest(kind, id)));
        let Some(other) = other else { return Ok(()) };
        let problem = format!("{kind} {}: the {kind} {other} says the same", row.id());
        Err(Error::invalid("row", problem, ""))
    }

    fn adopt<T: Audited + Serialize>(&self, row: Option<T>) -> Result<()> {
        let Some(row) = row else { return Ok(()) };
        let known = self.survey.known.get(&subject_digest(T::KIND.as_str(), row.id()));
        let newest = known.and_then(|known| known.newest);
        if newest
            .is_some_and(|newest| snapshot_value(&row).map(|now| snapshot_mark(&now)) != Ok(newest))
        {
            let (kind, id) = (T::KIND.as_str(), row.id());
            return Err(Error::invalid(
                "row",
                format!(
                    "{kind} {id} is not what its newest audit row says: something else changed it"
                ),
                "",
            ));
        }
        record_change::derive_restored(self.tx, &row)
    }

    fn audit(&mut self, entry: &AuditEntry) -> Result<()> {
        if self.whole {
            self.tx.adopt_chain(entry)?;
        } else if self.new.contains(&subject_digest(&entry.kind, &entry.subject_id)) {
            self.tx.adopt_history(entry)?;
        } else {
            return Ok(());
        }
        self.done.history += 1;
        Ok(())
    }

    /// Settles what the new rows mean to those that were there.
    pub fn finish(mut self) -> Result<Adopted> {
        let tx = self.tx;
        if self.whole {
            // An older program's export has rows from before the chain without hashes.
            audit::relink::relink_audit(tx)?;
            // The conflicts came along as they stood.
            tx.take_touched();
            return Ok(self.done);
        }
        for (kind, id) in std::mem::take(&mut self.unrecorded) {
            self.record(kind, &id)?;
        }
        for name in std::mem::take(&mut self.projects) {
            self.done.moved += projects::gather_rows(tx, &name)?;
        }
        let open = |found: &Conflict| found.status == ConflictStatus::Open;
        let changed = conflicts::detect_conflicts(tx)?.into_iter().filter(open);
        self.done.conflicts = changed.map(|conflict| conflict.id).collect();
        Ok(self.done)
    }

    /// Gives a row that has no whole snapshot in the audit its first one.
    fn record(&self, kind: Kind, id: &str) -> Result<()> {
        let Some(row) = verify::read_snapshot(self.tx, kind, id)? else { return Ok(()) };
        let (action, note, after) =
            (Action::Created, WITHOUT_HISTORY, record_change::snapshot_text(&row)?);
        self.tx
            .record(Event {
                kind,
                id,
                action,
                before: None,
                after,
                note,
                place: ProjectPlace::Unknown,
            })
            .map(drop)
    }
}
