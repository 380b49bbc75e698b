//! The sections of the page, in the order in which they stand.

use super::{Page, Section};
use crate::model::markup::{inline, strong};
use crate::model::{Entity, Gap, List, PageRequest, ResolvedProject, Result, Status, Verdict};
use crate::ops::queries::{Ask, Subject, system_map};
use crate::ops::{conflicts, lifecycle};
use crate::store::gaps::{self, Assumption, Wanted};
use crate::store::{self, View, overview};

type Write = fn(&View<'_>, &Ask, &ResolvedProject, &mut Page) -> Result<()>;

pub const ALL: [Write; 10] =
    [head, state, contents, open_conflicts, map, requirements, decisions, claims, risks, go_on];

/// Characters of a name, and of what is said about it.
const NAME: usize = 80;
const TEXT: usize = 140;
/// Lines of a list that are made at all.
const MAX_LINES: i64 = 40;
/// What a map on a page may be made from.
const MAX_MAPPED: i64 = 3_000;
/// What something stands with that somebody has to look at.
const MARK: &str = "⚠";

fn head(view: &View<'_>, _: &Ask, project: &ResolvedProject, page: &mut Page) -> Result<()> {
    let named = store::projects::named(view, &project.name)?;
    if project.name.is_empty() {
        page.add("# What belongs to no project");
    } else {
        page.add(&format!("# Project {}", inline(&project.name, NAME)));
    }
    if !project.registered {
        page.add(&format!("\n{MARK} Nobody has registered this name."));
    }
    let Some(named) = named else { return Ok(()) };
    if !named.description.is_empty() {
        page.add(&format!("\nAbout: {}", inline(&named.description, 400)));
    }
    if !named.aliases.is_empty() {
        let aliases: Vec<String> = named.aliases.iter().take(8).map(|a| inline(a, 40)).collect();
        let more = match named.aliases.len() - aliases.len() {
            0 => String::new(),
            left => format!(" and {left} more"),
        };
        page.add(&format!("\nAlso called: {}{more}", aliases.join(", ")));
    }
    Ok(())
}

fn state(view: &View<'_>, _: &Ask, project: &ResolvedProject, page: &mut Page) -> Result<()> {
    let Some(named) = store::projects::named(view, &project.name)? else { return Ok(()) };
    let (facts, total) = overview::state(view, &named.id, MAX_LINES)?;
    let lines = facts.iter().map(|fact| {
        let source = match fact.source.as_str() {
            "" => String::new(),
            source => format!(" (from {})", inline(source, 60)),
        };
        let key = format!("{}/{}", fact.category, fact.key);
        format!("- {}: {}{source}", strong(&key, NAME), inline(&fact.value, TEXT))
    });
    page.section(Section {
        title: "Trusted state",
        intro: Vec::new(),
        lines: lines.collect(),
        total,
        share: 1_800,
    });
    Ok(())
}

/// How many there are of what, and what waits or is open.
fn contents(view: &View<'_>, ask: &Ask, _: &ResolvedProject, page: &mut Page) -> Result<()> {
    let mut types = Vec::new();
    for entity_type in overview::entity_types(view)? {
        let count = overview::count(view, &entity_type, &ask.scope.names, ask.include_inactive)?;
        if count > 0 {
            types.push(format!("{} {count}", inline(&entity_type, 40)));
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
    let (documents, passages) = overview::documents(view, &ask.scope.names)?;
    page.section(Section {
        title: "What there is",
        intro: vec![
            format!("- Entities by type: {entities}"),
            format!(
                "- Memories: {remembered}; waiting for approval: {} entities, {} memories",
                waiting.0, waiting.1
            ),
            format!("- Sources: {documents} documents in {passages} passages"),
        ],
        lines: Vec::new(),
        total: 0,
        share: 900,
    });
    Ok(())
}

fn map(view: &View<'_>, ask: &Ask, project: &ResolvedProject, page: &mut Page) -> Result<()> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    let mut counts = [0; 3];
    for (count, entity_type) in counts.iter_mut().zip(["system", "subsystem", "component"]) {
        *count = overview::count(view, entity_type, scope, all)?;
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
    let found = system_map::answer(view, &Ask { page: first, ..ask.clone() })?;
    let mut lines = Vec::new();
    for row in &found.page.items {
        let Subject::Entity(entity) = &row.subject else { continue };
        let depth = row.said.get("depth").and_then(serde_json::Value::as_u64).unwrap_or_default();
        // Deeper parts stand as deep as a reader can follow.
        let indent = "  ".repeat(depth.min(6) as usize);
        let kind = inline(&entity.entity_type, 40);
        // Components are many: their names say enough here.
        let text = if kind == "component" { String::new() } else { said_of(entity) };
        lines.push(format!("{indent}- {kind} {}{text}", title(view, project, entity)?));
    }
    page.section(Section {
        title: "System map",
        intro: Vec::new(),
        lines,
        total: found.page.total,
        share: 3_000,
    });
    Ok(())
}

/// The systems of a project that is too large for a map on a page.
fn systems_only(
    view: &View<'_>,
    ask: &Ask,
    project: &ResolvedProject,
    page: &mut Page,
    intro: String,
    total: i64,
) -> Result<()> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    let mut lines = Vec::new();
    for entity in entities(view, &overview::first(view, "system", scope, all, MAX_LINES)?)? {
        lines.push(format!("- system {}", named(view, project, &entity)?));
    }
    let intro = vec![intro];
    page.section(Section { title: "System map", intro, lines, total, share: 3_000 });
    Ok(())
}

fn requirements(
    view: &View<'_>,
    ask: &Ask,
    project: &ResolvedProject,
    page: &mut Page,
) -> Result<()> {
    let counts = store::coverage::counts(view, &ask.scope.names, None, ask.include_inactive)?;
    let total: i64 = counts.iter().sum();
    if total == 0 {
        return Ok(());
    }
    let coverage: Vec<String> = Verdict::ALL
        .iter()
        .zip(counts)
        .map(|(verdict, count)| format!("{} {count}", verdict.name()))
        .collect();
    let (orphans, lines) = gap_lines(view, ask, project, Gap::OrphanRequirement)?;
    let mut intro = vec![format!("{total} requirements: {}.", coverage.join(", "))];
    if orphans > 0 {
        intro.push(format!("{MARK} Nothing satisfies {orphans} of them:"));
    }
    let title = "Requirements";
    page.section(Section { title, intro, lines, total: orphans, share: 1_200 });
    Ok(())
}

fn claims(view: &View<'_>, ask: &Ask, project: &ResolvedProject, page: &mut Page) -> Result<()> {
    let (total, lines) = gap_lines(view, ask, project, Gap::UnsupportedClaim)?;
    let title = "Claims without support";
    page.section(Section { title, intro: Vec::new(), lines, total, share: 700 });
    Ok(())
}

/// The rows with a gap, each marked.
fn gap_lines(
    view: &View<'_>,
    ask: &Ask,
    project: &ResolvedProject,
    gap: Gap,
) -> Result<(i64, Vec<String>)> {
    let (total, ids) = with_gap(view, ask, gap)?;
    let mut lines = Vec::new();
    for entity in entities(view, &ids)? {
        lines.push(format!("- {MARK} {}", named(view, project, &entity)?));
    }
    Ok((total, lines))
}

fn with_gap(view: &View<'_>, ask: &Ask, gap: Gap) -> Result<(i64, Vec<String>)> {
    let wanted = Wanted {
        projects: &ask.scope.names,
        all: ask.include_inactive,
        after: ("", ""),
        limit: MAX_LINES,
    };
    let (total, places) = gaps::list(view, gap, &wanted)?;
    Ok((total, places.into_iter().map(|(id, _)| id).collect()))
}

/// Decisions with what they rest on; first those that rest on something that has fallen.
fn decisions(view: &View<'_>, ask: &Ask, project: &ResolvedProject, page: &mut Page) -> Result<()> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    let total = overview::count(view, "decision", scope, all)?;
    let (risky, mut ids) = with_gap(view, ask, Gap::RiskyDecision)?;
    for id in overview::first(view, "decision", scope, all, MAX_LINES)? {
        if !ids.contains(&id) && ids.len() < MAX_LINES as usize {
            ids.push(id);
        }
    }
    let mut lines = Vec::new();
    for entity in entities(view, &ids)? {
        let (assumptions, count) = gaps::assumptions(view, &entity.id, false, 4)?;
        let mark = if assumptions.iter().any(|a| a.fallen) { "⚠ " } else { "" };
        let mut line = format!("- {mark}{}", title(view, project, &entity)?);
        for (at, assumption) in assumptions.iter().enumerate() {
            line.push_str(if at == 0 { " rests on " } else { ", " });
            line.push_str(&rests_on(view, assumption)?);
        }
        if count > assumptions.len() as i64 {
            line.push_str(&format!(" and {} more", count - assumptions.len() as i64));
        }
        lines.push(line + &said_of(&entity));
    }
    let mut intro = Vec::new();
    if risky > 0 {
        intro.push(format!("{MARK} {risky} of {total} rest on an assumption that has fallen."));
    }
    page.section(Section { title: "Decisions", intro, lines, total, share: 2_000 });
    Ok(())
}

fn rests_on(view: &View<'_>, assumption: &Assumption) -> Result<String> {
    let name = strong(&assumption.node.name, NAME);
    if !assumption.fallen {
        return Ok(name);
    }
    let why = match assumption.node.status {
        Status::Superseded | Status::Invalid => assumption.node.status.as_str(),
        _ => "flagged",
    };
    let head = match store::entities::get(view, &assumption.node.id)? {
        Some(entity) => lifecycle::successors(view, &entity)?.pop(),
        None => None,
    };
    let head = head.map(|head| match head.status {
        Status::Active => format!(" by {}", strong(&head.name, NAME)),
        status => format!(" by {}, {}", strong(&head.name, NAME), status.as_str()),
    });
    Ok(format!("{name} ({MARK} {why}{})", head.unwrap_or_default()))
}

fn risks(view: &View<'_>, ask: &Ask, project: &ResolvedProject, page: &mut Page) -> Result<()> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    let mut lines = Vec::new();
    for entity in entities(view, &overview::first(view, "risk", scope, all, MAX_LINES)?)? {
        lines.push(format!("- {}", named(view, project, &entity)?));
    }
    let total = overview::count(view, "risk", scope, all)?;
    page.section(Section { title: "Risks", intro: Vec::new(), lines, total, share: 800 });
    Ok(())
}

fn open_conflicts(view: &View<'_>, ask: &Ask, _: &ResolvedProject, page: &mut Page) -> Result<()> {
    let first = PageRequest::new(List::Conflicts, Some(10), None)?;
    let open = conflicts::list(view, &ask.scope, false, &first)?;
    let lines = open.items.iter().map(|shown| {
        let sides: Vec<String> = shown
            .members
            .iter()
            .take(3)
            .map(|side| format!("“{}”", inline(&side.member.value_snapshot, NAME)))
            .collect();
        let more = match shown.member_count - sides.len() {
            0 => String::new(),
            left => format!(" and {left} more"),
        };
        let kind = inline(&shown.conflict.slot_kind, 60);
        let name = strong(&shown.slot_name, NAME);
        let id = inline(&shown.conflict.handle, 40);
        format!("- {MARK} {kind} of {name}: {}{more} (conflict {id})", sides.join(" against "))
    });
    let (title, intro) = ("Open conflicts", Vec::new());
    let lines = lines.collect();
    page.section(Section { title, intro, lines, total: open.total, share: 1_100 });
    Ok(())
}

fn go_on(_: &View<'_>, _: &Ask, _: &ResolvedProject, page: &mut Page) -> Result<()> {
    let lines = [
        "- The question all_gaps lists everything marked ⚠ except conflicts, which have a list of their own.",
        "- The question traceability_matrix names the designs and validations of each requirement.",
        "- Search finds an entity by its words; on its own it is shown with its links and sources.",
        "- The review queue lists the candidates that wait for approval.",
    ];
    page.section(Section {
        title: "How to go on",
        intro: lines.map(str::to_owned).to_vec(),
        lines: Vec::new(),
        total: 0,
        share: 700,
    });
    Ok(())
}

fn entities(view: &View<'_>, ids: &[String]) -> Result<Vec<Entity>> {
    let found = ids.iter().map(|id| store::entities::get(view, id));
    Ok(found.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// An entity in a line of its own: what it is called, what is odd about it, what it is, and a source.
fn named(view: &View<'_>, project: &ResolvedProject, entity: &Entity) -> Result<String> {
    Ok(title(view, project, entity)? + &said_of(entity))
}

fn title(view: &View<'_>, project: &ResolvedProject, entity: &Entity) -> Result<String> {
    let mut line = strong(&entity.name, NAME);
    if entity.project.is_empty() && !project.name.is_empty() {
        line.push_str(" (global)");
    }
    if entity.status != Status::Active {
        line.push_str(&format!(" ({})", entity.status));
    }
    if overview::in_open_conflict(view, &entity.id)? {
        line.push_str(&format!(" {MARK} in conflict"));
    }
    Ok(line)
}

fn said_of(entity: &Entity) -> String {
    let text = match entity.description.as_str() {
        "" => String::new(),
        text => format!(": {}", inline(text, TEXT)),
    };
    match entity.source_refs.first() {
        Some(source) => format!("{text} (from {})", inline(source, 60)),
        None => text,
    }
}
