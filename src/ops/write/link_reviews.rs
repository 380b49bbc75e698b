//! The review of links: it confirms that a link still holds after one of its ends changed.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::handle::HandleKind;
use crate::model::{
    Action, Entity, Error, Kind, Relationship, RelationshipStatus, Result, SubjectKind,
};
use crate::ops::record::row_id::resolve_id;
use crate::ops::record::{record_change, validate};
use crate::ops::write::lifecycle_rows::require_row;
use crate::store::{self, Tx};

/// The links to review.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkReview {
    #[serde(default)]
    pub relationship_ids: Vec<String>,
    /// All suspect links of this entity.
    pub entity_id: Option<String>,
}

/// The reviewed links.
#[derive(Debug, Clone)]
pub struct ReviewedLinks {
    /// Those that were suspect.
    pub changed: Vec<Relationship>,
    /// The number of links that had been reviewed already.
    pub unchanged: usize,
}

/// Marks links as reviewed against the present content of their ends.
pub fn review_links(tx: &Tx<'_>, review: &LinkReview, note: &str) -> Result<ReviewedLinks> {
    validate::text_length("note", note)?;
    let mut done = ReviewedLinks { changed: Vec::new(), unchanged: 0 };
    let mut seen = BTreeSet::new();
    for link in list_links(tx, review)? {
        if !seen.insert(link.id.clone()) {
            continue;
        }
        let after = Relationship {
            reviewed_source: store::entities::content_version(tx, &link.source_entity_id)?,
            reviewed_target: store::entities::content_version(tx, &link.target_entity_id)?,
            ..link.clone()
        };
        if after == link {
            done.unchanged += 1;
            continue;
        }
        record_change::record_change(tx, &link, &after, Action::Reviewed, note)?;
        done.changed.push(after);
    }
    Ok(done)
}

fn list_links(tx: &Tx<'_>, review: &LinkReview) -> Result<Vec<Relationship>> {
    let mut links = Vec::new();
    validate::at_most(
        "relationship_ids",
        review.relationship_ids.len(),
        validate::MAX_ROWS,
        "links",
    )?;
    for given in &review.relationship_ids {
        let id = resolve_id(tx, HandleKind::Relationship, given)?;
        let subject = SubjectKind::Row(Kind::Relationship);
        let link =
            store::relationships::get(tx, &id)?.ok_or_else(|| Error::not_found(subject, given))?;
        if link.status != RelationshipStatus::Active {
            return Err(Error::invalid(
                "relationship_ids",
                format!("the link {given} has ended"),
                "Leave it out; only an active link can be reviewed.",
            ));
        }
        links.push(link);
    }
    if let Some(given) = &review.entity_id {
        let entity: Entity = require_row(tx, given)?;
        links.extend(store::relationships::active_at(tx, &entity.id)?);
    }
    if links.is_empty() && review.entity_id.is_none() {
        return Err(Error::invalid(
            "relationship_ids",
            "no link is given",
            "Give relationship_ids, or entity_id for all links of an entity.",
        ));
    }
    Ok(links)
}
