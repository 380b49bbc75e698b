//! Operations as tools of the protocol.

use std::sync::Arc;

use rmcp::model::{CallToolResult, ContentBlock, Tool, ToolAnnotations};

use crate::app::answer::Answer;
use crate::app::operation::{Effect, RegisteredOperation};

/// The form of answers. It is one for the whole process, since clients keep the list of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// As text and as structured content.
    #[default]
    Both,
    /// As text alone, without output schemas.
    Text,
    /// As structured content alone.
    Structured,
}

/// The result of a call that succeeded.
pub fn render_result(answer: Answer, answers: Answers) -> CallToolResult {
    let content = match answers {
        Answers::Structured => Vec::new(),
        Answers::Both | Answers::Text => vec![ContentBlock::text(answer.text)],
    };
    let mut result = CallToolResult::success(content);
    if answers != Answers::Text {
        result.structured_content = Some(answer.structured);
    }
    result
}

/// The tool of an operation.
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
    match answers {
        Answers::Text => tool,
        Answers::Both | Answers::Structured => {
            tool.with_raw_output_schema(Arc::new(operation.output_schema.clone()))
        }
    }
}
