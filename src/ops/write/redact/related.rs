//! Rows related to a redacted row, which may repeat its contents. They are reported, not changed.

use super::row::{RedactableRow, Related};
use crate::model::{Kind, Result, source_ref};
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::store::View;
use crate::store::redaction::{self, Mention};

/// Maximum number of rows reported for one relation.
const MAX_RELATED: i64 = 100;

/// Finds the rows related to a row. Call it before the redaction.
pub fn find_related(view: &View<'_>, row: &RedactableRow) -> Result<Vec<Related>> {
    let mut found = RelatedCollector { view, rows: Vec::new() };
    match row {
        RedactableRow::Entity(row) => {
            found.add("entity", "superseded by it", row.replaced(view)?);
            found.add("entity", "superseded it", row.replacement(view)?);
            found.sources(&row.source_refs);
            found.mentions("memory", "graduated to it", GRADUATED, &row.id)?;
            found.add(
                "relationship",
                "links it",
                redaction::list_links(view, &row.id, MAX_RELATED)?,
            );
        }
        RedactableRow::Memory(row) => {
            found.add("entity", "it graduated to this", row.graduated_to_entity_id.clone());
            found.add("memory", "superseded it", row.superseded_by.clone());
            found.add("memory", "superseded by it", row.replaced(view)?);
            found.add("chunk", "it was taken from this", row.source_chunk_id.clone());
            found.citing("memory", &row.id)?;
            found.mentions("interaction", "used it", USED, &format!("\"{}\"", row.id))?;
        }
        RedactableRow::Interaction(row) => found.citing("interaction", &row.id)?,
        RedactableRow::Relationship(row) => found.sources(&row.source_refs),
        RedactableRow::Conflict(row) => {
            for member in &row.members {
                let kind = Kind::parse(&member.member_kind);
                let kind = kind.map_or("row", Kind::as_str);
                found.add(kind, "a member of it", Some(member.member_id.clone()));
            }
        }
        RedactableRow::State(_) => {}
    }
    let (kind, id) = row.subject();
    for (kind, id) in redaction::with_same_note(view, kind, id, MAX_RELATED)? {
        if let Some(kind) = Kind::parse(&kind) {
            found.add(kind.as_str(), "its audit has the same note", [id]);
        }
    }
    Ok(found.rows)
}

const GRADUATED: Mention = Mention { table: "memories", column: "graduated_to_entity_id" };
const USED: Mention = Mention { table: "interactions", column: "memories_used" };
const SOURCES: [(&str, Mention); 2] = [
    ("entity", Mention { table: "entities", column: "source_refs" }),
    ("relationship", Mention { table: "relationships", column: "source_refs" }),
];

struct RelatedCollector<'v, 'c> {
    view: &'v View<'c>,
    rows: Vec<Related>,
}

impl RelatedCollector<'_, '_> {
    fn add(
        &mut self,
        kind: &'static str,
        how: &'static str,
        ids: impl IntoIterator<Item = String>,
    ) {
        self.rows.extend(ids.into_iter().map(|id| Related { kind, id, how }));
    }

    /// Adds the stored rows that a row cites.
    fn sources(&mut self, refs: &[String]) {
        for kind in ["memory", "chunk", "interaction"] {
            let ids: Vec<String> = source_ref::targets_of(refs, kind).map(str::to_owned).collect();
            self.add(kind, "it cited this", ids);
        }
    }

    /// Adds the rows that cite a row.
    fn citing(&mut self, scheme: &str, id: &str) -> Result<()> {
        for (kind, at) in SOURCES {
            self.mentions(kind, "cites it", at, &format!("\"{scheme}:{id}\""))?;
        }
        Ok(())
    }

    fn mentions(
        &mut self,
        kind: &'static str,
        how: &'static str,
        at: Mention,
        text: &str,
    ) -> Result<()> {
        let ids = redaction::list_mentioning(self.view, &at, text, MAX_RELATED)?;
        self.add(kind, how, ids);
        Ok(())
    }
}
