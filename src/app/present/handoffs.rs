//! Handoffs in answers.

use schemars::JsonSchema;
use serde::Serialize;

use super::rows::LINE_TEXT;
use crate::model::Result;
use crate::model::interaction::{Handoff, HandoffStatus};
use crate::model::text::quote_text;
use crate::ops::read::row_names::name_references;
use crate::store::View;

/// What a session left to the next.
#[derive(Serialize, JsonSchema)]
pub struct HandoffView {
    /// `open`, `accepted` or `withdrawn`.
    #[schemars(with = "String")]
    status: HandoffStatus,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next_steps: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    open_questions: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    done: Vec<String>,
    /// Kind, id and name of each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<String>,
}

impl HandoffView {
    pub fn new(view: &View<'_>, handoff: &Handoff) -> Result<Self> {
        Ok(Self {
            status: handoff.status,
            next_steps: handoff.next_steps.clone(),
            open_questions: handoff.open_questions.clone(),
            done: handoff.done.clone(),
            rows: name_references(view, &handoff.rows)?,
        })
    }

    pub fn lines(&self) -> Vec<String> {
        let labelled = [
            ("next step", &self.next_steps),
            ("open question", &self.open_questions),
            ("done", &self.done),
        ];
        let texts = labelled.into_iter().flat_map(|(label, texts)| {
            texts.iter().map(move |text| format!("{label} {}", quote_text(text, LINE_TEXT)))
        });
        texts.chain(self.rows.iter().map(|row| format!("about {row}"))).collect()
    }

    pub fn status_word(&self) -> &'static str {
        self.status.as_str()
    }
}
