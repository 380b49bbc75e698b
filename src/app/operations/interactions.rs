//! Interactions: a prompt and its response, kept as a source.

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Effect, Operation, Surface, WriteOperation};
use crate::app::present::memories::MemoryBrief;
use crate::app::present::rows::ProjectUsed;
use crate::app::present::text::Text;
use crate::model::{NextStep, Result};
use crate::ops::read::marks::RowMarks;
use crate::ops::write::interactions::{self, NewInteraction};
use crate::store::Tx;

/// Records an interaction.
pub struct RecordInteraction;

/// A recorded interaction, without its texts, which the caller has.
#[derive(Serialize, JsonSchema)]
pub struct RecordedInteraction {
    interaction_id: String,
    created_at: String,
    /// Memories that the response reinforced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reinforced: Vec<ReinforcedMemory>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

#[derive(Serialize, JsonSchema)]
pub struct ReinforcedMemory {
    #[serde(flatten)]
    memory: MemoryBrief,
    confidence: f64,
    reference_count: i64,
}

impl Operation for RecordInteraction {
    type Args = NewInteraction;
    type Output = RecordedInteraction;
    const ABOUT: About = About::new(
        "record_interaction",
        "Record interaction",
        Effect::Adds,
        "Keep a prompt and its response as a source (interaction:<id>). Memories that the response \
         repeats gain confidence and a reference.",
    )
    .not_idempotent()
    .on(Surface::OnRequest);
}

impl WriteOperation for RecordInteraction {
    fn run(tx: &Tx<'_>, new: NewInteraction, note: &str) -> Result<Written<RecordedInteraction>> {
        let done = interactions::record_interaction(tx, &new, note)?;
        let marks = RowMarks::of_rows(tx, &done.reinforced)?;
        let reinforced = done.reinforced.iter().map(|memory| {
            Ok(ReinforcedMemory {
                memory: MemoryBrief::new(tx, memory, &marks, Some(&done.project.name))?,
                confidence: memory.confidence,
                reference_count: memory.reference_count,
            })
        });
        let output = RecordedInteraction {
            interaction_id: done.row.handle.clone(),
            created_at: done.row.created_at.clone(),
            reinforced: reinforced.collect::<Result<_>>()?,
            project_used: Some(ProjectUsed::new(&done.project)),
        };
        let next = NextStep::CiteInteraction { id: output.interaction_id.clone() };
        Ok(Written::new(output, None, Some(next)))
    }
}

impl Output for RecordedInteraction {
    fn write_text(&self, text: &mut Text) {
        text.line(format!("recorded interaction {}", self.interaction_id));
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.list("reinforced", &self.reinforced, |one| {
            let (confidence, count) = (one.confidence, one.reference_count);
            let memory = one.memory.line();
            Some(format!("reinforced {memory}: confidence {confidence}, references {count}"))
        });
    }
}
