//! Corrects entities.

use schemars::JsonSchema;
use serde::Serialize;

use super::entities::{ChangedEntity, next_step_of};
use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Effect, Operation, WriteOperation};
use crate::app::present::rows::ProjectUsed;
use crate::app::present::text::Text;
use crate::model::{Kind, NextStep, Result};
use crate::ops::write::entities::{self, EntityUpdate};
use crate::ops::write::projects;
use crate::store::Tx;

/// Updates an entity.
pub struct UpdateEntity;

/// An entity after an update, and the project that it moved to, if that is not registered.
#[derive(Serialize, JsonSchema)]
pub struct UpdatedEntity {
    #[serde(flatten)]
    entity: ChangedEntity,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

impl Operation for UpdateEntity {
    type Args = EntityUpdate;
    type Output = UpdatedEntity;
    const BLANK_VALUES: &'static [&'static str] = &["description", "uid", "project"];
    const ABOUT: About = About::new(
        "update_entity",
        "Update entity",
        Effect::Replaces,
        "Correct fields, type or project of an entity, or add sources. If the fact itself changed, create the \
         new one and supersede the old.",
    )
    .with_own_project();
}

impl WriteOperation for UpdateEntity {
    fn run(tx: &Tx<'_>, edit: EntityUpdate, note: &str) -> Result<Written<UpdatedEntity>> {
        let done = entities::update(tx, &edit, note)?;
        let project = edit.project.as_ref().map(|_| projects::resolve(tx, &done.row.project));
        let project_used = project.transpose()?.as_ref().and_then(ProjectUsed::if_new);
        let registration = project_used.as_ref().map(ProjectUsed::registration);
        let next = next_step_of(Kind::Entity, done.row.handle.clone(), done.row.status, &[]);
        let audit_id = done.audit_id.clone();
        let output = UpdatedEntity { entity: ChangedEntity::new(tx, done)?, project_used };
        Ok(Written::new(output, audit_id, NextStep::join_steps(next, registration)))
    }
}

impl Output for UpdatedEntity {
    fn write_text(&self, text: &mut Text) {
        self.entity.write_text(text);
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
    }
}
