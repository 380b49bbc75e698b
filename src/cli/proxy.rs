//! `atocore proxy`: a stdio server for clients that know no HTTP. It passes each line on to a server
//! over HTTP, and the answers back.
//!
//! The SDK's client transport was rejected: it parses each message and writes it again, so a key that
//! is given twice and a number that no float keeps would be lost before the server could refuse them.
//! Here a line is sent as the bytes that it has. Calls are sent one after the other; `ureq`, which is
//! small and blocking, suffices for that. Messages that a server sends without being asked (its GET
//! stream) are not passed on, since atocore has none.

mod event_stream;
mod message_head;
mod remote;

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

use clap::Args;

use self::message_head::MessageHead;
use self::remote::{Remote, RemoteAnswer};
use super::out;
use super::paths::path_parser;
use crate::model::{Error, Result, StorageProblem};

/// Maximum bytes of a line; the server's own limit is lower.
const MAX_LINE: u64 = 64 * 1024 * 1024;
/// Maximum answers that arrive at once.
const MAX_STREAMS: usize = 256;
/// The variable with the token.
const TOKEN: &str = "ATOCORE_TOKEN";

#[derive(Args)]
pub struct Proxy {
    /// The address of MCP on the server, such as https://atocore.example.org/mcp
    url: String,
    /// The file with the token; the variable ATOCORE_TOKEN if omitted
    #[arg(long, value_name = "FILE", value_parser = path_parser())]
    token_file: Option<PathBuf>,
}

pub fn run(proxy: &Proxy) -> Result<ExitCode> {
    let remote = Remote::new(&proxy.url, read_token(proxy.token_file.as_deref())?)?;
    let mut input = std::io::stdin().lock();
    let (begin, end) = sync_channel(MAX_STREAMS);
    let end = Mutex::new(end);
    std::thread::scope(|scope| {
        let end = &end;
        while let Some(line) = read_line(&mut input)? {
            let head = MessageHead::read(&line);
            match remote.send(line, &head) {
                RemoteAnswer::Nothing => {}
                RemoteAnswer::Message(message) => out::print_bytes(&message),
                RemoteAnswer::Events(events) => {
                    // Waits while too many are open.
                    let _ = begin.send(());
                    scope.spawn(move || {
                        events.pass_on(&head, out::print_bytes);
                        end.lock().unwrap_or_else(PoisonError::into_inner).try_recv()
                    });
                }
            }
            if out::is_closed() {
                break;
            }
        }
        Ok(())
    })?;
    remote.end_session();
    Ok(ExitCode::SUCCESS)
}

/// Reads the token. It is never an argument, since other users of the machine can read those.
fn read_token(file: Option<&Path>) -> Result<Option<String>> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file).map_err(|error| {
            let hint = "Give a file that holds the token alone.";
            let problem = format!("{} cannot be read: {error}", file.display());
            Error::storage(StorageProblem::NoAccess, problem, hint)
        })?,
        None => std::env::var(TOKEN).unwrap_or_default(),
    };
    let token = text.trim();
    if token.contains(|letter: char| !letter.is_ascii_graphic()) {
        let hint = "Give the token as atocore token create printed it, and nothing else.";
        return Err(Error::invalid("token", "it has spaces or other signs in it", hint));
    }
    if token.is_empty() && file.is_some() {
        let hint = "Put the token in it, or leave --token-file out.";
        return Err(Error::invalid("--token-file", "the file is empty", hint));
    }
    Ok(Some(token.to_owned()).filter(|token| !token.is_empty()))
}

/// Reads a line that is not blank; `None` at the end of the input.
fn read_line(input: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    loop {
        let mut line = Vec::new();
        let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
        let size = read.map_err(|error| Error::Internal(format!("standard input: {error}")))?;
        // The rest of the input without a line feed is an incomplete message.
        if size == 0 || (line.last() != Some(&b'\n') && size < MAX_LINE as usize) {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            let what = "a line".to_owned();
            return Err(Error::TooMuch { what, size, limit: MAX_LINE as usize, unit: "bytes" });
        }
        let trimmed = line.trim_ascii();
        if !trimmed.is_empty() {
            return Ok(Some(trimmed.to_vec()));
        }
    }
}
