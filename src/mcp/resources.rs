//! MCP resources: stored data that a client can attach without a tool call. The contents of a
//! resource equal the answer of the corresponding tool.

use rmcp::model::{ListResourcesResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::json;

use super::address::{
    Address, CONFLICTS, ENTITY, MEMORY, ONTOLOGY, OVERVIEW, PROJECTS, expand_template,
    template_variable,
};
use super::caching::ResultBasis;
use super::{apps, skills};
use crate::app::limits::MAX_URI;
use crate::app::present::bound::{MAX_BYTES, fit_lines, shorten_text, that_fit};
use crate::app::present::rows::LINE_TEXT;
use crate::app::service::Service;
use crate::model::nearest::nearest_names;
use crate::model::page::MAX_LIMIT;
use crate::model::text::escape_hidden;
use crate::model::{Error, List, PageRequest, Project, Question, Result, SubjectKind};
use crate::ops::View;
use crate::ops::read::completion::{self, Completes};
use crate::ops::read::project_counts;
use crate::ops::read::queries::{self, QuestionArgs};
use crate::ops::record::validate;
use crate::ops::write::projects;

const JSON: &str = "application/json";
const MARKDOWN: &str = "text/markdown";

/// The metadata of a resource or a resource template.
struct ResourceKind {
    uri: &'static str,
    name: &'static str,
    title: &'static str,
    description: &'static str,
    mime_type: &'static str,
}

const FIXED: [ResourceKind; 3] = [
    ResourceKind {
        uri: PROJECTS,
        name: "projects",
        title: "Projects",
        description: "Canonical project names with aliases and counts.",
        mime_type: JSON,
    },
    ResourceKind {
        uri: CONFLICTS,
        name: "conflicts",
        title: "Open conflicts",
        description: "Open contradictions with both sides, their sources and trust; of the \
            server's --project if it has one, else of all.",
        mime_type: JSON,
    },
    ResourceKind {
        uri: ONTOLOGY,
        name: "ontology",
        title: "Ontology",
        description: "Entity types, relationship types, and slots that hold one value.",
        mime_type: JSON,
    },
];

const TEMPLATES: [ResourceKind; 3] = [
    ResourceKind {
        uri: OVERVIEW,
        name: "project-overview",
        title: "Project overview",
        description: "A readable page of one project; name is its name or an alias.",
        mime_type: MARKDOWN,
    },
    ResourceKind {
        uri: ENTITY,
        name: "entity",
        title: "Entity",
        description: "One entity with its relationships, open conflicts and what superseded it.",
        mime_type: JSON,
    },
    ResourceKind {
        uri: MEMORY,
        name: "memory",
        title: "Memory",
        description: "One memory with its history, what it became and what superseded it.",
        mime_type: JSON,
    },
];

/// Projects on a page of the resource list.
const PAGE: u32 = 100;

/// Returns a page of resources: the fixed ones first, then the apps if they are wanted, then an
/// overview of each project.
pub fn list(view: &View<'_>, cursor: Option<&str>, with_apps: bool) -> Result<ListResourcesResult> {
    let request = PageRequest::new(List::Resources, Some(PAGE), cursor)?;
    let mut registered = projects::list_registered(view)?;
    let total = registered.len() as i64;
    registered.retain(|project| cursor.is_none() || project.name.as_str() > request.after_text(0));
    let page = request.page(registered, total, |project| vec![project.name.clone()]);
    let all: Vec<Resource> = page.items.iter().map(overview_of).collect();
    let (found, kept) = (all.len(), that_fit(all, |one| json!(one).to_string().len()));
    let next_cursor = match kept.len() {
        shown if shown < found => page.cursors.get(shown - 1).cloned(),
        _ => page.next_cursor,
    };
    let fixed = FIXED.iter().filter(|_| cursor.is_none()).map(|about| {
        Resource::new(about.uri, about.name)
            .with_title(about.title)
            .with_description(about.description)
            .with_mime_type(about.mime_type)
    });
    let apps = apps::list().filter(|_| with_apps && cursor.is_none());
    let mut list = ListResourcesResult::with_all_items(fixed.chain(apps).chain(kept).collect());
    list.next_cursor = next_cursor;
    Ok(list)
}

fn overview_of(project: &Project) -> Resource {
    let name = escape_hidden(&project.name);
    let name = shorten_text(&name, LINE_TEXT);
    let resource = Resource::new(expand_template(OVERVIEW, &project.name), name.as_ref())
        .with_title(format!("Overview of {name}"))
        .with_mime_type(MARKDOWN);
    match project.description.as_str() {
        "" => resource,
        text => resource.with_description(shorten_text(&escape_hidden(text), LINE_TEXT)),
    }
}

pub fn list_templates() -> Vec<ResourceTemplate> {
    let template = |about: &ResourceKind| {
        ResourceTemplate::new(about.uri, about.name)
            .with_title(about.title)
            .with_description(about.description)
            .with_mime_type(about.mime_type)
    };
    TEMPLATES.iter().map(template).collect()
}

type ResourceRead = Box<dyn FnOnce(&View<'_>) -> Result<ResourceContents> + Send>;

/// Prepares a read of the resource with this URI.
pub fn prepare_read(service: &Service, uri: &str) -> Result<ResourceRead> {
    validate::at_most("uri", uri.chars().count(), MAX_URI, "characters")?;
    let all = json!({ "limit": MAX_LIMIT });
    let (tool, arguments) = match Address::parse(uri) {
        None => return Err(unknown_resource(uri)),
        Some(Address::Overview(name)) => {
            let contents = text_contents(uri, MARKDOWN);
            return Ok(Box::new(move |view| Ok(contents(read_overview(view, &name)?))));
        }
        Some(Address::App(name)) => {
            let contents = apps::read(&service.registry, &name);
            let contents = contents.ok_or_else(|| unknown_resource(uri))?;
            return Ok(Box::new(move |_| Ok(contents)));
        }
        Some(Address::Skill(name)) => {
            let text = skills::find_text(service.registry.rights, &name);
            let text = text.ok_or_else(|| unknown_resource(uri))?;
            let contents = text_contents(uri, MARKDOWN)(text.to_owned());
            return Ok(Box::new(move |_| Ok(contents)));
        }
        Some(Address::Projects) => ("list_projects", all),
        Some(Address::Conflicts) => ("list_conflicts", all),
        Some(Address::Ontology) => ("describe_ontology", json!({})),
        Some(Address::Entity(id)) => {
            ("get_entity", json!({ "entity_id": id, "detail": "full", "limit": MAX_LIMIT }))
        }
        Some(Address::Memory(id)) => {
            ("review_memory", json!({ "memory_id": id, "action": "history" }))
        }
    };
    let contents = text_contents(uri, JSON);
    let job = service.prepare_read(tool, arguments)?;
    Ok(Box::new(move |view| {
        let structured = job(view)?.structured;
        Ok(contents(structured.to_string()))
    }))
}

/// Returns what the resource with this URI depends on.
pub fn basis_of(uri: &str) -> ResultBasis {
    match Address::parse(uri) {
        Some(Address::Ontology) => ResultBasis::Server,
        Some(Address::Skill(_)) => ResultBasis::Program,
        _ => ResultBasis::Store,
    }
}

fn text_contents(
    uri: &str,
    mime_type: &'static str,
) -> impl FnOnce(String) -> ResourceContents + use<> {
    let uri = uri.to_owned();
    move |text| ResourceContents::text(text, uri).with_mime_type(mime_type)
}

fn unknown_resource(uri: &str) -> Error {
    let known = FIXED.iter().chain(&TEMPLATES).map(|about| about.uri.to_owned());
    Error::NotFound {
        subject: SubjectKind::Resource,
        given: uri.to_owned(),
        nearest: nearest_names(uri, known),
    }
}

/// Returns the overview of a registered project, within the size limit of an answer.
pub fn read_overview(view: &View<'_>, name: &str) -> Result<String> {
    let known = project_counts::find(view, name)?;
    let wish = QuestionArgs::of_project(Question::ProjectOverview, &known.name);
    let (_, found) = queries::answer_question(view, &wish)?;
    Ok(within_bound(&found.markdown.unwrap_or_default()))
}

/// Escapes hidden characters and truncates at a line boundary.
fn within_bound(text: &str) -> String {
    let lines = text.lines().map(|line| escape_hidden(line).into_owned()).collect();
    fit_lines(lines, MAX_BYTES).join("\n")
}

/// Returns the completer of a resource template's argument.
pub fn find_completer(uri: &str, argument: &str) -> Result<Completes> {
    let Some(about) = TEMPLATES.iter().find(|about| about.uri == uri) else {
        let templates = TEMPLATES.map(|about| about.uri).join(", ");
        return Err(Error::invalid(
            "ref",
            format!("there is no template {uri:?}"),
            format!("Templates: {templates}."),
        ));
    };
    if template_variable(about.uri) != Some(argument) {
        return Err(Error::invalid(
            "argument",
            format!("{} has no {argument:?}", about.uri),
            "Name what stands in its braces.",
        ));
    }
    Ok(match about.uri {
        ENTITY => completion::complete_entity,
        MEMORY => completion::complete_memory,
        _ => completion::complete_project,
    })
}
