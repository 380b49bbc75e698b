//! Detects changes of the file at the store's path while it is open.
//!
//! SQLite assumes that the file, its write-ahead log (`-wal`) and the index of that log (`-shm`)
//! stay in place: a connection continues to write to a file that was moved away or a log that was
//! deleted, and reports success. So each write checks them before it and after its commit, and each
//! read before it, with three `stat` calls each.
//!
//! Rejected: SQLite's own test whether the file has moved. It ignores the log, and is out of reach
//! without unsafe code.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::file::{backup_failed, free_name, read_file_id, sibling_path};
use super::second_name::{linked_file, refuse_second_name};
use super::sql::Conn;
use crate::model::{Error, Result, StorageProblem};
use crate::platform::{FileId, file_id, has_second_name};
use crate::store::settings::Settings;

/// A change of a connection's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileChange {
    /// No file is at its path.
    Gone,
    /// Another file is at its path.
    Replaced,
    /// It is shorter than before.
    Cut,
    /// Its log or log index is missing, and no other one with content has taken its place.
    LogGone,
    /// Another log with content is at its path.
    LogReplaced,
}

/// The identities of a connection's file, log and log index.
#[derive(Debug)]
pub struct FileGuard {
    path: PathBuf,
    /// The path with symbolic links resolved: the log and its index are there.
    at: PathBuf,
    log: PathBuf,
    index: PathBuf,
    file: FileId,
    log_mark: Option<FileId>,
    index_mark: Option<FileId>,
    /// The largest size of the file seen so far, in bytes.
    length: Cell<u64>,
    /// Whether the file was read-only at the last check.
    read_only: Cell<bool>,
    /// Whether the file had a second name at the last check.
    linked: Cell<bool>,
}

/// The identity of the file at a path before a connection to it is opened.
pub struct PreviousFileId(Option<FileId>);

impl PreviousFileId {
    pub fn of(path: &Path) -> Self {
        Self(read_file_id(path))
    }
}

impl FileGuard {
    /// Records the files of a connection that was opened after `before` and has read since. Another
    /// process may shorten the log or the file between two `stat` calls, so a mismatch is checked a
    /// second time.
    pub fn start(conn: &Conn, path: &Path, before: &PreviousFileId) -> Result<Self> {
        Self::note(conn, path, before).or_else(|_| Self::note(conn, path, before))
    }

    fn note(conn: &Conn, path: &Path, before: &PreviousFileId) -> Result<Self> {
        let unsteady = || {
            let path = path.display();
            let message = format!("{path} or its log was replaced while it was being opened");
            Error::storage_unchanged(StorageProblem::Moved, message, "Try again.")
        };
        let Sizes { page, pages } = Sizes::of(conn)?;
        let in_log = conn.log_state().ok().map(|(in_log, _)| in_log);
        let at = fs::canonicalize(path).map_err(|_| unsteady())?;
        let (log, index) = (sibling_path(&at, "-wal"), sibling_path(&at, "-shm"));
        let data = fs::metadata(&at).map_err(|_| unsteady())?;
        if before.0 != Some(file_id(&data)) {
            return Err(unsteady());
        }
        refuse_second_name(&at)?;
        let log_data = fs::metadata(&log).ok();
        let log_length = log_data.as_ref().map_or(0, Metadata::len);
        // `None`: the log index is locked by another process just now, or is not writable here.
        if let Some(in_log) = in_log {
            if in_log > 0 && log_length < LOG_HEAD + in_log * (page + FRAME_HEAD) {
                return Err(log_cut(&log));
            }
            if data.len() + in_log * page < pages * page {
                return Err(truncated_file(path, data.len(), pages * page));
            }
        }
        let (log_mark, index_mark) = (log_data.as_ref().map(file_id), read_file_id(&index));
        // A file that nobody has written to may have no log: then both are missing.
        if log_mark.is_none() != index_mark.is_none() || log_mark.is_none() && conn.keeps_log()? {
            return Err(unsteady());
        }
        let (file, length) = (file_id(&data), Cell::new(data.len()));
        let (path, linked) = (path.to_owned(), Cell::new(false));
        let read_only = Cell::new(data.permissions().readonly());
        Ok(Self { path, at, log, index, file, log_mark, index_mark, length, read_only, linked })
    }

    /// Checks that the files are unchanged, as far as `stat` can tell.
    pub fn check_file(&self) -> Result<(), FileChange> {
        let data = fs::metadata(&self.path).map_err(|_| FileChange::Gone)?;
        if file_id(&data) != self.file {
            return Err(FileChange::Replaced);
        }
        let log = fs::metadata(&self.log).ok();
        if log.as_ref().map(file_id) != self.log_mark {
            let holds = log.is_some_and(|log| log.len() > 0);
            return Err(if holds { FileChange::LogReplaced } else { FileChange::LogGone });
        }
        match read_file_id(&self.index) {
            index if index == self.index_mark => {}
            None => return Err(FileChange::LogGone),
            Some(_) => return Err(FileChange::LogReplaced),
        }
        if data.len() < self.length.get() {
            return Err(FileChange::Cut);
        }
        self.length.set(data.len());
        self.read_only.set(data.permissions().readonly());
        self.linked.set(has_second_name(&data));
        Ok(())
    }

    /// Refuses to write to a file that has become read-only, though it was opened for writing, or
    /// that got a second name.
    pub fn refuse_unsafe_write(&self) -> Result<()> {
        if self.linked.get() {
            return Err(linked_file(&self.at, self.file));
        }
        if !self.read_only.get() {
            return Ok(());
        }
        Err(Error::storage_unchanged(
            StorageProblem::NoAccess,
            format!("{} was made read-only", self.path.display()),
            "Make it writable, then try again.",
        ))
    }

    /// Accepts a shorter file if no page is missing: another program may have vacuumed it. An error
    /// means that this cannot be determined now. A concurrent checkpoint may cause a mismatch, so
    /// it is checked a second time.
    pub fn accept_length(&self) -> Result<bool> {
        let length = match self.whole_length()? {
            None => self.whole_length()?,
            whole => whole,
        };
        length.inspect(|length| self.length.set(*length));
        Ok(length.is_some())
    }

    /// Returns the size of the file if every page beyond its end is still in the log. Uses a
    /// connection of its own, since one in a transaction cannot query the log.
    fn whole_length(&self) -> Result<Option<u64>> {
        let conn = Conn::open(&self.path, false)?;
        let sizes = Sizes::of(&conn).and_then(|sizes| Ok((sizes, conn.log_state()?)));
        let (sizes, (in_log, moved)) = match sizes {
            // SQLite itself reports missing pages.
            Err(_) if conn.is_damaged() => return Ok(None),
            sizes => sizes?,
        };
        let failed = |error| backup_failed("be read", &self.log, &error);
        let waiting = pages_waiting(&self.log, sizes.page, moved..in_log).map_err(failed)?;
        let length = fs::metadata(&self.path).map_or(0, |data| data.len());
        let there = length / sizes.page.max(1);
        let whole =
            sizes.pages > 0 && (there + 1..=sizes.pages).all(|page| waiting.contains(&page));
        Ok(whole.then_some(length))
    }

    /// Removes the log and its index, which would be taken for those of the new file at the path; a
    /// log with content is renamed instead. The log is locked meanwhile, so that no process removes
    /// the new log that another one has begun.
    pub fn take_log_away(&self, settings: &Settings) -> io::Result<()> {
        let Ok(log) = fs::File::open(&self.log) else { return self.remove_index() };
        log.lock()?;
        if read_file_id(&self.log) != self.log_mark {
            return Ok(());
        }
        self.remove_index()?;
        if log.metadata()?.len() == 0 {
            fs::remove_file(&self.log)
        } else {
            fs::rename(&self.log, free_name(settings, &self.at, "replaced-wal"))
        }
    }

    /// Whether the log is still the original one and has content.
    pub fn log_holds(&self) -> bool {
        let log = fs::metadata(&self.log).ok();
        log.is_some_and(|log| Some(file_id(&log)) == self.log_mark && log.len() > 0)
    }

    fn remove_index(&self) -> io::Result<()> {
        if read_file_id(&self.index) != self.index_mark {
            return Ok(());
        }
        fs::remove_file(&self.index)
    }

    /// Returns the error for a write or read that was refused because of a change.
    pub fn refusal(&self, change: FileChange) -> Error {
        let path = self.path.display();
        let (message, advice) = match change {
            FileChange::Gone => (
                format!("{path} is not there any more"),
                "Put the file or its folder back, or restore a backup, then try again.",
            ),
            FileChange::Replaced => (
                format!("{path} was replaced by another file"),
                "The next call works on the file that is there now.",
            ),
            FileChange::Cut => {
                let length = fs::metadata(&self.path).map_or(0, |data| data.len());
                return truncated_file(&self.path, length, self.length.get());
            }
            FileChange::LogGone => (
                format!("{} was removed while it was in use", self.log.display()),
                "Try again: the contents of the log are moved into the file first.",
            ),
            FileChange::LogReplaced => (
                format!("{} was replaced while it was in use", self.log.display()),
                "Try again: the next call says if something was lost.",
            ),
        };
        Error::storage_unchanged(StorageProblem::Moved, message, advice)
    }
}

/// Page size in bytes, and pages of the file including its log.
struct Sizes {
    page: u64,
    pages: u64,
}

impl Sizes {
    fn of(conn: &Conn) -> Result<Self> {
        let number = |name: &str| {
            let sql = format!("SELECT {name} AS n FROM pragma_{name}");
            conn.number(&sql, &[]).map(|n| u64::try_from(n).unwrap_or(0))
        };
        Ok(Self { page: number("page_size")?, pages: number("page_count")? })
    }
}

/// Reads the page numbers of a range of log frames.
fn pages_waiting(log: &Path, page: u64, places: Range<u64>) -> io::Result<HashSet<u64>> {
    let mut waiting = HashSet::new();
    if places.is_empty() {
        return Ok(waiting);
    }
    let mut log = fs::File::open(log)?;
    for place in places {
        let mut number = [0; 4];
        log.seek(SeekFrom::Start(LOG_HEAD + place * (page + FRAME_HEAD)))?;
        log.read_exact(&mut number)?;
        waiting.insert(u64::from(u32::from_be_bytes(number)));
    }
    Ok(waiting)
}

/// Sizes in bytes of the log header and of each frame header.
const LOG_HEAD: u64 = 32;
const FRAME_HEAD: u64 = 24;

fn log_cut(log: &Path) -> Error {
    Error::storage_unchanged(
        StorageProblem::Moved,
        format!("{} was removed or cut while it was in use", log.display()),
        "Let a server that has the store open answer a call: it moves its copy of the log into the \
         file. Then try again.",
    )
}

fn truncated_file(path: &Path, length: u64, expected: u64) -> Error {
    Error::storage_unchanged(
        StorageProblem::Moved,
        format!("{} was cut: {length} bytes of {expected} are left", path.display()),
        "End the servers that use it and restore a backup of it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_file_is_whole_if_the_log_holds_what_is_missing_and_cut_only_if_it_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("some.db");
        fs::write(&path, "").expect("a file");
        let before = PreviousFileId::of(&path);
        let conn = Conn::open(&path, true).expect("it opens");
        let run = |sql: &str| conn.batch(sql).expect(sql);
        run("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x)");
        run("INSERT INTO t VALUES (zeroblob(400000)); PRAGMA wal_checkpoint(TRUNCATE)");
        let guard = FileGuard::start(&conn, &path, &before).expect("it is there");
        run("DELETE FROM t; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
        run("INSERT INTO t VALUES (zeroblob(100000))");
        assert_eq!(guard.check_file(), Err(FileChange::Cut));
        let away = folder.path().join("away.db");
        fs::rename(&path, &away).expect("away");
        assert!(guard.accept_length().is_err(), "nobody can tell, and that proves nothing");
        fs::rename(&away, &path).expect("back");
        run("BEGIN IMMEDIATE");
        assert_eq!(guard.accept_length(), Ok(true));
        run("COMMIT");
        assert_eq!(guard.check_file(), Ok(()));
        run("PRAGMA wal_checkpoint(PASSIVE)");
        assert_eq!(guard.check_file(), Ok(()));
        // The log still has these pages, but they are checkpointed: none is pending.
        let file = fs::File::options().write(true).open(&path).expect("the file");
        file.set_len(40_960).expect("cut");
        assert_eq!((guard.check_file(), guard.accept_length()), (Err(FileChange::Cut), Ok(false)));
    }
}
