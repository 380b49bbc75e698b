//! The sections about gaps: contradicted entities, requirements and claims.

use super::lines::{MARK, NAME, ShownEntities};
use super::page::{OverviewPage, OverviewSection};
use crate::model::markup::{inline_text, strong_text};
use crate::model::{Entity, Gap, ResolvedProject, Result};
use crate::ops::read::queries::checked::CheckedQuestion;
use crate::ops::read::queries::{coverage, gaps};
use crate::store::contradictions::{self, Contradiction};
use crate::store::{View, link_facts};

/// Maximum number of reasons of a marked entity.
const MAX_REASONS: usize = 2;
/// Maximum number of lines prepared for a list.
pub const MAX_LINES: i64 = 40;

pub fn write_requirements(
    view: &View<'_>,
    ask: &CheckedQuestion,
    project: &ResolvedProject,
    page: &mut OverviewPage,
) -> Result<()> {
    let found = link_facts::list_requirements(view, None, &ask.scope.names, ask.include_inactive)?;
    let total = found.len();
    if total == 0 {
        return Ok(());
    }
    let counts = coverage::count_verdicts(view, &found)?;
    let verdicts: Vec<String> =
        coverage::name_counts(counts).map(|(name, count)| format!("{name} {count}")).collect();
    let (orphans, lines) = gap_lines(view, ask, project, Gap::OrphanRequirement)?;
    let mut intro = vec![format!("{total} requirements: {}.", verdicts.join(", "))];
    if orphans > 0 {
        intro.push(format!("{MARK} Nothing satisfies {orphans} of them:"));
    }
    let title = "Requirements";
    page.section(OverviewSection { title, intro, lines, total: orphans, share: 1_200 });
    Ok(())
}

/// Writes the entities that evidence contradicts, each with the evidence.
pub fn write_contradicted(
    view: &View<'_>,
    ask: &CheckedQuestion,
    project: &ResolvedProject,
    page: &mut OverviewPage,
) -> Result<()> {
    let (total, ids) = with_gap(view, ask, Gap::Contradicted)?;
    let against = contradictions::list_contradictions(view, &ids)?;
    let mut lines = Vec::new();
    let shown = ShownEntities::read(view, &ids)?;
    for entity in &shown.entities {
        let of_row: Vec<&Contradiction> =
            against.iter().filter(|one| one.entity_id == entity.id).collect();
        let names = of_row.iter().take(3).map(|one| strong_text(&one.by.name, NAME));
        let names = names.collect::<Vec<_>>().join(", ");
        let more = match of_row.len().saturating_sub(3) {
            0 => String::new(),
            left => format!(" and {left} more"),
        };
        let kind = inline_text(&entity.entity_type, 40);
        let title = shown.title(project, entity, true);
        lines.push(format!("- {title}, {kind}: contradicted by {names}{more}"));
    }
    let (title, intro) = ("Contradicted by evidence", Vec::new());
    page.section(OverviewSection { title, intro, lines, total, share: 1_000 });
    Ok(())
}

/// Writes the entities that have another mark, each with its reason.
pub fn write_marked(
    view: &View<'_>,
    ask: &CheckedQuestion,
    project: &ResolvedProject,
    page: &mut OverviewPage,
) -> Result<()> {
    let (total, ids) = with_gap(view, ask, Gap::Marked)?;
    let shown = ShownEntities::read(view, &ids)?;
    let line = |entity: &Entity| {
        let reasons = shown.marks.reasons(&entity.id).iter();
        let mut names: Vec<String> = reasons
            .filter(|reason| reason.mark.is_gap())
            .map(|reason| format!("{} is {}", strong_text(&reason.name, NAME), reason.state))
            .collect();
        names.truncate(MAX_REASONS);
        let kind = inline_text(&entity.entity_type, 40);
        format!("- {}, {kind}: {}", shown.title(project, entity, true), names.join(", "))
    };
    let (title, intro) = ("Marked", Vec::new());
    let lines = shown.entities.iter().map(line).collect();
    page.section(OverviewSection { title, intro, lines, total, share: 1_000 });
    Ok(())
}

pub fn write_claims(
    view: &View<'_>,
    ask: &CheckedQuestion,
    project: &ResolvedProject,
    page: &mut OverviewPage,
) -> Result<()> {
    let (total, lines) = gap_lines(view, ask, project, Gap::UnsupportedClaim)?;
    let title = "Claims without support";
    page.section(OverviewSection { title, intro: Vec::new(), lines, total, share: 700 });
    Ok(())
}

/// Returns the rows with a gap, each marked.
fn gap_lines(
    view: &View<'_>,
    ask: &CheckedQuestion,
    project: &ResolvedProject,
    gap: Gap,
) -> Result<(i64, Vec<String>)> {
    let (total, ids) = with_gap(view, ask, gap)?;
    let shown = ShownEntities::read(view, &ids)?;
    let items = shown.entities.iter().map(|entity| shown.item(project, entity, true));
    Ok((total, items.collect()))
}

/// Returns the number of entities with a gap, and the first of their ids.
pub fn with_gap(view: &View<'_>, ask: &CheckedQuestion, gap: Gap) -> Result<(i64, Vec<String>)> {
    let found = gaps::list_gaps(view, ask, gap)?;
    let total = found.len() as i64;
    Ok((total, found.into_iter().take(MAX_LINES as usize).map(|(_, id)| id).collect()))
}
