//! Refuses a write-ahead log that is not the one of the file next to it.
//!
//! SQLite reads whatever log has the right name. Somebody who copies a backup over the file of a killed
//! server leaves its log there, which would undo the restore, or replace the whole content by that of
//! another store. After a crash the log is needed, so only a log is refused that cannot be the file's:
//!
//! - The file says that it has none. A backup is such a file. The switch to a log is written into the
//!   file before the log gets content, and the log is deleted before the switch back.
//! - The file has audit rows, and its content with the log has neither the first nor the last of them.
//!   Only committed content is moved from a log into the file, and audit rows are never deleted. If one
//!   of both was, the audit was tampered with, which its verification reports.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::file::{has_log, sibling_path};
use super::sql::{Conn, SqlValue};
use crate::model::{Error, Result, StorageProblem};
use crate::store::tx::Head;

/// Bytes of a log without content.
const LOG_HEAD: u64 = 32;
/// Looks at a file that another process may be writing to: a page may be read half written.
const LOOKS: u32 = 3;

/// Refuses a foreign log. Must not be called while this process has the file open.
pub fn refuse_foreign_log(path: &Path) -> Result<()> {
    let Ok(path) = fs::canonicalize(path) else { return Ok(()) };
    let log = sibling_path(&path, "-wal");
    let has_content = || fs::metadata(&log).is_ok_and(|data| data.len() > LOG_HEAD);
    if !has_content() || fs::metadata(&path).map_or(0, |data| data.len()) == 0 {
        return Ok(());
    }
    let is_foreign = || !has_log(&path) || lacks_audit_rows(&path);
    for look in 0..LOOKS {
        if look > 0 {
            thread::sleep(Duration::from_millis(20));
        }
        if !is_foreign() || !has_content() {
            return Ok(());
        }
    }
    Err(Error::storage_unchanged(
        StorageProblem::Moved,
        format!("{} is the log of another file than {}", log.display(), path.display()),
        "A server that was killed left it, and the file was put there since. Move the log and its \
         index (-wal, -shm) to another folder and keep them: with the file that they belong to they \
         may hold changes. Then try again.",
    ))
}

/// Whether the file with the log lacks the first and the last audit row that it has alone. False if
/// that is unknown.
fn lacks_audit_rows(path: &Path) -> bool {
    let Ok(alone) = Conn::open_still(path) else { return false };
    let (Some(first), Some(last)) = (read_end(&alone, "min"), read_end(&alone, "max")) else {
        return false;
    };
    drop(alone);
    let Ok(with_log) = Conn::open(path, false) else { return false };
    let sql = "SELECT count(*) AS n FROM memory_audit \
         WHERE seq = ?1 AND hash = ?2 OR seq = ?3 AND hash = ?4";
    let params = [
        SqlValue::Integer(first.seq),
        SqlValue::Text(&first.hash),
        SqlValue::Integer(last.seq),
        SqlValue::Text(&last.hash),
    ];
    let found = with_log.number(sql, &params);
    // Nothing of the log may reach the file.
    with_log.close_as_it_is();
    found == Ok(0)
}

/// Returns the first (`min`) or last (`max`) audit row, if it has a hash.
fn read_end(conn: &Conn, end: &str) -> Option<Head> {
    let sql = format!(
        "SELECT seq, hash FROM memory_audit WHERE seq = (SELECT {end}(seq) FROM memory_audit)"
    );
    let head =
        conn.one(&sql, &[], |row| Ok(Head { seq: row.integer("seq")?, hash: row.text("hash")? }));
    let is_hash =
        |hash: &str| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    head.ok().flatten().filter(|head| is_hash(&head.hash))
}
