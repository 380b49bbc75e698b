//! Creates and ends relationships.

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Effect, Operation, WriteOperation};
use crate::app::present::rows::RelationshipView;
use crate::app::present::text::Text;
use crate::model::{Kind, NextStep, RelationshipStatus, Result};
use crate::ops::write::relationships::{self, NewRelationship};
use crate::store::Tx;

/// Creates a relationship.
pub struct CreateRelationship;

/// A relationship after its creation or end.
#[derive(Serialize, JsonSchema)]
pub struct ChangedRelationship {
    relationship: RelationshipView,
    changed: bool,
    created: bool,
}

impl Operation for CreateRelationship {
    type Args = NewRelationship;
    type Output = ChangedRelationship;
    const ABOUT: About = About::new(
        "create_relationship",
        "Create relationship",
        Effect::Replaces,
        "Link two entities; the type reads from source to target, as in component satisfies \
         requirement. end: true ends an active link that no longer holds.",
    );
}

impl WriteOperation for CreateRelationship {
    fn run(tx: &Tx<'_>, new: NewRelationship, note: &str) -> Result<Written<ChangedRelationship>> {
        let done = relationships::create(tx, &new, note)?;
        let output = ChangedRelationship {
            relationship: RelationshipView::new(tx, &done.row)?,
            changed: done.changed,
            created: done.changed && !new.end,
        };
        let waits = done.row.status == RelationshipStatus::Candidate;
        let (kind, id) = (Kind::Relationship, done.row.handle.clone());
        let next = waits.then_some(NextStep::PromoteRow { kind, id });
        Ok(Written::new(output, done.audit_id, next))
    }
}

impl Output for ChangedRelationship {
    fn write_text(&self, text: &mut Text) {
        let ended = self.relationship.status.has_ended();
        let word = match (self.changed, ended) {
            (true, false) => "created",
            (true, true) => "ended",
            (false, _) => "unchanged",
        };
        text.line(format!("{word} {}", self.relationship.line()));
    }
}
