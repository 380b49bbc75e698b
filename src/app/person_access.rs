//! The ways of a person to the store of a server: commands, and the page of a web server.
//!
//! A web server writes its address to a file next to the store and keeps it locked. Other processes take
//! the address from there as long as it is locked, so that one which a killed server left is not used.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::NextStep;
use crate::platform::{LockedFile, is_locked, lock_file};

/// Maximum bytes of an address.
const MAX_ADDRESS: u64 = 1_024;
/// How often a lock is tried, 50 ms apart: readers hold it for an instant.
const LOCK_ATTEMPTS: u32 = 10;

/// How a person reaches the store of a server.
#[derive(Debug, Clone)]
pub enum PersonAccess {
    /// On this machine: by commands, and by the page while a web server runs on the store.
    Local {
        /// The options by which a command opens the store, each after a space; empty if it does so
        /// without any.
        store_options: String,
        store: PathBuf,
    },
    /// By the page of this server; its callers may be on other machines.
    Page { origin: String },
}

impl Default for PersonAccess {
    fn default() -> Self {
        Self::Local { store_options: String::new(), store: PathBuf::new() }
    }
}

impl PersonAccess {
    /// Returns the options that a command ends with.
    pub fn store_options(&self) -> &str {
        match self {
            Self::Local { store_options, .. } => store_options,
            Self::Page { .. } => "",
        }
    }

    /// Returns the address of the page on which a person takes a step; `None` if there is none.
    pub fn find_page(&self, step: &NextStep) -> Option<String> {
        let path = path_of(step)?;
        let origin = match self {
            Self::Local { store, .. } => read_announced_page(store)?,
            Self::Page { origin } => origin.clone(),
        };
        Some(format!("{origin}{path}"))
    }
}

fn path_of(step: &NextStep) -> Option<String> {
    match step {
        NextStep::PromoteRow { id, .. }
        | NextStep::RejectRow { id, .. }
        | NextStep::CompleteGraduation { entity_id: id }
        | NextStep::EditRevision { id }
        | NextStep::ResolveConflict { id } => Some(format!("/ui/row/{id}")),
        NextStep::ReviewCandidates => Some("/ui/inbox".to_owned()),
        _ => None,
    }
}

/// The announced address of a page. It ends with the value.
pub struct PageAnnouncement {
    path: PathBuf,
    _locked: LockedFile,
}

impl PageAnnouncement {
    /// Announces the page of a web server to the other processes on its store. Without it the server is
    /// only not found, so a failure is logged, as is an announcement of another server.
    pub fn publish(store: &Path, origin: &str) -> Option<Self> {
        let path = announcement_path(store);
        match write_locked(&path, origin) {
            Ok(locked) => Some(Self { path, _locked: locked }),
            Err(error) => {
                tracing::info!("answers of other servers do not link to the page: {error}");
                None
            }
        }
    }
}

impl Drop for PageAnnouncement {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!("the announcement of the page stays: {error}");
        }
    }
}

fn write_locked(path: &Path, origin: &str) -> std::io::Result<LockedFile> {
    let mut attempts = 0;
    let mut locked = loop {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match lock_file(file, path) {
            Ok(locked) => break locked,
            Err(TryLockError::WouldBlock) if attempts < LOCK_ATTEMPTS => attempts += 1,
            Err(error) => return Err(error.into()),
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    locked.file.set_len(0)?;
    locked.file.write_all(origin.as_bytes())?;
    Ok(locked)
}

fn read_announced_page(store: &Path) -> Option<String> {
    let path = announcement_path(store);
    let file = File::open(&path).ok()?;
    if !is_locked(&file, &path) {
        return None;
    }
    let mut origin = String::new();
    file.take(MAX_ADDRESS).read_to_string(&mut origin).ok()?;
    let is_address = origin.starts_with("http") && !origin.contains(char::is_whitespace);
    is_address.then_some(origin)
}

fn announcement_path(store: &Path) -> PathBuf {
    let mut name = OsString::from(store);
    name.push("-web");
    name.into()
}
