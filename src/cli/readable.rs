//! The store of a command that only reads: opened for writing if that is allowed, since an older file is
//! then upgraded; else as it is.

use super::options::Cli;
use crate::app::{Db, Reader, Settings, is_writable};
use crate::model::Result;
use crate::ops::View;

/// A store that is read.
pub enum ReadableStore {
    Writable {
        db: Db,
        /// Whether it was upgraded when it was opened.
        upgraded: bool,
    },
    ReadOnly {
        reader: Reader,
        settings: Settings,
    },
}

impl ReadableStore {
    /// Opens an existing store.
    pub fn open(cli: &Cli) -> Result<Self> {
        cli.refuse_missing()?;
        let settings = cli.settings()?;
        if is_writable(&settings.path) {
            let (db, upgraded) = cli.open_reporting(settings)?;
            return Ok(Self::Writable { db, upgraded });
        }
        Ok(Self::ReadOnly { reader: Reader::open_alone(settings.clone())?, settings })
    }

    pub fn read<T>(&self, work: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
        match self {
            Self::Writable { db, .. } => db.read(work),
            Self::ReadOnly { reader, .. } => reader.read(work),
        }
    }

    pub fn settings(&self) -> &Settings {
        match self {
            Self::Writable { db, .. } => db.settings(),
            Self::ReadOnly { settings, .. } => settings,
        }
    }

    pub fn expect_many_rows(&self) -> Result<()> {
        match self {
            Self::Writable { db, .. } => db.expect_many_rows(),
            Self::ReadOnly { .. } => Ok(()),
        }
    }
}
