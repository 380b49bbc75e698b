//! Next steps for callers over HTTP: the request to send, or else the command for a person.

use crate::app::person_access::PersonAccess;
use crate::mcp::next_step::render_for_person;
use crate::model::{Hint, Kind, NextStep};

/// The page, as an address on the same server.
const SAME_SERVER: PersonAccess = PersonAccess::Page { origin: String::new() };

/// Renders a hint's advice and next step as one text.
pub fn render_hint(hint: &Hint) -> String {
    let step = hint.next.as_deref().and_then(render_next_step);
    let parts = [Some(hint.advice.clone()), step];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

/// Renders a next step as a sentence.
pub fn render_next_step(step: &NextStep) -> Option<String> {
    if let NextStep::Both(first, second) = step {
        let both = [first, second].map(|step| render_next_step(step));
        return both.into_iter().flatten().reduce(|first, second| format!("{first} {second}"));
    }
    let request = match step {
        NextStep::ListProjects => "GET /v1/projects".to_owned(),
        NextStep::RegisterProject { .. } => "POST /v1/projects".to_owned(),
        NextStep::ShowInactiveLinks => "GET /v1/entities/{ref}?include_inactive=true".to_owned(),
        NextStep::FindRows => "GET /v1/search?query=…".to_owned(),
        NextStep::ProposeRow => "POST /v1/entities".to_owned(),
        NextStep::UpdateRow { kind } => format!("PATCH /v1/{}/{{ref}}", name_rows(*kind)?),
        NextStep::UpdateFields { kind, id, .. } => format!("PATCH /v1/{}/{id}", name_rows(*kind)?),
        NextStep::PromoteRow { id, .. } | NextStep::CompleteGraduation { entity_id: id } => {
            format!("POST /v1/candidates/{id}/promote")
        }
        NextStep::RejectRow { id, .. } => format!("POST /v1/candidates/{id}/reject"),
        NextStep::ReviewCandidates => "GET /v1/candidates".to_owned(),
        NextStep::AskQuestion { question } => format!("GET /v1/questions/{}", question.name()),
        NextStep::EditRevision { .. } => "POST /v1/candidates/review".to_owned(),
        NextStep::UndoSince => "POST /v1/undo".to_owned(),
        NextStep::UndoOperation { id } => format!("POST /v1/operations/{id}/undo"),
        NextStep::ResolveConflict { id } => format!("POST /v1/conflicts/{id}/resolve"),
        NextStep::SetProjectState => "PUT /v1/state".to_owned(),
        NextStep::ShowAudit { id } => format!("GET /v1/rows/{id}/audit"),
        NextStep::RepeatWithoutDryRun { .. } => {
            return Some("Repeat the request without dry_run to do it.".to_owned());
        }
        NextStep::CiteInteraction { id } => {
            return Some(format!(
                "Cite it as interaction:{id} in source_refs of rows based on it."
            ));
        }
        NextStep::IncludeInactive => {
            return Some("include_inactive=true shows what is not active.".to_owned());
        }
        // Callers elsewhere learn no path of the machine.
        other => return render_for_person(other, &SAME_SERVER),
    };
    Some(format!("Next: {request}."))
}

fn name_rows(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Entity => Some("entities"),
        Kind::Memory => Some("memories"),
        _ => None,
    }
}
