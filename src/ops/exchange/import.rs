//! Imports rows from JSON lines: each line is stored completely or refused with a reason.

use std::collections::HashSet;

use super::import_again::{ImportedEntity, LineOutcome, ProposedFields, import_entity};
use super::import_find::digest_name;
use super::import_history::{PendingHistory, end_past_link, store_history};
use super::import_line::ImportLine;
use super::import_link::import_link;
use super::import_memory::{ImportedMemory, import_memory};
use super::import_missing::{Retirement, end_missing};
use super::import_project::import_project;
use super::import_report::{ImportReport, LinePlace, RefusedLine};
use super::import_source::ImportSource;
use super::import_state::import_state;
use crate::model::imported_history::ImportedHistory;
use crate::model::text::quote_text;
use crate::model::{Entity, Error, Kind, Memory, Result, Status};
use crate::ops::read::row_names::name_row;
use crate::ops::write::batch::Keys;
use crate::ops::write::conflicts;
use crate::ops::write::relationships;
use crate::store::uids::UidRow;
use crate::store::{Tx, source_records};

/// An import of lines in progress.
#[derive(Debug, Default)]
pub struct LineImport {
    note: String,
    source: ImportSource,
    /// The rows of the lines that have a key.
    keys: Keys,
    /// Digests of the names of entities.
    names: HashSet<u64>,
    /// What the lines tell of the past.
    pending: Vec<PendingHistory>,
    pub report: ImportReport,
}

impl LineImport {
    /// Begins an import with the report of the parts of the file that are no lines.
    pub fn new(note: &str, report: ImportReport) -> Self {
        Self { note: note.to_owned(), report, ..Self::default() }
    }

    /// Notes the names that several entities of the file have.
    fn note_names(&mut self, lines: &[(LinePlace, ImportLine)]) {
        for (_, line) in lines {
            let ImportLine::Entity(_, new) = line else { continue };
            let name = digest_name(&new.entity_type, new.name.trim());
            if !self.names.insert(name) {
                self.source.repeated.insert(name);
            }
        }
    }

    /// Names the source of the lines, so that its next import finds their rows.
    pub fn of_source(self, name: &str, is_named: bool) -> Self {
        let source = ImportSource { name: name.to_owned(), is_named, ..ImportSource::default() };
        Self { source, ..self }
    }
}

/// The outcome of storing a line.
#[derive(Default)]
struct StoredLine {
    outcome: LineOutcome,
    /// The project of an entity or memory.
    project: Option<String>,
    /// The project registered automatically for its first trusted state.
    registered: Option<String>,
    /// The active row that holds its uid, so that it is a candidate.
    uid_holder: Option<UidRow>,
    /// What a person has to know of it.
    remarks: Vec<(&'static str, String)>,
    /// The row and its changed fields.
    edits: Option<String>,
    subject: Option<(Kind, String)>,
    /// What an entity or memory is called in the report.
    name: Option<String>,
    /// What its line tells of the past, if it does; without its place.
    past: Option<PendingHistory>,
}

impl StoredLine {
    fn name_entity(&mut self, made: ImportedEntity, history: &ImportedHistory) {
        let ImportedEntity { row, outcome, uid_holder, revision, edits, becomes, met, different } =
            made;
        let Entity { id, entity_type, handle, name, project, .. } = row;
        let name = format!("{handle} {}", quote_text(&name, MAX_NAME));
        self.remarks.extend(met.map(|(about, others)| (about, format!("{name}{others}"))));
        self.note_different(&name, &different);
        self.name_row((Kind::Entity, id), name.clone(), (outcome, revision, edits));
        self.note_past(becomes, history, !history.amends.is_empty());
        self.name = Some(format!("{entity_type} {name}"));
        (self.uid_holder, self.project) = (uid_holder, Some(project));
    }

    fn name_memory(&mut self, made: ImportedMemory, history: &ImportedHistory) {
        let ImportedMemory { row, outcome, uid_holder, revision, edits, becomes, different } = made;
        let Memory { id, handle, content, project, .. } = row;
        let name = format!("{handle} {}", quote_text(&content, MAX_NAME));
        self.note_different(&name, &different);
        self.name_row((Kind::Memory, id), name.clone(), (outcome, revision, edits));
        self.note_past(becomes, history, false);
        self.name = Some(format!("memory {name}"));
        (self.uid_holder, self.project) = (uid_holder, Some(project));
    }

    /// Names a row that was not, or not only, stored as it is.
    fn name_row(
        &mut self,
        subject: (Kind, String),
        name: String,
        (outcome, revision, edits): (LineOutcome, Option<ProposedFields>, Vec<String>),
    ) {
        (self.outcome, self.subject) = (outcome, Some(subject));
        self.edits = (!edits.is_empty()).then(|| format!("{name}: {}", edits.join(", ")));
        match revision {
            Some((revision, fields)) => {
                let fields = fields.join(", ");
                self.remarks.push((PROPOSED, format!("{name}, revision {revision} ({fields})")));
            }
            None if outcome == LineOutcome::Ended => self.remarks.push((ENDED, name)),
            None => {}
        }
    }

    fn note_different(&mut self, name: &str, fields: &[String]) {
        if !fields.is_empty() {
            self.remarks.push((DIFFERENT, format!("{name} ({})", fields.join(", "))));
        }
    }

    fn note_past(&mut self, becomes: Option<Status>, history: &ImportedHistory, amends: bool) {
        let Some((kind, row_id)) = self.subject.clone() else { return };
        if amends || becomes.is_some() || history.superseded_by.is_some() {
            let (place, history) = (LinePlace::Number(0), history.clone());
            self.past = Some(PendingHistory { place, kind, row_id, becomes, history });
        }
    }
}

/// The note about lines whose uid another row holds.
const UID_HELD: &str = "candidates with the uid of an active row";
/// The note about fields that the source and somebody here changed.
const PROPOSED: &str = "proposed changes, since the row was changed here too";
/// The note about fields that stay as they are here.
const KEPT: &str = "changed in the source, and here before";
/// The note about rows that do not say what their source still says: somebody changed them, or undid what
/// the source had changed.
pub const DIFFERENT: &str = "unchanged in the source, different here";
/// The note about lines of rows that are history.
const ENDED: &str = "in the source, ended here";
/// The note that no row was ended.
const NOT_RETIRED: &str = "nothing was retired";

/// Characters of a name in the report.
const MAX_NAME: usize = 80;

/// Stores lines, each completely or not at all, and adds them to the report.
pub fn store_lines(
    tx: &Tx<'_>,
    lines: &[(LinePlace, ImportLine)],
    import: &mut LineImport,
) -> Result<()> {
    if import.source.run == 0 {
        import.source.run = source_records::next_run(tx, &import.source.name)?;
    }
    import.note_names(lines);
    for (place, line) in lines {
        // A line that is fully validated before its first write needs no savepoint, which costs as
        // much as the write itself.
        let plain = line.is_plain() && !line.key().is_some_and(|key| import.keys.knows(key));
        let writes = tx.writes();
        let stored = if plain {
            store_line(tx, line, import)
        } else {
            tx.attempt(|| store_line(tx, line, import))
        };
        let report = &mut import.report;
        match stored {
            Ok(stored) => {
                *report.counts(stored.outcome).entry(line.kind()).or_default() += 1;
                report.projects.extend(stored.project);
                report.registered.extend(stored.registered);
                if let Some(UidRow { uid, handle, .. }) = stored.uid_holder {
                    let line = format!("{place}: {uid:?} is held by {handle}");
                    report.add_note(UID_HELD, line);
                }
                if stored.outcome == LineOutcome::Created
                    && let Some(name) = stored.name
                {
                    report.add_new_row(name);
                }
                report.edits.extend(stored.edits.map(|edits| format!("{place}: {edits}")));
                if let Some(past) = stored.past {
                    import.pending.push(PendingHistory { place: place.clone(), ..past });
                }
                for (about, remark) in stored.remarks {
                    report.add_note(about, format!("{place}: {remark}"));
                }
            }
            Err(error @ (Error::Busy | Error::Storage { .. } | Error::Internal(_))) => {
                return Err(error);
            }
            Err(error) if plain && tx.writes() != writes => {
                return Err(Error::Internal(format!("{place} is half stored: {error}")));
            }
            Err(error) => {
                let is_link = keep_refused_link(tx, line, &import.keys, &import.source)?;
                let refused = RefusedLine::new(place.clone(), &error);
                report.refused.push(RefusedLine { is_link, ..refused });
                line.key().into_iter().for_each(|key| import.keys.refuse(key));
            }
        }
    }
    import.report.add_conflicts(conflicts::detect_conflicts(tx)?);
    Ok(())
}

fn store_line(tx: &Tx<'_>, line: &ImportLine, import: &mut LineImport) -> Result<StoredLine> {
    let LineImport { note, keys, source, .. } = import;
    let mut stored = StoredLine::default();
    match line {
        ImportLine::Project(wish) => {
            let made = import_project(tx, source, wish, note)?;
            (stored.outcome, stored.edits) = (made.outcome, made.edits);
            stored.remarks.extend(made.remark.map(|kept| (KEPT, kept)));
            stored.remarks.extend(made.different.map(|project| (DIFFERENT, project)));
        }
        ImportLine::Memory(key, new, history) => {
            let made = import_memory(tx, source, (key.as_deref(), new, history), note)?;
            keys.bind(key.as_deref(), &made.row.id)?;
            stored.name_memory(made, history);
        }
        ImportLine::Entity(key, new) => {
            let made = import_entity(tx, source, key.as_deref(), &keys.cite(new), note)?;
            keys.bind(key.as_deref(), &made.row.id)?;
            stored.name_entity(made, &new.imported);
        }
        ImportLine::Relationship(new) => {
            keys.require_stored(&[&new.source_id, &new.target_id])?;
            let linked = import_link(tx, source, &keys.tie(new), note)?;
            if linked.outcome == LineOutcome::Created {
                end_past_link(tx, source, &linked.row, note)?;
            }
            stored.outcome = linked.outcome;
            let name = |fields: Vec<String>| -> Result<Option<String>> {
                let name = name_row(tx, Kind::Relationship, &linked.row.id)?;
                Ok((!fields.is_empty()).then(|| format!("{name}: {}", fields.join(", "))))
            };
            stored.edits = name(linked.edits)?;
            stored.remarks.extend(name(linked.kept)?.map(|kept| (KEPT, kept)));
            stored.remarks.extend(name(linked.different)?.map(|fields| (DIFFERENT, fields)));
        }
        ImportLine::State(wish) => {
            let set = import_state(tx, source, wish, note)?;
            stored.registered = set.registered.then_some(set.project);
            stored.outcome = set.outcome;
            stored.remarks.extend(set.different.map(|fact| (DIFFERENT, fact)));
        }
    }
    Ok(stored)
}

/// Lists the rows that the source has no more, or ends them. A refused line may be one of them, so that
/// they are then not known.
pub fn finish_lines(tx: &Tx<'_>, import: &mut LineImport, retirement: Retirement) -> Result<()> {
    let retires = retirement != Retirement::None;
    let LineImport { note, source, report, keys, pending, .. } = import;
    store_history(tx, source, keys, std::mem::take(pending), note, report)?;
    report.add_conflicts(conflicts::detect_conflicts(tx)?);
    if source.run == 0 {
        if retires {
            report.add_note(NOT_RETIRED, "the file has no lines".to_owned());
        }
        return Ok(());
    }
    if !source.is_named {
        return Ok(());
    }
    if report.refused.iter().all(|refused| refused.is_link) {
        end_missing(tx, source, retirement, note, report)?;
    } else if retires {
        report.add_note(NOT_RETIRED, "correct the refused lines, and import again".to_owned());
    }
    report.add_conflicts(conflicts::detect_conflicts(tx)?);
    Ok(())
}

/// Notes that the source still has the link of a refused line; returns whether the line is a link.
fn keep_refused_link(
    tx: &Tx<'_>,
    line: &ImportLine,
    keys: &Keys,
    source: &ImportSource,
) -> Result<bool> {
    let ImportLine::Relationship(new) = line else { return Ok(false) };
    let tied = keys.tie(new);
    let Ok(ends) = relationships::resolve_ends(tx, &tied) else { return Ok(true) };
    let (from, to) = (&ends.source_id, &ends.target_id);
    if let Some(link) = relationships::find_active(tx, from, &ends.relationship_type, to)? {
        let record = source_records::get(tx, &source.name, Kind::Relationship, &link.id)?;
        let said = record.map(|record| record.fields).unwrap_or_default();
        source.keep(tx, Kind::Relationship, &link.id, (String::new(), said))?;
    }
    Ok(true)
}
