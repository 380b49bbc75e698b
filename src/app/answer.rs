//! Answers: an operation's typed output as text lines and as structured content, each within a size
//! limit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::present::bound::{
    MAX_BYTES, fit_lines, fit_value, json_size, show_hidden, size_of_lines,
};
use super::present::conflicts::ConflictView;
use super::present::link_successions::LinkSuccessions;
use super::present::marked::MarkedRows;
use super::present::revisions::RevisionView;
use super::present::text::{MAX_LISTED, PageText, Paging, Text};
use crate::model::disturbance::Disturbance;
use crate::model::text::one_line;
use crate::model::{Conflict, Kind, Mark, NextStep, Question, Result};
use crate::ops::read::marks;
use crate::ops::record::record_change::snapshot_value;
use crate::ops::write::conflicts;
use crate::store::View;

/// Bytes reserved for the paging line and the counts of omitted rows.
const TAIL: usize = 8_000;
/// Maximum bytes of one row of a list.
const MAX_ROW: usize = (MAX_BYTES - TAIL) / 2;

/// The typed answer of an operation.
pub trait Output: Serialize + JsonSchema + Send + 'static {
    /// Writes the output as lines of text.
    fn write_text(&self, text: &mut Text);

    fn next_step(&self) -> Option<&NextStep> {
        None
    }
}

/// The answer of a write: the fields of its output and those common to all writes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Written<O> {
    #[serde(flatten)]
    pub output: O,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_id: Option<String>,
    /// The handle of the operation, if it changed anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    /// Conflicts that it opened, changed or settled; rows as in list_conflicts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Map<String, Value>>")]
    conflicts: Vec<ConflictView>,
    /// Rows that rest on the changed ones, by the mark that they have for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Map<String, Value>>")]
    newly_marked: Vec<MarkedRows>,
    #[serde(flatten)]
    links: LinkSuccessions,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    #[serde(skip)]
    next_step: Option<NextStep>,
    /// Set in a dry run: the real write would need a person's approval.
    #[serde(skip)]
    asks_person: bool,
    #[serde(skip)]
    approved_by: String,
    /// A change that waits for a person, or that was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    revision: Option<RevisionView>,
}

impl<O: Output> Written<O> {
    pub fn new(output: O, audit_id: Option<String>, next_step: Option<NextStep>) -> Self {
        let (conflicts, newly_marked, dry_run, operation) = Default::default();
        let (asks_person, approved_by, revision, links) = Default::default();
        Self {
            output,
            audit_id,
            operation,
            conflicts,
            newly_marked,
            links,
            dry_run,
            next_step,
            asks_person,
            approved_by,
            revision,
        }
    }

    /// Adds the handle of the operation.
    pub fn done_in(mut self, operation: Option<String>) -> Self {
        self.operation = operation;
        self
    }

    /// Adds the revision that proposes the change; a person deciding about it is the next step.
    pub fn proposes(mut self, revision: RevisionView) -> Self {
        let step = NextStep::PromoteRow { kind: Kind::Revision, id: revision.revision_id.clone() };
        self.next_step = Some(step);
        self.about_revision(revision)
    }

    /// Adds a revision that the write decided about.
    pub fn about_revision(mut self, revision: RevisionView) -> Self {
        self.revision = Some(revision);
        self
    }

    /// Adds the conflicts that the write opened, changed or settled. If one is open, resolving it
    /// becomes the next step.
    pub fn conflicts(mut self, view: &View<'_>, changed: &[Conflict]) -> Result<Self> {
        let shown = conflicts::show_all(view, changed)?;
        if let Some(open) = shown.iter().find(|shown| shown.conflict.resolved_at.is_none()) {
            let id = open.conflict.handle.clone();
            self.next_step = Some(NextStep::ResolveConflict { id });
        }
        for conflict in &shown {
            self.conflicts.push(ConflictView::new(view, conflict)?);
        }
        Ok(self)
    }

    /// Adds the links of superseded rows, and the rows that rest on the changed ones less safely. Unless
    /// there is another next step, the question that lists all of these becomes it.
    pub fn marked(mut self, view: &View<'_>, disturbances: &[Disturbance]) -> Result<Self> {
        self.links = LinkSuccessions::new(view, disturbances)?;
        for (mark, rows) in marks::list_newly_marked(view, disturbances)? {
            let question = match mark {
                Mark::Suspect => Question::SuspectLinks,
                _ => Question::AllGaps,
            };
            self.next_step.get_or_insert(NextStep::AskQuestion { question });
            self.newly_marked.push(MarkedRows::new(view, mark, &rows)?);
        }
        Ok(self)
    }

    /// Replaces the output and keeps the common fields.
    pub fn map<T: Output>(self, change: impl FnOnce(O) -> T) -> Written<T> {
        Written {
            output: change(self.output),
            audit_id: self.audit_id,
            operation: self.operation,
            conflicts: self.conflicts,
            newly_marked: self.newly_marked,
            links: self.links,
            dry_run: self.dry_run,
            next_step: self.next_step,
            asks_person: self.asks_person,
            approved_by: self.approved_by,
            revision: self.revision,
        }
    }

    pub fn asks_person(mut self, asks: bool) -> Self {
        self.asks_person = asks;
        self
    }

    pub fn approved_by(mut self, approval: &str) -> Self {
        approval.clone_into(&mut self.approved_by);
        self
    }

    pub fn next(mut self, step: NextStep) -> Self {
        self.next_step = Some(step);
        self
    }

    pub(super) fn into_answer(mut self, dry_run: bool) -> Answer {
        if dry_run {
            // The audit row was rolled back.
            self.audit_id = None;
            self.operation = None;
            self.dry_run = Some(true);
            self.next_step = Some(NextStep::RepeatWithoutDryRun { asks_person: self.asks_person });
        }
        Answer::of(&self)
    }
}

impl<O: Output> Output for Written<O> {
    fn write_text(&self, text: &mut Text) {
        if self.dry_run.is_some() {
            text.line("dry run: the call changed nothing; new ids are examples");
        }
        let first = text.lines.len();
        self.output.write_text(text);
        if let (Some(operation), Some(line)) = (&self.operation, text.lines.get_mut(first)) {
            line.push_str(&format!(" (operation {operation})"));
        }
        text.lines(self.revision.iter().flat_map(RevisionView::lines));
        if !self.approved_by.is_empty() {
            text.line(&self.approved_by);
        }
        text.list("conflicts", &self.conflicts, ConflictView::lines);
        self.links.write_text(text);
        text.list("newly_marked", &self.newly_marked, MarkedRows::lines);
    }

    fn next_step(&self) -> Option<&NextStep> {
        self.next_step.as_ref()
    }
}

/// An answer for a front end, which words the next step itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The answer as lines of text.
    pub text: String,
    /// The answer as one JSON object.
    pub structured: Value,
    /// The caller's next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_step: Option<NextStep>,
}

impl Answer {
    /// Renders the text and the structured content, with hidden characters escaped and within the
    /// size limits.
    pub fn of(output: &impl Output) -> Self {
        let mut text = Text::default();
        output.write_text(&mut text);
        let mut structured = snapshot_value(output).unwrap_or_default();
        let Text { lines, mut left_out, page } = text;
        let page = page.map(|page| BoundedPage::new(page, &mut structured));
        let (of_lines, of_values) = page.as_ref().map_or((0, 0), BoundedPage::sizes);
        let limit = |rows: usize| MAX_BYTES - TAIL - rows.min(MAX_ROW);
        truncate_lists(&mut structured, &left_out);
        // Escape before truncating, since an escape is longer than its character.
        show_hidden(&mut structured);
        fit_fields(&mut structured, limit(of_values), &mut left_out);
        let mut lines = fit_lines(lines, limit(of_lines));
        if let Some(page) = page {
            page.add(&mut structured, &mut lines);
        }
        for (key, count) in &left_out {
            lines.push(format!("{count} more {key}; {}", more_of(key)));
        }
        move_shared_fields(&mut structured);
        if !left_out.is_empty() {
            structured["left_out"] = Value::Object(left_out);
        }
        Self { text: lines.join("\n"), structured, next_step: output.next_step().cloned() }
    }

    /// Marks the stored answer of a call that is repeated as a dry run.
    pub(super) fn repeated_as_dry_run(mut self) -> Self {
        self.text = format!("dry run: this call was done before, with this answer\n{}", self.text);
        self.structured["dry_run"] = Value::Bool(true);
        self
    }

    /// Adds the next step, as worded by the front end.
    pub fn with_next_step(mut self, words: Option<String>) -> Self {
        if let Some(words) = words {
            let line = one_line(&format!("next: {words}")).into_owned();
            self.text.push_str(if self.text.is_empty() { "" } else { "\n" });
            self.text.push_str(&line);
            self.structured["next_step"] = Value::from(words);
        }
        self
    }
}

/// Fields that are moved to `every_row` if all rows of a page share their values.
pub(super) const SHARED_FIELDS: [&str; 5] = ["entity_type", "gap", "project", "status", "verdict"];
/// Minimum rows of a page for `every_row`.
const MIN_SHARING_ROWS: usize = 3;

/// Moves fields with the same value in all rows of a page to `every_row`.
fn move_shared_fields(structured: &mut Value) {
    let Some(Value::Array(rows)) = structured.get_mut("items") else { return };
    if rows.len() < MIN_SHARING_ROWS {
        return;
    }
    let mut shared = Map::new();
    for name in SHARED_FIELDS {
        let first = rows[0].get(name).filter(|value| value.is_string()).cloned();
        let Some(value) = first else { continue };
        if rows.iter().all(|row| row.get(name) == Some(&value)) {
            rows.iter_mut().filter_map(Value::as_object_mut).for_each(|row| {
                row.shift_remove(name);
            });
            shared.insert(name.to_owned(), value);
        }
    }
    if !shared.is_empty() {
        structured["every_row"] = Value::Object(shared);
    }
}

/// Truncates the lists that the text truncates, to the same length.
fn truncate_lists(structured: &mut Value, left_out: &Map<String, Value>) {
    for key in left_out.keys() {
        if let Some(Value::Array(rows)) = structured.get_mut(key) {
            rows.truncate(MAX_LISTED);
        }
    }
}

/// Truncates fields to the size limit, and counts the rows omitted from lists.
fn fit_fields(structured: &mut Value, max: usize, left_out: &mut Map<String, Value>) {
    if json_size(structured) <= max {
        return;
    }
    let before = structured.clone();
    fit_value(structured, max);
    for (key, value) in before.as_object().into_iter().flatten() {
        let kept = structured[key].as_array().map_or(0, Vec::len);
        let lost = value.as_array().map_or(0, Vec::len).saturating_sub(kept);
        if lost > 0 {
            let counted = left_out.get(key).and_then(Value::as_u64).unwrap_or(0);
            left_out.insert(key.clone(), Value::from(counted + lost as u64));
        }
    }
}

/// The rows of a page, each with its text lines, its value and the cursor after it.
struct BoundedPage {
    key: &'static str,
    rows: Vec<(Vec<String>, Value)>,
    cursors: Vec<String>,
    total: i64,
    next_cursor: Option<String>,
}

impl BoundedPage {
    /// Takes the rows out of the structured content, and truncates each to `MAX_ROW`.
    fn new(page: PageText, structured: &mut Value) -> Self {
        let PageText { key, rows, paging } = page;
        let values = structured.get_mut(key).map(Value::take);
        let values = values.and_then(|value| match value {
            Value::Array(values) => Some(values),
            _ => None,
        });
        let rows = rows.into_iter().zip(values.unwrap_or_default()).map(|(lines, mut value)| {
            show_hidden(&mut value);
            fit_value(&mut value, MAX_ROW);
            (fit_lines(lines, MAX_ROW), value)
        });
        let Paging { total, next_cursor, cursors } = paging;
        Self { key, rows: rows.collect(), cursors, total, next_cursor }
    }

    /// Returns the total bytes of the text lines and of the values.
    fn sizes(&self) -> (usize, usize) {
        let of_lines = self.rows.iter().map(|(lines, _)| size_of_lines(lines)).sum();
        (of_lines, self.rows.iter().map(|(_, value)| json_size(value) + 1).sum())
    }

    /// Adds the rows that fit, and the cursor of the next page.
    fn add(self, structured: &mut Value, lines: &mut Vec<String>) {
        let mut lines_left = (MAX_BYTES - TAIL).saturating_sub(size_of_lines(lines));
        let mut values_left = (MAX_BYTES - TAIL).saturating_sub(json_size(structured));
        let mut next_cursor = self.next_cursor;
        let mut items = Vec::new();
        for (index, (row_lines, value)) in self.rows.into_iter().enumerate() {
            let (of_lines, of_value) = (size_of_lines(&row_lines), json_size(&value) + 1);
            if (of_lines > lines_left || of_value > values_left) && index > 0 {
                next_cursor = Some(self.cursors[index - 1].clone());
                break;
            }
            lines_left = lines_left.saturating_sub(of_lines);
            values_left = values_left.saturating_sub(of_value);
            lines.extend(row_lines);
            items.push(value);
        }
        let count = format!("{} of {}", items.len(), self.total);
        structured[self.key] = Value::from(items);
        lines.push(match &next_cursor {
            Some(cursor) => format!("{count}; go on with cursor \"{cursor}\""),
            None => count,
        });
        if let Some(cursor) = next_cursor {
            structured["next_cursor"] = Value::from(cursor);
        }
    }
}

/// Tells where to find the rows omitted from a list.
fn more_of(key: &str) -> &'static str {
    match key {
        "conflicts" => "the list of conflicts has them",
        "entities" | "memories" => "smaller calls with the same rows show them as already there",
        "chain" => "the last row shown leads on",
        _ => "the rows shown lead to them",
    }
}
