//! The arguments of every read: the time that it reads.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::present::bound::show_hidden;
use super::present::past::TimeOfAnswer;
use super::schema::parse;
use crate::model::Result;
use crate::ops::past;
use crate::ops::record::record_change::snapshot_value;
use crate::store::View;

/// Arguments of every read.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReadOptions {
    as_of: Option<String>,
}

/// The field that the answer of a read has if it is about the past.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "for its schema")]
pub struct AnswerTime {
    as_of: Option<Map<String, Value>>,
}

impl ReadOptions {
    /// Removes the options from the arguments, so that the operation can refuse unknown arguments.
    pub(super) fn take(arguments: &mut Map<String, Value>) -> Result<Self> {
        let given = arguments.shift_remove_entry("as_of");
        parse(given.into_iter().collect())
    }

    /// Reads the store as it is, or as it was.
    pub(super) fn read(
        &self,
        view: &View<'_>,
        read: impl FnOnce(&View<'_>) -> Result<Answer>,
    ) -> Result<Answer> {
        match &self.as_of {
            None => read(view),
            Some(given) => {
                let (mut answer, as_of) = past::read_as_of(view, given, read)?;
                let time = TimeOfAnswer::new(&as_of);
                answer.text = format!("as of {}\n{}", time.words(), answer.text);
                let mut told = snapshot_value(&time)?;
                show_hidden(&mut told);
                if let Some(fields) = answer.structured.as_object_mut() {
                    fields.shift_insert(0, "as_of".to_owned(), told);
                }
                Ok(answer)
            }
        }
    }
}
