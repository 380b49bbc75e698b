//! The report of an import, the same for every form of file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::model::{Conflict, ConflictStatus, Error, Hint};
use crate::ops::exchange::import_again::LineOutcome;

/// Maximum created rows that are named.
const MAX_NEW: usize = 1_000;

/// The outcome of an import: everything that was read is counted or listed in it.
#[derive(Debug, Clone, Default)]
pub struct ImportReport {
    /// Rows created, by the type of their lines.
    pub created: BTreeMap<&'static str, usize>,
    /// Rows that were changed as their source was, by the type of their lines.
    pub updated: BTreeMap<&'static str, usize>,
    /// Rows whose changes wait for a person.
    pub proposed: BTreeMap<&'static str, usize>,
    /// Rows that ended here, though their lines changed.
    pub ended: BTreeMap<&'static str, usize>,
    /// Rows that existed already, by the type of their lines.
    pub existing: BTreeMap<&'static str, usize>,
    /// Rows that the source has no more, and that were ended for it.
    pub retired: BTreeMap<&'static str, usize>,
    /// Projects of the imported rows.
    pub projects: BTreeSet<String>,
    /// Projects that were registered because rows name them.
    pub registered: Vec<String>,
    /// Ids of the conflicts that the import opened.
    pub conflicts: BTreeSet<String>,
    pub refused: Vec<RefusedLine>,
    /// The updated rows, with their changed fields.
    pub edits: Vec<String>,
    /// The first created entities and memories.
    pub new_rows: Vec<String>,
    /// The number of rows in force that the source has no more.
    pub missing: usize,
    pub notes: Vec<ImportNote>,
}

/// A remark of an importer: parts that were renamed, kept as text or repaired.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ImportNote {
    pub about: &'static str,
    pub count: usize,
    /// Further counts, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<&'static str, usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

/// The place of a line in its file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinePlace {
    Number(usize),
    /// A description, if the file has no such line.
    Name(String),
}

/// A part of the file that was not stored.
#[derive(Debug, Clone)]
pub struct RefusedLine {
    pub place: LinePlace,
    pub reason: String,
    pub hint: Hint,
    /// Whether it is a link, without a row of its own.
    pub is_link: bool,
}

impl ImportReport {
    /// Adds the conflicts that are open now, and removes those that ended.
    pub fn add_conflicts(&mut self, changed: Vec<Conflict>) {
        for conflict in changed {
            if conflict.status == ConflictStatus::Open {
                self.conflicts.insert(conflict.id);
            } else {
                self.conflicts.remove(&conflict.id);
            }
        }
    }

    /// Returns the counts of lines with an outcome.
    pub fn counts(&mut self, outcome: LineOutcome) -> &mut BTreeMap<&'static str, usize> {
        match outcome {
            LineOutcome::Created => &mut self.created,
            LineOutcome::Updated => &mut self.updated,
            LineOutcome::Proposed => &mut self.proposed,
            LineOutcome::Ended => &mut self.ended,
            LineOutcome::Unchanged => &mut self.existing,
        }
    }

    /// Names a created row.
    pub fn add_new_row(&mut self, line: String) {
        if self.new_rows.len() < MAX_NEW {
            self.new_rows.push(line);
        }
    }

    /// Adds a line to the note about a matter.
    pub fn add_note(&mut self, about: &'static str, line: String) {
        if !self.notes.iter().any(|note| note.about == about) {
            self.notes.push(ImportNote::of_lines(about, Vec::new()));
        }
        let known = self.notes.iter_mut().filter(|note| note.about == about);
        for note in known {
            note.count += 1;
            note.lines.push(line.clone());
        }
    }

    pub fn refuse(&mut self, place: LinePlace, reason: String) {
        self.refused.push(RefusedLine { place, reason, hint: Hint::default(), is_link: false });
    }
}

impl ImportNote {
    pub fn of_count(about: &'static str, count: usize) -> Self {
        Self { about, count, ..Self::default() }
    }

    pub fn of_lines(about: &'static str, lines: Vec<String>) -> Self {
        Self { about, count: lines.len(), lines, ..Self::default() }
    }
}

impl RefusedLine {
    pub fn new(place: LinePlace, error: &Error) -> Self {
        Self { place, reason: error.to_string(), hint: error.hint(), is_link: false }
    }
}

impl fmt::Display for LinePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "line {number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}
