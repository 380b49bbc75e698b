//! Records a turn: the last prompt with its answer, as an interaction.

use serde_json::json;

use super::input::{CLIENT, HookInput};
use super::project::find_project;
use super::transcript::read_turn;
use crate::app::run::Caller;
use crate::app::service::call_now;
use crate::app::{Reader, Settings, open};
use crate::cli::operation::into_object;
use crate::model::Result;
use crate::model::text::is_blank;
use crate::ops::write::interactions::MAX_TEXT;

/// Stores the turn that has ended, if its prompt is in the transcript. Likely secrets are refused as in
/// every write.
pub fn record_turn(settings: &Settings, project: Option<&str>, input: &HookInput) -> Result<()> {
    let Some(transcript) = &input.transcript_path else { return Ok(()) };
    let turn = read_turn(transcript)?;
    let answer = input.last_assistant_message.clone().unwrap_or(turn.answer);
    if is_blank(&turn.prompt) || is_blank(&answer) {
        return Ok(());
    }
    // A reader refuses an older file, which a writer would upgrade.
    let project = Reader::open_alone(settings.clone())?
        .read(|view| find_project(view, project, input.cwd.as_deref()))?;
    let cut = |text: &str| text.chars().take(MAX_TEXT).collect::<String>();
    let arguments = into_object(json!({
        "prompt": cut(&turn.prompt), "response": cut(&answer), "session_id": input.session_id,
        "client": CLIENT, "project": project,
    }));
    let (db, _) = open(settings.clone())?;
    let caller = |_: Option<&str>| Ok(Caller { client: CLIENT.to_owned(), ..Caller::new(CLIENT) });
    call_now(&db, "record_interaction", arguments, caller).map(drop)
}
