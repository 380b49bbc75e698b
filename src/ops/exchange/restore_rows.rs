//! Imports the rows of an export with their history, all in one transaction.
//!
//! An empty store takes a whole export unchanged, with its hash chain. A store with rows, or the
//! export of one project, takes new rows with their audit rows, which become links of this store's
//! chain; existing rows stay unchanged.

use std::collections::{BTreeSet, HashSet};

use serde::Serialize;
use serde_json::Value;

use super::format::ExportLine;
use super::validate_export::{
    ExportValidation, RowDigest, broken_line, snapshot_mark, subject_digest,
};
use crate::model::event::{AuditEntry, ProjectPlace};
use crate::model::interaction::Interaction;
use crate::model::{
    Action, Conflict, Entity, Error, Event, Kind, Memory, Project, ProjectState, Relationship,
    Result, Revision,
};
use crate::ops::exchange::clash;
use crate::ops::exchange::import_report::{ImportNote, ImportReport, LinePlace};
use crate::ops::maintain::audit;
use crate::ops::maintain::verify;
use crate::ops::record::audited::Audited;
use crate::ops::record::former_names::take_former_names;
use crate::ops::record::index;
use crate::ops::record::record_change::{self, snapshot_value};
use crate::ops::record::secrets;
use crate::ops::write::{conflicts, projects};
use crate::store::row_rules::{RULES, RowFault};
use crate::store::table_dump::{self, Fields, SECTIONS};
use crate::store::{self, Tx};

/// A field that is ignored when rows of two stores are compared.
const HANDLE: &str = "handle";

/// The faults of links between rows that are looked for at the end.
const LINK_FAULTS: [RowFault; 6] = [
    RowFault::SourceMissing,
    RowFault::TargetMissing,
    RowFault::GraduatedToNothing,
    RowFault::SupersedesItself,
    RowFault::GraduateMissing,
    RowFault::SuccessorMissing,
];
/// Those of them that count only if the missing row was ever stored.
const MISSING_ROWS: [RowFault; 2] = [RowFault::GraduateMissing, RowFault::SuccessorMissing];

fn word_fault(fault: RowFault) -> &'static str {
    match fault {
        RowFault::SupersedesItself => "its chain of successors leads back to it",
        RowFault::GraduatedToNothing => "it is graduated, to no entity",
        RowFault::GraduateMissing => "it is graduated to a row that is no entity of the export",
        RowFault::SuccessorMissing => "it is superseded by a row that is no memory of the export",
        _ => "an entity at an end of it is missing",
    }
}

/// The note on the first audit row of a row imported without history.
const WITHOUT_HISTORY: &str = "taken over from an export in which no audit row holds all of it";

/// An import in progress.
pub struct Adoption<'t, 'c> {
    tx: &'t Tx<'c>,
    survey: &'t ExportValidation,
    /// Whether the export is imported whole, with its chain unchanged.
    whole: bool,
    /// Rows created by this import, whose history follows.
    new: HashSet<RowDigest>,
    /// New rows without a whole snapshot in the export's audit log.
    unrecorded: Vec<(Kind, String)>,
    /// Names of the projects of new rows, as written in the rows.
    projects: BTreeSet<String>,
    /// Number of audit rows imported.
    history: usize,
    report: ImportReport,
}

impl<'t, 'c> Adoption<'t, 'c> {
    /// Returns whether the export can be imported whole: the store is empty, and the export has all
    /// projects.
    pub fn may_be_whole(tx: &Tx<'_>, survey: &ExportValidation) -> Result<bool> {
        Ok(survey.header.project.is_none() && table_dump::is_empty(tx)?)
    }

    pub fn begin(tx: &'t Tx<'c>, survey: &'t ExportValidation, whole: bool) -> Self {
        let (new, unrecorded, projects, history, report) = Default::default();
        Self { tx, survey, whole, new, unrecorded, projects, history, report }
    }

    /// Returns whether rows were refused.
    pub fn has_refused(&self) -> bool {
        !self.report.refused.is_empty()
    }

    /// Stores the row or audit row of a line after the header, unless it exists.
    pub fn take(&mut self, number: usize, text: &str) -> Result<()> {
        secrets::refuse_line(self.tx, number, text)?;
        let outcome =
            match ExportLine::parse(text).map_err(|problem| broken_line(number, problem))? {
                ExportLine::Row(section, fields) => self.row(number, section, fields),
                ExportLine::Audit(entry, _) => self.audit(&entry),
                ExportLine::Header | ExportLine::End(_) => Ok(()),
            };
        // Caused only by a hand-edited file, so it is reported as its error, not as an internal
        // one.
        outcome.map_err(|error| match error {
            Error::Internal(problem) => broken_line(number, problem),
            other => other,
        })
    }

    fn row(&mut self, number: usize, section: usize, mut fields: Fields) -> Result<()> {
        self.survey.complete(section, &mut fields);
        let (name, kind) = (SECTIONS[section].name, SECTIONS[section].kind);
        // An operation names places in the chain of its own store.
        if name == "operation" && !self.whole {
            return Ok(());
        }
        let place = LinePlace::Number(number);
        // Rows that differ only in their handle are equal.
        let handle = fields.shift_remove(HANDLE);
        let id = &fields.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !self.whole
            && let Some(mut there) = self.survey.layout.row(self.tx, section, id)?
        {
            there.shift_remove(HANDLE);
            if there == fields {
                *self.report.existing.entry(name).or_default() += 1;
            } else {
                let problem = self.standing(kind, id)?;
                self.report.refuse(place, format!("{name} {id} {problem}"));
            }
            return Ok(());
        }
        if !self.whole
            && let Some(problem) = clash::find_clash(self.tx, name, &fields)?
        {
            self.report.refuse(place, format!("{name} {id}: {problem}"));
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
                None if name == "chunk" => index::add_chunk(self.tx, id),
                None => Ok(()),
            }
        };
        // Importing a whole export needs no savepoint per row: it fails as a whole.
        let stored = if self.whole { store() } else { self.tx.attempt(store) };
        match stored {
            Ok(()) => self.note_new(section, id, &fields),
            Err(Error::Invalid { problem, .. }) => self.report.refuse(place, problem),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Returns why a row is refused that exists here with other content.
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
        *self.report.created.entry(SECTIONS[section].name).or_default() += 1;
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

    /// Reads a stored row back, compares it with its history, and creates its derived data.
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
            Kind::Revision => self.adopt::<Revision>(store::revisions::get(tx, id)?),
            Kind::Store => Ok(()),
            Kind::Project => self.adopt::<Project>(store::projects::get(tx, id)?),
            Kind::ProjectState => self.adopt::<ProjectState>(store::projects::state_by_id(tx, id)?),
            Kind::Conflict => {
                let row = store::conflicts::get(tx, id)?;
                // Some of its members may be missing here.
                row.iter().for_each(|row| tx.touch(row.slot()));
                self.adopt::<Conflict>(row)
            }
        }
    }

    /// Refuses a row that duplicates one that existed before the import. Duplicates within the
    /// export are kept, as in the store they come from.
    fn refuse_same<T: Audited>(
        &self,
        row: Option<&T>,
        same: impl Fn(&Tx<'_>, &T) -> Result<Option<String>>,
    ) -> Result<()> {
        let Some(row) = row.filter(|_| !self.whole) else { return Ok(()) };
        let kind = T::KIND.as_str();
        // A redacted row has no contents to compare.
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
        self.history += 1;
        take_former_names(self.tx, entry)
    }

    /// Completes the import: records missing history, moves rows to canonical projects, detects
    /// conflicts.
    pub fn finish(mut self) -> Result<ImportReport> {
        let tx = self.tx;
        self.refuse_circles()?;
        let mut moved = 0;
        if self.whole {
            // An export of an older version has rows from before the chain without hashes.
            audit::relink::relink_audit(tx)?;
            if self.survey.header.schema == table_dump::SCHEMA {
                // The export contains the conflicts too, so none are detected.
                tx.take_touched();
            }
            conflicts::members::convert_members(tx)?;
            self.report.add_conflicts(conflicts::detect_conflicts(tx)?);
        } else {
            for (kind, id) in std::mem::take(&mut self.unrecorded) {
                self.record(kind, &id)?;
            }
            for name in &self.projects {
                moved += projects::gather_rows(tx, name)?;
            }
            conflicts::members::convert_members(tx)?;
            self.report.add_conflicts(conflicts::detect_conflicts(tx)?);
        }
        let mut report = self.report;
        report.notes.push(ImportNote::of_count("audit rows taken over", self.history));
        if moved > 0 {
            let about = "moved to the names that projects have here";
            report.notes.push(ImportNote::of_count(about, moved));
        }
        Ok(report)
    }

    /// Refuses links of the imported rows that no write makes: to the row itself, in a circle, to
    /// nothing.
    fn refuse_circles(&self) -> Result<()> {
        for rule in RULES.iter().filter(|rule| LINK_FAULTS.contains(&rule.fault)) {
            rule.for_each_broken(self.tx, |row| {
                let is_new =
                    self.whole || self.new.contains(&subject_digest(rule.row_kind, &row.id));
                // An export of one project leaves out rows of others.
                let is_fault = is_new
                    && (!MISSING_ROWS.contains(&rule.fault)
                        || store::audit::count_of_subject(self.tx, &row.target)? > 0);
                match self.survey.line_of(rule.row_kind, &row.id).filter(|_| is_fault) {
                    Some(line) => Err(broken_line(line, word_fault(rule.fault).to_owned())),
                    None => Ok(()),
                }
            })?;
        }
        Ok(())
    }

    /// Records the first snapshot of a row without a whole snapshot in the audit log.
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
