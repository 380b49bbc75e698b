//! The database file: opening, upgrading, reading and writing. A write is one transaction that
//! leaves an audit row, or is rolled back.

use std::cell::{Cell, Ref, RefCell};
use std::fs;

use super::file::{back_up, create_file};
use super::file_guard::{FileChange, PreviousFileId};
use super::foreign_log::refuse_foreign_log;
use super::migrations;
use super::schema::{self, SchemaStage, Upgrade};
use super::search;
use super::second_name::refuse_second_name;
use super::sql::Conn;
use super::writer_connection::{self, RecoveryState, WriterConnection};
use crate::model::{Error, Result};
use crate::store::operation_log;
use crate::store::operations::{Author, UPGRADE};
use crate::store::settings::{Durability, Settings, check_random_numbers};
use crate::store::tx::{Head, Tx, View};
use crate::store::used_ontology::{self, UsedOntology};

/// WAL pages before a checkpoint, and KiB of page cache, for bulk writes: a page that many rows
/// change is then written once for all of them.
const MANY_LOG_PAGES: u64 = 64_000;
pub(in crate::store) const MANY_CACHE_KIB: u32 = 128_000;

/// The store's writer.
pub struct Db {
    /// `None` after a fault of the file, until the next call reopens it.
    writer: RefCell<Option<WriterConnection>>,
    /// Checks to make when the file is reopened.
    recovery: RefCell<RecoveryState>,
    settings: Settings,
    /// Whether writes are rolled back (dry run).
    dry_running: Cell<bool>,
}

/// The result of a write, and the chain head after it if the write has read it.
type Committed<T> = Result<(T, Option<Head>)>;

/// Whether deleted content is gone from free pages of the file and from the write-ahead log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erased {
    All,
    /// Not yet, with the reason.
    NotYet(String),
}

impl Db {
    /// Opens the file; creates or upgrades it first if necessary. `after_upgrade` runs in the
    /// transaction of an upgrade and derives data that the older file lacked.
    pub fn open(
        settings: Settings,
        after_upgrade: impl FnOnce(&Tx<'_>) -> Result<()>,
    ) -> Result<(Self, Option<Upgrade>)> {
        check_random_numbers()?;
        create_file(&settings.path)?;
        refuse_second_name(&settings.path)?;
        refuse_foreign_log(&settings.path)?;
        let before = PreviousFileId::of(&settings.path);
        let conn = writer_connection::open_connection(&settings)?;
        let stage = schema::schema_stage(&conn, &settings.path)?;
        writer_connection::enable_foreign_keys(&conn)?;
        let writer = RefCell::new(Some(WriterConnection::new(conn)));
        let db =
            Self { writer, recovery: RefCell::default(), settings, dry_running: Cell::new(false) };
        // The journal mode is persistent in the file, so it is set only after the upgrade is
        // committed.
        let upgrade = if stage == SchemaStage::Current { None } else { db.migrate(after_upgrade)? };
        if let Some(writer) = db.writer.borrow_mut().as_mut() {
            writer.make_ready(&db.settings, &before)?;
        }
        Ok((db, upgrade))
    }

    fn migrate(
        &self,
        after_upgrade: impl FnOnce(&Tx<'_>) -> Result<()>,
    ) -> Result<Option<Upgrade>> {
        self.write("atocore", UPGRADE, |tx| {
            // Another process may have upgraded the file since the first check.
            let (conn, path) = (tx.conn, &self.settings.path);
            let number = match schema::schema_stage(conn, path)? {
                SchemaStage::Current => return Ok(None),
                SchemaStage::Empty => return migrations::create_schema(conn).map(|()| None),
                SchemaStage::Python => 0,
                SchemaStage::Older { number } => number,
            };
            schema::check_sound(conn, path)?;
            let backup = back_up(&self.settings)?;
            let upgraded = migrations::run_migrations(conn, number)
                .and_then(|added| after_upgrade(tx).map(|()| added));
            match upgraded {
                Ok(added) => Ok(Some(Upgrade { backup, added })),
                Err(error) => {
                    // The upgrade was rolled back, so the backup is not needed.
                    let _ = fs::remove_file(&backup);
                    Err(error)
                }
            }
        })
    }

    /// Runs writes as a dry run: each is rolled back after its result is known.
    pub fn dry_run<T>(&self, f: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        self.dry_running.set(true);
        let _end = DryRunEnd(&self.dry_running);
        f(self)
    }

    /// Whether writes are rolled back.
    pub fn is_dry_run(&self) -> bool {
        self.dry_running.get()
    }

    /// Runs one write in a transaction: it is committed whole or rolled back.
    pub fn write<'a, T>(
        &self,
        author: impl Into<Author<'a>>,
        operation: &'static str,
        f: impl FnOnce(&Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        let writer = self.ready()?;
        let outcome = self.transaction(&writer, author.into(), operation, f);
        drop(writer);
        self.after(outcome)
    }

    /// Runs the transaction of a write; also returns any change of the file seen before or during
    /// it.
    fn transaction<T>(
        &self,
        writer: &WriterConnection,
        author: Author<'_>,
        operation: &'static str,
        f: impl FnOnce(&Tx<'_>) -> Result<T>,
    ) -> (Committed<T>, Option<FileChange>) {
        let write = || {
            writer.conn.begin_write(self.settings.busy_timeout)?;
            let rollback = RollBack(&writer.conn);
            if let Err(change) = writer.may_write()? {
                return Ok(Err(change));
            }
            schema::check_not_newer(&writer.conn, &self.settings.path)?;
            let view = new_view(&writer.conn, &self.settings);
            let tx = Tx::new(view, author, operation, &self.settings.ids);
            let outcome = f(&tx).and_then(|value| {
                search::apply_changes(&tx)?;
                operation_log::store_operation(&tx)?;
                used_ontology::note_missed(&tx)?;
                tx.complete().map(|()| value)
            });
            writer.conn.refuse_if_ended()?;
            let value = outcome?;
            if self.dry_running.get() {
                return Ok(Ok((value, None)));
            }
            writer.conn.execute("COMMIT", &[])?;
            std::mem::forget(rollback);
            Ok(Ok((value, tx.known_head())))
        };
        match write() {
            Err(error) => (Err(error), None),
            Ok(Err(change)) => (Err(writer.refusal(change)), Some(change)),
            Ok(Ok(committed)) => {
                let Ok(looked) = writer.check_file() else {
                    return (Err(writer_connection::wrote_elsewhere(&self.settings.path)), None);
                };
                if looked.is_ok() {
                    // The write is committed even if the checkpoint fails.
                    let _ = writer.checkpoint(self.settings.busy_timeout);
                }
                (Ok(committed), looked.err())
            }
        }
    }

    /// Handles a change of the file, and returns the outcome of a write.
    fn after<T>(&self, (outcome, change): (Committed<T>, Option<FileChange>)) -> Result<T> {
        let acknowledge = |(value, head): (T, Option<Head>)| {
            if head.is_some() {
                self.recovery.borrow_mut().last = head;
            }
            value
        };
        let Some(change) = change else {
            let outcome = outcome.map(acknowledge);
            self.close_if_doubtful();
            return outcome;
        };
        let safe = self.recover(change);
        match outcome {
            // It was committed into a log or file that was removed meanwhile.
            Ok(committed) if safe => Ok(acknowledge(committed)),
            Ok(_) => Err(writer_connection::wrote_elsewhere(&self.settings.path)),
            Err(error) => Err(error),
        }
    }

    /// Runs one write, then erases the content that it deleted or replaced from the search index,
    /// the free pages of the file and the write-ahead log. The write stays committed if erasing
    /// fails. A dry run erases nothing.
    pub fn write_and_erase<'a, T>(
        &self,
        author: impl Into<Author<'a>>,
        operation: &'static str,
        f: impl FnOnce(&Tx<'_>) -> Result<T>,
    ) -> Result<(T, Option<Erased>)> {
        let for_good = !self.is_dry_run();
        let value = self.write(author, operation, |tx| {
            let value = f(tx)?;
            if for_good {
                search::merge(tx)?;
            }
            Ok(value)
        })?;
        Ok((value, for_good.then(|| self.erase())))
    }

    /// Rebuilds the file with VACUUM, so that it holds only live content, and truncates the log.
    /// `secure_delete` is not enough: a page split leaves copies of moved cells in the page's gaps,
    /// and only the last location of deleted content is overwritten.
    fn erase(&self) -> Erased {
        self.settings.past.close();
        let emptied = self.ready().and_then(|writer| {
            writer.conn.batch("VACUUM")?;
            writer.truncate_log(self.settings.busy_timeout)
        });
        match emptied {
            Ok(true) => Erased::All,
            Ok(false) => Erased::NotYet("another process reads the file".to_owned()),
            Err(error) => Erased::NotYet(error.to_string()),
        }
    }

    /// Runs a read on one snapshot of the file.
    pub fn read<T>(&self, f: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
        self.check()?;
        let outcome = read(&self.ready()?.conn, &self.settings, f);
        self.close_if_doubtful();
        outcome
    }

    /// Checks that the file has not changed; an error reports the change, and the next call
    /// continues with the file that is there then.
    pub fn check(&self) -> Result<()> {
        let writer = self.ready()?;
        let Err(change) = writer.check_file()? else { return Ok(()) };
        let refusal = writer.refusal(change);
        drop(writer);
        self.recover(change);
        Err(refusal)
    }

    /// Returns the connection, reopening it if it was closed.
    fn ready(&self) -> Result<Ref<'_, WriterConnection>> {
        if let Ok(mut writer) = self.writer.try_borrow_mut()
            && writer.is_none()
        {
            *writer =
                Some(WriterConnection::reopen(&self.settings, &mut self.recovery.borrow_mut())?);
        }
        Ref::filter_map(self.writer.borrow(), Option::as_ref)
            .map_err(|_| Error::Internal("the store is closed".to_owned()))
    }

    /// Whether the connection was closed; then no other of this process may stay open.
    pub fn is_given_up(&self) -> bool {
        self.writer.borrow().is_none()
    }

    /// Recovers pending writes after a change of the file, and closes the connection if it is no
    /// longer usable. Returns whether everything it wrote is in the file now at the path.
    fn recover(&self, change: FileChange) -> bool {
        let Ok(mut writer) = self.writer.try_borrow_mut() else { return false };
        let Some(held) = writer.take() else { return false };
        let recovered = held.recover(change, &self.settings);
        let mut recovery = self.recovery.borrow_mut();
        match change {
            FileChange::Replaced => recovery.last = None,
            FileChange::Cut | FileChange::LogReplaced => recovery.unsound = true,
            FileChange::Gone | FileChange::LogGone => {}
        }
        if recovered && change != FileChange::Gone {
            held.conn.close_as_it_is();
        } else {
            *writer = Some(held);
        }
        recovered && change == FileChange::LogGone
    }

    /// Closes the connection if it could not read or write the file.
    fn close_if_doubtful(&self) {
        let doubtful = |writer: &WriterConnection| !writer.conn.is_sound();
        if !self.writer.borrow().as_ref().is_some_and(doubtful) {
            return;
        }
        if let Some(change) = self.change() {
            self.recover(change);
        } else if let Ok(mut writer) = self.writer.try_borrow_mut() {
            *writer = None;
        }
    }

    /// Returns the change of an open connection's file, if any.
    fn change(&self) -> Option<FileChange> {
        self.writer.borrow().as_ref().and_then(|writer| writer.check_file().ok()?.err())
    }

    /// Raises the checkpoint limit and the page cache for bulk reads or writes.
    pub fn expect_many_rows(&self) -> Result<()> {
        let writer = self.ready()?;
        writer.log_limit.set(MANY_LOG_PAGES);
        writer.conn.batch(&format!("PRAGMA cache_size = -{MANY_CACHE_KIB};"))
    }

    /// Checkpoints as much of the log as possible without waiting for others (PASSIVE).
    pub fn checkpoint_log(&self) {
        match self.change() {
            None => {
                if let Some(writer) = self.writer.borrow().as_ref() {
                    // The rest stays in the log, which is equally durable.
                    let _ = writer.checkpoint_log("PASSIVE");
                }
                self.close_if_doubtful();
            }
            Some(change @ (FileChange::Gone | FileChange::LogGone)) => {
                tracing::warn!("{}: {change:?}", self.settings.path.display());
                self.recover(change);
            }
            // The next call reports it.
            Some(_) => {}
        }
    }

    /// Returns the settings that the store was opened with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the ontology that the store is used with.
    pub fn used_ontology(&self) -> Result<Option<UsedOntology>> {
        used_ontology::read(&self.ready()?.conn)
    }

    /// Returns the durability that the writing connection is set to.
    pub fn durability(&self) -> Result<Option<Durability>> {
        let sql = "SELECT synchronous AS n FROM pragma_synchronous";
        let level = self.ready()?.conn.number(sql, &[])?;
        Ok([Durability::Normal, Durability::Full].into_iter().find(|known| known.level() == level))
    }
}

impl Drop for Db {
    /// If the file was moved or replaced, checkpoints its log into it, wherever it is now.
    fn drop(&mut self) {
        if let Some(change) = self.change() {
            self.recover(change);
        }
    }
}

/// Ends a dry run on drop, also when a panic unwinds.
struct DryRunEnd<'c>(&'c Cell<bool>);

impl Drop for DryRunEnd<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Rolls an uncommitted transaction back on drop, also when a panic unwinds.
struct RollBack<'c>(&'c Conn);

impl Drop for RollBack<'_> {
    fn drop(&mut self) {
        // A failed COMMIT may already have ended the transaction.
        let _ = self.0.batch("ROLLBACK");
    }
}

fn new_view<'c>(conn: &'c Conn, settings: &'c Settings) -> View<'c> {
    let (client, resolved, types, words) = Default::default();
    let Settings { clock, ontology, key_hours, allow_secrets, past, .. } = settings;
    let (now, key_hours, allow_secrets) = (clock(), *key_hours, *allow_secrets);
    View { conn, now, ontology, key_hours, allow_secrets, client, resolved, types, past, words }
}

pub(in crate::store) fn read<T>(
    conn: &Conn,
    settings: &Settings,
    f: impl FnOnce(&View<'_>) -> Result<T>,
) -> Result<T> {
    conn.begin("BEGIN")?;
    let _end = RollBack(conn);
    settings.past.close_redacted(conn)?;
    f(&new_view(conn, settings))
}
