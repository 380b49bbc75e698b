//! The input of a hook of Claude Code: the fields that are read, of those in its hooks reference
//! (<https://code.claude.com/docs/en/hooks>).

use std::io::Read;
use std::path::PathBuf;

use serde::Deserialize;

use crate::model::{Error, Result};

/// The name of the client, and the actor of what it records.
pub const CLIENT: &str = "claude-code";
/// Maximum bytes of an input.
const MAX_INPUT: u64 = 8 * 1024 * 1024;

/// An event, with the fields of all its kinds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct HookInput {
    pub hook_event_name: String,
    pub session_id: String,
    pub transcript_path: Option<PathBuf>,
    pub cwd: Option<PathBuf>,
    /// Of `UserPromptSubmit`.
    pub prompt: String,
    /// Of `Stop`: whether the turn goes on because of a hook.
    pub stop_hook_active: bool,
    /// Of `Stop`: the answer.
    pub last_assistant_message: Option<String>,
}

impl HookInput {
    pub fn read() -> Result<Self> {
        let invalid = |problem: String| {
            Error::invalid("standard input", problem, "The client gives one JSON object.")
        };
        let mut bytes = Vec::new();
        let read = std::io::stdin().take(MAX_INPUT).read_to_end(&mut bytes);
        read.map_err(|error| invalid(error.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))
    }
}
