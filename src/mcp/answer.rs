//! Answers: short lines for a reader, the same complete as structured content, and a bound on both.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::bound::{MAX_BYTES, fit, fit_lines, show_hidden, size, size_of_lines};
use super::rows::{conflict_lines, conflict_value, unregistered_line};
use crate::model::text::one_line;
use crate::model::{Page, ResolvedProject, Result};
use crate::ops::conflicts::Shown;
use crate::ops::projects::{self, Scope};
use crate::store::View;

/// Rows of a list that has no pages.
pub const MOST: usize = 20;
/// Bytes kept for how to go on.
const TAIL: usize = 8_000;
/// The most bytes of one row of a list.
const ROW: usize = (MAX_BYTES - TAIL) / 2;

/// An answer being put together.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    fields: Map<String, Value>,
    lines: Vec<String>,
    listed: Option<Listed>,
    /// How many rows of which list were left out.
    left_out: Map<String, Value>,
    /// Whether a person would be asked.
    asks_first: bool,
}

/// An answer as a client gets it: a text, and the same as structured content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub text: String,
    pub structured: Value,
}

/// One page of rows, each with its lines and where to go on after it.
#[derive(Debug, Clone)]
struct Listed {
    key: String,
    rows: Vec<(Vec<String>, Value)>,
    cursors: Vec<String>,
    total: i64,
    next_cursor: Option<String>,
}

impl Answer {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field to the structured content.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(key.to_owned(), value.into());
        self
    }

    /// Adds a line to the text. It stays one line, whatever is in it.
    pub fn line(self, line: impl AsRef<str>) -> Self {
        self.lines([line])
    }

    /// Adds lines to the text.
    pub fn lines(mut self, lines: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.lines.extend(lines.into_iter().map(|line| one_line(line.as_ref()).into_owned()));
        self
    }

    /// Adds the id of the audit row of the change, if there was one.
    pub fn audit_id(self, audit_id: Option<String>) -> Self {
        match audit_id {
            Some(audit_id) => self.with("audit_id", audit_id),
            None => self,
        }
    }

    /// Says what to do next.
    pub fn next(self, step: impl Into<String>) -> Self {
        self.with("next_step", step.into())
    }

    /// Says something else to do next, if `instead` has it.
    pub fn next_instead(self, instead: impl FnOnce(&str) -> Option<String>) -> Self {
        let step = self.fields.get("next_step").and_then(Value::as_str);
        match step.and_then(instead) {
            Some(step) => self.next(step),
            None => self,
        }
    }

    /// An answer that says which project it covers.
    pub fn scoped(scope: &Scope) -> Self {
        match &scope.project {
            Some(project) => Self::new().project(project),
            None => Self::new(),
        }
    }

    /// Says of a rehearsal that a person would be asked.
    pub fn asks_first(mut self, asks: bool) -> Self {
        self.asks_first = asks;
        self
    }

    /// Says that all of it was undone.
    pub fn rehearsed(mut self) -> Self {
        // There is no such audit row.
        self.fields.shift_remove("audit_id");
        self.lines.insert(0, "dry run: nothing was changed; new ids are examples".to_owned());
        let step = match self.asks_first {
            true => "Repeat the call without dry_run: the person is asked before it is done.",
            false => "Repeat the call without dry_run to do it.",
        };
        self.with("dry_run", true).next(step)
    }

    /// Says which project was used, and what is close to one that is not registered.
    pub fn project(self, project: &ResolvedProject) -> Self {
        let answer = self.with("project_used", json!(project));
        match unregistered_line(project) {
            Some(line) => answer.line(line),
            None => answer,
        }
    }

    /// As [`Answer::project`], if a project was given at all.
    pub fn given_project(self, view: &View<'_>, given: Option<&str>) -> Result<Self> {
        match given {
            Some(given) => Ok(self.project(&projects::resolve(view, given)?)),
            None => Ok(self),
        }
    }

    /// Adds the first rows of a list that has no pages, each with its lines, and counts the rest.
    pub fn some<T>(
        mut self,
        key: &str,
        rows: &[T],
        most: usize,
        show: impl Fn(&T) -> (Vec<String>, Value),
    ) -> Self {
        let mut values = Vec::new();
        for row in rows.iter().take(most) {
            let (lines, value) = show(row);
            self = self.lines(lines);
            values.push(value);
        }
        if rows.len() > most {
            self.left_out.insert(key.to_owned(), Value::from(rows.len() - most));
        }
        self.with(key, values)
    }

    /// Adds the conflicts that a write opened, changed or settled, or that a row takes part in.
    pub fn conflicts(self, conflicts: &[Shown]) -> Self {
        self.some("conflicts", conflicts, MOST, |shown| {
            (conflict_lines(shown), conflict_value(shown))
        })
    }

    /// Says how to settle the first of the conflicts that is open.
    pub fn settle_next(self, conflicts: &[Shown]) -> Self {
        match conflicts.iter().find(|shown| shown.conflict.resolved_at.is_none()) {
            Some(open) => self.next(format!(
                "Show both sides of the conflict to the person, then resolve_conflict {} with \
                 supersede_others and winner_id, dismiss, or keep_all.",
                open.conflict.id
            )),
            None => self,
        }
    }

    /// Adds the rows of a page, each with its lines.
    pub fn list<T>(
        mut self,
        key: &str,
        page: &Page<T>,
        show: impl Fn(&T) -> Result<(Vec<String>, Value)>,
    ) -> Result<Self> {
        let rows = page.items.iter().map(|item| {
            let (lines, mut value) = show(item)?;
            show_hidden(&mut value);
            fit(&mut value, ROW);
            let lines = lines.iter().map(|line| one_line(line).into_owned()).collect();
            Ok((fit_lines(lines, ROW), value))
        });
        self.listed = Some(Listed {
            key: key.to_owned(),
            rows: rows.collect::<Result<_>>()?,
            cursors: page.cursors.clone(),
            total: page.total,
            next_cursor: page.next_cursor.clone(),
        });
        Ok(self)
    }

    /// The text and the structured content, with hidden characters shown, each within its bound.
    pub fn render(mut self) -> Reply {
        let listed = self.listed.take();
        let (of_lines, of_values) = listed.as_ref().map_or((0, 0), Listed::sizes);
        let room = |rows: usize| MAX_BYTES - TAIL - rows.min(ROW);
        let mut structured = Value::Object(std::mem::take(&mut self.fields));
        // Before the bound, since an escape is longer than what it shows.
        show_hidden(&mut structured);
        self.fit_fields(&mut structured, room(of_values));
        let mut lines = fit_lines(std::mem::take(&mut self.lines), room(of_lines));
        if let Some(listed) = listed {
            listed.add(&mut structured, &mut lines);
        }
        for (key, count) in &self.left_out {
            lines.push(format!("{count} more {key}; {}", go_on(key)));
        }
        if let Some(step) = structured.get("next_step").and_then(Value::as_str) {
            lines.push(one_line(&format!("next: {step}")).into_owned());
        }
        if !self.left_out.is_empty() {
            structured["left_out"] = Value::Object(self.left_out);
        }
        Reply { text: lines.join("\n"), structured }
    }

    /// Makes the fields fit, and counts what their lists lose.
    fn fit_fields(&mut self, structured: &mut Value, max: usize) {
        if size(structured) <= max {
            return;
        }
        let before = structured.clone();
        fit(structured, max);
        for (key, value) in before.as_object().into_iter().flatten() {
            let kept = structured[key].as_array().map_or(0, Vec::len);
            let lost = value.as_array().map_or(0, Vec::len).saturating_sub(kept);
            if lost > 0 {
                let counted = self.left_out.get(key).and_then(Value::as_u64).unwrap_or(0);
                self.left_out.insert(key.clone(), Value::from(counted + lost as u64));
            }
        }
    }
}

impl Listed {
    /// Bytes of all rows: of their lines, and of their values.
    fn sizes(&self) -> (usize, usize) {
        let of_lines = self.rows.iter().map(|(lines, _)| size_of_lines(lines)).sum();
        (of_lines, self.rows.iter().map(|(_, value)| size(value) + 1).sum())
    }

    /// Adds rows as long as they fit, and says how to go on.
    fn add(self, structured: &mut Value, lines: &mut Vec<String>) {
        let mut line_room = (MAX_BYTES - TAIL).saturating_sub(size_of_lines(lines));
        let mut value_room = (MAX_BYTES - TAIL).saturating_sub(size(structured));
        let mut next_cursor = self.next_cursor;
        let mut items = Vec::new();
        for (index, (row_lines, value)) in self.rows.into_iter().enumerate() {
            let (of_lines, of_value) = (size_of_lines(&row_lines), size(&value) + 1);
            if (of_lines > line_room || of_value > value_room) && index > 0 {
                next_cursor = Some(self.cursors[index - 1].clone());
                break;
            }
            line_room = line_room.saturating_sub(of_lines);
            value_room = value_room.saturating_sub(of_value);
            lines.extend(row_lines);
            items.push(value);
        }
        let count = format!("{} of {}", items.len(), self.total);
        structured[self.key] = Value::from(items);
        structured["total"] = Value::from(self.total);
        lines.push(match &next_cursor {
            Some(cursor) => format!("{count}; go on with cursor \"{cursor}\""),
            None => count,
        });
        if let Some(cursor) = next_cursor {
            structured["next_cursor"] = Value::from(cursor);
        }
    }
}

/// What shows the rows that an answer leaves out of a list.
fn go_on(key: &str) -> &'static str {
    match key {
        "conflicts" => "list_conflicts shows them",
        "relationships" => "get_entity shows them",
        "entities" | "memories" => "smaller calls with the same rows show them as already there",
        "chain" => "the last row shown leads on",
        _ => "the history of what is shown names them",
    }
}
