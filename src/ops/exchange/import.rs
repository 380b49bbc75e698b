//! Imports rows from JSON lines: each line is stored completely or refused with a reason.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::json_loss::find_loss;
use crate::model::text::quote_text;
use crate::model::{Entity, Error, Kind, Result, Status};
use crate::ops::exchange::import_again::{
    ImportSource, ImportedEntity, LineOutcome, identity_of, import_entity,
};
use crate::ops::exchange::import_history::{
    PendingHistory, end_past_link, store_history, take_history,
};
use crate::ops::exchange::import_missing::end_missing;
use crate::ops::exchange::import_report::{ImportReport, LinePlace, RefusedLine};
use crate::ops::exchange::import_state::import_state;
use crate::ops::record::validate;
use crate::ops::write::batch::Keys;
use crate::ops::write::conflicts;
use crate::ops::write::entities::{DuplicatePolicy, NewEntity};
use crate::ops::write::memories::{self, NewMemory};
use crate::ops::write::projects::{self, Registration};
use crate::ops::write::relationships::{self, NewRelationship};
use crate::ops::write::state::StateChange;
use crate::store::uids::UidRow;
use crate::store::{Tx, source_records};

/// A parsed line of the file.
#[derive(Debug, Clone)]
pub enum ImportLine {
    Project(Registration),
    Memory(Option<String>, NewMemory),
    Entity(Option<String>, NewEntity),
    Relationship(NewRelationship),
    State(StateChange),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelationshipLine {
    source: String,
    relationship_type: String,
    target: String,
    confidence: Option<f64>,
    #[serde(default)]
    source_refs: Vec<String>,
}

impl ImportLine {
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |problem: String| Error::invalid("line", problem, "Correct the line.");
        let mut value: Value =
            serde_json::from_str(text).map_err(|error| refuse(format!("not JSON: {error}")))?;
        if let Some(loss) = find_loss(text) {
            return Err(loss.into_error(""));
        }
        let Some(object) = value.as_object_mut() else {
            return Err(refuse("it is not a JSON object".to_owned()));
        };
        let kind = object.remove("type");
        let key = |object: &mut serde_json::Map<String, Value>| {
            let key = match object.remove("key") {
                None | Some(Value::Null) => return Ok(None),
                Some(Value::String(key)) => key,
                Some(other) => other.to_string(),
            };
            // Keys stay in memory until the end of the file.
            validate::at_most("key", key.chars().count(), validate::MAX_NAME, "characters")?;
            Ok(Some(key))
        };
        match kind.as_ref().and_then(Value::as_str) {
            Some("project") => read(value).map(ImportLine::Project),
            Some("memory") => {
                let key = key(object)?;
                read(value).map(|new| ImportLine::Memory(key, new))
            }
            Some("entity") => {
                let key = key(object)?;
                let imported = take_history(object)?;
                let new = NewEntity { imported, ..read(value)? };
                if !new.relationships.is_empty() {
                    return Err(refuse("write relationships as lines of their own".to_owned()));
                }
                Ok(ImportLine::Entity(key, new))
            }
            Some("relationship") => read(value).map(|line: RelationshipLine| {
                ImportLine::Relationship(NewRelationship {
                    relationship_type: line.relationship_type,
                    source_id: line.source,
                    target_id: line.target,
                    confidence: line.confidence,
                    source_refs: line.source_refs,
                    end: false,
                })
            }),
            Some("project_state") => read(value).map(ImportLine::State),
            _ => Err(refuse(
                "its type is not project, memory, entity, relationship or project_state".to_owned(),
            )),
        }
    }

    /// Returns the line's `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Project(_) => "project",
            Self::Memory(..) => "memory",
            Self::Entity(..) => "entity",
            Self::Relationship(_) => "relationship",
            Self::State(_) => "project_state",
        }
    }

    fn key(&self) -> Option<&str> {
        match self {
            Self::Memory(key, _) | Self::Entity(key, _) => key.as_deref(),
            Self::Project(_) | Self::Relationship(_) | Self::State(_) => None,
        }
    }

    /// Returns whether the line creates a single row, after validating everything.
    fn is_plain(&self) -> bool {
        matches!(self, Self::Memory(..) | Self::Relationship(_))
    }

    /// Returns the pass over the file that stores a line, so that a line may reference a later one.
    /// Reads only the line's type, so the result for an invalid line may be wrong.
    pub fn pass_of(text: &str) -> Option<usize> {
        #[derive(Deserialize)]
        struct Typed<'t> {
            #[serde(rename = "type", borrow)]
            kind: Cow<'t, str>,
        }
        let typed: Typed<'_> = serde_json::from_str(text).ok()?;
        PASSES.iter().position(|kind| *kind == typed.kind)
    }

    /// As [`Self::pass_of`], for a parsed line.
    pub fn pass(&self) -> Option<usize> {
        PASSES.iter().position(|kind| *kind == self.kind())
    }
}

/// The types of lines that each pass stores, in order.
pub const PASSES: [&str; 5] = ["project", "memory", "entity", "relationship", "project_state"];

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T> {
    validate::parse_fields("", "line", value, "Correct the line.")
}

/// An import of lines in progress.
#[derive(Debug, Default)]
pub struct LineImport {
    note: String,
    source: ImportSource,
    /// The rows of the lines that have a key.
    keys: Keys,
    /// What the lines tell of the past.
    pending: Vec<PendingHistory>,
    pub report: ImportReport,
}

impl LineImport {
    /// Begins an import with the report of the parts of the file that are no lines.
    pub fn new(note: &str, report: ImportReport) -> Self {
        Self { note: note.to_owned(), report, ..Self::default() }
    }

    /// Names the source of the lines, so that its next import finds their rows.
    pub fn of_source(self, name: &str, is_named: bool) -> Self {
        let source = ImportSource { name: name.to_owned(), is_named, run: 0 };
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
    remark: Option<(&'static str, String)>,
    /// The row and its changed fields.
    edits: Option<String>,
    /// What an entity or memory is called in the report.
    name: Option<String>,
    /// The row, and the status that its source gives it now, if its line tells of the past.
    past: Option<(String, Option<Status>)>,
}

/// The note about lines whose uid another row holds.
const UID_HELD: &str = "candidates with the uid of an active row";
/// The note about fields that the source and somebody here changed.
const PROPOSED: &str = "proposed changes, since the row was changed here too";
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
                if let (Some((row_id, becomes)), ImportLine::Entity(_, new)) = (stored.past, line) {
                    let (place, history) = (place.clone(), new.imported.clone());
                    import.pending.push(PendingHistory { place, row_id, becomes, history });
                }
                if let Some((about, remark)) = stored.remark {
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
            stored.outcome = created_if(projects::register_project(tx, wish, note)?.created);
        }
        ImportLine::Memory(key, new) => {
            let made = memories::create_unless(tx, new, DuplicatePolicy::OfAnyStatus, note)?;
            let (id, identity) = (&made.row.id, identity_of(&made.row.uid, key.as_deref()));
            keys.bind(key.as_deref(), id)?;
            source.keep(tx, Kind::Memory, id, (identity, Map::new()))?;
            stored.outcome = created_if(made.created);
            stored.uid_holder = made.uid_holder.filter(|_| made.created);
            let content = quote_text(&made.row.content, MAX_NAME);
            stored.name = Some(format!("memory {} {content}", made.row.handle));
            stored.project = Some(made.row.project);
        }
        ImportLine::Entity(key, new) => {
            let made = import_entity(tx, source, key.as_deref(), &keys.cite(new), note)?;
            keys.bind(key.as_deref(), &made.row.id)?;
            stored.remark = remark_on(&made);
            stored.edits = (!made.edits.is_empty()).then(|| {
                let edits = made.edits.join(", ");
                format!("{} {}: {edits}", made.row.handle, quote_text(&made.row.name, MAX_NAME))
            });
            stored.outcome = made.outcome;
            stored.uid_holder = made.uid_holder;
            let Entity { entity_type, handle, name, .. } = &made.row;
            stored.name = Some(format!("{entity_type} {handle} {}", quote_text(name, MAX_NAME)));
            let tells = new.imported.superseded_by.is_some() || !new.imported.amends.is_empty();
            if tells || made.becomes.is_some() {
                stored.past = Some((made.row.id.clone(), made.becomes));
            }
            stored.project = Some(made.row.project);
        }
        ImportLine::Relationship(new) => {
            keys.require_stored(&[&new.source_id, &new.target_id])?;
            let linked = relationships::create_once(tx, &keys.tie(new), note)?;
            source.keep(tx, Kind::Relationship, &linked.row.id, Default::default())?;
            if linked.changed {
                end_past_link(tx, source, &linked.row, note)?;
            }
            stored.outcome = created_if(linked.changed);
        }
        ImportLine::State(wish) => {
            let set = import_state(tx, source, wish, note)?;
            stored.registered = set.registered.then_some(set.project);
            stored.outcome = set.outcome;
        }
    }
    Ok(stored)
}

/// Lists the rows that the source has no more, or ends them. A refused line may be one of them, so that
/// they are then not known.
pub fn finish_lines(tx: &Tx<'_>, import: &mut LineImport, retires: bool) -> Result<()> {
    let LineImport { note, source, report, keys, pending } = import;
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
        end_missing(tx, source, retires, note, report)?;
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
        source.keep(tx, Kind::Relationship, &link.id, Default::default())?;
    }
    Ok(true)
}

fn created_if(created: bool) -> LineOutcome {
    if created { LineOutcome::Created } else { LineOutcome::Unchanged }
}

/// Names the row of a line that was not, or not only, stored as it is.
fn remark_on(made: &ImportedEntity) -> Option<(&'static str, String)> {
    let name = format!("{} {}", made.row.handle, quote_text(&made.row.name, MAX_NAME));
    match &made.revision {
        Some((revision, fields)) => {
            Some((PROPOSED, format!("{name}, revision {revision} ({})", fields.join(", "))))
        }
        None if made.outcome == LineOutcome::Ended => Some((ENDED, name)),
        None => None,
    }
}
