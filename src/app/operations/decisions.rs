//! Decisions about entities: promote, reject, supersede, invalidate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entities::ChangedEntity;
use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Decision, Effect, Operation, WriteOperation};
use crate::app::present::memories::{MemoryBrief, memory_briefs};
use crate::app::present::revisions::RevisionView;
use crate::app::present::rows::{EntityBrief, ProjectUsed, entity_briefs};
use crate::app::present::text::Text;
use crate::model::link_policy::LinkPolicy;
use crate::model::{Entity, Kind, NextStep, Result};
use crate::ops::write::lifecycle::{self, LifecycleOutcome};
use crate::ops::write::{projects, promotion, revisions};
use crate::store::Tx;

/// An entity, and the version that the caller expects.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntityTarget {
    entity_id: String,
    /// Refuse if changed since.
    expected_version: Option<i64>,
}

/// Makes a candidate active.
pub struct PromoteEntity;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromoteEntityArgs {
    entity_id: String,
    /// Move it to this project first, or to global.
    target_project: Option<String>,
    /// Refuse if changed since.
    expected_version: Option<i64>,
}

/// An entity after its promotion, with the memories that graduated into it.
#[derive(Serialize, JsonSchema)]
pub struct PromotedEntity {
    #[serde(flatten)]
    promoted: ChangedEntity,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    graduated: Vec<MemoryBrief>,
    /// Entities that it was proposed to replace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    superseded: Vec<EntityBrief>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

impl Operation for PromoteEntity {
    type Args = PromoteEntityArgs;
    type Output = PromotedEntity;
    const ABOUT: About = About::new(
        "promote_entity",
        "Promote entity",
        Effect::Adds,
        "Approve a candidate as a person or a rule decided: it becomes active. Memories \
         that it came from graduate.",
    )
    .decides(Decision::Everything);
}

impl WriteOperation for PromoteEntity {
    fn run(tx: &Tx<'_>, args: PromoteEntityArgs, note: &str) -> Result<Written<PromotedEntity>> {
        let project = args.target_project.as_deref();
        Self::promote(tx, &args.entity_id, project, args.expected_version, note)
    }
}

impl PromoteEntity {
    pub fn promote(
        tx: &Tx<'_>,
        id: &str,
        project: Option<&str>,
        expected_version: Option<i64>,
        note: &str,
    ) -> Result<Written<PromotedEntity>> {
        let done = promotion::promote_entity(tx, id, project, expected_version, note)?;
        let used = project.map(|_| projects::resolve(tx, &done.outcome.row.project)).transpose()?;
        let graduated = memory_briefs(tx, &done.graduated, &done.outcome.row.project)?;
        let superseded = entity_briefs(tx, &done.superseded, &done.outcome.row.project)?;
        let project_used = used.as_ref().and_then(ProjectUsed::if_new);
        let promoted = ChangedEntity::written(tx, done.outcome)?;
        Ok(promoted.map(|promoted| PromotedEntity {
            promoted,
            graduated,
            superseded,
            project_used,
        }))
    }
}

impl From<ChangedEntity> for PromotedEntity {
    fn from(promoted: ChangedEntity) -> Self {
        let (graduated, superseded, project_used) = Default::default();
        Self { promoted, graduated, superseded, project_used }
    }
}

impl Output for PromotedEntity {
    fn write_text(&self, text: &mut Text) {
        self.promoted.write_text(text);
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.list("graduated", &self.graduated, |memory| {
            Some(format!("graduated {}", memory.line()))
        });
        text.list("superseded", &self.superseded, |entity| {
            Some(format!("superseded {}", entity.line()))
        });
    }
}

/// Rejects a candidate.
pub struct RejectEntity;

impl Operation for RejectEntity {
    type Args = EntityTarget;
    type Output = ChangedEntity;
    const ABOUT: About = About::new(
        "reject_entity",
        "Reject entity",
        Effect::Replaces,
        "Reject a candidate; it becomes invalid and stays on record.",
    )
    .decides(Decision::Everything);
}

impl WriteOperation for RejectEntity {
    fn run(tx: &Tx<'_>, args: EntityTarget, note: &str) -> Result<Written<ChangedEntity>> {
        let done = lifecycle::reject(tx, &args.entity_id, args.expected_version, note)?;
        ChangedEntity::written(tx, done)
    }
}

/// Ends an entity that was true until now.
pub struct SupersedeEntity;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupersedeEntityArgs {
    entity_id: String,
    superseded_by: Option<String>,
    /// Go on at the new one, or stay.
    #[serde(default)]
    links: LinkPolicy,
    /// Refuse if changed since.
    expected_version: Option<i64>,
}

impl Operation for SupersedeEntity {
    type Args = SupersedeEntityArgs;
    type Output = ChangedEntity;
    const ABOUT: About = About::new(
        "supersede_entity",
        "Supersede entity",
        Effect::Replaces,
        "Retire an entity that was true until now, naming its replacement if there is one.",
    );
}

impl WriteOperation for SupersedeEntity {
    fn run(tx: &Tx<'_>, args: SupersedeEntityArgs, note: &str) -> Result<Written<ChangedEntity>> {
        let (id, version) = (&args.entity_id, args.expected_version);
        let by = args.superseded_by.as_deref();
        if let Some(by) = revisions::find_candidate::<Entity>(tx, by)? {
            let (row, proposed) =
                revisions::propose_supersession(tx, id, &by, args.links, version, note)?;
            let outcome =
                LifecycleOutcome { row, changed: false, audit_id: proposed.audit_id, joined: None };
            let revision = RevisionView::new(tx, &proposed.row)?;
            let step = NextStep::PromoteRow { kind: Kind::Entity, id: by.handle };
            return Ok(ChangedEntity::written(tx, outcome)?.about_revision(revision).next(step));
        }
        ChangedEntity::written(tx, lifecycle::supersede(tx, id, by, args.links, version, note)?)
    }
}

/// Ends an entity that was never true.
pub struct InvalidateEntity;

impl Operation for InvalidateEntity {
    type Args = EntityTarget;
    type Output = ChangedEntity;
    const ABOUT: About = About::new(
        "invalidate_entity",
        "Invalidate entity",
        Effect::Replaces,
        "Mark an entity as wrong: it was never true; note must say why.",
    );
}

impl WriteOperation for InvalidateEntity {
    fn run(tx: &Tx<'_>, args: EntityTarget, note: &str) -> Result<Written<ChangedEntity>> {
        let done = lifecycle::invalidate(tx, &args.entity_id, args.expected_version, note)?;
        ChangedEntity::written(tx, done)
    }
}
