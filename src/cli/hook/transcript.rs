//! The transcript of a session of Claude Code: a line of JSON for each message.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::cli::paths::expand_path;
use crate::model::text::is_blank;
use crate::model::{Error, Result};

/// Bytes at the end of a transcript that are read: more only where the turn is longer.
const READ: [u64; 3] = [256 * 1024, 4 * 1024 * 1024, 32 * 1024 * 1024];

/// The last prompt of a person, and the last text of the model after it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Turn {
    pub prompt: String,
    pub answer: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TranscriptLine {
    #[serde(rename = "type")]
    line_type: String,
    /// Written by the client, not by the person.
    #[serde(default)]
    is_meta: bool,
    #[serde(default)]
    is_compact_summary: bool,
    /// Of a subagent.
    #[serde(default)]
    is_sidechain: bool,
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Value,
}

pub fn read_turn(path: &Path) -> Result<Turn> {
    let unreadable = |problem: String| {
        Error::invalid("transcript_path", problem, "The client names a file of JSON lines.")
    };
    let path = expand_path(path.as_os_str()).map_err(unreadable)?;
    let mut turn = Turn::default();
    for length in READ {
        let text = read_end(&path, length).map_err(|error| unreadable(error.to_string()))?;
        turn = find_turn(&text);
        if !turn.prompt.is_empty() || (text.len() as u64) < length {
            break;
        }
    }
    Ok(turn)
}

fn read_end(path: &Path, most: u64) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads from the end, so that only the last turn is parsed.
fn find_turn(text: &str) -> Turn {
    let mut turn = Turn::default();
    let lines = text.lines().rev().filter_map(|line| serde_json::from_str(line).ok());
    for line in lines.filter(|line: &TranscriptLine| !line.is_sidechain) {
        match line.line_type.as_str() {
            "assistant" if turn.answer.is_empty() => {
                turn.answer = line.message.text().unwrap_or_default();
            }
            "user" if !line.is_meta && !line.is_compact_summary => {
                if let Some(prompt) = line.message.text() {
                    turn.prompt = prompt;
                    return turn;
                }
            }
            _ => {}
        }
    }
    turn
}

impl Message {
    /// Returns the text of a message; `None` for the result of a tool, a call of one, and thinking.
    fn text(&self) -> Option<String> {
        let text = match &self.content {
            Value::String(text) => text.clone(),
            Value::Array(parts) if parts.iter().any(|part| part["type"] == "tool_result") => {
                return None;
            }
            Value::Array(parts) => {
                let texts = parts.iter().filter(|part| part["type"] == "text");
                let texts = texts.filter_map(|part| part["text"].as_str());
                texts.collect::<Vec<_>>().join("\n")
            }
            _ => return None,
        };
        (!is_blank(&text)).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_the_last_prompt_of_the_person_and_the_answer_to_it() {
        let lines = [
            r#"{"type":"summary","summary":"x","leafUuid":"y"}"#,
            r#"{"type":"user","message":{"role":"user","content":"first"}}"#,
            r#"{"type":"assistant","message":{"content":[{"type":"text","text":"one"}]}}"#,
            r#"{"type":"user","message":{"content":[{"type":"text","text":"second"},
                {"type":"image"}]}}"#,
            r#"{"type":"assistant","message":{"content":[{"type":"tool_use","name":"Bash"}]}}"#,
            r#"{"type":"user","message":{"content":[{"type":"tool_result","content":"ls"}]}}"#,
            r#"{"type":"user","isMeta":true,"message":{"content":"a reminder"}}"#,
            r#"{"type":"assistant","isSidechain":true,"message":{"content":"of a subagent"}}"#,
            r#"{"type":"assistant","message":{"content":[{"type":"text","text":"two"}]}}"#,
            r#"{"type":"system","content":"done"}"#,
            r#"{"type":"assist"#,
        ];
        let lines = lines.map(|line| line.replace("\n                ", " "));
        let turn = find_turn(&lines.join("\n"));
        assert_eq!(turn, Turn { prompt: "second".to_owned(), answer: "two".to_owned() });
        assert_eq!(find_turn("no\njson"), Turn::default());
    }
}
