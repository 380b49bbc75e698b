//! Next steps in the words of an agent: calls of tools, and never of one that is not offered.

use crate::app::registry::OperationRegistry;
use crate::app::rights::Promotion;
use crate::model::{Kind, NextStep};

/// The step in words, or nothing where the agent cannot take it.
pub fn render_next_step(step: &NextStep, registry: &OperationRegistry) -> Option<String> {
    let human = registry.rights.promotion == Promotion::Human;
    let offered = |tool: &str, words: String| registry.offers(tool).then_some(words);
    match step {
        NextStep::Promote { id, .. } if human => Some(by_person("promote", id)),
        NextStep::CompleteGraduation { entity_id } if human => {
            Some(by_person("promote", entity_id))
        }
        NextStep::ResolveConflict { id } if human => Some(by_person("resolve", id)),
        NextStep::Promote { kind: Kind::Memory, id } => offered(
            "review_memory",
            format!("review_memory {id} with action promote once it is approved."),
        ),
        NextStep::Promote { id, .. } => {
            offered("promote_entity", format!("promote_entity {id} once it is approved."))
        }
        NextStep::CompleteGraduation { entity_id } => offered(
            "promote_entity",
            format!(
                "promote_entity {entity_id} completes the graduation; until then the memory stays \
                 active."
            ),
        ),
        NextStep::UpdateRow { kind, id, fields } => {
            let tool = if *kind == Kind::Memory { "update_memory" } else { "update_entity" };
            let fields = fields.join(", ");
            offered(tool, format!("{tool} {id} with {fields} if the values given now are right."))
        }
        NextStep::ResolveConflict { id } => offered(
            "resolve_conflict",
            format!(
                "Show both sides of the conflict to the person, then resolve_conflict {id} with \
                 supersede_others and winner_id, dismiss, or keep_all."
            ),
        ),
        NextStep::ReviewCandidates => offered(
            "list_candidates",
            "list_candidates shows the rows that wait for approval.".to_owned(),
        ),
        NextStep::CiteInteraction { id } => {
            Some(format!("Cite it as interaction:{id} in source_refs of rows based on it."))
        }
        NextStep::RepeatWithoutDryRun { asks_person: true } => Some(
            "Repeat the call without dry_run: the person is asked before it is done.".to_owned(),
        ),
        NextStep::RepeatWithoutDryRun { asks_person: false } => {
            Some("Repeat the call without dry_run to do it.".to_owned())
        }
        NextStep::CheckRelatedRows => {
            Some("Look at the related rows, which were left as they are.".to_owned())
        }
        NextStep::RedactAgain => {
            Some("Redact it again when nothing else uses the file.".to_owned())
        }
    }
}

/// The step for an agent that may only ask the person to take it.
fn by_person(command: &str, id: &str) -> String {
    format!("Show it to the person; they decide with: atocore {command} {id}.")
}
