//! Tools for projects and their trusted state.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::about;
use crate::mcp::answer::Answer;
use crate::mcp::outputs::{ProjectRegistered, Projects, StateChanged};
use crate::mcp::rows::{LINE_TEXT, all_quoted, row_value};
use crate::mcp::tool::{Call, Effect, Tool};
use crate::model::project::INBOX;
use crate::model::text::quoted;
use crate::model::{List, PageRequest, Result};
use crate::ops::projects::{self, Registration};
use crate::ops::state::{self, StateChange};
use crate::store::{Tx, View};

pub fn tools() -> Vec<Tool> {
    vec![
        Tool::read::<ListProjects, Projects>(
            about("list_projects", "List projects", Effect::Reads, LIST_PROJECTS),
            list,
        ),
        Tool::write::<Registration, ProjectRegistered>(
            about("register_project", "Register project", Effect::Adds, REGISTER_PROJECT),
            register,
        )
        .on_request(),
        Tool::write::<StateChange, StateChanged>(
            about("set_project_state", "Set project state", Effect::Replaces, SET_PROJECT_STATE),
            set_state,
        )
        .on_request(),
    ]
}

const LIST_PROJECTS: &str = "Canonical project names with aliases and counts. Use it to learn \
    which name to pass as project.";
const REGISTER_PROJECT: &str = "Register a canonical project name, or add aliases; rows stored \
    under an alias move to it.";
const SET_PROJECT_STATE: &str = "Set a trusted fact of a project, only at a person's word: it \
    outranks everything else. end: true ends it.";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListProjects {
    /// 1 to 200; default 20.
    limit: Option<u32>,
    /// The last next_cursor.
    cursor: Option<String>,
}

fn list(view: &View<'_>, wish: ListProjects) -> Result<Answer> {
    let request = PageRequest::new(List::Projects, wish.limit, wish.cursor.as_deref())?;
    Answer::new().list("items", &projects::list(view, &request)?, |counted| {
        let aliases = counted.project.as_ref().map(|p| p.aliases.clone()).unwrap_or_default();
        let (entities, memories) = (counted.entities, counted.memories);
        let registered = counted.project.is_some() || counted.name == INBOX;
        let unknown = if registered { "" } else { " (not registered)" };
        let also = also(&aliases);
        let line = format!(
            "project {}{unknown}{also}: {} entities, {} memories, {} candidates",
            quoted(&counted.name, LINE_TEXT),
            entities.active,
            memories.active,
            entities.candidates + memories.candidates,
        );
        let value = json!({
            "name": counted.name,
            "registered": registered,
            "project_id": counted.project.as_ref().map(|project| &project.id),
            "description": counted.project.as_ref().map(|project| &project.description),
            "aliases": aliases,
            "entities": { "active": entities.active, "candidates": entities.candidates },
            "memories": { "active": memories.active, "candidates": memories.candidates },
        });
        Ok((vec![line], value))
    })
}

fn also(aliases: &[String]) -> String {
    if aliases.is_empty() { String::new() } else { format!(", also {}", all_quoted(aliases)) }
}

fn register(tx: &Tx<'_>, call: &Call, wish: Registration) -> Result<Answer> {
    let done = projects::register(tx, &wish, &call.note)?;
    let word = if done.created { "registered" } else { "known" };
    let also = also(&done.row.aliases);
    Ok(Answer::new()
        .with("project", row_value("project_id", &done.row)?)
        .with("created", done.created)
        .with("moved", done.moved)
        .audit_id(done.audit_id)
        .line(format!(
            "{word} project {} {}{also}; {} rows moved to it",
            done.row.id,
            quoted(&done.row.name, LINE_TEXT),
            done.moved,
        ))
        .next(format!("Name {} as project in later calls.", quoted(&done.row.name, LINE_TEXT))))
}

fn set_state(tx: &Tx<'_>, call: &Call, wish: StateChange) -> Result<Answer> {
    let done = state::set(tx, &wish, &call.note)?;
    let row = &done.row;
    let mut answer = Answer::new();
    if done.registered {
        answer = answer
            .with("project_registered", done.project.name.as_str())
            .line(format!("registered the new project {}", quoted(&done.project.name, LINE_TEXT)));
    }
    Ok(answer
        .with("project_state", row_value("project_state_id", row)?)
        .with("changed", done.changed)
        .audit_id(done.audit_id)
        .line(format!(
            "state {} {}/{} = {} ({}) in {}",
            row.id,
            quoted(&row.category, LINE_TEXT),
            quoted(&row.key, LINE_TEXT),
            quoted(&row.value, LINE_TEXT),
            row.status,
            quoted(&done.project.name, LINE_TEXT),
        ))
        .next("list_conflicts shows what contradicts it."))
}
