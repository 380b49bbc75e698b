//! MCP Apps (SEP-1865): the review queue and the conflicts as pages that a client shows in the chat next to
//! the answer of a tool. The page calls tools through the client, with the rights of the client.

use rmcp::model::{ClientCapabilities, MetaObject, Resource, ResourceContents};
use serde_json::{Value, json};

use super::address::{APP, expand_template};
use super::next_step::render_for_person;
use super::rights::explain_withheld;
use crate::app::registry::OperationRegistry;
use crate::app::rights::Withheld;
use crate::model::{Kind, NextStep};

/// The extension that clients declare.
const EXTENSION: &str = "io.modelcontextprotocol/ui";
const MIME_TYPE: &str = "text/html;profile=mcp-app";

const PAGE: &str = include_str!("apps/app.html");
const STYLE: &str = include_str!("apps/app.css");
const SCRIPT: &str = include_str!("apps/app.js");

/// A page for the answers of one tool.
struct App {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// The tool whose answers it shows, and one that it decides with.
    tools: [&'static str; 2],
    view: &'static str,
    /// The step by which a person decides about the row ID outside of the client.
    by_person: fn() -> NextStep,
}

static APPS: [App; 2] = [
    App {
        name: "review-queue",
        title: "Review queue",
        description: "The rows that wait for approval, one at a time, to promote or reject.",
        tools: ["list_candidates", "review_candidates"],
        view: "queue",
        by_person: || NextStep::PromoteRow { kind: Kind::Entity, id: "ID".to_owned() },
    },
    App {
        name: "conflicts",
        title: "Conflicts",
        description: "The open contradictions with both sides, to settle.",
        tools: ["list_conflicts", "resolve_conflict"],
        view: "conflicts",
        by_person: || NextStep::ResolveConflict { id: "ID".to_owned() },
    },
];

/// Whether the client shows pages in the chat.
pub fn is_supported(client: &ClientCapabilities) -> bool {
    let settings = client.extensions.as_ref().and_then(|all| all.get(EXTENSION));
    let types = settings.and_then(|settings| settings.get("mimeTypes")).and_then(Value::as_array);
    types.is_some_and(|types| types.iter().any(|one| one == MIME_TYPE))
}

/// Returns the metadata that links a tool to its page, if it has one.
pub fn link_of_tool(tool: &str) -> Option<MetaObject> {
    let app = APPS.iter().find(|app| app.tools[0] == tool)?;
    Some(ui_metadata(json!({ "resourceUri": expand_template(APP, app.name) })))
}

pub fn list() -> impl Iterator<Item = Resource> {
    APPS.iter().map(|app| {
        Resource::new(expand_template(APP, app.name), app.name)
            .with_title(app.title)
            .with_description(app.description)
            .with_mime_type(MIME_TYPE)
            .with_meta(page_metadata())
    })
}

/// Returns the page with this name for callers with these rights.
pub fn read(registry: &OperationRegistry, name: &str) -> Option<ResourceContents> {
    let app = APPS.iter().find(|app| app.name == name)?;
    let contents = ResourceContents::text(render(app, registry), expand_template(APP, name));
    Some(contents.with_mime_type(MIME_TYPE).with_meta(page_metadata()))
}

/// Says that the page loads nothing from elsewhere.
fn page_metadata() -> MetaObject {
    let csp = json!({ "connectDomains": [], "resourceDomains": [] });
    ui_metadata(json!({ "csp": csp, "prefersBorder": true }))
}

fn ui_metadata(settings: Value) -> MetaObject {
    MetaObject([("ui".to_owned(), settings)].into_iter().collect())
}

fn render(app: &App, registry: &OperationRegistry) -> String {
    let settings = json!({
        "view": app.view,
        "version": env!("CARGO_PKG_VERSION"),
        "decides": registry.get(app.tools[1]).is_some(),
        "advice": describe_advice(app, registry),
        "page": registry.person_access.find_page(&(app.by_person)()),
    });
    // In a script element "</script>" would end the data.
    let settings = settings.to_string().replace('<', "\\u003c");
    PAGE.replace("{title}", app.title)
        .replace("{style}", STYLE)
        .replace("{settings}", &settings)
        .replace("{script}", SCRIPT)
}

/// Says how the row ID is decided about where the caller does not; empty where it does.
fn describe_advice(app: &App, registry: &OperationRegistry) -> String {
    match registry.withheld(app.tools[1]) {
        None => String::new(),
        Some(Withheld::OnlyByPerson) => {
            render_for_person(&(app.by_person)(), &registry.person_access).unwrap_or_default()
        }
        Some(withheld) => explain_withheld(withheld).to_owned(),
    }
}
