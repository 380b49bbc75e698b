//! The tables `conflicts` and `conflict_members`.

use super::folded_names::is_named;
use super::handles::read_handle;
use super::literals::{CONFLICT, DISMISSED, OPEN, RESOLVED};
use super::rows::unknown_word;
use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::{Conflict, ConflictMember, ConflictStatus, Kind, Result, Slot};
use crate::params;

const COLUMNS: &str =
    "id, handle, slot_kind, slot_key, project, status, resolution, resolved_at, detected_at, note";

fn read_conflict(view: &View<'_>, row: &SqlRow<'_>) -> Result<Conflict> {
    let id = row.text("id")?;
    let status = row.text("status")?;
    Ok(Conflict {
        handle: read_handle(row)?,
        slot_kind: row.text("slot_kind")?,
        slot_key: row.text("slot_key")?,
        project: row.text("project")?,
        status: ConflictStatus::parse(&status)
            .ok_or_else(|| unknown_word("conflict", &id, "status", &status))?,
        resolution: row.text("resolution")?,
        resolved_at: row.optional_text("resolved_at")?,
        detected_at: row.text("detected_at")?,
        note: row.text("note")?,
        members: list_members(view, &id)?,
        id,
    })
}

fn list_members(view: &View<'_>, conflict_id: &str) -> Result<Vec<ConflictMember>> {
    view.conn.all(
        "SELECT id, member_kind, member_id, member_layer_trust, value_snapshot, value_key, left_at \
         FROM conflict_members WHERE conflict_id = ?1 ORDER BY id",
        params![conflict_id],
        |row| {
            Ok(ConflictMember {
                id: row.text("id")?,
                member_kind: row.text("member_kind")?,
                member_id: row.text("member_id")?,
                member_layer_trust: row.integer("member_layer_trust")?,
                value_snapshot: row.text("value_snapshot")?,
                value_key: row.text("value_key")?,
                left_at: row.optional_text("left_at")?,
            })
        },
    )
}

/// Removes the members of a conflict, and returns them in the order in which they joined.
pub fn take_members(tx: &Tx<'_>, conflict_id: &str) -> Result<Vec<ConflictMember>> {
    let members = list_members(tx, conflict_id)?;
    let sql = "DELETE FROM conflict_members WHERE conflict_id = ?1";
    tx.change_uncovered(sql, params![conflict_id])?;
    Ok(members)
}

pub fn get(view: &View<'_>, id: &str) -> Result<Option<Conflict>> {
    let sql = format!("SELECT {COLUMNS} FROM conflicts WHERE id = ?1");
    view.conn.one(&sql, params![id], |row| read_conflict(view, row))
}

/// Inserts or updates the conflict and its members.
pub fn put_conflict(tx: &Tx<'_>, conflict: &Conflict) -> Result<()> {
    tx.change(
        Kind::Conflict,
        &conflict.id,
        "INSERT INTO conflicts (id, handle, slot_kind, slot_key, project, status, resolution, resolved_at, \
         detected_at, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
         ON CONFLICT (id) DO UPDATE SET project = excluded.project, status = excluded.status, \
         resolution = excluded.resolution, resolved_at = excluded.resolved_at, note = excluded.note",
        params![
            &conflict.id,
            &conflict.handle,
            &conflict.slot_kind,
            &conflict.slot_key,
            &conflict.project,
            conflict.status.as_str(),
            &conflict.resolution,
            &conflict.resolved_at,
            &conflict.detected_at,
            &conflict.note,
        ],
    )?;
    for member in &conflict.members {
        tx.change(
            Kind::Conflict,
            &conflict.id,
            "INSERT INTO conflict_members (id, conflict_id, member_kind, member_id, \
             member_layer_trust, value_snapshot, value_key, left_at, is_converted) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1) \
             ON CONFLICT (id) DO UPDATE SET value_snapshot = excluded.value_snapshot, \
             value_key = excluded.value_key, left_at = excluded.left_at, is_converted = 1 \
             WHERE value_key <> excluded.value_key OR left_at IS NOT excluded.left_at \
             OR value_snapshot <> excluded.value_snapshot",
            params![
                &member.id,
                &conflict.id,
                &member.member_kind,
                &member.member_id,
                member.member_layer_trust,
                &member.value_snapshot,
                &member.value_key,
                &member.left_at,
            ],
        )?;
    }
    Ok(())
}

/// Lists all conflicts, ended ones too, under a folded key in a project.
pub fn of_key(view: &View<'_>, key: &str, project: &str) -> Result<Vec<Conflict>> {
    let named = is_named(Kind::Conflict, "slot_key = ?1 COLLATE NOCASE AND project = ?2", "?1");
    let sql = format!(
        "SELECT {COLUMNS} FROM conflicts WHERE {named} AND project = ?2 ORDER BY detected_at, id"
    );
    view.conn.all(&sql, params![key, project], |row| read_conflict(view, row))
}

/// Visits the folded keys, with their projects, that have open conflicts and fewer than two claims.
pub fn for_each_lonely_key(
    view: &View<'_>,
    mut visit: impl FnMut(&str, &str) -> Result<()>,
) -> Result<()> {
    let sql = format!(
        "WITH open (folded_key, project) AS (SELECT coalesce((SELECT folded FROM folded_names \
         WHERE owner_id = c.id AND owner_kind = '{CONFLICT}'), lower(c.slot_key)), c.project \
         FROM conflicts c WHERE status = '{OPEN}') \
         SELECT folded_key, project FROM open WHERE \
         (SELECT count(*) FROM claims WHERE folded_key = open.folded_key \
         AND project = open.project) < 2 GROUP BY folded_key, project"
    );
    view.conn.scan(&sql, &[], |row| visit(&row.text("folded_key")?, &row.text("project")?))
}

/// Lists the slots of open conflicts of which no member exists.
pub fn list_memberless(view: &View<'_>) -> Result<Vec<Slot>> {
    let tables = ["entities", "memories", "relationships", "project_state"];
    let exists: Vec<String> = tables
        .iter()
        .map(|table| format!("EXISTS (SELECT 1 FROM {table} x WHERE x.id = m.member_id)"))
        .collect();
    let sql = format!(
        "SELECT slot_kind, slot_key, project FROM conflicts c WHERE status = '{OPEN}' \
         AND NOT EXISTS (SELECT 1 FROM conflict_members m WHERE m.conflict_id = c.id \
         AND m.left_at IS NULL AND ({}))",
        exists.join(" OR ")
    );
    view.conn.all(&sql, &[], |row| {
        let (kind, key) = (row.text("slot_kind")?, row.text("slot_key")?);
        Ok(Slot { kind, key, project: row.text("project")? })
    })
}

/// Lists all conflicts, ended ones too, under a project name, ignoring case.
pub fn under_project(view: &View<'_>, project: &str) -> Result<Vec<Conflict>> {
    let sql = format!("SELECT {COLUMNS} FROM conflicts WHERE project = ?1 COLLATE NOCASE");
    let found = view.conn.all(&sql, params![project], |row| Ok(read_conflict(view, row)))?;
    found.into_iter().collect()
}

/// Lists all conflicts, ended ones too, under a key in any project.
pub fn of_slot_key(view: &View<'_>, key: &str) -> Result<Vec<Conflict>> {
    let sql = format!("SELECT {COLUMNS} FROM conflicts WHERE slot_key = ?1 COLLATE NOCASE");
    view.conn.all(&sql, params![key], |row| read_conflict(view, row))
}

/// Returns the condition of a list; its parameters are the projects as a JSON list, empty for all,
/// and whether ended conflicts are included.
fn list_condition() -> String {
    format!(
        "(?1 = '[]' OR project IN (SELECT value FROM json_each(?1))) \
         AND status IN ('{OPEN}', iif(?2, '{RESOLVED}', '{OPEN}'), iif(?2, '{DISMISSED}', '{OPEN}'))"
    )
}

/// Lists open conflicts, or all of them, after a position in detection order.
pub fn list(
    view: &View<'_>,
    projects: &[&str],
    ended: bool,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Conflict>> {
    let listed = list_condition();
    let sql = format!(
        "SELECT {COLUMNS} FROM conflicts WHERE {listed} AND (detected_at, id) > (?3, ?4) \
         ORDER BY detected_at, id LIMIT ?5"
    );
    let projects = serde_json::Value::from(projects).to_string();
    view.conn.all(&sql, params![&projects, ended, after.0, after.1, limit], |row| {
        read_conflict(view, row)
    })
}

pub fn count(view: &View<'_>, projects: &[&str], ended: bool) -> Result<i64> {
    let sql = format!("SELECT count(*) AS n FROM conflicts WHERE {}", list_condition());
    let projects = serde_json::Value::from(projects).to_string();
    view.conn.number(&sql, params![&projects, ended])
}

/// Lists the open conflicts that a row is a member of.
pub fn open_with_member(view: &View<'_>, member_id: &str) -> Result<Vec<Conflict>> {
    let sql = format!(
        "SELECT c.* FROM conflict_members m JOIN conflicts c ON c.id = m.conflict_id \
         WHERE m.member_id = ?1 AND m.left_at IS NULL AND c.status = '{OPEN}' \
         ORDER BY c.detected_at, c.id"
    );
    view.conn.all(&sql, params![member_id], |row| read_conflict(view, row))
}

/// Lists the conflicts with members whose keys are in an earlier form.
pub fn list_unconverted(view: &View<'_>) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT conflict_id AS id FROM conflict_members \
         WHERE conflict_id > '' AND is_converted IS NULL ORDER BY conflict_id";
    view.conn.all(sql, &[], |row| row.text("id"))
}

/// Notes that the keys of all members of a conflict are in the present form.
pub fn note_converted(tx: &Tx<'_>, conflict_id: &str) -> Result<()> {
    let sql = "UPDATE conflict_members SET is_converted = 1 WHERE conflict_id = ?1";
    tx.change_uncovered(sql, params![conflict_id]).map(drop)
}
