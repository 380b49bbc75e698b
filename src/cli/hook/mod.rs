//! `atocore hook`: answers the hooks of a client. It fails open: whatever is wrong, it prints nothing on
//! standard output, at most one line on standard error, and ends with exit code 0 before the deadline,
//! since other codes and a slow hook stop the client's session.

mod claude_code;
mod input;
mod project;
mod recording;
mod transcript;

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::options::Cli;
use super::out;
use super::paths::EmptyIsUnset;

/// Time for an answer: with the start and the end of the process less than 200 ms.
const DEADLINE: Duration = Duration::from_millis(150);

/// `atocore hook`: the answer to an event of a client.
#[derive(Args, Clone)]
pub struct Hook {
    /// The client whose hook this is
    #[arg(value_enum)]
    client: HookClient,
    /// The project; if omitted that of the folder's name, else all
    #[arg(long, value_name = "NAME", env = "ATOCORE_PROJECT")]
    project: Option<String>,
    /// Record no prompts and answers
    #[arg(long, env = "ATOCORE_NO_RECORD",
          value_parser = EmptyIsUnset(clap::builder::BoolishValueParser::new()))]
    no_record: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum HookClient {
    ClaudeCode,
}

/// Answers the event on standard input.
pub fn run(cli: &Cli, hook: &Hook) -> ExitCode {
    let began = Instant::now();
    let (cli, hook) = (cli.clone(), hook.clone());
    std::panic::set_hook(Box::new(|_| {}));
    let (answers, answered) = mpsc::channel();
    let worker = thread::Builder::new().spawn(move || {
        let answer = match hook.client {
            HookClient::ClaudeCode => {
                claude_code::answer_event(&cli, hook.project.as_deref(), !hook.no_record)
            }
        };
        // The main thread may have given up.
        let _ = answers.send(answer);
    });
    if let Err(error) = worker {
        return fail_open(&error.to_string());
    }
    match answered.recv_timeout(read_deadline().saturating_sub(began.elapsed())) {
        Ok(Ok(answer)) => answer.iter().for_each(|answer: &Value| out::print_json(answer)),
        Ok(Err(error)) => return fail_open(&error.to_string()),
        Err(RecvTimeoutError::Timeout) => return fail_open("it took too long"),
        Err(RecvTimeoutError::Disconnected) => return fail_open("it failed"),
    }
    ExitCode::SUCCESS
}

/// Returns the deadline; a test sets a later one, so that it does not depend on the speed of the machine.
fn read_deadline() -> Duration {
    let of_test = std::env::var("ATOCORE_TEST_DEADLINE").ok().and_then(|ms| ms.parse().ok());
    of_test.map_or(DEADLINE, Duration::from_millis)
}

/// Whether the arguments call the hook, also where they are wrong otherwise.
pub fn is_called(command: clap::Command) -> bool {
    let read = command.ignore_errors(true).try_get_matches();
    read.is_ok_and(|read| read.subcommand_name() == Some("hook"))
}

/// Ends the hook without an answer.
pub fn fail_open(problem: &str) -> ExitCode {
    let problem = problem.lines().next().unwrap_or_default();
    out::error_line(format!("atocore hook did nothing: {problem}"));
    ExitCode::SUCCESS
}
