//! A private copy of the store, from which the changes after a place in the audit log are taken back:
//! the statements that only SQLite has.

use super::sql::Conn;
use crate::model::{Action, ConflictStatus, Kind, Result};
use crate::params;
use crate::store::past_stores::{PastCopy, Place, WordsState};
use crate::store::rows;
use crate::store::tx::{Tx, View};

/// Page cache of a copy in KiB, while it is made and afterwards.
const BUILDING_CACHE_KIB: u32 = 64_000;
const CACHE_KIB: u32 = 8_000;

/// The kinds of rows with a history.
const RESTORED: [Kind; 8] = [
    Kind::Project,
    Kind::Entity,
    Kind::Memory,
    Kind::Relationship,
    Kind::ProjectState,
    Kind::Interaction,
    Kind::Conflict,
    Kind::Revision,
];

/// Those among them with a column for their project.
const WITH_PROJECT: [Kind; 5] =
    [Kind::Entity, Kind::Memory, Kind::Interaction, Kind::Conflict, Kind::Revision];

/// Copies the store, and takes back what came after a place. `restore` restores the rows that
/// [`list_later`] lists, and returns the number of those that it leaves out.
pub fn build_copy(
    source: &Conn,
    place: Place,
    restore: impl FnOnce(&Conn) -> Result<i64>,
) -> Result<PastCopy> {
    let mut conn = Conn::temporary()?;
    source.copy_to(&mut conn)?;
    // A copy that fails is thrown away, so it needs no journal.
    conn.batch(&format!(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; \
         PRAGMA cache_size = -{BUILDING_CACHE_KIB};"
    ))?;
    let triggers = take_triggers(&conn)?;
    conn.begin("BEGIN")?;
    remove_later_rows(&conn, place)?;
    let left_out = restore(&conn)?;
    remove_leftovers(&conn, place)?;
    triggers.iter().try_for_each(|sql| conn.batch(sql))?;
    conn.batch(&format!("COMMIT; PRAGMA cache_size = -{CACHE_KIB};"))?;
    Ok(PastCopy { conn, left_out, words: WordsState::default() })
}

/// Drops the triggers, which keep the audit append-only, and returns the statements that make them.
fn take_triggers(conn: &Conn) -> Result<Vec<String>> {
    let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'";
    let triggers = conn.all(sql, &[], |row| Ok((row.text("name")?, row.text("sql")?)))?;
    triggers.iter().try_for_each(|(name, _)| conn.batch(&format!("DROP TRIGGER {name}")))?;
    Ok(triggers.into_iter().map(|(_, sql)| sql).collect())
}

/// Lists the rows that changed after the place in the table `later_rows`, and removes them. A row
/// whose earlier contents were erased stays as it is.
fn remove_later_rows(conn: &Conn, Place { seq, at }: Place) -> Result<()> {
    let (created, redacted) = (Action::Created.as_str(), Action::Redacted.as_str());
    let store = Kind::Store.as_str();
    conn.batch(&format!(
        "CREATE TABLE later_rows (number INTEGER PRIMARY KEY, kind TEXT, id TEXT, first INTEGER, \
         state TEXT, handle TEXT DEFAULT '', project TEXT DEFAULT ''); \
         INSERT INTO later_rows (kind, id, first, state) SELECT a.entity_kind, a.memory_id, a.seq, \
         CASE WHEN a.action = '{created}' THEN 'made' \
         WHEN a.before_json = '' OR a.action = '{redacted}' THEN 'erased' ELSE 'changed' END \
         FROM (SELECT min(seq) AS seq FROM memory_audit \
         WHERE seq > {seq} AND entity_kind <> '{store}' GROUP BY entity_kind, memory_id) l \
         JOIN memory_audit a ON a.seq = l.seq; \
         CREATE INDEX later_rows_kind ON later_rows (kind, state, number);"
    ))?;
    for kind in RESTORED {
        let (table, kind_name) = (rows::table_of(kind), kind.as_str());
        let project = match kind {
            Kind::Project => "name",
            kind if WITH_PROJECT.contains(&kind) => "project",
            _ => "''",
        };
        let changed =
            format!("SELECT id FROM later_rows WHERE kind = '{kind_name}' AND state <> 'erased'");
        conn.batch(&format!(
            "UPDATE later_rows SET (handle, project) = (SELECT handle, {project} FROM {table} t \
             WHERE t.id = later_rows.id) WHERE kind = '{kind_name}'; \
             DELETE FROM {table} WHERE id IN ({changed});"
        ))?;
    }
    // Rows of the Python system may have no history; these two kinds always have one.
    let always = [Kind::Conflict, Kind::Revision];
    for kind in RESTORED.into_iter().filter(|kind| !always.contains(kind)) {
        let table = rows::table_of(kind);
        conn.batch(&format!(
            "DELETE FROM {table} WHERE created_at > '{at}' \
             AND NOT EXISTS (SELECT 1 FROM memory_audit WHERE memory_id = {table}.id);"
        ))?;
    }
    conn.batch(&format!(
        "DELETE FROM source_documents WHERE ingested_at > '{at}'; \
         DELETE FROM claims WHERE owner_id IN (SELECT id FROM later_rows WHERE state <> 'erased'); \
         DELETE FROM folded_names \
         WHERE owner_id IN (SELECT id FROM later_rows WHERE state <> 'erased'); \
         DELETE FROM former_names WHERE owner_id IN (SELECT id FROM later_rows WHERE state = 'made'); \
         DELETE FROM project_aliases \
         WHERE project_id IN (SELECT id FROM later_rows WHERE state <> 'erased');"
    ))
}

/// A row that changed after the place.
pub struct LaterRow {
    pub number: i64,
    /// The number of its first later audit row.
    pub first: i64,
    pub kind: Kind,
    pub id: String,
    pub handle: String,
    /// The project that it belongs to today; of a project, its name today.
    pub project: String,
    /// The snapshot from before the first later change; empty if it was erased.
    pub before: String,
}

/// What can be done with a row that changed after the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaterState {
    /// It is restored from its snapshot.
    Changed,
    /// Redaction has erased its snapshot.
    Erased,
}

impl LaterState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Erased => "erased",
        }
    }
}

/// Lists rows of a kind that changed after the place, after a number.
pub fn list_later(
    view: &View<'_>,
    kind: Kind,
    state: LaterState,
    after: i64,
    limit: i64,
) -> Result<Vec<LaterRow>> {
    let sql = "SELECT l.number, l.first, l.id, l.handle, l.project, a.before_json FROM later_rows l \
         LEFT JOIN memory_audit a ON a.seq = l.first \
         WHERE l.kind = ?1 AND l.state = ?2 AND l.number > ?3 ORDER BY l.number LIMIT ?4";
    view.conn.all(sql, params![kind.as_str(), state.as_str(), after, limit], |row| {
        Ok(LaterRow {
            number: row.integer("number")?,
            first: row.integer("first")?,
            kind,
            id: row.text("id")?,
            handle: row.text("handle")?,
            project: row.text("project")?,
            before: row.text("before_json")?,
        })
    })
}

/// Whether a project changed its name after the place, or became part of another.
pub fn moves_names(view: &View<'_>) -> Result<bool> {
    let sql = "SELECT count(*) AS n FROM memory_audit a JOIN later_rows l \
         ON l.id = a.memory_id AND a.seq >= l.first WHERE l.kind = ?1 AND a.action IN (?2, ?3)";
    let (project, renamed, merged) =
        (Kind::Project.as_str(), Action::Renamed.as_str(), Action::Merged.as_str());
    Ok(view.conn.number(sql, params![project, renamed, merged])? > 0)
}

/// Lists the actions on a row up to the place, the newest first.
pub fn list_actions(view: &View<'_>, row: &LaterRow) -> Result<Vec<Action>> {
    let sql = "SELECT action FROM memory_audit WHERE memory_id = ?1 AND entity_kind = ?2 \
         AND seq < (SELECT first FROM later_rows WHERE number = ?3) ORDER BY seq DESC";
    let actions = view.conn.all(sql, params![&row.id, row.kind.as_str(), row.number], |row| {
        Ok(Action::parse(&row.text("action")?))
    })?;
    Ok(actions.into_iter().flatten().collect())
}

/// Gives a row of the copy a status. An open conflict has no resolution.
pub fn set_status(tx: &Tx<'_>, row: &LaterRow, status: &str) -> Result<()> {
    let table = rows::table_of(row.kind);
    let sql = format!("UPDATE {table} SET status = ?2 WHERE id = ?1");
    tx.change_uncovered(&sql, params![&row.id, status])?;
    if row.kind == Kind::Conflict {
        let sql = "UPDATE conflicts SET resolution = '', resolved_at = NULL \
             WHERE id = ?1 AND status = ?2";
        tx.change_uncovered(sql, params![&row.id, ConflictStatus::Open.as_str()])?;
    }
    Ok(())
}

/// Gives rows without snapshots, which moved with a project, the name that it had.
pub fn move_names(tx: &Tx<'_>, today: &str, then: &str) -> Result<()> {
    for table in
        ["source_documents", "interactions", "revisions", "search_rows", "entities", "memories"]
    {
        let sql = format!("UPDATE {table} SET project = ?2 WHERE project = ?1");
        tx.change_uncovered(&sql, params![today, then])?;
    }
    Ok(())
}

/// Removes a row from the copy.
pub fn remove_row(tx: &Tx<'_>, kind: Kind, id: &str) -> Result<()> {
    let sql = format!("DELETE FROM {} WHERE id = ?1", rows::table_of(kind));
    tx.change_uncovered(&sql, params![id]).map(drop)
}

/// Removes what belongs to rows that are gone, later audit rows and operations, and secrets.
fn remove_leftovers(conn: &Conn, Place { seq, .. }: Place) -> Result<()> {
    conn.batch(&format!(
        "DELETE FROM source_chunks WHERE document_id NOT IN (SELECT id FROM source_documents); \
         DELETE FROM source_files WHERE document_id NOT IN (SELECT id FROM source_documents); \
         DELETE FROM conflict_members WHERE conflict_id NOT IN (SELECT id FROM conflicts); \
         DELETE FROM audit_places WHERE seq > {seq}; \
         DELETE FROM memory_audit WHERE seq > {seq}; \
         DELETE FROM operations WHERE first_seq > {seq}; \
         UPDATE operations SET last_seq = {seq} WHERE last_seq > {seq}; \
         DELETE FROM idempotency_keys; DELETE FROM access_tokens;"
    ))
}

/// Removes the words of rows that are gone.
pub fn remove_words(conn: &Conn) -> Result<()> {
    let gone = |kind: &str, id: &str| {
        let tables = [
            (Kind::Entity.as_str(), rows::table_of(Kind::Entity)),
            (Kind::Memory.as_str(), rows::table_of(Kind::Memory)),
            (Kind::Interaction.as_str(), rows::table_of(Kind::Interaction)),
            ("chunk", "source_chunks"),
        ];
        format!("NOT {}", rows::exists(kind, id, tables))
    };
    let unindexed = gone("s.kind", "s.id");
    let ended = gone("search_rows.kind", "search_rows.id");
    conn.batch(&format!(
        "DELETE FROM search_text WHERE rowid IN (SELECT place FROM search_rows s WHERE {unindexed}); \
         DELETE FROM search_rows WHERE {ended};"
    ))
}
