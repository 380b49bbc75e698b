//! The answer of a write whose change was proposed as a revision.

use schemars::JsonSchema;
use serde::Serialize;

use super::answer::Output;
use super::present::text::Text;

/// A change that waits for a person.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ProposedChange {
    pub changed: bool,
    #[serde(skip)]
    pub created: bool,
}

impl Output for ProposedChange {
    fn write_text(&self, text: &mut Text) {
        let word = if self.created { "proposed" } else { "proposed before" };
        text.line(format!("{word}; the row stays as it is until a person approves"));
    }
}
