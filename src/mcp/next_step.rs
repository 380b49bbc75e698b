//! Next steps for MCP clients: the tool to call if the server offers it, else the command or the
//! server option for the person.

use crate::app::person_access::PersonAccess;
use crate::app::registry::OperationRegistry;
use crate::model::project::suggest_canonical_name;
use crate::model::text::quote_text;
use crate::model::{Hint, Kind, NextStep};

/// Maximum characters of a name in a next step.
const MAX_NAME: usize = 80;

/// A tool, and its `action` argument if it has one.
type ToolUse = (&'static str, Option<&'static str>);

/// Renders a hint's advice and next step as one text.
pub fn render_hint(hint: &Hint, registry: &OperationRegistry) -> String {
    let step = hint.next.as_deref();
    join_hint(hint, step.and_then(|step| render_step(step, registry)))
}

/// Renders the next step of an answer for a client with these tools.
pub fn render_step(step: &NextStep, registry: &OperationRegistry) -> Option<String> {
    render_next_step(step, &registry.person_access, &|tool| has_tool(registry, tool))
}

fn join_hint(hint: &Hint, step: Option<String>) -> String {
    let parts = [hint.advice.as_str(), step.as_deref().unwrap_or_default()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Renders a next step as a sentence. Never names a tool for which `is_on` is false.
fn render_next_step(
    step: &NextStep,
    person: &PersonAccess,
    is_on: &dyn Fn(ToolUse) -> bool,
) -> Option<String> {
    if *step == NextStep::FindRows {
        let names = ["search", "build_context"].into_iter().filter(|name| is_on((name, None)));
        let names = names.collect::<Vec<_>>().join(" or ");
        return (!names.is_empty()).then(|| format!("Find ids with {names}."));
    }
    if let NextStep::Both(first, second) = step {
        let both = [first, second].map(|step| render_next_step(step, person, is_on));
        return both.into_iter().flatten().reduce(|first, second| format!("{first} {second}"));
    }
    let without_tool = render_without_tool(step, person);
    match tool_of(step).filter(|tool| is_on(*tool)) {
        Some((tool, action)) => {
            let page = person.find_page(step);
            let page = page.map(|page| format!(" The person sees it at {page}."));
            Some(render_call(step, tool, action) + page.as_deref().unwrap_or_default())
        }
        None if without_tool.is_some() => without_tool,
        None => render_for_person(step, person),
    }
}

/// Renders a step that has no tool of its own.
fn render_without_tool(step: &NextStep, person: &PersonAccess) -> Option<String> {
    Some(match step {
        NextStep::ByPerson(step) => return render_for_person(step, person),
        NextStep::CiteInteraction { id } => {
            format!("Cite it as interaction:{id} in source_refs of rows based on it.")
        }
        NextStep::RepeatWithoutDryRun { asks_person: true } => {
            "Repeat the call without dry_run: the person is asked before it is done.".to_owned()
        }
        NextStep::RepeatWithoutDryRun { asks_person: false } => {
            "Repeat the call without dry_run to do it.".to_owned()
        }
        NextStep::IncludeInactive => "include_inactive shows what is not active.".to_owned(),
        NextStep::CheckRelatedRows => {
            "Look at the related rows, which were left as they are.".to_owned()
        }
        NextStep::RedactAgain => "Redact it again when nothing else uses the file.".to_owned(),
        _ => return None,
    })
}

fn tool_of(step: &NextStep) -> Option<ToolUse> {
    let tool = match step {
        NextStep::ListProjects => "list_projects",
        NextStep::ShowInactiveLinks => "get_entity",
        NextStep::RegisterProject { .. } => "register_project",
        NextStep::SetProjectState => "set_project_state",
        NextStep::ResolveConflict { .. } => "resolve_conflict",
        NextStep::RedactRow { .. } => "redact",
        NextStep::ProposeRow => "create_entity",
        NextStep::UpdateRow { kind: Kind::Entity } => "update_entity",
        NextStep::UpdateRow { kind: Kind::Memory } => "update_memory",
        NextStep::UpdateFields { kind: Kind::Entity, .. } => "update_entity",
        NextStep::UpdateFields { kind: Kind::Memory, .. } => "update_memory",
        NextStep::ReviewCandidates => "list_candidates",
        NextStep::UndoOperation { .. } => "undo",
        NextStep::UndoSince => "undo_since",
        NextStep::EditRevision { .. } => return Some(("review_candidates", None)),
        NextStep::PromoteRow { kind: Kind::Revision | Kind::Relationship, .. }
        | NextStep::RejectRow { kind: Kind::Revision | Kind::Relationship, .. } => {
            "review_candidates"
        }
        NextStep::AskQuestion { .. } => "query_project",
        NextStep::PromoteRow { kind: Kind::Entity, .. } | NextStep::CompleteGraduation { .. } => {
            "promote_entity"
        }
        NextStep::RejectRow { kind: Kind::Entity, .. } => "reject_entity",
        NextStep::PromoteRow { kind: Kind::Memory, .. } => {
            return Some(("review_memory", Some("promote")));
        }
        NextStep::RejectRow { kind: Kind::Memory, .. } => {
            return Some(("review_memory", Some("reject")));
        }
        _ => return None,
    };
    Some((tool, None))
}

fn render_call(step: &NextStep, tool: &str, action: Option<&str>) -> String {
    match step {
        NextStep::ListProjects => format!("{tool} shows the names."),
        NextStep::ShowInactiveLinks => format!("{tool} with include_inactive shows them."),
        NextStep::UpdateRow { kind } => format!("{tool} corrects an existing {}.", kind.as_str()),
        NextStep::RegisterProject { name } => {
            format!("{tool} registers {}.", quote_text(name, MAX_NAME))
        }
        NextStep::ProposeRow => format!("{tool} proposes a candidate."),
        NextStep::SetProjectState => format!("{tool} changes trusted state."),
        NextStep::AskQuestion { question } => {
            format!("{tool} with question {} lists all of them.", question.name())
        }
        NextStep::ReviewCandidates => format!("{tool} shows the rows that wait for approval."),
        NextStep::UpdateFields { id, fields, .. } => {
            let fields = fields.join(", ");
            format!("{tool} {id} with {fields} if the values given now are right.")
        }
        NextStep::CompleteGraduation { entity_id } => format!(
            "{tool} {entity_id} completes the graduation; until then the memory stays active."
        ),
        NextStep::ResolveConflict { id } => format!(
            "Show both sides of the conflict to the person, then {tool} {id} with \
             supersede_others and winner_id, dismiss, or keep_all."
        ),
        NextStep::PromoteRow { id, .. } => match action {
            Some(action) => format!("{tool} {id} with action {action} once it is approved."),
            None => format!("{tool} {id} once it is approved."),
        },
        NextStep::UndoOperation { id } => format!("Call {tool} with {id}."),
        NextStep::RejectRow { id, .. } | NextStep::RedactRow { id, .. } => match action {
            Some(action) => format!("Call {tool} with {id} and action {action}."),
            None => format!("Call {tool} with {id}."),
        },
        _ => format!("Call {tool}."),
    }
}

/// Renders the step for a person, who takes it outside of the client.
pub fn render_for_person(step: &NextStep, person: &PersonAccess) -> Option<String> {
    let page = person.find_page(step);
    if let (Some(page), PersonAccess::Page { .. }) = (&page, person) {
        return Some(format!("The person decides at {page}."));
    }
    let by = match step {
        NextStep::ProposeRow => "Propose a candidate, and the person runs",
        NextStep::SetProjectState => "The person imports a project_state line",
        _ => "The person runs",
    };
    let by = page.map_or(by.to_owned(), |page| format!("The person decides at {page} or runs"));
    let command = command_of(step).map(|command| format!("{command}{}", person.store_options()));
    match (command, option_of(step)) {
        (Some(command), None) => Some(format!("{by}: `{command}`.")),
        (Some(command), Some(option)) => {
            Some(format!("Start atocore with {option}, or run: `{command}`."))
        }
        (None, Some(option)) => Some(format!("Start atocore with {option}.")),
        (None, None) => (*step == NextStep::OpenForWriting)
            .then(|| "Start atocore without --read-only.".to_owned()),
    }
}

/// Returns the command that takes a step; also used by the command line.
pub fn command_of(step: &NextStep) -> Option<String> {
    Some(match step {
        NextStep::SetProjectState => "atocore import FILE".to_owned(),
        NextStep::RegisterProject { name } => {
            let name = suggest_canonical_name(name);
            format!("atocore project add {}", name.as_deref().unwrap_or("NAME"))
        }
        NextStep::ChangeProjects => "atocore project".to_owned(),
        NextStep::ProposeRow => "atocore promote ID".to_owned(),
        NextStep::PromoteRow { id, .. } | NextStep::CompleteGraduation { entity_id: id } => {
            format!("atocore promote {id}")
        }
        NextStep::ReviewCandidates => "atocore candidates".to_owned(),
        NextStep::AskQuestion { question } => {
            format!("atocore call query_project '{{\"question\": \"{}\"}}'", question.name())
        }
        NextStep::RejectRow { id, .. } => format!("atocore reject {id}"),
        NextStep::UndoOperation { id } => format!("atocore undo {id}"),
        NextStep::UndoSince => "atocore undo --since WHEN --client NAME".to_owned(),
        NextStep::EditRevision { id } => {
            format!(
                "atocore call review_candidates '{{\"decisions\":[{{\"id\":\"{id}\",\"action\":\"edit\"}}]}}'"
            )
        }
        NextStep::RunOperation => "atocore call OPERATION ARGUMENTS".to_owned(),
        NextStep::RedactRow { kind, id } => {
            format!("atocore redact {} {id} --note TEXT", kind.as_str())
        }
        NextStep::ResolveConflict { id } => format!("atocore resolve {id} --resolution RESOLUTION"),
        NextStep::ShowAudit { id } => format!("atocore audit show {id}"),
        NextStep::VerifyAudit => "atocore audit verify".to_owned(),
        NextStep::RepairDerivedData => "atocore doctor --fix".to_owned(),
        NextStep::RunUpkeep => "atocore upkeep".to_owned(),
        NextStep::BackUpStore => "atocore backup FILE".to_owned(),
        NextStep::GiveRoots => "atocore ingest PATH".to_owned(),
        _ => return None,
    })
}

/// Returns the command-line option that a step needs.
pub fn option_of(step: &NextStep) -> Option<&'static str> {
    match step {
        NextStep::ChooseStore => Some("--db FILE (or ATOCORE_DB)"),
        NextStep::ReplaceStore => Some("--replace"),
        NextStep::GiveRoots => Some("--root DIR (or ATOCORE_ROOTS)"),
        NextStep::AllowSecrets => Some("--allow-secrets"),
        NextStep::TrustClock => Some("--trust-clock"),
        NextStep::RetireAll => Some("--retire-missing=all"),
        _ => None,
    }
}

/// Whether the client may call the tool with this action.
fn has_tool(registry: &OperationRegistry, (name, action): ToolUse) -> bool {
    let Some(operation) = registry.get(name) else { return false };
    let Some(action) = action else { return true };
    let properties = operation.input_schema.get("properties");
    let choices = properties.map(|fields| &fields["action"]["enum"]);
    choices
        .and_then(|choices| choices.as_array())
        .is_some_and(|choices| choices.iter().any(|choice| choice == action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_is_off_is_never_named() {
        let id = || "e1".to_owned();
        let promote = NextStep::PromoteRow { kind: Kind::Entity, id: id() };
        let update = NextStep::UpdateRow { kind: Kind::Memory };
        let review = NextStep::RejectRow { kind: Kind::Memory, id: id() };
        let on = |step: &NextStep| {
            render_next_step(step, &PersonAccess::default(), &|_| true).unwrap_or_default()
        };
        let off = |step: &NextStep| render_next_step(step, &PersonAccess::default(), &|_| false);
        assert_eq!(on(&promote), "promote_entity e1 once it is approved.");
        assert_eq!(off(&promote).as_deref(), Some("The person runs: `atocore promote e1`."));
        assert_eq!(on(&review), "Call review_memory with e1 and action reject.");
        assert_eq!(off(&review).as_deref(), Some("The person runs: `atocore reject e1`."));
        assert_eq!(on(&update), "update_memory corrects an existing memory.");
        assert_eq!(off(&update), None);
        assert_eq!(off(&NextStep::FindRows), None);
        let only_search = |(tool, _): ToolUse| tool == "search";
        let found = render_next_step(&NextStep::FindRows, &PersonAccess::default(), &only_search);
        assert_eq!(found.as_deref(), Some("Find ids with search."));
    }
}
