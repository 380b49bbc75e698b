//! Tools for relationships: link two entities, or end a link.

use super::about;
use crate::mcp::answer::Answer;
use crate::mcp::outputs::RelationshipChanged;
use crate::mcp::rows::{relationship_line, relationship_value};
use crate::mcp::tool::{Call, Effect, Tool};
use crate::model::Result;
use crate::ops::relationships::{self, NewRelationship};
use crate::store::Tx;

pub fn tools() -> Vec<Tool> {
    vec![Tool::write::<NewRelationship, RelationshipChanged>(
        about("create_relationship", "Create relationship", Effect::Replaces, CREATE_RELATIONSHIP),
        create,
    )]
}

const CREATE_RELATIONSHIP: &str = "Link two entities; the type reads from source to target, as \
    in component satisfies requirement. end: true ends an active link that no longer holds.";

fn create(tx: &Tx<'_>, call: &Call, new: NewRelationship) -> Result<Answer> {
    let done = relationships::create(tx, &new, &call.note)?;
    let word = match (done.changed, new.end) {
        (true, false) => "created",
        (true, true) => "ended",
        (false, _) => "unchanged",
    };
    Ok(Answer::new()
        .with("relationship", relationship_value(&done.row)?)
        .with("changed", done.changed)
        .with("created", done.changed && !new.end)
        .audit_id(done.audit_id)
        .line(format!("{word} {}", relationship_line(&done.row)))
        .next(format!("get_entity {} shows its links.", done.row.source_entity_id)))
}
