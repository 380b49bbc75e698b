//! The table `operations`: each write, with the range of its audit rows.

use super::handles;
use super::operations::{OperationRecord, StoredOperation};
use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::handle::HandleKind;
use crate::model::{Result, Timestamp};
use crate::params;

/// Returns the handle of the write's operation, which begins with its first audit row.
pub(super) fn operation_of(tx: &Tx<'_>, audit_id: &str) -> Result<String> {
    if let Some(begun) = tx.begun_operation() {
        return Ok(begun.handle);
    }
    let handle = handles::new_handle(tx, HandleKind::Operation, audit_id)?;
    let (first_seq, last_seq, has_grown) = Default::default();
    let id = audit_id.to_owned();
    let begun = OperationRecord { id, handle, first_seq, last_seq, has_grown };
    tx.begin_operation(begun.clone());
    Ok(begun.handle)
}

/// Stores the write's operation, or its end after a further step. The time of a commit never goes
/// back.
pub(super) fn store_operation(tx: &Tx<'_>) -> Result<()> {
    let Some(record) = tx.begun_operation().filter(|begun| begun.has_grown) else {
        return Ok(());
    };
    let last = last_commit(tx)?.filter(|last| *last > tx.now);
    let committed_at = last.unwrap_or(tx.now).to_string();
    tx.change_uncovered(
        "INSERT INTO operations (id, handle, name, first_seq, last_seq, committed_at, client, actor, \
         undoes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO UPDATE SET \
         last_seq = excluded.last_seq, committed_at = excluded.committed_at",
        params![
            &record.id,
            &record.handle,
            tx.operation,
            record.first_seq,
            record.last_seq,
            &committed_at,
            tx.client,
            tx.actor,
            &tx.undone_operations().join(" "),
        ],
    )
    .map(drop)?;
    tx.note_step_stored();
    Ok(())
}

/// Returns the operation with an id.
pub fn get(view: &View<'_>, id: &str) -> Result<Option<StoredOperation>> {
    view.conn.one("SELECT * FROM operations WHERE id = ?1", params![id], read_operation)
}

/// Returns the operation with the last audit row.
pub fn find_newest(view: &View<'_>) -> Result<Option<StoredOperation>> {
    let sql = "SELECT * FROM operations ORDER BY last_seq DESC LIMIT 1";
    view.conn.one(sql, &[], read_operation)
}

/// Returns the last operation that was committed at or before an instant.
pub fn last_until(view: &View<'_>, instant: Timestamp) -> Result<Option<StoredOperation>> {
    // The time of a commit never goes back, so the order of the ends is that of the times.
    let sql = "SELECT * FROM operations WHERE committed_at <= ?1 ORDER BY last_seq DESC LIMIT 1";
    view.conn.one(sql, params![&instant.to_string()], read_operation)
}

/// Returns the number of the last audit row until an instant among those that belong to no operation,
/// since they are older than this table; 0 if there is none.
pub fn last_row_before(view: &View<'_>, instant: Timestamp) -> Result<i64> {
    let sql = "SELECT seq AS n FROM memory_audit WHERE seq > 0 AND operation = '' \
         AND timestamp <= ?1 ORDER BY seq DESC LIMIT 1";
    view.conn.number(sql, params![&instant.to_string()])
}

/// Returns the newest operation that undid another one.
pub fn newest_undo(view: &View<'_>, handle: &str) -> Result<Option<StoredOperation>> {
    let sql = "SELECT * FROM operations WHERE undoes > '' AND undoes <> '' \
         AND instr(' ' || undoes || ' ', ' ' || ?1 || ' ') > 0 ORDER BY last_seq DESC LIMIT 1";
    view.conn.one(sql, params![handle], read_operation)
}

/// Lists the operations of a client, an actor, or both, that began after an audit row, the newest first.
pub fn list_by(
    view: &View<'_>,
    (client, actor): (Option<&str>, Option<&str>),
    after: i64,
) -> Result<Vec<StoredOperation>> {
    let sql = format!(
        "SELECT * FROM operations WHERE last_seq > ?1 AND first_seq > ?1 AND (?2 IS NULL OR {}) \
         AND (?3 IS NULL OR actor = ?3) ORDER BY last_seq DESC",
        is_of_client("?2")
    );
    view.conn.all(&sql, params![after, client, actor], read_operation)
}

/// Whether an operation came through the client that is this parameter, or a version of it.
fn is_of_client(parameter: &str) -> String {
    let version = format!("substr(client, length({parameter}) + 2)");
    format!(
        "(client = {parameter} OR client >= {parameter} || ' ' AND client < {parameter} || '!' \
         AND ({version} GLOB '[0-9]*' OR {version} GLOB 'v[0-9]*'))"
    )
}

/// Returns the newest operation of a client, whatever its version. `client` is name and version, or
/// the name alone.
pub fn last_of_client(view: &View<'_>, client: &str) -> Result<Option<StoredOperation>> {
    let is_version =
        |word: &str| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    let name = match client.rsplit_once(' ') {
        Some((name, last)) if is_version(last) => name,
        _ => client,
    };
    if name.is_empty() {
        return Ok(None);
    }
    let sql = format!(
        "SELECT * FROM operations WHERE {} ORDER BY last_seq DESC LIMIT 1",
        is_of_client("?1")
    );
    view.conn.one(&sql, params![name], read_operation)
}

fn read_operation(row: &SqlRow<'_>) -> Result<StoredOperation> {
    Ok(StoredOperation {
        id: row.text("id")?,
        handle: row.text("handle")?,
        name: row.text("name")?,
        first_seq: row.integer("first_seq")?,
        last_seq: row.integer("last_seq")?,
        committed_at: row.text("committed_at")?,
        client: row.text("client")?,
        actor: row.text("actor")?,
        undoes: row.text("undoes")?.split_whitespace().map(str::to_owned).collect(),
    })
}

fn last_commit(view: &View<'_>) -> Result<Option<Timestamp>> {
    let sql = "SELECT committed_at FROM operations \
         WHERE last_seq = (SELECT max(last_seq) FROM operations)";
    let last = view.conn.one(sql, &[], |row| row.text("committed_at"))?;
    Ok(last.as_deref().and_then(Timestamp::parse))
}
