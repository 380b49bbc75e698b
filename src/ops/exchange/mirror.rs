//! The readable mirror: pages in Markdown about each project, its decisions and its subsystems.
//!
//! The same rows give the same bytes: no page has a clock in it.

use std::fmt::Write;

use serde_json::Value;

use crate::model::hash::digest;
use crate::model::headline::Headline;
use crate::model::markup::{inline_text, strong_text};
use crate::model::page::MAX_LIMIT;
use crate::model::{Entity, Mark, Question, Result, Status};
use crate::ops::read::marks::RowMarks;
use crate::ops::read::queries::{QuestionArgs, QuestionRow, answer_question};
use crate::store::lists::{RowFilter, list_entity_ids};
use crate::store::{self, View};

/// A page, and its path below the folder of the mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorPage {
    pub path: String,
    pub text: String,
}

/// Maximum characters of a text of a row.
const MAX_TEXT: usize = 4_000;
/// The questions of a subsystem's page, with their headings.
const SECTIONS: [(Question, &str); 5] = [
    (Question::SubsystemContents, "Contents"),
    (Question::InterfacesOf, "Interfaces"),
    (Question::RequirementsFor, "Requirements"),
    (Question::ConstraintsOn, "Constraints"),
    (Question::DecisionsAffecting, "Decisions"),
];

/// Builds all pages, by project.
pub fn build_pages(view: &View<'_>) -> Result<Vec<MirrorPage>> {
    let mut pages = Vec::new();
    for project in store::projects::names_in_use(view)? {
        let folder = name_file(&project);
        let mut add = |name: &str, text: String| {
            pages.push(MirrorPage { path: format!("{folder}/{name}.md"), text });
        };
        add("overview", build_overview(view, &project)?);
        add("decisions", build_decision_log(view, &project)?);
        for subsystem in list_rows(view, &project, "subsystem", Some(Status::Active))? {
            let name = format!("subsystem-{}-{}", plain_name(&subsystem.name), subsystem.handle);
            add(&name, build_subsystem(view, &project, &subsystem)?);
        }
    }
    Ok(pages)
}

/// Converts a name to a file name; one that loses characters gets a part of its digest.
fn name_file(name: &str) -> String {
    match plain_name(name) {
        plain if plain == name => plain,
        plain => format!("{plain}-{}", &digest(name)[..6]),
    }
}

/// Keeps the letters, digits and hyphens of a name, at most 60.
fn plain_name(name: &str) -> String {
    let kept = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined = kept.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    joined.chars().take(60).collect()
}

fn build_overview(view: &View<'_>, project: &str) -> Result<String> {
    let wish = QuestionArgs::of_project(Question::ProjectOverview, project);
    let (_, found) = answer_question(view, &wish)?;
    Ok(found.markdown.unwrap_or_default())
}

/// Lists all entities of a type in a project, oldest first; of any status if none is given.
fn list_rows(
    view: &View<'_>,
    project: &str,
    row_type: &str,
    status: Option<Status>,
) -> Result<Vec<Entity>> {
    let projects = [Some(project.to_owned())];
    let filter =
        RowFilter { projects: &projects, row_type, status, inactive: true, ..Default::default() };
    let mut rows: Vec<Entity> = Vec::new();
    loop {
        let last = rows.last().map(|row| (row.created_at.clone(), row.id.clone()));
        let (created_at, id) = last.unwrap_or_default();
        let after = (created_at.as_str(), id.as_str());
        let (ids, _) = list_entity_ids(view, &filter, after, i64::from(MAX_LIMIT))?;
        if ids.is_empty() {
            return Ok(rows);
        }
        rows.extend(store::entities::get_many(view, &ids)?);
    }
}

fn build_decision_log(view: &View<'_>, project: &str) -> Result<String> {
    let rows = list_rows(view, project, "decision", None)?;
    let marks = RowMarks::of_rows(view, &rows)?;
    let mut text = format!("# Decisions of {}\n\n", inline_text(project, MAX_TEXT));
    if rows.is_empty() {
        text.push_str("There is none yet.\n");
    }
    for row in &rows {
        let _ = writeln!(text, "## {}\n", inline_text(&row.name, MAX_TEXT));
        let _ = writeln!(text, "- {}", describe_state(row, &marks.of(&row.id)));
        write_details(&mut text, row);
        if row.status == Status::Superseded {
            let chain = list_answer(view, project, &row.id, Question::DecisionHistory)?;
            let newest = chain.last().and_then(QuestionRow::as_entity);
            if let Some(newest) = newest.filter(|newest| newest.id != row.id) {
                let name = strong_text(&newest.name, MAX_TEXT);
                let _ = writeln!(text, "- superseded; now {name} `{}`", newest.handle);
            }
        }
        text.push('\n');
    }
    Ok(text)
}

fn build_subsystem(view: &View<'_>, project: &str, row: &Entity) -> Result<String> {
    let mut text = format!("# {}\n\n", inline_text(&row.name, MAX_TEXT));
    let marks = RowMarks::of_rows(view, [row])?.of(&row.id);
    let _ = writeln!(text, "- {}", describe_entity(row, &marks));
    write_details(&mut text, row);
    for (question, heading) in SECTIONS {
        let found = list_answer(view, project, &row.id, question)?;
        if found.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n## {heading}\n");
        let entities: Vec<&Entity> = found.iter().filter_map(QuestionRow::as_entity).collect();
        let marks = RowMarks::of_rows(view, entities.iter().copied())?;
        for other in entities {
            let marks = marks.of(&other.id);
            let line = match other.entity_type.as_str() {
                // The log of the project has the rest.
                "decision" if other.project == row.project => {
                    let name = strong_text(&other.name, MAX_TEXT);
                    format!("[{name}](decisions.md) {}", name_state(other, &marks))
                }
                _ => describe_entity(other, &marks),
            };
            let _ = writeln!(text, "- {line}");
        }
    }
    Ok(text)
}

/// Reads all rows of the answer to a question about an entity.
fn list_answer(
    view: &View<'_>,
    project: &str,
    id: &str,
    question: Question,
) -> Result<Vec<QuestionRow>> {
    let (mut rows, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let wish = QuestionArgs {
            entity_id: Some(id),
            limit: Some(MAX_LIMIT),
            cursor: cursor.as_deref(),
            ..QuestionArgs::of_project(question, project)
        };
        let (_, found) = answer_question(view, &wish)?;
        rows.extend(found.page.items);
        match found.page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return Ok(rows),
        }
    }
}

/// Writes the properties and the sources of a row as a list.
fn write_details(text: &mut String, row: &Entity) {
    for (name, value) in &row.properties {
        let value = match value {
            Value::String(value) => value.clone(),
            other => other.to_string(),
        };
        let _ =
            writeln!(text, "- {}: {}", inline_text(name, MAX_TEXT), inline_text(&value, MAX_TEXT));
    }
    for reference in &row.source_refs {
        let _ = writeln!(text, "- source {}", inline_text(reference, MAX_TEXT));
    }
}

/// Describes a row on one line: type, name, value, handle, status, marks, description.
fn describe_entity(row: &Entity, marks: &[Mark]) -> String {
    let mut line =
        format!("{} {}", inline_text(&row.entity_type, MAX_TEXT), strong_text(&row.name, MAX_TEXT));
    for headline in Headline::list(&row.properties) {
        let _ = write!(line, " {}", inline_text(&headline.plain(), MAX_TEXT));
    }
    format!("{line} {}", describe_state(row, marks))
}

/// Describes a row without its name and value: handle, status, marks, description.
fn describe_state(row: &Entity, marks: &[Mark]) -> String {
    let mut line = name_state(row, marks);
    if !row.description.is_empty() {
        let _ = write!(line, ": {}", inline_text(&row.description, MAX_TEXT));
    }
    line
}

/// Names the handle, the status unless it is active, and the marks.
fn name_state(row: &Entity, marks: &[Mark]) -> String {
    let mut line = format!("`{}`", row.handle);
    if row.status != Status::Active {
        let _ = write!(line, " ({})", row.status);
    }
    for mark in marks {
        let _ = write!(line, " ⚠ {}", mark.as_str());
    }
    line
}
