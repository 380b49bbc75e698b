//! The store's reader, on its own connection: alongside a [`super::Db`], or alone.
//!
//! SQLite reads a WAL database through two companion files, which it creates if they are missing.
//! Where it cannot create them, the file can only be opened with `immutable=1`, which gives wrong
//! answers if the file changes. So that is done only while there is no log, which every writing
//! process has, and each read checks that the file has not changed.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::db::{self, MANY_CACHE_KIB};
use super::file::{backup_failed, has_log, is_writable, refuse_folder, sibling_path};
use super::file_guard::{FileChange, FileGuard, PreviousFileId};
use super::foreign_log::refuse_foreign_log;
use super::schema::{self, SchemaStage};
use super::second_name::refuse_second_name;
use super::sql::Conn;
use crate::model::{Error, Hint, NextStep, Result, StorageProblem};
use crate::platform::{FileId, file_id};
use crate::store::settings::Settings;
use crate::store::tx::View;

/// Page cache of a reader, in KiB: the pages that a search in 200,000 rows reads repeatedly.
/// SQLite's default of 2,000 holds a quarter of them.
const CACHE_KIB: u32 = 8_000;

/// A reading side of the store.
pub struct Reader {
    conn: Conn,
    settings: Settings,
    /// Checks that the file at the path is still the one that is open; `None` for a file opened for
    /// inspection.
    guard: Option<FileGuard>,
    /// The state of a file opened as immutable.
    still: Option<Still>,
}

impl Reader {
    /// Opens a reader of a file that [`super::Db::open`] has prepared.
    pub fn open(settings: Settings) -> Result<Self> {
        let before = PreviousFileId::of(&settings.path);
        let conn = Conn::open(&settings.path, false)?;
        let mut reader = Self::of(conn, settings, None)?;
        reader.guard = Some(FileGuard::start(&reader.conn, &reader.settings.path, &before)?);
        Ok(reader)
    }

    /// Opens an existing, current file without changing it.
    pub fn open_alone(settings: Settings) -> Result<Self> {
        let path = settings.path.clone();
        if !path.is_file() {
            let hint = Hint::new("Name an existing file.", NextStep::ChooseStore);
            return Err(refuse_file(StorageProblem::WrongName, &path, "is no file", hint));
        }
        // Without a log it would be opened as immutable, while it changes under its other name.
        refuse_second_name(&path)?;
        refuse_foreign_log(&path)?;
        let open = |still: Option<Still>| {
            let before = PreviousFileId::of(&path);
            let conn =
                if still.is_some() { Conn::open_still(&path) } else { Conn::open(&path, false) };
            let mut reader = Self::of(conn?, settings.clone(), still)?;
            let stage = reader.stage()?;
            if stage == SchemaStage::Current && reader.still.is_none() {
                reader.guard = Some(FileGuard::start(&reader.conn, &path, &before)?);
            }
            Ok((reader, stage))
        };
        let opened = match (open(None), Still::now(&path)) {
            (Err(Error::Storage { .. }), Some(still)) => open(Some(still)),
            (opened, _) => opened,
        };
        match opened.map_err(|error| unread_log(&path, error))? {
            (reader, SchemaStage::Current) => Ok(reader),
            (_, SchemaStage::Empty) => Err(not_ready(&path, "holds nothing yet")),
            (_, SchemaStage::Python | SchemaStage::Older { .. }) => {
                Err(not_ready(&path, "was written by an older version"))
            }
        }
    }

    /// Opens any file for inspection without changing it. A read-only connection would leave an
    /// empty log next to a WAL file that has none, so a WAL file is opened writable but not
    /// written; pending frames stay in its log. A file in rollback-journal mode may have a hot
    /// journal, which a writable connection would roll back, so it is opened read-only.
    pub fn open_as_it_is(settings: Settings) -> Result<Self> {
        refuse_folder(&settings.path)?;
        refuse_second_name(&settings.path)?;
        refuse_foreign_log(&settings.path)?;
        let keeps_log = has_log(&settings.path);
        let conn = if is_writable(&settings.path) || Still::now(&settings.path).is_none() {
            Conn::open(&settings.path, keeps_log)?
        } else {
            Conn::open_still(&settings.path)?
        };
        let reader = Self { conn, settings, guard: None, still: None };
        if reader.lengths().log > 0 {
            reader.conn.keep_log()?;
        }
        reader.conn.set_busy_timeout(reader.settings.busy_timeout)?;
        // On an unreadable file this fails first, but the error of a later statement says more.
        let _ = reader.conn.batch(&format!("PRAGMA cache_size = -{MANY_CACHE_KIB};"));
        Ok(reader)
    }

    /// Determines the schema stage of the file.
    pub fn stage(&self) -> Result<SchemaStage> {
        schema::schema_stage(&self.conn, &self.settings.path)
    }

    /// Returns the sizes of the file and its log in bytes.
    pub fn lengths(&self) -> Lengths {
        let length = |path: &Path| fs::metadata(path).map_or(0, |data| data.len());
        let log = sibling_path(&self.settings.path, "-wal");
        Lengths { file: length(&self.settings.path), log: length(&log) }
    }

    fn of(conn: Conn, settings: Settings, still: Option<Still>) -> Result<Self> {
        conn.set_busy_timeout(settings.busy_timeout)?;
        conn.batch(&format!("PRAGMA cache_size = -{CACHE_KIB};"))?;
        Ok(Self { conn, settings, guard: None, still })
    }

    pub fn read<T>(&self, f: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
        let outcome = db::read(&self.conn, &self.settings, f);
        // Anything read while the file was changed, even an error, may be wrong.
        if self.is_still() { outcome } else { Err(Error::Busy) }
    }

    /// Whether the open file and log are still those at the path.
    pub fn is_current(&self) -> bool {
        self.is_still() && self.guard.as_ref().is_none_or(|guard| guard.check_file().is_ok())
    }

    /// Prepares a reader without a writer, whose file has changed, for being closed: removes the
    /// log of a replaced file, which would be taken for the log of the new one. Until that succeeds
    /// the reader must be kept, because it knows whose log it is; the error says what to do.
    pub fn give_up(&self) -> Result<()> {
        let Some(guard) = &self.guard else { return Ok(()) };
        match guard.check_file() {
            Err(change @ FileChange::Gone) => Err(guard.refusal(change)),
            Err(FileChange::Replaced) => {
                let taken = guard.take_log_away(&self.settings);
                // A log index without open connections holds no data.
                taken.or_else(|error| match guard.log_holds() {
                    true => Err(backup_failed(
                        "be set aside",
                        &sibling_path(&self.settings.path, "-wal"),
                        &error,
                    )),
                    false => Ok(()),
                })
            }
            _ => Ok(()),
        }
    }

    /// Whether a file opened as immutable is unchanged.
    fn is_still(&self) -> bool {
        let holds = |still: &Still| Still::now(&self.settings.path).as_ref() == Some(still);
        self.still.as_ref().is_none_or(holds)
    }

    /// Whether no read has failed because of the file.
    pub fn is_sound(&self) -> bool {
        self.conn.is_sound()
    }
}

fn not_ready(path: &Path, problem: &str) -> Error {
    let advice = "The file was left as it is. Open it for writing once: that makes it ready, and \
                  keeps a copy of an older one.";
    let hint = Hint::new(advice, NextStep::OpenForWriting);
    refuse_file(StorageProblem::NotAStore, path, problem, hint)
}

fn refuse_file(problem: StorageProblem, path: &Path, text: &str, hint: impl Into<Hint>) -> Error {
    Error::storage(problem, format!("{} {text}", path.display()), hint)
}

/// Explains why a leftover log cannot be read.
fn unread_log(path: &Path, error: Error) -> Error {
    match error {
        Error::Storage { .. } if is_beside(path, "-wal") && !is_beside(path, "-shm") => {
            refuse_file(
                StorageProblem::NoAccess,
                path,
                "has a log, and the index that reading it takes cannot be made beside it",
                "Let this user write in the folder, or have one who may start atocore once: that takes \
             the log into the file.",
            )
        }
        other => other,
    }
}

/// Whether a companion file with this suffix exists.
fn is_beside(path: &Path, ending: &str) -> bool {
    sibling_path(path, ending).exists()
}

/// The sizes of the file and its log in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    pub file: u64,
    pub log: u64,
}

/// The state of a file without a log at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Still {
    file: FileId,
    changed: SystemTime,
    length: u64,
}

impl Still {
    fn now(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        let now = Self { file: file_id(&file), changed: file.modified().ok()?, length: file.len() };
        (!is_beside(path, "-wal")).then_some(now)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::store::Db;

    #[test]
    fn what_was_read_while_a_still_file_changed_is_not_given() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = Settings::new(folder.path().join("sto%re?.db"));
        let path = settings.path.clone();
        drop(Db::open(settings.clone(), |_| Ok(())).expect("a store"));
        let still = Still::now(&path).expect("there is no log");
        let conn = Conn::open_still(&path).expect("it opens");
        let reader = Reader::of(conn, settings, Some(still)).expect("it reads");
        assert_eq!(reader.read(crate::store::projects::all_names), Ok(Vec::new()));
        let outcome = reader.read(|_| {
            let mut file = fs::File::options().append(true).open(&path).expect("the file");
            file.write_all(b"more").expect("a change");
            Ok(())
        });
        assert_eq!(outcome, Err(Error::Busy));
        assert!(!reader.is_current());
    }
}
