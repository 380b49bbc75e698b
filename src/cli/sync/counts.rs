//! What reading a source again changed, in numbers and as lists of rows.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::cli::import_report::refused_line;
use crate::ops::exchange::import::DIFFERENT;
use crate::ops::exchange::import_report::ImportReport;

/// Numbers of rows, links and facts, or of documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SourceCounts {
    pub created: usize,
    pub updated: usize,
    pub proposed: usize,
    /// Ended, or removed documents.
    pub ended: usize,
    /// In force here, and not in the source.
    pub missing: usize,
    pub refused: usize,
    /// In the source, and ended here by a person or because the source had lost them.
    pub ended_here: usize,
    /// Rows that do not say all that the source still says: they were changed, or a change was undone, here.
    pub different_here: usize,
    pub unchanged: usize,
}

impl SourceCounts {
    /// Whether reading it changes the store.
    pub fn changes(&self) -> bool {
        self.created + self.updated + self.proposed + self.ended > 0
    }

    /// Whether the source differs from the store, or did before it was read.
    pub fn differs(&self) -> bool {
        let Self { ended_here, different_here, unchanged, .. } = *self;
        let same = Self { ended_here, different_here, unchanged, ..Self::default() };
        *self != same
    }
}

/// Rows of one kind of change.
#[derive(Clone)]
pub struct ChangeList {
    pub title: &'static str,
    pub lines: Vec<String>,
    pub total: usize,
}

impl ChangeList {
    fn new(title: &'static str, lines: Vec<String>) -> Self {
        Self { title, total: lines.len(), lines }
    }
}

pub fn of_import(report: &ImportReport) -> SourceCounts {
    let sum = |counts: &BTreeMap<&'static str, usize>| counts.values().sum::<usize>();
    SourceCounts {
        created: sum(&report.created),
        updated: sum(&report.updated),
        proposed: sum(&report.proposed),
        ended: sum(&report.retired),
        missing: report.missing,
        refused: report.refused.len(),
        ended_here: sum(&report.ended),
        different_here: report
            .notes
            .iter()
            .filter(|note| note.about == DIFFERENT)
            .map(|note| note.count)
            .sum(),
        unchanged: sum(&report.existing),
    }
}

pub fn list_import(report: &ImportReport) -> Vec<ChangeList> {
    let new: usize = ["entity", "memory"].iter().filter_map(|kind| report.created.get(kind)).sum();
    let mut lists = vec![
        ChangeList { total: new, ..ChangeList::new("New rows", report.new_rows.clone()) },
        ChangeList::new("Changed rows", report.edits.clone()),
    ];
    let notes = report.notes.iter().filter(|note| !note.lines.is_empty());
    lists.extend(notes.map(|note| ChangeList::new(note.about, note.lines.clone())));
    lists.push(ChangeList::new("Refused", report.refused.iter().map(refused_line).collect()));
    lists
}

pub fn of_ingest(answer: &Value) -> SourceCounts {
    let count = |name: &str| answer[name].as_u64().unwrap_or_default() as usize;
    SourceCounts {
        created: count("added"),
        updated: count("replaced"),
        ended: count("removed"),
        refused: answer["refused"].as_array().map_or(0, Vec::len),
        // Another place or label of a document is no difference of what it says.
        unchanged: count("unchanged") + count("relabelled"),
        ..SourceCounts::default()
    }
}

pub fn list_ingest(answer: &Value) -> Vec<ChangeList> {
    let refused = answer["refused"].as_array().into_iter().flatten();
    let text = |one: &Value, field: &str| one[field].as_str().unwrap_or_default().to_owned();
    let lines = refused.map(|one| format!("{}: {}", text(one, "path"), text(one, "reason")));
    let mut lists = vec![ChangeList::new("Refused", lines.collect())];
    for marked in answer["newly_marked"].as_array().into_iter().flatten() {
        let rows = marked["rows"].as_array().into_iter().flatten();
        let name = |row: &Value| {
            let kind = text(row, "entity_type") + &text(row, "memory_type");
            let id = text(row, "entity_id") + &text(row, "memory_id");
            format!("{kind} {id} {}", text(row, "name") + &text(row, "content"))
        };
        lists.push(ChangeList {
            title: "Rows whose source changed or is gone",
            lines: rows.map(name).collect(),
            total: marked["total"].as_u64().unwrap_or_default() as usize,
        });
    }
    lists
}

/// Returns why the path of a source was refused, if it was.
pub fn find_refused(refused: &Value, path: &Path) -> Option<String> {
    let path = path.display().to_string();
    let mut all = refused.as_array()?.iter();
    let found = all.find(|one| one["path"] == path)?;
    Some(found["reason"].as_str()?.to_owned())
}
