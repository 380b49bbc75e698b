//! Converts operations and answers to MCP tools and results.

use std::sync::Arc;

use rmcp::model::{CallToolResult, ContentBlock, MetaObject, Tool, ToolAnnotations};

use super::apps;
use crate::app::answer::Answer;
use crate::app::operation::{Effect, RegisteredOperation};

/// The tool that an agent needs first.
const ALWAYS_LOADED: &str = "build_context";

/// The form of tool results. It is fixed for the process, since clients cache the list of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// Text and structured content.
    #[default]
    Both,
    /// Text only, without output schemas.
    Text,
    /// Structured content only.
    Structured,
}

impl Answers {
    /// Whether a result has structured content.
    pub fn are_structured(self) -> bool {
        self != Self::Text
    }
}

/// Builds the result of a successful call.
pub fn render_result(answer: Answer, answers: Answers) -> CallToolResult {
    let content = match answers {
        Answers::Structured => Vec::new(),
        Answers::Both | Answers::Text => vec![ContentBlock::text(answer.text)],
    };
    let mut result = CallToolResult::success(content);
    if answers.are_structured() {
        result.structured_content = Some(answer.structured);
    }
    result
}

/// Builds the tool definition of an operation.
pub fn describe_tool(operation: &RegisteredOperation, answers: Answers) -> Tool {
    let about = &operation.about;
    let annotations = ToolAnnotations::from_raw(
        None,
        Some(about.effect == Effect::Reads),
        Some(matches!(about.effect, Effect::Replaces | Effect::Erases)),
        Some(about.idempotent),
        Some(false),
    );
    let tool = Tool::new(about.name, about.description, Arc::new(operation.input_schema.clone()))
        .with_title(about.title)
        .with_annotations(annotations);
    let tool = match about.name {
        ALWAYS_LOADED => tool.with_meta(load_always()),
        _ => tool,
    };
    if !answers.are_structured() {
        return tool;
    }
    let tool = tool.with_raw_output_schema(Arc::new(operation.output_schema.clone()));
    match apps::link_of_tool(about.name) {
        None => tool,
        Some(link) => tool.with_meta(link),
    }
}

/// Asks a client that defers tools to show this one to its model from the start
/// (<https://code.claude.com/docs/en/mcp>, "Exempt a server from deferral").
fn load_always() -> MetaObject {
    MetaObject([("anthropic/alwaysLoad".to_owned(), true.into())].into_iter().collect())
}
