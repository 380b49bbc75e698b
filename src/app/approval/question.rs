//! The approval question: the rows that a write would change, their sources, similar rows and
//! conflicts. Stored text is quoted, and hidden characters are escaped.

use std::borrow::Cow;

use serde_json::Value;

use crate::app::present::bound::shorten_text;
use crate::app::present::conflicts::ConflictView;
use crate::app::present::ids;
use crate::app::present::rows::{
    LINE_TEXT, RelationshipView, all_quoted, entity_line, memory_line, project_word,
};
use crate::model::hash::digest;
use crate::model::text::{one_line, quote_text};
use crate::model::{Action, Entity, Error, Hint, Kind, Memory, NextStep, Result};
use crate::ops::read::history::Change;
use crate::ops::write::approval::{is_new, needs_a_person};
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::ops::write::{conflicts, entities, memories};
use crate::store::{self, Tx, View};

/// Maximum characters of a question.
const MAX_MESSAGE: usize = 2_000;
/// Maximum characters of a line, so that one long text leaves space for the others.
const MAX_LINE: usize = 500;
/// Characters reserved for the count of omitted lines.
const TAIL: usize = 60;
/// Maximum characters of a description, and of properties.
const MAX_DETAIL: usize = 300;
/// Maximum sources of a row, and maximum similar rows.
const MAX_SHOWN: usize = 3;

/// A row as it was before its redaction.
#[derive(Debug, Clone, Default)]
pub struct RowBefore {
    pub lines: Vec<String>,
    /// The whole row, for the fingerprint.
    pub record: String,
}

/// The question about a write that needs approval.
#[derive(Debug, Clone)]
pub struct ApprovalQuestion {
    pub message: String,
    /// Digest of the write's effect, so that the approval is valid for no other effect.
    pub fingerprint: String,
    /// The step by which the person does it outside of the client.
    by_hand: Option<NextStep>,
}

impl ApprovalQuestion {
    /// Builds the question from the effect of a write. It runs inside the transaction, so that it
    /// shows the rows as they would be.
    pub fn about(
        tx: &Tx<'_>,
        operation: &str,
        done: &[Change],
        by_hand: Option<NextStep>,
        before: &RowBefore,
    ) -> Result<Self> {
        let (decided, besides): (Vec<&Change>, Vec<&Change>) =
            done.iter().partition(|change| needs_a_person(change));
        let mut lines = before.lines.clone();
        for change in &decided {
            lines.extend(describe_change(tx, change)?);
            lines.extend(describe_contents(tx, change)?);
        }
        for change in &besides {
            lines.extend(describe_change(tx, change)?);
        }
        let new = new_ids(tx, done)?;
        for line in &mut lines {
            *line = without_new_ids(&one_line(line), &new);
        }
        let note = decided.first().map_or("", |change| &change.entry.note);
        let head = build_heading(operation, tx.actor, note, decided.len());
        Ok(Self {
            message: build_message(&head, &lines),
            fingerprint: compute_fingerprint(&lines, &before.record, done),
            by_hand,
        })
    }

    /// Returns the error for a question that cannot be asked or was not answered.
    pub fn unasked(&self, why: &str) -> Error {
        Error::Refused {
            problem: format!("this needs the approval of the person, and {why}"),
            hint: refused_hint(self.by_hand.clone()),
        }
    }
}

/// Builds the hint of a refused write, with the step for the person.
pub(super) fn refused_hint(by_hand: Option<NextStep>) -> Hint {
    let next = by_hand.map(|step| NextStep::ByPerson(Box::new(step)));
    Hint { advice: "Nothing was changed.".to_owned(), next: next.map(Box::new) }
}

/// Returns the heading lines: the operation, the actor and the reason.
fn build_heading(operation: &str, actor: &str, note: &str, decisions: usize) -> Vec<String> {
    let rows = if decisions > 1 { format!(", for {decisions} rows") } else { String::new() };
    let within =
        |text: &str, max: usize| shorten_text(&quote_text(text, max), 2 * max).into_owned();
    let actor = within(actor, 60);
    let mut head = vec![format!("{operation} by {actor} needs your approval{rows}.")];
    if !note.is_empty() {
        head.push(format!("The reason given is {}.", within(note, 150)));
    }
    head
}

/// Joins the lines that fit, each truncated, and the count of omitted lines.
fn build_message(head: &[String], lines: &[String]) -> String {
    let mut room = MAX_MESSAGE - TAIL;
    let mut shown: Vec<Cow<'_, str>> = Vec::new();
    for line in head.iter().chain(lines) {
        let line = shorten_text(line, MAX_LINE);
        match room.checked_sub(line.chars().count() + 1) {
            Some(left) => room = left,
            None => break,
        }
        shown.push(line);
    }
    let left = head.len() + lines.len() - shown.len();
    if left > 0 {
        shown.push(Cow::Owned(format!("… (+{left} lines that have no room here)")));
    }
    shown.join("\n")
}

/// Computes the digest of the shown lines and of every changed row as it was before.
fn compute_fingerprint(lines: &[String], before: &str, done: &[Change]) -> String {
    let mut all = lines.join("\n") + before;
    for change in done.iter().filter(|change| !is_new(done, &change.entry.subject_id)) {
        all.push('\n');
        all.push_str(&change.entry.before_json);
    }
    digest(&all)
}

/// Replaces ids of new rows by numbers, since the write generates other ids when it is repeated.
fn without_new_ids(line: &str, new: &[String]) -> String {
    let mut line = line.to_owned();
    for (number, id) in new.iter().enumerate() {
        if line.contains(id) {
            line = line.replace(id, &format!("(new {})", number + 1));
        }
    }
    line
}

/// Returns the displayed ids of the rows that a write creates.
fn new_ids(view: &View<'_>, done: &[Change]) -> Result<Vec<String>> {
    let new = done.iter().filter(|change| change.entry.action == Action::Created.as_str());
    let shown = new.map(|change| {
        let id = &change.entry.subject_id;
        let shown = match Kind::parse(&change.entry.kind) {
            Some(kind) => ids::shown_id(view, kind, Some(id))?,
            None => None,
        };
        Ok(shown.unwrap_or_else(|| id.clone()))
    });
    shown.collect()
}

/// Describes a change in one line; for a conflict also its sides.
fn describe_change(view: &View<'_>, change: &Change) -> Result<Vec<String>> {
    let entry = &change.entry;
    let (id, action) = (&entry.subject_id, Action::parse(&entry.action));
    let verb = verb_of(action);
    let line = match Kind::parse(&entry.kind) {
        Some(Kind::Entity) => Entity::find(view, id)?.map(|row| entity_line(&row)),
        Some(Kind::Memory) => Memory::find(view, id)?.map(|row| memory_line(&row)),
        Some(Kind::Relationship) => {
            let link = store::relationships::get(view, id)?;
            link.map(|row| RelationshipView::new(view, &row)).transpose()?.map(|row| row.line())
        }
        Some(Kind::Project) => {
            let named = store::projects::get(view, id)?;
            named.map(|row| format!("project {}", quote_text(&row.name, LINE_TEXT)))
        }
        Some(Kind::ProjectState) => return describe_state(view, change),
        Some(Kind::Conflict) => {
            let Some(conflict) = store::conflicts::get(view, id)? else { return Ok(Vec::new()) };
            let shown = conflicts::describe_conflict(view, &conflict)?;
            let mut lines = ConflictView::new(view, &shown)?.lines();
            if let Some(first) = lines.first_mut() {
                *first = format!("{verb} {first}");
            }
            return Ok(lines);
        }
        Some(Kind::Interaction | Kind::Store) | None => None,
    };
    Ok(line.map(|line| format!("{verb} {line}")).into_iter().collect())
}

fn verb_of(action: Option<Action>) -> &'static str {
    match action {
        Some(Action::Created) => "create",
        Some(Action::Promoted) => "promote",
        Some(Action::Rejected) => "reject",
        Some(Action::Superseded) => "supersede",
        Some(Action::Graduated) => "graduate",
        Some(Action::Resolved | Action::Dismissed) => "settle",
        Some(Action::Redacted) => "erase for good",
        _ => "change",
    }
}

/// Describes trusted state, with its previous value.
fn describe_state(view: &View<'_>, change: &Change) -> Result<Vec<String>> {
    let Some(row) = store::projects::state_by_id(view, &change.entry.subject_id)? else {
        return Ok(Vec::new());
    };
    let project = store::projects::get(view, &row.project_id)?.map(|project| project.name);
    let verb = if row.is_active() { "set" } else { "end" };
    let mut lines = vec![format!(
        "{verb} the trusted state {}/{} = {} in {}",
        quote_text(&row.category, LINE_TEXT),
        quote_text(&row.key, LINE_TEXT),
        quote_text(&row.value, MAX_DETAIL),
        project_word(project.as_deref().unwrap_or_default()),
    )];
    if let Some(old) = change.before["value"].as_str().filter(|old| *old != row.value) {
        lines.push(format!("  it was {}", quote_text(old, MAX_DETAIL)));
    }
    if !row.source.is_empty() {
        lines.push(format!("  source {}", quote_text(&row.source, LINE_TEXT)));
    }
    Ok(lines)
}

/// Describes a row for the decision: its contents, sources and similar rows.
fn describe_contents(view: &View<'_>, change: &Change) -> Result<Vec<String>> {
    let id = &change.entry.subject_id;
    let mut lines = Vec::new();
    if Action::parse(&change.entry.action) == Some(Action::Redacted) {
        return Ok(lines);
    }
    match Kind::parse(&change.entry.kind) {
        Some(Kind::Entity) => {
            let Some(row) = Entity::find(view, id)? else { return Ok(lines) };
            if let Some(from) =
                change.before["project"].as_str().filter(|from| *from != row.project)
            {
                lines.push(format!("  moved from {}", project_word(from)));
            }
            lines.push(format!("  description {}", quote_text(&row.description, MAX_DETAIL)));
            if !row.properties.is_empty() {
                let properties = Value::Object(row.properties.clone()).to_string();
                lines.push(format!("  properties {}", shorten_text(&properties, MAX_DETAIL)));
            }
            lines.push(sources_line(view, &row)?);
            let similar = entities::find_similar(view, &row)?;
            lines.extend(
                similar.iter().take(MAX_SHOWN).map(|other| similar_line(&entity_line(other))),
            );
        }
        Some(Kind::Memory) => {
            let Some(row) = Memory::find(view, id)? else { return Ok(lines) };
            if row.content.chars().count() > LINE_TEXT {
                lines.push(format!("  content {}", quote_text(&row.content, 2 * MAX_DETAIL)));
            }
            if let Some(chunk) = ids::shown_chunk(view, row.source_chunk_id.as_deref())? {
                lines.push(format!("  from chunk:{chunk}"));
            }
            let similar = memories::find_similar(view, &row)?;
            lines.extend(
                similar.iter().take(MAX_SHOWN).map(|other| similar_line(&memory_line(other))),
            );
        }
        _ => {}
    }
    Ok(lines)
}

fn similar_line(line: &str) -> String {
    format!("  similar: {line}")
}

fn sources_line(view: &View<'_>, row: &Entity) -> Result<String> {
    let (shown, left) = row.source_refs.split_at(row.source_refs.len().min(MAX_SHOWN));
    let shown = ids::shown_refs(view, shown)?;
    let more = if left.is_empty() { String::new() } else { format!(" and {} more", left.len()) };
    Ok(match (shown.as_slice(), row.hand_authored) {
        ([], _) => "  no source; it is marked as vouched for by a person".to_owned(),
        (refs, false) => format!("  sources {}{more}", all_quoted(refs)),
        (refs, true) => {
            format!("  sources {}{more}, and marked as vouched for by a person", all_quoted(refs))
        }
    })
}
