//! Converts the project registry of the Python system to import lines: a JSON file with the names,
//! aliases and descriptions of projects.

use serde_json::{Map, Value};

use super::import_line::ImportLine;
use super::import_report::{ImportReport, LinePlace};
use super::server_memory::Plan;
use crate::model::json_loss::find_loss;
use crate::model::{Error, Result};
use crate::ops::write::projects::Registration;

/// The fields that name a project.
const NAMES: [&str; 3] = ["id", "name", "project_id"];
const TAKEN: [&str; 2] = ["aliases", "description"];

/// Plans the import of a registry: a list of projects, also in `projects`, or an object with a
/// project for each name.
pub fn plan_projects(text: &str) -> Result<Plan> {
    let refused = |problem: String| {
        Error::invalid(
            "registry",
            problem,
            "Give a JSON file with a list `projects`, each with id, aliases and description.",
        )
    };
    let mut value: Value =
        serde_json::from_str(text).map_err(|error| refused(format!("not JSON: {error}")))?;
    find_loss(text).map_or(Ok(()), |loss| Err(loss.into_error("")))?;
    if let Some(projects) = value.get_mut("projects") {
        value = projects.take();
    }
    let entries: Vec<(String, Value)> = match value {
        Value::Array(items) => items.into_iter().map(|item| (String::new(), item)).collect(),
        Value::Object(fields) => fields.into_iter().collect(),
        _ => return Err(refused("it has no list of projects".to_owned())),
    };
    let mut plan = Plan { lines: Vec::new(), report: ImportReport::default() };
    for (number, (key, entry)) in entries.into_iter().enumerate() {
        let place = LinePlace::Name(format!("project {}", number + 1));
        match read_project(key, entry, &mut plan.report) {
            Ok(project) => plan.lines.push((place, ImportLine::Project(project))),
            Err(reason) => plan.report.refuse(place, reason),
        }
    }
    Ok(plan)
}

/// Reads a project, and notes its fields that a project here has no place for.
fn read_project(
    key: String,
    entry: Value,
    report: &mut ImportReport,
) -> std::result::Result<Registration, String> {
    let Value::Object(fields) = entry else { return Err("it is no object".to_owned()) };
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = Some(key).filter(|key| !key.is_empty());
    let Some(name) = name.or_else(|| NAMES.iter().find_map(|name| text(name))) else {
        return Err("it has no id".to_owned());
    };
    let aliases = match fields.get("aliases") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().ok_or("an alias is no text")?
        }
        Some(_) => return Err("aliases is no list".to_owned()),
    };
    note_other_fields(&name, &fields, report);
    Ok(Registration { name, aliases, description: text("description"), existing: false })
}

fn note_other_fields(name: &str, fields: &Map<String, Value>, report: &mut ImportReport) {
    let is_name = |field: &str, value: &Value| NAMES.contains(&field) && *value == name;
    for (field, value) in fields {
        if !TAKEN.contains(&field.as_str()) && !is_name(field, value) {
            let line = format!("{name}: {field} {value}");
            report.add_note("fields that a project has no place for", line);
        }
    }
}
