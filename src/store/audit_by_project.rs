//! The table `audit_places`: which audit rows are about which project, and when they were made.
//!
//! It is derived. An audit row belongs to the current project of its subject, so that the history
//! of a row moves with it to another project; a link belongs to the project of its source.

use super::revisions;
use super::tx::{Tx, View};
use crate::model::event::{AuditEntry, ProjectPlace};
use crate::model::{Kind, Result, Timestamp};
use crate::params;

/// Returns the SQL for the current project of the subject `?1`.
fn project_of(kind: &str) -> &'static str {
    match Kind::parse(kind) {
        Some(Kind::Entity) => "SELECT project FROM entities WHERE id = ?1",
        Some(Kind::Memory) => "SELECT project FROM memories WHERE id = ?1",
        Some(Kind::Conflict) => "SELECT project FROM conflicts WHERE id = ?1",
        Some(Kind::Interaction) => "SELECT project FROM interactions WHERE id = ?1",
        Some(Kind::Revision) => "SELECT project FROM revisions WHERE id = ?1",
        Some(Kind::Project) => "SELECT name FROM projects WHERE id = ?1",
        Some(Kind::ProjectState) => {
            "SELECT p.name FROM project_state s JOIN projects p ON p.id = s.project_id \
             WHERE s.id = ?1"
        }
        Some(Kind::Relationship) => {
            "SELECT e.project FROM relationships r JOIN entities e ON e.id = r.source_entity_id \
             WHERE r.id = ?1"
        }
        Some(Kind::Store) | None => "SELECT '' WHERE ?1 <> ''",
    }
}

/// Adds the position of a new audit row.
pub(super) fn add_audit_row(
    tx: &Tx<'_>,
    entry: &AuditEntry,
    place: ProjectPlace<'_>,
) -> Result<()> {
    let AuditEntry { kind, subject_id, timestamp, seq, .. } = entry;
    match place {
        ProjectPlace::Project(project) => {
            let sql = "INSERT INTO audit_places (project, at, seq) VALUES (?1, ?2, ?3)";
            tx.change_uncovered(sql, params![project, &sortable_instant(timestamp), *seq]).map(drop)
        }
        ProjectPlace::OfEntity(id) => insert(tx, Kind::Entity.as_str(), id, timestamp, *seq),
        ProjectPlace::Unknown => insert(tx, kind, subject_id, timestamp, *seq),
    }
}

fn insert(tx: &Tx<'_>, kind: &str, subject: &str, timestamp: &str, seq: i64) -> Result<()> {
    let project = project_of(kind);
    let sql = format!(
        "INSERT INTO audit_places (project, at, seq) VALUES (coalesce(({project}), ''), ?2, ?3)"
    );
    tx.change_uncovered(&sql, params![subject, &sortable_instant(timestamp), seq]).map(drop)
}

/// Moves the audit rows of a subject, and those of an entity's links, to another project, each with
/// its revisions.
pub fn move_audit_rows(tx: &Tx<'_>, kind: Kind, id: &str, before: &str, now: &str) -> Result<()> {
    move_with_revisions(tx, id, before, now)?;
    if kind == Kind::Entity {
        let sql = "SELECT id FROM relationships WHERE source_entity_id = ?1";
        for link in tx.conn.all(sql, params![id], |row| row.text("id"))? {
            move_with_revisions(tx, &link, before, now)?;
        }
    }
    Ok(())
}

fn move_with_revisions(tx: &Tx<'_>, id: &str, before: &str, now: &str) -> Result<()> {
    move_subject(tx, id, before, now)?;
    let revisions = revisions::move_to(tx, id, now)?;
    revisions.iter().try_for_each(|revision| move_subject(tx, revision, before, now))
}

fn move_subject(tx: &Tx<'_>, id: &str, before: &str, now: &str) -> Result<()> {
    let sql = "SELECT seq, timestamp FROM memory_audit WHERE memory_id = ?1";
    let rows = tx.conn.all(sql, params![id], |row| {
        Ok((row.integer("seq")?, sortable_instant(&row.text("timestamp")?)))
    })?;
    for (seq, at) in rows {
        tx.change_uncovered(
            "UPDATE audit_places SET project = ?4 WHERE project = ?1 AND at = ?2 AND seq = ?3",
            params![before, &at, seq, now],
        )?;
    }
    Ok(())
}

/// Returns an instant in sortable form. Malformed text sorts before every instant.
fn sortable_instant(instant: &str) -> String {
    Timestamp::parse(instant).map(|instant| instant.to_string()).unwrap_or_default()
}

/// Rebuilds the table from scratch.
pub fn rebuild(tx: &Tx<'_>) -> Result<()> {
    const BATCH: i64 = 500;
    tx.change_uncovered("DELETE FROM audit_places", &[])?;
    let sql = "SELECT seq, memory_id, entity_kind, timestamp FROM memory_audit \
         WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let mut after = i64::MIN;
    loop {
        let batch = tx.conn.all(sql, params![after, BATCH], |row| {
            Ok((
                row.text("entity_kind")?,
                row.text("memory_id")?,
                row.text("timestamp")?,
                row.integer("seq")?,
            ))
        })?;
        for (kind, subject, timestamp, seq) in &batch {
            insert(tx, kind, subject, timestamp, *seq)?;
        }
        match batch.last() {
            Some((.., last)) => after = *last,
            None => return Ok(()),
        }
    }
}

/// Counts the audit rows that the table lacks, and the rows that it has in excess.
pub fn count_wrong(view: &View<'_>) -> Result<(i64, i64)> {
    let kinds: String = Kind::ALL
        .iter()
        .map(|kind| {
            let project = project_of(kind.as_str()).replace("?1", "a.memory_id");
            format!("WHEN '{}' THEN ({project}) ", kind.as_str())
        })
        .collect();
    let sql = format!(
        "SELECT seq, timestamp, coalesce(CASE entity_kind {kinds} END, '') AS project \
         FROM memory_audit a"
    );
    let place =
        "SELECT count(*) AS n FROM audit_places WHERE project = ?1 AND at = ?2 AND seq = ?3";
    let (mut present, mut missing) = (0, 0);
    view.conn.scan(&sql, &[], |row| {
        let (project, at) = (row.text("project")?, sortable_instant(&row.text("timestamp")?));
        match view.conn.number(place, params![&project, &at, row.integer("seq")?])? {
            0 => missing += 1,
            _ => present += 1,
        }
        Ok(())
    })?;
    let kept = view.conn.number("SELECT count(*) AS n FROM audit_places", &[])?;
    Ok((missing, kept - present))
}

/// Resolves a list of projects; `None` means every project in the audit log.
pub fn list_projects(view: &View<'_>, names: &[Option<String>]) -> Result<Vec<String>> {
    if let Some(named) = names.iter().cloned().collect::<Option<Vec<_>>>() {
        return Ok(named);
    }
    let sql = "WITH RECURSIVE p (name) AS (SELECT min(project) FROM audit_places \
         UNION ALL SELECT (SELECT min(project) FROM audit_places WHERE project > p.name) \
         FROM p WHERE p.name IS NOT NULL) SELECT name FROM p WHERE name IS NOT NULL";
    view.conn.all(sql, &[], |row| row.text("name"))
}

/// A row that changed between two places in the audit log.
#[derive(Debug, Clone)]
pub struct ChangedSubject {
    pub kind: Kind,
    pub id: String,
    /// The numbers of its first and last audit row in between.
    pub first: i64,
    pub last: i64,
}

/// Lists the rows of a project that changed after one audit row and until another, in the order of
/// their first change.
pub fn list_changed(
    view: &View<'_>,
    project: &str,
    after: i64,
    until: i64,
) -> Result<Vec<ChangedSubject>> {
    let sql = "SELECT a.entity_kind, a.memory_id, min(a.seq) AS first, max(a.seq) AS last \
         FROM audit_places p JOIN memory_audit a ON a.seq = p.seq \
         WHERE p.project = ?1 AND p.seq > ?2 AND p.seq <= ?3 \
         GROUP BY a.memory_id, a.entity_kind ORDER BY min(a.seq)";
    let subjects = view.conn.all(sql, params![project, after, until], |row| {
        let kind = Kind::parse(&row.text("entity_kind")?);
        let (id, first) = (row.text("memory_id")?, row.integer("first")?);
        let last = row.integer("last")?;
        Ok(kind.map(|kind| ChangedSubject { kind, id, first, last }))
    })?;
    Ok(subjects.into_iter().flatten().collect())
}

/// Counts the audit rows about a project since an instant.
pub fn count(view: &View<'_>, project: &str, since: &str) -> Result<i64> {
    let sql = "SELECT count(*) AS n FROM audit_places WHERE project = ?1 AND at >= ?2";
    view.conn.number(sql, params![project, since])
}

/// Lists the numbers of the newest audit rows about a project since an instant and before a number, by
/// the chain: the clock of a row may have been wrong.
pub fn list_newest(
    view: &View<'_>,
    project: &str,
    since: &str,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<i64>> {
    // Without it, a search for few rows would read all older ones.
    let first =
        "SELECT coalesce(min(seq), 0) AS n FROM audit_places WHERE project = ?1 AND at >= ?2";
    let first =
        if since.is_empty() { 0 } else { view.conn.number(first, params![project, since])? };
    let sql = "SELECT seq FROM audit_places WHERE project = ?1 AND seq >= ?2 AND seq < ?3 \
         AND at >= ?4 ORDER BY seq DESC LIMIT ?5";
    let params = params![project, first, before.unwrap_or(i64::MAX), since, limit];
    view.conn.all(sql, params, |row| row.integer("seq"))
}
