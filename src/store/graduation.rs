//! Memories by what becomes of them as typed facts: graduated, proposed, possible or never.

use std::collections::HashMap;

use super::conditions::{in_project, not_expired};
use super::literals::{ACTIVE, CANDIDATE, GRADUATED};
use super::memories::{COLUMNS, read_memory};
use super::tx::View;
use crate::model::memory::{GraduationCounts, MemoryType};
use crate::model::{Memory, Result};
use crate::params;

/// Returns the condition that a memory is active, not expired at `?1`, and of a type that graduates
/// (or not).
fn is_current(graduates: bool) -> String {
    let types = MemoryType::ALL.into_iter().filter(|kind| kind.can_graduate() == graduates);
    let types: Vec<&str> = types.map(MemoryType::as_str).collect();
    let types = types.join("', '");
    let unexpired = not_expired("m.valid_until", "?1");
    format!("m.status = '{ACTIVE}' AND m.memory_type IN ('{types}') AND {unexpired}")
}

/// Selects the ids of the memories that candidate entities cite.
fn select_proposed() -> String {
    format!(
        "SELECT substr(s.value, 8) FROM entities e CROSS JOIN json_each( \
         iif(json_valid(e.source_refs), e.source_refs, '[]')) s \
         WHERE e.status = '{CANDIDATE}' AND substr(s.value, 1, 7) = 'memory:'"
    )
}

/// Counts the memories of a project, or of all, without those that are proposed.
pub fn count_graduation(view: &View<'_>, project: Option<&str>) -> Result<GraduationCounts> {
    let (scope, project) = in_project("m.project", "?2", project);
    let now = view.now.to_string();
    let count = |condition: &str| {
        let sql = format!(
            "SELECT count(*) AS n FROM memories m WHERE {scope} AND {condition} AND ?1 <> ''"
        );
        view.conn.number(&sql, params![&now, project])
    };
    Ok(GraduationCounts {
        graduated: count(&format!("m.status = '{GRADUATED}'"))?,
        proposed: 0,
        possible: count(&is_current(true))?,
        never: count(&is_current(false))?,
    })
}

/// Counts the memories that candidate entities cite, by project.
pub fn count_proposed(view: &View<'_>) -> Result<HashMap<String, i64>> {
    let (current, proposed) = (is_current(true), select_proposed());
    let sql = format!(
        "SELECT m.project AS project, count(*) AS n FROM memories m \
         WHERE m.id IN ({proposed}) AND {current} GROUP BY m.project"
    );
    let rows = view.conn.all(&sql, params![&view.now.to_string()], |row| {
        Ok((row.text("project")?, row.integer("n")?))
    })?;
    Ok(rows.into_iter().collect())
}

/// Lists the active memories of a project, or of all, that may become entities and that no candidate
/// cites yet, after a position in creation order.
pub fn list_possible(
    view: &View<'_>,
    project: Option<&str>,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Memory>> {
    let (scope, project) = in_project("m.project", "?2", project);
    let (current, proposed) = (is_current(true), select_proposed());
    let sql = format!(
        "SELECT {COLUMNS} FROM memories m WHERE {scope} AND {current} AND m.id NOT IN ({proposed}) \
         AND (m.created_at, m.id) > (?3, ?4) ORDER BY m.created_at, m.id LIMIT ?5"
    );
    let now = view.now.to_string();
    view.conn.all(&sql, params![&now, project, after.0, after.1, limit], read_memory)
}
