//! Renames and merges projects, and removes aliases.

use schemars::JsonSchema;
use serde::Serialize;

use super::projects::{MovedView, ProjectView};
use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Decision, Effect, Operation, Surface, WriteOperation};
use crate::app::present::text::Text;
use crate::model::Result;
use crate::ops::write::project_names::{self, AliasRemoval, ProjectMerge, ProjectRename};
use crate::ops::write::projects::Registered;
use crate::store::Tx;

/// Renames a project.
pub struct RenameProject;

/// A project after it was renamed, or another one was merged into it.
#[derive(Serialize, JsonSchema)]
pub struct ChangedProject {
    project: ProjectView,
    changed: bool,
    #[serde(flatten)]
    moved: MovedView,
}

impl ChangedProject {
    fn written(done: Registered) -> Written<Self> {
        let (changed, moved) = (done.audit_id.is_some(), MovedView::new(done.moved));
        let output = Self { project: ProjectView::new(done.row), changed, moved };
        Written::new(output, done.audit_id, None)
    }
}

impl Output for ChangedProject {
    fn write_text(&self, text: &mut Text) {
        let word = if self.changed { "changed" } else { "unchanged" };
        self.moved.write_text(text, &format!("{word} {}", self.project.line()));
    }
}

impl Operation for RenameProject {
    type Args = ProjectRename;
    type Output = ChangedProject;
    const ABOUT: About = About::new(
        "rename_project",
        "Rename project",
        Effect::Replaces,
        "Give a project another canonical name, at a person's word. Its rows follow; the old name \
         stays an alias.",
    )
    .decides(Decision::Everything)
    .on(Surface::OnRequest);
}

impl WriteOperation for RenameProject {
    fn run(tx: &Tx<'_>, args: ProjectRename, note: &str) -> Result<Written<ChangedProject>> {
        project_names::rename_project(tx, &args, note).map(ChangedProject::written)
    }
}

/// Merges a project into another one.
pub struct MergeProjects;

impl Operation for MergeProjects {
    type Args = ProjectMerge;
    type Output = ChangedProject;
    const ABOUT: About = About::new(
        "merge_projects",
        "Merge projects",
        Effect::Replaces,
        "Make a project part of another one, at a person's word: its rows, trusted facts and names \
         become those of the other.",
    )
    .decides(Decision::Everything)
    .on(Surface::OnRequest);
}

impl WriteOperation for MergeProjects {
    fn run(tx: &Tx<'_>, args: ProjectMerge, note: &str) -> Result<Written<ChangedProject>> {
        project_names::merge_projects(tx, &args, note).map(ChangedProject::written)
    }
}

/// Removes an alias of a project.
pub struct RemoveProjectAlias;

impl Operation for RemoveProjectAlias {
    type Args = AliasRemoval;
    type Output = ChangedProject;
    const ABOUT: About = About::new(
        "remove_project_alias",
        "Remove project alias",
        Effect::Replaces,
        "Take a wrong alias from a project, at a person's word. Rows stay where they are.",
    )
    .decides(Decision::Everything)
    .on(Surface::OnRequest);
}

impl WriteOperation for RemoveProjectAlias {
    fn run(tx: &Tx<'_>, args: AliasRemoval, note: &str) -> Result<Written<ChangedProject>> {
        project_names::remove_alias(tx, &args, note).map(ChangedProject::written)
    }
}
