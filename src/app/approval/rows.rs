//! The rows of an approval question: a short line for each, and its details.

use serde_json::Value;

use crate::app::present::bound::shorten_text;
use crate::app::present::conflicts::ConflictView;
use crate::app::present::ids;
use crate::app::present::memories::{memory_line, similar_line};
use crate::app::present::revisions::{RevisionView, difference_line};
use crate::app::present::rows::{LINE_TEXT, all_quoted, entity_line, project_word};
use crate::model::revision::{FieldDifference, field_value, list_changes};
use crate::model::text::quote_text;
use crate::model::words::differ_only_in_numbers;
use crate::model::{Action, Entity, Kind, Memory, Result};
use crate::ops::read::history::Change;
use crate::ops::read::row_names::name_link;
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::ops::write::{conflicts, entities, memories};
use crate::store::{self, View};

/// Maximum characters of a name in the short line of a row.
const MAX_NAME: usize = 60;
/// Maximum characters of a description, and of properties.
const MAX_DETAIL: usize = 300;
/// Maximum sources of a row, and maximum similar rows.
const MAX_SHOWN: usize = 3;

/// Returns the short line of a change: its verb, and the kind, type and name of the row. Empty if
/// the row has no line of its own.
pub fn short_line(view: &View<'_>, change: &Change) -> Result<Option<String>> {
    let entry = &change.entry;
    let id = &entry.subject_id;
    let named = match Kind::parse(&entry.kind) {
        Some(Kind::Entity) => Entity::find(view, id)?.map(|row| {
            let (name, project) = (quote_text(&row.name, MAX_NAME), project_word(&row.project));
            format!("{} {} {name} in {project}", row.entity_type, row.handle)
        }),
        Some(Kind::Memory) => Memory::find(view, id)?.map(|row| {
            let (content, project) =
                (quote_text(&row.content, MAX_NAME), project_word(&row.project));
            let memory_type = row.memory_type.as_str();
            format!("memory {} {memory_type} {content} in {project}", row.handle)
        }),
        Some(Kind::Relationship) => {
            let link = store::relationships::get(view, id)?;
            link.map(|row| name_link(view, &row)).transpose()?
        }
        Some(Kind::Project) => {
            let named = store::projects::get(view, id)?;
            named.map(|row| format!("project {}", quote_text(&row.name, MAX_NAME)))
        }
        Some(Kind::ProjectState) => name_state(view, change)?,
        Some(Kind::Conflict) => store::conflicts::get(view, id)?.map(|row| {
            let key = quote_text(&row.slot_key, MAX_NAME);
            format!("conflict {} {} {key}", row.handle, row.slot_kind)
        }),
        Some(Kind::Revision) => {
            let row = store::revisions::get(view, id)?;
            row.map(|row| format!("revision {} ({})", row.handle, row.action.as_str()))
        }
        Some(Kind::Interaction | Kind::Store) | None => None,
    };
    Ok(named.map(|named| format!("{} {named}", verb_of(change))))
}

fn verb_of(change: &Change) -> &'static str {
    match Action::parse(&change.entry.action) {
        Some(Action::Created) => "create",
        Some(Action::Promoted) => "promote",
        Some(Action::Rejected) => "reject",
        Some(Action::Superseded) => "supersede",
        Some(Action::Invalidated) => "end",
        Some(Action::Graduated) => "graduate",
        Some(Action::Renamed) if change.entry.kind == Kind::Project.as_str() => "rename",
        Some(Action::Renamed) => "move",
        Some(Action::Merged) => "merge",
        Some(Action::Resolved | Action::Dismissed) => "settle",
        Some(Action::Redacted) => "erase for good",
        Some(Action::Undone) => "restore",
        _ => "change",
    }
}

fn name_state(view: &View<'_>, change: &Change) -> Result<Option<String>> {
    let Some(row) = store::projects::state_by_id(view, &change.entry.subject_id)? else {
        return Ok(None);
    };
    let project = store::projects::get(view, &row.project_id)?.map(|project| project.name);
    let (category, key) = (quote_text(&row.category, MAX_NAME), quote_text(&row.key, MAX_NAME));
    let project = project_word(project.as_deref().unwrap_or_default());
    let end = if row.is_active() { "" } else { " (to end)" };
    Ok(Some(format!("trusted state {category}/{key} in {project}{end}")))
}

/// Returns the details of a change: the values before and after, the contents of a new row, its
/// sources and similar rows, the sides of a conflict.
pub fn detail_lines(view: &View<'_>, change: &Change) -> Result<Vec<String>> {
    let id = &change.entry.subject_id;
    if Action::parse(&change.entry.action) == Some(Action::Redacted) {
        return Ok(Vec::new());
    }
    Ok(match Kind::parse(&change.entry.kind) {
        Some(Kind::Entity) => match Entity::find(view, id)? {
            Some(row) => entity_details(view, change, &row)?,
            None => Vec::new(),
        },
        Some(Kind::Memory) => match Memory::find(view, id)? {
            Some(row) => memory_details(view, change, &row)?,
            None => Vec::new(),
        },
        Some(Kind::ProjectState) => state_details(view, change)?,
        Some(Kind::Conflict) => match store::conflicts::get(view, id)? {
            Some(row) => {
                let shown = conflicts::describe_conflict(view, &row)?;
                let lines = ConflictView::new(view, &shown)?.lines();
                let mut lines: Vec<String> = lines.into_iter().skip(1).collect();
                if !row.resolution.is_empty() {
                    lines.insert(0, format!("  resolution {}", row.resolution));
                }
                lines
            }
            None => Vec::new(),
        },
        Some(Kind::Revision) => match store::revisions::get(view, id)? {
            Some(row) => RevisionView::new(view, &row)?.lines().into_iter().skip(1).collect(),
            None => Vec::new(),
        },
        _ => Vec::new(),
    })
}

/// Returns the changed fields of a row that was active before.
fn changed_fields(view: &View<'_>, change: &Change) -> Result<Vec<String>> {
    let (Some(before), Some(after)) = (change.before.as_object(), change.after.as_object()) else {
        return Ok(Vec::new());
    };
    if change.before["status"] != "active" {
        return Ok(Vec::new());
    }
    let changes = list_changes(before, after);
    let shown = changes.iter().filter(|(field, _)| *field != "status").map(|(field, proposed)| {
        let base = field_value(before, field);
        let proposed = match (field.as_str(), proposed) {
            ("superseded_by" | "graduated_to_entity_id", Value::String(id)) => {
                ids::shown_ids(view, std::slice::from_ref(id))?.pop().into()
            }
            (_, proposed) => proposed.clone(),
        };
        let field = field.clone();
        Ok(difference_line(&FieldDifference { field, now: base.clone(), base, proposed }))
    });
    shown.collect()
}

fn entity_details(view: &View<'_>, change: &Change, row: &Entity) -> Result<Vec<String>> {
    let changed = changed_fields(view, change)?;
    if !changed.is_empty() {
        return Ok(changed);
    }
    let mut lines = Vec::new();
    if let Some(from) = change.before["project"].as_str().filter(|from| *from != row.project) {
        lines.push(format!("  moved from {}", project_word(from)));
    }
    lines.push(format!("  description {}", quote_text(&row.description, MAX_DETAIL)));
    if !row.properties.is_empty() {
        let properties = Value::Object(row.properties.clone()).to_string();
        lines.push(format!("  properties {}", shorten_text(&properties, MAX_DETAIL)));
    }
    lines.push(sources_line(view, row)?);
    let similar = entities::find_similar(view, row)?;
    let similar = similar.iter().take(MAX_SHOWN);
    lines.extend(similar.map(|other| format!("  similar: {}", entity_line(other))));
    Ok(lines)
}

fn memory_details(view: &View<'_>, change: &Change, row: &Memory) -> Result<Vec<String>> {
    let changed = changed_fields(view, change)?;
    if !changed.is_empty() {
        return Ok(changed);
    }
    let mut lines = Vec::new();
    if row.content.chars().count() > MAX_NAME {
        lines.push(format!("  content {}", quote_text(&row.content, 2 * MAX_DETAIL)));
    }
    if let Some(chunk) = ids::shown_chunk(view, row.source_chunk_id.as_deref())? {
        lines.push(format!("  from chunk:{chunk}"));
    }
    let similar = memories::find_similar(view, row)?;
    lines.extend(similar.iter().take(MAX_SHOWN).map(|other| {
        let only_numbers = differ_only_in_numbers(&row.content, &other.content);
        format!("  {}", similar_line(&memory_line(other), only_numbers))
    }));
    Ok(lines)
}

fn state_details(view: &View<'_>, change: &Change) -> Result<Vec<String>> {
    let Some(row) = store::projects::state_by_id(view, &change.entry.subject_id)? else {
        return Ok(Vec::new());
    };
    let mut lines = vec![format!("  value {}", quote_text(&row.value, MAX_DETAIL))];
    if let Some(old) = change.before["value"].as_str().filter(|old| *old != row.value) {
        lines.push(format!("  it was {}", quote_text(old, MAX_DETAIL)));
    }
    if !row.source.is_empty() {
        lines.push(format!("  source {}", quote_text(&row.source, LINE_TEXT)));
    }
    Ok(lines)
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
