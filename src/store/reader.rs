//! The reading sides of the store.

use std::fs;
use std::io::Read;
use std::path::Path;

use super::db::{self, MANY_CACHE_KIB};
use super::file::refuse_folder;
use super::schema::{self, Stage};
use super::settings::Settings;
use super::sql::Conn;
use super::tx::View;
use super::watch::{Before, Watch, beside};
use crate::model::Result;

/// KiB of pages that a reading side keeps in memory: what a search in 200,000 rows looks at again
/// and again. SQLite's own 2,000 hold a quarter of that.
const CACHE_KIB: u32 = 8_000;

/// A reading side of the store, on a connection of its own.
pub struct Reader {
    conn: Conn,
    settings: Settings,
    /// Not of a file that is looked at as it is.
    watch: Option<Watch>,
}

impl Reader {
    /// Opens a reading side of a file that [`super::Db::open`] has made ready.
    pub fn open(settings: Settings) -> Result<Self> {
        let before = Before::of(&settings.path);
        let conn = Conn::open(&settings.path, false)?;
        conn.set_busy_timeout(settings.busy_timeout)?;
        conn.batch(&format!("PRAGMA cache_size = -{CACHE_KIB};"))?;
        let watch = Some(Watch::start(&conn, &settings.path, &before)?);
        Ok(Self { conn, settings, watch })
    }

    /// Opens any file to look all of it over as it is. A connection that may not write would leave
    /// an empty log beside a file that has none, so this one could write, and does not: what waits
    /// in a log stays there. A file without a log may wait for a half write to be taken back, so
    /// that one is opened to be read only.
    pub fn open_as_it_is(settings: Settings) -> Result<Self> {
        refuse_folder(&settings.path)?;
        let keeps_log = has_log(&settings.path);
        let conn = Conn::open(&settings.path, keeps_log)?;
        let reader = Self { conn, settings, watch: None };
        if reader.lengths().log > 0 {
            reader.conn.keep_log()?;
        }
        reader.conn.set_busy_timeout(reader.settings.busy_timeout)?;
        // In a file that cannot be read this is the first to fail, and not the one that says why.
        let _ = reader.conn.batch(&format!("PRAGMA cache_size = -{MANY_CACHE_KIB};"));
        Ok(reader)
    }

    /// What the file is, looked at as it is.
    pub fn stage(&self) -> Result<Stage> {
        schema::stage(&self.conn, &self.settings.path)
    }

    /// How long the file and its log are, in bytes.
    pub fn lengths(&self) -> Lengths {
        let length = |path: &Path| fs::metadata(path).map_or(0, |data| data.len());
        let log = beside(&self.settings.path, "-wal");
        Lengths { file: length(&self.settings.path), log: length(&log) }
    }

    /// Whether it reads the file that stands at the path, with the log that stands beside it.
    pub fn is_current(&self) -> bool {
        self.watch.as_ref().is_none_or(|watch| watch.look().is_ok())
    }

    /// Whether it could read all that it was asked for.
    pub fn is_sound(&self) -> bool {
        self.conn.is_sound()
    }

    pub fn read<T>(&self, f: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
        db::read(&self.conn, &self.settings, f)
    }
}

/// Whether a file says of itself that its changes go through a log. Not while this process has the
/// file open: closing it again would let go of SQLite's locks on it.
fn has_log(path: &Path) -> bool {
    let mut header = [0; 20];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header[18..] == [2, 2]
}

/// How long the file and its log are, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    pub file: u64,
    pub log: u64,
}
