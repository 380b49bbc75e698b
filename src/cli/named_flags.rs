//! Names the flags of a command in its errors, where other interfaces name the argument.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use crate::model::Error;

/// Arguments whose flag has another name.
const OTHER_NAMES: [(&str, &str); 2] = [("include_inactive", "all"), ("winner_id", "winner")];

/// Whether an option of all commands was given on the command line, before or after the command.
pub fn is_given(given: &ArgMatches, name: &str) -> bool {
    let here = given.value_source(name) == Some(ValueSource::CommandLine);
    here || given.subcommand().is_some_and(|(_, given)| is_given(given, name))
}

/// Names the flags of the command that was given instead of the arguments of its operation.
pub fn name_flags(error: Error, mut command: Command, mut given: &ArgMatches) -> Error {
    while let Some((name, of_command)) = given.subcommand() {
        let Some(found) = command.find_subcommand(name) else { return error };
        (command, given) = (found.clone(), of_command);
    }
    // It takes arguments by the names of the operation.
    if command.get_name() == "call" {
        return error;
    }
    match error {
        Error::Invalid { field, problem, mut hint } => {
            hint.advice = name_in_text(&command, &hint.advice);
            let field = find_flag(&command, &field).unwrap_or(field);
            Error::Invalid { field, problem: name_in_text(&command, &problem), hint }
        }
        Error::Refused { problem, mut hint } => {
            hint.advice = name_in_text(&command, &hint.advice);
            Error::Refused { problem: name_in_text(&command, &problem), hint }
        }
        other => other,
    }
}

/// Returns the flag or the place of an argument, if the command has it.
fn find_flag(command: &Command, argument: &str) -> Option<String> {
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == argument);
    let long = other.map_or(argument.replace('_', "-"), |(_, flag)| (*flag).to_owned());
    if command.get_arguments().any(|known| known.get_long() == Some(long.as_str())) {
        return Some(format!("--{long}"));
    }
    let is_id = argument == "id" || argument.ends_with("_id");
    let is_meant = |id: &str| id == argument || (is_id && matches!(id, "id" | "ids"));
    let mut places = command.get_positionals().map(|known| known.get_id().as_str());
    places.find(|id| is_meant(id)).map(str::to_uppercase)
}

/// Names the flags in a text, except in what it quotes.
fn name_in_text(command: &Command, text: &str) -> String {
    let mut quoted = false;
    let words = text.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_').map(|part| {
        let word = part.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
        let flag = Some(word).filter(|word| !quoted && word.contains('_'));
        let flag = flag.and_then(|word| find_flag(command, word));
        quoted ^= part.ends_with('"');
        flag.map_or(part.to_owned(), |flag| format!("{flag}{}", &part[word.len()..]))
    });
    words.collect()
}
