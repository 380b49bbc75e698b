//! Next steps for the command line: a command or an option.

use std::sync::OnceLock;

use super::out;
use crate::mcp::next_step::{command_of, option_of};
use crate::model::text::abridge_message;
use crate::model::{Error, Hint, NextStep};

/// The options that a command needs to open the same store.
static STORE_OPTIONS: OnceLock<String> = OnceLock::new();

/// Sets the options that each command named here ends with.
pub fn set_store_options(options: String) {
    let _ = STORE_OPTIONS.set(options);
}

/// Renders an error's hint: its advice and its next step.
pub fn render_hint(error: &Error) -> String {
    render_hint_text(&error.hint())
}

pub fn render_hint_text(hint: &Hint) -> String {
    let Hint { advice, next } = hint;
    match next.as_deref().and_then(render_next_step) {
        Some(step) if advice.is_empty() => step,
        Some(step) => format!("{advice} {step}"),
        None => advice.clone(),
    }
}

/// Renders a next step as a sentence; `None` if no command takes it.
pub fn render_next_step(step: &NextStep) -> Option<String> {
    if let NextStep::Both(first, second) = step {
        let both = [first, second].map(|step| render_next_step(step));
        return both.into_iter().flatten().reduce(|first, second| format!("{first} {second}"));
    }
    match (option_of(step), command_of(step)) {
        (Some(option), _) => Some(format!("Give {option}.")),
        (None, Some(command)) => {
            let options = STORE_OPTIONS.get().map_or("", String::as_str);
            Some(format!("Run `{command}{options}`."))
        }
        (None, None) => render_without_command(step),
    }
}

fn render_without_command(step: &NextStep) -> Option<String> {
    Some(match step {
        NextStep::ByPerson(step) => return render_next_step(step),
        NextStep::OpenForWriting => "Leave --read-only out.".to_owned(),
        NextStep::RepeatWithoutDryRun { .. } => {
            "Repeat it without the dry run to do it.".to_owned()
        }
        NextStep::CiteInteraction { id } => {
            format!("Cite it as interaction:{id} in source_refs of rows based on it.")
        }
        NextStep::CheckRelatedRows => {
            "Look at the related rows, which were left as they are.".to_owned()
        }
        NextStep::IncludeInactive | NextStep::ShowInactiveLinks => {
            "--all shows what is not active.".to_owned()
        }
        NextStep::RedactAgain => "Redact it again when nothing else uses the file.".to_owned(),
        _ => return None,
    })
}

/// Prints an error and its hint.
pub fn print_error(error: &Error) {
    out::error_line(format!("error: {}", abridge_message(&error.to_string())));
    out::error_line(format!("hint: {}", abridge_message(&render_hint(error))));
}
