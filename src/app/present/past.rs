//! The time of an answer about the past.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::text::{count_noun, quote_text};
use crate::ops::past::AsOf;

/// The place in the audit log that an answer is about.
#[derive(Serialize, JsonSchema)]
pub struct TimeOfAnswer {
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<String>,
    /// The last operation until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    /// What is not as it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl TimeOfAnswer {
    pub fn new(as_of: &AsOf) -> Self {
        let mut notes = Vec::new();
        if as_of.has_documents {
            notes.push("documents are shown as they are now".to_owned());
        }
        if as_of.left_out > 0 {
            let rows = count_noun(as_of.left_out, "row");
            notes.push(format!("{rows} left out, whose state then is not known"));
        }
        let (at, operation) = (as_of.place.at.to_string(), as_of.operation.clone());
        Self { at, baseline: as_of.baseline.clone(), operation, notes }
    }

    /// Renders the time: its baseline, instant and operation, and what is not as it was.
    pub fn words(&self) -> String {
        let baseline =
            self.baseline.iter().map(|name| format!("baseline {}, ", quote_text(name, 500)));
        let operation = self.operation.iter().map(|handle| format!(" (operation {handle})"));
        let notes = self.notes.iter().map(|note| format!("; {note}"));
        let rest: String = operation.chain(notes).collect();
        format!("{}{}{rest}", baseline.collect::<String>(), self.at)
    }
}
