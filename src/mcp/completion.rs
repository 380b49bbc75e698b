//! Completion of the arguments of prompts and resource templates.

use rmcp::model::{CompleteRequestParams, CompletionInfo, Reference};
use serde_json::json;

use super::{prompts, resources};
use crate::app::present::bound::that_fit;
use crate::app::rights::Rights;
use crate::model::text::escape_hidden;
use crate::model::{Error, Result};
use crate::ops::View;
use crate::ops::read::completion::{Completes, Completion};

/// Returns the completer of the argument in a request.
pub fn find_completer(rights: Rights, request: &CompleteRequestParams) -> Result<Completes> {
    let argument = &request.argument.name;
    match &request.r#ref {
        Reference::Resource(template) => resources::find_completer(&template.uri, argument),
        Reference::Prompt(prompt) => prompts::find_completer(rights, &prompt.name, argument),
        _ => Err(Error::invalid("ref", "it is of no known type", "Refer to a prompt or template.")),
    }
}

/// Returns the first completions as a protocol result.
pub fn complete_argument(
    view: &View<'_>,
    completes: Completes,
    begun: &str,
) -> Result<CompletionInfo> {
    let Completion { values, total } = completes(view, begun, CompletionInfo::MAX_VALUES)?;
    let values = values.iter().map(|value| escape_hidden(value).into_owned()).collect();
    let values = that_fit(values, |value| json!(value).to_string().len());
    let more = (values.len() as i64) < total;
    CompletionInfo::with_pagination(values, u32::try_from(total).ok(), more)
        .map_err(Error::Internal)
}
