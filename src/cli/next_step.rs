//! Next steps in the words of a person at a terminal: commands.

use crate::model::{Kind, NextStep};

/// The step in words.
pub fn render_next_step(step: &NextStep) -> Option<String> {
    Some(match step {
        NextStep::Promote { id, .. } => format!("atocore promote {id}, once it is approved."),
        NextStep::CompleteGraduation { entity_id } => format!(
            "atocore promote {entity_id} completes the graduation; until then the memory stays \
             active."
        ),
        NextStep::UpdateRow { kind, id, fields } => {
            let name = if *kind == Kind::Memory { "update_memory" } else { "update_entity" };
            let fields = fields.join(", ");
            format!(
                "atocore call {name} with {id} and {fields}, if the values given now are right."
            )
        }
        NextStep::ResolveConflict { id } => {
            format!("atocore resolve {id} --resolution supersede_others|dismiss|keep_all.")
        }
        NextStep::ReviewCandidates => {
            "atocore candidates shows the rows that wait for approval.".to_owned()
        }
        NextStep::CiteInteraction { id } => {
            format!("Cite it as interaction:{id} in source_refs of rows based on it.")
        }
        NextStep::RepeatWithoutDryRun { .. } => {
            "Repeat the command without --dry-run to do it.".to_owned()
        }
        NextStep::CheckRelatedRows => {
            "Look at the related rows, which were left as they are.".to_owned()
        }
        NextStep::RedactAgain => "Redact it again when nothing else uses the file.".to_owned(),
    })
}
