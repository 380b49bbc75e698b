//! Active entities of a scope that may have a mark because of a row or source that they rest on.

use super::conditions::in_projects;
use super::link_facts::{PLACE, SortedId, read_sorted_id};
use super::literals::ACTIVE;
use super::marks::unreviewed_index;
use super::tx::View;
use crate::model::Result;
use crate::model::mark::SUPPORTS;
use crate::params;

/// Lists active entities with a link to an entity that is not active, flagged or changed, or with a
/// citation, by name. Which of them have a mark is decided from the facts of each.
pub fn list_possibly_marked(view: &View<'_>, projects: &[Option<String>]) -> Result<Vec<SortedId>> {
    let (scope, first, second) = in_projects(projects);
    let inactive = format!("x.status <> '{ACTIVE}'");
    let unsound = [
        ("idx_entities_inactive", inactive.as_str()),
        ("idx_entities_flagged", "instr(x.properties, '\"flagged\"') > 0"),
    ];
    let (source, target) = ("source_entity_id", "target_entity_id");
    let mut sides = Vec::new();
    for from in unsound {
        sides.push(select_ends(from, target, source, ""));
        let supports = format!("AND r.relationship_type = '{SUPPORTS}'");
        sides.push(select_ends(from, source, target, &supports));
    }
    for (changed, reviewed) in [(source, "reviewed_source"), (target, "reviewed_target")] {
        for wanted in [source, target] {
            sides.push(format!(
                "SELECT r.{wanted} AS id FROM relationships r INDEXED BY {} \
                 WHERE r.{wanted} > '' AND r.{reviewed} = 0 AND r.status = '{ACTIVE}'",
                unreviewed_index(wanted)
            ));
        }
        let from = ("idx_entities_revised", "x.content_version > 1");
        let unreviewed = format!("AND x.content_version > r.{reviewed}");
        sides.push(select_ends(from, changed, source, &unreviewed));
        sides.push(select_ends(from, changed, target, &unreviewed));
    }
    let sql = format!(
        "SELECT {PLACE} AS place, e.id AS id FROM ({}) n CROSS JOIN entities e ON e.id = n.id \
         WHERE e.status = '{ACTIVE}' AND {scope} \
         UNION SELECT {PLACE}, e.id FROM entities e WHERE e.status = '{ACTIVE}' AND {scope} \
         AND (e.source_digests <> '{{}}' OR instr(e.source_refs, 'memory:') > 0 \
         OR instr(e.source_refs, 'chunk:') > 0) ORDER BY place, id",
        sides.join(" UNION ")
    );
    view.conn.all(&sql, params![first, second], read_sorted_id)
}

/// Lists active memories that cite a chunk.
pub fn list_citing_memories(view: &View<'_>, projects: &[Option<String>]) -> Result<Vec<String>> {
    let (scope, first, second) = in_projects(projects);
    let sql = format!(
        "SELECT e.id AS id FROM memories e WHERE e.status = '{ACTIVE}' AND {scope} \
         AND e.source_digests <> '{{}}' ORDER BY e.created_at, e.id"
    );
    view.conn.all(&sql, params![first, second], |row| row.text("id"))
}

/// Selects one end of the active links that have an entity `x` of a partial index at an end.
fn select_ends((index, indexed): (&str, &str), at: &str, wanted: &str, condition: &str) -> String {
    format!(
        "SELECT r.{wanted} AS id FROM entities x INDEXED BY {index} \
         CROSS JOIN relationships r ON r.{at} = x.id WHERE {indexed} \
         AND r.status = '{ACTIVE}' {condition}"
    )
}
