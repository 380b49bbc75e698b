//! MCP prompts. A person picks one to start a task, such as a review. Each is one message:
//! instructions from a text file and stored rows as quoted data.

use std::collections::BTreeMap;

use rmcp::model::{JsonObject, Prompt, PromptArgument};
use serde_json::{Value, json};

use super::resources::read_overview;
use super::rights::remind_of_rights;
use crate::app::answer::Answer;
use crate::app::present::bound::fit_lines;
use crate::app::registry::OperationRegistry;
use crate::app::rights::Rights;
use crate::app::service::Service;
use crate::model::secrets::mask_secrets;
use crate::model::text::{is_blank, quote_text};
use crate::model::{Error, Result};
use crate::ops::View;
use crate::ops::read::completion::{self, Completes, Completion};
use crate::ops::record::validate;
use crate::ops::write::projects;

struct PromptTemplate {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    arguments: &'static [&'static PromptParameter],
    /// The message template, with placeholders in braces.
    text: &'static str,
    /// Whether the prompt needs write access.
    writes: bool,
}

struct PromptParameter {
    name: &'static str,
    description: &'static str,
    /// Whether it is required when the server has no default project.
    required: bool,
    completes: Completes,
}

static PROJECT: PromptParameter = PromptParameter {
    name: "project",
    description: "Name or alias of the project; the server's --project if left out.",
    required: true,
    completes: completion::complete_project,
};

static TOPIC: PromptParameter = PromptParameter {
    name: "topic",
    description: "What was decided, in a few words.",
    required: false,
    completes: |_, _, _| Ok(Completion::default()),
};

static PROMPTS: [PromptTemplate; 6] = [
    PromptTemplate {
        name: "review-candidates",
        title: "Review candidates",
        description: "Go through what waits for approval, with the person who decides.",
        arguments: &[&PROJECT],
        text: include_str!("prompts/review-candidates.txt"),
        writes: false,
    },
    PromptTemplate {
        name: "resolve-conflicts",
        title: "Resolve conflicts",
        description: "Show the open contradictions to the person, and settle them as decided.",
        arguments: &[&PROJECT],
        text: include_str!("prompts/resolve-conflicts.txt"),
        writes: false,
    },
    PromptTemplate {
        name: "capture-decision",
        title: "Capture a decision",
        description: "Record a decision with its reasons, assumptions and what it affects.",
        arguments: &[&PROJECT, &TOPIC],
        text: include_str!("prompts/capture-decision.txt"),
        writes: true,
    },
    PromptTemplate {
        name: "what-am-i-forgetting",
        title: "What am I forgetting?",
        description: "Gaps, open contradictions and proposals that nobody has looked at.",
        arguments: &[&PROJECT],
        text: include_str!("prompts/what-am-i-forgetting.txt"),
        writes: false,
    },
    PromptTemplate {
        name: "graduate-memories",
        title: "Graduate memories",
        description: "Propose typed facts from the memories of a project that state one.",
        arguments: &[&PROJECT],
        text: include_str!("prompts/graduate-memories.txt"),
        writes: true,
    },
    PromptTemplate {
        name: "onboard-project",
        title: "Onboard a project",
        description: "Set up a project: its name, its structure, what it is built from.",
        arguments: &[&PROJECT],
        text: include_str!("prompts/onboard-project.txt"),
        writes: true,
    },
];

/// Maximum rows of a list in a message, and maximum bytes of a list.
const ROWS: usize = 10;
const BLOCK: usize = 12_000;

/// Returns the prompts for `prompts/list`.
pub fn list(registry: &OperationRegistry) -> Vec<Prompt> {
    let argument = |argument: &&PromptParameter| {
        PromptArgument::new(argument.name)
            .with_description(argument.description)
            .with_required(argument.required && registry.default_project.is_none())
    };
    let prompt = |about: &PromptTemplate| {
        let arguments = about.arguments.iter().map(argument).collect();
        Prompt::new(about.name, Some(about.description), Some(arguments)).with_title(about.title)
    };
    offered_prompts(registry.rights).map(prompt).collect()
}

fn offered_prompts(rights: Rights) -> impl Iterator<Item = &'static PromptTemplate> {
    PROMPTS.iter().filter(move |about| !(about.writes && rights.read_only))
}

fn find_prompt(rights: Rights, name: &str) -> Result<&'static PromptTemplate> {
    offered_prompts(rights).find(|about| about.name == name).ok_or_else(|| {
        let names: Vec<&str> = offered_prompts(rights).map(|about| about.name).collect();
        let hint = format!("Prompts: {}.", names.join(", "));
        Error::invalid("name", format!("there is no prompt {name:?}"), hint)
    })
}

/// Returns the name as a static string if it is a known prompt.
pub fn known_name(name: &str) -> Option<&'static str> {
    PROMPTS.iter().find(|about| about.name == name).map(|about| about.name)
}

/// Returns the completer of a prompt's argument.
pub fn find_completer(rights: Rights, name: &str, argument: &str) -> Result<Completes> {
    let about = find_prompt(rights, name)?;
    match about.arguments.iter().find(|known| known.name == argument) {
        Some(known) => Ok(known.completes),
        None => Err(unknown_argument(about, argument)),
    }
}

fn unknown_argument(about: &PromptTemplate, given: &str) -> Error {
    let names: Vec<&str> = about.arguments.iter().map(|argument| argument.name).collect();
    Error::invalid(
        "arguments",
        format!("{} has no {given:?}", about.name),
        format!("Arguments: {}.", names.join(", ")),
    )
}

type StoredRead = Box<dyn FnOnce(&View<'_>) -> Result<Answer> + Send>;

/// A prompt with validated arguments.
pub struct RequestedPrompt {
    pub description: &'static str,
    text: &'static str,
    rights: Rights,
    project: String,
    topic: Option<String>,
    /// The reads that fill the placeholders, by placeholder name.
    blocks: BTreeMap<&'static str, StoredRead>,
}

impl RequestedPrompt {
    pub fn new(service: &Service, name: &str, given: Option<JsonObject>) -> Result<Self> {
        let registry = &service.registry;
        let about = find_prompt(registry.rights, name)?;
        let mut given = given.unwrap_or_default();
        let project =
            take_argument(&mut given, PROJECT.name)?.or_else(|| registry.default_project.clone());
        let project = project.ok_or_else(|| {
            Error::invalid(
                PROJECT.name,
                format!("{name} needs one"),
                "Name the project; list_projects shows which there are.",
            )
        })?;
        let takes_topic = about.arguments.iter().any(|argument| argument.name == TOPIC.name);
        let topic = if takes_topic { take_argument(&mut given, TOPIC.name)? } else { None };
        if let Some(unknown) = given.keys().next() {
            return Err(unknown_argument(about, unknown));
        }
        let mut blocks = BTreeMap::new();
        for (_, key) in split_text(about.text) {
            if let Some((tool, arguments)) = block_source(key, &project, topic.as_deref()) {
                let read: StoredRead = Box::new(service.prepare_read(tool, arguments)?);
                blocks.insert(key, read);
            }
        }
        let PromptTemplate { description, text, .. } = about;
        Ok(Self { description, text, rights: registry.rights, project, topic, blocks })
    }

    /// Renders the message.
    pub fn message(mut self, view: &View<'_>) -> Result<String> {
        let project = projects::resolve(view, &self.project)?.name;
        let mut message = String::new();
        for (plain, key) in split_text(self.text) {
            message.push_str(plain);
            message.push_str(&match key {
                "" => String::new(),
                "project" => quote_text(&mask_secrets(&project), validate::MAX_NAME),
                "topic" => match &self.topic {
                    Some(topic) => quote_text(&mask_secrets(topic), validate::MAX_NAME),
                    None => "what the person decided".to_owned(),
                },
                "overview" => match read_overview(view, &project) {
                    Ok(page) => quote_block(&mask_secrets(&page)),
                    Err(Error::NotFound { .. }) => {
                        quote_block("nothing is stored under this name yet")
                    }
                    Err(error) => return Err(error),
                },
                _ => match self.blocks.remove(key) {
                    Some(job) => quote_block(&mask_secrets(&job(view)?.text)),
                    None => quote_block("no topic was given: search for it once you know it"),
                },
            });
        }
        let reminder = remind_of_rights(self.rights);
        if !reminder.is_empty() {
            message = format!("{}\n\n{reminder}", message.trim_end());
        }
        Ok(message)
    }
}

/// Removes an argument and returns it as one line; `None` if it is blank.
fn take_argument(given: &mut JsonObject, name: &'static str) -> Result<Option<String>> {
    match given.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if is_blank(&text) => Ok(None),
        Some(Value::String(text)) => validate::check_name(name, &text).map(Some),
        Some(_) => Err(Error::invalid(name, "it is not a text", "Give it as a text.")),
    }
}

/// Splits a template into pieces of text, each with the placeholder that follows it.
fn split_text(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.split('}').map(|piece| piece.split_once('{').unwrap_or((piece, "")))
}

/// Returns the tool that fills a placeholder, with its arguments.
fn block_source(key: &str, project: &str, topic: Option<&str>) -> Option<(&'static str, Value)> {
    Some(match key {
        "candidates" => ("list_candidates", json!({ "project": project, "limit": ROWS })),
        "memories" => ("list_graduations", json!({ "project": project, "limit": ROWS })),
        "conflicts" => ("list_conflicts", json!({ "project": project, "limit": ROWS })),
        "gaps" => {
            ("query_project", json!({ "question": "all_gaps", "project": project, "limit": ROWS }))
        }
        "decisions" => {
            let about = json!({ "query": topic?, "project": project, "type": "decision",
                                "kind": "entity", "limit": ROWS });
            ("search", about)
        }
        _ => return None,
    })
}

/// Quotes every line with `> `, within the size limit.
fn quote_block(text: &str) -> String {
    let lines = text.lines().map(|line| format!("> {line}")).collect();
    fit_lines(lines, BLOCK).join("\n")
}
