//! The sections of the page, in order.

use super::gap_sections::{
    MAX_LINES, with_gap, write_claims, write_contradicted, write_marked, write_requirements,
};
use super::lines::{MARK, NAME, ShownEntities, TEXT, describe_entity};
use super::page::{OverviewPage, OverviewSection};
use crate::model::markup::{inline_text, strong_text};
use crate::model::text::count_noun;
use crate::model::{Entity, Gap, List, PageRequest, ResolvedProject, Result, Status};
use crate::ops::read::queries::checked::CheckedQuestion;
use crate::ops::read::queries::{QuestionRow, gaps, system_map};
use crate::ops::write::conflicts;
use crate::store::assumptions::{self, Assumption};
use crate::store::{self, View, overview};

type Write = fn(&View<'_>, &CheckedQuestion, &ResolvedProject, &mut OverviewPage) -> Result<()>;

pub const ALL: [Write; 12] = [
    write_heading,
    write_state,
    write_contents,
    open_conflicts,
    write_contradicted,
    write_marked,
    write_map,
    write_requirements,
    write_decisions,
    write_claims,
    write_risks,
    go_on,
];

/// Maximum number of assumptions listed for a decision.
const MAX_ASSUMPTIONS: usize = 4;
/// Maximum number of entities from which a map is built.
const MAX_MAPPED: i64 = 3_000;

fn write_heading(
    view: &View<'_>,
    _: &CheckedQuestion,
    project: &ResolvedProject,
    page: &mut OverviewPage,
) -> Result<()> {
    let named = store::projects::find_named(view, &project.name)?;
    if project.name.is_empty() {
        page.add("# What belongs to no project");
    } else {
        page.add(&format!("# Project {}", inline_text(&project.name, NAME)));
    }
    if !project.registered {
        page.add(&format!("\n{MARK} Nobody has registered this name."));
    }
    let Some(named) = named else { return Ok(()) };
    if !named.description.is_empty() {
        page.add(&format!("\nAbout: {}", inline_text(&named.description, 400)));
    }
    if !named.aliases.is_empty() {
        let aliases: Vec<String> =
            named.aliases.iter().take(8).map(|a| inline_text(a, 40)).collect();
        let more = match named.aliases.len() - aliases.len() {
            0 => String::new(),
            left => format!(" and {left} more"),
        };
        page.add(&format!("\nAlso called: {}{more}", aliases.join(", ")));
    }
    Ok(())
}

fn write_state(
    view: &View<'_>,
    _: &CheckedQuestion,
    project: &ResolvedProject,
    page: &mut OverviewPage,
) -> Result<()> {
    let Some(named) = store::projects::find_named(view, &project.name)? else { return Ok(()) };
    let (facts, total) = overview::list_state(view, &named.id, MAX_LINES)?;
    let lines = facts.iter().map(|fact| {
        let source = match fact.source.as_str() {
            "" => String::new(),
            source => format!(" (from {})", inline_text(source, 60)),
        };
        let key = format!("{}/{}", fact.category, fact.key);
        format!("- {}: {}{source}", strong_text(&key, NAME), inline_text(&fact.value, TEXT))
    });
    page.section(OverviewSection {
        title: "Trusted state",
        intro: Vec::new(),
        lines: lines.collect(),
        total,
        share: 1_800,
    });
    Ok(())
}

/// Writes the counts of rows, and of pending and open items.
fn write_contents(
    view: &View<'_>,
    ask: &CheckedQuestion,
    _: &ResolvedProject,
    page: &mut OverviewPage,
) -> Result<()> {
    let mut types = Vec::new();
    for entity_type in overview::entity_types(view)? {
        let count = overview::count(view, &entity_type, &ask.scope.names, ask.include_inactive)?;
        if count > 0 {
            types.push(format!("{} {count}", inline_text(&entity_type, 40)));
        }
    }
    let shown = types.iter().take(30).cloned().collect::<Vec<_>>().join(", ");
    let entities = if shown.is_empty() { "none".to_owned() } else { shown };
    let count = |status: Status| -> Result<(i64, i64)> {
        let mut counts = (0, 0);
        for project in &ask.scope.names {
            counts.0 += store::entities::count(view, status, project.as_deref())?;
            counts.1 += store::memories::count(view, status, project.as_deref())?;
        }
        Ok(counts)
    };
    let (waiting, remembered) = (count(Status::Candidate)?, count(Status::Active)?.1);
    let (documents, passages) = overview::count_documents(view, &ask.scope.names)?;
    page.section(OverviewSection {
        title: "What there is",
        intro: vec![
            format!("- Entities by type: {entities}"),
            format!(
                "- Memories: {remembered}; waiting for approval: {}, {}",
                count_noun(waiting.0, "entity"),
                count_noun(waiting.1, "memory")
            ),
            format!("- Sources: {documents} documents in {passages} passages"),
        ],
        lines: Vec::new(),
        total: 0,
        share: 900,
    });
    Ok(())
}

fn write_map(
    view: &View<'_>,
    ask: &CheckedQuestion,
    project: &ResolvedProject,
    page: &mut OverviewPage,
) -> Result<()> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    let mut counts = [0; 3];
    for (count, entity_type) in counts.iter_mut().zip(["system", "subsystem", "component"]) {
        *count = overview::count_like(view, entity_type, scope, all)?;
    }
    let [systems, subsystems, components] = counts;
    if systems + subsystems + components > MAX_MAPPED {
        let intro = format!(
            "{systems} systems, {subsystems} subsystems, {components} components: \
             the question system_map shows which belongs to which."
        );
        return systems_only(view, ask, project, page, intro, systems);
    }
    let first = PageRequest::new(List::Questions, Some(80), None)?;
    let found =
        system_map::answer_system_map(view, &CheckedQuestion { page: first, ..ask.clone() })?;
    let entities = found.page.items.iter().filter_map(QuestionRow::as_entity).cloned().collect();
    let shown = ShownEntities::new(view, entities)?;
    let mut lines = Vec::new();
    for row in &found.page.items {
        let Some(entity) = row.as_entity() else { continue };
        let depth = row.said.get("depth").and_then(serde_json::Value::as_u64).unwrap_or_default();
        // The indentation is limited for readability.
        let indent = "  ".repeat(depth.min(6) as usize);
        let kind = inline_text(&entity.entity_type, 40);
        // Components are many, so only their names are listed.
        let text = if kind == "component" { String::new() } else { describe_entity(entity) };
        lines.push(format!("{indent}- {kind} {}{text}", shown.title(project, entity, false)));
    }
    page.section(OverviewSection {
        title: "System map",
        intro: Vec::new(),
        lines,
        total: found.page.total,
        share: 3_000,
    });
    Ok(())
}

/// Lists only the systems of a project that is too large for a full map.
fn systems_only(
    view: &View<'_>,
    ask: &CheckedQuestion,
    project: &ResolvedProject,
    page: &mut OverviewPage,
    intro: String,
    total: i64,
) -> Result<()> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    let ids = overview::list_first(view, "system", scope, all, MAX_LINES)?;
    let shown = ShownEntities::read(view, &ids)?;
    let line = |entity: &Entity| {
        let title = shown.title(project, entity, false);
        format!("- system {title}{}", describe_entity(entity))
    };
    let lines = shown.entities.iter().map(line).collect();
    let intro = vec![intro];
    page.section(OverviewSection { title: "System map", intro, lines, total, share: 3_000 });
    Ok(())
}

/// Writes decisions with their assumptions; first those with an assumption that no longer holds.
fn write_decisions(
    view: &View<'_>,
    ask: &CheckedQuestion,
    project: &ResolvedProject,
    page: &mut OverviewPage,
) -> Result<()> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    let total = overview::count_like(view, "decision", scope, all)?;
    let (risky, mut ids) = with_gap(view, ask, Gap::RiskyDecision)?;
    for id in overview::list_first(view, "decision", scope, all, MAX_LINES)? {
        if !ids.contains(&id) && ids.len() < MAX_LINES as usize {
            ids.push(id);
        }
    }
    let assumptions = assumptions::list_assumptions(view, &ids)?;
    let mut lines = Vec::new();
    let shown = ShownEntities::read(view, &ids)?;
    for entity in &shown.entities {
        let of_row: Vec<&Assumption> =
            assumptions.iter().filter(|one| one.decision_id == entity.id).collect();
        let fallen = of_row.iter().any(|one| one.fallen_because().is_some());
        let mut line = format!("- {}", shown.title(project, entity, fallen));
        for (at, assumption) in of_row.iter().take(MAX_ASSUMPTIONS).enumerate() {
            line.push_str(if at == 0 { " rests on " } else { ", " });
            line.push_str(&rests_on(view, assumption)?);
        }
        if of_row.len() > MAX_ASSUMPTIONS {
            line.push_str(&format!(" and {} more", of_row.len() - MAX_ASSUMPTIONS));
        }
        lines.push(line + &describe_entity(entity));
    }
    let mut intro = Vec::new();
    if risky > 0 {
        intro.push(format!("{MARK} {risky} of {total} rest on an assumption that has fallen."));
    }
    page.section(OverviewSection { title: "Decisions", intro, lines, total, share: 2_000 });
    Ok(())
}

fn rests_on(view: &View<'_>, assumption: &Assumption) -> Result<String> {
    let name = strong_text(&assumption.node.name, NAME);
    let Some(why) = assumption.fallen_because() else { return Ok(name) };
    let head = gaps::last_successor(view, assumption)?.map(|head| match head.status {
        Status::Active => format!(" by {}", strong_text(&head.name, NAME)),
        status => format!(" by {}, {}", strong_text(&head.name, NAME), status.as_str()),
    });
    Ok(format!("{name} ({MARK} {why}{})", head.unwrap_or_default()))
}

fn write_risks(
    view: &View<'_>,
    ask: &CheckedQuestion,
    project: &ResolvedProject,
    page: &mut OverviewPage,
) -> Result<()> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    let ids = overview::list_first(view, "risk", scope, all, MAX_LINES)?;
    let shown = ShownEntities::read(view, &ids)?;
    let lines = shown.entities.iter().map(|entity| shown.item(project, entity, false)).collect();
    let total = overview::count_like(view, "risk", scope, all)?;
    page.section(OverviewSection { title: "Risks", intro: Vec::new(), lines, total, share: 800 });
    Ok(())
}

fn open_conflicts(
    view: &View<'_>,
    ask: &CheckedQuestion,
    _: &ResolvedProject,
    page: &mut OverviewPage,
) -> Result<()> {
    let first = PageRequest::new(List::Conflicts, Some(10), None)?;
    let open = conflicts::list(view, &ask.scope, false, &first)?;
    let lines = open.items.iter().map(|shown| {
        let sides: Vec<String> = shown
            .members
            .iter()
            .take(3)
            .map(|side| format!("“{}”", inline_text(&side.member.value_snapshot, NAME)))
            .collect();
        let more = match shown.member_count - sides.len() {
            0 => String::new(),
            left => format!(" and {left} more"),
        };
        let kind = inline_text(&shown.conflict.slot_kind, 60);
        let name = strong_text(&shown.slot_name, NAME);
        let id = inline_text(&shown.conflict.handle, 40);
        format!("- {MARK} {kind} of {name}: {}{more} (conflict {id})", sides.join(" against "))
    });
    let (title, intro) = ("Open conflicts", Vec::new());
    let lines = lines.collect();
    page.section(OverviewSection { title, intro, lines, total: open.total, share: 1_100 });
    Ok(())
}

fn go_on(
    _: &View<'_>,
    _: &CheckedQuestion,
    _: &ResolvedProject,
    page: &mut OverviewPage,
) -> Result<()> {
    let lines = [
        "- The question all_gaps lists everything marked ⚠ except conflicts, which have a list of their own.",
        "- The question traceability_matrix names the designs and validations of each requirement.",
        "- Search finds an entity by its words; on its own it is shown with its links and sources.",
        "- The review queue lists the candidates that wait for approval.",
    ];
    page.section(OverviewSection {
        title: "How to go on",
        intro: lines.map(str::to_owned).to_vec(),
        lines: Vec::new(),
        total: 0,
        share: 700,
    });
    Ok(())
}
